"""
Requests and responses as plain data, and how a value becomes a response's bytes.

Knows media types and `Accept`; knows nothing of sockets, and of what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mixdyn.body import encode_json
from mixdyn.media import MediaType, is_json, rank_media
from mixdyn.operation import Operation, Response
from mixdyn.tools.mock.feed import Subscription

Headers = tuple[tuple[str, str], ...]

OCTETS = "application/octet-stream"
_QUALITY = re.compile(r";\s*q=([0-9.]{1,6})\s*(?:;|$)")
_SPLIT_TARGET = re.compile(r"(?:https?://[^/?#]*)?([^?#]*)\??([^#]*)", re.IGNORECASE)


@dataclass(frozen=True)
class MockRequest:
    """A request: method, target as in its first line (`/path?query`), headers, whole body."""

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The headers by name in lower case; values of the same name are joined by commas."""
        joined: dict[str, str] = {}
        for name, value in self.headers:
            key = name.lower()
            separator = "; " if key == "cookie" else ", "
            joined[key] = f"{joined[key]}{separator}{value}" if key in joined else value
        return joined

    @property
    def path(self) -> str:
        """The target's path, still percent-encoded."""
        match = _SPLIT_TARGET.match(self.target)
        return (match[1] if match else "") or "/"

    @property
    def query(self) -> str:
        """The target's query, still percent-encoded."""
        match = _SPLIT_TARGET.match(self.target)
        return match[2] if match else ""


@dataclass(frozen=True, slots=True)
class MockResponse:
    """A response: status, headers, and the body whole or as an iterator of what comes."""

    status: int
    headers: Headers = ()
    body: bytes | Subscription = b""

    @property
    def content_type(self) -> str:
        """The media type of the body, or empty."""
        return next((v for n, v in self.headers if n.lower() == "content-type"), "")


def choose_success(operation: Operation, wanted: str = "") -> tuple[int, Response | None]:
    """
    Choose the success that is answered: the wanted status if documented, else the first one.

    An operation that documents no success answers its first redirection, or else 200.
    """
    found = [r for r in operation.success if r.status == wanted] or list(operation.success)
    found += [r for r in operation.responses if r.status[:1] == "3"]
    if not found:
        return 200, None
    status = found[0].status
    if status.isdecimal():
        return int(status), found[0]
    return (300 if status[:1] == "3" else 200), found[0]


def negotiate(media: Sequence[MediaType], accept: str) -> MediaType | None:
    """Choose the documented media type that the client likes best; JSON of equal ones."""
    ranges = parse_accept(accept)

    def score(choice: MediaType) -> tuple[float, bool]:
        return quality(ranges, choice.essence), is_json(choice.essence)

    return max(media, key=score, default=None)


def parse_accept(accept: str) -> list[tuple[str, float]]:
    """Read `Accept` into media ranges with their quality; without one, everything is liked."""
    ranges: list[tuple[str, float]] = []
    for piece in accept.split(",") if accept.strip() else ["*/*"]:
        match = _QUALITY.search(piece)
        try:
            weight = float(match[1]) if match else 1.0
        except ValueError:
            weight = 0.0
        ranges.append((piece.partition(";")[0].strip().lower(), weight))
    return ranges


def quality(ranges: Sequence[tuple[str, float]], essence: str) -> float:
    """Tell how well a media type is liked: by the range that names it most closely."""
    # A documented range, such as `text/*`, is liked as much as what it may turn out to be.
    ranked = [
        (rank_media(pattern, essence) or rank_media(essence, pattern), weight)
        for pattern, weight in ranges
    ]
    rank, weight = max(ranked, default=(0, 0.0))
    return weight if rank else 0.0


def answer_value(
    status: int, media: MediaType | None, value: Any, headers: Headers = ()
) -> MockResponse:
    """Make the response that carries a value in a media type; without one, it has no body."""
    if media is None or status in (204, 205, 304):
        return MockResponse(status, headers)
    content_type = make_concrete(media.content_type)
    if isinstance(value, str) and not is_json(media.essence):
        content = value.encode("utf-8", "backslashreplace")
    else:
        content = value if isinstance(value, bytes) else encode_json(value)
    return MockResponse(status, (("content-type", content_type), *headers), content)


def make_concrete(content_type: str) -> str:
    """Give a media type for a range: `text/*` is sent as plain text, all others as bytes."""
    if "*" not in content_type:
        return content_type
    return "text/plain" if content_type.startswith("text/") else OCTETS
