"""Asking untyped JSON for its shape."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn import shape


@pytest.mark.parametrize(
    ("value", "as_object", "as_array", "as_text"),
    [
        ({"a": 1}, {"a": 1}, [], ""),
        ([1], {}, [1], ""),
        ("text", {}, [], "text"),
        (None, {}, [], ""),
        (5, {}, [], ""),
        ((1, 2), {}, [], ""),
    ],
)
def test_as_gives_the_value_or_an_empty_one(
    value: Any, as_object: Any, as_array: Any, as_text: Any
) -> None:
    """A value of another shape than asked for counts as an empty one."""
    assert shape.as_object(value) == as_object
    assert shape.as_array(value) == as_array
    assert shape.as_text(value) == as_text
    assert shape.is_object(value) is isinstance(value, dict)
    assert shape.is_array(value) is isinstance(value, list)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (True, {"boolean"}),
        (1, {"integer", "number"}),
        (1.5, {"number"}),
        ("1", {"string"}),
        (None, {"null"}),
        (type("Own", (dict,), {})(), {"object"}),
        ([], {"array"}),
        (b"", {""}),
    ],
)
def test_types_of_a_value(value: Any, names: set[str]) -> None:
    """A value has the types that JSON Schema says, also one of a subclass."""
    assert shape.name_types(value) == names
