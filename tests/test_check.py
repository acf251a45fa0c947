"""What programs use that a document has not: found where it stands, and nothing else."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn.document import Document
from mixdyn.results import Types
from mixdyn.schema import Schemas
from mixdyn.tools.check import Finding, check_files, contract
from tests.documents import TEXT, answers, body, fields, param

ROOT = Path(__file__).parent.parent
BUNDLED = ROOT / "spec" / "mix.yaml"
DATA = Path(__file__).parent / "data" / "check"
SESSION = {"$ref": "#/components/schemas/Session"}
FAILED = answers({"$ref": "#/components/schemas/ErrorResponse"}, "404")["responses"]


LOST = fields(a={"$ref": "#/nowhere"})


def operation(name: str, result: Any = None, *tags: str, **more: Any) -> dict[str, Any]:
    """Give an operation of `sessions`."""
    responses = answers(result)["responses"] | FAILED
    return {
        "operationId": name,
        "tags": list(tags or ("sessions",)),
        "responses": responses,
        **more,
    }


NEW: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Mix REST API", "version": "2"},
    "paths": {
        "/sessions": {
            "post": operation(
                "createSession",
                SESSION,
                **body(
                    fields("title", title=TEXT, workingDirectory=TEXT, kind={"enum": ["plain"]})
                ),
                **{"x-speakeasy-name-override": "create"},
            ),
            "get": operation("list", {"type": "array", "items": SESSION}),
        },
        "/sessions/{id}/fork": {
            "post": operation("fork", SESSION, parameters=[param("id", "path")])
        },
        "/events": {"get": {"operationId": "watch", "tags": ["sessions"], "responses": {}}},
        "/health": {"get": {"operationId": "get_health", "responses": {}}},
        "/unnamed": {"get": {"tags": ["sessions"], "responses": {}}},
        "/unsure": {
            "get": operation(
                "unsure",
                {"type": ["string", "integer"]},
                parameters=[param("a", "query", {"anyOf": [{"$ref": "#/nowhere"}]})],
            )
        },
        "/broken": {"get": operation("broken", parameters=[{"$ref": "#/nowhere"}])},
    },
    "components": {
        "schemas": {
            "Session": fields(
                "id", id=TEXT, createdAt=TEXT, owner=SESSION, to_dict=TEXT, lost=LOST
            ),
            "ErrorResponse": fields(code=TEXT),
        }
    },
}


def change(edit: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Give the document with something changed."""
    document = copy.deepcopy(NEW)
    edit(document)
    return document


def check(tmp_path: Path, text: str, spec: Any = NEW, base: Any = None) -> list[str]:
    """Give the findings for a program, as `line: code: message`."""
    file = tmp_path / "program.py"
    file.write_text(text, encoding="utf-8")
    found = check_files([file], spec, base)
    return [f"{f.line}: {f.code}: {f.message}" for f in found]


def expected(text: str) -> set[tuple[int, str]]:
    """Give what a program's comments announce: lines and codes."""
    return {
        (number, code)
        for number, line in enumerate(text.splitlines(), 1)
        for codes in re.findall(r"# expect: (.*)$", line)
        for code in codes.split(", ")
    }


def test_forms() -> None:
    """Each way to reach a client is followed, and all else is left alone."""
    file = DATA / "forms.py"
    found = {(f.line, f.code) for f in check_files([file], NEW)}
    assert found == expected(file.read_text(encoding="utf-8"))


def test_own_programs() -> None:
    """The package's own tests and examples fit the bundled document."""
    files = [path for path in (ROOT / "tests").rglob("*.py") if "data" not in path.parts]
    assert check_files([*files, ROOT / "mixdyn"], BUNDLED) == []


def test_readme(tmp_path: Path) -> None:
    """So do the README's examples."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    snippets = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(snippets) > 5
    for number, snippet in enumerate(snippets):
        (tmp_path / f"snippet{number}.py").write_text(snippet, encoding="utf-8")
    assert check_files([tmp_path], BUNDLED) == []


def test_places(tmp_path: Path) -> None:
    """A finding is where the wrong name is, counted from 1."""
    (tmp_path / "a.py").write_text("from mixdyn import Mix\nMix().sessions.\\\n  nope\n")
    (found,) = check_files([tmp_path], NEW)
    assert found[:4] == (str(tmp_path / "a.py"), 3, 3, "no-method")
    assert str(found) == f"{tmp_path}/a.py:3:3: no-method: no operation 'sessions.nope'"


def test_finding_is_safe() -> None:
    """What a program or a path holds does not reach the terminal as control characters."""
    assert str(Finding("a\x1b[31m", 1, 2, "x", "b\nc")) == r"a\x1b[31m:1:2: x: b c"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("sesions", "no namespace 'sesions'. Did you mean 'sessions'?"),
        ("sessions.forc(id=1)", "no operation 'sessions.forc'. Did you mean 'fork'?"),
        ("sessions.create(title='', titel='')", "Did you mean 'title'?"),
        ("sessions.create(title='', kind='p')", "kind is one of 'plain', not 'p'"),
        ("sessions.fork()", "sessions.fork needs the argument 'id'"),
        ("sessions.fork('x')", "takes keywords only, and is given 1 without a name"),
    ],
)
def test_messages(tmp_path: Path, call: str, message: str) -> None:
    """A finding says what is wrong, and what was perhaps meant."""
    (found,) = check(tmp_path, f"from mixdyn import Mix\nMix().{call}")
    assert message in found


PROGRAM = """
from mixdyn import Mix, errors, models
mix = Mix()
mix.sessions.fork(id="x")
mix.sessions.list_async()
mix.sessions.create(title="x", working_directory="y", kind="plain")
mix.nope
session = mix.sessions.create(title="x", nope=1)
session.created_at, session.createdAt, session.nope, session.owner.created_at, session.to_dict
session.create().at, mix.get_health().created_at, mix.sessions.create_async(title="x").created_at
for one in mix.sessions.list():
    one.created_at, one.id
mix.sessions.list()[0].created_at, mix.sessions.list()[0:1].created_at
async def main():
    (await mix.sessions.create_async(title="x")).created_at, (await session).created_at
models.Session, errors.ErrorResponse, errors.Nope, mix.sessions.broken(a=1).x
session.lost.x, session[0].x, mix.sessions.unsure(a="x").x, mix.sessions.watch().x
"""


@pytest.mark.parametrize(
    ("edit", "codes"),
    [
        (lambda d: None, []),
        (lambda d: d["paths"].pop("/sessions/{id}/fork"), ["4: no-method"]),
        (lambda d: d["paths"]["/sessions"].pop("get"), ["5: no-method", *["{}: no-method"] * 3]),
        (lambda d: schema_of(d)["properties"].pop("workingDirectory"), ["6: no-argument"]),
        (lambda d: schema_of(d)["properties"]["kind"].update(enum=["a"]), ["6: no-value"]),
        (
            lambda d: schema_of(d)["required"].append("workingDirectory"),
            ["8: missing-argument", "10: missing-argument", "15: missing-argument"],
        ),
        (
            lambda d: d["components"]["schemas"]["Session"]["properties"].pop("createdAt"),
            [f"{line}: no-attribute" for line in (9, 9, 9, 12, 13, 15)],
        ),
        (lambda d: d["components"]["schemas"].pop("ErrorResponse"), ["16: no-error"]),
    ],
)
def test_changes(tmp_path: Path, edit: Any, codes: list[str]) -> None:
    """With the old document, only what it had and the new one has not is told."""
    found = check(tmp_path, PROGRAM, change(edit), NEW)
    lines = [":".join(text.split(":")[:2]) for text in found]
    if any("{}" in code for code in codes):
        assert [line.partition(": ")[2] for line in lines] == ["no-method"] * len(codes)
    else:
        assert lines == codes


EDITIONS = ROOT.parent / "shared" / "mix-api"
OLD_PROGRAM = """
from mixdyn import Mix

def run(mix: Mix, id: str) -> None:
    mix.sessions.list()
    mix.messages.send(id=id, text="x", apps=[], media=[], plan_mode=True)
"""


@pytest.mark.skipif(not EDITIONS.exists(), reason="needs the published editions")
def test_published_editions(tmp_path: Path) -> None:
    """A program for one edition of the API is told what the next takes away, and only that."""
    old, new = EDITIONS / "mix-0.4.5.yaml", EDITIONS / "mix-0.5.3.yaml"
    assert check(tmp_path, OLD_PROGRAM, old) == []
    assert check(tmp_path, OLD_PROGRAM, new, old) == [
        "6: no-argument: messages.send takes no argument 'apps'",
        "6: no-argument: messages.send takes no argument 'media'",
    ]


def schema_of(document: dict[str, Any]) -> dict[str, Any]:
    """Give the body's schema of `sessions.create`."""
    media = document["paths"]["/sessions"]["post"]["requestBody"]["content"]
    schema: dict[str, Any] = media["application/json"]["schema"]
    return schema


def rename(document: dict[str, Any], **parts: Any) -> None:
    document["paths"]["/sessions/{id}/fork"]["post"].update(parts)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda d: rename(d, operationId="branch"),
            "POST /sessions/{id}/fork is now 'sessions.branch_async'",
        ),
        (lambda d: rename(d, tags=["forks"]), "POST /sessions/{id}/fork is now 'forks.fork_async'"),
        (lambda d: d["paths"].pop("/sessions/{id}/fork"), "POST /sessions/{id}/fork is gone"),
    ],
)
def test_renames(tmp_path: Path, edit: Any, message: str) -> None:
    """An operation that has moved is found by its operationId, or by method and path."""
    text = "from mixdyn import Mix\nMix().sessions.fork_async(id='x')"
    (found,) = check(tmp_path, text, change(edit), NEW)
    assert message in found


def lay_out(*parts: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    """Give a document with operations: each a path, a method and an operationId."""
    paths: dict[str, Any] = {}
    for path, method, name in parts:
        paths.setdefault(path, {})[method] = {**operation(name), **more}
    return {**NEW, "paths": paths}


SWAPPED = "'sessions.one' is now DELETE /a, was GET /a. GET /a is now 'sessions.two'"
BACK = "'sessions.two_async' is now GET /a, was DELETE /a. DELETE /a is now 'sessions.one_async'"
TAKEN = "'sessions.one' is now DELETE /b, was GET /a. GET /a is gone"
LEFT = "no operation 'sessions.two_async'. DELETE /b is now 'sessions.one_async'"


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (  # two names changed places
            lay_out(("/a", "get", "one"), ("/a", "delete", "two")),
            lay_out(("/a", "get", "two"), ("/a", "delete", "one")),
            [
                f"3: other-operation: {SWAPPED}",
                f"4: other-operation: {BACK}",
                f"5: other-operation: {SWAPPED}",
            ],
        ),
        (  # one took the name of another that is gone
            lay_out(("/a", "get", "one"), ("/b", "delete", "two")),
            lay_out(("/b", "delete", "one")),
            [
                f"3: other-operation: {TAKEN}",
                f"4: no-method: {LEFT}",
                f"5: other-operation: {TAKEN}",
            ],
        ),
        (  # nothing but another place
            lay_out(("/a", "get", "one"), ("/b", "delete", "two")),
            lay_out(("/c", "get", "one"), ("/b", "delete", "two")),
            [],
        ),
    ],
)
def test_names_that_mean_others(tmp_path: Path, old: Any, new: Any, found: list[str]) -> None:
    """A method whose name stands for another operation by now is told, though calls would go on."""
    text = (
        "from mixdyn import Mix\nmix = Mix()\nmix.sessions.one()\nmix.sessions.two_async()\n"
        "mix.call('sessions.one')\n"
    )
    assert check(tmp_path, text, new, old) == found
    prepared = text.replace("mix.sessions.one()", "mix.sessions.one.prepare()")
    assert check(tmp_path, prepared, new, old) == found
    assert check(tmp_path, text, old, old) == []


def test_long_chains(tmp_path: Path) -> None:
    """What many functions pass on, the last one first, is followed some of the way only."""
    links = [f"def f{i}():\n    return f{i + 1}()\n" for i in range(12)]
    text = f"from mixdyn import Mix\n{''.join(links)}def f12():\n    return Mix()\n"
    assert check(tmp_path, f"{text}f0().nope\n") == []
    assert len(check(tmp_path, f"{text}f8().nope\n")) == 1


def test_arguments_that_mean_others(tmp_path: Path) -> None:
    """So is an argument whose name another one took."""
    old = lay_out(("/a", "post", "one"), **body(fields(limit=TEXT, rest=TEXT)))
    new = lay_out(
        ("/a", "post", "one"),
        **body(fields(limit=TEXT, rest=TEXT)),
        parameters=[param("limit")],
    )
    text = "from mixdyn import Mix\nMix().sessions.one(rest='x',\n  limit='y', nope=1)\n"
    assert check(tmp_path, text, new, old) == [
        "3: other-argument: sessions.one: limit is now the query limit, was the body limit"
    ]
    broken = lay_out(("/a", "post", "one"), parameters=[{"$ref": "#/nowhere"}])
    assert check(tmp_path, text, broken, old) == []


def test_arguments_of_another_operation(tmp_path: Path) -> None:
    """Where the method is another one, its arguments are not told of besides."""
    at = [param("limit")]
    old = lay_out(("/a", "post", "one"), **body(fields(limit=TEXT)))
    new = lay_out(("/b", "put", "one"), **body(fields(limit=TEXT)), parameters=at)
    new["paths"]["/a"] = {"post": {**old["paths"]["/a"]["post"], "operationId": "two"}}
    text = "from mixdyn import Mix\nMix().sessions.one(limit='y')\n"
    (found,) = check(tmp_path, text, new, old)
    assert found.startswith("2: other-operation: 'sessions.one' is now PUT /b, was POST /a")


PETS = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "paths": {"/pets": {"get": {"operationId": "list", "tags": ["pets"]}}},
}


def test_other_documents(tmp_path: Path) -> None:
    """Clients of another document are left alone; of which it is, its title or paths tell."""
    (tmp_path / "pets.json").write_text(json.dumps(PETS))
    (tmp_path / "mix.json").write_text(json.dumps(NEW))
    (tmp_path / "bad.json").write_text("{")
    text = (
        "from mixdyn import Client, Mix, errors\n"
        "Client('pets.json').pets.list()\n"
        f"Client({PETS!r}).pets.list()\n"
        f"Client({json.dumps(PETS)!r}).pets.list()\n"
        "Client('bad.json').pets.list()\n"
        "Client(3).pets.list()\n"
        "Client(anything).pets.list()\n"
        "Client('mix.json').pets.list()\n"
        "Client('nowhere.json').pets.list()\n"
        "Mix(spec='mix.json').pets.list()\n"
        "Mix(spec=anything).pets.list()\n"
        "def f(a: Mix, b: Client):\n    a.pets\n    b.pets\n"
        "errors.PetError\n"
    )
    assert [line.split(":")[0] for line in check(tmp_path, text)] == ["8", "10", "13"]
    base = {**NEW, "paths": {**NEW["paths"], **PETS["paths"]}}
    known = [line.split(":")[0] for line in check(tmp_path, text, NEW, base)]
    assert known == ["8", "10", "11", "13"]
    lines = [line.split(":")[0] for line in check(tmp_path, text.replace("pets", "cats"), PETS)]
    assert lines == ["2", "3", "4", "7", "9", "14"]


def test_related_by_paths(tmp_path: Path) -> None:
    """Editions of one document share operations, whatever their titles."""
    other = {**NEW, "info": {"title": "Renamed", "version": "3"}}
    (tmp_path / "old.json").write_text(json.dumps(NEW))
    text = "from mixdyn import Client\nClient('old.json').nope"
    assert len(check(tmp_path, text, other)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "from mixdyn.errors import schema_error",
        "from mixdyn.document import Document",
        "Mix(spec=x)",
        "Client(x)",
    ],
)
def test_errors_of_others(tmp_path: Path, line: str) -> None:
    """Where other documents may be in use, an unknown error class is no finding."""
    text = f"from mixdyn import Client, Mix, errors\nerrors.PetError\n{line}"
    assert check(tmp_path, text) == []


@pytest.mark.parametrize(
    "wrong", ["pytest.raises(TypeError)", "self.assertRaises((KeyError, ValueError))"]
)
def test_expected_failures(tmp_path: Path, wrong: str) -> None:
    """A program that waits for the very error is right."""
    text = f"from mixdyn import Mix\nwith {wrong}:\n    Mix().nope\nwith open(x):\n    Mix().nope"
    assert [line.split(":")[0] for line in check(tmp_path, text)] == ["5"]


def test_encodings(tmp_path: Path) -> None:
    """Files are read in the encoding that they declare."""
    head = "# coding: latin-1\nfrom mixdyn import Mix\n"
    (tmp_path / "a.py").write_bytes(f"{head}x = 'ä'; Mix().nope".encode("latin-1"))
    (tmp_path / "b.py").write_bytes(b"\xef\xbb\xbffrom mixdyn import Mix\nMix().nope")
    (tmp_path / "c.py").write_bytes(b"mixdyn = '\xff'")
    (tmp_path / "d.py").write_bytes(b"# coding: nonsense\n# mixdyn\n")
    found = check_files([tmp_path], NEW)
    assert [f.code for f in found] == ["no-namespace", "no-namespace", "unreadable", "unreadable"]
    assert found[0].column == 16


def test_unreadable_files(tmp_path: Path) -> None:
    """A file that cannot be read is a finding, and the check goes on."""
    (tmp_path / "a.py").write_text("def f(:  # mixdyn\n")
    (tmp_path / "b.py").write_text("from mixdyn import Mix\nMix().nope")
    (tmp_path / "c.py").write_text("mixdyn\x00y")
    (tmp_path / "d.py").write_text("mixdyn" + "-" * 100_000 + "1")
    (tmp_path / "e.py").write_text("mixdyn" + ".a" * 9000)
    (tmp_path / "f.ipynb").write_text("{ mixdyn")
    (tmp_path / "unrelated.py").write_text("print 'Python 2'")
    (tmp_path / "g.py").write_text("mixdyn" + ".a" * 900)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "a.py").write_text("def")
    (tmp_path / "notes.txt").write_text("def")
    found = check_files([tmp_path, tmp_path / "nowhere.py"], NEW)
    codes = [(Path(f.file).name, f.code) for f in found]
    assert codes == [
        ("a.py", "unreadable"),
        ("b.py", "no-namespace"),
        *((f"{name}.py", "unreadable") for name in "cde"),
        ("f.ipynb", "unreadable"),
        ("g.py", "unreadable"),
        ("nowhere.py", "unreadable"),
    ]
    assert "No such file" in found[-1].message


def test_large_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of absurd size is not read."""
    monkeypatch.setattr("mixdyn.tools.check.source._MAX_BYTES", 10)
    (found,) = check(tmp_path, "x = 1234567")
    assert "larger than 10 bytes" in found


def test_notebooks(tmp_path: Path) -> None:
    """Cells are read together; lines for the shell or the notebook are passed over."""
    cells = [
        ["from mixdyn import Mix\n", "%load_ext x\n", "mix = Mix()\n", "!ls {mix.nope}"],
        "%%bash\nmix.nope\n",
        "mix.sessions?\nif mix:\n    !ls\nmix.nope",
        "def broken(:",
        "mix.other",
    ]
    notebook = {
        "cells": [{"cell_type": "markdown", "source": "mix.nope"}]
        + [{"cell_type": "code", "source": source} for source in cells]
        + ["nonsense"]
    }
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook))
    found = check_files([tmp_path], NEW)
    assert [(f.line, f.code) for f in found] == [
        (12, "unreadable"),
        (11, "no-namespace"),
        (13, "no-namespace"),
    ]


@given(st.text(alphabet="mix.()=: \nasdfwh,*[]{}'\"@", max_size=60))
def test_any_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever a file holds, the check gives findings and no error."""
    folder = tmp_path_factory.getbasetemp()
    check(folder, f"from mixdyn import Mix\nmix = Mix()\n{text}")


def test_programs_that_swap(tmp_path: Path) -> None:
    """A program that takes another document on the way is judged by what it was written for."""
    file = tmp_path / "app.py"
    text = (
        "from mixdyn import Mix\nmix = Mix()\nmix.%s\nmix.pets.list()\nmix.sessions.fork(id='x')\n"
    )
    for swap in ("use_spec('pets.yaml')", "sync_spec()", "sync_spec_async()"):
        file.write_text(text % swap, encoding="utf-8")
        assert check_files([file], NEW) == []
        assert {finding.line for finding in check_files([file], NEW, BUNDLED)} <= {5}
    file.write_text(text % "sessions.list()", encoding="utf-8")
    assert 4 in {finding.line for finding in check_files([file], NEW)}


def test_attributes_that_lead_nowhere() -> None:
    """Of an attribute whose type cannot be known, nothing is."""
    broken = {"type": "object", "additionalProperties": {"$ref": "#/nowhere"}}
    components = {"schemas": {"Pet": fields(own=broken)}}
    types = Types(Schemas(Document.load({"openapi": "3.1.0", "components": components})))
    schema = types.schemas.component("Pet")
    assert schema is not None
    assert contract._field_type(types, types.model(schema), "own") is Any
