"""
What changed in the media types of a body or a response, but for what their schemas say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from mixdyn.diff.change import Direction
from mixdyn.diff.finding import Found, Root, Step
from mixdyn.diff.plain import make_key
from mixdyn.document import escape_pointer
from mixdyn.errors import DocumentError, excerpt
from mixdyn.event import find_item_schema
from mixdyn.media import (
    FORM,
    MediaType,
    is_binary,
    is_json,
    is_sequence,
    is_streamed,
    is_text,
    rank_media,
)
from mixdyn.schema import Schema
from mixdyn.shape import as_object

_SHOWN = 80
_SENTINEL = "x-speakeasy-sse-sentinel"
_STYLES = ("style", "explode", "allowReserved")


def compare_media(
    side: Direction, old: tuple[MediaType, ...], new: tuple[MediaType, ...], places: tuple[str, str]
) -> Iterator[Step]:
    """Tell which media types came and went, and how those changed that stayed."""
    before, after = _index(side, old), _index(side, new)
    for name in [*before]:
        if name in after:
            yield from _compare_medium(side, before.pop(name), after.pop(name), places)
    for what, some, others in (("widened", before, after), ("narrowed", after, before)):
        yield from _compare_patterns(side, what, some, others, places)
    for what, alone in (("removed", before), ("added", after)):
        for name in alone:
            message = f"the media type {excerpt(name, _SHOWN)} was {what}"
            yield Found(f"{side}-media-type-{what}", message, *_below(places, what, name))


def _index(side: Direction, media: tuple[MediaType, ...]) -> dict[str, MediaType]:
    """Give media types by what tells them apart; of equals the first is the one that is used."""
    found: dict[str, MediaType] = {}
    for medium in media:
        found.setdefault(_normalize(side, medium.content_type), medium)
    return found


def _normalize(side: Direction, content_type: str) -> str:
    """
    Give a media type as it is compared: case and spaces mean nothing.

    Nor does UTF-8, which is meant anyway, nor any charset of an answer, which says its own.
    """
    usual = "charset=" if side == "response" else "charset=utf-8"
    parts = [part.strip().lower().replace('"', "") for part in content_type.split(";")]
    return ";".join(part for part in parts if not part.startswith(usual))


def _compare_patterns(
    side: Direction,
    what: str,
    some: dict[str, MediaType],
    others: dict[str, MediaType],
    places: tuple[str, str],
) -> Iterator[Step]:
    """Take out what a pattern such as `*/*` on the other side covers, and tell of it."""
    covering: set[str] = set()
    for name in [*some]:
        essence = some[name].essence
        ranks = {o: rank_media(o, essence) for o in others if "*" in o}
        wide = max(ranks, key=lambda o: ranks[o], default="")
        if not ranks.get(wide):
            continue
        covering.add(wide)
        pair = (name, wide) if what == "widened" else (wide, name)
        shown = " became ".join(excerpt(n, _SHOWN) for n in pair)
        yield Found(f"{side}-media-type-{what}", f"the media type {shown}", *places)
        medium, cover = some.pop(name), others[wide]
        one, other = (medium, cover) if what == "widened" else (cover, medium)
        yield from _compare_medium(side, one, other, places)
    for name in covering:
        del others[name]


def _below(places: tuple[str, str], what: str, name: str) -> tuple[str, str]:
    """Point at a media type in the document that has it."""
    step = f"/content/{escape_pointer(name)}"
    return (places[0] + step, places[1]) if what == "removed" else (places[0], places[1] + step)


def _compare_medium(
    side: Direction, old: MediaType, new: MediaType, places: tuple[str, str]
) -> Iterator[Step]:
    way: Direction = "event" if side == "response" and is_streamed(old) else side
    for one, other in _pair_schemas(old, new):
        if one is not None and other is not None:
            yield Root(one, other, way)
        elif one is not other:
            what = "added" if one is None else "removed"
            message = f"the schema of {excerpt(old.essence, _SHOWN)} was {what}"
            yield Found(f"{way}-schema-{what}", message, *places)
    if side == "request" and _read_encoding(old) != _read_encoding(new):
        message = f"parts of {excerpt(old.essence, _SHOWN)} are written in another way"
        yield Found("request-encoding-changed", message, *places)
    sentinels = [medium.extensions.get(_SENTINEL) for medium in (old, new)]
    if way == "event" and sentinels[0] != sentinels[1]:
        message = f"the stream's last word {' became '.join(map(_show, sentinels))}"
        yield Found("event-sentinel-changed", message, *places)


def _show(sentinel: Any) -> str:
    return "none" if sentinel is None else excerpt(sentinel, _SHOWN)


def _pair_schemas(old: MediaType, new: MediaType) -> Iterator[tuple[Schema | None, Schema | None]]:
    """Give the schemas that belong together: of a stream those of its items, however written."""
    both = old, new
    is_stream = all(map(is_streamed, both))
    if is_stream and bool(old.item_schema) != bool(new.item_schema):
        one, other = (find_item_schema(m, is_records=is_sequence(m.essence)) for m in both)
        yield one, other
    elif (old.schema and new.schema) or not all(map(_is_raw, both)):
        yield old.schema, new.schema
        yield old.item_schema, new.item_schema


def _is_raw(medium: MediaType) -> bool:
    """Tell whether a media type is bytes, as it is where nothing is said of an image, say."""
    essence = medium.essence
    if medium.schema is not None or is_json(essence) or is_text(essence) or "*" in essence:
        return is_binary(medium.schema)
    return not is_sequence(essence) and not essence.startswith("multipart/")


def _read_encoding(media: MediaType) -> dict[str, str]:
    """Give how each part is written, without remarks, and without what says nothing."""
    properties = _find_properties(media)
    found: dict[str, str] = {}
    for name, given in media.encoding.items():
        rule = {k: v for k, v in as_object(given).items() if k[:2] != "x-"}
        if name in properties:
            rule = _strip_styles(rule, properties[name])
        if rule:
            found[name] = make_key(rule)
    return found


def _find_properties(media: MediaType) -> Mapping[str, tuple[str, ...]]:
    """Give the types of a form's properties, of those that can be read."""
    found: dict[str, tuple[str, ...]] = {}
    if media.essence != FORM or not media.encoding or media.schema is None:
        return found
    with suppress(DocumentError):
        for name, schema in media.schema.core.properties.items():
            with suppress(DocumentError):
                found[name] = schema.types
    return found


def _strip_styles(rule: Mapping[str, Any], types: tuple[str, ...]) -> dict[str, Any]:
    """Leave out what a form's field is written like anyway (OpenAPI 3.1.1, 4.8.15.1)."""
    style = rule.get("style", "form")
    usual = {"style": "form", "explode": style == "form", "allowReserved": False}
    if not types or "object" in types:  # that is JSON unless a style is given
        return {**rule}
    return {k: v for k, v in rule.items() if k not in _STYLES or usual[k] != v}
