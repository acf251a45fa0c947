"""
From a path, a URL, text, bytes or Python's own values to a tree: JSON or YAML, within bounds.

Knows neither OpenAPI nor references. The parsers are imported when a document needs them.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Any, TypeGuard

from mixdyn.errors import DocumentError, excerpt
from mixdyn.garbage import at_rest
from mixdyn.jsontext import decode, decode_large
from mixdyn.record import NamedTuple
from mixdyn.redact import redact_url
from mixdyn.shape import MAX_DEPTH, MAX_NODES, is_array, is_object

MAX_DOCUMENT_BYTES = 256 * 1024 * 1024
FETCH_SECONDS = 30.0

_LOOPBACK = ("localhost", "::1", "127.0.0.1")
# File systems count time in steps of up to so many seconds.
_STEP_SECONDS = 2.0
_NO_TIME = -1


def parse(content: str | bytes, where: str) -> Any:
    """Read JSON or YAML text into a tree; what begins with a brace is JSON, else YAML."""
    with at_rest(ages=True):
        if isinstance(content, bytes):
            if content[:1] == b"{":
                # Large JSON is not made text first, which may take four times the memory.
                with suppress(ValueError, RecursionError):
                    return decode_large(content)
            content = _decode(content, where)
        text = content.removeprefix("\ufeff")
        read = _parse_json if text.lstrip()[:1] == "{" else _parse_yaml
        try:
            return read(text, where)
        except RecursionError:
            raise DocumentError(f"{where}: nested too deeply to be read") from None


def copy_tree(value: Any, where: str) -> Any:
    """
    Copy Python's own values into the tree that reading JSON would have given.

    Keys become text (`200` in YAML 1.1 is a number) and dates too; DocumentError names what cannot
    stand in JSON, and what is deeper or larger than documents may be, or holds itself.
    """
    nodes = 0

    def copy(value: Any, depth: int) -> Any:
        nonlocal nodes
        nodes += 1
        if value is None or isinstance(value, (str, int, float)):
            return _plain(value)
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise DocumentError(f"{where}: nested too deeply, or too large, to be used")
        if is_object(value):
            return {_to_key(key): copy(item, depth + 1) for key, item in value.items()}
        if is_array(value) or _is_tuple(value):
            return [copy(item, depth + 1) for item in value]
        if hasattr(value, "isoformat"):
            return value.isoformat()
        raise DocumentError(f"{where}: expected JSON values, got {excerpt(value, 60)}")

    try:
        return copy(value, 0)
    except RecursionError:
        raise DocumentError(f"{where}: nested too deeply to be read") from None


def read_file(path: str) -> bytes:
    """Give a file's content; DocumentError where it cannot be read or is too large."""
    try:
        with open(path, "rb") as file:  # pathlib is slow to import
            content = file.read(MAX_DOCUMENT_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DocumentError(f"{excerpt(path)}: cannot be read: {reason}") from error
    return _check_size(content, path)


class Stamp(NamedTuple):
    """By what a file shows that it may have changed, without being read."""

    path: str
    mtime_ns: int
    size: int

    def is_current(self) -> bool:
        """Tell whether the file is surely as it was when the stamp was taken."""
        now = _stat(self.path)
        return now is not None and now == (self.mtime_ns, self.size)


def take_stamp(path: str) -> Stamp:
    """Give the stamp of a file, to be taken before it is read; that of no file is never current."""
    mtime_ns, size = _stat(path) or (_NO_TIME, 0)
    # What was written just now may be written again without a later time showing.
    is_fresh = mtime_ns / 1e9 + _STEP_SECONDS > time.time()
    return Stamp(path, _NO_TIME if is_fresh else mtime_ns, size)


def _stat(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def read_url(url: str) -> bytes:
    """Read a document over http(s); by urllib, since this level knows no HTTP client."""
    from http.client import HTTPException
    from urllib.request import ProxyHandler, build_opener

    try:
        direct = [ProxyHandler({})] if _is_loopback(url) else []
        with build_opener(*direct).open(url, timeout=FETCH_SECONDS) as answer:
            return _check_size(_read_in_time(answer), redact_url(url))
    except (OSError, ValueError, HTTPException) as error:
        if isinstance(error, DocumentError):
            raise
        getattr(error, "close", bytes)()  # an error status holds the connection
        shown = redact_url(url)
        # The reason may repeat a part of the URL; the error itself stays below this one.
        reason = excerpt(str(error)) if shown == url else type(error).__name__
        raise DocumentError(f"{shown}: cannot be read: {reason}") from error


def _read_in_time(answer: Any) -> bytes:
    """Read all, with a limit for the whole: the timeout of a socket is for each piece."""
    from time import monotonic

    end = monotonic() + FETCH_SECONDS
    content = bytearray()
    while chunk := answer.read1(1024 * 1024):
        content += chunk
        if monotonic() > end:
            raise TimeoutError(f"not complete after {FETCH_SECONDS:.0f} s")
        if len(content) > MAX_DOCUMENT_BYTES:
            break
    return bytes(content)


def _is_loopback(url: str) -> bool:
    from urllib.parse import urlsplit

    return urlsplit(url).hostname in _LOOPBACK


def _plain(value: Any) -> Any:
    """Give text or a number of a class of its own, such as an enumeration's, as Python's own."""
    if isinstance(value, str):
        return str.__str__(value)
    if value is None or isinstance(value, bool):
        return value
    return int.__int__(value) if isinstance(value, int) else float.__float__(value)


def _is_tuple(value: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)


def _to_key(key: Any) -> str:
    if isinstance(key, str):
        return key
    named: dict[Any, str] = {True: "true", False: "false", None: "null"}
    return named[key] if key is None or isinstance(key, bool) else str(key)


def _parse_json(text: str, where: str) -> Any:
    import json

    try:
        return decode(text)
    except json.JSONDecodeError as error:
        place = f"{where}, line {error.lineno}, column {error.colno}"
        raise DocumentError(f"{place}: not valid JSON: {error.msg}") from error
    except ValueError as error:
        raise DocumentError(f"{where}: not usable JSON: {excerpt(str(error))}") from error


def _parse_yaml(text: str, where: str) -> Any:
    from mixdyn import yamltree

    return yamltree.read(text, where)


def _decode(content: bytes, where: str) -> str:
    """Decode UTF-8; a NUL among the first bytes means UTF-16 or UTF-32, as in any JSON or YAML."""
    encoding = "utf-8"
    if b"\0" in content[:4] or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        import json

        encoding = json.detect_encoding(content)
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{where}: not {encoding} text, at byte {error.start}") from error


def _check_size(content: bytes, where: str) -> bytes:
    if len(content) > MAX_DOCUMENT_BYTES:
        raise DocumentError(f"{excerpt(where)}: larger than {MAX_DOCUMENT_BYTES} bytes")
    return content
