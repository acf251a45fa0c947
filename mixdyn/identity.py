"""
How the things of an API are told apart: which schemas describe one, which property names it.

General rules only, by the names of properties and parameters. Knows no paths and no requests.
"""

from __future__ import annotations

from mixdyn.media import is_json
from mixdyn.names import to_snake
from mixdyn.operation import Operation
from mixdyn.schema import Schema

_WRAPPERS = ("data", "items", "results", "values", "entries", "records", "content", "list")


def success_schema(operation: Operation) -> Schema | None:
    """Give the schema of the JSON that success brings, if it brings any."""
    media = (m for response in operation.success for m in response.media if is_json(m.essence))
    return next((m.schema for m in media if m.schema is not None), None)


def find_array(schema: Schema) -> tuple[tuple[str, ...], Schema] | None:
    """Give where a list's items are (at the top, or in which property) and their schema."""
    core = schema.core
    if "array" in core.types and core.items is not None:
        return (), core.items
    lists = {
        name: declared.core.items
        for name, declared in core.properties.items()
        if "array" in declared.core.types and declared.core.items is not None
    }
    things = {n: items for n, items in lists.items() if items and items.core.properties}
    names = [n for n in _WRAPPERS if n in things] or list(things)
    is_clear = len(things) == 1 or (names and names[0] in _WRAPPERS)
    return ((names[0],), things[names[0]]) if is_clear else None


def is_same(first: Schema | None, second: Schema | None) -> bool:
    """Tell whether two schemas are one: the same component, or the same place."""
    if first is None or second is None:
        return False
    is_named = first.name is not None and first.name == second.name
    return is_named or first.core.resolved is second.core.resolved


def find_identifier(
    schemas: list[Schema], parameter: str, singular: str
) -> tuple[Schema | None, str | None]:
    """Find the property that the path's parameter stands for, and the schema that has it."""
    holders = [s for schema in schemas for s in _unwrap(schema)]
    for schema in holders:
        name = _match_identifier(schema, to_snake(parameter), singular)
        if name is not None:
            return schema, name
    return next(iter(holders), None), None


def _match_identifier(schema: Schema, parameter: str, singular: str) -> str | None:
    """By name: the same, `id`, one's own id, and `name` for `filename` and other names."""
    words = {to_snake(name): name for name, s in schema.core.properties.items() if _is_scalar(s)}
    # The URL holds a string: `filename` is the `name` of a thing that has one.
    partial = [w for w in words if parameter.endswith(w) and w != "id"]
    wanted = [parameter]
    if parameter.endswith("id") or not partial:
        wanted += ["id", f"{singular}_id", f"{singular}id", "uuid", "key"]
    wanted += [*partial, "name", "slug", "code"]
    return next((words[word] for word in wanted if word in words), None)


def _unwrap(schema: Schema) -> list[Schema]:
    """The schema, and the objects directly in it: answers may wrap their thing."""
    core = schema.core
    inner = [s.core for s in core.properties.values() if s.core.properties]
    return [core, *inner] if not _has_scalars(core) else [core]


def _has_scalars(schema: Schema) -> bool:
    return any(_is_scalar(s) for s in schema.properties.values())


def _is_scalar(schema: Schema) -> bool:
    return bool({"string", "integer", "number"} & set(schema.core.types))
