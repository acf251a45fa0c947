"""A newer edition of the bundled document, made by hand: what a server that moved ahead has."""

from __future__ import annotations

import json
from typing import Any

from mixdyn.document import Document
from tests.apis import MIX, answers, ref

ENUM, EVENT, FIELD = "google", "plan", "isPinned"

_OWN = "application/json schema properties auth_method"
_NESTED = "application/json schema properties providers additionalProperties properties auth_method"


def newer() -> dict[str, Any]:
    """
    Give the bundled document with something of each kind changed.

    An operation more (`pinSession`) and one less (`forkSession`), an optional argument more
    (`pinned` of `listSessions`) and one less (`workingDirectory` of `createSession`), an optional
    property (`isPinned` of a session), an enum's value (`google`) and an event's type (`plan`).
    """
    tree: dict[str, Any] = json.loads(json.dumps(Document.load(MIX).root))
    tree["info"]["version"] = "1.1.0"
    schemas, paths = tree["components"]["schemas"], tree["paths"]
    schemas["SessionData"]["properties"][FIELD] = {"type": "boolean"}
    _add_event(schemas)
    paths["/api/sessions"]["get"].setdefault("parameters", []).append(
        {"name": "pinned", "in": "query", "schema": {"type": "boolean"}}
    )
    for path, place in (("validate", _OWN), ("status", _NESTED)):
        answer = paths[f"/api/auth/{path}"]["get"]["responses"]["200"]["content"]
        _walk(answer, place)["enum"].append(ENUM)
    body = paths["/api/sessions"]["post"]["requestBody"]["content"]["application/json"]
    del body["schema"]["properties"]["workingDirectory"]
    del paths["/api/sessions/{id}/fork"]
    paths["/api/sessions/{id}/pin"] = {"post": _pin()}
    return tree


def _pin() -> dict[str, Any]:
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    responses = answers(ref("SessionData"))
    del responses["default"]
    names = {"operationId": "pinSession", "tags": ["Sessions"], "x-speakeasy-name-override": "pin"}
    return {**names, "parameters": [parameter], "responses": responses}


def _walk(value: Any, steps: str) -> Any:
    for step in steps.split():
        value = value[step]
    return value


def _add_event(schemas: dict[str, Any]) -> None:
    schemas["SSEPlanEvent"] = json.loads(json.dumps(schemas["SSESummarizeEvent"]))
    schemas["SSEBaseEvent"]["properties"]["event"]["enum"].append(EVENT)
    stream = schemas["SSEEventStream"]
    stream["oneOf"].append(ref("SSEPlanEvent"))
    stream["discriminator"]["mapping"][EVENT] = "#/components/schemas/SSEPlanEvent"
