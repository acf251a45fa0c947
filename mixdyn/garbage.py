"""
Keeps Python's garbage collector from going through a large value again and again while it is made.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def at_rest(*, ages: bool = False) -> Generator[None]:
    """
    Let the collector rest meanwhile; of several threads the first to begin ends it for all.

    With `ages` what there is by then counts as old, as it would after it had been gone through
    twice more: right for what will stay.
    """
    was_on = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if was_on:
            if ages and not gc.get_freeze_count():  # what the program has frozen stays so
                gc.freeze()
                gc.unfreeze()
            gc.enable()
