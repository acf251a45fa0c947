"""
Rows 3 to 7 and 15: single calls against the same calls by bare httpx, over a mock transport and
over loopback, with the extra `fast` and without it.
"""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx

from mixdyn import Mix
from mixdyn.names import to_snake
from tests.benchmarks.measure import (
    Benchmark,
    Line,
    Scale,
    Sides,
    repeat,
    repeat_async,
)
from tests.benchmarks.server import run_server
from tests.benchmarks.session import SESSION, TITLE, URL, answer_json
from tests.things import make_client

FAST = ("jsonschema_rs", "msgspec")
BASELINE = "httpx and .json()"

Work = Callable[[Any], object]


@contextmanager
def blocking(ours: Work, theirs: Work, scale: Scale) -> Generator[Sides]:
    """Compare calls of a Mix with calls of the bare client that it uses."""
    with httpx.Client(transport=answer_json(SESSION)) as client:
        mix = Mix(client=client)
        yield (
            lambda: repeat(lambda: ours(mix), scale.calls),
            lambda: repeat(lambda: theirs(client), scale.calls),
        )


@contextmanager
def awaited(
    ours: Callable[[Any], Awaitable[Any]], theirs: Callable[[Any], Awaitable[Any]], scale: Scale
) -> Generator[Sides]:
    """Compare awaited calls, one after the other."""
    client = httpx.AsyncClient(transport=answer_json(SESSION))
    mix = Mix(async_client=client)
    with asyncio.Runner() as runner:
        yield (
            lambda: runner.run(repeat_async(lambda: ours(mix), scale.calls)),
            lambda: runner.run(repeat_async(lambda: theirs(client), scale.calls)),
        )
        runner.run(client.aclose())


async def _get(client: httpx.AsyncClient) -> Any:
    return (await client.get(f"{URL}/ses_1")).json()


async def _post(client: httpx.AsyncClient) -> Any:
    return (await client.post(URL, json=TITLE)).json()


GET = partial(
    blocking,
    lambda mix: mix.sessions.get(id="ses_1"),
    lambda client: client.get(f"{URL}/ses_1").json(),
)
POST = partial(
    blocking,
    lambda mix: mix.sessions.create(title="benchmark"),
    lambda client: client.post(URL, json=TITLE).json(),
)
GET_ASYNC = partial(awaited, lambda mix: mix.sessions.get_async(id="ses_1"), _get)
POST_ASYNC = partial(awaited, lambda mix: mix.sessions.create_async(title="benchmark"), _post)


@contextmanager
def lists(items: int, scale: Scale, *, reads: bool) -> Generator[Sides]:
    """Compare lists, where `reads` with every attribute of every object read."""
    read_ours: Any = operator.attrgetter(*map(to_snake, SESSION)) if reads else None
    read_theirs: Any = operator.itemgetter(*SESSION) if reads else None
    with httpx.Client(transport=answer_json([SESSION] * items)) as client:
        mix: Any = Mix(client=client)

        def ours() -> None:
            found = mix.sessions.list()
            if reads:
                for item in found:
                    read_ours(item)

        def theirs() -> None:
            found = client.get(URL).json()
            if reads:
                for item in found:
                    read_theirs(item)

        calls = max(1, 20 * scale.calls // items)
        yield lambda: repeat(ours, calls), lambda: repeat(theirs, calls)


@contextmanager
def _read_100(scale: Scale) -> Generator[Sides]:
    with lists(min(100, scale.items), scale, reads=True) as sides:
        yield sides


@contextmanager
def _list_many(scale: Scale) -> Generator[Sides]:
    with lists(scale.items, scale, reads=False) as sides:
        yield sides


@contextmanager
def _loopback(scale: Scale) -> Generator[Sides]:
    with run_server() as url, make_client(url) as api, httpx.Client() as client:
        yield (
            lambda: repeat(lambda: api.things.get(id="a"), scale.calls),
            lambda: repeat(lambda: client.get(f"{url}/things/a").json(), scale.calls),
        )


@contextmanager
def _loopback_async(scale: Scale) -> Generator[Sides]:
    with run_server() as url, asyncio.Runner() as runner:
        api, client = make_client(url), httpx.AsyncClient()

        async def bare() -> Any:
            return (await client.get(f"{url}/things/a")).json()

        yield (
            lambda: runner.run(repeat_async(lambda: api.things.get_async(id="a"), scale.calls)),
            lambda: runner.run(repeat_async(bare, scale.calls)),
        )
        runner.run(api.aclose())
        runner.run(client.aclose())


def _line(number: str, name: str, limit: float) -> tuple[Line]:
    return (Line(number, name, BASELINE, limit),)


BENCHMARKS = [
    Benchmark(_line("3", "validated GET, 1 object", 0.95), GET, 151, FAST),
    Benchmark(_line("3", "the same, async", 0.95), GET_ASYNC, 151, FAST),
    Benchmark(_line("4", "validated POST with body", 1.0), POST, 151, FAST),
    Benchmark(_line("4", "the same, async", 1.0), POST_ASYNC, 151, FAST),
    Benchmark(
        _line("5", "validated list of 100, every attribute read", 1.3),
        _read_100,
        101,
        FAST,
        warms=10,
    ),
    Benchmark(_line("6", "validated list of 10,000", 1.0), _list_many, 31, FAST, warms=10),
    Benchmark(
        _line("6", "the same without the faster JSON parser", 1.4),
        _list_many,
        31,
        FAST[:1],
        hides=FAST[1:],
        warms=10,
    ),
    Benchmark(_line("7", "row 3 over loopback, keep-alive", 1.0), _loopback, 101),
    Benchmark(_line("7", "the same, async", 1.0), _loopback_async, 101),
    Benchmark(_line("15", "row 3 without `fast`", 2.0), GET, 101, hides=FAST),
    Benchmark(_line("15", "row 3, async, without `fast`", 2.0), GET_ASYNC, 101, hides=FAST),
    Benchmark(_line("15", "row 4 without `fast`", 2.0), POST, 101, hides=FAST),
    Benchmark(_line("15", "row 4, async, without `fast`", 2.0), POST_ASYNC, 101, hides=FAST),
]
