"""
Writes request bodies: JSON, forms, multipart parts, text and files, as the document's media types
and `encoding` say.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Mapping
from typing import Any

from mixdyn import params
from mixdyn.errors import excerpt
from mixdyn.media import MediaType, is_binary, is_json, is_text, media_essence
from mixdyn.operation import Argument
from mixdyn.shape import as_object, as_text, is_array, is_object
from mixdyn.upload import Upload, to_upload

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

Part = tuple[str, tuple[str | None, Any, str | None]]

_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, surrogates, line ends


def encode_json(value: Any) -> bytes:
    """Write compact JSON as UTF-8; lone surrogates travel as escapes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def encode_form(value: Mapping[str, Any], encoding: Mapping[str, Any]) -> str:
    """Write `application/x-www-form-urlencoded`, property by property (OpenAPI 3.1.1, 4.8.15)."""
    pairs = (_form_pair(name, item, as_object(encoding.get(name))) for name, item in value.items())
    return "&".join(filter(None, pairs))


def encode_body(value: Any, media: MediaType) -> bytes:
    """Write a body that is neither multipart nor a file."""
    if media.essence == FORM and is_object(value):
        return encode_form(value, media.encoding).encode("ascii")
    if is_json(media.essence):
        return encode_json(value)
    return encode_text(params.scalar_text(value))


def encode_text(value: str) -> bytes:
    """Write text as UTF-8, which has no form for lone surrogates."""
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        where = error.start
        raise params.ParameterError(f"a lone surrogate at {where} cannot be sent") from error


def encode_parts(argument: Argument, value: Any, media: MediaType) -> list[Part]:
    """Give the multipart parts of one property: one for each item of an array."""
    kind = _part_type(argument, media)
    items = value if is_array(value) else [value]
    return [(argument.wire, (None, *_encode_part(item, kind))) for item in items]


def file_parts(argument: Argument, uploads: list[Upload], media: MediaType) -> list[Part]:
    """Give the multipart parts of the files of one property."""
    kind = _part_type(argument, media) or "application/octet-stream"
    return [
        (argument.wire, (_check_name(u.file_name), u.content, _check_type(u) or kind))
        for u in uploads
    ]


def to_uploads(value: Any, name: str) -> list[Upload]:
    """Give the files of one argument, which may be one or a list of them."""
    uploads: list[Upload] = []
    try:
        uploads.extend(to_upload(v, name) for v in (value if is_array(value) else [value]))
    except BaseException:
        close_uploads(uploads)
        raise
    return uploads


def close_uploads(uploads: list[Upload]) -> None:
    """Close the files that were opened for a request that will not be sent."""
    for upload in uploads:
        upload.close()


def takes_file(argument: Argument, media: MediaType, value: Any) -> bool:
    """Tell whether an argument's value is sent as the bytes of a file."""
    if is_json(media.essence) or media.essence == FORM:
        return False
    if argument.location == "whole body":
        is_written = is_text(media.essence) and isinstance(value, (str, int, float))
        return not is_written
    schema = argument.schema
    return is_binary(schema) or (schema is not None and is_binary(schema.items))


def is_file(value: Any) -> bool:
    """Tell whether a value is plainly a file, or a list of files, where no schema says so."""
    if is_array(value):
        return bool(value) and all(map(is_file, value))
    if isinstance(value, (bytes, bytearray, memoryview, os.PathLike, tuple, Upload)):
        return True
    return callable(getattr(value, "read", None)) or hasattr(value, "file_name")


def content_type(media: MediaType, uploads: tuple[Upload, ...]) -> str:
    """Give the `Content-Type` to send: the documented one, or the file's own if that is a range."""
    if "*" not in media.essence:
        return media.content_type
    own = _check_type(uploads[0]) if uploads else None
    return own or ("application/octet-stream" if uploads else "text/plain; charset=utf-8")


def _form_pair(name: str, value: Any, rules: Mapping[str, Any]) -> str:
    if {"style", "explode", "allowReserved"} & set(rules):
        style = as_text(rules.get("style")) or "form"
        explode = rules.get("explode", style == "form") is True
        reserved = rules.get("allowReserved") is True
        return params.encode_query(
            name, value, style=style, explode=explode, allow_reserved=reserved
        )
    writes_json = is_json(media_essence(as_text(rules.get("contentType"))))
    items = value if is_array(value) else [value]
    texts = [
        encode_json(v).decode() if writes_json or is_object(v) or is_array(v) else v for v in items
    ]
    return params.encode_query(name, texts)


def _part_type(argument: Argument, media: MediaType) -> str | None:
    declared = as_text(as_object(media.encoding.get(argument.wire)).get("contentType"))
    kind = declared.partition(",")[0].strip()
    # A range says nothing about what is sent.
    return None if "*" in kind else params.encode_header(kind) or None


def _encode_part(value: Any, kind: str | None) -> tuple[bytes, str | None]:
    is_nested = is_object(value) or is_array(value)
    if is_nested or (kind is not None and is_json(media_essence(kind))):
        return encode_json(value), kind or "application/json"
    return encode_text(params.scalar_text(value)), kind


def _check_name(name: str) -> str:
    if not _BREAKING.isdisjoint(map(unicodedata.category, name)):
        shown = excerpt(name, 60)
        raise params.ParameterError(f"the file name '{shown}' has control characters or half ones")
    return name


def _check_type(upload: Upload) -> str | None:
    return params.encode_header(upload.content_type) if upload.content_type is not None else None
