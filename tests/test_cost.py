"""
Estimates of what patterns and schemas may cost.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn.cost import Growth, find_size, is_exponential, is_shallow, pattern_steps
from mixdyn.ecma import compile_pattern

SELF = {"$ref": "#/$defs/0"}
TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("pattern", "exponential"),
    [
        ("^(a+)+$", True),
        ("(a|a)*", True),
        ("((ab)*c)*", True),
        ("(a?){30}", True),
        ("([a-z]+)*x", True),
        ("(?:a*)+", True),
        ("(x+x+)+y", True),
        ("(a+)?", False),
        ("(ab)+", False),
        ("[(a+)+]", False),
        (r"\(a+\)+", False),
        ("[^)]+(ab)*", False),
        ("(?=a+)b", False),
        ("a+)+", False),
    ],
)
def test_is_exponential(pattern: str, exponential: bool) -> None:
    """A repeated group that itself repeats or alternates may explode; classes and escapes not."""
    assert is_exponential(pattern) is exponential


@pytest.mark.parametrize(
    ("pattern", "length", "steps"),
    [
        ("^abc$", 1000, 1),
        ("abc", 1000, 1000),
        ("^a+$", 1000, 1000),
        ("^a+?$", 1000, 1000),
        ("a+b+", 100, 100**3),
        ("^a{2,5}$", 100, 100),
        ("^a{5}$", 100, 1),
        ("^a?b?|c$", 100, 8),
        ("^(a+)+$", 10, 1024),
        ("^(a+)+$", 10**9, 2.0**1000),
        ("^x*", 0, 1),
    ],
)
def test_pattern_steps(pattern: str, length: int, steps: float) -> None:
    """The estimate grows with the text by what the pattern repeats."""
    assert pattern_steps(pattern, length) == steps


@given(st.text("a+*?{}()[]|\\^x1,:!<", max_size=30), st.integers(0, 50))
def test_any_pattern_has_a_cost(pattern: str, length: int) -> None:
    """Whatever the text of a pattern, there is an estimate."""
    assert pattern_steps(pattern, length) >= 1


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|a)*$",
        "(a|aa)+$",
        "(a*)*$",
        "a*a*a*a*a*b",
        "a?" * 25 + "a" * 25,
        "(a{1,9}){1,9}b",
    ],
)
def test_estimate_is_honest(pattern: str) -> None:
    """What is estimated at a million steps does not take long."""
    length = next(n for n in range(10_000, -1, -1) if pattern_steps(pattern, n) <= 10**6 or n == 0)
    compiled = compile_pattern(pattern)
    assert compiled is not None
    start = time.perf_counter()
    compiled.search("a" * length)
    assert time.perf_counter() - start < 5


def define(**definitions: Any) -> dict[str, Any]:
    return {**SELF, "$defs": {name[1:]: rule for name, rule in definitions.items()}}


UNIONS = define(_0={"anyOf": [{"items": SELF, "minItems": n} for n in range(3)]})


@pytest.mark.parametrize(
    ("schema", "depth"),
    [
        (True, None),
        (TEXT, None),
        ({"items": {"items": TEXT}}, None),
        (define(_0={"type": "object", "properties": {"a": SELF, "b": SELF}}), None),
        (define(_0={"anyOf": [{"items": SELF}, TEXT]}), None),
        (define(_0={"anyOf": [{"items": SELF}, {"items": SELF}]}), 19),
        (UNIONS, 12),
        (define(_0={"allOf": [{"properties": {"a": SELF}}, {"properties": {"b": SELF}}]}), 19),
        (define(_0={"patternProperties": {"a": SELF, "b": SELF}}), 19),
        (define(_0={"properties": {"a": SELF}, "patternProperties": {"b": SELF}}), 19),
        (define(_0={"items": SELF, "contains": SELF}), 19),
        (define(_0={"not": {"items": SELF}, "items": SELF}), 19),
        (define(_0={"if": {"items": SELF}, "then": {"items": SELF}}), 19),
        (define(_0={"dependentSchemas": {"a": {"items": SELF}, "b": {"items": SELF}}}), 19),
        (define(_0={"anyOf": [{"$ref": "#/$defs/1"}] * 2}, _1={"items": SELF}), 19),
        (define(_0={"items": {"anyOf": [{"items": SELF}, {"prefixItems": [SELF]}]}}), 19),
        (
            define(
                _0={
                    "allOf": [
                        {"if": {"required": ["a"]}, "then": {"properties": {"x": SELF}}},
                        {"if": {"required": ["b"]}, "then": {"properties": {"x": SELF}}},
                    ]
                }
            ),
            None,
        ),
        (define(_0={"properties": {"$ref": SELF, "enum": TEXT}, "enum": [{"$ref": 5}]}), None),
        (define(_0={"anyOf": [{"properties": {"enum": SELF}}] * 2}), 19),
        (define(_0={"properties": {"const": {"anyOf": [{"items": SELF}] * 2}}}), 19),
        (define(_0={"const": {"$ref": "#/$defs/none"}}), None),
        (define(_0=False), None),
    ],
)
def test_growth(schema: Any, depth: int | None) -> None:
    """A schema that applies itself several times to one part bounds the depth of instances."""
    assert Growth(schema).max_depth == depth


def test_growth_at_once() -> None:
    """References that double at each step make any instance too costly; measuring them is quick."""
    doubling = {
        f"_{n}": {
            "anyOf": [{"$ref": f"#/$defs/{n + 1}"}, {"$ref": f"#/$defs/{n + 1}", "not": False}]
        }
        for n in range(100)
    }
    start = time.perf_counter()
    assert Growth(define(**doubling, _100=TEXT)).max_depth == 0
    assert time.perf_counter() - start < 5


def test_growth_of_a_long_chain() -> None:
    """References that lead thousands of schemas deep need no stack."""
    chain = {f"_{n}": {"properties": {"next": {"$ref": f"#/$defs/{n + 1}"}}} for n in range(3000)}
    assert Growth(define(**chain, _3000=SELF)).max_depth is None


@pytest.mark.parametrize(
    ("value", "depth", "shallow"),
    [
        ("x", 0, True),
        ([], 0, False),
        ([1], 1, True),
        ([[1]], 1, False),
        ([[1]], 2, True),
        ({"a": [{"b": 1}]}, 2, False),
        ({"a": [{"b": 1}]}, 3, True),
    ],
)
def test_is_shallow(value: Any, depth: int, shallow: bool) -> None:
    """The depth of an instance counts arrays and objects inside each other."""
    assert is_shallow(value, depth) is shallow


def test_is_shallow_of_a_deep_value() -> None:
    """A very deep instance is told from a shallow one without recursion."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert not is_shallow(deep, 50_000)
    assert is_shallow(deep, 200_000)


def test_find_size() -> None:
    """A schema's size is that of its text, not of what its references would unfold to."""
    double = {str(i): {"allOf": [{"$ref": f"#/$defs/{i + 1}"}] * 2} for i in range(30)}
    assert find_size(True) < find_size(TEXT)
    assert find_size({"items": TEXT}) < find_size({"items": TEXT, "$defs": double}) < 500
