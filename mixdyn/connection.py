"""
Owns HTTP clients: has them made when first needed, one for each process and event loop, and closes
what was made here. httpx is imported by `transport`, and only then.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

from mixdyn.errors import ClientClosedError
from mixdyn.record import NamedTuple

_SHUT_RDWR = 2  # socket.SHUT_RDWR, without the import

# The codings that `content` undoes; httpx offers others too where packages for them are there.
_CODINGS = "gzip, deflate"

Clients = dict[tuple[int, bool], Any]


class _Loop(NamedTuple):
    """The clients of one event loop, and the generator that closes them with the loop."""

    clients: Clients
    keeper: AsyncGenerator[None, None]

    @property
    def is_over(self) -> bool:
        """Whether the generator has closed the clients."""
        return getattr(self.keeper, "ag_frame", None) is None


class _Open(NamedTuple):
    """A response that the caller reads, and where; `loop` is None for a blocking one."""

    response: weakref.ref[Any]
    process: int
    loop: Any


class Connections:
    """The HTTP clients of one API client: those given, or those made here."""

    def __init__(self, client: Any = None, async_client: Any = None) -> None:
        self._given = client
        self._given_async = async_client
        self._clients: Clients = {}
        self._loops: dict[Any, _Loop] = {}
        self._open: dict[int, _Open] = {}
        self._lock = threading.Lock()
        self.is_closed = False
        self.abandoned: deque[Any] = deque()
        self.headers = _narrow(client) or _narrow(async_client)
        # The clients go with this object, not with the API client: open streams keep it alive.
        weakref.finalize(self, _close_all, self._clients)

    def client(self, *, is_stream: bool) -> Any:
        """Give the blocking client: the caller's, or ours for calls or for streams."""
        self._check_open()
        if self._given is not None:
            return self._given
        return self._made(self._clients, is_async=False, is_stream=is_stream)

    def async_client(self, *, is_stream: bool) -> Any:
        """Give the async client for the running event loop."""
        self._check_open()
        if self._given_async is not None:
            return self._given_async
        loop = running_loop()
        found = self._loops.get(loop) or self._open_loop(loop)
        return self._made(found.clients, is_async=True, is_stream=is_stream)

    def track(self, response: Any, *, is_async: bool) -> None:
        """Remember an open download or stream, as long as there is one: it ends with the client."""
        loop = running_loop() if is_async else None
        opened, key = self._open, id(response)
        with suppress(TypeError):  # a client of another kind, whose responses cannot be watched
            gone = weakref.ref(response, lambda _: opened.pop(key, None))
            opened[key] = _Open(gone, os.getpid(), loop)
            getattr(response, "extensions", {})["mixdyn.process"] = os.getpid()

    def close(self) -> None:
        """
        Close the blocking clients that were made here; calls then say that it is closed.

        Blocking downloads and streams that are open end, whoever made their client.
        """
        self.is_closed = True
        for response in self._take_open(None):
            if not hasattr(response, "save"):  # a download does this itself, when it has noted why
                hang_up(response)  # wakes a reader in another thread
            with suppress(Exception):  # that reader may close it at the same time
                response.close()
        _close_all(self._clients)

    async def aclose(self) -> None:
        """Close what `close` does, and what is async and of the running event loop."""
        self.close()
        loop = running_loop()
        for response in self._take_open(loop):
            with suppress(Exception):  # a reader in another task may close it at the same time
                await close_async(response)
        found = self._loops.pop(loop, None)
        if found is not None:
            await found.keeper.aclose()

    def reopen(self) -> None:
        """Allow calls again, for an object that is used in a second `with` block."""
        self.is_closed = False

    def _check_open(self) -> None:
        if self.is_closed:
            raise ClientClosedError("the client is closed; make a new one, or enter it again")
        if self.abandoned:
            self._close_abandoned()

    def _open_loop(self, loop: Any) -> _Loop:
        clients: Clients = {}
        keeper = _close_at_end(clients)
        with suppress(StopIteration):  # that it stands at its `yield` is what the loop remembers
            keeper.asend(None).send(None)
        with self._lock:
            for ended in [known for known, its in self._loops.items() if its.is_over]:
                del self._loops[ended]
            opened = self._loops[loop] = _Loop(clients, keeper)
        return opened

    def _close_abandoned(self) -> None:
        """Close what was left open; another thread may do so at the same time."""
        with suppress(IndexError):  # there is no more
            while True:
                response, _ = self.abandoned.popleft()
                with suppress(Exception):  # its connection is gone already
                    response.close()

    def _take_open(self, loop: Any) -> list[Any]:
        """Forget the open responses of one event loop, or the blocking ones, and give them."""
        known: list[tuple[int, _Open]] = []
        with suppress(KeyError):  # empty: garbage may be collected, and forgotten, at any moment
            while True:
                known.append(self._open.popitem())
        here = os.getpid()
        self._open.update((k, o) for k, o in known if o.loop is not loop and o.process == here)
        taken = [o.response() for _, o in known if o.loop is loop and o.process == here]
        return [response for response in taken if response is not None and not response.is_closed]

    def _made(self, clients: Clients, *, is_async: bool, is_stream: bool) -> Any:
        # Keyed by process: after a fork the child must not share the parent's connections.
        key = (os.getpid(), is_stream)
        found = clients.get(key)
        if found is None:
            with self._lock:
                found = clients.get(key)
                if found is None:
                    found = clients[key] = _make(is_async=is_async, is_stream=is_stream)
        return found


def hang_up(response: Any) -> None:
    """
    End a response's connection at once: the server sees it, and so does a blocked reader.

    In a forked process it is the parent's connection, and left alone.
    """
    is_own = response.extensions.get("mixdyn.process", os.getpid()) == os.getpid()
    stream = _own_stream(response) if is_own else None
    sock = stream.get_extra_info("socket") if stream is not None else None
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(_SHUT_RDWR)


async def close_async(response: Any) -> None:
    """Close an async response, also where the task is being cancelled."""
    import anyio  # httpx needs it too; asyncio and trio both know its scopes

    with anyio.CancelScope(shield=True):
        await response.aclose()


def abandon(response: Any, chunks: Any, abandoned: deque[Any]) -> None:
    """
    Free the connection of a stream that was garbage-collected; the rest waits for the next call.

    Garbage is collected anywhere, also where the HTTP client holds its lock: closing the response
    here would wait for that lock for ever, and so would letting go of the generator.
    """
    stream = _own_stream(response)
    if stream is not None:
        stream.close()
    abandoned.append((response, chunks))


def running_loop() -> Any:
    """Give what the running event loop is known by, under asyncio and under trio."""
    trio = sys.modules.get("trio")
    if trio is not None:
        with suppress(RuntimeError):  # not under trio
            return trio.lowlevel.current_trio_token()
    import asyncio

    return asyncio.get_running_loop()


def _own_stream(response: Any) -> Any:
    """Give the network stream under a response, unless others share it, as in HTTP/2."""
    extensions = response.extensions
    return None if "stream_id" in extensions else extensions.get("network_stream")


async def _close_at_end(clients: Clients) -> AsyncGenerator[None, None]:
    """
    Close an event loop's clients when the loop ends, or when this generator is let go of.

    Loops close the generators that began in them; there is no other way to learn of their end.
    """
    try:
        yield
    finally:
        while clients:
            _, client = clients.popitem()
            await client.aclose()


def _close_all(clients: Clients) -> None:
    """Close this process's clients; after a fork, the parent's are not ours to close."""
    while clients:
        (pid, _), client = clients.popitem()
        if pid == os.getpid():
            client.close()


def _make(*, is_async: bool, is_stream: bool) -> Any:
    from mixdyn import transport

    make = transport.make_async_client if is_async else transport.make_client
    client: Any = make(is_stream=is_stream)
    client.headers["accept-encoding"] = _CODINGS
    return client


def _narrow(client: Any) -> dict[str, str]:
    """Give the header that requests need where a caller's client offers too many codings."""
    if client is None or getattr(client, "headers", {}).get("accept-encoding") == _CODINGS:
        return {}
    return {"accept-encoding": _CODINGS}
