"""
Writes what a schema limits in words: `1 to 64 characters`, `at least 0`, `format uuid`.

Reads keywords of documents, which may hold anything: what means nothing is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mixdyn.errors import excerpt
from mixdyn.schema import Schema
from mixdyn.shape import is_number

_PATTERN = 60
_LARGEST = 1e300
# What the type says already.
_IN_THE_TYPE = frozenset({"date", "date-time", "binary", "int32", "int64", "float", "double"})


def write_limits(schema: Schema) -> list[str]:
    """Give a phrase for each limit that a schema sets, in the order in which one asks for them."""
    return [phrase for phrase in _phrases(schema.core) if phrase]


def _phrases(schema: Schema) -> Iterator[str]:
    least, above = map(_number, schema.bounds("Minimum"))
    most, below = map(_number, schema.bounds("Maximum"))
    yield _range(least, most, "")
    yield f"more than {above}" if above is not None else ""
    yield f"less than {below}" if below is not None else ""
    step = _number(schema.get("multipleOf"))
    yield f"a multiple of {step}" if step else ""
    for word, unit in (("Length", "character"), ("Items", "item"), ("Properties", "entry")):
        yield _range(schema.get(f"min{word}"), schema.get(f"max{word}"), unit)
    yield "all different" if schema.get("uniqueItems") is True else ""
    pattern = schema.get("pattern")
    yield f"matching {excerpt(pattern, _PATTERN)}" if isinstance(pattern, str) else ""
    form = schema.format
    yield f"format {excerpt(form, _PATTERN)}" if form and form not in _IN_THE_TYPE else ""


def _range(least: Any, most: Any, unit: str) -> str:
    low, high = _number(least), _number(most)
    if low is not None and high is not None:
        return f"exactly {_count(low, unit)}" if low == high else f"{low} to {_count(high, unit)}"
    if low is not None:
        return f"at least {_count(low, unit)}" if low != 0 or not unit else ""
    return f"at most {_count(high, unit)}" if high is not None else ""


def _number(value: Any) -> float | None:
    if not is_number(value) or not abs(value) <= _LARGEST:
        return None
    return int(value) if value % 1 == 0 and abs(value) < 1e16 else value


def _count(number: float, unit: str) -> str:
    plural = {"entry": "entries"}.get(unit, f"{unit}s")
    return f"{number} {unit if number == 1 else plural}".strip() if unit else str(number)
