"""
The comparison on whole documents: those of others with themselves, editions of Mix, mutations.
"""

from __future__ import annotations

import contextlib
import copy
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixdyn.bundled import bundled_path
from mixdyn.comparison import compare
from mixdyn.diff import walker
from mixdyn.document import Document
from mixdyn.errors import DocumentError
from tests.test_diff import codes, document, with_schema

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
MIX = SHARED / "mix-api"
FILES = [p for p in (SHARED / "specs").rglob("*") if p.suffix in (".json", ".yaml", ".yml")]
SPECS = sorted(p for p in FILES if re.search(r'openapi"?:\s*"?3', p.read_text("utf-8")))
needs_editions = pytest.mark.skipif(not MIX.exists(), reason="needs ../shared/mix-api")


@pytest.fixture(params=["quick", "thorough"])
def pace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the quick way for schemas that are written the same, and without it."""
    if request.param == "thorough":
        monkeypatch.setattr(walker, "_find_shared", lambda old, new: None)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_others_with_themselves(path: Path, pace: None) -> None:
    """A document does not differ from itself, whoever wrote it."""
    found = compare(path, path)
    assert (found.changes, found.callers) == ((), ())


def test_bundled_with_itself(pace: None) -> None:
    """The bundled document does not differ from itself."""
    found = compare(bundled_path(), bundled_path())
    assert (found.changes, found.callers, found.unreadable) == ((), (), ())


@pytest.mark.parametrize("version", ["3.0.4", "3.1.2", "3.2.0"])
def test_version_alone(version: str) -> None:
    """Another version of OpenAPI is no change where it means nothing else."""
    found = compare(BUNDLED, {**BUNDLED, "openapi": version})
    assert (found.changes, found.callers) == ((), ())


@needs_editions
def test_bundled_is_the_published_one(pace: None) -> None:
    """The bundled document describes the API that was published, in other words."""
    found = compare(MIX / "mix-0.4.5.yaml", bundled_path())
    assert (found.changes, found.callers) == ((), ())
    worded = compare(MIX / "mix-0.4.5.yaml", bundled_path(), documentation=True)
    assert codes(worded) == {"documentation-changed"}
    assert worded.worst == "compatible"


EDITIONS = json.loads((Path(__file__).parent / "data" / "editions.json").read_text("utf-8"))


@needs_editions
@pytest.mark.parametrize("way", ["there", "back"])
def test_editions(way: str) -> None:
    """What a later edition of the Mix API means, and the way back: a table, checked by hand."""
    paths = [MIX / "mix-0.4.5.yaml", MIX / "mix-0.5.3.yaml"]
    found = compare(*(paths if way == "there" else reversed(paths)))
    names = [[label.partition(" ")[0] for label in c.operations] for c in found.changes]
    assert EDITIONS[way] == [
        [c.level, c.code, c.message, c.old, c.new, called]
        for c, called in zip(found.changes, names, strict=True)
    ]
    assert EDITIONS[f"callers {way}"] == [f"{c.level}: {c}" for c in found.callers]


# What the editions' components differ in besides: no operation of 0.5.3 gives `MessageData`, and
# the names of tools are told where they are used.
UNTOLD = ("/MessageData", "/ToolName", "/CoreToolName", "/ToolCallData")


@needs_editions
def test_editions_miss_nothing() -> None:
    """Each value that differs between the raw editions is at a place that the table names."""
    roots = [Document.load(MIX / f"mix-{edition}.yaml").root for edition in ("0.4.5", "0.5.3")]
    one, other = (dict(list_values(root)) for root in roots)
    places = {place for row in EDITIONS["there"] for place in row[3:5]}
    missed = {
        way
        for way in one.keys() | other.keys()
        if one.get(way) != other.get(way)
        and not way.startswith(tuple(f"/components/schemas{name}/" for name in UNTOLD))
        and not any(way.startswith(place) for place in places)
        and not way.endswith("/$ref")  # a result of another class is told at the class
    }
    assert missed == set()


def list_values(value: Any, *way: str | int) -> Iterator[tuple[str, Any]]:
    """Give the values that a document holds, but for words, by their JSON pointers."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in ("summary", "description", "title", "example", "examples"):
                yield from list_values(item, *way, key)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for i, item in enumerate(value):
            yield from list_values(item, *way, i)
    else:
        yield write_pointer(way), sorted(value) if isinstance(value, list) else value


def list_schemas(value: Any, *way: str | int) -> Iterator[tuple[str | int, ...]]:
    """Give the ways to the plain typed schemas of a document's bodies, none in an alternative."""
    if isinstance(value, dict):
        if isinstance(value.get("type"), str) and "properties" not in value:
            yield way
        for key, item in value.items():
            if key not in ("oneOf", "anyOf", "example", "examples", "securitySchemes", "info"):
                yield from list_schemas(item, *way, key)


MUTATIONS: dict[str, tuple[str, Any]] = {
    "deprecated": ("any", {"deprecated": True}),
    "became-nullable": ("any", {"nullable": True}),
    "max-length-added": ("string", {"maxLength": 77}),
    "min-length-added": ("string", {"minLength": 7}),
    "pattern-added": ("string", {"pattern": "^mutated$"}),
    "minimum-added": ("integer", {"minimum": -77}),
    "maximum-added": ("integer", {"maximum": 77777}),
    "multiple-of-added": ("integer", {"multipleOf": 7}),
    "min-items-added": ("array", {"minItems": 7}),
    "unique-items-added": ("array", {"uniqueItems": True}),
}
BUNDLED = json.loads(json.dumps(dict(Document.load(bundled_path()).root)))
UNUSED = {"BackendMessage", "MessageRole", "ToolCallData"}  # but by each other
WAYS = [way for way in list_schemas(BUNDLED) if "schema" in way or "schemas" in way]


def list_ways(value: Any, *way: str | int) -> Iterator[tuple[str | int, ...]]:
    """Give the ways to all that a document holds."""
    items = enumerate(value) if isinstance(value, list) else getattr(value, "items", list)()
    for key, item in items:
        yield (*way, key)
        yield from list_ways(item, *way, key)


def get(root: Any, way: tuple[str | int, ...]) -> Any:
    for step in way:
        root = root[step]
    return root


def write_pointer(way: tuple[str | int, ...]) -> str:
    return "".join(f"/{str(s).replace('~', '~0').replace('/', '~1')}" for s in way)


def mutate(way: tuple[str | int, ...], what: str) -> Any:
    """Give the bundled document with one mutation, or None where it does not apply there."""
    kind, words = MUTATIONS[what]
    new = copy.deepcopy(BUNDLED)
    schema = get(new, way)
    if kind not in ("any", schema["type"]) or words.keys() & schema.keys():
        return None
    schema.update(words)
    return new


@given(st.sampled_from(WAYS), st.sampled_from(sorted(MUTATIONS)))
@settings(max_examples=60)
def test_mutation(way: tuple[str | int, ...], what: str) -> None:
    """A change at one place of a real document is found, there alone, once for each direction."""
    new = mutate(way, what)
    if new is None:
        return
    changes = compare(BUNDLED, new).changes
    assert {change.code.partition("-")[2] for change in changes} <= {what}
    assert all((change.new or "").startswith(write_pointer(way)) for change in changes)
    assert len({change.code for change in changes}) == len(changes)
    back = compare(new, BUNDLED).changes
    assert len(back) == len(changes)


def list_objects(value: Any, *way: str | int) -> Iterator[tuple[str | int, ...]]:
    """Give the ways to the object schemas of bodies that are in use."""
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict) and not UNUSED & set(way):
            yield way
        for key, item in value.items():
            if key not in ("examples", "example", "info", "tags"):
                yield from list_objects(item, *way, key)
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from list_objects(item, *way, i)


OBJECTS = [way for way in list_objects(BUNDLED) if "schema" in way or "schemas" in way]
OPERATIONS = [
    ("paths", p, m) for p, item in BUNDLED["paths"].items() for m in item if m != "parameters"
]


@given(st.sampled_from(OBJECTS), st.data())
@settings(max_examples=60)
def test_property_mutation(way: tuple[str | int, ...], data: st.DataObject) -> None:
    """Properties that come, go, become required or optional are told as just that."""
    new = copy.deepcopy(BUNDLED)
    schema = get(new, way)
    required = schema.setdefault("required", [])
    names = [n for n in schema["properties"] if n not in ("event", "type")]
    name = data.draw(st.sampled_from([*names, "zzz"]))
    if name == "zzz":
        what = "property-added"
        schema["properties"]["zzz"] = {"type": "string"}
    elif data.draw(st.booleans()):
        what = "required-property-removed" if name in required else "property-removed"
        del schema["properties"][name]
        schema["required"] = [n for n in required if n != name]
    elif name in required:
        what = "property-became-optional"
        required.remove(name)
    else:
        what = "property-became-required"
        required.append(name)
    changes = compare(BUNDLED, new).changes
    assert {change.code.partition("-")[2] for change in changes} == {what}
    places = [(change.old or "", change.new or "") for change in changes]
    assert all(any(p.startswith(write_pointer(way)) for p in pair) for pair in places)


@given(st.sampled_from(OPERATIONS), st.integers(0, 4))
@settings(max_examples=60)
def test_operation_mutation(way: tuple[str, str, str], kind: int) -> None:
    """Operations that go, get a parameter or a status, or another id, are told as just that."""
    new = copy.deepcopy(BUNDLED)
    operation = get(new, way)
    if kind == 0:
        del new["paths"][way[1]][way[2]]
    elif kind == 1:
        operation.setdefault("parameters", []).append({"name": "zzz", "in": "query"})
    elif kind == 2:
        operation["responses"]["599"] = {"description": ""}
    elif kind == 3:
        operation["operationId"] = "somethingElse"
    else:
        operation["deprecated"] = True
    (change,) = compare(BUNDLED, new).changes
    assert (
        change.code
        == (
            "operation-removed",
            "request-parameter-added",
            "response-error-status-added",
            "operation-renamed",
            "operation-deprecated",
        )[kind]
    )
    assert str(change.old).startswith(write_pointer(way))
    assert len(change.operations) == 1


def test_mutations_are_found() -> None:
    """Changes all over the bundled document are found, but where no operation leads."""
    new = copy.deepcopy(BUNDLED)
    for way in WAYS:
        get(new, way)["deprecated"] = True
    found = {change.new for change in compare(BUNDLED, new).changes}
    missed = {way for way in WAYS if f"{write_pointer(way)}/deprecated" not in found}
    assert {way[2] for way in missed if way[0] == "components"} == UNUSED
    # OpenAPI 3.1.1, 4.8.17: a header of this name says nothing.
    assert {way[-2] for way in missed if way[0] == "paths"} == {"Content-Type"}


def test_once_for_all_operations() -> None:
    """A change in a schema that many operations use is one change that names them all."""
    answer = {
        "description": "",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}},
    }
    paths = {f"/p{i}": {"get": {"responses": {"200": answer}}} for i in range(200)}
    sides = [
        document(paths, components={"schemas": {"A": {"type": "string", "maxLength": n}}})
        for n in (5, 9)
    ]
    (change,) = compare(*sides).changes
    assert (change.code, change.old) == (
        "response-max-length-increased",
        "/components/schemas/A/maxLength",
    )
    assert len(change.operations) == 200


def test_recursion_ends() -> None:
    """Schemas that lead back to themselves are compared once, and found to differ once."""

    def side(limit: int) -> dict[str, Any]:
        tree = {
            "type": "object",
            "properties": {
                "name": {"type": "string", "maxLength": limit},
                "kids": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
                "like": {"anyOf": [{"$ref": "#/components/schemas/Tree"}, {"type": "integer"}]},
            },
            "allOf": [{"$ref": "#/components/schemas/Tree"}],
        }
        return with_schema(
            {"$ref": "#/components/schemas/Tree"}, "response", schemas={"Tree": tree}
        )

    (change,) = compare(side(5), side(9)).changes
    assert change.new == "/components/schemas/Tree/properties/name/maxLength"


def test_no_explosion() -> None:
    """Schemas that double at each step, and differ at the end, cost no more than their number."""

    def side(limit: int) -> dict[str, Any]:
        schemas: dict[str, Any] = {"S60": {"type": "string", "maxLength": limit}}
        for i in range(60):
            below = {"$ref": f"#/components/schemas/S{i + 1}"}
            both = {"a": below, "b": {"type": "array", "items": below}}
            # Each is written differently in the two documents, so that none is passed over.
            schemas[f"S{i}"] = {"type": "object", "properties": both, "maxProperties": limit}
        return with_schema({"$ref": "#/components/schemas/S0"}, "response", schemas=schemas)

    start = time.process_time()
    found = compare(side(5), side(9))
    assert len(found.changes) == 61
    assert time.process_time() - start < 5


@pytest.mark.parametrize("value", [None, "x", [], {"$ref": "#/paths"}, [{"$ref": 5}]])
@pytest.mark.parametrize(
    "way",
    [
        ("paths",),
        ("paths", "/stream"),
        ("paths", "/stream", "get"),
        ("paths", "/stream", "get", "responses"),
        ("paths", "/stream", "get", "responses", "200"),
        ("paths", "/stream", "get", "parameters"),
        ("paths", "/api/sessions", "post", "requestBody"),
        ("components",),
        ("components", "schemas"),
        ("components", "schemas", "SessionData"),
        ("components", "schemas", "SessionData", "properties"),
        ("components", "schemas", "SessionData", "properties", "id"),
        ("components", "schemas", "SessionData", "required"),
        ("servers",),
        ("security",),
        ("tags",),
    ],
    ids=json.dumps,
)
def test_broken_documents(way: tuple[str, ...], value: Any) -> None:
    """What is broken in a document is told, or says nothing; the comparison goes on."""
    broken = copy.deepcopy(BUNDLED)
    if way[-1] in get(broken, way[:-1]) or len(way) == 1:
        get(broken, way[:-1])[way[-1]] = value
    for sides in ((BUNDLED, broken), (broken, BUNDLED), (broken, broken)):
        found = compare(*sides)
        assert all((found.text(), found.markdown(), found.html(), found.json()))
        if sides[0] is sides[1]:
            assert found.changes == ()


KEYWORDS = (
    *("type", "$ref", "properties", "items", "allOf", "oneOf", "enum", "required", "a", "const"),
    *("discriminator", "mapping", "propertyName", "not", "if", "minimum", "nullable", "format"),
    *("additionalProperties", "patternProperties", "prefixItems"),
    *("anyOf", "contains", "else", "maxContains", "minContains", "multipleOf", "then"),
    *("contentMediaType", "defaultMapping", "propertyNames", "unevaluatedProperties"),
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["", "a", "string", "#/paths"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYWORDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_any_schemas(old: Any, new: Any) -> None:
    """Whatever stands where schemas should, the comparison ends without an error, and is fair."""
    for direction in ("request", "response"):
        found = compare(with_schema(old, direction), with_schema(new, direction))
        back = compare(with_schema(new, direction), with_schema(old, direction))
        assert bool(found) == bool(back)
        assert not compare(with_schema(old, direction), with_schema(old, direction))


PLACES = [*list_ways(BUNDLED)]
WORDS = st.sampled_from(["$ref", "allOf", "deprecated", "enum", "nullable", "required", "type"])


@given(st.lists(st.tuples(st.sampled_from(PLACES), WORDS, JSON), min_size=1, max_size=3))
@settings(max_examples=50)
def test_any_mutation(mutations: list[tuple[tuple[str | int, ...], str, Any]]) -> None:
    """Whatever becomes of a document, it is compared or refused; what is found is found back."""
    new = copy.deepcopy(BUNDLED)
    for way, word, value in mutations:
        with contextlib.suppress(KeyError, IndexError, TypeError):
            place = get(new, way[:-1])
            place[way[-1]] = {**place[way[-1]], word: value} if len(way) % 2 else value
    try:
        there, back = compare(BUNDLED, new), compare(new, BUNDLED)
    except DocumentError:
        return
    assert bool(there) == bool(back)
    assert not compare(new, new)
    assert all((there.text(), there.markdown(), there.html(), there.json()))
