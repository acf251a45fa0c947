"""What blocking and async streams share: from bytes to events, one at a time."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from typing import Any

import pytest

from mixdyn.errors import Problem, ResponseValidationError
from mixdyn.eventfeed import EventFeed
from mixdyn.redact import Redactor
from mixdyn.sse import RawEvent
from tests.documents import INTEGER, TEXT, answers, fields, plan_operation

SSE = "text/event-stream"
ONE = b'event: a\nid: 1\ndata: {"n": 1}\n\n'
BAD = b'event: a\ndata: {"n": "x"}\n\n'


class Watched:
    """A feed, and what it has reported."""

    def __init__(
        self, mode: Any = "warn", media: str = SSE, sentinel: Any = None, **options: Any
    ) -> None:
        data = fields("n", n=INTEGER, items={"type": "array", "items": INTEGER})
        operation = answers(data, media=media)
        if sentinel is not None:
            described = operation["responses"]["200"]["content"][media]
            described["x-speakeasy-sse-sentinel"] = sentinel
        plan = plan_operation(operation)
        self.reports: list[tuple[Problem, ...]] = []
        reader = plan.events.sent_as(plan.operation.responses[0].media[0], media)
        self.feed = EventFeed(reader, mode, self.reports.append, "things.watch", **options)

    def take(self) -> list[Any]:
        """Give the events that wait, typed."""
        feed = self.feed
        while feed.advance():
            pass
        return [feed.make_event(feed.waiting.popleft()) for _ in list(feed.waiting)]


def test_events_wait_as_they_were_sent() -> None:
    """What is pushed waits undecoded, until somebody asks."""
    made = Watched()
    made.feed.push(ONE + BAD)
    assert made.feed.waiting[0] == RawEvent("a", '{"n": 1}', "1")
    assert made.reports == []
    assert [event.data["n"] for event in made.take()] == [1, "x"]
    assert not made.feed.is_done
    assert (made.feed.last_event_id, made.feed.retry, made.feed.received) == ("1", None, 2)


def test_warn_tells_on_the_event_and_reports() -> None:
    """Each event has its problems, and they are reported with their place."""
    made = Watched()
    made.feed.push(BAD * 2 + b'event: b\ndata: {"n": 1, "items": [1, "x"]}\n\n')
    events = made.take()
    assert [len(event.problems) for event in events] == [1] * 3
    assert [[str(p) for p in problems] for problems in made.reports] == [
        ["$.n: expected type integer, got x"],
        ["$.n: expected type integer, got x"],
        ["$.items[1]: expected type integer, got x"],
    ]
    found = [(p.place, p.pointer) for problems in made.reports for p in problems]
    assert found == [("event a", "/n"), ("event a", "/n"), ("event b", "/items/*")]


@pytest.mark.parametrize("mode", ["warn", "strict"])
def test_secrets_of_the_call_are_masked(mode: Any) -> None:
    """What an event repeats of the call's secrets shows neither in reports nor on the event."""
    noted: list[Problem] = []
    redactor = Redactor((), ["s3cret-token"])
    made = Watched(mode, redactor=lambda: redactor, note=noted.extend)
    made.feed.push(b'event: s3cret-token\ndata: {"n": "s3cret-token"}\n\n')
    if mode == "strict":
        with pytest.raises(ResponseValidationError) as caught:
            made.take()
        shown = [*caught.value.problems, *noted]
        assert "s3cret" not in str(caught.value)
    else:
        shown = [*made.take()[0].problems, *made.reports[0]]
    assert len(shown) == 2
    assert "s3cret" not in "".join([*map(str, shown), *map(str, map(vars, shown))])


def test_strict_notes_what_it_raises() -> None:
    """Also what is raised is noted, and so is what is new in events that fit."""
    noted: list[Any] = []
    made = Watched("strict", note=noted.extend)
    made.feed.push(b'event: a\ndata: {"n": 1, "more": true}\n\n' + BAD)
    with pytest.raises(ResponseValidationError):
        made.take()
    assert [(p.kind, p.pointer, p.got) for p in noted] == [
        ("new property", "/more", "boolean"),
        ("type", "/n", "string x"),
    ]


def test_unknown_events_are_remembered_within_bounds() -> None:
    """A server that makes up ever new types fills no memory."""
    noted: list[Any] = []
    plan = plan_operation(answers(KINDS, media=SSE))
    feed = EventFeed(plan.events, "warn", print, "things.watch", note=noted.extend)
    feed.push(b"".join(b"event: %d\ndata: 5\n\n" % n for n in range(150)) * 2)
    for raw in feed.waiting:
        feed.make_event(raw)
    assert [p.got for p in noted] == [str(n) for n in range(150)] * 2
    assert len(feed._unknown) == 100


KINDS = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"event": {"const": name}, "data": fields(n=INTEGER)},
            "required": ["event", "data"],
        }
        for name in ("a", "b")
    ],
}


@pytest.mark.parametrize("mode", ["warn", "off"])
def test_unknown_events_are_noted(mode: Any) -> None:
    """An event of a type that the document does not have is news; unless nobody looks."""
    plan = plan_operation(answers(KINDS, media=SSE))
    noted: list[Any] = []
    feed = EventFeed(plan.events, mode, print, "things.watch", note=noted.extend)
    feed.push(ONE + b'event: z\x1b[0m\ndata: {"n": 1}\n\n' + b"data: 5\n\n")
    events = [feed.make_event(raw) for raw in feed.waiting]
    assert [type(event).__name__ for event in events][1:] == ["UnknownEvent"] * 2
    wanted = [
        ("new event", "event z\\x1b[0m", "z\\x1b[0m"),
        ("new event", "event message", "message"),
    ]
    assert [(p.kind, p.place, p.got) for p in noted] == (wanted if mode == "warn" else [])


def test_off_looks_at_nothing() -> None:
    """Unchecked events have no problems."""
    made = Watched("off")
    made.feed.push(BAD)
    assert made.take()[0].problems == ()
    assert made.reports == []


def test_strict_raises_and_goes_on() -> None:
    """An event that does not fit is an error of its own; the next is there."""
    made = Watched("strict")
    made.feed.push(BAD + ONE)
    with pytest.raises(
        ResponseValidationError, match=r"(?s)an event 'a' does not fit.*\$\.n"
    ) as caught:
        made.feed.make_event(made.feed.waiting.popleft())
    assert caught.value.body == '{"n": "x"}'
    assert made.take()[0].data.n == 1


def test_strict_names_records() -> None:
    """A record has no type to name."""
    made = Watched("strict", "application/jsonl")
    made.feed.push(b"{broken\n")
    with pytest.raises(ResponseValidationError, match="(?s)a record does not fit.*not valid"):
        made.take()


def test_a_document_that_cannot_be_used_is_reported_once() -> None:
    """Also in mode `strict` it costs no event."""
    lost = {"$ref": "#/components/schemas/Lost"}
    reader = plan_operation(answers(fields(x=lost), media=SSE)).events
    reports: list[Any] = []
    feed = EventFeed(reader, "strict", reports.append, "things.watch")
    feed.push(ONE * 2)
    assert [feed.make_event(raw).data["n"] for raw in feed.waiting] == [1, 1]
    assert len(reports) == 1
    assert "cannot be checked" in str(reports[0][0])


def test_the_sentinel_ends_it() -> None:
    """What comes before the sentinel is given, the sentinel and what follows it are not."""
    made = Watched(sentinel="[DONE]")
    made.feed.push(ONE)
    assert not made.feed.is_ended
    made.take()
    made.feed.push(ONE + b"data: [DONE]\n\n" + ONE)
    assert made.feed.is_ended
    assert [event.data.n for event in made.take()] == [1]
    assert made.feed.is_done


def test_the_sentinel_before_something_too_large() -> None:
    """What follows the sentinel is no failure."""
    made = Watched(sentinel="[DONE]", max_event_bytes=20)
    made.feed.push(b"data: [DONE]\n\n" + b"data: " + b"x" * 50)
    made.feed.raise_failure()
    assert made.feed.is_done


def test_too_large() -> None:
    """After the events before it, one that is too large is raised, once, with what to do."""
    made = Watched(max_event_bytes=40)
    made.feed.push(ONE + b"data: " + b"x" * 50)
    assert made.feed.is_ended
    assert not made.feed.is_done
    assert len(made.take()) == 1
    with pytest.raises(ResponseValidationError, match="things.watch: .*raise max_event_bytes"):
        made.feed.raise_failure()
    made.feed.raise_failure()
    assert made.feed.is_done


@pytest.mark.parametrize("rest", [b'{"n": 2}', b"x" * 50])
def test_the_end_completes_a_record(rest: bytes) -> None:
    """The last line needs no end, and is bounded as well."""
    made = Watched(media="application/jsonl", max_event_bytes=20)
    made.feed.push(b'{"n": 1}\n')
    made.feed.decoder._rest += rest  # type: ignore[union-attr]
    made.feed.finish()
    assert made.feed.is_ended
    if len(rest) < 20:
        assert [item.n for item in made.take()] == [1, 2]
    else:
        with pytest.raises(ResponseValidationError, match="larger than 20 bytes"):
            made.feed.raise_failure()


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_compressed(pack: Any) -> None:
    """Compressed bytes are unpacked as they come, wherever they are cut."""
    made = Watched()
    made.feed.begin("gzip" if pack is gzip.compress else "deflate")
    content = pack(ONE * 3)
    found: list[Any] = []
    for index in range(len(content)):
        made.feed.push(content[index : index + 1])
        found += made.take()
    assert [event.data.n for event in found] == [1, 1, 1]


def test_compressed_events_are_there_when_flushed() -> None:
    """An event need not wait for the end of what is compressed."""
    made = Watched()
    made.feed.begin("gzip")
    packer = zlib.compressobj(wbits=31)
    for _ in range(3):
        made.feed.push(packer.compress(ONE) + packer.flush(zlib.Z_SYNC_FLUSH))
        assert len(made.take()) == 1


def test_compressed_bytes_are_not_unpacked_ahead() -> None:
    """Little that unpacks to much takes no memory, but in the measure that it is asked for."""
    content = gzip.compress(ONE * 500_000)
    made = Watched()
    made.feed.begin("gzip")
    tracemalloc.start()
    made.feed.push(content)
    made.feed.advance()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0 < len(made.feed.waiting) < 5_000
    assert peak < 2_000_000


@pytest.mark.parametrize("coding", ["gzip", "br", "gzip, gzip, gzip"])
def test_broken_codings(coding: str) -> None:
    """A coding that is broken or not known ends the stream, with a clear error."""
    made = Watched()
    made.feed.begin(coding)
    if not made.feed.is_ended:
        made.feed.push(b"this is no gzip")
        made.feed.advance()
    assert made.feed.is_ended
    with pytest.raises(ResponseValidationError, match="content coding"):
        made.feed.raise_failure()


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_coding_that_is_cut_off(is_whole: bool) -> None:
    """Compressed records that end too early are told of, however well the last one ended."""
    made = Watched(media="application/x-ndjson")
    made.feed.begin("gzip")
    packer = zlib.compressobj(wbits=31)
    content = packer.compress(b'{"n": 1}\n') + packer.flush(zlib.Z_SYNC_FLUSH)
    made.feed.push(content + (packer.flush() if is_whole else b""))
    assert len(made.take()) == 1
    made.feed.finish()
    if is_whole:
        made.feed.raise_failure()
    else:
        with pytest.raises(ResponseValidationError, match="the body ends too early"):
            made.feed.raise_failure()


def test_begin_again() -> None:
    """With another response, what was unfinished is gone, and the last id stays."""
    made = Watched()
    made.feed.push(ONE + b"data: half")
    made.take()
    made.feed.begin("")
    made.feed.push(b'\xef\xbb\xbfdata: {"n": 2}\n\n')
    (event,) = made.take()
    assert (event.data.n, event.id, made.feed.decoder.last_event_id) == (2, "1", "1")


def test_is_named() -> None:
    """Events are found by their type, and by what tells their kinds apart."""
    made = Watched()
    made.feed.push(ONE)
    (event,) = made.take()
    assert made.feed.is_named(event, ("b", "a"))
    assert not made.feed.is_named(event, ("b",))


def test_a_long_stream_takes_no_memory() -> None:
    """After a hundred thousand events there is no more in memory than after a few."""
    made = Watched("strict")
    chunk = b"".join(b'event: a\nid: %d\ndata: {"n": %d}\n\n' % (n, n) for n in range(100))
    sizes = []
    tracemalloc.start()
    for count in (100, 900):
        for _ in range(count):
            made.feed.push(chunk)
            assert len(made.take()) == 100
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[1] - sizes[0] < 20_000


def test_text_declared() -> None:
    """A stream of plain texts gives them as they are."""
    reader = plan_operation(answers(TEXT, media=SSE)).events
    feed = EventFeed(reader, "strict", lambda problems: None, "things.watch")
    feed.push(f"data: {json.dumps('x')}\n\n".encode())
    assert feed.make_event(feed.waiting[0]).data == '"x"'


@pytest.mark.parametrize("media", [SSE, "application/jsonl"])
def test_replays_are_events_of_an_earlier_connection(media: str) -> None:
    """What has an id and came before is dropped; records have none, and all count."""
    made = Watched(media=media)
    made.feed.watch_replays()
    sent = ONE if media == SSE else b'{"n": 1}\n'
    for expected in (1, 0 if media == SSE else 1):
        made.feed.begin("")
        made.feed.push(sent)
        assert len(made.take()) == expected
