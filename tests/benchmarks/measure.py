"""
How the rows are measured: both sides interleaved, in the same run, medians compared.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import httpx

from mixdyn import Mix

OURS = "import mixdyn; mix = mixdyn.Mix(); dir(mix.sessions)"
URL = "http://localhost:8088/api/sessions"
SESSION = {
    "id": "ses_1",
    "title": "benchmark",
    "userMessageCount": 3,
    "assistantMessageCount": 3,
    "toolCallCount": 1,
    "promptTokens": 1200,
    "completionTokens": 340,
    "cost": 0.0213,
    "createdAt": "2026-01-02T03:04:05Z",
}


class Row(NamedTuple):
    """A measured ratio: ours to the baseline; `limit` is what it must not exceed."""

    name: str
    baseline: str
    ratio: float
    low: float
    high: float
    limit: float | None


def compare(
    name: str,
    baseline: str,
    limit: float | None,
    sides: tuple[Callable[[], float], Callable[[], float]],
    rounds: int,
) -> Row:
    """Measure ours and the baseline in turns and compare the medians."""
    ours, theirs = sides
    ours(), theirs()  # what is done once only: byte code, caches, compiled validators
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    ratios = sorted(a / b for a, b in pairs)
    ratio = statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)
    cut = rounds // 5
    return Row(name, baseline, ratio, ratios[cut], ratios[-1 - cut], limit)


def measure_startup(name: str, limit: float, rounds: int) -> Row:
    """Compare the time in fresh processes, without the interpreter's own start."""
    sides = (lambda: run_fresh(OURS, TIME), lambda: run_fresh("import httpx", TIME))
    return compare(name, "import httpx", limit, sides, rounds)


def measure_memory(name: str, limit: float, rounds: int) -> Row:
    """Compare the peak resident memory of fresh processes, above that of bare Python."""
    bare = statistics.median(run_fresh("pass", _MEMORY) for _ in range(5))
    peer = "import mix_python_sdk; mix_python_sdk.Mix()"
    sides = (lambda: run_fresh(OURS, _MEMORY) - bare, lambda: run_fresh(peer, _MEMORY) - bare)
    return compare(name, "mix-python-sdk", limit, sides, min(rounds, 9))


def measure_calls(name: str, items: int, limit: float | None, rounds: int) -> Row:
    """Compare `sessions.list()` with raw httpx and `.json()`, both over a mock transport."""
    body = json.dumps([SESSION] * items).encode()
    headers = {"content-type": "application/json"}
    transport = httpx.MockTransport(
        lambda request: httpx.Response(200, headers=headers, content=body)
    )
    with httpx.Client(transport=transport) as client:
        mix = Mix(client=client)
        repeat = max(10, 1000 // items)  # enough for the garbage collector to average out
        sides = (
            lambda: _seconds(mix.sessions.list, repeat),
            lambda: _seconds(lambda: client.get(URL).json(), repeat),
        )
        return compare(name, "httpx and .json()", limit, sides, rounds)


TIME = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
# Not getrusage: its peak includes that of the parent, from before the new program was loaded.
_MEMORY = "{}; print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"


def run_fresh(statement: str, template: str) -> float:
    """Give the figure that a template around a statement prints in a fresh process."""
    # With byte code, as pip installs it: without, the compiler would be measured.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", template.format(statement)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=environment)
    return float(done.stdout)


def _seconds(function: Callable[[], object], repeat: int) -> float:
    start = time.perf_counter()
    for _ in range(repeat):
        function()
    return time.perf_counter() - start
