"""The story of the README: a server moves ahead, and a program follows it, over real HTTP."""

from __future__ import annotations

import contextlib
import inspect
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mixdyn import Mix
from mixdyn.errors import HeldMethodWarning, RequestValidationError
from mixdyn.tools.cli import main
from mixdyn.tools.mock import MockServer, serve
from tests.editions import newer

PROGRAM = """\
from mixdyn import Mix

with Mix() as mix:
    session = mix.sessions.create(title="demo", working_directory="/tmp")
    fork = mix.sessions.fork(id=session.id, message_index=1)
    print(mix.sessions.get(id=fork.id))
"""


@pytest.fixture
def server() -> Iterator[MockServer]:
    """A server that has the bundled document at first."""
    with serve() as server:
        yield server


def run(*arguments: str) -> tuple[int, str]:
    """Run the command line, and give its exit code and what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        code = main([*arguments])
    return code, printed.getvalue()


def talk(mix: Mix, session_id: str) -> list[Any]:
    """Send a message, and give the events of the answer."""
    found: list[Any] = []
    with mix.streaming.stream_events(session_id=session_id) as events:
        mix.streaming.send_streaming_message(id=session_id, content="hello")
        for event in events:
            found.append(event)
            if event.event == "complete":
                break
    return found


def test_a_server_moves_ahead(server: MockServer, tmp_path: Path) -> None:
    """Drift, difference, check, swap, new calls."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with Mix(server_url=server.url, validate="warn") as mix:
        session = mix.sessions.create(title="demo")
        assert len(mix.drift) == 0
        server.use_spec(newer())

        # The old document still serves; what it does not say is noted, each kind once.
        for _ in range(3):
            mix.sessions.list()
            talk(mix, session.id)
        kinds = {(f.operation, f.kind, f.pointer, f.got, f.count) for f in mix.drift}
        assert ("sessions.list", "new property", "/*/isPinned", "boolean", 3) in kinds
        assert ("streaming.stream_events", "new event", "", "plan", 3) in kinds

        # What a newer one would mean, before anything changes: for the API, and for this program.
        difference = mix.sync_spec(dry_run=True)
        callers = {str(change).strip() for change in difference.callers}
        assert "sessions.fork removed" in callers
        assert "sessions.list(+pinned)" in callers
        options = ("--server", server.url, "--fail-on", "breaking")
        code, text = run("diff", "bundled", "server", *options)
        assert code == 1
        assert "sessions.fork removed" in text
        code, text = run("check", str(program), "--spec", f"{server.url}/doc")
        assert code == 1
        assert "program.py:4:49" in text
        assert "working_directory" in text
        assert "program.py:5:25" in text
        assert "sessions.fork" in text

        # The swap, with what is held across it.
        fork, get = mix.sessions.fork, mix.sessions.get
        assert str(mix.sync_spec()) == str(difference)
        assert "pinned" in inspect.signature(mix.sessions.list).parameters
        pinned = mix.sessions.pin(id=session.id)
        assert isinstance(pinned.is_pinned, bool)
        with pytest.warns(HeldMethodWarning, match="sessions.get"):
            assert get(id=session.id).id == session.id
        with pytest.raises(RequestValidationError, match="gone"):
            fork(id=session.id, message_index=1)
        assert "plan" in [event.event for event in talk(mix, session.id)]

        # Nothing is left to say.
        mix.sessions.list()
        assert len(mix.drift) == 0
        assert not mix.sync_spec()
        assert run("check", str(program), "--spec", "bundled")[0] == 0
