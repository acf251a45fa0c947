"""Example calls: they can be sent, run as they stand, and read well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from mixdyn import Mix
from mixdyn.client import Client
from mixdyn.errors import MixError
from mixdyn.example import Example, choose_values, write_call, write_value
from mixdyn.explore import describe
from mixdyn.tools.mock import Mock
from tests.documents import (
    FORM,
    INTEGER,
    MULTIPART,
    TEXT,
    body,
    fields,
    param,
    plan_operation,
)

SPECS = Path(__file__).parent.parent.parent / "shared" / "specs"
BINARY = {"type": "string", "format": "binary"}


def example_of(method: Any) -> str:
    """Give the example on a method's page."""
    return str(describe(method).blocks[-2].text)  # type: ignore[union-attr]  # code stands there


def methods_of(client: Any) -> dict[str, Any]:
    """Give the methods of a client by name."""
    found = {}
    for entry in client._surface.catalog.entries:
        method = client
        for step in (*entry.namespace, entry.name):
            method = getattr(method, step)
        found[entry.qualified_name] = method
    return found


@pytest.mark.parametrize("name", methods_of(Mix()))
def test_examples_run(name: str) -> None:
    """Each operation's example runs as it stands against the stand-in."""
    with httpx.Client(transport=Mock().transport()) as http:
        mix = Mix(server_url="http://mix.test", client=http)
        code = compile(example_of(methods_of(mix)[name]), "example", "exec")
        exec(code, {"mix": mix, "print": str})


@pytest.mark.parametrize(
    "path",
    [
        p
        for p in sorted(SPECS.rglob("*"))
        if p.suffix in (".json", ".yaml") and not {"v2.0", "schema-types"} & {*p.parts, p.stem}
    ],
    ids=lambda p: p.name,
)
def test_examples_of_other_documents(path: Path) -> None:
    """For each operation of real documents there is an example that can be sent."""
    try:
        client = Client(str(path), server_url="http://x.test")
    except MixError:
        return  # a fragment, or another version
    for method in methods_of(client).values():
        compile(example_of(method), "example", "exec")
        method.prepare(**choose_values(method._routine.plan))


def values(operation: dict[str, Any], path: str = "/things", **parts: Any) -> dict[str, Any]:
    """Give the example arguments of an operation."""
    return choose_values(plan_operation(operation, path, **parts))


def test_examples_of_the_document_come_first() -> None:
    """What the document offers is used where it fits, beside the schema or in it."""
    assert values(body(fields("a", a=TEXT), example={"a": "given"})) == {"a": "given"}
    assert values(body(TEXT, example="given")) == {"body": "given"}
    given = param("q", required=True, examples={"one": {"value": "given"}})
    assert values({"parameters": [given]}) == {"q": "given"}
    enum = param("q", required=True, schema={"enum": ["low", "high"]}, example="wrong")
    assert values({"parameters": [enum]}) == {"q": "low"}
    assert values({"parameters": [param("q")]}) == {}


def test_examples_hold_no_ones_secrets() -> None:
    """An example of a secret in a document may be a real one; it is not shown."""
    secret = {**TEXT, "example": "sk-real"}
    assert values(body(fields("api_key", api_key=secret))) != {"api_key": "sk-real"}
    shown = values(body(fields("api_key", api_key=TEXT), example={"api_key": "sk-real"}))
    assert shown != {"api_key": "sk-real"}


def test_more_than_required() -> None:
    """Where the required arguments alone do not do, all are given."""
    needed = {**fields(a=TEXT, b=INTEGER), "minProperties": 2}
    assert set(values(body(needed))) == {"a", "b"}
    never = fields("a", a={"allOf": [TEXT, INTEGER]})
    assert set(values(body(never))) == {"a"}


def test_files_and_undeclared_parameters() -> None:
    """A file is bytes; a parameter without schema is text."""
    assert values(body(BINARY, "application/octet-stream")) == {"body": b"Hello"}
    files = fields("f", "many", f=BINARY, many={"type": "array", "items": BINARY})
    assert values(body(files, MULTIPART)) == {"f": b"Hello", "many": [b"Hello"]}
    assert values(body(fields("a", a=TEXT), FORM)).keys() == {"a"}
    assert values({}, "/things/{thing_id}") == {"thing_id": "thing_id"}
    assert values({}, "/things/{é}") == {"é": "text"}


def test_request_examples_leave_out_what_the_server_sets() -> None:
    """Properties that only answers have are no arguments, also inside others."""
    inner = fields("id", "name", id={**TEXT, "readOnly": True}, name=TEXT)
    assert values(body(fields("inner", inner=inner)))["inner"].keys() == {"name"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        ('say "a"', "'say \"a\"'"),
        ("\u202e\n", "'\\u202e\\n'"),
        ({"a": [1, None, True]}, '{"a": [1, None, True]}'),
        ([], "[]"),
        (b"x", 'b"x"'),
        (["x" * 50, "y" * 50], f'[\n    "{"x" * 50}",\n    "{"y" * 50}",\n]'),
        ({"k": "x" * 80}, f'{{\n    "k": "{"x" * 80}",\n}}'),
        ("x" * 100, f'"{"x" * 100}"'),
    ],
)
def test_write_value(value: Any, text: str) -> None:
    """Values are written as Python that gives them back."""
    assert write_value(value) == text
    assert eval(text) == value


def test_write_call() -> None:
    """A call is one line where it fits, and what was made first gives its id."""
    assert write_call("c.go", Example({})) == "c.go()"
    assert write_call("c.go", Example({"a": 1, "b": "x"}, {"b": "thing.id"})) == (
        "c.go(a=1, b=thing.id)"
    )
    long = write_call("c.go", Example({"a": "x" * 40, "b": {"k": "y" * 70}}))
    assert long.split("\n")[1:4] == [
        f'    a="{"x" * 40}",',
        "    b={",
        f'        "k": "{"y" * 70}",',
    ]
    assert eval(long.replace("c.go", "dict")) == {"a": "x" * 40, "b": {"k": "y" * 70}}
    stream = write_call("c.go", Example({}), is_stream=True)
    assert stream.startswith("with c.go() as events:\n    for event in events:\n")


def test_lists_in_the_query_are_not_empty() -> None:
    """Of an empty list nothing would be sent."""
    many = {"type": "array", "items": {"enum": ["low", "high"]}}
    assert values({"parameters": [param("q", required=True, schema=many)]}) == {"q": ["low"]}


def test_bodies_with_conditions() -> None:
    """Where the body asks for one of several properties, there is one."""
    either = {
        **fields("a", a=TEXT, b=TEXT, c=TEXT),
        "oneOf": [{"required": ["b"]}, {"required": ["c"]}],
    }
    assert values(body(either)).keys() == {"a", "b"}
    assert values({"parameters": [param("q", required=True, schema={"not": {}})]}).keys() == {"q"}
