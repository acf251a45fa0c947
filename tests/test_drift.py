"""What a client has seen that its document does not say."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from mixdyn import Client
from mixdyn.drift import MAX_KINDS, Drift, Finding
from mixdyn.errors import MixError, Problem, ResponseValidationError
from mixdyn.misfit import NEW_EVENT, NEW_PROPERTY, NEW_VALUE, Misfit, make_misfit, settle

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def misfit(kind: str = "type", pointer: str = "/a", got: str = "string x") -> Misfit:
    """Make a finding."""
    made = make_misfit("$", "told", kind=kind, pointer=pointer, expected="type integer", got=got)
    return settle((made,), "200")[0]


def clock() -> Any:
    """Give a clock that goes on by a minute each time."""
    times = (START + timedelta(minutes=i) for i in range(10_000))
    return lambda: next(times)


def test_each_kind_once() -> None:
    """Findings of one kind are counted; the first of each is given back."""
    drift = Drift(clock())
    assert drift.add("things.list", [misfit(), misfit(got="null")]) == (misfit(),)
    assert drift.add("things.list", [misfit()]) == ()
    assert drift.add("things.get", [misfit()]) == (misfit(),)
    first, second = drift
    wanted = (
        "things.list",
        "200",
        "/a",
        "type",
        "type integer",
        "string x, null",
        2,
        START,
        "warn",
    )
    assert first == Finding(*wanted)
    assert (second.operation, second.count) == ("things.get", 1)
    assert second.first_seen == START + timedelta(minutes=1)


def test_examples() -> None:
    """Of what came, a few different ones are kept."""
    drift = Drift()
    for i in range(20):
        drift.add("x", [misfit(NEW_VALUE, got=f"'{i % 10}'")])
    assert drift[0].got == "'0', '1', '2', '3', '4', …"
    assert drift[0].count == 20
    assert drift[0].level == "info"


def test_plain_problems() -> None:
    """A problem without parts is taken by its message."""
    drift = Drift()
    drift.add("x", [Problem("$", "something is wrong")])
    assert (drift[0].kind, drift[0].expected, drift[0].got) == ("", "", "something is wrong")


def test_most_important_first() -> None:
    """What does not fit stands before what is new, and what is frequent before what is rare."""
    drift = Drift(clock())
    for kind, times in [
        (NEW_PROPERTY, 9),
        (NEW_EVENT, 1),
        (NEW_VALUE, 3),
        ("type", 1),
        ("enum", 2),
    ]:
        for _ in range(times):
            drift.add("x", [misfit(kind)])
    assert [each.kind for each in drift] == ["enum", "type", NEW_EVENT, NEW_VALUE, NEW_PROPERTY]
    assert [each.level for each in drift[:3]] == ["warn", "warn", "info"]
    assert drift[-1].count == 9


def test_bounded() -> None:
    """A server that errs in ever new ways fills no memory; what is dropped is counted."""
    drift = Drift()
    for i in range(MAX_KINDS + 5):
        drift.add("x", [misfit(pointer=f"/{i}", got="y" * 1000)])
    assert (len(drift), drift.dropped) == (MAX_KINDS, 5)
    assert len(drift[0].got) == 120
    shown = " ".join(repr(drift).split())
    assert "950 more" in shown
    assert shown.endswith("5 findings of further kinds dropped")
    drift.clear()
    assert (len(drift), drift.dropped, list(drift)) == (0, 0, [])


def test_rows() -> None:
    """Findings are rows for tables of any kind."""
    drift = Drift(clock())
    drift.add("x", [misfit()])
    assert isinstance(drift, Sequence)
    assert drift.to_dicts() == [
        {
            "operation": "x",
            "place": "200",
            "pointer": "/a",
            "kind": "type",
            "expected": "type integer",
            "got": "string x",
            "count": 1,
            "first_seen": START,
            "level": "warn",
        }
    ]


def test_copies() -> None:
    """A copy and a pickle have the findings so far, and counts of their own."""
    drift = Drift(clock())
    drift.add("x", [misfit()])
    for other in (copy.copy(drift), copy.deepcopy(drift), pickle.loads(pickle.dumps(drift))):
        assert list(other) == list(drift)
        other.add("x", [misfit()])
        assert (other[0].count, drift[0].count) == (2, 1)


def test_page() -> None:
    """It shows as a table fitted to the terminal, and as HTML, without escapes of others."""
    drift = Drift(clock())
    assert repr(drift) == "No drift seen"
    assert str(drift) == "<Drift: 0 kinds of drift>"
    drift.add("things.list", [misfit(got="string \x1b[31m<b>"), misfit(NEW_EVENT, "", "")])
    drift.add("things.list", [misfit()])
    text = drift._page().text(80)
    assert text.startswith("What a newer document would have to say\n")
    assert "things.list 200" in text
    assert "2x" in text
    assert "type at /a: expected type integer, got string \\x1b[31m<b>, string x" in " ".join(
        text.split()
    )
    assert text.endswith("2 kinds of drift")
    assert max(map(len, text.splitlines())) <= 80
    html = drift._repr_html_()
    assert "\x1b" not in html + text
    assert "&lt;b&gt;" in html
    assert str(drift) == "<Drift: 2 kinds of drift>"


def test_threads() -> None:
    """Nothing is lost where many threads find the same."""
    drift = Drift()

    def find() -> None:
        for i in range(500):
            drift.add("x", [misfit(pointer=f"/{i % 7}")])

    threads = [threading.Thread(target=find) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each.count for each in drift) == 4000
    assert len(drift) == 7


ITEM = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "state": {"enum": ["on", "off"]},
        "names": {"type": "object", "additionalProperties": {"type": "string"}},
        "password": {"type": "integer"},
    },
    "required": ["id"],
}
LIST = {"type": "array", "items": ITEM}
SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "T", "version": "1"},
    "servers": [{"url": "https://api.test"}],
    "paths": {
        "/items": {
            "get": {
                "operationId": "listItems",
                "tags": ["items"],
                "responses": {
                    "200": {"content": {"application/json": {"schema": LIST}}, "description": ""},
                    "404": {"content": {"application/json": {"schema": ITEM}}, "description": ""},
                },
            }
        },
        "/events": {
            "get": {
                "operationId": "watch",
                "tags": ["items"],
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "text/event-stream": {
                                "schema": {
                                    "oneOf": [
                                        {
                                            "type": "object",
                                            "properties": {
                                                "event": {"const": "item"},
                                                "data": ITEM,
                                            },
                                            "required": ["event", "data"],
                                        },
                                        {
                                            "type": "object",
                                            "properties": {
                                                "event": {"const": "end"},
                                                "data": {},
                                            },
                                            "required": ["event", "data"],
                                        },
                                    ]
                                }
                            }
                        },
                    }
                },
            }
        },
    },
}


class Server:
    """Answers what a test puts there."""

    def __init__(self, value: Any = (), status: int = 200, kind: str = "application/json") -> None:
        self.content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.status, self.kind = status, kind

    def __call__(self, _: httpx.Request) -> httpx.Response:
        """Give the answer."""
        headers = {"content-type": self.kind}
        return httpx.Response(self.status, headers=headers, content=self.content)


def make(server: Server, validate: Any = "warn", **options: Any) -> Any:
    """Make a client of a server."""
    transport = httpx.Client(transport=httpx.MockTransport(server))
    return Client(SPEC, client=transport, validate=validate, **options)


def seen(client: Any) -> list[tuple[str, ...]]:
    """List what a client has seen."""
    drift = client._settings.watch.drift
    return [(f.operation, f.place, f.pointer, f.kind, f.expected, f.got) for f in drift]


def test_answers(caplog: pytest.LogCaptureFixture) -> None:
    """Each kind in an answer is noted once, and told in the log once for the client."""
    items = [{"id": str(i), "state": "idle", "names": {f"k{i}": 5}} for i in range(10_000)]
    server = Server([*items[:5], {"state": "on"}, *items[5:]])
    client = make(server)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            client.items.list_items()
        client.with_options(timeout_ms=1000).items.list_items()
    name = "items.list_items"
    got = "string '0', string '1', string '2', string '3', string '4', …"
    assert sorted(seen(client)) == [
        (name, "200", "/*/id", "required", "a value", "nothing"),
        (name, "200", "/*/id", "type", "type integer", got),
        (name, "200", "/*/names/*", "type", "type string", "integer 5"),
        (name, "200", "/*/state", "enum", "enum ['on', 'off']", "string idle"),
    ]
    assert len(caplog.records) == 1
    assert {each.count for each in client._settings.watch.drift} == {4}


def test_strict(caplog: pytest.LogCaptureFixture) -> None:
    """In mode `strict` it is raised, and noted all the same; in mode `off` nobody looks."""
    client = make(Server([{"id": "x"}]), "strict")
    with pytest.raises(ResponseValidationError):
        client.items.list_items()
    assert [each[2:4] for each in seen(client)] == [("/*/id", "type")]
    client = make(Server([{"id": "x"}]), "off")
    client.items.list_items()
    assert seen(client) == []
    assert caplog.records == []


def test_secrets() -> None:
    """Neither secrets by their name nor the call's own credentials show."""
    client = make(Server([{"id": "tok-s3cret", "password": "pw-s3cret", "new": "s3cret"}]))
    client.items.list_items(http_headers={"authorization": "Bearer tok-s3cret"})
    found = seen(client)
    assert len(found) == 2
    assert "s3cret" not in str(found)


@pytest.mark.parametrize(
    ("server", "wanted"),
    [
        (Server([{"id": 1, "more": 2}]), ("200", "/*/more", "new property", "integer")),
        (Server(b"", 200), ("200", "", "body", "an empty body")),
        (Server(b"hi", 200, "text/plain"), ("200", "", "media type", "200 text/plain")),
        (Server({}, 201), ("201", "", "status", "201 application/json")),
        (Server(b"", 202, ""), ("202", "", "status", "202")),
        (Server({"error": "x"}, 418), ("418", "", "new status", "418 application/json")),
        (Server({"id": None}, 404), ("404", "/id", "type", "null")),
        (Server(b"{", 200), ("200", "", "json", "Expecting property name")),
    ],
)
def test_kinds(server: Server, wanted: tuple[str, ...]) -> None:
    """All ways in which an answer differs are noted."""
    client = make(server)
    try:
        client.items.list_items()
    except MixError:
        assert server.status >= 400 or server.content == b"{"
    ((_, *found),) = seen(client)
    place, pointer, kind, _, got = found
    assert (place, pointer, kind) == wanted[:3]
    assert got.startswith(wanted[3])


@pytest.mark.parametrize(
    "server",
    [
        Server({"id": 1}, 404),
        Server(b"<html>", 404, "text/html"),
        Server(b"{", 404),
        Server(b"", 404),
    ],
)
def test_errors_as_documented(server: Server) -> None:
    """An error of the document's form is no drift, nor is one that somebody else has made."""
    client = make(server)
    with pytest.raises(MixError):
        client.items.list_items()
    assert seen(client) == []


def test_answers_as_documented() -> None:
    """An answer as the document has it leaves nothing."""
    client = make(Server([{"id": 1, "state": "on", "names": {"a": "b"}}]))
    client.items.list_items()
    assert seen(client) == []


def test_errors_unchecked() -> None:
    """In mode `off` errors are not looked into either."""
    client = make(Server({}, 418), "off")
    with pytest.raises(MixError):
        client.items.list_items()
    assert seen(client) == []


def test_events() -> None:
    """Events are noted by their type: what does not fit, what is tolerated, and what is unknown."""
    events = [
        ("item", {"id": 1, "state": "on"}),
        ("item", {"id": "x"}),
        ("item", {"id": 1, "state": "idle", "more": 1}),
        ("surprise", {}),
    ]
    content = "".join(
        f"event: {name}\nid: 7\ndata: {json.dumps(data)}\n\n" for name, data in events
    )
    client = make(Server(content.encode() * 2, kind="text/event-stream"))
    with client.items.watch() as stream:
        assert len([event.problems for event in stream if event.problems]) == 2
    assert [each[1:4] for each in seen(client)] == [
        ("event item", "/data/id", "type"),
        ("event surprise", "", "new event"),
        ("event item", "/data/state", "new value"),
        ("event item", "/data/more", "new property"),
    ]
    assert {each.count for each in client._settings.watch.drift} == {2}


def test_nothing_is_loaded_without_drift() -> None:
    """The module comes with the first finding, or with the first look."""
    code = (
        "import sys, mixdyn; m = mixdyn.Mix(); print('mixdyn.drift' in sys.modules); "
        "d = m._settings.watch.drift; print(d is m._settings.watch.drift, len(d))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True", "0"]
