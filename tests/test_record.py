"""Tuples with named fields, as those of `typing` are."""

from __future__ import annotations

import pickle
import typing
from typing import Any

import pytest

from mixdyn.record import NamedTuple


class Point(NamedTuple):
    """A place."""

    x: int
    y: int = 2
    tags: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """The sum."""
        return self.x + self.y

    def moved(self, by: int) -> Point:
        return self._replace(x=self.x + by)


class Special(Point):
    """A place of its own kind."""


def test_is_a_tuple_with_names() -> None:
    """Fields, defaults, methods and properties are there."""
    point = Point(1)
    assert point == (1, 2, ())
    assert (point.total, point.moved(by=1)) == (3, Point(2))
    assert repr(point) == "Point(x=1, y=2, tags=())"
    assert Point._fields == ("x", "y", "tags")
    assert Point._field_defaults == {"y": 2, "tags": ()}
    with pytest.raises(TypeError):
        Point()  # type: ignore[call-arg]  # which is what raises
    with pytest.raises(AttributeError):
        point.x = 3  # type: ignore[misc]  # which is what raises


def test_tells_of_itself() -> None:
    """Doc, module, qualified name and types are those of the class as it is written."""
    assert Point.__doc__ == "A place."
    assert (Point.__module__, Point.__qualname__) == (__name__, "Point")
    hints: dict[str, Any] = typing.get_type_hints(Point)
    assert hints == {"x": int, "y": int, "tags": tuple[str, ...]}


def test_pickles_and_is_inherited() -> None:
    """Values travel, and classes can be built on it."""
    assert pickle.loads(pickle.dumps(Point(1))) == Point(1)
    assert Special(1).total == 3
    assert isinstance(Special(1), Point)
