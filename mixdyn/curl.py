"""
Writes a request as one command for curl, to run in a POSIX shell. Knows requests and curl's own
rules; whatever a request holds, the shell and the terminal see text and nothing else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from shlex import quote as quote_plain

from mixdyn.errors import excerpt
from mixdyn.header import is_token
from mixdyn.payload import Part, Payload
from mixdyn.redact import MASK, Redactor
from mixdyn.request import Request
from mixdyn.upload import Upload

# Linux takes no argument of more than 128 KiB.
_MAX_INLINE = 64 * 1024
_MAX_LINE = 100
# Methods that HTTP clients send with a length even where there is no body (RFC 9110, 8.6).
_WITH_LENGTH = ("POST", "PUT", "PATCH")
_SIMPLE_TYPE = re.compile(r"[\w.+*-]+/[\w.+*-]+(?:; ?charset=[\w.-]+)?", re.ASCII)
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNSENDABLE = re.compile("[\0\r\n]")


def format_curl(request: Request, redactor: Redactor | None) -> str:
    """
    Give the command that sends the same request, with secrets masked.

    Content that is not text, or that only Python can read, is left to files which the user fills
    in; a comment on the last line names them. Control characters are written as `$'…'`, which bash,
    zsh, ksh, busybox and POSIX.1-2024 know.

    Args:
        request: what to send; nothing of it is read or changed.
        redactor: masks secrets; None shows them, so that the command works as it is.
    """
    command = _Command(request, redactor)
    items = [quote(command.url), *(" ".join(map(quote, i)) for i in command.options())]
    start = f"curl --globoff{_keep_path(command.url)}"
    line = " ".join([start, *items])
    if len(line) > _MAX_LINE:
        line = " \\\n  ".join([f"{start} {items[0]}", *items[1:]])
    return f"{line}\n# {'; '.join(command.notes)}" if command.notes else line


def quote(argument: str) -> str:
    """Write an argument so that a shell reads it back; with escapes where it would not print."""
    if argument.isprintable():
        return quote_plain(argument)
    return f"$'{''.join(map(_escape, argument))}'"


def _escape(char: str) -> str:
    """Escape in `$'…'`: other bytes in octal, which always has three digits."""
    if char in _ESCAPES or char.isprintable():
        return _ESCAPES.get(char, char)
    if char == "\0":  # no argument can hold it
        return "\ufffd"
    try:
        data = char.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return "\ufffd"
    return "".join(f"\\{byte:03o}" for byte in data)


class _Command:
    """Collects the options of one command, each with its value, and what the user has to do."""

    def __init__(self, request: Request, redactor: Redactor | None) -> None:
        self.request = request
        self.redactor = redactor
        self.url = redactor.url(request.url) if redactor is not None else request.url
        self.notes: list[str] = []
        self.content = request.content
        self.is_form = isinstance(request.content, Payload) and all(
            map(_is_expressible, request.content.parts or (None,))
        )

    def options(self) -> Iterator[tuple[str, ...]]:
        """Give method, headers and body."""
        method, content = self.request.method, self.content
        if method == "HEAD" and content is None:
            yield ("--head",)
        elif method != ("GET" if content is None else "POST"):
            yield "-X", method
        yield from self.write_headers()
        if isinstance(content, Payload):
            yield from self.write_payload(content)
        elif content is not None:
            yield self.write_body(content)

    def write_headers(self) -> Iterator[tuple[str, ...]]:
        headers = dict(self.request.headers)
        content = self.content
        if isinstance(content, Payload) and content.content_type is not None:
            headers.pop("content-type", None)  # curl writes it, with a boundary of its own
            if not self.is_form:
                headers["content-type"] = content.content_type
        elif content is not None:
            headers.setdefault("content-type", "")  # else curl names one of its own
        elif self.request.method in _WITH_LENGTH:
            headers.setdefault("content-length", "0")
        bare = content is not None and "content-type" not in self.request.headers
        shown = self.redactor.headers(headers) if self.redactor is not None else headers
        for name, value in _sendable(shown).items():
            yield "-H", _write_header(name, value, is_left_out=bare and name == "content-type")

    def write_body(self, content: bytes) -> tuple[str, str]:
        text = _as_text(content)
        if text is None:
            return "--data-binary", f"@{self.stand_in(f'the {len(content)} bytes of the body')}"
        kind = self.request.headers.get("content-type", "")
        return "--data-raw", text if self.redactor is None else self.redactor.content(text, kind)

    def write_payload(self, payload: Payload) -> Iterator[tuple[str, str]]:
        if not payload.parts:
            yield "--data-binary", f"@{self.write_file(payload.files[0])}"
        elif self.is_form:
            yield from map(self.write_part, payload.parts)
        else:
            yield "--data-binary", f"@{self.stand_in('the body, which curl has no options for')}"

    def write_part(self, part: Part) -> tuple[str, str]:
        """Write a part; curl reads its text literally only as `--form-string`, or in quotes."""
        details = "".join(self.write_details(part))
        if isinstance(part.content, Upload):
            path = self.write_file(part.content)
            sign = "<" if part.file_name is None else "@"
            return "-F", f"{part.name}={sign}{_in_quotes(path)}{details}"
        text = _as_text(part.content)
        if text is None:
            path = self.stand_in(f"the {len(part.content)} bytes of {excerpt(part.name, 60)}")
            sign = "<" if part.file_name is None else "@"
            return "-F", f"{part.name}={sign}{_in_quotes(path)}{details}"
        shown = self.hide(part.name, text)
        if not details:
            return "--form-string", f"{part.name}={shown}"
        return "-F", f"{part.name}={_in_quotes(shown)}{details}"

    def write_details(self, part: Part) -> Iterator[str]:
        headers = part.headers
        kind = part.content_type
        if part.file_name is not None:
            yield f";filename={_in_quotes(self.hide('', part.file_name))}"
        if kind is not None and _SIMPLE_TYPE.fullmatch(kind):
            yield f";type={kind}"
        elif kind is not None:
            headers = (("Content-Type", kind), *headers)
        for name, value in headers:
            yield f";headers={_in_quotes(f'{name}: {self.hide(name, value)}')}"

    def write_file(self, upload: Upload) -> str:
        """Give the path that the caller gave; what has none is put into a file by the user."""
        find_path = getattr(upload.content, "__fspath__", None)
        if find_path is not None:
            path = os.fsdecode(find_path())
            return path if path != "-" else "./-"
        return self.stand_in(f"the content of {excerpt(self.hide('', upload.label), 120)}")

    def stand_in(self, content: str) -> str:
        name = f"FILE_{len(self.notes) + 1}"
        self.notes.append(f"{name} stands for a file with {content}")
        return name

    def hide(self, name: str, text: str) -> str:
        if self.redactor is None:
            return text
        return MASK if self.redactor.is_secret(name) else self.redactor.text(text)


def _keep_path(url: str) -> str:
    """Keep curl from taking `.` and `..` out of a path."""
    return " --path-as-is" if "/." in url or "/%2" in url else ""


def _sendable(headers: Mapping[str, str]) -> dict[str, str]:
    """Leave out what no HTTP client sends: curl would read files for it, or add lines."""
    return {n: v for n, v in headers.items() if is_token(n) and not _UNSENDABLE.search(v)}


def _write_header(name: str, value: str, *, is_left_out: bool) -> str:
    """Write `name: value`; empty values are `name;` to curl, and `name:` leaves a header out."""
    if not value.strip():
        return f"{name}:" if is_left_out else f"{name};"
    try:
        # HTTP's headers are Latin-1, but the shell's text is UTF-8.
        return f"{name}: {value.encode('latin-1').decode('utf-8', 'surrogateescape')}"
    except UnicodeEncodeError:
        return f"{name}: {value}"


def _is_expressible(part: Part | None) -> bool:
    """Tell whether curl has options for a part: its name ends at the first `=`."""
    return part is None or (bool(part.name) and "=" not in part.name)


def _as_text(content: bytes) -> str | None:
    """Give content that an argument can hold; None for what is too large, or no text."""
    if len(content) > _MAX_INLINE or b"\0" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _in_quotes(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
