"""
What is printed: the table for people, the same as JSON, and what changed since a run before.
"""

from __future__ import annotations

import datetime as dt
import json
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from tests.benchmarks.measure import Row

PACKAGES = ("mixdyn", "httpx", "jsonschema", "jsonschema-rs", "msgspec", "pyyaml", "httpx-sse")
TOLERANCE = 1.05  # by which spreads must be apart
HEAD = f"{'':>3} {'what':<54} {'median':>8} {'spread':>14} {'must be':>8} {'':<12} baseline"


def describe_run() -> dict[str, Any]:
    """Say when, where and with what was measured."""
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}",
        "packages": find_versions(PACKAGES),
    }


def find_versions(names: Iterable[str]) -> dict[str, str]:
    """Give the versions of those packages that are installed."""
    found: dict[str, str] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def head(run: dict[str, Any]) -> str:
    """Give what stands above the table."""
    packages = ", ".join(f"{name} {number}" for name, number in run["packages"].items())
    return f"{run['date']}, {run['python']}, {run['machine']}; {packages}\n\n{HEAD}"


def format_row(row: Row) -> str:
    """Give a row as a line of text."""
    mark = {True: "holds", False: "FALLS SHORT", None: ""}[row.holds]
    limit = "" if row.limit is None else f"<= {row.limit:g}"
    value = format_value(row.value, row.unit)
    spread = "" if row.low is None or row.high is None else f"{row.low:.2f} to {row.high:.2f}"
    remark = f"{row.baseline}{f' ({row.note})' if row.note else ''}".strip()
    line = f"{row.number:>3} {row.name:<54} {value:>8} {spread:>14} {limit:>8} {mark:<12} {remark}"
    return line.rstrip()


def format_value(value: float | None, unit: str) -> str:
    """Give a figure with its unit."""
    return "-" if value is None else f"{value:.2f} {unit}".rstrip()


def format_markdown(rows: Iterable[Row]) -> str:
    """Give the rows as a table for a README."""
    lines = ["| row | what | is | spread | must be | baseline |", "| --- " * 6 + "|"]
    for row in rows:
        value = format_value(row.value, row.unit)
        if row.holds is False:
            value = f"**{value}**"
        spread = "" if row.low is None or row.high is None else f"{row.low:.2f} to {row.high:.2f}"
        limit = "" if row.limit is None else f"{row.limit:g}"
        remark = f"{row.baseline}{f' ({row.note})' if row.note else ''}".strip()
        cells = (row.number, row.name, value, spread, limit, remark)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def to_json(run: dict[str, Any], rows: Iterable[Row]) -> str:
    """Give all for machines."""
    found = [
        {k: round(v, 4) if isinstance(v, float) else v for k, v in r._asdict().items()}
        for r in rows
    ]
    return json.dumps({**run, "rows": found}, indent=2)


def compare(rows: Iterable[Row], before: dict[str, Any]) -> list[str]:
    """
    Say what has changed since a run before, one line for each row.

    A change counts where the spreads are apart.
    """
    old = {(r["number"], r["name"], r["note"]): Row(**r) for r in before["rows"]}
    lines: list[str] = []
    for row in rows:
        known = old.get((row.number, row.name, row.note))
        word = None if known is None else _judge(known, row)
        if known is not None and word is not None:
            was, now = (format_value(r.value, row.unit) for r in (known, row))
            lines.append(f"{word:<6} {row.number:>3} {row.name}: {was} before, {now} now")
    return lines


def _judge(before: Row, now: Row) -> str | None:
    if before.low is None or before.high is None or now.low is None or now.high is None:
        return None
    if now.low > before.high * TOLERANCE:
        return "WORSE"
    return "better" if now.high * TOLERANCE < before.low else None
