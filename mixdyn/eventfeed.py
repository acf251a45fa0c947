"""
From the bytes of a stream to typed events: what blocking and async streams share. No I/O.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mixdyn.content import ContentDecoder, ContentError
from mixdyn.errors import Problem, ResponseValidationError, excerpt, itemize
from mixdyn.event import EventReader
from mixdyn.settings import Mode, Report
from mixdyn.sse import MAX_EVENT_BYTES, Decoder, EventTooLargeError, RawEvent, Replay

_MAX_REPORTS = 100
_INDEX = re.compile(r"\[\d+\]")


class EventFeed:
    """
    Raw events, waiting in order, and what makes typed ones of them, one by one when asked.

    `is_ended` tells that nothing more can come of the bytes: after the sentinel, at their end, or
    after something that cannot be read.

    Args:
        reader: types and checks the events.
        mode: `strict` raises for what does not fit, `warn` reports it, `off` looks at nothing.
        report: takes what does not fit, once for each kind.
        label: names the operation.
        max_event_bytes: bound on one event; None lifts it.
    """

    def __init__(
        self,
        reader: EventReader,
        mode: Mode,
        report: Report,
        label: str,
        max_event_bytes: int | None = MAX_EVENT_BYTES,
    ) -> None:
        self.decoder = reader.make_decoder(max_event_bytes)
        self.label = label
        self.is_ended = False
        self.received = 0  # how many events there were so far
        self.waiting: deque[RawEvent] = deque()
        self._reader = reader
        self._mode = mode
        self._is_checked = mode != "off"
        self._report = report
        self._reported: set[Any] = set()
        self._content: ContentDecoder | None = None
        self._pieces: Iterator[bytes] = iter(())
        self._failure: ResponseValidationError | None = None

    @property
    def last_event_id(self) -> str:
        """The last event id that the server has sent, or empty."""
        return self.decoder.last_event_id

    @property
    def retry(self) -> int | None:
        """The reconnection time that the server has set, in milliseconds."""
        return self.decoder.retry

    @property
    def is_done(self) -> bool:
        """Whether all has been given, and nothing more can come."""
        return self.is_ended and not self.waiting and self._failure is None

    def watch_replays(self) -> None:
        """Drop what a server sends again after a reconnection."""
        if isinstance(self.decoder, Decoder):
            self.decoder.replay = Replay()

    def begin(self, content_encoding: str) -> None:
        """Begin with the bytes of a response; what was unfinished before is dropped."""
        self.decoder.restart()
        self.is_ended = False
        self._pieces = iter(())
        try:
            self._content = ContentDecoder(content_encoding) if content_encoding else None
        except ContentError as error:
            self._fail(error)

    def push(self, chunk: bytes) -> None:
        """Take the next bytes; compressed ones are unpacked by `advance`, a piece at a time."""
        if self._content is None:
            self._decode(chunk)
        else:
            self._pieces = self._content.decode(chunk)

    def advance(self) -> bool:
        """Decode more of what was pushed; False where that is done."""
        try:
            piece = next(self._pieces, None)
        except ContentError as error:
            self._fail(error)
            return True
        if piece is None:
            return False
        self._decode(piece)
        return True

    def finish(self) -> None:
        """Take note of the end of the bytes."""
        self.is_ended = True
        try:
            self._take(self.decoder.finish())
        except EventTooLargeError as error:
            self._fail(error)

    def raise_failure(self) -> None:
        """Raise, once, why the bytes could not be read to their end."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def make_event(self, raw: RawEvent) -> Any:
        """Give the typed event; raises ResponseValidationError in mode `strict`."""
        event, problems = self._reader.read(raw, is_checked=self._is_checked)
        if problems or self._reader.problem is not None:
            self._complain(raw, problems)
        return event

    def is_named(self, event: Any, names: Iterable[str]) -> bool:
        """Tell whether an event is of a type with one of these names."""
        return not self._reader.tags(event).isdisjoint(names)

    def _decode(self, chunk: bytes) -> None:
        try:
            self._take(self.decoder.feed(chunk))
        except EventTooLargeError as error:
            self._take(error.events)
            if not self.is_ended:
                self._fail(error)

    def _take(self, events: Sequence[RawEvent]) -> None:
        sentinel = self._reader.sentinel
        if sentinel:
            for index, raw in enumerate(events):
                if raw.data == sentinel:
                    events = events[:index]
                    self.is_ended = True
                    break
        self.received += len(events)
        self.waiting.extend(events)

    def _fail(self, error: Exception) -> None:
        self.is_ended = True
        problems = (Problem("$", str(error)),)
        message = f"{self.label}: {error}"
        self._failure = ResponseValidationError(message, None, "", None, self.label, problems)

    def _complain(self, raw: RawEvent, problems: tuple[Problem, ...]) -> None:
        if problems and self._mode == "strict":
            raise self._refuse(raw, problems)
        told = problems or (self._reader.problem,)
        kind = (raw.event, *(_INDEX.sub("[]", p.path) for p in told if p is not None))
        if kind not in self._reported and len(self._reported) < _MAX_REPORTS:
            self._reported.add(kind)
            self._report(tuple(p for p in told if p is not None))

    def _refuse(self, raw: RawEvent, problems: tuple[Problem, ...]) -> ResponseValidationError:
        what = f"an event {excerpt(raw.event, 60)!r}" if raw.event else "a record"
        title = f"{self.label}: {what} does not fit the document:"
        message = itemize(title, [str(p) for p in problems])
        return ResponseValidationError(message, None, raw.data, None, self.label, problems)
