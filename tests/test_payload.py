"""Bodies: decoded by their media type, judged by their schema, strict about unknown fields."""

import pytest

from mixdyn.tools.mock.payload import find_unknown
from tests.apis import answers, ask, content, message_of, mock, schema_of, value_of

THING = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "count": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "place": {"type": "object", "properties": {"x": {"type": "integer"}}},
        "file": {"type": "string", "format": "binary"},
        "more": {"type": "array", "items": {"type": "string", "contentMediaType": "image/png"}},
    },
}
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def server(schema, media="application/json", required=True, **more):
    """A server that answers with the body's fields as it understood them."""
    body = {"required": required, **content(schema, media, **more)}
    return mock({"/x": {"post": {"requestBody": body, "responses": answers(THING)}}})


def post(served, body, content_type):
    return ask(served, "POST", "/x", body=body, headers={"content-type": content_type})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b'{"name": NaN}', "NaN is not a JSON number"),
        (b'{"name": 1e999}', "a number that is too large"),
        (b"[" * 300 + b"]" * 300, "nested too deeply"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"name": 5}', "$.name: expected type string, got 5"),
        (b"[]", "$: expected type object"),
        (b'{"name": "a", "place": {"y": 1}}', "$.place: 'y' is unknown"),
        (b"1" * 5000, "not valid JSON"),
        (b"", "not valid JSON"),
    ],
)
def test_bad_json_is_refused(body, told):
    """Malformed, oversized, deep and unfitting JSON is 400 and told apart."""
    assert told in message_of(post(server(THING), body, "application/json; charset=utf-8"))


def test_missing_bodies():
    """A required body must be there, another need not."""
    assert "the body is missing" in message_of(ask(server(THING), "POST", "/x"))
    assert ask(server(THING, required=False), "POST", "/x").status == 200
    none = mock({"/x": {"post": {"responses": answers()}}})
    assert ask(none, "POST", "/x").status == 200
    assert "takes no body" in message_of(ask(none, "POST", "/x", {"a": 1}))


def test_undocumented_media_types_are_415():
    """A media type that the operation does not list is refused, with those that it does."""
    message = message_of(post(server(THING), b"<x/>", "text/xml"), 415)
    assert message == "expected Content-Type application/json, got text/xml"
    assert "got nothing" in message_of(ask(server(THING), "POST", "/x", body=b"{}"), 415)


def test_forms():
    """Fields of a form are read by their schemas; objects are JSON, lists repeat."""
    served = server(THING, FORM)
    body = b"name=a+b%21&count=5&tags=x&tags=y&place=%7B%22x%22%3A1%7D"
    got = value_of(post(served, body, FORM))
    assert (got["name"], got["count"]) == ("a b!", 5)
    assert (got["tags"], got["place"]) == (["x", "y"], {"x": 1})
    assert "'name' is missing" in message_of(post(served, b"count=1", FORM))
    assert "'c ount' is unknown" in message_of(post(served, b"name=a&c+ount=1", FORM))
    assert ask(served, "POST", "/x", headers={"content-type": FORM}).status == 400


def test_forms_follow_their_encoding():
    """`encoding` tells style, explode and content type of a field."""
    encoding = {"tags": {"style": "form", "explode": False}, "place": {"style": "deepObject"}}
    served = server(THING, FORM, encoding=encoding)
    got = value_of(post(served, b"name=a&tags=x,y&place[x]=1", FORM))
    assert (got["tags"], got["place"]) == (["x", "y"], {"x": 1})


def test_open_forms_take_any_field():
    """A form whose schema allows other fields, or that has none, takes all."""
    open_form = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert post(server(open_form, FORM), b"a=1", FORM).status == 200
    assert post(server(open_form, FORM), b"a=x", FORM).status == 400
    bare = mock(
        {"/x": {"post": {"requestBody": {"content": {FORM: {}}}, "responses": answers(THING)}}}
    )
    assert value_of(post(bare, b"name=z", FORM))["name"] == "z"


def parts(*pieces):
    return (
        b"".join(b"--b\r\nContent-Disposition: form-data; " + p + b"\r\n" for p in pieces)
        + b"--b--"
    )


def multipart(served, *pieces):
    return post(served, parts(*pieces), f"{MULTIPART}; boundary=b")


def test_multipart_fields_and_files():
    """Fields are read by their schemas, files are kept apart; what must be there must."""
    served = server({**THING, "required": ["name", "file"]}, MULTIPART)
    fields = [
        b'name="name"\r\n\r\nRex',
        b'name="count"\r\n\r\n5',
        b'name="tags"\r\n\r\nx',
        b'name="tags"\r\n\r\ny',
        b'name="place"\r\n\r\n{"x": 1}',
        b'name="more"; filename="m"\r\n\r\nm',
    ]
    file = b'name="file"\r\nContent-Type: image/png\r\n\r\n\x00\xff'
    got = value_of(multipart(served, *fields, file))
    assert (got["name"], got["count"]) == ("Rex", 5)
    assert (got["tags"], got["place"]) == (["x", "y"], {"x": 1})
    assert "'file' is missing" in message_of(multipart(served, *fields))
    assert "'other' is unknown" in message_of(
        multipart(served, *fields, file, b'name="other"\r\n\r\n1')
    )


def test_multipart_lists_as_json():
    """A list may come as one part of JSON."""
    tags = b'name="tags"\r\nContent-Type: application/json\r\n\r\n["x"]'
    got = value_of(multipart(server(THING, MULTIPART), b'name="name"\r\n\r\na', tags))
    assert got["tags"] == ["x"]


def test_multipart_without_a_schema():
    """Parts that nothing describes are taken as they come."""
    bare = {"content": {MULTIPART: {}}}
    served = mock({"/x": {"post": {"requestBody": bare, "responses": answers(THING)}}})
    assert value_of(multipart(served, b'name="name"\r\n\r\nz'))["name"] == "z"


def test_text_and_bytes():
    """Text is decoded and judged, other bytes are taken as they are."""
    text = server({"type": "string", "maxLength": 3}, "text/plain")
    assert post(text, b"abc", "text/plain").status == 200
    assert post(text, b"abcd", "text/plain").status == 400
    assert post(text, "é".encode("latin-1"), "text/plain; charset=latin-1").status == 200
    assert "is not utf-8 text" in message_of(post(text, b"\xff", "text/plain"))
    assert "is not klingon text" in message_of(post(text, b"a", "text/plain; charset=klingon"))
    anything = server({}, "*/*")
    assert post(anything, b"\xff", "image/png").status == 200
    assert post(anything, b"x", "text/plain").status == 200
    unsaid = {"content": {"application/json": {}}}
    served = mock({"/x": {"post": {"requestBody": unsaid, "responses": answers()}}})
    assert ask(served, "POST", "/x", [1]).status == 200


def unknown(schema, value, **schemas):
    return [str(p) for p in find_unknown(schema_of(schema, **schemas), value)]


def test_unknown_fields():
    """Fields that no part of a schema knows are found at any depth, unless others are allowed."""
    inner = {"type": "object", "properties": {"a": {}}}
    outer = {"type": "object", "properties": {"list": {"type": "array", "items": inner}}}
    assert unknown(outer, {"list": [{"a": 1}, {"b": 1}]}) == ["$.list[1]: 'b' is unknown"]
    assert unknown({**inner, "additionalProperties": True}, {"b": 1}) == []
    assert unknown({**inner, "patternProperties": {"^b": {}}}, {"b": 1}) == []
    assert unknown({"type": "object", "additionalProperties": inner}, {"k": {"b": 1}}) == [
        "$.k: 'b' is unknown"
    ]
    assert unknown({"type": "object"}, {"b": 1}) == []
    assert unknown({"type": "array"}, [{"b": 1}]) == []
    assert unknown({"allOf": [inner, {"properties": {"b": {}}}]}, {"a": 1, "b": 2}) == []


def test_unknown_fields_of_unions():
    """A field is known if any branch knows it; with a discriminator, only the chosen one counts."""
    a = {"type": "object", "properties": {"kind": {"const": "a"}, "x": {}}}
    b = {"type": "object", "properties": {"kind": {"const": "b"}, "y": {}}}
    union = {"oneOf": [a, b]}
    assert unknown(union, {"x": 1, "y": 2}) == []
    assert unknown(union, {"z": 1}) == ["$: 'z' is unknown"]
    mapping = {"a": "#/components/schemas/A", "b": "#/components/schemas/B"}
    chosen = {
        "oneOf": [{"$ref": mapping["a"]}, {"$ref": mapping["b"]}],
        "discriminator": {"propertyName": "kind", "mapping": mapping},
    }
    assert unknown(chosen, {"kind": "a", "y": 1}, A=a, B=b) == ["$: 'y' is unknown"]
    assert unknown(chosen, {"kind": "c", "y": 1}, A=a, B=b) == []
