"""
Attributes that shells may look through: IPython evaluates no property, and nothing of an object
whose class has `__getattr__`, since they might do anything. These do nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any


class Fallback:
    """
    A `__getattr__` without effects: it is there for objects, but not to be seen in their classes.

    IPython looks into no object whose class has one, since it might do anything.
    """

    def __init__(self, function: Callable[[Any, str], Any]) -> None:
        self._function = function

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return None if instance is None else partial(self._function, instance)


class Derived:
    """A property that shells look through, which they do with no other: it only makes a view."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else self._function(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        raise AttributeError(f"{self._function.__name__} of a client cannot be set")
