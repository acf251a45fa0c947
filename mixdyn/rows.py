"""
Lists of results: plain lists whose repr stays short, and that show as a table in notebooks.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from mixdyn.view import Model

_MOST_ROWS = 20
_MOST_COLUMNS = 10
_MOST_ITEMS = 10
_MOST_CHARACTERS = 1500  # about a screen


class Rows(list[Any]):
    """A list of results; it is equal to, and pickled and sent as, any list of the same."""

    # No access of lists is replaced, and no source is to be found: so shells complete `rows[0].`.
    __slots__ = ()
    __module__ = "mixdyn"

    def __reduce__(self) -> tuple[Any, ...]:
        return make_rows, (list(self),)

    def __repr__(self) -> str:
        shown: list[str] = []
        for item in islice(self, _MOST_ITEMS):
            text = repr(item)
            if shown and sum(map(len, shown)) + len(text) > _MOST_CHARACTERS:
                break
            shown.append(text)
        rest = len(self) - len(shown)
        listed = [*shown, f"… {rest} more"] if rest else shown
        return "[" + ",\n ".join(listed) + "]"

    def _repr_html_(self) -> str:
        from mixdyn.block import Paragraph, Span, Table, words
        from mixdyn.page import Page

        listed: list[Any] = [item for item in islice(self, _MOST_ROWS) if isinstance(item, Model)]
        fields = [dict(item._show_fields()) for item in listed]
        columns = list(dict.fromkeys(name for known in fields for name in known))
        head = tuple(words(Span(name, "name")) for name in columns[:_MOST_COLUMNS])
        rows = [tuple(words(f.get(n, "")) for n in columns[:_MOST_COLUMNS]) for f in fields]
        left = [(len(self) - len(rows), "rows"), (len(columns) - _MOST_COLUMNS, "columns")]
        more = ", ".join(f"{count} more {what}" for count, what in left if count > 0)
        note = f"{len(self)} in all" + (f"; {more}" if more else "")
        return Page(Table((head, *rows)), Paragraph(words(Span(note, "note")))).html()


def make_rows(items: list[Any]) -> Rows:
    """Make a list of results of their list."""
    return Rows(items)
