"""
The sources of time and chance, as arguments, so that tests can choose them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import NamedTuple


class Clock(NamedTuple):
    """Seconds that only ever grow, seconds since the epoch, and numbers in [0, 1)."""

    monotonic: Callable[[], float] = time.monotonic
    time: Callable[[], float] = time.time
    random: Callable[[], float] = random.random


SYSTEM_CLOCK = Clock()
