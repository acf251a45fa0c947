"""
What a page consists of: headings, paragraphs, tables and code, of spans of text with a role.

Values only; how they look, `typeset` knows for terminals and `markup` for browsers.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from mixdyn.errors import printable

Role: TypeAlias = Literal["plain", "title", "name", "kind", "note", "alert"]

_SLACK = 4  # white space that is folded away, as a multiple of what is kept


class Span(NamedTuple):
    """A piece of text, and what it is."""

    text: str
    role: Role = "plain"


Words: TypeAlias = tuple[Span, ...]


class Heading(NamedTuple):
    """The title of what follows."""

    words: Words


class Paragraph(NamedTuple):
    """Running text; a line break in it is a space."""

    words: Words


class Table(NamedTuple):
    """Rows of cells; the last cell of a row is running text, leading spaces of the first count."""

    rows: tuple[tuple[Words, ...], ...]


class Code(NamedTuple):
    """Lines to copy, shown as they are."""

    text: str


Block: TypeAlias = Heading | Paragraph | Table | Code


def words(*pieces: str | Span | Words) -> Words:
    """Give pieces as one run of words; those without text are left out."""
    found: list[Span] = []
    for piece in pieces:
        if isinstance(piece, str):
            found.append(Span(piece))
        elif isinstance(piece, Span):
            found.append(piece)
        else:
            found += piece
    return tuple(span for span in found if span.text)


def one_line(text: str, limit: int) -> str:
    """Give any text on one line, printable and cut at `limit`; of a huge one little is read."""
    line = " ".join(text[: limit * _SLACK].split())
    is_cut = len(line) > limit or len(text) > limit * _SLACK
    shown = printable(line[:limit])
    shown = shown[:limit]
    return f"{shown.rstrip()}…" if is_cut else shown
