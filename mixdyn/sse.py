"""
Turn the bytes of an event stream into events, to the letter of WHATWG HTML section 9.2.

Knows the stream's text only, and no I/O: what `data` means, and when to reconnect, is
decided above. Bytes become lines, lines become fields, an empty line makes the event.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONGEST_RETRY = 10**15 - 1


class EventTooLarge(ValueError):
    """
    An event outgrew the decoder's bound; `events` holds those completed before it.

    The decoder that raised this is spent: it raises again whatever it is fed.
    """

    def __init__(self, limit: int, events: tuple[RawEvent, ...] = ()) -> None:
        super().__init__(limit, events)
        self.limit = limit
        self.events = events

    def __str__(self) -> str:
        return (
            f"an event in the stream is larger than {self.limit} bytes;"
            " raise max_event_bytes to accept it"
        )


class RawEvent(NamedTuple):
    """
    One event as the stream gave it, with the last event id in force when it came.

    `retry` is the reconnection time in milliseconds if this very event gave one.
    """

    event: str
    data: str
    id: str
    retry: int | None


class Decoder:
    """
    Decode one event stream, fed in chunks cut anywhere.

    `last_event_id` and `retry` (milliseconds, None until the server gives it) are what a
    reconnection needs. An event the stream ends in the middle of is never delivered.

    Args:
        max_event_bytes: bound on one line, and on all lines of one event without their
            line ends and the comments among them; None lifts it.
    """

    __slots__ = (
        "_data",
        "_event",
        "_event_retry",
        "_id",
        "_is_fresh",
        "_is_spent",
        "_limit",
        "_line",
        "_size",
        "_was_cr",
        "last_event_id",
        "retry",
    )

    def __init__(self, *, max_event_bytes: int | None = 16 * 1024 * 1024) -> None:
        self._limit = sys.maxsize if max_event_bytes is None else max_event_bytes
        self.last_event_id = ""
        self.retry: int | None = None
        # the stream: nothing seen yet, last byte was a CR, the unfinished line
        self._is_fresh = True
        self._was_cr = False
        self._is_spent = False
        self._line = bytearray()
        # the event being read; the id outlives it
        self._size = 0
        self._event = b""
        self._data: list[bytes] = []
        self._event_retry: int | None = None
        self._id = ""

    def feed(self, chunk: bytes) -> list[RawEvent]:
        """
        Return the events that end in this chunk, in order.

        Raises:
            EventTooLarge: with the events of this chunk that came before it.
        """
        events: list[RawEvent] = []
        for line in self._split_lines(chunk):
            if not line:
                if self._data:
                    events.append(self._build_event())
                self._end_block()
            elif self._size + len(line) > self._limit:
                raise self._spend(events)
            elif not line.startswith(b":"):
                self._size += len(line)
                self._read_field(line)
        if self._size + len(self._line) > self._limit:
            raise self._spend(events)
        return events

