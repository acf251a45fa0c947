"""
Fresh processes: of a tree as pip installs it, with byte code, outside the checkout.
"""

from __future__ import annotations

import atexit
import compileall
import importlib.util
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.benchmarks.measure import Figures, Side

ROOT = Path(__file__).parents[2]

# Not getrusage: its peak includes that of the parent, from before the new program was loaded.
PROBE = """
{setup}
import time
start = time.perf_counter()
{work}
took = time.perf_counter() - start
print(took, open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""


class FreshProcessError(Exception):
    """What a process was to do has failed there."""


_ERROR = re.compile(r"^(?:[A-Za-z_]\w*\.)*([A-Z]\w*(?:: .*)?)$", re.MULTILINE)


def shorten(text: str) -> str:
    """Give the error's own line of what a process has written, without modules."""
    lines = [line for line in _ERROR.findall(text) if not line.split(":")[0].endswith("Warning")]
    last: str = lines[-1] if lines else text.strip()[-80:]
    return last.removeprefix(f"{FreshProcessError.__name__}: ")[:100]


def fresh(work: str, setup: str = "") -> Side:
    """Give the side that does some work in a fresh process: seconds, and KB above bare Python."""

    def measure() -> Figures:
        seconds, peak = run_fresh(PROBE.format(setup=setup, work=work))
        return seconds, peak - bare_memory()

    return measure


def seconds_of(work: str, setup: str = "") -> Side:
    """Give the side that does some work in a fresh process: seconds."""
    code = PROBE.format(setup=setup, work=work)
    return lambda: run_fresh(code)[:1]


@cache
def bare_memory() -> float:
    """Give the KB that a Python process takes which does nothing."""
    return statistics.median(run_fresh(PROBE.format(setup="", work="pass"))[1] for _ in range(3))


def run_fresh(code: str) -> list[float]:
    """Run code in a fresh process, and give the figures that it prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment(), cwd=installed()
    )
    if done.returncode:
        raise FreshProcessError(shorten(done.stderr))
    return [float(word) for word in done.stdout.split()]


def environment() -> dict[str, str]:
    """Give the environment of processes that import the measured tree."""
    # With byte code written for what pip would have compiled: else the compiler is measured.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MIX_", "COVERAGE"))}
    return {**kept, "PYTHONPATH": os.pathsep.join([installed(), str(ROOT)])}


@cache
def installed() -> str:
    """
    Give a folder with the package as a wheel would install it.

    Whoever changes the checkout during a run changes nothing that is measured.
    """
    found = importlib.util.find_spec("mixdyn")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    folder = make_folder()
    shutil.copytree(package, folder / "mixdyn", ignore=shutil.ignore_patterns("__pycache__"))
    if (ROOT / "spec").is_dir() and not (package / "spec").exists():
        shutil.copytree(ROOT / "spec", folder / "mixdyn" / "spec")
    compileall.compile_dir(folder / "mixdyn", quiet=2)
    return str(folder)


def make_folder() -> Path:
    """Make a folder that is there until this process ends."""
    folder = tempfile.mkdtemp(prefix="mixdyn-benchmarks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
