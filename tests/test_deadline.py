"""Until when the network may be waited for."""

from __future__ import annotations

from mixdyn.deadline import DEADLINE, until


def test_deadlines_nest() -> None:
    """A block has its own deadline, and what held before holds after it, also after an error."""
    seen = []
    try:
        with until(2.0):
            with until(None):
                seen.append(DEADLINE.get())
            seen.append(DEADLINE.get())
            raise ValueError
    except ValueError:
        seen.append(DEADLINE.get())
    assert seen == [None, 2.0, None]
