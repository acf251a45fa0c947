"""
What counts as a secret, and where it is masked.
"""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.redact import (
    MASK,
    is_secret_name,
    redact_headers,
    redact_json,
    redact_url,
    redact_value,
)


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "userPassword",
        "passwd",
        "pass-phrase",
        "client_secret",
        "apiKey",
        "X-API-Key",
        "access_key_id",
        "private-key",
        "credentials",
        "token",
        "refreshToken",
        "access_tokens",
        "token2",
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "Set-Cookie",
        "x-signature",
        "jwt",
    ],
)
def test_secret_names(name: str) -> None:
    """Names of passwords, keys, tokens and their like are secret in any spelling."""
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    ["title", "id", "token_type", "maxTokensPerCall", "key", "keys", "author", "cookieCount", ""],
)
def test_plain_names(name: str) -> None:
    """Other names are not, also those that only speak of secrets."""
    assert not is_secret_name(name)


def test_only_text_is_masked() -> None:
    """Under a secret name text is masked; a count such as `promptTokens` stays visible."""
    assert redact_value("token", "abc") == MASK
    assert redact_value("token", b"abc") == MASK
    assert redact_value("promptTokens", 12) == 12
    assert redact_value("title", "abc") == "abc"


def test_redact_headers() -> None:
    """Headers keep their names; secret ones lose their values."""
    headers = {"Authorization": "Bearer x", "Accept": "*/*"}
    assert redact_headers(headers) == {"Authorization": MASK, "Accept": "*/*"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/p?a=1&api_key=x&b", "https://h/p?a=1&api_key=***&b"),
        ("https://user:pw@h/p", "https://***@h/p"),
        ("https://user:p@ss@h/p", "https://***@h/p"),
        ("https://h/p?api%5Fkey=x", "https://h/p?api%5Fkey=***"),
        ("https://h/#access_token=x&state=y", "https://h/#access_token=***&state=y"),
        ("https://h/p?password=", "https://h/p?password="),
        ("https://h/a@b?c@d", "https://h/a@b?c@d"),
        ("", ""),
    ],
)
def test_redact_url(url: str, shown: str) -> None:
    """User information, and secrets in query and fragment, are masked; the rest stays."""
    assert redact_url(url) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"password": "x", "n": 1}, {"password": MASK, "n": 1}),
        ([{"token": "x"}, "y"], [{"token": MASK}, "y"]),
        ({"credentials": {"user": "u", "n": 1}}, {"credentials": {"user": MASK, "n": 1}}),
        ({"tokens": ["a", 2]}, {"tokens": [MASK, 2]}),
        ({"usage": {"promptTokens": 12}}, {"usage": {"promptTokens": 12}}),
        ({"secret": b"x", "a": None}, {"secret": MASK, "a": None}),
        ({1: "x"}, {1: "x"}),
        ("x", "x"),
    ],
)
def test_redact_json(value: Any, shown: Any) -> None:
    """All text under a secret name is masked, however deep; the value itself is left alone."""
    assert redact_json(value) == shown


def test_redact_deep_json() -> None:
    """What is nested without end is cut off."""
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    assert repr(redact_json(deep)).count("[") == 100
