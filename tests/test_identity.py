"""Which schemas describe a thing, and which property names it."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.identity import find_array, find_identifier, is_same, success_schema
from tests.apis import ref, schema_of
from tests.documents import TEXT, answers, fields, make_operation

THING = fields(id=TEXT, name=TEXT)


@pytest.mark.parametrize(
    ("value", "parameter", "singular", "name"),
    [
        (THING, "id", "thing", "id"),
        (THING, "thingId", "thing", "id"),
        (THING, "filename", "file", "name"),
        (fields(thing_id=TEXT), "id", "thing", "thing_id"),
        (fields(thingId=TEXT, name=TEXT), "thing_id", "thing", "thingId"),
        (fields(slug=TEXT), "x", "thing", "slug"),
        (fields(data=THING), "id", "thing", "id"),
        (fields(other=TEXT), "id", "thing", None),
        (TEXT, "id", "thing", None),
    ],
)
def test_find_identifier(value: Any, parameter: str, singular: str, name: str | None) -> None:
    """A property is it by its name: that of the parameter, `id`, or one's own."""
    assert find_identifier([schema_of(value)], parameter, singular)[1] == name


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"type": "array", "items": THING}, ()),
        (fields(data={"type": "array", "items": THING}, n=TEXT), ("data",)),
        (fields(things={"type": "array", "items": THING}), ("things",)),
        (fields(tags={"type": "array", "items": TEXT}), None),
        (
            fields(a={"type": "array", "items": THING}, b={"type": "array", "items": THING}),
            None,
        ),
        (TEXT, None),
    ],
)
def test_find_array(value: Any, path: tuple[str, ...] | None) -> None:
    """A list is an array of things, or the object around one."""
    found = find_array(schema_of(value))
    assert (found[0] if found is not None else None) == path


def test_is_same() -> None:
    """Schemas are the same by name or by place."""
    one = schema_of(ref("Thing"), Thing=THING)
    other = schema_of(ref("Thing"), Thing=THING)
    assert is_same(one.core, other.core)
    assert is_same(one, one)
    assert not is_same(one, schema_of({"allOf": [], "items": ref("Other")}, Other=THING).items)
    assert not is_same(None, one)
    assert find_identifier([], "id", "thing") == (None, None)


def test_success_schema() -> None:
    """What success brings is told by its JSON."""
    found = success_schema(make_operation(answers(THING)))
    assert found is not None
    assert set(found.core.properties) == {"id", "name"}
    assert success_schema(make_operation({"responses": {}})) is None
