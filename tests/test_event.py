"""From a raw server-sent event to a typed one."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from mixdyn.bundled import BUNDLED
from mixdyn.event import EventReader, ServerEvent, UnknownEvent
from mixdyn.results import Model
from mixdyn.sse import RawEvent
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
    assert wrong == ()
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
        UnknownEvent.of({"event": "a", "data": {"n": [1]}, "id": "1"}),
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
    assert repr(typed).startswith("ServerEvent(event='b', id='2', data=")
    assert {"event", "id", "data", "retry"} <= set(dir(typed))
