"""Types in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Optional

import pytest

from mixdyn.kind import write_kind


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (str, "str"),
        (None, "None"),
        (type(None), "None"),
        (Any, "Any"),
        (datetime, "datetime"),
        (list[str], "list[str]"),
        (dict[str, list[int]], "dict[str, list[int]]"),
        (Optional[int], "int | None"),  # noqa: UP045  # the older form is meant
        (str | None, "str | None"),
        (Literal["a", 1] | None, "'a' | 1 | None"),
        (Literal["\x1b"], "'\\x1b'"),
        (Literal[tuple(range(20))], "0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | …"),
    ],
)
def test_write_kind(kind: Any, text: str) -> None:
    """Types are written as one would, without modules."""
    assert write_kind(kind) == text


def test_deep_kinds_end() -> None:
    """What is nested without end is cut."""
    kind: Any = int
    for _ in range(100):
        kind = list[kind]
    assert write_kind(kind).count("[") == 21
