"""Live streams: numbered events to all who follow, replay for those who return, no polling."""

import asyncio
import threading

from mixdyn.tools.mock import feed
from mixdyn.tools.mock.feed import Channel, Message, Subscription, no_heartbeat


def numbered(text):
    return lambda number: f"{text}{number}".encode()


def follow(channel, after=None, idle_s=None):
    return channel.follow(after, numbered("open"), numbered("beat"), idle_s)


def test_readers_get_what_comes_after_them():
    """A reader has the opening first and then each event, numbered from one."""
    channel = Channel()
    early = follow(channel)
    channel.publish([numbered("a"), numbered("a")])
    late = follow(channel)
    channel.publish([numbered("b")])
    channel.close()
    assert list(early) == [b"open0", b"a1", b"a2", b"b3"]
    assert list(late) == [b"open2", b"b3"]


def test_a_returning_reader_gets_what_it_missed():
    """From a known number on, the remembered events are replayed; unknown ones are not."""
    channel = Channel()
    channel.publish([numbered("a")] * 3)
    channel.close()
    assert list(follow(channel, after=1)) == [b"open1", b"a2", b"a3"]
    assert list(follow(channel, after=99)) == [b"open3"]


def test_the_memory_is_bounded(monkeypatch):
    """Only the latest events are kept for those who return."""
    monkeypatch.setattr(feed, "MOST_REMEMBERED", 2)
    channel = Channel()
    channel.publish([numbered("a")] * 5)
    channel.close()
    assert list(follow(channel, after=0)) == [b"open0", b"a4", b"a5"]


def test_silence_is_broken_by_heartbeats():
    """When nothing came for a while, the reader gets a sign of life with the number in force."""
    channel = Channel()
    reader = follow(channel, idle_s=0.001)
    channel.publish([numbered("a")])
    assert [next(reader) for _ in range(4)] == [b"open0", b"a1", b"beat1", b"beat1"]


def test_a_waiting_reader_is_woken():
    """An event reaches a blocked reader at once, and so does the end."""
    channel = Channel()
    reader = follow(channel)
    found = []
    thread = threading.Thread(target=lambda: found.extend(reader))
    thread.start()
    channel.publish([numbered("a")])
    channel.close()
    thread.join(10)
    assert found == [b"open0", b"a1"]


def test_closing_a_reader_ends_it_though_more_is_ready():
    """A reader that is closed gives nothing more."""
    channel = Channel()
    reader = follow(channel)
    reader.close()
    assert list(reader) == []


def test_a_readers_backlog_is_bounded(monkeypatch):
    """A reader that does not read loses the oldest events, not the server its memory."""
    monkeypatch.setattr(feed, "MOST_REMEMBERED", 2)
    reader = Subscription([], numbered("beat"), None)
    reader.push(Message(n, b"%d" % n) for n in range(10))
    reader.end()
    assert list(reader) == [b"6", b"7", b"8", b"9"]


def test_async_readers_wait_without_blocking():
    """An async reader is woken from another thread, gets heartbeats, and ends."""

    async def read():
        channel = Channel()
        reader = follow(channel)
        chunks = aiter(reader)
        assert await anext(chunks) == b"open0"
        waiting = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0)
        await asyncio.to_thread(channel.publish, [numbered("a")])
        assert await waiting == b"a1"
        channel.close()
        return [chunk async for chunk in chunks]

    async def beat():
        chunks = aiter(follow(Channel(), idle_s=0.001))
        found = [await anext(chunks) for _ in range(3)]
        await chunks.aclose()
        return found

    assert asyncio.run(asyncio.wait_for(read(), 10)) == []
    assert asyncio.run(asyncio.wait_for(beat(), 10)) == [b"open0", b"beat0", b"beat0"]


def test_the_heartbeat_of_what_is_never_idle():
    """It is nothing that a client would see."""
    assert no_heartbeat(1).startswith(b":")


def test_a_long_beginning_is_not_cut():
    """What a reader is given from the start it gets in full."""
    reader = Subscription([Message(n, b"x") for n in range(5_000)], no_heartbeat, None)
    reader.end()
    assert len(list(reader)) == 5_000
