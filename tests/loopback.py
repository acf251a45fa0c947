"""A small HTTP server on a loopback port: each test says what it answers, byte for byte."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

PATIENCE = 20.0  # seconds until a test that hangs fails


class Exchange:
    """One request as it came, and the socket to answer it on."""

    def __init__(
        self, sock: socket.socket, closed: threading.Event, head: bytes, rest: bytes
    ) -> None:
        line, _, fields = head.partition(b"\r\n")
        self.sock = sock
        self.closed = closed  # set when the connection is over
        self.method, self.target, _ = line.decode().split(" ")
        pairs = (field.split(b":", 1) for field in fields.split(b"\r\n") if field)
        self.headers = {name.decode().lower(): value.strip().decode() for name, value in pairs}
        self.body, self.rest = self._read_body(rest)

    def _read_body(self, data: bytes) -> tuple[bytes, bytes]:
        if "chunked" in self.headers.get("transfer-encoding", ""):
            while not data.endswith(b"0\r\n\r\n"):
                data += self._receive()
            return data, b""
        size = int(self.headers.get("content-length", 0))
        while len(data) < size:
            data += self._receive()
        return data[:size], data[size:]

    def _receive(self) -> bytes:
        received = self.sock.recv(65536)
        if not received:
            raise ConnectionResetError  # in the middle of a body
        return received

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def send_head(self, status: int = 200, kind: str = "application/json", *more: str) -> None:
        """Send a status line and headers."""
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", *more, "", ""]
        self.send("\r\n".join(lines).encode())

    def send_json(self, value: Any, status: int = 200, *more: str) -> None:
        """Answer with JSON, and keep the connection."""
        data = json.dumps(value).encode()
        self.send_head(status, "application/json", f"Content-Length: {len(data)}", *more)
        self.send(data)

    def reset(self) -> None:
        """End the connection at once, without the usual goodbye."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def send_chunk(self, data: bytes) -> None:
        """Send one chunk of a chunked body."""
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def start_stream(self, *events: str) -> None:
        """Begin an event stream, with some events."""
        self.send_head(200, "text/event-stream", "Transfer-Encoding: chunked")
        for event in events:
            self.send_chunk(event.encode())

    def stay(self) -> None:
        """Wait, in the server's thread, until the client hangs up."""
        self.sock.recv(1)


Answer = Callable[[Exchange], None]


class Loopback:
    """Answers every request by one function, each connection in a thread of its own."""

    def __init__(
        self, answer: Answer, *, is_open: bool = True, exchange: type[Exchange] = Exchange
    ) -> None:
        self.answer = answer
        self.kind = exchange
        self.exchanges: list[Exchange] = []
        self.connections: list[socket.socket] = []
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        if is_open:
            self.open()

    def open(self) -> None:
        """Begin to listen; until then connections are refused."""
        self._listener.listen(128)
        self._threads.append(threading.Thread(target=self._accept))
        self._threads[0].start()

    def close(self) -> None:
        """Stop, and wait for every thread."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[:1]:
            thread.join(PATIENCE)  # from here on there are no new connections
        for sock in self.connections:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(PATIENCE)
            self.connections.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        data = b""
        closed = threading.Event()
        with _set_at_end(closed), sock, suppress(OSError):
            while True:
                while b"\r\n\r\n" not in data:
                    received = sock.recv(65536)
                    if not received:
                        return
                    data += received
                head, _, data = data.partition(b"\r\n\r\n")
                exchange = self.kind(sock, closed, head, data)
                data = exchange.rest
                self.exchanges.append(exchange)
                self.answer(exchange)


@contextmanager
def _set_at_end(event: threading.Event) -> Iterator[None]:
    yield
    event.set()


@contextmanager
def serve(answer: Answer, **options: Any) -> Iterator[Loopback]:
    """Run a server for the length of a block."""
    server = Loopback(answer, **options)
    try:
        yield server
    finally:
        server.close()
