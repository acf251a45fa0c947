"""Problems with their parts apart."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from mixdyn.errors import Problem
from mixdyn.misfit import (
    NEW_VALUE,
    Misfit,
    is_news,
    list_faults,
    make_misfit,
    move,
    name_type,
    settle,
    write_pointer,
)

MADE = make_misfit("$.a", "told s3cret", kind="type", pointer="/a", expected="x", got="a s3cret")


def test_a_misfit_is_a_problem() -> None:
    """It is equal to a plain one, shows as one, and keeps its parts in copies and pickles."""
    assert Problem("$.a", "told s3cret") == MADE
    assert repr(MADE) == "Problem(path='$.a', message='told s3cret')"
    for other in (copy.copy(MADE), pickle.loads(pickle.dumps(MADE))):
        assert isinstance(other, Misfit)
        assert vars(other) == vars(MADE)


def test_settle() -> None:
    """Problems get their place, and secrets are masked in all that shows."""
    plain = Problem("$", "wrong s3cret")
    found = settle((MADE, plain), "200", lambda text: text.replace("s3cret", "***"))
    assert [str(each) for each in found] == ["$.a: told ***", "$: wrong ***"]
    assert [(each.kind, each.got, each.place) for each in found] == [
        ("type", "a ***", "200"),
        ("", "wrong ***", "200"),
    ]
    assert settle(found) == found
    assert settle(found)[0].place == "200"


def test_news() -> None:
    """What is new is no fault."""
    new = make_misfit("$", "new", kind=NEW_VALUE)
    assert [is_news(each) for each in (new, MADE, Problem("$", "x"))] == [True, False, False]
    assert list_faults((new, MADE)) == (MADE,)
    assert list_faults(()) == ()


def test_move() -> None:
    """A problem of a part is one of the whole."""
    moved: Any = move(MADE, "$.data", "/data")
    assert (moved.path, moved.pointer, moved.kind) == ("$.data.a", "/data/a", "type")
    assert MADE.pointer == "/a"
    assert move(Problem("$[0]", "x"), "$.data", "/data") == Problem("$.data[0]", "x")


@pytest.mark.parametrize(
    ("steps", "pointer"),
    [
        ([], ""),
        (["a/b", "~", "*"], "/a~1b/~0/*"),
        (["\x1b[0m"], "/\\x1b[0m"),
        (["x" * 500], "/" + "x" * 119 + "…"),
    ],
)
def test_pointer(steps: list[Any], pointer: str) -> None:
    """A pointer is escaped, printable and short."""
    assert write_pointer(steps) == pointer


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "boolean"),
        (1, "integer"),
        (1.5, "number"),
        ("x", "string"),
        ({}, "object"),
        ([], "array"),
        (b"", "value"),
    ],
)
def test_types(value: Any, name: str) -> None:
    """Types have their names in JSON."""
    assert name_type(value) == name
