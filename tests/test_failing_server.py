"""The table of retries again, against a real server that fails in each of its ways."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import ExitStack
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from mixdyn.errors import MixError
from mixdyn.retry import BackoffStrategy, RetryConfig
from tests.loopback import Exchange, Loopback, serve
from tests.things import make_client

TABLE = json.loads((Path(__file__).parent / "data" / "retry.json").read_text())["failures"]
RETRIES = RetryConfig("backoff", BackoffStrategy(1, 1, 1, 60_000), True)
MADE = {"name": "a", "message": "it failed"}


def half(exchange: Exchange) -> None:
    exchange.send_head(200, "application/json", "Content-Length: 100")
    exchange.send(b'[{"name"')
    exchange.sock.shutdown(2)


def status(code: int, *headers: str) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.send_json(MADE, code, *headers)


FAILURES: dict[str, Callable[[Exchange], None]] = {
    "closed without an answer": lambda exchange: exchange.sock.shutdown(2),
    "reset": Exchange.reset,
    "half an answer": half,
    "read timeout": lambda exchange: exchange.stay(),
    "503 with Retry-After in seconds": status(503, "Retry-After: 0"),
    "503 with Retry-After as a date": status(503, f"Retry-After: {formatdate(0, usegmt=True)}"),
    "503 with retry-after-ms": status(503, "retry-after-ms: 1"),
    "503 with nonsense in Retry-After": status(503, "Retry-After: soon"),
    "500 with Retry-After in seconds": status(500, "Retry-After: 0"),
    **{code: status(int(code)) for code in TABLE if code.isdigit()},
}


@pytest.fixture(params=["blocking", "async"])
def call(request: Any) -> Callable[..., Any]:
    """Call a method, or its twin: a POST where it is called `create`, else a GET."""
    is_async = request.param == "async"

    def call(api: Any, name: str) -> Any:
        given = {"name": "a"} if name == "create" else {}
        if is_async:
            return asyncio.run(getattr(api.things, f"{name}_async").with_response(**given))
        return getattr(api.things, name).with_response(**given)

    return call


@pytest.mark.parametrize("name", ["list", "create"])
@pytest.mark.parametrize("failure", FAILURES)
def test_failure(call: Callable[..., Any], failure: str, name: str) -> None:
    """A failure is followed by another attempt where the table says so, and else is the end."""
    failing = [FAILURES[failure]]

    def answer(exchange: Exchange) -> None:
        if failing:
            failing.pop()(exchange)
        elif name == "create":
            exchange.send_json(MADE, 201)
        else:
            exchange.send_json([MADE])

    options: dict[str, Any] = {"retry_config": RETRIES, "timeout_ms": {"read": 100}}
    with serve(answer) as server, make_client(server.url, **options) as api:
        if TABLE[failure]["safe" if name == "list" else "unsafe"]:
            assert call(api, name).attempts == 2
            assert len(server.exchanges) == 2
        else:
            with pytest.raises((MixError, httpx.TransportError)) as caught:
                call(api, name)
            assert getattr(caught.value, "attempts", None) == 1
            assert len(server.exchanges) == 1


@pytest.mark.parametrize("name", ["list", "create"])
def test_refused(call: Callable[..., Any], name: str) -> None:
    """A refused connection is tried again, whatever was to be sent."""

    def answer(exchange: Exchange) -> None:
        exchange.send_json(MADE if name == "create" else [MADE], 201 if name == "create" else 200)

    with serve(answer, is_open=False) as server:
        opening = SimpleNamespace(
            before_request=lambda context, _: open_at(server, context.attempt)
        )
        with make_client(server.url, retry_config=RETRIES, hooks=opening) as api:
            assert call(api, name).attempts == 3


def open_at(server: Loopback, attempt: int) -> None:
    if attempt == 3:
        server.open()


@pytest.mark.parametrize("name", ["list", "create"])
def test_full_pool(name: str) -> None:
    """A call that finds no connection free is tried again, whatever was to be sent."""

    def answer(exchange: Exchange) -> None:
        if exchange.target == "/events":
            exchange.start_stream()
            exchange.stay()
        else:
            exchange.send_json([MADE] if name == "list" else MADE, 200 if name == "list" else 201)

    timeout = httpx.Timeout(20.0, pool=0.01)
    with serve(answer) as server, ExitStack() as stack:
        client = stack.enter_context(
            httpx.Client(limits=httpx.Limits(max_connections=1), timeout=timeout)
        )
        stream = make_client(server.url, client=client).things.watch()
        hook = SimpleNamespace(
            after_error=lambda context, response, error: (
                stream.close() if context.attempt == 2 else None
            )
        )
        api: Any = make_client(server.url, client=client, retry_config=RETRIES, hooks=hook)
        given = {"name": "a"} if name == "create" else {}
        assert getattr(api.things, name).with_response(**given).attempts == 3


CODES = (503, 503, 503, 200)


@pytest.mark.parametrize("is_async", [False, True])
def test_one_connection_is_enough_for_retries(*, is_async: bool) -> None:
    """A failed answer gives its connection back before the next attempt, as good as before."""
    codes = list(CODES)

    def answer(exchange: Exchange) -> None:
        code = codes.pop(0)
        exchange.send_json([MADE] if code == 200 else MADE, code)

    with serve(answer) as server:
        limits, timeout = httpx.Limits(max_connections=1), httpx.Timeout(20.0, pool=1.0)
        if is_async:
            attempts = asyncio.run(_call_async(server.url, limits=limits, timeout=timeout))
        else:
            with httpx.Client(limits=limits, timeout=timeout) as client:
                api = make_client(server.url, retry_config=RETRIES, client=client)
                attempts = api.things.list.with_response().attempts
        assert attempts == len(CODES)
        assert len(server.connections) == 1


async def _call_async(url: str, **options: Any) -> int:
    async with httpx.AsyncClient(**options) as client:
        api = make_client(url, retry_config=RETRIES, async_client=client)
        outcome: Any = await api.things.list_async.with_response()
        return int(outcome.attempts)
