"""The demo walks through the main job, and says so when a step does not do what it should."""

from __future__ import annotations

import io

import pytest

from mixdyn import Mix
from mixdyn.tools import demo
from mixdyn.tools.mock import serve


def run(server_url: str | None = None) -> tuple[int, str]:
    """Run the demo and give its exit code and transcript."""
    output = io.StringIO()
    return demo.run_demo(server_url, output), output.getvalue()


def test_demo_succeeds_against_the_stand_in() -> None:
    """Without a server the demo starts one, takes every step and exits with 0."""
    code, text = run()
    assert code == 0
    steps = (*demo.READ_ONLY, *demo.MAIN_JOB)
    assert all(f"# {step.title}\n>>> {step.code.splitlines()[0]}" in text for step in steps)


def test_demo_cleans_up_after_itself() -> None:
    """Against a given server the demo leaves no session behind."""
    with serve() as server:
        assert run(server.url)[0] == 0
        with Mix(server_url=server.url) as mix:
            assert mix.sessions.list() == []


def test_demo_stops_at_a_step_that_fails_and_cleans_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step whose outcome is wrong ends the demo with 1; what was created is deleted."""
    wrong = demo.Step("Never true.", "session.title", lambda value: False)
    monkeypatch.setattr(demo, "MAIN_JOB", (demo.MAIN_JOB[0], demo.MAIN_JOB[5], wrong))
    with serve() as server:
        code, text = run(server.url)
        with Mix(server_url=server.url) as mix:
            assert mix.sessions.list() == []
    assert code == 1
    assert "This is not what should have come" in text


def test_demo_counts_an_unexpected_outcome_as_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outcome that the check cannot even look at fails the step and is shown."""
    odd = demo.Step("Odd.", "mix.system.get_health()", lambda value: value.no_such_attribute)
    monkeypatch.setattr(demo, "READ_ONLY", (odd,))
    code, text = run()
    assert code == 1
    assert "AttributeError" in text


def test_demo_tells_when_the_server_is_not_there() -> None:
    """A server that does not answer is a failed first step, not a traceback."""
    with serve() as server:
        url = server.url
    code, text = run(f"{url}/")
    assert code == 1
    assert "ConnectError" in text


def test_demo_tells_when_it_cannot_clean_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that cannot be deleted at the end is named in the transcript."""
    lost = demo.Step("Lose it.", "mix.close()", lambda value: False)
    monkeypatch.setattr(demo, "MAIN_JOB", (demo.MAIN_JOB[0], lost))
    code, text = run()
    assert code == 1
    assert "could not be deleted" in text


class Terminal(io.StringIO):
    """A terminal in memory."""

    def isatty(self) -> bool:
        return True


def test_demo_shows_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks on sees how far the upload and the download are, and the line that asked for it."""
    monkeypatch.setenv("NO_COLOR", "1")
    output = Terminal()
    assert demo.run_demo(output=output) == 0
    text = output.getvalue()
    assert text.count("\rnotes.txt 100% [########################]") == 2
    assert text.count("on_progress=bar") == 2
    assert " \nFileInfo(" in text


def test_demo_shows_no_progress_elsewhere() -> None:
    """In a pipe or a file there is no bar, and nothing that a terminal alone understands."""
    text = run()[1]
    assert "\r" not in text
    assert "\x1b" not in text
    assert "on_progress" not in text
