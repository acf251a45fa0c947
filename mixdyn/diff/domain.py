"""
Which JSON types the values of a schema may have, null among them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from mixdyn.diff.clause import forbids_all
from mixdyn.diff.union import list_alternatives
from mixdyn.schema import TYPES, Schema
from mixdyn.shape import as_array, is_array, is_object

ANY_TYPE = frozenset({"array", "boolean", "integer", "number", "object", "string"})
_UNIONS = ("anyOf", "oneOf")


def read_types(
    parts: Collection[Schema], core: Schema, values: Collection[Any] | None, *, is_union: bool
) -> frozenset[str]:
    """
    Give the types that all parts of a schema allow, null aside.

    Args:
        parts: the parts.
        core: the schema whose properties imply a type.
        values: the values that are allowed, if they are listed.
        is_union: whether alternatives tell the types themselves.
    """
    if any(forbids_all(part) or _is_null_alone(part) for part in parts):
        return frozenset()
    given = [_given(part.value["type"]) for part in parts if "type" in part.value]
    found = [_widen(types - {"null"}) for types in given if types]
    allowed = ANY_TYPE.intersection(*found)
    if values:
        listed = frozenset(type_of(value) for value in values if value is not None)
        is_null = all(value is None for value in values)
        return frozenset() if is_null else (listed & allowed) or allowed
    if found or is_union:
        return allowed
    return _widen(frozenset(core.types)) or ANY_TYPE


def admits_null(schema: Schema, seen: frozenset[int] = frozenset()) -> bool | None:
    """Tell whether a schema allows null: all its parts must; None where none of them says it."""
    parts = schema.parts
    willing = [part for part in parts if part.value.get("nullable") is True]
    # Beside `nullable` stand references and an `allOf` that it is meant to overrule.
    excused = {id(below) for part in willing for below in part.parts}
    answers = [True] if willing else []
    for part in parts:
        if id(part) not in excused:
            answers += _ask(part, schema, seen | {id(schema), id(part)})
    return _all(answers)


def type_of(value: Any) -> str:
    """Name the type of a JSON value that is not null; every whole number is an integer."""
    kinds = ((bool, "boolean"), (str, "string"), (int, "integer"))
    named = next((name for kind, name in kinds if isinstance(value, kind)), "")
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return named or ("object" if is_object(value) else "array")


def _ask(part: Schema, whole: Schema, seen: frozenset[int]) -> Iterator[bool]:
    """Give what each keyword of a part says of null, where it says something."""
    value = part.value
    if forbids_all(part):
        yield False
    types = _given(value.get("type"))
    if types:
        yield "null" in types
    allowed = [value["const"]] if "const" in value else as_array(value.get("enum"))
    if allowed:
        yield None in allowed
    for keyword in _UNIONS:
        branches = list_alternatives(part, whole, keyword)
        answers = [admits_null(b, seen) for b in branches if id(b.resolved) not in seen]
        if True in answers:
            yield True
        elif answers and None not in answers:
            yield False


def _all(answers: list[bool]) -> bool | None:
    return False if False in answers else (True if answers else None)


def _is_null_alone(part: Schema) -> bool:
    """Tell whether a union has no alternative but null."""
    unions = (as_array(part.value.get(keyword)) for keyword in _UNIONS)
    return any(
        all(part.child(keyword, i).is_null for i in range(len(branches)))
        for keyword, branches in zip(_UNIONS, unions, strict=True)
        if branches
    )


def _given(value: Any) -> frozenset[str]:
    names = value if is_array(value) else [value]
    return frozenset(name for name in names if isinstance(name, str)) & TYPES


def _widen(types: frozenset[str]) -> frozenset[str]:
    """Every integer is a number."""
    return types | {"integer"} if "number" in types else types
