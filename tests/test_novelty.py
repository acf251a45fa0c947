"""What values that fit hold beyond their schema."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.novelty import Novelty

ITEM = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "state": {"enum": ["on", "off", None]}},
}


def find(schema: Any, value: Any) -> list[tuple[str, str, str]]:
    """List kind, pointer and what was got."""
    found: Any = Novelty(schema).find(value)
    return sorted((each.kind, each.pointer, each.got) for each in found)


NEW = ("new property", "/more", "integer")
REF = {"$ref": "#/$defs/0", "$defs": {"0": ITEM}}
VALUE = ("new value", "/state", "'idle'")


@pytest.mark.parametrize(
    ("schema", "value", "found"),
    [
        (ITEM, {"id": "x", "state": "on"}, []),
        (ITEM, {"id": "x", "state": None}, []),
        (ITEM, {"more": 1}, [NEW]),
        (ITEM, {"state": "idle"}, [VALUE]),
        (REF, {"more": 1, "state": "idle"}, [NEW, VALUE]),
        ({**ITEM, "additionalProperties": False}, {"more": 1}, [NEW]),
        ({**ITEM, "additionalProperties": True}, {"more": 1}, []),
        ({**ITEM, "additionalProperties": {"type": "integer"}}, {"more": 1}, []),
        ({**ITEM, "patternProperties": {"^m": {}}}, {"more": 1}, []),
        ({**ITEM, "unevaluatedProperties": {}}, {"more": 1}, []),
        ({"type": "object"}, {"more": 1}, []),
        (True, {"more": 1}, []),
        ({"allOf": [ITEM, {"properties": {"more": {}}}]}, {"more": 1}, []),
        ({"allOf": [ITEM, {"properties": {"b": {}}}]}, {"more": 1}, [NEW]),
        ({"anyOf": [ITEM, {"properties": {"more": {}}}]}, {"more": 1}, []),
        ({"oneOf": [ITEM, {"properties": {"state": {"type": "string"}}}]}, {"state": "idle"}, []),
        ({"oneOf": [ITEM, {"properties": {"state": {"enum": ["x"]}}}]}, {"state": "idle"}, [VALUE]),
        ({"if": {"properties": {"id": {"enum": ["a", "b"]}}}, "then": ITEM}, {"id": "c"}, []),
        ({"if": {}, "then": ITEM, "else": ITEM}, {"more": 1}, [NEW]),
        ({"properties": {"state": {"anyOf": [{"enum": ["on", "off"]}, {"type": "null"}]}}},
         {"state": "idle"}, []),
        ({"properties": {"state": {"anyOf": [{"enum": ["on"]}, {"enum": ["off"]}]}}},
         {"state": "idle"}, [VALUE]),
        ({"properties": {"state": {"allOf": [{"enum": ["on", "off"]}, {"type": "string"}]}}},
         {"state": "idle"}, [VALUE]),
        ({"properties": {"token": {"enum": ["on", "off"]}}}, {"token": "s3cret"},
         [("new value", "/token", "string")]),
        ({"type": "array", "items": ITEM}, [{"more": 1}] * 2,
         [("new property", "/*/more", "integer")] * 2),
        ({"type": "array", "items": ITEM}, [{}, {}, {}, {"more": 1}], []),
        ({"type": "array"}, [{"more": 1}], []),
        ({"properties": {"a": ITEM}}, {"a": {"more": {}}},
         [("new property", "/a/more", "object")]),
        ({"$ref": "#/$defs/lost"}, {"more": 1}, []),
    ],
)  # fmt: skip
def test_find(schema: Any, value: Any, found: list[Any]) -> None:
    """Unknown properties and unlisted values are told, unless something else allows them."""
    assert find(schema, value) == found


def test_find_is_bounded() -> None:
    """However large a value or a schema, only a part is looked at."""
    many = {f"k{i}": i for i in range(100_000)}
    assert len(find(ITEM, many)) == 20
    loop = {"$defs": {"0": {"properties": {"a": {"$ref": "#/$defs/0"}}}}, "$ref": "#/$defs/0"}
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": deep}
    assert find(loop, deep) == []
    inner: Any = {"enum": ["x", "y"]}
    for _ in range(20):
        inner = {"anyOf": [inner]}
    assert find(inner, "z") == []
    assert find({"allOf": [{"properties": {f"k{i}": {}}} for i in range(100)]}, {"more": 1})


def test_sample() -> None:
    """The first values are looked at, and then only some: values may come by the million."""
    novelty = Novelty(ITEM)
    looked = [turn for turn in range(1024) if novelty.sample({"more": 1})]
    assert looked == [1, 3, 7, 15, 31, 63, 127, 255, 511, 767, 1023]
