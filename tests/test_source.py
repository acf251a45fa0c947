"""
From paths, URLs, text, bytes and Python's own values to trees.
"""

from __future__ import annotations

import datetime as dt
import gc
import math
import os
import threading
from collections.abc import Iterator, Mapping
from enum import IntEnum, StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from mixdyn import source
from mixdyn.errors import DocumentError
from mixdyn.source import copy_tree, parse, read_file, read_url, take_stamp

JSON = '{"a": [1, "é"]}'
YAML = "a:\n- 1\n- é\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
@pytest.mark.parametrize("text", [JSON, YAML])
def test_encodings(text: str, encoding: str) -> None:
    """Bytes are UTF-8, or UTF-16 or UTF-32 that show by their first bytes."""
    assert parse(text.encode(encoding), "doc") == {"a": [1, "é"]}


@pytest.mark.parametrize("text", [JSON, "\ufeff" + JSON, "\n \t" + JSON, YAML, "\ufeff" + YAML])
def test_text(text: str) -> None:
    """Text is JSON if it begins with a brace, else YAML; a byte order mark is no part of it."""
    assert parse(text, "doc") == {"a": [1, "é"]}


def test_json_numbers() -> None:
    """Numbers of JSON stay what they are, big ones too, and so do those it should not have."""
    tree = parse(f'{{"big": {10**300}, "inf": Infinity, "nan": NaN, "a": 1, "a": 2}}', "doc")
    assert tree["big"] == 10**300
    assert tree["inf"] == math.inf
    assert math.isnan(tree["nan"])
    assert tree["a"] == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1,}', "doc, line 1, column "),
        ('{\n"a": }', "doc, line 2, column 6: not valid JSON: Expecting value"),
        ("{openapi: 3.1.0}", "not valid JSON"),
        (f'{{"a": {"9" * 5000}}}', "doc: not usable JSON: Exceeds the limit"),
        ('{"a":' * 200_000, "doc: nested too deeply"),
        (b"\xff\xff", "doc: not utf-8 text, at byte 0"),
        (b"{\0\0\xd8", "doc: not utf-16-le text"),
    ],
)
def test_parse_refused(content: str | bytes, message: str) -> None:
    """What cannot be read is told with its place."""
    with pytest.raises(DocumentError, match=message) as caught:
        parse(content, "doc")
    assert len(str(caught.value)) < 400


def test_copy_tree() -> None:
    """Python's own values become the tree that JSON would have given, and are not shared."""
    day = dt.date(2020, 1, 2)
    given = {
        200: {"a": (1, [2.5])},
        True: None,
        None: False,
        1.5: day,
        day: dt.datetime(2020, 1, 2, 3, tzinfo=dt.UTC),
        "m": MappingProxyType({"x": "y"}),
    }
    tree = copy_tree(given, "doc")
    assert tree == {
        "200": {"a": [1, [2.5]]},
        "true": None,
        "null": False,
        "1.5": "2020-01-02",
        "2020-01-02": "2020-01-02T03:00:00+00:00",
        "m": {"x": "y"},
    }
    given[200]["a"] = 3
    assert tree["200"]["a"] == [1, [2.5]]


class Colour(StrEnum):
    """An enumeration whose members are text."""

    RED = "red"


class Size(IntEnum):
    """An enumeration whose members are numbers."""

    BIG = 2


class Half(float):
    """A number with a class of its own."""


def test_copy_tree_of_classes() -> None:
    """Text and numbers with classes of their own become plain ones, as in JSON."""
    tree = copy_tree([Colour.RED, Size.BIG, Half(0.5), True, None], "doc")
    assert tree == ["red", 2, 0.5, True, None]
    assert [type(value) for value in tree] == [str, int, float, bool, type(None)]


def nest(depth: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(depth):
        nested = [nested]
    return nested


def loop() -> dict[str, Any]:
    looped: dict[str, Any] = {}
    looped["a"] = [looped, looped]
    return looped


def double(times: int) -> list[Any]:
    doubled: list[Any] = ["x"]
    for _ in range(times):
        doubled = [doubled, doubled]
    return doubled


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": object()}, "expected JSON values, got <object"),
        ({"a": {1, 2}}, r"expected JSON values, got \{1, 2\}"),
        ({"a": b"x"}, "expected JSON values, got b'x'"),
        (nest(300), "nested too deeply, or too large"),
        (loop(), "nested too deeply, or too large"),
        (double(30), "nested too deeply, or too large"),
    ],
    ids=["object", "set", "bytes", "deep", "loop", "double"],
)
def test_copy_tree_refused(value: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that JSON has not, that hold themselves, or that unfold without end, are refused."""
    monkeypatch.setattr(source, "MAX_NODES", 100_000)
    with pytest.raises(DocumentError, match=message):
        copy_tree(value, "doc")


def test_copy_tree_without_a_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the stack ends before the bound, that is told, too."""
    monkeypatch.setattr(source, "MAX_DEPTH", 10**6)
    with pytest.raises(DocumentError, match="nested too deeply to be read"):
        copy_tree(nest(100_000), "doc")


def test_read_file(tmp_path: Path) -> None:
    """A file gives its bytes."""
    (tmp_path / "a").write_bytes(b"abc")
    assert read_file(str(tmp_path / "a")) == b"abc"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "No such file"),
        (".", "Is a directory"),
        ("a\0b", "null byte"),
        ("x" * 10_000, "File name too long"),
    ],
)
def test_read_file_refused(tmp_path: Path, name: str, message: str) -> None:
    """A file that cannot be read is told with its path and the system's reason, in short."""
    with pytest.raises(DocumentError, match=f"cannot be read: .*{message}") as caught:
        read_file(f"{tmp_path}/{name}")
    assert len(str(caught.value)) < 400


def test_read_file_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may be as large as the limit, and no larger."""
    monkeypatch.setattr(source, "MAX_DOCUMENT_BYTES", 3)
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").write_bytes(b"abcd")
    assert read_file(str(tmp_path / "a")) == b"abc"
    with pytest.raises(DocumentError, match="larger than 3 bytes"):
        read_file(str(tmp_path / "b"))


class Handler(BaseHTTPRequestHandler):
    """Serves what the table says."""

    ANSWERS: Mapping[str, tuple[int, bytes]] = {"/doc": (200, b"a: 1"), "/gone": (404, b"no")}

    def do_GET(self) -> None:
        status, body = self.ANSWERS[self.path]
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server on the loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def test_read_url(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL gives its body; on the loopback no proxy is asked."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert read_url(f"http://{server}/doc") == b"a: 1"


def test_read_url_through_proxy(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere the proxy of the environment is asked."""
    monkeypatch.setenv("http_proxy", f"http://{server}")
    monkeypatch.setattr(Handler, "ANSWERS", {"http://example.invalid/x": (200, b"proxied")})
    assert read_url("http://example.invalid/x") == b"proxied"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/gone", "HTTP Error 404"),
        ("/a b", "URL can't contain control characters"),
        ("/\0", "URL can't contain control characters"),
    ],
)
def test_read_url_refused(server: str, path: str, message: str) -> None:
    """A URL that gives no document is told with the reason."""
    with pytest.raises(DocumentError, match=message):
        read_url(f"http://{server}{path}")


@pytest.mark.parametrize("url", ["http://user:hush@127.0.0.1:9/x", "http://[", "http://"])
def test_read_bad_url(url: str) -> None:
    """A URL that leads nowhere is a document error that keeps credentials to itself."""
    with pytest.raises(DocumentError, match="cannot be read") as caught:
        read_url(url)
    assert "hush" not in str(caught.value)


def test_read_url_too_large(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that is too large is not read to its end."""
    monkeypatch.setattr(source, "MAX_DOCUMENT_BYTES", 3)
    with pytest.raises(DocumentError, match="larger than 3 bytes"):
        read_url(f"http://{server}/doc")


def test_read_url_in_time(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that drips for longer than the limit for the whole is given up."""
    ticks = iter([0.0, 1000.0])
    monkeypatch.setattr("time.monotonic", lambda: next(ticks, 1000.0))
    with pytest.raises(DocumentError, match="not complete after 30 s"):
        read_url(f"http://{server}/doc")


def write(path: Path, text: str, seconds: int) -> None:
    """Write a file, at a time in the past."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (seconds, seconds))


def test_stamp(tmp_path: Path) -> None:
    """A file shows by its time and size that it may have changed; one that is gone has."""
    path = tmp_path / "a.json"
    write(path, "{}", 1_000_000)
    stamp = take_stamp(str(path))
    assert stamp.is_current()
    write(path, "{}", 1_000_001)
    assert not stamp.is_current()
    write(path, "{ }", 1_000_000)
    assert not stamp.is_current()
    path.unlink()
    assert not stamp.is_current()
    assert not take_stamp(str(path)).is_current()
    assert not take_stamp("a\0b").is_current()


def test_fresh_stamp(tmp_path: Path) -> None:
    """A file that was written just now may be written again at the same time: nothing is sure."""
    path = tmp_path / "a.json"
    path.write_text("{}", encoding="utf-8")
    assert not take_stamp(str(path)).is_current()


@pytest.mark.parametrize("enabled", [True, False])
def test_collector_rests_while_a_tree_is_built(
    monkeypatch: pytest.MonkeyPatch, enabled: bool
) -> None:
    """Meanwhile the garbage collector is off; afterwards it is as it was."""
    seen: list[bool] = []
    monkeypatch.setattr(source, "_parse_yaml", lambda *_: seen.append(gc.isenabled()))
    was_on = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        parse(YAML, "doc")
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was_on else gc.disable)()
    assert seen == [False]


def test_what_the_program_froze_stays_frozen() -> None:
    """Objects that a program has put out of the collector's sight stay there."""
    gc.freeze()
    try:
        parse(YAML, "doc")
        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()


def test_large_json_of_any_kind() -> None:
    """Large JSON gives what small JSON gives, also where the faster parser refuses it."""
    filler = ' "filler": "' + "x" * 70_000 + '"}'
    for text, expected in (('{"a": "é\\ud83d",', "é\ud83d"), ('{"a": [1, 1.5],', [1, 1.5])):
        assert parse(f"{text}{filler}".encode(), "doc")["a"] == expected
    with pytest.raises(DocumentError, match="doc: not utf-8 text, at byte 7"):
        parse(b'{"a": "\xff",' + filler.encode(), "doc")
    with pytest.raises(DocumentError, match="doc, line 1, column 2: not valid JSON"):
        parse(b"{a," + filler.encode(), "doc")
