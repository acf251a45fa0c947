"""
Which values are secret, for reprs, messages and logs alike. Knows names and text, no documents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mixdyn.shape import is_array, is_object

MASK = "***"

_SECRET = re.compile(
    r"password|passwd|passphrase|secret|apikey|accesskey|privatekey|credential"
    r"|(token|cookie|authorization|signature|jwt|bearer)s?[0-9]*$"
)
_USER_INFO = re.compile(r"(?<=://)[^/?#]*@")
_MAX_DEPTH = 100


def is_secret_name(name: str) -> bool:
    """Tell whether a header, parameter or property of this name holds a secret."""
    return _SECRET.search("".join(filter(str.isalnum, name)).lower()) is not None


def redact_value(name: str, value: object) -> object:
    """Give the value, or a mask where the name says that it is secret; only text can be."""
    return MASK if isinstance(value, (str, bytes)) and is_secret_name(name) else value


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give the headers with the values of secret ones masked."""
    return {name: MASK if is_secret_name(name) else value for name, value in headers.items()}


def redact_url(url: str) -> str:
    """Give the URL without user information and with secret values in query and fragment masked."""
    rest, hash_mark, fragment = url.partition("#")
    base, mark, query = rest.partition("?")
    base = _USER_INFO.sub(f"{MASK}@", base)
    return base + mark + _redact_pairs(query) + hash_mark + _redact_pairs(fragment)


def redact_json(value: object) -> object:
    """Give a copy of a JSON value in which all text under secret names is masked."""
    return _redact(value, is_secret=False, depth=_MAX_DEPTH)


def _redact(value: Any, *, is_secret: bool, depth: int) -> object:
    if isinstance(value, (str, bytes)):
        return MASK if is_secret else value
    if not depth and (is_array(value) or is_object(value)):
        return "…"
    if is_array(value):
        return [_redact(item, is_secret=is_secret, depth=depth - 1) for item in value]
    return _redact_members(value, is_secret, depth) if is_object(value) else value


def _redact_members(members: Mapping[str, Any], is_secret: bool, depth: int) -> dict[str, object]:
    return {
        name: _redact(value, is_secret=is_secret or is_secret_name(str(name)), depth=depth - 1)
        for name, value in members.items()
    }


def _redact_pairs(text: str) -> str:
    return "&".join(map(_redact_pair, text.split("&")))


def _redact_pair(pair: str) -> str:
    from urllib.parse import unquote

    name, mark, value = pair.partition("=")
    return f"{name}{mark}{MASK}" if value and is_secret_name(unquote(name)) else pair
