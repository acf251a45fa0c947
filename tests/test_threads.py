"""One client used by many threads at once: each call gets its own answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from mixdyn.client import Client
from tests.loopback import PATIENCE, Exchange, serve
from tests.things import make_client

THREADS = 32


def ask_from_threads(api: Client, calls: int) -> list[str]:
    """Make calls from many threads at once; gives those answered with another's answer."""
    gate = threading.Barrier(THREADS, timeout=PATIENCE)

    def ask(thread: int) -> list[str]:
        gate.wait()
        names = (f"{thread}-{number}" for number in range(calls))
        return [name for name in names if api.things.get(id=name).name != name]

    with ThreadPoolExecutor(THREADS) as pool:
        return [name for astray in pool.map(ask, range(THREADS)) for name in astray]


def test_own_answers_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 32 x 1,000 calls through transports in memory each gets its own answer."""
    headers = {"content-type": "application/json"}
    busy: set[httpx.BaseTransport] = set()

    class Memory(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            assert self not in busy
            busy.add(self)
            content = json.dumps({"name": request.url.path.rpartition("/")[2]}).encode()
            return httpx.Response(200, headers=headers, stream=Body(self, content))

    class Body(httpx.ByteStream):
        def __init__(self, owner: Memory, content: bytes) -> None:
            super().__init__(content)
            self.owner = owner

        def close(self) -> None:
            busy.discard(self.owner)

    make: Callable[..., Memory] = lambda *_, **__: Memory()  # noqa: E731  # a method to be
    monkeypatch.setattr(httpx.Client, "_init_transport", make)
    with make_client() as api:
        assert ask_from_threads(api, 1000) == []
    assert not busy


def test_own_answers_over_loopback() -> None:
    """The same over sockets, with 32 x 100 calls, and no more connections than threads."""

    def answer(exchange: Exchange) -> None:
        exchange.send_json({"name": exchange.target.rpartition("/")[2]})

    with serve(answer) as server:
        with make_client(server.url) as api:
            assert ask_from_threads(api, 100) == []
        assert len(server.connections) <= THREADS
