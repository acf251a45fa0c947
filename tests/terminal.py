"""A real pseudo-terminal for programs: keys are sent, the screen is read, nothing is guessed."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.loopback import PATIENCE
from tests.process import until_asleep

ROOT = Path(__file__).parent.parent
MIXDYN = (sys.executable, "-m", "mixdyn")


def environment(**more: str) -> dict[str, str]:
    """Give an environment in which the package is found from everywhere."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "MIX_SPEC", "MIX_DEBUG")}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100", **more}


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, words: tuple[str, ...], **more: str) -> None:
        self.text = ""
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            words,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment(**more),
            start_new_session=True,
            preexec_fn=_own_terminal,  # noqa: PLW1509  # it takes no locks
        )
        os.close(slave)

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C once the program waits."""
        until_asleep(self.process.pid)
        self.send("\x03")

    def expect(self, text: str) -> str:
        """Read until a text is on the screen, and give all that came up to there."""
        until = time.monotonic() + PATIENCE
        while text not in self.text:
            assert self._read(until - time.monotonic()), f"{text!r} did not come in {self.text!r}"
        seen, _, self.text = self.text.partition(text)
        return seen + text

    def end(self) -> tuple[int, str]:
        """Read until the program ends; give its exit code and what came."""
        until = time.monotonic() + PATIENCE
        while self._read(until - time.monotonic()):
            pass
        return self.process.wait(PATIENCE), self.text

    def close(self) -> None:
        """End the program if it has not."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)
        os.close(self._master)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, seconds))
        data = b""
        with suppress(OSError):  # the program has ended
            data = os.read(self._master, 65536) if ready else b""
        self.text += data.decode("utf-8", "replace")
        return bool(data)


def _own_terminal() -> None:
    """Make the terminal the one that Ctrl-C comes from."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def on_terminal(*words: str, **more: str) -> Iterator[Terminal]:
    """Run a program on a terminal for the length of a block."""
    terminal = Terminal(words, **more)
    try:
        yield terminal
    finally:
        terminal.close()
