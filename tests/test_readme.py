"""The README tells the truth: its snippets run, and its transcript is what the demo prints."""

from __future__ import annotations

import doctest
import io
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import mixdyn
from mixdyn.tools.demo import run_demo
from mixdyn.tools.mock import serve
from tests.editions import newer

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
CHAPTERS = re.split(r"^## ", README, flags=re.MULTILINE)
PROMPTS = [re.findall(r"^```pycon\n(.*?)^```", c, re.MULTILINE | re.DOTALL) for c in CHAPTERS]
SESSIONS = ["\n".join(prompts) for prompts in PROMPTS if prompts]  # one for each chapter
DEFAULT_SERVER = "http://localhost:8088"


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    """Run one stand-in server for all snippets."""
    with serve() as server:
        yield server.url


@pytest.fixture
def stand_in(server_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the stand-in the default server of `Mix`, as `mixdyn mock` would be."""

    class Mix(mixdyn.Mix):
        def __init__(self, **settings: object) -> None:
            super().__init__(**{"server_url": server_url, **settings})

    monkeypatch.setattr(mixdyn, "Mix", Mix)
    monkeypatch.chdir(ROOT)
    return server_url


def normalize(transcript: str) -> str:
    """Take out what differs between runs: the port and the times."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", transcript)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "TIME", text)
    return re.sub(r"modified=\d+", "modified=TIME", text).strip()


class Checker(doctest.OutputChecker):
    """Compares what was printed, but for ports and times."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(normalize(want), normalize(got), optionflags)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_readme_snippet_runs(snippet: str, stand_in: str) -> None:
    """Every Python snippet runs as it stands against the stand-in."""
    code = compile(snippet.replace(DEFAULT_SERVER, stand_in), "README.md", "exec")
    exec(code, {"__name__": "readme"})


@pytest.mark.parametrize("session", SESSIONS[1:], ids=range(len(SESSIONS) - 1))
def test_readme_session_is_true(
    session: str, stand_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every prompt session but the demo's gives what is printed below it."""
    monkeypatch.setenv("COLUMNS", "80")
    session = re.sub(r"\n(?=\n(?!>>> ))", "\n<BLANKLINE>", session)
    names = {"mix": mixdyn.Mix(), "newer": newer()}
    test = doctest.DocTestParser().get_doctest(session, names, "README.md", None, None)
    report = io.StringIO()
    failed = doctest.DocTestRunner(Checker()).run(test, out=report.write).failed
    assert failed == 0, report.getvalue()


def test_readme_transcript_is_what_the_demo_prints() -> None:
    """The demo's transcript in the README is that of a run, but for the port and the times."""
    output = io.StringIO()
    assert run_demo(output=output) == 0
    assert normalize(SESSIONS[0]) == normalize(output.getvalue())


def test_readme_commands_are_those_of_ci() -> None:
    """The test command that CI looks for is in the README, and the extras that it names exist."""
    command = next(line for line in README.splitlines() if re.match("pip install .*pytest", line))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.search(r"\[(.*?)\]", command)
    assert named is not None
    assert set(named[1].split(",")) <= set(extras["optional-dependencies"])
