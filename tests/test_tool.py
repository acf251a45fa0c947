"""Operations as tools of language models: definitions, and calls by name."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from mixdyn import Mix
from mixdyn.client import Client
from mixdyn.errors import RequestValidationError
from mixdyn.example import choose_values
from mixdyn.tools.mock import Mock
from tests.documents import MULTIPART, TEXT, answers, body, fields, param
from tests.test_example import methods_of

MIX: Any = Mix()


@pytest.fixture
def mix() -> Any:
    """Give a client of the stand-in."""
    http = httpx.Client(transport=Mock().transport())
    later = httpx.AsyncClient(transport=Mock().transport())
    yield Mix(server_url="http://mix.test", client=http, async_client=later)
    http.close()


def client_of(operation: dict[str, Any], path: str = "/x", name: str = "go") -> Any:
    """Give a client of one operation."""
    given = {"operationId": name, "responses": {}, **operation}
    info = {"title": "Test", "version": "1"}
    spec = {"openapi": "3.1.0", "info": info, "paths": {path: {"post": given}}}
    spec["components"] = {"schemas": {"Node": NODE}}
    return Client(spec, server_url="http://x.test")


NODE: dict[str, Any] = {
    "type": "object",
    "description": "A node.",
    "properties": {"kids": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}},
}


@pytest.mark.parametrize("name", methods_of(MIX))
def test_definitions(name: str) -> None:
    """Each is valid and complete, and takes the example of its operation."""
    method = methods_of(MIX)[name]
    tool = method.tool()
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", tool["name"])
    assert tool["description"]
    Draft202012Validator.check_schema(tool["parameters"])
    values = {
        k: "SGVsbG8=" if isinstance(v, bytes) else v
        for k, v in choose_values(method._routine.plan).items()
    }
    Draft202012Validator(tool["parameters"]).validate(values)
    assert json.loads(json.dumps(tool)) == tool


def test_styles() -> None:
    """The same is given in the forms that are in use."""
    plain = MIX.sessions.create.tool()
    assert set(plain) == {"name", "description", "parameters"}
    assert MIX.sessions.create.tool("openai") == {"type": "function", "function": plain}
    schema = plain["parameters"]
    assert MIX.sessions.create.tool("anthropic")["input_schema"] == schema
    assert MIX.sessions.create.tool("mcp")["inputSchema"] == schema
    assert MIX.sessions.create_async.tool() == plain
    with pytest.raises(ValueError, match="expected one of plain, openai, anthropic, mcp"):
        MIX.sessions.create.tool("opnai")


def test_parameters() -> None:
    """Arguments have their descriptions, limits and references; others are refused."""
    node = {"$ref": "#/components/schemas/Node"}
    operation = {
        **body(fields("node", "title", node=node, title={**TEXT, "minLength": 1, "default": "x"})),
        "parameters": [param("q", description="What to\x1b ask."), {"name": "bare", "in": "query"}],
    }
    parameters = client_of(operation).go.tool()["parameters"]
    assert parameters["required"] == ["node", "title"]
    assert parameters["additionalProperties"] is False
    assert parameters["properties"]["q"] == {"type": "string", "description": "What to\\x1b ask."}
    assert parameters["properties"]["bare"] == {"type": "string"}
    assert parameters["properties"]["title"] == {"type": "string", "minLength": 1, "default": "x"}
    assert parameters["properties"]["node"]["$ref"].startswith("#/$defs/")
    assert "A node." in json.dumps(parameters["$defs"])
    Draft202012Validator(parameters).validate({"node": {"kids": [{}]}, "title": "a"})
    open_body = body({**fields(a=TEXT), "additionalProperties": True})
    assert "additionalProperties" not in client_of(open_body).go.tool()["parameters"]


def test_what_is_deprecated() -> None:
    """An argument that the document advises against is marked, whatever it is."""
    old = {"deprecated": True}
    operation = {
        "parameters": [param("q", description="What.", **old), param("bare", **old)],
        **body(fields(a={**TEXT, **old}, b=TEXT)),
    }
    method = client_of(operation).go
    given = method.tool()["parameters"]["properties"]
    assert given["q"] == {"type": "string", "deprecated": True, "description": "Deprecated. What."}
    assert given["bare"]["description"] == "Deprecated."
    assert given["a"] == {"type": "string", "deprecated": True, "description": "Deprecated."}
    assert "deprecated" not in given["b"]
    assert "q: Deprecated. What." in method.__doc__
    assert repr(method).count("deprecated") == 3


def test_names() -> None:
    """Names are short and plain, and no two are equal."""
    long = client_of({}, name="a" * 300).__getattr__
    assert callable(long)
    paths = {
        f"/{n}": {"get": {"operationId": f"{'x' * 100}{n}", "responses": {}}} for n in range(3)
    }
    paths["/a"] = {"get": {"operationId": "b_c", "tags": ["a"], "responses": {}}}
    paths["/b"] = {"get": {"operationId": "c", "tags": ["a_b"], "responses": {}}}
    paths["/é"] = {"get": {"operationId": "é", "responses": {}}}
    api: Any = Client({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths})
    names = [method.tool()["name"] for method in methods_of(api).values()]
    assert len(set(names)) == len(names) == 6
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in names)
    assert {"a_b_c", "a_b_c_2"} <= set(names)
    assert client_of({"deprecated": True}).go.tool()["description"] == "Deprecated."
    assert client_of({}).go.tool()["description"] == "Calls POST /x."


@pytest.mark.parametrize("name", ["sessions.create", "createSession", "sessions_create"])
def test_call(name: str, mix: Any) -> None:
    """An operation is called by its name, its operationId or its tool's name."""
    assert mix.call(name, {"title": "demo"}).title == "demo"
    assert mix.call(name, '{"title": "demo"}', timeout_ms=5000).title == "demo"
    assert mix.call(name, {"title": "demo", "workingDirectory": "/tmp"}).title == "demo"


def test_call_async(mix: Any) -> None:
    """The twin is called by name as well."""
    session = asyncio.run(mix.call_async("sessions.create", {"title": "demo"}))
    assert session.title == "demo"
    assert mix.call("sessions.list") == mix.call("sessions.list", "") == mix.sessions.list()


def test_call_checks_arguments(mix: Any) -> None:
    """Arguments are checked also by a client that does not check; options are no arguments."""
    loose = mix.with_options(validate="off")
    with pytest.raises(RequestValidationError):
        loose.call("sessions.create", {"title": 5})
    for option in ("server_url", "http_headers", "validate", "on_progress"):
        with pytest.raises(TypeError, match=f"{option}: an option of calls"):
            mix.call("sessions.create", {"title": "x", option: "http://evil.test"})
    with pytest.raises(TypeError, match=r"unknown: titel\. Did you mean 'title'"):
        mix.call("sessions.create", {"titel": "x"})
    with pytest.raises(TypeError, match="the arguments are not JSON"):
        mix.call("sessions.create", "{")
    with pytest.raises(TypeError, match="expected an object of arguments, got list"):
        mix.call("sessions.create", "[1]")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sessions.craete", "Did you mean 'sessions.create'"),
        ("sessions_craete", "Did you mean"),
        ("creatSession", "Did you mean"),
        ("", "no operation ''"),
        ("__class__.x", "no operation"),
    ],
)
def test_call_of_wrong_names(name: str, hint: str, mix: Any) -> None:
    """A wrong name is a LookupError that suggests the right one."""
    with pytest.raises(LookupError, match=hint):
        mix.call(name, {})


def test_files_are_base64(mix: Any) -> None:
    """A tool gives files as base64: never is its text taken for a path."""
    session = mix.sessions.create(title="demo")
    definition = mix.files.upload_session_file.tool()["parameters"]["properties"]["file"]
    assert definition["contentEncoding"] == "base64"
    stored = mix.call("files.upload_session_file", {"id": session.id, "file": "SGVsbG8="})
    assert stored.size == 5
    with pytest.raises(TypeError, match="file: expected the file's content as base64"):
        mix.call("files.upload_session_file", {"id": session.id, "file": "/etc/passwd!"})
    assert mix.call("files.upload_session_file", {"id": session.id, "file": b"Hi"}).size == 2
    binary = {"type": "string", "format": "binary"}
    many = {"type": "array", "items": binary, "maxItems": 3}
    api = client_of(body(fields("f", f=many), MULTIPART))
    method = api.go
    file = {"type": "string", "contentEncoding": "base64"}
    files = method.tool()["parameters"]["properties"]["f"]
    assert files.pop("description") == "(the file's content as base64)"
    assert files == {"type": "array", "items": file, "maxItems": 3}
    from mixdyn.tool import read_arguments

    operation = method._routine.plan.operation
    assert read_arguments(operation, {"f": ["SGk="]}) == {"f": [b"Hi"]}
    assert answers() is not None
