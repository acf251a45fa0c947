"""
Large files up and down over loopback, against httpx doing the same: time, CPU time, peak memory.

Every transfer has a process of its own; the server is another one, and leaves the work to the
kernel where it can.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from tests.benchmarks.measure import Row

MEGABYTE = 1 << 20
MEMORY_LIMIT = 16 * MEGABYTE

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


class Cost(NamedTuple):
    """What one transfer took: seconds, seconds of CPU time, bytes of memory above the base."""

    seconds: float
    cpu: float
    memory: float


def measure_transfers(megabytes: int, rounds: int) -> list[Row]:
    """Compare both directions, ours and httpx's in turns."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.writelines(os.urandom(MEGABYTE) for _ in range(megabytes))
        with run_server(path) as url:
            rows = []
            for direction in ("download", "upload"):
                rows += compare_costs(
                    f"{direction} of {megabytes} MB", direction, url, path, rounds
                )
            return rows


def compare_costs(name: str, direction: str, url: str, path: str, rounds: int) -> list[Row]:
    """Give the rows of one direction."""
    sides = ("mixdyn", "httpx")
    run_client("mixdyn", direction, url, path)  # the file is in the page cache from here on
    pairs = [[run_client(side, direction, url, path) for side in sides] for _ in range(rounds)]
    ours, theirs = zip(*pairs, strict=True)
    used = statistics.median(cost.memory for cost in ours)
    other = statistics.median(cost.memory for cost in theirs)
    baseline = f"16 MB (httpx {other / MEGABYTE:.1f} MB)"
    return [
        divide(f"{name}, time", "httpx", pairs, lambda cost: cost.seconds, 1.11),
        divide(f"{name}, CPU time", "httpx", pairs, lambda cost: cost.cpu, 1.1),
        Row(
            f"{name}, peak memory ({used / MEGABYTE:.1f} MB)",
            baseline,
            used / MEMORY_LIMIT,
            min(cost.memory for cost in ours) / MEMORY_LIMIT,
            max(cost.memory for cost in ours) / MEMORY_LIMIT,
            1.0,
        ),
    ]


def divide(
    name: str,
    baseline: str,
    pairs: list[list[Cost]],
    what: Callable[[Cost], float],
    limit: float,
) -> Row:
    """Give the median ratio of one kind of cost: of each pair, since disks have their moods."""
    ratios = sorted(what(ours) / what(theirs) for ours, theirs in pairs)
    cut = len(ratios) // 5
    return Row(name, baseline, statistics.median(ratios), ratios[cut], ratios[-1 - cut], limit)


def run_client(side: str, direction: str, url: str, path: str) -> Cost:
    """Do one transfer in a fresh process, without what the one before has left on disk."""
    with suppress(FileNotFoundError):
        os.unlink(f"{path}.copy")
    command = [sys.executable, "-m", __spec__.name, side, direction, url, path]
    # With byte code, as pip installs it.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=environment)
    return Cost(*json.loads(done.stdout))


def transfer(side: str, direction: str, url: str, path: str) -> Cost:
    """Do one transfer in this process, after a small call."""
    call, once = _open_mixdyn(url) if side == "mixdyn" else _open_httpx(url)
    once()
    gc.collect()
    base = _reset_peak()
    began, cpu = time.perf_counter(), time.process_time()
    call(direction, path)
    cost = time.perf_counter() - began, time.process_time() - cpu
    return Cost(*cost, _peak() - base)


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
def run_server(path: str) -> Iterator[str]:
    """Run the server in a process of its own, for the length of a block."""
    command = [sys.executable, "-m", __spec__.name, "serve", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
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


def main() -> None:
    """Be the server or a client, as `measure_transfers` asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=("serve", "mixdyn", "httpx"))
    parser.add_argument("arguments", nargs="+")
    options = parser.parse_args()
    if options.role == "serve":
        serve(*options.arguments)
    else:
        print(json.dumps(transfer(options.role, *options.arguments)))


if __name__ == "__main__":
    main()
