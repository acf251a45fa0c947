"""
How rows are measured: both sides in turns in the same run, and the median of the ratios of their
pairs. Machines are shared and noisy: absolute times mean little.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

Figures = Sequence[float]
Side = Callable[[], Figures]
Sides = tuple[Side, Side | None]


class Scale(NamedTuple):
    """How much a run takes: the share of a benchmark's rounds, the sizes of what is measured."""

    share: float = 1.0
    least: int = 5
    calls: int = 40
    items: int = 10_000
    megabytes: int = 512
    tasks: int = 200
    streams: int = 1_000
    events: int = 20_000
    operations: int = 1_223
    yaml_operations: int = 440
    github: str | None = None
    openai: str | None = None


FULL = Scale()
FULL_SIZES = FULL._asdict()
QUICK = Scale(share=0.15, least=3, megabytes=32, streams=100, events=5_000)
TINY = Scale(0, 1, 1, 5, 1, 3, 3, 5, 12, 12)


class Line(NamedTuple):
    """
    One line of the table: the row of issue 7 that it belongs to, what is done, and the limit.

    With a unit, what is measured of our side is the figure, else the ratio to the baseline.
    """

    number: str
    name: str
    baseline: str
    limit: float | None
    unit: str = ""


class Row(NamedTuple):
    """A measured line: the median, its spread from the first to the third quartile, a remark."""

    number: str
    name: str
    baseline: str
    value: float | None
    low: float | None
    high: float | None
    limit: float | None
    unit: str = ""
    note: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the limit holds; None where there is none, or no figure."""
        if self.limit is None or self.value is None:
            return None
        return round(self.value, 2) <= self.limit


class Benchmark(NamedTuple):
    """
    What is measured together: its lines, and how to get both sides ready.

    Args:
        lines: one for each figure that a side gives.
        open: gives both sides for the length of a block.
        rounds: how often each side is measured in a full run.
        needs: modules without which there is nothing to measure.
        hides: modules that must not be there; such benchmarks run in a process of their own.
        wants: the size in `Scale` that must be that of a full run for the limits to count.
        note: gives a remark for the rows.
        warms: how often both sides run before they are measured: byte code, caches and compiled
            validators are made in the first calls of a process.
    """

    lines: tuple[Line, ...]
    open: Callable[[Scale], AbstractContextManager[Sides]]
    rounds: int = 15
    needs: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    wants: str = ""
    note: Callable[[Scale], str] | None = None
    warms: int = 1


def run(benchmark: Benchmark, scale: Scale) -> list[Row]:
    """Measure a benchmark: ours and the baseline in turns, each first in every other turn."""
    rounds = max(scale.least, round(benchmark.rounds * scale.share))
    rounds = min(rounds, benchmark.rounds)
    with benchmark.open(scale) as (ours, theirs):
        for turn in range(benchmark.warms if scale.share else 0):
            _take_turns(ours, theirs, turn)
        pairs = [_take_turns(ours, theirs, turn) for turn in range(rounds)]
    note = benchmark.note(scale) if benchmark.note is not None else ""
    lines = benchmark.lines
    if benchmark.wants and (size := getattr(scale, benchmark.wants)) != FULL_SIZES[benchmark.wants]:
        lines = tuple(line._replace(limit=None) for line in lines)
        note = note or f"{size:,} {benchmark.wants} only"
    return [
        make_row(line, [(a[i], b[i] if b else 0.0) for a, b in pairs], note)
        for i, line in enumerate(lines)
    ]


def make_row(line: Line, pairs: Sequence[tuple[float, float]], note: str = "") -> Row:
    """Give the row of a line from its pairs of figures."""
    values = sorted(a if line.unit else a / b for a, b in pairs)
    low, high = values[0], values[-1]
    if len(values) >= 4:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    number, name, baseline, limit, unit = line
    return Row(number, name, baseline, statistics.median(values), low, high, limit, unit, note)


def missing_row(line: Line, note: str) -> Row:
    """Give the row of a line that has no figure, with the reason."""
    number, name, baseline, limit, unit = line
    return Row(number, name, baseline, None, None, None, limit, unit, note)


def repeat(call: Callable[[], object], times: int) -> Figures:
    """Give the seconds that so many calls take."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start,)


async def repeat_async(call: Callable[[], Awaitable[Any]], times: int) -> Figures:
    """Give the seconds that so many awaited calls take, one after the other."""
    start = time.perf_counter()
    for _ in range(times):
        await call()
    return (time.perf_counter() - start,)


def _take_turns(ours: Side, theirs: Side | None, turn: int) -> tuple[Figures, Figures]:
    if theirs is None:
        return ours(), ()
    if turn % 2:
        other = theirs()
        return ours(), other
    return ours(), theirs()
