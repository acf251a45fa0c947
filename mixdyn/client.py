"""
The client: a document's namespaces, the settings for calls, and the lifetime of connections.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mixdyn.connection import Connections
from mixdyn.document import Document
from mixdyn.errors import excerpt
from mixdyn.settings import UNSET, Modes, Settings, Unset, check_timeout
from mixdyn.surface import Surface, list_slots, missing
from mixdyn.version import USER_AGENT

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from mixdyn.document import Source
    from mixdyn.retry import RetryConfig
    from mixdyn.settings import Credential


class Client:
    """
    A client for any OpenAPI 3.x document: each operation is a method, on the namespace of its tag.

    Every method also stands as `<name>_async`. HTTP clients are made on first use, and closed by
    `close()`, `aclose()` or the end of a `with` or `async with` block.

    Args:
        spec: the document: a path, an http(s) URL, YAML or JSON text, bytes or a mapping.
        server_idx: which of the document's servers to use, from 0.
        server_url: the server to use instead of the document's.
        url_params: values for the variables in the server's URL.
        client: the `httpx.Client` (or one like it) to use; it is never closed here.
        async_client: the same for the `_async` methods.
        retry_config: when to send again, instead of the document's own; None for never.
        timeout_ms: the limit for each step of a call in milliseconds; None for none.
        security: the credential for each security scheme, by the scheme's name.
        validate: `strict`, `warn` or `off`; or a mapping of `request`, `response` and `events`.

    Raises DocumentError for a document that cannot be read, ValueError for settings out of range.
    """

    _bound_to: Surface
    _surface: Surface

    def __init__(
        self,
        spec: Source | Document,
        server_idx: int | None = None,
        server_url: str | None = None,
        url_params: Mapping[str, str] | None = None,
        client: Any = None,
        async_client: Any = None,
        retry_config: RetryConfig | Unset | None = UNSET,
        timeout_ms: int | Unset | None = UNSET,
        security: Mapping[str, Credential] | None = None,
        validate: str | Mapping[str, str] | None = None,
    ) -> None:
        self._settings = Settings(
            server_url=server_url,
            server_idx=server_idx or 0,
            url_params=dict(url_params or {}),
            timeout_ms=check_timeout(timeout_ms),
            retry_config=retry_config,
            modes=Modes().changed(validate),
            security=dict(security or {}),
        )
        self._connections = Connections(client, async_client)
        self._adopt(self._load(spec))

    def with_options(
        self,
        *,
        server_url: str | None = None,
        retry_config: RetryConfig | Unset | None = UNSET,
        timeout_ms: int | Unset | None = UNSET,
        security: Mapping[str, Credential] | None = None,
        validate: str | Mapping[str, str] | None = None,
    ) -> Self:
        """Give a client with some settings changed, over the same document and connections."""
        changes: dict[str, Any] = {"modes": self._settings.modes.changed(validate)}
        if server_url is not None:
            changes["server_url"] = server_url
        if security is not None:
            changes["security"] = dict(security)
        if not isinstance(retry_config, Unset):
            changes["retry_config"] = retry_config
        if not isinstance(timeout_ms, Unset):
            changes["timeout_ms"] = check_timeout(timeout_ms)
        other = copy.copy(self)
        other._settings = self._settings._replace(**changes)
        return other

    def close(self) -> None:
        """Close the blocking HTTP clients that were made here; calls then say that it is closed."""
        self._connections.close()

    async def aclose(self) -> None:
        """Close the HTTP clients that were made here, with those of the running event loop."""
        await self._connections.aclose()

    def __enter__(self) -> Self:
        self._connections.reopen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        self._connections.reopen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __getattr__(self, name: str) -> Any:
        is_private = name.startswith("_")  # asked by machinery, perhaps before there is a document
        known = () if is_private else (n for n in dir(self) if not n.startswith("_"))
        raise missing(f"{type(self).__name__!r} has no attribute", name, known)

    def __dir__(self) -> list[str]:
        # A class bound to one document may be a subclass of one bound to another: hide that one's.
        hidden = list_slots(type(self)) - {*self._bound_to.names}
        return sorted({*super().__dir__()} - hidden)

    def __repr__(self) -> str:
        info = self._surface.document.at("info")
        version = excerpt(str(info.child("version").value or ""), 40)
        title = excerpt(self._surface.document.title, 80) or "untitled"
        names = excerpt(", ".join(self._surface.own_names), 400)
        return f"<{type(self).__name__}: {title} {version}, {names}>"

    @property
    def _client(self) -> Self:
        return self

    def _load(self, spec: Source | Document) -> Surface:
        return make_surface(spec)

    def _adopt(self, surface: Surface) -> None:
        """Take on a document: its namespaces and methods become this client's."""
        self._surface = surface
        kind = type(self)
        self.__class__ = surface.bind(vars(kind).get("_base", kind))


def make_surface(spec: Source | Document) -> Surface:
    """Load a document and index its operations."""
    return Surface(Document.load(spec), Client, USER_AGENT)
