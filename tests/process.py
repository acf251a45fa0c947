"""Programs that a test has started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.loopback import PATIENCE


def until_asleep(pid: int) -> None:
    """
    Return once a program's main thread waits for something, where the system tells that.

    A signal that comes after Python has looked for signals the last time, and before the wait that
    it is about to enter, is acted on only after that wait: a program that has just printed a line
    may miss it.
    """
    status = Path(f"/proc/{pid}/task/{pid}/stat")
    until = time.monotonic() + PATIENCE
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "S":
        assert time.monotonic() < until, f"process {pid} does not wait for anything"
        os.sched_yield()


def send_signal(process: subprocess.Popen[Any], number: signal.Signals) -> None:
    """Send a signal to a program once it waits."""
    until_asleep(process.pid)
    process.send_signal(number)
