"""
How the operations of two documents are paired, and what is told of their parts beyond the cases.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from mixdyn.comparison import compare
from mixdyn.diff import edition, member, pairing, walker
from mixdyn.diff.change import Change
from mixdyn.diff.union import Option, match_options
from mixdyn.document import Document
from mixdyn.schema import Schemas
from tests.documents import JSON, TEXT, answers, body, fields, param
from tests.test_diff import codes, document, with_schema

OK = answers()


def find(old: Any, new: Any, **parts: Any) -> tuple[Change, ...]:
    return compare(document(old, **parts), document(new, **parts)).changes


def tell(old: Any, new: Any, **parts: Any) -> list[str]:
    return sorted(change.code for change in find(old, new, **parts))


def test_pairs_by_place() -> None:
    """The same path and method are the same operation, whatever its parameters are called."""
    found = tell({"/a/{id}/b": {"get": OK}}, {"/a/{key}/b": {"get": OK}})
    assert found == ["operation-renamed", "request-parameter-renamed"]


def test_pairs_by_exact_place() -> None:
    """Paths that differ in the names of parameters only are told apart by these."""
    paths = {
        "/a/{x}": {"get": {**OK, "operationId": "x"}},
        "/a/{y}": {"get": {**OK, "operationId": "y"}},
    }
    assert tell(paths, dict(reversed(paths.items()))) == []


def test_pairs_by_id() -> None:
    """An operation with the same id elsewhere has moved, method included."""
    old = {"/a": {"get": {**OK, "operationId": "x"}}}
    new = {"/b/c": {"post": {**OK, "operationId": "x"}}}
    assert tell(old, new) == ["operation-moved"]


def test_pairs_by_shape() -> None:
    """An operation without an id that is much like one that is gone has moved."""

    def side(prefix: str, *extra: str) -> dict[str, Any]:
        parameters = [param(name) for name in ("limit", "after", *extra)]
        answer = answers({"type": "array", "items": fields(x=TEXT)})
        return {
            f"{prefix}/things": {"get": {"parameters": parameters, **answer}},
            f"{prefix}/things/{{id}}": {"get": {**answers(fields(x=TEXT))}, "delete": OK},
        }

    found = find(side("/v1"), side("/v2", "more"))
    moved = [c.message for c in found if c.code == "operation-moved"]
    assert moved[0] == "GET /v1/things became GET /v2/things"
    assert len(moved) == 3
    assert {c.code for c in found} == {
        "operation-moved",
        "operation-renamed",
        "request-parameter-added",
    }


def test_shapes_of_broken_operations() -> None:
    """What cannot be read has at least a path."""
    broken = {"get": {"parameters": [{"$ref": "#/x"}], **OK}}
    gives = {"get": answers({"allOf": [{"$ref": "#/x"}]})}
    old = {"/v1/some/thing": broken, "/v1/other/one": gives}
    new = {"/v2/some/thing": broken, "/v2/other/one": gives}
    assert tell(old, new).count("operation-moved") == 2


def test_different_resources() -> None:
    """An id at the end of a path makes no operation like another: any resource has one."""
    at = [param("id", "path")]
    sides = (
        {f"/{name}/{{id}}": {"delete": {**OK, "parameters": at}}} for name in ("pets", "users")
    )
    assert tell(*sides) == ["operation-added", "operation-removed"]


def test_different_things() -> None:
    """Operations that have little in common are not taken for one."""
    old = {"/users": {"get": answers(fields(name=TEXT))}}
    new = {"/invoices/{id}/lines": {"get": answers(fields(total=TEXT))}}
    assert tell(old, new) == ["operation-added", "operation-removed"]


def test_too_many_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shapes are compared only where that is not too much."""
    monkeypatch.setattr(pairing, "_MANY", 0)
    found = tell({"/v1/a/b/c": {"get": OK}}, {"/v2/a/b/c": {"get": OK}})
    assert found == ["operation-added", "operation-removed"]


def test_parameters_in_any_order() -> None:
    """The order of parameters is no change, nor is the case of a header's name."""
    old = {"/a": {"get": {"parameters": [param("x"), param("X-Y", "header")], **OK}}}
    new = {"/a": {"get": {"parameters": [param("x-y", "header"), param("x")], **OK}}}
    assert tell(old, new) == []


def test_parameter_of_the_path_item() -> None:
    """Where a parameter is declared makes no difference."""
    old = {"/a": {"parameters": [param("x")], "get": OK}}
    new = {"/a": {"get": {"parameters": [param("x")], **OK}}}
    assert tell(old, new) == []


def test_parameter_with_content() -> None:
    """A parameter that is written as JSON is written in another way."""
    content = {JSON: {"schema": {"type": "array", "maxItems": 3}}}
    written = {"name": "x", "in": "query", "content": content}
    old = {"/a": {"get": {"parameters": [param("x", schema={"type": "array"})], **OK}}}
    new = {"/a": {"get": {"parameters": [written], **OK}}}
    found = find(old, new)
    assert {c.code for c in found} == {"request-parameter-style-changed", "request-max-items-added"}
    assert {(c.new or "").removesuffix("/maxItems") for c in found} == {
        "/paths/~1a/get/parameters/0",
        "/paths/~1a/get/parameters/0/content/application~1json/schema",
    }


def test_encoding_without_meaning() -> None:
    """An encoding that says nothing is none."""
    form = "multipart/form-data"
    old = {"/a": {"post": {**OK, **body(fields(a=TEXT), form)}}}
    new = {"/a": {"post": {**OK, **body(fields(a=TEXT), form, encoding={"a": {}})}}}
    assert tell(old, new) == []
    odd = {"/a": {"post": {**OK, **body(fields(a=TEXT), form, encoding={"a": 5})}}}
    assert tell(old, odd) == []


def test_headers_that_cannot_be_read() -> None:
    """Headers whose references lead nowhere are as good as none."""
    good = {"200": {"description": "", "headers": {"A": {"schema": TEXT}}}}
    odd = {"200": {"description": "", "headers": {"A": {"$ref": "#/x"}}}}
    bare = {"200": {"description": "", "headers": {"A": {}}}}
    assert tell({"/a": {"get": {"responses": good}}}, {"/a": {"get": {"responses": odd}}}) == [
        "response-header-removed"
    ]
    assert tell({"/a": {"get": {"responses": good}}}, {"/a": {"get": {"responses": bare}}}) == [
        "response-schema-removed"
    ]


def test_media_types_are_compared_by_meaning() -> None:
    """Case and spaces in a media type make no difference."""
    old = {"/a": {"get": answers(TEXT, media="application/json; charset=utf-8")}}
    new = {"/a": {"get": answers(TEXT, media="Application/JSON;charset=UTF-8")}}
    assert tell(old, new) == []


SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "a/b": {"type": "http", "scheme": "basic"},
}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            [{"key": []}],
            [{"a/b": []}],
            ["security-alternative-added", "security-alternative-removed"],
        ),
        (
            [{"key": []}],
            [{"key": [], "a/b": []}],
            ["security-alternative-added", "security-alternative-removed"],
        ),
        ([{"key": []}, {"a/b": []}], [{}], ["security-no-longer-required"]),
        ([{}], [{"key": []}, {"a/b": []}], ["security-became-required"]),
        ([{}], [], []),
        ([{"key": []}, {"a/b": []}], [{"a/b": []}, {"key": []}], []),
    ],
)
def test_security(old: Any, new: Any, expected: list[str]) -> None:
    """Alternatives are compared as wholes; what was open and still is, is no change."""
    components = {"securitySchemes": SCHEMES}
    sides = ({"/a": {"get": {**OK, "security": rule}}} for rule in (old, new))
    found = find(*sides, components=components)
    assert sorted(change.code for change in found) == expected
    assert all(change.new == "/paths/~1a/get/security" for change in found)


def test_security_in_another_place() -> None:
    """Where the rule stands makes no difference."""
    parts = {"components": {"securitySchemes": SCHEMES}}
    old = document({"/a": {"get": OK}}, security=[{"key": []}], **parts)
    new = document({"/a": {"get": {**OK, "security": [{"key": []}]}}}, **parts)
    assert not compare(old, new)


@pytest.mark.parametrize("owner", ["operation", "item", "document"])
def test_servers(owner: str) -> None:
    """Servers are pointed at where they are declared."""
    servers = [
        {"url": "https://a.example/{v}", "variables": {"v": {"default": "1"}}},
        {"url": "/b"},
    ]

    def side(used: Any) -> dict[str, Any]:
        operation = {**OK, **({"servers": used} if owner == "operation" else {})}
        item = {"get": operation, **({"servers": used} if owner == "item" else {})}
        return document({"/a": item}, **({"servers": used} if owner == "document" else {}))

    found = compare(side(servers), side(servers[1:]))
    assert codes(found) == {"server-default-changed", "server-removed"}
    place = {
        "operation": "/paths/~1a/get/servers",
        "item": "/paths/~1a/servers",
        "document": "/servers",
    }
    assert {change.new for change in found.changes} == {place[owner]}
    assert codes(compare(side([]), side(servers))) == {"server-default-changed", "server-added"}


def test_server_credentials() -> None:
    """A password in a server's URL is not shown."""
    old, new = (
        document({"/a": {"get": OK}}, servers=[{"url": f"https://me:secret@{host}.example"}])
        for host in ("a", "b")
    )
    assert "secret" not in compare(old, new).text()


def test_mapping_of_tags() -> None:
    """Alternatives are known by their tag, though they have another name."""
    old = with_schema(
        {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]},
        "response",
        schemas={
            "Cat": fields(kind={"const": "cat"}, lives=TEXT),
            "Dog": fields(kind={"const": "dog"}, bark=TEXT),
        },
    )
    new = with_schema(
        {"oneOf": [{"$ref": "#/components/schemas/Hound"}, {"$ref": "#/components/schemas/Puma"}]},
        "response",
        schemas={
            "Puma": fields(kind={"const": "cat"}, lives=TEXT),
            "Hound": fields(kind={"const": "dog"}, bark=TEXT, nose=TEXT),
        },
    )
    assert codes(compare(old, new)) == {"response-property-added"}


def test_alternatives_alike() -> None:
    """Without tags and names, alternatives are known by their properties."""
    one, other = fields(a=TEXT, b=TEXT, c=TEXT), fields(x=TEXT, y=TEXT)
    old = {"anyOf": [one, other]}
    new = {"anyOf": [fields(x=TEXT, y=TEXT, z=TEXT), fields(a=TEXT, b=TEXT)]}
    found = compare(with_schema(old, "request"), with_schema(new, "request"))
    assert codes(found) == {"request-property-added", "request-property-removed"}


def test_very_many_alternatives() -> None:
    """Where there are too many, those that share neither tag nor name are not compared."""

    def side(n: int) -> dict[str, Any]:
        many = [fields(**{f"p{i}": TEXT, f"q{i}": TEXT, f"r{n}": TEXT}) for i in range(70)]
        return with_schema({"oneOf": many}, "event")

    found = compare(side(1), side(2))
    assert codes(found) == {"event-union-branch-added", "event-union-branch-removed"}


def test_broken_alternatives() -> None:
    """An alternative that cannot be read can only be the same if it is written the same."""
    broken = {"allOf": [{"$ref": "#/nowhere"}]}
    old = with_schema({"oneOf": [fields(a=TEXT), broken]}, "response")
    new = with_schema(
        {"oneOf": [fields(a=TEXT), {**broken, "title": "x"}, fields(b=TEXT)]}, "response"
    )
    found = compare(old, new)
    assert codes(found) <= {"response-union-branch-added", "response-schema-became-readable"}
    assert found.unreadable


def test_children_of_a_parent() -> None:
    """Schemas built on one with a discriminator are its alternatives."""

    def side(*names: str, limit: int) -> dict[str, Any]:
        parent = {**fields("kind", kind=TEXT), "discriminator": {"propertyName": "kind"}}
        below = fields(x={"type": "string", "maxLength": limit})
        kids = {n: {"allOf": [{"$ref": "#/components/schemas/Pet"}, below]} for n in names}
        pet = {"$ref": "#/components/schemas/Pet"}
        return with_schema(pet, "response", schemas={"Pet": parent, **kids})

    found = compare(side("Cat", "Dog", limit=5), side("Cat", "Puma", limit=4))
    assert codes(found) == {
        "response-max-length-decreased",
        "response-union-branch-added",
        "response-union-branch-removed",
    }


def test_deep_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    """A schema that is nested beyond what Python bears is told as one that cannot be read."""

    def fail(schema: Any, joints: Any) -> Any:
        raise RecursionError

    monkeypatch.setattr(walker, "read_facet", fail)
    monkeypatch.setattr(walker, "_find_shared", lambda old, new: None)
    found = compare(with_schema(TEXT, "response"), with_schema(TEXT, "response"))
    assert not found
    assert "nested too deeply" in found.text()


def test_depth_in_fact() -> None:
    """Depth is no matter where nothing changed, and little where something did."""

    def side(limit: int) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string", "maxLength": limit}
        for _ in range(25):
            schema = {"type": "array", "items": schema}
        return with_schema(schema, "response")

    assert codes(compare(side(1), side(2))) == {"response-max-length-increased"}
    assert sys.getrecursionlimit() < 10_000


def make_option(schema: Any, *tags: str) -> Option:
    loaded = Document(with_schema(schema, "request"))
    target = loaded.at("paths", "/things", "post", "requestBody", "content", JSON, "schema")
    return Option(Schemas(loaded).at(target), frozenset(tags))


def test_options_that_cannot_be_read() -> None:
    """Of what cannot be read, nothing is known to be the same."""
    broken = make_option({"allOf": [{"$ref": "#/nowhere"}]})
    other = make_option({"allOf": [{"$ref": "#/nowhere"}], "type": "string"})
    found = match_options([broken], [other])
    assert (found.pairs, found.gone, found.come) == ([], [broken], [other])


def test_options_of_two_kinds() -> None:
    """Alternatives with tags of their own are two, however alike."""
    one, other = fields(a=TEXT), fields(a=TEXT, b=TEXT)
    assert match_options([make_option(one, "x")], [make_option(other, "y")]).pairs == []
    assert len(match_options([make_option(one)], [make_option(other, "y")]).pairs) == 1


def test_beyond_recursion() -> None:
    """Schemas deeper than Python can compare are told as such."""

    def side() -> Any:
        schema: dict[str, Any] = {"type": "string"}
        for _ in range(20_000):
            schema = {"not": schema}
        return make_option(schema).schema

    found = walker.Walker(documentation=False)
    found.enter(side(), side(), "request")
    found.run()
    assert [*found.unreadable]


def test_operation_beyond_recursion(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operation that is nested beyond what Python bears is told as one that cannot be read."""

    def fail(schemas: Any, entry: Any) -> Any:
        raise RecursionError

    monkeypatch.setattr(edition, "parse_operation", fail)
    found = compare(document({"/a": {"get": OK}}), document({"/a": {"get": OK}}))
    assert not found
    assert found.unreadable == ("#/paths/~1a/get: nested too deeply",)


def test_the_likest_are_paired() -> None:
    """Each operation is paired once, with the one that it is most like."""
    old = {"/v1/a/b/c": {"get": answers(TEXT)}}
    new = {
        "/v2/a/b/c": {"get": answers(TEXT)},
        "/v3/x/b/c": {"get": answers(TEXT)},
    }
    assert [c.new for c in find(old, new) if c.code == "operation-moved"] == [
        "/paths/~1v2~1a~1b~1c/get"
    ]
    bare = {"responses": {"200": {"description": "", "content": {"image/png": {}}}}}
    assert "operation-moved" in tell({"/v1/a/b": {"get": bare}}, {"/v2/a/b": {"get": bare}})


def test_shape_that_cannot_be_read() -> None:
    """A result that leads nowhere tells nothing of its operation."""
    broken = {"post": {**OK, **body({"type": "array", "items": TEXT})}}
    broken["post"]["responses"] = {
        "200": {"description": "", "content": {JSON: {"schema": {"oneOf": [{"$ref": "#/x"}]}}}}
    }
    assert "operation-moved" in tell({"/v1/a/b": broken}, {"/v2/a/b": broken})


def test_circles_of_different_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Circles that never fit are given up at some time, and that is told."""
    monkeypatch.setattr(walker, "_SPARE", 100)

    def side(n: int) -> dict[str, Any]:
        step = {
            f"S{i}": fields(a={"$ref": f"#/components/schemas/S{(i + 1) % n}"}) for i in range(n)
        }
        return with_schema({"$ref": "#/components/schemas/S0"}, "response", schemas=step)

    found = compare(side(101), side(100))
    assert not found.changes
    assert found.unreadable == (walker._TOO_MANY,)
    assert compare(side(10), side(11)).unreadable == ()


def test_chain_of_references() -> None:
    """A reference that leads back to itself is told, and does no harm."""
    schemas = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    loop = with_schema(fields(a={"$ref": "#/components/schemas/A"}), "response", schemas=schemas)
    fine = with_schema(fields(a=TEXT), "response")
    assert not compare(loop, loop)
    assert codes(compare(fine, loop)) == {"response-schema-became-unreadable"}
    assert codes(compare(loop, fine)) == {"response-schema-became-readable"}


def test_words() -> None:
    """Words count only where they are asked for, and are compatible."""
    described = {"type": "string", "description": "a text"}
    old = {"/a": {"get": {**answers(TEXT), "parameters": [param("x")]}}}
    new = {"/a": {"get": {**answers(described), "parameters": [param("x", description="y")]}}}
    assert tell(old, new) == []
    found = compare(document(old), document(new), documentation=True).changes
    assert [(c.code, c.level) for c in found] == [("documentation-changed", "compatible")] * 2
    posts = ({"/a": {"post": {**OK, "summary": s, **body(TEXT)}}} for s in ("x", "y"))
    told = compare(*map(document, posts), documentation=True).changes
    assert [change.new for change in told] == ["/paths/~1a/post"]


def test_direction_of_what_leads_nowhere() -> None:
    """A property that cannot be read travels both ways, unless it says otherwise itself."""
    root = {"openapi": "3.1.0", "a": {"$ref": "#/nowhere"}, "b": {"$ref": "#/no", "readOnly": True}}
    target = Document(root).at()
    plain, marked = (Schemas(Document(root)).at(target.child(name)) for name in ("a", "b"))
    assert not member._is_hidden(plain, "readOnly")
    assert member._is_hidden(marked, "readOnly")
