"""
Two small drivers that perform a flow's effects with an HTTP client: blocking, and awaiting.

Nothing is decided here; the twins differ in nothing but `await`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from mixdyn.connection import Connections, close_async
from mixdyn.content import Collector, ContentError
from mixdyn.deadline import until
from mixdyn.effect import Build, Close, Effect, Flow, Open, Read, Resume, Send, Sleep
from mixdyn.hook import Run
from mixdyn.native import build, close_body, content_length, time_error
from mixdyn.shortcut import send, send_async


class Engine:
    """Performs effects in the calling thread."""

    def __init__(
        self, connections: Connections, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self.connections = connections
        self.sleep = sleep

    def run(self, flow: Flow) -> Any:
        """Drive a flow to its end and give its value."""
        try:
            effect = next(flow)
            while True:
                try:
                    outcome = self.perform(effect)
                except BaseException as error:  # noqa: BLE001  # the flow decides, and cleans up
                    effect = flow.throw(error)
                else:
                    effect = flow.send(outcome)
        except StopIteration as stop:
            return stop.value

    def perform(self, effect: Effect) -> Any:
        """Do what one effect says, and give its outcome."""
        outcome: Any = None
        match effect:
            case Build():
                client = self.connections.client(is_stream=effect.is_stream)
                outcome = build(client, effect, self.connections.headers, is_async=False)
            case Send():
                client = self.connections.client(is_stream=effect.is_stream)
                with until(effect.deadline):
                    outcome = send(client, effect.request, effect.options)
            case Read():
                with until(effect.deadline):
                    outcome = self.read(effect)
            case Close():
                effect.response.close()
            case Sleep():
                self.sleep(effect.seconds)
            case Run():
                outcome = run(effect)
            case _:
                outcome = self.open(effect)
        return outcome

    def open(self, effect: Open) -> Any:
        """Give what the caller gets for an open response; it keeps the client that it came from."""
        response, feed, resume, on_progress, label = effect
        if feed is not None:
            reopen = partial(self.reopen, resume) if resume is not None else None
            from mixdyn.stream import EventStream

            return EventStream(response, feed, self.connections, reopen)
        from mixdyn.download import open_download

        return open_download(response, self.connections, on_progress, label, is_async=False)

    def reopen(
        self, resume: Resume, error: Exception | None, sleep: Callable[[float], object]
    ) -> Any:
        """Open a stream again; give its response, or None where it is over."""
        return Engine(self.connections, sleep).run(resume(error))

    def read(self, effect: Read) -> bytes:
        """Read a body, at most `limit` bytes of it; the response is closed in any case."""
        response = effect.response
        if response.is_stream_consumed:
            return take_whole(effect)
        try:
            intake = Intake(effect)
            for chunk in response.iter_raw():
                intake.add(chunk)
            return intake.finish()
        except BaseException:
            response.close()
            raise


class AsyncEngine:
    """Performs effects in the running event loop."""

    def __init__(
        self, connections: Connections, sleep: Callable[[float], Awaitable[object]] | None = None
    ) -> None:
        self.connections = connections
        self.sleep = sleep or _sleep

    async def run(self, flow: Flow) -> Any:
        """Drive a flow to its end and give its value."""
        try:
            effect = next(flow)
            while True:
                try:
                    outcome = await self.perform(effect)
                except BaseException as error:  # noqa: BLE001  # the flow decides, and cleans up
                    effect = flow.throw(error)
                else:
                    effect = flow.send(outcome)
        except StopIteration as stop:
            return stop.value

    async def perform(self, effect: Effect) -> Any:
        """Do what one effect says, and give its outcome."""
        outcome: Any = None
        match effect:
            case Build():
                client = self.connections.async_client(is_stream=effect.is_stream)
                outcome = build(client, effect, self.connections.headers, is_async=True)
            case Send():
                outcome = await self.send(effect)
            case Read():
                with until(effect.deadline):
                    outcome = await self.read(effect)
            case Close():
                await close_async(effect.response)
            case Sleep():
                await self.sleep(effect.seconds)
            case Run():
                outcome = effect.function(*effect.arguments)
                outcome = await outcome if hasattr(outcome, "__await__") else outcome
            case _:
                outcome = self.open(effect)
        return outcome

    async def send(self, effect: Send) -> Any:
        """Send a request; what its body came from is closed, however far it was read."""
        client = self.connections.async_client(is_stream=effect.is_stream)
        try:
            with until(effect.deadline):
                response = await send_async(client, effect.request, effect.options)
        except GeneratorExit:
            raise  # the coroutine is being thrown away: nobody is left to wait for a close
        except BaseException:
            await close_body(effect.request)
            raise
        await close_body(effect.request)
        return response

    def open(self, effect: Open) -> Any:
        """Give what the caller gets for an open response; it keeps the client that it came from."""
        response, feed, resume, on_progress, label = effect
        if feed is not None:
            reopen = partial(self.reopen, resume) if resume is not None else None
            from mixdyn.stream import AsyncEventStream

            return AsyncEventStream(response, feed, self.connections, reopen)
        from mixdyn.download import open_download

        return open_download(response, self.connections, on_progress, label, is_async=True)

    async def reopen(
        self,
        resume: Resume,
        error: Exception | None,
        sleep: Callable[[float], Awaitable[object]],
    ) -> Any:
        """Open a stream again; give its response, or None where it is over."""
        return await AsyncEngine(self.connections, sleep).run(resume(error))

    async def read(self, effect: Read) -> bytes:
        """Read a body, at most `limit` bytes of it; the response is closed in any case."""
        response = effect.response
        if response.is_stream_consumed:
            return take_whole(effect)
        chunks: Any = None
        try:
            intake = Intake(effect)
            chunks = response.aiter_raw()
            async for chunk in chunks:
                intake.add(chunk)
            return intake.finish()
        except GeneratorExit:
            raise  # the coroutine is being thrown away: nobody is left to wait for a close
        except BaseException:
            from mixdyn.release import release_async

            await release_async(response, chunks)
            raise


class Intake:
    """A body as it comes in, kept within bounds of size and time."""

    def __init__(self, effect: Read) -> None:
        coding = effect.response.headers.get("content-encoding", "")
        self._response = effect.response
        self._collector = Collector(coding, effect.limit)
        self._deadline = effect.deadline
        self._on_progress = effect.on_progress
        self._received = 0
        self._has_begun = False

    def add(self, chunk: bytes) -> None:
        """Take the next raw chunk; raises where there are too many, too late or broken."""
        if self._has_begun and self._deadline is not None and time.monotonic() > self._deadline:
            raise time_error(self._response)
        self._has_begun = True
        self._collector.add(chunk)
        if self._on_progress is not None:
            self._received += len(chunk)
            self._on_progress(self._received, content_length(self._response.headers))

    def finish(self) -> bytes:
        """Give the body, and leave it on the response, as its own `read()` does."""
        content = self._collector.finish()
        self._response._content = content
        return content


def take_whole(effect: Read) -> bytes:
    """Give a body that the client has read and closed already, as mock transports do."""
    content: bytes = effect.response.content
    if len(content) > effect.limit:
        raise ContentError(f"the body is larger than {effect.limit} bytes")
    return content


async def _sleep(seconds: float) -> None:
    import anyio  # httpx needs it too; asyncio and trio both know its sleep

    await anyio.sleep(seconds)


def run(effect: Run) -> Any:
    """Call a function of the caller's, which must not need awaiting here."""
    outcome = effect.function(*effect.arguments)
    if hasattr(outcome, "__await__"):
        getattr(outcome, "close", str)()  # a coroutine that nobody awaits would warn
        name = getattr(effect.function, "__qualname__", type(effect.function).__name__)
        raise TypeError(f"{name} is async: use the method's _async twin, or give a plain function")
    return outcome
