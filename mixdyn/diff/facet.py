"""
What a schema says, all its parts together, in one notation for OpenAPI 3.0, 3.1 and 3.2.

Two schemas that allow the same have equal facets as far as can be told keyword by keyword: it does
not matter how `$ref`, `allOf`, null or exclusive limits are written, nor in which order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple, TypeGuard

from mixdyn.diff.clause import Clause, Fact, find_core, forbids_all, list_conditions, read_clauses
from mixdyn.diff.domain import ANY_TYPE, admits_null, read_types
from mixdyn.diff.joint import Joints, is_silent
from mixdyn.diff.place import point
from mixdyn.diff.plain import make_key
from mixdyn.diff.union import Option, list_alternatives, list_options
from mixdyn.schema import Schema
from mixdyn.shape import as_array, as_object, as_text, is_number, is_object

COUNTS = {
    "maxItems": "max-items",
    "maxLength": "max-length",
    "maxProperties": "max-properties",
    "minItems": "min-items",
    "minLength": "min-length",
    "minProperties": "min-properties",
}
_WORDS = ("title", "description", "example", "examples")
_FLAGS = ("deprecated", "uniqueItems")
_RANGES = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))
# Schemas that apply to parts of a value, and so grow and shrink with what they allow.
_CHILDREN = ("contentSchema", "items", "propertyNames")
_CHILD_MAPS = ("dependentSchemas", "patternProperties")
REST = ("additionalProperties", "unevaluatedItems", "unevaluatedProperties")


class Facet(NamedTuple):
    """
    A schema with its parts put together.

    `types` are all that it allows but null. `facts` are the keywords without schemas, `required`
    where each name is required, `children` the schemas below by the way to them, `clauses` what
    applies on a condition, `kinds` the keywords of the union, `words` what only people read.
    """

    schema: Schema
    core: Schema
    pointer: str
    types: frozenset[str]
    is_nullable: bool
    facts: Mapping[str, Fact]
    patterns: Mapping[str, str]
    required: Mapping[str, str]
    properties: Mapping[str, Schema]
    children: Mapping[str, Schema]
    closed: Mapping[str, str]
    clauses: tuple[Clause, ...]
    options: tuple[Option, ...]
    kinds: frozenset[str]
    discriminator: str | None
    fallback: Schema | None
    words: str

    @property
    def is_union(self) -> bool:
        """Whether there are alternatives, null aside."""
        return bool(self.kinds)


class _Said(NamedTuple):
    """What the parts of a schema say, gathered."""

    facts: dict[str, Fact]
    patterns: dict[str, str]
    required: dict[str, str]
    children: dict[str, list[Schema]]
    closed: dict[str, str]


def read_facet(schema: Schema, joints: Joints) -> Facet:
    """
    Put a schema's parts together; DocumentError where its references lead nowhere.

    Args:
        schema: the schema.
        joints: makes one schema of what several parts say of the same thing.
    """
    core = find_core(schema)
    location = schema.space.document.location
    found = {id(p): p for p in (*schema.parts, *(core.parts if core is not schema else ()))}
    parts = [*found.values()]
    said = _gather(parts, location)
    facts = said.facts
    listed = _list_values(core)
    if listed is not None:
        fact = Fact(listed, point(core.target, location))
        facts["enum"] = merge_facts("enum", facts["enum"], fact) if "enum" in facts else fact
    kinds = _find_kinds(core) if listed is None else frozenset[str]()
    types = _settle_types(parts, core, facts, is_union=bool(kinds))
    is_nullable = admits_null(schema)
    if is_nullable is None:  # where nothing is said of the type, null may come, too
        is_nullable = types == ANY_TYPE and "enum" not in facts and not kinds
    return Facet(
        schema=schema,
        core=core,
        pointer=point(schema.resolved.target, location),
        types=types,
        is_nullable=is_nullable,
        facts=facts,
        patterns=said.patterns,
        required=said.required,
        properties=joints.list_properties(core),
        children={way: joints.join(schemas) for way, schemas in said.children.items()},
        closed=said.closed,
        clauses=tuple(read_clauses(parts, core, location)) if listed is None else (),
        options=tuple(list_options(core)) if kinds or core.discriminator is not None else (),
        kinds=kinds,
        discriminator=core.discriminator.property_name if core.discriminator else None,
        fallback=core.discriminator.default if core.discriminator else None,
        words=make_key([schema.get(name) for name in _WORDS]),
    )


def _find_kinds(core: Schema) -> frozenset[str]:
    """Give the keywords of a schema that hold its alternatives, if any."""
    if not core.branches:
        return frozenset()
    return frozenset(
        keyword
        for keyword in ("anyOf", "oneOf")
        for part in core.parts
        if (branches := list_alternatives(part, core, keyword))
        and len(list_conditions(part, core, keyword)) < sum(not b.is_null for b in branches)
    )


def _settle_types(
    parts: list[Schema], core: Schema, facts: dict[str, Fact], *, is_union: bool
) -> frozenset[str]:
    """Give the types; null among listed values is told with them, not with the values."""
    fact = facts.get("enum")
    values = [*fact.value.values()] if fact is not None else None
    types = read_types(parts, core, values, is_union=is_union)
    if "format" in facts and "binary" in facts["format"].value:  # its type may be left out
        types = types & {"string"} or types
    if fact is not None and None in fact.value.values():
        kept = {key: value for key, value in fact.value.items() if value is not None}
        facts["enum"] = fact._replace(value=kept)
        if not kept:
            del facts["enum"]
    return types


def _gather(parts: list[Schema], location: str) -> _Said:
    said = _Said({}, {}, {}, {}, {})
    for part in parts:
        for name, value, keyword in _read_facts(part.value):
            fact = Fact(value, point(part.target, location, keyword))
            known = said.facts.get(name)
            said.facts[name] = fact if known is None else merge_facts(name, known, fact)
        if isinstance(part.value.get("pattern"), str):
            said.patterns[part.value["pattern"]] = point(part.target, location, "pattern")
        for name in as_array(part.value.get("required")):
            if isinstance(name, str):
                said.required.setdefault(name, point(part.target, location, "required"))
        for keyword in REST:
            if keyword in part.value and forbids_all(part.child(keyword)):
                said.closed.setdefault(keyword, point(part.target, location, keyword))
        _read_children(part, said.children)
    return said


def _read_facts(value: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Give what keywords say, each by one name and in one notation, and which keyword says it."""
    yield from _read_counts(value)
    yield from _read_ranges(value)
    if "default" in value:
        yield "default", value["default"], "default"
    yield from _read_formats(value)
    listing = "const" if "const" in value else "enum"
    allowed = [value["const"]] if listing == "const" else as_array(value.get("enum"))
    if allowed:
        yield "enum", {make_key(item): item for item in allowed}, listing
    yield from ((word, True, word) for word in _FLAGS if value.get(word) is True)
    for name, others in as_object(value.get("dependentRequired")).items():
        for other in filter(None, map(as_text, as_array(others))):
            yield f"dependentRequired/{name}: {other}", True, "dependentRequired"


def _read_formats(value: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Give the format; `byte` and `binary` of 3.0 are an encoding and a media type since 3.1."""
    name, encoding = value.get("format"), value.get("contentEncoding")
    media = value.get("contentMediaType")
    if name == "byte":
        yield "contentEncoding", "base64", "format"
    elif isinstance(name, str):
        yield "format", frozenset({name}), "format"
    if isinstance(encoding, str):
        yield "contentEncoding", encoding, "contentEncoding"
    if media == "application/octet-stream" and not encoding:
        yield "format", frozenset({"binary"}), "contentMediaType"
    elif isinstance(media, str):
        yield "contentMediaType", media, "contentMediaType"


def _read_counts(value: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Give the limits of sizes, but for the least that there can be anyway."""
    for keyword, name in COUNTS.items():
        count = value.get(keyword)
        if _is_finite(count) and count >= 0 and not (count == 0 and name[:3] == "min"):
            yield name, count, keyword
    multiple = value.get("multipleOf")
    if _is_finite(multiple) and multiple > 0:
        yield "multiple-of", multiple, "multipleOf"


def _is_finite(value: Any) -> TypeGuard[float]:
    return is_number(value) and (isinstance(value, int) or math.isfinite(value))


def _read_ranges(value: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, bool], str]]:
    """Give the limits with whether they are excluded: a flag in 3.0, a number since 3.1."""
    for keyword, exclusive in _RANGES:
        limit, given = value.get(keyword), value.get(exclusive)
        found = {keyword: (limit, given is True)} if _is_finite(limit) else {}
        found |= {exclusive: (given, True)} if _is_finite(given) else {}
        if found:
            narrowest = tightest(keyword, [*found.values()])
            at = next(name for name, pair in found.items() if pair == narrowest)
            yield keyword, narrowest, at


def tightest(keyword: str, ranges: list[tuple[Any, bool]]) -> tuple[Any, bool]:
    """Give the narrowest of some limits, each with whether it is itself excluded."""
    if keyword == "minimum":
        return max(ranges)
    return min(ranges, key=lambda pair: (pair[0], not pair[1]))


def merge_facts(name: str, one: Fact, other: Fact) -> Fact:
    """Give what two parts say together: the tighter limit, the values that both allow."""
    if name == "enum":
        common = {key: value for key, value in one.value.items() if key in other.value}
        return one._replace(value=common)
    if name in ("minimum", "maximum"):
        return one if tightest(name, [one.value, other.value]) == one.value else other
    if name in COUNTS.values():
        pick = max if name[:3] == "min" else min
        return one if pick(one.value, other.value) == one.value else other
    if name == "format":
        return one._replace(value=one.value | other.value)
    if name == "multiple-of":
        return one._replace(value=_find_multiple(one.value, other.value))
    return one


def to_fraction(value: float) -> Fraction:
    """Give a number as it is written: 0.1 is a tenth."""
    return Fraction(str(value))


def _find_multiple(one: float, other: float) -> float:
    """Give the least number that is a multiple of both."""
    a, b = to_fraction(one), to_fraction(other)
    least = Fraction(math.lcm(a.numerator, b.numerator), math.gcd(a.denominator, b.denominator))
    return least.numerator if least.denominator == 1 else float(least)


def _read_children(part: Schema, children: dict[str, list[Schema]]) -> None:
    value = part.value
    for keyword in (*_CHILDREN, *REST):
        given = value.get(keyword)
        is_closed = keyword in REST and is_object(given) and forbids_all(part.child(keyword))
        is_given = (is_object(given) and not is_closed) or (given is False and keyword not in REST)
        if is_given and not is_silent(child := part.child(keyword)):
            children.setdefault(keyword, []).append(child)
    for keyword in _CHILD_MAPS:
        for name in map(str, as_object(value.get(keyword))):
            children.setdefault(f"{keyword}/{name}", []).append(part.child(keyword, name))
    for i in range(len(as_array(value.get("prefixItems")))):
        children.setdefault(f"prefixItems/{i}", []).append(part.child("prefixItems", i))


def _list_values(core: Schema) -> dict[str, Any] | None:
    """Give the values of a union that is an enum in another notation: each branch lists some."""
    leaves = core.leaves if core.branches else ()
    if not leaves or not all(leaf.enum and not leaf.properties for leaf in leaves):
        return None
    return {make_key(value): value for leaf in leaves for value in leaf.enum}
