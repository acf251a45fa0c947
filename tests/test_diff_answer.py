"""
What is told of media types, statuses, headers and credentials: what is one thing in other words.
"""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.comparison import compare
from tests.documents import FORM, INTEGER, JSON, TEXT, answers, body, fields
from tests.test_diff import document

EVENTS = "text/event-stream"
LINES = "application/jsonl"
BYTES = "application/octet-stream"
BINARY = {"type": "string", "format": "binary"}
A, B = fields(a=TEXT), fields(a=INTEGER)
LIST = fields(a={"type": "array", "items": TEXT})
NOWHERE = {"$ref": "#/nowhere"}


def tell(old: dict[str, Any], new: dict[str, Any], **parts: Any) -> list[str]:
    """Give the changes from one operation to another, each as its level and code."""
    sides = (document({"/a": {"post": o}}, o.pop("version", "3.1.0"), **parts) for o in (old, new))
    return [f"{change.level} {change.code}" for change in compare(*sides).changes]


def give(media: str = JSON, version: str = "3.1.0", **described: Any) -> dict[str, Any]:
    """Give an operation with an answer of a media type."""
    answer = {"description": "", "content": {media: described}}
    return {"responses": {"200": answer}, "version": version}


def take(schema: Any, media: str = JSON, **more: Any) -> dict[str, Any]:
    return {**body(schema, media, **more), **answers()}


def statuses(**given: Any) -> dict[str, Any]:
    """Give an operation with responses: `_200=schema`, None for one without content."""
    found = {
        s.removeprefix("_"): answers(schema)["responses"]["200"] for s, schema in given.items()
    }
    return {"responses": found}


TYPE, GONE = "breaking response-type-changed", "breaking response-media-type-removed"
ADDED = "compatible response-success-status-added"
REPLACED = "compatible response-success-status-replaced"
WIDER, NARROWER = "risky response-media-type-widened", "compatible response-media-type-narrowed"
WRITTEN = "risky request-encoding-changed"
NO_SCHEMA = "breaking response-schema-removed"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (give("*/*", schema=A), give(schema=B), [TYPE, NARROWER]),
        (give(schema=A), give("*/*", schema=B), [TYPE, WIDER]),
        (give(schema=A), give("*/*", schema=A), [WIDER]),
        (give(schema=A), give("application/*"), [NO_SCHEMA, WIDER]),
        (
            take(A),
            take(B, "application/*"),
            ["breaking request-type-changed", "compatible request-media-type-widened"],
        ),
        (give(schema=A), give(f"{JSON}; charset=utf-8", schema=A), []),
        (give(schema=A), give("Application/JSON;charset=utf-8", schema=B), [TYPE]),
        (give(BYTES, schema=BINARY), give(BYTES), []),
        (give("image/png"), give("image/png", schema=BINARY), []),
        (give("image/png", schema=TEXT), give("image/png"), [NO_SCHEMA]),
        (give("image/*", schema=BINARY), give("image/*"), [NO_SCHEMA]),
        (
            give(BYTES, schema=BINARY),
            give(BYTES, schema={**BINARY, "deprecated": True}),
            ["compatible response-deprecated"],
        ),
        (give(EVENTS, schema=A), give(EVENTS, "3.2.0", itemSchema=A), []),
        (
            give(EVENTS, "3.2.0", itemSchema=B),
            give(EVENTS, schema=A),
            [TYPE],
        ),
        (
            give(LINES, schema={"type": "array", "items": A}),
            give(LINES, "3.2.0", itemSchema=A),
            [],
        ),
        (give(EVENTS, schema=A), give(EVENTS), ["breaking event-schema-removed"]),
        (
            give(EVENTS, schema=TEXT),
            give(EVENTS, schema=TEXT, **{"x-speakeasy-sse-sentinel": "[DONE]"}),
            ["risky event-sentinel-changed"],
        ),
    ],
)
def test_media(old: Any, new: Any, expected: list[str]) -> None:
    """Media types are compared by what they cover and carry, not by how they are written."""
    assert tell(old, new) == expected


def test_closest_pattern() -> None:
    """Of several patterns the closest is what a media type becomes."""
    wide = {"*/*": {"schema": TEXT}, "application/*": {"schema": A}}
    new = {"responses": {"200": {"description": "", "content": wide}}}
    assert tell(give(schema=A), new) == [WIDER, "compatible response-media-type-added"]


def test_first_of_equals() -> None:
    """Of media types that differ by their charset the first counts: it is the one that is read."""
    content = {JSON: {"schema": A}, f"{JSON}; charset=utf-8": {"schema": B}}
    new = {"responses": {"200": {"description": "", "content": content}}}
    assert tell(give(schema=A), new) == []


@pytest.mark.parametrize(
    ("media", "schema", "rule", "expected"),
    [
        (FORM, LIST, {"style": "form", "explode": True, "allowReserved": False}, []),
        (FORM, LIST, {"style": "form"}, []),
        (FORM, LIST, {"explode": False}, [WRITTEN]),
        (FORM, LIST, {"style": "spaceDelimited", "explode": False}, [WRITTEN]),
        (FORM, LIST, {"contentType": "text/csv"}, [WRITTEN]),
        (FORM, fields(a=fields(b=TEXT)), {"style": "form"}, [WRITTEN]),
        (FORM, fields(a={}), {"style": "form"}, [WRITTEN]),
        (FORM, fields(b=TEXT), {"style": "form"}, [WRITTEN]),
        ("multipart/form-data", LIST, {"style": "form"}, [WRITTEN]),
        (FORM, LIST, {"x-remark": 1}, []),
    ],
)
def test_encoding(media: str, schema: Any, rule: Any, expected: list[str]) -> None:
    """What a form's field is written like anyway need not be said."""
    old, new = take(schema, media), take(schema, media, encoding={"a": rule})
    assert tell(old, new) == expected


@pytest.mark.parametrize("schema", [NOWHERE, fields(a=NOWHERE)])
def test_encoding_of_what_cannot_be_read(schema: Any) -> None:
    """Where a form that may be sent cannot be read, its encoding is compared as it stands."""

    def side(**more: Any) -> dict[str, Any]:
        content = {JSON: {"schema": A}, FORM: {"schema": schema, **more}}
        return {"requestBody": {"content": content}, **answers()}

    assert tell(side(), side(encoding={"a": {"style": "form"}})) == [WRITTEN]


def test_encoding_by_position() -> None:
    """How parts without names are written is compared, but for remarks."""

    def side(kind: str, **more: Any) -> dict[str, Any]:
        parts = [{"contentType": kind, **more}]
        return {**take(TEXT, "multipart/mixed", prefixEncoding=parts), "version": "3.2.0"}

    assert tell(side("image/png"), side("image/gif")) == [WRITTEN]
    assert tell(side("image/png"), side("image/png", **{"x-remark": 1})) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # `default` is the success where there is no other.
        (statuses(default=A), statuses(_204=None), [GONE, ADDED, REPLACED]),
        (statuses(default=A), statuses(_200=B), [TYPE, ADDED, REPLACED]),
        (statuses(default=A), statuses(_200=A), [ADDED, REPLACED]),
        (statuses(default=A), statuses(_200=A, default=A), [ADDED]),
        (statuses(default=A), statuses(_200=B, default=A), [TYPE, ADDED]),
        (statuses(_200=A, default=A), statuses(default=B), [TYPE, TYPE, REPLACED]),
        (
            statuses(default=A),
            statuses(_404=A),
            [
                "breaking response-success-status-removed",
                "compatible response-error-status-added",
            ],
        ),
        # A status goes by its class.
        (statuses(_2XX=A), statuses(_2XX=A, _200=B), [TYPE, ADDED]),
        (statuses(_2XX=A), statuses(_2XX=A, _201=A), [ADDED]),
        (statuses(_2XX=A), statuses(_200=A, _201=B), [TYPE, ADDED, ADDED, REPLACED]),
        (statuses(_200=A), statuses(_2XX=A), [ADDED, REPLACED]),
        (statuses(_2XX=A, _200=B), statuses(_2XX=A), [TYPE, REPLACED]),
        # These never bring anything.
        (statuses(_2XX=A), statuses(_2XX=A, _204=None), [ADDED]),
        (
            statuses(_2XX=A, _204=None),
            statuses(_2XX=A),
            ["breaking response-success-status-removed"],
        ),
        # Errors are met anyway.
        (
            statuses(_200=A, default=A),
            statuses(_200=A, default=A, _404=B),
            ["compatible response-error-status-added"],
        ),
    ],
)
def test_statuses(old: Any, new: Any, expected: list[str]) -> None:
    """What callers get for a status of success is compared, whatever it is written as."""
    assert tell(old, new) == expected


def test_unreadable_status() -> None:
    """What another status brings cannot be compared where it cannot be read."""
    broken = {"default": {"$ref": "#/nowhere"}}
    assert tell({"responses": broken}, statuses(_200=A)) == [
        "compatible response-schema-became-readable",
        ADDED,
        REPLACED,
    ]


def header(**described: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "", "headers": {"X": described}}}}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"content": {JSON: {"schema": INTEGER}}}, {"content": {JSON: {"schema": TEXT}}}, [TYPE]),
        ({"schema": TEXT}, {}, [NO_SCHEMA]),
        ({}, {"schema": TEXT}, ["compatible response-schema-added"]),
        ({}, {}, []),
        (
            {"schema": TEXT},
            {"content": {JSON: {"schema": TEXT}}},
            ["breaking response-header-style-changed"],
        ),
        (
            {"schema": fields(a=TEXT)},
            {"schema": fields(a=TEXT), "explode": True},
            ["breaking response-header-style-changed"],
        ),
        ({"content": {JSON: {"schema": TEXT}}}, {"content": {JSON: NOWHERE}}, [NO_SCHEMA]),
        ({"schema": TEXT}, {"schema": TEXT, "explode": True}, []),
    ],
)
def test_headers(old: Any, new: Any, expected: list[str]) -> None:
    """Headers are compared with their schemas and the way they are written."""
    assert tell(header(**old), header(**new)) == expected


READ, WRITE = {"o": ["read"]}, {"o": ["write"]}
BOTH = {"o": ["read", "write"]}
KEY = {"k": []}
SCHEMES = {
    "k": {"type": "apiKey", "in": "header", "name": "X-K"},
    "o": {"type": "oauth2", "flows": {}},
}
ALSO, DROPPED, NO_MORE = (
    "compatible security-alternative-added",
    "compatible security-alternative-dropped",
    "breaking security-alternative-removed",
)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([READ, WRITE], [WRITE, READ], []),
        ([READ, WRITE], [WRITE], [NO_MORE]),
        ([WRITE], [READ, WRITE], [ALSO]),
        ([READ], [WRITE], ["breaking security-scope-added", "compatible security-scope-removed"]),
        (
            [READ, BOTH],
            [BOTH, {"o": ["write", "more"]}],
            [
                "breaking security-scope-added",
                "breaking security-scope-added",
                "compatible security-scope-removed",
            ],
        ),
        ([READ, WRITE], [{"o": ["read", "x"]}], [NO_MORE, "breaking security-scope-added"]),
        ([BOTH, READ], [READ], [DROPPED]),
        ([{}], [{}, KEY], [ALSO]),
        ([{}, KEY], [{}], [DROPPED]),
        ([KEY], [], ["compatible security-no-longer-required"]),
        ([], [KEY], ["breaking security-became-required"]),
        ([KEY, READ], [{}, READ], ["compatible security-no-longer-required"]),
        ([{**KEY, **READ}], [KEY], [ALSO, DROPPED]),
        ([KEY], [{**KEY, **READ}], [NO_MORE, ALSO]),
        ([{}], [], []),
    ],
)
def test_security(old: Any, new: Any, expected: list[str]) -> None:
    """Alternatives are compared as a set; who could call before and cannot now is told."""
    sides = ({**answers(), "security": security} for security in (old, new))
    assert tell(*sides, components={"securitySchemes": SCHEMES}) == expected
