"""The README's shell sessions are true: each command is run, and prints what stands below it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mixdyn.tools.mock import serve
from tests.loopback import PATIENCE
from tests.terminal import ROOT, environment

README = (ROOT / "README.md").read_text(encoding="utf-8")
SESSIONS = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def normalize(text: str) -> str:
    """Take out what differs between runs: the port, the times, and where things are."""
    text = re.sub(r"(localhost|127\.0\.0\.1):\d+", "HOST:PORT", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", text)
    return re.sub(r'("modified": ?)\d+', r"\1TIME", text).strip()


def run_session(session: str, folder: Path, url: str) -> str:
    """Run the commands of a session in a shell, and give what it would look like."""
    program = folder / "mixdyn"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mixdyn "$@"\n')
    program.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    variables = environment(MIXDYN_SERVER=url, PATH=path, HOME=str(folder))
    shown = ""
    for command in re.findall(r"^\$ (.*)$", session, re.MULTILINE):
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        shown += f"$ {command}\n{done.stdout.decode()}"
    return shown


@pytest.mark.parametrize("session", SESSIONS, ids=range(len(SESSIONS)))
def test_readme_shell_session_is_true(session: str, tmp_path: Path) -> None:
    """Every shell session gives what is printed, against a stand-in of its own."""
    with serve() as server:
        shown = run_session(session, tmp_path, server.url)
    assert normalize(shown) == normalize(session)
