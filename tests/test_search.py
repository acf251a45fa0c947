"""Search: what is meant comes first, and what is found can be called."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn import Mix
from mixdyn.client import Client
from mixdyn.search import split_words
from tests.test_markup import EVIL
from tests.things import make_client

MIX: Any = Mix()


@pytest.fixture(autouse=True)
def _width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write for 80 columns, whatever terminal the tests run in."""
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("permission", "permissions.deny"),
        ("permissions", "permissions.deny"),
        ("grant permission", "permissions.grant"),
        ("POST /api/sessions", "sessions.create"),
        ("get /api/sessions", "sessions.list"),
        ("/api/sessions/{sessionId}", "sessions.get"),
        ("DELETE /api/sessions/abc123", "sessions.delete"),
        ("PUT /api/sessions", "sessions.list"),
        ("createSession", "sessions.create"),
        ("sessions.create", "sessions.create"),
        ("mix.sessions.create", "sessions.create"),
        ("SessionData", "schemas.SessionData"),
        ("oauth callback", "authentication.handle_o_auth_callback"),
        ("Last-Event-ID", "streaming.stream_events"),
        ("fork branch message", "sessions.fork"),
    ],
)
def test_find(query: str, first: str) -> None:
    """Words, a path with or without method, and names find what they mean, best first."""
    assert MIX.find(query).names[0] == first


def test_findings_can_be_called() -> None:
    """By index there are the methods and the schemas themselves; a slice is found too."""
    found = MIX.find("permission")
    assert found[0] == MIX.permissions.deny
    assert len(found) == len(found.names) == len(list(found))
    assert [m.__name__ for m in found[:2]] == ["deny", "grant"]
    assert MIX.find("SessionData")[0].name == "SessionData"
    assert str(MIX.find("createSession")).startswith("<Findings: sessions.create")


def test_page() -> None:
    """The answer shows how to call each, and where it goes."""
    shown = repr(MIX.find("grant permission"))
    assert "mix.permissions.grant(id=)" in shown
    assert "POST /api/permissions/{id}/grant" in shown
    assert "mix.schemas.SSEPermissionEvent" in repr(MIX.find("permission"))
    assert "… and " in repr(MIX.find("a"))
    assert "permissions" in MIX.find("permission")._repr_html_()


def test_nothing_found() -> None:
    """Where nothing is found the nearest word is suggested."""
    assert repr(MIX.find("permsion")) == "Nothing has 'permsion'. Did you mean 'permission'?"
    assert repr(MIX.find("zzzzqqqq")) == "Nothing has 'zzzzqqqq'."
    assert repr(MIX.find("")) == "Nothing has ''."
    assert repr(MIX.find("/zzzzqqqq")) == "Nothing has '/zzzzqqqq'."
    assert MIX.find("/permissions").names[0] == "permissions.deny"
    assert not MIX.find("zzzzqqqq")
    assert repr(MIX.find(EVIL * 1000)).replace("\n", "").isprintable()


def test_titles_count() -> None:
    """What is called just as asked comes before what is called so among other things."""
    names = {
        "a": "Create an issue field",
        "b": "List the issues of a field",
        "c": "Create an issue",
        "d": "",
    }
    spec = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {
            f"/{n}": {"post": {"operationId": n, "summary": s, "description": "create issue"}}
            for n, s in names.items()
        },
    }
    api: Any = Client(spec)
    assert api.find("create issue").names == ["c", "a", "b", "d"]
    assert api.find("to create the isue").names[0] == "c"
    assert api.find("create xyzzyx").names[0] == "c"
    assert api.find("the").names == ["b"]


def client_of(paths: dict[str, Any], **schemas: Any) -> Any:
    """Give a client of paths and schemas."""
    info = {"title": "T", "version": "1"}
    components = {"schemas": schemas}
    return Client({"openapi": "3.1.0", "info": info, "paths": paths, "components": components})


def test_an_equal_title_comes_first() -> None:
    """Whoever searches a summary finds what has it, above all but names and paths."""
    summaries = {"list": "List pull requests", "pulls/list_pull_requests_of_all": "Requests"}
    paths = {f"/{n}": {"get": {"operationId": n, "summary": s}} for n, s in summaries.items()}
    api = client_of(paths)
    for query in ("List pull requests", "list  Pull-requests"):
        assert api.find(query).names[0] == "list"
    named = {"/a": {"get": {"operationId": "a", "summary": "b"}}, "/b": {"get": {}}}
    named["/b"]["get"]["operationId"] = "b"
    assert client_of(named).find("b").names == ["b", "a"]


def test_arguments_of_shared_bodies() -> None:
    """An operation is found by a property of its body, wherever that is described."""
    pet = {"type": "object", "properties": {"photoUrls": {}, "tag": {"$ref": "#/components/x"}}}
    node = {"allOf": [{"$ref": "#/components/schemas/Pet"}], "properties": {"next": {}}}
    node["properties"]["next"] = {"$ref": "#/components/schemas/Node"}
    schema = {"schema": {"$ref": "#/components/schemas/Node"}}
    body = {"content": {"application/json": schema}}
    paths = {
        "/a": {"post": {"operationId": "a", "requestBody": body}},
        "/b": {"post": {"operationId": "b", "requestBody": {"$ref": "#/components/bodies/B"}}},
        "/c": {"post": {"operationId": "c", "responses": {"200": body}}},
    }
    api = client_of(paths, Pet=pet, Node=node)
    assert "a" in api.find("photoUrls").names
    assert "c" not in api.find("photoUrls").names


def test_words_without_spaces() -> None:
    """Two letters are found inside of a sentence that is written as one word."""
    paths = {
        "/a": {"get": {"operationId": "a", "summary": "ユーザーの権限を取得する"}},
        "/b": {"get": {"operationId": "b", "summary": "获取用户列表"}},
    }
    api = client_of(paths)
    assert api.find("権限").names == api.find("取得").names == ["a"]
    assert api.find("用户").names == api.find("列表").names == ["b"]
    assert api.find("ge").names == ["a", "b"]  # GET: at the beginning of a word


def test_only_text_is_searched() -> None:
    """What is no text is refused in words."""
    wrong: Any = None
    with pytest.raises(TypeError, match="expected words to search for, got None"):
        MIX.find(wrong)


def test_all_words_before_some() -> None:
    """Where no operation has all the words, those with some of them are given."""
    assert MIX.find("permission zzzzqqqq").names[0] == "permissions.deny"


def test_searching_reads_no_operation() -> None:
    """No plan is made for a search, and none for what is not shown of it."""
    api: Any = make_client()
    api = Client(dict(api._surface.document.root))
    assert api.find("list").names[0] == "things.list"
    assert not api._surface._plans
    assert api.find("name").names  # of a property


def test_broken_operations_are_found() -> None:
    """What cannot be used is found like the rest, and shown without its arguments."""
    lost = {"operationId": "lost", "parameters": [{"$ref": "#/no"}, {"in": "query", "name": 5}]}
    spec = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {
            "/lost": {"get": lost},
            "/list": {"get": {"responses": {}, "requestBody": [[{"n": n} for n in range(1000)]]}},
        },
    }
    api: Any = Client(spec)
    assert repr(api.find("lost")).split("\n")[1] == "  client.lost(…)  GET /lost"


def test_split_words() -> None:
    """Words are found inside names of all spellings; of a huge text the beginning is read."""
    assert list(split_words("listLLMTools, Last-Event-ID snake_case")) == [
        *("list", "llmtools", "last", "event", "id", "snake", "case"),
    ]
    assert len(split_words(" ".join(map(str, range(10**5))))) < 1000
