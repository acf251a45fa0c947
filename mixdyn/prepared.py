"""
A request that is ready and not sent, as callers see it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixdyn.redact import Redactor
from mixdyn.request import Request

if TYPE_CHECKING:
    from mixdyn.payload import Payload


class Prepared:
    """
    A request that is ready and not sent: `method`, `url`, `headers` and `content`.

    `headers` has lower-case names; `content` is bytes, None, or a `Payload` whose `chunks()` gives
    the body in pieces. They hold credentials; the repr and `curl()` mask them.
    """

    __slots__ = ("_redactor", "content", "headers", "method", "url")

    method: str
    url: str
    headers: dict[str, str]
    content: bytes | Payload | None

    def __init__(self, request: Request, redactor: Redactor) -> None:
        self.method = request.method
        self.url = request.url
        self.headers = dict(request.headers)
        self.content = request.content
        self._redactor = redactor

    def curl(self, *, show_secrets: bool = False) -> str:
        """Give the command for a POSIX shell that sends the same; secrets are masked by default."""
        from mixdyn.curl import format_curl  # rare, and only for people

        request = Request(self.method, self.url, self.headers, self.content)
        return format_curl(request, None if show_secrets else self._redactor)

    def __repr__(self) -> str:
        return f"<Prepared: {self.method} {self._redactor.url(self.url)}>"
