"""
Writes request bodies: JSON, forms, multipart parts, text and files, as the document's media types
and `encoding` say.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from typing import Any

from mixdyn.document import Target
from mixdyn.errors import DocumentError, excerpt
from mixdyn.header import refuse_name
from mixdyn.media import (
    FORM,
    MULTIPART,
    MediaType,
    is_json,
    is_text,
    is_upload,
    media_essence,
    rank_media,
)
from mixdyn.operation import Argument
from mixdyn.params import ParameterError, encode_header, encode_query, scalar_text
from mixdyn.payload import Part
from mixdyn.record import NamedTuple
from mixdyn.redact import PLAIN
from mixdyn.schema import Schema
from mixdyn.shape import as_array, as_object, as_text, is_array, is_object
from mixdyn.upload import UPLOAD_KEYS, Upload, to_upload
from mixdyn.wire import WireError

_BYTES = "application/octet-stream"
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
    return encode_text(scalar_text(value))


def encode_text(value: str) -> bytes:
    """Write text as UTF-8, which has no form for lone surrogates."""
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        where = error.start
        raise ParameterError(f"a lone surrogate at {where} cannot be sent") from error


def encode_parts(argument: Argument, value: Any, media: MediaType) -> list[Part]:
    """Give the multipart parts of one property: one for each item of an array."""
    name = _check_name("name of the part", argument.wire, "\r\n")
    kinds = _declared_types(argument, media)
    headers = _merge_headers((), _find_rules(argument, media))
    items = value if is_array(value) else [value]
    return [Part(name, *_encode_part(item, kinds), headers) for item in items]


def file_parts(argument: Argument, uploads: list[Upload], media: MediaType) -> list[Part]:
    """Give the multipart parts of the files of one property."""
    name = _check_name("name of the part", argument.wire, "\r\n")
    kinds = _declared_types(argument, media)
    rules = list(_find_rules(argument, media))
    return [
        Part(
            name,
            upload,
            _check_name("file name", upload.file_name),
            _choose_type(upload, kinds),
            _merge_headers(upload.headers, rules, is_file=True),
        )
        for upload in uploads
    ]


def to_uploads(value: Any, name: str, argument: str) -> list[Upload]:
    """
    Give the files of one argument, which may be one or a list of them; `name` is its wire name.

    Raises WireError, with the place, for what is no file or cannot be opened.
    """
    if not is_array(value):
        return [_to_upload(value, name, argument)]
    return [_to_upload(v, name, f"{argument}[{i}]") for i, v in enumerate(value)]


def single_file(uploads: list[Upload]) -> Upload:
    """Give the file that is the whole body: there is one, and it has no headers of its own."""
    if len(uploads) != 1:
        raise ParameterError(f"expected one file as the body, got {len(uploads)}")
    if uploads[0].headers:
        raise ParameterError(f"only the parts of {MULTIPART} have headers of their own")
    return uploads[0]


def takes_file(argument: Argument, media: MediaType, value: Any) -> bool:
    """Tell whether an argument's value is sent as the bytes of a file."""
    if is_json(media.essence) or media.essence == FORM:
        return False
    if argument.location == "whole body":
        is_written = is_text(media.essence) and isinstance(value, (str, int, float))
        return not is_written
    return is_upload(argument.schema)


def is_file(value: Any) -> bool:
    """Tell whether a value is plainly a file, or a list of files, where no schema says so."""
    if is_array(value):
        return bool(value) and all(map(is_file, value))
    if is_object(value):
        return UPLOAD_KEYS.issuperset(value) and is_file(value.get("content"))
    kinds = (bytes, bytearray, memoryview, os.PathLike, tuple, Upload, Iterator, AsyncIterable)
    return (
        isinstance(value, kinds)
        or callable(getattr(value, "read", None))
        or hasattr(value, "file_name")
    )


def content_type(media: MediaType, upload: Upload | None) -> str:
    """Give the `Content-Type` to send: the documented one, or the file's own if that is a range."""
    if "*" not in media.essence:
        return media.content_type
    if upload is None:
        return "text/plain; charset=utf-8"
    return _choose_type(upload, [media.content_type])


def _form_pair(name: str, value: Any, rules: Mapping[str, Any]) -> str:
    if {"style", "explode", "allowReserved"} & set(rules):
        style = as_text(rules.get("style")) or "form"
        explode = rules.get("explode", style == "form") is True
        reserved = rules.get("allowReserved") is True
        return encode_query(name, value, style=style, explode=explode, allow_reserved=reserved)
    writes_json = is_json(media_essence(as_text(rules.get("contentType"))))
    items = value if is_array(value) else [value]
    texts = [
        encode_json(v).decode() if writes_json or is_object(v) or is_array(v) else v for v in items
    ]
    return encode_query(name, texts)


def _to_upload(value: Any, name: str, argument: str) -> Upload:
    try:
        return to_upload(value, name, argument)
    except (TypeError, OSError, ValueError) as error:
        raise WireError(argument, excerpt(PLAIN.text(str(error)))) from error


def _declared_types(argument: Argument, media: MediaType) -> list[str]:
    """Give the media types that `encoding` lists for a property; ranges are among them."""
    declared = as_text(as_object(media.encoding.get(argument.wire)).get("contentType"))
    return [encode_header(k.strip()) for k in declared.split(",") if k.strip()]


def _choose_type(upload: Upload, kinds: list[str]) -> str:
    """
    Give the media type of a file: the caller's, else of those declared the first.

    Where there is a choice it is the one that the file's name stands for, if that is among them.
    """
    own = encode_header(upload.content_type)
    if own:
        return own
    if len(kinds) > 1 or any("*" in k for k in kinds):
        from mimetypes import guess_type

        guess = guess_type(upload.file_name)[0] or ""
        if guess and any(rank_media(media_essence(k), guess) in (1, 2, 4) for k in kinds):
            return guess
    return _first_concrete(kinds) or _BYTES


def _first_concrete(kinds: list[str]) -> str | None:
    # A range says nothing about what is sent.
    return next((k for k in kinds if "*" not in k), None)


def _encode_part(value: Any, kinds: list[str]) -> tuple[bytes, None, str | None]:
    is_nested = is_object(value) or is_array(value)
    kind = _first_concrete(kinds)
    if is_nested or (kind is not None and is_json(media_essence(kind))):
        return encode_json(value), None, kind or "application/json"
    return encode_text(scalar_text(value)), None, kind


class _HeaderRule(NamedTuple):
    """What `encoding` says of one header of a part; `value` is what is sent where none is given."""

    name: str
    is_required: bool
    explode: bool
    value: Any


def _find_rules(argument: Argument, media: MediaType) -> Iterator[_HeaderRule]:
    """Read the headers that `encoding` declares for a property (OpenAPI 3.1.1, 4.8.15)."""
    schema = media.schema
    if schema is None:
        return
    place = schema.target
    encoding = f"{place.pointer.removesuffix('/schema')}/encoding"
    headers = Target(media.encoding, place.base, encoding).child(argument.wire, "headers")
    for name in as_object(headers.value):
        if name.lower() == "content-type":
            continue  # `contentType` says that
        try:
            header = schema.space.document.resolve(headers.child(name))
            value = _fixed_value(schema.space.at(header.child("schema")))
        except DocumentError as error:
            text = f"header {excerpt(name, 60)} of the part: {error}"
            raise ParameterError(text) from error
        rule = as_object(header.value)
        yield _HeaderRule(name, rule.get("required") is True, rule.get("explode") is True, value)


def _fixed_value(schema: Schema) -> Any:
    """Give the value that a schema has for what is not given."""
    options = as_array(schema.get("enum"))
    single = options[0] if len(options) == 1 else None
    return schema.get("default", schema.get("const", single))


def _merge_headers(
    given: Iterable[tuple[str, Any]], rules: Iterable[_HeaderRule], *, is_file: bool = False
) -> tuple[tuple[str, str], ...]:
    """Give a part's headers: the caller's, then the document's where it has values for them."""
    headers: dict[str, tuple[str, str]] = {}
    known = {rule.name.lower(): rule for rule in rules}
    for name, value in given:
        rule = known.pop(name.lower(), None)
        headers[name.lower()] = _encode_header(name, value, explode=bool(rule and rule.explode))
    for name, rule in known.items():
        if rule.value is not None:
            headers[name] = _encode_header(rule.name, rule.value, explode=rule.explode)
        elif rule.is_required and is_file:
            shown = excerpt(rule.name, 60)
            raise ParameterError(
                f'the header {shown} of the file is missing: give {{"content": …, '
                f'"headers": {{"{shown}": …}}}}'
            )
    return tuple(headers.values())


def _encode_header(name: str, value: Any, *, explode: bool) -> tuple[str, str]:
    reason = refuse_name(name)
    if name.lower() == "content-disposition":
        reason = "this header is made of the part's name and the file's"
    try:
        if reason:
            raise ParameterError(reason)
        return name, encode_header(value, explode=explode)
    except ParameterError as error:
        text = f"header {excerpt(name, 60)} of the file: {error}"
        raise ParameterError(text) from error


def _check_name(what: str, name: str, escaped: str = "") -> str:
    """Give a name without what could break its line, but for what is escaped when it is written."""
    if any(unicodedata.category(c) in _BREAKING and c not in escaped for c in name):
        shown = excerpt(name, 60)
        raise ParameterError(f"the {what} '{shown}' has control characters or half ones")
    return name
