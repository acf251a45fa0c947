"""
What changed from one schema to another, keyword by keyword: one small generator for each rule.

Says what changed, not how bad that is; goes into no schema below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mixdyn.diff.change import Direction
from mixdyn.diff.clause import Fact
from mixdyn.diff.domain import ANY_TYPE
from mixdyn.diff.facet import COUNTS, REST, Facet, to_fraction
from mixdyn.diff.finding import Found
from mixdyn.diff.member import compare_properties
from mixdyn.diff.place import point
from mixdyn.diff.plain import make_key
from mixdyn.errors import excerpt

_SHOWN = 60
_LISTED = 5
# A value of the first is one of the second, too.
_WIDER_FORMATS = {("int32", "int64"), ("float", "double")}
# Python callers get another type for these, so that fewer values are no comfort.
_TYPED_FORMATS = frozenset({"binary", "date", "date-time"})
_CONDITIONS = frozenset(
    {"contentSchema", "dependentRequired", "dependentSchemas", "patternProperties"}
    | {"propertyNames"}
)

Comparison = Callable[[Facet, Facet], Iterator[Found]]


def compare_facets(old: Facet, new: Facet, direction: Direction) -> Iterator[Found]:
    """Tell what changed in what two schemas say themselves."""
    for compare in _COMPARISONS:
        yield from compare(old, new)
    yield from compare_properties(old, new, direction)


def compare_types(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare the allowed types, null aside."""
    if old.types != new.types:
        what = "type-changed"
        if old.types < new.types:
            what = "type-widened"
        elif new.types < old.types and (new.types or new.is_nullable):
            what = "type-narrowed"
        change = f"type {_show_types(old.types)} became {_show_types(new.types)}"
        yield Found(what, change, *_places(old, new, "type"))


def compare_null(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare whether null is allowed."""
    if old.is_nullable != new.is_nullable:
        what = "became-nullable" if new.is_nullable else "became-not-nullable"
        yield Found(
            what, f"null is {'now' if new.is_nullable else 'no longer'} allowed", *_at(old, new)
        )


def compare_whole(old: Facet, new: Facet, rest: frozenset[str]) -> Iterator[Found]:
    """
    Compare a union and a schema of several types in what concerns the whole.

    Args:
        old: one of them.
        new: the other.
        rest: the types that no alternative has.
    """
    yield from compare_null(old, new)
    yield from compare_flags(old, new)
    yield from compare_defaults(old, new)
    if rest:
        what, words = ("widened", "now") if old.is_union else ("narrowed", "no longer")
        message = f"type {_show_types(rest)} is {words} allowed"
        yield Found(f"type-{what}", message, *_places(old, new, "type"))


def compare_formats(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare `format`, by what it does to values and to Python types."""
    one, other = old.facts.get("format"), new.facts.get("format")
    before, after = (fact.value if fact else frozenset[str]() for fact in (one, other))
    if before == after:
        return
    shown = [_show(" and ".join(sorted(names)) or None) for names in (before, after)]
    message = f"format {shown[0]} became {shown[1]}"
    what = "format-changed"
    if _TYPED_FORMATS.isdisjoint(before ^ after):
        pair = (*before - after, *after - before)
        if before < after:
            what = "format-added"
        elif after < before:
            what = "format-removed"
        elif pair in _WIDER_FORMATS:
            what = "format-widened"
        elif pair[::-1] in _WIDER_FORMATS:
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
        yield from compare_limit(name, old.facts.get(name), new.facts.get(name), _at(old, new))


def compare_limit(
    name: str, one: Fact | None, other: Fact | None, around: tuple[str, str]
) -> Iterator[Found]:
    """
    Compare one limit, where it is given.

    Args:
        name: the limit.
        one: the old one.
        other: the new one.
        around: where the schemas stand that may have it.
    """
    places = one.pointer if one else around[0], other.pointer if other else around[1]
    if name == "min-contains" and 0 in [fact.value for fact in (one, other) if fact]:
        one, other = one or Fact(1, around[0]), other or Fact(1, around[1])
    if one is None or other is None:
        fact = one or other
        if fact is not None:
            what = "added" if one is None else "removed"
            message = f"the limit {name} {_show_limit(fact.value)} was {what}"
            yield Found(f"{name}-{what}", message, *places)
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
        before, after = to_fraction(one.value), to_fraction(other.value)
        if after % before == 0:
            what = "narrowed"
        elif before % after == 0:
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
    """Compare what applies to names, or where some name is there; clauses stand elsewhere."""
    before = {name for name in (*old.children, *old.facts) if _is_condition(name)}
    after = {name for name in (*new.children, *new.facts) if _is_condition(name)}
    for name in sorted(before ^ after):
        what = "added" if name in after else "removed"
        places = _place_condition(old, name), _place_condition(new, name)
        yield Found(f"condition-{what}", f"{excerpt(name, _SHOWN)} was {what}", *places)


def _place_condition(facet: Facet, name: str) -> str:
    if name in facet.facts:
        return facet.facts[name].pointer
    steps = name.split("/", 1)
    return _below(facet, *(steps if name in facet.children else steps[:1]))


def _is_condition(name: str) -> bool:
    return name.partition("/")[0] in _CONDITIONS


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
    compare_null,
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
