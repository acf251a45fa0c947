"""Swapping documents while threads call and streams are open: nothing lost, wrong or mixed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from mixdyn import Client
from mixdyn.document import Document
from mixdyn.errors import HeldMethodWarning
from tests.loopback import PATIENCE, Exchange, serve

THREADS = 16
STREAMS = 4
SWAPS = 200


def make_document(name: str, url: str) -> Document:
    """Give a document whose every part tells which it is: path, argument, answer and events."""

    def described(media: str, *required: str) -> dict[str, Any]:
        properties = {key: {"type": "string"} for key in required}
        schema = {"type": "object", "properties": properties, "required": [*required]}
        return {"200": {"description": "", "content": {media: {"schema": schema}}}}

    argument = {"name": name, "in": "query", "required": True, "schema": {"type": "string"}}
    event = described("text/event-stream", "event", "data")
    return Document.load(
        {
            "openapi": "3.1.0",
            "info": {"title": "Load", "version": name},
            "servers": [{"url": url}],
            "paths": {
                f"/{name}": {
                    "get": {
                        "operationId": "ask",
                        "tags": ["load"],
                        "parameters": [argument],
                        "responses": described("application/json", name),
                    }
                },
                f"/{name}/events": {
                    "get": {"operationId": "watch", "tags": ["load"], "responses": event}
                },
            },
        }
    )


@pytest.fixture
def server() -> Iterator[Any]:
    """Answer by the document whose path is asked; events come as long as the test wants."""
    swapped = threading.Event()

    def answer(exchange: Exchange) -> None:
        name = exchange.target[1:4]
        if exchange.target.endswith("/events"):
            exchange.start_stream(f"event: {name}\ndata: first\n\n")
            swapped.wait(PATIENCE)
            exchange.send_chunk(f"event: {name}\ndata: last\n\n".encode())
            exchange.send_chunk(b"")
        else:
            exchange.send_json({name: exchange.target.partition("=")[2]})

    with serve(answer) as server:
        server.swapped = swapped  # type: ignore[attr-defined]
        try:
            yield server
        finally:
            swapped.set()


def ask(api: Any, failures: list[BaseException], done: threading.Event, counts: list[int]) -> None:
    """Call as either document wants it; a signature that changes in between is a TypeError."""
    count = 0
    try:
        while not done.is_set() or count < 20:
            namespace = api.load
            name = "new" if "new" in str(namespace.ask.__signature__) else "old"
            token = f"{threading.get_ident()}-{count}"
            try:
                result = namespace.ask(**{name: token})
            except TypeError:  # the document changed between the look and the call
                continue
            assert result.to_dict() == {name: token}
            count += 1
    except BaseException as error:  # noqa: BLE001  # told by the main thread
        failures.append(error)
    counts.append(count)


def test_swaps_under_load(server: Any) -> None:
    """16 threads call and 4 streams are open while the document changes 200 times."""
    documents = [make_document(name, server.url) for name in ("old", "new")]
    failures: list[BaseException] = []
    counts: list[int] = []
    done = threading.Event()
    with Client(documents[0], retry_config=None) as api, warnings.catch_warnings():
        # A call during which the document changes may be by a method that was just taken.
        warnings.simplefilter("ignore", HeldMethodWarning)
        streams = [(api.load.watch(), "old")]
        threads = [
            threading.Thread(target=ask, args=(api, failures, done, counts)) for _ in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for i in range(1, SWAPS + 1):
            assert api.use_spec(documents[i % 2])
            if len(streams) < STREAMS:
                streams.append((api.load.watch(), ("old", "new")[i % 2]))
        done.set()
        for thread in threads:
            thread.join(PATIENCE)
        server.swapped.set()
        for stream, name in streams:
            with stream:
                assert [(event.event, event.data) for event in stream] == [
                    (name, "first"),
                    (name, "last"),
                ]
    assert failures == []
    assert len(counts) == THREADS
    asked = [exchange for exchange in server.exchanges if "=" in exchange.target]
    assert len(asked) == sum(counts)
    assert all(e.target[1:4] == e.target.partition("?")[2][:3] for e in asked)
