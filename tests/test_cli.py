"""The command `mixdyn`: its words, its exit codes, and that it ends promptly."""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from mixdyn.errors import MixError, NoResponseError
from mixdyn.tools import cli, demo, mock
from mixdyn.tools.cli import listing, target, verdict
from mixdyn.version import VERSION
from tests.documents import TEXT, make_document, param
from tests.process import send_signal


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command, and give its exit code, output and errors."""
    try:
        code = cli.main(words)
    except SystemExit as end:
        code = int(str(end.code))
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def write_document(path: Path, paths: dict[str, Any], **parts: Any) -> str:
    """Write a document to a file, and give its path."""
    root = dict(make_document(paths, **parts).root)
    (path / "api.json").write_text(json.dumps(root))
    return str(path / "api.json")


def test_cli_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`mixdyn --version` prints the package's version and exits with 0."""
    assert run(capsys, "--version") == (0, f"mixdyn {VERSION}\n", "")


def test_cli_help_lists_commands_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """`mixdyn --help` tells all commands, global options and exit codes."""
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for text in ("ops", "call", "completion", "--spec", "130  interrupted", "3    no connection"):
        assert text in out


@pytest.mark.parametrize("command", ["ops", "show", "call", "repl", "mock", "demo", "completion"])
def test_cli_help_of_each_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command has help of its own, with the exit codes."""
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert f"usage: mixdyn {command}" in out
    assert "exit codes:" in out


def test_cli_help_keeps_names_as_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the first letter of what a command does becomes a capital."""
    assert "Walk through the Mix API over real HTTP." in run(capsys, "demo", "--help")[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "expected a command"),
        (["nonsense"], "no command is called 'nonsense'; there are ops"),
        (["cal"], "Did you mean 'call'?"),
        (["--sevrer", "x", "ops"], "Did you mean '--server'?"),
        (["ops", "--outptu=json"], "Did you mean '--output'?"),
        (["ops", "--output", "tabel"], "Did you mean 'table'?"),
        (["ops", "-x"], "no option is called -x"),
        (["show", "a", "b"], "unexpected: b"),
        (["mock", "--port", "70000"], "expected a port"),
        (["mock", "--port", "x"], "expected a port"),
        (["mock", "--chaos", "2"], "expected a share"),
        (["mock", "--chaos", "x"], "expected a share"),
        (["ops", "--timeout", "-1"], "expected seconds"),
        (["ops", "--timeout", "soon"], "expected seconds"),
        (["--version=1"], "ignored explicit argument"),
        (["completion", "tcsh"], "expected one of bash, zsh, fish"),
    ],
)
def test_cli_refuses_wrong_words(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Missing and unknown commands, options and values are wrong usage, with a suggestion."""
    code, out, err = run(capsys, *words)
    assert (code, out) == (cli.WRONG_USAGE, "")
    assert "usage: mixdyn" in err
    assert told in err


def test_cli_demo_gives_the_demos_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mixdyn demo --server URL` passes the URL on and exits with what the demo gives."""
    asked: list[str | None] = []
    monkeypatch.setattr(demo, "run_demo", lambda url: asked.append(url) or 1)
    assert cli.main(["demo", "--server", "http://127.0.0.1:1"]) == 1
    assert asked == ["http://127.0.0.1:1"]


def test_cli_mock_passes_its_words_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`mixdyn mock` serves the document on the given host and port, with log and chaos."""
    asked: list[Any] = []
    monkeypatch.setattr(mock, "serve_forever", lambda *a, **k: asked.append((a, k)))
    spec = write_document(tmp_path, {})
    words = ["mock", "--spec", spec, "--port", "0", "--host", "localhost", "--chaos", "--seed=7"]
    assert cli.main(words) == cli.DONE
    [((stand_in,), settings)] = asked
    assert isinstance(stand_in.faults, mock.Chaos)
    assert (stand_in.faults.share, stand_in.faults.seed) == (0.2, 7)
    assert settings.pop("journal") is not None
    assert settings.pop("say") is not None
    assert settings == {"host": "localhost", "port": 0}
    assert "20% of the answers go wrong (--seed 7)" in capsys.readouterr().err
    assert cli.main(["mock", "--quiet", "--chaos", "0.5"]) == cli.DONE
    assert asked[1][1]["journal"] is None
    assert asked[1][0][0].faults.share == 0.5


def test_cli_mock_tells_that_it_reads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal `mixdyn mock` says at once which document it reads: that may take long."""
    monkeypatch.setattr(mock, "serve_forever", lambda *a, **k: None)
    monkeypatch.setattr("mixdyn.tools.cli.service.is_terminal", lambda stream: True)
    assert cli.main(["mock", "--spec", write_document(tmp_path, {})]) == cli.DONE
    assert "reading " in capsys.readouterr().err


def test_cli_tells_what_is_wrong_with_a_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A document that cannot be read is one line on standard error and exit code 2."""
    for command in ("mock", "ops"):
        code, _, err = run(capsys, command, "--spec", str(tmp_path / "none.yaml"))
        assert code == cli.WRONG_USAGE
        assert err.startswith("mixdyn: ")
        assert "cannot be read" in err


def test_cli_interrupted_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C during a command is exit code 130, without a traceback."""

    def interrupt(url: str | None) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run_demo", interrupt)
    assert cli.main(["demo"]) == cli.INTERRUPTED


def test_cli_hides_no_fault_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that no user can have caused is raised, with its traceback."""

    def fail(url: str | None) -> int:
        raise AssertionError

    monkeypatch.setattr(demo, "run_demo", fail)
    with pytest.raises(AssertionError):
        cli.main(["demo"])


def test_the_package_runs_as_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m mixdyn` is the command, and exits with its code."""
    monkeypatch.setattr(sys, "argv", ["mixdyn", "demo"])
    monkeypatch.setattr(demo, "run_demo", lambda url: 1)
    with pytest.raises(SystemExit) as end:
        runpy.run_module("mixdyn", run_name="__main__")
    assert end.value.code == 1


def test_cli_mock_serves_until_interrupted() -> None:
    """`python -m mixdyn mock` prints its URL, answers, logs, and ends at once on Ctrl-C."""
    command = [sys.executable, "-m", "mixdyn", "mock", "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        url = line[line.index("http://") :].split()[0]
        assert httpx.get(f"{url}/health?token=abcdef", trust_env=False).status_code == 200
        send_signal(server, signal.SIGINT)
        _, errors = server.communicate(timeout=10)
    assert "Traceback" not in errors
    assert "GET /health?token=*** → 200" in errors
    assert server.returncode in (0, 130)


def test_ops_groups_the_operations(capsys: pytest.CaptureFixture[str]) -> None:
    """`mixdyn ops` lists all operations by namespace: how one calls them, and what they do."""
    code, out, _ = run(capsys, "ops")
    lines = out.splitlines()
    assert code == 0
    assert "sessions" in lines
    [line] = [line for line in lines if line.startswith("  sessions.create ")]
    assert line.endswith("POST /api/sessions")


def test_ops_searches_all_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Words are looked for in names, paths and texts, whatever their case; all must be there."""
    _, out, _ = run(capsys, "ops", "POST", "--output", "jsonl", "FORK")
    assert [json.loads(line)["name"] for line in out.splitlines()] == ["sessions.fork"]
    assert set(json.loads(out)) == {"name", "method", "path", "summary", "operation_id"}


def test_ops_suggests_where_nothing_fits(capsys: pytest.CaptureFixture[str]) -> None:
    """A search without a find is exit code 2, with the nearest name."""
    code, out, err = run(capsys, "ops", "sessions.craete")
    assert (code, out) == (cli.WRONG_USAGE, "")
    assert "Did you mean 'sessions.create'?" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sesion"], "no operation has 'sesion'. Did you mean 'session'?"),
        (["list", "sesions"], "no operation has 'list' and 'sesions'. Did you mean 'sessions'?"),
        (["sesions.craete"], "Did you mean 'sessions.create'?"),
        (["fork", "health"], "no operation has 'fork' and 'health'\n"),
    ],
)
def test_ops_suggests_the_word_that_is_meant(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """For the first word that stands nowhere its nearest is named; where all do, none is."""
    code, _, err = run(capsys, "ops", *words)
    assert code == cli.WRONG_USAGE
    assert told in err


def test_ops_makes_no_plans(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Operations that cannot be used are listed too, since nothing below them is read."""
    broken = {"get": {"operationId": "odd\u202eone", "parameters": 7, "deprecated": True}}
    code, out, _ = run(capsys, "ops", "--spec", write_document(tmp_path, {"/x": broken}))
    assert code == 0
    assert out.splitlines()[0] == "(no namespace)"
    assert "(deprecated)" in out
    assert "\u202e" not in out


def test_ops_of_an_empty_document(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A document without operations is no error."""
    assert run(capsys, "--spec", write_document(tmp_path, {}), "ops")[0] == 0


def test_ops_fits_the_width() -> None:
    """On a terminal no line is longer than the terminal is wide."""
    entries = target.open_surface(_options(spec=None)).catalog.entries
    lines = listing.list_entries(entries, 70, colour=False).splitlines()
    assert max(map(len, lines)) <= 70
    names = {line.split()[0] for line in lines}
    assert {entry.qualified_name for entry in entries} <= names  # names are never cut
    assert "\x1b[1msessions\x1b[0m" in listing.list_entries(entries, 60, colour=True)


def _options(**given: Any) -> Any:
    from argparse import Namespace

    return Namespace(**given)


def test_find_entry_takes_ids_and_paths(tmp_path: Path) -> None:
    """An operation is found by name, by operationId, and by method and path."""
    item = {"get": {"operationId": "getPet", "parameters": [param("id", "path", TEXT)]}}
    surface = target.open_surface(_options(spec=write_document(tmp_path, {"/pets/{id}": item})))
    for text in ("get_pet", "getPet", "GET /pets/{id}"):
        assert target.find_entry(surface, text).qualified_name == "get_pet"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), 130),
        (verdict.UsageError("x"), 2),
        (verdict.LostError("x"), 3),
        (NoResponseError("x"), 3),
        (MixError("x"), 2),
        (MixError("x", httpx.Response(500)), 1),
        (httpx.ConnectError("x"), 3),
        (httpx.ReadTimeout("x"), 3),
        (httpx.UnsupportedProtocol("x"), 2),
        (httpx.InvalidURL("x"), 2),
        (ConnectionResetError(), 3),
        (FileNotFoundError(2, "gone", "x"), 2),
        (TypeError("x"), 2),
        (ValueError("x"), 2),
        (KeyError("x"), None),
    ],
)
def test_judge_gives_the_exit_code(error: BaseException, code: int | None) -> None:
    """Each kind of error has its exit code; those of the program itself have none."""
    assert verdict.judge(error) == code


def test_explain_tells_what_is_known() -> None:
    """The block tells the message, and what helps the operators of the server."""
    response = httpx.Response(429, headers={"x-request-id": "r1", "content-type": "text/plain"})
    error = MixError("too\nmuch", response, "slow down", None, "things.list (GET /things)")
    error.attempts, error.retry_after = 3, 2.0
    assert verdict.explain(error).splitlines() == [
        "things.list (GET /things) answered 429: too",
        "  much",
        "  error: MixError",
        "  request id: r1",
        "  attempts: 3",
        "  retry after: 2 s",
        "  body: slow down",
    ]
    assert verdict.explain(FileNotFoundError(2, "No such file", "x")) == "x: No such file"
    assert verdict.explain(KeyError()) == "KeyError"
    assert "no connection: ConnectError" in verdict.explain(httpx.ConnectError("refused"))


def test_cli_starts_light() -> None:
    """Help, lists and completions load neither the HTTP client nor what calls need."""
    code = (
        "import sys\nfrom mixdyn.tools.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "heavy = {'httpx', 'jsonschema', 'asyncio', 'logging', 'inspect', 'mixdyn.method'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    for words in (["--help"], ["ops"], ["__complete", "zsh", "mixdyn", "call", ""]):
        subprocess.run([sys.executable, "-c", code, *words], check=True, stdout=subprocess.DEVNULL)
