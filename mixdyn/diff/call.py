"""
What changed from one operation to another, but for what their schemas say, which is left to walk.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mixdyn.diff.access import compare_security, compare_servers
from mixdyn.diff.argument import compare_parameters
from mixdyn.diff.change import Direction
from mixdyn.diff.edition import Edition, Site
from mixdyn.diff.header import compare_headers
from mixdyn.diff.keyword import Found
from mixdyn.diff.pairing import generalize
from mixdyn.diff.place import point
from mixdyn.errors import DocumentError, excerpt
from mixdyn.media import MediaType, is_streamed
from mixdyn.operation import Operation, Response
from mixdyn.schema import Schema

_SHOWN = 80


class Root(NamedTuple):
    """A pair of schemas that an operation has: where a walk begins."""

    old: Schema
    new: Schema
    direction: Direction


Step = Found | Root


def compare_sites(old: Site, new: Site, before: Edition, after: Edition) -> Iterator[Step]:
    """Tell what changed from one operation to another; schemas come as pairs to go into."""
    yield from _compare_place(old, new)
    yield from _compare_names(old, new)
    if old.operation is None or new.operation is None:
        yield from _compare_problems(old, new)
        return
    yield from _compare_remarks(old, new)
    yield from compare_parameters(old, new, old.operation, new.operation)
    yield from _compare_bodies(old, new, old.operation, new.operation)
    yield from _compare_responses(old, new, before, after)
    yield from compare_security(old, new, before, after)
    yield from compare_servers(old, new, before, after)


def _compare_place(old: Site, new: Site) -> Iterator[Found]:
    one, other = old.entry, new.entry
    if one.method != other.method or generalize(one.path) != generalize(other.path):
        before, after = (excerpt(f"{e.method} {e.path}", _SHOWN) for e in (one, other))
        yield Found("operation-moved", f"{before} became {after}", old.pointer, new.pointer)


def _compare_names(old: Site, new: Site) -> Iterator[Found]:
    gone = [name for name in old.names if name not in new.names]
    come = [name for name in new.names if name not in old.names]
    places = old.pointer, new.pointer
    if gone:
        before, after = ", ".join(gone), ", ".join(come or new.names)
        message = f"{excerpt(before, _SHOWN)} is now {excerpt(after, _SHOWN)}"
        yield Found("operation-renamed", message, *places)
    elif come:
        message = f"it is now also {excerpt(', '.join(come), _SHOWN)}"
        yield Found("operation-name-added", message, *places)
    ids = [site.entry.operation.value.get("operationId") for site in (old, new)]
    if not gone and ids[0] != ids[1]:
        message = f"operationId {excerpt(ids[0], _SHOWN)} became {excerpt(ids[1], _SHOWN)}"
        yield Found("operation-id-changed", message, *places)


def _compare_problems(old: Site, new: Site) -> Iterator[Found]:
    if new.problem and not old.problem:
        message = f"cannot be read: {new.problem}"
        yield Found("operation-became-unreadable", message, old.pointer, new.pointer)
    elif old.problem and not new.problem:
        message = f"could not be read: {old.problem}"
        yield Found("operation-became-readable", message, old.pointer, new.pointer)


def _compare_remarks(old: Site, new: Site) -> Iterator[Found]:
    one, other = old.operation, new.operation
    if one is None or other is None:
        return
    places = old.pointer, new.pointer
    if one.is_deprecated != other.is_deprecated:
        what = "deprecated" if other.is_deprecated else "no-longer-deprecated"
        yield Found(f"operation-{what}", f"it is {what.replace('-', ' ')}", *places)
    if one.retries != other.retries:
        message = "the document's advice on retries is another"
        yield Found("operation-retries-changed", message, *places)


def _compare_bodies(
    old: Site, new: Site, one: Operation, other: Operation
) -> Iterator[Step]:
    before, after = one.body, other.body
    places = f"{old.pointer}/requestBody", f"{new.pointer}/requestBody"
    if before is None or after is None:
        if after is not None:
            what = "required-body-added" if after.required else "body-added"
            yield Found(f"request-{what}", "the request now has a body", old.pointer, places[1])
        elif before is not None:
            message = "the request no longer has a body"
            yield Found("request-body-removed", message, places[0], new.pointer)
        return
    if before.required != after.required:
        what = "required" if after.required else "optional"
        yield Found(f"request-body-became-{what}", f"the body is now {what}", *places)
    yield from _compare_media("request", before.media, after.media, places)


def _compare_media(
    side: Direction, old: tuple[MediaType, ...], new: tuple[MediaType, ...], places: tuple[str, str]
) -> Iterator[Step]:
    before, after = ({_normalize(m.content_type): m for m in media} for media in (old, new))
    for name in before.keys() | after.keys():
        one, other = before.get(name), after.get(name)
        if one is not None and other is not None:
            yield from _compare_medium(side, one, other, places)
        else:
            what = "removed" if other is None else "added"
            message = f"the media type {excerpt(name, _SHOWN)} was {what}"
            yield Found(f"{side}-media-type-{what}", message, *places)


def _compare_medium(
    side: Direction, old: MediaType, new: MediaType, places: tuple[str, str]
) -> Iterator[Step]:
    way: Direction = "event" if side == "response" and is_streamed(old) else side
    for one, other in ((old.schema, new.schema), (old.item_schema, new.item_schema)):
        if one is not None and other is not None:
            yield Root(one, other, way)
        elif one is not other:
            what = "added" if one is None else "removed"
            message = f"the schema of {excerpt(old.essence, _SHOWN)} was {what}"
            yield Found(f"{way}-schema-{what}", message, *places)
    if side == "request" and _strip(old) != _strip(new):
        message = f"parts of {excerpt(old.essence, _SHOWN)} are written in another way"
        yield Found("request-encoding-changed", message, *places)


def _strip(media: MediaType) -> dict[str, object]:
    """Give the encoding of the parts, without remarks, and without what says nothing."""
    return {
        name: {k: v for k, v in rule.items() if k[:2] != "x-"} if hasattr(rule, "items") else rule
        for name, rule in media.encoding.items()
        if rule
    }


def _compare_responses(
    old: Site, new: Site, before: Edition, after: Edition
) -> Iterator[Step]:
    one, other = old.operation, new.operation
    if one is None or other is None:
        return
    olds, news = ({r.status.upper(): r for r in o.responses} for o in (one, other))
    for status in [*olds, *(s for s in news if s not in olds)]:
        places = _response_places(old, new, olds.get(status), news.get(status))
        if status in olds and status in news:
            yield from _compare_media("response", olds[status].media, news[status].media, places)
            yield from _go_into_headers(old, new, olds[status], before, after)
        else:
            kind = "success" if status[:1] in "23" else "error"
            what = "removed" if status in olds else "added"
            message = f"the response {excerpt(status.lower(), _SHOWN)} was {what}"
            yield Found(f"response-{kind}-status-{what}", message, *places)


def _go_into_headers(
    old: Site, new: Site, response: Response, before: Edition, after: Edition
) -> Iterator[Step]:
    for found in compare_headers(old, new, response.status, before, after):
        if isinstance(found, Found):
            yield found
        else:
            yield Root(*found, "response")


def _response_places(
    old: Site, new: Site, one: Response | None, other: Response | None
) -> tuple[str, str]:
    """Point at a response, or at the list that lacks it."""
    below = [f"/{r.status}" if r is not None else "" for r in (one, other)]
    return f"{old.pointer}/responses{below[0]}", f"{new.pointer}/responses{below[1]}"


def _normalize(content_type: str) -> str:
    """Give a media type as it is compared: case and spaces mean nothing."""
    return ";".join(part.strip().lower() for part in content_type.split(";"))


__all__ = ["DocumentError", "Root", "Step", "compare_sites", "point"]
