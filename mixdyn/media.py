"""
Media types of a document: which covers which, and which are JSON, text or bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mixdyn.errors import DocumentError
from mixdyn.record import NamedTuple
from mixdyn.schema import Schema
from mixdyn.shape import as_text

EVENT_STREAM = "text/event-stream"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

_LINES = frozenset(
    f"{kind}/{prefix}{name}"
    for kind in ("application", "text")
    for prefix in ("", "x-")
    for name in ("jsonl", "jsonlines", "ndjson")
)


class MediaType(NamedTuple):
    """One media type of a body or response, with the schema of what it carries."""

    content_type: str
    schema: Schema | None
    item_schema: Schema | None
    encoding: Mapping[str, Any]
    extensions: Mapping[str, Any]

    @property
    def essence(self) -> str:
        """The type without parameters, in lower case: `application/json`."""
        return media_essence(self.content_type)


def media_essence(content_type: str) -> str:
    """Give a media type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def choose_media(media: Sequence[MediaType], content_type: str) -> MediaType | None:
    """Give the media type that covers `content_type` best, the first of equals, or None."""
    essence, wanted = media_essence(content_type), _media_parameters(content_type)
    best, best_rank = None, (0, False)
    for candidate in media:
        rank = rank_media(candidate.essence, essence)
        parameters = _media_parameters(candidate.content_type)
        ranked = (rank, bool(parameters) and parameters <= wanted)
        if rank and ranked > best_rank:
            best, best_rank = candidate, ranked
    return best


def is_json(essence: str) -> bool:
    """Tell whether a media type is JSON: `application/json`, `text/json` or any `+json`."""
    return essence in ("application/json", "text/json") or essence.endswith("+json")


def is_sequence(essence: str) -> bool:
    """Tell whether a media type is one thing after another: events, JSON lines or texts."""
    return essence == EVENT_STREAM or essence in _LINES or is_json_sequence(essence)


def is_streamed(media: MediaType) -> bool:
    """Tell whether a media type describes a sequence that is no file."""
    is_events = media.essence == EVENT_STREAM
    return is_events or (is_sequence(media.essence) and not is_binary(media.schema))


def is_json_sequence(essence: str) -> bool:
    """Tell whether a media type is a JSON text sequence (RFC 7464), or any `+json-seq`."""
    return essence == "application/json-seq" or essence.endswith("+json-seq")


def is_text(essence: str) -> bool:
    """Tell whether a media type is text: `text/*`, XML, YAML, JavaScript or a form."""
    kind, _, sub = essence.partition("/")
    is_markup = sub in ("xml", "javascript", "yaml", "x-yaml") or sub.endswith(("+xml", "+yaml"))
    return kind == "text" or (kind == "application" and is_markup) or sub.startswith("x-www-form")


def is_binary(schema: Schema | None) -> bool:
    """Tell whether a schema stands for raw bytes (OpenAPI 3.0 `format`, 3.1 `contentMediaType`)."""
    if schema is None:
        return False
    try:
        core = schema.core
        if core.format == "binary":
            return True
        inner = media_essence(as_text(core.get("contentMediaType")))
    except DocumentError:  # a part of it cannot be found: a call will say so
        return False
    # Text that holds JSON or markup is still text.
    is_bytes = bool(inner) and not is_json(inner) and not is_text(inner)
    return is_bytes and core.get("contentEncoding") is None


def is_binary_list(schema: Schema | None) -> bool:
    """Tell whether a schema stands for an array of raw bytes: for several files."""
    try:
        return schema is not None and is_binary(schema.core.items)
    except DocumentError:
        return False


def is_upload(schema: Schema | None) -> bool:
    """Tell whether a schema stands for a file, or for several."""
    return is_binary(schema) or is_binary_list(schema)


def rank_media(pattern: str, essence: str) -> int:
    """Rank how closely one covers another: 4 equal, 3 both JSON, 2 `x/*`, 1 `*/*`, 0 not at all."""
    if pattern == essence:
        return 4
    if is_json(pattern) and is_json(essence):
        return 3
    if pattern.endswith("/*") and pattern != "*/*":
        return 2 if essence.startswith(pattern[:-1]) else 0
    return 1 if pattern == "*/*" else 0


def _media_parameters(content_type: str) -> frozenset[str]:
    given = (p.strip().lower().replace('"', "") for p in content_type.split(";")[1:])
    return frozenset(p for p in given if p and not p.startswith("charset="))
