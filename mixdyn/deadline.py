"""
Until when the network may be waited for in the call under way. Knows a moment, and no network.
"""

from __future__ import annotations

from contextvars import ContextVar

PASSED = "the call took longer than it may in all; raise timeout_ms"

# In `time.monotonic()` seconds; None for no limit. Each thread and each task has its own.
DEADLINE: ContextVar[float | None] = ContextVar("DEADLINE", default=None)


class until:  # noqa: N801  # reads as a keyword: `with until(moment):`
    """Set the deadline for the length of a block."""

    __slots__ = ("_moment", "_token")

    def __init__(self, moment: float | None) -> None:
        self._moment = moment

    def __enter__(self) -> None:
        self._token = DEADLINE.set(self._moment)

    def __exit__(self, *_: object) -> None:
        DEADLINE.reset(self._token)
