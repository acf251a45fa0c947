"""Which header lines may be sent."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.errors import Problem
from mixdyn.header import check_headers, is_token, refuse_name


def check(headers: Any, accept: Any = None) -> tuple[dict[str, str], list[Problem]]:
    problems: list[Problem] = []
    return check_headers(headers, accept, problems), problems


def test_headers_are_given_by_lower_names() -> None:
    """Names are compared without case, and `accept` stands above one of that name."""
    headers = {"X-Trace": "a", "Accept": "b", "X-Count": 5}
    assert check(headers, "c") == ({"x-trace": "a", "accept": "c", "x-count": "5"}, [])
    assert check({}) == ({}, [])
    assert check(None) == ({}, [])
    assert check(None, "c")[0] == {}


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "é", "a\0"])
def test_bad_names_are_refused(name: Any) -> None:
    """What is no token is not sent as a name."""
    checked, problems = check({name: "v", "x": "kept"})
    assert checked == {"x": "kept"}
    assert [p.message for p in problems] == ["this is no header name (RFC 9110, 5.1)"]


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "HOST", "Connection"])
def test_framing_headers_are_refused(name: str) -> None:
    """The HTTP client alone frames its messages."""
    assert check({name: "1"})[0] == {}
    assert refuse_name(name) == "this header belongs to the HTTP client"


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "\0", "\ud800", "€", " a", {"a": {}}])
def test_values_that_cannot_travel_are_refused(value: Any) -> None:
    """A value never ends its line, and the message does not show it."""
    checked, problems = check({"x-secret": value})
    assert checked == {}
    assert [p.path for p in problems] == ["http_headers: x-secret"]


def test_headers_must_be_a_mapping() -> None:
    """Anything else than a mapping is refused."""
    assert check([("a", "b")])[1] == [
        Problem("http_headers", "expected a mapping of names to values")
    ]


def test_token() -> None:
    """Tokens are what RFC 9110 says."""
    assert is_token("x-!#$%&'*+.^_`|~9")
    assert not is_token("x y")
