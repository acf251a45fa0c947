"""
oasdiff's rules, each with two documents that break it: `data/oasdiff.json`.

All of its rules of level error and warning stand there, by their names in its `checker/rules.go`:
those in `rules` are found here too, for those in `left` there is the reason why they are not.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mixdyn.comparison import compare
from mixdyn.diff.change import worst as worst_of
from mixdyn.diff.rule import VERDICTS
from tests.test_diff import document

DATA = json.loads((Path(__file__).parent / "data" / "oasdiff.json").read_text("utf-8"))
RULES = [pytest.param(rule, id=rule["rule"]) for rule in DATA["rules"]]


def put(place: str, schema: Any) -> dict[str, Any]:
    """Give a document that has a schema at a place of a request or a response."""
    if place.endswith("Property"):
        schema = {"type": "object", "properties": {"p": schema}}
    if place.startswith(("RequestParameter", "RequestHeader")):
        where = "header" if place.startswith("RequestHeader") else "query"
        return operation(parameters=[{"name": "X", "in": where, "schema": schema}])
    if place.startswith("Request"):
        return operation(requestBody={"content": {"application/json": {"schema": schema}}})
    answer: dict[str, Any] = {"content": {"application/json": {"schema": schema}}}
    if place == "ResponseHeader":
        answer = {"headers": {"X": {"schema": schema}}}
    return operation(responses={"200": {"description": "", **answer}})


def operation(**parts: Any) -> dict[str, Any]:
    return document({"/a": {"post": {"responses": {"200": {"description": ""}}, **parts}}})


def sides(rule: dict[str, Any]) -> list[dict[str, Any]]:
    if rule["place"] == "Document":
        return [document(version="3.2.0", **rule[side]) for side in ("old", "new")]
    return [put(rule["place"], rule[side]) for side in ("old", "new")]


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule: dict[str, Any]) -> None:
    """What oasdiff calls breaking is found, at the level that is written down, for a reason."""
    found = compare(*sides(rule))
    assert worst_of([change.level for change in found.changes]) == rule["level"]
    worst = next(change for change in found.changes if change.level == rule["level"])
    assert VERDICTS[worst.code].reason
    assert worst.old or worst.new


@pytest.mark.parametrize("rule", RULES)
def test_rule_backwards(rule: dict[str, Any]) -> None:
    """The same change the other way is a change too, and no document differs from itself."""
    old, new = sides(rule)
    assert compare(new, old).changes
    assert not compare(old, old)
    assert not compare(new, new)


def test_rules_left_out() -> None:
    """What is left out has a reason, and is not among the rest."""
    assert all(DATA["left"].values())
    assert not DATA["left"].keys() & {rule["rule"] for rule in DATA["rules"]}


def test_number_of_rules() -> None:
    """No rule is lost on the way: so many oasdiff has of level error and warning."""
    assert len({*DATA["left"], *(rule["rule"] for rule in DATA["rules"])}) == 278
