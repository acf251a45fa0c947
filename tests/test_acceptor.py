"""The quick first opinion: what it accepts, and that the reference never refuses that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mixdyn.acceptor import compile_acceptor

CASES = json.loads((Path(__file__).parent / "data" / "keywords.json").read_text("utf-8"))
TEXT = {"type": "string"}
NODE = {
    "$ref": "#/$defs/0",
    "$defs": {"0": {"type": "object", "properties": {"next": {"$ref": "#/$defs/0"}, "n": TEXT}}},
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["case"]))
def test_accepts_only_what_is_valid(case: dict[str, Any]) -> None:
    """What does not fit a schema is never accepted."""
    accepts = compile_acceptor(case["schema"])
    assert not [value for value in case["invalid"] if accepts(value)]


@pytest.mark.parametrize(
    ("schema", "valid"),
    [
        (True, [None, 1, "x", [], {}]),
        ({}, [None, 1.5, "x", [1], {"a": 1}]),
        (TEXT, ["", "x"]),
        ({"type": ["integer", "null"]}, [1, None]),
        ({"type": "number"}, [1, 1.5]),
        ({"const": 1}, [1]),
        ({"enum": ["a", None, True]}, ["a", None, True]),
        ({"minimum": 1, "exclusiveMaximum": 3}, [1, 2.5, "x", []]),
        ({"minLength": 1, "maxLength": 2, "minItems": 1}, ["x", "xy", [0], {}, 7]),
        ({"items": TEXT}, [[], ["x"], {}, "x"]),
        ({"properties": {"a": TEXT}, "required": ["a"]}, [{"a": "x", "b": 1}, [], None]),
        ({"properties": {"a": TEXT}, "additionalProperties": False}, [{}, {"a": "x"}]),
        ({"additionalProperties": TEXT}, [{"a": "x"}]),
        ({"properties": {"odd": {"pattern": "x"}}}, [{}, {"a": 1}]),
        ({"allOf": [TEXT, {"minLength": 1}]}, ["x"]),
        ({"anyOf": [TEXT, {"type": "null"}]}, ["x", None]),
        (NODE, [{}, {"next": {"next": {"n": "x"}}}]),
        (
            {"anyOf": [{"$ref": "#/$defs/0"}, {"type": "null"}], "$defs": {"0": TEXT}},
            ["x", None],
        ),
    ],
)
def test_accepts(schema: Any, valid: list[Any]) -> None:
    """Plain keywords and JSON's own types are accepted."""
    accepts = compile_acceptor(schema)
    assert [value for value in valid if not accepts(value)] == []


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (False, 1),
        ({"pattern": "x"}, "x"),
        ({"oneOf": [TEXT]}, "x"),
        ({"if": TEXT, "then": TEXT}, "x"),
        ({"prefixItems": [TEXT], "items": TEXT}, ["x"]),
        ({"patternProperties": {"x": TEXT}, "additionalProperties": False}, {"x": "y"}),
        ({"type": "integer"}, 1.0),
        ({"const": 1}, 1.0),
        ({"enum": [[1]]}, [1]),
        ({"type": "object"}, type("Dict", (dict,), {})()),
        ({"minLength": 1}, ("x",)),
        ({}, ("x",)),
        ({"items": TEXT}, ("x",)),
        ({"properties": {"a": TEXT}}, ("x",)),
    ],
)
def test_leaves_to_others(schema: Any, value: Any) -> None:
    """Other keywords, other types, and what is equal only as a number are left to others."""
    assert not compile_acceptor(schema)(value)


@pytest.mark.parametrize(
    "rule",
    [
        {"anyOf": [{"items": {"$ref": "#/$defs/0"}}, {"items": {"$ref": "#/$defs/0"}}]},
        {"allOf": [{"items": {"$ref": "#/$defs/0"}}, {"items": {"$ref": "#/$defs/0"}}]},
        {"items": {"$ref": "#/$defs/0"}, "allOf": [{"items": {"$ref": "#/$defs/0"}}]},
    ],
)
def test_leaves_what_doubles_to_others(rule: Any) -> None:
    """A schema whose work doubles with each level of an instance is none for it."""
    accepts = compile_acceptor({"$ref": "#/$defs/0", "$defs": {"0": rule}})
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    assert not accepts(deep)


def schemas() -> st.SearchStrategy[Any]:
    """Give schemas of all keywords that are known, and of some that are not."""
    kinds = st.sampled_from(["string", "integer", "number", "boolean", "null", "object", "array"])
    names = st.sampled_from(["a", "b", "c"])
    values = st.sampled_from([0, 1, True, None, "a", "ab", 1.0, [], {}])
    leaves = st.one_of(
        st.booleans(),
        st.just({"$ref": "#/$defs/0"}),
        st.fixed_dictionaries({"type": kinds}),
        st.fixed_dictionaries({"type": st.lists(kinds, min_size=1, max_size=3, unique=True)}),
        st.fixed_dictionaries({"const": values}),
        st.fixed_dictionaries({"enum": st.lists(values, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"minLength": st.integers(0, 2), "maximum": st.integers(0, 2)}),
        st.fixed_dictionaries({"maxItems": st.integers(0, 2), "exclusiveMinimum": st.just(0)}),
        st.fixed_dictionaries({"pattern": st.just("a")}),
    )
    return st.recursive(
        leaves,
        lambda inner: st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(names, inner, max_size=2),
                "required": st.lists(names, max_size=2, unique=True),
                "additionalProperties": inner,
                "items": inner,
                "allOf": st.lists(inner, min_size=1, max_size=2),
                "anyOf": st.lists(inner, min_size=1, max_size=2),
                "not": inner,
                "type": kinds,
            },
        ),
        max_leaves=6,
    )


def instances() -> st.SearchStrategy[Any]:
    """Give JSON values of few different parts."""
    plain = st.sampled_from([0, 1, 2, 1.0, -1.5, True, False, None, "", "a", "ab", "abc"])
    return st.recursive(
        plain,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), inner, max_size=3),
        ),
        max_leaves=6,
    )


@given(schemas(), schemas(), instances())
def test_agrees_with_the_reference(schema: Any, definition: Any, value: Any) -> None:
    """Whatever it accepts, the reference accepts."""
    whole = {"allOf": [schema], "$defs": {"0": definition}}
    try:
        accepted = compile_acceptor(whole)(value)
    except RecursionError:
        return
    if accepted:
        assert Draft202012Validator(whole).is_valid(value)
