"""
The arguments of one call in the form in which they travel, before they are put together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from mixdyn.binding import EXTRA
from mixdyn.errors import Problem
from mixdyn.operation import Argument
from mixdyn.params import ParameterError
from mixdyn.record import NamedTuple

if TYPE_CHECKING:
    from mixdyn.upload import Upload

T = TypeVar("T")

REST = Argument(EXTRA, "", "body", False, None, "")  # what no argument stands for


class Converted(NamedTuple):
    """Arguments in wire form, the files among them, and the body's undeclared properties."""

    wire: dict[str, Any]
    uploads: dict[str, list[Upload]]
    extra: dict[str, Any]


def attempt(name: str, encode: Callable[[Any], T], value: Any, problems: list[Problem]) -> T | None:
    """Write a value; where that cannot be, note why, once for each argument."""
    try:
        return encode(value)
    except ParameterError as error:
        if all(p.path != name for p in problems):
            problems.append(Problem(name, str(error)))
        return None


def body_value(sent: list[Argument], converted: Converted) -> Any:
    """Give the body's own value: the one argument that it is, or the object of its members."""
    if sent and sent[0].location == "whole body":
        return converted.wire[sent[0].name]
    return {a.wire: converted.wire[a.name] for a in sent if a.name in converted.wire} | (
        converted.extra
    )
