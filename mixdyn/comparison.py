"""
`compare`: two documents in, their difference out. Loaded when it is first asked for.
"""

from __future__ import annotations

from mixdyn.client import Client
from mixdyn.diff.difference import Difference
from mixdyn.diff.edition import Edition
from mixdyn.diff.survey import find_difference
from mixdyn.document import Document, Source


def compare(
    old: Source | Document | Client,
    new: Source | Document | Client,
    *,
    documentation: bool = False,
) -> Difference:
    """
    Tell what changed from one document to another, for HTTP and for Python callers.

    Args:
        old: the document in use: a path, an http(s) URL, YAML or JSON text, bytes, a mapping, or
            a client for its own.
        new: the document to compare it with.
        documentation: whether changes of titles, descriptions and examples count, too.

    Raises DocumentError where one of them cannot be read at all; what cannot be read in one of them
    is told in the result.
    """
    reserved = frozenset(name for name in dir(Client) if not name.startswith("_"))
    before, after = Edition(_take(old), reserved), Edition(_take(new), reserved)
    return find_difference(before, after, documentation=documentation)


def _take(source: Source | Document | Client) -> Document:
    if isinstance(source, Client):
        return source._surface.document  # pyright: ignore[reportPrivateUsage]  # its own package
    return Document.load(source)
