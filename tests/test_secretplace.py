"""Where in its instances a schema's secrets stand."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.redact import MASK
from mixdyn.secretplace import SecretPlaces

SECRET = {"type": "string", "writeOnly": True}
PASSWORD = {"type": "string", "format": "password"}


def own(schema: Any) -> dict[str, Any]:
    return {"properties": {"seat": schema, "title": {"type": "string"}}}


@pytest.mark.parametrize(
    "schema",
    [
        own(SECRET),
        own(PASSWORD),
        own({"anyOf": [{"type": "null"}, PASSWORD]}),
        own({"oneOf": [{"allOf": [PASSWORD]}]}),
        own({"if": {}, "then": PASSWORD}),
        own({"items": PASSWORD}),
        own({"prefixItems": [PASSWORD]}),
        own({"additionalProperties": PASSWORD}),
        own({"patternProperties": {"^a": PASSWORD}}),
        own({"$ref": "#/$defs/1"}) | {"$defs": {"1": {"$ref": "#/$defs/2"}, "2": SECRET}},
        {"items": {"allOf": [own(SECRET)]}},
        {"$ref": "#/$defs/1", "$defs": {"1": own({"items": {"$ref": "#/$defs/1"}, **SECRET})}},
    ],
)
def test_marked_places(schema: Any) -> None:
    """A property is secret where its schema says so, through everything that applies to it."""
    places = SecretPlaces(schema)
    assert places.covers(["seat"])
    assert places.covers([3, "seat", "inner", 0])
    assert places.hides_numbers(["seat"])
    assert not places.covers(["title"])
    assert not places.covers([])


def test_named_places() -> None:
    """A name that looks secret is; numbers show under those that also name plain numbers."""
    places = SecretPlaces(True)
    assert places.covers(["user", "password"])
    assert places.hides_numbers(["password"])
    assert places.covers(["code"])
    assert not places.hides_numbers(["error", "code"])
    assert not places.hides_numbers(["usage", "tokens"])


@pytest.mark.parametrize(
    "schema", [PASSWORD, {"items": PASSWORD}, {"$ref": "#/$defs/0", "$defs": {"0": SECRET}}]
)
def test_all_is_secret(schema: Any) -> None:
    """Where the whole instance is marked, every place is secret."""
    places = SecretPlaces(schema)
    assert places.covers([])
    assert places.hides_numbers([])
    assert places.hide_keys(["a", 0]) == [MASK, 0]


def test_keys_below_a_secret() -> None:
    """Below a secret name, only keys that the schema declares are shown."""
    schema = {"properties": {"tokens": {"properties": {"user": {}}, "additionalProperties": {}}}}
    places = SecretPlaces(schema)
    assert places.hide_keys(["x", "tokens", "user", 0]) == ["x", "tokens", "user", 0]
    assert places.hide_keys(["x", "tokens", "sk-1", "user"]) == ["x", "tokens", MASK, "user"]


def test_references_to_nothing() -> None:
    """A reference that leads nowhere, and nonsense, mark nothing."""
    assert not SecretPlaces({"$ref": "#/$defs/9", "properties": {"a": None}, "allOf": 5}).covers([])
    assert not SecretPlaces({"items": {"$ref": 5}}).covers([0])
