"""
What changed in the properties of an object: which there are, must be there, and travel at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from mixdyn.diff.change import Direction
from mixdyn.diff.facet import Facet
from mixdyn.diff.finding import Found
from mixdyn.diff.place import point_at
from mixdyn.errors import DocumentError, excerpt
from mixdyn.normalform import hidden_word
from mixdyn.schema import Schema

_SHOWN = 60
_HIDDEN = {"readOnly": "read-only", "writeOnly": "write-only"}


def compare_properties(old: Facet, new: Facet, direction: Direction) -> Iterator[Found]:
    """Compare which properties there are, and which must be there, as far as they travel."""
    before, after = visible(old, direction), visible(new, direction)
    for name in before:
        if name in after:
            yield from _compare_required(old, new, name)
        else:
            yield _find_gone(old, new, name, direction)
    for name in after:
        if name not in before:
            yield _find_come(old, new, name, direction)
    for name in (old.required.keys() | new.required.keys()) - {*old.properties, *new.properties}:
        yield from _compare_required(old, new, name)


def list_described(old: Facet, new: Facet, direction: Direction) -> Iterator[tuple[Schema, Schema]]:
    """
    Give the pairs of what was said of a property, and is said of it now, where one of the two
    does not list it but says what others must be.
    """
    listed = visible(old, direction), visible(new, direction)
    for keyword in ("additionalProperties", "unevaluatedProperties"):
        before, after = old.children.get(keyword), new.children.get(keyword)
        if before is not None and not _has_patterns(old):
            come = (name for name in listed[1] if name not in old.properties)
            yield from ((before, new.properties[name]) for name in come)
        if after is not None and not _has_patterns(new):
            gone = (name for name in listed[0] if name not in new.properties)
            yield from ((old.properties[name], after) for name in gone)


def visible(facet: Facet, direction: Direction) -> dict[str, Schema]:
    """Give the properties that travel in a direction (OpenAPI 3.1.1, 4.8.24)."""
    word = hidden_word(direction)
    return {name: s for name, s in facet.properties.items() if not _is_hidden(s, word)}


def _is_hidden(schema: Schema, word: str) -> bool:
    try:
        return schema.get(word) is True
    except DocumentError:  # whoever goes into it will tell
        return schema.value.get(word) is True


def _compare_required(old: Facet, new: Facet, name: str) -> Iterator[Found]:
    one, other = old.required.get(name), new.required.get(name)
    if (one is None) == (other is None):
        return
    what = "required" if one is None else "optional"
    message = f"{excerpt(name, _SHOWN)} is now {what}"
    yield Found(
        f"property-became-{what}", message, one or _spot(old, name), other or _spot(new, name)
    )


def _find_gone(old: Facet, new: Facet, name: str, direction: Direction) -> Found:
    hidden = _HIDDEN[hidden_word(direction)]
    places = _spot(old, name), _spot(new, name)
    if name in new.properties:
        return Found(
            f"property-became-{hidden}", f"{excerpt(name, _SHOWN)} became {hidden}", *places
        )
    what = "required-property-removed" if name in old.required else "property-removed"
    return Found(what, f"{excerpt(name, _SHOWN)} was removed", *places)


def _find_come(old: Facet, new: Facet, name: str, direction: Direction) -> Found:
    hidden = _HIDDEN[hidden_word(direction)]
    places = _spot(old, name), _spot(new, name)
    is_new = name not in old.properties and _is_closed(old)
    if is_new and (direction != "request" or name not in new.required):
        message = f"{excerpt(name, _SHOWN)} was added; properties not listed were forbidden"
        return Found("forbidden-property-added", message, *places)
    if name in new.required:
        message = f"{excerpt(name, _SHOWN)} was added, and is required"
        return Found("required-property-added", message, *places)
    if name in old.properties:
        message = f"{excerpt(name, _SHOWN)} is no longer {hidden}"
        return Found(f"property-no-longer-{hidden}", message, *places)
    return Found("property-added", f"{excerpt(name, _SHOWN)} was added", *places)


def _spot(facet: Facet, name: str) -> str:
    """Point at a property, or at the schema that has none of that name."""
    schema = facet.properties.get(name)
    return facet.pointer if schema is None else point_at(schema)


def _is_closed(facet: Facet) -> bool:
    """Tell whether properties that are not listed are forbidden, whatever their name."""
    is_closed = "additionalProperties" in facet.closed or "unevaluatedProperties" in facet.closed
    return is_closed and not _has_patterns(facet)


def _has_patterns(facet: Facet) -> bool:
    """Tell whether properties are allowed by patterns for their names."""
    return any(way[:18] == "patternProperties/" for way in facet.children)
