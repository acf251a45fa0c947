"""
The client: a document's namespaces, the settings for calls, and the lifetime of connections.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mixdyn.connection import Connections
from mixdyn.descriptor import Derived, Fallback
from mixdyn.document import Document
from mixdyn.errors import MixError, excerpt
from mixdyn.redact import redact_url
from mixdyn.settings import UNSET, Modes, Settings, Timeouts, Unset, Watch
from mixdyn.surface import Surface, list_slots, missing
from mixdyn.version import USER_AGENT

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from mixdyn.diff.difference import Difference
    from mixdyn.discovery import Served
    from mixdyn.document import Source
    from mixdyn.drift import Drift
    from mixdyn.hook import Hooks
    from mixdyn.retry import RetryConfig
    from mixdyn.schemaview import SchemaBook
    from mixdyn.search import Findings
    from mixdyn.settings import Credential, Logger, Timeout

_OFF = frozenset({"", "0", "false", "no", "off"})


class Client:
    """
    A client for any OpenAPI 3.x document: each operation is a method, on the namespace of its tag.

    Every method also stands as `<name>_async`. HTTP clients are made on first use, and closed by
    `close()`, `aclose()` or the end of a `with` or `async with` block.

    Args:
        spec: the document: a path, an http(s) URL, an open file, YAML or JSON text, bytes or a
            mapping.
        server_idx: which of the document's servers to use, from 0.
        server_url: the server to use instead of the document's.
        url_params: values for the variables in the server's URL.
        client: the `httpx.Client` (or one like it) to use; it is never closed here.
        async_client: the same for the `_async` methods.
        retry_config: when to send again, instead of the document's own; None for never.
        timeout_ms: the time limit in milliseconds, None for none; or a mapping with any of
            `connect`, `read`, `total` and `idle` (of streams) to these.
        debug_logger: what each request and response is written to by `debug(…)`, secrets masked.
        security: the credential for each security scheme, by the scheme's name: text, a pair of
            user and password, or a function (perhaps async) that gives it, asked for each call.
        validate: `strict`, `warn` or `off`; or a mapping of `request`, `response` and `events`.
        hooks: an object, or a list of them, with any of the methods that `mixdyn.hook.Hooks` lists.

    Raises DocumentError for a document that cannot be read, ValueError for settings out of range.
    """

    _surface: Surface  # of the class, which is another for each document

    def __init__(
        self,
        spec: Source | Document,
        server_idx: int | None = None,
        server_url: str | None = None,
        url_params: Mapping[str, str] | None = None,
        client: Any = None,
        async_client: Any = None,
        retry_config: RetryConfig | Unset | None = UNSET,
        timeout_ms: Timeout | Unset | None = UNSET,
        debug_logger: Logger | None = None,
        security: Mapping[str, Credential] | None = None,
        validate: str | Mapping[str, str] | None = None,
        hooks: object = None,
    ) -> None:
        self._settings = Settings(
            server_url=server_url,
            server_idx=server_idx or 0,
            url_params=dict(url_params or {}),
            timeouts=Timeouts().changed(timeout_ms),
            retry_config=retry_config,
            modes=Modes().changed(validate),
            security=dict(security or {}),
            hooks=_collect(hooks),
            logger=debug_logger,
            watch=Watch(),
        )
        if debug_logger is None and os.environ.get("MIX_DEBUG", "").strip().lower() not in _OFF:
            from mixdyn.log import turn_on

            turn_on()
        self._connections = Connections(client, async_client)
        self._adopt(self._load(spec))
        self._check_security()

    def with_options(
        self,
        *,
        server_url: str | None = None,
        retry_config: RetryConfig | Unset | None = UNSET,
        timeout_ms: Timeout | Unset | None = UNSET,
        debug_logger: Logger | None = None,
        security: Mapping[str, Credential] | None = None,
        validate: str | Mapping[str, str] | None = None,
        hooks: object = None,
    ) -> Self:
        """
        Give a client with some settings changed, over the same document and connections.

        `security` and `hooks` replace what there was; of `timeout_ms` and `validate` a mapping
        changes what it names.
        """
        changes: dict[str, Any] = {
            "modes": self._settings.modes.changed(validate),
            "timeouts": self._settings.timeouts.changed(timeout_ms),
        }
        if server_url is not None:
            changes["server_url"] = server_url
        if security is not None:
            changes["security"] = dict(security)
        if not isinstance(retry_config, Unset):
            changes["retry_config"] = retry_config
        if debug_logger is not None:
            changes["logger"] = debug_logger
        if hooks is not None:
            changes["hooks"] = _collect(hooks)
        other = copy.copy(self)
        other._settings = self._settings._replace(**changes)
        other._check_security()
        return other

    @classmethod
    def from_server(cls, url: str, *, path: str | None = None, **options: Any) -> Self:
        """
        Make a client with the document that a server has of itself, for that server.

        Calls go to the server's origin, also where the document names another one.

        Args:
            url: the server, as calls use it.
            path: where it has its document, instead of at one of the usual places.
            options: what the client is made with otherwise, such as `security` or `client`.

        Raises DocumentError where no place has an OpenAPI 3.x document, with all that were tried.
        """
        from mixdyn.discovery import discover

        connections = Connections(options.get("client"), options.get("async_client"))
        try:
            served: Any = discover(connections, url, path=path)
        finally:
            connections.close()
        return cls._make(served, url, options)

    @classmethod
    async def from_server_async(cls, url: str, *, path: str | None = None, **options: Any) -> Self:
        """Make a client with the document that a server has of itself, as `from_server` does."""
        from mixdyn.discovery import discover_async

        connections = Connections(options.get("client"), options.get("async_client"))
        try:
            served: Any = await discover_async(connections, url, path=path)
        finally:
            await connections.aclose()
        return cls._make(served, url, options)

    def use_spec(
        self, spec: Source | Document, *, validate: bool = False, dry_run: bool = False
    ) -> Difference:
        """
        Take on another document, at once: calls and streams under way finish on the old one.

        Other clients keep theirs. A document that cannot be read leaves everything as it was.

        Args:
            spec: the document, as for the client itself.
            validate: whether the document must be valid by the OpenAPI standard.
            dry_run: whether only to tell what would change.

        Gives what differs from the document before; false where nothing does. Raises DocumentError
        for a document that cannot be read, or is not valid where it must be.
        """
        from mixdyn.swap import take_on

        return take_on(self, Document.load(spec), validate=validate, dry_run=dry_run)

    def reload(self, *, validate: bool = False, dry_run: bool = False) -> Difference:
        """
        Read the document again from its file or URL, and take it on where it has changed.

        Arguments, result and errors are those of `use_spec`.
        """
        from mixdyn.swap import take_on

        document = self._surface.document.read_again()
        return take_on(self, document, validate=validate, dry_run=dry_run)

    def sync_spec(
        self,
        *,
        path: str | None = None,
        validate: bool = False,
        dry_run: bool = False,
        timeout_ms: int | None = 30_000,
    ) -> Difference:
        """
        Take on the document that the client's own server has of itself now.

        The server and the credentials stay the client's; where the document names another origin,
        that gets nothing. A server that tells so does not send what is in use already.

        Args:
            path: where the server has its document, instead of at one of the usual places.
            validate: whether the document must be valid by the OpenAPI standard.
            dry_run: whether only to tell what would change.
            timeout_ms: the limit for the whole search in milliseconds, None for none.

        Gives what differs from the document before. Raises DocumentError, with all places that were
        tried, where none has an OpenAPI 3.x document.
        """
        from mixdyn.engine import Engine
        from mixdyn.swap import fetch, take_served

        served = Engine(self._connections).run(fetch(self, path, timeout_ms))
        return take_served(self, served, validate=validate, dry_run=dry_run)

    async def sync_spec_async(
        self,
        *,
        path: str | None = None,
        validate: bool = False,
        dry_run: bool = False,
        timeout_ms: int | None = 30_000,
    ) -> Difference:
        """Take on the document of the client's own server, as `sync_spec` does, awaiting it."""
        from mixdyn.engine import AsyncEngine
        from mixdyn.swap import fetch, take_served

        served = await AsyncEngine(self._connections).run(fetch(self, path, timeout_ms))
        return take_served(self, served, validate=validate, dry_run=dry_run)

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

    @Fallback
    def __getattr__(self, name: str) -> Any:
        is_private = name.startswith("_")  # asked by machinery, perhaps before there is a document
        known, entries = ((), ()) if is_private else (dir(self), self._surface.catalog.entries)
        raise missing(f"{type(self).__name__!r} has no attribute", name, known, entries)

    def __dir__(self) -> list[str]:
        # A class bound to one document may be a subclass of one bound to another: hide that one's.
        hidden = list_slots(type(self)) - {*self._surface.names}
        return sorted({*super().__dir__()} - hidden)

    def find(self, words: str) -> Findings:
        """
        Search for operations and schemas, best first: `find("permission")`.

        Also takes a method and path (`POST /api/sessions`), a path, or an operationId. What comes
        back shows how to call each, and gives the methods and schemas themselves by index.
        """
        from mixdyn.search import Findings

        return Findings(self, self._surface.index.search(words), words)

    @Derived
    def schemas(self) -> SchemaBook:
        """The document's schemas, to look at: `schemas.SessionData`, `schemas["SessionData"]`."""
        from mixdyn.schemaview import SchemaBook

        return SchemaBook(self._surface.types, type(self).__name__.lower())

    @Derived
    def drift(self) -> Drift:
        """
        Where the server's answers differed from the document, in any mode but `off`.

        Each kind of finding stands once, with its count; clients made by `with_options` share
        them. A client that takes on another document begins anew.
        """
        watch: Watch = self._settings.watch or Watch()
        return watch.drift

    def call(
        self, name: str, arguments: Mapping[str, Any] | str | None = None, /, **options: Any
    ) -> Any:
        """
        Make the call of an operation given by name, such as `sessions.create`.

        Args:
            name: the name as one calls it, the operationId, or the name of its tool definition.
            arguments: the arguments by name, or a JSON object with them as text. Options of calls
                are not taken from here: they may come from a language model.
            options: the options that every call takes, such as `timeout_ms`.

        The arguments are checked whatever the client's mode.
        """
        method, values = self._bind_call(name, arguments, options)
        return method(**values)

    async def call_async(
        self, name: str, arguments: Mapping[str, Any] | str | None = None, /, **options: Any
    ) -> Any:
        """Make the call of an operation given by name, as `call` does, and await it."""
        method, values = self._bind_call(name, arguments, options, ending="_async")
        return await method(**values)

    def _bind_call(
        self, name: str, arguments: Any, options: dict[str, Any], ending: str = ""
    ) -> tuple[Any, dict[str, Any]]:
        """Give the method of a name, and the keywords to call it with."""
        from mixdyn.tool import find_tool, read_arguments

        surface = self._surface
        entry = find_tool(name, surface.catalog.entries, surface.tool_names)
        operation = surface.plan(entry).operation
        values = read_arguments(operation, arguments)
        method: Any = self
        for step in (*entry.namespace, entry.name + ending):
            method = getattr(method, step)
        return method, {**values, "validate": {"request": "strict"}, **options}

    def _base_url(self) -> str:
        """Give the server of operations without one of their own; raises where none is complete."""
        from mixdyn.server import describe_server

        return describe_server(self._surface.document, self._settings, self._surface.home)

    def _server(self) -> str:
        """Give the server that calls go to, without what is secret of it."""
        try:
            return redact_url(self._base_url())
        except MixError:
            return "none that is complete: pass server_url="

    def _page(self) -> Any:
        """Give the page about this client."""
        from mixdyn.explore import Group, describe_client

        document, variable = self._surface.document, type(self).__name__.lower()
        version, server = excerpt(document.info_version, 40), self._server()
        groups = [Group(name or variable, names) for name, names in self._surface.groups()]
        return describe_client(document.title, version, server, variable, groups)

    def _repr_html_(self) -> str | None:
        from mixdyn.explore import show_html

        return show_html(self)

    def __repr__(self) -> str:
        from mixdyn.explore import show

        return show(self)

    def __str__(self) -> str:
        document = self._surface.document
        version = excerpt(document.info_version, 40)
        title = excerpt(document.title, 80) or "untitled"
        names = excerpt(", ".join(self._surface.own_names), 400)
        return f"<{type(self).__name__}: {title} {version}, {names}>"

    @classmethod
    def _make(cls, served: Served, url: str, options: dict[str, Any]) -> Self:
        """Make a client of what a server has served."""
        from mixdyn.swap import choose_home

        family = cls._surface.family if hasattr(cls, "_surface") else None
        surface: Any = make_surface(served.document, choose_home(served, url), family)
        surface.mark = served.mark
        return cls(spec=surface, **options)

    @property
    def _client(self) -> Self:
        return self

    def _now(self) -> Self:
        return self

    def _load(self, spec: Source | Document, home: str | None = None) -> Surface:
        if isinstance(spec, Surface):
            return spec
        before = getattr(self, "_surface", None)  # there is none for a new client
        return make_surface(spec, home, None if before is None else before.family)

    def _check_security(self) -> None:
        if self._settings.security:
            from mixdyn.security import check_credentials

            check_credentials(self._settings.security, self._surface.schemes)

    def _adopt(self, surface: Surface) -> None:
        """
        Take on a document: its namespaces and methods become this client's.

        One reference is replaced, so that other threads see the old document or the new one.
        """
        kind = type(self)
        self.__class__ = surface.bind(vars(kind).get("_base", kind))


def make_surface(
    spec: Source | Document, home: str | None = None, family: object = None
) -> Surface:
    """Load a document and index its operations; for `home` and `family` see `Surface`."""
    return Surface(Document.load(spec), Client, USER_AGENT, home, family)


def _collect(hooks: object) -> Hooks | None:
    """Take up the hooks; without any, their module is not loaded."""
    if hooks is None:
        return None
    from mixdyn.hook import collect_hooks

    return collect_hooks(hooks)
