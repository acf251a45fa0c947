"""
The exception tree, its properties, and how messages are worded.
"""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn import errors
from mixdyn.errors import (
    ClientClosedError,
    DocumentError,
    MixDefaultError,
    MixError,
    NoResponseError,
    Problem,
    RequestValidationError,
    ResponseValidationError,
    excerpt,
    itemize,
    nearest,
    printable,
    schema_error,
)
from tests.loopback import PATIENCE

RESPONSE = SimpleNamespace(status_code=418, headers={"x-kind": "teapot"})
KINDS = [
    MixError,
    MixDefaultError,
    NoResponseError,
    ResponseValidationError,
    RequestValidationError,
    DocumentError,
    ClientClosedError,
    schema_error("TeapotError"),
]


def test_error_properties() -> None:
    """An error tells message, status, headers, body, data and the call, as in the SDK."""
    error = MixError("no coffee", RESPONSE, "short", {"stout": True}, "kettle.brew (POST /brew)")
    assert error.message == "no coffee"
    assert str(error) == "kettle.brew (POST /brew) answered 418: no coffee"
    assert (error.status_code, error.headers) == (418, {"x-kind": "teapot"})
    assert (error.raw_response, error.body) == (RESPONSE, "short")
    assert (error.data, error.operation) == ({"stout": True}, "kettle.brew (POST /brew)")


def test_error_repr_is_short() -> None:
    """The repr shows the message, on one line and cut, and not the body."""
    error = MixError("no\ncoffee" + "x" * 500, RESPONSE, "the whole body")
    assert repr(error).startswith("MixError('no\\\\ncoffeexxx")
    assert len(repr(error)) < 230


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-request-id": "a", "cf-ray": "b"}, "a"),
        ({"cf-ray": "b"}, "b"),
        ({"x-request-id": ""}, None),
        ({}, None),
    ],
)
def test_error_request_id(headers: dict[str, str], expected: str | None) -> None:
    """An error tells what the server calls the exchange, by whichever header does."""
    assert MixError("x", SimpleNamespace(headers=headers)).request_id == expected


def test_error_of_no_attempt() -> None:
    """An error that no call has annotated tells of no attempt."""
    error = MixError("x")
    assert (error.attempts, error.retry_after, error.request_id) == (0, None, None)
    error.attempts, error.retry_after = 3, 1.5
    again = copy.copy(pickle.loads(pickle.dumps(error)))
    assert (again.attempts, again.retry_after) == (3, 1.5)


def test_error_text_says_the_call_once() -> None:
    """A message that names the call already is shown as it is."""
    assert str(MixError("a.b: bad", RESPONSE, None, None, "a.b")) == "a.b: bad"


def test_error_without_response() -> None:
    """Where there was no response, its parts are empty and not missing."""
    error = NoResponseError("nobody answered")
    assert (error.status_code, error.headers, error.body) == (None, {}, "")
    assert (error.raw_response, error.data, error.operation) == (None, None, None)


def test_error_problems() -> None:
    """A validation error lists where the value does not fit, also after it was raised from one."""
    problems = (Problem("$.id", "expected text"),)
    cause = ValueError("below")
    error = ResponseValidationError("bad", None, "{}", None, "a.b", problems)
    error.__cause__ = cause
    assert error.problems == problems
    assert str(error.problems[0]) == "$.id: expected text"
    assert error.cause is cause
    assert RequestValidationError("bad").problems == ()


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (RequestValidationError, ValueError),
        (DocumentError, ValueError),
        (ClientClosedError, RuntimeError),
    ],
)
def test_error_is_also(kind: type[MixError], base: type[Exception]) -> None:
    """Errors that Python has a word for are caught by it, and by MixError."""
    assert issubclass(kind, base)
    assert issubclass(kind, MixError)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
def test_error_copies(kind: type[MixError], again: Any) -> None:
    """Every error copies and pickles with all that it says, notes included."""
    error = kind("no", None, "body", {"a": [1]}, "x.y")
    error.add_note("while testing")
    other = again(error)
    assert type(other) is kind
    assert other.args == error.args
    assert other.__notes__ == ["while testing"]


def test_schema_error_unpickled_elsewhere() -> None:
    """An error of a document's schema unpickles in a process that never saw the document."""
    error = schema_error("OtherKettleError")("cold", None, "b", {"a": 1}, "x.y")
    code = (
        "import pickle, sys; e = pickle.load(sys.stdin.buffer); import mixdyn.errors as m;"
        "print(type(e).__name__, isinstance(e, m.MixError), e.data, type(e) is m.OtherKettleError)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(error), capture_output=True, check=True
    )
    assert run.stdout.split() == b"OtherKettleError True {'a': 1} True".split()


def test_schema_error_is_one_class() -> None:
    """Equal names give one class, found in the module, so that `except` keeps working."""
    kind = schema_error("MugError")
    assert schema_error("MugError") is kind
    assert errors.MugError is kind
    assert "MugError" in dir(errors)
    assert "MugError" in str(kind.__doc__)


@pytest.mark.parametrize("name", ["MixError", "DocumentError", "excerpt", "Any"])
def test_schema_error_never_replaces(name: str) -> None:
    """A schema with the name of something of ours gets an underscore."""
    ours = getattr(errors, name)
    assert schema_error(name).__name__ == f"{name}_"
    assert getattr(errors, name) is ours


def test_schema_errors_of_threads() -> None:
    """Two threads that need a name at once get one class."""
    start = threading.Barrier(2)

    def make(number: int) -> list[type[MixError]]:
        start.wait()
        return [schema_error(f"Raced{i}Error") for i in range(2_000)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(2) as pool:
            one, other = pool.map(make, range(2))
    finally:
        sys.setswitchinterval(interval)
    assert one == other


def test_names_are_there_while_they_are_collected() -> None:
    """A thread that looks for a name while another collects it finds it, too."""
    asked, go_on = threading.Event(), threading.Event()

    class Source:
        def __init__(self) -> None:
            self.count = 0

        def error_names(self) -> Iterator[str]:
            self.count += 1
            if self.count == 1:
                asked.set()
                assert go_on.wait(PATIENCE)
            yield "SlowError"

    source = Source()
    errors.announce(source)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(getattr, errors, "SlowError")
        assert asked.wait(PATIENCE)
        assert issubclass(errors.SlowError, MixError)
        go_on.set()
        assert first.result(PATIENCE) is errors.SlowError


def test_announce_is_asked_late() -> None:
    """The names of error schemas are asked for when one is looked for, and then once."""
    asked: list[str] = []

    class Source:
        def error_names(self) -> list[str]:
            asked.append("once")
            return ["LateError"]

    source = Source()
    errors.announce(source)
    assert not asked
    assert issubclass(errors.LateError, MixError)
    assert "LateError" in dir(errors)
    assert asked == ["once"]


def test_unknown_error_name() -> None:
    """An unknown name is an AttributeError that suggests the nearest one."""
    with pytest.raises(
        AttributeError, match="no attribute 'DocumentErorr'. Did you mean 'DocumentError'"
    ):
        errors.DocumentErorr  # noqa: B018  # the attribute access is the test
    with pytest.raises(AttributeError):
        errors.__path__  # noqa: B018  # the attribute access is the test


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\\nlines"),
        ("bell\x07 \u202eright", "bell\\x07 \\u202eright"),
        ("x" * 30, "x" * 19 + "…"),
        ("\ud800", "\\ud800"),
        (None, "None"),
        ([1, "a"], "[1, 'a']"),
        ({"b": 1}, "{'b': 1}"),
        (b"ab", "b'ab'"),
    ],
)
def test_excerpt(value: object, shown: str) -> None:
    """Any value has a short form on one line, escaped and cut."""
    assert excerpt(value, 20) == shown


def test_excerpt_of_a_broken_value() -> None:
    """A value whose own `repr()` fails is shown by its type."""

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert excerpt(Broken()).startswith("<Broken")
    assert excerpt(10**5000) == "<int>"
    assert len(excerpt(deep)) <= errors.EXCERPT
    assert excerpt(b"a" * 1000, 20) == "b'" + "a" * 17 + "…"


@given(st.text(), st.integers(1, 50))
def test_excerpt_is_bounded(text: str, limit: int) -> None:
    """An excerpt is never longer than asked for, on one line, and printable."""
    shown = excerpt(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()


def test_printable_keeps_lines() -> None:
    """Line breaks stay; other control and direction characters are shown as escapes."""
    assert printable("plain é") == "plain é"
    assert printable("a\nb\r\u2066") == "a\nb\\r\\u2066"


def test_itemize() -> None:
    """Findings are listed one to a line, the many that are left over only counted."""
    assert itemize("bad:", ["a", "b"]) == "bad:\n  a\n  b"
    assert itemize("bad:", list("abc"), 2).splitlines()[1:] == ["  a", "  b", "  … and 1 more"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sesions", ". Did you mean 'sessions'?"),
        ("zzz", ""),
        ("_repr_html_", ""),
        ("s" * 100_000, ""),
    ],
)
def test_nearest(name: str, hint: str) -> None:
    """The nearest name is suggested where one is near, and none to machinery."""
    assert nearest(name, ["sessions", "health", "x" * 100_000]) == hint
