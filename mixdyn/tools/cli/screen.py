"""
Standard output and error: whether they are terminals, their colours, their width, and their end.

Nothing that comes from a document or a server gets through to a terminal as a control character.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Any, TextIO

from mixdyn.errors import printable
from mixdyn.terminal import is_terminal, wants_colour

_COLOURS = {
    "bold": "1",
    "dim": "2",
    "red": "1;31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


class Screen:
    """
    Where a command writes: results to standard output, all else to standard error.

    What goes to standard error is escaped, and the values of `secrets` are masked in it.
    """

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.out = out or sys.stdout or _open_nowhere()
        self.err = err or sys.stderr or _open_nowhere()
        self.secrets: tuple[str, ...] = ()
        self.is_terminal = is_terminal(self.out)
        self.is_colourful = wants_colour(self.out)
        self._is_err_colourful = wants_colour(self.err)
        for stream in (self.out, self.err):
            if not _is_utf8(stream) and isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")

    @property
    def width(self) -> int | None:
        """How many columns a line may have; None where nobody looks at it."""
        return shutil.get_terminal_size().columns if self.is_terminal else None

    def write(self, text: str) -> None:
        """Write a line to standard output, at once; the text has to be safe already."""
        self.out.write(f"{text}\n")
        self.out.flush()

    def write_bytes(self, content: bytes) -> None:
        """Write bytes to standard output as they are."""
        self.out.flush()
        self.out.buffer.write(content)

    def tell(self, text: str) -> None:
        """Write a line to standard error."""
        self.err.write(f"{printable(self._hide(text))}\n")
        self.err.flush()

    def complain(self, text: str) -> None:
        """Write an error, or a warning, to standard error."""
        shown = printable(self._hide(text))
        mark = paint("mixdyn:", "red") if self._is_err_colourful else "mixdyn:"
        self.err.write(f"{mark} {shown}\n")
        self.err.flush()

    def _hide(self, text: str) -> str:
        if not self.secrets:
            return text
        from mixdyn.redact import Redactor

        return Redactor((), self.secrets).text(text)

    def abandon(self) -> None:
        """Write no more: the reader has gone, and Python must not complain of it at its end."""
        with suppress(OSError, ValueError):
            number = self.out.fileno()
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, number)
            os.close(nothing)


def make_safe(text: str) -> str:
    """Give text for a terminal: lines and tabs stay, all else that does not print is escaped."""
    return "\t".join(map(printable, text.replace("\r\n", "\n").split("\t")))


def paint(text: str, colour: str) -> str:
    """Give text in a colour."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def _open_nowhere() -> TextIO:
    """Stand in for a stream that the shell has closed (`>&-`)."""
    return open(os.devnull, "w", encoding="utf-8")  # for the rest of the process


def _is_utf8(stream: Any) -> bool:
    return str(getattr(stream, "encoding", "utf-8")).lower().replace("-", "") == "utf8"


@contextmanager
def watch_reader(stream: Any, on_gone: Callable[[], object]) -> Generator[None]:
    """
    Call `on_gone`, from another thread, when the reader of a pipe goes away.

    A program that waits for its next event would learn of that only when it next writes.
    """
    number = _pipe_number(stream)
    if number is None:
        yield
        return
    ours, theirs = os.pipe()
    watcher = threading.Thread(target=_watch, args=(number, ours, on_gone), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        os.close(theirs)
        watcher.join()
        os.close(ours)


def _pipe_number(stream: Any) -> int | None:
    import select
    import stat

    try:
        number = int(stream.fileno())
        mode = os.fstat(number).st_mode
    except (OSError, ValueError, AttributeError):
        return None
    is_pipe = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
    return number if is_pipe and hasattr(select, "poll") else None


def _watch(number: int, ours: int, on_gone: Callable[[], object]) -> None:
    import select

    poll = select.poll()
    poll.register(number, 0)  # errors and hang-ups are told anyway
    poll.register(ours, select.POLLIN)
    if any(found == number for found, _ in poll.poll()):
        on_gone()
