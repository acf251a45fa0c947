"""
The dialects of OpenAPI levelled into one: the cases of `data/normalform.json`, and the bounds.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mixdyn.document import Document
from mixdyn.errors import DocumentError
from mixdyn.normalform import Direction, normalize, normalize_members
from mixdyn.schema import Schema, Schemas
from mixdyn.validation import Validator

CASES = json.loads((Path(__file__).parent / "data" / "normalform.json").read_text("utf-8"))
VERSIONS = ["3.0.3", "3.1.0"]


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def make(schema: Any, version: str = "3.1.0", **others: Any) -> Schema:
    root = {"openapi": version, "components": {"schemas": {"It": {"x": schema}, **others}}}
    document = Document.load(root)
    return Schemas(document).at(document.at("components", "schemas", "It", "x"))


def level(case: dict[str, Any], version: str) -> Any:
    schema = make(case["schema"], version, **case.get("schemas", {}))
    direction: Direction = case.get("direction", "response")
    return normalize(schema, direction)


PAIRS = [
    pytest.param(case, version, id=f"{version} {case['case']}")
    for case in CASES
    for version in ([case["version"]] if "version" in case else VERSIONS)
]


@pytest.fixture(params=["accelerated", "plain"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the accelerator, if it is installed, and without it."""
    if request.param == "plain":
        monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    return str(request.param)


@pytest.mark.parametrize(("case", "version"), PAIRS)
def test_case(case: dict[str, Any], version: str, engine: str) -> None:
    """A levelled schema accepts and refuses what the document means."""
    validator = Validator(level(case, version))
    for value in case["accepts"]:
        assert validator.problems(value) == ()
        assert validator.accepts(value)
    for value in case["refuses"]:
        assert not validator.accepts(value), value


@pytest.mark.parametrize(("case", "version"), PAIRS)
def test_result_is_json_schema(case: dict[str, Any], version: str) -> None:
    """Whatever the document holds, the result is valid JSON Schema and refers only to itself."""
    levelled = level(case, version)
    jsonschema.Draft202012Validator.check_schema(levelled)
    text = json.dumps(levelled)
    for word in ("nullable", "discriminator", "readOnly", "components"):
        assert f'"{word}":' not in text


@pytest.mark.parametrize("value", [True, False, 5, None, "x", []])
def test_no_object(value: Any) -> None:
    """Boolean schemas stay; what is no schema allows anything."""
    assert normalize(make(value), "response") is (value is not False)


def test_garbage_leaves_nothing() -> None:
    """Numbers that cannot be limits leave no keyword."""
    nonsense = {"minimum": float("nan"), "maximum": float("inf"), "multipleOf": 0, "maxItems": -1}
    document = Document({"openapi": "3.1.0", "it": nonsense})
    assert normalize(Schemas(document).at(document.at("it")), "request") == {}


def test_members() -> None:
    """The arguments of a call are one object, in which some are not checked."""
    text, node = {"type": "string"}, {"type": "object", "properties": {"n": ref("Node")}}
    schema = make({"properties": {"a": text, "b": ref("Node")}}, Node=node)
    members: dict[str, Schema | bool] = {**schema.properties, "c": True}
    validator = Validator(normalize_members(members, ["a"], "request"))
    assert validator.accepts({"a": "x", "b": {"n": {}}, "c": object})
    assert not validator.accepts({"b": {}})
    assert not validator.accepts({"a": 1})
    assert not validator.accepts({"a": "x", "b": {"n": 1}})
    unchecked = normalize_members({"c": True}, ["c"], "request")
    assert unchecked == {"type": "object", "required": ["c"]}


def test_only_what_is_reached() -> None:
    """The result holds what the schema reaches, each once, and nothing else."""
    schema = make({"items": ref("A")}, A={"allOf": [ref("B"), ref("B")]}, B=True, C=True)
    levelled = normalize(schema, "response")
    assert isinstance(levelled, dict)
    assert len(levelled["$defs"]) == 2


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (ref("None"), "points at nothing"),
        ({"items": ref("Loop")}, "leads back to itself"),
        ({"$ref": "http://example.invalid/a.json"}, "is not followed"),
        ({"oneOf": [ref("None")], "discriminator": {"propertyName": "x"}}, "points at nothing"),
    ],
)
def test_dangling(schema: Any, message: str) -> None:
    """A reference that leads nowhere is told where it is used."""
    with pytest.raises(DocumentError, match=message):
        normalize(make(schema, Loop=ref("Loop")), "response")


def test_too_deep() -> None:
    """A schema nested without end is a document error."""
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"items": deep}
    document = Document({"openapi": "3.1.0", "it": deep})
    schema = Schemas(document).at(document.at("it"))
    with pytest.raises(DocumentError, match="#/it: the schema is nested too deeply"):
        normalize(schema, "response")
    with pytest.raises(DocumentError, match="nested too deeply"):
        normalize_members({"a": schema}, [], "request")


def test_long_chains() -> None:
    """References that lead two thousand schemas deep are levelled one after the other."""
    chain: dict[str, Any] = {
        f"S{n}": {"properties": {"next": ref(f"S{n + 1}")}} for n in range(2000)
    }
    start = time.perf_counter()
    levelled = normalize(make(ref("S0"), **chain, S2000={"type": "string"}), "response")
    assert isinstance(levelled, dict)
    assert len(levelled["$defs"]) == 2001
    assert time.perf_counter() - start < 10


def level_shared(schema: Schema, direction: Direction = "response") -> dict[str, Any]:
    levelled = normalize(schema, direction, is_shared=True)
    assert isinstance(levelled, dict)
    return levelled


def test_shared() -> None:
    """Shared results hold the very same definitions for one direction, and say the same."""
    others: dict[str, Any] = {"A": {"properties": {"b": ref("B")}}, "B": {"minLength": 1}}
    schema = make({"properties": {"b": ref("B"), "a": ref("A")}}, **others)
    one, two = level_shared(schema), level_shared(schema)
    a = schema.properties["a"]
    three = normalize_members({"a": a}, [], "response", is_shared=True)
    assert one == two == normalize(schema, "response")
    assert [*map(id, one["$defs"].values())] == [*map(id, two["$defs"].values())]
    assert three["$defs"] == one["$defs"]
    assert level_shared(schema, "request")["$defs"]["0"] is not one["$defs"]["0"]
    assert not Validator(level_shared(a)).accepts({"b": ""})


def test_shared_loop() -> None:
    """What is cut out of a loop for one result is not missing in another."""
    loop: dict[str, Any] = {"B": {"allOf": [ref("C")], "minLength": 2}}
    loop["C"] = {"allOf": [ref("B")], "maxLength": 3}
    schema = make({"properties": {"b": ref("B"), "c": ref("C")}}, **loop)
    level_shared(schema)
    for name in ("b", "c"):
        validator = Validator(level_shared(schema.properties[name]))
        assert [validator.accepts("x" * length) for length in range(1, 5)] == [
            False,
            True,
            True,
            False,
        ]


def test_shared_after_an_error() -> None:
    """A definition that cannot be used spoils only what refers to it, each time."""
    schema = make({"properties": {"a": ref("A"), "b": ref("B")}}, A={"items": ref("Lost")}, B=True)
    for _ in range(2):
        with pytest.raises(DocumentError, match="points at nothing"):
            normalize(schema, "response", is_shared=True)
    assert list(level_shared(schema.properties["b"])["$defs"].values()) == [True]


def test_dynamic_loop() -> None:
    """A schema that is nothing but a dynamic reference to itself allows anything."""
    loop = {"$dynamicRef": "#/components/schemas/A"}
    validator = Validator(normalize(make({"items": ref("A")}, A=loop), "response"))
    assert validator.problems([1]) == ()


def test_required_of_a_reference() -> None:
    """Whether a required property travels is also read through references and `allOf`."""
    key = {"type": "string", "readOnly": True}
    base = {"properties": {"other": ref("Key")}}
    members = {"key": ref("Key"), "text": {"$ref": "#/components/schemas/Text"}, "odd": 5}
    names = ["key", "text", "other", "odd", "none", "text"]
    it = {"allOf": [ref("Base")], "properties": members, "required": names}
    schema = make(it, Key=key, Base=base, Text={"type": "string"})
    request, response = normalize(schema, "request"), normalize(schema, "response")
    assert isinstance(request, dict)
    assert isinstance(response, dict)
    assert request["required"] == ["text", "odd", "none"]
    assert response["required"] == ["key", "text", "other", "odd", "none"]
