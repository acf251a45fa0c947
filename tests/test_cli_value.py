"""From text to the value that a schema asks for, and the values that it lists."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.normalform import normalize
from mixdyn.schema import Schema
from mixdyn.tools.cli.value import convert, list_values
from mixdyn.validation import Validator
from tests.documents import INTEGER, TEXT, fields, make_operation, param

BOOLEAN = {"type": "boolean"}
NULLABLE = {"type": ["integer", "null"]}
MIXED: dict[str, Any] = {"enum": ["cat", None, 1, True, {"a": [1]}, []]}
STATE = {"type": ["string", "null"], "enum": ["open", "closed", None]}


def make(schema: Any) -> Schema:
    """Give the schema of a document."""
    operation = make_operation({"parameters": [param("value", schema=schema)]}, "/x", "get")
    made = operation.arguments[0].schema
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        (TEXT, "42", "42"),
        (TEXT, "null", "null"),
        (TEXT, "a=b", "a=b"),
        ({}, "1", "1"),
        (INTEGER, "42", 42),
        (INTEGER, "+42", 42),
        (INTEGER, "-0", 0),
        (INTEGER, "4.5", "4.5"),
        (INTEGER, "x", "x"),
        (INTEGER, "null", "null"),
        ({"type": "number"}, "4", 4),
        ({"type": "number"}, "-4.5e1", -45.0),
        ({"type": "number"}, "inf", "inf"),
        (BOOLEAN, "true", True),
        (BOOLEAN, "False", False),
        (BOOLEAN, "1", "1"),
        (NULLABLE, "null", None),
        (NULLABLE, "7", 7),
        ({"anyOf": [INTEGER, {"type": "null"}]}, "null", None),
        ({"anyOf": [INTEGER, BOOLEAN]}, "true", True),
        ({"anyOf": [INTEGER, TEXT]}, "7", "7"),
        ({"enum": [1, 2]}, "2", 2),
        ({"enum": ["1", "2"]}, "2", "2"),
        ({"enum": [1, None]}, "1", 1),
        (INTEGER, "007", "007"),
        (INTEGER, "\u0665", "\u0665"),
        ({"type": "number"}, "\u0665.5", "\u0665.5"),
        ({"const": 5}, "5", 5),
        (MIXED, "cat", "cat"),
        (MIXED, "null", None),
        (MIXED, "1", 1),
        (MIXED, "true", True),
        (MIXED, "2", "2"),
        (MIXED, '{"a":[1]}', {"a": [1]}),
        (MIXED, "[]", []),
        (STATE, "null", None),
        (STATE, "open", "open"),
        (STATE, "x", "x"),
        ({"type": ["string", "null"]}, "null", "null"),
        ({"enum": ["null", None]}, "null", "null"),
        ({"anyOf": [{"enum": ["a"]}, {"type": "null"}]}, "null", None),
        ({"anyOf": [INTEGER, {"type": "string", "pattern": "^x"}]}, "7", 7),
        ({"anyOf": [STATE, {"type": "array", "items": STATE}]}, "open,null", ["open", None]),
        ({"type": "array", "items": INTEGER}, "1,\u0665", [1, "\u0665"]),
        ({"type": "array", "items": INTEGER}, "1,2", [1, 2]),
        ({"type": "array", "items": INTEGER}, "[1, 2]", [1, 2]),
        ({"type": "array", "items": TEXT}, "", []),
        ({"type": "array", "items": TEXT}, "[broken", "[broken"),
        ({"type": "array"}, "a,b", ["a", "b"]),
        (fields("a", a=TEXT), '{"a": "b"}', {"a": "b"}),
        (fields("a", a=TEXT), "{" * 5000, "{" * 5000),
    ],
)
def test_text_becomes_what_the_schema_asks_for(schema: Any, text: str, value: Any) -> None:
    """Text is converted where that is plain, and stays text where it may be or fits nothing."""
    got = convert(text, make(schema))
    assert got == value
    assert type(got) is type(value)


def test_text_without_a_schema_stays() -> None:
    """Where the document says nothing, nothing is converted."""
    assert convert("1", None) == "1"


@pytest.mark.parametrize(
    ("schema", "listed"),
    [
        (TEXT, []),
        (BOOLEAN, ["true", "false"]),
        (STATE, ["open", "closed", "null"]),
        ({"type": "array", "items": STATE}, ["open", "closed", "null"]),
        (MIXED, ["cat", "null", "1", "true", '{"a":[1]}', "[]"]),
        ({"oneOf": [{"const": "one"}, {"const": "two"}]}, ["one", "two"]),
        ({"anyOf": [{"enum": ["a"]}, {"type": "null"}]}, ["a", "null"]),
        ({"anyOf": [BOOLEAN, {"enum": ["auto", "true"]}]}, ["auto", "true", "false"]),
    ],
)
def test_what_is_listed_works(schema: Any, listed: list[str]) -> None:
    """Values are listed as one types them, and mean what is listed when they are typed."""
    made = make(schema)
    assert list_values(made) == listed
    accepts = Validator(normalize(made, "request")).accepts
    assert all(accepts(convert(text, made)) for text in listed)


def test_nothing_is_listed_without_a_schema() -> None:
    """Where the document says nothing, there is nothing to list."""
    assert list_values(None) == []
