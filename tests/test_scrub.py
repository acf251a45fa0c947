"""Secrets in free text are found and masked, and nothing is slow about it."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn.scrub import MASK, mask_text
from mixdyn.secretname import is_secret_name


def grade(name: str) -> int:
    return 2 if name == "mine" else int(is_secret_name(name))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # JSON members, whole and broken off
        ('{"password": "a\\"b", "title": "t"}', '{"password": "***", "title": "t"}'),
        ('{"password": "hunt', '{"password": "***'),
        ('{"password" : "", "a": 1}', '{"password" : "", "a": 1}'),
        ('{"tokens": ["a", "]"], "n": 1}', '{"tokens": "***", "n": 1}'),
        ('{"credentials": {"user": "a}", "x": [1]}, "n": 1}', '{"credentials": "***", "n": 1}'),
        ('{"credentials": {"user": "a', '{"credentials": "***"'),
        ('{"code": 404, "tokens": 7}', '{"code": 404, "tokens": 7}'),
        ('{"code": "abc", "token": null}', '{"code": "***", "token": null}'),
        ('{"mine": 404, "other": -1.5}', '{"mine": ***, "other": -1.5}'),
        ('{"mine": -1.5}', '{"mine": ***}'),
        ('5" disk {"password": "abc"}', '5" disk {"password": "***"}'),
        ('{"password":}', '{"password":}'),
        # JSON inside strings, at any depth of escaping
        (r'"{\"token\": \"a\\\"b\", \"n\": 1}"', r'"{\"token\": \"***\", \"n\": 1}"'),
        (r'"{\"token\": \"abc"', r'"{\"token\": \"***"'),
        (r'"{\"token\": \"abc', r'"{\"token\": \"***'),
        (r'"{\"keys\": 1, \"api_keys\": [\"a\"]}" x', r'"{\"keys\": 1, \"api_keys\": \"***\"" x'),
        (r'"{\"api_keys\": [\"a', r'"{\"api_keys\": \"***\"'),
        # as languages write it
        ("{'token': b'abc', 'n': 1}", "{'token': b'***', 'n': 1}"),
        ("{'token': SecretStr(abc), 'n': None}", "{'token': ***, 'n': None}"),
        ("Thing(password='a b', n=1)", "Thing(password=***, n=1)"),
        ('{"token" => "abc"}', '{"token" => "***"}'),
        # pairs
        ("a=1&password=a,b;c&x=1", "a=1&password=***&x=1"),
        ("api%5Fkey=v b", "api%5Fkey=*** b"),
        (
            "?next=https%3A%2F%2Fi%3Ftoken%3Dabc%26x%3D1&y",
            "?next=https%3A%2F%2Fi%3Ftoken%3D***%26x%3D1&y",
        ),
        ("max_tokens=5&tokens=9&token=9", "max_tokens=5&tokens=9&token=***"),
        ("f(*, api_key=…, title=…)", "f(*, api_key=…, title=…)"),
        ("token=None, password=true", "token=None, password=true"),
        ("password = abc; token == abc", "password = *** token == ***"),
        (r"password=\"abc\" x", "password=*** x"),
        ("password='abc", "password=***"),
        ("--password=abc", "--password=***"),
        ("https://h/#access_token=x&state=y", "https://h/#access_token=***&state=y"),
        ("token=", "token="),
        ("token=***abc", "token=***abc"),
        # headers
        (
            "Authorization: Digest a, b=c\r\nAccept: */*\nX-Api-Key:k v",
            "Authorization: ***\r\nAccept: */*\nX-Api-Key:***",
        ),
        (
            "curl -H 'x-api-key: a' -H \"cookie: b\" -X",
            "curl -H 'x-api-key: ***' -H \"cookie: ***\" -X",
        ),
        ("Cookie: ", "Cookie: "),
        # schemes
        ("got Bearer abc.def-1, sorry", "got Bearer ***, sorry"),
        ("basic dXNlcjpwYXNz", "basic ***"),
        ("Bearer%20abc", "Bearer%20***"),
        ("Bearer token is missing", "Bearer token is missing"),
        ('Bearer realm="api"', 'Bearer realm="api"'),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.abc-_d more", "*** more"),
        ("eyJustAName", "eyJustAName"),
        # URLs
        ("see https://u:p@ss@h/x, https://u@h", "see https://***@h/x, https://***@h"),
        ("https://u:p/w@h/ http://h:80/a@b", "https://***@h/ http://h:80/a@b"),
        ("http://[::1]:x/a@b mail a@b", "http://[::1]:x/a@b mail a@b"),
        # markup and YAML
        ("<password>abc</password><a>b</a>", "<password>***</password><a>b</a>"),
        ("<x:token a='1'><![CDATA[abc]]></x:token>", "<x:token a='1'><![CDATA[***</x:token>"),
        ("<token> </token>", "<token> </token>"),
        (
            "a: b\npassword: hunter2\n - token: abc \npin: 12",
            "a: b\npassword: ***\n - token: *** \npin: 12",
        ),
        ("password: must be long", "password: must be long"),
        ("token: null", "token: null"),
        # nothing
        ("plain text, author=me, keyboard: x", "plain text, author=me, keyboard: x"),
        ("", ""),
    ],
)
def test_secrets_in_text(text: str, shown: str) -> None:
    """What stands under a secret name, or looks like a credential, is masked; the rest stays."""
    assert mask_text(text, grade) == shown


SIZE = 200_000
HOSTILE = {
    "quotes": '"',
    "backslashes": "\\",
    "escaped quotes": '\\"',
    "names": '"a"',
    "open members": '"token":',
    "open strings": '"token":"',
    "escaped members": '\\"token\\":\\"',
    "open arrays": '"token":[',
    "escaped arrays": '\\"token\\":[',
    "letters": "a",
    "hyphens": "a-",
    "pairs": "token=",
    "quoted pairs": 'token="',
    "escaped pairs": 'token=\\"',
    "tokens": "eyJ",
    "split tokens": "-eyJaaaaaaaa",
    "dotted tokens": "eyJaaaaaaaa.",
    "URLs": "://",
    "users": "://a:x",
    "elements": "<a",
    "open elements": "<token>a",
    "schemes": "bearer ",
    "headers": "x-token:",
    "header lines": "x-token: a\n",
    "quoted headers": "'x-token: a' ",
    "lines": "token: a\n",
    "spaces": " ",
    "line ends": "\n",
    "percent": "token%3D",
    "escaped names": "%3Ftoken",
    "equals": "=",
    "at": "@",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_no_slower(piece: str) -> None:
    """The time grows with the length, and not with its square."""
    text = '"a"://x:' + piece * (SIZE // len(piece))
    began = time.process_time()
    mask_text(text, grade)
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize("slashes", [1, 800])
def test_deep_escapes_are_no_slower(slashes: int) -> None:
    """Quotes behind ever more backslashes are read once."""
    marks = ["\\" * n for n in range(slashes, slashes + 400)]
    text = "".join(f'{m}"token{m}":{m}"' for m in marks)
    began = time.process_time()
    mask_text(text, grade)
    assert time.process_time() - began < 2.0


@given(st.text(), st.text(min_size=1), st.integers(0, 3))
def test_json_in_json_hides_its_secrets(before: str, secret: str, depth: int) -> None:
    """However often JSON was written into JSON, a secret member of it is masked."""
    marked = f"<<{secret}>>"
    text = json.dumps({"t": before.replace("<<", ""), "password": marked})
    for _ in range(depth):
        text = json.dumps({"inner": text})
    assert "<<" not in mask_text(text, grade)


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    """Nothing raises, and what is masked once stays masked."""
    assert isinstance(mask_text(text, grade), str)
    assert MASK in mask_text(f"{text}\npassword=abc", grade)
