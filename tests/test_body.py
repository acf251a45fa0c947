"""Writing request bodies."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mixdyn import body as written
from mixdyn.operation import Argument
from mixdyn.params import ParameterError
from mixdyn.payload import Part
from mixdyn.upload import Upload
from mixdyn.wire import WireError
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
        ("x", {"contentType": "image/*, text/csv"}, [(b"x", "text/csv")]),
        ("x", {"contentType": " , "}, [(b"x", None)]),
        ("x", {"contentType": 5}, [(b"x", None)]),
    ],
)
def test_encode_parts(value: Any, encoding: Any, expected: Any) -> None:
    """Each item is a part, with the media type that it is declared to have."""
    media, arguments = parse(fields(a=TEXT), MULTIPART, a=encoding)
    parts = written.encode_parts(arguments[0], value, media)
    assert parts == [Part("a", content, None, kind) for content, kind in expected]


def test_file_parts_have_names_and_types() -> None:
    """A file's part has its name, and its own type, the declared one, or that of bytes."""
    media, (plain, typed) = parse(fields(a=FILE, b=FILE), MULTIPART, b={"contentType": "image/png"})
    uploads = [Upload("Bild 3.45\u202fPM é.png", b"1", None), Upload("y", b"2", "text/x")]
    assert written.file_parts(plain, uploads, media) == [
        Part("a", uploads[0], "Bild 3.45\u202fPM é.png", "application/octet-stream"),
        Part("a", uploads[1], "y", "text/x"),
    ]
    assert written.file_parts(typed, uploads[:1], media)[0].content_type == "image/png"


@pytest.mark.parametrize(
    ("declared", "name", "own", "expected"),
    [
        ("image/png, image/jpeg", "a.jpg", None, "image/jpeg"),
        ("image/png, image/jpeg", "a.txt", None, "image/png"),
        ("image/png, image/jpeg", "a", None, "image/png"),
        ("image/png, image/jpeg", "a.jpg", "image/webp", "image/webp"),
        ("image/*", "a.gif", None, "image/gif"),
        ("image/*", "a.txt", None, "application/octet-stream"),
        ("image/*, text/csv", "a.json", None, "text/csv"),
        ("image/*", "a.gif", "image/x", "image/x"),
        ("*/*", "a.json", None, "application/json"),
        ("application/x+json, text/x", "a.json", None, "application/x+json"),
        ("image/png", "a.gif", None, "image/png"),
        ("image/png", "a.gif", "", "image/png"),
    ],
)
def test_types_of_files(declared: str, name: str, own: str | None, expected: str) -> None:
    """The caller's type counts; else the name's if it is among those declared, else the first."""
    media, (argument,) = parse(fields(a=FILE), MULTIPART, a={"contentType": declared})
    (part,) = written.file_parts(argument, [Upload(name, b"", own)], media)
    assert part.content_type == expected


def with_headers(schema: Any = FILE, **headers: Any) -> Any:
    """Give the media type and the argument of a property whose part has headers."""
    media, (argument,) = parse(fields(a=schema), MULTIPART, a={"headers": headers})
    return media, argument


def headers_of(given: dict[str, Any], **declared: Any) -> tuple[tuple[str, str], ...]:
    """Give the headers of a file's part."""
    media, argument = with_headers(**declared)
    upload = Upload("x", b"", None, tuple(given.items()))
    return written.file_parts(argument, [upload], media)[0].headers


@pytest.mark.parametrize(
    ("declared", "given", "expected"),
    [
        ({"schema": {"type": "string", "default": "d"}}, {}, "d"),
        ({"schema": {"default": "d"}}, {"x-a": "own"}, "own"),
        ({"schema": {"const": 5}}, {}, "5"),
        ({"schema": {"enum": ["only"]}}, {}, "only"),
        ({"schema": {"enum": ["one", "two"]}}, {}, None),
        ({"schema": {"enum": ["one", "two"]}, "required": True}, {"X-A": "two"}, "two"),
        ({}, {}, None),
        ({}, {"X-A": ""}, ""),
        ("nonsense", {}, None),
        ({"$ref": "#/components/headers/H"}, {}, "h"),
        ({"schema": {"$ref": "#/components/schemas/S"}}, {}, "s"),
        ({"schema": {}, "explode": True}, {"X-A": {"k": "v", "l": "w"}}, "k=v,l=w"),
        ({"schema": {}}, {"X-A": {"k": "v", "l": "w"}}, "k,v,l,w"),
        ({"schema": {}}, {"X-A": [1, 2]}, "1,2"),
    ],
)
def test_headers_of_parts(declared: Any, given: Any, expected: str | None) -> None:
    """A part has the caller's headers, and the document's where it has one value for them."""
    components = {
        "headers": {"H": {"schema": {"default": "h"}}},
        "schemas": {"S": {"default": "s"}},
    }
    encoding = {"a": {"headers": {"X-A": declared, "Content-Type": {"schema": {"const": "no"}}}}}
    operation = make_operation(
        body(fields(a=FILE), MULTIPART, encoding=encoding), components=components
    )
    assert operation.body is not None
    upload = Upload("x", b"", None, tuple(given.items()))
    media, (argument,) = operation.body.preferred, operation.arguments
    headers = written.file_parts(argument, [upload], media)[0].headers
    assert [(n.lower(), v) for n, v in headers] == ([] if expected is None else [("x-a", expected)])


def test_headers_that_no_document_declares() -> None:
    """A caller's headers are sent as they are named."""
    assert headers_of({"X-Own": 5}, **{"X-A": {"schema": {"const": "c"}}}) == (
        ("X-Own", "5"),
        ("X-A", "c"),
    )


def test_headers_of_fields() -> None:
    """A field has the headers that have one value; nobody could give another."""
    declared = {"X-A": {"schema": {"const": "c"}}, "X-B": {"required": True}}
    media, argument = with_headers(TEXT, **declared)
    assert written.encode_parts(argument, "x", media) == [
        Part("a", b"x", None, None, (("X-A", "c"),))
    ]


def test_media_types_without_schema_have_no_headers() -> None:
    """Where nothing says what the properties are, `encoding` says nothing of them."""
    encoding = {"a": {"headers": {"X-A": {"schema": {"const": "c"}}}}}
    content = {MULTIPART: {"encoding": encoding}}
    operation = make_operation({"requestBody": {"required": True, "content": content}})
    assert operation.body is not None
    argument = Argument("a", "a", "body", False, None, "")
    (part,) = written.encode_parts(argument, "x", operation.body.preferred)
    assert part.headers == ()


@pytest.mark.parametrize(
    ("given", "declared", "message"),
    [
        ({}, {"X-A": {"required": True}}, 'header X-A of the file is missing: give .*"headers"'),
        ({"X-A": "a\r\nb"}, {}, "header X-A of the file: character U"),
        ({"X A": "b"}, {}, "header X A of the file: this is no header name"),
        ({"Content-Length": "1"}, {}, "header Content-Length of the file: .* the HTTP client"),
        ({"content-Disposition": "x"}, {}, "made of the part's name and the file's"),
        ({}, {"X-A": {"$ref": "#/gone"}}, "header X-A of the part: .*gone"),
        ({}, {"X\nA": {"schema": {"const": "c"}}}, "no header name"),
        ({}, {"X-A": {"schema": {"const": "c\n"}}}, "in a header value"),
    ],
)
def test_bad_headers_of_parts(given: Any, declared: Any, message: str) -> None:
    """What is missing, and what could break a line, is refused before anything is sent."""
    with pytest.raises(ParameterError, match=message):
        headers_of(given, **declared)


@pytest.mark.parametrize("name", ["a\r\nb", "a\0", "a\x7f", "a\ud800", "a\u2028"])
def test_file_names_cannot_break_their_line(name: str) -> None:
    """Control characters and lone surrogates are refused in a file's name."""
    media, (argument,) = parse(fields(a=FILE), MULTIPART)
    with pytest.raises(ParameterError, match="the file name"):
        written.file_parts(argument, [Upload(name, b"", None)], media)


@pytest.mark.parametrize(("name", "is_good"), [("a\r\nb", True), ("a\0", False), ("\ud800", False)])
def test_names_of_parts(name: str, is_good: bool) -> None:
    """Line ends in a property's name are escaped when it is written, the rest is refused."""
    media, _ = parse(fields(a=FILE), MULTIPART)
    argument = Argument(name, name, "body", False, None, "")
    for write, value in ((written.file_parts, [Upload("x", b"")]), (written.encode_parts, "x")):
        if is_good:
            assert write(argument, value, media)[0].name == name
        else:
            with pytest.raises(ParameterError, match="the name of the part"):
                write(argument, value, media)


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


async def give() -> AsyncIterator[bytes]:
    """Nothing, awaited."""
    yield b""


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
        (iter([b"1"]), True),
        ((c for c in b""), True),
        (give(), True),
        ({"content": b"1", "fileName": "a"}, True),
        ({"content": "text", "file_name": "a"}, False),
        ({"content": b"1", "other": 5}, False),
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
    (upload,) = written.to_uploads(b"1", "a-b", "a_b")
    assert (upload.content, upload.file_name, upload.argument) == (b"1", "a-b", "a_b")
    uploads = written.to_uploads([b"1", b"2"], "a-b", "a_b")
    assert [(u.content, u.file_name) for u in uploads] == [(b"1", "a-b"), (b"2", "a-b")]
    assert [u.argument for u in uploads] == ["a_b[0]", "a_b[1]"]


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [(5, "a_b", "got int"), ([b"1", "x"], "a_b[1]", "got str"), (Path("/gone"), "a_b", "/gone")],
)
def test_what_is_no_file(value: Any, path: str, message: str) -> None:
    """The one that is bad among several is named."""
    with pytest.raises(WireError) as caught:
        written.to_uploads(value, "a-b", "a_b")
    assert caught.value.problem.path == path
    assert message in caught.value.problem.message


@pytest.mark.parametrize(
    ("uploads", "message"),
    [
        ([], "expected one file as the body, got 0"),
        ([Upload("a", b""), Upload("b", b"")], "got 2"),
        ([Upload("a", b"", None, (("X", "y"),))], "only the parts of multipart/form-data"),
    ],
)
def test_single_file(uploads: list[Upload], message: str) -> None:
    """The body is one file, whose headers are those of the request."""
    with pytest.raises(ParameterError, match=message):
        written.single_file(uploads)
    upload = Upload("a", b"")
    assert written.single_file([upload]) is upload


@pytest.mark.parametrize(
    ("media", "upload", "expected"),
    [
        ("image/png; q=1", None, "image/png; q=1"),
        ("image/*", Upload("a", b"", "image/gif"), "image/gif"),
        ("image/png", Upload("a", b"", "image/gif"), "image/png"),
        ("*/*", Upload("a", b"", None), "application/octet-stream"),
        ("image/*", Upload("a.png", b"", None), "image/png"),
        ("text/*", None, "text/plain; charset=utf-8"),
    ],
)
def test_content_type(media: str, upload: Upload | None, expected: str) -> None:
    """The documented type is sent; where it is a range, that of the file."""
    assert written.content_type(parse({}, media)[0], upload) == expected
