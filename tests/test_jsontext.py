"""Decoding JSON text gives the same with and without msgspec."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn import jsontext

TEXTS: list[bytes | str] = [
    b"{}",
    b' [1, 2.5, "x", true, null] ',
    b"123456789012345678901234567890",
    b"-99999999999999999999",
    b"18446744073709551616",
    b"9007199254740993",
    b"-0",
    b"-0.0",
    b"1e400",
    b"-1e400",
    b"1e-400",
    b"0.1000000000000000055511151231257827",
    b"1E+2",
    b"NaN",
    b"-Infinity",
    b'"\\ud800"',
    b'"\\ud83d\\ude00"',
    b'"\\u0000"',
    b'{"a":1,"a":2}',
    b'{"b":1,"a":2}',
    b"\xef\xbb\xbf{}",
    '{"a":1}'.encode("utf-16"),
    '{"a":1}'.encode("utf-32-le"),
    b"",
    b" ",
    b"{",
    b"[1,]",
    b'{"a":}',
    b"{} {}",
    b"01",
    b"1.",
    b".5",
    b"+1",
    b"- 1",
    b"tru",
    b"'a'",
    b'"a\nb"',
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b'"\\x"',
    b"\x00",
    b"9" * 5000,
    b"[" * 100 + b"]" * 100,
    b"[" * 200_000 + b"]" * 200_000,
    b'{"a":' * 200_000,
    "text",
    "\ufeff{}",
    '"\ud800"',
    '"é"',
    "5",
]


def outcome(text: bytes | str) -> Any:
    try:
        return repr(jsontext.decode(text))
    except (ValueError, RecursionError) as error:
        return RecursionError if isinstance(error, RecursionError) else ValueError


@pytest.fixture
def without_msgspec(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "msgspec", None)
    jsontext._fast_decoder.cache_clear()
    yield
    jsontext._fast_decoder.cache_clear()


def expected(text: bytes | str) -> Any:
    try:
        return repr(json.loads(text))
    except (ValueError, RecursionError) as error:
        return RecursionError if isinstance(error, RecursionError) else ValueError


def test_decode_agrees_with_the_standard_library() -> None:
    """Whatever is installed, values and refusals are those of the standard library."""
    for text in TEXTS:
        assert outcome(text) == expected(text), text[:40]


@given(st.text(st.sampled_from('[]{}",:0123456789.eE+-truefalsn \\\n\té\ufeff')))
def test_decode_agrees_on_any_text(text: str) -> None:
    """Nor does any text made of JSON's characters tell the decoders apart."""
    assert outcome(text) == expected(text)
    assert outcome(text.encode("utf-8")) == expected(text.encode("utf-8"))


@pytest.mark.usefixtures("without_msgspec")
def test_decode_without_msgspec() -> None:
    """Without msgspec the standard library decodes."""
    assert jsontext._fast_decoder() is jsontext._standard
    assert jsontext.decode(b'{"a": [1, null]}') == {"a": [1, None]}
    assert outcome(b"{") is ValueError
    assert outcome(b"[" * 200_000) is RecursionError


def test_decode_with_msgspec() -> None:
    """With msgspec its decoder is asked first."""
    pytest.importorskip("msgspec")
    assert jsontext._fast_decoder() is not jsontext._standard
    assert jsontext.decode(b'{"a": [1, null]}') == {"a": [1, None]}


def test_decode_first_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first few texts, if small, are decoded without msgspec, which takes long to load."""
    loaded: list[str] = []

    def fast() -> Any:
        loaded.append("msgspec")
        return json.loads

    monkeypatch.setattr(jsontext, "_fast_decoder", fast)
    for text, expected in ((b"[]", []), (b"x" * 70_000, ["msgspec"])):
        monkeypatch.setattr(jsontext, "_few", iter((True,)))
        outcome(text)
        assert loaded == expected
    assert next(jsontext._few)  # a large one is none of the few
    outcome(b"[]")
    assert loaded == ["msgspec"] * 2


def test_decode_large() -> None:
    """A large text is decoded at once; of a small one, or of what is no JSON, it says so."""
    pytest.importorskip("msgspec")
    text = json.dumps({"a": "x" * 70_000}).encode()
    assert jsontext.decode_large(text) == {"a": "x" * 70_000}
    for other in (b"{}", text[:-1]):
        with pytest.raises(ValueError, match=r".+"):
            jsontext.decode_large(other)


@pytest.mark.usefixtures("without_msgspec")
def test_decode_large_without_msgspec() -> None:
    """Without msgspec nothing would be gained."""
    with pytest.raises(ValueError, match="nothing would be gained"):
        jsontext.decode_large(b"x" * 70_000)
