"""
Row 13: event streams against httpx-sse with `json.loads`, which neither types nor validates; the
bytes come from memory, so that reading, decoding, typing and checking is all that is measured.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import httpx

from mixdyn import Client
from mixdyn.settings import Mode
from tests.benchmarks.measure import Benchmark, Figures, Line, Scale, Sides

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


@contextmanager
def compare_streams(stream: bytes, chunk: int, mode: Mode) -> Generator[Sides]:
    """Compare the time to read a whole stream."""

    def answer(_request: httpx.Request) -> httpx.Response:
        headers = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=headers, stream=_Chunks(stream, chunk))

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        api = Client(SPEC, server_url=URL, client=client, validate=mode)
        yield partial(_read_ours, api), partial(_read_theirs, client)


def _many(count: int, size: int, mode: Mode, scale: Scale) -> AbstractContextManager[Sides]:
    events = max(1, count * scale.events // 20_000)
    return compare_streams(make_events(events, size), 4096, mode)


def _one(chunk: int, scale: Scale) -> AbstractContextManager[Sides]:
    return compare_streams(make_events(1, min(2_000_000, 100 * scale.events)), chunk, "strict")


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


def _read_ours(api: Any) -> Figures:
    with api.watch() as events:
        return _seconds(events, lambda event: event.data)


def _read_theirs(client: httpx.Client) -> Figures:
    from httpx_sse import connect_sse

    with connect_sse(client, "GET", f"{URL}/events") as source:
        return _seconds(source.iter_sse(), lambda event: json.loads(event.data))


def _seconds(events: Any, look: Callable[[Any], Any]) -> Figures:
    start = time.perf_counter()
    for event in events:
        look(event)
    return (time.perf_counter() - start,)


def _line(name: str, limit: float) -> tuple[Line]:
    return (Line("13", name, "httpx-sse and json.loads", limit),)


_FAST = ("httpx_sse", "jsonschema_rs", "msgspec")
BENCHMARKS = [
    *(
        Benchmark(_line(f"{count:,} events of {size}, {mode}", limit), opened, 9, _FAST)
        for count, size, mode, limit, opened in (
            (20_000, "50 bytes", "strict", 1.3, partial(_many, 20_000, 50, "strict")),
            (20_000, "50 bytes", "off", 1.0, partial(_many, 20_000, 50, "off")),
            (2_000, "2 KB", "strict", 1.2, partial(_many, 2_000, 2_048, "strict")),
            (2_000, "2 KB", "off", 1.2, partial(_many, 2_000, 2_048, "off")),
        )
    ),
    *(
        Benchmark(
            _line(f"one event of 2 MB in chunks of {chunk:,} bytes", 2.0),
            partial(_one, chunk),
            3 if chunk == 1 else 9,
            _FAST,
        )
        for chunk in (1, 64, 4_096, 65_536)
    ),
]

if __name__ == "__main__":
    first, last = soak()
    print(f"one million events: {first:,} bytes in use after a tenth, {last:,} at the end")
