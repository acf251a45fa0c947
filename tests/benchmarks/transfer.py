"""
Row 14: large files up and down over loopback, against httpx doing the same: CPU time, peak memory.

Every transfer has a process of its own; the server is another one, and leaves the work to the
kernel where it can.
"""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from tests.benchmarks.measure import Benchmark, Figures, Line, Scale, Sides
from tests.benchmarks.process import ROOT, run_fresh

MEGABYTE = 1 << 20

_BINARY = {"type": "string", "format": "binary"}
_OBJECT = {"application/json": {"schema": {"type": "object"}}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Transfers", "version": "1"},
    "paths": {
        "/small": {
            "get": {
                "operationId": "small",
                "responses": {"200": {"description": "An answer.", "content": _OBJECT}},
            }
        },
        "/file": {
            "get": {
                "operationId": "download",
                "responses": {
                    "200": {
                        "description": "A file.",
                        "content": {"application/octet-stream": {"schema": _BINARY}},
                    }
                },
            },
            "post": {
                "operationId": "upload",
                "requestBody": {
                    "required": True,
                    "content": {
                        "multipart/form-data": {
                            "schema": {"type": "object", "properties": {"file": _BINARY}}
                        }
                    },
                },
                "responses": {"200": {"description": "Taken.", "content": _OBJECT}},
            },
        },
    },
}


@contextmanager
def _open(direction: str, scale: Scale) -> Generator[Sides]:
    """Compare both sides in one direction; each gives CPU seconds, seconds, MB above the base."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.writelines(os.urandom(MEGABYTE) for _ in range(scale.megabytes))
        with run_server(path) as url:
            yield (
                lambda: run_client("mixdyn", direction, url, path),
                lambda: run_client("httpx", direction, url, path),
            )


def run_client(side: str, direction: str, url: str, path: str) -> Figures:
    """Do one transfer in a fresh process, without what the one before has left on disk."""
    with suppress(FileNotFoundError):
        os.unlink(f"{path}.copy")
    arguments = (side, direction, url, path)
    return run_fresh(f"from {__name__} import transfer; print(*transfer{arguments!r})")


def transfer(side: str, direction: str, url: str, path: str) -> Figures:
    """Do one transfer in this process, after a small call."""
    call, once = _open_mixdyn(url) if side == "mixdyn" else _open_httpx(url)
    once()
    gc.collect()
    base = _reset_peak()
    began, cpu = time.perf_counter(), time.process_time()
    call(direction, path)
    cost = time.process_time() - cpu, time.perf_counter() - began
    return *cost, (_peak() - base) / MEGABYTE


def _open_mixdyn(url: str) -> tuple[Callable[[str, str], None], Callable[[], Any]]:
    from mixdyn import Client

    api: Any = Client(DOCUMENT, server_url=url)

    def call(direction: str, path: str) -> None:
        if direction == "download":
            api.download().save(f"{path}.copy")
        else:
            with open(path, "rb") as file:
                api.upload(file=file)

    return call, api.small


def _open_httpx(url: str) -> tuple[Callable[[str, str], None], Callable[[], Any]]:
    import httpx

    client = httpx.Client(timeout=60)

    def call(direction: str, path: str) -> None:
        if direction == "download":
            with (
                client.stream("GET", f"{url}/file") as response,
                open(f"{path}.copy", "wb") as file,
            ):
                file.writelines(response.iter_bytes())
        else:
            with open(path, "rb") as file:
                client.post(f"{url}/file", files={"file": file}).json()

    return call, lambda: client.get(f"{url}/small").json()


def _reset_peak() -> int:
    """Let the kernel forget the peak so far, where it can; give the memory in use."""
    with suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return _peak()


def _peak() -> int:
    with open("/proc/self/status") as file:
        return int(file.read().split("VmHWM:")[1].split()[0]) * 1024


@contextmanager
def run_server(path: str) -> Generator[str]:
    """Run the server in a process of its own, for the length of a block."""
    command = [sys.executable, "-m", __name__, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def serve(path: str) -> None:
    """Answer every request, and never end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=_answer, args=(sock, path), daemon=True).start()


def _answer(sock: socket.socket, path: str) -> None:
    data = b""
    with sock, suppress(ConnectionError):
        while chunk := sock.recv(65536):
            data += chunk
            head, end, rest = data.partition(b"\r\n\r\n")
            if not end:
                continue
            _discard(sock, head, len(rest))
            if head.startswith(b"GET /file"):
                _send_file(sock, path)
            else:
                _send_head(sock, "application/json", 2)
                sock.sendall(b"{}")
            data = b""


def _discard(sock: socket.socket, head: bytes, size: int) -> None:
    """Read a request's body and forget it."""
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    left = int(fields.get(b"content-length", 0)) - size
    buffer = bytearray(MEGABYTE)
    while left > 0:
        left -= sock.recv_into(buffer, min(left, MEGABYTE))


def _send_file(sock: socket.socket, path: str) -> None:
    with open(path, "rb") as file:
        _send_head(sock, "application/octet-stream", os.path.getsize(path))
        sock.sendfile(file)


def _send_head(sock: socket.socket, kind: str, size: int) -> None:
    sock.sendall(
        f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {size}\r\n\r\n".encode()
    )


def _lines(name: str, baseline: str) -> tuple[Line, ...]:
    return (
        Line("14", f"{name}, CPU time", baseline, 1.0),
        Line("14", f"{name}, time", baseline, None),
        Line("14", f"{name}, peak memory above base", "", 8, "MB"),
    )


BENCHMARKS = [
    Benchmark(
        _lines("512 MB up, multipart", "httpx, files="),
        partial(_open, "upload"),
        rounds=11,
        wants="megabytes",
    ),
    Benchmark(
        _lines("512 MB down, to a file", "httpx, iter_bytes"),
        partial(_open, "download"),
        rounds=11,
        wants="megabytes",
    ),
]

if __name__ == "__main__":
    serve(sys.argv[1])
