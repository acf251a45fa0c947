"""A stand-in that is given another document while it runs: what is kept, shown and told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import httpx
import pytest

from mixdyn import Client, Mix
from mixdyn.document import Document
from mixdyn.errors import DocumentError
from mixdyn.tools.mock import Mock, MockServer, serve, serve_forever
from mixdyn.tools.mock.hangup import on_hangup
from mixdyn.tools.mock.server import Server
from tests.apis import (
    MIX,
    NOW,
    PET,
    answers,
    ask,
    content,
    document,
    parameter,
    pets,
    ref,
    value_of,
)
from tests.editions import ENUM, EVENT, FIELD, newer
from tests.loopback import PATIENCE
from tests.process import send_signal

PUBLISHED = Path(__file__).parent.parent.parent / "shared" / "mix-api"
NEWER = Document.load(newer())
BUNDLED = Document.load(MIX)
THREADS, STREAMS, SWAPS = 8, 4, 40


@pytest.fixture
def server() -> Iterator[MockServer]:
    """Run a stand-in of the bundled document."""
    with serve(BUNDLED, heartbeat_s=None) as running:
        yield running


def names_of(events: Any) -> list[str]:
    """Read the types of a message's events, up to its end."""
    names = []
    for event in events:
        names.append(event.event)
        if event.event == "complete":
            break
    return names


# What is kept.


def test_what_was_created_is_kept(server: MockServer) -> None:
    """Sessions, files and messages outlive the swap, and the numbers go on."""
    with Mix(server_url=server.url) as mix:
        session = mix.sessions.create(title="kept")
        mix.files.upload_session_file(id=session.id, file=("a.txt", b"kept"))
        mix.messages.send(id=session.id, text="kept", apps=[], media=[], plan_mode=False)
        server.use_spec(NEWER)
        assert [s.title for s in mix.sessions.list()] == ["kept"]
        assert mix.files.get_session_file(id=session.id, filename="a.txt").read() == b"kept"
        assert len(mix.messages.list_session(id=session.id)) == 1
        assert mix.sessions.create(title="next").id == "session-0002"


def test_what_a_document_does_not_know_comes_back_with_one_that_does() -> None:
    """Nothing is forgotten: it is only not shown while the document has no place for it."""
    served, bare = pets(), document({"/cats": {"get": {"responses": answers()}}})
    before = served.api.document
    ask(served, "POST", "/pets", {"id": 0, "name": "Rex"})
    served.use_spec(bare)
    assert ask(served, "GET", "/pets").status == 404
    served.use_spec(before)
    assert [pet["name"] for pet in value_of(ask(served, "GET", "/pets"))] == ["Rex"]


def test_things_are_found_under_other_names_of_parameter_and_identifier() -> None:
    """A path's shape counts, not what its parameters are called; an id is kept as another."""
    before = store("petId", "id")
    served = Mock(before, clock=lambda: NOW)
    made = value_of(ask(served, "POST", "/pets", {"name": "Rex"}), 201)
    served.use_spec(store("pet", "pet_id"))
    shown = value_of(ask(served, "GET", f"/pets/{made['id']}"))
    assert (shown["pet_id"], shown["name"]) == (made["id"], "Rex")


def store(name: str, identifier: str) -> dict[str, Any]:
    """A document of pets, with the names that parameter and identifier have."""
    properties = {identifier: {"type": "string", "readOnly": True}, "name": {"type": "string"}}
    pet = {**PET, "required": [identifier, "name"], "properties": properties}
    paths = {
        "/pets": {
            "post": {"requestBody": content(ref("Pet")), "responses": answers(ref("Pet"), "201")}
        },
        f"/pets/{{{name}}}": {
            "parameters": [parameter(name, "path")],
            "get": {"responses": answers(ref("Pet"))},
        },
    }
    error = {"type": "object", "properties": {"code": {}, "message": {}}}
    return document(paths, {"Pet": pet, "Error": error})


def test_an_open_stream_goes_on(server: MockServer) -> None:
    """Who listens since before the swap hears what is sent after it, new types included."""
    with Mix(server_url=server.url, validate={"events": "off"}) as mix:
        session = mix.sessions.create(title="a")
        with mix.streaming.stream_events(session_id=session.id) as events:
            mix.streaming.send_streaming_message(id=session.id, content="one")
            assert EVENT not in names_of(events)
            server.use_spec(NEWER)
            mix.streaming.send_streaming_message(id=session.id, content="two")
            assert EVENT in names_of(events)
            server.use_spec(BUNDLED)
            mix.streaming.send_streaming_message(id=session.id, content="three")
            assert EVENT not in names_of(events)


def test_a_document_that_cannot_be_read_changes_nothing(server: MockServer) -> None:
    """The server goes on with what it has."""
    deep: Any = {}
    for _ in range(5_000):
        deep = {"x": deep}
    odd = Document({"openapi": "3.1.0", "x": deep}, os.devnull)
    for bad in ("no such file", {"openapi": "2.0"}, "{", odd):
        with pytest.raises(DocumentError):
            server.use_spec(bad)
        assert server.mock.api.document is BUNDLED
    assert httpx.get(f"{server.url}/health").status_code == 200


# What is shown.


def test_answers_show_what_is_new() -> None:
    """A new optional property, a new value of an enum and a new operation: all occur, always."""
    served = Mock(BUNDLED, clock=lambda: NOW)
    made = value_of(ask(served, "POST", "/api/sessions", {"title": "a"}), 201)
    assert FIELD not in made
    assert ENUM not in str(ask(served, "GET", "/api/auth/validate").body)
    assert ENUM not in str(ask(served, "GET", "/api/auth/status").body)
    served.use_spec(NEWER)
    for _ in range(2):
        assert FIELD in value_of(ask(served, "GET", f"/api/sessions/{made['id']}"))
        assert value_of(ask(served, "GET", "/api/auth/validate"))["auth_method"] == ENUM
        statuses = value_of(ask(served, "GET", "/api/auth/status"))["providers"].values()
        assert {status["auth_method"] for status in statuses} == {ENUM}
    assert value_of(ask(served, "POST", f"/api/sessions/{made['id']}/pin"))["id"] == made["id"]
    assert ask(served, "POST", f"/api/sessions/{made['id']}/fork").status == 404
    assert ask(served, "GET", "/api/sessions?pinned=true").status == 200


def test_a_stand_in_made_ahead_shows_what_is_new() -> None:
    """With an older edition beside it, a newer document shows the same from the start."""
    plain, ahead = Mock(NEWER), Mock(NEWER, older=MIX)
    for served, is_ahead in ((plain, False), (ahead, True)):
        made = value_of(ask(served, "POST", "/api/sessions", {"title": "a"}), 201)
        assert (FIELD in made) == is_ahead
        assert (ENUM in str(ask(served, "GET", "/api/auth/validate").body)) == is_ahead


def test_clients_of_the_older_document_meet_drift(server: MockServer) -> None:
    """What a server that moved ahead says is understood by no older document, and by the newer."""
    server.use_spec(NEWER)
    with Mix(server_url=server.url, validate="strict") as old:
        session = old.sessions.create(title="a")
        assert session[FIELD] is not None
        with pytest.raises(Exception, match=ENUM):
            old.authentication.validate_preferred_provider()
        with pytest.raises(Exception, match="404"):
            old.sessions.fork(id=session.id, message_index=1)
    with Mix(spec=NEWER.root, server_url=server.url, validate="strict") as new:
        assert new.sessions.pin(id=session.id).id == session.id
        assert new.authentication.validate_preferred_provider().auth_method == ENUM
        with new.streaming.stream_events(session_id=session.id) as events:
            new.streaming.send_streaming_message(id=session.id, content="one")
            assert EVENT in names_of(events)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published editions are not here")
@pytest.mark.parametrize(("old", "new"), [("0.4.5", "0.5.3"), ("0.5.3", "0.4.5")])
def test_published_editions_are_swapped(old: str, new: str) -> None:
    """Each way, sessions stay and the client of the new edition finds answers that fit it."""
    first, second = (PUBLISHED / f"mix-{edition}.yaml" for edition in (old, new))
    with serve(first, heartbeat_s=None) as server:
        with Client(first, server_url=server.url) as mix:
            session = mix.sessions.create(title="kept")
        server.use_spec(second)
        with Client(second, server_url=server.url, validate="strict") as mix:
            assert [s.title for s in mix.sessions.list()] == ["kept"]
            with mix.streaming.stream_events(session_id=session.id) as events:
                mix.streaming.send_streaming_message(id=session.id, content="one")
                assert names_of(events)[-1] == "complete"


# The same document again.


def test_reload_reads_the_file_again(tmp_path: Path) -> None:
    """A file that changed is a new edition, also where it is one that the document refers to."""
    path, other = tmp_path / "api.json", tmp_path / "other.json"
    other.write_text(json.dumps({"get": {"responses": answers({"const": 1})}}))
    path.write_text(json.dumps(document({"/a": {"$ref": "other.json"}})))
    served = Mock(path)
    assert not served.reload()
    other.write_text(json.dumps({"get": {"responses": answers({"const": 2})}}))
    assert served.reload()
    assert value_of(ask(served, "GET", "/a")) == 2
    path.write_text("{")
    with pytest.raises(DocumentError):
        served.reload()
    assert value_of(ask(served, "GET", "/a")) == 2
    path.write_text(json.dumps(document({})))
    assert served.reload()
    assert ask(served, "GET", "/a").status == 404


def test_reload_of_what_came_from_nowhere() -> None:
    """Mappings stay as they are; a document knows where it came from; the bundled one is there."""
    assert not Mock(document({})).reload()
    assert not Mock(Document(document({}))).reload()
    assert not Mock(BUNDLED).reload()
    assert not Mock().reload()
    served = Mock()
    served.use_spec(NEWER)
    assert not served.reload()
    assert served.api.document is NEWER


needs_hangup = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP here")

COMMAND = """
import sys
from mixdyn.tools.mock import serve_forever
serve_forever(sys.argv[1], say=lambda text: print(text, flush=True))
"""


@needs_hangup
def test_a_hangup_makes_a_process_read_its_document_again(tmp_path: Path) -> None:
    """SIGHUP tells `mixdyn mock` of a changed file; a broken one is told of and not used."""
    path = tmp_path / "api.json"
    path.write_text(json.dumps(document({})))
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        said = []
        for text in (json.dumps(document({})), json.dumps(document({"/a": {"get": {}}})), "{"):
            path.write_text(text)
            send_signal(process, signal.SIGHUP)
            said.append(process.stdout.readline().strip())
        status = httpx.get(f"{url}/a").status_code
        send_signal(process, signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    assert said[:2] == [
        "Test: read again, nothing has changed",
        "Test: read again, a new edition",
    ]
    assert said[2].startswith("the document cannot be used, the earlier one stays: ")
    assert (status, process.returncode) == (200, 0)


@needs_hangup
def test_what_came_of_a_hangup_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new edition, an old one, and one that cannot be read are told apart."""
    path = tmp_path / "api.json"
    path.write_text(json.dumps(document({})))
    served, said = Mock(path), SimpleQueue[str]()

    def run(_: Server) -> None:
        for text in (path.read_text(), json.dumps(document({"/a": {"get": {}}})), "{"):
            path.write_text(text)
            os.kill(os.getpid(), signal.SIGHUP)
            told.append(said.get(timeout=PATIENCE))

    told: list[str] = []
    monkeypatch.setattr(Server, "run", run)
    serve_forever(served, say=lambda text: said.put(text) if "at http" not in text else None)
    assert told[:2] == ["Test: read again, nothing has changed", "Test: read again, a new edition"]
    assert told[2].startswith("the document cannot be used, the earlier one stays: ")
    assert ask(served, "GET", "/a").status == 200


@needs_hangup
def test_hangups_are_handled_one_after_another() -> None:
    """Each signal counts, in its order, and afterwards the process has its own handler again."""
    done: list[int] = []
    both = threading.Event()

    def act() -> None:
        done.append(threading.get_ident())
        if len(done) == 2:
            both.set()

    before = signal.getsignal(signal.SIGHUP)
    with on_hangup(act):
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        assert both.wait(PATIENCE)
    assert signal.getsignal(signal.SIGHUP) == before
    assert threading.get_ident() not in done


def test_elsewhere_there_are_no_hangups(monkeypatch: pytest.MonkeyPatch) -> None:
    """In other threads, and on platforms without the signal, nothing is listened to."""
    seen: list[bool] = []

    def enter() -> None:
        with on_hangup(lambda: None):
            seen.append(True)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    monkeypatch.delattr(signal, "SIGHUP", raising=False)
    enter()
    assert seen == [True, True]


# Under load.


class Load:
    """Threads that call and listen while the document is swapped; it notes what goes wrong."""

    def __init__(self, server: MockServer) -> None:
        self.server = server
        self.failures: list[str] = []
        self.methods: Counter[str] = Counter()
        self.stop = threading.Event()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.server.url, timeout=PATIENCE)

    def call(self) -> None:
        """Make, look at and delete sessions, and read what differs between the documents."""
        with self.client() as client:
            while not self.stop.is_set():
                made = client.post("/api/sessions", json={"title": "x"})
                path = f"/api/sessions/{made.json()['id']}"
                self.methods[client.get("/api/auth/validate").json()["auth_method"]] += 1
                if client.get(path).json()["title"] != "x" or made.status_code != 201:
                    self.failures.append(f"{made} {made.text}")
                client.delete(path)

    def read(self) -> None:
        """Fetch the document again and again: the one or the other, never a mixture."""
        with self.client() as client:
            while not self.stop.is_set():
                paths = client.get("/doc").json()["paths"]
                if ("/api/sessions/{id}/pin" in paths) == ("/api/sessions/{id}/fork" in paths):
                    self.failures.append("a mixture")

    def listen(self, session_id: str, ready: threading.Event) -> None:
        """Read all events of a session's messages; their numbers tell whether one is lost."""
        with self.client() as client, client.stream("GET", stream_of(session_id)) as stream:
            lines = stream.iter_lines()
            next(lines)
            ready.set()
            found = [int(line[4:]) for line in until_end(lines) if line.startswith("id: ")]
        if found[-1] != len(set(found)) - 1 or found != sorted(found):
            self.failures.append(f"{session_id}: {found[:20]}")


def stream_of(session_id: str) -> str:
    return f"/stream?sessionId={session_id}"


def until_end(lines: Iterator[str]) -> Iterator[str]:
    """Give the lines up to the end of the last message."""
    ends = 0
    for line in lines:
        yield line
        ends += line == "event: complete"
        if ends == SWAPS // STREAMS:
            return


def test_swaps_under_load_lose_nothing(server: MockServer) -> None:
    """While threads call and streams listen, swaps lose, mix and repeat nothing."""
    load = Load(server)
    with load.client() as client:
        made = [client.post("/api/sessions", json={"title": "s"}) for _ in range(STREAMS)]
    heard = [(answer.json()["id"], threading.Event()) for answer in made]
    threads = [threading.Thread(target=load.listen, args=pair) for pair in heard]
    threads += [threading.Thread(target=load.call) for _ in range(THREADS - 1)]
    threads += [threading.Thread(target=load.read)]
    for thread in threads:
        thread.start()
    assert all(ready.wait(PATIENCE) for _, ready in heard)
    for number in range(SWAPS):
        server.use_spec(BUNDLED if number % 2 else NEWER)
        target = f"/stream/{heard[number % STREAMS][0]}/message"
        assert ask(server.mock, "POST", target, {"content": "x"}).status == 200
    load.stop.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    assert load.failures == []
    assert load.methods.keys() == {"oauth", ENUM}
    with load.client() as client:
        assert [s["title"] for s in client.get("/api/sessions").json()] == ["s"] * STREAMS
