"""
The arithmetic of reconnecting: whether a stream that ended is opened again, and when.

No clock, no sleep, no random source of its own: the caller passes them in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mixdyn.errors import excerpt
from mixdyn.retry import (
    DEFAULT_STATUSES,
    MAX_RETRY_AFTER_MS,
    is_transport_error,
    matches_status,
)


class Reconnecting(NamedTuple):
    """
    What a stream tells before it opens its connection again.

    `attempt` counts the attempts since an event last came, from 1; `delay_ms` is the wait before
    this one; `error` is why the connection ended, None where the server ended it in good order.
    """

    operation: str
    attempt: int
    delay_ms: float
    error: Exception | None
    last_event_id: str


class Reconnect(NamedTuple):
    """
    When a stream that ended is opened again; all times in milliseconds.

    The wait is what the server set by `retry:`, else `initial_interval * exponent ** n` with
    jitter, at most `max_interval`. The stream gives up after `attempts` in a row that brought no
    event, on 204, and on errors that will not pass.

    Args:
        attempts: how many in a row may bring nothing; None for any number.
        initial_interval: the first wait.
        max_interval: the longest wait of our own; a server may ask for up to two minutes.
        exponent: how the wait grows.
        retry_unsafe: open streams of POST and PATCH again as well.
        retry_on: tells, given the error (None for an end in good order), whether to go on; without
            it errors of the network, 408, 429 and 5XX are passing ones.
        on_reconnect: is told each time; what it raises ends the stream.
    """

    attempts: int | None = 10
    initial_interval: int = 1000
    max_interval: int = 30_000
    exponent: float = 1.5
    retry_unsafe: bool = False
    retry_on: Callable[[Exception | None], bool] | None = None
    on_reconnect: Callable[[Reconnecting], object] | None = None

    def accepts(self, error: Exception | None) -> bool:
        """Tell whether a stream that ended like this is opened again."""
        if self.retry_on is not None:
            return bool(self.retry_on(error))
        return error is None or is_passing(error)

    def delay(
        self, *, attempt: int, retry: float | None, retry_after: float | None, random: float
    ) -> float:
        """
        Give the milliseconds to wait before an attempt, counted from 1.

        Args:
            attempt: how many there have been in a row, with this one.
            retry: what the stream set as its reconnection time, or None.
            retry_after: what the last answer asked for, or None.
            random: a number in [0, 1) for the jitter, which takes off up to a quarter.
        """
        asked = [value for value in (retry, retry_after) if value is not None]
        if asked and attempt == 1:
            return min(max(asked), MAX_RETRY_AFTER_MS)
        grown = self.initial_interval * min(self.exponent, 1e3) ** min(attempt - 1, 100)
        own = min(grown, self.max_interval) * (1 - random / 4)
        return min(max([own, *asked]), MAX_RETRY_AFTER_MS)


def is_passing(error: Exception) -> bool:
    """Tell whether an error may be gone the next time: of the network, or of a busy server."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return matches_status(status, DEFAULT_STATUSES)
    return is_transport_error(error)


def check_reconnect(given: Any) -> Reconnect | None:
    """Give the policy that `reconnect=` asks for; TypeError for what is none."""
    if given is None or given is False:
        return None
    if given is True:
        return Reconnect()
    if isinstance(given, Reconnect):
        return given
    raise TypeError(f"reconnect={excerpt(given, 60)}: expected True, False or a Reconnect")
