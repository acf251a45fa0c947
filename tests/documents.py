"""Small hand-written documents for the tests of the core, and what is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from mixdyn.catalog import Catalog, build_catalog
from mixdyn.document import Document
from mixdyn.operation import Operation, parse_operation
from mixdyn.plan import Plan, make_plan
from mixdyn.results import Types
from mixdyn.schema import Schemas

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
TEXT: dict[str, Any] = {"type": "string"}
INTEGER: dict[str, Any] = {"type": "integer"}


def make_document(paths: Any, version: str = "3.1.0", **parts: Any) -> Document:
    """Give a document with these paths and other parts."""
    info = {"title": "Test", "version": "1"}
    return Document.load({"openapi": version, "info": info, "paths": paths, **parts})


def make_catalog(paths: Any, reserved: frozenset[str] = frozenset(), **parts: Any) -> Catalog:
    """Give the catalog of a document with these paths."""
    return build_catalog(make_document(paths, **parts), reserved)


def make_operation(
    operation: Mapping[str, Any], path: str = "/things", method: str = "post", **parts: Any
) -> Operation:
    """Give the one operation of a document; `item` are fields of its path item."""
    item = parts.pop("item", {})
    document = make_document({path: {**item, method: operation}}, **parts)
    entry = build_catalog(document, frozenset()).entries[0]
    return parse_operation(Schemas(document), entry)


def plan_operation(
    operation: Mapping[str, Any], path: str = "/things", method: str = "post", **parts: Any
) -> Plan:
    """Give the plan of the one operation of a document."""
    document = make_document({path: {method: operation}}, **parts)
    entry = build_catalog(document, frozenset()).entries[0]
    schemas = Schemas(document)
    return make_plan(parse_operation(schemas, entry), Types(schemas), {}, "test")


def param(name: str, location: str = "query", schema: Any = None, **more: Any) -> dict[str, Any]:
    """Give a parameter."""
    where = {"name": name, "in": location, "required": location == "path"}
    return {**where, "schema": TEXT if schema is None else schema, **more}


def body(schema: Any, media: str = JSON, *, required: bool = True, **more: Any) -> dict[str, Any]:
    """Give an operation with a request body."""
    return {"requestBody": {"required": required, "content": {media: {"schema": schema, **more}}}}


def answers(
    schema: Any = None, status: str = "200", media: str = JSON, **more: Any
) -> dict[str, Any]:
    """Give an operation with one documented response."""
    content = {} if schema is None else {"content": {media: {"schema": schema}}}
    return {"responses": {status: {"description": "", **content}}, **more}


def fields(*required: str, **properties: Any) -> dict[str, Any]:
    """Give an object schema."""
    return {"type": "object", "required": list(required), "properties": properties}


def reply(status: int = 200, content_type: str = JSON) -> Any:
    """Give what a reader needs of an HTTP client's response."""
    return SimpleNamespace(status_code=status, headers={"content-type": content_type})
