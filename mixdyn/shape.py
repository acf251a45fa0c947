"""
Asks untyped JSON for its shape, so that what follows is typed. Knows nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

# Of the tree of a document.
MAX_DEPTH = 256
MAX_NODES = 5_000_000

JSON_TYPES: dict[type, str] = {
    bool: "boolean",
    dict: "object",
    float: "number",
    int: "integer",
    list: "array",
    str: "string",
    type(None): "null",
}


def name_types(value: Any) -> set[str]:
    """Name the JSON types that a value has: an integer is a number, too."""
    name = next((name for kind, name in JSON_TYPES.items() if isinstance(value, kind)), "")
    return {name, "number"} if name == "integer" else {name}


def is_object(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether a value is a JSON object."""
    return type(value) is dict or isinstance(value, Mapping)  # the first is nearly free


def is_array(value: Any) -> TypeGuard[list[Any]]:
    """Tell whether a value is a JSON array."""
    return isinstance(value, list)


def is_number(value: Any) -> TypeGuard[int | float]:
    """Tell whether a value is a JSON number, which true and false are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def as_object(value: Any) -> Mapping[str, Any]:
    """Give the value if it is an object, else an empty one: nonsense in a document says nothing."""
    return value if is_object(value) else {}


def as_array(value: Any) -> list[Any]:
    """Give the value if it is an array, else an empty one."""
    return value if is_array(value) else []


def as_text(value: Any) -> str:
    """Give the value if it is text, else an empty one."""
    return value if isinstance(value, str) else ""
