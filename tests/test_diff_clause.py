"""
Conditions, choices of types, closed objects, null, and other corners of schemas: what is found, how
bad it is in a request and in a response (`data/corners.json`), and that it is found both ways.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mixdyn.comparison import compare
from mixdyn.diff.change import LEVELS
from tests.test_diff import codes, with_schema

DATA = Path(__file__).parent / "data" / "corners.json"
CASES = {case["case"]: case for case in json.loads(DATA.read_text("utf-8"))}
B, R, C = "breaking", "risky", "compatible"
S, INT, N = {"type": "string"}, {"type": "integer"}, {"type": "null"}
ANY: dict[str, Any] = {}


def obj(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*required]}


def need(*names: str) -> dict[str, Any]:
    return {"required": [*names]}


def both(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"allOf": [*parts], **more}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS = {
    "Bare": {"type": "object"},
    "Other": {"type": "object"},
    "Third": {"type": "object"},
    "Loop": {"anyOf": [ref("Loop"), INT]},
}


def find_levels(old: Any, new: Any, schemas: Any = SCHEMAS) -> tuple[str | None, str | None]:
    """Give the worst level in a request, and in a response, of what changed in HTTP."""
    found: list[str | None] = []
    for direction in ("request", "response"):
        sides = [with_schema(schema, direction, schemas=schemas) for schema in (old, new)]
        levels = [change.level for change in compare(*sides).changes]
        found.append(min(levels, key=LEVELS.index, default=None))
    return found[0], found[1]


@pytest.mark.parametrize("name", CASES)
def test_corner(name: str) -> None:
    """What changed in a corner of schemas is found, in both ways, and at the right level."""
    case = CASES[name]
    old, new, levels = case["old"], case["new"], (case["request"], case["response"])
    assert find_levels(old, new) == levels
    assert [level is None for level in find_levels(new, old)] == [lv is None for lv in levels]
    assert find_levels(old, old) == find_levels(new, new) == (None, None)


def test_schemas_behind_conditions() -> None:
    """What a condition refers to is compared as a whole: whether more or less fits is not told."""
    text, wider = {"N": S}, {"N": {"type": ["string", "integer"]}}
    rules = [{"not": ref("N")}, {"if": {"properties": {"a": ref("N")}}, "then": need("b")}]
    for rule in rules:
        for more in (ANY, {"maxLength": 5}):
            for direction in ("request", "response"):
                old = with_schema(rule, direction, schemas=text)
                new = with_schema({**rule, **more}, direction, schemas=wider)
                changed = {c.code: c.level for c in compare(old, new).changes}
                assert changed[f"{direction}-condition-changed"] == R
                assert len(changed) == 1 + len(more)
                assert not compare(old, with_schema(rule, direction, schemas={**text, "M": S}))


def test_conditions_in_circles() -> None:
    """A condition that leads back to itself is compared all the same."""

    def side(*, limit: int, depth: int = 0) -> dict[str, Any]:
        loop = {
            "properties": {"a": ref("Loop"), "b": ref("Leaf"), "c": ref("Leaf")},
            "not": need("z"),
        }
        schemas = {"Loop": loop, "Leaf": {**obj(up=ref("Loop")), "maxProperties": limit}}
        schemas |= {f"D{i}": {"items": ref(f"D{i + 1}"), "maxItems": limit} for i in range(depth)}
        schemas[f"D{depth}"] = ANY
        return with_schema({"not": ref("D0" if depth else "Loop")}, "request", schemas=schemas)

    assert compare(side(limit=1), side(limit=1)).changes == ()
    assert codes(compare(side(limit=1), side(limit=2))) == {"request-condition-changed"}
    deep = compare(side(limit=1, depth=60), side(limit=2, depth=60))
    assert codes(deep) == {"request-condition-changed"}
    assert "too many ways" in deep.unreadable[0]


def envelope(data: Any) -> dict[str, Any]:
    return obj("event", event=S, data=data)


UNIONS = ({"oneOf": [S, INT]}, {"oneOf": [S, INT, obj(x=S)]})
KINDS = {
    "events": (UNIONS, C),
    "data": ([envelope(union) for union in UNIONS], C),
    "field of data": ([envelope(obj(role=union)) for union in UNIONS], B),
    "field of an event": ([{"oneOf": [envelope(obj(role=u)), N]} for u in UNIONS], B),
}


@pytest.mark.parametrize("where", KINDS)
def test_kinds_inside_of_events(where: str) -> None:
    """New kinds of events are no harm; in their fields another kind of value is, as elsewhere."""
    schemas, level = KINDS[where]
    (change,) = compare(*(with_schema(schema, "event") for schema in schemas)).changes
    assert change.level == level
    assert change.code.endswith("-union-branch-added")


@pytest.mark.parametrize(
    ("schema", "direction"),
    [
        (ref("Kind"), "event"),
        ({"oneOf": [obj(event=S, data=ref("Kind")), N]}, "event"),
        ({"type": "array", "items": ref("Kind")}, "event"),
        (obj(data=obj(role=ref("Kind"))), "response"),
        (obj(event=ref("Kind"), data=S), "response"),
        ({"type": "array", "prefixItems": [ref("Kind")]}, "response"),
        ({"type": "object", "additionalProperties": ref("Kind")}, "response"),
    ],
)
def test_kinds_by_reference(schema: Any, direction: str) -> None:
    """What is open stays so where only what is referred to changed, and nothing else does."""
    more: dict[str, int]
    for more in ({}, {"maxProperties": 9, "maxItems": 9}):
        old, new = (
            with_schema({**schema, **extra}, "event", schemas={"Kind": union})
            for union, extra in zip(UNIONS, ({}, more), strict=True)
        )
        found = {c for c in codes(compare(old, new)) if "-max-" not in c}
        assert found == {f"{direction}-union-branch-added"}


@pytest.mark.parametrize(
    "kept", [{}, {"contentMediaType": "application/octet-stream"}, {"title": "file"}]
)
def test_files_from_one_version_to_the_next(kept: Any) -> None:
    """A file of 3.0 needs no word since 3.1; within a version it does."""
    file = obj(file={"type": "string", "format": "binary"})
    old = with_schema(file, "request", "3.0.3")
    new = with_schema(obj(file=kept), "request", "3.1.0")
    assert compare(old, new).changes == compare(new, old).changes == ()
    same = with_schema(file, "request", "3.1.0")
    assert bool(compare(same, new).changes) == ("contentMediaType" not in kept)
    other = with_schema(obj(file=S), "request", "3.0.3")
    assert compare(other, new).changes


def test_default_alternative() -> None:
    """The alternative that is meant where a tag is unknown is a part of the choice, too."""

    def side(**more: str) -> dict[str, Any]:
        pets = {name: obj(kind=S, **{name: S}) for name in ("Cat", "Dog")}
        union = {
            "oneOf": [ref("Cat"), ref("Dog")],
            "discriminator": {"propertyName": "kind", **more},
        }
        return with_schema(union, "request", "3.2.0", schemas=pets)

    cat, dog = side(defaultMapping="Cat"), side(defaultMapping="Dog")
    assert codes(compare(cat, side())) == {"request-discriminator-default-removed"}
    assert codes(compare(side(), cat)) == {"request-discriminator-default-added"}
    assert codes(compare(cat, dog)) == {"request-discriminator-default-changed"}
    assert not compare(cat, cat)


def test_branch_of_its_own_union() -> None:
    """A schema that is built on the union that it is a branch of has been picked from it."""
    pet = {"oneOf": [ref("Cat"), ref("Dog")], "properties": {"kind": S}}
    sides = [
        with_schema(
            ref("Cat"),
            "request",
            schemas={"Pet": pet, "Dog": obj(b=S), "Cat": both(ref("Pet"), obj(c=schema))},
        )
        for schema in (S, INT)
    ]
    assert codes(compare(*sides)) == {"request-type-changed"}
