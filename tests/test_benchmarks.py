"""Each benchmark runs, at tiny sizes, and gives rows that can be printed; no figure is judged."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.benchmarks import calls, documents, growth, plot, process, report, synthetic
from tests.benchmarks.__main__ import TABLE, main, measure
from tests.benchmarks.measure import TINY, Benchmark, Line, Row, Scale, Sides, make_row, run

LINE = Line("3", "something", "bare", 1.0)


@pytest.mark.parametrize("benchmark", TABLE, ids=lambda b: f"{b.lines[0].number}-{b.lines[0].name}")
def test_benchmark(benchmark: Benchmark) -> None:
    """Every line of the table gets a figure, or the name of the module that it lacks."""
    if benchmark.hides == calls.FAST:  # row 6 shows well enough how modules are hidden
        benchmark = benchmark._replace(hides=())
    rows = list(measure([benchmark], TINY))
    assert [row.name for row in rows] == [line.name for line in benchmark.lines]
    for row in rows:
        if row.value is None:
            assert row.note.startswith("needs ")
        else:
            assert row.low is not None
            assert row.high is not None
            assert row.low <= row.value <= row.high
            assert math.isfinite(row.value)
        assert report.format_row(row).startswith(f"{row.number:>3} ")


def test_every_row() -> None:
    """The table has all the rows that were asked for, in order."""
    numbers = [int(benchmark.lines[0].number) for benchmark in TABLE]
    assert sorted(set(numbers)) == list(range(1, 16))
    assert numbers == sorted(numbers)
    names = [(line.number, line.name) for benchmark in TABLE for line in benchmark.lines]
    assert len(set(names)) == len(names)


@contextmanager
def _open(_: Scale) -> Iterator[Sides]:
    figures = iter([9.0, 9.0, 1.0, 4.0, 8.0, 2.0, 3.0, 3.0])
    yield lambda: [next(figures)], lambda: [next(figures)]


def test_turns() -> None:
    """Both sides are measured in turns, each first every other time, after one for nothing."""
    row = run(Benchmark((LINE,), _open, rounds=3), Scale(least=1))[0]
    assert (row.value, row.low, row.high) == (0.25, 0.25, 1.0)


def test_spread() -> None:
    """The spread of four or more pairs goes from quartile to quartile; a unit has no baseline."""
    pairs = [(n, 1.0) for n in (1.0, 2.0, 3.0, 4.0, 50.0)]
    assert make_row(LINE, pairs)[3:6] == (3.0, 2.0, 4.0)
    assert make_row(LINE._replace(unit="ms"), [(5.0, 0.0)]).value == 5.0


@contextmanager
def _fail(_: Scale) -> Iterator[Sides]:
    yield lambda: [1 / 0], None


def test_failure() -> None:
    """What fails says so in its row; what lacks a module names it."""
    rows = list(measure([Benchmark((LINE,), _fail)], TINY))
    assert rows[0].note.startswith("fails: ZeroDivisionError: ")
    rows = list(measure([Benchmark((LINE,), _fail, needs=("no_such_module",))], TINY))
    assert (rows[0].value, rows[0].note) == (None, "needs no_such_module")


def test_compare() -> None:
    """A row counts as changed where its spread does not touch the one before."""
    rows = [make_row(LINE._replace(name=str(n)), [(n, 1.0)]) for n in (1, 2, 3)]
    before: dict[str, Any] = json.loads(report.to_json({"date": "then"}, rows))
    for row, change in zip(before["rows"], (-0.5, 0, 0.5), strict=True):
        row.update({key: row[key] + change for key in ("value", "low", "high")})
    assert report.compare(rows, before) == [
        "WORSE    3 1: 0.50 before, 1.00 now",
        "better   3 3: 3.50 before, 3.00 now",
    ]


def test_marks() -> None:
    """A row tells whether its limit holds, as it is printed."""
    row = Row("3", "something", "bare", 1.004, 0.9, 1.1, 1.0)
    assert row.holds
    assert "holds" in report.format_row(row)
    assert not row._replace(value=1.2).holds
    assert "| **1.20** |" in report.format_markdown([row._replace(value=1.2)])
    assert row._replace(value=None).holds is None


def test_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The output for machines can be compared with later."""
    assert main(["--tiny", "--only", "4", "--json"]) == 0
    written = capsys.readouterr().out
    path = tmp_path / "before.json"
    path.write_text(written, encoding="utf-8")
    assert json.loads(written)["rows"][0]["number"] == "4"
    assert main(["--tiny", "--only", "4", "--compare", str(path)]) == 0
    assert "Against before.json of " in capsys.readouterr().out


def test_committed_baseline() -> None:
    """The committed run names its rows as the table does."""
    path = Path(__file__).parent / "benchmarks" / "baseline.json"
    committed = json.loads(path.read_text(encoding="utf-8"))
    names = {(line.number, line.name) for benchmark in TABLE for line in benchmark.lines}
    assert {(row["number"], row["name"]) for row in committed["rows"]} == names


def test_synthetic() -> None:
    """A synthetic document is the same each time, and has as many operations as wanted."""
    made = synthetic.make_document(40)
    assert made == synthetic.make_document(40)
    assert sum(map(len, made["paths"].values())) == 40
    assert growth.count_operations(documents.write_synthetic(40, is_yaml=False)) == 40


def test_growth(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Growth is printed as tables and plots, and drawn."""
    path = tmp_path / "growth.svg"
    assert main(["--growth", "--tiny", "--svg", str(path)]) == 0
    assert "Memory of a Mix()" in capsys.readouterr().out
    drawn = ET.fromstring(path.read_text(encoding="utf-8"))
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}polyline"))) == 14


def test_sketch() -> None:
    """A plot marks each point of both curves."""
    drawn = plot.sketch([plot.Point(1, 1, 2), plot.Point(10, 4, 4), plot.Point(100, 9)])
    marks = drawn.partition("+")[0]
    assert [marks.count(mark) for mark in "ox*"] == [2, 1, 1]


def test_peers(capsys: pytest.CaptureFixture[str]) -> None:
    """Other clients get a column each where they are installed; how to install them is told."""
    assert main(["--tiny", "--only", "3", "--peers", sys.executable]) == 0
    out = capsys.readouterr().out
    assert "mix-python-sdk==0.4.5 fastspec aiopenapi3" in out


@pytest.mark.parametrize(
    ("written", "error"),
    [
        (
            "Traceback:\n  File x\npkg.inner.BadError: what is wrong\n  more\n",
            "BadError: what is wrong",
        ),
        ("BadError\nsys:1: RuntimeWarning: more\nRuntimeWarning: again", "BadError"),
        ("killed", "killed"),
    ],
)
def test_failure_elsewhere(written: str, error: str) -> None:
    """Of a failure in another process, the error's own line is told."""
    assert process.shorten(written) == error
