"""
References that apply a schema to the value it is being applied to already.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from mixdyn.loop import cut_loops

TEXT = {"type": "string"}
A, B = {"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}


@pytest.mark.parametrize(
    ("looping", "cut"),
    [
        ({"allOf": [A, TEXT]}, {"allOf": [TEXT]}),
        ({"anyOf": [A], "type": "object"}, {"type": "object"}),
        ({"oneOf": [{"allOf": [A]}, TEXT]}, {"oneOf": [{}, TEXT]}),
        ({"dependentSchemas": {"x": A, "y": TEXT}}, {"dependentSchemas": {"y": TEXT}}),
        ({"not": A, "const": None, "enum": []}, {"const": None, "enum": []}),
        ({"if": TEXT, "then": A, "else": B}, {"if": TEXT, "else": B}),
        (A, True),
    ],
)
def test_cut(looping: Any, cut: Any) -> None:
    """A loop is taken out, and the schema that held it stays as it was for others."""
    before = copy.deepcopy(looping)
    definitions = {"a": looping, "b": TEXT}
    cut_loops(definitions)
    assert definitions == {"a": cut, "b": TEXT}
    assert looping == before


@pytest.mark.parametrize(
    "schema",
    [
        True,
        False,
        TEXT,
        {"properties": {"x": A}, "items": A},
        {"allOf": [B, {"items": A}, True], "not": {"items": A}},
        {"dependentSchemas": {"x": B}, "if": B},
    ],
)
def test_nothing_to_cut(schema: Any) -> None:
    """What leads back by way of another value stays, as the very same schema."""
    definitions = {"a": schema, "b": TEXT}
    cut_loops(definitions)
    assert definitions["a"] is schema


def test_loop_over_two() -> None:
    """A loop by way of another definition is cut where it closes."""
    definitions = {"a": {"anyOf": [B, TEXT]}, "b": {"allOf": [A, {"minLength": 1}]}}
    cut_loops(definitions)
    assert definitions == {"a": {"anyOf": [B, TEXT]}, "b": {"allOf": [{"minLength": 1}]}}
