"""Which names look secret, and which only seem to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mixdyn.secretname import is_secret_name

NAMES = json.loads((Path(__file__).parent / "data" / "secretnames.json").read_text("utf-8"))


@pytest.mark.parametrize("name", NAMES["secret"])
def test_secret_names(name: str) -> None:
    """Names of passwords, keys, tokens, codes and their like are secret in any spelling."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", [*NAMES["plain"], "", "-", "日本", "42"])
def test_plain_names(name: str) -> None:
    """Other names are not, also those that only speak of secrets or count tokens."""
    assert not is_secret_name(name)


def test_long_names_are_judged_and_not_remembered() -> None:
    """A name of any length is judged; what is kept in memory is bounded."""
    assert is_secret_name("x" * 100_000 + "_password")
    assert not is_secret_name("x" * 100_000)
