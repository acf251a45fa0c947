"""
Several schemas for one thing: parts of an `allOf` may each say something of the same property.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from mixdyn.errors import DocumentError
from mixdyn.schema import Schema
from mixdyn.shape import as_array, as_object

# Parts that lead in circles of different lengths meet in as many ways as the product of these.
_MANY = 5_000

# What only people read, and what only leads on to parts.
_SILENT = frozenset(
    {"$comment", "$ref", "allOf", "description", "example", "examples", "externalDocs", "summary"}
    | {"title", "xml"}
)


class Joint(Schema):
    """Schemas that apply together, as if they stood in an `allOf`; the first gives the place."""

    def __init__(self, schemas: Sequence[Schema]) -> None:
        super().__init__(schemas[0].space, schemas[0].target)
        self._schemas = [*schemas]

    @cached_property
    def resolved(self) -> Schema:
        """The joint itself: it says more than what the first of its schemas refers to."""
        return self

    def _collect_parts(self, step: int) -> tuple[Schema, ...]:
        parts = (part for schema in self._schemas for part in schema._collect_parts(step))
        return tuple({id(part): part for part in parts}.values())


class Joints:
    """Makes joints, the same for the same schemas; `is_full` when there are too many of them."""

    def __init__(self) -> None:
        self.is_full = False
        self._made: dict[frozenset[int], Schema] = {}

    def join(self, schemas: Sequence[Schema]) -> Schema:
        """Give one schema for those that apply to the same thing; the first gives the place."""
        if len(schemas) == 1:
            return schemas[0]
        spoken = {id(s): s for s in map(settle, schemas) if not is_silent(s)}
        distinct = [*spoken.values()] or [schemas[0]]
        key = frozenset(spoken)
        if len(distinct) > 1 and key not in self._made:
            self.is_full = self.is_full or len(self._made) >= _MANY
            self._made[key] = distinct[0] if self.is_full else Joint(distinct)
        return self._made[key] if len(distinct) > 1 else distinct[0]

    def list_properties(self, schema: Schema) -> Mapping[str, Schema]:
        """Give a schema's properties by wire name, each with all that its parts say of it."""
        if len(schema.parts) == 1:
            return schema.properties
        found = {name: [first] for name, first in schema.properties.items()}
        for part in schema.parts:
            for name in as_object(part.value.get("properties")):
                found[name].append(part.child("properties", name))
        return {name: self.join(schemas) for name, schemas in found.items()}


def settle(schema: Schema) -> Schema:
    """Follow references that add nothing; what cannot be followed stays, and is told later."""
    if schema.value.get("nullable") is True:  # beside a `$ref`, 3.0 ignores it; but it is meant
        return schema
    try:
        return schema.resolved
    except DocumentError:
        return schema


def unwrap(schema: Schema) -> Schema:
    """Give what a schema stands for: an `allOf` of one, with no word of its own, is that one."""
    found, seen = schema.resolved, {id(schema.resolved)}
    while True:
        said = [word for word in found.value if word not in _SILENT - {"$ref", "allOf"}]
        if said != ["allOf"] or len(as_array(found.value["allOf"])) != 1:
            return found
        found = found.child("allOf", 0).resolved
        if id(found) in seen:
            return found
        seen.add(id(found))


def is_silent(schema: Schema) -> bool:
    """Tell whether a schema says nothing of what is allowed, in none of its parts."""
    if schema.target.value is False:
        return False
    try:
        return all(_says_nothing(part) for part in schema.parts)
    except DocumentError:
        return False


def _says_nothing(part: Schema) -> bool:
    return part.target.value is not False and all(
        word in _SILENT or word[:2] == "x-" for word in part.value
    )
