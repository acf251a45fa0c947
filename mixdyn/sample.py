"""
From a schema to an instance that fits it: examples, defaults and enums first, else made up.

Deterministic: the same schema, seed and time give the same instance in every process. Knows
nothing of operations and HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

from mixdyn import scalar
from mixdyn.media import MediaType
from mixdyn.names import to_snake
from mixdyn.normalform import Direction, hidden_word, normalize
from mixdyn.pattern import generate_texts
from mixdyn.schema import Schema
from mixdyn.shape import as_array, as_object, is_object, name_types
from mixdyn.validation import Validator

_MOST_VALUES = 2_000  # after which nothing optional is made
_MOST_FORCED = 10_000  # after which nothing more is, whatever a schema asks for
_MOST_ITEMS = 1_000
_DEEP = 6
_DEEPEST = 40
_BRANCHES_TRIED = 24
_VARIANTS_TRIED = 3
_TRIES = 20  # for an item that differs from the others
_ENUM_TRIED = 50
_PLAIN: tuple[Any, ...] = ({}, [], True, 1, 0.5, "", None)
_CLUES = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


@dataclass(frozen=True, slots=True)
class Taste:
    """
    How to choose where a schema leaves a choice.

    `is_lean` leaves out what is optional. `is_fresh` is for a thing just made: its lists are
    empty, and of what is optional there is only what a server sets by itself; `omitted` are
    properties that its maker could have set. `branch` counts through the alternatives of unions.
    `direction` says whether it is for a request or for a response; `variant` makes another one.
    """

    now: float = 0.0
    is_lean: bool = False
    is_fresh: bool = False
    branch: int = 0
    has_examples: bool = True
    omitted: frozenset[str] = frozenset()
    direction: Direction = "response"
    variant: int = 0


class Sampler:
    """Makes instances of one document's schemas, and checks them; keeps the validators."""

    def __init__(self) -> None:
        self._validators: dict[tuple[Schema, Direction], Validator] = {}

    def validator(self, schema: Schema, direction: Direction = "response") -> Validator:
        """Give the validator of a schema, the same one for the same schema and direction."""
        found = self._validators.get((schema, direction))
        if found is None:
            found = self._validators[schema, direction] = Validator(normalize(schema, direction))
        return found

    def sample(self, schema: Schema, seed: str, taste: Taste | None = None, name: str = "") -> Any:
        """
        Give an instance that fits the schema, as part of a response unless the taste says else.

        `name` is what the value is called, which tells what it may be like. What no attempt gets
        right (few schemas are that odd) is given as near as it came.
        """
        taste = taste or Taste()
        accepts = self.validator(schema, taste.direction).accepts
        found: list[Any] = []
        left = _MOST_FORCED
        for attempt in _attempts(taste):
            maker = _Maker(self, attempt)
            value = maker.make(schema, _Place(seed, name, attempt.variant))
            if accepts(value):
                return value
            found.append(value)
            left -= _MOST_VALUES - maker.left
            if left < 0:
                break
        # What has no type, but a `not`, may be anything.
        return next(filter(accepts, () if schema.core.types else _PLAIN), found[-1])

    def overlay(self, schema: Schema, value: Any, facts: Mapping[str, Any]) -> Any:
        """
        Put known facts in place of made-up properties, as far as the schema allows them.

        Args:
            schema: the schema that the value fits, and that the result will fit.
            value: an instance; anything but an object comes back unchanged.
            facts: values by property name; a name in another spelling (`sessionId`) is found.
        """
        if not is_object(value):
            return value
        validator = self.validator(schema)
        known = {to_snake(name): fact for name, fact in facts.items()}
        names = [*facts, *(n for n in _declared(schema, value) if n not in facts)]
        found = {n: facts[n] if n in facts else known.get(to_snake(n), _UNKNOWN) for n in names}
        wanted = {n: v for n, v in found.items() if v is not _UNKNOWN and _is_open(schema, n)}
        if validator.accepts({**value, **wanted}):
            return {**value, **wanted}
        for name, fact in wanted.items():
            changed = {**value, name: fact}
            value = changed if validator.accepts(changed) else value
        return value


def media_examples(media: MediaType) -> Iterator[Any]:
    """Give the examples that stand beside a media type's schema."""
    return examples_beside(media.schema)


def examples_beside(schema: Schema | None) -> Iterator[Any]:
    """Give the examples of the media type, or of the parameter, whose schema this is."""
    owner, _, step = schema.target.pointer.rpartition("/") if schema is not None else ("", "", "")
    if schema is None or step != "schema":
        return  # without a schema, the core keeps no trace of where the media type stands
    document = schema.space.document
    target = document.find(schema.target.base, owner)
    if target is None or not is_object(target.value):
        return
    if "example" in target.value:
        yield target.value["example"]
    named = target.child("examples")
    for name in as_object(named.value):
        example = document.resolve(named.child(name))
        if is_object(example.value) and "value" in example.value:
            yield example.value["value"]


_UNKNOWN = object()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: its path (which seeds it), its property's name, what is around it."""

    path: str
    name: str = ""
    variant: int = 0
    inside: tuple[Schema, ...] = ()
    is_varied: bool = False  # each variant is another value, as far as there are some

    def child(self, name: str) -> _Place:
        return replace(self, path=f"{self.path}/{name}", name=name)

    def item(self, index: int) -> _Place:
        return replace(self, path=f"{self.path}/{index}", variant=index)

    def enter(self, schema: Schema) -> _Place:
        return replace(self, inside=(*self.inside, schema.resolved))

    @property
    def hash(self) -> int:
        return crc32(self.path.encode("utf-8", "replace"))


class _Maker:
    """Makes one instance."""

    def __init__(self, sampler: Sampler, taste: Taste) -> None:
        self.sampler = sampler
        self.taste = taste
        self.left = _MOST_VALUES
        self.hidden = hidden_word(taste.direction)

    def make(self, schema: Schema, place: _Place) -> Any:
        self.left -= 1
        is_nullable, schema = schema.is_nullable, schema.core
        if self.left < -_MOST_FORCED:
            return None
        for candidate in self.ready_values(schema, place):
            return candidate
        if schema.is_null or len(place.inside) > _DEEPEST:
            return None
        if schema.resolved in place.inside and is_nullable:
            return None
        if schema.branches or schema.discriminator is not None:
            return self.make_union(schema, place)
        return self.make_typed(schema, place)

    def ready_values(self, schema: Schema, place: _Place) -> Iterator[Any]:
        """Give what the document itself offers; an example must fit, for many do not."""
        example = schema.get("example")
        offered = [*([example] if example is not None else ()), *as_array(schema.get("examples"))]
        if offered and self.taste.has_examples:
            shift = place.variant % len(offered)
            accepts = self.accepts(schema)
            yield from filter(accepts, [*offered[shift:], *offered[:shift]])
        values = [v for v in schema.enum if v is not None] or schema.enum
        if values:
            shift = place.variant % len(values)
            turned = [*values[shift : shift + _ENUM_TRIED], *values[: min(shift, _ENUM_TRIED)]]
            fits = self.accepts(schema) if _has_more(schema, turned[0]) else None
            yield from filter(fits, turned) if fits is not None else turned[:1]
            yield turned[0]
        default = schema.get("default")
        if default is not None and self.accepts(schema)(default):
            yield default

    def accepts(self, schema: Schema) -> Callable[[Any], bool]:
        return self.sampler.validator(schema, self.taste.direction).accepts

    def make_typed(self, schema: Schema, place: _Place) -> Any:
        kind = _pick_type(schema)
        if kind == "object":
            return self.make_object(schema, place.enter(schema))
        if kind == "array":
            return self.make_array(schema, place.enter(schema))
        if kind == "boolean":
            return scalar.make_boolean(place.name) is not (
                place.is_varied and place.variant % 2 > 0
            )
        if kind in ("integer", "number"):
            context = scalar.Context(place.path, place.name, place.hash, self.taste.now)
            return scalar.make_number(schema, kind == "integer", context)
        context = scalar.Context(place.path, place.name, place.hash, self.taste.now)
        accepts = self.accepts(schema)
        return next(filter(accepts, scalar.offer_texts(schema, context)), "text")

    def make_union(self, schema: Schema, place: _Place) -> Any:
        """Make the object that all branches share, and add what the chosen branch asks for."""
        branch, names = self.pick_branch(schema, place)
        base = self.make_object(schema, place.enter(schema)) if schema.properties else {}
        if branch.resolved is schema.resolved:
            return {**base, **names}
        made = self.make(branch, replace(place, inside=(*place.inside, schema.resolved)))
        return {**base, **made, **names} if is_object(made) else made

    def pick_branch(self, schema: Schema, place: _Place) -> tuple[Schema, dict[str, Any]]:
        """Choose a branch, with the property that a discriminator wants for it."""
        discriminator = schema.discriminator
        named = discriminator.branches.items() if discriminator is not None else ()
        choices = list(named) or [("", branch) for branch in schema.branches]
        around = (*place.inside, schema.resolved)
        # A branch that we are inside of already would lead back here.
        new = [pair for pair in choices if pair[1].resolved not in around] or choices
        value, chosen = new[(self.taste.branch + place.variant) % len(new)]
        return chosen, {discriminator.property_name: value} if discriminator is not None else {}

    def make_object(self, schema: Schema, place: _Place) -> dict[str, Any]:
        asked = self.pick_condition(schema)
        made = {
            name: self.make_property(schema, name, place.child(name))
            for name in schema.properties
            if name in asked or self.is_needed(schema, name) or self.is_wanted(schema, name, place)
        }
        for name in sorted((schema.required | asked) - schema.properties.keys()):
            made[name] = self.make_undeclared(schema, place.child(name))
        least = schema.get("minProperties")
        least = min(least, _MOST_ITEMS) if isinstance(least, int) else 0
        is_map = schema.additional is not None and not schema.properties
        if is_map and not self.taste.is_lean and not self.taste.is_fresh:
            least = max(least, 0 if self.is_repeated(schema.additional, place) else 1)
        for index in range(1, 1 + max(0, least - len(made))):
            made[self.make_key(schema, place, index)] = self.make_undeclared(
                schema, place.child(f"entry {index}")
            )
        return made | _own_name(schema)

    def make_property(self, schema: Schema, name: str, place: _Place) -> Any:
        """Make a property; where parts of an `allOf` declare it each, one that fits them all."""
        parts = [p for p in schema.parts if name in as_object(p.value.get("properties"))]
        if len(parts) < 2:
            return self.make(schema.properties[name], place)
        declared = [part.child("properties", name) for part in parts]
        made = [self.make(each, place) for each in declared]
        whole = {k: v for each in made for k, v in as_object(each).items()}
        checks = [self.accepts(each) for each in declared]
        fits = (value for value in (*made, whole) if all(accepts(value) for accepts in checks))
        return next(fits, made[0])

    def pick_condition(self, schema: Schema) -> frozenset[str]:
        """Give what a condition, or one of several lists of required properties, asks for."""
        asked: set[str] = set()
        for part in schema.parts:
            outcome = as_object(part.value.get(("then", "else")[self.taste.branch % 2]))
            asked.update(map(str, as_array(outcome.get("required"))))
        for part in schema.parts if schema.properties else ():
            for word in ("oneOf", "anyOf"):
                options = as_array(part.value.get(word))
                lists = [as_array(as_object(option).get("required")) for option in options]
                asked.update(map(str, lists[self.taste.branch % len(lists)] if lists else ()))
        return frozenset(asked)

    def make_key(self, schema: Schema, place: _Place, index: int) -> str:
        for pattern in _key_patterns(schema) if schema.additional is None else ():
            text = next(generate_texts(pattern, f"{place.path} {index}"), "key")
            return text if pattern.endswith("$") else f"{text}{index}"
        rule = next(
            (p.child("propertyNames") for p in schema.parts if "propertyNames" in p.value), 0
        )
        key = self.make(rule, place.item(index - 1)) if isinstance(rule, Schema) else None
        return key if isinstance(key, str) else f"key{index}"

    def make_undeclared(self, schema: Schema, place: _Place) -> Any:
        for part in schema.parts:
            for word in ("then", "else"):
                if place.name in as_object(as_object(part.value.get(word)).get("properties")):
                    return self.make(part.child(word, "properties", place.name), place)
        if schema.additional is not None:
            return self.make(schema.additional, place)
        for part in schema.parts:
            for pattern in as_object(part.value.get("patternProperties")):
                return self.make(part.child("patternProperties", pattern), place)
        return "text"

    def is_needed(self, schema: Schema, name: str) -> bool:
        """Tell whether a property must be there, in this direction."""
        return name in schema.required and schema.properties[name].get(self.hidden) is not True

    def is_wanted(self, schema: Schema, name: str, place: _Place) -> bool:
        """Tell whether an optional property is given: not where it would lead on for ever."""
        declared = schema.properties[name]
        is_small = self.left > 0 and len(place.inside) <= _DEEP
        is_hidden = declared.get(self.hidden) is True or declared.target.value is False
        is_unset = bool(schema.required) or name in self.taste.omitted
        is_unset = self.taste.is_fresh and is_unset and not _is_set_by_server(declared, name)
        is_out = self.taste.is_lean or is_hidden or is_unset
        return is_small and not is_out and not self.is_repeated(declared, place)

    def is_repeated(self, schema: Schema | None, place: _Place) -> bool:
        """Tell whether a schema, or what it holds, is one that this place is inside of already."""
        for _ in range(4):
            if schema is None:
                return False
            schema = schema.core
            if schema.resolved in place.inside:
                return True
            schema = schema.items or (schema.additional if not schema.properties else None)
        return False

    def make_array(self, schema: Schema, place: _Place) -> list[Any]:
        fixed = [
            part.child("prefixItems", i)
            for part in schema.parts
            for i in range(len(as_array(part.value.get("prefixItems"))))
        ]
        made = [self.make(item, place.item(i)) for i, item in enumerate(fixed)]
        wanted = next((p.child("contains") for p in schema.parts if "contains" in p.value), None)
        least = schema.get("minContains") if wanted is not None else 0
        count = min(least if isinstance(least, int) else 1, _MOST_ITEMS)
        made += [self.make(wanted, place.item(i)) for i in range(count) if wanted is not None]
        for i in range(len(made), max(len(made), self.count_items(schema, place))):
            made.append(self.make_item(schema, place, i, made))
        return made

    def make_item(self, schema: Schema, place: _Place, index: int, others: list[Any]) -> Any:
        """Make an item of an array, where they must differ another one than those before it."""
        items = schema.items or _find_rest(schema)
        is_unique = schema.get("uniqueItems") is True
        made = self.make(items, place.item(index)) if items is not None else f"text {index}"
        for attempt in range(_TRIES if is_unique and items is not None else 0):
            if made not in others:
                break
            varied = replace(place.item(index + attempt), is_varied=True)
            made = self.make(items, varied) if items is not None else made
        return made

    def count_items(self, schema: Schema, place: _Place) -> int:
        is_short = self.taste.is_lean or self.taste.is_fresh or self.left < 0
        is_short = is_short or len(place.inside) > _DEEP or self.is_repeated(schema.items, place)
        least, most = schema.get("minItems"), schema.get("maxItems")
        count = max(least if isinstance(least, int) else 0, 0 if is_short else 1)
        return min(count, most if isinstance(most, int) else count, _MOST_ITEMS)


def _attempts(taste: Taste) -> Iterator[Taste]:
    """Ever simpler ways to make an instance: all of it, required parts only, no examples."""
    yield taste
    for branch in range(_BRANCHES_TRIED):
        yield replace(taste, is_lean=True, branch=branch)
    yield replace(taste, is_lean=True, has_examples=False)
    yield replace(taste, has_examples=False)
    for variant in range(1, 1 + _VARIANTS_TRIED):
        yield replace(taste, is_lean=True, has_examples=False, variant=variant)


def _find_rest(schema: Schema) -> Schema | None:
    """Give the schema of the items behind those that have one each."""
    rest = (part.child("items") for part in schema.parts if is_object(part.value.get("items")))
    return next(rest, None)


def _has_more(schema: Schema, value: Any) -> bool:
    """Tell whether there is more to an enum than its values: what its first one may not fit."""
    is_other = bool(schema.types) and name_types(value).isdisjoint(schema.types)
    limits = (word for words in _CLUES.values() for word in words if word != "format")
    return is_other or len(schema.parts) > 1 or any(schema.get(w) is not None for w in limits)


def _key_patterns(schema: Schema) -> list[str]:
    """Give the patterns of names for properties that are not declared one by one."""
    return [p for part in schema.parts for p in as_object(part.value.get("patternProperties"))]


def _pick_type(schema: Schema) -> str:
    """Give the first type that is not null; where none is said, what other keywords suggest."""
    if schema.types:
        return schema.types[0]
    if schema.required:
        return "object"
    given = (
        kind for kind, words in _CLUES.items() if any(schema.get(w) is not None for w in words)
    )
    return next(given, "string")


def _is_set_by_server(schema: Schema, name: str) -> bool:
    return schema.get("readOnly") is True or scalar.is_time(name)


def _own_name(schema: Schema) -> dict[str, str]:
    """Give the property by which a parent's discriminator knows this schema, if one does."""
    resolved = schema.resolved
    parents = [part.discriminator for part in resolved.parts if part is not resolved]
    return {
        parent.property_name: value
        for parent in parents
        if parent is not None
        for value, branch in reversed(parent.branches.items())
        if branch.resolved is resolved
    }


def _declared(schema: Schema, value: Mapping[str, Any]) -> list[str]:
    """The properties that an instance has or may have, of the schema and of its branches."""
    schemas = (schema, *schema.branches)
    return list(dict.fromkeys([*(n for s in schemas for n in s.core.properties), *value]))


def _is_open(schema: Schema, name: str) -> bool:
    """Tell whether a property may be put in: a declared one, or any where the object is a map."""
    schemas = [s.core for s in (schema, *schema.branches)]
    declared = {n for s in schemas for n in s.properties}
    return name in declared or not declared
