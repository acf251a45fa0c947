"""
What a schema says, all its parts together, in one notation for OpenAPI 3.0, 3.1 and 3.2.

Two schemas that allow the same have equal facets as far as can be told keyword by keyword: it does
not matter how `$ref`, `allOf`, null or exclusive limits are written, nor in which order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeGuard

from mixdyn.diff.joint import Joints, is_silent
from mixdyn.diff.place import point
from mixdyn.diff.plain import make_key, strip_remarks
from mixdyn.diff.union import Option, list_options
from mixdyn.schema import TYPES, Schema
from mixdyn.shape import as_array, as_object, as_text, is_array, is_object

ANY_TYPE = frozenset({"array", "boolean", "integer", "number", "object", "string"})

COUNTS = {
    "maxContains": "max-contains",
    "maxItems": "max-items",
    "maxLength": "max-length",
    "maxProperties": "max-properties",
    "minContains": "min-contains",
    "minItems": "min-items",
    "minLength": "min-length",
    "minProperties": "min-properties",
}
_PLAIN = ("contentEncoding", "contentMediaType", "default", "format")
_WORDS = ("title", "description", "example", "examples")
_FLAGS = ("deprecated", "uniqueItems")
_RANGES = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))
# Schemas that apply to parts of a value, and so grow and shrink with what they allow.
_CHILDREN = ("contains", "contentSchema", "else", "items", "propertyNames", "then")
_CHILD_MAPS = ("dependentSchemas", "patternProperties")
# Their schemas turn what they allow around, or on its head: only that they changed can be told.
CONDITIONS = ("if", "not")
REST = ("additionalProperties", "unevaluatedItems", "unevaluatedProperties")


class Fact(NamedTuple):
    """What a keyword says, and where."""

    value: Any
    pointer: str


class Facet(NamedTuple):
    """
    A schema with its parts put together.

    `types` are all that it allows but null. `facts` are the keywords without schemas, `required`
    where each name is required, `children` the schemas below by the way to them, `words` what only
    people read.
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
    options: tuple[Option, ...]
    is_union: bool
    discriminator: str | None
    words: str


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
    core = schema.core
    location = schema.space.document.location
    parts = {id(p): p for p in (*schema.parts, *(core.parts if core is not schema else ()))}
    said = _gather([*parts.values()], location)
    facts = said.facts
    listed = _list_values(core)
    if listed is not None:
        fact = Fact(listed, point(core.target, location))
        facts["enum"] = _merge("enum", facts["enum"], fact) if "enum" in facts else fact
    types = _read_types([*parts.values()], core, facts)
    return Facet(
        schema=schema,
        core=core,
        pointer=point(schema.resolved.target, location),
        types=types,
        is_nullable=schema.is_nullable or _allows_all(types, core, facts),
        facts=facts,
        patterns=said.patterns,
        required=said.required,
        properties=joints.list_properties(core),
        children={way: joints.join(schemas) for way, schemas in said.children.items()},
        closed=said.closed,
        options=tuple(list_options(core)) if listed is None else (),
        is_union=bool(core.branches) and listed is None,
        discriminator=core.discriminator.property_name if core.discriminator else None,
        words=make_key([schema.get(name) for name in _WORDS]),
    )


def _gather(parts: list[Schema], location: str) -> _Said:
    said = _Said({}, {}, {}, {}, {})
    for part in parts:
        for name, value, keyword in _read_facts(part.value):
            fact = Fact(value, point(part.target, location, keyword))
            known = said.facts.get(name)
            said.facts[name] = fact if known is None else _merge(name, known, fact)
        if isinstance(part.value.get("pattern"), str):
            said.patterns[part.value["pattern"]] = point(part.target, location, "pattern")
        for name in as_array(part.value.get("required")):
            if isinstance(name, str):
                said.required.setdefault(name, point(part.target, location, "required"))
        for keyword in REST:
            if part.value.get(keyword) is False:
                said.closed.setdefault(keyword, point(part.target, location, keyword))
        _read_children(part, said.children)
    return said


def is_number(value: Any) -> TypeGuard[float]:
    """Tell whether a value is a finite JSON number."""
    is_numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_numeric and (isinstance(value, int) or math.isfinite(value))


def _read_facts(value: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Give what keywords say, each by one name and in one notation, and which keyword says it."""
    yield from _read_counts(value)
    yield from _read_ranges(value)
    for name in _PLAIN:
        if name in value and (name == "default" or isinstance(value[name], str)):
            yield name, value[name], name
    listing = "const" if "const" in value else "enum"
    allowed = [value["const"]] if listing == "const" else as_array(value.get("enum"))
    if allowed:
        yield "enum", {make_key(item): item for item in allowed}, listing
    yield from ((word, True, word) for word in _FLAGS if value.get(word) is True)
    for name, others in as_object(value.get("dependentRequired")).items():
        for other in filter(None, map(as_text, as_array(others))):
            yield f"dependentRequired/{name}: {other}", True, "dependentRequired"
    for keyword in CONDITIONS:
        if is_object(value.get(keyword)) and value[keyword]:
            yield keyword, strip_remarks(value[keyword]), keyword


def _read_counts(value: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Give the limits of sizes, but for the least that there can be anyway."""
    for keyword, name in COUNTS.items():
        count = value.get(keyword)
        if is_number(count) and count >= 0 and not (count == 0 and name[:3] == "min"):
            yield name, count, keyword
    multiple = value.get("multipleOf")
    if is_number(multiple) and multiple > 0:
        yield "multiple-of", multiple, "multipleOf"


def _read_ranges(value: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, bool], str]]:
    """Give the limits with whether they are excluded: a flag in 3.0, a number since 3.1."""
    for keyword, exclusive in _RANGES:
        limit, given = value.get(keyword), value.get(exclusive)
        found = {keyword: (limit, given is True)} if is_number(limit) else {}
        found |= {exclusive: (given, True)} if is_number(given) else {}
        if found:
            narrowest = tightest(keyword, [*found.values()])
            at = next(name for name, pair in found.items() if pair == narrowest)
            yield keyword, narrowest, at


def tightest(keyword: str, ranges: list[tuple[Any, bool]]) -> tuple[Any, bool]:
    """Give the narrowest of some limits, each with whether it is itself excluded."""
    if keyword == "minimum":
        return max(ranges)
    return min(ranges, key=lambda pair: (pair[0], not pair[1]))


def _merge(name: str, one: Fact, other: Fact) -> Fact:
    """Give what two parts say together: the tighter limit, the values that both allow."""
    if name == "enum":
        common = {key: value for key, value in one.value.items() if key in other.value}
        return one._replace(value=common)
    if name in ("minimum", "maximum"):
        return one if tightest(name, [one.value, other.value]) == one.value else other
    if name in COUNTS.values():
        pick = max if name[:3] == "min" else min
        return one if pick(one.value, other.value) == one.value else other
    return one


def _read_children(part: Schema, children: dict[str, list[Schema]]) -> None:
    value = part.value
    for keyword in (*_CHILDREN, *REST):
        if is_object(value.get(keyword)) and not is_silent(child := part.child(keyword)):
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


def _allows_all(types: frozenset[str], core: Schema, facts: Mapping[str, Fact]) -> bool:
    """Tell whether nothing is said of the type: then null is one of those that may come."""
    return types == ANY_TYPE and "enum" not in facts and not core.branches


def _read_types(parts: list[Schema], core: Schema, facts: Mapping[str, Fact]) -> frozenset[str]:
    """Give the types that all parts allow, null aside."""
    if any(part.target.value is False for part in parts):
        return frozenset()
    given = [_given(part.value["type"]) for part in parts if "type" in part.value]
    found = [_widen(types - {"null"}) for types in given if types]
    allowed = ANY_TYPE.intersection(*found)
    if "enum" in facts:
        values: list[Any] = [*facts["enum"].value.values()]
        listed = frozenset(_type_of(value) for value in values if value is not None)
        return (listed & allowed) or allowed
    if found:
        return allowed
    if core.branches:  # they say it themselves
        return ANY_TYPE
    return _widen(frozenset(core.types)) or ANY_TYPE


def _given(value: Any) -> frozenset[str]:
    names = value if is_array(value) else [value]
    return frozenset(name for name in names if isinstance(name, str)) & TYPES


def _widen(types: frozenset[str]) -> frozenset[str]:
    """Every integer is a number."""
    return types | {"integer"} if "number" in types else types


def _type_of(value: Any) -> str:
    kinds = ((bool, "boolean"), (str, "string"), (int, "integer"))
    named = next((name for kind, name in kinds if isinstance(value, kind)), "")
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return named or ("object" if is_object(value) else "array")
