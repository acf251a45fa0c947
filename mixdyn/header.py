"""
Which header lines may be sent: names, values, and those that belong to the HTTP client.
"""

from __future__ import annotations

import re
from typing import Any

from mixdyn.errors import Problem, excerpt
from mixdyn.params import ParameterError, encode_header
from mixdyn.shape import is_object

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FRAMING = frozenset({"content-length", "transfer-encoding", "host", "connection"})


def is_token(text: str) -> bool:
    """Tell whether text can be the name of a header or a cookie (RFC 9110, 5.6.2)."""
    return _TOKEN.fullmatch(text) is not None


def refuse_name(name: str) -> str:
    """Say why a header of this name is not sent, or nothing."""
    if not is_token(name):
        return "this is no header name (RFC 9110, 5.1)"
    return "this header belongs to the HTTP client" if name.lower() in _FRAMING else ""


def check_headers(headers: Any, accept: Any, problems: list[Problem]) -> dict[str, str]:
    """
    Give a caller's headers by their names in lower case, `accept` among them where it is given.

    What could change the framing or inject lines is left out and noted in `problems`.
    """
    if not headers and accept is None:
        return {}
    if not is_object(headers):
        problems.append(Problem("http_headers", "expected a mapping of names to values"))
        return {}
    checked: dict[str, str] = {}
    for name, value in headers.items() if accept is None else {**headers, "accept": accept}.items():
        place = f"http_headers: {excerpt(str(name), 60)}"
        reason = refuse_name(str(name))
        if reason:
            problems.append(Problem(place, reason))
            continue
        try:
            checked[str(name).lower()] = encode_header(value)
        except ParameterError as error:
            problems.append(Problem(place, str(error)))
    return checked
