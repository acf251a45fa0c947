"""`mixdyn call` of event streams: a line each, and every way in which they end."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from mixdyn.tools import cli
from tests import loopback
from tests.documents import answers, param
from tests.loopback import Exchange
from tests.terminal import MIXDYN, environment, on_terminal
from tests.test_cli import run, write_document
from tests.things import PATHS, SCHEMAS


@pytest.fixture
def things(tmp_path: Path) -> str:
    """Write the document of the API of things."""
    return write_document(tmp_path, PATHS, components={"schemas": SCHEMAS})


def call(capsys: pytest.CaptureFixture[str], url: str, *words: str) -> tuple[int, str, str]:
    """Call an operation of a server."""
    return run(capsys, "call", "--server", url, *words)


EVENTS = (
    'event: tick\ndata: {"n": 1}\n\n',
    'event: tick\ndata: {"n": "odd"}\n\n',
    "event: tock\ndata: x\x1b[31m\u202e\n\n",
)


def stream(*events: str) -> Any:
    """Give what answers with events and ends."""

    def answer(exchange: Exchange) -> None:
        exchange.start_stream(*events)
        exchange.send(b"0\r\n\r\n")

    return answer


def test_events_are_printed_line_by_line(things: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each event is one line of JSON; what does not fit is told once, and comes all the same."""
    with loopback.serve(stream(*EVENTS)) as server:
        code, out, err = call(capsys, server.url, "things.watch", "--spec", things)
    assert code == 0
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["data"] for event in events] == [{"n": 1}, {"n": "odd"}, "x\x1b[31m\u202e"]
    assert "\u202e" not in out
    assert "does not fit" in err


def test_strict_events_end_nothing(things: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In mode `strict` an event that does not fit is an error, the others come, the code is 4."""
    with loopback.serve(stream(*EVENTS)) as server:
        words = ("things.watch", "--spec", things, "--validate", "strict")
        code, out, err = call(capsys, server.url, *words)
    assert code == cli.INVALID_RESPONSE
    assert len(out.splitlines()) == 2
    assert err.startswith("mixdyn: things.watch")


def test_until_ends_a_stream(things: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--until` stops after the first event of such a name; one that never comes is told."""
    with loopback.serve(stream(*EVENTS)) as server:
        words = ("things.watch", "--spec", things, "--until")
        code, out, _ = call(capsys, server.url, *words, "tock,tick")
        assert (code, len(out.splitlines())) == (0, 1)
        code, _, err = call(capsys, server.url, *words, "never")
    assert code == cli.NO_CONNECTION
    assert "the stream ended before never came" in err
    assert "--until: the document has no event 'never'" in err


def test_until_suggests_the_right_name(things: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An event that the document does not list is waited for, with a hint."""
    with loopback.serve(stream(*EVENTS)) as server:
        words = ("things.watch", "--spec", things, "--until", "tik,tick")
        code, _, err = call(capsys, server.url, *words)
    assert code == 0
    assert "Did you mean 'tick'?" in err


def test_reconnect_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--reconnect` opens a stream that ended again, with the id of its last event."""
    seen: list[str | None] = []

    def answer(exchange: Exchange) -> None:
        seen.append(exchange.headers.get("last-event-id"))
        if len(seen) > 2:
            exchange.send_head(204, "text/plain", "Content-Length: 0")
            return
        exchange.start_stream(f"retry: 1\nid: {len(seen)}\ndata: {len(seen)}\n\n")
        exchange.send(b"0\r\n\r\n")

    operation = answers(
        {}, media="text/event-stream", parameters=[param("Last-Event-ID", "header")]
    )
    spec = write_document(tmp_path, {"/x": {"get": {"operationId": "x", **operation}}})
    with loopback.serve(answer) as server:
        code, out, _ = call(capsys, server.url, "x", "--spec", spec, "--reconnect")
    assert code == 0
    assert [json.loads(line)["data"] for line in out.splitlines()] == [1, 2]
    assert seen == [None, "1", "2"]


def waiting(began: threading.Event) -> Any:
    """Give what sends one event, and then waits until the client hangs up."""

    def answer(exchange: Exchange) -> None:
        exchange.start_stream(EVENTS[0])
        began.set()
        exchange.stay()

    return answer


def test_a_closed_pipe_ends_a_stream_quietly(things: str) -> None:
    """When the reader goes away a waiting stream is closed, silently, with exit code 0."""
    with loopback.serve(waiting(threading.Event())) as server:
        words = (*MIXDYN, "call", "things.watch", "--spec", things, "--server", server.url)
        pipe = subprocess.PIPE
        with subprocess.Popen(words, stdout=pipe, stderr=pipe, env=environment()) as process:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["event"] == "tick"
            process.stdout.close()
            assert server.exchanges[0].closed.wait(loopback.PATIENCE)
            assert process.stderr is not None
            assert process.stderr.read() == b""
            assert process.wait(loopback.PATIENCE) == 0


def test_a_closed_pipe_ends_output_quietly(things: str) -> None:
    """A reader that goes away before the answer came is no error either."""
    with loopback.serve(
        lambda exchange: exchange.send_json([{"name": "x" * 1000}] * 1000)
    ) as server:
        words = (*MIXDYN, "call", "things.list", "--spec", things, "--server", server.url)
        ours, theirs = os.pipe()
        os.close(ours)
        done = subprocess.run(
            words, stdout=theirs, stderr=subprocess.PIPE, env=environment(), check=False
        )
        os.close(theirs)
    assert (done.returncode, done.stderr) == (0, b"")


def test_ctrl_c_ends_a_stream(things: str) -> None:
    """Ctrl-C on the terminal closes the stream, without a traceback: exit code 130."""
    with loopback.serve(waiting(threading.Event())) as server:
        words = (*MIXDYN, "call", "things.watch", "--spec", things, "--server", server.url)
        with on_terminal(*words) as terminal:
            assert "\x1b[" in terminal.expect("tick")
            terminal.interrupt()
            code, text = terminal.end()
        assert server.exchanges[0].closed.wait(loopback.PATIENCE)
    assert code == cli.INTERRUPTED
    assert "Traceback" not in text
