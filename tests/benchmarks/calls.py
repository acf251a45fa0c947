"""
Single calls against the same calls by bare httpx: one object got, one made, over a mock transport
and over loopback, with the extra `fast` and without it, and as the first thing a process does.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from mixdyn import Mix
from tests.benchmarks.concurrency import run_server
from tests.benchmarks.measure import SESSION, TIME, URL, Row, compare, run_fresh
from tests.things import make_client

ROOT = Path(__file__).parents[2]
CALLS = 300
BODY = json.dumps(SESSION).encode()
TITLE = {"title": "benchmark"}
LIMITS = (0.95, 1.0)
SLOW_LIMITS = (2.0, 2.0)

Caller = Callable[[], Awaitable[Any]]
Sides = tuple[Callable[[], float], Callable[[], float]]


def measure_rows(rounds: int, *, is_fast: bool) -> list[Row]:
    """Measure all rows on single calls, those with the extra `fast` where it is installed."""
    fast = measure_mocked("with `fast`", LIMITS, rounds) if is_fast else []
    return [measure_first(rounds), *fast, measure_loopback(rounds), *measure_plain(rounds)]


def measure_mocked(extra: str, limits: tuple[float, float], rounds: int) -> list[Row]:
    """Compare a validated GET and a validated POST, blocking and awaited, with bare ones."""
    transport = httpx.MockTransport(_answer)
    with httpx.Client(transport=transport) as client, asyncio.Runner() as runner:
        many = httpx.AsyncClient(transport=transport)
        mix: Any = Mix(client=client, async_client=many)
        sessions = mix.sessions
        pairs: dict[str, tuple[Callable[..., Any], ...]] = {
            "GET": (
                lambda: sessions.get(id="ses_1"),
                lambda: client.get(f"{URL}/ses_1").json(),
                lambda: sessions.get_async(id="ses_1"),
                lambda: many.get(f"{URL}/ses_1"),
                _read_json,
            ),
            "POST": (
                lambda: sessions.create(title="benchmark"),
                lambda: client.post(URL, json=TITLE).json(),
                lambda: sessions.create_async(title="benchmark"),
                lambda: many.post(URL, json=TITLE),
                _read_json,
            ),
        }
        rows = []
        for (method, calls), limit in zip(pairs.items(), limits, strict=True):
            ours, theirs, ours_async, *theirs_async = calls
            name = f"validated {method}, 1 object, {extra}"
            sides: Sides = partial(_time, ours), partial(_time, theirs)
            rows.append(compare(name, "httpx and .json()", limit, sides, rounds))
            sides = (
                partial(_run, runner, ours_async, None),
                partial(_run, runner, *theirs_async),
            )
            rows.append(compare(f"{name}, async", "httpx and .json()", limit, sides, rounds))
        runner.run(many.aclose())
        return rows


def measure_loopback(rounds: int) -> Row:
    """Compare a validated GET with a bare one over a connection that is kept."""
    with run_server() as url, make_client(url) as api, httpx.Client() as client:
        sides: Sides = (
            lambda: _time(lambda: api.things.get(id="a")),
            lambda: _time(lambda: client.get(f"{url}/things/a").json()),
        )
        return compare("the same over loopback, keep-alive", "httpx.Client", 1.0, sides, rounds)


def measure_first(rounds: int) -> Row:
    """Compare fresh processes, up to the end of their first call over a mock transport."""
    ours, theirs = (run_fresh_of(_FIRST + call) for call in (_OURS, _THEIRS))
    return compare("fresh process, first validated call", "bare httpx", 1.3, (ours, theirs), rounds)


def run_fresh_of(statement: str) -> Callable[[], float]:
    """Give the function that times a statement in a fresh process."""
    return lambda: run_fresh(statement, TIME)


def measure_plain(rounds: int) -> list[Row]:
    """Compare GET and POST in a process that has the packages of the extra `fast` hidden."""
    command = [sys.executable, "-c", _PLAIN.format(rounds=rounds)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, cwd=ROOT)
    return [Row(*row) for row in json.loads(done.stdout)]


_PLAIN = """
import sys
sys.modules["jsonschema_rs"] = sys.modules["msgspec"] = None
import json
from tests.benchmarks.calls import SLOW_LIMITS, measure_mocked
print(json.dumps(measure_mocked("without `fast`", SLOW_LIMITS, {rounds})))
"""
_FIRST = f"""
import httpx
def answer(request):
    return httpx.Response(200, headers={{"content-type": "application/json"}}, content={BODY!r})
client = httpx.Client(transport=httpx.MockTransport(answer))
"""
_OURS = "import mixdyn; mixdyn.Mix(client=client).sessions.get(id='ses_1')"
_THEIRS = f"client.get('{URL}/ses_1').json()"


def _answer(request: httpx.Request) -> httpx.Response:
    status = 201 if request.method == "POST" else 200
    return httpx.Response(status, headers={"content-type": "application/json"}, content=BODY)


def _time(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        call()
    return time.perf_counter() - start


def _run(runner: asyncio.Runner, call: Caller, look: Callable[[Any], object] | None) -> float:
    return runner.run(_time_async(call, look))


async def _time_async(call: Caller, look: Callable[[Any], object] | None) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        answer = await call()
        if look is not None:
            look(answer)
    return time.perf_counter() - start


def _read_json(response: httpx.Response) -> Any:
    return response.json()
