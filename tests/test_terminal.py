"""What the terminal is like: width and colours."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest

from mixdyn.block import Paragraph, Span, words
from mixdyn.page import Page
from mixdyn.terminal import find_width, has_colour, make_writable, wants_colour


class Terminal(io.StringIO):
    """Standard output that is a monkeypatch."""

    def isatty(self) -> bool:
        return True


def use(monkeypatch: pytest.MonkeyPatch, stdout: object) -> None:
    """Let standard output be this, in a process where nobody refuses colours."""
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("PYTHON_COLORS", raising=False)


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("5", 20), ("400", 110)])
def test_width(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The width is the terminal's, within what can be read."""
    monkeypatch.setenv("COLUMNS", columns)
    assert find_width() == width


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours are wanted on a terminal, unless it is a dumb one or someone refuses them."""
    use(monkeypatch, Terminal())
    assert wants_colour()
    monkeypatch.setenv("TERM", "dumb")
    assert not wants_colour()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour()
    monkeypatch.setenv("NO_COLOR", "")
    assert wants_colour()
    monkeypatch.setenv("PYTHON_COLORS", "0")
    assert not wants_colour()


@pytest.mark.parametrize("stdout", [io.StringIO(), None, object()])
def test_no_colours_elsewhere(monkeypatch: pytest.MonkeyPatch, stdout: object) -> None:
    """A pipe, a file, or no standard output at all gets none."""
    use(monkeypatch, stdout)
    assert not wants_colour()


def test_closed_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard output that was closed is no monkeypatch."""
    closed = io.StringIO()
    closed.close()
    use(monkeypatch, closed)
    assert not wants_colour()


def test_reprs_have_colours_at_prompts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere a repr may end in a log file."""
    use(monkeypatch, Terminal())
    monkeypatch.delattr(sys, "ps1", raising=False)
    page = Page(Paragraph(words(Span("a", "name"))))
    assert not has_colour()
    assert repr(page) == "a"
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    assert has_colour()
    assert repr(page) == "\x1b[1;36ma\x1b[0m"
    assert page.text(80) == "a"
    assert page._repr_html_() == page.html()


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "a - b... \\xe9\\U0001f389"),
        ("latin-1", "a - b... é\\U0001f389"),
        ("utf-8", "a · b… é🎉"),
        ("no-such", "a · b… é🎉"),
        (None, "a · b… é🎉"),
    ],
)
def test_characters(encoding: str | None, shown: str) -> None:
    """What a stream cannot write is written in other characters, or as escapes."""
    assert make_writable("a · b… é🎉", SimpleNamespace(encoding=encoding)) == shown


def test_pages_can_be_printed_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of a page suits standard output."""
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding="ascii"))
    assert Page(Paragraph(words("a…"))).show() == "a..."
