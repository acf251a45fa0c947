"""Output: what is a terminal, what is escaped, and what happens when the reader goes away."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mixdyn.terminal import is_terminal
from mixdyn.tools import cli, demo
from mixdyn.tools.cli.screen import Screen, make_safe, watch_reader
from tests.loopback import PATIENCE


class Terminal(io.TextIOWrapper):
    """A terminal in memory."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding, write_through=True)

    def isatty(self) -> bool:
        return True

    @property
    def shown(self) -> bytes:
        """What was written."""
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


def test_a_terminal_has_colours_and_a_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal there are colours, unless it is dumb or the user wants none."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "77")
    screen = Screen(Terminal(), Terminal())
    assert (screen.is_terminal, screen.is_colourful, screen.width) == (True, True, 77)
    monkeypatch.setenv("TERM", "dumb")
    assert not Screen(Terminal(), Terminal()).is_colourful
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Screen(Terminal(), Terminal()).is_colourful


def test_a_pipe_has_none() -> None:
    """Elsewhere there is neither; what is closed, or nothing at all, is no terminal."""
    screen = Screen(io.StringIO(), io.StringIO())
    assert (screen.is_terminal, screen.is_colourful, screen.width) == (False, False, None)
    closed = io.StringIO()
    closed.close()
    assert not is_terminal(closed)
    assert not is_terminal(None)


def test_errors_are_marked_and_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes to standard error is escaped; errors are marked in red on a terminal."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    err = Terminal()
    screen = Screen(io.StringIO(), err)
    screen.complain("a\x1b[2J")
    screen.tell("b\u202e")
    assert err.shown.decode() == "\x1b[1;31mmixdyn:\x1b[0m a\\x1b[2J\nb\\u202e\n"


def test_secrets_are_masked_on_standard_error() -> None:
    """What a command knows to be secret is not told."""
    screen = Screen(io.StringIO(), err := Terminal())
    screen.secrets = ("swordfish",)
    screen.tell("sent swordfish")
    assert b"sent" in err.shown
    assert b"swordfish" not in err.shown


def test_other_encodings_get_escapes() -> None:
    """A terminal that cannot show a character gets an escape, and no error."""
    out = Terminal("ascii")
    Screen(out, Terminal("latin-1")).write("é…")
    assert out.shown == b"\\xe9\\u2026\n"


def test_a_stream_that_the_shell_has_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without standard output and error a command runs all the same."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    screen = Screen()
    screen.write("x")
    screen.complain("y")
    screen.out.close()
    screen.err.close()


def test_text_for_terminals() -> None:
    """Lines and tabs stay; everything else that does not print is escaped."""
    assert make_safe("a\tb\r\nc\x1b\rd") == "a\tb\nc\\x1b\\rd"


def test_bytes_go_out_as_they_are() -> None:
    """Bytes are not touched, and keep their place among the text."""
    out = Terminal()
    screen = Screen(out, Terminal())
    screen.write("a")
    screen.write_bytes(b"\0\x1b")
    assert out.shown == b"a\n\0\x1b"


@contextmanager
def pipe() -> Iterator[tuple[int, Any]]:
    """Give the reading end of a pipe by its number, and the writing end as a file."""
    ours, theirs = os.pipe()
    with open(theirs, "w") as file:
        yield ours, file


def test_watch_tells_when_the_reader_goes() -> None:
    """Where nobody reads any more, that is told at once, without writing."""
    gone = threading.Event()
    with pipe() as (ours, file), watch_reader(file, gone.set):
        assert not gone.is_set()
        os.close(ours)
        assert gone.wait(PATIENCE)


def test_watch_ends_with_its_block() -> None:
    """While somebody reads nothing is told; afterwards nothing is watched."""
    gone = threading.Event()
    before = threading.active_count()
    with pipe() as (ours, file):
        with watch_reader(file, gone.set):
            assert threading.active_count() == before + 1
        assert threading.active_count() == before
        os.close(ours)
    assert not gone.is_set()


@pytest.mark.parametrize("stream", [io.StringIO(), object()])
def test_only_pipes_are_watched(stream: Any, tmp_path: Any) -> None:
    """Files, and what has no number, need no watching."""
    before = threading.active_count()
    with watch_reader(stream, bool), open(tmp_path / "x", "w") as file, watch_reader(file, bool):
        assert threading.active_count() == before


def test_a_closed_pipe_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command whose reader has gone ends with 0, and what Python still has to say is dropped."""

    def fail(url: str | None) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(demo, "run_demo", fail)
    assert cli.main(["demo"]) == cli.DONE
    with pipe() as (ours, file):
        os.close(ours)
        monkeypatch.setattr(sys, "stdout", file)
        file.write("lost")
        assert cli.main(["demo"]) == cli.DONE
        file.flush()
