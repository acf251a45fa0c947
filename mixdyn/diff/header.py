"""
What changed in the headers of a response. Operations do not hold them: calls have no use for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from mixdyn.diff.edition import Side
from mixdyn.diff.finding import Found, Root, Step
from mixdyn.diff.place import point
from mixdyn.document import Target
from mixdyn.errors import DocumentError, excerpt
from mixdyn.media import media_essence
from mixdyn.schema import Schema
from mixdyn.shape import as_object

_SHOWN = 80


def compare_headers(
    old: Side, new: Side, statuses: tuple[str, str], places: tuple[str, str]
) -> Iterator[Step]:
    """Tell what changed in a response's headers; their schemas come as pairs."""
    olds, news = (_list_headers(*pair) for pair in zip((old, new), statuses, strict=True))
    for name in olds.keys() - news.keys():
        what = "required-header-removed" if _is_required(olds[name]) else "header-removed"
        message = f"the header {excerpt(name, _SHOWN)} was removed"
        yield Found(f"response-{what}", message, _point(old, olds[name]), places[1])
    for name in news.keys() - olds.keys():
        message = f"the header {excerpt(name, _SHOWN)} was added"
        yield Found("response-header-added", message, places[0], _point(new, news[name]))
    for name in olds.keys() & news.keys():
        yield from _compare_header(name, olds[name], news[name], old, new)


def _compare_header(name: str, one: Target, other: Target, old: Side, new: Side) -> Iterator[Step]:
    places, shown = (_point(old, one), _point(new, other)), f"the header {excerpt(name, _SHOWN)}"
    if _is_required(one) != _is_required(other):
        what = "required" if _is_required(other) else "optional"
        yield Found(f"response-header-became-{what}", f"{shown} is now {what}", *places)
    first, second = _find_schema(old, one), _find_schema(new, other)
    before, after = _list_style(one, first), _list_style(other, second)
    if before != after:
        words = " became ".join(excerpt(" ".join(style), _SHOWN) for style in (before, after))
        message = f"{shown} is written in another way: {words}"
        yield Found("response-header-style-changed", message, *places)
    if first is not None and second is not None:
        yield Root(first, second, "response")
    elif first is not second:
        what = "added" if first is None else "removed"
        yield Found(f"response-schema-{what}", f"the schema of {shown} was {what}", *places)


def _find_schema(side: Side, header: Target) -> Schema | None:
    """Give a header's schema, be it written plainly or as some media type."""
    media = next(iter(as_object(header.child("content").value)), None)
    holder = header if media is None else header.child("content", media)
    with suppress(DocumentError):  # as good as nothing said
        target = side.edition.document.resolve(holder).child("schema")
        schema = side.edition.schemas.at(target) if target.value is not None else None
        return schema if schema is None or schema.parts else None
    return None


def _list_style(header: Target, schema: Schema | None) -> list[str]:
    """Give all that decides how a header's value is written; what decides nothing is left out."""
    value = as_object(header.value)
    media = next(iter(as_object(value.get("content"))), None)
    if media is not None:
        return [media_essence(str(media))]
    is_plain = schema is not None and not {"array", "object"} & set(schema.types)
    return ["simple"] if is_plain or value.get("explode") is not True else ["simple", "exploded"]


def _list_headers(side: Side, status: str) -> Mapping[str, Target]:
    """Give a response's headers by name in small letters; those that cannot be read are not."""
    document = side.edition.document
    responses = side.entry.operation.child("responses")
    names = {str(name).upper(): str(name) for name in as_object(responses.value)}
    found: dict[str, Target] = {}
    with suppress(DocumentError):  # the response itself is told of
        declared = document.resolve(responses.child(names[status.upper()])).child("headers")
        for name in map(str, as_object(declared.value)):
            if name.lower() != "content-type":  # OpenAPI 3.1.1, 4.8.17: described elsewhere
                found[name.lower()] = document.resolve(declared.child(name))
    return found


def _point(side: Side, header: Target) -> str:
    return point(header, side.edition.location)


def _is_required(header: Target) -> bool:
    return as_object(header.value).get("required") is True
