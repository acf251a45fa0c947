"""
Files that are sent from where they stand, and perhaps once more. Knows files, not HTTP.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any


class Marks:
    """Where files stood, so that what was read of them can be read again."""

    def __init__(self, files: Iterable[Any]) -> None:
        self._places = [(file, _find_place(file)) for file in files]

    @property
    def has_lost(self) -> bool:
        """Whether a file cannot go back, such as a pipe."""
        return any(place is None for _, place in self._places)

    def rewind(self) -> None:
        """Move each file back to where it stood."""
        for file, place in self._places:
            file.seek(place)


class Rest:
    """
    What is left of a file from where it stands, as a file of its own.

    HTTP clients begin multipart files at their start, and take the size from the file below, which
    may be one of compressed bytes.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self._place = _find_place(file) or 0

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        content: bytes = self._file.read(size)
        return content

    def tell(self) -> int:
        """Give the position, counted from where the file stood."""
        return int(self._file.tell()) - self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, counted from where the file stood."""
        self._file.seek(offset + (0 if whence else self._place), whence)
        return self.tell()


def _find_place(file: Any) -> int | None:
    """Give a file's position, or None where it cannot be moved back to it."""
    try:
        place = int(file.tell())
        file.seek(place)
    except (AttributeError, OSError, ValueError):
        return None
    return place
