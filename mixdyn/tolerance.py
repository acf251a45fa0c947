"""
Loosens a JSON schema so that what a newer server sends still fits: new enum values, extra fields.

Works on self-contained schemas as `normalform` makes them; whatever fitted before fits after.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from mixdyn.shape import JSON_TYPES, is_array, is_object

_CLOSING = frozenset({"additionalProperties", "unevaluatedProperties"})
_ONE = _CLOSING | {"else", "items", "propertyNames", "then"}
_LIST = frozenset({"allOf", "anyOf", "prefixItems"})
_MAP = frozenset({"dependentSchemas", "patternProperties", "properties"})
_LOOSE = "-loose"


def loosen(schema: Any, *, keeps_limits: bool = False) -> Any:
    """
    Give a schema that also accepts unlisted properties, and unlisted values of an `enum`.

    A new value must be of a JSON type that the listed ones have. An `enum` of one value says, like
    `const`, what kind of thing this is, and stays. With `keeps_limits` both kinds of limits stay:
    what does not fit then, but does without, is new rather than wrong.
    """
    if not is_object(schema):
        return schema
    loose = _loosen(schema, keeps_limits)
    strict = schema.get("$defs", {})
    if strict:
        # Both forms of each: what stands below `not` or `if` refers to the strict one, since
        # loosened there a schema would refuse more.
        made = {f"{name}{_LOOSE}": _loosen(each, keeps_limits) for name, each in strict.items()}
        loose["$defs"] = {**strict, **made}
    return loose


def _loosen(schema: Any, keeps_limits: bool) -> Any:
    if not is_object(schema):
        return schema
    loose: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _CLOSING and value is False and not keeps_limits:
            continue
        if keyword == "enum" and not keeps_limits and _is_open(value):
            loose.setdefault("type", schema.get("type", _list_types(value)))
        elif keyword != "oneOf":
            loose[keyword] = _loosen_below(keyword, value, keeps_limits)
    if "oneOf" in schema:  # loosened, more than one of them may fit
        branches = {"anyOf": [_loosen(branch, keeps_limits) for branch in schema["oneOf"]]}
        loose["allOf"] = [*loose.get("allOf", ()), branches]
    return loose


def _loosen_below(keyword: str, value: Any, keeps_limits: bool) -> Any:
    if keyword == "$ref":
        return f"{value}{_LOOSE}"
    if keyword in _ONE:
        return _loosen(value, keeps_limits)
    if keyword in _LIST and is_array(value):
        return [_loosen(item, keeps_limits) for item in value]
    if keyword in _MAP and is_object(value):
        return {name: _loosen(item, keeps_limits) for name, item in value.items()}
    return value


def _is_open(values: Any) -> TypeGuard[list[Any]]:
    return is_array(values) and sum(value is not None for value in values) > 1


def _list_types(values: list[Any]) -> list[str]:
    types = {JSON_TYPES[type(value)] for value in values}
    return sorted(types - {"integer"} if "number" in types else types)
