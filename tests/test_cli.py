"""The command `mixdyn`: its words, its exit codes, and that it ends promptly."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from mixdyn.tools import cli, demo, mock
from mixdyn.version import VERSION


def test_cli_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`mixdyn --version` prints the package's version and exits with 0."""
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"mixdyn {VERSION}\n"


@pytest.mark.parametrize("words", [[], ["nonsense"], ["mock", "--port", "70000"]])
def test_cli_refuses_wrong_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Missing and unknown commands and values out of range are wrong usage: exit code 2."""
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert end.value.code == cli.WRONG_USAGE
    assert "usage: mixdyn" in capsys.readouterr().err


def test_cli_demo_gives_the_demos_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mixdyn demo --server URL` passes the URL on and exits with what the demo gives."""
    asked: list[str | None] = []
    monkeypatch.setattr(demo, "run_demo", lambda url: asked.append(url) or 1)
    assert cli.main(["demo", "--server", "http://127.0.0.1:1"]) == 1
    assert asked == ["http://127.0.0.1:1"]


def test_cli_mock_passes_its_words_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mixdyn mock` serves the document on the given host and port."""
    asked: list[object] = []
    monkeypatch.setattr(mock, "serve_forever", lambda *a, **k: asked.append((a, k)))
    assert cli.main(["mock", "--spec", "x.yaml", "--port", "0", "--host", "localhost"]) == cli.DONE
    assert asked == [(("x.yaml",), {"host": "localhost", "port": 0})]


def test_cli_tells_what_is_wrong_with_a_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A document that cannot be read is one line on standard error and exit code 2."""
    assert cli.main(["mock", "--spec", str(tmp_path / "none.yaml")]) == cli.WRONG_USAGE
    assert "cannot be read" in capsys.readouterr().err


def test_cli_interrupted_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C during a command is exit code 130, without a traceback."""

    def interrupt(url: str | None) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run_demo", interrupt)
    assert cli.main(["demo"]) == cli.INTERRUPTED


def test_the_package_runs_as_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m mixdyn` is the command, and exits with its code."""
    monkeypatch.setattr(sys, "argv", ["mixdyn", "demo"])
    monkeypatch.setattr(demo, "run_demo", lambda url: 1)
    with pytest.raises(SystemExit) as end:
        runpy.run_module("mixdyn", run_name="__main__")
    assert end.value.code == 1


def test_cli_mock_serves_until_interrupted() -> None:
    """`python -m mixdyn mock` prints its URL, answers over HTTP, and ends at once on Ctrl-C."""
    command = [sys.executable, "-m", "mixdyn", "mock", "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        url = line[line.index("http://") :].split()[0]
        assert httpx.get(f"{url}/health", trust_env=False).status_code == 200
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=10)
    assert "Traceback" not in errors
    assert server.returncode in (0, 130)
