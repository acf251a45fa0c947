"""
What is masked, where, and how much work that may be.
"""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn.redact import MASK, PLAIN, Redactor, find_secrets, is_marked, redact_url

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@pytest.mark.parametrize(
    "name",
    ["X-My-Key", "x-my-key", "x_my_key", "xMyKey", "seat", "SEAT", "filter[seat]", "a.seat", "$"],
)
def test_names_of_the_document(name: str) -> None:
    """A name that the document marks is secret in every spelling, and as a step of another."""
    redactor = Redactor(["X-My-Key", "seat", "$", ""])
    assert redactor.is_secret(name)
    assert not PLAIN.is_secret(name)
    assert redactor.is_secret("password")
    assert not redactor.is_secret("title")


def test_steps_of_names() -> None:
    """`user[code]` and `user.code` hold a code; `country.code_type` does not."""
    assert PLAIN.is_secret("user[code]")
    assert PLAIN.is_secret("user.code")
    assert not PLAIN.is_secret("country.code_type")


def test_headers() -> None:
    """Headers keep their names; secret ones lose their values, others the secrets in them."""
    headers = {
        "Authorization": "Bearer x",
        "Accept": "*/*",
        "set-cookie": "a=b",
        "Location": "https://u:p@h/cb?code=abc&state=1",
        "x-note": "is sk-12345",
    }
    redactor = Redactor(values=["sk-12345"])
    shown = {
        "Authorization": MASK,
        "Accept": "*/*",
        "set-cookie": MASK,
        "Location": "https://***@h/cb?code=***&state=1",
        "x-note": "is ***",
    }
    assert redactor.headers(headers) == shown
    assert redactor.headers(headers.items()) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/p?a=1&api_key=x&b", "https://h/p?a=1&api_key=***&b"),
        ("https://user:pw@h/p", "https://***@h/p"),
        ("https://user:p@ss@h/p", "https://***@h/p"),
        ("https://user:p/ss@h/p", "https://***@h/p"),
        ("https://h/p?api%5Fkey=x", "https://h/p?api%5Fkey=***"),
        ("https://h/p?api+key=x", "https://h/p?api+key=***"),
        ("https://h/p?a;token=x;b=1", "https://h/p?a;token=***;b=1"),
        ("https://h/p?user%5Bpassword%5D=x", "https://h/p?user%5Bpassword%5D=***"),
        ("https://h/p?!t,(token)=x y", "https://h/p?!t,(token)=***"),
        ("https://h/a;jsessionid=abc/x?y=1", "https://h/a;jsessionid=***/x?y=1"),
        ("https://h/#access_token=x&state=y", "https://h/#access_token=***&state=y"),
        ("https://h/#/route?code=x", "https://h/#/route?code=***"),
        (
            "https://h/?r=https%3A%2F%2Fi%3Fcode%3Dx%26s",
            "https://h/?r=https%3A%2F%2Fi%3Fcode%3D***%26s",
        ),
        ("https://h/p?code=404&status_code=404", "https://h/p?code=***&status_code=404"),
        ("https://h/p?max_tokens=5&tokens=7", "https://h/p?max_tokens=5&tokens=7"),
        ("https://h/p?password=", "https://h/p?password="),
        ("https://h/a@b?c@d", "https://h/a@b?c@d"),
        ("https://h/of/a%2Fb%3Fc/x", "https://h/of/***/x"),
        ("", ""),
    ],
)
def test_url(url: str, shown: str) -> None:
    """User information, known values, and secrets in query and fragment are masked."""
    assert Redactor(values=["a/b?c"]).url(url) == shown


def test_redact_url() -> None:
    """Without an operation, URLs are masked by what looks secret."""
    assert redact_url("https://u:p@h/?token=x&a=1") == "https://***@h/?token=***&a=1"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"password": "x", "n": 1}, {"password": MASK, "n": 1}),
        ([{"token": "x"}, "y"], [{"token": MASK}, "y"]),
        ({"credentials": {"user": "u", "n": 1}}, {"credentials": {"user": MASK, "n": 1}}),
        ({"tokens": ["a", 2]}, {"tokens": [MASK, 2]}),
        ({"usage": {"promptTokens": 12}}, {"usage": {"promptTokens": 12}}),
        ({"code": 404}, {"code": 404}),
        ({"code": "abc", "errorCode": "abc"}, {"code": MASK, "errorCode": "abc"}),
        ({"secret": b"x", "a": None, "b": b"x"}, {"secret": MASK, "a": None, "b": b"x"}),
        ({"secret": None, "token": True}, {"secret": None, "token": True}),
        (
            {"seat": 5, "x": [{"seat": {"a": 1.5, "b": True}}]},
            {"seat": MASK, "x": [{"seat": {"a": MASK, "b": True}}]},
        ),
        ({"args": '{"token":"x"}'}, {"args": '{"token":"***"}'}),
        ({"at": "https://u:p@h", "k": "sk-12345"}, {"at": "https://***@h", "k": MASK}),
        ({"sk-12345": 1}, {MASK: 1}),
        ({1: "x"}, {1: "x"}),
        ("x", "x"),
    ],
)
def test_json(value: Any, shown: Any) -> None:
    """All text under a secret name is masked, however deep; under a document's name numbers too."""
    assert Redactor(["seat"], ["sk-12345"]).json(value) == shown


def test_deep_json() -> None:
    """What is nested without end is cut off."""
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    assert repr(PLAIN.json(deep)).count("[") == 100


SECRET = 'p@ss/w"rd é\\&<'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        'p@ss/w"rd é\\&amp;&lt;'.replace('"', "&quot;"),
    ],
)
def test_known_values_in_any_form(form: str) -> None:
    """A known secret is masked as it is, and as URLs, JSON, `Basic` and markup write it."""
    shown = Redactor(values=[SECRET]).text(f"Incorrect key provided: {form}. Try again")
    assert shown.startswith("Incorrect key provided: ")
    assert shown.endswith(". Try again")
    assert "rd" not in shown
    assert MASK in shown


def test_short_values_are_not_looked_for() -> None:
    """What is short stands in other words all the time."""
    assert Redactor(values=["ab", ""]).text("about") == "about"


def test_values_are_added() -> None:
    """More values give another redactor, of the same names."""
    redactor = Redactor(["seat"], ["first"])
    more = redactor.with_values(["second"])
    assert more.text("first second") == "*** ***"
    assert redactor.text("first second") == "*** second"
    assert more.is_secret("seat")
    assert "first" not in repr(more)
    assert repr(more) == "<Redactor of 1 names and 2 values>"


@given(st.text(min_size=4), st.text(), st.text())
def test_no_value_survives(value: str, before: str, after: str) -> None:
    """Wherever a known secret stands, it does not show."""
    value = f"<<{value}>>"
    for text in (
        before + value + after,
        json.dumps([before, value]),
        f"https://h/{quote(value, errors='replace')}",
    ):
        assert value not in Redactor(values=[value]).text(text)


@pytest.mark.parametrize(
    ("content", "kind", "shown"),
    [
        (b"", JSON, ""),
        (b'{"a": 1, "password": "x"}', JSON, '{"a":1,"password":"***"}'),
        (
            b'{"p\\u0061ssword": "x"}',
            "application/problem+json; charset=utf-8",
            '{"password":"***"}',
        ),
        (b'{"password": "x", "password": 5}', JSON, '{"password":5}'),
        (b'{"password": "x', JSON, '{"password": "***'),
        (b'[{"token": "x"}]', "", '[{"token":"***"}]'),
        (
            b'{"token": "x"}\n{"token": "y"}',
            "application/x-ndjson",
            '{"token": "***"}\\n{"token": "***"}',
        ),
        (b"[" * 20_000, JSON, "[" * 9 + "…"),
        (b"a=1&pass%77ord=x+y;z", FORM, "a=1&pass%77ord=***;z"),
        (b'data: {"token": "x"}', "text/event-stream", 'data: {"token": "***"}'),
        (b"<token>x</token>", "application/xml", "<token>***</token>"),
        (b"password: x", "application/yaml", "password: ***"),
        (b"\x1b[2J\r\nx\xe2\x80\xae", "text/plain", "\\x1b[2J\\r\\nx\\u202e"),
        (b"\xff", "text/plain", "\ufffd"),
        (b"plain", "", "plain"),
        (b"\xff\xfe\xfd", "", "<3 bytes of an unknown type>"),
        (b"x" * 123, "image/png", "<123 bytes of image/png>"),
        (b"a\0b", "text/plain", "<3 bytes of text/plain>"),
        (b"x", "image/\x1b", "<1 bytes of image/\\x1b>"),
    ],
)
def test_body(content: bytes, kind: str, shown: str) -> None:
    """A body is one printable line, redacted by its form; what is no text is told by its size."""
    limit = 10 if content[:2] == b"[[" else 2000
    assert PLAIN.body(content, kind, limit) == shown


def test_body_is_cut() -> None:
    """A body is cut at the limit, and what was hidden before the cut stays hidden."""
    assert PLAIN.body(b"abcdef", "text/plain", 4) == "abc…"
    text = "x" * 1995 + "sk-" + "1" * 5000
    assert (
        Redactor(values=["sk-" + "1" * 5000]).body(text.encode(), "text/plain") == "x" * 1995 + MASK
    )


@pytest.mark.parametrize("offset", range(-700, 100, 50))
def test_no_secret_at_the_edge(offset: int) -> None:
    """A known secret on the edge of what is looked at shows none of its parts."""
    secret = "5" * 600
    redactor = Redactor(values=[secret])
    window = 4 * 2000 + 2 * (512 + 800)
    # So much before it is masked that the edge comes into view.
    filler = '"token":"' + "x" * (window + offset - 11) + '",'
    body = (filler + secret + "y" * 100_000).encode()
    assert "55" not in redactor.body(body, JSON)


def test_large_bodies_are_cheap() -> None:
    """Of many megabytes only the beginning is read, and its secrets are still masked."""
    body = json.dumps([{"token": "hunter2", "tokens": ["hunter2"]}] * 1_000_000).encode()
    began = time.process_time()
    shown = PLAIN.body(body, JSON)
    assert time.process_time() - began < 0.2
    assert "hunter2" not in shown
    assert len(shown) == 2000


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"writeOnly": True}, True),
        ({"format": "password"}, True),
        ({"writeOnly": "yes", "format": "date"}, False),
        ({}, False),
    ],
)
def test_marks_of_schemas(schema: dict[str, Any], expected: bool) -> None:
    """`writeOnly` and `format: password` mark a schema's values as secret."""
    assert is_marked(schema) is expected


def test_find() -> None:
    """Texts below secret names are found wherever they stand in a value, and nothing else."""
    deep: Any = {"token": "t"}
    for _ in range(200):
        deep = [deep]
    value = {
        "password": "p",
        "keys": [{"api_key": "k", "name": "n"}, {"secret": ["a", {"b": "c"}]}],
        "token": 5,
        "deep": deep,
    }
    assert Redactor().find(value) == ["p", "k", "a", "c"]
    assert Redactor(["name"]).find({"name": "n", "other": "o"}) == ["n"]


@pytest.mark.parametrize(
    ("credential", "secrets"),
    [
        (("user", "p4ssw0rd"), ["p4ssw0rd"]),
        ("user:p4ss:w0rd", ["user:p4ss:w0rd", "p4ss:w0rd"]),
        ("t0ken", ["t0ken", ""]),
        (("user", None), []),
        ((), []),
    ],
)
def test_secrets_of_credentials(credential: Any, secrets: list[str]) -> None:
    """The password is a secret however it is given, since servers repeat it alone."""
    assert find_secrets(credential) == secrets
