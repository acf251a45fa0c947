"""Real prompts: plain Python in a pseudo-terminal, IPython with and without Jedi, Jupyter."""

from __future__ import annotations

import os
import re
import rlcompleter
import select
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mixdyn import Mix, models
from mixdyn.tools.mock import Mock
from tests.test_completion import API

ROOT = str(Path(__file__).parent.parent)
PATIENCE = 60.0


def names() -> dict[str, Any]:
    """Give what stands at the prompt: a client, results of calls, an event, an error's body."""
    with httpx.Client(transport=Mock().transport()) as http:
        mix: Any = Mix(server_url="http://mix.test", client=http)
        session = mix.sessions.create(title="demo")
        sessions = mix.sessions.list()
        with mix.streaming.stream_events(session_id=session.id) as events:
            event = next(iter(events))
    body = models.ErrorResponse(error={"code": 404, "message": "no", "type": "not_found"})
    return {"mix": mix, "s": session, "l": sessions, "e": event, "body": body, "api": API}


def test_rlcompleter() -> None:
    """Plain Python completes namespaces, methods, schemas and attributes of results."""
    complete = rlcompleter.Completer(names()).complete
    for text, wanted in (
        ("mix.sess", "mix.sessions"),
        ("mix.sessions.cr", "mix.sessions.create("),
        ("mix.sessions.create.prep", "mix.sessions.create.prepare("),
        ("mix.schemas.Sess", "mix.schemas.SessionData"),
        ("s.crea", "s.created_at"),
        ("e.data.sess", "e.data.session_id"),
    ):
        assert str(complete(text, 0)).startswith(wanted)


@pytest.fixture(scope="module")
def shell() -> Iterator[Any]:
    """Give a real IPython with the names at hand."""
    pytest.importorskip("IPython")
    from IPython.core.interactiveshell import InteractiveShell

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shell = InteractiveShell()
        shell.user_ns.update(names())
        yield shell
        InteractiveShell.clear_instance()
        shell.history_manager.end_session()


def complete(shell: Any, text: str, *, jedi: bool) -> list[str]:
    """Ask IPython for completions of text."""
    from IPython.core.completer import provisionalcompleter

    if jedi:
        pytest.importorskip("jedi")
    shell.Completer.use_jedi = jedi
    with provisionalcompleter(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = shell.Completer.completions(text, len(text))
        return [completion.text.lstrip(".") for completion in found]


@pytest.mark.parametrize("jedi", [False, True], ids=["plain", "jedi"])
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("mix.sess", "sessions"),
        ("mix.sessions.cr", "create"),
        ("mix.sessions.create(ti", "title="),
        ("mix.sessions.create(title='x', w", "working_directory="),
        ("mix.sessions.create.prep", "prepare"),
        ("mix.schemas.Sess", "SessionData"),
        ('mix.schemas["Sess', "SessionData"),
        ("mix.schemas.SessionData.ex", "example"),
        ("s.crea", "created_at"),
        ('s["crea', "createdAt"),
        ("l[0].crea", "created_at"),
        ("e.da", "data"),
        ("e.data.sess", "session_id"),
        ("body.error.mess", "message"),
    ],
)
def test_ipython_completes(shell: Any, text: str, wanted: str, jedi: bool) -> None:
    """IPython completes with Jedi and without, for all that one may type."""
    assert wanted in complete(shell, text, jedi=jedi)


@pytest.mark.parametrize("jedi", [False, True], ids=["plain", "jedi"])
def test_ipython_completes_values(shell: Any, jedi: bool) -> None:
    """With the extension loaded the values of an argument are completed too."""
    shell.run_line_magic("load_ext", "mixdyn.completion")
    import IPython.core.getipython

    get, IPython.core.getipython.get_ipython = IPython.core.getipython.get_ipython, lambda: shell
    try:
        assert complete(shell, 'api.t.go(level="lo', jedi=jedi) == ["low"]
        assert complete(shell, "api.t.go(size=", jedi=jedi)[:2] == ["1", "2"]
        assert "level=" in complete(shell, "api.t.go(lev", jedi=jedi)
    finally:
        IPython.core.getipython.get_ipython = get
        shell.run_line_magic("unload_ext", "mixdyn.completion")


def test_ipython_inspects(shell: Any) -> None:
    """`mix.sessions.create?` shows signature and docstring, and `mix.sessions?` its operations."""
    method = shell.inspector.info(shell.user_ns["mix"].sessions.create)
    assert "title: str" in method["definition"]
    assert "title: Name of the session" in method["docstring"]
    group = shell.inspector.info(shell.user_ns["mix"].sessions)
    assert "create: Open a new session" in str(group["docstring"] or group["class_docstring"])


def test_ipython_displays(shell: Any) -> None:
    """Text and HTML are what IPython's formatters give, for pages and for lists of results."""
    formatted, _ = shell.display_formatter.format(shell.user_ns["mix"].sessions)
    assert formatted["text/plain"].startswith("sessions\n")
    assert formatted["text/html"].startswith('<div class="mixdyn">')
    method, _ = shell.display_formatter.format(shell.user_ns["mix"].sessions.create)
    assert "<h4>" in method["text/html"]
    listed, _ = shell.display_formatter.format(shell.user_ns["l"])
    assert "<table>" in listed["text/html"]
    assert listed["text/plain"].startswith("[SessionData(")
    assert "<table>" in shell.display_formatter.format(shell.user_ns["s"])[0]["text/html"]


class Terminal:
    """A Python in a pseudo-terminal: keys go in, the screen is read."""

    def __init__(self, **environment: str) -> None:
        import pty

        environ = {**os.environ, "TERM": "xterm", "PYTHONPATH": ROOT, "COLUMNS": "80"}
        environ.pop("NO_COLOR", None)
        environ |= {"PYTHON_BASIC_REPL": "1", **environment}
        code = "import mixdyn; mix = mixdyn.Mix()"
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, "-q", "-i", "-c", code], environ)

    def read(self, until: str = ">>> ") -> str:
        """Read the screen until a text comes."""
        found, end = b"", time.monotonic() + PATIENCE
        while until.encode() not in found and time.monotonic() < end:
            if select.select([self.file], [], [], 1)[0]:
                found += os.read(self.file, 65536)
        return found.decode("utf-8", "replace")

    def send(self, keys: str, until: str = ">>> ") -> str:
        """Press keys, and read what comes."""
        os.write(self.file, f"{keys}\n".encode())
        return self.read(until)

    def close(self) -> None:
        """End the process."""
        os.write(self.file, b"raise SystemExit\n")
        os.waitpid(self.pid, 0)
        os.close(self.file)


@pytest.fixture
def pythons() -> Iterator[list[Terminal]]:
    """Collect the processes of a test, and end them."""
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_plain_python(environment: dict[str, str], pythons: list[Terminal]) -> None:
    """At a plain prompt an object shows its page, in colours unless nobody wants them."""
    terminal = Terminal(**environment)
    pythons.append(terminal)
    terminal.read()
    shown = terminal.send("mix.sessions")
    assert ("\x1b[1;36mcreate" in shown) == (not environment)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert "create(title=, working_directory=…)  Open a new session" in plain
    assert all(len(line) <= 80 for line in plain.splitlines())
    assert "Did you mean 'sessions'?" in terminal.send("mix.sesions", "?")


def test_jupyter() -> None:
    """A real kernel shows pages and results as HTML."""
    client = pytest.importorskip("jupyter_client")
    pytest.importorskip("ipykernel")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manager, kernel = client.manager.start_new_kernel(
            kernel_name="python3", env={**os.environ, "PYTHONPATH": ROOT}
        )
        try:
            shown: list[dict[str, str]] = []

            def keep(message: dict[str, Any]) -> None:
                if message["msg_type"] == "execute_result":
                    shown.append(message["content"]["data"])

            for code in ("import mixdyn; mix = mixdyn.Mix(); mix", "mix.sessions.create"):
                kernel.execute_interactive(code, timeout=PATIENCE, output_hook=keep)
            reply = kernel.complete("mix.sess", 8, reply=True, timeout=PATIENCE)
        finally:
            kernel.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.context.term()
    assert all(data["text/html"].startswith('<div class="mixdyn">') for data in shown)
    assert all("\x1b" not in data["text/plain"] for data in shown)
    assert len(shown) == 2
    assert any("sessions" in match for match in reply["content"]["matches"])
