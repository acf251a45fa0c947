"""A client takes on another document: what follows it, what stays, and what is never sent where."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import io
import json
import logging
import os
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mixdyn import Client, Mix, bundled, errors, models
from mixdyn.bundled import BUNDLED
from mixdyn.document import Document
from mixdyn.errors import DocumentError, HeldMethodWarning, RequestValidationError
from tests.loopback import Exchange, serve

PET = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
ANSWER = {"200": {"description": "", "content": {"application/json": {"schema": PET}}}}


def operation(name: str, **more: Any) -> dict[str, Any]:
    return {"operationId": name, "tags": ["pets"], "responses": ANSWER, **more}


def parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string"}}


OLD: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "http://old.test"}],
    "paths": {
        "/pets": {"get": operation("list")},
        "/pets/{id}": {
            "get": operation(
                "get", parameters=[{**parameter("id"), "in": "path", "required": True}]
            )
        },
    },
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-key"}},
        "schemas": {"Pet": PET},
    },
    "security": [{"key": []}],
}
NEW: dict[str, Any] = copy.deepcopy(OLD)
NEW["info"]["version"] = "2"
NEW["servers"] = [{"url": "http://new.test"}]
NEW["paths"] = {
    "/pets": {"get": operation("list", parameters=[parameter("kind")])},
    "/animals": {"post": operation("adopt")},
}


class Recorder:
    """An HTTP client that answers a pet, and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.client = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.async_client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, json={"name": str(request.url)})


@pytest.fixture
def recorder() -> Recorder:
    """What is sent, instead of a network."""
    return Recorder()


def make(recorder: Recorder | None = None, spec: Any = OLD, **options: Any) -> Any:
    clients = recorder or Recorder()
    return Client(spec, client=clients.client, async_client=clients.async_client, **options)


def test_everything_follows_at_once() -> None:
    """Namespaces, signatures, docs and names are those of the new document."""
    api = make()
    held = api.pets
    difference = api.use_spec(NEW)
    assert difference
    assert [change.code for change in difference.changes if change.level == "breaking"]
    assert "kind" in inspect.signature(api.pets.list).parameters
    assert api.pets.adopt().name == "http://new.test/animals"
    assert "adopt" in dir(api.pets)
    assert "get" not in dir(api.pets)
    assert "Pets 2" in str(api)
    # A namespace that is held is the new one, too.
    assert held.list(kind="cat").name == "http://new.test/pets?kind=cat"
    assert held.adopt().name == "http://new.test/animals"
    assert dir(held) == dir(api.pets)
    assert str(held) == str(api.pets)
    assert repr(held) == repr(api.pets)


def test_dry_run_changes_nothing() -> None:
    """It only tells what would change."""
    api = make()
    assert str(api.use_spec(NEW, dry_run=True)) == str(make().use_spec(NEW))
    assert api.pets.list().name == "http://old.test/pets"


@pytest.mark.parametrize("form", ["path", "Path", "text", "bytes", "file", "text file"])
def test_sources(form: str, tmp_path: Path) -> None:
    """The new document comes in all the forms that a client takes, and as an open file."""
    path = tmp_path / "new.json"
    text = json.dumps(NEW)
    path.write_text(text)
    forms: dict[str, Callable[[], Any]] = {
        "path": lambda: str(path),
        "Path": lambda: path,
        "text": lambda: text,
        "bytes": text.encode,
        "file": lambda: path.open("rb"),
        "text file": lambda: io.StringIO(text),
    }
    api = make()
    source = forms[form]()
    assert api.use_spec(source)
    assert api.pets.adopt().name == "http://new.test/animals"
    if hasattr(source, "close"):
        source.close()


@pytest.mark.parametrize("broken", ["nowhere.yaml", "{", {"openapi": "2"}, {"swagger": "2.0"}])
def test_what_cannot_be_read_changes_nothing(broken: Any) -> None:
    """The client is as it was."""
    api = make()
    with pytest.raises(DocumentError):
        api.use_spec(broken)
    with pytest.raises(TypeError, match="an open file, text"):
        api.use_spec(5)
    assert api.pets.get(id="1").name == "http://old.test/pets/1"


def test_validation() -> None:
    """A document that is not valid is refused where it must be, with all that is wrong."""
    api = make()
    invalid = {**NEW, "components": {"schemas": {"Pet": {"type": "strnig"}}}}
    with pytest.raises(DocumentError, match="strnig") as caught:
        api.use_spec(invalid, validate=True)
    assert "/components/schemas/Pet/type" in str(caught.value)
    assert api.pets.get(id="1").name == "http://old.test/pets/1"
    assert api.use_spec(NEW, validate=True)
    assert api.use_spec(invalid)


def test_same_document() -> None:
    """A document that is in use already makes no difference, in whatever form it comes."""
    api = make()
    surface = api._surface
    for same in (Document.load(OLD), json.dumps(OLD), surface.document):
        difference = api.use_spec(same)
        assert not difference
        assert (difference.old, difference.changes) == (difference.new, ())
    assert api._surface is surface


def test_same_document_from_another_place(tmp_path: Path) -> None:
    """It makes no difference, but from then on it is read again from there."""
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    for path in (first, second):
        path.write_text(json.dumps(OLD))
    api = make(spec=first)
    surface = api._surface
    assert not api.use_spec(second, dry_run=True)
    assert api._surface is surface
    assert not api.use_spec(second)
    second.write_text(json.dumps(NEW))
    assert api.reload()
    assert api.pets.adopt


def test_held_methods_go_by_the_new_document() -> None:
    """They warn, in the caller's own line, and name the new form."""
    api = make()
    held = api.pets.list
    api.use_spec(NEW)
    with pytest.warns(HeldMethodWarning, match=r"pets\.list\(\*, kind=…") as caught:
        assert held(kind="cat").name == "http://new.test/pets?kind=cat"
    assert caught[0].filename == __file__
    with pytest.warns(HeldMethodWarning):
        assert str(held.prepare(kind="dog").url) == "http://new.test/pets?kind=dog"
    with pytest.warns(HeldMethodWarning):
        assert held.with_response().status_code == 200


def test_held_async_methods() -> None:
    """Awaiting ones do, too."""
    api = make()
    held = api.pets.list_async
    api.use_spec(NEW)

    async def main() -> str:
        with pytest.warns(HeldMethodWarning) as caught:
            pet = await held(kind="cat")
        assert caught[0].filename == __file__
        return str(pet.name)

    assert asyncio.run(main()) == "http://new.test/pets?kind=cat"


@pytest.mark.parametrize("moved", ["/pets/{pet}", "/cats/{id}"])
def test_held_methods_that_moved(moved: str) -> None:
    """They are found by their place, whatever its parameters' names, and by their operationId."""
    api = make()
    held = api.pets.get
    name = moved[-4:-1].strip("{/")
    at = [{**parameter(name), "in": "path", "required": True}]
    wanted = operation("get" if "cats" in moved else "read", parameters=at)
    api.use_spec({**NEW, "paths": {moved: {"get": wanted}}})
    with pytest.warns(HeldMethodWarning):
        assert held(**{name: "7"}).name == f"http://new.test{moved.split('{', maxsplit=1)[0]}7"


def test_held_methods_never_become_what_was_another(recorder: Recorder) -> None:
    """An operation that was another one before is no successor, though it has the operationId."""
    api = make(recorder)
    held = api.pets.get
    api.use_spec({**NEW, "paths": {"/pets": {"get": operation("get")}}})
    with pytest.raises(RequestValidationError, match=r"is gone.*; pets\.get is now GET /pets"):
        held(id="1")
    assert recorder.requests == []


def test_held_methods_whose_names_changed_places(recorder: Recorder) -> None:
    """A method goes on with its operation, whatever that is called, and says so."""
    api = make(recorder)
    held = api.pets.list
    paths = {"/pets": {"get": operation("adopt"), "post": operation("list")}}
    api.use_spec({**NEW, "paths": paths})
    with pytest.warns(HeldMethodWarning, match=r"is called as pets\.adopt"):
        held()
    assert [request.method for request in recorder.requests] == ["GET"]


def test_held_methods_that_are_gone(recorder: Recorder) -> None:
    """They say so, and nothing is sent."""
    api = make(recorder)
    held, namespace = api.pets.get, api.pets
    api.use_spec(NEW)
    for stale in (held, namespace.get):
        with pytest.raises(RequestValidationError, match=r"pets\.get .* is gone") as caught:
            stale(id="1")
        assert caught.value.problems
    with pytest.raises(AttributeError):
        api.pets.get  # noqa: B018  # the access is what raises
    assert recorder.requests == []


def test_held_namespaces_that_are_gone() -> None:
    """They look as they did, and their methods say what happened."""
    api = make()
    held = api.pets
    api.use_spec({**NEW, "paths": {"/x": {"get": {"operationId": "x", "responses": ANSWER}}}})
    assert "list" in str(held)
    with pytest.raises(AttributeError, match="has no operation"):
        held.adopt  # noqa: B018  # the access is what raises
    with pytest.raises(RequestValidationError, match="is gone"):
        held.list()


def test_held_methods_of_the_client_itself() -> None:
    """Operations without a tag follow likewise."""
    bare = {"/x": {"get": {"operationId": "look", "responses": ANSWER}}}
    api = make(spec={**OLD, "paths": bare})
    held, before = api.look, api._surface
    api.use_spec({**NEW, "paths": bare})
    with pytest.warns(HeldMethodWarning):
        assert held().name == "http://new.test/x"
    with pytest.warns(HeldMethodWarning):  # as by a thread that was about to take it
        assert before.attach("look", api)().name == "http://new.test/x"
    assert api.look().name == "http://new.test/x"


def test_other_clients_keep_their_document() -> None:
    """Neither others of the same document, nor derived ones, are touched."""
    document = Document.load(OLD)
    one, other = make(spec=document), make(spec=document)
    derived = one.with_options(timeout_ms=5)
    one.use_spec(NEW)
    for client in (other, derived):
        assert client.pets.get(id="1").name == "http://old.test/pets/1"
        assert "adopt" not in dir(client.pets)
    mix, plain = Mix(), Mix()
    mix.use_spec(NEW)
    assert plain.sessions.create
    assert not hasattr(mix, "sessions")
    assert type(mix).__name__ == "Mix"
    assert isinstance(mix, Mix)


def test_calls_under_way_finish_on_the_old_document() -> None:
    """A swap in the middle of a call changes neither its answer nor its type."""

    def answer(request: httpx.Request) -> httpx.Response:
        api.use_spec(NEW)
        return httpx.Response(200, json={"name": 5})

    api: Any = Client(OLD, client=httpx.Client(transport=httpx.MockTransport(answer)))
    old, get = api._surface, api.pets.get
    with pytest.raises(errors.ResponseValidationError, match=r"pets\.get"):  # gone from the new one
        get(id="1")
    assert api._surface is not old
    assert "adopt" in dir(api.pets)


def test_error_classes_follow() -> None:
    """`errors` knows the new document's at once; equal names are one class."""
    failing = {**ANSWER, "404": {"description": "", "content": {}}}
    schema = {"$ref": "#/components/schemas/LostPet"}
    failing["404"]["content"]["application/json"] = {"schema": schema}
    api = make()
    lost = {"schemas": {"LostPet": {"type": "object", "properties": {"lost": {}}}}}
    paths = {"/pets": {"get": {**operation("list"), "responses": failing}}}
    assert not hasattr(errors, "LostPet")
    api.use_spec({**NEW, "paths": paths, "components": lost})
    assert issubclass(errors.LostPet, errors.MixError)


def newer() -> dict[str, Any]:
    """Give the bundled document with a schema more, as another edition."""
    root = json.loads(json.dumps(BUNDLED.document.root))
    root["info"]["version"] = "2.0.0"
    root["components"]["schemas"]["Novelty"] = {
        "type": "object",
        "properties": {"new": {"type": "string"}},
    }
    session = root["components"]["schemas"]["SessionData"]
    session["properties"]["mood"] = {"type": "string"}
    changed: dict[str, Any] = root
    return changed


def test_models_follow() -> None:
    """Classes of the new document are there; by `isinstance` they are those of the old, too."""
    mix = Mix()
    mix.use_spec(newer())
    assert models.Novelty.__name__ == "Novelty"
    assert "Novelty" in dir(models)
    kind = mix.schemas.SessionData.model
    assert kind is not None
    assert kind is not models.SessionData
    assert issubclass(kind, models.SessionData)
    assert not issubclass(kind, models.Novelty)
    assert isinstance(kind(**mix.schemas.SessionData.example()), models.SessionData)
    other = Client(newer()).schemas.SessionData.model
    assert other is not None
    assert not issubclass(other, models.SessionData)  # another API's class of the same name
    with pytest.raises(AttributeError, match="SessionData"):
        models.SesionData  # noqa: B018  # the access is what raises


def test_credentials_stay(recorder: Recorder) -> None:
    """They go on; of one that the new document has no scheme for, the client warns."""
    api = make(recorder, security={"key": "k"})
    api.use_spec(NEW)
    api.pets.list()
    assert recorder.requests[-1].headers["x-key"] == "k"
    bare = {**NEW, "components": {}, "security": []}
    with pytest.warns(UserWarning, match="no security scheme 'key'") as caught:
        api.use_spec(bare)
    assert caught[0].filename == __file__
    api.pets.list()
    assert "x-key" not in recorder.requests[-1].headers


def test_swaps_leave_nothing_behind() -> None:
    """What a swap replaced is freed."""
    api = make()
    gone = [weakref.ref(api._surface)]
    for i in range(20):
        api.use_spec(OLD if i % 2 else NEW)
        api.pets.list()
        gone.append(weakref.ref(api._surface))
    gc.collect()
    assert sum(ref() is not None for ref in gone) == 1
    assert len(type(api).__mro__) == len(type(make()).__mro__)


def test_reload(tmp_path: Path) -> None:
    """A file that changed is read again; else nothing happens."""
    path = tmp_path / "pets.json"
    path.write_text(json.dumps(OLD))
    api = make(spec=path)
    surface = api._surface
    assert not api.reload()
    assert api._surface is surface
    os.utime(path, (1, 1))
    old = make(spec=path)
    assert old._surface.document.read_again() is old._surface.document  # not even read
    path.write_text(json.dumps(NEW))
    assert api.reload(dry_run=True)
    assert api._surface is surface
    assert api.reload()
    assert api.pets.adopt
    path.unlink()
    with pytest.raises(DocumentError, match="cannot be read"):
        api.reload()
    assert api.pets.adopt
    with pytest.raises(DocumentError, match="no file"):
        make().reload()


def test_reload_sees_files_that_are_referred_to(tmp_path: Path) -> None:
    """A change of another file of the document counts."""
    (tmp_path / "pet.json").write_text(json.dumps(PET))
    root = copy.deepcopy(OLD)
    root["paths"] = {"/pets": {"get": operation("list")}}
    described = {"application/json": {"schema": {"$ref": "pet.json"}}}
    root["paths"]["/pets"]["get"]["responses"] = {"200": {"description": "", "content": described}}
    path = tmp_path / "pets.json"
    path.write_text(json.dumps(root))
    api = make(spec=path)
    assert not hasattr(api.pets.list(), "age")
    assert not api.reload()
    wider = {**PET, "properties": {**PET["properties"], "age": {"type": "integer"}}}
    (tmp_path / "pet.json").write_text(json.dumps(wider))
    assert api.reload()
    assert api.pets.list().age is None


# What a document that was fetched may do with the client's calls.


@pytest.fixture
def origin() -> Iterator[Any]:
    """A server that serves a document of itself, and pets with the headers they were asked with."""
    documents = [OLD]

    def answer(exchange: Exchange) -> None:
        exchange.documents = documents  # type: ignore[attr-defined]
        if exchange.target == "/openapi.json":
            text = json.dumps(documents[-1])
            tag = f'"{len(documents)}"'
            if exchange.headers.get("if-none-match") == tag:
                exchange.send(b"HTTP/1.1 304 X\r\nContent-Length: 0\r\n\r\n")
            else:
                exchange.send_json(json.loads(text), 200, f"ETag: {tag}")
        elif exchange.target.startswith(("/pets", "/animals", "/v2/pets")):
            exchange.send_json({"name": exchange.target})
        else:
            exchange.send(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n")

    with serve(answer) as server:
        server.documents = documents  # type: ignore[attr-defined]
        yield server


def last(server: Any) -> Any:
    return server.exchanges[-1]


def test_sync_keeps_server_and_credentials(origin: Any) -> None:
    """The document's own server is of another origin, so the client's stays."""
    with Client(OLD, server_url=origin.url, security={"key": "k"}) as api:
        origin.documents.append(NEW)
        assert api.sync_spec()
        assert last(origin).headers["x-key"] == "k"  # the document may want it, too
        assert api.pets.adopt().name == "/animals"
        assert last(origin).headers["x-key"] == "k"


def test_sync_of_a_client_without_a_server_of_its_own(origin: Any) -> None:
    """The server that the old document names is the client's."""
    old = {**OLD, "servers": [{"url": origin.url}]}
    with Client(old) as api:
        origin.documents.append(NEW)
        assert api.sync_spec()
        assert api.pets.adopt().name == "/animals"
        assert api._server() == origin.url
        # The same origin, but another path, is the document's to say.
        origin.documents.append({**OLD, "servers": [{"url": "/v2"}]})
        assert api.sync_spec()
        assert api.pets.list().name == "/v2/pets"
        # Back on a document of the caller's own, that one's server counts.
        api.use_spec({**OLD, "servers": [{"url": "http://127.0.0.1:1/v9"}]})
        assert api._server() == "http://127.0.0.1:1/v9"


def test_sync_is_conditional(origin: Any) -> None:
    """What is in use already is not sent again."""
    with Client(OLD, server_url=origin.url) as api:
        assert not api.sync_spec()
        origin.documents.append(NEW)
        assert api.sync_spec(dry_run=True)
        assert not hasattr(api.pets, "adopt")
        assert api.sync_spec()
        sent = len(origin.exchanges)
        assert not api.sync_spec()
        assert len(origin.exchanges) == sent + 1
        assert last(origin).headers["if-none-match"] == '"2"'


def test_sync_async(origin: Any) -> None:
    """The same, awaited, also with a credential that is awaited."""

    async def key() -> str:
        return "later"

    async def main() -> None:
        async with Client(OLD, server_url=origin.url, security={"key": key}) as api:
            origin.documents.append(NEW)
            assert await api.sync_spec_async(path="/openapi.json")
            assert last(origin).headers["x-key"] == "later"
            assert (await api.pets.adopt_async()).name == "/animals"
            assert not await api.sync_spec_async()

    asyncio.run(main())


def test_sync_without_the_documents_own_requirement(origin: Any) -> None:
    """Where only operations ask for a credential, it is still given for the document."""
    old = {**OLD, "security": []}
    with Client(old, server_url=origin.url, security={"key": "k"}) as api:
        api.sync_spec()
        assert last(origin).headers["x-key"] == "k"


def test_sync_finds_nothing(origin: Any) -> None:
    """The error names what was tried; the client is as it was."""
    origin.documents.append({"openapi": "none"})
    with Client(OLD, server_url=origin.url) as api:
        with pytest.raises(DocumentError, match=r"/openapi\.json"):
            api.sync_spec()
        assert api.pets.get(id="1").name == "/pets/1"


def test_from_server(origin: Any) -> None:
    """A client is made from what the server serves; calls go there whatever the document says."""
    with Client.from_server(origin.url, security={"key": "k"}) as api:
        assert api.pets.list().name == "/pets"
        assert last(origin).headers["x-key"] == "k"
        sent = len(origin.exchanges)
        assert not api.sync_spec()
        assert len(origin.exchanges) == sent + 1
        assert last(origin).headers["if-none-match"] == '"1"'
    with Client.from_server(f"{origin.url}/openapi.json") as api:  # the document's own address
        assert api.pets.list().name == "/pets"
    with Mix.from_server(origin.url, path="/openapi.json") as mix:
        assert mix.pets.list().name == "/pets"
        assert type(mix).__name__ == "Mix"


def test_from_server_async(origin: Any) -> None:
    """The same, awaited."""

    async def main() -> str:
        async with await Client.from_server_async(origin.url) as api:
            return str((await api.pets.list_async()).name)

    assert asyncio.run(main()) == "/pets"


def test_elsewhere_needs_consent(origin: Any) -> None:
    """What a fetched document names for an operation gets nothing, unless the caller names it."""
    with serve(lambda exchange: exchange.send_json({"name": "elsewhere"})) as other:
        fetched = copy.deepcopy(OLD)
        fetched["paths"]["/pets"]["get"]["servers"] = [{"url": other.url}]
        fetched["paths"]["/pets/{id}"]["get"]["servers"] = [{"url": "/v2"}]
        origin.documents.append(fetched)
        for make_client in (
            lambda: Client.from_server(origin.url, security={"key": "k"}),
            lambda: Client(f"{origin.url}/openapi.json", security={"key": "k"}),
        ):
            with make_client() as api:
                with pytest.raises(RequestValidationError, match="server_url="):
                    api.pets.list(http_headers={"x-mine": "secret"})
                assert other.exchanges == []
        with Client.from_server(origin.url, security={"key": "k"}) as api:
            assert api.pets.get(id="1").name == "/v2/pets/1"
            assert api.pets.list(server_url=other.url).name == "elsewhere"
        # A document of the caller's own says where calls go.
        with Client(fetched, server_idx=0) as api:
            assert api.pets.list().name == "elsewhere"


def test_fetched_document_swapped_in(origin: Any) -> None:
    """Of a document from a URL, too, the server stays the client's."""
    with serve(lambda exchange: exchange.send_json({"name": "own"})) as own:
        with Client({**OLD, "servers": [{"url": own.url}]}, security={"key": "k"}) as api:
            origin.documents.append({**NEW, "servers": [{"url": origin.url}]})
            api.use_spec(f"{origin.url}/openapi.json")
            assert api.pets.adopt().name == "own"
        with Client({**OLD, "servers": [{"url": "/relative"}]}) as api:  # has none of its own
            api.use_spec(f"{origin.url}/openapi.json")
            assert api.pets.adopt().name == "/animals"


def take_fetched(recorder: Recorder, server: str, document: dict[str, Any]) -> Any:
    """Give a client of a server which took on a document that was fetched from elsewhere."""
    api = make(recorder, {**OLD, "servers": [{"url": server}]}, security={"key": "k"})
    api.use_spec(Document(document, "http://evil.test/openapi.json"))
    return api


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.test",
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "http:\\\\evil.test",
        "http://home.test:8080@evil.test/",
        "http://home.test:8080\\@evil.test/",
        "http://home.test:8080{end}",
        "http://{host}",
        "http://home.test./",
        "http://home.test/",
        "http://home.test:8080./",
        "https://home.test:8080/",
        "http://[::1]:8080/",
        "http://hom\u24d4.test:8080/",
        "http://evil\t.test:8080/",
    ],
)
def test_hostile_servers_of_fetched_documents(recorder: Recorder, url: str) -> None:
    """However a fetched document writes another origin, nothing goes there."""
    variables = {"host": {"default": "evil.test"}, "end": {"default": "@evil.test"}}
    servers = [{"url": url, "variables": variables}]
    paths = {
        "/pets": {"get": operation("root")},
        "/own": {"get": operation("own", servers=servers)},
        "/path": {"get": operation("path"), "servers": servers},
    }
    home = "http://home.test:8080/v1"
    api = take_fetched(recorder, home, {**OLD, "servers": servers, "paths": paths})
    assert api.pets.root().name == f"{home}/pets"
    assert api.with_options(timeout_ms=500).pets.root().name == f"{home}/pets"
    paths.pop("/pets")
    api = take_fetched(recorder, home, {**OLD, "servers": [{"url": home}], "paths": paths})
    for method in (api.pets.own, api.pets.path):
        with pytest.raises(RequestValidationError):
            method()
    assert {request.url.host for request in recorder.requests} == {"home.test"}


def test_user_information_of_fetched_documents(recorder: Recorder) -> None:
    """What a document has before the host replaces no credentials, and removes none."""
    for place in ("http://evil:x@home.test/v2", "http://home.test/v2"):
        servers = [{"url": place}]
        paths = {"/a": {"get": operation("root")}}
        paths["/b"] = {"get": operation("own", servers=[*servers, {"url": "/"}])}
        document = {**OLD, "servers": servers, "paths": paths}
        take_fetched(recorder, "http://home.test", document).pets.root()
        assert "authorization" not in recorder.requests[-1].headers
        api = take_fetched(recorder, "http://me:pw@home.test/v1", document)
        for method, path in ((api.pets.root, "/v2/a"), (api.pets.own, "/v2/b")):
            method()
            request = recorder.requests[-1]
            assert request.url.path == path
            assert request.headers["authorization"] == "Basic bWU6cHc="


def test_home_is_not_moved_by_documents(recorder: Recorder) -> None:
    """A path that one fetched document adds is gone with the next."""
    home = "http://home.test"
    api = take_fetched(recorder, home, {**OLD, "servers": [{"url": f"{home}/v2"}]})
    assert api._server() == f"{home}/v2"
    api.use_spec(Document({**OLD, "servers": [{"url": "http://[bad"}]}, "http://evil.test/x"))
    assert api._server() == home


def test_drift_begins_anew() -> None:
    """What was noted of the old document stays with the clients that still have it."""
    api = make(validate="warn")
    derived = api.with_options(timeout_ms=500)
    before = derived.drift
    assert api.drift is before
    api.use_spec(NEW)
    assert api.drift is not before
    assert api.with_options(timeout_ms=500).drift is api.drift
    assert derived.drift is before


def test_from_server_by_the_documents_own_address(origin: Any) -> None:
    """A query or user information there is not taken for a part of the server's path."""
    asked = origin.url.replace("://", "://me:pw@")
    with Client.from_server(f"{asked}/openapi.json?full=1") as api:
        assert api.pets.list().name == "/pets"
        assert last(origin).headers["authorization"] == "Basic bWU6cHc="


def test_home_where_the_document_has_no_usable_server(origin: Any) -> None:
    """A document whose server cannot be had leaves the client's."""
    origin.documents.append({**NEW, "servers": [{"url": "ftp://{x}"}]})
    with Client.from_server(origin.url) as api:
        assert api.pets.adopt().name == "/animals"
    origin.documents.append({k: v for k, v in NEW.items() if k != "servers"})
    with Client.from_server(origin.url) as api:
        assert api.pets.adopt().name == "/animals"


def test_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`MIX_SPEC` names the document of `Mix`; what is read from it can be reloaded."""
    path = tmp_path / "newer.json"
    path.write_text(json.dumps(newer()))
    monkeypatch.setenv("MIX_SPEC", str(path))
    with Mix() as mix:
        assert "2.0.0" in str(mix)
        assert not mix.reload()
        assert mix.use_spec(BUNDLED.document)
        assert mix._surface is BUNDLED
    monkeypatch.setenv("MIX_SPEC", "")
    assert Mix()._surface is BUNDLED


def test_stubs_of_another_document(caplog: pytest.LogCaptureFixture) -> None:
    """A client whose document is not that of the shipped stubs says so, once, for debugging."""
    with caplog.at_level(logging.DEBUG, "mixdyn"):
        Mix()
        assert caplog.text == ""
        mix = Mix(spec=newer())
        Mix(spec=newer())
        mix.use_spec(BUNDLED.document)
    assert caplog.text.count("mixdyn stubs") == 1


def test_stubs_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no program has loaded `logging`, nothing is said, nor loaded."""
    document = Document.load(newer())
    monkeypatch.delitem(sys.modules, "logging")
    bundled._mention_stubs(document)
    assert "logging" not in sys.modules


def test_no_warning_without_a_swap() -> None:
    """Methods that are held are silent as long as the document stays."""
    api = make()
    held = api.pets.list
    api.use_spec(OLD)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert held().name == "http://old.test/pets"
