"""
Which values are secret, for reprs, messages and logs alike. Knows names and text, no documents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MASK = "***"

_SECRET = re.compile(
    r"password|passwd|passphrase|secret|apikey|accesskey|privatekey|credential"
    r"|(token|cookie|authorization|signature)$"
)
_USER_INFO = re.compile(r"(?<=://)[^/?#@]*@")


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
    """Give the URL without user information and with secret query values masked."""
    base, mark, query = url.partition("?")
    pairs = [_redact_pair(pair) for pair in query.split("&")]
    return _USER_INFO.sub(f"{MASK}@", base) + mark + "&".join(pairs)


def redact_json(value: object) -> object:
    """Give a copy of a JSON value in which the secret members of objects are masked."""
    if isinstance(value, Mapping):
        return {k: redact_json(redact_value(str(k), v)) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact_json(item) for item in value]
    return value


def _redact_pair(pair: str) -> str:
    name, mark, value = pair.partition("=")
    return f"{name}{mark}{MASK}" if value and is_secret_name(name) else pair
