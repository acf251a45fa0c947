"""
A difference as text, JSON, Markdown and HTML; what documents say is made harmless in each.
"""

from __future__ import annotations

import copy
import json
import pickle
import re
from html.parser import HTMLParser

import pytest

from mixdyn.comparison import compare
from mixdyn.diff.change import LEVELS, Change
from mixdyn.diff.difference import Difference
from mixdyn.diff.place import name_place, point
from mixdyn.diff.rendering import render_fragment
from mixdyn.document import Target
from tests.documents import TEXT, answers, body, fields, param
from tests.test_diff import document

TAGS = {
    "body",
    "code",
    "div",
    "h1",
    "h2",
    "head",
    "html",
    "li",
    "meta",
    "p",
    "style",
    "title",
    "ul",
}
EVIL = "<script>alert(1)</script>`` ```\x1b[31m\u202e\n[a](javascript:x) | *b* &amp;"
OLD = document(
    {
        "/a": {"post": {**body(fields(a=TEXT, b=TEXT)), **answers(fields(x=TEXT))}},
        "/gone": {"get": {**answers(), "operationId": "gone"}},
    }
)
NEW = document({"/a": {"post": {**body(fields("a", a=TEXT)), **answers(fields(x=TEXT, y=TEXT))}}})
HOSTILE = document(
    {
        f"/{EVIL}": {
            "get": {
                "operationId": EVIL,
                "parameters": [param(EVIL)],
                **answers(fields(**{EVIL: TEXT})),
            }
        },
        "/b": {"get": {"parameters": [{"$ref": f"#/{EVIL}"}], **answers()}},
        EVIL: {},
    },
    components={"schemas": {EVIL: fields(**{EVIL: TEXT})}},
)
HOSTILE["info"] = {"title": EVIL, "version": EVIL}


def test_text() -> None:
    """The text tells what callers meet, then each change with its code, its calls and its place."""
    lines = compare(OLD, NEW).text().splitlines()
    assert lines[0] == "T 1 (2 operations) → T 1 (1 operations)"
    assert lines[1] == "3 breaking, 0 risky, 1 compatible changes"
    assert lines[3:6] == [
        "For Python callers",
        "  ! post_a(-b, a is now required)",
        "  ! gone removed",
    ]
    assert "  body: a is now required  [request-property-became-required]" in lines
    assert "      in post_a (POST /a)" in lines
    assert "  response 200: y was added  [response-property-added]" in lines


def test_nothing() -> None:
    """No changes are told as such, in every form."""
    same = compare(OLD, OLD)
    assert not same
    assert same.worst is None
    assert not any(map(same.fails_on, LEVELS))
    assert "No changes." in same.text()
    assert "No changes." in same.markdown()
    assert "No changes." in same.html()
    assert same.to_dict()["changes"] == []


def test_json() -> None:
    """The JSON holds all that there is."""
    found = compare(OLD, NEW)
    read = json.loads(found.json())
    assert read == found.to_dict()
    assert read["worst"] == "breaking"
    assert read["summary"] == {"breaking": 3, "risky": 0, "compatible": 1}
    assert read["callers"][1] == {
        "subject": "operation",
        "name": "gone",
        "kind": "removed",
        "level": "breaking",
        "details": [],
        "other": None,
    }
    assert read["changes"][0]["code"] == "operation-removed"
    assert read["old"]["operations"] == 2


def test_fails_on() -> None:
    """A level is met by changes of that level, and of worse ones."""
    found = compare(NEW, OLD)
    assert found.worst == "risky"
    assert [found.fails_on(level) for level in LEVELS] == [False, True, True]
    with pytest.raises(ValueError, match="expected one of breaking, risky, compatible, got bad"):
        found.fails_on("bad")  # type: ignore[arg-type]
    assert str(found) == found.text()


def test_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a prompt a difference is one line, the worst for callers first, as wide as there is."""
    found = compare(OLD, NEW)
    monkeypatch.setenv("COLUMNS", "100")
    told = "post_a(-b, a is now required); gone removed"
    assert repr(found) == f"<Difference: 3 breaking, 0 risky, 1 compatible; {told}>"
    monkeypatch.setenv("COLUMNS", "80")
    assert len(repr(found)) == 80
    assert repr(found).endswith("…>")
    monkeypatch.setenv("COLUMNS", "60")
    assert repr(found) == "<Difference: 3 breaking, 0 risky, 1 compatible>"
    assert repr(compare(OLD, OLD)) == "<Difference: 0 breaking, 0 risky, 0 compatible>"


def test_copies() -> None:
    """A difference can be pickled and copied, and is told by its levels."""
    found = compare(OLD, NEW)
    for twin in (pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found)):
        assert twin == found
        assert twin.text() == found.text()
    assert found
    assert {change.level for change in found.breaking} == {"breaking"}
    assert len(found.breaking) == found.count("breaking") == 3
    assert found.of_level("risky") == ()


def test_names_alone() -> None:
    """Where only Python's names change, nothing changes over HTTP, and both are said."""
    named = {"$ref": "#/components/schemas/Sad"}
    old, new = (
        document(
            {"/a": {"get": answers(schema, "400")}},
            components={"schemas": {"Sad": fields(x=TEXT)}},
        )
        for schema in (named, fields(x=TEXT))
    )
    found = compare(old, new)
    assert found
    assert not found.changes
    assert str(found.callers[0]) == "errors.Sad removed"
    assert "\nno changes over HTTP; risky for Python callers\n" in found.text()


def test_names_break_more() -> None:
    """What is worse for Python callers than over HTTP is said beside the counts, in each form."""
    one, other = fields(a=TEXT), fields(b=TEXT)
    old, new = (
        document({"/a": {"post": {**body(schema), **answers()}}})
        for schema in (one, {"oneOf": [one, other]})
    )
    found = compare(old, new)
    line = "0 breaking, 0 risky, 1 compatible changes; breaking for Python callers"
    for text in (found.text(), found.markdown(), found.html()):
        assert line in text
    assert found.to_dict()["worst"] == "breaking"


def test_many_operations() -> None:
    """Of many operations only some are named."""
    change = Change("x", "risky", "it changed", "/a", None, tuple(f"op{i}" for i in range(9)))
    found = compare(OLD, OLD)
    shown = Difference(found.old, found.new, (change,), ()).text()
    assert "in op0, op1, op2 and 6 more operations" in shown


class Reader(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert all(name in ("class", "lang", "charset") for name, _ in attrs)


@pytest.mark.parametrize("sides", [(OLD, HOSTILE), (HOSTILE, OLD), (HOSTILE, HOSTILE)])
def test_hostile_documents(sides: tuple[dict[str, object], dict[str, object]]) -> None:
    """Nothing of a document becomes a terminal's command, a page's element or Markdown."""
    found = compare(*sides)
    assert found.unreadable
    for text in (found.text(), found.markdown(), found.html(), found.json()):
        assert "\x1b" not in text
        assert "\u202e" not in text
    reader = Reader()
    reader.feed(found.html())
    assert reader.tags <= TAGS
    for line in found.markdown().splitlines():
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", line)
        assert "<" not in outside
        assert "javascript" not in outside


def test_fragment() -> None:
    """A notebook shows the same, as a part of its own page."""
    found = compare(OLD, NEW)
    assert found._repr_html_() == render_fragment(found)
    assert "<html" not in render_fragment(found)
    assert found.html().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("pointer", "name"),
    [
        ("/components/schemas/A", "A"),
        ("/components/schemas/A~1b/properties/c~0d/items/properties/e/maxLength", "A/b.c~d[].e"),
        ("/components/schemas/A/allOf/1/properties/type/type", "A.type"),
        ("/components/schemas/A/properties/x/additionalProperties/oneOf/1", "A.x{}"),
        ("/components/schemas/A/$defs/B/properties/items", "B.items"),
        ("/paths/~1a/post/requestBody/content/application~1json/schema/properties/a", "body.a"),
        ("/components/requestBodies/R/content/a~1b/schema/enum", "body"),
        ("/paths/~1a/get/responses/200/content/a~1b/schema/items", "response 200[]"),
        ("/paths/~1a/get/responses/200/headers/X-A/schema", "header X-A"),
        ("/paths/~1a/get/parameters/0/schema/type", "parameter 0"),
        ("/components/parameters/limit/content/a~1b/schema", "parameter limit"),
        ("models.yaml#/components/schemas/A", "A"),
        ("/components/schemas/A/properties", "A"),
        ("/paths/~1a/get", ""),
        ("", ""),
    ],
)
def test_places(pointer: str, name: str) -> None:
    """Places have a name that people use."""
    assert name_place(pointer) == name


def test_pointer_into_another_file() -> None:
    """A place in another file is told with the file's name, from the document's folder."""
    target = Target({}, "/x/parts/models.yaml", "/A")
    assert point(target, "/x/api.yaml") == "parts/models.yaml#/A"
    assert point(target, "/x/parts/models.yaml", "a/b") == "/A/a~1b"
