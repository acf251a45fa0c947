"""
Sends what has versions, files and documents: entity tags, dates, conditions and ranges.

Follows RFC 9110, sections 8.8, 13 and 14; knows nothing of what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime
from functools import cached_property
from hashlib import blake2b

from mixdyn.media import MediaType, is_json
from mixdyn.tools.mock.payload import File
from mixdyn.tools.mock.refusal import RefusedError
from mixdyn.tools.mock.reply import (
    OCTETS,
    Headers,
    MockRequest,
    MockResponse,
    make_concrete,
    negotiate,
    parse_accept,
    quality,
)

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?"[^"]*"')
_LONGEST_DATE = 64
_TAG_BYTES = 16


@dataclass(frozen=True)
class Version:
    """
    What a GET gives at a moment: bytes of a media type, and since when they are so, if known.

    A date is only stated when its second is over: what is sent later is then another date, which
    makes it as good a validator as the tag (RFC 9110, 8.8.2.2).
    """

    content: bytes
    content_type: str
    modified: float | None = None
    now: float = 0.0

    @cached_property
    def etag(self) -> str:
        """The strong tag: another for other bytes, and for another media type."""
        made = blake2b(self.content, digest_size=_TAG_BYTES)
        made.update(self.content_type.encode("utf-8", "replace"))
        return f'"{made.hexdigest()}"'

    @property
    def last_modified(self) -> str | None:
        """The date as a header has it, None where there is none to state."""
        if self.modified is None or self.now < int(self.modified) + 1:
            return None
        return formatdate(int(self.modified), usegmt=True)

    @property
    def validators(self) -> Headers:
        """The headers that tell versions apart."""
        dated = (("last-modified", self.last_modified),) if self.last_modified else ()
        return (("etag", self.etag), *dated)


def deliver(version: Version, request: MockRequest, headers: Headers = ()) -> MockResponse:
    """
    Answer GET or HEAD as its conditions and its range ask for: 200, 206 or 304.

    Raises RefusedError with 412 where a condition does not hold, and with 416 for a range that
    begins behind the end. A single range is served; several, or other units, give all.
    """
    if _is_known(version, request):
        return MockResponse(304, (*version.validators, *headers))
    typed = ("content-type", version.content_type)
    ranges = ("accept-ranges", "bytes")
    whole = MockResponse(200, (typed, *version.validators, ranges, *headers), version.content)
    bounds = _find_bounds(version, request)
    return whole if bounds is None else _cut(whole, version.content, *bounds)


def answer_file(
    file: File,
    media: Sequence[MediaType],
    request: MockRequest,
    status: int,
    times: tuple[float, float | None],
) -> MockResponse:
    """
    Send a file's bytes: under its own type if the client takes that, else as the document has it.

    `times` are now, and when the file last changed, if that is known.
    """
    accept = request.fields.get("accept", "")
    own = file.content_type or OCTETS
    chosen = negotiate([m for m in media if not is_json(m.essence)], accept)
    is_liked = quality(parse_accept(accept), own.partition(";")[0].strip().lower()) > 0
    content_type = own if is_liked or chosen is None else make_concrete(chosen.content_type)
    now, modified = times
    version = Version(file.content, content_type, modified, now)
    if status != 200:
        return MockResponse(status, (("content-type", content_type),), file.content)
    return deliver(version, request)


def _is_known(version: Version, request: MockRequest) -> bool:
    """Tell whether the client has this version, after the conditions that protect it (13.2.2)."""
    fields = request.fields
    if "if-match" in fields:
        if not _names(fields["if-match"], version.etag, is_strong=True):
            raise RefusedError(412, "If-Match names no tag of this; it has another version now")
    elif _is_older(fields.get("if-unmodified-since"), version):
        raise RefusedError(412, "this was changed after the date of If-Unmodified-Since")
    if "if-none-match" in fields:
        return _names(fields["if-none-match"], version.etag, is_strong=False)
    date = _parse_date(fields.get("if-modified-since"))
    return date is not None and version.last_modified is not None and _seconds(version) <= date


def _is_older(header: str | None, version: Version) -> bool:
    date = _parse_date(header)
    return date is not None and version.modified is not None and _seconds(version) > date


def _seconds(version: Version) -> int:
    return int(version.modified or 0)


def _names(header: str, etag: str, *, is_strong: bool) -> bool:
    """Tell whether a list of tags has one, by strong or by weak comparison (8.8.3.2)."""
    if header.strip() == "*":
        return True
    tags = _TAG.findall(header)
    return etag in (tags if is_strong else [tag.removeprefix("W/") for tag in tags])


def _find_bounds(version: Version, request: MockRequest) -> tuple[int, int] | None:
    """Give where the wanted part begins and ends; None for all, also where a part is no use."""
    match = _RANGE.fullmatch(request.fields.get("range", "").replace(" ", ""))
    size = len(version.content)
    if match is None or match.groups() == ("", "") or request.method != "GET" or not size:
        return None
    condition = request.fields.get("if-range", version.etag).strip()
    if condition not in (version.etag, version.last_modified):
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):  # no range at all (14.1.1)
        return None
    start = int(first) if first else max(0, size - int(last))
    return start, min(int(last) + 1 if first and last else size, size)


def _cut(whole: MockResponse, content: bytes, start: int, stop: int) -> MockResponse:
    size = len(content)
    if start >= stop:
        placed = ("content-range", f"bytes */{size}")
        raise RefusedError(416, f"there are {size} bytes", (placed,))
    placed = ("content-range", f"bytes {start}-{stop - 1}/{size}")
    return replace(whole, status=206, headers=(*whole.headers, placed), body=content[start:stop])


def _parse_date(text: str | None) -> float | None:
    """Read an HTTP date; None where it is none, which is then ignored (13.1.3)."""
    if not text or len(text) > _LONGEST_DATE:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
