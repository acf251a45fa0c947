"""
The difference of two documents in the terms of Python callers: methods, arguments, results, events.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import mixdyn
from mixdyn.comparison import compare
from mixdyn.diff import caller
from mixdyn.errors import DocumentError
from mixdyn.results import Types
from tests.documents import FORM, INTEGER, JSON, TEXT, answers, body, fields, param
from tests.test_diff import document

EVENTS = "text/event-stream"


def tell(old: Any, new: Any, **parts: Any) -> list[str]:
    """Give what callers meet between two documents, or two `paths`."""
    sides = (side if "paths" in side else {"paths": side} for side in (old, new))
    found = compare(*(document(**{**parts, **side}) for side in sides))
    return [f"{change.level}: {change}" for change in found.callers]


def operation(name: str = "sessions/list", *parameters: Any, **more: Any) -> dict[str, Any]:
    found = {"operationId": name, "tags": ["sessions"], "parameters": [*parameters], **answers()}
    return {**found, **more}


def get(*parameters: Any, name: str = "sessions/list", **more: Any) -> dict[str, Any]:
    return {"/s": {"get": operation(name, *parameters, **more)}}


def test_story() -> None:
    """A newer edition is told in few words: what is gone, what is new, what is sent."""

    def sse(*names: str) -> Any:
        kinds = [fields("event", event={"const": name}) for name in names]
        return answers({"oneOf": kinds}, media=EVENTS)

    def send(**more: Any) -> Any:
        return {
            "operationId": "messages/send",
            "tags": ["messages"],
            **body(fields(text=TEXT, **more)),
        }

    old = {
        **get(),
        "/fork": {"post": operation("sessions/fork")},
        "/messages": {"post": send(apps=TEXT, media=TEXT) | answers()},
        "/stream": {"get": operation("sessions/watch", **sse("a", "gone", "lost"))},
    }
    new = {
        **get(param("include_subagents")),
        "/messages": {"post": send() | answers()},
        "/stream": {"get": operation("sessions/watch", **sse("a", *"bcdefgh"))},
    }
    assert tell(old, new) == [
        "compatible: sessions.list(+include_subagents)",
        "breaking: sessions.fork removed",
        "risky: sessions.watch(events +7 −2: +b +c +d +e +f +g +h −gone −lost)",
        "breaking: messages.send(-apps, -media)",
    ]


def test_nothing() -> None:
    """Without changes there is nothing to tell."""
    assert tell(get(), get()) == []


def test_method_removed() -> None:
    """A method that is gone is named as it is called."""
    old = {**get(), "/fork": {"post": operation("sessions/fork")}}
    assert tell(old, get()) == ["breaking: sessions.fork removed"]


def test_method_added() -> None:
    """A new method is named as it will be called."""
    new = {**get(), "/fork": {"post": operation("sessions/fork")}}
    assert tell(get(), new) == ["compatible: sessions.fork added"]


def test_method_renamed() -> None:
    """An operation with another name is told as one thing."""
    found = tell(get(), get(name="sessions/listAll"))
    assert found == ["breaking: sessions.list is now sessions.list_all"]


def test_method_moved_to_another_namespace() -> None:
    """Another tag is another name."""
    found = tell(get(), get(tags=["chats"]))
    assert found == ["breaking: sessions.list is now chats.sessions_list"]


def test_method_with_another_tag_too() -> None:
    """A second tag gives a second name, and takes nothing."""
    found = tell(get(), get(tags=["sessions", "chats"]))
    assert found == ["compatible: chats.sessions_list added"]


def test_method_moved_to_another_path() -> None:
    """Another path makes no difference in Python."""
    assert tell(get(), {"/v2/s": get()["/s"]}) == []


def two(one: str, other: str, path: str = "/b", method: str = "get") -> dict[str, Any]:
    return {"/a": {"get": operation(one)}, path: {method: operation(other)}}


def test_names_that_changed_places() -> None:
    """Methods are compared by name: what a call of that name will do then."""
    old = {"/a": {"get": operation("one", param("x"))}, "/b": {"get": operation("two")}}
    new = {"/a": {"get": operation("two", param("x"))}, "/b": {"get": operation("one")}}
    assert tell(old, new) == [
        "breaking: sessions.one(now GET /b, was GET /a; that is now sessions.two, -x)",
        "breaking: sessions.two(now GET /a, was GET /b; that is now sessions.one, +x)",
    ]


def test_names_that_changed_places_alone() -> None:
    """A name that stands for another operation is told, however much alike the two are."""
    assert tell(two("one", "two"), two("two", "one")) == [
        "breaking: sessions.one(now GET /b, was GET /a; that is now sessions.two)",
        "breaking: sessions.two(now GET /a, was GET /b; that is now sessions.one)",
    ]


def test_name_passed_on() -> None:
    """So is one that an operation passes on to the next."""
    assert tell(two("one", "two"), two("two", "three")) == [
        "breaking: sessions.one is now sessions.two",
        "breaking: sessions.two(now GET /a, was GET /b; that is now sessions.three)",
    ]


def test_name_taken_by_a_new_operation() -> None:
    """A new operation that comes first takes the name, and the old one gets another."""
    old = {"/a": {"get": operation("getA")}}
    new = {"/0": {"delete": operation("get_a")}, **old}
    assert tell(old, new) == [
        "breaking: sessions.get_a(now DELETE /0, was GET /a; that is now sessions.get_a_2)"
    ]


def test_name_of_an_operation_that_is_gone() -> None:
    """A name that a removed operation leaves to another is told, too."""
    old = two("one", "two", method="delete")
    new = {"/b": {"delete": operation("one")}}
    assert tell(old, new) == [
        "breaking: sessions.one(now DELETE /b, was GET /a)",
        "breaking: sessions.two is now sessions.one",
    ]


def test_name_of_an_unreadable_operation() -> None:
    """Even where one of the two cannot be read."""
    old = two("one", "two", method="delete")
    new = {"/b": {"delete": operation("one", {"$ref": "#/nowhere"})}}
    assert tell(old, new)[0] == "breaking: sessions.one(now DELETE /b, was GET /a)"


def test_name_of_one_of_two_tags() -> None:
    """A second name that is gone has no heir."""
    assert tell(get(tags=["sessions", "chats"]), get()) == ["breaking: chats.sessions_list removed"]


def put(schema: Any, *parameters: Any) -> dict[str, Any]:
    return {"/s": {"post": operation("put", *parameters, **body(schema))}}


def test_argument_that_means_another() -> None:
    """An argument's name that another one takes is told: calls go on, and say something else."""
    old = put(fields(limit=TEXT))
    assert tell(old, put(fields(limit=TEXT), param("limit"))) == [
        "breaking: sessions.put(+limit_body, limit: now query limit, was body limit)"
    ]


def test_argument_that_takes_the_name() -> None:
    """So is a name that is left to another argument, where its own is gone."""
    old, new = get(param("q"), param("q", "header")), get(param("q", "header"))
    assert tell(old, new) == ["breaking: sessions.list(-q_header, q: now header q, was query q)"]


def test_argument_that_moved() -> None:
    """An argument that goes elsewhere, and has its name for itself, is told as a risk."""
    old, new = get(param("q")), get(param("q", "header"))
    assert tell(old, new) == ["risky: sessions.list(q: now header q, was query q)"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (get(param("startAt")), get(param("start_at"))),
        (get(param("X-Y", "header")), get(param("x-y", "header"))),
    ],
)
def test_argument_that_is_spelled_otherwise(old: Any, new: Any) -> None:
    """How its name is written over HTTP is nothing to callers."""
    assert tell(old, new) == []


def test_level_counts() -> None:
    """What breaks Python callers alone is breaking: a body that is no longer taken apart."""
    one, other = fields(a=TEXT), fields(b=TEXT)
    sides = (document(put(schema)) for schema in (one, {"oneOf": [one, other]}))
    found = compare(*sides)
    assert [change.level for change in found.changes] == ["compatible"]
    assert list(map(str, found.callers)) == ["sessions.put(+body (required), -a)"]
    assert found.worst == "breaking"
    assert found.fails_on("breaking")


def test_types_retell() -> None:
    """Other types in a signature are no worse than what changed over HTTP."""
    old, new = (get(param("a", schema={"type": kind})) for kind in ("integer", "number"))
    assert tell(old, new) == ["compatible: sessions.list(a: float, was int)"]
    sides = (get(**answers({"type": kind})) for kind in ("number", "integer"))
    assert tell(*sides) == ["compatible: sessions.list(returns int, was float)"]


def test_nothing_may_come() -> None:
    """A success without anything is one to be ready for."""
    answer = answers(TEXT)["responses"]
    new = get(responses={**answer, "204": {"description": ""}})
    assert tell(get(responses=answer), new) == ["risky: sessions.list(returns str | None, was str)"]


def test_collision() -> None:
    """Names are those that the client gives, where a document's own collide."""
    old = {"/a": {"get": operation("x")}, "/b": {"get": operation("X")}}
    assert tell(old, {"/a": old["/a"]}) == ["breaking: sessions.x_2 removed"]


def test_reserved_names() -> None:
    """A namespace must not take the client's own names: it is told as it is called."""
    old = get(tags=["close"])
    assert tell(old, {}) == ["breaking: close_.sessions_list removed"]


def test_name_override() -> None:
    """What the document overrides is the name."""
    new = get(**{"x-speakeasy-name-override": "all"})
    assert tell(get(), new) == ["breaking: sessions.list is now sessions.all"]


def test_arguments() -> None:
    """Arguments that come and go are told with a sign, by their Python names."""
    old = get(param("startAt"), param("type"))
    new = get(param("startAt"), param("include-subagents"), param("of", required=True))
    assert tell(old, new) == ["breaking: sessions.list(+of (required), +include_subagents, -type_)"]


def test_body_arguments() -> None:
    """Properties of the body are arguments."""
    old = {"/s": {"post": {**operation(), **body(fields("a", a=TEXT, b=TEXT))}}}
    new = {"/s": {"post": {**operation(), **body(fields("b", b=TEXT, newOne=TEXT))}}}
    assert tell(old, new) == ["breaking: sessions.list(+new_one, -a, b is now required)"]


def test_optional_argument() -> None:
    """An argument that may now be left out breaks nobody."""
    found = tell(get(param("a", required=True)), get(param("a")))
    assert found == ["compatible: sessions.list(a is now optional)"]


def test_argument_type() -> None:
    """Types are told as in the method's signature."""
    old = get(param("a", schema={"type": "string", "enum": ["x", "y"]}))
    new = get(param("a", schema={"type": "array", "items": INTEGER}))
    assert tell(old, new) == ["risky: sessions.list(a: list[int], was Literal['x', 'y'])"]


def test_unreadable_argument_type() -> None:
    """What cannot be read may be anything."""
    broken = {"type": "array", "items": {"allOf": [{"$ref": "#/nowhere"}]}}
    old = {"/s": {"post": {**operation(), **body({"type": "array", "items": TEXT}, FORM)}}}
    new = {"/s": {"post": {**operation(), **body(broken, FORM)}}}
    assert tell(old, new) == ["risky: sessions.list(body: Any, was list[str])"]


def test_argument_type_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """So may what has no type at all."""

    def fail(*_: Any) -> Any:
        raise DocumentError("no such type")

    monkeypatch.setattr(caller, "argument_type", fail)
    old, new = (get(param("a", schema={"type": kind})) for kind in ("string", "integer"))
    assert tell(old, new) == []


def test_result_class() -> None:
    """A result of another class is told by the classes' names."""
    schemas = {"Old": fields(a=TEXT), "New": fields(a=TEXT, bC=TEXT)}
    old, new = ({"$ref": f"#/components/schemas/{name}"} for name in ("Old", "New"))
    sides = [get(**answers({"type": "array", "items": s})) for s in (old, new)]
    assert tell(*sides, components={"schemas": schemas}) == [
        "risky: sessions.list(returns list[New], was list[Old])",
        "compatible: New(+b_c, was Old)",
    ]


def test_result_attributes() -> None:
    """Attributes of result classes that come and go are told once, by class."""
    paths = get(**answers({"$ref": "#/components/schemas/session-data"}))
    olds = {"session-data": fields("gone", gone=TEXT, stays=TEXT)}
    news = {"session-data": fields(stays=TEXT, cameNow=TEXT)}
    old = {"paths": paths, "components": {"schemas": olds}}
    new = {"paths": paths, "components": {"schemas": news}}
    assert tell(old, new) == ["breaking: SessionData(+came_now, -gone)"]
    assert tell({"paths": get()}, {"paths": get()}) == []


def test_attribute_of_the_same_name() -> None:
    """Another property that gives the same attribute changes nothing in Python."""
    paths = get(**answers({"$ref": "#/components/schemas/A"}))
    olds, news = {"A": fields(**{"a-b": TEXT})}, {"A": fields(a_b=TEXT)}
    sides = ({"paths": paths, "components": {"schemas": s}} for s in (olds, news))
    assert tell(*sides) == []


def test_no_result() -> None:
    """An operation that no longer answers with anything gives None."""
    found = tell(get(**answers(TEXT)), get(**answers(status="204")))
    assert found == ["risky: sessions.list(returns None, was str)"]


def stream(*kinds: str) -> dict[str, Any]:
    branches = [
        fields("event", event={"const": kind, "type": "string"}, **{kind: TEXT}) for kind in kinds
    ]
    return get(**answers({"oneOf": branches}, media=EVENTS))


def test_events() -> None:
    """Kinds of events that come and go are counted and named."""
    found = tell(stream("a", "b", "c"), stream("b", "c", "d", "e"))
    assert found == ["risky: sessions.list(events +2 −1: +d +e −a)"]
    assert tell(stream("a", "b"), stream("b", "a", "c")) == [
        "compatible: sessions.list(events +1 −0: +c)"
    ]


def test_many_events() -> None:
    """Of many kinds only some are named."""
    many = [f"k{i:02}" for i in range(14)]
    (found,) = tell(stream("a", "b"), stream("a", "b", *many))
    assert found.startswith("compatible: sessions.list(events +14 −0: +k00 +k01")
    assert found.endswith("+k09 and 4 more)")


def test_events_that_cannot_be_told_apart() -> None:
    """Where one document does not tell kinds of events apart, nothing is said of them."""
    found = tell(stream("a", "b"), get(**answers(fields(event=TEXT), media=EVENTS)))
    assert found == []


def test_errors() -> None:
    """Error classes that come and go are told by their names."""
    schemas = {name: fields(message=TEXT) for name in ("NotFound", "Refused")}

    def side(name: str) -> dict[str, Any]:
        content = {JSON: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        return get(
            responses={"200": {"description": ""}, "404": {"description": "", "content": content}}
        )

    assert tell(side("NotFound"), side("Refused"), components={"schemas": schemas}) == [
        "risky: errors.NotFound removed",
        "compatible: errors.Refused added",
    ]


def test_unreadable_operation() -> None:
    """An operation that cannot be read in one document is told as a change only."""
    broken = get({"$ref": "#/nowhere"})
    assert tell(get(), broken) == []


def test_unreadable_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result class that cannot be made has no attributes to tell of."""

    def fail(types: Types, schema: Any, name: str = "") -> Any:
        raise DocumentError("no such class")

    monkeypatch.setattr(Types, "model", fail)
    paths = get(**answers({"$ref": "#/components/schemas/A"}))
    old, new = (
        {"paths": paths, "components": {"schemas": {"A": fields(**{name: TEXT})}}}
        for name in ("b", "c")
    )
    assert all("(" in text for text in tell(old, new))


@pytest.mark.parametrize("kind", ["client", "document", "text"])
def test_what_may_be_compared(kind: str) -> None:
    """A client stands for its document."""
    old = document(get())
    with mixdyn.Client(old) as client:
        sources = {"client": client, "document": mixdyn.Document.load(old), "text": json.dumps(old)}
        assert not compare(sources[kind], old)


def test_fewer_result_classes() -> None:
    """A result that is of fewer classes than before is one that callers are ready for."""
    schemas = {"A": fields("a", a=TEXT), "B": fields("b", b=TEXT)}
    one, other = ({"$ref": f"#/components/schemas/{name}"} for name in schemas)
    sides = (get(**answers(schema)) for schema in ({"anyOf": [one, other]}, one))
    (found,) = tell(*sides, components={"schemas": schemas})
    assert found == "compatible: sessions.list(returns A, was Union[A, B])"
