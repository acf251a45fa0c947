"""
The documents in use, for pickled results: where their classes are found again.

It is loaded with the package, so that results can come before any client; hence so light.
"""

from __future__ import annotations

import weakref
from itertools import count
from typing import Any, Protocol


class Source(Protocol):
    """What knows the classes of a document."""

    def find_model(self, digest: str, base: str, pointer: str, name: str) -> Any:
        """Give the class of the schema at a place, or None if the document is another."""
        ...


def announce(source: Source) -> None:
    """Let pickled results find their classes there, for as long as it lives."""
    _sources[next(_numbers)] = source


def sources() -> list[Source]:
    """Give all that were announced and still live, the first ones first."""
    return list(_sources.values())


def find_model(digest: str, base: str, pointer: str, name: str) -> Any:
    """Give the class of the schema at a place of the document with this digest, or None."""
    for source in sources():
        kind = source.find_model(digest, base, pointer, name)
        if kind is not None:
            return kind
    return None


_sources: weakref.WeakValueDictionary[int, Source] = weakref.WeakValueDictionary()
_numbers = count()
