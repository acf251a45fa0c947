"""Blocking and async calls are the same: one list of scenarios, two runs, equal outcomes."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import httpx
import pytest

from mixdyn.errors import MixError
from mixdyn.retry import BackoffStrategy, RetryConfig
from mixdyn.stream import AsyncEventStream, EventStream
from mixdyn.view import Model
from tests.loopback import Exchange, serve
from tests.things import make_client

TICK = 'event: tick\nid: 7\ndata: {"n": 1}\n\n'
QUICK = RetryConfig("backoff", BackoffStrategy(1, 1, 1, 10_000), True)


class Server:
    """Answers by path, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int]] = []
        self.is_busy = True

    def __call__(self, exchange: Exchange) -> None:
        self.asked.append((exchange.method, exchange.target, len(exchange.body)))
        kind = exchange.target.strip("/").replace("/", "_")
        getattr(self, kind, self.missing)(exchange)

    def missing(self, exchange: Exchange) -> None:
        exchange.send_json({"message": f"nothing at {exchange.target}"}, 404)

    def things(self, exchange: Exchange) -> None:
        if exchange.method == "POST":
            exchange.send_json({**json.loads(exchange.body), "made": "2024-01-01T00:00:00Z"}, 201)
        else:
            exchange.send_json([{"name": "a"}, {"name": "b"}])

    def things_busy(self, exchange: Exchange) -> None:
        is_busy, self.is_busy = self.is_busy, False
        exchange.send_json({"message": "busy"}, 503) if is_busy else exchange.send_json(
            {"name": "c"}
        )

    def things_drift(self, exchange: Exchange) -> None:
        exchange.send_json({"name": 5})

    def things_html(self, exchange: Exchange) -> None:
        exchange.send_head(502, "text/html", "Content-Length: 7")
        exchange.send(b"<html/>")

    def things_broken(self, exchange: Exchange) -> None:
        exchange.send_head(200, "application/json", "Content-Length: 2")
        exchange.send(b"{]")

    def things_cut(self, exchange: Exchange) -> None:
        exchange.send_head(200, "application/json", "Content-Length: 20")
        exchange.sock.shutdown(2)

    def things_gone(self, exchange: Exchange) -> None:
        exchange.send_head(204)

    def events(self, exchange: Exchange) -> None:
        exchange.start_stream(TICK, "event: tock\ndata: 5\n\n", "event: new\ndata: x\n\n")
        exchange.send(b"0\r\n\r\n")

    def file(self, exchange: Exchange) -> None:
        if exchange.method == "PUT":
            exchange.send_head(204)
        else:
            exchange.send_head(200, "application/octet-stream", "Content-Length: 5")
            exchange.send(b"\x00\x01\x02\x03\x04")

    def form(self, exchange: Exchange) -> None:
        exchange.send_head(204)


SCENARIOS: list[tuple[str, dict[str, Any]]] = [
    ("list", {}),
    ("create", {"name": "x"}),
    ("create", {}),
    ("create", {"name": 5}),
    ("create", {"name": "x", "nmae": "y"}),
    ("get", {"id": "busy", "retries": QUICK}),
    ("get", {"id": "drift"}),
    ("get", {"id": "drift", "validate": "warn"}),
    ("get", {"id": "html"}),
    ("get", {"id": "broken"}),
    ("get", {"id": "cut"}),
    ("get", {"id": "unknown"}),
    ("get", {"id": ".."}),
    ("get", {"id": "x", "server_url": "http://127.0.0.1:1"}),
    ("get", {"id": "x", "timeout_ms": -1}),
    ("delete", {"id": "gone"}),
    ("watch", {}),
    ("watch", {"validate": "strict"}),
    ("download", {}),
    ("upload", {"body": b"\x00" * 100_000}),
    ("upload", {"body": lambda: io.BytesIO(b"abc")}),
    ("attach", {"file": ("a.txt", b"hello", "text/plain")}),
    ("attach", {"file": lambda: io.BytesIO(b"abc")}),
]


def describe(value: Any) -> Any:
    """Give an outcome in a form that can be compared."""
    if isinstance(value, Model):
        return type(value).__name__, value.to_dict()
    if isinstance(value, list):
        return [describe(item) for item in value]
    return value


def describe_error(error: Exception) -> Any:
    """Give an error in a form that can be compared."""
    more = (
        (error.status_code, error.body, describe(error.data)) if isinstance(error, MixError) else ()
    )
    # httpx words its errors in two ways, but they are of one class.
    text = "" if isinstance(error, httpx.TransportError) else str(error)
    return type(error).__name__, text, *more


def finish(value: Any) -> Any:
    """Take what a blocking call gave to its end."""
    if isinstance(value, EventStream):
        with value:
            return drain(iter(value).__next__)
    return value.read() if isinstance(value, httpx.Response) else describe(value)


def drain(take: Any) -> list[Any]:
    """Take events, errors among them, until there are no more."""
    seen: list[Any] = []
    while True:
        try:
            seen.append(describe(take()))
        except (StopIteration, StopAsyncIteration):
            return seen
        except MixError as error:
            seen.append(describe_error(error))


async def finish_async(value: Any) -> Any:
    """Take what an async call gave to its end."""
    if isinstance(value, AsyncEventStream):
        seen: list[Any] = []
        async with value:
            while True:
                try:
                    seen.append(describe(await anext(value)))
                except StopAsyncIteration:
                    return seen
                except MixError as error:
                    seen.append(describe_error(error))
    return await value.aread() if isinstance(value, httpx.Response) else describe(value)


def run_blocking(url: str, method: str, arguments: dict[str, Any]) -> Any:
    with make_client(url) as api:
        try:
            return finish(getattr(api.things, method)(**arguments))
        except Exception as error:  # noqa: BLE001  # every outcome is compared
            return describe_error(error)


async def run_async(url: str, method: str, arguments: dict[str, Any]) -> Any:
    async with make_client(url) as api:
        try:
            return await finish_async(await getattr(api.things, f"{method}_async")(**arguments))
        except Exception as error:  # noqa: BLE001  # every outcome is compared
            return describe_error(error)


def without_port(value: Any, url: str) -> Any:
    return json.loads(json.dumps(value, default=repr).replace(url, "URL"))


@pytest.mark.parametrize(
    ("method", "given"), SCENARIOS, ids=lambda v: v if isinstance(v, str) else ""
)
def test_same(method: str, given: dict[str, Any]) -> None:
    """A blocking and an awaited call ask the server the same and come to the same outcome."""
    outcomes = []
    for is_async in (False, True):
        server = Server()
        arguments = {k: v() if callable(v) else v for k, v in given.items()}
        with serve(server) as loopback:
            if is_async:
                outcome = asyncio.run(run_async(loopback.url, method, arguments))
            else:
                outcome = run_blocking(loopback.url, method, arguments)
            outcomes.append((without_port(outcome, loopback.url), server.asked))
    assert outcomes[0] == outcomes[1]


def test_outcomes() -> None:
    """The scenarios do meet what they are meant to: results, errors of each kind, events."""
    with serve(Server()) as server:
        told = [
            run_blocking(server.url, m, {k: v() if callable(v) else v for k, v in a.items()})
            for m, a in SCENARIOS
        ]
    kinds = [o[0] if isinstance(o, tuple) else type(o).__name__ for o in told]
    assert kinds == [
        *("list", "Thing", "TypeError", "RequestValidationError", "TypeError", "Thing"),
        *("ResponseValidationError", "Thing", "Failure", "ResponseValidationError"),
        *("RemoteProtocolError", "Failure", "RequestValidationError", "ConnectError", "ValueError"),
        *("NoneType", "list", "list", "bytes", "NoneType", "NoneType", "NoneType", "NoneType"),
    ]
