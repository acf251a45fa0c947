"""From an operation and arguments to a request, checked before anything is sent."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mixdyn import params
from mixdyn.binding import EXTRA
from mixdyn.errors import Problem, RequestValidationError
from mixdyn.payload import Part, Payload
from mixdyn.request import Request, RequestBuilder
from tests.documents import (
    FORM,
    INTEGER,
    JSON,
    MULTIPART,
    TEXT,
    answers,
    body,
    fields,
    make_operation,
    param,
)

FILE = {"type": "string", "format": "binary"}
SERVER = "https://a.io"


class Building:
    """A builder with everything but the values filled in; keeps what is reported."""

    def __init__(self, operation: Any, path: str = "/x", **parts: Any) -> None:
        self.builder = RequestBuilder(make_operation(operation, path, **parts), "agent/1")
        self.reported: list[tuple[Problem, ...]] = []

    def build(
        self, values: Any = None, server: str = SERVER, headers: Any = None, **more: Any
    ) -> Request:
        more.setdefault("report", self.reported.append)
        return self.builder.build(values or {}, server, headers or {}, **more)

    def problems(self, *given: Any, **more: Any) -> dict[str, str]:
        with pytest.raises(RequestValidationError) as caught:
            self.build(*given, **more)
        return {p.path: p.message for p in caught.value.problems}


def url(path: str, value: Any, *parameters: Any, **more: Any) -> str:
    return (
        Building({"parameters": list(parameters)}, path)
        .build(value, **more)
        .url.removeprefix(SERVER)
    )


def payload_of(made: Request) -> Payload:
    assert isinstance(made.content, Payload)
    return made.content


def parts_of(made: Request) -> list[tuple[Any, ...]]:
    """Give name, content, file name and type of each part."""
    return [
        (p.name, p.content if isinstance(p.content, bytes) else p.content.content, *p[2:4])
        for p in payload_of(made).parts
    ]


def test_a_request_is_put_together() -> None:
    """Path, query, headers, cookies and body come from the arguments of their places."""
    operation = {
        "parameters": [
            param("id", "path"),
            param("q"),
            param("X-Trace", "header"),
            param("sid", "cookie"),
        ],
        **body(fields("title", title=TEXT)),
        **answers(TEXT),
    }
    values = {"id": "a/b", "q": "x y", "x_trace": "t", "sid": "1;", "title": "é"}
    made = Building(operation, "/x/{id}").build(values)
    assert made == Request(
        "POST",
        "https://a.io/x/a%2Fb?q=x%20y",
        {
            "accept": "application/json",
            "user-agent": "agent/1",
            "x-trace": "t",
            "cookie": "sid=1%3B",
            "content-type": "application/json",
        },
        '{"title":"é"}'.encode(),
    )


@pytest.mark.parametrize("value", ["", ".", "..", "a\0b", "\ud800", None, {"a": {}}])
def test_bad_path_values_are_refused(value: Any) -> None:
    """What would be collapsed, or cannot be written, never becomes part of a path."""
    made = Building({"parameters": [param("a", "path", {})]}, "/x/{a}")
    assert list(made.problems({"a": value})) == ["a"]
    assert list(made.problems({"a": value}, mode="off")) == ["a"]


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/{a}{b}", {"a": ".", "b": "."}),
        ("/x/.{a}/y", {"a": "."}),
        ("/x/%2e{a}", {"a": "."}),
        ("/x/{a}%2E", {"a": "."}),
        ("/x/../{a}", {"a": "v"}),
        ("/x/%2E%2e/{a}", {"a": "v"}),
    ],
)
def test_dots_from_several_sources_are_refused(path: str, values: Any) -> None:
    """A segment that becomes dots only as a whole is refused as well."""
    made = Building({"parameters": [param("a", "path"), param("b", "path")]}, path)
    assert made.problems(values)
    assert made.problems(values, mode="off")


@pytest.mark.parametrize(
    ("path", "values", "expected"),
    [
        ("/{a}/{b}", {"a": "{b}", "b": "{a}"}, "/%7Bb%7D/%7Ba%7D"),
        ("/{a}{b}", {"a": "1", "b": "2"}, "/12"),
        ("/{a}/{a}", {"a": "1"}, "/1/1"),
        ("/{a}", {"a": "../../etc"}, "/..%2F..%2Fetc"),
        ("/{a}", {"a": "..."}, "/..."),
        ("/.well/{a}", {"a": ".x"}, "/.well/.x"),
        ("/{a}", {"a": "%2e%2e"}, "/%252e%252e"),
        ("/{a}", {"a": "é ?#;"}, "/%C3%A9%20%3F%23%3B"),
        ("/a b/é/%41/[x]/{a}", {"a": "1"}, "/a%20b/%C3%A9/%41/[x]/1"),
        ("/\ud800/{a}", {"a": "1"}, "/%ED%A0%80/1"),
        ("/{a}?v=1", {"a": "1", "q": "2"}, "/1?v=1&q=2"),
        ("/{a}#note", {"a": "1", "q": "2"}, "/1?q=2"),
        ("/{undeclared}", {"undeclared": "a/b"}, "/a%2Fb"),
    ],
)
def test_template_is_filled_once(path: str, values: Any, expected: str) -> None:
    """Values are escaped and never looked at again; literal parts stay what they are."""
    params = [param(name, "path") for name in "ab"]
    assert url(path, values, *params, param("q")) == expected


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("https://a.io/v1/", "https://a.io/v1/x?q=1"),
        ("https://a.io/v1?key=k", "https://a.io/v1/x?key=k&q=1"),
        ("https://a.io", "https://a.io/x?q=1"),
    ],
)
def test_path_and_query_of_the_server_are_kept(server: str, expected: str) -> None:
    """The operation's path and query are added to those of the server."""
    made = Building({"parameters": [param("q")]}).build({"q": "1"}, server)
    assert made.url == expected


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        (param("q", schema={"type": "array"}), ["a", "b"], "?q=a&q=b"),
        (param("q", schema={"type": "array"}, explode=False), ["a", "b"], "?q=a,b"),
        (param("q", schema={}, style="deepObject"), {"a": {"b": 1}}, "?q%5Ba%5D%5Bb%5D=1"),
        (param("q", allowReserved=True), "a/b", "?q=a/b"),
        (param("q"), "", "?q="),
        (param("q", schema={}), [], ""),
        (
            {"name": "q", "in": "query", "content": {JSON: {}}},
            {"a": "x"},
            "?q=%7B%22a%22%3A%22x%22%7D",
        ),
        ({"name": "q", "in": "query", "content": {"text/plain": {}}}, "x", "?q=x"),
        ({"name": "q", "in": "query", "content": {"text/plain": {}}}, 5, "?q=5"),
        ({"name": "q", "in": "query", "content": {JSON: {}}}, "x", "?q=%22x%22"),
        ({"name": "q", "in": "querystring", "content": {FORM: {}}}, {"a": 1, "b": "c"}, "?a=1&b=c"),
        ({"name": "q", "in": "querystring", "content": {JSON: {}}}, {"a": 1}, "?%7B%22a%22%3A1%7D"),
        ({"name": "q", "in": "querystring", "content": {"a/b": {}}}, "$.a", "?%24.a"),
    ],
)
def test_query_parameters(parameter: Any, value: Any, expected: str) -> None:
    """Styles and `content` decide how a value is written; OpenAPI 3.2's querystring is it all."""
    assert url("/x", {"q": value}, parameter) == f"/x{expected}"


def test_plain_texts_are_written_as_any_other() -> None:
    """What no style escapes is written as `params` writes it, in paths and queries."""
    texts = ["a", "a.b", "~-_.", "A0", "a b", "a/b", "%41", "é", "...a", "-", "~.."]
    for style, name in itertools.product(("simple", "label", "matrix"), ("a", "a_b")):
        parameter = param(name, "path", style=style)
        for text in texts:
            expected = params.encode_path(name, text, style=style)
            assert url(f"/{{{name}}}", {name: text}, parameter) == f"/{expected}"
    for style, name in itertools.product(("form", "pipeDelimited"), ("q", "q[]", "ä")):
        parameter = param(name, style=style)
        made = Building({"parameters": [parameter]})
        for text in texts:
            values = {made.builder.operation.arguments[0].name: text}
            expected = params.encode_query(name, text, style=style)
            assert made.build(values).url == f"{SERVER}/x?{expected}"


def test_a_name_with_half_a_character_is_told_when_it_is_used() -> None:
    """What a parameter's name cannot be written as is a problem of those calls that give it."""
    made = Building({"parameters": [param("q\ud800")]})
    assert made.build().url == f"{SERVER}/x"
    (argument,) = made.builder.operation.arguments
    assert "surrogate" in made.problems({argument.name: "a"})[argument.name]


def test_parameters_with_content_in_other_places() -> None:
    """A header with `content` is written as that media type."""
    parameter = {"name": "X-Filter", "in": "header", "content": {JSON: {}}}
    made = Building({"parameters": [parameter]}).build({"x_filter": {"a": 1}})
    assert made.headers["x-filter"] == '{"a":1}'


@pytest.mark.parametrize(
    ("value", "sent"),
    [([], None), ({}, None), ([None], None), ({"a": None}, None), (["a"], "a"), ("", "")],
)
def test_undefined_headers_are_left_out(value: Any, sent: str | None) -> None:
    """A header without anything to say is not sent (RFC 6570, 2.3), an empty text is."""
    made = Building({"parameters": [param("X-Ids", "header", {})]}).build({"x_ids": value})
    assert made.headers.get("x-ids") == sent


def test_json_headers_are_never_undefined() -> None:
    """A header that is described by a media type has its text, whatever the value."""
    described = {"name": "X-Ids", "in": "header", "content": {JSON: {"schema": {}}}}
    assert Building({"parameters": [described]}).build({"x_ids": []}).headers["x-ids"] == "[]"


def test_callers_headers_win_whatever_their_case() -> None:
    """A header of the call replaces ours, the documented ones and the parameters'."""
    operation = {"parameters": [param("X-Id", "header"), param("sid", "cookie")], **answers(TEXT)}
    headers = {"USER-AGENT": "me", "Accept": "a/b", "x-ID": "own", "Cookie": "a=1"}
    made = Building(operation).build({"x_id": "arg", "sid": "2"}, SERVER, headers)
    assert made.headers == {
        "user-agent": "me",
        "accept": "a/b",
        "x-id": "own",
        "cookie": "a=1; sid=2",
    }


def test_accept_is_overridden() -> None:
    """`accept` replaces the documented types; without any, everything is accepted."""
    assert Building(answers(TEXT)).build(accept="a/b").headers["accept"] == "a/b"
    assert Building({}).build().headers["accept"] == "*/*"
    assert Building(answers(TEXT, media="a\nb")).build().headers["accept"] == "*/*"


def test_hostile_headers_are_refused_all_at_once() -> None:
    """Framing headers, line breaks and bad names are refused in every mode."""
    headers = {"Content-Length": "1", "X-A": "a\r\nb", "bad name": "c"}
    for mode in ("strict", "off"):
        found = Building({}).problems({}, SERVER, headers, mode=mode, accept="a\nb")
        assert list(found) == [
            "http_headers: Content-Length",
            "http_headers: X-A",
            "http_headers: bad name",
            "http_headers: accept",
        ]


@pytest.mark.parametrize("name", ["Host", "Content-Length", "X\r\nY", "a b"])
def test_hostile_header_parameters_are_refused(name: str) -> None:
    """A document cannot name a parameter so that it changes the message's framing."""
    made = Building({"parameters": [param(name, "header")]})
    argument = made.builder.operation.arguments[0].name
    assert list(made.problems({argument: "1"})) == [argument]


def test_all_problems_of_a_request_are_told_at_once() -> None:
    """Headers, conversion, schemas, path and query: one error lists what is wrong anywhere."""
    operation = {
        "parameters": [
            param("id", "path"),
            param("n", schema=INTEGER),
            param("h", "header"),
            param("c", "cookie", style="cookie"),
            param("o", schema={}),
        ],
        **body(fields(title=TEXT, size=INTEGER)),
    }
    values = {"id": "..", "n": "x", "h": "a\nb", "c": "a b", "o": object(), "title": 5}
    found = Building(operation, "/x/{id}").problems(values, SERVER, {"Host": "x"})
    assert list(found) == ["http_headers: Host", "o", "n", "id", "h", "c"]
    values.pop("o")
    found = Building(operation, "/x/{id}").problems({**values, "h": "v"})
    assert list(found) == ["n", "title", "id", "c"]


def test_an_argument_is_blamed_once() -> None:
    """What does not fit its schema is not blamed again for what it cannot be written as."""
    made = Building({"parameters": [param("n", schema=INTEGER)]})
    assert list(made.problems({"n": {"a": {"b": 1}}})) == ["n"]


def test_message_names_the_operation_and_that_nothing_was_sent() -> None:
    """The error says which call it was, and where each problem is."""
    with pytest.raises(RequestValidationError) as caught:
        Building({"parameters": [param("n", schema=INTEGER)]}).build({"n": "x"})
    title, problem = caught.value.message.splitlines()
    assert title == "post_x (POST /x): the arguments do not fit, nothing was sent:"
    assert problem.startswith("  n: ")
    assert caught.value.operation == "post_x (POST /x)"


def test_modes() -> None:
    """`strict` raises, `warn` reports and sends, `off` sends."""
    made = Building(body(fields("title", title=TEXT)))
    assert list(made.problems({"title": 5})) == ["title"]
    assert made.build({"title": 5}, mode="warn").content == b'{"title":5}'
    assert [[p.path for p in found] for found in made.reported] == [["title"]]
    assert made.build({"title": 5}, mode="off").content == b'{"title":5}'
    assert len(made.reported) == 1


NULLABLE = {"type": ["string", "null"]}


@pytest.mark.parametrize(
    ("schema", "values", "expected"),
    [
        (fields(a=TEXT, b=TEXT), {"a": "x", "b": None}, {"a": "x"}),
        (fields(a=NULLABLE), {"a": None}, {"a": None}),
        (fields(a={**TEXT, "nullable": True}), {"a": None}, {"a": None}),
        (fields("a", a=NULLABLE), {"a": None}, {"a": None}),
    ],
)
def test_none_in_a_body(schema: Any, values: Any, expected: Any) -> None:
    """None of an optional property is "not given"; where null is allowed it is sent."""
    content = Building(body(schema)).build(values).content
    assert isinstance(content, bytes)
    assert json.loads(content) == expected


def test_none_that_is_required_is_checked() -> None:
    """None for a required property goes through the schema like any value."""
    assert list(Building(body(fields("a", a=TEXT))).problems({"a": None})) == ["a"]


def test_none_elsewhere_is_not_given() -> None:
    """None for an optional parameter or body sends nothing."""
    operation = {"parameters": [param("q", schema=NULLABLE)], **body(TEXT, required=False)}
    made = Building(operation).build({"q": None, "body": None})
    assert (made.url, made.content, "content-type" in made.headers) == (f"{SERVER}/x", None, False)
    nullable = Building(body(NULLABLE, required=False)).build({"body": None})
    assert nullable.content == b"null"


def test_empty_bodies() -> None:
    """A required body without fields is `{}`, an optional one is not sent at all."""
    assert Building(body(fields(a=TEXT))).build().content == b"{}"
    made = Building(body(fields(a=TEXT), required=False)).build({}, SERVER, {"Content-Type": JSON})
    assert (made.content, "content-type" in made.headers) == (None, False)
    strict = Building(body({**fields(a=TEXT), "minProperties": 1}))
    assert list(strict.problems({})) == ["body"]


def test_undeclared_properties_of_a_whole_body_are_sent() -> None:
    """What the binding set aside stands in the body, and is checked there."""
    schema = {**fields(a=TEXT), "additionalProperties": INTEGER}
    made = Building(body(schema))
    assert made.build({"a": "x", EXTRA: {"n": 1}}).content == b'{"a":"x","n":1}'
    assert list(made.problems({EXTRA: {"n": "x"}})) == ["n"]
    assert made.build({EXTRA: {"n": 1}}).content == b'{"n":1}'
    parts = Building(body(schema, MULTIPART)).build({EXTRA: {"n": 1}})
    assert parts_of(parts) == [("n", b"1", None, None)]
    assert list(made.problems({EXTRA: {"n": object()}})) == ["body.n"]
    assert list(made.problems({EXTRA: {5: 1}})) == ["body"]


def test_a_parameter_called_body_is_checked_as_itself() -> None:
    """A query parameter named `body` and the body itself do not hide each other."""
    made = Building({"parameters": [param("body", schema=INTEGER)], **body(fields(a=TEXT))})
    assert list(made.problems({"body": "x", "a": 5})) == ["body", "a"]
    assert made.build({"body": 1, "a": "x"}).url.endswith("?body=1")


@pytest.mark.parametrize(
    ("wanted", "sent", "content"),
    [
        (None, JSON, b'{"a":"x"}'),
        ("Application/JSON; v=2", "Application/JSON; v=2", b'{"a":"x"}'),
        (FORM, FORM, b"a=x"),
        ("text/unheard-of", "text/unheard-of", b'{"a":"x"}'),
    ],
)
def test_content_type_picks_the_media_type(wanted: Any, sent: str, content: bytes) -> None:
    """The caller's `Content-Type` picks among the documented media types."""
    schema = {"schema": fields(a=TEXT)}
    operation = {"requestBody": {"required": True, "content": {JSON: schema, FORM: schema}}}
    headers = {"Content-type": wanted} if wanted else {}
    made = Building(operation).build({"a": "x"}, SERVER, headers)
    assert (made.headers["content-type"], made.content) == (sent, content)


@pytest.mark.parametrize("media", [FORM, MULTIPART])
def test_forms_are_checked_too(media: str) -> None:
    """The properties of forms fit their schemas, as those of JSON do."""
    made = Building(body(fields("n", n=INTEGER, f=FILE), media))
    assert list(made.problems({"n": "x"})) == ["n"]
    assert made.build({"n": 1}).method == "POST"


def test_whole_form_and_text_bodies_are_checked() -> None:
    """A free-form form and a text fit the schema of the body."""
    free = Building(body({"type": "object", "additionalProperties": INTEGER}, FORM))
    assert free.build({"body": {"a": 1}}).content == b"a=1"
    assert list(free.problems({"body": {"a": "x"}})) == ["a"]
    text = Building(body({**TEXT, "maxLength": 2}, "text/plain"))
    assert text.build({"body": "ab"}).content == b"ab"
    assert list(text.problems({"body": "abc"})) == ["body"]
    xml = Building(body({"type": "object"}, "application/xml"))
    assert xml.build({"body": "<a/>"}).content == b"<a/>"


def test_multipart_bodies() -> None:
    """Each property is a part, files by their bytes; the boundary is the encoder's to set."""
    schema = fields(title=TEXT, meta={"type": "object"}, files={"type": "array", "items": FILE})
    values = {"title": "é", "meta": {"a": 1}, "files": [b"1", ("n.txt", b"2", "text/x")]}
    made = Building(body(schema, MULTIPART)).build(values, SERVER, {"Content-Type": MULTIPART})
    assert "content-type" not in made.headers
    assert parts_of(made) == [
        ("title", "é".encode(), None, None),
        ("meta", b'{"a":1}', None, JSON),
        ("files", b"1", "files", "application/octet-stream"),
        ("files", b"2", "n.txt", "text/x"),
    ]
    payload = payload_of(made)
    assert [u.argument for u in payload.files] == ["files[0]", "files[1]"]
    assert (payload.content_type or "").startswith(f"{MULTIPART}; boundary=")
    assert len(b"".join(payload.chunks())) == payload.size


@pytest.mark.parametrize("schema", [{"type": "object"}, {}, {"oneOf": [fields(a=TEXT)] * 2}])
def test_free_form_multipart_bodies(schema: Any) -> None:
    """Where no schema tells which properties are files, their values do."""
    values = {"f": [b"1", ("n.txt", b"2")], "t": "x", "n": 5, "e": [], "o": {"a": 1}}
    made = Building(body(schema, MULTIPART)).build({"body": values})
    assert parts_of(made) == [
        ("f", b"1", "f", "application/octet-stream"),
        ("f", b"2", "n.txt", "application/octet-stream"),
        ("t", b"x", None, None),
        ("n", b"5", None, None),
        ("o", b'{"a":1}', None, JSON),
    ]
    only = Building(body(schema, MULTIPART, required=False)).build({"body": {"f": b"1"}})
    assert parts_of(only) == [("f", b"1", "f", "application/octet-stream")]
    assert parts_of(Building(body(schema, MULTIPART)).build({"body": {}})) == []
    assert list(made_of(schema).problems({"body": {5: b"1"}})) == ["body"]
    assert list(made_of(schema).problems({"body": {"f": [b"1", Path("/gone")]}})) == ["f[1]"]


def made_of(schema: Any) -> Building:
    return Building(body(schema, MULTIPART))


def test_values_that_fail_when_they_are_looked_at() -> None:
    """An argument that raises while it is examined is a problem of that argument."""

    class Odd:
        @property
        def read(self) -> Any:
            raise ValueError("it is broken")

    assert made_of({}).problems({"body": {"f": Odd()}}) == {"body": "it is broken"}


def test_headers_and_types_of_parts() -> None:
    """`encoding` gives parts their headers and types; what is missing there is a problem."""
    rules = {"X-A": {"required": True}, "X-B": {"schema": {"const": "b"}}}
    encoding = {"f": {"contentType": "image/*", "headers": rules}}
    made = Building(body(fields(f=FILE, g=FILE), MULTIPART, encoding=encoding))
    good = {"f": ("a.gif", b"", None, {"x-a": 5}), "g": b""}
    assert payload_of(made.build(good)).parts[0][2:] == (
        "a.gif",
        "image/gif",
        (("x-a", "5"), ("X-B", "b")),
    )
    bad = {"f": b"", "g": ("g", b"", None, {"Host": "x"})}
    for mode in ("strict", "off"):
        found = made.problems(bad, mode=mode)
        assert "X-A of the file is missing" in found["f"]
        assert "belongs to the HTTP client" in found["g"]


def test_files_that_are_awaited() -> None:
    """Async iterators make a request that only a call that awaits can send."""

    async def give() -> AsyncIterator[bytes]:
        yield b"a"

    made = Building(body(fields(**{"a-file": FILE}), MULTIPART)).build({"a_file": give()})
    problem = payload_of(made).refuse_async()
    assert problem is not None
    assert problem.path == "a_file"
    free = payload_of(made_of({}).build({"body": {"f": give(), "g": iter([b"a"])}}))
    assert [f.is_async for f in free.files] == [True, False]


def test_binary_bodies() -> None:
    """Bytes, a path or an open file is sent as it is, with the documented or its own type."""
    made = Building(body(FILE, "application/pdf")).build({"body": b"1"})
    assert made.headers["content-type"] == "application/pdf"
    payload = payload_of(made)
    assert (payload.content_type, payload.parts, payload.size) == (None, (), 1)
    assert b"".join(payload.chunks()) == b"1"
    ranged = Building(body(FILE, "image/*")).build({"body": ("a", b"1", "image/gif")})
    assert ranged.headers["content-type"] == "image/gif"
    csv = Building(body(TEXT, "text/csv")).build({"body": io.BytesIO(b"a,b")})
    assert payload_of(csv).size == 3


@pytest.mark.parametrize("value", [[], [b"1", b"2"], ("a", b"1", None, {"X-A": "b"})])
def test_the_body_is_one_file(value: Any) -> None:
    """Where a file is the whole body, a list of several is not cut to the first."""
    assert list(Building(body(FILE, "application/pdf")).problems({"body": value})) == ["body"]
    one = Building(body(FILE, "application/pdf")).build({"body": [b"1"]})
    assert payload_of(one).size == 1


def test_a_file_and_more_needs_multipart() -> None:
    """Other media types carry a file or fields; nothing is dropped to make it fit."""
    made = Building(body(fields(f=FILE, t=TEXT), "multipart/mixed"))
    assert payload_of(made.build({"f": b"1"})).size == 1
    assert made.problems({"f": b"1", "t": "x"}) == {
        "body": "a file and more can only be sent as multipart/form-data"
    }
    whole = Building(body({}, "multipart/related; boundary=b")).build({"body": b"--b--"})
    assert whole.headers["content-type"] == "multipart/related; boundary=b"
    assert b"".join(payload_of(whole).chunks()) == b"--b--"


@pytest.mark.parametrize(
    "value", [5, "text", {"content": b"1", "size": 2}, Path("/gone/x"), Path("a\0")]
)
def test_bad_files_are_refused(value: Any) -> None:
    """What is no file, or cannot be opened, is a problem of its argument."""
    assert list(Building(body(FILE, "application/pdf")).problems({"body": value})) == ["body"]


def test_hostile_file_types_are_refused() -> None:
    """The type of a file cannot inject a header line."""
    made = Building(body(FILE, "image/*"))
    assert list(made.problems({"body": ("a", b"1", "image/png\r\nX: y")})) == ["body"]


def test_no_file_is_opened_before_it_is_sent(tmp_path: Path, monkeypatch: Any) -> None:
    """A request that is prepared holds no file; one that is not there is told all the same."""
    path = tmp_path / "a"
    path.write_bytes(b"1")
    made = Building(body(fields(a=FILE, b=FILE), MULTIPART))
    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", lambda *_, **__: pytest.fail("opened"))
        request = made.build({"a": path})
        found = made.problems({"a": path, "b": tmp_path / "gone"})
    assert list(found) == ["b"]
    assert b"1" in b"".join(payload_of(request).chunks())
    assert payload_of(request).parts == (
        Part("a", payload_of(request).files[0], "a", "application/octet-stream"),
    )


def test_errors_of_a_report_come_through() -> None:
    """An error that is not ours is left as it is."""

    def report(problems: Any) -> None:
        raise KeyboardInterrupt

    operation = {"parameters": [param("n", schema=INTEGER)], **body(FILE, "application/pdf")}
    with pytest.raises(KeyboardInterrupt):
        Building(operation).build({"n": "x", "body": b""}, mode="warn", report=report)


def test_values_that_json_cannot_hold_are_refused() -> None:
    """NaN and a body inside itself are problems, not crashes."""
    loop: list[Any] = []
    loop.append(loop)
    made = Building(body(fields(a={}, b={})))
    found = made.problems({"a": float("nan"), "b": loop})
    assert len(found) == 2


def test_what_is_not_given_is_not_sent() -> None:
    """Absent optional arguments leave no trace; a required one that is bad is a problem."""
    operation = {"parameters": [param("id", "path"), param("h", "header"), param("c", "cookie")]}
    made = Building(operation, "/x/{id}")
    assert sorted(made.build({"id": "1"}).headers) == ["accept", "user-agent"]
    assert list(made.problems({"id": object()})) == ["id"]


def test_nothing_is_validated_without_schemas() -> None:
    """An operation without parameters or schemas has nothing to check."""
    assert Building({}).build().url == f"{SERVER}/x"
    assert (
        Building({"requestBody": {"required": True, "content": {JSON: {}}}})
        .build({"body": 1})
        .content
        == b"1"
    )
