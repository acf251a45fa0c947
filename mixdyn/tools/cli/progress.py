"""
A progress bar on standard error, while somebody looks at it. Knows numbers of bytes.

`rich` draws it where it is installed and colours are wanted, else it is plain text. Either way it
is one line that is written anew: no thread, no hidden cursor, nothing to put right at its end.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, TextIO

from mixdyn.errors import excerpt
from mixdyn.terminal import is_terminal, make_writable, measure, wants_colour
from mixdyn.tools.cli.rendering import cut

_EVERY_SECONDS = 0.1
_LEAST_SECONDS = 1.0  # before that, what is left is no more than a guess
_COLUMNS = 80
_BAR = 24
_LEAST_BAR = 4
_UNITS = ("B", "kB", "MB", "GB", "TB")
_STYLES = ("progress.download", "progress.data.speed", "progress.remaining")


class Row(NamedTuple):
    """What a bar says at one moment."""

    label: str
    share: float | None  # of the whole; None where that is not known
    facts: tuple[str, ...]  # sizes, rate, time left
    is_over: bool = False

    @property
    def percentage(self) -> str:
        """The share for people, 100 % of all alone; empty where it is not known."""
        return "" if self.share is None else f"{int(self.share * 100):>3}%"


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
        self._label = make_writable(excerpt(label), err)
        self._start = start
        self._clock = clock
        self._began = clock()
        self._drawn = 0.0
        self._is_shown = is_terminal(err)
        self._is_drawn = False
        self._counted: int | None = None  # of a whole that is not known: no last draw tells it

    def __call__(self, done: int, total: int | None) -> None:
        """Draw anew, though not all the time."""
        now = self._clock()
        self._counted = done if total is None else None
        if self._is_shown and (now - self._drawn >= _EVERY_SECONDS or done == total):
            self._drawn = now
            self._draw(done, total)

    def close(self) -> None:
        """Leave the line as it stands at the end, and go to the next."""
        if not self._is_drawn:
            return
        if self._counted is not None:
            self._draw(self._counted, None, is_over=True)
        self._err.write("\n")
        self._err.flush()
        self._is_drawn = False

    def _draw(self, done: int, total: int | None, *, is_over: bool = False) -> None:
        width = _find_width(self._err) - 1  # in the last column a cursor may go to the next line
        label = make_writable(cut(self._label, width // 3), self._err)
        share = None if total is None else _divide(self._start + done, self._start + total)
        facts = self._tell(done, total, self._clock() - self._began)
        row = Row(label, share, tuple(facts), is_over)
        self._is_drawn = True  # before it is: Ctrl-C may come as soon as it can be seen
        self._err.write(f"\r{draw(row, width, self._err)}")
        self._err.flush()

    def _tell(self, done: int, total: int | None, seconds: float) -> list[str]:
        rate = done / seconds if seconds else 0.0
        end = "" if total is None else f" of {show_size(self._start + total)}"
        facts = [f"{show_size(self._start + done)}{end}", f"{show_size(rate)}/s"]
        if total is not None and rate and done < total and seconds >= _LEAST_SECONDS:
            facts.append(f"{show_time((total - done) / rate)} left")
        return facts


def draw(row: Row, width: int, err: TextIO) -> str:
    """Draw a row over the whole width; `rich` is imported here, and not before."""
    if wants_colour(err):
        with suppress(ImportError):
            return draw_rich(row, width, err)
    return draw_plain(row, width)


def draw_plain(row: Row, width: int) -> str:
    """Draw a row as text that any terminal shows."""
    row, room = fit(row, width, around=2)
    full = int((row.share or 0.0) * room)
    bar = f"[{'#' * full}{'.' * (room - full)}]" if room and row.percentage else ""
    line = " ".join(filter(None, (row.label, row.percentage, bar, *row.facts)))
    return line[:width] + " " * (width - measure(line))


def draw_rich(row: Row, width: int, err: TextIO) -> str:
    """Draw a row by `rich`: with colours, in the characters that the stream can write."""
    from rich.console import Console
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    row, room = fit(row, width)
    console = Console(
        file=err, width=width, force_terminal=True, markup=False, emoji=False, highlight=False
    )
    parts = [Text(row.label), Text(row.percentage, "progress.percentage")]
    if room and (row.percentage or not row.is_over):
        total = None if row.share is None else 1.0  # without an end it goes to and fro
        pieces = console.render(ProgressBar(total, row.share or 0.0, room))
        parts.append(Text.assemble(*((piece.text, piece.style or "") for piece in pieces)))
    parts += map(Text, row.facts, _STYLES)
    line = Text(" ").join(part for part in parts if part)
    line.truncate(width, overflow="crop", pad=True)
    with console.capture() as shot:
        console.print(line, end="", soft_wrap=True)
    return shot.get()


def fit(row: Row, width: int, *, around: int = 0) -> tuple[Row, int]:
    """Leave out facts without room, the last first; tell how wide the bar may be, 0 for none."""
    used = measure(" ".join(filter(None, (row.label, row.percentage, *row.facts))))
    if used > width and row.facts:
        return fit(row._replace(facts=row.facts[:-1]), width, around=around)
    room = min(_BAR, width - used - 1 - around)
    return row, room if room >= _LEAST_BAR else 0


def show_size(size: float) -> str:
    """Write a number of bytes for people: `1.5 MB`."""
    for unit in _UNITS[:-1]:
        digits = 0 if unit == "B" else 1
        if round(size, digits) < 1000:
            return f"{size:.{digits}f} {unit}"
        size /= 1000
    return f"{size:.1f} {_UNITS[-1]}"


def show_time(seconds: float) -> str:
    """Write a time for people: `5 s`, `2:05`, `1:02:05`."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _divide(done: int, whole: int) -> float:
    """Give a share that is no more than all; all of nothing is there at once."""
    return min(1.0, done / whole) if whole else 1.0


def _find_width(err: TextIO) -> int:
    """Count the columns of this terminal: standard output may be none, or another."""
    try:
        own = os.get_terminal_size(err.fileno())
    except (OSError, ValueError):  # what is no real stream has no number
        own = os.terminal_size((_COLUMNS, 0))
    return shutil.get_terminal_size(own).columns or _COLUMNS
