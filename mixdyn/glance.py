"""
What is shown of a JSON object at a glance: a line for each member, short, with secrets masked.

Knows values and names, no schemas: which members are secret by those, it is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from mixdyn.errors import excerpt
from mixdyn.redact import MASK, PLAIN
from mixdyn.shape import is_array, is_object

_MOST_FIELDS = 40
_VALUE = 60
_READ = 500  # of a long text, what is searched for secrets before it is cut


def show_value(name: str, value: Any) -> str:
    """Write what stands under a name on one short line; a text that may be secret is masked."""
    if is_object(value):
        return f"{{{len(value)} items}}" if value else "{}"
    if is_array(value):
        return f"[{len(value)} items]" if value else "[]"
    if not isinstance(value, str):
        return excerpt(value, _VALUE)
    shown = MASK if PLAIN.is_secret(name) else PLAIN.text(value[:_READ])
    return excerpt(repr(shown[:_VALUE]), _VALUE)


def unquote(text: str) -> str:
    """Give a text that `show_value` wrote without its quotes, as tables show it."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def write_table(title: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Write names and their values as an HTML table; of very many the first."""
    from mixdyn.block import Heading, Span, Table, words
    from mixdyn.page import Page

    shown = list(islice(pairs, _MOST_FIELDS + 1))
    rows = [(words(Span(name, "name")), words(text)) for name, text in shown[:_MOST_FIELDS]]
    more = [(words("…"), ())] if len(shown) > _MOST_FIELDS else []
    return Page(Heading(words(Span(title, "title"))), Table((*rows, *more))).html()
