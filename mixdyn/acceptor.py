"""
A quick first opinion on instances of self-contained JSON schemas, without any validator loaded.

What it accepts is valid; what it does not accept may be valid too: it knows only the plain keywords
and JSON's own types, and leaves all else to `validation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from mixdyn.shape import is_array, is_object

Check = Callable[[Any], bool]

_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}
_JSON = frozenset(kind for kinds in _TYPES.values() for kind in kinds)
_SCALARS = frozenset({bool, int, str, type(None)})
_REMARKS = frozenset(
    {"$defs", "default", "description", "examples", "format", "title", "writeOnly"}
)
_OBJECT = frozenset({"additionalProperties", "properties", "required"})
_INNER = ("additionalProperties", "items", "properties")
_IN_PLACE = ("allOf", "anyOf")
_WAYS = frozenset((*_INNER, *_IN_PLACE, "$ref"))
# Each limit counts for one kind of value; others pass it.
_LIMITS: dict[str, tuple[tuple[type, ...], Callable[[Any, Any], bool]]] = {
    "exclusiveMaximum": ((int, float), lambda value, limit: value < limit),
    "exclusiveMinimum": ((int, float), lambda value, limit: value > limit),
    "maxItems": ((list,), lambda value, limit: len(value) <= limit),
    "maxLength": ((str,), lambda value, limit: len(value) <= limit),
    "maximum": ((int, float), lambda value, limit: value <= limit),
    "minItems": ((list,), lambda value, limit: len(value) >= limit),
    "minLength": ((str,), lambda value, limit: len(value) >= limit),
    "minimum": ((int, float), lambda value, limit: value >= limit),
}


_kind: Callable[[Any], Any] = type  # of which checkers conclude nothing


def compile_acceptor(schema: Any) -> Check:
    """Give the function that accepts what is certainly valid by a self-contained schema."""
    return _Compiler(schema).compile(schema)


class _Compiler:
    """Makes a check of a schema, and of each of its definitions when that is first needed."""

    def __init__(self, root: Any) -> None:
        self.definitions: Mapping[str, Any] = root.get("$defs", {}) if is_object(root) else {}
        self.made: dict[str, Check] = {}

    def compile(self, schema: Any) -> Check:
        if not is_object(schema):
            return _accept_json if schema is True else _accept_nothing
        checks: list[Check] = []
        if not _OBJECT.isdisjoint(schema):
            checks.append(self.make_object(schema))
        for keyword, rule in schema.items():
            if keyword not in _REMARKS and keyword not in _OBJECT:
                checks.append(self.make(keyword, rule))
        is_safe = _accept_nothing not in checks and not _leads_twice(schema)
        return _join(checks) if is_safe else _accept_nothing

    def make(self, keyword: str, rule: Any) -> Check:
        """Make the check of one keyword that does not depend on those beside it."""
        if keyword == "$ref":
            return partial(self.follow, rule.removeprefix("#/$defs/"))
        if keyword == "items":
            return partial(_has_items, self.compile(rule))
        if keyword in ("allOf", "anyOf") and not _is_forked(rule):
            parts = [self.compile(part) for part in rule]
            return _join(parts) if keyword == "allOf" else partial(_fits_any, parts)
        return _make_plain(keyword, rule)

    def make_object(self, schema: Mapping[str, Any]) -> Check:
        members = schema.get("properties", {})
        checks = {name: self.compile(member) for name, member in members.items()}
        others = self.compile(schema.get("additionalProperties", True))
        return partial(_fits_object, checks, others, tuple(schema.get("required", ())))

    def follow(self, name: str, value: Any) -> bool:
        if name not in self.made:
            self.made[name] = self.compile(self.definitions[name])
        return self.made[name](value)


def _make_plain(keyword: str, rule: Any) -> Check:
    """Make the check of a keyword that holds no schemas; of one that is not known, none passes."""
    if keyword == "type":
        return partial(_has_type, _find_kinds(rule)) if is_array(rule) else _TYPED[rule]
    if keyword in ("const", "enum"):
        return partial(_is_one_of, _name_scalars([rule] if keyword == "const" else rule))
    if keyword in _LIMITS:
        return partial(_is_within, *_LIMITS[keyword], rule)
    return _accept_nothing


def _accept_json(value: Any) -> bool:
    return _kind(value) in _JSON


def _accept_nothing(_value: Any) -> bool:
    return False


def _join(checks: list[Check]) -> Check:
    if len(checks) < 2:
        return checks[0] if checks else _accept_json
    return lambda value: all(check(value) for check in checks)


def _has_type(kinds: frozenset[type], value: Any) -> bool:
    return _kind(value) in kinds


def _is_one_of(allowed: frozenset[tuple[type, Any]], value: Any) -> bool:
    kind = _kind(value)  # of what is equal to Python, 1 and true are two things
    return kind in _SCALARS and (kind, value) in allowed


def _is_within(
    kinds: tuple[type, ...], compare: Callable[[Any, Any], bool], limit: Any, value: Any
) -> bool:
    kind = _kind(value)
    return compare(value, limit) if kind in kinds else kind in _JSON


def _has_items(check: Check, value: Any) -> bool:
    return all(map(check, value)) if _kind(value) is list else _kind(value) in _JSON


def _fits_any(checks: list[Check], value: Any) -> bool:
    return any(check(value) for check in checks)


def _fits_object(
    checks: Mapping[str, Check], others: Check, required: tuple[str, ...], value: Any
) -> bool:
    if _kind(value) is not dict:
        return _kind(value) in _JSON
    members: dict[str, Any] = value
    for name in required:
        if name not in members:
            return False
    return all(checks.get(name, others)(item) for name, item in members.items())


def _find_kinds(names: Iterable[str]) -> frozenset[type]:
    return frozenset(kind for name in names for kind in _TYPES[name])


_TYPED = {name: partial(_has_type, _find_kinds([name])) for name in _TYPES}


def _name_scalars(values: Iterable[Any]) -> frozenset[tuple[type, Any]]:
    return frozenset((_kind(value), value) for value in values if _kind(value) in _SCALARS)


def _leads_twice(schema: Mapping[str, Any]) -> bool:
    if _WAYS.isdisjoint(schema):
        return False
    inner = [schema.get(keyword) for keyword in _INNER]
    return _is_forked((inner, *(schema.get(w) for w in _IN_PLACE), {"$ref": schema.get("$ref")}))


def _is_forked(ways: Iterable[Any]) -> bool:
    """
    Tell whether more than one way leads from a value into the definitions.

    With each step down into an instance such ways double: checking could take for ever.
    """
    return sum(map(_has_reference, ways)) > 1


def _has_reference(schema: Any) -> bool:
    if is_object(schema):
        return isinstance(schema.get("$ref"), str) or any(map(_has_reference, schema.values()))
    return is_array(schema) and any(map(_has_reference, schema))
