"""
Whether a name means in a new document what it meant in an old one: an operation, an argument.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from mixdyn.catalog import Entry
from mixdyn.diff.argument import find_displaced
from mixdyn.diff.edition import Edition
from mixdyn.diff.pairing import Place, pair_sites
from mixdyn.errors import excerpt
from mixdyn.operation import Argument
from mixdyn.tools.check.contract import Contract, Method, Thing
from mixdyn.tools.check.problem import Problem
from mixdyn.tools.check.symbol import Keyword, Symbol, Use


class Meaning:
    """
    Compares what names stand for.

    Args:
        old: the document that programs were written for.
        new: the one that they are to go by.
    """

    def __init__(self, old: Contract, new: Contract) -> None:
        self._old = old
        self._new = new

    def find_others(self, use: Use) -> Iterator[Problem]:
        """Give what a use means by now, where that is something else than before."""
        old, new = self._old.find(use.symbol), self._new.find(use.symbol)
        if not isinstance(old, Method) or not isinstance(new, Method):
            return
        if use.shape is not None:
            for keyword in use.shape.keywords:
                yield from self._compare_arguments(keyword, old.entry, new.entry)
        elif not new.view and not self._is_same(old.entry, new.entry):
            name = use.symbol.path
            text = f"{excerpt(name, 80)!r} is now {_show(new.entry)}, was {_show(old.entry)}"
            yield Problem("other-operation", name, text + self.find_successor(use.symbol, old))

    def find_successor(self, symbol: Symbol, thing: Thing | None = None) -> str:
        """Say what a method of the old document is called in the new one; empty for none."""
        method = thing or self._old.find(symbol)
        if not isinstance(method, Method):
            return ""
        entries = self._new.by_place.get(self._find_place(method.entry), [])
        if not entries:
            return f". {_show(method.entry)} is gone"
        twin = "_async" if method.is_async else ""
        name = f"{entries[0].qualified_name}{twin}"
        return f". {_show(method.entry)} is now {name!r}"

    @cached_property
    def _successors(self) -> dict[Place, Place]:
        editions = (Edition(side.document, frozenset()) for side in (self._old, self._new))
        pairs = pair_sites(*(edition.sites for edition in editions)).pairs
        return {_place(one.entry): _place(other.entry) for one, other in pairs}

    def _find_place(self, entry: Entry) -> Place:
        place = _place(entry)
        return place if place in self._new.by_place else self._successors.get(place, ("", ""))

    def _is_same(self, old: Entry, new: Entry) -> bool:
        return self._find_place(old) == _place(new)

    def _compare_arguments(self, keyword: Keyword, old: Entry, new: Entry) -> Iterator[Problem]:
        before, after = self._old.plan(old), self._new.plan(new)
        if before is None or after is None or not self._is_same(old, new):
            return
        argument = before.binder.arguments.get(keyword.name)
        lists = before.operation.arguments, after.operation.arguments
        if argument is not None and argument.name in find_displaced(*lists):
            other = next(a for a in lists[1] if a.name == argument.name)
            label = new.qualified_name
            text = f"{label}: {argument.name} is now the {_name(other)}, was the {_name(argument)}"
            subject = f"{label} {argument.name}"
            yield Problem("other-argument", subject, text, keyword.line, keyword.column)


def _place(entry: Entry) -> Place:
    return entry.method, entry.path


def _show(entry: Entry) -> str:
    return excerpt(f"{entry.method} {entry.path}", 100)


def _name(argument: Argument) -> str:
    return f"{argument.location} {excerpt(argument.wire, 60)}"
