"""
Lists of results, and objects without a class: plain lists and dictionaries whose repr stays
short and shows no secrets, and that show as tables in notebooks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from mixdyn.errors import excerpt
from mixdyn.view import Model, is_dict, make_view

_MOST_ROWS = 20
_MOST_COLUMNS = 10
_MOST_ITEMS = 10
_MOST_FIELDS = 8
_MOST_WIDTH = 200
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
            text = excerpt(repr(present(item)), _MOST_CHARACTERS)
            if shown and sum(map(len, shown)) + len(text) > _MOST_CHARACTERS:
                break
            shown.append(text)
        rest = len(self) - len(shown)
        listed = [*shown, f"… {rest} more"] if rest else shown
        has_fields = any(isinstance(item, (Model, dict, list)) for item in self[:_MOST_ITEMS])
        return "[" + (",\n " if has_fields else ", ").join(listed) + "]"

    def _repr_html_(self) -> str:
        from mixdyn.block import Paragraph, Span, Table, words
        from mixdyn.page import Page

        fields = [_show_row(item) for item in islice(self, _MOST_ROWS)]
        columns = list(dict.fromkeys(name for known in fields for name in known))
        head = tuple(words(Span(name, "name")) for name in columns[:_MOST_COLUMNS])
        rows = [tuple(words(f.get(n, "")) for n in columns[:_MOST_COLUMNS]) for f in fields]
        left = [(len(self) - len(rows), "rows"), (len(columns) - _MOST_COLUMNS, "columns")]
        more = ", ".join(f"{count} more {what}" for count, what in left if count > 0)
        note = f"{len(self)} in all" + (f"; {more}" if more else "")
        return Page(Table((head, *rows)), Paragraph(words(Span(note, "note")))).html()


class Fields(dict[str, Any]):
    """An object that the document does not describe; equal to, and sent as, any dictionary."""

    __slots__ = ()
    __module__ = "mixdyn"

    def __reduce__(self) -> tuple[Any, ...]:
        return make_fields, (dict(self),)

    def __repr__(self) -> str:
        view: Any = make_view(Model, self)
        names = list(islice(self, _MOST_FIELDS))
        shown = [f"{excerpt(repr(name), 40)}: {view._show(name)}" for name in names]
        rest = len(self) - len(names)
        return f"{{{', '.join([*shown, f'… {rest} more'] if rest else shown)}}}"

    def _repr_html_(self) -> str:
        view: Any = make_view(Model, self)
        shown: str = view._repr_html_()
        return shown


def present(value: Any) -> Any:
    """Give a plain list or dictionary in a form that is short at a prompt; all else as it is."""
    if type(value) is list:
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]  # of Any
        return Rows(items)
    return Fields(value) if is_dict(value) else value


def make_fields(value: dict[str, Any]) -> Fields:
    """Make an object without a class of its dictionary."""
    return Fields(value)


def _show_row(item: Any) -> dict[str, str]:
    """Give what a table shows of an item: its fields, or itself where it has none."""
    view: Any = make_view(Model, item) if is_dict(item) else item
    if isinstance(view, Model):
        found: Iterator[tuple[str, str]] = getattr(view, "_show_fields")()  # noqa: B009  # ours
        return dict(found)
    return {"": excerpt(repr(present(item)), _MOST_WIDTH)}


def make_rows(items: list[Any]) -> Rows:
    """Make a list of results of their list."""
    return Rows(items)
