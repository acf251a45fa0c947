"""
Python values to JSON: what a caller may pass where JSON goes, and under which names.

Knows schemas for two things: the wire name of a property that was given in snake_case, and what
may be left out or must be text.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import Any, TypeGuard

from mixdyn.errors import Problem, excerpt
from mixdyn.schema import Schema
from mixdyn.shape import is_object

MAX_DEPTH = 100

_AS_IS = frozenset({str, int, bool, type(None)})
_PATH_LENGTH = 200
_MAX_DIGITS = 4000  # Python writes no longer integers (`sys.int_info.default_max_str_digits`)


class WireError(ValueError):
    """A value that JSON cannot carry; `problem` says where it stands and why."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path if len(path) <= _PATH_LENGTH else f"{path[:_PATH_LENGTH]}…", message)

    def __str__(self) -> str:
        return str(self.problem)

    @property
    def problem(self) -> Problem:
        """Where the value stands, and what was expected there."""
        return Problem(*self.args)


def to_wire(value: Any, schema: Schema | None = None, path: str = "$", depth: int = 0) -> Any:
    """
    Give `value` as JSON: dicts with wire names, lists, and what JSON has of scalars.

    Accepts what JSON accepts, and datetime, date, time, UUID, Decimal, Enum, paths, dataclasses,
    results of this package (as they were received) and anything with `model_dump()`. Raises
    WireError for all else.
    """
    if type(value) in _AS_IS:
        return value
    if depth > MAX_DEPTH:
        raise WireError(path, f"nested deeper than {MAX_DEPTH} levels, or inside itself")
    if isinstance(value, Enum):
        return to_wire(value.value, schema, path, depth + 1)
    if is_object(value):
        return _convert_mapping(value, schema.core if schema is not None else None, path, depth)
    if _is_list(value):
        return _convert_items(value, schema.core if schema is not None else None, path, depth)
    if isinstance(value, float):
        return _convert_float(value, path)
    return _convert_object(value, schema, path, depth)


def _is_list(value: Any) -> TypeGuard[Collection[Any]]:
    return isinstance(value, (list, tuple, set, frozenset))


def _convert_items(
    value: Collection[Any], schema: Schema | None, path: str, depth: int
) -> list[Any]:
    parts = (schema, *schema.leaves) if schema is not None else ()
    items = next((part.items for part in parts if part.items is not None), None)
    ordered = value if isinstance(value, (list, tuple)) else sorted(value, key=repr)
    return [to_wire(v, items, f"{path}[{i}]", depth + 1) for i, v in enumerate(ordered)]


def _convert_mapping(
    value: Mapping[Any, Any], schema: Schema | None, path: str, depth: int
) -> dict[str, Any]:
    names = schema.wire_names if schema is not None else {}
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = key.value if isinstance(key, Enum) else key
        if not isinstance(name, str):
            raise WireError(path, f"expected text as a key, got {excerpt(name, 60)}")
        wire = names.get(name, name)
        if wire in result:
            raise WireError(path, f"{excerpt(wire, 60)} is given twice, under two names")
        below = _find_property(schema, wire)
        result[wire] = to_wire(item, below, f"{path}.{excerpt(wire, 60)}", depth + 1)
    return result


def _find_property(schema: Schema | None, wire: str) -> Schema | None:
    if schema is None:
        return None
    declared = (part.properties.get(wire) for part in (schema, *schema.leaves))
    return next((p for p in declared if p is not None), schema.additional)


def _convert_float(value: float, path: str) -> float:
    if not math.isfinite(value):
        raise WireError(path, f"{value} is not a JSON number")
    return float(value)


def _convert_object(value: Any, schema: Schema | None, path: str, depth: int) -> Any:
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]  # of Any
    if not issubclass(kind, type):
        if hasattr(kind, "_to_wire"):
            return value._to_wire()
        fields = _read_fields(value)
        if fields is not None:
            return to_wire(_without_unset(fields, schema), schema, path, depth + 1)
    for known, convert in _CONVERSIONS.items():
        if issubclass(kind, known):
            return _convert_with(convert, value, path)
    return _convert_named(value, schema, path)


def _read_fields(value: Any) -> Any:
    """Give what a dataclass or a model holds, or None for other objects."""
    if hasattr(value, "__dataclass_fields__"):
        from dataclasses import fields  # whoever has one has loaded it

        return {field.name: getattr(value, field.name) for field in fields(value)}
    if not callable(getattr(value, "model_dump", None)):
        return None
    # A pydantic model knows its wire names; others take no arguments.
    has_aliases = hasattr(value.__class__, "model_fields")
    return value.model_dump(by_alias=True) if has_aliases else value.model_dump()


def _convert_with(convert: Callable[[Any], Any], value: Any, path: str) -> Any:
    try:
        return convert(value)
    except (ValueError, OverflowError) as error:
        raise WireError(path, f"cannot be written: {excerpt(str(error), 80)}") from error


def _convert_named(value: Any, schema: Schema | None, path: str) -> Any:
    """Convert types of modules that are worth no import unless the caller has made it."""
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(value).__mro__}
    if "uuid.UUID" in kinds:
        return str(value)
    if "decimal.Decimal" in kinds:
        return _convert_decimal(value, schema, path)
    if isinstance(value, (bytes, bytearray)) and schema is not None and _is_base64(schema):
        import base64

        return base64.b64encode(value).decode("ascii")
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise WireError(path, f"a {excerpt(kind, 80)} cannot be sent as JSON")


def _convert_decimal(value: Any, schema: Schema | None, path: str) -> int | float | str:
    if not value.is_finite():
        raise WireError(path, f"{value} is not a JSON number")
    if schema is not None and schema.core.types == ("string",):
        return str(value)
    if not -_MAX_DIGITS < value.adjusted() < _MAX_DIGITS:
        raise WireError(path, "this is out of the range of JSON numbers")
    number = int(value) if value == value.to_integral_value() else float(value)
    if type(value)(repr(number)) != value:
        raise WireError(path, "this has more digits than a JSON number keeps")
    return number


def _is_base64(schema: Schema) -> bool:
    return schema.core.format == "byte" or schema.core.get("contentEncoding") == "base64"


def _without_unset(fields: Any, schema: Schema | None) -> Any:
    """Leave out the None of optional properties: an object's way of saying "not set"."""
    if schema is None or not is_object(fields):
        return fields
    core = schema.core

    def is_unset(name: str, value: Any) -> bool:
        if value is not None:
            return False
        wire = core.wire_names.get(name, name)
        declared = _find_property(core, wire)
        return declared is not None and wire not in core.required and not declared.is_nullable

    return {name: value for name, value in fields.items() if not is_unset(name, value)}


def _format_datetime(value: datetime) -> str:
    """Write RFC 3339; a datetime without a zone is local time, as everywhere in Python."""
    aware = value if value.tzinfo is not None else value.astimezone()
    offset = aware.utcoffset()
    if offset is not None and offset.total_seconds() % 60:  # RFC 3339 has no seconds in offsets
        aware = aware.astimezone(UTC)
    return aware.isoformat()


_CONVERSIONS: dict[type, Callable[[Any], Any]] = {
    datetime: _format_datetime,
    date: date.isoformat,
    time: time.isoformat,
    os.PathLike: os.fsdecode,
    str: "".join,
    int: int,
}
