"""
Does something each time the process gets SIGHUP, where there is that signal.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from queue import SimpleQueue


@contextmanager
def on_hangup(act: Callable[[], object]) -> Generator[None]:
    """
    Call `act` for each SIGHUP, one after another and in a thread of its own, until the end.

    Only the main thread of a process can listen to signals; elsewhere this does nothing.
    """
    number = getattr(signal, "SIGHUP", None)
    if number is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    # A signal's handler runs between any two steps of the main thread: it may only leave a note.
    notes: SimpleQueue[bool] = SimpleQueue()
    worker = threading.Thread(target=_work, args=(notes, act), name="mixdyn-hangup", daemon=True)
    worker.start()

    def note(_number: int, _frame: object) -> None:
        notes.put(True)

    before = signal.signal(number, note)
    try:
        yield
    finally:
        signal.signal(number, before)
        notes.put(False)
        worker.join()


def _work(notes: SimpleQueue[bool], act: Callable[[], object]) -> None:
    while notes.get():
        act()
