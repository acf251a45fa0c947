"""
Measures mixdyn against its baselines and prints the ratios: `python -m tests.benchmarks`.

The exit code is 0 whatever they are.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import (
    calls,
    concurrency,
    documents,
    peers,
    report,
    startup,
    streams,
    transfer,
)
from tests.benchmarks.measure import FULL, QUICK, TINY, Benchmark, Row, Scale, missing_row, run
from tests.benchmarks.process import ROOT, FreshProcessError, shorten

TABLE = sorted(
    (
        *startup.BENCHMARKS,
        *calls.BENCHMARKS,
        *concurrency.BENCHMARKS,
        *documents.BENCHMARKS,
        *streams.BENCHMARKS,
        *concurrency.STREAMS,
        *transfer.BENCHMARKS,
    ),
    key=lambda benchmark: int(benchmark.lines[0].number),
)
SCALES = {"full": FULL, "quick": QUICK, "tiny": TINY}


def choose(only: Iterable[str]) -> list[Benchmark]:
    """Give the benchmarks of some rows of the table, or all of them."""
    wanted = set(only)
    return [b for b in TABLE if not wanted or b.lines[0].number in wanted]


def measure(benchmarks: Iterable[Benchmark], scale: Scale) -> Iterator[Row]:
    """Measure one benchmark after the other; what cannot be measured gives rows that say why."""
    for benchmark in benchmarks:
        lacking = [name for name in benchmark.needs if not _has(name)]
        if lacking:
            yield from (
                missing_row(line, f"needs {', '.join(lacking)}") for line in benchmark.lines
            )
            continue
        try:
            yield from measure_one(benchmark, scale)
        except Exception as error:  # noqa: BLE001  # the other rows count as well
            is_told = isinstance(error, FreshProcessError)
            note = f"fails: {error}" if is_told else f"fails: {type(error).__name__}: {error}"[:100]
            yield from (missing_row(line, note) for line in benchmark.lines)


def measure_one(benchmark: Benchmark, scale: Scale) -> list[Row]:
    """Measure a benchmark, in a process of its own where modules must be hidden from it."""
    if all(sys.modules.get(name, run) is None for name in benchmark.hides):
        return run(benchmark, scale)
    code = _HIDDEN.format(hides=benchmark.hides, index=TABLE.index(benchmark), scale=tuple(scale))
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise FreshProcessError(shorten(done.stderr))
    return [Row(*row) for row in json.loads(done.stdout)]


_HIDDEN = """
import json, sys
sys.modules.update(dict.fromkeys({hides}))
from tests.benchmarks.__main__ import TABLE
from tests.benchmarks.measure import Scale, run
print(json.dumps(run(TABLE[{index}], Scale(*{scale}))))
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = parse(arguments)
    scale = make_scale(options)
    if options.growth:
        from tests.benchmarks import growth

        return growth.main(scale, is_json=options.json, svg=options.svg)
    if options.peers is not None:
        python = peers.Python(os.path.abspath(options.peers), options.scale, tuple(options.only))
        return peers.main(python, scale, is_json=options.json)
    about = {**report.describe_run(), "scale": options.scale}
    rows: list[Row] = []
    is_table = not (options.json or options.markdown)
    if is_table:
        print(report.head(about))
    for row in measure(choose(options.only), scale):
        rows.append(row)
        if is_table:
            print(report.format_row(row), flush=True)
    if options.json:
        print(report.to_json(about, rows))
    elif options.markdown:
        print(report.format_markdown(rows))
    if options.compare:
        show_changes(rows, options.compare, sys.stderr if options.json else sys.stdout)
    return 0


def show_changes(rows: list[Row], path: str, out: Any) -> None:
    """Print what changed since the run that a file holds."""
    before = json.loads(Path(path).read_text(encoding="utf-8"))
    changes = report.compare(rows, before)
    print(f"\nAgainst {Path(path).name} of {before['date']}, {before['python']}:", file=out)
    print("\n".join(changes) if changes else "no change beyond the spread", file=out)


def make_scale(options: argparse.Namespace) -> Scale:
    """Give what a run takes, by its options and the environment."""
    scale = SCALES[options.scale]
    github = options.github or os.environ.get(documents.GITHUB)
    openai = options.openai or os.environ.get(documents.OPENAI)
    # Fresh processes have folders of their own.
    github, openai = (path and os.path.abspath(path) for path in (github, openai))
    scale = scale._replace(github=github, openai=openai)
    return scale._replace(megabytes=options.megabytes) if options.megabytes else scale


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        epilog=documents.HELP + peers.HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    parser.set_defaults(scale="full")
    add("--quick", dest="scale", action="store_const", const="quick", help="fewer rounds, for CI")
    add(
        "--tiny",
        dest="scale",
        action="store_const",
        const="tiny",
        help="only whether all of it runs",
    )
    numbers = [str(number) for number in range(1, 16)]
    add("--only", nargs="+", default=(), choices=numbers, metavar="ROW", help="rows, 1 to 15")
    add("--json", action="store_true", help="print the rows as JSON")
    add("--markdown", action="store_true", help="print the rows as a table for the README")
    add("--compare", metavar="FILE", help="say what changed since the run whose JSON a file holds")
    add("--github", metavar="FILE", help="GitHub's document")
    add("--openai", metavar="FILE", help="OpenAI's document")
    add("--megabytes", type=int, help="size of the file for up- and downloads")
    add("--growth", action="store_true", help="measure cost as things grow instead")
    add("--svg", metavar="FILE", help="with --growth: also draw the curves")
    add(
        "--peers",
        nargs="?",
        const=sys.executable,
        metavar="PYTHON",
        help="measure other clients instead, those that this (or another) Python has",
    )
    return parser.parse_args(arguments)


def _has(module: str) -> bool:
    return sys.modules.get(module) is not None or (
        module not in sys.modules and importlib.util.find_spec(module) is not None
    )


if __name__ == "__main__":
    sys.exit(main())
