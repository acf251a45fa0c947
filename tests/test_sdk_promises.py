"""What the generated SDK's README promises, each with the same names, over real HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mixdyn import Mix, errors, models
from mixdyn.httpclient import AsyncHttpClient, HttpClient
from mixdyn.tools.mock import serve
from mixdyn.utils import BackoffStrategy, RetryConfig
from tests.loopback import Exchange
from tests.loopback import serve as serve_raw


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Run one stand-in server for all."""
    with serve() as server:
        yield server.url


KEY = {"api_key": "<value>", "provider": "openrouter"}


def test_blocking_call(url: str) -> None:
    """A client is a context manager, a call a method of a resource; a result can be printed."""
    with Mix(server_url=url) as mix:
        result = mix.authentication.store_api_key(api_key="<value>", provider="openrouter")
    assert result is None or "<value>" not in repr(result)


def test_async_call(url: str) -> None:
    """The same client works in `async with`, and each method has an `_async` twin."""

    async def main() -> Any:
        async with Mix(server_url=url) as mix:
            return await mix.authentication.store_api_key_async(**KEY)

    result = asyncio.run(main())
    assert result is None or "<value>" not in repr(result)


def test_event_stream(url: str) -> None:
    """A stream is a context manager and an iterator, which ends with the connection."""
    with Mix(server_url=url) as mix:
        session = mix.sessions.create(title="stream")
        result = mix.streaming.stream_events(session_id=session.id)
        with result as event_stream:
            for event in event_stream:
                assert event.event == "connected"
                break
        assert result.result is event_stream


def test_async_event_stream(url: str) -> None:
    """The awaited twin gives the same, with `async with` and `async for`."""

    async def main() -> list[str]:
        async with Mix(server_url=url) as mix:
            session = await mix.sessions.create_async(title="stream")
            async with await mix.streaming.stream_events_async(session_id=session.id) as events:
                return [event.event async for event in _first(events)]

    assert asyncio.run(main()) == ["connected"]


async def _first(events: Any) -> Any:
    async for event in events:
        yield event
        return


def test_upload(url: str, tmp_path: Path) -> None:
    """A file goes up from an open file, by name, content and media type."""
    path = tmp_path / "example.file"
    path.write_bytes(b"content")
    with Mix(server_url=url) as mix, path.open("rb") as content:
        session = mix.sessions.create(title="files")
        file = {"file_name": "example.file", "content": content, "content_type": "text/plain"}
        info = mix.files.upload_session_file(id=session.id, file=file)
        assert (info.name, info.size) == ("example.file", 7)
        response = mix.files.get_session_file(id=session.id, filename="example.file")
        assert isinstance(response, httpx.Response)
        assert response.read() == b"content"


def test_upload_models(url: str) -> None:
    """The model of a file, made by keywords, does as well as the mapping."""
    with Mix(server_url=url) as mix:
        session = mix.sessions.create(title="files")
        info = mix.files.upload_session_file(
            id=session.id, file={"fileName": "a.bin", "content": b"content"}
        )
        assert isinstance(info, models.FileInfo)


def test_retries_of_one_call() -> None:
    """A call takes a retry configuration of its own, for as long as its strategy says."""
    backoff = BackoffStrategy(1, 50, 1.1, 100)
    with serve_raw(_fail) as server, Mix(server_url=server.url) as mix:
        with pytest.raises(errors.MixError) as caught:
            mix.sessions.list(retries=RetryConfig("backoff", backoff, False))
        assert caught.value.attempts == len(server.exchanges) > 1


def test_retries_of_all_calls() -> None:
    """A client takes one for all its calls, and a call may still turn them off."""
    retry_config = RetryConfig("backoff", BackoffStrategy(1, 50, 1.1, 100), False)
    with serve_raw(_fail) as server, Mix(server_url=server.url, retry_config=retry_config) as mix:
        with pytest.raises(errors.MixError):
            mix.sessions.list()
        attempts = len(server.exchanges)
        with pytest.raises(errors.MixError):
            mix.sessions.list(retries=None)
        assert len(server.exchanges) == attempts + 1 > 2


def _fail(exchange: Exchange) -> None:
    error = {"code": 503, "message": "busy", "type": "unavailable"}
    exchange.send_json({"error": error}, 503)


def test_errors(url: str) -> None:
    """Errors have one root and the documented properties; the typed body is `data`."""
    with Mix(server_url=url) as mix, pytest.raises(errors.MixError) as caught:
        mix.sessions.get(id="no-such-session")
    error: Any = caught.value
    assert isinstance(error.message, str)
    assert error.status_code == 404
    assert error.body.startswith("{")
    assert error.headers["content-type"].startswith("application/json")
    assert isinstance(error.raw_response, httpx.Response)
    assert isinstance(error, errors.ErrorResponse)
    assert error.data.error.code == 404
    assert isinstance(error.data.error, models.RESTError)


def test_errors_of_an_unlisted_type() -> None:
    """An error body of the schema is its error, also with a type that the document lacks."""

    def answer(exchange: Exchange) -> None:
        error = {"code": 418, "message": "no coffee", "type": "teapot"}
        exchange.send_json({"error": error}, 418)

    with (
        serve_raw(answer) as server,
        Mix(server_url=server.url) as mix,
        pytest.raises(errors.ErrorResponse, match="no coffee") as caught,
    ):
        mix.sessions.get(id="x")
    assert caught.value.data.error.type == "teapot"


def test_network_errors() -> None:
    """Errors of the network are the HTTP client's own."""
    with serve_raw(_fail, is_open=False) as server, Mix(server_url=server.url) as mix:
        with pytest.raises(httpx.ConnectError):
            mix.sessions.list(retries=None)
        with pytest.raises(httpx.RequestError):
            asyncio.run(mix.sessions.list_async(retries=None))


def test_timeouts() -> None:
    """A time limit that passes is the HTTP client's own error."""
    with (
        serve_raw(Exchange.stay) as server,
        Mix(server_url=server.url, retry_config=None) as mix,
        pytest.raises(httpx.TimeoutException),
    ):
        mix.sessions.list(timeout_ms=50)


def test_response_validation_error() -> None:
    """An answer that does not fit its schema says so, with the error underneath as its cause."""
    with (
        serve_raw(lambda exchange: exchange.send_json([{"id": 5}])) as server,
        Mix(server_url=server.url) as mix,
        pytest.raises(errors.ResponseValidationError) as caught,
    ):
        mix.sessions.list()
    assert caught.value.body == '[{"id": 5}]'
    assert hasattr(caught.value, "cause")


def test_custom_header() -> None:
    """A client of the caller's is used as it is set, and stays open."""
    with (
        serve_raw(lambda exchange: exchange.send_json([])) as server,
        httpx.Client(headers={"x-custom-header": "someValue"}) as http_client,
    ):
        with Mix(client=http_client, server_url=server.url) as mix:
            mix.sessions.list()
        assert server.exchanges[0].headers["x-custom-header"] == "someValue"
        assert not http_client.is_closed


class CustomClient(AsyncHttpClient):
    """A wrapper around an async client, which adds a header of its own."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def send(self, request: Any, **options: Any) -> Any:
        request.headers["Client-Level-Header"] = "added by client"
        return await self.client.send(request, **options)

    def build_request(
        self, method: str, url: Any, *, content: Any = None, headers: Any = None, **more: Any
    ) -> Any:
        return self.client.build_request(method, url, content=content, headers=headers, **more)

    async def aclose(self) -> None:
        await self.client.aclose()


class PlainClient(HttpClient):
    """The same for blocking calls."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def send(self, request: Any, **options: Any) -> Any:
        request.headers["Client-Level-Header"] = "added by client"
        return self.client.send(request, **options)

    def build_request(self, method: str, url: Any, **options: Any) -> Any:
        return self.client.build_request(method, url, **options)

    def close(self) -> None:
        self.client.close()


def test_custom_clients() -> None:
    """Whatever can build, send and close is a client: the SDK's wrappers work as they are."""
    with serve_raw(lambda exchange: exchange.send_json([])) as server:
        with httpx.Client() as client:
            Mix(client=PlainClient(client), server_url=server.url).sessions.list()

        async def main() -> None:
            async with httpx.AsyncClient() as client:
                mix = Mix(async_client=CustomClient(client), server_url=server.url)
                await mix.sessions.list_async()

        asyncio.run(main())
        added = [exchange.headers["client-level-header"] for exchange in server.exchanges]
        assert added == ["added by client"] * 2


def test_debug_logger(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """A logger of the caller's gets each request and response."""
    with (
        caplog.at_level(logging.DEBUG, "mine"),
        Mix(debug_logger=logging.getLogger("mine"), server_url=url) as mix,
    ):
        mix.authentication.store_api_key(**KEY)
    own = [record.getMessage() for record in caplog.records if record.name == "mine"]
    assert len(own) == 2
    assert "POST" in own[0]
    assert "<value>" not in "".join(own)


def test_servers(url: str) -> None:
    """The server is the document's by its index, the client's, or the call's."""
    assert (
        str(Mix(server_idx=0).sessions.list.prepare().url) == "http://localhost:8088/api/sessions"
    )
    mix = Mix(server_url="http://elsewhere.test/base?key=1")
    prepared = mix.sessions.list.prepare()
    assert prepared.url.startswith("http://elsewhere.test/base/api/sessions?key=1")
    assert mix.sessions.list(server_url=url) is not None
