"""What is new in a document, and how made-up values come to show it."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.document import Document
from mixdyn.sample import Sampler, Taste
from mixdyn.schema import Schema, Schemas
from mixdyn.tools.mock.novelty import Novelty
from tests.apis import answers, ask, document, mock, ref

OLD = {"type": "string", "enum": ["a", "b"]}
NEW = {"type": "string", "enum": ["a", "b", "c", "d"]}


def show(old: Any, new: Any, value: Any, taste: Taste | None = None, **more: Any) -> Any:
    """Show what is new in a schema, in a value."""
    schema = subject(new, **more)
    older = Document(document({}, {"Subject": old, **more}))
    return Novelty(Sampler(), older).show(schema, value, "x", taste or Taste())


def subject(value: Any, **more: Any) -> Schema:
    made = Schemas(Document(document({}, {"Subject": value, **more}))).component("Subject")
    assert made is not None
    return made


def whole(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


TEXT = {"type": "string", "default": "made"}
CASES = [
    ("a new value", OLD, NEW, "a", "c"),
    ("a new value that is there", OLD, NEW, "d", "d"),
    ("a value less", NEW, OLD, "a", "a"),
    ("a new enum", {"type": "string"}, NEW, "a", "a"),
    ("a new property", whole(), whole(x=TEXT), {}, {"x": "made"}),
    ("a new property that is there", whole(), whole(x=TEXT), {"x": "y"}, {"x": "y"}),
    ("a property less", whole(x=TEXT), whole(), {}, {}),
    ("one to write", whole(), whole(x={**TEXT, "writeOnly": True}), {}, {}),
    ("in a property", whole(x=OLD), whole(x=NEW), {"x": "a"}, {"x": "c"}),
    ("not in what is left out", whole(x=OLD), whole(x=NEW), {}, {}),
    (
        "in a list",
        {"type": "array", "items": OLD},
        {"type": "array", "items": NEW},
        ["a", "b"],
        ["c", "c"],
    ),
    ("in a list of anything", {"type": "array"}, {"type": "array"}, ["a"], ["a"]),
    (
        "in a map",
        {"type": "object", "additionalProperties": OLD},
        {"type": "object", "additionalProperties": NEW},
        {"k": "a"},
        {"k": "c"},
    ),
    ("what does not fit", OLD, {**NEW, "maxLength": 1, "pattern": "[ab]"}, "a", "a"),
    (
        "what does not fit, inside",
        whole(x=OLD, y=OLD),
        whole(x={**NEW, "pattern": "a"}, y=NEW),
        {"x": "a", "y": "a"},
        {"x": "a", "y": "c"},
    ),
    ("nothing", whole(x=OLD), whole(x=NEW), None, None),
]


@pytest.mark.parametrize(
    ("old", "new", "value", "shown"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_what_is_new_is_shown(old: Any, new: Any, value: Any, shown: Any) -> None:
    """New values go before old ones and new properties are there, as far as the schema allows."""
    assert show(old, new, value) == shown


def test_what_was_not_set_stays_away() -> None:
    """A new property that a thing's maker could have set, and has not, is not made up."""
    taste = Taste(omitted=frozenset({"x"}))
    assert show(whole(), whole(x=TEXT, y=TEXT), {}, taste) == {"y": "made"}


def union(**branches: str) -> dict[str, Any]:
    mapping = {tag: f"#/components/schemas/{name}" for tag, name in branches.items()}
    return {
        "oneOf": [ref(name) for name in branches.values()],
        "discriminator": {"propertyName": "kind", "mapping": mapping},
    }


def kind(name: str, **more: Any) -> dict[str, Any]:
    return {**whole(kind={"const": name}, **more), "required": ["kind"]}


def test_the_branch_that_a_value_belongs_to_is_looked_at() -> None:
    """A discriminator tells which branch of both editions is meant; a new branch has no past."""
    new = subject(union(cat="Cat", dog="Dog"), Cat=kind("cat", x=TEXT), Dog=kind("dog"))
    older = Document(document({}, {"Subject": union(cat="Cat"), "Cat": kind("cat")}))
    novelty = Novelty(Sampler(), older)
    assert novelty.show(new, {"kind": "cat"}, "x", Taste()) == {"kind": "cat", "x": "made"}
    assert novelty.show(new, {"kind": "dog"}, "x", Taste()) == {"kind": "dog"}


def test_a_parent_may_be_a_branch_of_its_own() -> None:
    """Who names itself in its discriminator is looked at once."""
    parent = {
        **kind("own"),
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"own": "#/components/schemas/Subject"},
        },
    }
    newer = {**parent, "properties": {**parent["properties"], "x": TEXT}}
    assert show(parent, newer, {"kind": "own"}) == {"kind": "own", "x": "made"}


def test_without_an_earlier_edition_nothing_is_new() -> None:
    """No older document, and no such schema in it: the value is as it was."""
    assert Novelty(Sampler(), None).show(subject(NEW), "a", "x", Taste()) == "a"
    assert Novelty(Sampler(), Document(document({}))).show(subject(NEW), "a", "x", Taste()) == "a"


def test_faults_of_the_documents_are_no_matter() -> None:
    """A reference that leads nowhere, in either edition, hides only what is new."""
    lost = {"$ref": "#/nowhere"}
    assert show(lost, whole(x=TEXT), {}) == {}
    assert show(whole(), lost, {}) == {}


def test_new_types_of_trouble_occur() -> None:
    """An event's type that is left out by its name is not, where it is new."""
    served = mock(*streaming("error", "text"))
    paths, schemas = streaming("error", "text", "warning")
    assert "event: error" not in str(ask(served, "GET", "/events").body)
    served.use_spec(document(paths, {**schemas, "Error": {}}))
    text = str(ask(served, "GET", "/events").body)
    assert ("event: warning" in text, "event: error" in text) == (True, False)


def streaming(*names: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A document of an event stream with these types."""
    schemas: dict[str, Any] = {
        name: {
            **whole(event={"const": name}, data=whole(text={"type": "string"})),
            "required": ["event", "data"],
        }
        for name in names
    }
    schemas["All"] = {**union(**{n: n for n in names})}
    schemas["All"]["discriminator"]["propertyName"] = "event"
    paths = {"/events": {"get": {"responses": answers(ref("All"), media="text/event-stream")}}}
    return paths, schemas
