"""
The sources of time and chance, as arguments, so that tests can choose them.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from mixdyn.record import NamedTuple


def _draw() -> float:
    from random import random  # only waiting before another attempt needs it

    return random()  # noqa: S311  # only spreads attempts


class Clock(NamedTuple):
    """Seconds that only ever grow, seconds since the epoch, and numbers in [0, 1)."""

    monotonic: Callable[[], float] = time.monotonic
    time: Callable[[], float] = time.time
    random: Callable[[], float] = _draw


SYSTEM_CLOCK = Clock()
