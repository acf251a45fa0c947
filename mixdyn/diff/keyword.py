"""
What changed from one schema to another, keyword by keyword: one small generator for each rule.

Says what changed, not how bad that is; goes into no schema below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mixdyn.diff.change import Direction
from mixdyn.diff.facet import ANY_TYPE, CONDITIONS, COUNTS, REST, Facet, Fact
from mixdyn.diff.finding import Found
from mixdyn.diff.place import point
from mixdyn.diff.plain import make_key
from mixdyn.errors import DocumentError, excerpt
from mixdyn.schema import Schema

_SHOWN = 60
_LISTED = 5
_HIDDEN = {"request": ("readOnly", "read-only")}
_HIDDEN_ELSE = ("writeOnly", "write-only")
# A value of the first is one of the second, too.
_WIDER_FORMATS = {("int32", "int64"), ("float", "double")}
# Python callers get another type for these, so that fewer values are no comfort.
_TYPED_FORMATS = frozenset({"binary", "date", "date-time"})


Comparison = Callable[[Facet, Facet], Iterator[Found]]


def compare_facets(old: Facet, new: Facet, direction: Direction) -> Iterator[Found]:
    """Tell what changed in what two schemas say themselves."""
    for compare in _COMPARISONS:
        yield from compare(old, new)
    yield from compare_properties(old, new, direction)


def compare_types(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare the allowed types, null among them."""
    if old.types != new.types:
        what = "type-changed"
        if old.types < new.types:
            what = "type-widened"
        elif new.types < old.types and new.types:
            what = "type-narrowed"
        change = f"type {_show_types(old.types)} became {_show_types(new.types)}"
        yield Found(what, change, *_places(old, new, "type"))
    if old.is_nullable != new.is_nullable:
        what = "became-nullable" if new.is_nullable else "became-not-nullable"
        yield Found(
            what, f"null is {'now' if new.is_nullable else 'no longer'} allowed", *_at(old, new)
        )


def compare_formats(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare `format`, by what it does to values and to Python types."""
    one, other = old.facts.get("format"), new.facts.get("format")
    before, after = one.value if one else None, other.value if other else None
    if before == after:
        return
    message = f"format {_show(before)} became {_show(after)}"
    what = "format-changed"
    if _TYPED_FORMATS.isdisjoint((before, after)):
        if before is None:
            what = "format-added"
        elif after is None:
            what = "format-removed"
        elif (before, after) in _WIDER_FORMATS:
            what = "format-widened"
        elif (after, before) in _WIDER_FORMATS:
            what = "format-narrowed"
    yield Found(what, message, _pointer(one, old), _pointer(other, new))


def compare_enums(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare `enum` and `const`, which is an enum of one; null is compared with the types."""
    one, other = old.facts.get("enum"), new.facts.get("enum")
    places = _pointer(one, old), _pointer(other, new)
    if one is not None and other is not None:
        yield from _compare_values(one, other, places)
        return
    fact = one or other
    if fact is not None:
        what = "added" if one is None else "removed"
        listed = _show_values([*fact.value.values()])
        yield Found(f"enum-{what}", f"the list of allowed values was {what}: {listed}", *places)


def _compare_values(one: Fact, other: Fact, places: tuple[str, str]) -> Iterator[Found]:
    gone, come = (
        [value for key, value in some.value.items() if key not in others.value]
        for some, others in ((one, other), (other, one))
    )
    if gone and come and len(gone) == len(one.value):
        change = f"{_show_values(gone)} became {_show_values(come)}"
        yield Found("enum-changed", f"no value is still allowed: {change}", *places)
        return
    for what, words, values in (
        ("removed", "no longer allowed", gone),
        ("added", "now allowed", come),
    ):
        named = [value for value in values if value is not None]
        if named:
            yield Found(f"enum-value-{what}", f"{words}: {_show_values(named)}", *places)


def compare_limits(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare the limits of numbers, texts, arrays and objects."""
    for name in ("minimum", "maximum", *COUNTS.values()):
        one, other = old.facts.get(name), new.facts.get(name)
        if one is None and other is None:
            continue
        places = _pointer(one, old), _pointer(other, new)
        if one is None or other is None:
            fact = one or other
            what = "added" if one is None else "removed"
            shown = _show_limit(fact.value if fact else None)
            yield Found(f"{name}-{what}", f"the limit {name} {shown} was {what}", *places)
        elif one.value != other.value:
            what = "increased" if _rank(name, other.value) > _rank(name, one.value) else "decreased"
            change = f"{name} {_show_limit(one.value)} became {_show_limit(other.value)}"
            yield Found(f"{name}-{what}", change, *places)


def compare_multiples(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare `multipleOf`: multiples of 4 are multiples of 2."""
    one, other = old.facts.get("multiple-of"), new.facts.get("multiple-of")
    places = _pointer(one, old), _pointer(other, new)
    if one is None or other is None:
        fact = one or other
        if fact is not None:
            what = "added" if one is None else "removed"
            yield Found(
                f"multiple-of-{what}", f"multipleOf {_show(fact.value)} was {what}", *places
            )
    elif one.value != other.value:
        what = "changed"
        if other.value % one.value == 0:
            what = "narrowed"
        elif one.value % other.value == 0:
            what = "widened"
        change = f"multipleOf {_show(one.value)} became {_show(other.value)}"
        yield Found(f"multiple-of-{what}", change, *places)


def compare_flags(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare `uniqueItems` and `deprecated`."""
    for keyword, added, removed in (
        ("uniqueItems", "unique-items-added", "unique-items-removed"),
        ("deprecated", "deprecated", "no-longer-deprecated"),
    ):
        one, other = old.facts.get(keyword), new.facts.get(keyword)
        if (one is None) != (other is None):
            message = f"{keyword} was {'set' if one is None else 'removed'}"
            places = _pointer(one, old), _pointer(other, new)
            yield Found(added if one is None else removed, message, *places)


def compare_patterns(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare the patterns for texts."""
    gone = {p: at for p, at in old.patterns.items() if p not in new.patterns}
    come = {p: at for p, at in new.patterns.items() if p not in old.patterns}
    for before, after in zip(sorted(gone), sorted(come), strict=False):
        change = f"pattern {_show(before)} became {_show(after)}"
        yield Found("pattern-changed", change, gone.pop(before), come.pop(after))
    for pattern, at in gone.items():
        yield Found("pattern-removed", f"pattern {_show(pattern)} was removed", at, new.pointer)
    for pattern, at in come.items():
        yield Found("pattern-added", f"pattern {_show(pattern)} was added", old.pointer, at)


def compare_contents(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare how a text holds bytes."""
    for keyword, what in (
        ("contentEncoding", "content-encoding-changed"),
        ("contentMediaType", "content-media-type-changed"),
    ):
        one, other = old.facts.get(keyword), new.facts.get(keyword)
        before, after = one.value if one else None, other.value if other else None
        if before != after:
            message = f"{keyword} {_show(before)} became {_show(after)}"
            yield Found(what, message, _pointer(one, old), _pointer(other, new))


def compare_defaults(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare `default`; one of null is as good as none."""
    one, other = old.facts.get("default"), new.facts.get("default")
    before, after = one.value if one else None, other.value if other else None
    if make_key(before) == make_key(after):
        return
    what = "added" if before is None else "removed" if after is None else "changed"
    message = f"default {_show(before)} became {_show(after)}"
    yield Found(f"default-{what}", message, _pointer(one, old), _pointer(other, new))


def compare_rest(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare what is said of undeclared properties and items: forbidden, described, or nothing."""
    for keyword in REST:
        name = "items" if keyword == "unevaluatedItems" else "additional-properties"
        before, after = _strictness(old, keyword), _strictness(new, keyword)
        if before == after:
            continue
        what = "restricted" if after > before else "relaxed"
        words = ("free", "described", "forbidden")
        message = f"{keyword}: was {words[before]}, is {words[after]}"
        yield Found(f"{name}-{what}", message, *_places(old, new, keyword))


def compare_items(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare whether the items of an array are described."""
    one, other = old.children.get("items"), new.children.get("items")
    if (one is None) != (other is None):
        what = "restricted" if one is None else "relaxed"
        message = f"items are {'now' if one is None else 'no longer'} described"
        yield Found(f"items-{what}", message, *_places(old, new, "items"))
    for what, some, others in (("removed", old, new), ("added", new, old)):
        for way in some.children:
            if way[:12] == "prefixItems/" and way not in others.children:
                message = f"the item at {way[12:]} was {what}"
                yield Found(f"item-position-{what}", message, *_places(old, new, "prefixItems"))


def compare_conditions(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare what applies only sometimes, or to names, or is forbidden."""
    covered = ("items", "prefixItems", *REST)
    before = {n for n in (*old.children, *old.facts) if _is_condition(n, covered)}
    after = {n for n in (*new.children, *new.facts) if _is_condition(n, covered)}
    for name in sorted(before ^ after):
        what = "added" if name in after else "removed"
        places = _place_condition(old, name), _place_condition(new, name)
        yield Found(f"condition-{what}", f"{excerpt(name, _SHOWN)} was {what}", *places)
    for name in CONDITIONS:
        one, other = old.facts.get(name), new.facts.get(name)
        if one and other and make_key(one.value) != make_key(other.value):
            yield Found("condition-changed", f"{name} is another", one.pointer, other.pointer)


def compare_properties(old: Facet, new: Facet, direction: Direction) -> Iterator[Found]:
    """Compare which properties there are, and which must be there, as far as they travel."""
    before, after = visible(old, direction), visible(new, direction)
    for name in before:
        if name in after:
            yield from _compare_required(old, new, name)
        else:
            yield _find_gone(old, new, name, direction)
    for name in after:
        if name not in before:
            yield _find_come(old, new, name, direction)
    for name in (old.required.keys() | new.required.keys()) - {*old.properties, *new.properties}:
        yield from _compare_required(old, new, name)


def visible(facet: Facet, direction: Direction) -> dict[str, Schema]:
    """Give the properties that travel in a direction (OpenAPI 3.1.1, 4.8.24)."""
    word = _HIDDEN.get(direction, _HIDDEN_ELSE)[0]
    return {name: s for name, s in facet.properties.items() if not _is_hidden(s, word)}


def _is_hidden(schema: Schema, word: str) -> bool:
    try:
        return schema.get(word) is True
    except DocumentError:  # whoever goes into it will tell
        return schema.value.get(word) is True


def _compare_required(old: Facet, new: Facet, name: str) -> Iterator[Found]:
    one, other = old.required.get(name), new.required.get(name)
    if (one is None) == (other is None):
        return
    what = "required" if one is None else "optional"
    message = f"{excerpt(name, _SHOWN)} is now {what}"
    yield Found(
        f"property-became-{what}", message, one or _spot(old, name), other or _spot(new, name)
    )


def _find_gone(old: Facet, new: Facet, name: str, direction: Direction) -> Found:
    hidden = _HIDDEN.get(direction, _HIDDEN_ELSE)[1]
    places = _spot(old, name), _spot(new, name)
    if name in new.properties:
        return Found(
            f"property-became-{hidden}", f"{excerpt(name, _SHOWN)} became {hidden}", *places
        )
    what = "required-property-removed" if name in old.required else "property-removed"
    return Found(what, f"{excerpt(name, _SHOWN)} was removed", *places)


def _find_come(old: Facet, new: Facet, name: str, direction: Direction) -> Found:
    hidden = _HIDDEN.get(direction, _HIDDEN_ELSE)[1]
    places = _spot(old, name), _spot(new, name)
    if name in new.required:
        message = f"{excerpt(name, _SHOWN)} was added, and is required"
        return Found("required-property-added", message, *places)
    if name in old.properties:
        message = f"{excerpt(name, _SHOWN)} is no longer {hidden}"
        return Found(f"property-no-longer-{hidden}", message, *places)
    return Found("property-added", f"{excerpt(name, _SHOWN)} was added", *places)


def _spot(facet: Facet, name: str) -> str:
    """Point at a property, or at the schema that has none of that name."""
    schema = facet.properties.get(name)
    if schema is None:
        return facet.pointer
    return point(schema.target, schema.space.document.location)


def _place_condition(facet: Facet, name: str) -> str:
    if name in facet.facts:
        return facet.facts[name].pointer
    steps = name.split("/", 1)
    return _below(facet, *(steps if name in facet.children else steps[:1]))


def _is_condition(name: str, covered: tuple[str, ...]) -> bool:
    keyword = name.partition("/")[0]
    kinds = ("contains", "contentSchema", "else", "propertyNames", "then", *CONDITIONS)
    is_map = keyword in ("dependentRequired", "dependentSchemas", "patternProperties")
    return keyword not in covered and (keyword in kinds or is_map)


def _strictness(facet: Facet, keyword: str) -> int:
    return 2 if keyword in facet.closed else int(keyword in facet.children)


def _rank(name: str, value: Any) -> Any:
    if name == "maximum":
        return (value[0], not value[1])
    return value


def _places(old: Facet, new: Facet, *steps: str) -> tuple[str, str]:
    return _below(old, *steps), _below(new, *steps)


def _below(facet: Facet, *steps: str) -> str:
    """Point at a keyword of a schema, in the part that has it, else at the schema."""
    location = facet.schema.space.document.location
    for part in (*facet.schema.parts, *facet.core.parts):
        if steps[0] in part.value:
            return point(part.target, location, *steps)
    return facet.pointer


def _at(old: Facet, new: Facet) -> tuple[str, str]:
    return old.pointer, new.pointer


def _pointer(fact: Fact | None, facet: Facet) -> str:
    return fact.pointer if fact is not None else facet.pointer


def _show(value: Any) -> str:
    return "none" if value is None else excerpt(value, _SHOWN)


def _show_types(types: frozenset[str]) -> str:
    if types == ANY_TYPE:
        return "any"
    shown = types - {"integer"} if "number" in types else types
    return " or ".join(sorted(shown)) or "nothing"


def _show_values(values: list[Any]) -> str:
    more = f" and {len(values) - _LISTED} more" if len(values) > _LISTED else ""
    return ", ".join(_show(value) for value in values[:_LISTED]) + more


def _show_limit(value: Any) -> str:
    if isinstance(value, tuple):
        return f"{_show(value[0])}{' (excluded)' if value[1] else ''}"
    return _show(value)


_COMPARISONS: tuple[Comparison, ...] = (
    compare_types,
    compare_formats,
    compare_enums,
    compare_limits,
    compare_multiples,
    compare_flags,
    compare_patterns,
    compare_contents,
    compare_defaults,
    compare_rest,
    compare_items,
    compare_conditions,
)
