"""Pages as plain text: fitted to the width, aligned, safe for terminals."""

from __future__ import annotations

import re

import pytest

from mixdyn.block import Code, Heading, Paragraph, Span, Table, one_line, words
from mixdyn.terminal import measure
from mixdyn.typeset import typeset

TEXT = "one two three four five six seven eight nine ten eleven twelve"


def rows(*cells: tuple[str, ...]) -> Table:
    """Give a table of plain cells."""
    return Table(tuple(tuple(words(cell) for cell in row) for row in cells))


@pytest.mark.parametrize("width", [1, 12, 20, 40, 80, 200])
def test_lines_fit(width: int) -> None:
    """No line is wider than asked for, but for words that are."""
    blocks = (
        Heading(words(TEXT)),
        Paragraph(words(TEXT)),
        rows(("name", "kind of it", TEXT), ("longer_name", TEXT, ""), ("n",)),
    )
    lines = typeset(blocks, width, colour=False).split("\n")
    assert all(measure(line) <= max(width, 25) for line in lines)
    assert all(len(line) <= width or " " not in line.strip() for line in lines) or width > 12
    assert not any(line.endswith(" ") for line in lines)


def test_columns() -> None:
    """Cells stand below each other; the last one goes on below itself."""
    table = rows(("a", "int", "one two three four five six seven"), ("long", "str", "x"))
    assert typeset([table], 40, colour=False) == (
        "  a     int  one two three four five six\n             seven\n  long  str  x"
    )


def test_narrow_columns() -> None:
    """Where columns have no room the text stands below; depth is kept."""
    table = rows(("  a_rather_long_name", "str", "what it means"), ("alone",))
    assert typeset([table], 30, colour=False) == (
        "    a_rather_long_name str\n        what it means\n  alone"
    )
    assert typeset([rows(("a_long_name_here", "kind", ""))], 20, colour=False) == (
        "  a_long_name_here\n    kind"
    )


def test_wide_kinds_are_broken() -> None:
    """A long type takes several lines, so that there is room for words."""
    table = rows(("a", "'one' | 'two' | 'three' | 'four'", "the text of it, said at some length"))
    lines = typeset([table], 60, colour=False).split("\n")
    assert len(lines) == 2
    assert lines[0].startswith("  a  'one' |")


def test_headings_belong_to_what_follows() -> None:
    """A title stands right above its block, blocks apart; code stays as it is."""
    blocks = (Heading(words("T")), Code("f(\n    1)"), Paragraph(words("p")))
    assert typeset(blocks, 40, colour=False) == "T\n  f(\n      1)\n\np"
    assert typeset([rows()], 40, colour=False) == ""


def test_colours() -> None:
    """Roles have colours where they are wanted, and the text is the same without."""
    blocks = (Heading(words(Span("My title", "title"), " x")), rows(("a", "b")))
    coloured = typeset(blocks, 40, colour=True)
    assert coloured.startswith("\x1b[1mMy title\x1b[0m x")
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == typeset(blocks, 40, colour=False)


@pytest.mark.parametrize("odd", ["\x1b[31m", "\u202e", "\r\n", "\x9b1m", "\ud800", "\0"])
def test_nothing_odd_goes_out(odd: str) -> None:
    """Control and bidirectional characters are shown as escapes, wherever they stand."""
    blocks = (
        Heading(words(Span(odd, "name"), odd)),
        Paragraph(words(f"a{odd}b")),
        Code(f"x{odd}y"),
        rows((odd, odd, odd)),
    )
    shown = typeset(blocks, 60, colour=False)
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert shown.encode("utf-8")


def test_measure() -> None:
    """Wide characters count twice, combining ones not at all."""
    assert [measure(text) for text in ("abc", "日本", "e\u0301", "é")] == [3, 4, 1, 1]


def test_one_line() -> None:
    """Text of any size becomes one short printable line."""
    assert one_line("  a\n\tb \x1b ", 20) == "a b \\x1b"
    assert one_line("abcdef", 3) == "abc…"
    assert one_line(" " * 100 + "x", 5) == "…"
    assert len(one_line("x" * 10**6, 50)) == 51
    assert one_line("\x1b" * 50, 10) == "\\x1b\\x1b\\x…"
    assert words("", Span(""), (Span("a"),), "b") == (Span("a"), Span("b"))
