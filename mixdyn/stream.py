"""
Event streams: the iterators that a call gives for events and records, blocking and async.

What the bytes mean, `eventfeed` knows.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any, Self, TypeAlias, cast

from mixdyn.connection import Connections, abandon, hang_up, running_loop
from mixdyn.errors import ClientClosedError
from mixdyn.eventfeed import EventFeed
from mixdyn.release import abandon_async, release_async
from mixdyn.sse import RawEvent

__all__ = ["AsyncEventStream", "EventFeed", "EventStream"]


# Given an error (None for an end in good order) and a way to wait: opens the connection again, and
# gives the response, or None where there is no more.
Reopen: TypeAlias = Callable[..., Any]


class _Stream:
    """What both kinds of stream are and tell; they differ in what waits."""

    _abandoned: weakref.finalize[..., Any]

    def __init__(
        self, response: Any, feed: EventFeed, owner: Connections, reopen: Reopen | None = None
    ) -> None:
        self.response = response
        self._reopen = reopen
        self._feed = feed
        self._waiting = feed.waiting
        self._owner = owner  # keeps the client that the connection belongs to
        self._is_closed = False

    @property
    def headers(self) -> Any:
        """The response headers."""
        return self.response.headers

    @property
    def last_event_id(self) -> str:
        """The last event id that the server has sent, or empty."""
        return self._feed.last_event_id

    def __repr__(self) -> str:
        is_open = not self._is_closed and self._abandoned.alive
        return f"<{type(self).__name__} of {self._feed.label}, {'open' if is_open else 'closed'}>"

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClientClosedError(f"{self._feed.label}: the stream is closed; open another one")

    def _check_unread(self) -> None:
        """Raise where an iteration that begins could never give anything."""
        self._check_open()
        if self._feed.is_done:
            message = f"{self._feed.label}: the stream has been read to its end; open another one"
            raise ClientClosedError(message)

    def _goes_on(self, error: BaseException | None) -> bool:
        """Tell whether a connection that ended is to be opened again."""
        is_wanted = self._reopen is not None and not self._is_closed and not self._owner.is_closed
        return is_wanted and (error is None or isinstance(error, Exception))

    def _end(self, error: BaseException, end: BaseException) -> None:
        """Be over after a failed read; raise where a close elsewhere has caused it."""
        was_closed, self._is_closed = self._is_closed, True
        if isinstance(error, Exception):
            if was_closed:
                raise end from error
            if self._owner.is_closed:
                message = f"{self._feed.label}: the client was closed, and the stream with it"
                raise ClientClosedError(message) from error


class EventStream(_Stream):
    """
    The events of a stream as they come: an iterator and a context manager.

    Leaving the block closes the connection. `result` is the stream itself, as in the SDK.
    """

    _chunks: Iterator[bytes]

    def __init__(
        self, response: Any, feed: EventFeed, owner: Connections, reopen: Reopen | None = None
    ) -> None:
        super().__init__(response, feed, owner, reopen)
        self._closing = threading.Event()
        self._attach(response)

    @property
    def result(self) -> EventStream:
        """The stream itself."""
        return self

    def until(self, *names: str) -> Iterator[Any]:
        """
        Iterate up to the first event of one of these types, which is the last one given.

        The stream stays open, for the events that follow.
        """
        self._check_unread()
        return _Until(self._next_raw, _Selection(self._feed, names))

    def raw(self) -> Iterator[RawEvent]:
        """Iterate over the events as they were sent: neither decoded, nor checked, nor typed."""
        self._check_unread()
        return _Raw(self._next_raw)

    def __iter__(self) -> EventStream:
        self._check_unread()
        return self

    def __next__(self) -> Any:
        if self._waiting and not self._is_closed:  # as `_next_raw`, without the call
            return self._feed.make_event(self._waiting.popleft())
        return self._feed.make_event(self._next_raw())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, also while another thread waits for it; again does nothing."""
        self._is_closed = True
        self._closing.set()
        self._release()

    def _next_raw(self) -> RawEvent:
        self._check_open()
        while not self._waiting:
            if self._feed.is_ended:
                self._feed.raise_failure()
                raise StopIteration
            if not self._feed.advance():
                self._read()
            if self._feed.is_ended:
                self._release()
        return self._waiting.popleft()

    def _read(self) -> None:
        """Read once, and let the feed have it."""
        try:
            chunk = next(self._chunks, None)
        except BaseException as error:
            self._release()
            if not self._goes_on(error):
                self._end(error, StopIteration())
                raise
            self._resume(cast("Exception", error))
        else:
            if chunk is not None:
                self._feed.push(chunk)
            elif self._goes_on(None):
                self._resume(None)
            else:
                self._feed.finish()

    def _resume(self, error: Exception | None) -> None:
        """Open the connection again, and read on from there; end where it is over."""
        self._release()
        try:
            response = cast("Reopen", self._reopen)(error, self._pause)
        except BaseException as failed:
            self._end(failed, StopIteration())
            raise
        if response is None:
            self._feed.finish()
            return
        self._attach(response)
        if self._is_closed:
            self._release()
            raise StopIteration

    def _pause(self, seconds: float) -> None:
        """Wait, unless the stream is closed meanwhile."""
        if self._closing.wait(seconds):
            self._check_open()

    def _attach(self, response: Any) -> None:
        """Read from a response from here on."""
        self.response = response
        is_read = response.is_stream_consumed  # by a transport that is no network
        self._chunks = response.iter_bytes() if is_read else response.iter_raw()
        self._feed.begin("" if is_read else response.headers.get("content-encoding", ""))
        self._abandoned = weakref.finalize(
            self, abandon, response, self._chunks, self._owner.abandoned
        )
        self._owner.track(response, is_async=False)

    def _release(self) -> None:
        if self._abandoned.detach() and not self.response.is_closed:
            hang_up(self.response)
            self.response.close()


class AsyncEventStream(_Stream):
    """The events of a stream as they come: an async iterator and an async context manager."""

    _chunks: AsyncIterator[bytes]

    def __init__(
        self, response: Any, feed: EventFeed, owner: Connections, reopen: Reopen | None = None
    ) -> None:
        super().__init__(response, feed, owner, reopen)
        self._closing: Any = None
        self._attach(response)

    @property
    def result(self) -> AsyncEventStream:
        """The stream itself."""
        return self

    def until(self, *names: str) -> AsyncIterator[Any]:
        """
        Iterate up to the first event of one of these types, which is the last one given.

        The stream stays open, for the events that follow.
        """
        self._check_unread()
        return _AsyncUntil(self._next_raw, _Selection(self._feed, names))

    def raw(self) -> AsyncIterator[RawEvent]:
        """Iterate over the events as they were sent: neither decoded, nor checked, nor typed."""
        self._check_unread()
        return _AsyncRaw(self._next_raw)

    def __aiter__(self) -> AsyncEventStream:
        self._check_unread()
        return self

    async def __anext__(self) -> Any:
        if self._waiting and not self._is_closed:  # as `_next_raw`, without the call
            return self._feed.make_event(self._waiting.popleft())
        return self._feed.make_event(await self._next_raw())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection; closing again does nothing."""
        self._is_closed = True
        if self._closing is not None:
            self._closing.set()
        await self._release()

    close = aclose

    async def _next_raw(self) -> RawEvent:
        self._check_open()
        while not self._waiting:
            if self._feed.is_ended:
                self._feed.raise_failure()
                raise StopAsyncIteration
            if not self._feed.advance():
                await self._read()
            if self._feed.is_ended:
                await self._release()
        return self._waiting.popleft()

    async def _read(self) -> None:
        """Read once, and let the feed have it."""
        try:
            chunk = await anext(self._chunks)
        except StopAsyncIteration:
            if not self._goes_on(None):
                self._feed.finish()
                return
            await self._resume(None)
        except GeneratorExit:
            raise  # nobody is left to wait for a close
        except BaseException as error:
            await self._release()
            if not self._goes_on(error):
                self._end(error, StopAsyncIteration())
                raise
            await self._resume(cast("Exception", error))
        else:
            self._feed.push(chunk)

    async def _resume(self, error: Exception | None) -> None:
        """Open the connection again, and read on from there; end where it is over."""
        await self._release()
        try:
            response = await cast("Reopen", self._reopen)(error, self._pause)
        except GeneratorExit:
            raise  # nobody is left to wait for a close
        except BaseException as failed:
            self._end(failed, StopAsyncIteration())
            raise
        if response is None:
            self._feed.finish()
            return
        self._attach(response)
        if self._is_closed:
            await self._release()
            raise StopAsyncIteration

    async def _pause(self, seconds: float) -> None:
        """Wait, unless the stream is closed meanwhile."""
        import anyio

        self._closing = anyio.Event()
        with anyio.move_on_after(seconds):
            await self._closing.wait()
        self._check_open()

    def _attach(self, response: Any) -> None:
        """Read from a response from here on."""
        self.response = response
        is_read = response.is_stream_consumed  # by a transport that is no network
        self._chunks = response.aiter_bytes() if is_read else response.aiter_raw()
        self._feed.begin("" if is_read else response.headers.get("content-encoding", ""))
        self._abandoned = weakref.finalize(
            self, abandon_async, response, self._chunks, running_loop()
        )
        self._owner.track(response, is_async=True)

    async def _release(self) -> None:
        if self._abandoned.detach() and not self.response.is_closed:
            await release_async(self.response, self._chunks)


class _Raw:
    """The raw events of a stream; ends and errors are the stream's."""

    def __init__(self, read: Callable[[], RawEvent]) -> None:
        self._read = read

    def __iter__(self) -> _Raw:
        return self

    def __next__(self) -> RawEvent:
        return self._read()


class _AsyncRaw:
    """The raw events of a stream, awaited; no generator, so that none needs closing."""

    def __init__(self, read: Callable[[], Awaitable[RawEvent]]) -> None:
        self._read = read

    def __aiter__(self) -> _AsyncRaw:
        return self

    async def __anext__(self) -> RawEvent:
        return await self._read()


class _Selection:
    """Events up to one of certain types, which is the last."""

    def __init__(self, feed: EventFeed, names: tuple[str, ...]) -> None:
        if not names:
            raise TypeError("until() takes the names of event types, such as until('complete')")
        self.is_done = False
        self._feed = feed
        self._names = names

    def take(self, raw: RawEvent) -> Any:
        """Give the typed event; the last one counts as such also where it does not fit."""
        self.is_done = raw.event in self._names
        event = self._feed.make_event(raw)
        self.is_done |= self._feed.is_named(event, self._names)
        return event


class _Until:
    """A selection of a stream's events."""

    def __init__(self, read: Callable[[], RawEvent], selection: _Selection) -> None:
        self._read = read
        self._selection = selection

    def __iter__(self) -> _Until:
        return self

    def __next__(self) -> Any:
        if self._selection.is_done:
            raise StopIteration
        return self._selection.take(self._read())


class _AsyncUntil:
    """A selection of a stream's events, awaited."""

    def __init__(self, read: Callable[[], Awaitable[RawEvent]], selection: _Selection) -> None:
        self._read = read
        self._selection = selection

    def __aiter__(self) -> _AsyncUntil:
        return self

    async def __anext__(self) -> Any:
        if self._selection.is_done:
            raise StopAsyncIteration
        return self._selection.take(await self._read())
