"""
Writes a page's blocks as plain text fitted to a width, in colours where they are wanted.

Whatever the blocks hold, nothing but printable text and colours of our own goes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from mixdyn.block import Block, Code, Heading, Role, Span, Table, Words
from mixdyn.errors import printable
from mixdyn.terminal import measure

_STYLES: dict[Role, str] = {
    "title": "1",
    "name": "1;36",
    "kind": "32",
    "note": "2",
    "alert": "31",
}
_MARGIN = 2
_GAP = 2
_LEAST_TEXT = 24  # columns for running text, below which a row is written in several lines
_MOST_KIND = 0.28  # of the width, for a column between the first and the last
_WORD = re.compile(r"\S+|\s+")


def typeset(blocks: Iterable[Block], width: int, *, colour: bool) -> str:
    """Give blocks as text whose lines are at most `width` wide, but for words that are longer."""
    sections: list[str] = []
    is_titled = False
    for block in blocks:
        lines = [_paint(line, colour=colour) for line in _set_block(block, max(width, 1))]
        if is_titled:  # what has a title stands right below it
            sections[-1] += "\n" + "\n".join(lines)
        else:
            sections.append("\n".join(lines))
        is_titled = isinstance(block, Heading)
    return "\n\n".join(sections)


def _set_block(block: Block, width: int) -> Iterable[list[Span]]:
    if isinstance(block, Code):
        return [[Span(" " * _MARGIN + line)] for line in block.text.split("\n")]
    if isinstance(block, Table):
        return _set_table(block, width)
    return _wrap(block.words, width)


def _wrap(words: Words, width: int, indent: int = 0) -> list[list[Span]]:
    """Break words into lines; the indent is for all lines but the first."""
    lines: list[list[Span]] = [[]]
    used, space = 0, ""
    for span in words:
        for piece in _WORD.findall(printable(span.text)):
            if piece.isspace():
                space = piece if not lines[-1] and not used else " "
                continue
            size = measure(piece)
            if used + len(space) + size > width and used > (indent if len(lines) > 1 else 0):
                lines.append([Span(" " * indent)])
                used, space = indent, ""
            lines[-1].append(Span(space + piece, span.role))
            used, space = used + len(space) + size, ""
    return lines


def _set_table(table: Table, width: int) -> Iterator[list[Span]]:
    columns = [_Column(table, i, width) for i in range(max(map(len, table.rows), default=0))]
    names = _MARGIN + sum(column.size + _GAP for column in columns[:-1])
    is_aligned = bool(columns) and names + min(columns[-1].natural, _LEAST_TEXT) <= width
    for row in table.rows:
        yield from _set_row(row, columns, width) if is_aligned else _stack_row(row, width)


class _Column:
    """How wide a column is: the first as wide as its names, the next within reason."""

    def __init__(self, table: Table, index: int, width: int) -> None:
        cells = [row[index] for row in table.rows if index < len(row)]
        self.natural = max(map(_size, cells))
        words = (w for cell in cells for span in cell for w in printable(span.text).split())
        least = max(map(measure, words), default=0)
        reason = self.natural if index == 0 else int(width * _MOST_KIND)
        self.size = min(self.natural, max(reason, least))


def _set_row(row: tuple[Words, ...], columns: list[_Column], width: int) -> Iterator[list[Span]]:
    """Write a row with its cells below those of other rows; each may take many lines."""
    start = _MARGIN + sum(column.size + _GAP for column in columns[: len(row) - 1])
    sizes = [*(column.size for column in columns[: len(row) - 1]), width - start]
    cells = [_wrap(cell, max(size, 1)) for cell, size in zip(row, sizes, strict=True)]
    cells[0] = cells[0] if len(row) == 1 else [list(row[0])]  # leading spaces count there
    for i in range(max(map(len, cells))):
        line = [Span(" " * _MARGIN)]
        for lines, size in zip(cells, sizes, strict=True):
            here = lines[i] if i < len(lines) else []
            line += [*here, Span(" " * (size + _GAP - _size(tuple(here))))]
        yield line


def _stack_row(row: tuple[Words, ...], width: int) -> Iterator[list[Span]]:
    """Write a row where columns have no room: what is named first, the text on lines below."""
    head = [span for cell in row[:-1] for span in (*cell, Span("  "))] or list(row[-1])
    lead = len(head[0].text) - len(head[0].text.lstrip()) if head else 0
    margin = " " * (_MARGIN + lead)
    bare = (Span(head[0].text.lstrip(), head[0].role), *head[1:]) if head else ()
    for i, line in enumerate(_wrap(bare, width - len(margin) - 2)):
        yield [Span(margin + ("  " if i else "")), *line]
    if len(row) > 1 and row[-1]:
        for line in _wrap(row[-1], width - len(margin) - 4):
            yield [Span(margin + "    "), *line]


def _size(cell: Words) -> int:
    return sum(measure(printable(span.text)) for span in cell)


def _role_of(span: Span) -> Role:
    return span.role


def _paint(line: Iterable[Span], *, colour: bool) -> str:
    texts: list[str] = []
    for role, spans in groupby(line, key=_role_of):
        text = printable("".join(span.text for span in spans)).replace("\n", " ")
        style = _STYLES.get(role) if colour else None
        texts.append(f"\x1b[{style}m{text}\x1b[0m" if style and text.strip() else text)
    return "".join(texts).rstrip()
