"""
JSON values and schemas as plain data: equal texts for equal values, remarks left out.
"""

from __future__ import annotations

import json
from typing import Any

from mixdyn.schema import REMARKS
from mixdyn.shape import is_array, is_object


def make_key(value: Any) -> str:
    """Give a text that is equal for equal JSON values; 1 and 1.0 are equal."""
    return json.dumps(_level(value), sort_keys=True, default=str)


def is_equal(one: Any, other: Any) -> bool:
    """
    Tell whether JSON values are equal and written alike, in the order of their members, too.

    Python takes true for 1 and false for 0; texts tell them apart.
    """
    return bool(one == other) and (one is other or repr(one) == repr(other))


def strip_remarks(value: Any) -> Any:
    """Give a schema without what says nothing of what it allows, for a plain comparison."""
    if is_object(value):
        kept = (n for n in value if n == "$ref" or (n not in REMARKS and n[:2] != "x-"))
        return {name: strip_remarks(value[name]) for name in kept}
    return [strip_remarks(item) for item in value] if is_array(value) else value


def _level(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if is_object(value):
        return {str(name): _level(item) for name, item in value.items()}
    return [_level(item) for item in value] if is_array(value) else value
