"""
From the bytes of a stream to typed events: what blocking and async streams share. No I/O.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mixdyn.content import ContentDecoder, ContentError
from mixdyn.errors import Problem, ResponseValidationError, excerpt, itemize
from mixdyn.event import EventReader, UnknownEvent
from mixdyn.eventview import replace_problems
from mixdyn.misfit import NEW_EVENT, list_faults, make_misfit, settle
from mixdyn.redact import FindRedactor
from mixdyn.settings import MAX_EVENT_BYTES, Mode, Report
from mixdyn.sse import Decoder, EventTooLargeError, RawEvent, Replay

_NAME = 60
_LONGEST = 1000
_MAX_UNKNOWN = 100


class EventFeed:
    """
    Raw events, waiting in order, and what makes typed ones of them, one by one when asked.

    `is_ended` tells that nothing more can come of the bytes: after the sentinel, at their end, or
    after something that cannot be read.

    Args:
        reader: types and checks the events.
        mode: `strict` raises for what does not fit, `warn` reports it, `off` looks at nothing.
        report: takes what does not fit, for each event.
        label: names the operation.
        max_event_bytes: bound on one event; None lifts it.
        redactor: gives what masks the call's own secrets in messages; asked only for these.
        note: takes what is new rather than wrong, and what has been raised.
    """

    def __init__(
        self,
        reader: EventReader,
        mode: Mode,
        report: Report,
        label: str,
        max_event_bytes: int | None = MAX_EVENT_BYTES,
        redactor: FindRedactor = None,
        note: Report | None = None,
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
        self._note = note
        self._redactor = redactor
        self._told: Problem | None = None
        self._unknown: dict[str, tuple[Problem, ...]] = {}
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
            if self._content is not None:
                self._content.finish()
        except (EventTooLargeError, ContentError) as error:
            self._fail(error)

    def raise_failure(self) -> None:
        """Raise, once, why the bytes could not be read to their end."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def make_event(self, raw: RawEvent) -> Any:
        """Give the typed event; raises ResponseValidationError in mode `strict`."""
        event, problems = self._reader.read(raw, is_checked=self._is_checked)
        if problems or self._reader.problem != self._told:
            faults = self._complain(raw, problems)
            if faults:  # then it is an event, and no plain record
                replace_problems(event, faults)
        if event.__class__ is UnknownEvent and self._note is not None and not problems:
            self._note_unknown(raw)
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

    def _complain(self, raw: RawEvent, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Pass on what was found in an event, and give what is wrong with it, masked."""
        name = self._name(raw)
        found = settle(problems, f"event {name}" if name else "event", self._hide)
        faults = list_faults(found)
        noted = tuple(p for p in found if self._mode == "strict" or p not in faults)
        if noted and self._note is not None:
            self._note(noted)
        if faults and self._mode == "strict":
            raise self._refuse(raw, name, faults)
        if faults:
            self._report(faults)
        if self._reader.problem not in (None, self._told):
            self._told = self._reader.problem
            self._report(settle((self._reader.problem,)))
        return faults

    def _note_unknown(self, raw: RawEvent) -> None:
        """Note an event of a type that the document does not have, where it has types at all."""
        if not self._is_checked or self._note is None or self._reader.discriminator is None:
            return
        found = self._unknown.get(raw.event)
        if found is None:
            name = self._name(raw)
            told = "the document does not tell of this event"
            problem = make_misfit("$", told, kind=NEW_EVENT, got=name)
            found = settle((problem,), f"event {name}")
            if len(self._unknown) < _MAX_UNKNOWN:  # the server chooses how many there are
                self._unknown[raw.event] = found
        self._note(found)

    def _name(self, raw: RawEvent) -> str:
        """Give an event's type as it can be shown."""
        return excerpt(self._hide(raw.event[:_LONGEST]), _NAME)

    def _hide(self, text: str) -> str:
        """Mask the call's own secrets."""
        return text if self._redactor is None else self._redactor().text(text)

    def _refuse(
        self, raw: RawEvent, name: str, problems: tuple[Problem, ...]
    ) -> ResponseValidationError:
        what = f"an event '{name}'" if name else "a record"
        title = f"{self.label}: {what} does not fit the document:"
        message = itemize(title, [str(p) for p in problems])
        return ResponseValidationError(message, None, raw.data, None, self.label, problems)
