"""
What a caller may pass where a file goes, brought to one form. Knows files, not HTTP.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeGuard

from mixdyn.errors import excerpt
from mixdyn.origin import (
    AsyncFile,
    AsyncPieces,
    AsyncReader,
    Memory,
    OpenFile,
    Origin,
    PathFile,
    Pieces,
)
from mixdyn.shape import is_object

_KEYS = {
    "content": "content",
    "content_type": "content_type",
    "contentType": "content_type",
    "file_name": "file_name",
    "fileName": "file_name",
    "headers": "headers",
}
UPLOAD_KEYS = frozenset(_KEYS)
_EXPECTED = (
    "expected bytes, an open binary file, a path (pathlib.Path), an iterator of bytes, "
    '(name, content) or {"file_name": …, "content": …}, got'
)


class Upload:
    """
    A file to send: its name, its content in any form, its media type, headers of its own.

    `argument` is what the caller calls it. Raises TypeError for content that is none, and for
    files that are closed or in text mode; OSError for a path that cannot be opened.
    """

    __slots__ = ("argument", "content", "content_type", "file_name", "headers", "origin")

    def __init__(
        self,
        file_name: str,
        content: Any,
        content_type: str | None = None,
        headers: tuple[tuple[str, Any], ...] = (),
        argument: str = "file",
    ) -> None:
        self.file_name = file_name
        self.content = content
        self.content_type = content_type
        self.headers = headers
        self.argument = argument
        self.origin: Origin = _find_origin(content)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.label}>"

    @property
    def size(self) -> int | None:
        """The bytes that are to be sent, or None where that cannot be known."""
        return self.origin.size

    @property
    def is_async(self) -> bool:
        """Whether it can only be read by awaiting."""
        return self.origin.is_async

    @property
    def can_rewind(self) -> bool:
        """Whether it can be read a second time."""
        return self.origin.can_rewind

    @property
    def held(self) -> bytes | None:
        """The whole content, where it is bytes already."""
        return self.content if isinstance(self.content, bytes) else None

    @property
    def label(self) -> str:
        """How messages name it: by its argument, and its name if it has one."""
        name = excerpt(self.file_name, 60)
        return self.argument if name == self.argument else f"{self.argument} ({name})"

    def read(self) -> Iterator[bytes] | AsyncReader:
        """Give the content in chunks, from where it stood when this was made."""
        return self.origin.read(self.label)

    def rewind(self) -> None:
        """Bring the content back to where it stood, if it can be."""
        self.origin.rewind()


def to_upload(value: Any, name: str, argument: str = "") -> Upload:
    """
    Make an upload of bytes, a file, a path, an iterator, a tuple or the SDK's mapping.

    Args:
        value: the content itself, `(name, content[, type[, headers]])`, or a mapping (or object)
            with `file_name`, `content` and optionally `content_type` and `headers`.
        name: the file name where the value has none.
        argument: what the caller calls it, if not by that name.

    Raises TypeError for anything else, and for files that are closed or in text mode; OSError for a
    path that cannot be opened.
    """
    if isinstance(value, Upload):
        return value
    names = name, argument or name
    if is_object(value):
        return _named(names, *_read_mapping(value))
    if _is_named(value):
        return _named(names, *value)
    if hasattr(value, "content") and hasattr(value, "file_name"):
        kind, headers = getattr(value, "content_type", None), getattr(value, "headers", None)
        return _named(names, value.file_name, value.content, kind, headers)
    return Upload(_own_name(value) or name, value, argument=names[1])


def _read_mapping(value: Mapping[Any, Any]) -> tuple[Any, ...]:
    given = {_KEYS.get(key, ""): item for key, item in value.items()}
    if "content" not in given or "" in given:
        keys = excerpt(", ".join(map(str, value)))
        raise TypeError(f"expected the keys file_name, content and content_type, got {keys}")
    return tuple(map(given.get, ("file_name", "content", "content_type", "headers")))


def _named(
    names: tuple[str, str],
    file_name: Any,
    content: Any,
    content_type: Any = None,
    headers: Any = None,
) -> Upload:
    name = _base_name(file_name) if _is_path(file_name) else file_name
    for what, text in (("file name", name), ("media type", content_type)):
        if not isinstance(text, (str, type(None))):
            raise TypeError(f"expected text as the {what}, got {type(text).__name__}")
    if headers is not None and not is_object(headers):
        kind = type(headers).__name__
        raise TypeError(f"expected a mapping of names to values as headers, got {kind}")
    pairs = {str(key): item for key, item in (headers or {}).items() if item is not None}
    for key in [k for k in pairs if k.lower() == "content-type"]:
        if content_type is not None:
            raise TypeError("expected one media type, got another among the headers")
        content_type = str(pairs.pop(key))
    default, argument = names
    own = name or _own_name(content) or default
    return Upload(own, content, content_type, tuple(pairs.items()), argument)


def _own_name(content: Any) -> str:
    """Give the name that a file or path has itself, without its folders; empty where none."""
    if _is_path(content):
        return _base_name(content)
    name = getattr(content, "name", None)  # of a file opened by its number this is that number
    is_file = callable(getattr(content, "read", None))
    return _base_name(name) if is_file and isinstance(name, (str, bytes)) else ""


def _find_origin(content: Any) -> Origin:
    """Choose how the content is read."""
    if isinstance(content, (bytes, bytearray, memoryview)):
        return Memory(content)  # pyright: ignore[reportUnknownArgumentType]  # of a memoryview
    if _is_path(content):
        return PathFile(content)
    if callable(getattr(content, "read", None)):
        return AsyncFile(content) if _is_async_file(content) else OpenFile(content)
    if _is_iterable(content):
        return Pieces(content)
    if _is_async_iterable(content):
        return AsyncPieces(content)
    raise TypeError(f"{_EXPECTED} {type(content).__name__}")


def _is_async_file(file: Any) -> bool:
    """Tell whether reading has to be awaited; TypeError where nothing can be read at all."""
    if getattr(file, "closed", False):
        raise TypeError("the file is closed; open it for the call")
    try:
        nothing = file.read(0)
    except (TypeError, OSError) as error:
        raise TypeError(f"expected a file that can be read: {excerpt(str(error))}") from error
    if isinstance(nothing, str):
        raise TypeError("the file is open in text mode; open it with mode 'rb'")
    if hasattr(nothing, "__await__"):
        getattr(nothing, "close", bool)()  # a coroutine that nobody awaits would warn
        return True
    if not isinstance(nothing, (bytes, bytearray, memoryview)) or nothing:
        raise TypeError(f"expected a file that reads bytes, got {type(file).__name__}")
    return False


def _is_iterable(value: Any) -> TypeGuard[Iterable[Any]]:
    """Tell whether something gives pieces one by one, and is no collection of other things."""
    return isinstance(value, Iterable) and not isinstance(value, (Sequence, AbstractSet, Mapping))


def _is_async_iterable(value: Any) -> TypeGuard[AsyncIterable[Any]]:
    return isinstance(value, AsyncIterable)


def _is_named(value: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple) and 2 <= len(value) <= 4  # pyright: ignore[reportUnknownArgumentType]  # Any


def _is_path(value: Any) -> TypeGuard[os.PathLike[Any]]:
    return isinstance(value, os.PathLike)


def _base_name(path: str | bytes | os.PathLike[Any]) -> str:
    return os.path.basename(os.fsdecode(path))
