"""Schemas at a prompt: the tree, an example, what is wrong with a value."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn import Mix
from mixdyn.client import Client
from mixdyn.errors import DocumentError, Problem
from tests.documents import INTEGER, TEXT, fields

MIX: Any = Mix()


@pytest.fixture(autouse=True)
def _width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write for 80 columns, whatever terminal the tests run in."""
    monkeypatch.setenv("COLUMNS", "80")


def book(**schemas: Any) -> Any:
    """Give the schemas of a document."""
    info = {"title": "Test", "version": "1"}
    spec = {"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": schemas}}
    return Client(spec).schemas


def test_book() -> None:
    """Schemas are attributes and items, and the page lists them."""
    schemas = MIX.schemas
    assert schemas.SessionData.name == schemas["SessionData"].name == "SessionData"
    assert "SessionData" in dir(schemas)
    assert "SessionData" in schemas
    assert len(schemas) == len(list(schemas)) == len(schemas._ipython_key_completions_())
    assert "A conversation with the agent" in repr(schemas)
    assert "SessionData" in schemas._repr_html_()
    assert str(schemas).startswith("<Schemas: BackendMessage")
    with pytest.raises(AttributeError, match=r"'SesionData'\. Did you mean 'SessionData'\?"):
        schemas.SesionData  # noqa: B018  # the access is what raises
    with pytest.raises(KeyError, match="Did you mean 'SessionData'"):
        schemas["SesionData"]
    assert not hasattr(schemas, "_private")


def test_odd_names() -> None:
    """A name that is no identifier has one as attribute, and is found by its class's name."""
    schemas = book(**{"pull-request": fields(a=TEXT), "class": TEXT, "__x__": TEXT})
    assert schemas.pull_request.name == schemas.PullRequest.name == "pull-request"
    assert schemas.class_.name == "class"
    assert schemas.x.name == "__x__"
    assert repr(schemas).startswith("Schemas 3\n  pull_request  a\n")


def test_many_schemas() -> None:
    """Of very many the first are listed, and it is said where the others are."""
    shown = repr(book(**{f"S{n}": TEXT for n in range(150)}))
    assert "… and 90 more" in shown
    assert repr(book()) == "Schemas 0"
    assert "points at nothing" in repr(book(Lost={"$ref": "#/no"}))


def test_tree() -> None:
    """A schema shows its fields with types and limits."""
    shown = repr(MIX.schemas.ErrorResponse)
    assert "error " in shown
    assert "  code " in shown
    assert "'not_found'" in shown
    assert "RESTError" in MIX.schemas.ErrorResponse._repr_html_()
    assert str(MIX.schemas.ErrorResponse) == "<Schema ErrorResponse>"
    assert repr(book(Level={"enum": ["a", "b"]}).Level).startswith("Level 'a' | 'b'\n")
    assert repr(book(Count={**INTEGER, "minimum": 1}).Count).startswith("Count int · at least 1")


def test_items() -> None:
    """Item access gives the schema of a property, of items and alternatives too."""
    view = MIX.schemas.ErrorResponse
    assert view["error"]["code"].example() == 0 or isinstance(view["error"]["code"].example(), int)
    assert "error" in view
    assert list(view) == ["error"]
    assert len(view) == 1
    assert bool(MIX.schemas.MessageRole)
    assert view._ipython_key_completions_() == ["error"]
    with pytest.raises(KeyError, match="Did you mean 'error'"):
        view["eror"]
    thing = fields(a=TEXT)
    things = book(Things={"type": "array", "items": thing}, Either={"oneOf": [thing, TEXT]})
    assert list(things.Things) == list(things.Either) == ["a"]


def test_unknown_attributes() -> None:
    """A wrong name suggests the right one; a property's name says how to get at it."""
    view = MIX.schemas.ErrorResponse
    with pytest.raises(AttributeError, match="Did you mean 'example'"):
        view.exmple  # noqa: B018  # the access is what raises
    with pytest.raises(AttributeError, match=r"its properties are items: \['error'\]"):
        view.error  # noqa: B018  # the access is what raises


@pytest.mark.parametrize("name", list(MIX.schemas))
def test_examples_are_valid(name: str) -> None:
    """The example of each schema passes its own check, for answers and for requests."""
    view = MIX.schemas[name]
    assert view.validate(view.example()) == ()
    assert view.validate(view.example("request"), "request") == ()


def test_validate() -> None:
    """What is wrong is listed with its place; results and Python values are taken too."""
    view = MIX.schemas.SessionData
    problems = view.validate({"id": 3})
    assert Problem("$.id", "expected type string, got 3") in problems
    assert view.validate(view.model(**view.example())) == ()
    assert view.validate({"id": object()})[0].path == "$.id"
    assert MIX.schemas.MessageRole.model is None
    assert view.json_schema()["type"] == "object"


def test_recursion() -> None:
    """A schema inside itself is shown, has an example, and can be checked."""
    node = fields("kids", kids={"type": "array", "items": {"$ref": "#/components/schemas/Node"}})
    view = book(Node=node).Node
    assert "recursive" in repr(view)
    assert view.validate(view.example()) == ()


def test_broken_schema() -> None:
    """What leads nowhere is shown as far as it goes, and its example says what is wrong."""
    view = book(Loop={"$ref": "#/components/schemas/Loop"}).Loop
    assert repr(view).startswith("Loop Any")
    with pytest.raises(DocumentError, match="leads back to itself"):
        view.example()


def test_a_schema_that_nothing_fits() -> None:
    """Where there is no valid instance, asking for one says so."""
    node = {**fields("next", next={"$ref": "#/components/schemas/Node"}), "required": ["next"]}
    views = book(Node=node, Never={"not": {}})
    with pytest.raises(ValueError, match=r"Node: no value was found that fits the schema"):
        views.Node.example()
    with pytest.raises(ValueError, match=r"Never: .* of the nearest, \$: "):
        views.Never.example()
