"""From words to keywords: `name=text` by its schema, JSON, files, and one error for all."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from mixdyn.operation import Operation
from mixdyn.tools.cli.argument import read_arguments, usage_form
from mixdyn.tools.cli.verdict import UsageError
from tests.documents import FORM, INTEGER, MULTIPART, TEXT, body, fields, make_operation, param

BINARY = {"type": "string", "format": "binary"}


def of(schema: Any, *, location: str = "query") -> Operation:
    """Give an operation whose argument `value` has this schema."""
    return make_operation({"parameters": [param("value", location, schema)]}, "/x", "get")


def read(schema: Any, *words: str) -> Any:
    """Give what words mean for an argument of this schema."""
    return read_arguments(of(schema), words)["value"]


def test_lists_may_be_given_in_several_words() -> None:
    """A list's items may each have a word; JSON lists among them are taken apart."""
    schema = {"type": "array", "items": INTEGER}
    assert read(schema, "value=1", "value=2", "value:=[3]", "value:=4") == [1, 2, 3, 4]


def test_json_is_taken_as_it_stands(tmp_path: Path) -> None:
    """`name:=json` is JSON, from the word or from a file."""
    (tmp_path / "x.json").write_text('{"a": null}')
    assert read(TEXT, "value:=null") is None
    assert read({}, f"value:=@{tmp_path / 'x.json'}") == {"a": None}


def test_text_may_come_from_a_file(tmp_path: Path) -> None:
    """`name=@file` reads text, and converts it by the schema."""
    (tmp_path / "x").write_text("42\n")
    assert read(TEXT, f"value=@{tmp_path / 'x'}") == "42\n"
    assert read(INTEGER, f"value=@{tmp_path / 'x'}") == 42


def pipe(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Let bytes come from standard input, which Python takes for text of some other kind."""
    stream = io.TextIOWrapper(io.BytesIO(content), "utf-8", "surrogateescape")
    monkeypatch.setattr(sys, "stdin", stream)


def test_text_may_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """`name=@-` reads standard input; it can be read once."""
    pipe(monkeypatch, "hé\r\n".encode())
    assert read(TEXT, "value=@-") == "hé\r\n"
    with pytest.raises(UsageError, match="once only"):
        read({"type": "array", "items": TEXT}, "value=@-", "value=@-")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["value"], "expected NAME=VALUE, got 'value'"),
        (["=x"], "expected NAME=VALUE"),
        (["valeu=1", "value=2"], "unknown: valeu. Did you mean 'value'?"),
        (["value:=x"], "value: expected JSON"),
        (["value=1", "value=2"], "given 2 times: value, which is no list"),
        (["value=@/nowhere/x"], "No such file"),
    ],
)
def test_wrong_words_are_told(words: list[str], told: str) -> None:
    """What is no argument, not JSON or given twice is named."""
    with pytest.raises((UsageError, OSError)) as error:
        read_arguments(of(TEXT), words)
    assert told in str(error.value)


def test_all_wrong_words_are_one_error() -> None:
    """Unknown and missing arguments are told together, with the call as one would type it."""
    schema = fields("title", title=TEXT, tags={"type": "array"})
    operation = make_operation({"operationId": "make", **body(schema)})
    with pytest.raises(UsageError) as error:
        read_arguments(operation, ["titel=x", "y=1"])
    assert str(error.value).splitlines() == [
        "make (POST /things) cannot be called like this:",
        "  unknown: titel. Did you mean 'title'?",
        "  unknown: y",
        "  missing: title",
        "  expected: mixdyn call make title=… [tags=…]",
    ]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are no text."""
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="x: expected text in UTF-8"):
        read(TEXT, f"value=@{tmp_path / 'x'}")


def test_standard_input_that_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes from a pipe is UTF-8, whatever Python takes it for; it may also be closed."""
    pipe(monkeypatch, b"\xff\xfe")
    with pytest.raises(UsageError, match="standard input: expected text in UTF-8"):
        read(TEXT, "value=@-")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="standard input is closed"):
        read(TEXT, "value=@-")


def test_names_of_options_are_arguments_in_a_shell() -> None:
    """A wire name that is an option of calls in Python means the argument, as it is none here."""
    names = ("retries", "server_url", "validate", "Self")
    operation = make_operation(body(fields(**dict.fromkeys(names, TEXT))))
    given = read_arguments(operation, [f"{name}=x" for name in names])
    assert given == {"retries_": "x", "server_url_": "x", "validate_": "x", "self_": "x"}


def test_files_are_sent_from_their_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the operation takes a file, `name=@path` is that file, unread; text is refused."""
    operation = make_operation(body(fields("file", file=BINARY, note=TEXT), MULTIPART))
    assert usage_form(operation).endswith("file=@FILE [note=…]")
    given = read_arguments(operation, ["file=@a/b.txt", "note=x"])
    assert given == {"file": Path("a/b.txt"), "note": "x"}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x")))
    name, content = read_arguments(operation, ["file=@-"])["file"]
    assert (name, content.read()) == ("stdin", b"x")
    with pytest.raises(UsageError, match="^file: expected a file: file=@PATH, or file=@-"):
        read_arguments(operation, ["file=hello"])


def test_several_files_are_a_list() -> None:
    """An array of files is given by one word or several."""
    many = {"type": "array", "items": BINARY}
    operation = make_operation(body(fields("files", files=many), MULTIPART))
    assert read_arguments(operation, ["files=@a"])["files"] == [Path("a")]
    assert read_arguments(operation, ["files=@a", "files=@b"])["files"] == [Path("a"), Path("b")]


def test_the_whole_body_may_be_given(tmp_path: Path) -> None:
    """`--body` is JSON or a file of it, and stands for all that travels there."""
    operation = make_operation(body(fields("title", title=TEXT)))
    (tmp_path / "x.json").write_text('{"title": "x"}')
    for text in ('{"title": "x"}', f"@{tmp_path / 'x.json'}"):
        assert read_arguments(operation, [], text) == {"body": {"title": "x"}}
    with pytest.raises(UsageError, match="--body: expected JSON"):
        read_arguments(operation, [], "{")


def test_a_body_with_a_property_of_that_name() -> None:
    """Where a property is called `body`, the whole body is still what `--body` gives."""
    operation = make_operation(body(fields("body", body=TEXT)))
    assert read_arguments(operation, [], '{"body": "x"}') == {"request": {"body": "x"}}
    assert read_arguments(operation, ["body=x"]) == {"body": "x"}
    both = make_operation(body(fields("body", body=TEXT, request=TEXT)))
    with pytest.raises(UsageError, match="of its own"):
        read_arguments(both, [], '{"body": "x"}')


def test_usage_stays_short() -> None:
    """Of many optional arguments only some are shown."""
    many = {f"p{i}": TEXT for i in range(9)}
    shown = usage_form(make_operation({"operationId": "x", **body(fields(**many))}))
    assert shown.endswith("[p5=…] […]")


def test_bodies_that_are_no_json(tmp_path: Path) -> None:
    """A body of bytes is a file, one of text is text; without a body there is none to give."""
    octets = make_operation(body(BINARY, "application/octet-stream"))
    assert read_arguments(octets, [], "@x") == {"body": Path("x")}
    with pytest.raises(UsageError, match="^--body: expected a file: --body @PATH, or --body @-"):
        read_arguments(octets, [], "x")
    plain = make_operation(body(TEXT, "text/plain"))
    assert read_arguments(plain, [], "42") == {"body": "42"}
    form = make_operation(body({"oneOf": [fields(a=TEXT), fields(b=TEXT)]}, FORM))
    assert read_arguments(form, [], '{"a": "x"}') == {"body": {"a": "x"}}
    parts = make_operation(body({"type": "object"}, MULTIPART))
    assert read_arguments(parts, [], '{"a": "x"}') == {"body": {"a": "x"}}
    with pytest.raises(UsageError, match="takes no body"):
        read_arguments(of(TEXT), ["value=x"], "{}")


@pytest.mark.parametrize(
    ("media", "content"),
    [
        ("image/png", {}),
        ("application/octet-stream", {"schema": {}}),
        ("application/octet-stream", {"schema": True}),
        ("application/zip", {"schema": TEXT}),
        ("*/*", {}),
    ],
)
def test_bytes_are_files_whatever_their_schema(media: str, content: Any) -> None:
    """A body of bytes is a file by its media type, without a schema that says so."""
    operation = make_operation({"requestBody": {"content": {media: content}, "required": True}})
    assert usage_form(operation).endswith(" body=@FILE")
    assert read_arguments(operation, ["body=@x"]) == {"body": Path("x")}
    assert read_arguments(operation, [], "@x") == {"body": Path("x")}
