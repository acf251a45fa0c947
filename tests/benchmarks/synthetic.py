"""
Makes documents of any size, the same one each time: shaped like the large published ones, where one
operation has three parameters, answers with one of 0.8 components and has long examples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

Json = dict[str, Any]

_WORDS: list[str] = re.findall(
    r"\w+",
    """
    access account action archive assign base billing branch build change check cluster code
    comment commit content counter default deploy device domain email entry event export
    field file filter format group hook image import index invite issue item job key label
    license limit link list lock log member merge message mode name note notice owner
    package page path plan pool project queue range rate record region release report role
    route rule run scope search secret server setting source stage state status step tag
    target task team template term token topic total trigger type update usage user value
    version view window zone
    """,
)
_LEAVES = 7  # components that others refer to: with itself, a closure of eight
_TAG_SIZE = 5  # resources of one tag
_NO_CONTENT: Json = {"204": {"description": "Nothing to say."}}
_REPO = {"owner": "octo", "repo": "hello"}


def write_json(folder: Path, operations: int) -> Path:
    """Write a document as the published ones are written, and give its path."""
    path = folder / f"synthetic-{operations}.json"
    path.write_text(json.dumps(make_document(operations), indent=2), encoding="utf-8")
    return path


def write_yaml(folder: Path, operations: int) -> Path:
    """Write a document as YAML."""
    import yaml

    path = folder / f"synthetic-{operations}.yaml"
    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    document = make_document(operations)
    path.write_text(yaml.dump(document, Dumper=dumper, sort_keys=False), encoding="utf-8")
    return path


def make_document(operations: int, seed: int = 20) -> Json:
    """
    Give a document with so many operations.

    The first is `meta/root`, the second `repos/get`, whose answer has a hundred properties; then
    come resources with five operations and a webhook each.
    """
    writer = _Writer(Random(seed))
    made = 2
    for resource in writer.resources():
        if made >= operations:
            break
        made += writer.add_resource(resource, operations - made)
        writer.add_webhook(resource[1])
    return {
        "openapi": "3.0.3",
        "info": {"title": "Synthetic", "version": "1", "description": writer.text(40)},
        "servers": [{"url": "http://localhost:8088"}],
        "tags": [{"name": tag, "description": writer.text(8)} for tag in writer.tags],
        "paths": writer.paths,
        "x-webhooks": writer.webhooks,
        "components": {
            "schemas": writer.schemas,
            "examples": writer.examples,
            "responses": {"not_found": _answer("Not found.", {"$ref": _schema("basic-error")})},
        },
    }


class _Writer:
    """Collects the parts of a document."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.paths: dict[str, Json] = {}
        self.schemas: dict[str, Json] = {"basic-error": _object({"message": _text("Why.")})}
        self.examples: dict[str, Json] = {}
        self.webhooks: dict[str, Json] = {}
        self.tags: dict[str, None] = {"meta": None, "repos": None}
        self.leaves = [self.add_schema(f"simple-{self.word(i)}", 12, 0) for i in range(_LEAVES)]
        self.add_schema("root", 6, 0)
        self.add_schema("full-repository", 93, _LEAVES)
        self.add("/", "get", "meta/root", "root", ())
        self.add("/repos/{owner}/{repo}", "get", "repos/get", "full-repository", _REPO)

    def resources(self) -> Iterator[tuple[str, str]]:
        """Name resources, each with its tag, without an end."""
        number = 0
        while True:
            tag = f"{self.word(number // _TAG_SIZE)}s"
            yield tag, f"{self.word(number)}-{number}"
            number += 1

    def add_resource(self, resource: tuple[str, str], most: int) -> int:
        """Add a resource with five operations or less, and tell how many."""
        tag, name = resource
        self.add_schema(name, 17, 2)
        self.add_schema(f"{name}-input", 10, 1)
        self.add_schema(f"{name}-summary", 14, 2)
        self.add_schema(f"{name}-event", 20, 2)
        whole, one = f"/orgs/{{org}}/{name}", f"/orgs/{{org}}/{name}/{{id}}"
        wanted = [
            (whole, "get", "list", f"{name}-summary", ("org",)),
            (one, "get", "get", name, ("org", "id")),
            (whole, "post", "create", name, ("org",)),
            (one, "patch", "update", f"{name}-event", ("org", "id")),
            (one, "delete", "delete", None, ("org", "id")),
        ][:most]
        for path, method, verb, schema, places in wanted:
            operation = self.add(path, method, f"{tag}/{verb}-{name}", schema, places)
            if method in ("post", "patch"):
                operation["requestBody"] = self.body(f"{name}-input")
        return len(wanted)

    def add_webhook(self, name: str) -> None:
        """Add a webhook: half of what published documents describe is of no operation."""
        self.add_schema(f"webhook-{name}", 54, 3)
        body: Json = {"summary": self.text(6), "description": self.text(40)}
        body |= {"requestBody": self.body(f"webhook-{name}"), "responses": _NO_CONTENT}
        self.webhooks[name] = {"post": body}

    def add(
        self, path: str, method: str, operation_id: str, schema: str | None, places: Any
    ) -> Json:
        """Add an operation that answers with a component, and its example."""
        tag = operation_id.partition("/")[0]
        self.tags.setdefault(tag)
        parameters = [_parameter(place, "path", self.text(6)) for place in places]
        if method == "get":
            parameters += [_parameter(n, "query", self.text(14)) for n in ("page", "per_page")]
        operation: Json = {
            "summary": self.text(6),
            "description": f"{self.text(60)}\n\n{self.text(50)}",
            "tags": [tag],
            "operationId": operation_id,
            "externalDocs": {"url": f"https://docs.example.com/{operation_id}"},
            "parameters": parameters,
            "responses": self.answers(operation_id, schema),
        }
        self.paths.setdefault(path, {})[method] = operation
        return operation

    def answers(self, operation_id: str, schema: str | None) -> Json:
        """Give the answers of an operation: that of a component, or nothing; and its failures."""
        failures = {"404": {"$ref": "#/components/responses/not_found"}}
        if schema is None:
            return {**_NO_CONTENT, **failures}
        example = f"{operation_id.replace('/', '-')}-response"
        self.examples[example] = {"value": self.example(self.schemas[schema])}
        answer = _answer("Response", {"$ref": _schema(schema)})
        answer["content"]["application/json"]["examples"] = {
            "default": {"$ref": f"#/components/examples/{example}"}
        }
        return {"200": answer, **failures}

    def body(self, schema: str) -> Json:
        """Give a request body of one component."""
        reference = {"$ref": _schema(schema)}
        return {"required": True, "content": {"application/json": {"schema": reference}}}

    def add_schema(self, name: str, size: int, references: int) -> str:
        """Add a component of so many plain properties and references, and give its name."""
        properties: Json = {"id": {"type": "integer", "format": "int64"}}
        for number in range(size):
            kind = self.random.choice(_KINDS)
            properties[f"{self.word(number)}_{number}"] = {**kind, "description": self.text(9)}
        for leaf in self.random.sample(self.leaves, references) if references else ():
            properties[leaf.replace("-", "_")] = {"$ref": _schema(leaf)}
        self.schemas[name] = {"title": name, "description": self.text(5), **_object(properties)}
        return name

    def example(self, schema: Json) -> Any:
        """Give a value of a schema."""
        if "$ref" in schema:
            return self.example(self.schemas[schema["$ref"].rpartition("/")[2]])
        if schema["type"] == "object":
            return {name: self.example(inner) for name, inner in schema["properties"].items()}
        if schema["type"] == "array":
            return [self.example(schema["items"]) for _ in range(2)]
        if schema["type"] == "string":
            formats = {"date-time": "2026-01-02T03:04:05Z", "uri": "https://example.com/a/b"}
            return schema.get("enum", [formats.get(schema.get("format", ""), self.text(4))])[0]
        return 30 if schema["type"] == "integer" else True

    def word(self, number: int) -> str:
        return str(_WORDS[number % len(_WORDS)])

    def text(self, words: int) -> str:
        return " ".join(self.random.choices(_WORDS, k=words)).capitalize() + "."


_KINDS: tuple[Json, ...] = (
    {"type": "string"},
    {"type": "string", "nullable": True},
    {"type": "string", "format": "uri"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "enum": ["open", "closed", "all"]},
    {"type": "integer"},
    {"type": "boolean"},
    {"type": "array", "items": {"type": "string"}},
    {"type": "object", "properties": {"key": {"type": "string"}, "total": {"type": "integer"}}},
)


def _object(properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _text(description: str) -> Json:
    return {"type": "string", "description": description}


def _schema(name: str) -> str:
    return f"#/components/schemas/{name}"


def _parameter(name: str, where: str, description: str) -> Json:
    kind = {"type": "integer" if where == "query" else "string"}
    required = where == "path"
    return {
        "name": name,
        "description": description,
        "in": where,
        "required": required,
        "schema": kind,
    }


def _answer(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
