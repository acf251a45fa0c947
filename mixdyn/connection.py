"""
Owns HTTP clients: makes them when first needed, one for each process and event loop, and closes
what it made. httpx is imported here and only then.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from functools import cache
from typing import Any

from mixdyn.errors import ClientClosedError

_LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")


class Connections:
    """The HTTP clients of one API client: those given, or those made here."""

    def __init__(self, client: Any = None, async_client: Any = None) -> None:
        self._given = client
        self._given_async = async_client
        self._clients: dict[tuple[int, bool], Any] = {}
        self._async_clients: weakref.WeakKeyDictionary[Any, dict[tuple[int, bool], Any]] = (
            weakref.WeakKeyDictionary()
        )
        self._lock = threading.Lock()
        self.is_closed = False
        # The clients go with this object, not with the API client: open streams keep it alive.
        weakref.finalize(self, _close_all, self._clients)

    def client(self, *, is_stream: bool) -> Any:
        """Give the blocking client: the caller's, or ours for calls or for streams."""
        self._check_open()
        if self._given is not None:
            return self._given
        return self._made(self._clients, "Client", is_stream=is_stream)

    def async_client(self, *, is_stream: bool) -> Any:
        """Give the async client for the running event loop."""
        self._check_open()
        if self._given_async is not None:
            return self._given_async
        of_loop = self._async_clients.setdefault(_running_loop(), {})
        return self._made(of_loop, "AsyncClient", is_stream=is_stream)

    def close(self) -> None:
        """Close the blocking clients that were made here; calls then say that it is closed."""
        self.is_closed = True
        _close_all(self._clients)

    async def aclose(self) -> None:
        """Close the clients that were made here, also the async ones of the running loop."""
        self.close()
        of_loop = self._async_clients.pop(_running_loop(), {})
        for client in of_loop.values():
            await client.aclose()

    def reopen(self) -> None:
        """Allow calls again, for an object that is used in a second `with` block."""
        self.is_closed = False

    def _check_open(self) -> None:
        if self.is_closed:
            raise ClientClosedError("the client is closed; make a new one, or enter it again")

    def _made(self, clients: dict[tuple[int, bool], Any], kind: str, *, is_stream: bool) -> Any:
        # Keyed by process: after a fork the child must not share the parent's connections.
        key = (os.getpid(), is_stream)
        found = clients.get(key)
        if found is None:
            with self._lock:
                found = clients.get(key)
                if found is None:
                    found = clients[key] = _make(kind, is_stream=is_stream)
        return found


def _close_all(clients: dict[tuple[int, bool], Any]) -> None:
    """Close this process's clients; after a fork, the parent's are not ours to close."""
    while clients:
        (pid, _), client = clients.popitem()
        if pid == os.getpid():
            client.close()


def _make(kind: str, *, is_stream: bool) -> Any:
    import httpx

    read = 600.0 if is_stream else 60.0
    limits = httpx.Limits(max_connections=None if is_stream else 100, max_keepalive_connections=20)
    return getattr(httpx, kind)(
        verify=_tls_context(),
        timeout=httpx.Timeout(read, connect=10.0),
        limits=limits,
        follow_redirects=False,
        cookies=_no_cookies(),
        headers={"accept-encoding": "gzip, deflate"},
        # Loopback addresses never go through a proxy from the environment.
        mounts=dict.fromkeys(_LOOPBACK),
    )


@cache
def _tls_context() -> Any:
    import httpx

    return httpx.create_ssl_context()


def _no_cookies() -> Any:
    """A jar that takes nothing: what a response sets is not kept for later calls."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def _running_loop() -> Any:
    """Give what the running event loop is known by, under asyncio and under trio."""
    trio = sys.modules.get("trio")
    if trio is not None:
        try:
            return trio.lowlevel.current_trio_token()
        except RuntimeError:
            pass  # not under trio
    import asyncio

    return asyncio.get_running_loop()
