"""
Makes strings, numbers and booleans that fit a schema's limits, and that read like the real thing.

What a property is called is taken as a hint: `createdAt` is a time, `messageCount` is zero.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID

from mixdyn.names import to_snake
from mixdyn.pattern import generate_texts
from mixdyn.schema import Schema
from mixdyn.shape import is_number
from mixdyn.word import vocabulary

_LONGEST_TEXT = 100_000
_RANGE = 100
_LARGEST_EXACT = 2**53
_COUNTERS = vocabulary("count counts total totals tokens cost usage used")
_TIMES = vocabulary("created modified updated timestamp")


class Context(NamedTuple):
    """What a made-up value depends on: where it stands, a number for that, and the time."""

    path: str
    name: str
    hash: int
    now: float


def make_boolean(name: str) -> bool:
    """Give what is usual: true, but false for `isError`, `isDir` and other exceptions."""
    words = to_snake(name).split("_")
    return words[0] != "is" and not {"error", "failed", "deleted", "hidden"} & set(words)


def make_number(schema: Schema, is_integer: bool, context: Context) -> int | float:
    """Give a number within the schema's limits: small, zero for what counts, now for a time."""
    step = _step(schema, is_integer)
    low, high = _bounds(schema, step)
    words = to_snake(context.name).split("_")
    if is_time(context.name) and is_integer:
        wanted = math.floor(Fraction(int(context.now)) / step)
    elif words[-1] in _COUNTERS:
        wanted = 0
    else:
        first = low if low is not None else (1 if high is None else min(1, high))
        last = first + _RANGE - 1 if high is None else min(high, first + _RANGE - 1)
        wanted = first + context.hash % max(1, last - first + 1)
    wanted = wanted if low is None else max(wanted, low)
    wanted = wanted if high is None else min(wanted, high)
    if low is not None and high is not None and low > high:
        return _middle(schema)
    value = wanted * step
    is_exact = is_integer or (value.denominator == 1 and abs(value) < _LARGEST_EXACT)
    return int(value) if is_exact else float(value)


def offer_texts(schema: Schema, context: Context) -> Iterator[str]:
    """Give texts for a string schema, most fitting first: by pattern, by format, by name."""
    least = _length(schema, "minLength", 0)
    most = _length(schema, "maxLength", _LONGEST_TEXT)
    pattern = schema.get("pattern")
    for text in generate_texts(pattern, context.path) if isinstance(pattern, str) else ():
        yield text
        for filler in "a0":
            yield text.ljust(least, filler)[:most]
    yield _format_text(schema, context).ljust(least, "x")[:most]


def _format_text(schema: Schema, context: Context) -> str:
    """Give a text of the schema's `format`, or one that its property's name suggests."""
    encoding = schema.get("contentEncoding")
    form = "byte" if encoding == "base64" else schema.format
    make = _FORMATS.get(form or "")
    if make is not None:
        return make(context)
    words = to_snake(context.name or "text").split("_")
    if words[-1] == "id":
        return f"{'-'.join(words[:-1]) or 'id'}-{context.hash % 0x10000:04x}"
    if is_time(context.name):
        return _datetime(context)
    return f"{' '.join(words)} {context.hash % 100}"


def is_time(name: str) -> bool:
    """Tell whether a property is called like a point in time: `createdAt`, `modified`."""
    words = to_snake(name).split("_")
    return words[-1] in _TIMES or (words[-1] == "at" and len(words) > 1)


def _datetime(context: Context) -> str:
    return datetime.fromtimestamp(int(context.now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _word(context: Context) -> str:
    return f"{to_snake(context.name or 'sample').replace('_', '-')}-{context.hash % 1000}"


_FORMATS: dict[str, Callable[[Context], str]] = {
    "date-time": _datetime,
    "date": lambda c: _datetime(c)[:10],
    "time": lambda c: _datetime(c)[11:],
    "duration": lambda c: f"PT{c.hash % 59 + 1}M",
    "uuid": lambda c: str(UUID(int=c.hash * 0x1_00000001_00000001_00000001, version=4)),
    "email": lambda c: f"{_word(c)}@example.com",
    "idn-email": lambda c: f"{_word(c)}@example.com",
    "uri": lambda c: f"https://example.com/{_word(c)}",
    "url": lambda c: f"https://example.com/{_word(c)}",
    "iri": lambda c: f"https://example.com/{_word(c)}",
    "uri-reference": lambda c: f"/{_word(c)}",
    "uri-template": lambda c: f"/{_word(c)}/{{id}}",
    "hostname": lambda c: f"{_word(c)}.example.com",
    "ipv4": lambda c: f"192.0.2.{c.hash % 254 + 1}",
    "ipv6": lambda c: f"2001:db8::{c.hash % 0xFFFF:x}",
    "byte": lambda c: base64.b64encode(_word(c).encode()).decode(),
    "json-pointer": lambda c: f"/{_word(c)}",
    "regex": lambda c: f"^{_word(c)}$",
    "int64": lambda c: str(c.hash),
    "decimal": lambda c: f"{c.hash % 1000}.50",
}


def _length(schema: Schema, keyword: str, default: int) -> int:
    value = schema.get(keyword)
    return min(value, _LONGEST_TEXT) if isinstance(value, int) else default


def _step(schema: Schema, is_integer: bool) -> Fraction:
    step = _fraction(schema.get("multipleOf"))
    if step is None or step <= 0:
        return Fraction(1) if is_integer else Fraction(1, 2)
    # The least number that is whole and a multiple: 0.3 allows 3, 6, 9 and so on.
    return step * step.denominator if is_integer else step


def _bounds(schema: Schema, step: Fraction) -> tuple[int | None, int | None]:
    """Give the limits as multiples of the step, both of them allowed."""
    low, is_above = _bound(schema, "Minimum", max)
    high, is_below = _bound(schema, "Maximum", min)
    least = None if low is None else math.ceil(low / step)
    most = None if high is None else math.floor(high / step)
    if least is not None and is_above and least * step == low:
        least += 1
    if most is not None and is_below and most * step == high:
        most -= 1
    return least, most


def _bound(
    schema: Schema, word: str, tighter: Callable[..., Fraction]
) -> tuple[Fraction | None, bool]:
    """Give a limit and whether it is itself excluded."""
    limit, beyond = map(_fraction, schema.bounds(word))
    if limit is None or beyond is None:
        return (limit, False) if beyond is None else (beyond, True)
    chosen = tighter(limit, beyond)
    return chosen, chosen == beyond


def _middle(schema: Schema) -> float:
    low, _ = _bound(schema, "Minimum", max)
    high, _ = _bound(schema, "Maximum", min)
    return float(((low or Fraction(0)) + (high or Fraction(0))) / 2)


def _fraction(value: Any) -> Fraction | None:
    if not is_number(value) or not math.isfinite(value):
        return None
    return Fraction(str(value))
