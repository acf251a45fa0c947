"""
What a stand-in server goes by: what one edition of a document says, and what it remembers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from mixdyn.document import Document
from mixdyn.errors import DocumentError
from mixdyn.media import MediaType
from mixdyn.sample import Sampler
from mixdyn.tools.mock.novelty import Novelty
from mixdyn.tools.mock.publication import Publication
from mixdyn.tools.mock.rendering import Renderer
from mixdyn.tools.mock.resource import Census
from mixdyn.tools.mock.route import Route, Router
from mixdyn.tools.mock.script import Script
from mixdyn.tools.mock.store import Store


class Api:
    """
    What is known from the document alone: routes, collections, samples; never changed.

    Args:
        document: what is served.
        older: an earlier edition of it; what is new against it is what the answers show.
        since: when it began to be served, in seconds since 1970, if that is known.
    """

    def __init__(
        self, document: Document, older: Document | None = None, since: float | None = None
    ) -> None:
        self.document = document
        self.router = Router(document)
        self.sampler = Sampler()
        self.novelty = Novelty(self.sampler, older)
        self.renderer = Renderer(self.sampler, self.novelty)
        self.publication = Publication(document, since)
        self._scripts: dict[tuple[Route, str], Script] = {}

    def prepare(self) -> Self:
        """
        Do now what is else done when first needed, and give this; DocumentError where it fails.

        All files of the document are read then: what becomes of them later changes nothing.
        """
        try:
            _ = self.publication.tree, self.census
        except RecursionError as error:
            raise DocumentError("the document is nested too deeply to be served") from error
        return self

    @cached_property
    def census(self) -> Census:
        """The document's collections, found when first asked for."""
        return Census(self.router.routes)

    def script(self, route: Route, media: MediaType) -> Script:
        """Give the events of a route's stream, the same object for the same one."""
        key = (route, media.content_type)
        if key not in self._scripts:
            self._scripts[key] = Script(self.sampler, self.novelty, route.operation, media)
        return self._scripts[key]


@dataclass(frozen=True, slots=True)
class State:
    """What changes: the memory and the time; and how long a stream may be silent."""

    clock: Callable[[], float]
    heartbeat_s: float | None
    store: Store = field(default_factory=Store)
