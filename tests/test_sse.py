"""
Event streams: the cases of `data/sse.json` at many chunkings, and a decoder written from the text.
"""

from __future__ import annotations

import copy
import json
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn.sse import Decoder, EventTooLargeError, RawEvent, Replay

CASES = json.loads((Path(__file__).parent / "data" / "sse.json").read_text("utf-8"))
PIECES = [
    *(b"data", b"event", b"id", b"retry", b"data: ", b"event: ", b"id: ", b"retry: ", b"other"),
    *(b":", b": ", b" ", b"\n", b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n"),
    *(b"1", b"42", b"a", b"\0", b"\t", b"\x0b", b"\x1c", b"\xc2\x85", b"\xe2\x80\xa8"),
    *(b"\xef\xbb\xbf", b"\xef", b"\xe2\x82", b"\xac", b"\xff", b"\xf0\x9f\x98\x80"),
]
STREAMS = st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)
SIZES = st.lists(st.integers(0, 12), max_size=40)


def cut(stream: bytes, sizes: list[int]) -> list[bytes]:
    """Cut a stream into chunks of these sizes, and what is left into one more."""
    chunks: list[bytes] = []
    start = 0
    for size in sizes:
        chunks.append(stream[start : start + size])
        start += size
    return [*chunks, stream[start:]]


def cut_evenly(stream: bytes, size: int) -> list[bytes]:
    return cut(stream, [size] * (len(stream) // size))


def decode(chunks: list[bytes]) -> tuple[list[RawEvent], str, int | None]:
    """Give the events, and the state that a reconnection would use."""
    decoder = Decoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events, decoder.last_event_id, decoder.retry


def decode_bounded(chunks: list[bytes], limit: int) -> tuple[list[RawEvent], bool]:
    """Give the events that got through, and whether the stream was refused then."""
    decoder = Decoder(max_event_bytes=limit)
    events: list[RawEvent] = []
    try:
        for chunk in chunks:
            events += decoder.feed(chunk)
    except EventTooLargeError as error:
        return [*events, *error.events], True
    return events, False


def decode_by_the_text(stream: bytes) -> tuple[list[RawEvent], str, int | None]:
    """Interpret a whole stream as WHATWG HTML 9.2.6 words it, step by step."""
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    events: list[RawEvent] = []
    data_buffer = event_type_buffer = last_event_id_buffer = last_event_id_string = ""
    reconnection_time: int | None = None
    retry: int | None = None
    for line in lines[:-1]:  # "any pending data must be discarded"
        if line == "":
            last_event_id_string = last_event_id_buffer
            if data_buffer != "":
                data = data_buffer.removesuffix("\n")
                event = event_type_buffer or "message"
                events.append(RawEvent(event, data, last_event_id_string, retry))
            data_buffer = event_type_buffer = ""
            retry = None
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                event_type_buffer = value
            case "data":
                data_buffer += value + "\n"
            case "id" if "\0" not in value:
                last_event_id_buffer = value
            case "retry" if value != "" and set(value) <= set("0123456789"):
                reconnection_time = retry = int(min(Decimal(value), Decimal(10**15 - 1)))
            case _:
                pass
    return events, last_event_id_string, reconnection_time


def read_case(case: dict[str, Any]) -> tuple[bytes, tuple[list[RawEvent], str, int | None]]:
    """Give a case's bytes and what they decode to."""
    stream = bytes.fromhex(case["stream_hex"]) if "stream_hex" in case else case["stream"].encode()
    events = [RawEvent(**event) for event in case["events"]]
    last_event_id = case.get("last_event_id", events[-1].id if events else "")
    return stream, (events, last_event_id, case.get("retry"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_feed(case: dict[str, Any]) -> None:
    """
    A stream gives the events and the state of its case, whatever the size of the chunks.
    """
    stream, expected = read_case(case)
    for size in (1, 2, 3, 7, len(stream) + 1):
        assert decode(cut_evenly(stream, size)) == expected, f"chunks of {size}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_feed_two_chunks(case: dict[str, Any]) -> None:
    """
    A short stream may be cut in two anywhere.
    """
    stream, expected = read_case(case)
    for position in range(min(len(stream), 300)):
        assert decode(cut(stream, [position])) == expected, f"cut at {position}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_reference(case: dict[str, Any]) -> None:
    """
    The decoder written from the standard's text agrees with the cases.
    """
    stream, expected = read_case(case)
    assert decode_by_the_text(stream) == expected


@given(STREAMS, SIZES)
def test_feed_any_stream(stream: bytes, sizes: list[int]) -> None:
    """
    Any bytes in any chunks decode as the standard's text says.
    """
    assert decode(cut(stream, sizes)) == decode_by_the_text(stream)


@given(st.binary(), SIZES)
def test_feed_any_bytes(stream: bytes, sizes: list[int]) -> None:
    """
    Bytes that are no event stream do no harm.
    """
    assert decode(cut(stream, sizes)) == decode_by_the_text(stream)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\r", b"\r\n\r"], ids=repr)
def test_feed_is_prompt(end: bytes) -> None:
    """
    An event is delivered with the byte that ends its blank line, not with the next one.
    """
    decoder = Decoder()
    assert decoder.feed(b"data: a" + end[:-1]) == []
    assert decoder.feed(end[-1:]) == [RawEvent("message", "a", "")]
    assert decoder.feed(b"\ndata: b\n\n") == [RawEvent("message", "b", "")]


def test_feed_large_event_in_single_bytes() -> None:
    """
    A large event arrives whole though each byte comes alone.
    """
    text = "x" * 200_000
    events, _, _ = decode(cut_evenly(f"event: e\ndata: {text}\n\n".encode(), 1))
    assert events == [RawEvent("e", text, "")]


@pytest.mark.parametrize(
    "stream",
    [
        b"data: 3456789\n\n",
        b"data: 3456789",
        b"data:3\ndata:6\n\n",
        b"data\nid: 1\nx: y\n",
        b": 34567890123\n",
        b": 34567890123",
    ],
)
def test_bound(stream: bytes) -> None:
    """
    A line, or the lines of an event together, beyond the bound are refused, ended or not.
    """
    for size in (1, 5, len(stream)):
        assert decode_bounded(cut_evenly(stream, size), 11) == ([], True)


@pytest.mark.parametrize(
    "stream", [b"data: 34567\n\n", b"data:3\ndata:\n\n", b"data: 34567", b"data: 34567\r\n\r\n"]
)
def test_bound_reached(stream: bytes) -> None:
    """
    An event exactly as large as the bound passes.
    """
    for size in (1, 5, len(stream)):
        assert not decode_bounded(cut_evenly(stream, size), 11)[1]


def test_bound_is_per_event() -> None:
    """
    Earlier events, comments and blank lines do not count, however many there are.
    """
    stream = b"data: a\n: c\n: c\n\n\n: c\n" * 1000
    for size in (1, 64, len(stream)):
        events, is_refused = decode_bounded(cut_evenly(stream, size), 8)
        assert (len(events), is_refused) == (1000, False)


def test_bound_comments_without_blank_line() -> None:
    """
    A stream kept alive by bare comment lines never grows too large.
    """
    assert decode_bounded([b": ping\n"] * 1000, 20) == ([], False)


def test_bound_delivers_what_came_before() -> None:
    """
    The error carries the events that its chunk completed before the large one.
    """
    decoder = Decoder(max_event_bytes=8)
    decoder.feed(b"data: a\n\n")
    with pytest.raises(
        EventTooLargeError, match="larger than 8 bytes; raise max_event_bytes"
    ) as caught:
        decoder.feed(b"data: b\n\ndata: c\n\ndata: too large\n\ndata: d\n\n")
    assert [event.data for event in caught.value.events] == ["b", "c"]


def test_bound_spends_the_decoder() -> None:
    """
    After the error every chunk raises it again, without events.
    """
    decoder = Decoder(max_event_bytes=8)
    with pytest.raises(EventTooLargeError):
        decoder.feed(b"data: a\n\ndata: too large")
    for chunk in (b"", b"\n\ndata: b\n\n"):
        with pytest.raises(EventTooLargeError) as caught:
            decoder.feed(chunk)
        assert caught.value.events == ()


@given(STREAMS, SIZES, st.integers(1, 30))
def test_bound_any_chunks(stream: bytes, sizes: list[int], limit: int) -> None:
    """
    What gets through, and whether the stream is refused, does not depend on the chunks.
    """
    assert decode_bounded(cut(stream, sizes), limit) == decode_bounded([stream], limit)


def test_bound_default_and_none() -> None:
    """
    The bound is 16 MiB by default, and None lifts it.
    """
    stream = b"data: " + b"x" * (16 * 1024 * 1024 + 1) + b"\n\n"
    with pytest.raises(EventTooLargeError, match="16777216 bytes"):
        Decoder().feed(stream)
    (event,) = Decoder(max_event_bytes=None).feed(stream)
    assert len(event.data) == 16 * 1024 * 1024 + 1


def test_error_pickles_and_copies() -> None:
    """
    The error keeps its bound and its events through pickle and copy.
    """
    error = EventTooLargeError(8, (RawEvent("message", "a", ""),))
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (other.limit, other.events, str(other)) == (8, error.events, str(error))


def test_finish_gives_nothing() -> None:
    """
    The end of the stream completes no event.
    """
    decoder = Decoder()
    decoder.feed(b"data: a")
    assert decoder.finish() == []


def test_restart() -> None:
    """
    After a restart what was unfinished is gone; the last event id and the retry time stay.
    """
    decoder = Decoder(max_event_bytes=40)
    decoder.feed(b"id: 1\nretry: 5\ndata: a\n\nevent: x\nid: 2\ndata: half of something lon\r")
    decoder.restart()
    assert (decoder.last_event_id, decoder.retry) == ("1", 5)
    (event,) = decoder.feed(b"\xef\xbb\xbfdata: " + b"b" * 30 + b"\n\n")
    assert event == RawEvent("message", "b" * 30, "1")


def test_replays_are_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what earlier connections gave only the latest is remembered."""
    monkeypatch.setattr("mixdyn.sse._REMEMBERED", 2)
    decoder = Decoder()
    decoder.replay = Replay()
    decoder.restart()
    text = b"".join(b"id: %d\ndata: x\n\n" % n for n in range(4))
    assert [event.id for event in decoder.feed(text)] == ["0", "1", "2", "3"]
    decoder.restart()
    assert [event.id for event in decoder.feed(b"id: 3\ndata: x\n\nid: 0\ndata: x\n\n")] == ["0"]
