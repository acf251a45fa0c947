"""
`mixdyn diff`, `check`, `stubs` and `validate`: what they print, and how they end.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mixdyn.bundled import BUNDLED, Mix, bundled_path
from mixdyn.comparison import compare
from mixdyn.tools import cli
from mixdyn.tools.cli import diff
from mixdyn.tools.cli.screen import Screen
from mixdyn.tools.mock import serve as stand_in
from tests.documents import TEXT, answers, make_document, param
from tests.loopback import serve
from tests.terminal import MIXDYN, on_terminal
from tests.test_cli import run

OLD: dict[str, Any] = {
    "/pets": {
        "get": {
            "operationId": "list",
            "tags": ["pets"],
            "parameters": [param("kind"), param("page")],
            **answers(TEXT),
        },
        "delete": {"operationId": "clear", "tags": ["pets"], **answers(TEXT)},
    }
}
NEW: dict[str, Any] = {
    "/pets": {
        "get": {
            "operationId": "list",
            "tags": ["pets"],
            "parameters": [param("kind")],
            **answers(TEXT),
        },
        "post": {"operationId": "add", "tags": ["pets"], **answers(TEXT)},
    }
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two editions of a document, and a program for the older one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIX_SPEC", raising=False)
    monkeypatch.delenv("MIXDYN_SERVER", raising=False)
    for name, paths in (("old", OLD), ("new", NEW)):
        root = dict(make_document(paths).root)
        (tmp_path / f"{name}.json").write_text(
            json.dumps({**root, "servers": [{"url": "http://h"}]})
        )
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "use.py").write_text(
        "import mixdyn\napi = mixdyn.Client('old.json')\n"
        "api.pets.clear()\napi.pets.list(kind='x')\n"
    )
    return tmp_path


def test_diff_tells_what_changed(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text on standard output, for people; 0, whatever has changed."""
    code, out, err = run(capsys, "diff", "old.json", "new.json")
    assert (code, err) == (cli.DONE, "")
    assert "For Python callers\n" in out
    assert "\n  ! pets.clear removed\n" in out
    assert "\nBreaking\n" in out
    assert "\x1b" not in out
    assert run(capsys, "diff", "new.json", "new.json")[1].endswith("No changes.\n")


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("text", "T"),
        ("json", "{"),
        ("yaml", "old:"),
        ("markdown", "# "),
        ("html", "<!doctype html>"),
    ],
)
def test_diff_has_forms(
    form: str, start: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--output` gives it for programs, for a pull request and for a browser; before or behind."""
    code, out, _ = run(capsys, "diff", "old.json", "new.json", "--output", form)
    assert (code, out[: len(start)]) == (cli.DONE, start)
    assert run(capsys, "--output", form, "diff", "old.json", "new.json")[1] == out
    assert run(capsys, "diff", "old.json", "new.json", "--format", form)[1] == out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["old.json", "new.json", "--fail-on", "breaking"], cli.FOUND),
        (["old.json", "new.json", "--fail-on", "compatible"], cli.FOUND),
        (["new.json", "new.json", "--fail-on", "compatible"], cli.DONE),
        (["old.json", "new.json", "--level", "breaking", "--fail-on", "risky"], cli.FOUND),
    ],
)
def test_diff_fails_on_a_level(
    words: list[str], code: int, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--fail-on` ends with 1 at a change of that level or a worse one."""
    assert run(capsys, "diff", *words)[0] == code


def test_diff_leaves_out_levels(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--level` shows what is at least that bad; what it leaves out still counts."""
    whole = json.loads(run(capsys, "diff", "old.json", "new.json", "--output=json")[1])
    part = run(capsys, "diff", "old.json", "new.json", "--output=json", "--level=breaking")[1]
    assert {c["level"] for c in whole["changes"]} == {"breaking", "compatible"}
    assert {c["level"] for c in json.loads(part)["changes"]} == {"breaking"}


def test_diff_is_coloured_on_a_terminal(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Levels have their colours, and where a change stands is dim."""
    with on_terminal(*MIXDYN, "diff", str(files / "old.json"), str(files / "new.json")) as terminal:
        code, text = terminal.end()
    assert code == cli.DONE
    assert "\x1b[1;31mBreaking\x1b[0m" in text
    assert "\x1b[1;31m  ! pets.clear removed\x1b[0m" in text
    assert "\x1b[2m      at /paths" in text
    screen = Screen()
    screen.is_colourful = True
    found = compare(files / "old.json", files / "new.json")
    assert "\x1b[32mCompatible\x1b[0m" in diff.show(found, "text", screen)


def test_documents_are_named_by_words(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`bundled` is the document of the package, which other commands take without any word."""
    assert run(capsys, "diff", "bundled", bundled_path())[1].endswith("No changes.\n")
    title = BUNDLED.document.title
    assert run(capsys, "validate", "--only", "own")[1].startswith(title)
    assert run(capsys, "validate", "--only", "own", "--spec", "old.json")[1].startswith("T")


def test_documents_are_taken_from_a_url(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A URL is read as it is, without any of the headers for the API."""
    root = json.loads((files / "new.json").read_text())
    with serve(lambda exchange: exchange.send_json(root)) as server:
        words = ["diff", "new.json", f"{server.url}/x", "--header", "X-Key:secret"]
        code, out, _ = run(capsys, *words)
    assert (code, out[-12:]) == (cli.DONE, "No changes.\n")
    assert "x-key" not in server.exchanges[0].headers


def test_documents_are_taken_from_the_server(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`server` asks the server of `--server`, or of the environment, with the given headers."""
    root = json.loads((files / "new.json").read_text())
    with serve(lambda exchange: exchange.send_json(root)) as server:
        words = ["diff", "new.json", "server", "--header", "X-Key:secret", "--timeout", "0"]
        code, out, _ = run(capsys, *words, "--server", server.url)
        assert (code, out[-12:]) == (cli.DONE, "No changes.\n")
        assert server.exchanges[0].headers["x-key"] == "secret"
        monkeypatch.setenv("MIXDYN_SERVER", server.url)
        assert run(capsys, "diff", "new.json", "server", "--timeout", "9")[0] == cli.DONE


def test_the_server_has_what_is_known_already(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What another client of the process has taken from the server is not taken again."""
    with stand_in() as server, Mix(server_url=server.url) as mix:
        assert not mix.sync_spec()
        code, out, _ = run(capsys, "diff", "bundled", "server", "--server", server.url)
    assert (code, "No changes." in out) == (0, True)


def test_the_server_has_to_be_known(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With no server there, or with none that is known, the message says what to do."""
    code, _, err = run(capsys, "diff", "server", "new.json", "--spec", "none.json")
    assert code == cli.WRONG_USAGE
    (files / "none.json").write_text('{"openapi": "3.1.0"}')
    code, _, err = run(capsys, "diff", "server", "new.json", "--spec", "none.json")
    assert (code, "no usable server" in err) == (cli.WRONG_USAGE, True)
    with serve(lambda exchange: None) as server:
        url = server.url
    code, _, err = run(capsys, "diff", "server", "new.json", "--server", url)
    assert code == cli.NO_CONNECTION
    assert "give its whole URL if it is elsewhere" in err
    with serve(lambda exchange: exchange.send_json({}, 404)) as server:
        code, _, err = run(capsys, "diff", "server", "new.json", "--server", server.url)
    assert code == cli.WRONG_USAGE
    assert "404" in err


def test_the_server_gets_credentials(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials go to the server as with calls, and show nowhere."""
    root = json.loads((files / "new.json").read_text())
    schemes = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}
    (files / "key.json").write_text(
        json.dumps({**root, "components": {"securitySchemes": schemes}, "security": [{"key": []}]})
    )
    monkeypatch.setenv("SECRET", "open-sesame")
    words = ["diff", "new.json", "server", "--spec", "key.json", "--auth", "key=env:SECRET", "-v"]
    with serve(lambda exchange: exchange.send_json({}, 401)) as server:
        code, out, err = run(capsys, *words, "--server", server.url)
    assert code == cli.WRONG_USAGE
    assert server.exchanges[0].headers["x-key"] == "open-sesame"
    assert "open-sesame" not in out + err


@pytest.mark.parametrize("word", ["{}", "a\nb"])
def test_the_text_of_a_document_is_no_word(
    word: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What would be read as a document's text is refused."""
    code, _, err = run(capsys, "diff", word, "new.json")
    assert (code, "expected a file, a URL or one of bundled, server" in err) == (2, True)


def test_check_finds_calls_that_do_not_fit(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each finding is a line with file, line and column; 1 where there are any."""
    code, out, err = run(capsys, "check", "code", "--spec", "new.json")
    assert code == cli.FOUND
    assert out.startswith("code/use.py:3:10: no-method: ")
    assert len(out.splitlines()) == 1
    assert err == "1 finding in 1 file\n"
    assert run(capsys, "check", "code", "--spec", "old.json") == (cli.DONE, "", "no findings\n")
    assert run(capsys, "check", "code", "--spec", "new.json", "--base", "new.json")[0] == cli.DONE
    assert run(capsys, "check", "code", "--spec", "new.json", "--base", "old.json")[0] == cli.FOUND


def test_check_gives_data(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--output json` gives the findings as a list; words may stand behind the options."""
    code, out, _ = run(
        capsys, "check", "code/use.py", "--spec", "new.json", "--output", "json", "code"
    )
    rows = json.loads(out)
    assert code == cli.FOUND
    assert [(row["file"], row["line"], row["code"]) for row in rows] == [
        ("code/use.py", 3, "no-method")
    ] * 2
    assert run(capsys, "check", "code", "--spec", "old.json", "--output", "json")[1] == "[]\n"


def test_check_tells_what_it_cannot_read(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Syntax errors and other encodings are findings, missing files wrong usage: no traceback."""
    (files / "bad.py").write_text("import mixdyn\ndef f(:\n")
    (files / "odd.py").write_bytes(b"# mixdyn \xff\n")
    (files / "n.ipynb").write_text(
        '{"cells": [{"cell_type": "code", "source": "import mixdyn\\nx ="}]}'
    )
    code, out, err = run(capsys, "check", ".", "--spec", "new.json")
    assert code == cli.FOUND
    places = [line.partition(": ")[0] for line in out.splitlines()]
    assert [place.removeprefix("./") for place in places] == [
        "bad.py:2:7",
        "n.ipynb:2:4",
        "odd.py:1:1",
        "code/use.py:3:10",
    ]
    assert err == "4 findings in 4 files\n"
    code, _, err = run(capsys, "check", "none.py", "--spec", "new.json")
    assert (code, err) == (2, "mixdyn: none.py: there is no such file or folder\n")
    assert "required: FILE" in run(capsys, "check")[2]


def test_stubs_are_written(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The files that are new are named; the second time there are none."""
    code, out, _ = run(capsys, "stubs", "new.json", "-o", "typings")
    written = out.splitlines()
    assert code == cli.DONE
    assert "typings/mixdyn/__init__.pyi" in written
    for path in written:
        ast.parse(Path(path).read_text(encoding="utf-8"))
    again = run(capsys, "stubs", "new.json", "--folder", "typings")
    assert again == (cli.DONE, "", "all stubs are fresh already\n")
    out = run(capsys, "stubs", "new.json", "-o", "typings", "--name", "pets")[1]
    assert "typings/pets/__init__.pyi" in out


def test_stubs_say_what_they_need(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a folder nothing is written, and the message tells which folders editors look in."""
    code, out, err = run(capsys, "stubs", "new.json")
    assert (code, out) == (cli.WRONG_USAGE, "")
    assert "Give -o DIR" in err
    (files / "mixdyn").mkdir()
    (files / "mixdyn" / "__init__.pyi").write_text("mine")
    code, _, err = run(capsys, "stubs", "new.json", "-o", ".")
    assert code == cli.WRONG_USAGE
    assert "was not generated" in err
    assert run(capsys, "stubs", "new.json", "-o", "x", "--name", "a b")[0] == cli.WRONG_USAGE


def test_validate_tells_both_kinds_apart(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Findings by the standard and for mixdyn have file, line and column; 1 where there are any."""
    root = json.loads((files / "new.json").read_text())
    (files / "bad.yaml").write_text(yaml.safe_dump({**root, "info": 3, "servers": [{"url": "/x"}]}))
    code, out, err = run(capsys, "validate", "bad.yaml")
    assert (code, err) == (cli.FOUND, "")
    assert "\n  bad.yaml:1:1: 3 is not of type 'object' [type]\n      at #/info\n" in out
    assert "\nFor mixdyn: 1 finding\n  bad.yaml:" in out
    code, out, _ = run(capsys, "validate", "bad.yaml", "--output", "json", "--only", "standard")
    data = json.loads(out)
    assert (code, data["own"], data["standard"][0]["pointer"]) == (cli.FOUND, None, "/info")
    code, out, _ = run(capsys, "validate", "new.json")
    assert (code, out.count("no findings")) == (cli.DONE, 2)


def test_validate_on_a_terminal(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that it is at work; headings are bold, and pointers dim."""
    with monkeypatch.context() as patch:
        patch.setattr("mixdyn.tools.cli.validation.is_terminal", lambda stream: True)
        patch.setattr("mixdyn.tools.cli.screen.wants_colour", lambda stream: True)
        (files / "bad.json").write_text('{"openapi": "3.1.0", "info": {}, "servers": []}')
        _, out, err = run(capsys, "validate", "bad.json")
    assert "\n\x1b[2m      at #/info\x1b[0m\n  " in out
    assert err == "checking; a large document takes some seconds …\n"
    with on_terminal(*MIXDYN, "validate", str(files / "new.json")) as terminal:
        code, text = terminal.end()
    assert code == cli.DONE
    assert "checking; a large document takes some seconds" in text
    assert "\x1b[1mFor mixdyn: no findings\x1b[0m" in text


def test_validate_refuses_swagger(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A document that cannot be used at all is wrong usage, with a message that says what to do."""
    (files / "v2.json").write_text('{"swagger": "2.0"}')
    code, _, err = run(capsys, "validate", "v2.json")
    assert code == cli.WRONG_USAGE
    assert "Swagger 2.0 is not OpenAPI 3.x; convert it first" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["dif", "a", "b"], "Did you mean 'diff'?"),
        (["valdate"], "Did you mean 'validate'?"),
        (["diff", "a", "b", "--fail-no", "breaking"], "Did you mean '--fail-on'?"),
        (["diff", "a", "b", "--fail-on", "braking"], "Did you mean 'breaking'?"),
        (
            ["diff", "a", "b", "--output", "table"],
            "expected one of text, json, yaml, markdown, html",
        ),
        (["diff", "a"], "required: NEW"),
        (["validate", "a", "b"], "unexpected: b"),
        (["validate", "--only", "won"], "Did you mean 'own'?"),
    ],
)
def test_wrong_words_are_told(
    words: list[str], told: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong commands, options and values end with 2, and name the nearest that there is."""
    code, _, err = run(capsys, *words)
    assert code == cli.WRONG_USAGE
    assert told in err
