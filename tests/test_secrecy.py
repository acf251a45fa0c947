"""What an operation's document marks as secret."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from mixdyn import secrecy
from mixdyn.redact import Redactor
from mixdyn.scheme import SecurityScheme
from mixdyn.secrecy import Secrecy
from tests.documents import FORM, INTEGER, TEXT, answers, body, fields, make_operation, param

PASSWORD = {**TEXT, "format": "password"}
HIDDEN = {**TEXT, "writeOnly": True}


def redactor_of(operation: Any, schemes: Any = (), **parts: Any) -> Redactor:
    made = make_operation(operation, **parts)
    return Secrecy(made, {s.name: s for s in schemes}).redactor()


def scheme(kind: str, parameter: str = "", location: str = "header") -> SecurityScheme:
    return SecurityScheme("s", kind, location, parameter, "")


@pytest.mark.parametrize("location", ["header", "query", "cookie"])
def test_names_of_security_schemes(location: str) -> None:
    """What a security scheme names is secret, wherever it travels; other schemes name nothing."""
    redactor = redactor_of({}, [scheme("apiKey", "X-Seat", location)])
    assert redactor.is_secret("x-seat")
    redactor = redactor_of(
        {}, [scheme("http", "X-Seat"), SecurityScheme("t", "apiKey", "", "", "")]
    )
    assert not redactor.is_secret("x-seat")
    assert not redactor.is_secret("")


@pytest.mark.parametrize("schema", [PASSWORD, HIDDEN, {"allOf": [PASSWORD]}, {"items": PASSWORD}])
def test_parameters(schema: Any) -> None:
    """A parameter whose schema is marked is secret, and so are properties of its value."""
    redactor = redactor_of({"parameters": [param("seat", schema=schema), param("row")]})
    assert redactor.is_secret("seat")
    assert not redactor.is_secret("row")
    redactor = redactor_of({"parameters": [param("row", schema=fields(seat=schema))]})
    assert redactor.is_secret("seat")
    assert not redactor.is_secret("row")


def test_parameters_without_a_schema() -> None:
    """A parameter that is not described is not marked."""
    assert not redactor_of({}, path="/things/{seat}").is_secret("seat")


@pytest.mark.parametrize(
    "schema",
    [
        fields(seat=PASSWORD),
        fields(seat=HIDDEN),
        fields(seat={"anyOf": [PASSWORD, {"type": "null"}]}),
        fields(seat={"oneOf": [{"allOf": [HIDDEN]}]}),
        fields(seat={"if": {}, "then": PASSWORD, "else": {}}),
        fields(seat={"type": "array", "items": PASSWORD}),
        fields(seat={"type": "array", "prefixItems": [PASSWORD]}),
        fields(seat={"type": "object", "additionalProperties": PASSWORD}),
        fields(seat={"type": "object", "patternProperties": {"^x": PASSWORD}}),
        fields(row=fields(seat=PASSWORD)),
        fields(row={"type": "array", "items": fields(seat=PASSWORD)}),
        {"allOf": [fields(row=TEXT), fields(seat=PASSWORD)]},
        {"oneOf": [fields(row=TEXT), fields(seat=PASSWORD)]},
        {"$ref": "#/components/schemas/Tree"},
        fields(
            seat={"$ref": "#/components/schemas/Pin"}, other={"$ref": "#/components/schemas/Pin"}
        ),
    ],
)
@pytest.mark.parametrize("where", ["request", "response"])
def test_properties(schema: Any, where: str) -> None:
    """Properties of bodies and answers are found through everything that schemas are built of."""
    tree = fields(child={"$ref": "#/components/schemas/Tree"}, seat=HIDDEN)
    parts = {"components": {"schemas": {"Tree": tree, "Pin": PASSWORD}}}
    operation = body(schema) if where == "request" else answers(schema)
    redactor = redactor_of(operation, **parts)
    assert redactor.is_secret("seat")
    assert not redactor.is_secret("row")
    assert not redactor.is_secret("child")


def test_whole_bodies_and_events() -> None:
    """A body that is a secret is one by its argument's name; events count like answers."""
    assert redactor_of(body(PASSWORD, "text/plain")).is_secret("body")
    assert not redactor_of(answers(PASSWORD)).is_secret("body")
    event = {
        "responses": {
            "200": {"content": {"text/event-stream": {"itemSchema": fields(seat=HIDDEN)}}}
        }
    }
    assert redactor_of(event).is_secret("seat")
    assert redactor_of(body(fields(seat=HIDDEN), FORM)).is_secret("seat")


@pytest.mark.parametrize(
    "broken",
    [
        {"$ref": "#/nowhere"},
        {"$ref": "file:///etc/passwd"},
        {"$dynamicRef": "#nowhere"},
        {"allOf": [{"$ref": "#/nowhere"}]},
        {"properties": 5, "allOf": {}, "items": [], "patternProperties": []},
        {"properties": {"x": None}},
        True,
    ],
)
def test_broken_documents(broken: Any) -> None:
    """What cannot be read is passed over, and all else still counts."""
    schema = {"type": "object", "properties": {"bad": broken, "seat": HIDDEN, "n": INTEGER}}
    redactor = redactor_of(body(fields(inner=schema)))
    assert redactor.is_secret("seat")
    assert not redactor.is_secret("bad")


def test_schemas_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk is bounded, also where schemas lead in circles."""
    me = {"$ref": "#/components/schemas/Me"}
    loop = {"allOf": [me], "properties": {"me": me, "seat": HIDDEN}, "additionalProperties": me}
    redactor = redactor_of(body(me), components={"schemas": {"Me": loop}})
    assert redactor.is_secret("seat")
    monkeypatch.setattr(secrecy, "_MAX_VISITS", 2)
    schema = fields(a=fields(b=fields(c=fields(seat=HIDDEN))))
    assert not redactor_of(body(schema)).is_secret("seat")


def test_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are looked for when first needed, by one of several threads, and then kept."""
    made = Secrecy(make_operation(body(fields(seat=HIDDEN))), {})
    searches: list[int] = []
    start = threading.Barrier(8)
    found: list[Redactor] = []
    search = Secrecy._find_names

    def count(self: Secrecy) -> set[str]:
        searches.append(1)
        return search(self)

    def ask() -> None:
        start.wait(20)
        found.append(made.redactor())

    monkeypatch.setattr(Secrecy, "_find_names", count)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(searches) == 1
    assert len(found) == 8
    assert all(one is found[0] for one in found)
