"""
Prints the table of ratios. Machines are shared and noisy: absolute times mean nothing, so each row
interleaves both sides and shows medians, their ratio, its spread and what it must be.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from tests.benchmarks import calls, streams
from tests.benchmarks.concurrency import measure_concurrency
from tests.benchmarks.measure import Row, measure_calls, measure_memory, measure_startup
from tests.benchmarks.transfer import measure_transfers

PEER = "mix-python-sdk==0.4.5"


def has(module: str) -> bool:
    """Tell whether a module is installed."""
    return importlib.util.find_spec(module) is not None


def measure(rounds: int) -> list[Row]:
    """Measure all rows that this environment can."""
    is_fast = has("jsonschema_rs") and has("msgspec")
    extra = "with `fast`" if is_fast else "without `fast`"
    rows = [measure_startup("import, Mix(), dir(mix.sessions)", 0.9, rounds)]
    if has("mix_python_sdk"):
        rows.append(measure_memory("the same, peak memory above bare Python", 0.5, rounds))
    rows += calls.measure_rows(rounds, is_fast=is_fast)
    rows.append(
        measure_calls(f"validated list of 1 object, {extra}", 1, 0.95 if is_fast else None, rounds)
    )
    limit = 1.4 if is_fast else None
    rows.append(measure_calls(f"validated list of 10,000 objects, {extra}", 10_000, limit, rounds))
    return rows


def show(rows: list[Row]) -> None:
    """Print the rows for people."""
    interpreter = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"{interpreter}, {describe_packages()}\n")
    print(f"{'what':<46} {'ratio':>6} {'spread':>13} {'must be':>8}  baseline")
    for row in rows:
        limit = "" if row.limit is None else f"<= {row.limit}"
        verdict = "" if row.limit is None or row.ratio <= row.limit else "  FALLS SHORT"
        spread = f"{row.low:.2f} to {row.high:.2f}"
        print(f"{row.name:<46} {row.ratio:>6.2f} {spread:>13} {limit:>8}  {row.baseline}{verdict}")
    if not has("mix_python_sdk"):
        print(f"\nThe row on memory compares with the published SDK: pip install {PEER}")


def describe_packages() -> str:
    """Name the versions that the figures depend on."""
    found = []
    for name in ("httpx", "jsonschema", "jsonschema-rs", "msgspec", "mix-python-sdk"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def main() -> int:
    """Measure and print; exits with 0 whatever the ratios are."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, wider spread")
    parser.add_argument("--megabytes", type=int, help="size of the file for up- and downloads")
    options = parser.parse_args()
    rows = measure(5 if options.quick else 21)
    size = options.megabytes or (64 if options.quick else 512)
    rows += measure_transfers(size, 5 if options.quick else 11)
    rows += measure_concurrency(5 if options.quick else 9, 300 if options.quick else 1000)
    if has("httpx_sse"):
        rows += streams.measure_rows(5 if options.quick else 9)
    if options.json:
        print(json.dumps([row._asdict() for row in rows], indent=2))
    else:
        show(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
