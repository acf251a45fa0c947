"""`mixdyn repl`: a prompt with the API connected, where `await` works, on a real terminal."""

from __future__ import annotations

import asyncio
import builtins
import io
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mixdyn import Mix
from mixdyn.tools import cli
from mixdyn.tools.cli import repl
from mixdyn.tools.mock import serve
from tests.terminal import MIXDYN, Terminal, on_terminal
from tests.test_cli import run


@pytest.fixture
def url() -> Iterator[str]:
    """Serve a stand-in for the Mix API."""
    with serve() as server:
        yield server.url


def type_lines(terminal: Terminal, prompt: str, *lines: tuple[str, str]) -> None:
    """Type lines, and see what each gives."""
    for line, shown in lines:
        terminal.expect(prompt)
        terminal.send(f"{line}\r")
        terminal.expect(shown)


def test_plain_prompt_on_a_terminal(url: str, tmp_path: Path) -> None:
    """Python's own prompt calls, awaits, completes, shows errors and remembers; Ctrl-D ends it."""
    history = tmp_path / "history"
    words = (*MIXDYN, "repl", "--plain", "--server", url)
    with on_terminal(*words, MIXDYN_HISTORY=str(history)) as terminal:
        terminal.expect("`mix` is Mix REST API")
        type_lines(
            terminal,
            ">>> ",
            ("s = mix.sessions.create(title='x' + 'y')", "\n"),
            ("s.title", "'xy'"),
            ("len(await mix.sessions.list_async())", "1"),
            ("await mix.sessions.get_async(id='no' + 'ne')", "no session has the id 'none'"),
            ("mix.sessions.craete", "Did you mean 'create'?"),
        )
        terminal.expect(">>> ")
        terminal.send("mix.sessions.create(tit\t")
        terminal.expect("le=")
        terminal.send("'x\x15L = mix.sessions.list()\r")
        for typed, shown in (
            ("L[0].crea", "ted_at"),
            ("L[0]['crea", "tedAt"),
            ("mix.schemas['SessionDa", "ta"),
        ):
            terminal.expect(">>> ")
            terminal.send(f"{typed}\t")
            terminal.expect(f"{shown}")
            terminal.send("\x15\r")
        terminal.expect(">>> ")
        terminal.send("mix.sess\t")
        terminal.expect("mix.sessions")
        terminal.send(".li\t")
        terminal.expect("st")
        terminal.send("\x15\x04")  # an empty line, and its end
        code, text = terminal.end()
    assert code == 0
    assert "Traceback" not in text
    assert "list_async" in history.read_text()
    assert history.stat().st_mode & 0o077 == 0


def test_ctrl_c_ends_what_is_awaited(tmp_path: Path) -> None:
    """Ctrl-C during an await ends that, and not the prompt; `exit()` gives its code."""
    words = (*MIXDYN, "repl", "--plain")
    with on_terminal(*words, MIXDYN_HISTORY="") as terminal:
        terminal.expect(">>> ")
        terminal.send("import asyncio\r")
        terminal.expect(">>> ")
        terminal.send("print('wait' + 'ing'); await asyncio.sleep(1000)\r")
        terminal.expect("waiting\r\n")
        terminal.interrupt()
        terminal.expect("KeyboardInterrupt")
        terminal.expect(">>> ")
        terminal.send("exit(3)\r")
        code, _ = terminal.end()
    assert code == 3


@pytest.mark.skipif(find_spec("IPython") is None, reason="IPython is not installed")
def test_ipython_on_a_terminal(url: str, tmp_path: Path) -> None:
    """Where IPython is installed, the prompt is IPython's, with `mix` and `await`."""
    words = (*MIXDYN, "repl", "--server", url)
    with on_terminal(*words, IPYTHONDIR=str(tmp_path), TERM="dumb") as terminal:
        terminal.expect("`mix` is Mix REST API")
        terminal.expect("In [1]")
        terminal.send("len(await mix.sessions.list_async()) + 40\r")
        terminal.expect("]: \x1b[0m\x1b[0m40")
        terminal.expect("In [2]")
        terminal.send("get_ipython().extension_manager.loaded\r")
        terminal.expect("'mixdyn.completion'")
        terminal.expect("In [3]")
        terminal.send("exit\r")
        code, text = terminal.end()
    assert code == 0
    assert "Traceback" not in text


def feed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Let lines come from standard input, which is no terminal."""
    text = "".join(f"{line}\n" for line in lines)
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_lines_from_a_pipe_are_run(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal the lines of standard input are run, awaiting or not."""
    feed(
        monkeypatch,
        "print(len(await mix.sessions.list_async()))",
        "await nothing",
        "raise SystemExit(4)",
    )
    code, out, err = run(capsys, "repl", "--server", url)
    assert code == 4
    assert "0\n" in out
    assert "NameError" in err


def test_an_awaiting_line_may_leave(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`exit` works in a line that awaits."""
    feed(monkeypatch, "import asyncio", "await asyncio.sleep(0); raise SystemExit(5)")
    assert run(capsys, "repl")[0] == 5


def test_headers_travel_with_each_request(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--header` counts for all calls at the prompt."""
    feed(
        monkeypatch,
        "got = mix.sessions.list.with_response().raw_response",
        "print(got.request.headers['x-test'])",
    )
    code, out, _ = run(capsys, "repl", "--server", url, "--header", "X-Test: here")
    assert code == cli.DONE
    assert "here" in out


class Shell:
    """What stands for IPython."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def __call__(self, **given: Any) -> None:
        self.given = given


def test_ipython_is_asked_for_a_prompt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal, where IPython is there, it is given the names and the banner."""
    pytest.importorskip("IPython")
    shell = Shell()
    monkeypatch.setattr("IPython.start_ipython", shell)
    monkeypatch.setattr(repl, "is_terminal", lambda stream: True)
    assert run(capsys, "repl")[0] == 0
    assert set(shell.given["user_ns"]) == {"mix", "mixdyn", "errors", "models"}
    config = shell.given["config"]
    assert "`mix` is" in config.TerminalInteractiveShell.banner1
    assert config.TerminalIPythonApp.extra_extensions == ["mixdyn.completion"]


def test_python_without_readline(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Python that was built without line editing has a prompt all the same."""
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "readline":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "readline", raising=False)
    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.setattr(repl, "is_terminal", lambda stream: True)
    feed(monkeypatch, "print(1)")
    code, out, _ = run(capsys, "repl", "--plain")
    assert (code, "1\n" in out) == (0, True)


def test_the_line_editor_is_set_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The Tab key completes names, under GNU's readline and under libedit; lines are remembered."""
    readline = pytest.importorskip("readline")
    bound: list[str] = []
    monkeypatch.setattr(readline, "parse_and_bind", bound.append)
    monkeypatch.setattr(repl, "is_terminal", lambda stream: True)
    monkeypatch.setenv(repl.HISTORY_VARIABLE, str(tmp_path / "history"))
    before = readline.get_completer()
    console = repl.Console({"mixture": 1}, asyncio.Runner())
    try:
        for doc in ("GNU readline", "libedit"):
            monkeypatch.setattr(readline, "__doc__", doc)
            repl._open_line_editor(console)
            completer = readline.get_completer()
            assert completer is not None
            assert completer("mixtu", 0).startswith("mixture")
            repl._save_history()
        monkeypatch.setenv(repl.HISTORY_VARIABLE, "")
        repl._open_line_editor(console)
        repl._save_history()
    finally:
        readline.set_completer(before)
    assert bound == ["tab: complete", "bind ^I rl_complete", "bind ^I rl_complete"]
    assert (tmp_path / "history").exists()


def test_the_prompt_completes_calls_over_several_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments are completed where a call goes on from an earlier line, from what was typed on."""
    readline = pytest.importorskip("readline")
    line = "    workin"
    monkeypatch.setattr(readline, "get_line_buffer", lambda: f"{line}(")
    monkeypatch.setattr(readline, "get_endidx", lambda: len(line))
    with Mix() as mix:
        console = repl.Console({"mix": mix}, asyncio.Runner())
        console.buffer.append("mix.sessions.create(title='x',")
        completer = repl._Completer(console)
        assert [completer("workin", state) for state in (0, 1)] == ["working_directory=", None]
        console.buffer.clear()
        assert completer("workin", 0) is None
