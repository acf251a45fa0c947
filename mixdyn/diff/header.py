"""
What changed in the headers of a response. Operations do not hold them: calls have no use for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mixdyn.diff.edition import Edition, Site
from mixdyn.diff.keyword import Found
from mixdyn.diff.place import point
from mixdyn.document import Target
from mixdyn.errors import DocumentError, excerpt
from mixdyn.schema import Schema
from mixdyn.shape import as_object

_SHOWN = 80


def compare_headers(
    old: Site, new: Site, status: str, before: Edition, after: Edition
) -> Iterator[Found | tuple[Schema, Schema]]:
    """Tell what changed in a response's headers; their schemas come as pairs."""
    olds, news = _list_headers(old, status, before), _list_headers(new, status, after)
    for name in olds.keys() | news.keys():
        one, other = olds.get(name), news.get(name)
        if one is not None and other is not None:
            yield from _compare_header(name, one, other, before, after)
        elif one is not None:
            what = "required-header-removed" if _is_required(one) else "header-removed"
            places = (point(one, before.location), f"{new.pointer}/responses/{status}")
            yield Found(f"response-{what}", f"the header {excerpt(name, _SHOWN)} was removed", *places)
        elif other is not None:
            places = (f"{old.pointer}/responses/{status}", point(other, after.location))
            message = f"the header {excerpt(name, _SHOWN)} was added"
            yield Found("response-header-added", message, *places)


def _compare_header(
    name: str, old: Target, new: Target, before: Edition, after: Edition
) -> Iterator[Found | tuple[Schema, Schema]]:
    if _is_required(old) != _is_required(new):
        what = "required" if _is_required(new) else "optional"
        places = point(old, before.location), point(new, after.location)
        message = f"the header {excerpt(name, _SHOWN)} is now {what}"
        yield Found(f"response-header-became-{what}", message, *places)
    one, other = old.child("schema"), new.child("schema")
    if one.value is not None and other.value is not None:
        yield before.schemas.at(one), after.schemas.at(other)


def _list_headers(site: Site, status: str, edition: Edition) -> Mapping[str, Target]:
    """Give a response's headers by name in small letters; none where they cannot be read."""
    document = edition.document
    found: dict[str, Target] = {}
    try:
        response = document.resolve(_find_response(site, status))
        declared = response.child("headers")
        for name in map(str, as_object(declared.value)):
            if name.lower() != "content-type":  # OpenAPI 3.1.1, 4.8.17: described elsewhere
                found[name.lower()] = document.resolve(declared.child(name))
    except DocumentError:  # the response itself is told of
        return found
    return found


def _find_response(site: Site, status: str) -> Target:
    responses = site.entry.operation.child("responses")
    names = {str(name).upper(): name for name in as_object(responses.value)}
    return responses.child(names.get(status.upper(), status))


def _is_required(header: Target) -> bool:
    return as_object(header.value).get("required") is True
