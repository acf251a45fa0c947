"""`mixdyn show`: what the prompt shows, in a shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from mixdyn.tools import cli
from tests.documents import answers, fields, param
from tests.terminal import MIXDYN, on_terminal
from tests.test_cli import run, write_document


def test_show_tells_all_about_an_operation(capsys: pytest.CaptureFixture[str]) -> None:
    """An operation is shown as at the prompt, and how it is called in a shell."""
    for name in ("sessions.create", "POST /api/sessions"):
        code, out, _ = run(capsys, "show", name)
        assert code == 0
        assert "POST /api/sessions" in out
        assert out.endswith(
            "In a shell\n  mixdyn call sessions.create title=… [working_directory=…]\n"
        )


def test_show_tells_about_namespaces_and_schemas(capsys: pytest.CaptureFixture[str]) -> None:
    """A namespace shows its operations, a schema its fields."""
    assert "cancel_processing" in run(capsys, "show", "sessions")[1]
    code, out, _ = run(capsys, "show", "SessionData")
    assert code == 0
    assert "assistantMessageCount" in out
    assert "In a shell" not in out


def test_show_suggests_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong name is exit code 2, with the nearest of all that can be shown."""
    for name, right in (("SesionData", "SessionData"), ("sesions", "sessions")):
        code, out, err = run(capsys, "show", name)
        assert (code, out) == (cli.WRONG_USAGE, "")
        assert f"Did you mean '{right}'?" in err


def test_show_of_a_hostile_document(tmp_path: Path) -> None:
    """Whatever a document says, a terminal shows it as text; it fits, and has colours of ours."""
    evil = "a\x1b[2J\x9b\u202eb"
    item = {
        "operationId": "x",
        "summary": evil,
        "description": evil * 10_000,
        "parameters": [param(evil, schema={"enum": [evil]}, description=evil)],
        **answers(fields(**{evil: {"description": evil}})),
    }
    spec = write_document(tmp_path, {"/x": {"get": item}})
    with on_terminal(*MIXDYN, "show", "x", "--spec", spec) as terminal:
        code, text = terminal.end()
    assert code == 0
    assert "\x1b[1mIn a shell\x1b[0m" in text
    assert not {"\x9b", "\u202e"} & set(text)
    assert "\x1b[2J" not in text
    assert len(text) < 100_000
