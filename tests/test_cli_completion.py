"""Completion in shells: what may come next, quickly, and quoted: names come from documents."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.documents import TEXT, answers, fields, param
from tests.terminal import on_terminal
from tests.test_cli import run, write_document

HOSTILE = ["$(touch pwned)", "a b", "it's", "two\nlines", "\x1b[31m", "`id`", "x" * 300, "plain"]


def complete(capsys: pytest.CaptureFixture[str], line: str, shell: str = "bash") -> list[str]:
    """Give what may come after a line."""
    words = [line] if shell == "bash" else line.split(" ")
    code, out, err = run(capsys, "__complete", shell, *words)
    assert (code, err) == (0, "")
    return out.splitlines()


@pytest.fixture
def spec(tmp_path: Path) -> str:
    """Write a document with hostile values."""
    item = {
        "operationId": "find",
        "tags": ["pets"],
        "parameters": [
            param("kind", schema={"enum": HOSTILE}),
            param("many", schema={"type": "array", "items": {"enum": [1, None, "x"]}}),
            param("young", schema={"type": "boolean"}),
            param("text"),
            {"name": "free", "in": "query"},
        ],
        **answers(TEXT),
    }
    parts = {"components": {"schemas": {"Pet": fields(name=TEXT)}}}
    return write_document(tmp_path, {"/pets": {"get": item}}, **parts)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("mixdyn ", ["ops", "show", "call", "repl", "mock", "demo", "completion"]),
        ("mixdyn ca", ["call"]),
        ("mixdyn --outp", ["--output"]),
        ("mixdyn --output t", ["table"]),
        ("mixdyn --server ", []),
        ("mixdyn --validate off ca", ["call"]),
        ("mixdyn nonsense ", []),
        ("mixdyn call sessions.cr", ["sessions.create"]),
        ("mixdyn call --cu", ["--curl"]),
        ("mixdyn call --server x sessions.cr", ["sessions.create"]),
        ("mixdyn call sessions.create ", ["title=", "working_directory="]),
        ("mixdyn call sessions.create title=x ", ["working_directory="]),
        ("mixdyn call sessions.create title:=1 w", ["working_directory="]),
        ("mixdyn call sessions.create titl=", []),
        ("mixdyn call sessions.craete ", []),
        ("mixdyn call streaming.stream_events --until compl", ["complete"]),
        ("mixdyn call sessions.create --until ", []),
        ("mixdyn call sessions.list --output y", ["yaml"]),
        ("mixdyn show SessionDa", ["SessionData"]),
        ("mixdyn show strea", ["streaming"]),
        ("mixdyn show a b", []),
        ("mixdyn completion ", ["bash", "zsh", "fish"]),
        ("mixdyn mock ", []),
        ("mixdyn call 'unfinished", []),
        ("mixdyn --spec http://h/x.json ops ", []),
        ("mixdyn --spec /no/such/file ops ", []),
        ("", []),
    ],
)
def test_completion_knows_what_comes_next(
    line: str, found: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands, options, operations, arguments, values, events; silence where nothing is known."""
    got = complete(capsys, line)
    if line == "mixdyn show strea":
        got = [name for name in got if "." not in name]
    assert got == found


def test_completion_reads_the_document_of_the_line(
    spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--spec` in the line decides which operations there are; in both of its forms."""
    assert complete(capsys, f"mixdyn call --spec {spec} p") == ["pets.find"]
    assert complete(capsys, f"mixdyn --spec={spec} show P") == ["Pet"]


def test_completion_quotes_for_bash(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Values come behind the last word break, quoted where a shell could take them for more."""
    found = complete(capsys, f"mixdyn --spec {spec} call pets.find kind=")
    assert found == ["'$(touch pwned)'", "'a b'", "'it'\"'\"'s'", "'`id`'", "plain"]
    assert complete(capsys, f"mixdyn --spec {spec} call pets.find many=") == ["1", "none", "x"]
    assert complete(capsys, f"mixdyn --spec {spec} call pets.find young=t") == ["true"]
    assert complete(capsys, f"mixdyn --spec {spec} call pets.find text=") == []
    assert complete(capsys, f"mixdyn --spec {spec} call pets.find free=") == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_for_shells_that_quote(
    shell: str, spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other shells get whole words as they are, and quote them themselves; a line each."""
    line = f"mixdyn --spec {spec} call pets.find kind="
    found = complete(capsys, line, shell)
    assert found == ["kind=$(touch pwned)", "kind=a b", "kind=it's", "kind=`id`", "kind=plain"]
    assert complete(capsys, "mixdyn ca", shell) == ["call"]


def test_completion_is_silent_about_nonsense(capsys: pytest.CaptureFixture[str]) -> None:
    """Asked wrongly, it says nothing and fails nothing."""
    assert run(capsys, "__complete") == (0, "", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_printed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`mixdyn completion SHELL` prints a script that asks back."""
    code, out, _ = run(capsys, "completion", shell)
    assert code == 0
    assert f"mixdyn __complete {shell}" in out
    program = shutil.which(shell)
    if program:
        subprocess.run([program, "-n"], input=out, text=True, check=True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes(spec: str, tmp_path: Path) -> None:
    """In a real bash the Tab key completes commands, operations, arguments and hostile values."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "mixdyn"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mixdyn "$@"\n')
    program.chmod(0o755)
    path = f"{tmp_path / 'bin'}:/usr/bin:/bin"
    more: dict[str, Any] = {"PATH": path, "PS1": "ready> ", "HOME": str(tmp_path), "COLUMNS": "300"}
    with on_terminal("bash", "--norc", "--noprofile", "-i", **more) as terminal:
        terminal.expect("ready> ")
        terminal.send(f'cd "{tmp_path}"; bind "set enable-bracketed-paste off"; echo o""k\n')
        terminal.expect("ok\r\n")
        terminal.send('eval "$(mixdyn completion bash)"; echo o""k\n')
        terminal.expect("ok\r\n")
        terminal.send("echo mixdyn; mixdyn cal\t")
        terminal.expect("mixdyn call ")
        terminal.send("sessions.cr\t")
        terminal.expect("sessions.create ")
        terminal.send("titl\t")
        terminal.expect("title=")
        terminal.send("\x15mixdyn call --spec api.json pets.fi\t")
        terminal.expect("pets.find ")
        terminal.send("kind='$\t")  # an unfinished quote: nothing is known, nothing happens
        terminal.send(
            "\x15mixdyn call --spec api.json pets.find --dry-run --server http://h kind=p\t"
        )
        terminal.expect("kind=plain ")
        terminal.send("\n")
        terminal.expect("GET http://h/pets?kind=plain")
        terminal.send(
            "mixdyn call --spec api.json pets.find --dry-run --server http://h young=\t\t"
        )
        terminal.expect("false")
        terminal.send("t\t\n")
        terminal.expect("GET http://h/pets?young=true")
    assert not (tmp_path / "pwned").exists()
