"""
What changed from one operation to another, but for what their schemas say, which is left to walk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mixdyn.diff.access import compare_security, compare_servers
from mixdyn.diff.argument import compare_parameters
from mixdyn.diff.edition import Edition, Side, Site
from mixdyn.diff.finding import Found, Step
from mixdyn.diff.medium import compare_media
from mixdyn.diff.outcome import compare_responses
from mixdyn.diff.pairing import generalize
from mixdyn.diff.plain import make_key, strip_remarks
from mixdyn.errors import excerpt
from mixdyn.operation import Operation
from mixdyn.shape import as_object

_SHOWN = 80
_POSITIONS = ("prefixEncoding", "itemEncoding")


def compare_sites(
    old: Site, new: Site, before: Edition, after: Edition, *, documentation: bool
) -> Iterator[Step]:
    """Tell what changed from one operation to another; schemas come as pairs to go into."""
    yield from _compare_place(old, new)
    yield from _compare_names(old, new)
    if old.operation is None or new.operation is None:
        yield from _compare_problems(old, new)
        return
    one = Side(old.operation, old.entry, old.pointer, before)
    other = Side(new.operation, new.entry, new.pointer, after)
    for compare in _COMPARISONS:
        yield from compare(one, other)
    if documentation and _list_words(old.operation) != _list_words(new.operation):
        message = "summaries or descriptions are others"
        yield Found("documentation-changed", message, old.pointer, new.pointer)


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


def _compare_remarks(old: Side, new: Side) -> Iterator[Step]:
    one, other = old.operation, new.operation
    places = old.pointer, new.pointer
    if one.is_deprecated != other.is_deprecated:
        what = "deprecated" if other.is_deprecated else "no-longer-deprecated"
        yield Found(f"operation-{what}", f"it is {what.replace('-', ' ')}", *places)
    if one.retries != other.retries:
        message = "the document's advice on retries is another"
        yield Found("operation-retries-changed", message, *places)


def _list_words(operation: Operation) -> list[str]:
    """Give what is said to people of an operation and its parts, but for schemas."""
    words = [operation.summary, operation.description]
    words += [f"{p.name}: {p.description}" for p in operation.parameters]
    words += [operation.body.description] if operation.body is not None else []
    return words + [f"{r.status}: {r.description}" for r in operation.responses]


def _compare_bodies(old: Side, new: Side) -> Iterator[Step]:
    before, after = old.operation.body, new.operation.body
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
    yield from compare_media("request", before.media, after.media, places)
    positions, others = _list_positions(old), _list_positions(new)
    for name in positions.keys() & others.keys():
        if positions[name] != others[name]:
            message = f"parts of {excerpt(name, _SHOWN)} are written in another way by position"
            yield Found("request-encoding-changed", message, *places)


def _list_positions(side: Side) -> dict[str, str]:
    """Give how parts without names are written (OpenAPI 3.2, 4.14.4); calls have no use for it."""
    document = side.edition.document
    content = document.resolve(side.entry.operation.child("requestBody")).child("content")
    media = {name: document.resolve(content.child(name)).value for name in as_object(content.value)}
    return {
        str(name).lower(): make_key([strip_remarks(as_object(m).get(k)) for k in _POSITIONS])
        for name, m in media.items()
    }


_COMPARISONS: tuple[Callable[[Side, Side], Iterator[Step]], ...] = (
    _compare_remarks,
    compare_parameters,
    _compare_bodies,
    compare_responses,
    compare_security,
    compare_servers,
)
