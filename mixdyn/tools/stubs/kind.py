"""
Types as the runtime has them, written as syntax: of results as they are, of inputs as they may be.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from mixdyn.stream import AsyncEventStream, EventStream
from mixdyn.tools.stubs import syntax
from mixdyn.view import Model

NameModel = Callable[[type[Model]], list[ast.expr]]

_PLAIN: dict[Any, tuple[str, str]] = {
    kind: ("_builtins", kind.__name__) for kind in (bool, dict, float, int, list, str)
} | {
    date: ("_datetime", "date"),
    datetime: ("_datetime", "datetime"),
    AsyncEventStream: ("_form", "AsyncStream"),
    EventStream: ("_form", "Stream"),
}


class Writer:
    """Writes types; `name_model` gives what stands for a result class."""

    def __init__(self, name_model: NameModel) -> None:
        self._name_model = name_model
        self._written: dict[int, tuple[Any, ast.expr]] = {}  # the types are kept: ids are theirs

    def write(self, kind: Any) -> ast.expr:
        """Give the syntax of a type."""
        known = self._written.get(id(kind))
        if known is None:
            known = self._written[id(kind)] = (kind, self._write(kind))
        return known[1]

    def _write(self, kind: Any) -> ast.expr:
        origin = get_origin(kind)
        if origin is not None:
            return self._write_generic(origin, get_args(kind))
        if kind is None or kind is NoneType:
            return ast.Constant(None)
        if isinstance(kind, type) and issubclass(kind, Model):
            return syntax.union(self._name_model(kind))
        return self.plain(kind)

    def _write_generic(self, origin: Any, parts: tuple[Any, ...]) -> ast.expr:
        if origin is Literal:
            return syntax.literal(parts)
        if origin in (Union, UnionType):
            return syntax.union(map(self.write, parts))
        return self.list_of(parts[0]) if origin is list else self.map_of(parts[1])

    def list_of(self, item: Any) -> ast.expr:
        """Give the type of an array."""
        return syntax.subscript(syntax.builtin("list"), [self.write(item)])

    def map_of(self, value: Any) -> ast.expr:
        """Give the type of an object without declared properties."""
        kinds = [syntax.builtin("str"), self.write(value)]
        return syntax.subscript(syntax.builtin("dict"), kinds)

    def plain(self, kind: Any) -> ast.expr:
        """Give the syntax of a type without parts; Any for what is not known here."""
        if kind is list:
            return self.list_of(Any)
        if kind is dict:
            return self.map_of(Any)
        return syntax.refer(*_PLAIN.get(kind, syntax.ANY))


class InputWriter(Writer):
    """Writes what may be passed where a value of the type goes: texts for times, any sequence."""

    def list_of(self, item: Any) -> ast.expr:
        """Give what may be passed for an array: one text is no list of texts."""
        if item is str:
            return syntax.refer("_form", "Texts")
        return syntax.subscript(syntax.refer("_form", "Items"), [self.write(item)])

    def map_of(self, value: Any) -> ast.expr:
        """Give what may be passed for an object without declared properties."""
        kinds = [syntax.builtin("str"), self.write(value)]
        return syntax.subscript(syntax.refer("_abc", "Mapping"), kinds)

    def plain(self, kind: Any) -> ast.expr:
        """Give what may be passed for a type without parts."""
        written = super().plain(kind)
        return (
            syntax.union([written, syntax.builtin("str")]) if kind in (date, datetime) else written
        )
