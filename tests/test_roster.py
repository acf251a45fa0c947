"""Where pickled results find their classes."""

from __future__ import annotations

from mixdyn import roster


class Source:
    """A document with one class."""

    def find_model(self, digest: str, base: str, pointer: str, name: str) -> type | None:
        return int if digest == "mine" else None


def test_find_model() -> None:
    """A class is found with whoever has it, for as long as that lives."""
    first, second = Source(), Source()
    roster.announce(first)
    roster.announce(second)
    assert roster.find_model("mine", "", "", "") is int
    assert roster.find_model("other", "", "", "") is None
    del first, second
    assert roster.find_model("mine", "", "", "") is None
