"""
The fields of a schema as a small tree: names, types, remarks. References are followed once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

from mixdyn.block import Span, Table, Words, one_line, words
from mixdyn.errors import DocumentError
from mixdyn.kind import write_kind
from mixdyn.limit import write_limits
from mixdyn.normalform import hidden_word
from mixdyn.results import Types
from mixdyn.schema import Schema
from mixdyn.shape import as_array, is_object

_MOST_ROWS = 120
_SCREENFUL = 50
_DEEPEST = 8
_ARGUMENT_LEVELS = (3, 2, 1)
_NAME = 60
_KIND = 200
_TEXT = 200
_SHORT_TEXT = 60  # where there are many


class Field(NamedTuple):
    """One line of the tree: how deep it stands, its name, its type, and what there is to say."""

    depth: int
    name: str
    kind: str
    remarks: tuple[str, ...]
    text: str


def outline(schema: Schema, types: Types, depth: int = _DEEPEST) -> list[Field]:
    """
    Give the fields of a schema and of what it holds, as far down as `depth`.

    Where that is more than one reads at a prompt, less far down, so that all of the first level
    comes first.
    """
    found: list[Field] = []
    for deepest in (d for d in (depth, 4, 3, 2, 1) if d <= depth):
        found = []
        with suppress(DocumentError, RecursionError):
            walk = _Walk(types, deepest)
            found.extend(islice(walk.enter(schema, 0, ()), _MOST_ROWS + 1))
        if len(found) <= _SCREENFUL:
            return found
    if len(found) > _MOST_ROWS:
        found[_MOST_ROWS:] = [Field(0, "…", "", ("and more",), "")]
    return found


def outline_result(schema: Schema, types: Types) -> list[Field]:
    """Give the attributes of a result, or of the items of a list, and one level below."""
    walk = _Walk(types, 2, has_attributes=True, hidden=hidden_word("response"))
    found: list[Field] = []
    with suppress(DocumentError, RecursionError):
        found = list(islice(walk.enter(_held(schema), 0, ()), _MOST_ROWS))
    return found


def outline_argument(schema: Schema | None, types: Types, most: int) -> list[Field]:
    """Give the fields of an object that is sent: as many levels as `most` lines have room for."""
    found: list[Field] = []
    if schema is None:
        return found
    for deepest in _ARGUMENT_LEVELS:
        found = []
        walk = _Walk(types, deepest, hidden=hidden_word("request"))
        with suppress(DocumentError, RecursionError):
            found.extend(islice(walk.enter(_held(schema), 0, ()), _MOST_ROWS))
        if len(found) <= most:
            return found
    return [*found[:most], Field(0, "…", "", (f"{len(found) - most} more",), "")] if found else []


def indent(fields: list[Field]) -> list[Field]:
    """Put fields one level further in."""
    return [field._replace(depth=field.depth + 1) for field in fields]


def make_table(fields: list[Field]) -> Table:
    """Lay fields out: the name, with its depth as indentation, the type, the rest."""
    most = _TEXT if len(fields) <= _SCREENFUL else _SHORT_TEXT
    return Table(tuple(_make_row(f._replace(text=one_line(f.text, most))) for f in fields))


def write_remarks(
    schema: Schema | None, *, required: bool, is_deprecated: bool = False
) -> tuple[str, ...]:
    """Say of a value whether it must be there, how it is limited, and who sets it."""
    remarks = ["required"] if required else []
    with suppress(DocumentError):  # whoever calls will hear of it
        remarks += _remark(schema) if schema is not None else ()
    if is_deprecated and "deprecated" not in remarks:
        remarks.append("deprecated")
    return tuple(remarks)


def _remark(schema: Schema) -> Iterator[str]:
    default = schema.get("default")
    if default is not None:
        yield f"default {one_line(repr(default), _NAME)}"
    yield from write_limits(schema)
    flags = (("readOnly", "read-only"), ("writeOnly", "write-only"), ("deprecated",) * 2)
    yield from (word for keyword, word in flags if schema.get(keyword) is True)


def describe_kind(types: Types, schema: Schema | None, name: str = "") -> str:
    """Give a schema's type in words; `Any` where its references lead nowhere."""
    try:
        return one_line(write_kind(types.annotation(schema, name)), _KIND)
    except DocumentError:
        return "Any"


def join_words(remarks: tuple[str, ...], text: str) -> Words:
    """Put remarks and a text into one cell."""
    noted = Span(" · ".join(remarks), "note")
    return words(noted, Span(" · ", "note") if remarks and text else "", text)


class _Walk:
    """Goes down a schema, into each named one only once."""

    def __init__(
        self, types: Types, deepest: int, *, has_attributes: bool = False, hidden: str = ""
    ) -> None:
        self.types = types
        self.hidden = hidden  # the keyword of properties that do not go this way
        self.has_attributes = has_attributes
        self.deepest = deepest
        self.seen: set[int] = set()

    def enter(self, schema: Schema, depth: int, inside: tuple[int, ...]) -> Iterator[Field]:
        """Give the fields of what a schema describes: of an object, of items, of alternatives."""
        core = schema.core
        key = id(core.resolved)
        self.seen.add(key)
        around = (*inside, key)
        names = self.name_fields(core)
        for wire, declared in core.properties.items():
            if self.hidden and _is_set(declared, self.hidden):
                continue
            is_needed = wire in core.required
            yield from self.visit(names[wire], declared, depth, around, is_needed=is_needed)
        items, rest = core.items, core.additional
        if items is not None and not core.properties:
            yield from self.visit("[…]", items, depth, around)
        if rest is not None and is_object(rest.target.value) and rest.target.value:
            yield from self.visit("<any key>", rest, depth, around)
        yield from self.enter_branches(core, depth, around)

    def name_fields(self, core: Schema) -> dict[str, str]:
        """Give the names to show: those of the document, or those of a result's attributes."""
        if not self.has_attributes or not core.properties:
            return {wire: wire for wire in core.properties}
        model: Any = self.types.model(core)
        return {wire: attribute for attribute, wire in model._attributes.items()}

    def enter_branches(self, core: Schema, depth: int, inside: tuple[int, ...]) -> Iterator[Field]:
        discriminator = core.implied_discriminator
        if discriminator is not None:
            for tag, branch in discriminator.branches.items():
                if branch.resolved is not core.resolved:
                    name = f"if {discriminator.property_name} = {tag!r}"
                    yield from self.visit(name, branch, depth, inside)
        else:
            for branch in core.branches:
                yield from self.visit("or", branch, depth, inside)

    def visit(
        self,
        name: str,
        schema: Schema,
        depth: int,
        inside: tuple[int, ...],
        *,
        is_needed: bool | None = None,
    ) -> Iterator[Field]:
        """Give a field, and below it what it holds unless that was shown before."""
        # Only a field's name says something of its type: `[…]` and the like do not.
        kind = describe_kind(self.types, schema, name if is_needed is not None else "")
        remarks = write_remarks(schema, required=is_needed is True and not self.has_attributes)
        if self.has_attributes and is_needed is False:
            remarks = ("may be absent", *remarks)
        try:
            held = _held(schema)
            key = id(held.resolved)
            is_open = _has_fields(held)
            text = one_line(_describe(schema), _TEXT)
        except DocumentError:
            unknown = "its reference leads nowhere"
            yield Field(depth, one_line(name, _NAME), "Any", (*remarks, unknown), "")
            return
        if is_open and key in inside:
            remarks = (*remarks, "recursive")
        elif is_open and key in self.seen and held.name:
            remarks = (*remarks, "shown above")
        is_below = is_open and key not in inside and not (key in self.seen and held.name)
        yield Field(depth, one_line(name, _NAME), kind, remarks, text)
        if is_below and depth + 1 < self.deepest:
            yield from self.enter(held, depth + 1, inside)


def _is_set(schema: Schema, keyword: str) -> bool:
    try:
        return schema.get(keyword) is True
    except DocumentError:
        return False


def _held(schema: Schema) -> Schema:
    """Give what an array, or an array of arrays, holds in the end; else the schema itself."""
    core = schema.core
    for _ in range(_DEEPEST):
        if core.items is None or core.properties:
            break
        core = core.items.core
    return core


def _has_fields(schema: Schema) -> bool:
    rest = schema.additional
    is_map = rest is not None and (bool(_held(rest).properties) or bool(_held(rest).branches))
    return bool(schema.properties) or is_map or any(b.properties for b in schema.leaves)


def _describe(schema: Schema) -> str:
    """Give the words that stand at a field, rather than those of the type it refers to."""
    own = schema.value.get("description")
    text = own if isinstance(own, str) else schema.description
    examples: list[Any] = as_array(schema.value.get("examples"))
    example = schema.value.get("example", examples[0] if examples else None)
    if isinstance(example, (str, int, float)) and not isinstance(example, bool) and not text:
        return f"such as {example!r}"
    return text


def _make_row(field: Field) -> tuple[Words, ...]:
    name = words("  " * field.depth, Span(field.name, "name"))
    return name, words(Span(field.kind, "kind")), join_words(field.remarks, field.text)
