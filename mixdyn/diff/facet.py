"""
What a schema says, all its parts together, in one notation for OpenAPI 3.0, 3.1 and 3.2.

Two schemas that allow the same have equal facets as far as can be told keyword by keyword: it does
not matter how `$ref`, `allOf`, null or exclusive limits are written, nor in which order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mixdyn.diff.plain import make_key, strip_remarks
from mixdyn.diff.place import point
from mixdyn.diff.union import Option, list_options
from mixdyn.schema import TYPES, Schema
from mixdyn.shape import as_array, as_object, is_array, is_object

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
_RANGES = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))
# Schemas that apply to parts of a value, and so grow and shrink with what they allow.
_CHILDREN = ("contains", "contentSchema", "else", "items", "propertyNames", "then")
_CHILD_MAPS = ("dependentSchemas", "patternProperties")
# Their schemas turn what they allow around, or on its head: only that they changed can be told.
CONDITIONS = ("dependentRequired", "if", "not")
REST = ("additionalProperties", "unevaluatedItems", "unevaluatedProperties")


class Fact(NamedTuple):
    """What a keyword says, and where."""

    value: Any
    pointer: str


class Facet(NamedTuple):
    """
    A schema with its parts put together.

    `types` are all that it allows but null. `facts` are the keywords without schemas, `required`
    where each name is required, `children` the schemas below by the way to them.
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
    discriminator: str | None

    @property
    def is_union(self) -> bool:
        """Whether one of several alternatives applies."""
        return bool(self.core.branches)


def read_facet(schema: Schema) -> Facet:
    """Put a schema's parts together; DocumentError where its references lead nowhere."""
    core = schema.core
    parts = {id(p): p for p in (*schema.parts, *(core.parts if core is not schema else ()))}
    readers = list(parts.values())
    location = schema.space.document.location
    facts: dict[str, Fact] = {}
    patterns: dict[str, str] = {}
    required: dict[str, str] = {}
    children: dict[str, Schema] = {}
    closed: dict[str, str] = {}
    for part in readers:
        for name, value in _read_facts(part.value):
            keyword = name if name != "enum" or "enum" in part.value else "const"
            fact = Fact(value, point(part.target, location, keyword))
            facts[name] = _merge(name, facts[name], fact) if name in facts else fact
        if isinstance(part.value.get("pattern"), str):
            patterns[part.value["pattern"]] = point(part.target, location, "pattern")
        for name in as_array(part.value.get("required")):
            if isinstance(name, str):
                required.setdefault(name, point(part.target, location, "required"))
        _read_children(part, children)
        for keyword in REST:
            if part.value.get(keyword) is False:
                closed.setdefault(keyword, point(part.target, location, keyword))
    types = _read_types(readers, core, facts)
    return Facet(
        schema=schema,
        core=core,
        pointer=point(schema.resolved.target, location),
        types=types,
        is_nullable=schema.is_nullable or (types == ANY_TYPE and "enum" not in facts),
        facts=facts,
        patterns=patterns,
        required=required,
        properties=core.properties,
        children=children,
        closed=closed,
        options=tuple(list_options(core)),
        discriminator=core.discriminator.property_name if core.discriminator else None,
    )


def is_number(value: Any) -> bool:
    """Tell whether a value is a finite JSON number."""
    is_numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_numeric and (isinstance(value, int) or math.isfinite(value))


def _read_facts(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give each keyword that says something, by its one name and in its one notation."""
    for name in _PLAIN:
        if name in value and (name == "default" or isinstance(value[name], str)):
            yield name, value[name]
    for keyword, name in COUNTS.items():
        count = value.get(keyword)
        if is_number(count) and count >= 0 and not (count == 0 and name[:3] == "min"):
            yield name, count
    yield from _read_ranges(value)
    allowed = [value["const"]] if "const" in value else as_array(value.get("enum"))
    if allowed:
        yield "enum", {make_key(item): item for item in allowed}
    if is_number(value.get("multipleOf")) and value["multipleOf"] > 0:
        yield "multiple-of", value["multipleOf"]
    for keyword in ("deprecated", "uniqueItems"):
        if value.get(keyword) is True:
            yield keyword, True
    for keyword in CONDITIONS:
        if is_object(value.get(keyword)) and value[keyword]:
            yield keyword, strip_remarks(value[keyword])


def _read_ranges(value: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, bool]]]:
    """Give the limits with whether they are excluded: a flag in 3.0, a number since 3.1."""
    for keyword, exclusive in _RANGES:
        limit, given = value.get(keyword), value.get(exclusive)
        found = [(limit, given is True)] if is_number(limit) else []
        found += [(given, True)] if is_number(given) else []
        if found:
            yield keyword, tightest(keyword, found)


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


def _read_children(part: Schema, children: dict[str, Schema]) -> None:
    value = part.value
    for keyword in (*_CHILDREN, *REST):
        if is_object(value.get(keyword)) and value[keyword]:
            children.setdefault(keyword, part.child(keyword))
    for keyword in _CHILD_MAPS:
        for name in map(str, as_object(value.get(keyword))):
            children.setdefault(f"{keyword}/{name}", part.child(keyword, name))
    for i in range(len(as_array(value.get("prefixItems")))):
        children.setdefault(f"prefixItems/{i}", part.child("prefixItems", i))


def _read_types(
    parts: list[Schema], core: Schema, facts: Mapping[str, Fact]
) -> frozenset[str]:
    """Give the types that all parts allow, null aside."""
    if any(part.target.value is False for part in parts):
        return frozenset()
    given = [_given(part.value["type"]) for part in parts if "type" in part.value]
    found = [_widen(types - {"null"}) for types in given if types]
    allowed = frozenset.intersection(*found) if found else ANY_TYPE
    if "enum" in facts:
        listed = frozenset(filter(None, map(_type_of, facts["enum"].value.values())))
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
    kinds = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"))
    named = next((name for kind, name in kinds if isinstance(value, kind)), "")
    return named or ("object" if is_object(value) else "array" if is_array(value) else "")
