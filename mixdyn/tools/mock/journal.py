"""
A log of what a stand-in server is asked, one line for each request, with secrets masked.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from mixdyn.errors import excerpt
from mixdyn.redact import PLAIN
from mixdyn.tools.mock.reply import MockRequest, MockResponse
from mixdyn.tools.mock.server import Responder

_SHOWN = 200


class Journal:
    """
    Stands before a responder, and tells what it is asked and what it answers.

    Args:
        responder: what answers.
        say: takes each line.
        clock: gives the time in seconds.
    """

    def __init__(
        self,
        responder: Responder,
        say: Callable[[str], object],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._responder = responder
        self._say = say
        self._clock = clock

    def handle(self, request: MockRequest) -> MockResponse:
        """Answer a request, and tell."""
        start = self._clock()
        answer = self._responder.handle(request)
        self._tell(request, answer, self._clock() - start)
        return answer

    def refuse(self, request: MockRequest, status: int, message: str) -> MockResponse:
        """Refuse a request whose body was not read, and tell why."""
        answer = self._responder.refuse(request, status, message)
        self._tell(request, answer, 0.0, f" ({excerpt(message)})")
        return answer

    def close(self) -> None:
        """End all streams."""
        self._responder.close()

    def _tell(
        self, request: MockRequest, answer: MockResponse, seconds: float, why: str = ""
    ) -> None:
        target = excerpt(PLAIN.url(request.target), _SHOWN)
        size = len(answer.body) if isinstance(answer.body, bytes) else None
        shown = "stream" if size is None else f"{size} B"
        method = excerpt(request.method, 20) or "?"
        self._say(f"{method} {target} → {answer.status} {shown} {seconds * 1000:.0f} ms{why}")
