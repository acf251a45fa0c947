"""Choosing a security requirement, and putting credentials where its schemes want them."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.errors import RequestValidationError
from mixdyn.scheme import SecurityScheme
from mixdyn.security import apply_security, check_credentials, choose_requirement

URL = "https://a.io/x"


def scheme(kind: str, location: str = "", parameter: str = "", word: str = "") -> SecurityScheme:
    return SecurityScheme("main", kind, location, parameter, word)


def apply(made: SecurityScheme, credential: Any, url: str = URL, **given: str) -> Any:
    headers = dict(given)
    return apply_security(made, credential, url, headers), headers


@pytest.mark.parametrize(
    ("requirements", "credentials", "expected"),
    [
        ([{"a": []}, {"b": []}], {"b": "x"}, ("b",)),
        ([{"a": []}, {"b": []}], {"a": "x", "b": "x"}, ("a",)),
        ([{"a": [], "b": []}, {"c": []}], {"a": "x", "c": "x"}, ("c",)),
        ([{"a": [], "b": []}], {"a": "x", "b": "x"}, ("a", "b")),
        ([{}, {"a": []}], {"a": "x"}, ("a",)),
        ([{}], {"a": "x"}, ()),
        ([{"a": []}], {}, ()),
        ([{"a": []}], {"a": None}, ()),
        ([], {"a": "x"}, ()),
        ([{"lost": []}, {"a": []}], {"a": "x", "lost": "x"}, ("a",)),
        ([{"tls": []}], {}, ()),
        ([{"tls": []}, {"a": []}], {"a": "x"}, ("a",)),
        ([{"tls": [], "a": []}], {"a": "x"}, ("a",)),
    ],
)
def test_first_satisfied_requirement_is_chosen(
    requirements: Any, credentials: Any, expected: tuple[str, ...]
) -> None:
    """Requirements are alternatives, their schemes all needed; without any nothing is applied."""
    schemes = {name: scheme("apiKey", "header", name) for name in "abc"}
    schemes["tls"] = scheme("mutualTLS")
    assert choose_requirement(requirements, credentials, schemes) == expected


def test_credentials_without_a_scheme() -> None:
    """A credential that no scheme is for is a slip, told of without showing it."""
    check_credentials({"token": "s3cret"}, {"token": None})
    with pytest.raises(ValueError, match="'tokn'. Did you mean 'token'.; there are: token") as e:
        check_credentials({"tokn": "s3cret"}, {"token": None})
    assert "s3cret" not in str(e.value)
    with pytest.raises(ValueError, match="there are: none"):
        check_credentials({"tokn": "s3cret"}, {})


@pytest.mark.parametrize(
    ("made", "credential", "url", "headers"),
    [
        (scheme("apiKey", "header", "X-Key"), "k", URL, {"x-key": "k"}),
        (scheme("apiKey", "query", "a b"), "k&=", f"{URL}?a%20b=k%26%3D", {}),
        (scheme("apiKey", "cookie", "sid"), "a;b", URL, {"cookie": "sid=a%3Bb"}),
        (scheme("http", word="bearer"), "t", URL, {"authorization": "Bearer t"}),
        (scheme("http", word="digest"), "t", URL, {"authorization": "Digest t"}),
        (scheme("http", word="basic"), ("u", "p"), URL, {"authorization": "Basic dTpw"}),
        (scheme("http", word="basic"), ["u", "p"], URL, {"authorization": "Basic dTpw"}),
        (scheme("http", word="basic"), "u:p:q", URL, {"authorization": "Basic dTpwOnE="}),
        (scheme("http", word="basic"), ("é", ""), URL, {"authorization": "Basic w6k6"}),
        (scheme("oauth2"), "t", URL, {"authorization": "Bearer t"}),
        (scheme("openIdConnect"), "t", URL, {"authorization": "Bearer t"}),
        (scheme("mutualTLS"), "t", URL, {}),
        (scheme(""), "t", URL, {}),
    ],
)
def test_credential_goes_where_its_scheme_wants_it(
    made: SecurityScheme, credential: Any, url: str, headers: dict[str, str]
) -> None:
    """Each kind of scheme has its place for the credential."""
    assert apply(made, credential) == (url, headers)


def test_queries_and_cookies_are_added_to() -> None:
    """What is in the query and among the cookies already stays."""
    key = scheme("apiKey", "query", "key")
    assert apply(key, "k", f"{URL}?a=1")[0] == f"{URL}?a=1&key=k"
    cookie = scheme("apiKey", "cookie", "sid")
    assert apply(cookie, "k", cookie="a=1; b=2")[1] == {"cookie": "a=1; b=2; sid=k"}


def test_what_a_cookie_may_hold_is_sent_as_it_is() -> None:
    """A key is escaped in a cookie only where it must be (RFC 6265, 4.1.1)."""
    cookie = scheme("apiKey", "cookie", "sid")
    assert apply(cookie, "abc+/d==%2F")[1] == {"cookie": "sid=abc+/d==%2F"}
    assert apply(cookie, "a;b c")[1] == {"cookie": "sid=a%3Bb%20c"}


@pytest.mark.parametrize(
    ("made", "url", "headers"),
    [
        (scheme("apiKey", "header", "X-Key"), URL, {"x-key": "mine"}),
        (scheme("apiKey", "cookie", "sid"), URL, {"cookie": "a=1; sid=mine"}),
        (scheme("apiKey", "query", "key"), f"{URL}?key=mine", {}),
        (scheme("http", word="bearer"), URL, {"authorization": "mine"}),
        (scheme("http", word="basic"), URL, {"authorization": "mine"}),
    ],
)
def test_what_the_caller_has_given_wins(
    made: SecurityScheme, url: str, headers: dict[str, str]
) -> None:
    """A credential that stands in the request already is left alone."""
    assert apply(made, "x:y", url, **headers) == (url, headers)


@pytest.mark.parametrize(
    "credential", ["", "hunter2\n", "hunter2\r\nX: y", " hunter2", "hünter2", "hunter2\0", 5, None]
)
@pytest.mark.parametrize(
    "made",
    [
        scheme("apiKey", "header", "X-Key"),
        scheme("apiKey", "query", "key"),
        scheme("apiKey", "cookie", "sid"),
        scheme("http", word="bearer"),
        scheme("oauth2"),
    ],
)
def test_credentials_that_cannot_travel_are_refused(made: SecurityScheme, credential: Any) -> None:
    """A bad credential is refused by the name of its scheme, and never shown."""
    with pytest.raises(RequestValidationError) as caught:
        apply(made, credential)
    assert caught.value.problems[0].path == "security: main"
    assert "nter2" not in str(caught.value)


@pytest.mark.parametrize(
    "credential",
    [
        "hunter2",
        ("a:b", "hunter2"),
        ("hunter2",),
        ("a", "hunter2\n"),
        ("a", 5),
        ("a", "\ud800"),
        ("a", "hunter2", "c"),
        b"a:hunter2",
        5,
    ],
)
def test_basic_credentials_that_cannot_travel_are_refused(credential: Any) -> None:
    """User and password are two printable texts, the user without a colon."""
    with pytest.raises(RequestValidationError) as caught:
        apply(scheme("http", word="basic"), credential)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "made",
    [
        scheme("apiKey", "header", "X\r\nY"),
        scheme("apiKey", "header", ""),
        scheme("apiKey", "header", "Host"),
        scheme("apiKey", "header", "content-length"),
        scheme("apiKey", "header", "Transfer-Encoding"),
        scheme("apiKey", "cookie", "a=b; c"),
        scheme("http", word="x\r\ny:"),
    ],
)
def test_hostile_schemes_are_refused(made: SecurityScheme) -> None:
    """A document's names for headers, cookies and words never inject a line or frame a request."""
    with pytest.raises(RequestValidationError, match="security: main"):
        apply(made, "k")
