"""
What a caller may pass where a file goes, brought to one form. Knows files, not HTTP.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from mixdyn.errors import excerpt

CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """
    A file to send: its name, its content as bytes or an open binary file, and its media type.

    `is_ours` tells that the file was opened here, and is closed after the call.
    """

    file_name: str
    content: bytes | IO[bytes]
    content_type: str | None
    is_ours: bool = False

    @property
    def size(self) -> int | None:
        """The bytes that remain to be sent, or None where that cannot be known."""
        if isinstance(self.content, bytes):
            return len(self.content)
        try:
            return os.fstat(self.content.fileno()).st_size - self.content.tell()
        except (OSError, AttributeError):
            return None

    def chunks(self) -> Iterator[bytes]:
        """Give the content in pieces of 64 KiB."""
        if isinstance(self.content, bytes):
            yield self.content
            return
        while chunk := self.content.read(CHUNK_BYTES):
            yield chunk

    def close(self) -> None:
        """Close the file, if it was opened here."""
        if self.is_ours and not isinstance(self.content, bytes):
            self.content.close()


def to_upload(value: Any, name: str) -> Upload:
    """
    Make an upload of bytes, an open binary file, a path, a tuple or the SDK's mapping.

    Args:
        value: the content itself, `(name, content[, type])`, or a mapping (or object) with
            `file_name`, `content` and optionally `content_type`.
        name: the file name where the value has none.

    Raises TypeError for anything else, and for files opened in text mode; OSError for a path that
    cannot be opened.
    """
    if isinstance(value, tuple) and 2 <= len(value) <= 3:
        return _named(*value)
    if isinstance(value, Mapping):
        return _from_mapping(value, name)
    if hasattr(value, "content") and hasattr(value, "file_name"):
        return _named(value.file_name, value.content, getattr(value, "content_type", None))
    if isinstance(value, Upload):
        return value
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
        return Upload(os.path.basename(path), open(path, "rb"), None, is_ours=True)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Upload(name, bytes(value), None)
    if callable(getattr(value, "read", None)):
        return _from_file(value, name)
    raise TypeError(
        f"expected bytes, an open binary file, a path, (name, content) or "
        f'{{"file_name": …, "content": …}}, got {type(value).__name__}'
    )


def _named(name: Any, content: Any, content_type: Any = None) -> Upload:
    upload = to_upload(content, str(name))
    kind = None if content_type is None else str(content_type)
    return Upload(str(name), upload.content, kind, upload.is_ours)


def _from_mapping(value: Mapping[str, Any], name: str) -> Upload:
    known = {"file_name", "fileName", "content", "content_type", "contentType"}
    if "content" not in value or not set(value) <= known:
        raise TypeError(
            f"expected the keys file_name, content and content_type, got {excerpt(sorted(value))}"
        )
    file_name = value.get("file_name", value.get("fileName", name))
    return _named(file_name, value["content"], value.get("content_type", value.get("contentType")))


def _from_file(file: Any, name: str) -> Upload:
    if isinstance(file.read(0), str):
        raise TypeError("the file is open in text mode; open it with mode 'rb'")
    given = getattr(file, "name", None)
    return Upload(os.path.basename(given) if isinstance(given, str) else name, file, None)
