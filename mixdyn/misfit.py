"""
What makes two findings the same kind: a problem with its parts apart. Knows text only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mixdyn.errors import Problem, excerpt
from mixdyn.shape import JSON_TYPES

_LENGTH = 200
_SHORT = 120

# Kinds of what is new rather than wrong, most telling first: the document would have to say more.
NEW_EVENT = "new event"
NEW_PROPERTY = "new property"
NEW_VALUE = "new value"
NEW_STATUS = "new status"
NEWS = (NEW_STATUS, NEW_EVENT, NEW_VALUE, NEW_PROPERTY)


class Misfit(Problem):
    """
    A problem that also says, apart, of what kind it is.

    `kind` is the schema's rule or another word, `pointer` the place with `*` for indexes and keys
    of maps, `expected` and `got` the two sides, `place` the status or the event that had it.
    """

    kind: str = ""
    pointer: str = ""
    expected: str = ""
    got: str = ""
    place: str = ""

    def __repr__(self) -> str:
        return f"Problem(path={self.path!r}, message={self.message!r})"


def make_misfit(
    path: str, message: str, *, kind: str, pointer: str = "", expected: str = "", got: str = ""
) -> Misfit:
    """Make a problem of its text and of its parts."""
    made = Misfit(path, message)
    made.kind, made.pointer, made.expected, made.got = kind, pointer, expected, got
    return made


def is_news(problem: Problem) -> bool:
    """Tell whether it is no fault, but something that the document does not tell of."""
    return isinstance(problem, Misfit) and problem.kind in NEWS


def list_faults(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Give the problems without what is but new."""
    return tuple(problem for problem in problems if not is_news(problem))


def settle(
    problems: Iterable[Problem], place: str = "", hide: Callable[[str], str] | None = None
) -> tuple[Misfit, ...]:
    """Give problems with the place that they were found at, and with secrets masked in all text."""
    return tuple(_settle(problem, place, hide or str) for problem in problems)


def _settle(problem: Problem, place: str, hide: Callable[[str], str]) -> Misfit:
    made = Misfit(*map(hide, problem))
    if isinstance(problem, Misfit):
        made.kind, made.pointer = problem.kind, hide(problem.pointer)
        made.expected, made.got = hide(problem.expected), hide(problem.got)
        place = place or problem.place
    else:
        made.got = made.message
    made.place = hide(place)
    return made


def move(problem: Problem, path: str, pointer: str) -> Problem:
    """Give a problem of a part as one of the whole, in which the part stands at a place."""
    moved = problem._replace(path=f"{path}{problem.path[1:]}")
    if isinstance(problem, Misfit) and isinstance(moved, Misfit):
        vars(moved).update(vars(problem))
        moved.pointer = pointer + problem.pointer
    return moved


def write_pointer(steps: Sequence[Any]) -> str:
    """Write a JSON pointer (RFC 6901) of steps, cut and printable."""
    texts = (str(step).replace("~", "~0").replace("/", "~1") for step in steps)
    return excerpt("".join(f"/{excerpt(text, _SHORT)}" for text in texts), _LENGTH)


def name_type(value: Any) -> str:
    """Name the JSON type of a value."""
    return next((JSON_TYPES[kind] for kind in type(value).__mro__ if kind in JSON_TYPES), "value")
