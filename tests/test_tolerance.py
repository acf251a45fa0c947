"""Schemas that let new enum values and extra fields pass."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from mixdyn.tolerance import loosen


def fits(schema: Any, value: Any) -> bool:
    return jsonschema.Draft202012Validator(loosen(schema)).is_valid(value)


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


CLOSED = {**obj(a={"type": "integer"}), "additionalProperties": False}
COLOUR = {"enum": ["red", "blue"]}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (COLOUR, "green", True),
        (COLOUR, 5, False),
        ({**COLOUR, "type": "string"}, "green", True),
        ({**COLOUR, "type": "string"}, 5, False),
        ({"enum": [1, 2.5]}, 7, True),
        ({"enum": [1, 2]}, 7.5, False),
        ({"enum": [True, None, [], {}]}, "x", False),
        ({"enum": ["only"]}, "other", False),
        ({"enum": ["only", None]}, "other", False),
        ({"const": "only"}, "other", False),
        (CLOSED, {"a": 1, "b": 2}, True),
        (CLOSED, {"a": "x"}, False),
        ({**obj(a={}), "unevaluatedProperties": False}, {"b": 1}, True),
        ({"additionalProperties": {"type": "integer"}}, {"b": "x"}, False),
        ({"propertyNames": COLOUR}, {"green": 1}, True),
        ({"items": COLOUR}, ["green"], True),
        ({"items": True}, ["green"], True),
        ({"prefixItems": [COLOUR]}, ["green"], True),
        ({"allOf": [COLOUR]}, "green", True),
        ({"anyOf": [COLOUR, {"type": "null"}]}, "green", True),
        ({"allOf": [COLOUR], "oneOf": [{"minLength": 9}, {"maxLength": 5}]}, "green", True),
        ({"oneOf": [{"minLength": 9}, {"maxLength": 5}]}, "1234567", False),
        ({"oneOf": [{"enum": ["a", "b"]}, {"enum": ["c", "d"]}]}, "e", True),
        ({"not": COLOUR}, "green", True),
        ({"not": COLOUR}, "red", False),
        ({"if": COLOUR, "then": {"maxLength": 2}}, "green", True),
        ({"if": {"type": "string"}, "then": COLOUR}, "green", True),
        ({"contains": COLOUR}, ["green"], False),
        (True, 1, True),
        (False, 1, False),
    ],
)
def test_loosen(schema: Any, value: Any, expected: bool) -> None:
    """New values of a listed type and new fields fit; what tells kinds apart stays strict."""
    assert fits(schema, value) is expected


def test_definitions_are_loose_or_strict_by_where_they_are_used() -> None:
    """A definition is loosened, but not where `not` refers to it."""
    refer = {"$ref": "#/$defs/colour"}
    colours = {"$defs": {"colour": COLOUR}}
    assert fits({**refer, **colours}, "green")
    assert fits({"not": refer, **colours}, "green")
    assert not fits({"not": refer, **colours}, "red")


def test_definitions_may_refer_to_themselves() -> None:
    """Recursive schemas are loosened at every depth."""
    node = obj(colour=COLOUR, next={"$ref": "#/$defs/node"})
    schema = {"$ref": "#/$defs/node", "$defs": {"node": node}}
    assert fits(schema, {"next": {"next": {"colour": "green"}}})
    assert not fits(schema, {"next": {"next": {"colour": 5}}})


def test_the_schema_is_not_changed() -> None:
    """The strict schema stays as it was."""
    schema = {"$ref": "#/$defs/a", "$defs": {"a": {"enum": [1, 2]}}}
    loosen(schema)
    assert schema == {"$ref": "#/$defs/a", "$defs": {"a": {"enum": [1, 2]}}}
