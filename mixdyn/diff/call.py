"""
What changed from one operation to another, but for what their schemas say, which is left to walk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mixdyn.diff.access import compare_security, compare_servers
from mixdyn.diff.argument import compare_parameters
from mixdyn.diff.change import Direction
from mixdyn.diff.edition import Edition, Side, Site
from mixdyn.diff.finding import Found, Root, Step
from mixdyn.diff.header import compare_headers
from mixdyn.diff.pairing import generalize
from mixdyn.document import escape_pointer
from mixdyn.errors import excerpt
from mixdyn.media import MediaType, is_streamed, rank_media
from mixdyn.operation import Operation, Response

_SHOWN = 80


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
    yield from _compare_media("request", before.media, after.media, places)


def _compare_media(
    side: Direction, old: tuple[MediaType, ...], new: tuple[MediaType, ...], places: tuple[str, str]
) -> Iterator[Step]:
    before, after = ({_normalize(m.content_type): m for m in media} for media in (old, new))
    for name in [*before]:
        if name in after:
            yield from _compare_medium(side, before.pop(name), after.pop(name), places)
    for what, some, others in (("widened", before, after), ("narrowed", after, before)):
        yield from _compare_patterns(side, what, some, others, places)
    for what, alone in (("removed", before), ("added", after)):
        for name in alone:
            message = f"the media type {excerpt(name, _SHOWN)} was {what}"
            yield Found(f"{side}-media-type-{what}", message, *_below(places, what, name))


def _compare_patterns(
    side: Direction,
    what: str,
    some: dict[str, MediaType],
    others: dict[str, MediaType],
    places: tuple[str, str],
) -> Iterator[Found]:
    """Take out what a pattern such as `*/*` on the other side covers, and tell of it."""
    covering: set[str] = set()
    for name in [*some]:
        wide = next((o for o in others if "*" in o and rank_media(o, some[name].essence)), None)
        if wide is not None:
            del some[name]
            covering.add(wide)
            pair = (name, wide) if what == "widened" else (wide, name)
            shown = " became ".join(excerpt(n, _SHOWN) for n in pair)
            yield Found(f"{side}-media-type-{what}", f"the media type {shown}", *places)
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


def _compare_responses(old: Side, new: Side) -> Iterator[Step]:
    olds, news = ({r.status.upper(): r for r in s.operation.responses} for s in (old, new))
    for status in [*olds, *(s for s in news if s not in olds)]:
        places = _response_places(old, new, olds.get(status), news.get(status))
        if status in olds and status in news:
            problems = problem_of(olds[status]), problem_of(news[status])
            if any(problems):
                yield from _compare_unreadable(*problems, places)
                continue
            yield from _compare_media("response", olds[status].media, news[status].media, places)
            yield from compare_headers(old, new, status, places)
        else:
            kind = "success" if status[:1] in "23" else "error"
            what = "removed" if status in olds else "added"
            message = f"the response {excerpt(status.lower(), _SHOWN)} was {what}"
            yield Found(f"response-{kind}-status-{what}", message, *places)


def problem_of(response: Response) -> str:
    """Say why a response cannot be read, empty where it can."""
    text = response.description
    return text if text.startswith("(cannot be read: ") and not response.media else ""


def _compare_unreadable(old: str, new: str, places: tuple[str, str]) -> Iterator[Found]:
    if not old:
        yield Found("response-schema-became-unreadable", new, *places)
    elif not new:
        yield Found("response-schema-became-readable", old, *places)


def _response_places(
    old: Side, new: Side, one: Response | None, other: Response | None
) -> tuple[str, str]:
    """Point at a response, or at the list that lacks it."""
    below = [f"/{r.status}" if r is not None else "" for r in (one, other)]
    return f"{old.pointer}/responses{below[0]}", f"{new.pointer}/responses{below[1]}"


def _normalize(content_type: str) -> str:
    """Give a media type as it is compared: case and spaces mean nothing."""
    return ";".join(part.strip().lower() for part in content_type.split(";"))


_COMPARISONS: tuple[Callable[[Side, Side], Iterator[Step]], ...] = (
    _compare_remarks,
    compare_parameters,
    _compare_bodies,
    _compare_responses,
    compare_security,
    compare_servers,
)
