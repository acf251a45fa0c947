"""From a raw server-sent event to a typed one."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mixdyn.bundled import BUNDLED
from mixdyn.catalog import build_catalog
from mixdyn.document import Document
from mixdyn.event import EventReader, ServerEvent, UnknownEvent
from mixdyn.misfit import list_faults
from mixdyn.operation import parse_operation
from mixdyn.plan import make_plan
from mixdyn.results import Model, Types
from mixdyn.sample import Sampler, Taste
from mixdyn.schema import Schemas
from mixdyn.sequence import BrokenRecord
from mixdyn.sse import EventTooLargeError, RawEvent
from tests.documents import INTEGER, TEXT, answers, fields, plan_operation

SSE = "text/event-stream"


def reader(schema: Any, *, item: bool = False, **schemas: Any) -> EventReader:
    operation: dict[str, Any] = answers(schema, media=SSE)
    if item:
        operation["responses"]["200"]["content"][SSE] = {"itemSchema": schema}
    return plan_operation(operation, components={"schemas": schemas}).events


def read(
    made: EventReader, data: str, event: str = "message", last: str = "1", retry: Any = None
) -> Any:
    found, wrong = made.read(RawEvent(event, data, last, retry), is_checked=True)
    assert list_faults(wrong) == ()
    return found


def problems(made: EventReader, data: str, event: str = "message") -> list[str]:
    return [p.path for p in made.read(RawEvent(event, data, "1"), is_checked=True)[1]]


def envelope(data: Any, event: Any = None, **more: Any) -> dict[str, Any]:
    kind = {"const": event} if event else TEXT
    return fields("event", "data", event=kind, data=data, id=TEXT, retry=INTEGER, **more)


MIX = next(e for e in BUNDLED.catalog.entries if e.qualified_name == "streaming.stream_events")
PUBLISHED = {
    "connected": '{"sessionId": "s1"}',
    "heartbeat": '{"type": "ping"}',
    "error": '{"error": "boom"}',
    "complete": '{"type": "complete", "content": "c", "done": true}',
    "content": '{"type": "content", "content": "c"}',
    "thinking": '{"type": "thinking", "content": "c"}',
    "tool": '{"type": "tool", "id": "t", "name": "n", "input": "{}", "status": "running"}',
    "tool_execution_start": '{"type": "t", "progress": "p", "toolCallId": "i", "toolName": "n"}',
    "tool_execution_complete": (
        '{"type": "t", "progress": "p", "success": true, "toolCallId": "i", "toolName": "n"}'
    ),
    "permission": (
        '{"type": "permission", "id": "p", "sessionId": "s", "toolName": "n",'
        ' "description": "d", "action": "a", "params": {}}'
    ),
    "summarize": '{"type": "summarize", "progress": "p", "done": false}',
}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_published_events_fit_and_are_typed(kind: str) -> None:
    """Each kind of event of the bundled document fits its own branch and has its type."""
    event = read(BUNDLED.plan(MIX).events, PUBLISHED[kind], kind, "7", 1000)
    assert type(event).__name__ == f"SSE{''.join(w.title() for w in kind.split('_'))}Event"
    assert (event.event, event.id, event.retry) == (kind, "7", 1000)
    assert isinstance(event.data, Model)


def test_every_published_kind_is_covered() -> None:
    """The table above has all kinds that the bundled document knows."""
    discriminator = BUNDLED.plan(MIX).events.discriminator
    assert discriminator is not None
    assert set(discriminator.branches) == set(PUBLISHED)


def test_an_unknown_type_is_an_untyped_event() -> None:
    """A type that the document does not list is delivered, and is no problem."""
    event = read(BUNDLED.plan(MIX).events, '{"a": 1}', "message", "7", 5)
    assert type(event) is UnknownEvent
    assert (event.event, event.id, event.data, event.retry) == ("message", "7", {"a": 1}, 5)
    assert read(reader(True), "x").retry is None


def test_a_bad_event_is_typed_all_the_same() -> None:
    """What does not fit is told beside the event; unchecked, nothing is."""
    made = BUNDLED.plan(MIX).events
    raw = RawEvent("content", '{"type": 5}', "1")
    event, found = made.read(raw, is_checked=True)
    assert found
    assert event["data"] == {"type": 5}
    assert made.read(raw, is_checked=False)[1] == ()


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]},
        {
            "oneOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}],
            "discriminator": {"propertyName": "event"},
        },
        {
            "anyOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}],
            "discriminator": {"propertyName": "event", "mapping": {"b": "B"}},
        },
    ],
)
def test_branch_is_picked_by_its_values(schema: Any) -> None:
    """`const` and `enum`, with or without a discriminator, tell the branch of an event."""
    parts = {
        "A": envelope(fields("n", n=INTEGER), "a"),
        "B": fields("data", event={"enum": ["b"]}, data=fields("m", m=INTEGER)),
    }
    made = reader(schema, **parts)
    assert made.is_envelope
    assert read(made, '{"n": 1}', "a").data.n == 1
    assert type(read(made, '{"m": 2}', "b")).__name__ == "B"
    assert problems(made, '{"m": "x"}', "b") == ["$.data.m"]
    assert type(read(made, "{}", "c")) is UnknownEvent


def test_branch_is_picked_by_the_schemas_name() -> None:
    """A discriminator without mapping means the names of the schemas."""
    schema = {
        "oneOf": [{"$ref": "#/components/schemas/ping"}, {"$ref": "#/components/schemas/pong"}],
        "discriminator": {"propertyName": "event"},
    }
    made = reader(schema, ping=envelope(TEXT), pong=envelope(INTEGER))
    assert read(made, "1", "ping").data == "1"
    assert read(made, "1", "pong").data == 1


def test_payloads_are_typed_beside_their_event() -> None:
    """A schema without an event's fields describes the data; the event stands around it."""
    made = reader(fields("at", at={**TEXT, "format": "date-time"}))
    event = read(made, '{"at": "2025-01-01T00:00:00Z"}', "tick", "9")
    assert type(event) is ServerEvent
    assert event.data.at == datetime(2025, 1, 1, tzinfo=UTC)
    assert (event.event, event.id, event.retry) == ("tick", "9", None)
    assert problems(made, '{"at": 5}') == ["$.at"]


def test_a_payload_may_have_data_of_its_own() -> None:
    """An object with `data` and fields that no event has is a payload."""
    made = reader(fields("data", type=TEXT, data=INTEGER))
    assert not made.is_envelope
    assert read(made, '{"type": "x", "data": 1}').data.data == 1


def test_payloads_have_discriminators_too() -> None:
    """A union of payloads is told apart by a property of the data."""
    schema = {"oneOf": [fields("t", t={"const": c}, n=INTEGER) for c in ("a", "b")]}
    made = reader(schema)
    assert read(made, '{"t": "a", "n": 1}').data.n == 1
    assert type(read(made, '{"t": "c"}')) is UnknownEvent
    assert type(read(made, "[1]")) is UnknownEvent


def test_a_union_that_nothing_tells_apart_is_checked_as_it_is() -> None:
    """Without a discriminator the best branch gives the type."""
    made = reader({"oneOf": [envelope(fields("n", n=INTEGER)), envelope(fields("m", m=INTEGER))]})
    assert made.discriminator is None
    assert read(made, '{"m": 1}').data.m == 1


@pytest.mark.parametrize(
    ("schema", "data", "expected"),
    [
        (TEXT, "123", "123"),
        (TEXT, '{"a": 1}', '{"a": 1}'),
        (TEXT, "null", "null"),
        (TEXT, "plain", "plain"),
        ({"type": ["string", "null"]}, "null", None),
        ({"type": ["string", "null"]}, "5", "5"),
        (INTEGER, "123", 123),
        ({}, "plain text", "plain text"),
        ({}, '"quoted"', "quoted"),
        ({}, "{broken", "{broken"),
        ({}, "[" * 100_000, "[" * 100_000),
        ({}, "123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_data_is_json_unless_it_is_declared_text(schema: Any, data: str, expected: Any) -> None:
    """JSON is decoded; what is not JSON, and what is declared text, stays text."""
    assert read(reader(schema), data).data == expected
    assert read(reader(envelope(schema)), data).data == expected


def test_streams_without_schema_give_untyped_events() -> None:
    """A stream that the document does not describe still gives its events."""
    made = plan_operation(answers()).events
    assert type(read(made, '{"a": 1}')) is UnknownEvent


HELD = {**TEXT, "contentMediaType": "application/json"}


@pytest.mark.parametrize("item", [True, False])
def test_text_that_holds_json_is_read_by_its_own_schema(item: bool) -> None:
    """`contentMediaType` and `contentSchema` type and check what the text of an event holds."""
    inner = fields("n", n=INTEGER)
    held = {**HELD, "contentSchema": inner}
    for made in (reader(envelope(held), item=item), reader(held, item=item)):
        event = read(made, '{"n": 1}', "tick", "9", 5)
        assert type(event) is ServerEvent
        assert (event.data.n, event.event, event.retry) == (1, "tick", 5)
        assert problems(made, '{"n": "x"}') == ["$.data.n"]
        assert problems(made, "{broken") == ["$.data"]
        raw = RawEvent("tick", '{"n": "x"}', "1")
        assert made.read(raw, is_checked=False)[1] == ()


def test_text_that_holds_json_without_a_schema() -> None:
    """Without `contentSchema` the JSON is decoded, and the text still checked."""
    made = reader(envelope({**HELD, "maxLength": 9}))
    assert read(made, '{"n": 1}').data == {"n": 1}
    assert problems(made, '{"n": 12345}') == ["$.data"]


def test_branches_may_hold_json() -> None:
    """In a union of events, each branch has its own kind of data (OpenAPI 3.2, 4.14.4)."""
    schema = {
        "oneOf": [
            envelope({**HELD, "contentSchema": fields("n", n=INTEGER)}, "add"),
            envelope(TEXT, "note"),
        ]
    }
    made = reader(schema, item=True)
    assert read(made, '{"n": 1}', "add").data.n == 1
    assert read(made, "17", "note").data == "17"


def test_events_as_the_specification_has_them() -> None:
    """What stands beside `oneOf` goes for every branch, as in OpenAPI 3.2's own example."""
    held = {"contentMediaType": "application/json", "contentSchema": fields("foo", foo=INTEGER)}
    schema = {
        **fields("event", event=TEXT, data=TEXT, retry=INTEGER, id=TEXT),
        "oneOf": [
            {"properties": {"event": {"const": "addString"}}},
            {"properties": {"event": {"const": "addInt64"}, "data": {"format": "int64"}}},
            {"properties": {"event": {"const": "addJson"}, "data": held}},
        ],
    }
    made = reader(schema, item=True)
    assert made.is_envelope
    assert read(made, "17", "addString").data == "17"
    assert read(made, "1234", "addInt64").data == "1234"
    assert read(made, '{"foo": 42}', "addJson").data.foo == 42
    assert problems(made, '{"foo": "x"}', "addJson") == ["$.data.foo"]
    assert type(read(made, "x", "other")) is UnknownEvent


def test_fields_beside_a_union_are_checked_too() -> None:
    """A branch does not lift what its parent asks for."""
    branch = {"properties": {"event": {"enum": ["a"]}}}
    other = {"properties": {"event": {"enum": ["b"]}}}
    made = reader({**fields("data", data=INTEGER, event=TEXT), "oneOf": [branch, other]})
    assert read(made, "5", "a").data == 5
    assert problems(made, "x", "a") == ["$.data"]


def test_an_envelope_that_is_read_as_something_else_stays_an_event() -> None:
    """Whatever the schema makes of it, what comes out is an event."""
    made = reader({"properties": {"data": TEXT, "event": TEXT}, "type": "array"})
    event, found = made.read(RawEvent("a", "x", "1"), is_checked=True)
    assert isinstance(event, Model)
    assert found
    assert event.event == "a"


def test_a_union_that_names_itself() -> None:
    """A union with itself among its branches is the union of the others."""
    union = {"oneOf": [{"$ref": "#/components/schemas/U"}, envelope(TEXT)]}
    event = read(reader({"$ref": "#/components/schemas/U"}, U=union), "x", "tick")
    assert (event.event, event.data) == ("tick", "x")


def events() -> list[Any]:
    typed = reader(fields(n=INTEGER))
    return [
        UnknownEvent.of({"event": "a", "data": {"n": [1]}, "id": "1"}, '{"n": [1]}'),
        read(typed, '{"n": 1}', "b", "2", 3),
    ]


@pytest.mark.parametrize("event", events())
@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda event: pickle.loads(pickle.dumps(event))]
)
def test_events_are_copied_and_pickled(event: Any, again: Any) -> None:
    """Copies, also by way of a pickle, equal their original and have its type."""
    made = again(event)
    assert type(made) is type(event)
    assert made == event
    assert made.to_dict() == event.to_dict()
    assert made.data == event.data
    assert (made.event, made.id, made.retry) == (event.event, event.id, event.retry)


def test_deep_copies_share_nothing() -> None:
    """What changes in a deep copy does not change in the original."""
    for event in events():
        made = copy.deepcopy(event)
        made["data"]["n"] = "changed"
        assert event["data"]["n"] != "changed"


def test_events_show_themselves() -> None:
    """The repr names type and fields."""
    unknown, typed = events()
    assert repr(unknown) == "UnknownEvent(event='a', id='1', data={1 items})"
    secret = UnknownEvent.of({"event": "a", "data": {"token": "hush"}}, "")
    assert repr(secret.data) == "{'token': '***'}"
    assert repr(typed).startswith("ServerEvent(event='b', id='2', data=")
    assert {"event", "id", "data", "retry"} <= set(dir(typed))


def test_problems_stand_on_the_event() -> None:
    """What does not fit is told by the event itself, which keeps its type."""
    made = BUNDLED.plan(MIX).events
    event, found = made.read(RawEvent("content", '{"type": 5}', "1"), is_checked=True)
    assert event.problems == found
    assert type(event).__name__ == "SSEContentEvent"
    good = read(made, PUBLISHED["content"], "content")
    assert good.problems == ()
    assert isinstance(good, BUNDLED.types.model(made.discriminator.branches["content"]))
    assert made.read(RawEvent("content", "{}", "1"), is_checked=False)[0].problems == ()


def test_problems_survive_copies_and_pickles() -> None:
    """Copies keep the problems, and the class."""
    made = BUNDLED.plan(MIX).events
    for data in ('{"type": 5}', PUBLISHED["content"]):
        event, _ = made.read(RawEvent("content", data, "1"), is_checked=True)
        for again in (copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event))):
            assert type(again) is type(event)
            assert again == event
            assert again.problems == event.problems
    payload, _ = reader(fields(n=INTEGER)).read(RawEvent("a", '{"n": "x"}', ""), is_checked=True)
    assert pickle.loads(pickle.dumps(payload)).problems == payload.problems != ()


def test_a_field_called_problems_goes_first() -> None:
    """An event's own field of that name is not hidden, declared or not."""
    made = records(fields("problems", problems={"type": "array"}))
    assert read(made, '{"problems": [1]}').problems == [1]
    undeclared = read(records(fields(n=INTEGER)), '{"n": 1, "problems": 5}')
    assert undeclared.problems == 5


def test_unknown_events_have_their_text() -> None:
    """The data of an event that is not known is there decoded, and as it was sent."""
    event = read(BUNDLED.plan(MIX).events, '{"a":  1}', "new")
    assert (event.data, event.text, event.problems) == ({"a": 1}, '{"a":  1}', ())
    assert read(BUNDLED.plan(MIX).events, "plain", "new").text == "plain"


def test_new_values_and_fields_pass() -> None:
    """A newer server's enum values and further fields are no problem."""
    colour = {"enum": ["red", "blue"]}
    data = {**fields("colour", colour=colour), "additionalProperties": False}
    made = reader({**envelope(data, "paint"), "additionalProperties": False})
    event = read(made, '{"colour": "green", "new": 1}', "paint")
    assert (event.data.colour, event.data.new) == ("green", 1)
    assert problems(made, '{"colour": 5}', "paint") == ["$.data.colour"]


def test_the_sentinel_stands_at_the_media_type() -> None:
    """The reader knows the text that ends a stream; nonsense is none."""
    operation = answers({}, media=SSE)
    media = operation["responses"]["200"]["content"][SSE]
    media["x-speakeasy-sse-sentinel"] = "[DONE]"
    assert plan_operation(operation).events.sentinel == "[DONE]"
    media["x-speakeasy-sse-sentinel"] = 5
    assert plan_operation(operation).events.sentinel == ""


LINES = "application/x-ndjson"


def sent(schema: Any, declared: str, actual: str, **schemas: Any) -> EventReader:
    """The reader of an operation that declares one media type, and sends another."""
    plan = plan_operation(answers(schema, media=declared), components={"schemas": schemas})
    response = plan.operation.response(200)
    assert response is not None
    return plan.events.sent_as(response.match(actual), actual)


def records(schema: Any, media: str = LINES) -> EventReader:
    return sent(schema, media, media)


def test_records_are_the_typed_views_themselves() -> None:
    """A line has no event around it: what the schema describes is the item."""
    made = records(fields("n", n=INTEGER, at={**TEXT, "format": "date-time"}))
    item = read(made, '{"n": 1, "at": "2025-01-01T00:00:00Z"}', "", "")
    assert isinstance(item, Model)
    assert (item.n, item.at, item["at"]) == (1, datetime(2025, 1, 1, tzinfo=UTC), item["at"])
    assert problems(made, '{"n": "x"}') == ["$.n"]
    assert item.problems == ()


def test_records_may_look_like_events() -> None:
    """A line with `event` and `data` is an item as any other."""
    item = read(records(envelope(fields("n", n=INTEGER), "a")), '{"event": "a", "data": {"n": 1}}')
    assert (item.event, item.data.n) == ("a", 1)


def test_records_of_other_kinds() -> None:
    """Numbers, texts and arrays are items too; what does not fit comes as an unknown event."""
    assert read(records(INTEGER), "5") == 5
    assert read(records(TEXT), '"5"') == '"5"'
    event, found = records(INTEGER).read(RawEvent("", '"x"', ""), is_checked=True)
    assert (type(event), event.data, event.problems) == (UnknownEvent, "x", found)
    assert found


def test_records_that_cannot_be_read() -> None:
    """What is no JSON, or may have lost its end, is told, and its text given."""
    made = records({})
    for raw, words in (
        (RawEvent("", "{broken", ""), "not valid JSON: "),
        (RawEvent("", "[" * 100_000, ""), "nested too deeply"),
        (BrokenRecord("", "12", ""), "cut off"),
    ):
        event, found = made.read(raw, is_checked=True)
        assert (type(event), event.text) == (UnknownEvent, raw.data)
        assert words in str(found[0])
        assert made.read(raw, is_checked=False)[1] == ()


@pytest.mark.parametrize("media", ["application/jsonl", LINES, "application/json-seq"])
def test_records_of_a_documented_array(media: str) -> None:
    """Where a schema describes all records together, its items are the records."""
    made = records({"type": "array", "items": fields("n", n=INTEGER)}, media)
    assert read(made, '{"n": 1}').n == 1


def test_events_of_a_documented_array() -> None:
    """The items of an array are the events where they look so, and from OpenAPI 3.2 on."""
    event = envelope(fields("n", n=INTEGER), "a")
    assert read(reader({"type": "array", "items": event}), '{"n": 1}', "a").data.n == 1
    numbers = {"type": "array", "items": INTEGER}
    assert read(reader(numbers), "[1]").data == [1]
    assert problems(plan_operation(answers(numbers, media=SSE), version="3.2.0").events, "[1]")
    assert read(reader({"type": "array"}), "[1]").data == [1]


def test_an_unknown_kind_of_record() -> None:
    """A record whose discriminator the document does not know is an unknown event."""
    made = records({"oneOf": [fields("t", t={"const": c}) for c in "ab"]})
    assert type(read(made, '{"t": "a"}')) is not UnknownEvent
    for text in ('{"t": "c"}', '{"t": ["a"]}', "5"):
        assert type(read(made, text)) is UnknownEvent


THING = fields("n", n=INTEGER)


@pytest.mark.parametrize("schema", [THING, {"type": "array", "items": THING}])
@pytest.mark.parametrize(("actual", "path"), [(SSE, "data.n"), ("application/jsonl", "n")])
def test_what_is_documented_as_json_is_tried(schema: Any, actual: str, path: str) -> None:
    """Events and records of an operation that declares JSON are typed by that, where it fits."""
    made = sent(schema, "application/json", actual)
    value = read(made, '{"n": 1}', "")
    for name in path.split("."):
        value = getattr(value, name)
    assert value == 1
    other = read(made, '{"n": "x"}', "")
    assert (type(other), other.data) == (UnknownEvent, {"n": "x"})


def test_events_sent_as_records_and_back() -> None:
    """What is described for one form is tried for the other."""
    assert read(sent(THING, SSE, LINES), '{"n": 1}').n == 1
    assert read(sent(THING, LINES, SSE), '{"n": 1}').data.n == 1
    whole = sent(envelope(THING, "a"), SSE, LINES)
    assert read(whole, '{"event": "a", "data": {"n": 1}}').data.n == 1


def test_one_kind_of_lines_for_another() -> None:
    """NDJSON for JSON Lines is what was declared, and checked as such."""
    assert problems(sent(THING, LINES, "application/jsonl"), '{"n": "x"}') == ["$.n"]


def test_readers_are_kept() -> None:
    """The same answer gives the same reader, and the declared one is the operation's own."""
    plan = plan_operation(answers(THING, media=SSE))
    response = plan.operation.response(200)
    assert response is not None
    assert plan.events.sent_as(response.match(SSE), f"{SSE}; charset=latin-1") is plan.events
    assert plan.events.sent_as(None, LINES) is plan.events.sent_as(None, LINES)
    for number in range(30):  # the server chooses what it sends
        plan.events.sent_as(None, f"application/x{number}+json-seq")
    assert len(plan.events._variants) == 16


def test_ranges_are_declared_streams() -> None:
    """A documented range of media types covers events as well."""
    made = sent(envelope(THING, "a"), "text/*", SSE)
    assert not made.is_guess
    assert made.is_envelope


@pytest.mark.parametrize(
    ("media", "stream"),
    [(SSE, b"data: 1\n\n"), (LINES, b"1\n"), ("application/json-seq", b"\x1e1\n")],
)
def test_each_form_has_its_decoder(media: str, stream: bytes) -> None:
    """The reader gives what makes raw events of the bytes, within the bound."""
    made = records({}, media)
    assert [raw.data for raw in made.make_decoder(100).feed(stream)] == ["1"]
    with pytest.raises(EventTooLargeError):
        made.make_decoder(5).feed(b"data: 1234567890\n\n")


def test_tags() -> None:
    """An event is known by its type and by what its discriminator says."""
    kinds = {"oneOf": [fields("t", t={"const": c}) for c in "ab"]}
    made = reader(kinds)
    assert made.tags(read(made, '{"t": "a"}', "tick")) == {"tick", "a"}
    assert made.tags(read(made, '{"t": "c"}', "tick")) == {"tick", "c"}
    assert records(kinds).tags(read(records(kinds), '{"t": "b"}')) == {"b"}
    assert records(INTEGER).tags(5) == frozenset()


LOST = {"$ref": "#/components/schemas/Lost"}
MAPPED = {"propertyName": "event", "mapping": {"b": "#/components/schemas/Lost"}}


@pytest.mark.parametrize(
    ("schema", "event"),
    [
        ({"oneOf": [envelope(THING, "a"), LOST]}, "a"),
        ({"oneOf": [envelope(THING, "a"), envelope(LOST, "b")]}, "b"),
        (envelope({"type": "object", "properties": {"x": LOST}}, "b"), "b"),
        (
            {**envelope(THING, "b"), "properties": {**envelope(THING)["properties"], "id": LOST}},
            "b",
        ),
        (fields(x=LOST), "b"),
        (envelope({"anyOf": [LOST, THING]}, "b"), "b"),
        ({"oneOf": [envelope(THING), {**envelope(THING), "discriminator": MAPPED}]}, "b"),
    ],
)
def test_a_document_that_cannot_be_used_loses_no_event(schema: Any, event: str) -> None:
    """References that lead nowhere are told once; the events come all the same."""
    made = reader(schema)
    for mode in (True, False):
        got, found = made.read(RawEvent(event, '{"x": {"n": 1}}', "1"), is_checked=mode)
        assert found == ()
        assert got.event == event
        assert got["data"] == {"x": {"n": 1}}
    assert made.problem is not None
    assert "cannot be checked" in str(made.problem)


EDITIONS = sorted(Path(__file__).parent.parent.parent.glob("shared/mix-api/*.yaml"))


@pytest.mark.parametrize("path", EDITIONS, ids=lambda path: path.stem)
def test_every_kind_of_every_edition_fits(path: Path) -> None:
    """All kinds of events of the editions at hand are accepted and typed."""
    document = Document.load(path)
    catalog = build_catalog(document, frozenset())
    entry = next(e for e in catalog.entries if e.qualified_name.endswith("stream_events"))
    schemas = Schemas(document)
    made = make_plan(parse_operation(schemas, entry), Types(schemas), {}, "test").events
    assert made.discriminator is not None
    assert len(made.discriminator.branches) >= 11
    for kind, branch in made.discriminator.branches.items():
        sample = Sampler().sample(branch, kind, Taste())
        event = read(made, json.dumps(sample["data"]), kind, "7")
        assert type(event).__name__ == f"SSE{''.join(w.title() for w in kind.split('_'))}Event"


def test_what_cannot_be_seen_is_not_looked_for() -> None:
    """Where nothing new shows in values that are tolerated, events soon cost no second look."""
    colours = {"type": "array", "items": {"enum": ["red", "blue"]}}
    made = reader(envelope(fields("colours", colours=colours), "paint"))
    text = '{"colours": ["red", "red", "red", "red", "green"]}'
    found = [made.read(RawEvent("paint", text, "", None), is_checked=True)[1] for _ in range(20)]
    assert found == [()] * 20
    shown = '{"colours": ["green"]}'
    looked = [made.read(RawEvent("paint", shown, "", None), is_checked=True)[1] for _ in range(20)]
    assert 0 < sum(map(bool, looked)) <= 16
