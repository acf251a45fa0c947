"""
What the comparison of two documents finds, and how bad it is: the cases of `data/diff.json`.

`anchor` in a case is what oasdiff says of it; where mixdyn says otherwise, `why` tells the reason.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mixdyn.comparison import compare
from mixdyn.diff.difference import Difference
from mixdyn.diff.rule import DIRECTIONS, EFFECTS, VERDICTS, explain

CASES = json.loads((Path(__file__).parent / "data" / "diff.json").read_text("utf-8"))
PLACES = {
    "request": ("post", "requestBody/content/application~1json/schema"),
    "response": ("get", "responses/200/content/application~1json/schema"),
    "event": ("get", "responses/200/content/text~1event-stream/schema"),
}


def place(direction: str) -> str:
    method, below = PLACES[direction]
    return f"/paths/~1things/{method}/{below}"


def document(paths: Any, version: str = "3.1.0", **parts: Any) -> dict[str, Any]:
    info = {"title": "T", "version": "1"}
    return {"openapi": version, "info": info, "paths": paths, **parts}


def with_schema(
    schema: Any, direction: str, version: str = "3.1.0", schemas: Any = None
) -> dict[str, Any]:
    """Give a document with a schema where requests, responses or events have it."""
    answer: dict[str, Any] = {"description": ""}
    operation: dict[str, Any] = {"operationId": "it", "responses": {"200": answer}}
    media = "text/event-stream" if direction == "event" else "application/json"
    content = {"content": {media: {"schema": schema}}}
    if direction == "request":
        operation["requestBody"] = content
    else:
        answer.update(content)
    paths = {"/things": {PLACES[direction][0]: operation}}
    return document(paths, version, components={"schemas": schemas or {}})


def codes(difference: Difference) -> set[str]:
    return {change.code for change in difference.changes}


SCHEMAS = [
    pytest.param(case, direction, id=f"{i} {direction}-{case['what']}")
    for i, case in enumerate(CASES["schemas"])
    for direction in DIRECTIONS
]


@pytest.mark.parametrize(("case", "direction"), SCHEMAS)
def test_schema_case(case: dict[str, Any], direction: str) -> None:
    """A change of a schema has its code, its level by direction, its place in both documents."""
    more = {k: case[k] for k in ("version", "schemas") if k in case}
    sides = [with_schema(case[side], direction, **more) for side in ("old", "new")]
    found = compare(*sides)
    level = case["levels"][direction]
    if level is None:
        assert found.changes == ()
        return
    code = f"{direction}-{case['what']}"
    assert codes(found) == {code, *(f"{direction}-{what}" for what in case.get("also", ()))}
    change = next(change for change in found.changes if change.code == code)
    assert change.level == level
    assert (change.old, change.new) == tuple(place(direction) + at for at in case["at"])
    assert [o.partition(" ")[0] for o in change.operations] == ["it"]


# Where what a caller meets is not just the values that may travel.
ONE_WAY = {
    *("request-property-removed", "request-required-property-removed", "response-enum-value-added"),
    *("event-enum-value-added", "event-union-branch-added", "event-union-branch-removed"),
    *("response-discriminator-value-added", "event-discriminator-value-added"),
}


@pytest.mark.parametrize(("case", "direction"), SCHEMAS)
def test_schema_case_backwards(case: dict[str, Any], direction: str) -> None:
    """What breaks callers one way is compatible the other way; nothing is found one way only."""
    more = {k: case[k] for k in ("version", "schemas") if k in case}
    old, new = (with_schema(case[side], direction, **more) for side in ("old", "new"))
    there, back = compare(old, new), compare(new, old)
    assert bool(there) == bool(back)
    is_plain = "also" not in case and len(there.changes) == len(back.changes) == 1
    if EFFECTS.get(case["what"]) in ("narrows", "widens") and is_plain:
        levels = {change.level for found in (there, back) for change in found.changes}
        assert levels == {"breaking", "compatible"} or {*codes(there), *codes(back)} & ONE_WAY


@pytest.mark.parametrize("case", CASES["operations"], ids=lambda case: case["code"])
def test_operation_case(case: dict[str, Any]) -> None:
    """A change of an operation has its code, its level, and its place in both documents."""
    version = case.get("version", "3.1.0")
    old, new = (
        document(version=version, **(case[side] if "whole" in case else {"paths": case[side]}))
        for side in ("old", "new")
    )
    found = compare(old, new)
    change = next(change for change in found.changes if change.code == case["code"])
    assert change.level == case["level"]
    assert [change.old, change.new] == case["at"]
    assert codes(found) == {case["code"], *case.get("also", ())}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("case", CASES["same"], ids=lambda case: case["case"])
def test_notation_is_no_change(case: dict[str, Any], direction: str) -> None:
    """What says the same in another way, or in another version of OpenAPI, is no change."""
    schemas = case.get("schemas")
    pairs = zip((case["old"], case["new"]), case["versions"], strict=True)
    one, other = (with_schema(schema, direction, v, schemas) for schema, v in pairs)
    assert compare(one, other).changes == ()
    assert compare(other, one).changes == ()


def test_every_code_has_a_case() -> None:
    """Each code that there is stands in a case, with its level."""
    shown = {
        f"{direction}-{case['what']}"
        for case in CASES["schemas"]
        for direction, level in case["levels"].items()
        if level is not None
    }
    shown |= {case["code"] for case in CASES["operations"]}
    assert set(VERDICTS) - shown == {"documentation-changed"}


def test_explain() -> None:
    """A code is explained: how bad it is, and why."""
    assert explain("operation-removed") == VERDICTS["operation-removed"]
    (change,) = compare(document({"/a": {"get": {}}}), document({})).changes
    assert explain(change.code) == (change.level, change.reason)
    with pytest.raises(ValueError, match="did you mean operation-removed"):
        explain("operation-remove")
    with pytest.raises(ValueError, match="^'zzz' is no code of a change$"):
        explain("zzz")


def test_every_code_has_a_reason() -> None:
    """Each level has a reason."""
    assert all(verdict.reason for verdict in VERDICTS.values())


@pytest.mark.parametrize(
    "case", [*CASES["schemas"], *CASES["operations"]], ids=lambda c: c.get("what") or c["code"]
)
def test_anchor(case: dict[str, Any]) -> None:
    """Where another level is given than oasdiff gives, there is a reason."""
    anchor = case.get("anchor")
    if isinstance(anchor, dict):
        ours = {d: case["levels"][d] for d in anchor if case["levels"][d] is not None}
        assert "why" in case or ours == {d: anchor[d] for d in ours}
    elif anchor is not None:
        assert "why" in case or case["level"] == anchor
