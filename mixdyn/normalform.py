"""
Levels the dialects of OpenAPI 3.0, 3.1 and 3.2 into one: a self-contained JSON Schema 2020-12.

This is the one home of `nullable`, of boolean `exclusiveMinimum`, of discriminators and of
`readOnly`/`writeOnly`. The result refers to nothing outside itself, so no validator ever has
anything to fetch, and it holds only what the schema reaches.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any, Literal

from mixdyn.document import Target
from mixdyn.errors import DocumentError
from mixdyn.schema import Schema, Schemas

Direction = Literal["request", "response"]

_TYPES = frozenset({"null", "boolean", "object", "array", "number", "string", "integer"})
_NUMBER = (int, float)
# What each plain keyword's value must be; real documents hold others, which say nothing.
_PLAIN: dict[str, type | tuple[type, ...]] = {
    "enum": list,
    "const": object,
    "multipleOf": _NUMBER,
    "maximum": _NUMBER,
    "minimum": _NUMBER,
    "maxLength": int,
    "minLength": int,
    "maxItems": int,
    "minItems": int,
    "uniqueItems": bool,
    "maxContains": int,
    "minContains": int,
    "maxProperties": int,
    "minProperties": int,
    "dependentRequired": Mapping,
}
_SCHEMA = (
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_SCHEMA_LIST = ("allOf", "anyOf", "oneOf", "prefixItems")
_SCHEMA_MAP = ("dependentSchemas", "patternProperties", "properties")


def normalize(schema: Schema, direction: Direction) -> dict[str, Any] | bool:
    """
    Give the schema as self-contained JSON Schema 2020-12, with `$defs` for all it reaches.

    Args:
        schema: the schema to level.
        direction: in requests `readOnly` properties are not required, in responses `writeOnly`
            ones are not (OpenAPI 3.1.1, 4.8.24).
    """
    return _Normalizer(schema.space, direction).close(schema)


def normalize_members(
    members: Mapping[str, Schema | bool], required: list[str], direction: Direction
) -> dict[str, Any]:
    """
    Give one object schema whose properties are the given schemas, all levelled together.

    What `True` stands for is not checked.
    """
    spaces = [schema.space for schema in members.values() if isinstance(schema, Schema)]
    root: dict[str, Any] = {"type": "object", "required": required}
    if not spaces:
        return root
    normalizer = _Normalizer(spaces[0], direction)
    root["properties"] = {
        name: schema if isinstance(schema, bool) else normalizer.convert(schema.target)
        for name, schema in members.items()
    }
    return {**root, "$defs": normalizer.definitions}


class _Normalizer:
    """Converts one schema and, once each, all that it refers to."""

    def __init__(self, space: Schemas, direction: Direction) -> None:
        self.space = space
        self.hidden = "readOnly" if direction == "request" else "writeOnly"
        self.siblings_count = space.document.version != (3, 0)
        self.names: dict[tuple[str, str, bool], str] = {}
        self.definitions: dict[str, Any] = {}

    def close(self, schema: Schema) -> dict[str, Any] | bool:
        try:
            root = self.convert(schema.target)
        except RecursionError:
            raise DocumentError(f"{schema.target}: the schema is nested too deeply") from None
        return {**root, "$defs": self.definitions} if self.definitions else root

    def refer(self, target: Target, *, is_parent: bool = False) -> dict[str, Any]:
        """
        Give a `$ref` to the converted target.

        A parent, one that stands in `allOf`, must not let its own discriminator pick again: its
        child has been picked already.
        """
        target = self.space.document.resolve(target)
        key = (target.base, target.pointer, is_parent)
        if key not in self.names:
            self.names[key] = name = f"{len(self.names)}"
            self.definitions[name] = self.convert(target, is_parent=is_parent)
        return {"$ref": f"#/$defs/{self.names[key]}"}

    def convert(self, target: Target, *, is_parent: bool = False) -> Any:
        value = target.value
        if not isinstance(value, Mapping):
            return value if isinstance(value, bool) else True
        for keyword in ("$ref", "$dynamicRef"):
            if isinstance(value.get(keyword), str):
                return self.convert_reference(target, keyword)
        return self.convert_keywords(target, is_parent=is_parent)

    def convert_reference(self, target: Target, keyword: str) -> Any:
        where = self.space.document.follow(target.value[keyword], target)
        siblings = {k: v for k, v in target.value.items() if k != keyword}
        # OpenAPI 3.0 ignores what stands beside a reference; but documents mean `nullable` there.
        if not self.siblings_count:
            siblings = {k: v for k, v in siblings.items() if k == "nullable"}
        rest = self.convert_keywords(target._replace(value=siblings))
        reference = self.refer(where)
        if siblings.get("nullable") is True:
            reference = {"anyOf": [{"type": "null"}, reference]}
        return {**rest, "allOf": [*rest.get("allOf", []), reference]} if rest else reference

    def convert_keywords(self, target: Target, *, is_parent: bool = False) -> dict[str, Any]:
        value = target.value
        out: dict[str, Any] = {
            k: v for k, v in value.items() if k in _PLAIN and _is_plain(v, _PLAIN[k])
        }
        out |= _types(value) | _limits(value) | _pattern(value) | self.required(target)
        for key in _SCHEMA:
            if isinstance(value.get(key), (Mapping, bool)):
                out[key] = self.convert(target.child(key))
        for key in _SCHEMA_LIST:
            if isinstance(value.get(key), list) and value[key]:
                out[key] = self.convert_list(target.child(key), is_parent=key == "allOf")
        for key in _SCHEMA_MAP:
            if isinstance(value.get(key), Mapping):
                out[key] = self.convert_map(target.child(key))
        if isinstance(value.get("discriminator"), Mapping):
            self.apply_discriminator(target, out, is_parent=is_parent)
        return _allow_null(out) if value.get("nullable") is True else out

    def convert_list(self, target: Target, *, is_parent: bool) -> list[Any]:
        items = [target.child(i) for i in range(len(target.value))]
        return [
            self.refer(item, is_parent=True)
            if is_parent and isinstance(item.value, Mapping) and set(item.value) == {"$ref"}
            else self.convert(item)
            for item in items
        ]

    def convert_map(self, target: Target) -> dict[str, Any]:
        patterns = target.pointer.endswith("/patternProperties")
        return {
            key: self.convert(target.child(key))
            for key in target.value
            if not patterns or _compiles(key)
        }

    def required(self, target: Target) -> dict[str, Any]:
        """Give `required` without the properties that do not travel in this direction."""
        names = target.value.get("required")
        if not isinstance(names, list):
            return {}
        declared = self.space.at(target).properties
        kept = [
            name
            for name in names
            if isinstance(name, str)
            and not (name in declared and declared[name].get(self.hidden) is True)
        ]
        return {"required": kept}

    def apply_discriminator(self, target: Target, out: dict[str, Any], *, is_parent: bool) -> None:
        """Replace the branches by a choice: the property's value names the one that applies."""
        discriminator = self.space.at(target).discriminator
        if discriminator is None or is_parent:
            return
        for keyword in ("oneOf", "anyOf"):
            out.pop(keyword, None)
        name = discriminator.property_name
        choices = [
            {"if": {"properties": {name: {"const": v}}}, "then": self.refer(branch.target)}
            for v, branch in discriminator.branches.items()
        ]
        rule = {"properties": {name: {"enum": list(discriminator.branches)}}, "required": [name]}
        nullable = self.space.at(target).is_nullable
        is_object = {"type": ["object", "null"] if nullable else "object"}
        chosen = {**is_object, "if": {"type": "object"}, "then": {**rule, "allOf": choices}}
        out["allOf"] = [*out.get("allOf", []), chosen]


def _types(value: Mapping[str, Any]) -> dict[str, Any]:
    given = value.get("type")
    types = [given] if isinstance(given, str) else given
    if not isinstance(types, list) or not types or not _TYPES.issuperset(map(str, types)):
        return {}
    return {"type": given}


def _limits(value: Mapping[str, Any]) -> dict[str, Any]:
    """Level `exclusiveMinimum: true` of OpenAPI 3.0 with the number of later ones."""
    out: dict[str, Any] = {}
    for exclusive, inclusive in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        given = value.get(exclusive)
        limit = value.get(inclusive) if given is True else given
        if _is_plain(limit, _NUMBER):
            out[exclusive] = limit
    return out


def _pattern(value: Mapping[str, Any]) -> dict[str, Any]:
    pattern = value.get("pattern")
    return {"pattern": pattern} if isinstance(pattern, str) and _compiles(pattern) else {}


def _compiles(pattern: str) -> bool:
    """Tell whether Python can read the pattern; ECMA-262 has forms that it cannot."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _is_plain(value: Any, expected: type | tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return expected in (bool, object)
    return isinstance(value, expected)


def _allow_null(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = schema.get("type")
    simple = isinstance(kinds, str) and not {"allOf", "anyOf", "oneOf", "const"} & set(schema)
    if not simple:
        return {"anyOf": [{"type": "null"}, schema]} if schema else schema
    allowed = {**schema, "type": [kinds, "null"]}
    if "enum" in schema and None not in schema["enum"]:
        allowed["enum"] = [*schema["enum"], None]
    return allowed
