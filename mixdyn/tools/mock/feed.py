"""
Live event streams: a bounded memory of numbered events, and the readers that follow it.

Knows nothing of what the events say. Readers wait on a condition, never by polling.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import NamedTuple
from weakref import WeakSet

MOST_REMEMBERED = 1_000


class DroppedError(Exception):
    """The connection is to be cut here, without a proper end."""


class Message(NamedTuple):
    """A numbered event, as the bytes that go over the wire."""

    number: int
    content: bytes


class Subscription:
    """
    One reader's iterator of bytes, blocking or async: what is published, and heartbeats when idle.

    It ends when its channel does; `close` ends it from any thread.

    Args:
        first: what to read before anything that is published.
        heartbeat: makes the sign of life, from the number of the last event read.
        idle_s: seconds of silence before a heartbeat; None for no heartbeats.
    """

    def __init__(
        self,
        first: Iterable[Message],
        heartbeat: Callable[[int], bytes],
        idle_s: float | None,
    ) -> None:
        ready = list(first)
        self._ready = deque(ready, maxlen=max(len(ready), MOST_REMEMBERED * 2))
        self._heartbeat = heartbeat
        self._idle_s = idle_s
        self._last = self._ready[-1].number if self._ready else 0
        self._is_ended = False
        self._is_closed = False
        self._changed = threading.Condition()
        self._wake: Callable[[], object] = _do_nothing

    def push(self, messages: Iterable[Message]) -> None:
        """Take what was published."""
        with self._changed:
            self._ready.extend(messages)
            self._notify()

    def end(self) -> None:
        """Tell the reader that nothing more will come; what is ready it still reads."""
        with self._changed:
            self._is_ended = True
            self._notify()

    def close(self) -> None:
        """Stop at once, whatever is ready."""
        with self._changed:
            self._is_closed = True
            self._notify()

    def _notify(self) -> None:
        self._changed.notify_all()
        self._wake()

    @property
    def _can_go_on(self) -> bool:
        return bool(self._ready) or self._is_ended or self._is_closed

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._changed:
            if not self._changed.wait_for(lambda: self._can_go_on, self._idle_s):
                return self._heartbeat(self._last)
            chunk = self._take()
        if chunk is None:
            raise StopIteration
        return chunk

    def _take(self) -> bytes | None:
        """Give the next event, or None at the end."""
        if self._is_closed or not self._ready:
            return None
        message = self._ready.popleft()
        self._last = message.number
        return message.content

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._read_async()

    async def _read_async(self) -> AsyncIterator[bytes]:
        woken = asyncio.Event()
        loop = asyncio.get_running_loop()
        # Publishers are in other threads, as a rule: only this wakes a loop from there.
        self._wake = lambda: loop.call_soon_threadsafe(woken.set)
        try:
            while True:
                woken.clear()
                chunk = await self._take_async(woken)
                if chunk is None:
                    return
                yield chunk
        finally:
            self._wake = _do_nothing

    async def _take_async(self, woken: asyncio.Event) -> bytes | None:
        if not self._can_go_on:
            try:
                await asyncio.wait_for(woken.wait(), self._idle_s)
            except TimeoutError:
                return self._heartbeat(self._last)
        return self._take()


class Channel:
    """The events of one thing, numbered from 1; the latest are remembered for those who return."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: deque[Message] = deque(maxlen=MOST_REMEMBERED)
        # Weak: a reader that was dropped without being closed must not be kept for ever.
        self._readers: WeakSet[Subscription] = WeakSet()
        self._is_closed = False
        self.last = 0

    def publish(self, make_events: Iterable[Callable[[int], bytes]]) -> None:
        """Number the events and give them to all who follow."""
        with self._lock:
            messages: list[Message] = []
            for make in make_events:
                self.last += 1
                messages.append(Message(self.last, make(self.last)))
            self._messages.extend(messages)
            readers = list(self._readers)
        for reader in readers:
            reader.push(messages)

    def follow(
        self,
        after: int | None,
        opening: Callable[[int], bytes],
        heartbeat: Callable[[int], bytes],
        idle_s: float | None,
    ) -> Subscription:
        """
        Give a new reader: the opening first, then what it missed, then what comes.

        Args:
            after: the number of the last event that the reader knows; None for what comes only.
            opening: makes the first thing sent, from the number in force then.
            heartbeat: makes the sign of life.
            idle_s: seconds of silence before a heartbeat; None for no heartbeats.
        """
        with self._lock:
            known = self.last if after is None else min(after, self.last)
            missed = [message for message in self._messages if message.number > known]
            first = Message(known, opening(known))
            reader = Subscription([first, *missed], heartbeat, idle_s)
            self._readers.add(reader)
            is_closed = self._is_closed
        if is_closed:
            reader.end()
        return reader

    def close(self) -> None:
        """End all readers, and those that come later after what they missed."""
        with self._lock:
            self._is_closed = True
            readers = list(self._readers)
        for reader in readers:
            reader.end()


def no_heartbeat(_number: int) -> bytes:
    """Stand for the sign of life of what is never idle: a comment."""
    return b":\n\n"


def _do_nothing() -> None:
    return None
