"""
Where something stands in a document, for programs (a JSON pointer) and for people (`Session.id`).
"""

from __future__ import annotations

import os
import re

from mixdyn.applicator import LISTS, MAPS
from mixdyn.document import Target, escape_pointer, unescape_pointer
from mixdyn.errors import excerpt
from mixdyn.schema import Schema

_LABEL = 120
_WORDS = {"additionalProperties": "{}", "items": "[]"}
_MEMBERS = re.compile(r"/(?:components/schemas|\$defs|definitions)/([^/]+)")
_ROOTS = (
    (re.compile(r".*/requestBody/content/[^/]+/(?:schema|itemSchema)"), "body"),
    (re.compile(r".*/requestBodies/[^/]+/content/[^/]+/(?:schema|itemSchema)"), "body"),
    (re.compile(r".*/responses/([^/]+)/content/[^/]+/(?:schema|itemSchema)"), "response {}"),
    (re.compile(r".*/headers/([^/]+)/schema"), "header {}"),
    (re.compile(r".*/parameters/([^/]+)/(?:schema|content/[^/]+/schema)"), "parameter {}"),
)


def point(target: Target, location: str, *steps: str) -> str:
    """
    Give the JSON pointer of a place, or of a step below it.

    Args:
        target: the place.
        location: where the document itself was read from; another file is named, by a path that
            starts at the document's folder.
        steps: the way down from there, if any.
    """
    pointer = target.pointer + "".join(f"/{escape_pointer(step)}" for step in steps)
    if target.base == location:
        return pointer
    return f"{os.path.relpath(target.base, os.path.dirname(location))}#{pointer}"


def point_at(schema: Schema) -> str:
    """Give the JSON pointer of the place of a schema."""
    return point(schema.target, schema.space.document.location)


def name_place(pointer: str) -> str:
    """
    Name the schema at or around a JSON pointer as people do: `Session.items[].id`, `body.title`.

    Empty for a place that belongs to no schema.
    """
    name, rest = _split(pointer.rpartition("#")[2])
    steps = iter(rest.split("/")[1:])
    for step in steps:
        if step in MAPS:
            name += f".{unescape_pointer(next(steps, ''))}"
        elif step in LISTS:
            next(steps, "")
        else:
            name += _WORDS.get(step, "")  # any other is a keyword of the schema
    return excerpt(name.rstrip("."), _LABEL)


def _split(pointer: str) -> tuple[str, str]:
    """Give what a pointer's place belongs to, and the way from there."""
    found = list(_MEMBERS.finditer(pointer))
    if found:
        return unescape_pointer(found[-1][1]), pointer[found[-1].end() :]
    for pattern, name in _ROOTS:
        match = pattern.match(pointer)
        if match is not None:
            return name.format(*map(unescape_pointer, match.groups())), pointer[match.end() :]
    return "", ""
