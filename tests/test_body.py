"""Writing request bodies."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mixdyn import body as written
from mixdyn.operation import Argument
from mixdyn.params import ParameterError
from mixdyn.upload import Upload
from tests.documents import FORM, JSON, MULTIPART, TEXT, body, fields, make_operation

FILE = {"type": "string", "format": "binary"}


def parse(schema: Any, media: str, **encoding: Any) -> tuple[Any, tuple[Argument, ...]]:
    operation = make_operation(body(schema, media, encoding=encoding))
    assert operation.body is not None
    return operation.body.preferred, operation.arguments


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, None, "é"]}, '{"a":[1,null,"é"]}'.encode()),
        ("\ud800", b'"\\ud800"'),
        (123456789012345678901234567890, b"123456789012345678901234567890"),
        ({}, b"{}"),
    ],
)
def test_encode_json(value: Any, expected: bytes) -> None:
    """JSON is compact UTF-8; lone surrogates travel as escapes."""
    assert written.encode_json(value) == expected


@pytest.mark.parametrize(
    ("value", "encoding", "expected"),
    [
        ({"a": "x y&", "b": 1, "c": True}, {}, "a=x%20y%26&b=1&c=true"),
        ({"a": [1, 2]}, {}, "a=1&a=2"),
        ({"a": []}, {}, ""),
        ({"a": {"b": 1}}, {}, "a=%7B%22b%22%3A1%7D"),
        ({"a": [{"b": 1}, {"b": 2}]}, {}, "a=%7B%22b%22%3A1%7D&a=%7B%22b%22%3A2%7D"),
        ({"a": [[1]]}, {}, "a=%5B1%5D"),
        ({"a": None, "b": ""}, {}, "b="),
        ({"a": [1, 2]}, {"a": {"style": "form", "explode": False}}, "a=1,2"),
        ({"a": [1, 2]}, {"a": {"style": "pipeDelimited"}}, "a=1%7C2"),
        ({"a": {"b": {"c": 1}}}, {"a": {"style": "deepObject"}}, "a%5Bb%5D%5Bc%5D=1"),
        ({"a": {"b": 1}}, {"a": {"explode": True}}, "b=1"),
        ({"a": "x/y"}, {"a": {"allowReserved": True}}, "a=x/y"),
        ({"a": "x"}, {"a": {"contentType": "application/json; v=1"}}, "a=%22x%22"),
        ({"a": "x"}, {"a": {"contentType": "text/plain"}}, "a=x"),
        ({"a": "x"}, {"a": {"style": 5, "explode": "no"}}, "a=x"),
        ({"a": "x"}, {"a": "nonsense"}, "a=x"),
    ],
)
def test_encode_form(value: Any, encoding: Any, expected: str) -> None:
    """Forms are written property by property, as `encoding` says or else by JSON inside."""
    assert written.encode_form(value, encoding) == expected


@pytest.mark.parametrize(
    ("media", "value", "expected"),
    [
        (JSON, "x", b'"x"'),
        ("application/x+json", [1], b"[1]"),
        (FORM, {"a": 1}, b"a=1"),
        (FORM, "a=1&b", b"a=1&b"),
        ("text/plain", "é", "é".encode()),
        ("text/plain", 5, b"5"),
        ("text/plain", True, b"true"),
        ("text/xml", "<a/>", b"<a/>"),
    ],
)
def test_encode_body(media: str, value: Any, expected: bytes) -> None:
    """The media type decides how a body is written."""
    assert written.encode_body(value, parse({}, media)[0]) == expected


@pytest.mark.parametrize(("media", "value"), [("text/xml", {"a": 1}), ("text/plain", "a\ud800b")])
def test_what_a_media_type_cannot_hold_is_refused(media: str, value: Any) -> None:
    """Objects are no XML, and half a surrogate pair is no text."""
    with pytest.raises(ParameterError):
        written.encode_body(value, parse({}, media)[0])


@pytest.mark.parametrize(
    ("value", "encoding", "expected"),
    [
        ("x", {}, [(b"x", None)]),
        (5, {}, [(b"5", None)]),
        (["x", True], {}, [(b"x", None), (b"true", None)]),
        ({"b": 1}, {}, [(b'{"b":1}', "application/json")]),
        ([{"b": 1}, [2]], {}, [(b'{"b":1}', JSON), (b"[2]", JSON)]),
        ("x", {"contentType": "text/csv, text/plain"}, [(b"x", "text/csv")]),
        ("x", {"contentType": "Application/JSON;v=1"}, [(b'"x"', "Application/JSON;v=1")]),
        ({"b": 1}, {"contentType": "application/x+json"}, [(b'{"b":1}', "application/x+json")]),
        ("x", {"contentType": "image/*"}, [(b"x", None)]),
        ("x", {"contentType": 5}, [(b"x", None)]),
    ],
)
def test_encode_parts(value: Any, encoding: Any, expected: Any) -> None:
    """Each item is a part, with the media type that it is declared to have."""
    media, arguments = parse(fields(a=TEXT), MULTIPART, a=encoding)
    parts = written.encode_parts(arguments[0], value, media)
    assert parts == [("a", (None, content, kind)) for content, kind in expected]


def test_file_parts_have_names_and_types() -> None:
    """A file's part has its name, and its own type, the declared one, or that of bytes."""
    media, (plain, typed) = parse(fields(a=FILE, b=FILE), MULTIPART, b={"contentType": "image/png"})
    uploads = [Upload("Bild 3.45\u202fPM é.png", b"1", None), Upload("y", b"2", "text/x")]
    assert written.file_parts(plain, uploads, media) == [
        ("a", ("Bild 3.45\u202fPM é.png", b"1", "application/octet-stream")),
        ("a", ("y", b"2", "text/x")),
    ]
    assert written.file_parts(typed, uploads[:1], media)[0][1][2] == "image/png"


@pytest.mark.parametrize("name", ["a\r\nb", "a\0", "a\x7f", "a\ud800", "a\u2028"])
def test_file_names_cannot_break_their_line(name: str) -> None:
    """Control characters and lone surrogates are refused in a file's name."""
    media, (argument,) = parse(fields(a=FILE), MULTIPART)
    with pytest.raises(ParameterError, match="the file name"):
        written.file_parts(argument, [Upload(name, b"", None)], media)


def test_file_types_cannot_break_their_line() -> None:
    """The media type that a caller gives a file is checked like a header."""
    media, (argument,) = parse(fields(a=FILE), MULTIPART)
    with pytest.raises(ParameterError):
        written.file_parts(argument, [Upload("a", b"", "a/b\r\nX: y")], media)
    hostile, (argument,) = parse(fields(a=TEXT), MULTIPART, a={"contentType": "a/b\nX: y"})
    with pytest.raises(ParameterError):
        written.encode_parts(argument, "x", hostile)


@pytest.mark.parametrize(
    ("schema", "media", "value", "expected"),
    [
        (FILE, JSON, b"", False),
        (FILE, FORM, b"", False),
        (FILE, "application/octet-stream", "text", True),
        ({}, "*/*", b"", True),
        ({}, "image/png", b"", True),
        (TEXT, "text/plain", "text", False),
        (TEXT, "text/plain", 5, False),
        (TEXT, "text/csv", b"bytes", True),
        (TEXT, "text/csv", Path("x"), True),
        ({}, "application/xml", "<a/>", False),
        ({}, "application/xml", b"<a/>", True),
        (fields(a=FILE), MULTIPART, b"", True),
        (fields(a={"type": "array", "items": FILE}), MULTIPART, b"", True),
        (fields(a=TEXT), MULTIPART, "x", False),
        (fields(a=True), MULTIPART, "x", False),
    ],
)
def test_takes_file(schema: Any, media: str, value: Any, expected: bool) -> None:
    """Files go where the schema or the media type stands for bytes; text stays text."""
    made, arguments = parse(schema, media)
    assert written.takes_file(arguments[0], made, value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"1", True),
        (bytearray(), True),
        (Path("x"), True),
        (("n", b"1"), True),
        (io.BytesIO(), True),
        (SimpleNamespace(file_name="a", content=b""), True),
        (Upload("a", b"", None), True),
        ([b"1", Path("x")], True),
        ([b"1", "x"], False),
        ([], False),
        ("x", False),
        ({"a": 1}, False),
        (None, False),
    ],
)
def test_is_file(value: Any, expected: bool) -> None:
    """Bytes, paths, open files and pairs are files; text and JSON are not."""
    assert written.is_file(value) is expected


def test_takes_file_without_schema() -> None:
    """A property without a schema of its own is no file."""
    media, _ = parse(fields(a=FILE), MULTIPART)
    argument = Argument("x", "x", "body", False, None, "")
    assert written.takes_file(argument, media, b"") is False


def test_one_file_or_several() -> None:
    """An argument may be a file or a list of them."""
    assert [u.content for u in written.to_uploads(b"1", "a")] == [b"1"]
    assert [u.content for u in written.to_uploads([b"1", b"2"], "a")] == [b"1", b"2"]


def test_files_are_closed_where_another_is_bad(tmp_path: Path, monkeypatch: Any) -> None:
    """The files opened before the bad one do not stay open."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"1")
    opened: list[Upload] = []
    to_upload = written.to_upload
    monkeypatch.setattr(
        written, "to_upload", lambda v, n: opened.append(made := to_upload(v, n)) or made
    )
    with pytest.raises(TypeError):
        written.to_uploads([path, 5], "a")
    assert isinstance(opened[0].content, io.BufferedReader)
    assert opened[0].content.closed


@pytest.mark.parametrize(
    ("media", "upload", "expected"),
    [
        ("image/png; q=1", None, "image/png; q=1"),
        ("image/*", Upload("a", b"", "image/gif"), "image/gif"),
        ("image/png", Upload("a", b"", "image/gif"), "image/png"),
        ("*/*", Upload("a", b"", None), "application/octet-stream"),
        ("text/*", None, "text/plain; charset=utf-8"),
    ],
)
def test_content_type(media: str, upload: Upload | None, expected: str) -> None:
    """The documented type is sent; where it is a range, that of the file."""
    uploads = () if upload is None else (upload,)
    assert written.content_type(parse({}, media)[0], uploads) == expected
