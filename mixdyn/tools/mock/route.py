"""
From the method and path of a request to the operation of a document that answers it.

Knows path templates and servers' base paths; reads operations only when they are first asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from mixdyn.catalog import Entry, build_catalog
from mixdyn.document import Document
from mixdyn.errors import DocumentError
from mixdyn.operation import Operation, parse_operation, parse_servers
from mixdyn.schema import Schemas
from mixdyn.shape import as_object
from mixdyn.tools.mock.refusal import RefusedError

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

PARAMETER = "{}"


class Segment:
    """One segment of a path template: literal text, a parameter, or a mixture such as `{a}.{b}`."""

    def __init__(self, text: str) -> None:
        parts = _PLACEHOLDER.split(text)
        self.text = text
        self.names = tuple(parts[1::2])
        self.literal = unquote(text) if not self.names else None
        self.is_parameter = len(parts) == 3 and not parts[0] and not parts[2]
        # Lower goes first: literal text before mixtures before a parameter alone.
        self.rank = 0 if not self.names else 2 if self.is_parameter else 1
        literals = [re.escape(part) for part in parts[::2]]
        self._pattern = re.compile("([^/]+?)".join(literals), re.DOTALL)

    @property
    def key(self) -> str:
        """The segment's text, or `{}` for a parameter, whatever its name is."""
        return PARAMETER if self.is_parameter else self.text

    def match(self, raw: str) -> dict[str, str] | None:
        """Give the parameters' raw texts in a segment of a path, or None where it does not fit."""
        if self.literal is not None:
            return {} if decode(raw) == self.literal else None
        match = self._pattern.fullmatch(raw)
        return dict(zip(self.names, match.groups(), strict=True)) if match else None


@dataclass(frozen=True, eq=False)
class Route:
    """One operation at its path; `tags` are the namespaces that it stands in."""

    method: str
    path: str
    segments: tuple[Segment, ...]
    tags: frozenset[str]
    entry: Entry
    schemas: Schemas

    @property
    def key(self) -> tuple[str, ...]:
        """The path as literal texts and `{}`: equal for paths that differ in parameter names."""
        return tuple(segment.key for segment in self.segments)

    @cached_property
    def operation(self) -> Operation:
        """The operation, read when first asked for; DocumentError where it cannot be."""
        return parse_operation(self.schemas, self.entry)

    @property
    def is_usable(self) -> bool:
        """Whether the document describes the operation well enough to be read."""
        try:
            _ = self.operation
        except DocumentError:
            return False
        return True

    def match(self, raw: list[str]) -> dict[str, str] | None:
        """Give the path parameters' raw texts, or None where the path is another."""
        if len(raw) != len(self.segments):
            return None
        values: dict[str, str] = {}
        for segment, text in zip(self.segments, raw, strict=True):
            found = segment.match(text)
            if found is None:
                return None
            values |= found
        return values


class Match(NamedTuple):
    """What a path leads to: the route and its raw parameters, or else the methods it would take."""

    route: Route | None
    values: dict[str, str]
    allowed: tuple[str, ...]
    other: Route | None = None


class Router:
    """All routes of a document, most specific first."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.schemas = Schemas(document)
        self.routes = sorted(self._make_routes(), key=lambda r: [s.rank for s in r.segments])
        self.bases = self._find_bases()

    def match(self, method: str, path: str) -> Match:
        """
        Find the route of a request: as the path stands, or below the base path of a server.

        Raises RefusedError for a path that cannot be decoded.
        """
        if _BAD_ESCAPE.search(path):
            raise RefusedError(
                400, "the path has a % that is not followed by two hexadecimal digits"
            )
        matches = [self._match(method, below) for below in self.below_bases(path)]
        return next((m for m in matches if m.route is not None or m.allowed), matches[0])

    def _match(self, method: str, path: str) -> Match:
        raw = path.split("/")[1:]
        found = [(r, v) for r in self.routes if (v := r.match(raw)) is not None]
        for route, values in found:
            if route.method == method:
                return Match(route, values, ())
        allowed = tuple(dict.fromkeys(route.method for route, _ in found))
        return Match(None, {}, allowed, found[0][0] if found else None)

    def below_bases(self, path: str) -> list[str]:
        """Give what a path may mean: as it stands, and below the base paths of the servers."""
        bases = (base for base in self.bases if path.startswith(f"{base}/"))
        return [path, *(path.removeprefix(base) for base in bases)]

    def _make_routes(self) -> Iterator[Route]:
        tags: dict[tuple[str, str], set[str]] = {}
        entries: dict[tuple[str, str], Entry] = {}
        for entry in build_catalog(self.document, frozenset()).entries:
            key = (entry.method, entry.path)
            entries.setdefault(key, entry)
            tags.setdefault(key, set()).update(
                [".".join(entry.namespace)] if entry.namespace else ()
            )
        for (method, path), entry in entries.items():
            segments = tuple(map(Segment, path.split("/")[1:]))
            yield Route(method, path, segments, frozenset(tags[method, path]), entry, self.schemas)

    def _find_bases(self) -> tuple[str, ...]:
        """Collect the base paths of all servers, of the document and of single operations."""
        owners: list[Any] = [self.document.root]
        owners += [t.value for r in self.routes for t in (r.entry.path_item, r.entry.operation)]
        found: dict[str, None] = {}
        for owner in owners:
            for server in parse_servers(owner.get("servers")):
                found[_base_path(server.url, server.variables)] = None
        return tuple(sorted(filter(None, found), key=len, reverse=True))


def decode(raw: str) -> str:
    """Percent-decode a piece of a URL; RefusedError where that gives no UTF-8 text."""
    try:
        return unquote(raw, errors="strict")
    except UnicodeDecodeError:
        raise RefusedError(400, "the URL holds percent-encoded bytes that are not UTF-8") from None


def _base_path(url: str, variables: Any) -> str:
    for name, variable in variables.items():
        url = url.replace(f"{{{name}}}", str(as_object(variable).get("default")))
    try:
        return urlsplit(url).path.rstrip("/")
    except ValueError:
        return ""
