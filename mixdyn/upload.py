"""
What a caller may pass where a file goes, brought to one form. Knows files, not HTTP.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import IO, Any, TypeGuard

from mixdyn.errors import excerpt
from mixdyn.shape import is_object

CHUNK_BYTES = 64 * 1024

_KEYS = {
    "content": "content",
    "content_type": "content_type",
    "contentType": "content_type",
    "file_name": "file_name",
    "fileName": "file_name",
}
_EXPECTED = (
    "expected bytes, an open binary file, a path, (name, content) or "
    '{"file_name": …, "content": …}, got'
)


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
            # The file's own idea of its end: the one below it may be of compressed bytes.
            start = self.content.tell()
            end = self.content.seek(0, os.SEEK_END)
            self.content.seek(start)
            return max(0, end - start)
        except (OSError, AttributeError, TypeError, ValueError):
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

    Raises TypeError for anything else, and for files that are closed or in text mode; OSError for a
    path that cannot be opened.
    """
    if isinstance(value, Upload):
        return value
    if is_object(value):
        given = {_KEYS.get(key): item for key, item in value.items()}
        if "content" not in given or None in given:
            keys = excerpt(", ".join(map(str, value)))
            raise TypeError(f"expected the keys file_name, content and content_type, got {keys}")
        return _named(name, given.get("file_name"), given["content"], given.get("content_type"))
    if _is_named(value):
        return _named(name, *value)
    if _has_content(value):
        return _named(name, value.file_name, value.content, getattr(value, "content_type", None))
    return _read(value, name)


def _named(default: str, name: Any, content: Any, content_type: Any = None) -> Upload:
    file_name = _base_name(name) if _is_path(name) else name
    if not isinstance(file_name, (str, type(None))):
        raise TypeError(f"expected text as the file name, got {type(name).__name__}")
    if not isinstance(content_type, (str, type(None))):
        raise TypeError(f"expected text as the media type, got {type(content_type).__name__}")
    upload = _read(content, default)
    return replace(upload, file_name=file_name or upload.file_name, content_type=content_type)


def _read(value: Any, name: str) -> Upload:
    """Take the content itself; a path is opened."""
    if _is_path(value):
        return Upload(_base_name(value) or name, open(value, "rb"), None, is_ours=True)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Upload(name, bytes(value), None)  # pyright: ignore[reportUnknownArgumentType]  # of a memoryview
    if not callable(getattr(value, "read", None)):
        raise TypeError(f"{_EXPECTED} {type(value).__name__}")
    _check_readable(value)
    given = getattr(value, "name", None)  # of a file opened by its number this is that number
    return Upload((isinstance(given, (str, bytes)) and _base_name(given)) or name, value, None)


def _check_readable(file: Any) -> None:
    if getattr(file, "closed", False):
        raise TypeError("the file is closed; open it for the call")
    nothing = file.read(0)
    if isinstance(nothing, str):
        raise TypeError("the file is open in text mode; open it with mode 'rb'")
    if not isinstance(nothing, bytes):
        getattr(nothing, "close", bytes)()  # what an async file gives would warn
        raise TypeError(f"expected a file that reads bytes, got {type(file).__name__}")


def _has_content(value: Any) -> bool:
    return hasattr(value, "content") and hasattr(value, "file_name")


def _is_named(value: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple) and 2 <= len(value) <= 3  # pyright: ignore[reportUnknownArgumentType]  # Any


def _is_path(value: Any) -> TypeGuard[os.PathLike[str]]:
    return isinstance(value, os.PathLike)


def _base_name(path: str | bytes | os.PathLike[str]) -> str:
    return os.path.basename(os.fsdecode(path))
