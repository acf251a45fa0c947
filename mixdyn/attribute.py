"""
What result classes are made of: attributes that read through to the JSON, and the classes' class.

Knows neither schemas nor documents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mixdyn.rows import read_plain

Reader = Callable[[Any], Any]


def make_attribute(wire: str, reader: Reader | None, doc: str, *, is_plain: bool) -> Any:
    """
    Make the attribute of a result for one property.

    Args:
        wire: the property's name in JSON.
        reader: what turns its value into what the caller sees, None where it stays.
        doc: the docstring.
        is_plain: whether there is nothing inside to look for: Python then has it faster.
    """
    if not is_plain:
        return Field(wire, reader, doc)

    convert: Any = reader

    def get(view: Any) -> Any:
        return view._json.get(wire)

    def read(view: Any) -> Any:
        value = view._json.get(wire)
        return None if value is None else convert(value)

    return property(get if reader is None else read, _refuse, doc=doc or None)


def _refuse(view: Any, _value: Any) -> None:
    raise AttributeError(f"{type(view).__name__} is read-only")


class Field:
    """An attribute that holds more; no property, since shells look through none of these."""

    def __init__(self, wire: str, reader: Reader | None, doc: str) -> None:
        self.wire = wire
        self.reader = reader
        self.__doc__ = doc or None

    def __get__(self, view: Any, owner: Any = None) -> Any:
        if view is None:
            return self
        value = view._json.get(self.wire)
        if self.reader is not None and value is not None:
            made = self.reader(value)
            if made is not value:
                return made
        return read_plain(view._json, self.wire) if isinstance(value, (dict, list)) else value

    def __set__(self, view: Any, value: Any) -> None:
        _refuse(view, value)


class Pending:
    """Stands for an attribute until one of its class is looked at; all are made then."""

    __slots__ = ("_complete", "_name")

    def __init__(self, complete: Callable[[Any], None], name: str) -> None:
        self._complete = complete
        self._name = name

    def __get__(self, view: Any, owner: Any = None) -> Any:
        kind: Any = view.__class__ if owner is None else owner
        self._complete(next(c for c in kind.__mro__ if self._name in vars(c)))
        return getattr(kind if view is None else view, self._name)

    def __set__(self, view: Any, value: Any) -> None:
        _refuse(view, value)


class Kind(type):
    """
    The class of result classes.

    A client that takes on a newer document makes results of new classes; `isinstance` still takes
    them for those of the older one, by the name of the schema.
    """

    def __instancecheck__(cls, value: Any) -> bool:
        return cls.__subclasscheck__(type(value))

    def __subclasscheck__(cls, kind: Any) -> bool:
        return super().__subclasscheck__(kind) or _is_relative(cls, kind)


def _is_relative(one: Any, other: Any) -> bool:
    """Tell whether two result classes are of one schema name in editions of one document."""
    if one._family is not getattr(other, "_family", None):
        return False
    return bool(one._schema.name) and one._schema.name == other._schema.name
