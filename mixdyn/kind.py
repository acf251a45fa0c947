"""
Writes Python types for people: `list[SessionData] | None`, `'low' | 'high'`, `datetime`.
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from mixdyn.errors import excerpt

_MOST_VALUES = 12
_MOST_CHARACTERS = 40
_DEEPEST = 20


def write_kind(kind: Any, depth: int = 0) -> str:
    """Give a type as one would write it, without modules; long lists of values are cut."""
    if kind is Any or depth > _DEEPEST:
        return "Any"
    if kind is None or kind is NoneType:
        return "None"
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return _write_values(arguments)
    if origin in (Union, UnionType):
        return " | ".join(write_kind(argument, depth + 1) for argument in arguments)
    name = excerpt(str(getattr(origin or kind, "__name__", kind)), _MOST_CHARACTERS)
    inner = ", ".join(write_kind(argument, depth + 1) for argument in arguments)
    return f"{name}[{inner}]" if inner else name


def _write_values(values: tuple[Any, ...]) -> str:
    shown = [excerpt(repr(value), _MOST_CHARACTERS) for value in values[:_MOST_VALUES]]
    more = ["…"] if len(values) > _MOST_VALUES else []
    return " | ".join(shown + more)
