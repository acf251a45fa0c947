"""
Where a caller's HTTP client is set to follow redirects: how to, without giving credentials away.

Works on the HTTP client's own requests and responses; sends nothing.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

MAX_REDIRECTS = 20

# What may go to another origin than the one that the call was made for.
_HARMLESS = frozenset(
    {"accept", "accept-encoding", "accept-language", "connection", "host", "user-agent"}
)


def next_request(response: Any, sent: Any, *, is_streamed: bool) -> Any:
    """
    Give the request that a redirect asks for, or None where there is none to send.

    To another origin goes no credential, no header of the call and no body: only what is read
    without one follows there. A body that is read while it is sent is not sent again.
    """
    following = getattr(response, "next_request", None)
    if following is None:
        return None
    has_body = "content-length" in following.headers or "transfer-encoding" in following.headers
    if is_same_origin(following.url, sent.url):
        return None if has_body and is_streamed else following
    if has_body or sent.method not in ("GET", "HEAD"):
        return None
    for name in [name for name in following.headers if name.lower() not in _HARMLESS]:
        del following.headers[name]
    return following


def is_same_origin(one: Any, other: Any) -> bool:
    """Tell whether two URLs have the same scheme, host and port (RFC 6454, 4); none is no URL's."""
    try:
        return find_origin(one) == find_origin(other)
    except ValueError:
        return False


def find_origin(url: object) -> tuple[str, str | None, int | None]:
    """Give the scheme, host and port of a URL; raises ValueError where it is none."""
    parts = urlsplit(str(url))
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default
