"""
Turn the bytes of JSON Lines, NDJSON and JSON text sequences (RFC 7464) into records.

The same interface as the decoder of `sse`, and no I/O either: what a record holds is decided above.
"""

from __future__ import annotations

import sys

from mixdyn.jsontext import decode
from mixdyn.settings import MAX_EVENT_BYTES
from mixdyn.sse import EventTooLargeError, RawEvent

RECORD_SEPARATOR = b"\x1e"

_SHORT = 512
_BLANK = " \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class BrokenRecord(RawEvent):
    """A record of a JSON text sequence that may have been cut off: its value cannot be trusted."""

    __slots__ = ()


class RecordDecoder:
    """
    Decode one sequence of records that is fed in chunks, cut anywhere.

    Each record is a RawEvent without type and id. Blank records are left out.

    Args:
        max_event_bytes: bound on one record. None lifts it.
        mark: the byte between records: what ends each (LF), or what begins each (RS).
    """

    last_event_id = ""
    retry: int | None = None

    def __init__(
        self, *, max_event_bytes: int | None = MAX_EVENT_BYTES, mark: bytes = b"\n"
    ) -> None:
        self._limit = sys.maxsize if max_event_bytes is None else max_event_bytes
        self._mark = mark
        self._rest = bytearray()
        self._has_begun = False
        self._is_spent = False
        self._tried = 0

    def feed(self, chunk: bytes) -> list[RawEvent]:
        """
        Give the records that are complete with this chunk, in order.

        Raises:
            EventTooLargeError: with the records that this chunk completed before the large one.
        """
        if self._is_spent:
            raise EventTooLargeError(self._limit)
        first, *others = chunk.split(self._mark)
        self._rest += first
        texts: list[bytes] = []
        if others:
            texts = [bytes(self._rest), *others]
            self._rest = bytearray(texts.pop())
            self._tried = 0
        if self._is_complete():
            texts.append(bytes(self._rest))
            self._rest.clear()
            self._tried = 0
        return self._check(texts)

    def finish(self) -> list[RawEvent]:
        """Give the record that the end of the stream completes, if there is one."""
        last, self._rest = bytes(self._rest), bytearray()
        return [] if self._is_spent else self._check([last])

    def restart(self) -> None:
        """Begin with another stream; a record that was not complete is dropped."""
        self._rest.clear()
        self._tried = 0
        self._has_begun = False

    def _is_complete(self) -> bool:
        """
        Tell whether what came after the last mark is a whole record: no need to wait for the next.

        A long one is looked at again only when it has doubled, so that the cost stays linear.
        """
        rest = self._rest
        is_due = (len(rest) < _SHORT or self._tried * 2 <= len(rest)) and len(rest) <= self._limit
        if self._mark == b"\n" or not rest.endswith(b"\n") or not is_due:
            return False
        try:
            decode(bytes(rest))
        except (ValueError, RecursionError):
            self._tried = len(rest)
            return False
        return True

    def _check(self, texts: list[bytes]) -> list[RawEvent]:
        records: list[RawEvent] = []
        for text in texts:
            if len(text) > self._limit:
                raise self._spend(records)
            record = self._read(text)
            if record is not None:
                records.append(record)
        if len(self._rest) > self._limit:
            raise self._spend(records)
        return records

    def _spend(self, records: list[RawEvent]) -> EventTooLargeError:
        self._is_spent = True
        self._rest.clear()
        return EventTooLargeError(self._limit, tuple(records))

    def _read(self, content: bytes) -> RawEvent | None:
        if not self._has_begun:
            self._has_begun = True
            content = content.removeprefix(_BYTE_ORDER_MARK)
        text = content.decode("utf-8", "replace")
        bare = text.strip(_BLANK)
        if not bare:
            return None
        if self._mark == RECORD_SEPARATOR and text[-1] not in _BLANK and bare[-1] not in '"]}':
            # RFC 7464, 2.4: a number or a word that nothing follows may have lost its end.
            return BrokenRecord("", bare, "")
        return RawEvent("", bare, "")
