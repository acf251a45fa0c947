"""
Whether what a program uses is there: by one document, or by a new one where an old one had it.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator

from mixdyn.binding import Binder
from mixdyn.catalog import Entry
from mixdyn.client import make_surface
from mixdyn.errors import DocumentError, excerpt, nearest
from mixdyn.schema import Schema
from mixdyn.tools.check.contract import Contract, Method, Missing
from mixdyn.tools.check.meaning import Meaning
from mixdyn.tools.check.problem import Problem
from mixdyn.tools.check.symbol import ERRORS, MODELS, Keyword, Shape, Symbol, Use


class Judge:
    """
    Judges the uses of programs.

    Args:
        new: what the document offers.
        old: what the programs were written for: only what it had is then missed.
    """

    def __init__(self, new: Contract, old: Contract | None) -> None:
        self._new = new
        self._old = old
        self._meaning = Meaning(old, new) if old is not None else None

    @property
    def has_base(self) -> bool:
        """Whether it is known what the programs were written for."""
        return self._old is not None

    def judge(self, use: Use, folder: str, *, is_alone: bool) -> Iterator[Problem]:
        """
        Give what does not fit.

        Args:
            use: what a program does.
            folder: where the program is, and perhaps its documents.
            is_alone: whether the program is sure to use no other document.
        """
        if not self._is_meant(use.symbol, folder, is_alone=is_alone):
            return
        found = self._problems(self._new, use)
        before = self._problems(self._old, use) if found and self._old else []
        known = {(problem.code, problem.subject) for problem in before}
        yield from (p for p in found if (p.code, p.subject) not in known)
        if self._meaning is not None:
            yield from self._meaning.find_others(use)

    def _is_meant(self, symbol: Symbol, folder: str, *, is_alone: bool) -> bool:
        """Tell whether a symbol's client has an edition of the document."""
        root, is_mix = symbol.root, self._new.is_mix
        if root == MODELS:
            return is_mix
        if root == ERRORS:
            return is_alone or self._old is not None
        if root.kind != "client":
            return False
        if root.detail is not None:
            known = self._compare(str(root.detail), folder)
            if known is not None:
                return known
            # Why would a `Mix` be given a document, if not another one?
            return (root.name == "Mix") == is_mix and (self.has_base or not is_mix)
        # What a function is given as a `Client` may have any document.
        is_mine = root.name == "Mix" or is_alone
        return is_mine if is_mix else root.name == "Client"

    def _compare(self, text: str, folder: str) -> bool | None:
        """Tell whether a client's document is an edition of this one; None if it is not at hand."""
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
        if isinstance(value, str) and "\n" not in value and not value.lstrip().startswith("{"):
            value = os.path.join(folder, value)
            if not os.path.isfile(value):
                return None
        try:
            return self._new.is_related(make_surface(value))
        except (DocumentError, OSError, TypeError, ValueError):
            return False

    def _problems(self, contract: Contract, use: Use) -> list[Problem]:
        symbol = use.symbol
        if symbol.base in (ERRORS, MODELS):
            return list(_module_problems(contract, symbol))
        thing = contract.find(symbol)
        if isinstance(thing, Missing) and use.shape is None:
            if thing.code == "no-attribute" and self._old is None:
                return []  # a server may send more than its document says
            return [self._missing(symbol, thing)]
        if isinstance(thing, Method) and use.shape is not None:
            binder = contract.binder(thing.entry)
            if binder is not None:
                return list(_call_problems(binder, use.shape, thing.entry))
        return []

    def _missing(self, symbol: Symbol, missing: Missing) -> Problem:
        name = symbol.path
        if missing.code == "no-attribute":
            kind = "the result has no attribute"
            text = f"{kind} {excerpt(symbol.name, 60)!r}{nearest(symbol.name, missing.known)}"
            return Problem(missing.code, name, text)
        what = "namespace" if missing.code == "no-namespace" else "operation"
        moved = self._meaning.find_successor(symbol) if self._meaning is not None else ""
        hint = moved or nearest(symbol.name, missing.known)
        return Problem(missing.code, name, f"no {what} {excerpt(name, 80)!r}{hint}")


def _module_problems(contract: Contract, symbol: Symbol) -> Iterator[Problem]:
    """A class of `mixdyn.errors` or `mixdyn.models` that is not there."""
    name, is_error = symbol.name, symbol.base == ERRORS
    known = contract.errors if is_error else contract.models
    if name not in known and not name.startswith("_"):
        kind, code = ("error class", "no-error") if is_error else ("model", "no-model")
        hint = nearest(name, sorted(known))
        yield Problem(code, name, f"the document has no {kind} {excerpt(name, 60)!r}{hint}")


def _call_problems(binder: Binder, shape: Shape, entry: Entry) -> Iterator[Problem]:
    label = entry.qualified_name
    given: set[str] = set()
    is_whole = False
    for keyword in shape.keywords:
        argument = binder.arguments.get(keyword.name)
        if argument is not None:
            given.add(argument.name)
            yield from _value_problems(keyword, argument.schema, label)
        elif keyword.name in ("body", "request") and binder.is_flattened:
            is_whole = True
        elif keyword.name not in binder.options:
            hint = nearest(keyword.name, binder.arguments)
            text = f"{label} takes no argument {excerpt(keyword.name, 60)!r}{hint}"
            subject = f"{label} {keyword.name}"
            yield Problem("no-argument", subject, text, keyword.line, keyword.column)
    if shape.positional:
        text = f"{label} takes keywords only, and is given {shape.positional} without a name"
        yield Problem("positional-argument", label, text)
    if not shape.is_open and not is_whole and not shape.positional:
        for name in binder.required:
            if name not in given:
                text = f"{label} needs the argument {name!r}"
                yield Problem("missing-argument", f"{label} {name}", text)


def _value_problems(keyword: Keyword, schema: Schema | None, label: str) -> Iterator[Problem]:
    """A text that is none of those which the document lists."""
    if keyword.value is None or schema is None:
        return
    try:
        allowed = schema.core.enum
    except DocumentError:  # the call itself will say so
        return
    if allowed and keyword.value not in allowed:
        listed = excerpt(", ".join(map(repr, allowed)), 120)
        text = f"{label}: {keyword.name} is one of {listed}, not {excerpt(keyword.value, 60)!r}"
        subject = f"{label} {keyword.name} {keyword.value}"
        yield Problem("no-value", subject, text, keyword.line, keyword.column)
