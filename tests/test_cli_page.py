"""`mixdyn show`: what the prompt shows, in a shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mixdyn.tools import cli
from tests.documents import TEXT, answers, fields, param
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


PETS = {"name": TEXT, "parent": {"$ref": "#/components/schemas/pets"}}
RESULT = {"$ref": "#/components/schemas/pets"}


@pytest.fixture
def spec(tmp_path: Path) -> str:
    """Write a document with a schema that is called like a namespace."""
    found = answers({"type": "array", "items": RESULT})
    found["responses"]["204"] = {"description": "none", "content": {"text/plain": {}}}
    item = {"operationId": "pets.find", "tags": ["pets"], "parameters": [param("kind")], **found}
    schemas = {"pets": fields(**PETS), "x-y": {"description": "Odd."}}
    return write_document(tmp_path, {"/pets": {"get": item}}, components={"schemas": schemas})


def test_show_finds_schemas_by_the_spelling_of_searches(
    spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`schemas.NAME` is a schema where a namespace has its name, also by the attribute's name."""
    assert "find(kind=…)" in run(capsys, "show", "--spec", spec, "pets")[1]
    assert "parent" in run(capsys, "show", "--spec", spec, "schemas.pets")[1]
    for name in ("x-y", "schemas.x-y", "schemas.x_y"):
        assert "Odd." in run(capsys, "show", "--spec", spec, name)[1]
    for name in ("schemas.pest", "schemas.__init__"):
        assert run(capsys, "show", "--spec", spec, name)[0] == cli.WRONG_USAGE


def test_show_gives_data(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--output json` gives a schema as JSON schema, and an operation with those of its parts."""

    def show(name: str, form: str = "json") -> Any:
        code, out, _ = run(capsys, "show", "--spec", spec, name, "--output", form)
        assert code == cli.DONE
        return yaml.safe_load(out)

    pet = {"type": "object", "properties": {"name": TEXT, "parent": {"$ref": "#/$defs/0"}}}
    assert show("schemas.pets")["properties"]["name"] == TEXT
    assert show("x-y") == show("x-y", "yaml") == {"description": "Odd."}
    operation = show("pets.find")
    assert (operation["name"], operation["path"]) == ("pets.find", "/pets")
    assert operation["arguments"]["properties"] == {"kind": TEXT}
    responses = operation["responses"]
    assert responses["200"]["content"]["application/json"]["$defs"]["0"] == pet
    assert responses["204"] == {"description": "none", "content": {"text/plain": True}}
    assert [row["name"] for row in [show("pets", "jsonl")]] == ["pets.find"]
    assert run(capsys, "show", "--spec", spec, "pets", "--output", "table")[1].startswith("pets")
