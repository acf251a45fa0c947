"""
One edition of a document as the comparison sees it: its operations, read, and their names.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from mixdyn.catalog import Catalog, Entry, build_catalog
from mixdyn.diff.place import point
from mixdyn.document import Document
from mixdyn.errors import MixError, excerpt
from mixdyn.operation import Operation, parse_operation
from mixdyn.results import Types
from mixdyn.schema import Schemas
from mixdyn.scheme import SecurityScheme, parse_security_schemes


class Site(NamedTuple):
    """An operation where the document describes it; `problem` says why it cannot be read."""

    entry: Entry
    names: tuple[str, ...]
    operation: Operation | None
    problem: str
    pointer: str

    @property
    def label(self) -> str:
        """How messages name the operation."""
        place = f"{self.entry.method} {excerpt(self.entry.path, 120)}"
        return f"{excerpt(self.names[0], 80)} ({place})"


class Side(NamedTuple):
    """An operation that could be read, in its edition."""

    operation: Operation
    entry: Entry
    pointer: str
    edition: Edition


class Edition:
    """
    A document, indexed and read for a comparison.

    Args:
        document: the document.
        reserved: the names that clients use themselves, so that operations' names are the client's.
    """

    def __init__(self, document: Document, reserved: frozenset[str]) -> None:
        self.document = document
        self.schemas = Schemas(document)
        self.types = Types(self.schemas)
        self.catalog: Catalog = build_catalog(document, reserved)

    @property
    def location(self) -> str:
        """Where the document was read from."""
        return self.document.location

    @cached_property
    def schemes(self) -> dict[str, SecurityScheme]:
        """The security schemes by name."""
        return parse_security_schemes(self.document)

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Each operation once, though it may have several names."""
        groups: dict[tuple[str, str], list[Entry]] = {}
        for entry in self.catalog.entries:
            groups.setdefault((entry.method, entry.path), []).append(entry)
        return tuple(self._read(entries) for entries in groups.values())

    def _read(self, entries: list[Entry]) -> Site:
        entry = entries[0]
        operation, problem = None, ""
        try:
            operation = parse_operation(self.schemas, entry)
        except MixError as error:
            problem = error.message
        except RecursionError:
            problem = f"{entry.operation}: nested too deeply"
        names = tuple(e.qualified_name for e in entries)
        return Site(entry, names, operation, problem, point(entry.operation, self.location))
