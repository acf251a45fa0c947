"""The limits of schemas in words."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.limit import write_limits
from tests.apis import schema_of


@pytest.mark.parametrize(
    ("schema", "phrases"),
    [
        ({"minimum": 1, "maximum": 5}, ["1 to 5"]),
        ({"minimum": 1}, ["at least 1"]),
        ({"maximum": 0.5}, ["at most 0.5"]),
        ({"minimum": 3, "maximum": 3}, ["exactly 3"]),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 9}, ["more than 0", "less than 9"]),
        ({"minimum": 0, "exclusiveMinimum": True}, ["more than 0"]),
        ({"multipleOf": 5}, ["a multiple of 5"]),
        ({"minLength": 1, "maxLength": 64}, ["1 to 64 characters"]),
        ({"minLength": 1}, ["at least 1 character"]),
        ({"minLength": 0}, []),
        ({"maxItems": 3, "uniqueItems": True}, ["at most 3 items", "all different"]),
        ({"minItems": 2, "maxItems": 2}, ["exactly 2 items"]),
        ({"minProperties": 1}, ["at least 1 entry"]),
        ({"minProperties": 2}, ["at least 2 entries"]),
        ({"pattern": "^a\x1b+$"}, ["matching ^a\\x1b+$"]),
        ({"format": "uuid"}, ["format uuid"]),
        ({"format": "date-time"}, []),
        ({"minimum": "1", "maxLength": None, "pattern": 5, "multipleOf": True}, []),
        ({"minimum": float("nan"), "maximum": float("inf"), "multipleOf": 10**400}, []),
        ({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}, ["at least 1"]),
    ],
)
def test_write_limits(schema: dict[str, Any], phrases: list[str]) -> None:
    """Each limit has a phrase; what means nothing has none."""
    assert write_limits(schema_of(schema)) == phrases
