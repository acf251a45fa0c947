"""
Faults on demand: answers that are refused, broken, cut into pieces, slow, silent or dropped.

Knows bytes and events, and nothing of documents; the stand-in asks it what goes wrong next.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeAlias
from weakref import WeakSet

from mixdyn.media import EVENT_STREAM
from mixdyn.tools.mock.feed import DroppedError, Message, Subscription, no_heartbeat
from mixdyn.tools.mock.reply import Headers, MockResponse
from mixdyn.tools.mock.script import Draft

Scripted: TypeAlias = "Mapping[str, Any] | str | bytes"

_EVENT_END = re.compile(rb"(?<=\n\n)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """
    What is to go wrong with one answer; what is not given goes right.

    Args:
        status: refuse with this status, before anything is done.
        headers: further headers of the answer, such as `Retry-After`.
        body: these bytes in place of the body.
        events: these events in place of the stream's: mappings of `event`, `data` (text, or what
            is sent as JSON), `id` and `retry`; text and bytes are sent as they are.
        content_type: the media type that the answer claims to have.
        chunk_bytes: the size of the pieces that are sent, wherever that cuts.
        pause_s: seconds between the pieces.
        drop_after: after so many events, or after the whole body, the connection is cut.
        drop_after_bytes: after so many bytes of a body that is no stream the connection is cut.
        silent_after: after so many events nothing more comes, and the connection stays.
    """

    status: int | None = None
    headers: Headers = ()
    body: bytes | None = None
    events: Iterable[Scripted] | None = None
    content_type: str | None = None
    chunk_bytes: int | None = None
    pause_s: float = 0.0
    drop_after: int | None = None
    drop_after_bytes: int | None = None
    silent_after: int | None = None

    @property
    def is_played(self) -> bool:
        """Whether the body goes out piece by piece."""
        limits = (self.drop_after, self.drop_after_bytes, self.silent_after)
        given = (self.events, self.chunk_bytes, *limits)
        return bool(self.pause_s) or any(value is not None for value in given)

    def apply(self, answer: MockResponse) -> MockResponse:
        """Give the answer with what goes wrong."""
        kind = self.content_type or (EVENT_STREAM if self.events is not None else None)
        kept = tuple(h for h in answer.headers if kind is None or h[0].lower() != "content-type")
        typed = (("content-type", kind),) if kind is not None else ()
        answer = replace(answer, headers=(*typed, *kept, *self.headers))
        source = answer.body
        if self.body is not None:
            source = self.body
        elif self.events is not None:
            source = b"".join(map(encode_event, self.events))
        if source is not answer.body and isinstance(answer.body, Subscription):
            answer.body.close()
        return replace(answer, body=Playback(source, self) if self.is_played else source)


class Faults:
    """The faults that are still to come, by operation: each is used up by one answer."""

    def __init__(self, faults: Mapping[str, Iterable[Fault | None]] | None = None) -> None:
        self._waiting: dict[str, deque[Fault | None]] = {}
        self._playing: WeakSet[Playback] = WeakSet()
        for name, given in (faults or {}).items():
            self.add(name, *given)

    def add(self, name: str, *faults: Fault | None) -> None:
        """
        Let the next answers of an operation go wrong so, one after another; None is no fault.

        The name is an operationId, a method and path as the document has them (`GET /pets`), or
        `*` for all.
        """
        self._waiting.setdefault(name, deque()).extend(faults)

    def take(self, *names: str) -> Fault | None:
        """Give the next fault under one of these names, and use it up."""
        for name in (*names, "*"):
            if self._waiting.get(name):
                return self._waiting[name].popleft()
        return None

    def apply(self, fault: Fault, answer: MockResponse) -> MockResponse:
        """Give the answer with what goes wrong, until `close`."""
        played = fault.apply(answer)
        if isinstance(played.body, Playback):
            self._playing.add(played.body)
        return played

    def close(self) -> None:
        """End all answers that are under way."""
        for playback in list(self._playing):
            playback.close()


class Playback(Subscription):
    """A body that goes out as a fault says, and then ends, falls silent or drops."""

    def __init__(self, source: bytes | Subscription, fault: Fault) -> None:
        super().__init__([], no_heartbeat, None)
        limits = [n for n in (fault.drop_after, fault.silent_after) if n is not None]
        self._limit = min(limits, default=None)
        self._is_silent = fault.silent_after is not None and fault.silent_after == self._limit
        self._size = fault.chunk_bytes
        self._pause_s = fault.pause_s
        if isinstance(source, bytes) and fault.drop_after_bytes is not None:
            source = source[: fault.drop_after_bytes]
            self._limit = sys.maxsize if self._limit is None else self._limit
        self._source = source if isinstance(source, Subscription) else self._prepare(source)

    def close(self) -> None:
        """Stop at once, and the source as well."""
        super().close()
        self._source.close()

    def __iter__(self) -> Iterator[bytes]:
        for content in islice(self._source, self._limit):
            for piece in self._cut(content):
                yield piece
                if self._pause_s and self._wait(self._pause_s):
                    return
        if self._is_silent:
            self._wait(None)
        elif self._limit is not None:
            raise DroppedError

    async def _read_async(self) -> AsyncIterator[bytes]:
        events = aiter(self._source)
        left = sys.maxsize if self._limit is None else self._limit
        while left and (content := await anext(events, None)) is not None:
            left -= 1
            for piece in self._cut(content):
                yield piece
                if self._pause_s and await self._wait_async(self._pause_s):
                    return
        if self._is_silent:
            await self._wait_async(None)
        elif self._limit is not None:
            raise DroppedError

    def _prepare(self, content: bytes) -> Subscription:
        """Give a source of what is known beforehand; its pieces may hold several events."""
        events = _EVENT_END.split(content)[: self._limit]
        pieces = list(self._cut(b"".join(events))) if self._size else [e for e in events if e]
        if self._limit is not None:
            self._limit = len(pieces)
        source = Subscription([Message(0, p) for p in pieces], no_heartbeat, None)
        source.end()
        return source

    def _cut(self, content: bytes) -> Iterator[bytes]:
        size = self._size or max(1, len(content))
        return (content[start : start + size] for start in range(0, len(content), size))

    def _wait(self, seconds: float | None) -> bool:
        """Wait, and tell whether the answer was closed in the meantime."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_closed, seconds)

    async def _wait_async(self, seconds: float | None) -> bool:
        woken = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._wake = lambda: loop.call_soon_threadsafe(woken.set)
        if not self._is_closed:
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), seconds)
        return self._is_closed


def encode_event(event: Scripted) -> bytes:
    """Write an event for the wire."""
    if not isinstance(event, Mapping):
        return event if isinstance(event, bytes) else event.encode()
    data = event.get("data", "")
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return Draft(event.get("event"), text, event.get("retry")).encode(event.get("id"))
