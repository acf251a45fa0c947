"""
The document of a stand-in server as it is fetched: at the usual places, as JSON or as YAML.

Knows nothing of operations; whoever asks sees to it that these stand first.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from mixdyn.body import encode_json
from mixdyn.discovery import PLACES
from mixdyn.document import Document
from mixdyn.tools.mock.bundle import bundle
from mixdyn.tools.mock.delivery import Version, deliver
from mixdyn.tools.mock.refusal import RefusedError
from mixdyn.tools.mock.reply import MockRequest, MockResponse
from mixdyn.tools.mock.yamltext import write_yaml

# Where mixdyn looks for documents is where this has its own.
_PLACES = frozenset(PLACES)
_YAML = (".yaml", ".yml")
# Whoever keeps a copy asks each time: the document may be replaced at any moment.
_HEADERS = (("cache-control", "no-cache"),)
_ALLOW = (("allow", "GET, HEAD, OPTIONS"),)


class Publication:
    """
    One edition of a document, in one file whatever files it came in.

    Args:
        document: what is served.
        since: when that began, in seconds since 1970; None where nobody counts.
    """

    def __init__(self, document: Document, since: float | None = None) -> None:
        self._document = document
        self._since = since

    @cached_property
    def tree(self) -> Mapping[str, Any]:
        """The document with all that it refers to."""
        return bundle(self._document)

    @cached_property
    def json(self) -> bytes:
        """The document as JSON."""
        return encode_json(self.tree)

    @cached_property
    def yaml(self) -> bytes:
        """The document as YAML."""
        return write_yaml(self.tree)

    def answer(self, request: MockRequest, now: float) -> MockResponse:
        """Give the document, in the form that the path's ending says, or why not."""
        if request.method == "OPTIONS":
            return MockResponse(204, _ALLOW)
        if request.method not in ("GET", "HEAD"):
            raise RefusedError(405, "the document can only be read here; expected GET", _ALLOW)
        try:
            return deliver(self._version(request.path, now), request, _HEADERS)
        except ValueError:  # YAML has infinities
            reason = "the document holds a number that JSON lacks; ask for /openapi.yaml"
            raise RefusedError(500, reason) from None

    def _version(self, path: str, now: float) -> Version:
        if path.endswith(_YAML):
            return Version(self.yaml, "application/yaml", self._since, now)
        return Version(self.json, "application/json", self._since, now)


def is_place(path: str) -> bool:
    """Tell whether a path is one where servers have their documents."""
    return path in _PLACES
