"""Streams in all their forms, through whole calls: what the server sends decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from mixdyn.client import Client
from mixdyn.errors import ResponseValidationError
from mixdyn.event import ServerEvent, UnknownEvent
from mixdyn.stream import AsyncEventStream, EventStream
from tests.documents import INTEGER, answers, fields, make_document

SSE = "text/event-stream"
LINES = "application/x-ndjson"
TEXTS = "application/json-seq"
THING = fields("n", n=INTEGER)


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in chunks, which tells whether it was closed."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self.chunks

    def close(self) -> None:
        self.is_closed = True


def call(declared: Any, sent: str, *chunks: bytes, **options: Any) -> tuple[Any, Body]:
    """Give what a call gives for an answer, and its body."""
    body = Body(*chunks)

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": sent}, stream=body)

    operation = {"operationId": "watch", **declared}
    document = make_document({"/x": {"get": operation}})
    client = httpx.Client(transport=httpx.MockTransport(answer))
    api: Any = Client(document, server_url="http://x.test", client=client, **options)
    return api.watch(), body


@pytest.mark.parametrize(
    ("sent", "content"),
    [
        (LINES, b'{"n": 1}\n{"n": 2}'),
        ("application/jsonl", b'{"n": 1}\n\n{"n": 2}\n'),
        ("application/jsonlines; charset=utf-8", b'{"n": 1}\r\n{"n": 2}\n'),
        (TEXTS, b'\x1e{"n": 1}\n\x1e{"n": 2}\n'),
        ("application/geo+json-seq", b'\x1e{"n": 1}\x1e{"n": 2}'),
    ],
)
@pytest.mark.parametrize("schema", [THING, {"type": "array", "items": THING}])
def test_records(schema: Any, sent: str, content: bytes) -> None:
    """JSON Lines, NDJSON and JSON text sequences give typed items."""
    essence = sent.partition(";")[0]
    for declared in (essence, "application/json"):
        stream, _ = call(answers(schema, media=declared), sent, content)
        assert isinstance(stream, EventStream)
        assert [item.n for item in stream] == [1, 2]


def test_an_item_schema() -> None:
    """OpenAPI 3.2's `itemSchema` describes each item."""
    declared = {"200": {"description": "", "content": {LINES: {"itemSchema": THING}}}}
    stream, _ = call({"responses": declared}, LINES, b'{"n": 1}\n')
    assert [item.n for item in stream] == [1]


def test_a_record_that_does_not_fit() -> None:
    """In `strict` it is an error of its own, and the next follows; in `warn` it has problems."""
    lines = b'{"n": "x"}\n{broken\n{"n": 2}\n'
    stream, _ = call(answers(THING, media=LINES), LINES, lines, validate="strict")
    for _ in range(2):
        with pytest.raises(ResponseValidationError, match="a record does not fit"):
            next(stream)
    assert next(stream).n == 2
    stream, _ = call(answers(THING, media=LINES), LINES, lines)
    assert [len(item.problems) for item in stream] == [1, 1, 0]


def test_events_for_declared_json() -> None:
    """An event stream in answer to an operation that declares JSON is a stream of events."""
    content = b'event: a\ndata: {"n": 1}\n\ndata: {"other": 1}\n\n'
    stream, _ = call(answers(THING), SSE, content, validate="strict")
    first, second = stream
    assert (type(first), first.data.n, first.event) == (ServerEvent, 1, "a")
    assert (type(second), second.data) == (UnknownEvent, {"other": 1})


def test_json_for_a_declared_stream() -> None:
    """JSON in answer to an operation that declares a stream is a value."""
    value, body = call(answers(THING, media=SSE), "application/json", b'{"n": 1}')
    assert value == {"n": 1}
    assert body.is_closed


@pytest.mark.parametrize("sent", ["Text/Event-Stream", f"{SSE}; charset=iso-8859-1", f"{SSE} ;x=y"])
def test_the_media_type_is_matched_by_its_name_alone(sent: str) -> None:
    """Case and parameters make no difference, and the text is UTF-8 whatever they say."""
    stream, _ = call(answers({"type": "string"}, media=SSE), sent, "data: \xe9\n\n".encode())
    assert [event.data for event in stream] == ["\xe9"]


@pytest.mark.parametrize("sent", ["text/event-streams", "text/x-event-stream", "text/event"])
def test_other_media_types_are_no_event_streams(sent: str) -> None:
    """The media type is matched exactly."""
    value, _ = call(answers({"type": "string"}, media=SSE), sent, b"data: x\n\n")
    assert not isinstance(value, EventStream)


def test_a_file_of_lines_is_a_file() -> None:
    """What is declared as bytes is downloaded, though it holds lines of JSON."""
    file = {"type": "string", "format": "binary"}
    value, _ = call(answers(file, media=LINES), LINES, b'{"n": 1}\n')
    assert not isinstance(value, EventStream)
    assert value.read() == b'{"n": 1}\n'


def with_sentinel(media: str) -> Any:
    declared = answers(THING, media=media)
    declared["responses"]["200"]["content"][media]["x-speakeasy-sse-sentinel"] = "[DONE]"
    return declared


@pytest.mark.parametrize(
    ("media", "end"), [(SSE, b"data: [DONE]\n\n"), (LINES, b"[DONE]\n")], ids=["events", "lines"]
)
def test_the_sentinel_ends_the_stream(media: str, end: bytes) -> None:
    """The declared sentinel ends the iteration, and the connection, though more would come."""
    one = b'data: {"n": 1}\n\n' if media == SSE else b'{"n": 1}\n'
    declared = with_sentinel(media)
    stream, body = call(declared, media, one, one + end + one, one, validate="strict")
    assert len(list(stream)) == 2
    assert body.is_closed
    stream, _ = call(declared, media, one, one + end + one)
    assert len(list(stream.raw())) == 2


def test_signatures_tell_of_streams() -> None:
    """An operation that declares records gives a stream, by its signature too."""
    document = make_document(
        {"/x": {"get": {"operationId": "watch", **answers(THING, media=LINES)}}}
    )
    api: Any = Client(document, server_url="http://x.test")
    assert api.watch.__annotations__["return"] is EventStream
    assert api.watch_async.__annotations__["return"] is AsyncEventStream
