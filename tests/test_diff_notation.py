"""
A document written in another way says the same: the comparison finds nothing, in either direction.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mixdyn.bundled import bundled_path
from mixdyn.comparison import compare
from mixdyn.document import Document, unescape_pointer
from tests.test_diff import with_schema
from tests.test_diff_documents import MIX, SPECS

FILES = [Path(bundled_path()), *sorted(MIX.glob("*.yaml")), *SPECS]
SINGLE = ("additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then")
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
MAPS = ("$defs", "dependentSchemas", "patternProperties", "properties")
DATA = ("default", "enum", "example", "examples", "info", "mapping", "securitySchemes")
UNORDERED = ("allOf", "anyOf", "enum", "oneOf", "parameters", "required", "type")

Change = Callable[[dict[str, Any]], Any]


def rewrite(value: Any, change: Change, *, is_schema: bool = False) -> Any:
    """Give a document with each of its schemas changed, the innermost first."""
    if isinstance(value, list):
        return [rewrite(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: rewrite_member(key, item, change, is_schema) for key, item in value.items()}
    return change(made) if is_schema else made


def rewrite_member(key: str, value: Any, change: Change, is_schema: bool) -> Any:
    if key in DATA:
        return value
    if is_schema and key in LISTS and isinstance(value, list):
        return [rewrite(item, change, is_schema=True) for item in value]
    if isinstance(value, dict) and (key == "schemas" or (is_schema and key in MAPS)):
        return {name: rewrite(item, change, is_schema=True) for name, item in value.items()}
    is_below = key in SINGLE if is_schema else key in ("itemSchema", "schema")
    return rewrite(value, change, is_schema=is_below)


def is_apart(schema: dict[str, Any]) -> bool:
    """Tell whether a schema can stand elsewhere: a discriminator goes by the names of schemas."""
    return "discriminator" not in schema


def wrap(root: Any) -> Any:
    """Put each schema into an `allOf` of one."""
    return rewrite(root, lambda schema: {"allOf": [schema]} if is_apart(schema) else schema)


def outline(root: Any) -> Any:
    """Put each schema with properties into components."""
    made: dict[str, Any] = {}

    def move(schema: dict[str, Any]) -> Any:
        if not schema.get("properties") or not is_apart(schema):
            return schema
        made[f"Made{len(made)}"] = schema
        return {"$ref": f"#/components/schemas/Made{len(made) - 1}"}

    new = rewrite(root, move)
    components = dict(new.get("components", {}))
    return {
        **new,
        "components": {**components, "schemas": {**components.get("schemas", {}), **made}},
    }


def inline(root: Any, value: Any = None, seen: tuple[str, ...] = ()) -> Any:
    """Put what references mean in their place, three deep; but where names count."""
    value = root if value is None else value
    if isinstance(value, list):
        return [inline(root, item, seen) for item in value]
    if not isinstance(value, dict) or not is_apart(value):
        return value
    target = find(root, value.get("$ref"), seen) if len(value) == 1 else None
    if target is not None:
        return inline(root, target, (*seen, value["$ref"]))
    return {k: v if k in DATA or v is None else inline(root, v, seen) for k, v in value.items()}


def find(root: Any, reference: Any, seen: tuple[str, ...]) -> Any:
    if not isinstance(reference, str) or reference[:2] != "#/" or reference in seen or seen[2:]:
        return None
    for step in reference[2:].split("/"):
        root = root.get(unescape_pointer(step)) if isinstance(root, dict) else None
    is_plain = isinstance(root, dict) and is_apart(root) and "allOf" not in root
    return root if is_plain else None


def reverse(value: Any) -> Any:
    """Turn the order of all members around."""
    if isinstance(value, list):
        return [reverse(item) for item in value]
    if isinstance(value, dict):
        return {key: reverse(value[key]) for key in reversed(value)}
    return value


def shuffle(value: Any, key: str = "", dice: random.Random | None = None) -> Any:
    """Change the order of all members, and of the lists whose order says nothing."""
    dice = dice or random.Random(5)
    if isinstance(value, list):
        items = [shuffle(item, "", dice) for item in value]
        return dice.sample(items, len(items)) if key in UNORDERED else items
    if isinstance(value, dict):
        return {k: shuffle(value[k], k, dice) for k in dice.sample([*value], len(value))}
    return value


WAYS = {
    "inline": inline,
    "json": json.dumps,
    "outline": outline,
    "reverse": reverse,
    "shuffle": shuffle,
    "wrap": wrap,
    "yaml": lambda root: yaml.safe_dump(root, allow_unicode=True),
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_another_way(path: Path) -> None:
    """However a document is written, it does not differ from itself."""
    root = json.loads(json.dumps(Document.load(path).root))
    found = {
        f"{way} {direction}": change.code
        for way, write in WAYS.items()
        for direction, sides in (("there", (root, write(root))), ("back", (write(root), root)))
        for change in compare(*sides).changes
    }
    assert found == {}


def test_conditions_another_way() -> None:
    """However conditions are written, and whatever they refer to, they are the same."""
    text, card = {"type": "string"}, {"$ref": "#/components/schemas/Card"}
    kind = {"properties": {"kind": {"enum": ["a", "b"]}}}
    schema = {
        "type": "object",
        "properties": {"a": text, "b": {"type": ["string", "null"]}, "kind": text},
        "anyOf": [{"required": ["a", "b"]}, {"required": ["kind"]}],
        "allOf": [
            {"if": kind, "then": {"required": ["b", "a"]}, "else": {"not": card}},
            {"if": card, "then": {"minProperties": 2}},
            {"not": {"anyOf": [card, {"type": "array", "contains": card, "maxContains": 3}]}},
            {"not": {"oneOf": [{"properties": {"a": {"enum": ["x", "y"]}}}, {"required": ["z"]}]}},
        ],
    }
    schemas: dict[str, Any] = {
        "Card": {"type": "object", "properties": {"no": text}, "required": ["no"]}
    }
    old = with_schema(schema, "request", schemas=schemas)
    for way, write in WAYS.items():
        assert not compare(old, write(old)), way
        assert not compare(write(old), old), way
    schemas = {"Card": {**schemas["Card"], "maxProperties": 3}}
    assert compare(old, with_schema(schema, "request", schemas=schemas))


A, B = ({"type": "object", "properties": {"p": schema}} for schema in ({"maxLength": 5}, {}))
NEXT = {"$ref": "#/components/schemas/Next"}


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ({"allOf": [A, B]}, {"allOf": [B, A]}, set()),
        ({"allOf": [A, {"properties": {"p": {"title": "P"}}}]}, A, set()),
        ({"allOf": [A, {"properties": {"p": {"minLength": 1}}}]}, A, {"min-length-removed"}),
        (
            {"allOf": [A, {"properties": {"p": {"minLength": 1}}}]},
            {"properties": {"p": {"maxLength": 5, "minLength": 1}}, "type": "object"},
            set(),
        ),
        ({"items": {}}, {"items": {"allOf": [{"title": "any"}]}}, set()),
        ({"type": "array", "items": {}}, {"type": "array"}, set()),
        (
            {"type": "array", "items": {"$ref": "#/components/schemas/Any"}},
            {"type": "array"},
            set(),
        ),
        ({"items": {"$ref": "#/nowhere"}}, {"type": "array"}, None),
        (
            {"allOf": [{"items": {"type": "string"}}, {"items": {"maxLength": 4}}]},
            {"items": {"type": "string", "maxLength": 4}, "type": "array"},
            set(),
        ),
        (
            {"allOf": [{"properties": {"p": {}}}, {"properties": {"p": False}}]},
            {"allOf": [{"properties": {"p": False}}]},
            set(),
        ),
        (
            {"allOf": [{"properties": {"p": {"allOf": [False]}}}, {"properties": {"p": {}}}]},
            {"allOf": [{"properties": {"p": {}}}]},
            {"type-widened", "became-nullable"},
        ),
        (
            {"oneOf": [{"allOf": [{"$ref": "#/components/schemas/Loop"}]}, {"type": "string"}]},
            {"oneOf": [{"$ref": "#/components/schemas/Loop"}, {"type": "string"}]},
            set(),
        ),
        (
            {"allOf": [{"properties": {"n": NEXT}}, {"properties": {"n": {"maxProperties": 3}}}]},
            {"allOf": [{"properties": {"n": {"maxProperties": 2}}}, {"properties": {"n": NEXT}}]},
            {"max-properties-decreased"},
        ),
    ],
)
def test_parts_of_one_thing(old: Any, new: Any, codes: set[str] | None) -> None:
    """What several parts of an `allOf` say of one thing is taken together."""
    schemas = {
        "Any": {},
        "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]},
        "Next": {"type": "object", "properties": {"n": NEXT, "text": {"type": "string"}}},
    }
    sides = [with_schema(schema, "request", schemas=schemas) for schema in (old, new)]
    found = {change.code.removeprefix("request-") for change in compare(*sides).changes}
    assert codes is None or found == codes


def test_parts_in_circles() -> None:
    """Parts that lead in circles of different lengths are not followed for ever."""

    def side(limit: int) -> dict[str, Any]:
        lengths = (5, 7, 8, 9, 11, 13)
        schemas = {
            f"C{n}_{i}": {
                "properties": {"next": {"$ref": f"#/components/schemas/C{n}_{(i + 1) % n}"}}
            }
            for n in lengths
            for i in range(n)
        }
        parts = [{"$ref": f"#/components/schemas/C{n}_0"} for n in lengths]
        return with_schema({"allOf": parts, "maxProperties": limit}, "response", schemas=schemas)

    found = compare(side(5), side(6))
    assert [change.code for change in found.changes] == ["response-max-properties-increased"]
    assert "too many ways" in found.unreadable[0]
