"""
Ends async streams and downloads: their connection, and the HTTP client's generators reading it.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

_closing: set[Any] = set()


async def release_async(response: Any, chunks: Any) -> None:
    """
    Close an async response and what reads its body, if anything, also in a cancelled task.

    The client's generators are nested, and closing the outer one leaves the others to the garbage
    collector, of which trio warns. A read that fails ends them all, and on a closed connection
    every read fails.
    """
    import anyio  # httpx needs it too; asyncio and trio both know its scopes

    with anyio.CancelScope(shield=True):
        extensions = response.extensions
        stream = None if "stream_id" in extensions else extensions.get("network_stream")
        if stream is not None:
            with suppress(Exception):  # closed already, or another task is reading
                await stream.aclose()
                if chunks is not None:
                    async for _ in chunks:
                        pass
        with suppress(Exception):
            await response.aclose()


def abandon_async(response: Any, chunks: Any, loop: Any) -> None:
    """Close a garbage-collected stream in its own event loop, of asyncio or trio, if that runs."""
    with suppress(RuntimeError):  # the loop is closed, and its connections with it
        if hasattr(loop, "call_soon_threadsafe"):
            loop.call_soon_threadsafe(_start_task, loop, response, chunks)
        else:
            trio = sys.modules["trio"]
            loop.run_sync_soon(trio.lowlevel.spawn_system_task, release_async, response, chunks)


def _start_task(loop: Any, response: Any, chunks: Any) -> None:
    """Start closing, and keep the task: the loop itself does not."""
    task = loop.create_task(release_async(response, chunks))
    _closing.add(task)
    task.add_done_callback(_closing.discard)
