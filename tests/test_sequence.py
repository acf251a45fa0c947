"""JSON Lines, NDJSON and JSON text sequences: bytes to records, cut anywhere."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn.sequence import RECORD_SEPARATOR, BrokenRecord, RecordDecoder
from mixdyn.sse import EventTooLargeError, RawEvent

CHUNKS = (1, 2, 3, 7, 1000)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def decode(stream: bytes, size: int, mark: bytes = b"\n") -> list[RawEvent]:
    decoder = RecordDecoder(mark=mark)
    found: list[RawEvent] = []
    for start in range(0, len(stream), size):
        found += decoder.feed(stream[start : start + size])
    return found + decoder.finish()


def record(data: str) -> RawEvent:
    return RawEvent("", data, "")


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"", []),
        (b'{"a": 1}\n', ['{"a": 1}']),
        (b'{"a": 1}\n{"b": 2}\n', ['{"a": 1}', '{"b": 2}']),
        (b"1\n2", ["1", "2"]),
        (b"1\r\n2\r\n", ["1", "2"]),
        (b"1\r2\n", ["1\r2"]),
        (b"\n \n\r\n1\n\n", ["1"]),
        (b"\xef\xbb\xbf1\n", ["1"]),
        (b"1\n\xef\xbb\xbf2\n", ["1", "\ufeff2"]),
        ('"\u2028\u0085"\n'.encode(), ['"\u2028\u0085"']),
        (b'"\xff"\n', ['"\ufffd"']),
        ('"\U0001f600"\n'.encode(), ['"\U0001f600"']),
    ],
)
def test_lines(stream: bytes, expected: list[str]) -> None:
    """Each line that is not blank is a record, the last also without its end."""
    for size in CHUNKS:
        assert decode(stream, size) == list(map(record, expected)), f"chunks of {size}"


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"", []),
        (b'\x1e{"a": 1}\n', ['{"a": 1}']),
        (b"\x1e1\n\x1e2\n", ["1", "2"]),
        (b'\x1e{"a":\n1}\n\x1e[]\n', ['{"a":\n1}', "[]"]),
        (b"\x1e\x1e\n\x1e1\n", ["1"]),
        (b'\x1e"a"\x1e[1]\x1e{}', ['"a"', "[1]", "{}"]),
        (b"1\n\x1e2\n", ["1", "2"]),
    ],
)
def test_texts(stream: bytes, expected: list[str]) -> None:
    """Each text after a record separator is a record; it may go over several lines."""
    for size in CHUNKS:
        found = decode(stream, size, RECORD_SEPARATOR)
        assert found == list(map(record, expected)), f"chunks of {size}"


def test_texts_that_may_be_cut_off() -> None:
    """A number or a word that nothing follows may have lost its end (RFC 7464, 2.4)."""
    for size in CHUNKS:
        found = decode(b"\x1e12\x1etrue\x1e3 \x1e4", size, RECORD_SEPARATOR)
        assert [(type(r), r.data) for r in found] == [
            (BrokenRecord, "12"),
            (BrokenRecord, "true"),
            (RawEvent, "3"),
            (BrokenRecord, "4"),
        ]


def test_texts_are_prompt() -> None:
    """A text is given with the line feed that ends it, not with the next one."""
    decoder = RecordDecoder(mark=RECORD_SEPARATOR)
    assert decoder.feed(b'\x1e{"a":\n') == []
    assert decoder.feed(b"1}\n") == [record('{"a":\n1}')]
    assert decoder.feed(b"\x1e2\n") == [record("2")]
    assert decoder.finish() == []


def test_long_texts_are_not_tried_at_each_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking whether a text is complete costs no more than its length."""
    tried = []

    def look(content: bytes) -> object:
        tried.append(len(content))
        return json.loads(content)

    monkeypatch.setattr("mixdyn.sequence.decode", look)
    text = b"[\n" + b"1,\n" * 1000 + b"1]"
    found = decode(RECORD_SEPARATOR + text + b"\n" + RECORD_SEPARATOR, 3, RECORD_SEPARATOR)
    assert found == [record(text.decode())]
    assert sum(n for n in tried if n >= 512) <= 4 * len(text)


@given(st.lists(VALUES, max_size=5), st.integers(1, 9))
def test_any_values_in_any_chunks(values: list[object], size: int) -> None:
    """Values that are written are read, however the bytes are cut."""
    texts = [json.dumps(value, ensure_ascii=False) for value in values]
    lines = "".join(f"{text}\n" for text in texts).encode()
    marked = "".join(f"\x1e{text}\n" for text in texts).encode()
    assert [r.data for r in decode(lines, size)] == texts
    assert [r.data for r in decode(marked, size, RECORD_SEPARATOR)] == texts


@given(st.binary(max_size=60), st.integers(1, 9))
def test_any_bytes(stream: bytes, size: int) -> None:
    """Bytes that are no records do no harm, and chunks make no difference."""
    assert decode(stream, size) == decode(stream, 100)


@pytest.mark.parametrize("mark", [b"\n", RECORD_SEPARATOR])
def test_bound(mark: bytes) -> None:
    """A record beyond the bound is refused after those before it, ended or not, for good."""
    for rest in (b"", mark, mark + b"2\n"):
        decoder = RecordDecoder(max_event_bytes=8, mark=mark)
        with pytest.raises(EventTooLargeError, match="larger than 8 bytes") as caught:
            decoder.feed(mark + b"12\n" + mark + b'"34567890"' + rest)
        assert caught.value.events == (record("12"),)
        assert decoder.finish() == []
        with pytest.raises(EventTooLargeError):
            decoder.feed(b"")


def test_bound_lifted() -> None:
    """None lifts the bound, which is 16 MiB by default."""
    large = b'"' + b"x" * (16 * 1024 * 1024) + b'"\n'
    with pytest.raises(EventTooLargeError, match="16777216"):
        RecordDecoder().feed(large)
    assert len(RecordDecoder(max_event_bytes=None).feed(large)) == 1


def test_restart() -> None:
    """After a restart, what was unfinished is gone, and a byte order mark may come."""
    decoder = RecordDecoder()
    assert decoder.feed(b"1\n2") == [record("1")]
    decoder.restart()
    assert decoder.feed(b"\xef\xbb\xbf3\n") == [record("3")]
    assert (decoder.last_event_id, decoder.retry) == ("", None)
