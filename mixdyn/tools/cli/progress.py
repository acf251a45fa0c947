"""
A progress bar on standard error, while somebody looks at it. Knows numbers of bytes.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import TextIO

from mixdyn.terminal import is_terminal

_EVERY_SECONDS = 0.1
_LEAST_SECONDS = 1.0  # before that, what is left is no more than a guess
_BAR = 24
_UNITS = ("B", "kB", "MB", "GB", "TB")


class Bar:
    """
    Shows how far a transfer is; called with the bytes done and in all, as `on_progress` is.

    Args:
        err: where it is drawn, if that is a terminal.
        label: what it says before the bar.
        start: bytes that an earlier run has transferred already.
        clock: gives the time in seconds.
    """

    def __init__(
        self,
        err: TextIO,
        label: str,
        start: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._err = err
        self._label = label
        self._start = start
        self._clock = clock
        self._began = clock()
        self._drawn = 0.0
        self._is_shown = is_terminal(err)
        self._is_drawn = False

    def __call__(self, done: int, total: int | None) -> None:
        """Draw anew, though not all the time."""
        now = self._clock()
        is_due = now - self._drawn >= _EVERY_SECONDS or done == total
        if self._is_shown and is_due:
            self._drawn = now
            self._draw(done, total, now - self._began)

    def close(self) -> None:
        """Leave the line as it is, and go to the next."""
        if self._is_drawn:
            self._err.write("\n")
            self._err.flush()
            self._is_drawn = False

    def _draw(self, done: int, total: int | None, seconds: float) -> None:
        whole = self._start + done
        all_bytes = None if total is None else self._start + total
        rate = done / seconds if seconds else 0.0
        parts = [self._label, draw_bar(whole, all_bytes), show_size(whole)]
        if all_bytes is not None:
            parts.append(f"of {show_size(all_bytes)}")
        parts.append(f"{show_size(rate)}/s")
        if total is not None and rate and done < total and seconds >= _LEAST_SECONDS:
            parts.append(f"{(total - done) / rate:.0f} s left")
        line = " ".join(filter(None, parts))
        width = shutil.get_terminal_size().columns - 1
        self._err.write(f"\r{line[:width]}\x1b[K")
        self._err.flush()
        self._is_drawn = True


def draw_bar(done: int, total: int | None) -> str:
    """Draw the percentage and its bar; nothing where the whole is not known."""
    if not total:
        return ""
    share = min(1.0, done / total)
    full = int(share * _BAR)
    return f"{share:>4.0%} [{'#' * full}{'.' * (_BAR - full)}]"


def show_size(size: float) -> str:
    """Write a number of bytes for people: `1.5 MB`."""
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {_UNITS[-1]}"
