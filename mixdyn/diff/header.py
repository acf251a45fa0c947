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
from mixdyn.shape import as_object

_SHOWN = 80


def compare_headers(old: Side, new: Side, status: str, places: tuple[str, str]) -> Iterator[Step]:
    """Tell what changed in a response's headers; their schemas come as pairs."""
    olds, news = _list_headers(old, status), _list_headers(new, status)
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
    if _is_required(one) != _is_required(other):
        what = "required" if _is_required(other) else "optional"
        message = f"the header {excerpt(name, _SHOWN)} is now {what}"
        places = _point(old, one), _point(new, other)
        yield Found(f"response-header-became-{what}", message, *places)
    first, second = one.child("schema"), other.child("schema")
    if first.value is not None and second.value is not None:
        schemas = old.edition.schemas.at(first), new.edition.schemas.at(second)
        yield Root(*schemas, "response")


def _list_headers(side: Side, status: str) -> Mapping[str, Target]:
    """Give a response's headers by name in small letters; those that cannot be read are not."""
    document = side.edition.document
    responses = side.entry.operation.child("responses")
    names = {str(name).upper(): str(name) for name in as_object(responses.value)}
    found: dict[str, Target] = {}
    with suppress(DocumentError):  # the response itself is told of
        declared = document.resolve(responses.child(names[status])).child("headers")
        for name in map(str, as_object(declared.value)):
            if name.lower() != "content-type":  # OpenAPI 3.1.1, 4.8.17: described elsewhere
                found[name.lower()] = document.resolve(declared.child(name))
    return found


def _point(side: Side, header: Target) -> str:
    return point(header, side.edition.location)


def _is_required(header: Target) -> bool:
    return as_object(header.value).get("required") is True
