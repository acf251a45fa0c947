"""Small documents of made-up APIs, and short ways to ask their stand-in servers."""

import json as jsonlib
from pathlib import Path

from mixdyn.document import Document
from mixdyn.schema import Schemas
from mixdyn.tools.mock import Mock, MockRequest

NOW = 1_700_000_000.0
MIX = Path(__file__).parent.parent / "spec" / "mix.yaml"


def document(paths, schemas=None, openapi="3.1.0", **more):
    """Make a document of its paths and schemas."""
    components = {"schemas": schemas or {}}
    info = {"title": "Test", "version": "1"}
    return {"openapi": openapi, "info": info, "paths": paths, "components": components, **more}


def schema_of(value, openapi="3.1.0", **schemas):
    """Give a schema as it stands in a document."""
    made = Schemas(Document(document({}, {"Subject": value, **schemas}, openapi)))
    return made.component("Subject")


def ref(name):
    """Refer to a component's schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def content(schema, media="application/json", **more):
    """Give a media type object for a schema."""
    return {"content": {media: {"schema": schema, **more}}}


def answers(schema=None, status="200", media="application/json", **more):
    """Give the responses of an operation with one success and a declared error."""
    success = {"description": "", **(content(schema, media, **more) if schema is not None else {})}
    return {status: success, "default": {"description": "", **content(ref("Error"))}}


def parameter(name, where="query", schema=None, **more):
    """Give a parameter; one of a path is required."""
    schema = schema or {"type": "string"}
    return {"name": name, "in": where, "required": where == "path", "schema": schema, **more}


ERROR = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
}


def mock(paths, schemas=None, openapi="3.1.0", heartbeat_s=None, **more):
    """Make a stand-in server for paths and schemas, at a fixed time."""
    schemas = {"Error": ERROR, **(schemas or {})}
    made = document(paths, schemas, openapi, **more)
    return Mock(made, heartbeat_s=heartbeat_s, clock=lambda: NOW)


def ask(served, method, target, json=None, body=b"", headers=None):
    """Send a request to a stand-in server, without any port."""
    pairs = dict(headers or {})
    if json is not None:
        body = jsonlib.dumps(json).encode()
        pairs.setdefault("content-type", "application/json")
    return served.handle(MockRequest(method, target, tuple(pairs.items()), body))


def value_of(response, status=200):
    """Give the JSON of a response, which must have the status."""
    assert response.status == status, (response.status, response.body)
    return jsonlib.loads(response.body)


def message_of(response, status=400):
    """Give the message of a refusal."""
    return value_of(response, status)["message"]


PET = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer", "readOnly": True},
        "name": {"type": "string"},
        "tag": {"type": "string"},
        "createdAt": {"type": "string", "format": "date-time"},
        "updated": {"type": "integer"},
    },
}


def pets(**more):
    """A pet store: a collection of pets, each with toys."""
    pet_id = parameter("petId", "path", {"type": "integer"})
    body = {"requestBody": {"required": True, **content(ref("Pet"))}}
    toy = {"type": "object", "required": ["label"], "properties": {"label": {"type": "string"}}}
    paths = {
        "/pets": {
            "get": {"responses": answers({"type": "array", "items": ref("Pet")}), **more},
            "post": {**body, "responses": answers(ref("Pet"), "201")},
            "delete": {"responses": answers()},
        },
        "/pets/{petId}": {
            "parameters": [pet_id],
            "get": {"responses": answers(ref("Pet"))},
            "put": {**body, "responses": answers(ref("Pet"))},
            "patch": {"requestBody": content(ref("Patch")), "responses": answers(ref("Pet"))},
            "delete": {"responses": answers(status="204")},
        },
        "/pets/{petId}/toys": {
            "parameters": [pet_id],
            "get": {"responses": answers({"type": "array", "items": ref("Toy")})},
            "post": {"requestBody": content(ref("Toy")), "responses": answers(ref("Toy"), "201")},
        },
        "/pets/{petId}/feed": {
            "parameters": [pet_id],
            "post": {"responses": answers(ref("Pet"))},
        },
        "/visits": {
            "get": {
                "parameters": [parameter("pet_id", schema={"type": "integer"})],
                "responses": answers({"type": "array", "items": {"type": "string"}}),
            }
        },
    }
    patch = {"type": "object", "properties": {"name": {}, "tag": {}}}
    return mock(paths, {"Pet": PET, "Toy": toy, "Patch": patch})
