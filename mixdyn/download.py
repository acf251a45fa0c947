"""
Downloads: the HTTP client's own open response, which can also save itself to a file.

Works for every client whose responses are made as httpx's are, with a byte stream inside.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing, suppress
from functools import cache
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mixdyn.connection import (
    Connections,
    abandon,
    close_async,
    hang_up,
    running_loop,
)
from mixdyn.content import ContentDecoder, ContentError
from mixdyn.draft import Draft
from mixdyn.errors import ClientClosedError, ResponseValidationError, refuse_answer
from mixdyn.native import content_length
from mixdyn.release import abandon_async
from mixdyn.settings import Progress

if TYPE_CHECKING:
    from httpx import Response
else:
    Response = object  # the client's own class stands beside it: see `_download_class`

_PORTION_BYTES = 1 << 19  # what is written at a time where that is another thread's work


class _Body:
    """What is still to come for one download; it counts what comes, and tells of a close."""

    # Frees the connection of a download that is let go of; it must hold neither that nor the owner.
    _end: weakref.finalize[..., Any]

    def __init__(
        self, origin: Any, owner: Connections, on_progress: Progress | None, label: str
    ) -> None:
        self.origin = origin
        self.on_progress = on_progress
        self.done = 0
        self.total = _find_total(origin)
        self.is_closed = False
        self.is_complete = False
        self._owner = owner
        self._label = label

    @property
    def is_lost(self) -> bool:
        """Whether it was closed with its client, before all had come."""
        return self.is_closed and self._owner.is_closed and not self.is_complete

    def check_open(self) -> None:
        """Raise ClientClosedError after a close, whoever closed."""
        if self.is_closed:
            what = "the client was closed, and the download with it"
            if not self._owner.is_closed:
                what = "the download was closed while it was read"
            raise ClientClosedError(f"{self._label}: {what}")

    def count(self, size: int) -> None:
        """Take note of bytes that have come."""
        self.done += size
        if self.on_progress is not None:
            self.on_progress(self.done, self.total)

    def count_all(self) -> None:
        """Take note of a body that came as a whole, before there was a download."""
        self.count(len(self.origin.content) if self.total is None else self.total)
        self.complete()

    def complete(self) -> None:
        """Take note of the end, unless a close has brought it about."""
        self.check_open()
        self.is_complete = True


class _BlockingBody(_Body):
    def watch(self, download: Any) -> None:
        """Free the connection when `download` is let go of."""
        self._held: list[Any] = []
        args = (self.origin, self._held, self._owner.abandoned)
        self._end = weakref.finalize(download, abandon, *args)

    def __iter__(self) -> Iterator[bytes]:
        chunks = iter(self.origin.stream)
        self._held.append(chunks)  # see `abandon`
        try:
            for chunk in chunks:
                self.check_open()
                self.count(len(chunk))
                yield chunk
        except GeneratorExit:  # the garbage collector's, maybe
            abandon(self.origin, chunks, self._owner.abandoned)
            raise
        except Exception:
            self.check_open()  # where a close elsewhere has caused it
            raise
        # A body of unknown length ends with its connection, so also when the client hangs up.
        self.is_closed = self.is_closed or self._owner.is_closed
        self.complete()

    def close(self) -> None:
        """Close the connection, also while another thread reads; after the end it is kept."""
        self.is_closed = True
        if self._end.detach():
            if not self.is_complete:
                hang_up(self.origin)
            self.origin.close()


class _AsyncBody(_Body):
    def watch(self, download: Any) -> None:
        """Free the connection when `download` is let go of, in its own event loop."""
        self._end = weakref.finalize(download, abandon_async, self.origin, None, running_loop())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.origin.stream:
                self.check_open()
                self.count(len(chunk))
                yield chunk
        except Exception:
            self.check_open()  # where a close elsewhere has caused it
            raise
        self.complete()

    async def aclose(self) -> None:
        """Close the connection; after the end it is kept."""
        self.is_closed = True
        if self._end.detach():
            await self.origin.aclose()


class _Saving:
    """One `save`: undoes the content codings, and sees that the body is whole."""

    def __init__(
        self, response: Any, body: _Body | None, label: str, on_progress: Progress | None
    ) -> None:
        self._response = response
        self._body = body
        self._label = label
        self.is_read = hasattr(response, "_content")
        self._decoder = ContentDecoder("")
        if not self.is_read:
            self._check_unread()
            self._begin(on_progress)

    def write(self, draft: Draft, chunks: Iterable[bytes]) -> None:
        """Write the next chunks, which may still have to come."""
        decode = self._decoder.decode
        pieces = chain.from_iterable(map(decode, chunks)) if self._decoder.codings else chunks
        try:
            draft.write(pieces)
        except ContentError as error:
            raise self._refuse(str(error)) from error

    def finish(self) -> None:
        """Raise ResponseValidationError where the body is not whole."""
        try:
            self._decoder.finish()
        except ContentError as error:
            raise self._refuse(str(error)) from error
        body = self._body
        if body is not None and body.total not in (None, body.done):
            raise self._refuse(f"the body ended after {body.done} of {body.total} bytes")

    def _check_unread(self) -> None:
        response, body = self._response, self._body
        if body is not None and body.is_lost:
            body.check_open()
        if body is None or response.is_closed or response.is_stream_consumed:
            raise ClientClosedError(
                f"{self._label}: there is nothing to save, since the download was read in pieces "
                "or closed before; call again for another one"
            )

    def _begin(self, on_progress: Progress | None) -> None:
        if self._body is not None and on_progress is not None:
            self._body.on_progress = on_progress
        try:
            self._decoder = ContentDecoder(self._response.headers.get("content-encoding", ""))
        except ContentError as error:
            raise self._refuse(str(error)) from error

    def _refuse(self, reason: str) -> ResponseValidationError:
        return refuse_answer(self._label, self._response, reason)


class _Download(Response):
    """What blocking and async downloads share; its names must not meet those of any client."""

    _mixdyn_base: type[Any]
    _mixdyn_label: str
    _mixdyn_body: _Body | None = None  # none in copies

    def __repr__(self) -> str:
        state = "closed" if self.is_closed else "open"
        return f"<Response [{self.status_code}] of {self._mixdyn_label}, {state}>"

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_mixdyn_body"}

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        is_async = isinstance(self, AsyncDownload)
        return _restore, (self._mixdyn_base, is_async), self.__getstate__()

    def _mixdyn_begin(self) -> bool:
        """Tell whether reading begins only now; raises where the client was closed before."""
        if self._mixdyn_body is not None and self._mixdyn_body.is_lost:
            self._mixdyn_body.check_open()
        return not self.is_stream_consumed

    def _mixdyn_settle(self) -> None:
        """Take over the time that the answer took, which httpx tells the response of the client."""
        if self._mixdyn_body is not None:
            with suppress(RuntimeError):  # being closed in another thread
                self.elapsed = self._mixdyn_body.origin.elapsed


class Download(_Download):
    """An open response that can save itself, and that a `with` block closes."""

    def iter_raw(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Give the body as it comes, content codings and all; an error closes the response."""
        is_first = self._mixdyn_begin()
        try:
            yield from super().iter_raw(chunk_size)
        except Exception:
            if is_first:
                self.close()
            raise

    def close(self) -> None:
        """Close the connection, also while another thread reads; again does nothing."""
        super().close()
        self._mixdyn_settle()

    def save(self, path: str | os.PathLike[str], *, on_progress: Progress | None = None) -> int:
        """
        Write the body to a file, all or nothing, and give the number of bytes written.

        The file is written beside `path` and moved there when it is whole. After an error of any
        kind nothing is left of it, and what was at `path` is as it was. The response is closed in
        the end; it stays open only where `path` cannot be written to, which is told before
        anything is read. File names that the server suggests are never used.

        Args:
            path: where to save. A file there is replaced, its mode kept; a link is replaced too.
            on_progress: called in place of the call's own `on_progress`.

        Raises:
            OSError: the file cannot be written.
            ResponseValidationError: the body is not whole, or its content coding is broken.
            ClientClosedError: the response or the client is closed, or the body was read before.
        """
        saving = _Saving(self, self._mixdyn_body, self._mixdyn_label, on_progress)
        with Draft(path) as draft:
            try:
                saving.write(draft, self.iter_bytes() if saving.is_read else self.iter_raw())
                saving.finish()
            finally:
                self.close()
        return draft.size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncDownload(_Download):
    """An open response that can save itself, and that an `async with` block closes."""

    async def aiter_raw(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Give the body as it comes, content codings and all; an error closes the response."""
        is_first = self._mixdyn_begin()
        chunks: Any = super().aiter_raw(chunk_size)
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    yield chunk
        except GeneratorExit:
            raise  # nobody is left to wait for a close
        except BaseException:
            if is_first:
                await close_async(self)
            raise

    async def aclose(self) -> None:
        """Close the connection; again does nothing."""
        await super().aclose()
        self._mixdyn_settle()

    async def save(
        self, path: str | os.PathLike[str], *, on_progress: Progress | None = None
    ) -> int:
        """
        Write the body to a file, all or nothing, and give the number of bytes written.

        Promises what the blocking `Download.save` does, also where the task is cancelled. Another
        thread writes, so that the event loop does not wait for the disk.

        Args:
            path: where to save. A file there is replaced, its mode kept; a link is replaced too.
            on_progress: called in place of the call's own `on_progress`.
        """
        saving = _Saving(self, self._mixdyn_body, self._mixdyn_label, on_progress)
        with Draft(path) as draft:
            try:
                await self._mixdyn_pour(saving, draft)
            except GeneratorExit:
                raise  # nobody is left to wait for a close
            except BaseException:
                await close_async(self)
                raise
        return draft.size

    asave = save

    async def _mixdyn_pour(self, saving: _Saving, draft: Draft) -> None:
        from anyio.to_thread import run_sync  # httpx needs anyio too

        portion: list[bytes] = []
        size = 0
        async for chunk in self.aiter_bytes() if saving.is_read else self.aiter_raw():
            portion.append(chunk)
            size += len(chunk)
            if size >= _PORTION_BYTES:
                await run_sync(saving.write, draft, portion)
                portion, size = [], 0
        await run_sync(saving.write, draft, portion)
        saving.finish()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await close_async(self)


def open_download(
    response: Any,
    owner: Connections,
    on_progress: Progress | None,
    label: str,
    *,
    is_async: bool,
) -> Any:
    """
    Give a response as a Download or AsyncDownload that is also of the response's own class.

    It stands in for `response`, which must not be read or closed any more. A response that is not
    made as httpx's are is given back as it is.

    Args:
        response: open and unread, or already read, as those of mock transports are.
        owner: the download keeps it alive, and is closed with it.
        on_progress: called with the bytes received so far, and in all or None, as they come.
        label: names the call in messages.
        is_async: whether reading is awaited.
    """
    stream: Any = getattr(response, "__dict__", {}).get("stream")
    wanted = "AsyncByteStream" if is_async else "SyncByteStream"
    kinds = [kind for kind in type(stream).__mro__ if kind.__name__ == wanted]
    if not kinds:
        return response
    body = _body_class(kinds[0], is_async)(response, owner, on_progress, label)
    # A new object: the client's stream refers to its response, so that this is never let go of
    # but by the garbage collector, some time, and the connection with it.
    download = _restore(type(response), is_async)
    its = {"_mixdyn_body": body, "_mixdyn_label": label}
    download.__dict__.update(response.__dict__, **its)
    if response.is_closed:
        body.count_all()
    else:
        download.stream = body
        body.watch(download)
        owner.track(download, is_async=is_async)
    return download


@cache
def _body_class(kind: Any, is_async: bool) -> Any:
    ours = _AsyncBody if is_async else _BlockingBody
    return type(ours.__name__, (ours, kind), {})


@cache
def _download_class(base: Any, is_async: bool) -> Any:
    ours = AsyncDownload if is_async else Download
    members = {"__module__": __name__, "__doc__": ours.__doc__, "_mixdyn_base": base}
    return type(ours.__name__, (ours, base), members)


def _restore(base: Any, is_async: bool) -> Any:
    """Make an empty download of a response class; pickled ones come back through it, too."""
    kind = _download_class(base, is_async)
    return kind.__new__(kind)


def _find_total(response: Any) -> int | None:
    """Give the size of the body to come, None where it is not stated (RFC 9112, 6.3)."""
    is_other = response.request.method == "HEAD" or "transfer-encoding" in response.headers
    return None if is_other else content_length(response.headers)
