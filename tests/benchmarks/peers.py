"""
The same rows for other clients, those that a Python has: `python -m tests.benchmarks --peers`.

Each is compared with the baseline of its row in the same run, and measured in processes of its own,
so that one that fails, or never ends, leaves the others their figures.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any, NamedTuple

from tests.benchmarks import documents, peer
from tests.benchmarks.measure import Scale
from tests.benchmarks.process import ROOT, shorten

PACKAGES = " ".join(peer.PEERS).replace("mix-python-sdk", "mix-python-sdk==0.4.5")
INSTALL = (
    f"python -m venv peers && peers/bin/pip install {PACKAGES}\n"
    "  python -m tests.benchmarks --peers peers/bin/python"
)
HELP = f"""
Other clients (--peers), whose versions are printed:
  {INSTALL}
"""
SECONDS = 900
WIDTH = 30


class Python(NamedTuple):
    """A Python that has other clients, and what to measure of them."""

    path: str
    scale: str
    only: tuple[str, ...]


def main(python: Python, scale: Scale, *, is_json: bool) -> int:
    """Measure every peer, and print a table with a column for each."""
    subjects = documents.choose_github(scale), documents.choose_openai(scale)
    paths, notes = [s.path for s in subjects], [s.note for s in subjects]
    versions = {name: find_version(python.path, name) for name in peer.PEERS}
    cells: dict[str, dict[str, Any]] = {}
    wanted = [row for row in peer.ROWS if not python.only or row.rstrip("a") in python.only]
    for row in wanted:
        found = {n: measure(python, n, row, paths) for n, number in versions.items() if number}
        cells[row] = found
    if is_json:
        print(json.dumps({"versions": versions, "documents": notes, "rows": cells}, indent=2))
    else:
        show(versions, notes, cells)
    return 0


def find_version(python: str, name: str) -> str | None:
    """Give the version of a package that another Python has."""
    code = f"import importlib.metadata as m; print(m.version({name!r}))"
    done = subprocess.run([python, "-c", code], check=False, capture_output=True, text=True)
    return done.stdout.strip() or None


def measure(python: Python, name: str, row: str, paths: list[str]) -> Any:
    """Give the ratio of one peer in one row, or why there is none; None where it does not apply."""
    command = [python.path, "-m", peer.__name__, name, row, python.scale, *paths]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"fails: not done in {SECONDS // 60} minutes"
    if done.returncode:
        return f"fails: {shorten(done.stderr)}"
    return json.loads(done.stdout)


def show(versions: dict[str, str | None], notes: list[str], cells: dict[str, Any]) -> None:
    """Print the table; what fails is told below it."""
    names = [name for name, number in versions.items() if number]
    print(f"to install: {INSTALL}")
    print(f"measured: {', '.join(f'{name} {versions[name]}' for name in names) or 'none found'}")
    print(f"documents: {'; '.join(notes)}\n")
    print(f"{'':>4} {'what':<{WIDTH}}", *(f"{name:>15}" for name in names))
    failures: list[str] = []
    for row, found in cells.items():
        texts: list[str] = []
        for name in names:
            cell = found.get(name)
            if isinstance(cell, str):
                failures.append(f"{row:>4} {name} {cell}")
            texts.append(
                "fails" if isinstance(cell, str) else "-" if cell is None else f"{cell:.2f}"
            )
        print(f"{row:>4} {peer.ROWS[row]:<{WIDTH}}", *(f"{text:>15}" for text in texts))
    print("\n".join(["", *failures]))
