"""
What would be sent, as text or as a command for curl: with secrets masked, and nothing sent.
"""

from __future__ import annotations

from typing import Any

from mixdyn.curl import format_curl
from mixdyn.errors import excerpt, printable
from mixdyn.payload import Payload
from mixdyn.prepared import Prepared
from mixdyn.redact import MASK, Redactor
from mixdyn.request import Request

_MAX_BODY = 100_000


def preview(prepared: Prepared, secrets: tuple[str, ...], *, as_curl: bool) -> str:
    """
    Write a request that is not sent.

    Args:
        prepared: the request.
        secrets: values that are masked wherever they stand, besides those that are known.
        as_curl: whether it is written as a command.
    """
    private: Any = prepared  # its redactor knows the call's own secrets
    redactor: Redactor = private._redactor.with_values(secrets)
    request = Request(prepared.method, prepared.url, prepared.headers, prepared.content)
    try:
        return printable(format_curl(request, redactor) if as_curl else _write(request, redactor))
    finally:
        if isinstance(request.content, Payload):
            request.content.close()


def _write(request: Request, redactor: Redactor) -> str:
    lines = [f"{request.method} {redactor.url(request.url)}"]
    headers = redactor.headers(request.headers)
    lines += [f"{name}: {excerpt(value, 2000)}" for name, value in headers.items()]
    content = request.content
    if isinstance(content, Payload):
        lines += ["", *_list_payload(content, redactor)]
    elif content:
        kind = request.headers.get("content-type", "")
        lines += ["", redactor.body(content, kind, _MAX_BODY)]
    return "\n".join(lines)


def _list_payload(payload: Payload, redactor: Redactor) -> list[str]:
    """Tell the parts of a body that is sent in pieces; files are named, not read."""
    if not payload.parts:
        return [_describe(payload.files[0].label, payload.size)]
    lines: list[str] = []
    for part in payload.parts:
        content = part.content
        if isinstance(content, bytes):
            shown = redactor.body(content, part.content_type or "text/plain", 2000)
            masked = MASK if redactor.is_secret(part.name) else shown
            lines.append(f"{excerpt(part.name, 120)}={masked}")
        else:
            lines.append(f"{excerpt(part.name, 120)}={_describe(content.label, content.size)}")
    return lines


def _describe(label: str, size: int | None) -> str:
    return f"<{label}, {'an unknown number of' if size is None else size} bytes>"
