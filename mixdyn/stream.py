"""
Event streams: the iterators that a call gives for `text/event-stream`, blocking and async.

`EventFeed` holds what both share and does no I/O.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from mixdyn.connection import (
    Connections,
    abandon,
    abandon_async,
    close_async,
    hang_up,
    running_loop,
)
from mixdyn.errors import ClientClosedError, Problem, ResponseValidationError, itemize
from mixdyn.event import EventReader
from mixdyn.results import Model
from mixdyn.settings import Mode, Report
from mixdyn.sse import Decoder, EventTooLargeError, RawEvent


class EventFeed:
    """
    From bytes to typed events, waiting in order; one that does not fit is an error there.

    After an event that is too large `is_ended` is true: nothing more can be made of the bytes.
    """

    def __init__(
        self,
        reader: EventReader,
        mode: Mode,
        report: Report,
        label: str,
    ) -> None:
        self.decoder = Decoder()
        self.label = label
        self.is_ended = False
        self._reader = reader
        self._mode = mode
        self._report = report
        self._waiting: deque[Model | ResponseValidationError] = deque()

    def push(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        try:
            self._read(self.decoder.feed(chunk))
        except EventTooLargeError as error:
            self._read(error.events)
            self._waiting.append(self._refuse_size(error))
            self.is_ended = True

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def take(self) -> Model:
        """Give the next event, or raise its ResponseValidationError; the one after is next."""
        item = self._waiting.popleft()
        if isinstance(item, ResponseValidationError):
            raise item
        return item

    def _read(self, events: Sequence[RawEvent]) -> None:
        for raw in events:
            event, problems = self._reader.read(raw, is_checked=self._mode != "off")
            if problems and self._mode == "strict":
                self._waiting.append(self._refuse(raw.event, raw.data, problems))
                continue
            if problems:
                self._report(problems)
            self._waiting.append(event)

    def _refuse_size(self, error: EventTooLargeError) -> ResponseValidationError:
        problems = (Problem("$", str(error)),)
        return ResponseValidationError(
            f"{self.label}: {error}", None, "", None, self.label, problems
        )

    def _refuse(
        self, event: str, data: str, problems: tuple[Problem, ...]
    ) -> ResponseValidationError:
        title = f"{self.label}: an event {event!r} does not fit the document:"
        message = itemize(title, [str(p) for p in problems])
        return ResponseValidationError(message, None, data, None, self.label, problems)


class _Stream:
    """What both kinds of stream are and tell; they differ in what waits."""

    _abandoned: weakref.finalize[..., Any]

    def __init__(self, response: Any, feed: EventFeed, owner: Connections) -> None:
        self.response = response
        self._feed = feed
        self._owner = owner  # keeps the client that the connection belongs to
        self._is_closed = False

    @property
    def headers(self) -> Any:
        """The response headers."""
        return self.response.headers

    @property
    def last_event_id(self) -> str:
        """The last event id that the server has sent, or empty."""
        return self._feed.decoder.last_event_id

    def __repr__(self) -> str:
        is_open = not self._is_closed and self._abandoned.alive
        return f"<{type(self).__name__} of {self._feed.label}, {'open' if is_open else 'closed'}>"

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClientClosedError(f"{self._feed.label}: the stream is closed; open another one")

    def _explain(self, error: BaseException, end: BaseException) -> BaseException:
        """Give what a failed read raises: the error itself, unless a close elsewhere caused it."""
        was_closed, self._is_closed = self._is_closed, True
        if not isinstance(error, Exception):
            return error
        if was_closed:
            return end
        if self._owner.is_closed:
            message = f"{self._feed.label}: the client was closed, and the stream with it"
            return ClientClosedError(message)
        return error


class EventStream(_Stream):
    """
    The events of a stream as they come: an iterator and a context manager.

    Leaving the block closes the connection. `result` is the stream itself, as in the SDK.
    """

    def __init__(self, response: Any, feed: EventFeed, owner: Connections) -> None:
        super().__init__(response, feed, owner)
        self._chunks: Iterator[bytes] = response.iter_bytes()
        self._abandoned = weakref.finalize(self, abandon, response, self._chunks, owner.abandoned)

    @property
    def result(self) -> EventStream:
        """The stream itself."""
        return self

    def __iter__(self) -> EventStream:
        return self

    def __next__(self) -> Model:
        self._check_open()
        while not self._feed:
            if self._feed.is_ended:
                raise StopIteration
            self._feed.push(self._read())
            if self._feed.is_ended:
                self._release()
        return self._feed.take()

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
        self._release()

    def _read(self) -> bytes:
        try:
            return next(self._chunks)
        except StopIteration:
            self._release()
            raise
        except BaseException as error:
            self._release()
            raise self._explain(error, StopIteration()) from error

    def _release(self) -> None:
        if self._abandoned.detach() and not self.response.is_closed:
            hang_up(self.response)
            self.response.close()


class AsyncEventStream(_Stream):
    """The events of a stream as they come: an async iterator and an async context manager."""

    def __init__(self, response: Any, feed: EventFeed, owner: Connections) -> None:
        super().__init__(response, feed, owner)
        self._chunks: AsyncIterator[bytes] = response.aiter_bytes()
        self._abandoned = weakref.finalize(self, abandon_async, response, running_loop())

    @property
    def result(self) -> AsyncEventStream:
        """The stream itself."""
        return self

    def __aiter__(self) -> AsyncEventStream:
        return self

    async def __anext__(self) -> Model:
        self._check_open()
        while not self._feed:
            if self._feed.is_ended:
                raise StopAsyncIteration
            self._feed.push(await self._read())
            if self._feed.is_ended:
                await self._release()
        return self._feed.take()

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
        await self._release()

    close = aclose

    async def _read(self) -> bytes:
        try:
            return await anext(self._chunks)
        except StopAsyncIteration:
            await self._release()
            raise
        except GeneratorExit:
            raise  # nobody is left to wait for a close
        except BaseException as error:
            await self._release()
            raise self._explain(error, StopAsyncIteration()) from error

    async def _release(self) -> None:
        if self._abandoned.detach() and not self.response.is_closed:
            await close_async(self.response)
