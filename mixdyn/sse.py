"""
Turn the bytes of an event stream into events, to the letter of WHATWG HTML, section 9.2.

Knows the text of the stream and does no I/O; what `data` means, and when to reconnect, is
decided above. Chunks become complete lines, lines fill an event, an empty line delivers it.
"""

from __future__ import annotations

import sys

from mixdyn.record import NamedTuple
from mixdyn.settings import MAX_EVENT_BYTES

_LONGEST_RETRY = 10**15 - 1
_REMEMBERED = 10_000


class RawEvent(NamedTuple):
    """
    One event as the stream gave it, with the last event id in force when it was delivered.

    `retry` is the reconnection time in milliseconds if this very event set one.
    """

    event: str
    data: str
    id: str
    retry: int | None = None


# What RawEvent(...) calls, without the Python frame around it: a sixth of the time per event.
_new_tuple = tuple[str | int | None, ...].__new__


class EventTooLargeError(ValueError):
    """
    An event outgrew the bound; `events` are those of the same chunk that were complete before it.

    The decoder that raised it is spent and raises it again whatever it is fed.
    """

    def __init__(self, limit: int, events: tuple[RawEvent, ...] = ()) -> None:
        super().__init__(limit, events)
        self.limit = limit
        self.events = events

    def __str__(self) -> str:
        return (
            f"an event of the stream is larger than {self.limit} bytes;"
            " raise max_event_bytes to accept it"
        )


class Replay:
    """
    Knows an event again that an earlier connection has given: the same id, type and data.

    The id alone would not do, since there are servers that count anew for each connection.
    """

    def __init__(self) -> None:
        self._connection = 0
        self._known: dict[int, int] = {}

    def begin(self) -> None:
        """Begin with another connection."""
        self._connection += 1

    def is_repeated(self, fields: tuple[str | int | None, ...]) -> bool:
        """Tell whether an event came before; remembers it, and forgets the oldest."""
        key = hash(fields[:3])
        if self._known.setdefault(key, self._connection) < self._connection:
            return True
        if len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        return False


class Decoder:
    """
    Decode one event stream that is fed in chunks, cut anywhere.

    `last_event_id` and `retry` (milliseconds; None until the server sets it) are what a
    reconnection needs. An event that the stream ends in the middle of is never delivered.

    Args:
        max_event_bytes: bound on the lines of one event together, without their line ends, and
            on each comment. None lifts it.
    """

    __slots__ = (
        "_codec",
        "_data",
        "_event",
        "_event_retry",
        "_has_id",
        "_id",
        "_is_after_cr",
        "_is_spent",
        "_limit",
        "_line",
        "_size",
        "last_event_id",
        "replay",
        "retry",
    )

    def __init__(self, *, max_event_bytes: int | None = MAX_EVENT_BYTES) -> None:
        self._limit = sys.maxsize if max_event_bytes is None else max_event_bytes
        self._is_spent = False
        self._is_after_cr = False
        self._codec = "utf-8-sig"  # a byte order mark is dropped from the first line only
        self._line = bytearray()
        self._size = 0
        self._event = ""
        self._data: list[str] = []
        self._event_retry: int | None = None
        self._id = ""
        self._has_id = False
        self.last_event_id = ""
        self.retry: int | None = None
        self.replay: Replay | None = None

    def feed(self, chunk: bytes) -> list[RawEvent]:
        """
        Give the events that are complete with this chunk, in order.

        Raises:
            EventTooLargeError: with the events that this chunk completed before the large one.
        """
        if self._is_spent:
            raise EventTooLargeError(self._limit)
        text = self._take_lines(chunk)
        fitting = self._measure(text) if text else text
        events = self._read(fitting) if fitting else []
        if len(fitting) < len(text) or (self._line and self._is_too_large(self._line)):
            self._is_spent = True
            self._line.clear()
            self._data.clear()
            raise EventTooLargeError(self._limit, tuple(events))
        return events

    def finish(self) -> list[RawEvent]:
        """Give what the end of the stream completes: nothing, an unfinished event is discarded."""
        return []

    def restart(self) -> None:
        """
        Begin with another stream; an event that was not complete is dropped.

        The last event id and the reconnection time stay in force.
        """
        self._is_after_cr = False
        self._codec = "utf-8-sig"
        self._line.clear()
        self._size = 0
        self._event = ""
        self._data.clear()
        self._event_retry = None
        self._id = self.last_event_id
        self._has_id = False
        if self.replay is not None:
            self.replay.begin()

    def _take_lines(self, chunk: bytes) -> bytes:
        """Give the lines that are complete by now, each ending in LF, and keep the last piece."""
        if self._is_after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._is_after_cr = False
        if b"\r" in chunk:
            # A CR ends its line at once; an LF that follows in the next chunk belongs to it.
            self._is_after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._line += chunk
            return b""
        text = chunk[:end]
        if self._line:
            text = bytes(self._line) + text
            self._line.clear()
        self._line += chunk[end:]
        return text

    def _measure(self, text: bytes) -> bytes:
        """Give the lines before the first that makes its event too large; `_size` goes along."""
        end = 0
        if self._size + len(text) <= self._limit:
            # All of it together is not too large, so no event that ends in here is.
            if text.endswith(b"\n\n"):
                self._size = 0
                return text
            end = text.rfind(b"\n\n") + 1
        for line in text[end:-1].split(b"\n"):
            if not line:
                self._size = 0
            elif self._is_too_large(line):
                return text[:end]
            elif not line.startswith(b":"):
                self._size += len(line)
            end += len(line) + 1
        return text

    def _is_too_large(self, line: bytes | bytearray) -> bool:
        before = 0 if line.startswith(b":") else self._size
        return before + len(line) > self._limit

    def _read(self, text: bytes) -> list[RawEvent]:
        # Decoding whole lines at once is safe: no UTF-8 sequence, valid or not, spans an LF.
        lines = text.decode(self._codec, "replace").split("\n")
        lines.pop()
        self._codec = "utf-8"
        events: list[RawEvent] = []
        for line in lines:
            name, _, value = line.partition(": ")
            if name == "data":
                self._data.append(value)
            elif name == "event":
                self._event = value
            elif line:
                self._read_field(line)
            else:
                self._end_event(events)
        return events

    def _read_field(self, line: str) -> None:
        """Take in a line of any form: other fields, no space after the colon, a comment."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
            self._has_id = True
        elif name == "retry" and value.isascii() and value.isdigit():
            digits = value.lstrip("0")[:16]  # int() refuses thousands of digits
            self.retry = self._event_retry = min(int(digits or "0"), _LONGEST_RETRY)

    def _end_event(self, events: list[RawEvent]) -> None:
        """Deliver the event, if it has data, and begin the next; the id outlives it."""
        self.last_event_id = self._id
        if self._data:
            data = "\n".join(self._data)
            fields = (self._event or "message", data, self._id, self._event_retry)
            if self.replay is None or not (self._has_id and self.replay.is_repeated(fields)):
                events.append(_new_tuple(RawEvent, fields))
            self._data.clear()
        self._event = ""
        self._event_retry = None
        self._has_id = False
