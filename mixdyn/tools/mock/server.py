"""
Serves a function from request to response over HTTP/1.1, by default to this machine only.

Knows framing, bounds and lifetimes, and nothing of documents. Each connection has a thread;
nothing polls, and closing wakes whatever waits.
"""

from __future__ import annotations

import errno
import logging
import re
import selectors
import socket
import threading
import time
from contextlib import suppress
from dataclasses import replace
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Protocol, Self, cast

from mixdyn.errors import excerpt
from mixdyn.tools.mock.feed import DroppedError, Subscription
from mixdyn.tools.mock.reply import MockRequest, MockResponse

HOST = "127.0.0.1"
MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_CONNECTIONS = 2_000

# The parser of http.server also looks for a multipart body, which it is never given.
_HEADER_DEFECTS = (FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect)
_IDLE_SECONDS = 900.0  # between requests, and for a stream whose reader does not read
_REQUEST_SECONDS = 60.0  # for the next piece of a request that has begun
_FULL_SECONDS = 1.0
_MOST_DISCARDED = 4 * MAX_BODY_BYTES
_DISCARD_SECONDS = 5.0
_GRACE_SECONDS = 0.5
_CUT_SECONDS = 5.0
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_LONGEST_LINE = 1024
_MOST_TRAILERS = 100
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")

_log = logging.getLogger("mixdyn")


class Responder(Protocol):
    """What is served."""

    def handle(self, request: MockRequest, /) -> MockResponse:
        """Answer a request."""
        ...

    def refuse(self, request: MockRequest, status: int, message: str, /) -> MockResponse:
        """Answer a request whose body was not read."""
        ...

    def close(self) -> None:
        """End all streams."""
        ...


class Server:
    """
    A server on its port from the moment it is made; `start` serves in a thread, `run` in this one.

    As a context manager it closes itself: streams end, waiting connections are cut.
    """

    def __init__(self, responder: Responder, host: str = HOST, port: int = 0) -> None:
        self._responder = responder
        self._http = _HttpServer(responder, host, port)
        self._host = host
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Where a client of this machine finds it: `http://127.0.0.1:53101`."""
        host = {"0.0.0.0": HOST, "": HOST, "::": "::1"}.get(self._host, self._host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def start(self) -> Self:
        """Serve in a thread of its own, and give the server back."""
        self._thread = threading.Thread(target=self.run, name="mixdyn-mock", daemon=True)
        self._thread.start()
        return self

    def run(self) -> None:
        """Serve until `close` is called, or until Ctrl-C raises here."""
        self._http.accept_forever()

    def close(self) -> None:
        """Stop serving, end all streams and cut all connections; may be called twice."""
        self._http.stop()
        if self._thread is not None:
            self._thread.join()
        self._responder.close()
        self._http.cut_connections()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _HttpServer(ThreadingHTTPServer):
    """Accepts connections, and knows the open ones so as to be able to cut them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, responder: Responder, host: str, port: int) -> None:
        self.responder = responder
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._lock = threading.Lock()
        self._open: dict[Any, threading.Thread] = {}
        self._is_stopped = False
        self._has_room = threading.Event()
        self._waker, self._sleeper = socket.socketpair()
        try:
            super().__init__((host, port), _Handler)
        except OSError:
            self._close_waker()
            raise

    def server_bind(self) -> None:
        """Bind without asking the resolver for the host's name, which may take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def accept_forever(self) -> None:
        """Accept until stopped; `serve_forever` would look every half second whether it is."""
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(self._sleeper, selectors.EVENT_READ)
            while not self._is_stopped:
                ready = [key.fileobj for key, _ in selector.select()]
                if self in ready and not self._is_stopped:
                    self._has_room.clear()
                    if len(self._open) >= MAX_CONNECTIONS or not self.accept():
                        # The system keeps those that knock until a connection ends.
                        self._has_room.wait(_FULL_SECONDS)

    def accept(self) -> bool:
        """Take in the connection that is waiting; False where the system has no room for it."""
        try:
            connection, address = self.get_request()
        except OSError as error:
            if error.errno not in _EXHAUSTED:  # gone again, which is no matter
                return True
            _log.warning("no connection can be accepted for now: %s", error)
            return False
        return self.serve_connection(connection, address)

    def stop(self) -> None:
        """Make `accept_forever` return."""
        self._is_stopped = True
        self._has_room.set()
        with suppress(OSError):  # closed already
            self._waker.send(b"x")

    def serve_connection(self, connection: Any, address: Any) -> bool:
        """Serve a connection in a thread; False where the system gives no more of them."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(connection, address), daemon=True
        )
        with self._lock:
            self._open[connection] = thread
        try:
            thread.start()
        except RuntimeError as error:
            _log.warning("a connection is refused: %s", error)
            self.shutdown_request(connection)
            return False
        return True

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that is done."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)
        self._has_room.set()

    def cut_connections(self) -> None:
        """Let answers that are under way be finished, for a moment; then cut all connections."""
        for how, seconds in ((socket.SHUT_RD, _GRACE_SECONDS), (socket.SHUT_RDWR, _CUT_SECONDS)):
            until = time.monotonic() + seconds
            with self._lock:
                open_now = dict(self._open)
            for connection in open_now:
                with suppress(OSError):  # gone by itself in the meantime
                    connection.shutdown(how)
            for thread in open_now.values():
                thread.join(max(0.0, until - time.monotonic()))

    def server_close(self) -> None:
        """Give the port free."""
        super().server_close()
        self._close_waker()

    def _close_waker(self) -> None:
        self._waker.close()
        self._sleeper.close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 (its name)
        """Log what went wrong with a connection, and go on: peers vanish at any moment."""
        _log.debug("a connection ended early", exc_info=True)


class _BadFramingError(Exception):
    """A request whose body cannot be read: status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


class _Handler(BaseHTTPRequestHandler):
    """Reads requests off one connection and writes the responses."""

    protocol_version = "HTTP/1.1"
    server_version = "mixdyn-mock"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS

    @property
    def responder(self) -> Responder:
        """What answers."""
        return cast("_HttpServer", self.server).responder

    def handle_one_request(self) -> None:
        """Read one request, of any method, and answer it."""
        try:
            self.connection.settimeout(self.timeout)
            self.raw_requestline = self.rfile.readline(65537)
            self.connection.settimeout(_REQUEST_SECONDS)
            if len(self.raw_requestline) > 65536:
                self.requestline = self.request_version = self.command = ""
                self.send_error(414)
            elif not self.raw_requestline:
                self.close_connection = True
            elif self.parse_request():
                self._answer()
        except OSError as error:
            _log.debug("a connection ended early: %s", error)
            self.close_connection = True

    def _answer(self) -> None:
        headers = tuple((name, str(value)) for name, value in self.headers.items())
        request = MockRequest(self.command, self.path, headers)
        try:
            body = self._read_body()
        except _BadFramingError as error:
            # Where the body ends is not known, so neither is where the next request begins.
            self.close_connection = True
            self._send(self.responder.refuse(request, error.status, error.reason))
            self._discard_rest()
            return
        self.connection.settimeout(self.timeout)
        self._send(self._respond(replace(request, body=body)))

    def _respond(self, request: MockRequest) -> MockResponse:
        try:
            return self.responder.handle(request)
        except Exception:  # noqa: BLE001 (a server outlives what goes wrong in one answer)
            _log.exception("%s %s failed", excerpt(self.command, 20), excerpt(self.path))
            return self.responder.refuse(request, 500, "the stand-in server failed; see its log")

    def _read_body(self) -> bytes:
        """Read the whole body as RFC 9112, 6.3 frames it, refusing what is ambiguous."""
        if any(isinstance(defect, _HEADER_DEFECTS) for defect in self.headers.defects):
            raise _BadFramingError(400, "the headers are malformed")
        lengths = {value.strip() for value in self.headers.get_all("content-length", [])}
        codings = self.headers.get_all("transfer-encoding", [])
        if codings:
            if lengths or [c.strip().lower() for c in codings] != ["chunked"]:
                raise _BadFramingError(400, "the body's length is ambiguous")
            return self._read_chunks()
        if not lengths:
            return b""
        length = lengths.pop()
        if lengths or not (length.isascii() and length.isdigit()):
            raise _BadFramingError(400, "the Content-Length is no number")
        return self._read_exactly(int(length[:19]))

    def _read_exactly(self, size: int) -> bytes:
        if size > MAX_BODY_BYTES:
            raise _BadFramingError(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
        content = self.rfile.read(size)
        if len(content) < size:
            raise ConnectionError("the body ended early")
        return content

    def _read_chunks(self) -> bytes:
        content = bytearray()
        while True:
            match = _CHUNK_SIZE.fullmatch(self.rfile.readline(_LONGEST_LINE))
            if match is None:
                raise _BadFramingError(400, "a chunk of the body has no valid size")
            size = int(match[1], 16)
            if not size:
                self._read_trailers()
                return bytes(content)
            if len(content) + size > MAX_BODY_BYTES:
                raise _BadFramingError(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
            content += self._read_exactly(size)
            if self.rfile.readline(3).strip(b"\r\n"):
                raise _BadFramingError(400, "a chunk of the body is longer than its size says")

    def _read_trailers(self) -> None:
        for _ in range(_MOST_TRAILERS):
            if self.rfile.readline(_LONGEST_LINE) in (b"\r\n", b"\n", b""):
                return
        raise _BadFramingError(400, "the body has too many trailers")

    def _send(self, answer: MockResponse) -> None:
        """Write a response; a body that does not end by itself goes out in chunks."""
        body = answer.body
        if isinstance(body, Subscription):
            self._send_stream(answer, body)
            return
        is_measured = any(name == "content-length" for name, _ in answer.headers)
        has_length = answer.status not in (204, 304) and not is_measured
        self._send_head(answer, (("content-length", str(len(body))),) if has_length else (), body)

    def _send_head(
        self, answer: MockResponse, framing: tuple[tuple[str, str], ...], body: bytes = b""
    ) -> None:
        reason = self.responses.get(answer.status, ("",))[0]
        lines = [f"HTTP/1.1 {answer.status} {reason}", f"Date: {self.date_time_string()}"]
        closing = (("connection", "close"),) if self.close_connection else ()
        for name, value in (*answer.headers, *framing, *closing):
            lines.append(f"{name}: {_one_line(value)}")
        head = "\r\n".join(lines).encode("latin-1", "replace")
        self.wfile.write(head + b"\r\n\r\n" + body)

    def _send_stream(self, answer: MockResponse, reader: Subscription) -> None:
        is_chunked = self.request_version == "HTTP/1.1"
        self.close_connection = self.close_connection or not is_chunked
        try:
            self._send_head(answer, (("transfer-encoding", "chunked"),) if is_chunked else ())
            for chunk in reader:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if is_chunked else chunk)
            if is_chunked:
                self.wfile.write(b"0\r\n\r\n")
        except DroppedError:  # what was sent still arrives, and then there is no more
            self.close_connection = True
        finally:
            reader.close()

    def _discard_rest(self) -> None:
        """
        Read on for a while what is not wanted.

        A connection that is closed with data unread is reset, and the answer with it.
        """
        self.connection.settimeout(_DISCARD_SECONDS)
        self.connection.shutdown(socket.SHUT_WR)
        left = _MOST_DISCARDED
        while left > 0 and (found := self.connection.recv(1 << 16)):
            left -= len(found)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request that could not even be parsed, and end the connection."""
        del explain
        self.close_connection = True
        self.command = getattr(self, "command", None) or ""
        text = message or self.responses.get(code, ("malformed request",))[0]
        request = MockRequest("", "/")
        self._send(self.responder.refuse(request, code, excerpt(text)))
        self._discard_rest()


def _one_line(value: str) -> str:
    return re.sub(r"[\r\n\0]", " ", value)
