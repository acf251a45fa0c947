"""Which events a stream has, in which order, and what they carry."""

import json

import pytest

from mixdyn.sample import Taste
from mixdyn.tools.mock.script import Draft, split_text
from tests.apis import mock

MEDIA = "text/event-stream"


def script_of(schema, media=MEDIA, key="schema"):
    """The script of a stream with a schema, or with none."""
    described = {key: schema} if schema is not None else {}
    responses = {"200": {"description": "", "content": {media: described}}}
    served = mock({"/x": {"get": {"responses": responses}}})
    route = served.api.router.routes[0]
    return served.api.script(route, route.operation.responses[0].media[0])


def envelope(name, data, **more):
    event = {"type": "string", "const": name}
    properties = {"event": event, "data": data, **more}
    return {"type": "object", "required": ["event", "data"], "properties": properties}


def union(*names):
    return {"oneOf": [envelope(name, {"type": "string"}) for name in names]}


def run(script, text="a b", facts=None):
    return script.run(text, facts or {}, Taste())


def test_the_order_of_a_run():
    """Thoughts, tools (start before end), the rest, the content, and the end; no trouble."""
    names = [
        "done",
        "error",
        "text_delta",
        "heartbeat",
        "tool.finished",
        "tool.started",
        "usage",
        "thinking",
        "connected",
        "item_start",
    ]
    assert script_of(union(*names)).order() == [
        "item_start",
        "thinking",
        "tool.started",
        "tool.finished",
        "usage",
        "text_delta",
        "done",
    ]


def test_opening_and_heartbeat():
    """Streams open with the type that sounds like it; without one, with a comment."""
    named = script_of(union("ping", "message_start", "text"))
    assert named.opening({}, Taste())(0).startswith(b"event: message_start\nid: 0\ndata: ")
    assert named.heartbeat({}, Taste())(3).startswith(b"event: ping\nid: 3\n")
    bare = script_of(union("text", "other"))
    assert bare.opening({}, Taste())(0) == b": open\n\n"
    assert bare.heartbeat({}, Taste())(0) == b": keep-alive\n\n"


def test_text_data_carries_the_text():
    """Where data is plain text, it is the text itself, in pieces for the content."""
    drafts = run(script_of(union("text", "done")), "a b")
    assert [(d.name, d.data) for d in drafts] == [("text", "a "), ("text", "b"), ("done", "a b")]


def test_data_objects_carry_text_ids_and_type():
    """An object's content property has the piece, ids and a free `type` are filled in."""
    properties = {n: {"type": "string"} for n in ("content", "type", "sessionId")}
    data = {"type": "object", "required": list(properties), "properties": properties}
    fixed = {"type": "object", "properties": {"type": {"type": "string", "example": "kept"}}}
    script = script_of({"oneOf": [envelope("content", data), envelope("other", fixed)]})
    values = [json.loads(d.data) for d in run(script, "hi", {"session_id": "s1"})]
    assert {"content": "hi", "type": "content", "sessionId": "s1"} in values
    assert {"type": "kept"} in values


def test_text_that_does_not_fit_is_left_out():
    """A piece that the schema refuses is not sent."""
    short = {"type": "string", "maxLength": 1}
    data = {"type": "object", "required": ["content"], "properties": {"content": short}}
    drafts = run(script_of({"oneOf": [envelope("content", data), envelope("done", data)]}), "hello")
    assert {len(json.loads(d.data)["content"]) for d in drafts} == {1}


def test_retry_is_sent_only_where_it_must_be():
    """`retry` is part of the event only if the schema requires it."""
    event = envelope("a", {"type": "string"}, retry={"type": "integer", "const": 5})
    required = {**event, "required": ["event", "data", "retry"]}
    assert [d.retry for d in run(script_of(event))] == [None, None]
    assert run(script_of(required))[0].retry == 5


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (None, ["a ", "b"]),
        ({"type": "string"}, ["a ", "b"]),
        ({"type": "integer", "const": 5}, ["5", "5"]),
        (
            {"type": "object", "properties": {"text": {"type": "string"}}},
            ['{"text": "a "}', '{"text": "b"}'],
        ),
        ({"type": "object", "properties": {"n": {"const": 1}}}, ['{"n": 1}', '{"n": 1}']),
        (
            envelope("x", {"type": "object", "properties": {"text": {"type": "string"}}}),
            ['{"text": "a "}', '{"text": "b"}'],
        ),
    ],
)
def test_streams_of_one_kind(schema, expected):
    """A stream without types gives the text piece by piece, as far as its schema has a place."""
    assert [d.data for d in run(script_of(schema))] == expected


def test_item_schemas_of_3_2():
    """`itemSchema` describes the events like `schema` does."""
    assert script_of(union("a", "done"), key="itemSchema").order() == ["a", "done"]


def test_lines_are_never_envelopes():
    """JSON lines with a `data` property are sent whole."""
    item = {"type": "object", "required": ["data"], "properties": {"data": {"const": 1}}}
    lines = script_of(item, "application/jsonl").lines("a", {}, Taste())
    assert lines == b'{"data": 1}\n'


def test_the_wire_form():
    """Line breaks in data make more lines; none can enter the type."""
    draft = Draft("a\nb", "1\r\n2\r3\n\ud800", 7)
    assert (
        draft.encode(9)
        == b"event: a b\nid: 9\nretry: 7\ndata: 1\ndata: 2\ndata: 3\ndata: \\ud800\n\n"
    )


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", [""]),
        ("  ", ["  "]),
        ("one", ["one"]),
        ("a b c d e", ["a b ", "c d ", "e"]),
        (" a\n b ", [" a\n ", "b "]),
    ],
)
def test_texts_are_cut_between_words(text, pieces):
    """At most three pieces, which together are the text."""
    assert split_text(text) == pieces
