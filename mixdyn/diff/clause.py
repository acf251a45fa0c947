"""
What keywords say beside plain types and properties: facts, and clauses that apply on a condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from mixdyn.diff.joint import is_silent
from mixdyn.diff.place import point
from mixdyn.diff.union import list_alternatives
from mixdyn.schema import Schema
from mixdyn.shape import is_object

# A branch with any of these is a thing of its own; one without only limits what stands around it.
_SHAPES = frozenset({"additionalProperties", "anyOf", "const", "enum", "items", "oneOf"})
_BOUNDS = (("minContains", "min-contains"), ("maxContains", "max-contains"))


class Fact(NamedTuple):
    """What a keyword says, and where."""

    value: Any
    pointer: str


class Clause(NamedTuple):
    """
    One `if` with its `then` and `else`, one `not`, one `contains`, or one `anyOf` or `oneOf` of
    mere conditions.

    Whether a value fulfils the `deciding` schemas, in whatever order, decides; those `below` grow
    and shrink with what is allowed, by their keyword.
    """

    keyword: str
    pointer: str
    deciding: tuple[Schema, ...]
    below: Mapping[str, Schema]
    bounds: Mapping[str, Fact]


def read_clauses(parts: Iterable[Schema], core: Schema, location: str) -> Iterator[Clause]:
    """
    Give the clauses of all parts of a schema, those that say nothing left out.

    Args:
        parts: the parts.
        core: the schema whose alternatives count.
        location: where the document itself was read from.
    """
    for part in parts:
        value = part.value
        if is_object(value.get("not")) and not is_silent(part.child("not")):
            yield _make("not", part, location, [part.child("not")])
        if is_schema(value.get("if")):
            words = [word for word in ("then", "else") if is_schema(value.get(word))]
            below = {word: part.child(word) for word in words}
            told = {word: child for word, child in below.items() if not is_silent(child)}
            yield _make("if", part, location, [part.child("if")], told)
        if is_schema(value.get("contains")):
            yield from _read_contains(part, location)
    for part in core.parts:
        for keyword in ("anyOf", "oneOf"):
            conditions = list_conditions(part, core, keyword)
            silent = sum(map(is_silent, conditions))
            is_met = bool(silent) and (keyword == "anyOf" or len(conditions) == 1)
            if conditions and not is_met:
                yield _make(keyword, part, location, conditions)


def list_conditions(part: Schema, core: Schema, keyword: str) -> list[Schema]:
    """Give the branches of a part's union that are no alternatives, but conditions on them all."""
    branches = [b for b in list_alternatives(part, core, keyword) if not b.is_null]
    if all(map(_is_condition, branches)):
        return branches
    kept = {id(branch) for branch in core.branches}
    return [branch for branch in branches if id(branch) not in kept]


def find_core(schema: Schema) -> Schema:
    """Give the schema that matters: of a union with null the other branch, if it is a thing."""
    core = schema.core
    if core is schema or not _is_condition(core) or is_silent(core):
        return core
    return core if any("type" in part.value for part in core.parts) else schema


def is_schema(value: Any) -> bool:
    """Tell whether a value can be a schema: an object or, since 3.1, true or false."""
    return is_object(value) or isinstance(value, bool)


def forbids_all(part: Schema) -> bool:
    """Tell whether a part allows nothing: it is `false`, or forbids what allows everything."""
    if part.target.value is False:
        return True
    return is_schema(part.value.get("not")) and is_silent(part.child("not"))


def _is_condition(branch: Schema) -> bool:
    if branch.name is not None or branch.target.value is False:
        return False
    has_shape = any(not _SHAPES.isdisjoint(part.value) for part in branch.parts)
    return not has_shape and not branch.has_properties and branch.types in ((), ("object",))


def _read_contains(part: Schema, location: str) -> Iterator[Clause]:
    bounds: dict[str, Fact] = {}
    for keyword, name in _BOUNDS:
        count = part.value.get(keyword)
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            bounds[name] = Fact(count, point(part.target, location, keyword))
    least = bounds["min-contains"].value if "min-contains" in bounds else 1
    if least == 1:  # there must be one anyway
        bounds.pop("min-contains", None)
    if least > 0 or "max-contains" in bounds:
        below = {"contains": part.child("contains")}
        yield _make("contains", part, location, [], below)._replace(bounds=bounds)


def _make(
    keyword: str,
    part: Schema,
    location: str,
    deciding: list[Schema],
    below: Mapping[str, Schema] | None = None,
) -> Clause:
    at = point(part.target, location, keyword)
    return Clause(keyword, at, tuple(deciding), below or {}, {})
