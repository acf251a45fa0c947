"""
A page about something: the same content as text for a terminal and as HTML for a notebook.
"""

from __future__ import annotations

from mixdyn.block import Block
from mixdyn.markup import mark_up
from mixdyn.terminal import find_width, has_colour, make_writable
from mixdyn.typeset import typeset


class Page:
    """What a prompt shows of a client, a namespace, an operation, a schema or a search."""

    __slots__ = ("blocks",)

    def __init__(self, *blocks: Block) -> None:
        self.blocks = blocks

    def text(self, width: int, *, colour: bool = False) -> str:
        """Give plain text, safe for terminals; lines fit the width, longer words excepted."""
        return typeset(self.blocks, width, colour=colour)

    def html(self) -> str:
        """Give one HTML element, escaped, without scripts, that suits light and dark themes."""
        return mark_up(self.blocks)

    def show(self) -> str:
        """Give the text for the terminal that this process has, as the reprs do."""
        return make_writable(self.text(find_width(), colour=has_colour()))

    def __repr__(self) -> str:
        return self.show()

    def _repr_html_(self) -> str:
        return self.html()
