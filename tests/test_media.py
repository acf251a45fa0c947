"""Media types: which covers which, and what is JSON, text or bytes."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.media import (
    MediaType,
    choose_media,
    is_binary,
    is_binary_list,
    is_json,
    is_json_sequence,
    is_sequence,
    is_streamed,
    is_text,
    is_upload,
    media_essence,
    rank_media,
)
from mixdyn.schema import Schemas
from tests.documents import make_document


def media(*types: str) -> list[MediaType]:
    return [MediaType(name, None, None, {}, {}) for name in types]


@pytest.mark.parametrize(
    ("documented", "sent", "expected"),
    [
        (["application/json"], "Application/JSON; charset=utf-8", 0),
        (["application/json"], "application/problem+json", 0),
        (["text/json"], "application/json", 0),
        (["application/vnd.a+json", "application/json"], "application/json", 1),
        (["*/*", "application/*", "application/pdf"], "application/pdf", 2),
        (["*/*", "application/*"], "application/pdf", 1),
        (["*/*", "application/*"], "image/png", 0),
        (["text/*"], "application/pdf", None),
        (["application/json"], "text/html", None),
        (["application/json"], "", None),
        ([], "text/html", None),
        (["a/b; v=1", "a/b; v=2"], 'a/b; V="2"; charset=utf-8', 1),
        (["a/b; v=1", "a/b; v=2"], "a/b", 0),
        (["a/b; v=1", "a/b"], "a/b; v=3", 0),
        (["a/b; charset=utf-8", "a/b; v=1"], "a/b; v=1; charset=utf-8", 1),
    ],
)
def test_choose_media(documented: list[str], sent: str, expected: int | None) -> None:
    """The closest documented type covers what is sent; parameters tell equal ones apart."""
    types = media(*documented)
    assert choose_media(types, sent) is (None if expected is None else types[expected])


def test_rank_orders_coverage() -> None:
    """Equal types rank above JSON of another kind, that above ranges, those above all."""
    patterns = ("application/json", "application/x+json", "application/*", "*/*", "text/*")
    assert [rank_media(p, "application/json") for p in patterns] == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("essence", "as_json", "as_text"),
    [
        ("application/json", True, False),
        ("text/json", True, True),
        ("application/hal+json", True, False),
        ("text/plain", False, True),
        ("application/xml", False, True),
        ("application/atom+xml", False, True),
        ("image/svg+xml", False, False),
        ("application/yaml", False, True),
        ("application/x-www-form-urlencoded", False, True),
        ("application/pdf", False, False),
        ("", False, False),
    ],
)
def test_kinds_of_media_types(essence: str, as_json: bool, as_text: bool) -> None:
    """JSON and text are told by type and suffix."""
    assert (is_json(essence), is_text(essence)) == (as_json, as_text)
    assert media_essence(f" {essence.upper()} ; a=b") == essence


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "format": "binary"}, True),
        ({"contentMediaType": "application/octet-stream"}, True),
        ({"type": "string", "contentMediaType": "image/png"}, True),
        ({"type": "string", "contentMediaType": "image/png", "contentEncoding": "base64"}, False),
        ({"type": "string", "contentMediaType": "application/json"}, False),
        ({"type": "string", "contentMediaType": "text/html"}, False),
        ({"contentMediaType": 5}, False),
        ({"type": "string"}, False),
        ({"anyOf": [{"type": "string", "format": "binary"}, {"type": "null"}]}, True),
        ({"oneOf": [{"contentMediaType": "image/png"}, {"type": "null"}]}, True),
    ],
)
def test_is_binary(schema: dict[str, Any], expected: bool) -> None:
    """Raw bytes are `format: binary`, or a media type that is neither text nor encoded."""
    document = make_document({}, components={"schemas": {"S": schema}})
    assert is_binary(Schemas(document).component("S")) is expected
    assert is_binary(None) is False


BYTES = {"type": "string", "format": "binary"}
NULL = {"type": "null"}


@pytest.mark.parametrize(
    ("schema", "is_list", "is_sent"),
    [
        (BYTES, False, True),
        ({"type": "array", "items": BYTES}, True, True),
        ({"anyOf": [{"type": "array", "items": BYTES}, NULL]}, True, True),
        ({"type": "array", "items": {"anyOf": [BYTES, NULL]}}, True, True),
        ({"type": "array", "items": {"type": "string"}}, False, False),
        ({"type": "array", "items": {"$ref": "#/lost"}}, False, False),
        ({"type": "string"}, False, False),
    ],
)
def test_uploads(schema: dict[str, Any], is_list: bool, is_sent: bool) -> None:
    """A file, several files, and each of them optional in the form of a union with null."""
    document = make_document({}, components={"schemas": {"S": schema}})
    found = Schemas(document).component("S")
    assert (is_binary_list(found), is_upload(found)) == (is_list, is_sent)
    assert (is_binary_list(None), is_upload(None)) == (False, False)


@pytest.mark.parametrize(
    ("essence", "expected", "is_texts"),
    [
        ("text/event-stream", True, False),
        ("application/jsonl", True, False),
        ("application/x-ndjson", True, False),
        ("text/x-jsonlines", True, False),
        ("application/json-seq", True, True),
        ("application/geo+json-seq", True, True),
        ("application/json", False, False),
        ("text/event-streams", False, False),
        ("application/stream+json", False, False),
        ("text/plain", False, False),
    ],
)
def test_sequences(essence: str, expected: bool, is_texts: bool) -> None:
    """Events, lines of JSON under all their names, and JSON text sequences are sequences."""
    assert is_sequence(essence) is expected
    assert is_json_sequence(essence) is is_texts


def test_is_streamed() -> None:
    """A sequence that is declared as bytes is a file, unless it is of events."""
    document = make_document({}, components={"schemas": {"File": {"format": "binary"}}})
    file = Schemas(document).component("File")
    for name, plain, binary in (
        ("text/event-stream", True, True),
        ("application/jsonl; charset=utf-8", True, False),
        ("application/json", False, False),
    ):
        assert is_streamed(MediaType(name, None, None, {}, {})) is plain
        assert is_streamed(MediaType(name, file, None, {}, {})) is binary


def test_a_lost_part_is_no_binary() -> None:
    """Where a part of a schema cannot be found, it stands for no bytes; a call will say more."""
    lost = {"allOf": [{"$ref": "#/components/schemas/Gone"}]}
    document = make_document({}, components={"schemas": {"Lost": lost}})
    assert not is_binary(Schemas(document).component("Lost"))
