"""
The server of all that is measured over loopback, in a process of its own, so that only the client's
CPU time counts: `python -m tests.benchmarks.server` prints its port.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.session import SESSION

ROOT = Path(__file__).parents[2]
BODY = b'{"name": "a"}'
SESSION_BODY = json.dumps(SESSION).encode()
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
EVENT = b'event: tick\ndata: {"n": 1}\n\n'
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


@contextmanager
def run_server() -> Generator[str]:
    """Run the server for the length of a block, and give its address."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def raise_file_limit() -> None:
    """Allow as many open files as the machine does: each stream is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Server(asyncio.Protocol):
    """Answers each request at once, and sends an event to every stream when asked to."""

    streams: set[asyncio.Transport] = set()  # noqa: RUF012  # of all connections

    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.Transport = transport
        self.data = b""

    def connection_lost(self, exc: Exception | None) -> None:
        self.streams.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        *requests, self.data = (self.data + data).split(b"\r\n\r\n")
        for request in requests:
            self.answer(request)

    def answer(self, request: bytes) -> None:
        """Answer one request."""
        if request.startswith(b"GET /events"):
            self.streams.add(self.transport)
            self.transport.write(STREAM)
            return
        if request.startswith(b"GET /tick"):
            self.send_all(b"%x\r\n%s\r\n" % (len(EVENT), EVENT))
        if request.startswith(b"GET /end"):
            self.send_all(b"0\r\n\r\n")
            self.streams.clear()
        body = SESSION_BODY if b"/sessions" in request[:40] else BODY
        self.transport.write(ANSWER % (len(body), body))

    def send_all(self, data: bytes) -> None:
        """Send the same to every stream."""
        for stream in self.streams:
            stream.write(data)


async def _serve() -> None:
    raise_file_limit()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Server, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
