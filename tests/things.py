"""A small API for the tests of calls: JSON, files, forms and event streams."""

from __future__ import annotations

from typing import Any

from mixdyn.client import Client
from mixdyn.document import Document
from tests.documents import MULTIPART, TEXT, answers, body, fields, make_document, param

BINARY = {"type": "string", "format": "binary"}
THING = {"$ref": "#/components/schemas/Thing"}
FAILURE = {"$ref": "#/components/schemas/Failure"}

SCHEMAS: dict[str, Any] = {
    "Thing": {
        **fields("name", name=TEXT, made={"type": "string", "format": "date-time"}),
        "description": "A thing.",
    },
    "Failure": fields("message", message=TEXT),
    "Tick": fields(
        "event", "data", event={"const": "tick"}, data=fields("n", n={"type": "integer"})
    ),
    "Tock": fields("event", "data", event={"const": "tock"}, data=TEXT),
}

FAILED = {"description": "It failed.", "content": {"application/json": {"schema": FAILURE}}}


def operation(operation_id: str, answer: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Give an operation of the tag `things` with a declared error."""
    responses = {**answer["responses"], "default": FAILED}
    return {"operationId": operation_id, "tags": ["things"], **more, "responses": responses}


EVENT = {
    "discriminator": {"propertyName": "event"},
    "oneOf": [{"$ref": "#/components/schemas/Tick"}, {"$ref": "#/components/schemas/Tock"}],
}

PATHS: dict[str, Any] = {
    "/things": {
        "get": operation(
            "list", answers({"type": "array", "items": THING}), summary="List the things"
        ),
        "post": operation("create", answers(THING, "201"), **body(fields("name", name=TEXT))),
    },
    "/things/{id}": {
        "get": operation("get", answers(THING), parameters=[param("id", "path")]),
        "delete": operation("delete", answers(None, "204"), parameters=[param("id", "path")]),
    },
    "/events": {"get": operation("watch", answers(EVENT, media="text/event-stream"))},
    "/file": {
        "get": operation("download", answers(BINARY, media="application/octet-stream")),
        "put": operation(
            "upload", answers(None, "204"), **body(BINARY, "application/octet-stream")
        ),
    },
    "/form": {
        "put": operation(
            "attach", answers(None, "204"), **body(fields("file", file=BINARY), MULTIPART)
        )
    },
}


def things_document(**parts: Any) -> Document:
    """Give the document of the API."""
    return make_document(PATHS, components={"schemas": SCHEMAS}, **parts)


THINGS = things_document()


def make_client(server_url: str = "http://things.test", **options: Any) -> Client:
    """Give a client of the API."""
    return Client(THINGS, server_url=server_url, **options)
