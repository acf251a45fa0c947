"""
From a path, a URL, text or bytes to a tree of plain values: JSON or YAML, within bounds.

Knows neither OpenAPI nor references. The parsers are imported when a document needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mixdyn.errors import DocumentError, excerpt

MAX_DOCUMENT_BYTES = 256 * 1024 * 1024
FETCH_SECONDS = 30.0


def parse(content: str | bytes, location: str) -> Mapping[str, Any]:
    """Read JSON or YAML text into a tree; what begins with a brace is JSON, else YAML."""
    where = location or "the document"
    text = _decode(content, where) if isinstance(content, bytes) else content.removeprefix("\ufeff")
    try:
        tree = _parse_json(text, where) if text.lstrip()[:1] == "{" else _parse_yaml(text, where)
    except RecursionError:
        raise DocumentError(f"{where}: nested too deeply to be read") from None
    if not isinstance(tree, Mapping):
        raise DocumentError(f"{where}: expected an object, got {excerpt(tree, 60)}")
    return tree


def read_file(path: str) -> bytes:
    """Give a file's content; DocumentError where it cannot be read or is too large."""
    try:
        with open(path, "rb") as file:  # pathlib is slow to import
            content = file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read: {error.strerror}") from error
    return _check_size(content, path)


def read_url(url: str) -> bytes:
    """Read a document over http(s); by urllib, since this level knows no HTTP client."""
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=FETCH_SECONDS) as answer:  # noqa: S310  # the caller checked it
            return _check_size(answer.read(MAX_DOCUMENT_BYTES + 1), url)
    except (OSError, ValueError) as error:
        raise DocumentError(f"{url}: cannot be read: {excerpt(str(error))}") from error


def _parse_json(text: str, where: str) -> Any:
    import json

    try:
        return json.loads(text)
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
        raise DocumentError(f"{where}: not UTF-8 text, at byte {error.start}") from error


def _check_size(content: bytes, where: str) -> bytes:
    if len(content) > MAX_DOCUMENT_BYTES:
        raise DocumentError(f"{where}: larger than {MAX_DOCUMENT_BYTES} bytes")
    return content
