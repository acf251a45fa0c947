"""
Lists of results, and objects without a class: plain lists and dictionaries whose repr stays
short and shows no secrets, and that show as tables in notebooks.

What they hold is made such as well when it is asked for by index or key, and kept, so that a
change of it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from mixdyn.errors import excerpt
from mixdyn.glance import show_value, unquote, write_table

_of_list: Any = vars(list)["__getitem__"]
_of_dict: Any = vars(dict)["__getitem__"]
_MOST_ROWS = 20
_MOST_COLUMNS = 10
_MOST_ITEMS = 10
_MOST_FIELDS = 8
_MOST_WIDTH = 200
_MOST_CHARACTERS = 1500  # about a screen


class _Item:
    """
    A `__getitem__` without effects: objects have it, their class seems to have that of `base`.

    IPython completes nothing after `rows[0].` where a class has its own, which might do anything.
    """

    def __init__(self, base: Any, get: Callable[[Any, Any], Any]) -> None:
        self._base = base
        self._get = get

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self._base if instance is None else partial(self._get, instance)


def read_plain(holder: Any, key: Any) -> Any:
    """Give what a dictionary holds; a plain list or dictionary in its short form, which is kept."""
    return _keep(holder, key, holder[key])


def _keep(holder: Any, key: Any, value: Any) -> Any:
    """Put the short form of a value, which is equal to it, in its place."""
    if type(value) is dict or type(value) is list:
        holder[key] = value = present(value)  # pyright: ignore[reportUnknownArgumentType]  # of Any
    return value


def _get_row(rows: list[Any], key: Any) -> Any:
    value = _of_list(rows, key)
    return Rows(value) if isinstance(key, slice) else _keep(rows, key, value)


def _get_field(fields: dict[str, Any], key: Any) -> Any:
    return _keep(fields, key, _of_dict(fields, key))


class Rows(list[Any]):
    """A list of results; it is equal to, and pickled and sent as, any list of the same."""

    # No source is to be found: so shells complete `rows[0].`.
    __slots__ = ()
    __module__ = "mixdyn"
    __getitem__: Any = _Item(_of_list, _get_row)

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
        has_fields = any(map(_has_more, islice(self, _MOST_ITEMS)))
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
    __getitem__: Any = _Item(_of_dict, _get_field)

    def get(self, key: str, default: Any = None) -> Any:
        """Give the value of a key, or else the default."""
        return _get_field(self, key) if key in self else default

    def __reduce__(self) -> tuple[Any, ...]:
        return make_fields, (dict(self),)

    def __repr__(self) -> str:
        shown = [
            f"{excerpt(repr(name), 40)}: {show_value(name, value)}"
            for name, value in islice(self.items(), _MOST_FIELDS)
        ]
        rest = len(self) - len(shown)
        return f"{{{', '.join([*shown, f'… {rest} more'] if rest else shown)}}}"

    def _repr_html_(self) -> str:
        return write_table("Object", self._show_fields())

    def _show_fields(self) -> Iterator[tuple[str, str]]:
        """Give the members with short texts, as the repr shows them; secrets are masked."""
        for name, value in self.items():
            yield excerpt(name, 40), unquote(show_value(name, value))


def present(value: Any) -> Any:
    """Give a plain list or dictionary in a form that is short at a prompt; all else as it is."""
    if type(value) is list:
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]  # of Any
        return Rows(items)
    if type(value) is dict:
        members: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]  # of Any
        return Fields(members)
    return value


def make_fields(value: dict[str, Any]) -> Fields:
    """Make an object without a class of its dictionary."""
    return Fields(value)


def make_rows(items: list[Any]) -> Rows:
    """Make a list of results of their list."""
    return Rows(items)


def _show_row(item: Any) -> dict[str, str]:
    """Give what a table shows of an item: its fields, or itself where it has none."""
    shown = present(item)
    fields = getattr(shown, "_show_fields", None)  # of Fields and views
    return dict(fields()) if fields is not None else {"": excerpt(repr(shown), _MOST_WIDTH)}


def _has_more(item: Any) -> bool:
    """Tell whether an item is a list, an object or a view."""
    return isinstance(item, (dict, list)) or getattr(item, "_show_fields", None) is not None
