"""What is shown of values at a glance: one short line each, without secrets."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.glance import show_value, unquote, write_table
from tests.test_markup import EVIL, read


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("n", 5, "5"),
        ("n", None, "None"),
        ("n", "it", "'it'"),
        ("n", {}, "{}"),
        ("n", {"a": 1}, "{1 items}"),
        ("n", [], "[]"),
        ("n", [1, 2], "[2 items]"),
        ("token", "hush", "'***'"),
        ("n", "Bearer abcdefghijkl", "'Bearer ***'"),
    ],
)
def test_show_value(name: str, value: Any, shown: str) -> None:
    """Objects and lists are counted, secrets masked, the rest is written as Python."""
    assert show_value(name, value) == shown
    assert len(show_value(name, "x" * 10**6)) < 100


@pytest.mark.parametrize(("text", "shown"), [("'a'", "a"), ("5", "5"), ("'", "'"), ("", "")])
def test_unquote(text: str, shown: str) -> None:
    """A text stands in a table without its quotes."""
    assert unquote(text) == shown


def test_write_table() -> None:
    """A table has a row for each name, and says where there are more."""
    table = write_table("Thing", [("a", EVIL)])
    assert "script" not in read(table).tags
    assert "…" in write_table("Thing", ((f"k{n}", "1") for n in range(50)))
