"""From a response to what the caller sees."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from mixdyn import errors
from mixdyn.errors import MixDefaultError, MixError, Problem, ResponseValidationError
from mixdyn.redact import Redactor
from mixdyn.response import ResponseReader
from tests.documents import INTEGER, JSON, TEXT, answers, fields, plan_operation, reply

BINARY = {"type": "string", "format": "binary"}
ITEM = fields("id", id=INTEGER)


def read(operation: Any, method: str = "get", **parts: Any) -> ResponseReader:
    return plan_operation(operation, method=method, **parts).reader


def decode(
    reader: ResponseReader,
    content: bytes,
    content_type: str = JSON,
    status: int = 200,
    mode: Any = "strict",
    reported: list[Problem] | None = None,
) -> Any:
    found = [] if reported is None else reported
    raw = reply(status, content_type)
    return reader.decode(raw, reader.match(status, content_type), content, mode, found.extend)


def fail(operation: Any, content: Any, status: int = 404, content_type: str = JSON) -> MixError:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read(operation).error(reply(status, content_type), body)


@pytest.mark.parametrize(
    ("status", "sent", "documented", "schema", "kind"),
    [
        (200, JSON, JSON, ITEM, "body"),
        (200, "application/problem+json", JSON, ITEM, "body"),
        (200, "text/plain", "text/plain", TEXT, "body"),
        (200, "application/xml; charset=utf-8", "application/xml", {}, "body"),
        (200, "application/octet-stream", "application/octet-stream", BINARY, "binary"),
        (200, "image/png", "image/*", BINARY, "binary"),
        (200, "text/csv", "text/csv", BINARY, "binary"),
        (200, JSON, JSON, BINARY, "binary"),
        (200, JSON, "application/octet-stream", BINARY, "binary"),
        (200, "text/plain", "*/*", BINARY, "binary"),
        (200, "application/pdf", JSON, ITEM, "binary"),
        (200, "text/html", JSON, ITEM, "body"),
        (200, "text/event-stream", JSON, ITEM, "events"),
        (200, "", JSON, ITEM, "body"),
        (200, "", "application/pdf", BINARY, "binary"),
        (204, "", JSON, ITEM, "body"),
        (404, JSON, JSON, ITEM, "error"),
        (302, "", JSON, ITEM, "error"),
        (100, "", JSON, ITEM, "error"),
    ],
)
def test_match_tells_how_to_take_a_response(
    status: int, sent: str, documented: str, schema: Any, kind: str
) -> None:
    """What the server sends decides; the document does where that is not telling."""
    assert read(answers(schema, media=documented)).match(status, sent).kind == kind


def test_matches_are_remembered_within_bounds() -> None:
    """A server that makes up media types does not fill the memory."""
    reader = read(answers(ITEM))
    assert reader.match(200, JSON) is reader.match(200, JSON)
    for i in range(1000):
        reader.match(200, f"text/x{i}")
    assert len(reader._matches) <= 64
    assert reader.match(200, "text/x999") == reader.match(200, "text/x999")


def test_json_becomes_a_typed_view() -> None:
    """A documented object is a view, one that fits no schema of ours is plain JSON."""
    assert decode(read(answers(ITEM)), b'{"id": 5}').id == 5
    assert decode(read(answers({})), b'{"id": 5}') == {"id": 5}
    assert decode(read(answers()), b'{"id": 5}') == {"id": 5}
    assert decode(read(answers(ITEM)), b'{"id": 5}', "").id == 5


def test_schemaless_media_is_decoded_unchecked() -> None:
    """A media type without a schema has nothing to check."""
    operation = {"responses": {"200": {"content": {JSON: {}}}}}
    assert decode(read(operation), b"[1]") == [1]


@pytest.mark.parametrize("number", [2**63, -(2**80), 10**30])
def test_big_integers_are_exact(number: int) -> None:
    """No integer is rounded on its way."""
    assert decode(read(answers(ITEM)), b'{"id": %d}' % number)["id"] == number


@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        ("é".encode(), "text/plain", "é"),
        (b"\xe9", "text/plain; charset=iso-8859-1", "é"),
        (b"\xe9", 'text/plain; charset="LATIN1"', "é"),
        (b"\xff", "text/plain", "\ufffd"),
        (b"\\N{DASH}", "text/plain; charset=unicode_escape", "\\N{DASH}"),
        (b"\\d", "text/plain; charset=raw-unicode-escape", "\\d"),
        (b"a", "text/plain; charset=idna", "a"),
        (b"a", "text/plain; charset=undefined", "a"),
        (b"a", "text/plain; charset=hex", "a"),
        (b"a", "text/plain; charset=unheard-of", "a"),
        (b"a", "text/plain; charset=a\0b", "a"),
        (b"a", "text/plain; format=flowed; charset=", "a"),
        (b"<a/>", "application/xml", "<a/>"),
    ],
)
def test_text_is_decoded_by_its_charset(content: bytes, content_type: str, expected: str) -> None:
    """The charset counts where it is one; decoding never fails."""
    assert decode(read(answers(TEXT, media="*/*")), content, content_type) == expected


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        (b'{"id":1}', "utf-8"),
        (b'\xef\xbb\xbf{"id":1}', "utf-8"),
        (b'{"id":1,"x":"\xc3\xa9"}', "iso-8859-1"),
        (b'\xef\xbb\xbf{"id":1}', "iso-8859-1"),
        (b'{"id":1,"x":"\xe9"}', "iso-8859-1"),
        ('{"id":1}'.encode("utf-16"), "utf-16"),
        ('{"id":1}'.encode("utf-16"), "utf-8"),
    ],
)
def test_json_is_read_whatever_its_charset(content: bytes, charset: str) -> None:
    """JSON is UTF-8 whatever is said, unless it then cannot be read."""
    assert decode(read(answers(ITEM)), content, f"{JSON}; charset={charset}").id == 1


def test_what_does_not_fit_is_refused_reported_or_let_through() -> None:
    """`strict` raises with the body kept, `warn` reports and gives the data, `off` gives it."""
    reader, reported = read(answers(ITEM)), list[Problem]()
    with pytest.raises(ResponseValidationError) as caught:
        decode(reader, b'{"id":"x"}')
    assert (caught.value.body, caught.value.status_code) == ('{"id":"x"}', 200)
    assert [p.path for p in caught.value.problems] == ["$.id"]
    assert decode(reader, b'{"id":"x"}', mode="warn", reported=reported)["id"] == "x"
    assert [p.path for p in reported] == ["$.id"]
    assert decode(reader, b'{"id":"x"}', mode="off", reported=reported)["id"] == "x"
    assert len(reported) == 1


@pytest.mark.parametrize("mode", ["strict", "warn", "off"])
@pytest.mark.parametrize(
    ("status", "content", "content_type", "expected"),
    [
        (201, b'{"id":1}', JSON, {"id": 1}),
        (200, b"<p>", "text/html", "<p>"),
        (299, b"", "", None),
    ],
)
def test_the_undocumented_is_decoded_and_reported(
    mode: Any, status: int, content: bytes, content_type: str, expected: Any
) -> None:
    """An undocumented status or type never fails a call that the server has carried out."""
    reported: list[Problem] = []
    assert decode(read(answers(ITEM)), content, content_type, status, mode, reported) == expected
    if mode == "off":
        assert reported == []
        return
    assert reported[0].message.startswith("expected one of 200 application/json, got ")


def test_reports_name_no_content_where_none_is_documented() -> None:
    """A response without content has no types to name."""
    reported: list[Problem] = []
    decode(read(answers()), b"x", "text/html", reported=reported)
    assert reported[0].message == "expected no content, got 200 text/html"


@pytest.mark.parametrize(("status", "method"), [(204, "get"), (205, "get"), (200, "head")])
def test_empty_answers_are_none(status: int, method: str) -> None:
    """No content where there can be none is None, and no problem."""
    reported: list[Problem] = []
    reader = read(answers(ITEM, str(status)), method)
    assert decode(reader, b"", "", status, "strict", reported) is None
    assert reported == []


def test_a_missing_body_is_a_problem() -> None:
    """An empty body where content is promised is one; without a promise it is None."""
    reported: list[Problem] = []
    with pytest.raises(ResponseValidationError, match="got an empty body"):
        decode(read(answers(ITEM)), b"")
    assert decode(read(answers(ITEM)), b"", mode="warn", reported=reported) is None
    assert len(reported) == 1
    assert decode(read(answers(ITEM)), b"", mode="off") is None
    assert decode(read(answers()), b"") is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"id": 1', "not valid JSON"),
        (b"<html>", "not valid JSON"),
        (b"\xff\xfe\xff", "not valid JSON"),
        (b"9" * 5000, "not valid JSON"),
        (b"[" * 200_000, "it is nested too deeply"),
    ],
)
def test_broken_json_is_one_error_of_ours(content: bytes, reason: str) -> None:
    """JSON that cannot be decoded raises in every mode, with status and a short excerpt."""
    for mode in ("strict", "warn", "off"):
        with pytest.raises(ResponseValidationError, match=reason) as caught:
            decode(read(answers(ITEM)), content, mode=mode)
        assert caught.value.status_code == 200
        assert len(caught.value.message) < 1000


def test_messages_show_no_secrets_of_a_body() -> None:
    """Where a message shows a body's beginning, secret members are masked, also in broken JSON."""
    content = b'{"access_token" : "hunter2\\"3", "name": "me", "password": "hunter2'
    with pytest.raises(ResponseValidationError) as caught:
        decode(read(answers(ITEM)), content)
    assert "hunter2" not in caught.value.message
    assert '"name": "me"' in caught.value.message
    assert "hunter2" in caught.value.body
    error = fail({}, content)
    assert "hunter2" not in error.message
    assert "hunter2" in error.body


KNOWN = Redactor(["seat"], ["sk-live-123"])


@pytest.mark.parametrize(
    "content",
    [
        {"error": {"message": "Incorrect API key provided: sk-live-123"}},
        {"message": "Bearer hunter2 is no token"},
        {"detail": "https://user:hunter2@h/?token=hunter2 cannot be reached"},
        {"other": {"seat": "hunter2", "tokens": ["hunter2"], "x": "sk-live-123"}},
        b"<p>key sk-live-123, password=hunter2</p>",
        b'{"other": "sk-live-123", "seat": "hunter2',
    ],
)
@pytest.mark.parametrize("documented", [False, True])
def test_errors_show_no_secrets_that_the_server_repeats(content: Any, documented: bool) -> None:
    """A server that repeats credentials puts them into no message, and into `body` as they came."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    operation = failing() if documented else {}
    error = read(operation, **PARTS).error(reply(404), text, KNOWN)
    shown = f"{error} {error!r} {error.message}"
    assert "***" in shown
    assert "sk-live" not in shown
    assert "hunter2" not in shown
    assert error.body == text.decode()


def test_findings_show_no_known_secrets() -> None:
    """What does not fit is told without the call's own secrets, in errors and in reports."""
    reader, reported = read(answers(fields(id={**TEXT, "maxLength": 3}))), list[Problem]()
    raw, match, content = reply(), reader.match(200, JSON), b'{"id": "sk-live-123"}'
    reader.decode(raw, match, content, "warn", reported.extend, lambda: KNOWN)
    assert reported == [Problem("$.id", "expected maxLength 3, got '***'")]
    with pytest.raises(ResponseValidationError) as caught:
        reader.decode(raw, match, content, "strict", reported.extend, lambda: KNOWN)
    assert caught.value.problems == tuple(reported)
    assert "sk-live" not in str(caught.value)
    with pytest.raises(ResponseValidationError, match=r"it begins a \*\*\*$") as caught:
        reader.decode(raw, match, b"a sk-live-123", "off", reported.extend, lambda: KNOWN)
    assert caught.value.body == "a sk-live-123"


ERROR = {"$ref": "#/components/schemas/Oops"}
OOPS = fields("error", error=fields("message", message=TEXT, code=INTEGER))
PARTS = {"components": {"schemas": {"Oops": OOPS}}}


def failing(schema: Any = ERROR, status: str = "404", media: str = JSON) -> dict[str, Any]:
    made: dict[str, Any] = answers(ITEM)
    made["responses"] |= answers(schema, status, media)["responses"]
    return made


def refuse(content: Any, status: int = 404, content_type: str = JSON, **more: Any) -> MixError:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read(failing(**more), **PARTS).error(reply(status, content_type), body)


def test_a_documented_error_is_of_its_class() -> None:
    """The class is named after the schema, its data typed, its message the server's own."""
    error = refuse({"error": {"message": "gone", "code": 7}})
    assert type(error) is errors.Oops
    assert error.data.error.code == 7
    assert (error.message, error.status_code) == ("gone", 404)
    assert error.body == '{"error": {"message": "gone", "code": 7}}'
    assert error.operation == "get_things (GET /things)"


@pytest.mark.parametrize("documented", ["404", "4XX", "4xx", "default"])
def test_errors_are_found_by_status(documented: str) -> None:
    """Status, class of status or `default` name the schema."""
    reader = read(failing(status=documented), **PARTS)
    assert type(reader.error(reply(404), b"{}")) is errors.Oops


@pytest.mark.parametrize(
    ("content", "content_type", "message"),
    [
        (b"<h1>Bad gateway</h1>", "text/html", "<h1>Bad gateway</h1>"),
        (b"", "", "get_things (GET /things) answered 404"),
        (b"{", JSON, "{"),
        (b"[" * 200_000, JSON, "[["),
        (b'{"error": "text, not an object"}', JSON, "text, not an object"),
        (b'"just text"', JSON, "just text"),
        (b"5", JSON, "5"),
        (b'{"other": {}}', JSON, '{"other": {}}'),
        (b"\xff", "text/plain; charset=utf-8", "\ufffd"),
        ('{"error": "é"}'.encode("latin-1"), f"{JSON}; charset=latin-1", "é"),
    ],
)
def test_other_bodies_still_raise_the_class_of_the_status(
    content: bytes, content_type: str, message: str
) -> None:
    """HTML, nothing, or JSON of another shape: the class is that of the status, the body kept."""
    error = refuse(content, content_type=content_type)
    assert type(error) is errors.Oops
    assert error.message.startswith(message)
    assert len(error.message) <= 1000


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"message": "m"}, "m"),
        ({"error": "e", "message": "m"}, "e"),
        ({"error": {}, "message": "m"}, "m"),
        ({"error": {"code": 5, "detail": "d"}}, "d"),
        ({"title": "t", "detail": "d"}, "d"),
        ({"error_description": "d"}, "d"),
        ({"detail": [{"loc": ["a"], "msg": "field required"}]}, "field required"),
        ({"errors": [{"message": "first"}, {"message": "second"}]}, "first"),
        ({"errors": [{"code": 1}, "second"]}, "second"),
        ({"errors": []}, '{"errors": []}'),
        ({"error": {"error": {"error": {"error": {"message": "deep"}}}}}, '{"error"'),
        ({"message": 5}, '{"message": 5}'),
    ],
)
def test_the_servers_own_words_are_found(value: Any, message: str) -> None:
    """The usual names for a message are looked for, a few levels deep."""
    assert refuse(value).message.startswith(message)


def test_hostile_messages_are_safe_to_print() -> None:
    """Escapes and bidirectional characters are shown, and a long message is cut."""
    error = refuse({"error": {"message": "\x1b[2J\u202e\r\n" + "x" * 5000}})
    assert error.message.startswith("\\x1b[2J\\u202e\\r\\n")
    assert len(error.message) <= 1000
    assert "\x1b" not in refuse(b"\x1b[2J", content_type="text/plain").message


def test_an_undocumented_status_takes_the_schema_that_fits() -> None:
    """Where no response covers the status, an error schema that the body fits names the class."""
    error = refuse({"error": {"message": "m"}}, 503)
    assert type(error) is errors.Oops
    assert error.data.error.message == "m"


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"error": 5}'])
def test_an_undocumented_status_is_a_default_error(content: bytes) -> None:
    """What the document does not describe raises MixDefaultError, and says so."""
    error = refuse(content, 503)
    assert type(error) is MixDefaultError
    assert "answered 503, as the document does not describe: " in error.message


def test_a_status_without_schema_is_a_default_error() -> None:
    """A documented status without a schema has no class of its own; its JSON is the data."""
    error = fail({"responses": {"404": {"description": "gone"}}}, {"a": 1})
    assert type(error) is MixDefaultError
    assert error.data == {"a": 1}
    assert error.message == 'get_things (GET /things) answered 404: {"a": 1}'


def test_schemaless_others_fit_nothing() -> None:
    """An error media type without a schema does not claim other statuses."""
    operation = {"responses": {"400": {"content": {JSON: {}}}}}
    assert type(fail(operation, {"a": 1}, 503)) is MixDefaultError


def test_error_classes_are_named_after_schema_or_operation() -> None:
    """A schema without a name gives the operation's; success types are no errors."""
    operation = {**failing(fields(a=TEXT)), "operationId": "getThing"}
    assert read(operation).error_names() == ["GetThingError"]
    assert read(failing(), **PARTS).error_names() == ["Oops"]


def test_scalar_errors_are_data_as_they_are() -> None:
    """An error schema that is no object gives plain data."""
    error = fail(failing(TEXT), "gone")
    assert (error.data, error.message) == ("gone", "gone")


def test_huge_bodies_make_short_messages() -> None:
    """A body of megabytes is kept, not shown."""
    error = fail({}, b"x" * 1_000_000, 500)
    assert len(error.message) < 500
    assert len(error.body) == 1_000_000


def test_views_are_mappings_of_what_was_received() -> None:
    """Nothing of the JSON is dropped, renamed or reordered."""
    content = b'{"z":null,"id":1,"a":[{"b":1.0}]}'
    result = decode(read(answers(ITEM)), content)
    assert json.dumps(result.to_dict(), separators=(",", ":")).encode() == content
    assert isinstance(result.to_dict(), Mapping)


BROKEN = fields(message=TEXT, inner=fields(deep={"$ref": "#/nowhere"}))


def test_a_schema_that_cannot_be_used_loses_no_answer() -> None:
    """What the server has done already is given unchecked, and the document's fault reported."""
    reported: list[Problem] = []
    result = decode(read(answers(BROKEN)), b'{"message": "done"}', reported=reported)
    assert result.message == "done"
    assert [p.message.partition(":")[0] for p in reported] == ["cannot be checked"]


def test_an_error_schema_that_cannot_be_used_hides_no_error() -> None:
    """The server's error is raised with its words, although the document's schema is broken."""
    error = fail(answers(BROKEN, status="404"), {"message": "gone"})
    assert (error.message, error.status_code) == ("gone", 404)


LOST = {"allOf": [{"$ref": "#/nowhere"}], "properties": {"kind": {"type": "string"}}}
PICKED = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "discriminator": {"propertyName": "message", "mapping": {"done": "#/components/schemas/Lost"}},
}


@pytest.mark.parametrize("schema", [{"type": "array", "items": {"$ref": "#/nowhere"}}, PICKED])
def test_values_without_a_usable_type_are_given_as_they_are(schema: Any) -> None:
    """Where a reference leads nowhere there is no view, and the JSON itself is the result."""
    reader = read(answers(schema), components={"schemas": {"Lost": LOST}})
    assert decode(reader, b'{"message": "done"}') == {"message": "done"}
    assert decode(read(answers(schema)), b"[1]") == [1]
