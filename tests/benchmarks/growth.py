"""
Cost as things grow: `python -m tests.benchmarks --growth`.

Loading against the number of operations, calls against the size of bodies, events against theirs,
memory against the number of clients.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks import calls, documents, plot, report, streams
from tests.benchmarks.measure import Scale, Side, Sides
from tests.benchmarks.process import ROOT, fresh, run_fresh
from tests.benchmarks.session import SESSION, bare_load

OPERATIONS = (32, 100, 300, 600, 1_000, 1_500)
ITEMS = (1, 10, 100, 1_000, 10_000)
EVENT_BYTES = (50, 500, 5_000, 50_000, 500_000)
CLIENTS = (10, 100, 1_000, 10_000)
CLIENT_KB = 20
SPEC = ROOT / "spec" / "mix.yaml"


class Curve(NamedTuple):
    """Measured points of one kind: ours, and the baseline's where there is one."""

    title: str
    x: str
    unit: str
    baseline: str
    points: list[plot.Point]


def main(scale: Scale, *, is_json: bool, svg: str | None) -> int:
    """Measure, print tables and plots, and draw them where a file is named."""
    about = report.describe_run()
    curves: list[Curve] = []
    if not is_json:
        print(report.head(about).partition("\n")[0])
    for curve in measure(scale):
        curves.append(curve)
        if not is_json:
            show(curve)
    if is_json:
        print(json.dumps({**about, "curves": [c._asdict() for c in curves]}, indent=2))
    if svg:
        panels = [(c.title, c.x, c.unit, c.points) for c in curves]
        Path(svg).write_text(plot.draw(panels), encoding="utf-8")
    return 0


def measure(scale: Scale) -> Iterator[Curve]:
    """Measure one kind of growth after the other."""
    rounds = max(1, round(5 * scale.share))
    yield from measure_documents(scale, rounds)
    bodies = [calls.lists(n, scale, reads=False) for n in _few(ITEMS, scale)]
    sizes = [len(json.dumps([SESSION] * n)) for n in _few(ITEMS, scale)]
    per_call = [1e6 / max(1, 20 * scale.calls // n) for n in _few(ITEMS, scale)]
    yield Curve(
        "Time of a validated call",
        "bytes of body",
        "us",
        "httpx, .json()",
        [
            _point(size, sides, rounds * 3, factor)
            for size, sides, factor in zip(sizes, bodies, per_call, strict=True)
        ],
    )
    yield Curve(
        "Time of a validated event",
        "bytes of event",
        "us",
        "httpx-sse, json.loads",
        [_event_point(size, scale, rounds * 3) for size in _few(EVENT_BYTES, scale)],
    )
    yield Curve(
        f"Memory of a Mix(), wanted <= {CLIENT_KB} KB at 1,000",
        "clients",
        "KB",
        "",
        [
            plot.Point(n, statistics.median(_client_memory(n) for _ in range(rounds)))
            for n in _few(CLIENTS, scale)
        ],
    )


def measure_documents(scale: Scale, rounds: int) -> list[Curve]:
    """Measure loading, to the first method looked at: synthetic documents and real ones."""
    paths = [documents.write_synthetic(n, is_yaml=False) for n in _few(OPERATIONS, scale)]
    json_of_mix = documents.rewrite(str(SPEC))
    real = [json_of_mix, *(documents.rewrite(p) for p in (scale.openai, scale.github) if p)]
    curves: list[Curve] = []
    for kind, found in (("synthetic documents", paths), ("real documents", real)):
        measured = [(count_operations(p), *_load(p, rounds)) for p in found]
        baseline = "json.load"
        for what, unit, i, factor in (("Time", "ms", 0, 1e3), ("Memory", "MB", 1, 1 / 1024)):
            points = [
                plot.Point(n, ours[i] * factor, theirs[i] * factor) for n, ours, theirs in measured
            ]
            title = f"{what} to load and look at a method, {kind}"
            curves.append(Curve(title, "operations", unit, baseline, points))
    return curves


@cache
def count_operations(path: str) -> int:
    """Count the operations of a document."""
    from mixdyn import Client

    client: Any = Client(path)
    return len(client._surface.catalog.entries)


def show(curve: Curve) -> None:
    """Print a table and a plot."""
    print(f"\n{curve.title}\n")
    print(f"{curve.x:>15} {'mixdyn':>12} {curve.baseline:>22} {'ratio':>6}")
    for x, ours, theirs in curve.points:
        other = "" if theirs is None else f"{theirs:,.1f} {curve.unit}"
        ratio = "" if theirs is None else f"{ours / theirs:.2f}"
        print(f"{x:>15,.0f} {f'{ours:,.1f} {curve.unit}':>12} {other:>22} {ratio:>6}".rstrip())
    print(f"\n{plot.sketch(curve.points)}")


def _few(sizes: tuple[int, ...], scale: Scale) -> Iterable[int]:
    return sizes if scale.share else sizes[:2]


def _load(path: str, rounds: int) -> tuple[list[float], list[float]]:
    subject = documents.Subject(path, documents.find_first(path), "")
    return _medians((fresh(subject.ours), fresh(bare_load(path))), rounds)


def _medians(sides: tuple[Side, Side], rounds: int) -> tuple[list[float], list[float]]:
    """Run both sides in turns, and give the median of each of their figures."""
    pairs = [[side() for side in sides] for _ in range(rounds)]
    ours, theirs = (
        [statistics.median(column) for column in zip(*rows, strict=True)]
        for rows in zip(*pairs, strict=True)
    )
    return ours, theirs


def _point(
    size: float, opened: AbstractContextManager[Sides], rounds: int, factor: float
) -> plot.Point:
    with opened as (ours, theirs):
        assert theirs is not None
        _medians((ours, theirs), 1)  # caches and compiled validators are made once
        own, other = _medians((ours, theirs), rounds)
        return plot.Point(size, own[0] * factor, other[0] * factor)


def _event_point(size: int, scale: Scale, rounds: int) -> plot.Point:
    count = max(1, min(scale.events, 20_000_000 // size) // 4)
    opened = streams.compare_streams(streams.make_events(count, size), 65_536, "strict")
    return _point(size, opened, rounds, 1e6 / count)


def _client_memory(count: int) -> float:
    return run_fresh(_CLIENTS.format(count=count))[0] / count


_CLIENTS = """
from mixdyn import Mix
from tests.benchmarks.concurrency import resident
def make():
    mix = Mix()
    mix.sessions.get.__name__
    return mix
first = make()
before = resident()
kept = [make() for _ in range({count})]
print(resident() - before)
"""
