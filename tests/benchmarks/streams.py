"""
Event streams against httpx-sse with `json.loads`, which neither types nor validates; the bytes come
from memory, so that reading, decoding, typing and checking is all that is measured.
"""

from __future__ import annotations

import json
import time
import tracemalloc
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

    def __init__(self, content: bytes, size: int, repeat: int = 1) -> None:
        self._content = content
        self._size = size
        self._repeat = repeat

    def __iter__(self) -> Iterator[bytes]:
        content, size = self._content, self._size
        for _ in range(self._repeat):
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


def measure_rows(rounds: int) -> list[Row]:
    """Measure what the project promises of streams, with the extra `fast`."""
    small, medium = make_events(20_000, 50), make_events(2_000, 2_048)
    large = make_events(1, 2_000_000)
    rows = [
        measure_events("20,000 events of 50 bytes, strict", small, 4096, "strict", 1.3, rounds),
        measure_events("20,000 events of 50 bytes, off", small, 4096, "off", 1.0, rounds),
        measure_events("2,000 events of 2 KB, strict", medium, 4096, "strict", 1.2, rounds),
        measure_events("2,000 events of 2 KB, off", medium, 4096, "off", 1.2, rounds),
    ]
    for chunk in (1, 64, 4096, 65_536):
        few = min(rounds, 3) if chunk == 1 else rounds
        name = f"one event of 2 MB in chunks of {chunk} bytes"
        rows.append(measure_events(name, large, chunk, "strict", 2.0, few))
    return rows


def soak(events: int = 1_000_000) -> tuple[int, int]:
    """Give the memory in use after a tenth of so many events and after all of them, in bytes."""
    tenth = make_events(events // 10, 50)

    def answer(_request: httpx.Request) -> httpx.Response:
        stream = _Chunks(tenth, 4096, repeat=10)
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=stream)

    used: list[int] = []
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        tracemalloc.start()
        with Client(SPEC, server_url=URL, client=client, validate="strict").watch() as stream:
            for number, _ in enumerate(stream, start=1):
                if number in (events // 10, events - 1):
                    used.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    return used[0], used[1]


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


if __name__ == "__main__":
    first, last = soak()
    print(f"one million events: {first:,} bytes in use after a tenth, {last:,} at the end")
