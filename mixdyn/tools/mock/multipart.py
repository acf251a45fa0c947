"""
Takes `multipart/form-data` bodies apart (RFC 7578), byte for byte; knows no schema.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from mixdyn.tools.mock.refusal import RefusedError

_MOST_PARTS = 1_000
_MOST_HEADER_BYTES = 16 * 1024
_PARAMETER = re.compile(r';\s*([\w!#$%&\'*+.^`|~-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;\s]*))')


class Part(NamedTuple):
    """One part: the form field's name, the file's name if it is a file, its type, its bytes."""

    name: str
    filename: str | None
    content_type: str
    content: bytes


def parse_multipart(content: bytes, content_type: str) -> list[Part]:
    """
    Give the parts of a body in their order.

    Raises RefusedError for a body that does not follow its boundary.
    """
    boundary = header_parameters(content_type).get("boundary", "")
    if not boundary or len(boundary) > 70:
        raise RefusedError(400, "the Content-Type has no usable boundary")
    # The body may begin with the delimiter itself: then the line break before it is missing.
    pieces = (b"\r\n" + content).split(b"\r\n--" + boundary.encode("latin-1", "replace"))
    closing = pieces.pop() if len(pieces) > 1 else b""
    if not closing.startswith(b"--"):
        raise RefusedError(400, "the body does not end with its boundary")
    if len(pieces) > _MOST_PARTS:
        raise RefusedError(400, f"the body has more than {_MOST_PARTS} parts")
    return [_parse_part(piece) for piece in pieces[1:]]


def header_parameters(value: str) -> dict[str, str]:
    """Give the parameters of a header value such as `form-data; name="a"`, names in lower case."""
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(value):
        quoted, plain = match[2], match[3]
        # Browsers write %22 for a quote, RFC 7578 leaves a backslash to mean itself in file names.
        text = plain if quoted is None else quoted.replace('\\"', '"').replace("\\\\", "\\")
        found.setdefault(match[1].lower(), text)
    return found


def _parse_part(piece: bytes) -> Part:
    line_end = piece.find(b"\r\n")
    head, separator, content = piece[line_end + 2 :].partition(b"\r\n\r\n")
    if piece[line_end:].startswith(b"\r\n\r\n"):
        raise RefusedError(400, "a part of the body has no Content-Disposition")
    if line_end < 0 or piece[:line_end].strip(b" \t") or not separator:
        raise RefusedError(400, "a part of the body has no end to its headers")
    if len(head) > _MOST_HEADER_BYTES:
        raise RefusedError(400, "a part of the body has headers that are too large")
    headers = _parse_headers(head)
    parameters = header_parameters(headers.get("content-disposition", ""))
    if "name" not in parameters:
        raise RefusedError(400, "a part of the body has no name in its Content-Disposition")
    return Part(
        name=parameters["name"].replace("%22", '"'),
        filename=_filename(parameters),
        content_type=headers.get("content-type", ""),
        content=content,
    )


def _parse_headers(head: bytes) -> dict[str, str]:
    lines = head.decode("utf-8", "replace").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _filename(parameters: dict[str, str]) -> str | None:
    """Give the file's name without any folders; `filename*` (RFC 5987) counts where it is given."""
    name = parameters.get("filename")
    extended = parameters.get("filename*", "")
    if extended.lower().startswith("utf-8''"):
        name = unquote(extended[7:])
    elif name is not None:
        name = name.replace("%22", '"')
    return None if name is None else re.split(r"[/\\]", name)[-1] or "file"
