"""
Event streams: the iterators that a call gives for `text/event-stream`, blocking and async.

`EventFeed` holds what both share and does no I/O.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from mixdyn.errors import ClientClosedError, Problem, ResponseValidationError, itemize
from mixdyn.event import EventReader
from mixdyn.results import Model
from mixdyn.settings import Mode, Report
from mixdyn.sse import Decoder, EventTooLargeError, RawEvent


class EventFeed:
    """From bytes to typed events, waiting in order; one that does not fit is an error there."""

    def __init__(
        self,
        reader: EventReader,
        mode: Mode,
        report: Report,
        label: str,
    ) -> None:
        self.decoder = Decoder()
        self.label = label
        self._reader = reader
        self._mode = mode
        self._report = report
        self._end: ResponseValidationError | None = None
        self._waiting: deque[Model | ResponseValidationError] = deque()

    def push(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        try:
            events: Sequence[RawEvent] = self.decoder.feed(chunk)
        except EventTooLargeError as error:
            events = error.events
            self._end = self._too_large(error)
        for raw in events:
            event, problems = self._reader.read(raw, is_checked=self._mode != "off")
            if problems and self._mode == "strict":
                self._waiting.append(self._refuse(raw.event, raw.data, problems))
                continue
            if problems:
                self._report(problems)
            self._waiting.append(event)

        if self._end is not None:
            self._waiting.append(self._end)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def take(self) -> Model:
        """Give the next event, or raise its ResponseValidationError; the one after is next."""
        item = self._waiting.popleft()
        if isinstance(item, ResponseValidationError):
            raise item
        return item

    def _too_large(self, error: EventTooLargeError) -> ResponseValidationError:
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
    """What both kinds of stream tell about themselves."""

    def __init__(self, response: Any, feed: EventFeed, owner: object) -> None:
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
        state = "closed" if self._is_closed else "open"
        return f"<{type(self).__name__} of {self._feed.label}, {state}>"

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClientClosedError(f"{self._feed.label}: the stream is closed; open another one")


class EventStream(_Stream):
    """
    The events of a stream as they come: an iterator and a context manager.

    Leaving the block closes the connection. `result` is the stream itself, as in the SDK.
    """

    def __init__(self, response: Any, feed: EventFeed, owner: object) -> None:
        super().__init__(response, feed, owner)
        self._chunks: Iterator[bytes] = response.iter_bytes()

    @property
    def result(self) -> EventStream:
        """The stream itself."""
        return self

    def __iter__(self) -> EventStream:
        return self

    def __next__(self) -> Model:
        self._check_open()
        while not self._feed:
            self._feed.push(next(self._chunks))
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
        """Close the connection; closing again does nothing."""
        self._is_closed = True
        self.response.close()


class AsyncEventStream(_Stream):
    """The events of a stream as they come: an async iterator and an async context manager."""

    def __init__(self, response: Any, feed: EventFeed, owner: object) -> None:
        super().__init__(response, feed, owner)
        self._chunks: AsyncIterator[bytes] = response.aiter_bytes()

    @property
    def result(self) -> AsyncEventStream:
        """The stream itself."""
        return self

    def __aiter__(self) -> AsyncEventStream:
        return self

    async def __anext__(self) -> Model:
        self._check_open()
        while not self._feed:
            self._feed.push(await anext(self._chunks))
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
        await self.response.aclose()

    close = aclose
