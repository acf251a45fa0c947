"""
Python values to JSON: what a caller may pass where JSON goes, and under which names.

Knows schemas for one thing: the wire name of a property that was given in snake_case.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from enum import Enum
from typing import Any

from mixdyn.errors import Problem, excerpt
from mixdyn.names import to_argument, to_snake
from mixdyn.schema import Schema

MAX_DEPTH = 200

_AS_IS = frozenset({str, int, bool, type(None)})


class WireError(ValueError):
    """A value that JSON cannot carry; `problem` says where it stands and why."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message)

    @property
    def problem(self) -> Problem:
        """Where the value stands, and what was expected there."""
        return Problem(*self.args)


def to_wire(value: Any, schema: Schema | None = None, path: str = "$", depth: int = 0) -> Any:
    """
    Give `value` as JSON: dicts with wire names, lists, and what JSON has of scalars.

    Accepts what JSON accepts, and datetime, date, time, UUID, Decimal, Enum, paths, dataclasses,
    results of this package and anything with `model_dump()`. Raises WireError for all else.
    """
    if type(value) in _AS_IS:
        return value
    if depth > MAX_DEPTH:
        raise WireError(path[:80], f"nested deeper than {MAX_DEPTH} levels, or inside itself")
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return _convert_collection(value, schema, path, depth)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise WireError(path, f"{value} is not a JSON number")
        return value
    return _convert_other(value, schema, path, depth)


def property_names(schema: Schema) -> dict[str, str]:
    """Give the wire name for every way in which a property may be named, of any branch."""
    names: dict[str, str] = {}
    for part in (schema, *schema.branches):
        for wire in part.properties:
            for name in (wire, to_snake(wire), to_argument(wire)):
                names.setdefault(name, wire)
    return names


def _convert_collection(value: Any, schema: Schema | None, path: str, depth: int) -> Any:
    schema = schema.core if schema is not None else None
    if isinstance(value, Mapping):
        return _convert_mapping(value, schema, path, depth)
    items = schema.items if schema is not None else None
    ordered: Iterable[Any] = value if isinstance(value, (list, tuple)) else sorted(value, key=repr)
    return [to_wire(v, items, f"{path}[{i}]", depth + 1) for i, v in enumerate(ordered)]


def _convert_mapping(
    value: Mapping[Any, Any], schema: Schema | None, path: str, depth: int
) -> dict[str, Any]:
    names = property_names(schema) if schema is not None else {}
    result: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(key, Enum):
            key = key.value
        if not isinstance(key, str):
            raise WireError(path, f"expected text as a key, got {excerpt(key, 60)}")
        wire = names.get(key, key)
        if wire in result:
            raise WireError(path, f"{excerpt(wire, 60)} is given twice, under two names")
        below = _property(schema, wire)
        result[wire] = to_wire(item, below, f"{path}.{excerpt(wire, 60)}", depth + 1)
    return result


def _property(schema: Schema | None, wire: str) -> Schema | None:
    if schema is None:
        return None
    declared = (part.properties.get(wire) for part in (schema, *schema.branches))
    return next((p for p in declared if p is not None), schema.additional)


def _convert_other(value: Any, schema: Schema | None, path: str, depth: int) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return to_wire(_without_unset(fields, schema), schema, path, depth + 1)
    if callable(getattr(value, "model_dump", None)):
        return to_wire(_without_unset(value.model_dump(), schema), schema, path, depth + 1)
    for kind, convert in _CONVERSIONS.items():
        if isinstance(value, kind):
            return convert(value)
    return _convert_named(value, schema, path, depth)


def _convert_named(value: Any, schema: Schema | None, path: str, depth: int) -> Any:
    """Convert types of modules that are worth no import unless the caller has made it."""
    if isinstance(value, Enum):
        return to_wire(value.value, schema, path, depth + 1)
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if kind == "uuid.UUID":
        return str(value)
    if kind == "decimal.Decimal":
        return _convert_decimal(value, schema, path)
    if isinstance(value, (bytes, bytearray)) and schema is not None and _is_base64(schema):
        return base64.b64encode(value).decode("ascii")
    raise WireError(path, f"a {excerpt(kind.removeprefix('builtins.'), 80)} cannot be sent as JSON")


def _convert_decimal(value: Any, schema: Schema | None, path: str) -> int | float | str:
    if schema is not None and schema.types == ("string",):
        return str(value)
    if not value.is_finite():
        raise WireError(path, f"{value} is not a JSON number")
    number = int(value) if value == value.to_integral_value() else float(value)
    if type(value)(repr(number)) != value:
        raise WireError(path, f"{excerpt(str(value), 60)} has more digits than a JSON number keeps")
    return number


def _is_base64(schema: Schema) -> bool:
    return schema.format == "byte" or schema.get("contentEncoding") == "base64"


def _without_unset(fields: Any, schema: Schema | None) -> Any:
    """Leave out the None of optional properties: an object's way of saying "not set"."""
    if schema is None or not isinstance(fields, Mapping):
        return fields
    names = property_names(schema.core)

    def is_unset(name: str, value: Any) -> bool:
        wire = names.get(name, name)
        declared = _property(schema.core, wire)
        is_optional = declared is not None and wire not in schema.core.required
        return value is None and is_optional and not (declared and declared.is_nullable)

    return {name: value for name, value in fields.items() if not is_unset(name, value)}


def _format_datetime(value: datetime) -> str:
    """Write RFC 3339; a datetime without a zone is local time, as everywhere in Python."""
    return (value if value.tzinfo is not None else value.astimezone()).isoformat()


_CONVERSIONS: dict[type, Callable[[Any], Any]] = {
    datetime: _format_datetime,
    date: date.isoformat,
    time: time.isoformat,
    os.PathLike: os.fspath,
}
