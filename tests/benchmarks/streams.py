"""
Event streams against httpx-sse with `json.loads`, which neither types nor validates; the bytes come
from memory, so that reading, decoding, typing and checking is all that is measured.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx

from mixdyn import Client
from mixdyn.settings import Mode
from tests.benchmarks.measure import Row, compare

URL = "http://localhost:8088"
_TEXT = {"type": "string"}
_TOKEN = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"const": "token"},
        "id": _TEXT,
        "data": {"type": "object", "required": ["text"], "properties": {"text": _TEXT}},
    },
}
_DONE = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {"event": {"const": "done"}, "data": _TEXT},
}
_EVENTS = {
    "oneOf": [{"$ref": "#/components/schemas/Token"}, {"$ref": "#/components/schemas/Done"}],
    "discriminator": {"propertyName": "event"},
}
_ANSWER = {"description": "", "content": {"text/event-stream": {"schema": _EVENTS}}}
SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Benchmark", "version": "1"},
    "paths": {"/events": {"get": {"operationId": "watch", "responses": {"200": _ANSWER}}}},
    "components": {"schemas": {"Token": _TOKEN, "Done": _DONE}},
}


class _Chunks(httpx.SyncByteStream):
    """A body that is in memory, in chunks of a size."""

    def __init__(self, content: bytes, size: int) -> None:
        self._content = content
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        content, size = self._content, self._size
        for start in range(0, len(content), size):
            yield content[start : start + size]


def make_events(count: int, size: int) -> bytes:
    """Give a stream of events that take so many bytes each, blank line included."""
    bare = len('event: token\ndata: {"text": ""}\n\n')
    return f'event: token\ndata: {{"text": "{"x" * (size - bare)}"}}\n\n'.encode() * count


def measure_events(
    name: str, stream: bytes, chunk: int, mode: Mode, limit: float | None, rounds: int
) -> Row:
    """Compare the time to read a whole stream."""

    def answer(_request: httpx.Request) -> httpx.Response:
        headers = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=headers, stream=_Chunks(stream, chunk))

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        api = Client(SPEC, server_url=URL, client=client, validate=mode)
        sides = (partial(_read_ours, api), partial(_read_theirs, client))
        return compare(name, "httpx-sse and json.loads", limit, sides, rounds)


def _read_ours(api: Any) -> float:
    with api.watch() as events:
        return _seconds(events, lambda event: event.data)


def _read_theirs(client: httpx.Client) -> float:
    from httpx_sse import connect_sse

    with connect_sse(client, "GET", f"{URL}/events") as source:
        return _seconds(source.iter_sse(), lambda event: json.loads(event.data))


def _seconds(events: Any, look: Callable[[Any], Any]) -> float:
    start = time.perf_counter()
    for event in events:
        look(event)
    return time.perf_counter() - start
