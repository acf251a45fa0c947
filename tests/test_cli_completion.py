"""Completion in shells: what may come next, quickly, and quoted: names come from documents."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mixdyn.tools.cli.grammar import COMMANDS
from tests.documents import TEXT, answers, fields, param
from tests.terminal import Terminal, on_terminal
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
            param("retries", schema={"oneOf": [{"const": "one"}, {"const": "two"}]}),
        ],
        **answers(TEXT),
    }
    parts = {"components": {"schemas": {"Pet": fields(name=TEXT)}}}
    return write_document(tmp_path, {"/pets": {"get": item}}, **parts)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("mixdyn ", [*COMMANDS]),
        ("mixdyn --output=t", ["table"]),
        ("mixdyn diff a --output=m", ["markdown"]),
        ("mixdyn diff a --fail-on r", ["risky"]),
        ("mixdyn diff ", ["bundled", "server"]),
        ("mixdyn check --base=b", ["bundled"]),
        ("mixdyn check ", []),
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
    assert complete(capsys, f"mixdyn --spec {spec} call pets.find many=") == ["1", "null", "x"]
    assert complete(capsys, f"mixdyn --spec {spec} call pets.find young=t") == ["true"]
    assert complete(capsys, f"mixdyn --spec {spec} call pets.find text=") == []
    assert complete(capsys, f"mixdyn --spec {spec} call pets.find free=") == []
    assert complete(capsys, f"mixdyn --spec {spec} call pets.find no=") == []


def test_completion_knows_wire_names(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Values are completed behind any name of an argument, which is then not offered again."""
    for name in ("retries", "retries_"):
        line = f"mixdyn --spec {spec} call pets.find {name}="
        assert complete(capsys, line) == ["one", "two"]
        assert complete(capsys, f"{line}one r") == []


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


def install(folder: Path) -> dict[str, str]:
    """Put a `mixdyn` where shells find it, and give what they need to know."""
    (folder / "bin").mkdir()
    program = folder / "bin" / "mixdyn"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mixdyn "$@"\n')
    program.chmod(0o755)
    return {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "HOME": str(folder), "COLUMNS": "300"}


def needs(shell: str) -> pytest.MarkDecorator:
    """Skip a test where a shell is not installed."""
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@needs("bash")
def test_bash_completes(spec: str, tmp_path: Path) -> None:
    """In a real bash the Tab key completes commands, operations, arguments and hostile values."""
    more: dict[str, Any] = {**install(tmp_path), "PS1": "ready> "}
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
        terminal.send("mixdyn diff bun\t")
        terminal.expect("mixdyn diff bundled ")
        terminal.send("\x15mixdyn diff b\t\t")  # a word and a folder begin so
        terminal.expect("bin/")
        terminal.send("\x15mixdyn validate api.j\t")
        terminal.expect("api.json ")
        terminal.send("\x15mixdyn ops --output=ta\t")
        terminal.expect("--output=table ")
    assert not (tmp_path / "pwned").exists()


TYPED = [
    ("mixdyn cal", "mixdyn call "),
    ("mixdyn call sessions.cr", "mixdyn call sessions.create "),
    ("mixdyn call sessions.create titl", "mixdyn call sessions.create title="),
    ("mixdyn --spec api.json call pets.fi", "mixdyn --spec api.json call pets.find "),
    ("mixdyn --outp", "mixdyn --output "),
    ("mixdyn ops --output y", "mixdyn ops --output yaml "),
    ("mixdyn diff bund", "mixdyn diff bundled "),
    ("mixdyn diff api.j", "mixdyn diff api.json "),
    ("mixdyn validate api.j", "mixdyn validate api.json "),
    ("mixdyn check --base api.j", "mixdyn check --base api.json "),
    ("mixdyn call x -o api.j", "mixdyn call x -o api.json "),
    ("mixdyn ops --spec=api.j", "mixdyn ops --spec=api.json "),
    ("mixdyn call sessions.create title=@api.j", "mixdyn call sessions.create title=@api.json "),
]
HOSTILE_TYPED = [
    ("mixdyn call --spec api.json pets.find kind=p", "kind=plain "),
    ("mixdyn call --spec api.json pets.find kind=a", r"kind=a\ b "),
    (r"mixdyn call --spec api.json pets.find kind=\$", r"kind=\$\(touch\ pwned\) "),
    ("mixdyn call --spec api.json pets.find young=t", "young=true "),
]


def press_tab(terminal: Terminal, typed: str, wanted: str) -> None:
    """Type a line and the Tab key; Ctrl-X then prints what stands in the line."""
    terminal.send(f"\x15{typed}\t\x18")
    terminal.expect(f"{wanted}>\r\n")


@needs("zsh")
def test_zsh_completes(spec: str, tmp_path: Path) -> None:
    """In a real zsh the Tab key completes words, files and hostile values, which zsh quotes."""
    more: dict[str, Any] = {**install(tmp_path), "PS1": "ready> ", "TERM": "dumb"}
    with on_terminal("zsh", "-f", "-i", **more) as terminal:
        terminal.expect("ready> ")
        terminal.send(f'cd "{tmp_path}"; autoload -Uz compinit; compinit -u -D; echo o""k\n')
        terminal.expect("ok\r\n")
        terminal.send('show() { print -r -- "<$BUFFER>" }; zle -N show; bindkey "^X" show\n')
        terminal.send('eval "$(mixdyn completion zsh)"; echo rea""dy\n')
        terminal.expect("ready\r\n")
        for typed, wanted in [*TYPED, *HOSTILE_TYPED]:
            press_tab(terminal, typed, wanted)
        terminal.send("\x15mixdyn diff b\t\t")  # a word and a folder begin so
        terminal.expect("bin/")
    assert not (tmp_path / "pwned").exists()


@needs("fish")
def test_fish_completes(spec: str, tmp_path: Path) -> None:
    """In a real fish the Tab key completes words, files and hostile values, which fish quotes."""
    more: dict[str, Any] = {**install(tmp_path), "TERM": "dumb", "XDG_DATA_HOME": str(tmp_path)}
    (tmp_path / "start.fish").write_text(
        f"cd '{tmp_path}'\nbind \\cx 'echo \"<\"(commandline)\">\"'\n"
        "mixdyn completion fish | source\n"
    )
    with on_terminal("fish", "--no-config", "-i", **more) as terminal:
        terminal.send(f"source '{tmp_path}/start.fish'; echo o\"\"k\r")
        terminal.expect("ok\r\n")
        for typed, wanted in [*TYPED, *HOSTILE_TYPED]:
            press_tab(terminal, typed, wanted)
    assert not (tmp_path / "pwned").exists()
