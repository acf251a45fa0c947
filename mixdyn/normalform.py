"""
Levels the dialects of OpenAPI 3.0, 3.1 and 3.2 into one: a self-contained JSON Schema 2020-12.

This is the one home of `nullable`, of boolean `exclusiveMinimum`, of discriminators and of
`readOnly`/`writeOnly`. The result refers to nothing outside itself, so no validator ever has
anything to fetch, and it holds only what the schema reaches. What a keyword cannot mean is left
out: real documents hold nonsense, and it says nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Literal

from mixdyn.applicator import LISTS, MAPS, SINGLES
from mixdyn.document import Target
from mixdyn.errors import DocumentError, printable
from mixdyn.loop import cut_loops
from mixdyn.record import NamedTuple
from mixdyn.schema import JOINING, REMARKS, TYPES, Discriminator, Schema, Schemas
from mixdyn.shape import as_array, as_object, is_array, is_number, is_object

Direction = Literal["request", "response"]

_COUNTS = (
    *("maxContains", "maxItems", "maxLength", "maxProperties"),
    *("minContains", "minItems", "minLength", "minProperties"),
)
_LIMITS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_APPLYING = frozenset((*SINGLES, *LISTS, *MAPS))
_REFERENCES = ("$ref", "$dynamicRef")
# A schema without any of these means the same wherever it stands: most are so.
_PLACED = frozenset((*_APPLYING, *_REFERENCES, "discriminator", "required"))
_IN_ALL_OF = r"(/allOf/[0-9]+)+$"


def hidden_word(direction: str) -> str:
    """Name the keyword of properties that do not travel in a direction (OpenAPI 3.1.1, 4.8.24)."""
    return "readOnly" if direction == "request" else "writeOnly"


def normalize(
    schema: Schema, direction: Direction, *, is_shared: bool = False
) -> dict[str, Any] | bool:
    """
    Give the schema as self-contained JSON Schema 2020-12, with `$defs` for all it reaches.

    Args:
        schema: the schema to level.
        direction: in requests `readOnly` properties are not required, in responses `writeOnly`
            ones are not (OpenAPI 3.1.1, 4.8.24).
        is_shared: what `$defs` holds belongs to other results, too: in less time, but to be read
            only, and its names depend on what was levelled before.
    """
    normalizer = _Normalizer(schema.space, direction, is_shared=is_shared)
    closed: dict[str, Any] | bool = normalizer.close(
        lambda: normalizer.convert(schema.target), schema.target
    )
    return closed


def normalize_members(
    members: Mapping[str, Schema | bool],
    required: list[str],
    direction: Direction,
    *,
    keeps_remarks: bool = False,
    is_shared: bool = False,
) -> dict[str, Any]:
    """
    Give one object schema whose properties are the given schemas, all levelled together.

    What `True` stands for is not checked. With `keeps_remarks` also what checks nothing is kept:
    descriptions, defaults, examples, formats. `is_shared` is as for `normalize`.
    """
    schemas = [schema for schema in members.values() if isinstance(schema, Schema)]
    root: dict[str, Any] = {"type": "object", "required": required}
    if not schemas:
        return root
    normalizer = _Normalizer(
        schemas[0].space, direction, keeps_remarks=keeps_remarks, is_shared=is_shared
    )

    def convert() -> dict[str, Any]:
        properties = {
            name: schema if isinstance(schema, bool) else normalizer.convert(schema.target)
            for name, schema in members.items()
        }
        return {**root, "properties": properties}

    closed: dict[str, Any] = normalizer.close(convert, schemas[0].target)
    return closed


class _Reference(NamedTuple):
    """What a `$ref` leads to: its name among the definitions, and what that is made of."""

    name: str
    target: Target
    is_parent: bool


class _Store:
    """Definitions by name, each made once. Many threads may use one: what is there stays."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, str, bool], str] = {}
        self.made: dict[str, tuple[Any, list[_Reference]]] = {}
        self._numbers = count()

    def refer(self, target: Target, is_parent: bool) -> _Reference:
        key = (target.base, target.pointer, is_parent)
        name = self.names.get(key)
        if name is None:
            name = self.names.setdefault(key, f"{next(self._numbers)}")
        return _Reference(name, target, is_parent)


class _Normalizer:
    """Converts one schema and, once each, all that it refers to."""

    def __init__(
        self,
        space: Schemas,
        direction: Direction,
        *,
        keeps_remarks: bool = False,
        is_shared: bool = False,
    ) -> None:
        self.space = space
        self.readers = {**_READERS, **_REMARK_READERS} if keeps_remarks else _READERS
        self.hidden = hidden_word(direction)
        key = (direction, keeps_remarks)
        self.store: _Store = space.derived.setdefault(key, _Store()) if is_shared else _Store()
        self.references: list[_Reference] = []  # found in what is being converted

    def close(self, convert: Callable[[], Any], where: Target) -> Any:
        """Convert the root, then what it refers to: one after the other, not inside each other."""
        try:
            root = convert()
            definitions = self.collect(self.references)
            cut_loops(definitions)
        except RecursionError:
            raise DocumentError(f"{where}: the schema is nested too deeply") from None
        return {**root, "$defs": definitions} if definitions else root

    def collect(self, references: list[_Reference]) -> dict[str, Any]:
        """Give all definitions that references lead to."""
        found: dict[str, Any] = {}
        waiting = references.copy()
        while waiting:
            reference = waiting.pop()
            if reference.name not in found:
                found[reference.name], further = self.define(reference)
                waiting += further
        return found

    def define(self, reference: _Reference) -> tuple[Any, list[_Reference]]:
        """Give a definition, and what it refers to in turn."""
        made = self.store.made.get(reference.name)
        if made is None:
            self.references = []
            schema = self.convert(reference.target, is_parent=reference.is_parent)
            made = self.store.made.setdefault(reference.name, (schema, self.references))
        return made

    def refer(self, target: Target, *, is_parent: bool = False) -> dict[str, Any]:
        """
        Give a `$ref` to the converted target.

        A parent, on which a branch of its own discriminator is built, must not pick a branch
        again: that has been done.
        """
        reference = self.store.refer(self.skip_aliases(target), is_parent)
        self.references.append(reference)
        return {"$ref": f"#/$defs/{reference.name}"}

    def skip_aliases(self, target: Target) -> Target:
        """Follow references that have nothing beside them; `resolved` has refused endless ones."""
        while True:
            reference = as_object(target.value).get("$ref")
            if not isinstance(reference, str) or self.siblings(target.value, "$ref"):
                return target
            target = self.space.document.follow(reference, target)

    def siblings(self, value: Mapping[str, Any], keyword: str) -> dict[str, Any]:
        """
        Give what counts beside a reference.

        OpenAPI 3.0 ignores what stands there; but documents mean `nullable` and `writeOnly`.
        """
        counts = self.space.document.version != (3, 0)
        return {
            word: rule
            for word, rule in value.items()
            if word in ("nullable", "writeOnly") or (counts and word not in (keyword, *REMARKS))
        }

    def convert(self, target: Target, *, is_parent: bool = False) -> Any:
        value = target.value
        if not is_object(value):
            return value if isinstance(value, bool) else True
        for keyword in _REFERENCES:
            if isinstance(value.get(keyword), str):
                return self.convert_reference(target, keyword)
        return self.convert_keywords(target, value, is_parent=is_parent)

    def convert_reference(self, target: Target, keyword: str) -> Any:
        where = self.space.document.follow(target.value[keyword], target)
        siblings = self.siblings(target.value, keyword)
        rest = self.convert_keywords(target, siblings)
        reference = self.refer(where, is_parent=self.is_inside_branch(target, where))
        if siblings.get("nullable") is True:
            reference = {"anyOf": [reference, {"type": "null"}]}
        return {**rest, "allOf": [*rest.get("allOf", []), reference]} if rest else reference

    def is_inside_branch(self, origin: Target, where: Target) -> bool:
        """Tell whether a reference leads from a discriminator's branch back to its parent."""
        parent = self.space.at(where).resolved
        if not is_object(parent.value.get("discriminator")) or parent.discriminator is None:
            return False
        child = self.space.at(origin)
        return any(child in branch.parts for branch in parent.discriminator.branches.values())

    def convert_keywords(
        self, target: Target, value: Mapping[str, Any], *, is_parent: bool = False
    ) -> dict[str, Any]:
        """Convert the keywords in `value`, which is what stands at the target, or a part of it."""
        out = self.read_plain(value)
        for keyword in () if _PLACED.isdisjoint(value) else value:
            if keyword in _APPLYING:
                made = self.convert_rule(target, keyword, value[keyword])
                if made is not None:
                    out[keyword] = made
        if "required" in value:
            out |= self.read_required(target, value)
        if "patternProperties" in out:
            _drop_patterns(out)
        if is_object(value.get("discriminator")):
            self.apply_discriminator(self.space.at(target), out, is_parent=is_parent)
        return _allow_null(out) if value.get("nullable") is True else out

    def read_plain(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Give what the keywords say that hold no schemas and do not depend on the place."""
        out: dict[str, Any] = {}
        for keyword, rule in value.items():
            read = self.readers.get(keyword)
            if read is not None and (made := read(rule)) is not None:
                out[keyword] = made
        if "const" in value:
            out["const"] = value["const"]
        return out if _LIMITS.isdisjoint(value) else out | _read_limits(value)

    def convert_rule(self, target: Target, keyword: str, rule: Any) -> Any:
        """Convert a keyword that holds schemas; None for nonsense."""
        if keyword in SINGLES and (is_object(rule) or isinstance(rule, bool)):
            return self.convert(target.child(keyword))
        if keyword in LISTS and is_array(rule) and rule:
            members = target.child(keyword)
            return [self.convert_member(members, i, part) for i, part in enumerate(rule)]
        if keyword in MAPS and is_object(rule):
            members = target.child(keyword)
            return {name: self.convert_member(members, name, part) for name, part in rule.items()}
        return None

    def convert_member(self, members: Target, step: str | int, value: Any) -> Any:
        """Write `false` so that findings tell where: jsonschema loses the place of a bare one."""
        if is_object(value) and _PLACED.isdisjoint(value):
            plain = self.read_plain(value)
            return _allow_null(plain) if value.get("nullable") is True else plain
        converted = self.convert(members.child(step))
        return {"not": {}} if converted is False else converted

    def read_required(self, target: Target, value: Mapping[str, Any]) -> dict[str, Any]:
        """Give `required` without the properties that do not travel in this direction."""
        names = [name for name in as_array(value.get("required")) if isinstance(name, str)]
        if not names:
            return {}
        # What an `allOf` requires, the schema around it may declare.
        outer = None
        if "/allOf/" in target.pointer:
            outer = self.space.document.find(target.base, re.sub(_IN_ALL_OF, "", target.pointer))
        around = self.space.at(outer or target)
        return {"required": [n for n in dict.fromkeys(names) if not self.is_hidden(around, n)]}

    def is_hidden(self, schema: Schema, name: str) -> bool:
        """Tell whether a property is declared not to travel in this direction."""
        own = as_object(schema.value.get("properties"))
        if name not in own:
            declared = schema.properties.get(name)
        elif JOINING.isdisjoint(rule := as_object(own[name])):  # as most are
            return rule.get(self.hidden) is True
        else:
            declared = schema.child("properties", name)
        return declared is not None and declared.get(self.hidden) is True

    def apply_discriminator(self, schema: Schema, out: dict[str, Any], *, is_parent: bool) -> None:
        """Replace the branches by a choice: the property's value names the one that applies."""
        discriminator = schema.discriminator
        if discriminator is None:
            return
        for keyword in ("oneOf", "anyOf"):
            out.pop(keyword, None)
        if not is_parent:
            kinds = ["object", "null"] if schema.is_nullable else "object"
            chosen = {"type": kinds, "if": {"type": "object"}, "then": self.choose(discriminator)}
            out["allOf"] = [*out.get("allOf", []), chosen]

    def choose(self, discriminator: Discriminator) -> dict[str, Any]:
        name, default = discriminator.property_name, discriminator.default
        choices = [
            {"if": _has_tag(name, {"const": tag}), "then": self.refer_branch(branch, discriminator)}
            for tag, branch in discriminator.branches.items()
        ]
        known = _has_tag(name, {"enum": list(discriminator.branches)})
        if default is None:
            return {**known, "allOf": choices}
        otherwise = {"if": known, "else": self.refer_branch(default, discriminator)}
        return {"allOf": [*choices, otherwise]}

    def refer_branch(self, branch: Schema, discriminator: Discriminator) -> dict[str, Any]:
        """Refer to a branch; one that is the parent itself must not pick again."""
        own = branch.resolved
        is_parent = is_object(own.value.get("discriminator")) and own.discriminator is discriminator
        return self.refer(branch.target, is_parent=is_parent)


def _has_tag(name: str, rule: dict[str, Any]) -> dict[str, Any]:
    return {"properties": {name: rule}, "required": [name]}


def _read_type(given: Any) -> Any:
    if isinstance(given, str):
        return given if given in TYPES else None
    names = as_array(given)
    is_known = bool(names) and all(isinstance(name, str) and name in TYPES for name in names)
    return list(dict.fromkeys(names)) if is_known else None


def _read_count(given: Any) -> int | None:
    return int(given) if _is_number(given) and given >= 0 and given % 1 == 0 else None


def _read_dependents(given: Any) -> dict[str, list[str]] | None:
    return {name: _texts(names) for name, names in given.items()} if is_object(given) else None


def _is_usable(pattern: str, *, for_names: bool = False) -> bool:
    from mixdyn.cost import is_exponential  # most schemas have no patterns
    from mixdyn.ecma import compile_pattern

    return compile_pattern(pattern) is not None and not (for_names and is_exponential(pattern))


def _read_pattern(given: Any) -> str | None:
    return given if isinstance(given, str) and _is_usable(given) else None


# Keywords that hold no schemas: each gives its value where that can mean something, else None.
_READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_COUNTS, _read_count),
    "dependentRequired": _read_dependents,
    "enum": lambda given: as_array(given) or None,
    # These two check nothing; they tell messages what is secret.
    "format": lambda given: given if given == "password" else None,
    "writeOnly": lambda given: True if given is True else None,
    "pattern": _read_pattern,
    "type": _read_type,
    "uniqueItems": lambda given: True if given is True else None,
}

_LONGEST_REMARK = 500


def _read_remark(given: Any) -> str | None:
    text = printable(given[:_LONGEST_REMARK]) if isinstance(given, str) else ""
    return text.strip() or None


_REMARK_READERS: dict[str, Callable[[Any], Any]] = {
    "default": lambda given: given,
    "description": _read_remark,
    "examples": lambda given: given if is_array(given) else None,
    "format": _read_remark,
    "title": _read_remark,
}


def _read_limits(value: Mapping[str, Any]) -> dict[str, Any]:
    """Level `exclusiveMinimum: true` of OpenAPI 3.0 with the number of later ones."""
    out: dict[str, Any] = {}
    for exclusive, inclusive in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        limit, given = value.get(inclusive), value.get(exclusive)
        if _is_number(limit):
            out[exclusive if given is True else inclusive] = limit
        if _is_number(given):
            out[exclusive] = given
    if _is_number(value.get("multipleOf")) and value["multipleOf"] > 0:
        out["multipleOf"] = value["multipleOf"]
    return out


def _is_number(value: Any) -> bool:
    return is_number(value) and (isinstance(value, int) or math.isfinite(value))


def _texts(value: Any) -> list[str]:
    return list(dict.fromkeys(text for text in as_array(value) if isinstance(text, str)))


def _drop_patterns(out: dict[str, Any]) -> None:
    """Leave out unusable patterns for names, and with them what would refuse those names."""
    patterns = out.get("patternProperties", {})
    usable = {
        pattern: rule for pattern, rule in patterns.items() if _is_usable(pattern, for_names=True)
    }
    if len(usable) < len(patterns):
        out["patternProperties"] = usable
        out.pop("additionalProperties", None)
        out.pop("unevaluatedProperties", None)


def _allow_null(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = schema.get("type")
    simple = isinstance(kinds, str) and not {"allOf", "anyOf", "oneOf", "const"} & set(schema)
    if not simple:
        return {"anyOf": [schema, {"type": "null"}]} if schema else schema
    allowed = {**schema, "type": [kinds, "null"]}
    if "enum" in schema and None not in schema["enum"]:
        allowed["enum"] = [*schema["enum"], None]
    return allowed
