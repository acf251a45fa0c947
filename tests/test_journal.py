"""The stand-in's log: a line for each request, secrets masked, nothing that a terminal obeys."""

from __future__ import annotations

from mixdyn.tools.mock import Mock, MockRequest
from mixdyn.tools.mock.journal import Journal

JSON = (("content-type", "application/json"),)


def test_journal_tells_each_request() -> None:
    """Method, target, status, size and time stand in a line; streams are named."""
    lines: list[str] = []
    times = iter([1.0, 1.002, 2.0, 2.0])
    journal = Journal(Mock(), lines.append, lambda: next(times))
    answer = journal.handle(MockRequest("GET", "/api/sessions?token=abcdef"))
    journal.handle(MockRequest("POST", "/api/\x1b[2J\u202e"))
    assert answer.status == 200
    assert lines[0] == "GET /api/sessions?token=*** → 200 2 B 2 ms"
    assert "→ 404" in lines[1]
    assert lines[1].isprintable()


def test_journal_tells_streams_and_refusals() -> None:
    """A stream has no size; a request whose body was not read is told with the reason."""
    lines: list[str] = []
    journal = Journal(Mock(), lines.append)
    journal.handle(MockRequest("POST", "/api/sessions", JSON, b'{"title": "x"}'))
    journal.handle(MockRequest("GET", "/stream?sessionId=session-0001"))
    journal.refuse(MockRequest("", "/"), 400, "malformed")
    journal.close()
    assert "→ 200 stream" in lines[1]
    assert lines[2].startswith("? / → 400")
    assert lines[2].endswith("(malformed)")
