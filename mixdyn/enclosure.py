"""
From converted arguments to the body of a request. Loaded for operations that have one.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from mixdyn.body import (
    content_type,
    encode_body,
    encode_parts,
    file_parts,
    is_file,
    single_file,
    takes_file,
    to_uploads,
)
from mixdyn.conversion import REST, Converted, attempt, body_value
from mixdyn.errors import Problem
from mixdyn.media import MULTIPART, MediaType
from mixdyn.operation import Argument
from mixdyn.params import ParameterError
from mixdyn.payload import Part, Payload
from mixdyn.shape import is_object
from mixdyn.upload import Upload
from mixdyn.wire import to_wire


class Enclosure:
    """Makes the bodies of an operation's requests."""

    def keep(
        self, argument: Argument, value: Any, media: MediaType | None, converted: Converted
    ) -> bool:
        """Take over files and what no schema declares; False for what is an argument like any."""
        is_parts = media is not None and media.essence == MULTIPART
        if argument is REST or (is_parts and _is_free_form(argument, value)):
            _convert_members(value, converted, is_parts=is_parts)
            return True
        if media is None or "body" not in argument.location:
            return False
        if not takes_file(argument, media, value):
            return False
        name = argument.name
        converted.uploads[name] = to_uploads(value, argument.wire, name)
        return True

    def enclose(
        self,
        sent: list[Argument],
        media: MediaType,
        converted: Converted,
        headers: dict[str, str],
        problems: list[Problem],
    ) -> bytes | Payload | None:
        """Give the body of a media type, and set the header that names it; None for problems."""
        if media.essence == MULTIPART:
            # The boundary belongs into this header: the payload has the one that is sent.
            headers.pop("content-type", None)
            return Payload.of_parts(_make_parts(sent, media, converted, problems))
        upload = attempt("body", partial(_choose_upload, sent), converted, problems)
        kind = attempt("body", partial(content_type, media), upload, problems) or ""
        headers.setdefault("content-type", kind)
        if problems:
            return None  # nothing is sent
        if upload is not None:
            return Payload.of_file(upload)
        encode = partial(encode_body, media=media)
        return attempt("body", encode, body_value(sent, converted), problems)


def _convert_members(value: Any, converted: Converted, *, is_parts: bool) -> None:
    """Take over properties that no schema declares: files by what they are, all else as JSON."""
    for key, item in value.items():
        if is_parts and isinstance(key, str) and is_file(item):
            converted.uploads[key] = to_uploads(item, key, key)
        else:
            converted.extra.update(to_wire({key: item}, None, "body"))


def _is_free_form(argument: Argument, value: Any) -> bool:
    return argument.location == "whole body" and is_object(value)


def _make_parts(
    sent: list[Argument], media: MediaType, converted: Converted, problems: list[Problem]
) -> list[Part]:
    names = {a.name for a in sent}
    others = [key for key in (*converted.uploads, *converted.extra) if key not in names]
    extra = [REST._replace(name=key, wire=key) for key in others]
    parts: list[Part] = []
    for argument in (*sent, *extra):
        name = argument.name
        if name in converted.uploads:
            write = partial(file_parts, argument, media=media)
            parts += attempt(name, write, converted.uploads[name], problems) or ()
        else:
            value = converted.wire[name] if name in converted.wire else converted.extra[name]
            parts += (
                attempt(name, partial(encode_parts, argument, media=media), value, problems) or ()
            )
    return parts


def _choose_upload(sent: list[Argument], converted: Converted) -> Upload | None:
    """Give the file that is the whole body, if it is a file; nothing else fits beside it."""
    files = [a for a in sent if a.name in converted.uploads]
    if not files:
        return None
    if len(sent) > 1 or converted.extra:
        raise ParameterError(f"a file and more can only be sent as {MULTIPART}")
    return single_file(converted.uploads[files[0].name])
