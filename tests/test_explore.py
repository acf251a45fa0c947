"""The pages of clients, namespaces and operations: complete, safe, never an error."""

from __future__ import annotations

import logging
import pydoc
from typing import Any

import pytest

from mixdyn import Mix
from mixdyn.client import Client
from mixdyn.explore import describe, show, show_html
from tests.documents import INTEGER, TEXT, answers, body, fields, param
from tests.test_markup import EVIL, read
from tests.things import make_client

MIX: Any = Mix()
HUGE = EVIL + "x" * 10**6


@pytest.fixture(autouse=True)
def _width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write for 80 columns, whatever terminal the tests run in."""
    monkeypatch.setenv("COLUMNS", "80")


def client_of(operations: Any = None, **parts: Any) -> Any:
    """Give a client of operations by path, all of them POST."""
    paths = {p: {"post": {"responses": {}, **o}} for p, o in (operations or {}).items()}
    info = {"title": "Test", "version": "1"}
    return Client({"openapi": "3.1.0", "info": info, "paths": paths, **parts})


def test_client() -> None:
    """A client shows its title, version, server, and the namespaces with their methods."""
    shown = repr(MIX)
    assert shown.startswith("Mix REST API 1.0.0\n  server      http://localhost:8088\n")
    assert "  sessions        list, create, get, delete, cancel_processing, fork\n" in shown
    assert 'mix.find("…")' in shown
    assert "sessions" in MIX._repr_html_()
    assert str(MIX) == f"{MIX}" == f"{MIX!s}"
    assert str(MIX).startswith("<Mix: Mix REST API 1.0.0, authentication")


def test_log_lines_stay_short(caplog: pytest.LogCaptureFixture) -> None:
    """A log line with a client, a namespace or a method in it is one line."""
    for thing in (MIX, MIX.sessions, MIX.sessions.create):
        logging.getLogger("test").warning("%s", thing)
    assert all("\n" not in record.getMessage() for record in caplog.records)


def test_small_clients() -> None:
    """A client without namespaces or operations shows what there is."""
    assert "none that is complete: pass server_url=" in repr(client_of())
    own = client_of({"/ping": {"operationId": "ping"}}, servers=[{"url": "https://u:p@x.test"}])
    assert "  client  ping" in repr(own)
    assert "https://***@x.test" in repr(own)
    assert "client.ping  " in repr(own)


def test_large_clients() -> None:
    """Of very many namespaces and operations the first are shown, and it is said how many not."""
    many = {f"/{n}": {"operationId": f"go{n}", "tags": ["t"]} for n in range(100)}
    many |= {f"/n{n}": {"operationId": "go", "tags": [f"ns{n}"]} for n in range(100)}
    api = client_of(many)
    assert "… 92 more" in repr(api)
    assert "… and 41 more: dir(client)" in repr(api)
    assert "… and 40 more: dir(client.t)" in repr(api.t)


def test_namespace() -> None:
    """A namespace shows its operations with call form and summary, and what is inside."""
    shown = repr(MIX.sessions)
    assert "  create(title=, working_directory=…)  Open a new session\n" in shown
    assert "mix.sessions.list shows all about one" in shown
    assert "create(" in MIX.sessions._repr_html_()
    outer = client_of({"/a": {"operationId": "go", "x-speakeasy-group": "outer.inner"}})
    assert "Namespaces\n  inner" in repr(outer.outer)
    assert "dir(client.outer)" in repr(outer.outer)
    tags = [{"name": "t", "description": "First.\n\nSecond."}]
    old = client_of({"/a": {"operationId": "go", "tags": ["t"], "deprecated": True}}, tags=tags)
    assert "First.\n\nSecond.\n" in repr(old.t)
    assert "go()  deprecated. POST /a" in repr(old.t)


def test_operation() -> None:
    """An operation shows call form, arguments, results, errors and an example."""
    shown = repr(MIX.sessions.fork)
    assert shown.startswith("sessions.fork(*, id: str, message_index: int, title: str | None = …)")
    assert "POST /api/sessions/{id}/fork" in shown
    assert "message_index  int " in shown
    assert "body as messageIndex" in shown
    assert "\nReturns\n  201  SessionData" in shown
    assert "  created_at " in shown
    assert "  404  ErrorResponse" in shown
    assert 'session = mix.sessions.create(title="' in shown
    assert "mix.sessions.fork(id=session.id" in shown
    assert "sessions.fork" in MIX.sessions.fork._repr_html_()
    assert repr(MIX.sessions.fork_async) == shown


def test_arguments() -> None:
    """What an argument means is told: its type, default, values, limits and place."""
    operation = {
        "parameters": [
            param("limit", schema={**INTEGER, "default": 5, "minimum": 1, "maximum": 9}),
            param("level", schema={"enum": ["low", "high"]}, description="How much."),
        ],
        "deprecated": True,
        **answers(None, "204"),
    }
    shown = repr(client_of({"/x": {"operationId": "go", **operation}}).go)
    assert "POST /x deprecated" in shown
    assert "default 5 · 1 to 9 · query" in shown
    assert "query · How much." in shown
    assert "\nReturns\n  204  None" in shown
    bare = repr(client_of({"/x": {"operationId": "go"}}).go)
    assert "Arguments" not in bare
    assert "Returns" not in bare
    assert "Errors" not in bare


def test_arguments_that_are_objects() -> None:
    """Below an object stands what it holds, but for what only the server sets; and not too much."""
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    reader = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "description": "Who."},
            "made": {"type": "string", "readOnly": True},
            "mode": {"type": "object", "properties": {"deep": {"type": "integer"}}},
        },
    }
    wide = {"type": "object", "properties": {f"k{n}": INTEGER for n in range(50)}}
    inner = {"type": "object", "properties": {f"o{n}": wide for n in range(3)}}
    parts = fields(
        one=reader,
        many={"type": "array", "items": reader},
        node={"$ref": "#/components/schemas/Node"},
        wide=wide,
        inner=inner,
        last=inner,
    )
    nowhere = {"$ref": "#/components/schemas/Nowhere"}
    lost = param("lost", schema=nowhere, required=True, description="Lost.")
    operation = {"operationId": "go", "parameters": [lost], **body(parts)}
    shown = repr(client_of({"/x": operation}, components={"schemas": {"Node": node}}).go)
    assert "required · query · Lost." in shown
    assert shown.count("    name    str") == 2
    assert "required · Who." in shown
    assert shown.count("      deep  int") == 2
    assert "made" not in shown
    assert "    next    Node" in shown
    assert "recursive" in shown
    assert "    k29" in shown
    assert "    k30" not in shown
    assert "20 more" in shown
    assert shown.count("    o2") == 2
    assert len(shown.splitlines()) < 100
    many = {f"a{n}": wide for n in range(9)}
    short = repr(client_of({"/x": {"operationId": "go", **body(fields(**many))}}).go)
    assert len(short.splitlines()) < 100
    assert "50 more" in short


def test_arguments_that_are_files() -> None:
    """Of a file, and of a list of such, the page says what it is."""
    file = {"type": "string", "format": "binary"}
    sent = fields(one=file, many={"type": "array", "items": file})
    shown = repr(client_of({"/x": {"operationId": "go", **body(sent, "multipart/form-data")}}).go)
    assert "  one   file " in shown
    assert "  many  list of files " in shown


def test_results() -> None:
    """Other media types and downloads are named; the fields of lists are those of items."""
    things = make_client().things
    assert "200  list[Thing]" in repr(things.list)
    assert "\n  made  datetime" in repr(things.list)
    assert "open download (application/octet-stream)" in " ".join(repr(things.download).split())
    assert "default  Failure  It failed." in repr(things.list)
    bare = {"responses": {"200": {"description": ""}, "500": {"description": "Oh."}}}
    assert "500  MixDefaultError  Oh." in repr(client_of({"/x": {"operationId": "go", **bare}}).go)


def test_streams() -> None:
    """A stream shows the kinds of its events, or the fields of each."""
    assert "SSECompleteEventData" in repr(MIX.streaming.stream_events)
    watch = repr(make_client().things.watch)
    assert "EventStream" in watch
    assert "  tick  TickData" in watch
    lines = answers(fields("n", n=INTEGER), media="application/jsonl")
    assert "  n  int" in repr(client_of({"/x": {"operationId": "go", **lines}}).go)


def test_broken_operations() -> None:
    """An operation that cannot be used is said to be, and what makes things may be broken too."""
    lost = {"operationId": "lost", "tags": ["t"], "parameters": [{"$ref": "#/no"}]}
    assert "lost(…)  cannot be used: #/paths/" in repr(client_of({"/lost": lost}).t)


def test_no_page() -> None:
    """A repr never raises: where there can be no page, there is the short form."""
    unfinished: Any = Client.__new__(Client)
    assert repr(unfinished) == "<Client> (no page: AttributeError)"
    assert unfinished._repr_html_() is None
    assert show(5) == "5 (no page: TypeError)"
    assert show_html(5) is None
    with pytest.raises(TypeError, match="5: there is no page about this"):
        describe(5)


def test_no_example() -> None:
    """What has no example is shown without one."""
    odd = {"operationId": "go", **body(fields("a", a={"not": {"$ref": "#/no"}}))}
    shown = repr(client_of({"/x": odd}).go)
    assert "Arguments" in shown
    assert "Example" not in shown


HOSTILE: dict[str, Any] = {
    "type": "object",
    "required": ["a"],
    "description": HUGE,
    "properties": {
        "a": {"type": "string", "enum": [EVIL, "b"], "description": HUGE, "pattern": EVIL},
        EVIL: {"$ref": "#/components/schemas/Evil"},
        "n": {"type": "integer", "minimum": 10**400, "maximum": float("nan")},
        "apiKey": {"type": "string", "default": EVIL, "example": "sk-secret"},
    },
}
EVIL_NAME = EVIL.replace("\ud800", "")


def hostile_client() -> Any:
    """Give a client of a document that is hostile wherever it can be."""
    evil = {"$ref": "#/components/schemas/Evil"}
    operation = {
        "operationId": "go",
        "tags": ["t"],
        "summary": HUGE,
        "description": HUGE + "\n\n" + HUGE,
        "parameters": [param(EVIL_NAME, required=True, schema={"enum": [EVIL]}, description=HUGE)],
        **body(evil),
        "responses": {
            "200": {"description": HUGE, "content": {"application/json": {"schema": evil}}},
            EVIL: {"description": HUGE},
            "404": {"$ref": "#/nowhere"},
        },
    }
    return client_of(
        {f"/x/{EVIL}": operation},
        info={"title": HUGE, "version": HUGE},
        servers=[{"url": "http://user:pa55@x.test/"}],
        tags=[{"name": "t", "description": HUGE}],
        components={"schemas": {"Evil": HOSTILE, EVIL: {"type": "string", "description": HUGE}}},
    )


def hostile_things() -> list[Any]:
    """Give all that has a page in a hostile document."""
    api = hostile_client()
    found = [api.find("go"), api.find(HUGE), api.find(EVIL)]
    return [api, api.t, api.t.go, api.schemas, api.schemas.Evil, api.schemas[EVIL], *found]


@pytest.mark.parametrize("thing", hostile_things(), ids=lambda thing: type(thing).__name__)
@pytest.mark.parametrize("columns", ["20", "80"])
def test_hostile_documents(thing: Any, columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a document breaks a page, gets into the terminal or the HTML, or fills it."""
    monkeypatch.setenv("COLUMNS", columns)
    text, html = repr(thing), thing._repr_html_()
    assert "(no page" not in text
    assert all(char.isprintable() or char == "\n" for char in text + str(thing))
    assert len(text) < 20_000
    assert len(html) < 40_000
    reader = read(html)
    assert not {"script", "img"} & set(reader.tags)
    assert reader.attributes == {"class"}
    assert not {"pa55", "sk-secret"} & set(text.replace("@", " ").replace(":", " ").split())


def test_help_reads_well() -> None:
    """`help()` of a client, a namespace and a method tells what there is, also when hostile."""
    assert "Operations, each also as" in pydoc.plain(pydoc.render_doc(MIX.sessions))
    assert "title: Name of the session" in pydoc.plain(pydoc.render_doc(MIX.sessions.create))
    assert "sessions" in pydoc.plain(pydoc.render_doc(MIX))
    text = pydoc.plain(pydoc.render_doc(hostile_client().t.go))
    assert "\x1b" not in text
    assert len(text) < 100_000


def test_suggestions() -> None:
    """Wrong names suggest the right ones."""
    from mixdyn import errors

    for wrong, right in (
        (lambda: MIX.sesions, "'sessions'"),
        (lambda: MIX.sessions.craete, "'create'"),
        (lambda: MIX.fork, "'sessions.fork'"),
        (lambda: MIX.sessions.create(titel="x"), "'title'"),
        (lambda: MIX.schemas.SessionData.model(**EXAMPLE).created, "'created_at'"),
        (lambda: errors.ErorResponse, "'ErrorResponse'"),
        (lambda: MIX.schemas.SesionData, "'SessionData'"),
    ):
        with pytest.raises((AttributeError, TypeError), match=f"Did you mean {right}"):
            wrong()


EXAMPLE = MIX.schemas.SessionData.example()


def test_text_of_descriptions_is_bounded() -> None:
    """A huge text is cut, also in docstrings."""
    assert len(hostile_client().t.go.__doc__) < 100_000
    assert TEXT


def test_docstrings_are_bounded() -> None:
    """The docstring of a namespace lists what one reads, however much there is."""
    paths = {f"/x{n}": {"get": {"operationId": f"go{n}", "tags": ["t"]}} for n in range(400)}
    spec = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths}
    client: Any = Client(spec)
    assert type(client.t).__doc__.endswith("    … and 100 more, which dir() lists")


def test_lists_in_descriptions() -> None:
    """Items of a list stand on lines of their own."""
    text = "These:\n- one\n  goes on\n* two\n\n- three"
    get = {"operationId": "go", "description": text, "responses": {}}
    spec = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/x": {"get": get}},
    }
    client: Any = Client(spec)
    shown = describe(client.go).text(80)
    assert "\nThese:\n\n  - one goes on\n  - two\n\n  - three\n" in shown
