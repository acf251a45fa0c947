"""The stand-in server as a function: what it refuses, answers and remembers, by general rules."""

import asyncio
import json
import re
import sys
from pathlib import Path

import httpx
import pytest

from mixdyn.media import is_json
from mixdyn.tools.mock import Mock, MockRequest, MockResponse
from mixdyn.tools.mock.feed import Subscription
from tests.apis import (
    MIX,
    NOW,
    PET,
    answers,
    ask,
    content,
    message_of,
    mock,
    parameter,
    pets,
    ref,
    value_of,
)

SPECS = Path(__file__).parent.parent.parent / "shared" / "specs"


# Finding the operation.


def test_an_unknown_path_is_404_in_the_form_of_the_documents_errors():
    """A path that the document lacks is refused with 404, worded as its other errors are."""
    refused = value_of(ask(pets(), "GET", "/cats"), 404)
    assert refused == {"code": 404, "message": "the document has no path like /cats"}


def test_a_wrong_method_is_405_and_names_the_right_ones():
    """A method that the path lacks is refused with 405, and `Allow` lists what it has."""
    response = ask(pets(), "PUT", "/pets")
    assert "expected GET, POST, DELETE, HEAD, OPTIONS" in message_of(response, 405)
    assert ("allow", "GET, POST, DELETE, HEAD, OPTIONS") in response.headers


def test_options_lists_the_methods():
    """OPTIONS is answered for every path, though no document lists it."""
    response = ask(pets(), "OPTIONS", "/pets/1")
    assert (response.status, response.headers) == (
        204,
        (("allow", "GET, PUT, DELETE, PATCH, HEAD, OPTIONS"),),
    )


def test_head_is_get_without_the_body():
    """HEAD gives the headers of GET, the length among them, and no body."""
    served = pets()
    ask(served, "POST", "/pets", {"id": 5, "name": "Rex"})
    whole, head = ask(served, "GET", "/pets"), ask(served, "HEAD", "/pets")
    assert (head.status, head.body) == (200, b"")
    assert ("content-length", str(len(whole.body))) in head.headers


def test_literal_paths_go_before_templates():
    """`/pets/mine` is not the pet called `mine`, in whatever order the document has them."""
    served = mock(
        {
            "/pets/{id}": {
                "get": {"parameters": [parameter("id", "path")], "responses": answers()}
            },
            "/pets/{id}.{form}": {
                "get": {
                    "parameters": [parameter("id", "path"), parameter("form", "path")],
                    "responses": answers({"const": "mixture"}),
                }
            },
            "/pets/mine": {"get": {"responses": answers({"const": "mine"})}},
        }
    )
    assert value_of(ask(served, "GET", "/pets/mine")) == "mine"
    assert value_of(ask(served, "GET", "/pets/rex.json")) == "mixture"
    assert ask(served, "GET", "/pets/rex").body == b""


def test_servers_base_paths_are_stripped():
    """A path is found below the base path of a server of the document, and without it."""
    root = [
        {"url": "https://h/{v}/api/", "variables": {"v": {"default": "v1"}}},
        {"url": "http://["},
    ]
    served = mock({"/a": {"get": {"responses": answers({"const": 1})}}}, servers=root)
    assert value_of(ask(served, "GET", "/v1/api/a")) == 1
    assert value_of(ask(served, "GET", "/a")) == 1
    assert ask(served, "GET", "/v2/api/a").status == 404


def test_a_full_url_as_target_is_taken_apart():
    """A request that was sent to a proxy has a whole URL as its target (RFC 9112, 3.2.2)."""
    assert value_of(ask(pets(), "GET", "http://host:1/pets?x=1")) == []


@pytest.mark.parametrize("target", ["/pets/%zz", "/pets/%ff", "/pets/1%", "/%ff"])
def test_bad_percent_encoding_is_400(target):
    """A path that cannot be decoded is refused, not guessed at."""
    assert ask(pets(), "GET", target).status == 400


def test_the_document_itself_is_served():
    """`/doc` and `/openapi.json` give the document as JSON."""
    served = pets()
    assert value_of(ask(served, "GET", "/doc")) == served.api.document.root
    assert ask(served, "GET", "/openapi.json").content_type == "application/json"


def test_the_documents_own_doc_path_wins():
    """A document that itself has `/doc` keeps it."""
    served = mock({"/doc": {"get": {"responses": answers({"const": "own"})}}})
    assert value_of(ask(served, "GET", "/doc")) == "own"


# Remembering.


def test_a_created_thing_is_listed_gettable_and_deletable():
    """What POST made is in the list, at its own path, and gone after DELETE."""
    served = pets()
    made = ask(served, "POST", "/pets", {"id": 77, "name": "Rex", "tag": "dog"})
    pet = value_of(made, 201)
    assert (pet["id"], pet["name"], pet["tag"]) == (1, "Rex", "dog")
    assert pet["createdAt"] == "2023-11-14T22:13:20Z"
    assert ("location", "/pets/1") in made.headers
    assert value_of(ask(served, "GET", "/pets")) == [pet]
    assert value_of(ask(served, "GET", "/pets/1")) == pet
    assert ask(served, "DELETE", "/pets/1").status == 204
    assert message_of(ask(served, "GET", "/pets/1"), 404) == "no pet has the id '1'"
    assert value_of(ask(served, "GET", "/pets")) == []


def test_ids_are_never_used_again():
    """Ids ascend, and a deleted one does not come back."""
    served = pets()
    for expected in (1, 2):
        assert value_of(ask(served, "POST", "/pets", {"id": 0, "name": "a"}), 201)["id"] == expected
        ask(served, "DELETE", f"/pets/{expected}")


def test_put_replaces_and_patch_merges():
    """PUT leaves what it says, PATCH adds to what was there and takes away what is null."""
    served = pets()
    ask(served, "POST", "/pets", {"id": 0, "name": "Rex", "tag": "dog"})
    assert value_of(ask(served, "PATCH", "/pets/1", {"name": "Max"}))["tag"] == "dog"
    assert "tag" not in value_of(ask(served, "PATCH", "/pets/1", {"tag": None}))
    ask(served, "PATCH", "/pets/1", {"tag": "cat"})
    pet = value_of(ask(served, "PUT", "/pets/1", {"id": 9, "name": "Tom"}))
    assert (pet["id"], pet["name"]) == (1, "Tom")
    assert "tag" not in pet
    assert ask(served, "PUT", "/pets/2", {"id": 2, "name": "x"}).status == 404


def test_a_changed_thing_tells_when():
    """The property that tells of the last change does, the one of creation stays."""
    times = iter([NOW, NOW + 60])
    served = pets()
    served.state = served.state.__class__(lambda: next(times), None)
    ask(served, "POST", "/pets", {"id": 0, "name": "Rex"})
    changed = value_of(ask(served, "PATCH", "/pets/1", {"name": "Max"}))
    assert changed["updated"] == NOW + 60
    assert changed["createdAt"] == "2023-11-14T22:13:20Z"


def test_collections_below_a_thing_are_its_own():
    """Each pet has its own toys; they go with it, and an unknown pet has none."""
    served = pets()
    for name in ("Rex", "Tom"):
        ask(served, "POST", "/pets", {"id": 0, "name": name})
    ask(served, "POST", "/pets/1/toys", {"label": "ball"})
    assert value_of(ask(served, "GET", "/pets/1/toys")) == [{"label": "ball"}]
    assert value_of(ask(served, "GET", "/pets/2/toys")) == []
    assert ask(served, "GET", "/pets/3/toys").status == 404
    ask(served, "DELETE", "/pets/1")
    assert ask(served, "GET", "/pets/1/toys").status == 404
    assert not any(
        address.key[-1] == "toys" and held for address, held in served.state.store.records.items()
    )


def test_an_id_in_the_query_must_name_a_thing_too():
    """`pet_id=3` names a pet by its name; if there is none, that is 404."""
    served = pets()
    ask(served, "POST", "/pets", {"id": 0, "name": "Rex"})
    assert ask(served, "GET", "/visits?pet_id=1").status == 200
    assert ask(served, "GET", "/visits").status == 200
    assert ask(served, "GET", "/visits?pet_id=2").status == 404


def test_an_action_on_a_thing_answers_with_it():
    """POST below a thing whose answer is such a thing gives the remembered one."""
    served = pets()
    ask(served, "POST", "/pets", {"id": 0, "name": "Rex"})
    assert value_of(ask(served, "POST", "/pets/1/feed"))["name"] == "Rex"


def test_delete_on_the_collection_clears_it():
    """DELETE on a collection's path removes all of its things."""
    served = pets()
    ask(served, "POST", "/pets", {"id": 0, "name": "Rex"})
    assert ask(served, "DELETE", "/pets").status == 200
    assert value_of(ask(served, "GET", "/pets")) == []


def test_lists_are_cut_and_chosen_by_the_query():
    """`limit`, `offset` and `page` cut a list; a parameter called like a property chooses."""
    query = [parameter(n, schema={"type": "integer"}) for n in ("limit", "offset", "page")]
    tags = parameter("tag", schema={"type": "array", "items": {"type": "string"}})
    served = pets(parameters=[*query, parameter("name"), tags])
    for name, tag in (("a", "x"), ("b", "y"), ("c", "z")):
        ask(served, "POST", "/pets", {"id": 0, "name": name, "tag": tag})

    def names(query):
        return [pet["name"] for pet in value_of(ask(served, "GET", f"/pets?{query}"))]

    assert names("limit=2") == ["a", "b"]
    assert names("limit=2&offset=1") == ["b", "c"]
    assert names("limit=2&page=2") == ["c"]
    assert names("name=b") == ["b"]
    assert names("tag=x&tag=z") == ["a", "c"]


def test_a_wrapped_list_and_a_wrapped_thing_are_filled():
    """`{"data": [...], "total": 1}` and `{"user": {...}}` hold the remembered things."""
    user = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    wrapped = {"type": "object", "required": ["user"], "properties": {"user": ref("User")}}
    page = {
        "allOf": [
            {"properties": {"data": {"type": "array", "items": {"type": "object"}}}},
            {
                "required": ["data", "total"],
                "properties": {
                    "data": {"type": "array", "items": ref("User")},
                    "total": {"type": "integer"},
                },
            },
        ]
    }
    served = mock(
        {
            "/users": {
                "get": {"responses": answers(page)},
                "post": {"requestBody": content(ref("User")), "responses": answers(wrapped, "201")},
            },
            "/users/{userName}": {
                "parameters": [parameter("userName", "path")],
                "get": {"responses": answers(wrapped)},
            },
        },
        {"User": user},
    )
    assert value_of(ask(served, "POST", "/users", {"name": "ann"}), 201) == {
        "user": {"name": "ann"}
    }
    assert value_of(ask(served, "GET", "/users")) == {"data": [{"name": "ann"}], "total": 1}
    assert value_of(ask(served, "GET", "/users/ann")) == {"user": {"name": "ann"}}


def test_a_list_that_must_not_be_empty_never_is():
    """Where the schema refuses the remembered list, a made-up one that fits is sent."""
    names = {"type": "array", "minItems": 1, "items": ref("Pet")}
    page = {"type": "object", "required": ["items"], "properties": {"items": names}}
    paths = {
        path: {
            "get": {"responses": answers(schema)},
            "post": {"requestBody": content(ref("Pet")), "responses": answers(ref("Pet"))},
        }
        for path, schema in (("/a", names), ("/b", page))
    }
    served = mock(paths, {"Pet": PET})
    assert len(value_of(ask(served, "GET", "/a"))) == 1
    assert len(value_of(ask(served, "GET", "/b"))["items"]) == 1


def test_the_clients_own_id_is_kept_and_a_second_one_conflicts():
    """A name that the client chooses is the id; again, it is 409 where the document has that."""
    user = {"type": "object", "required": ["username"], "properties": {"username": {}}}
    user["properties"]["username"] = {"type": "string"}
    conflict = {"409": {"description": ""}}
    served = mock(
        {
            "/users": {
                "post": {
                    "requestBody": content(ref("User")),
                    "responses": {**answers(ref("User"), "201"), **conflict},
                }
            },
            "/users/{username}": {
                "parameters": [parameter("username", "path")],
                "get": {"responses": answers(ref("User"))},
                "put": {
                    "requestBody": content(ref("User")),
                    "responses": answers(ref("User"), "201"),
                },
            },
        },
        {"User": user},
    )
    assert value_of(ask(served, "POST", "/users", {"username": "ann"}), 201) == {"username": "ann"}
    assert "already" in message_of(ask(served, "POST", "/users", {"username": "ann"}), 409)
    assert value_of(ask(served, "GET", "/users/ann")) == {"username": "ann"}
    assert value_of(ask(served, "PUT", "/users/bob", {"username": "bob"}), 201)
    assert value_of(ask(served, "GET", "/users/bob")) == {"username": "bob"}


def test_put_on_the_collection_goes_by_the_bodys_id():
    """PUT on a collection's path replaces the thing that the body names, or is 404."""
    named = {"type": "object", "properties": {"key": {"type": "string"}, "n": {"type": "integer"}}}
    body = {"requestBody": content(ref("Thing")), "responses": answers(ref("Thing"))}
    served = mock(
        {
            "/things": {"post": body, "put": body},
            "/things/{key}": {
                "parameters": [parameter("key", "path")],
                "get": {"responses": answers(ref("Thing"))},
            },
        },
        {"Thing": named},
    )
    ask(served, "POST", "/things", {"key": "a", "n": 1})
    assert value_of(ask(served, "PUT", "/things", {"key": "a", "n": 2})) == {"key": "a", "n": 2}
    assert value_of(ask(served, "GET", "/things/a")) == {"key": "a", "n": 2}
    assert ask(served, "PUT", "/things", {"key": "b"}).status == 404
    assert ask(served, "PUT", "/things", {"n": 3}).status == 200


def test_a_copy_is_a_new_thing_with_the_fields_of_the_old():
    """POST below a thing that answers 201 with such a thing makes another one."""
    served = Mock(MIX, clock=lambda: NOW)
    ask(served, "POST", "/api/sessions", {"title": "a", "workingDirectory": "/w"})
    copy = ask(served, "POST", "/api/sessions/session-0001/fork", {"messageIndex": 1, "title": "b"})
    made = value_of(copy, 201)
    assert (made["id"], made["title"], made["workingDirectory"]) == ("session-0002", "b", "/w")
    assert len(value_of(ask(served, "GET", "/api/sessions"))) == 2


def test_a_list_of_things_stored_elsewhere_gathers_them():
    """A list whose items are those of a collection below other things shows them all."""
    served = Mock(MIX, clock=lambda: NOW)
    for _ in range(2):
        made = value_of(ask(served, "POST", "/api/sessions", {"title": "a"}), 201)
        body = {"text": made["id"], "media": [], "apps": [], "plan_mode": False}
        ask(served, "POST", f"/api/sessions/{made['id']}/messages", body)
    history = value_of(ask(served, "GET", "/api/messages/history"))
    assert [m["text"] for m in history] == ["session-0001", "session-0002"]
    assert len(value_of(ask(served, "GET", "/api/messages/history?limit=1"))) == 1


def test_things_that_nothing_creates_are_made_up_for_any_id():
    """Where no operation creates, a list has an item, and any name gives a thing of that name."""
    served = Mock(MIX)
    assert len(value_of(ask(served, "GET", "/api/commands"))) == 1
    assert value_of(ask(served, "GET", "/api/commands/help"))["name"] == "help"
    assert value_of(ask(served, "DELETE", "/api/auth/acme"))["provider"] == "acme"


def test_uuid_and_patterned_ids_fit_their_schemas():
    """New ids have the form that the schema asks for, and differ."""
    code = {"type": "string", "pattern": "^[A-Z]{3}$"}

    def make(schema):
        thing = {"type": "object", "required": ["id"], "properties": {"id": schema}}
        paths = {
            "/things": {"post": {"responses": answers(thing)}},
            "/things/{id}": {
                "parameters": [parameter("id", "path")],
                "get": {"responses": answers(thing)},
            },
        }
        served = mock(paths)
        return [value_of(ask(served, "POST", "/things"))["id"] for _ in range(2)]

    assert make({"type": "string", "format": "uuid"})[0] == "00000000-0000-4000-8000-000000000001"
    assert make({"type": "integer", "minimum": 100}) == [100, 101]
    first, second = make(code)
    assert first != second
    assert first.isupper()


def test_an_id_that_leaves_no_choice_is_at_least_sent_as_text():
    """Where every fitting id is taken, the thing is still remembered, under its number."""
    thing = {"type": "object", "required": ["id"], "properties": {"id": {"const": "only"}}}
    thing["properties"]["id"]["type"] = "string"
    served = mock(
        {
            "/t": {"post": {"responses": answers(thing)}},
            "/t/{id}": {
                "parameters": [parameter("id", "path")],
                "get": {"responses": answers(thing)},
            },
        }
    )
    for _ in range(2):
        assert value_of(ask(served, "POST", "/t"))["id"] == "only"
    assert ask(served, "GET", "/t/only").status == 200
    assert ask(served, "GET", "/t/2").status == 200


def test_a_list_in_another_media_type_is_made_up():
    """Only JSON shows what is remembered; a list as CSV is a sample."""
    served = pets()
    success = served.api.document.root["paths"]["/pets"]["get"]["responses"]["200"]
    success["content"]["text/csv"] = {"schema": {"type": "string", "const": "id,name"}}
    got = ask(served, "GET", "/pets", headers={"accept": "text/csv"})
    assert (got.content_type, got.body) == ("text/csv", b"id,name")


def test_a_list_of_plain_values_grows_too():
    """Things of which only a text is listed are counted all the same."""
    tags = {"type": "array", "items": {"type": "string"}}
    body = {"requestBody": content({"type": "object", "properties": {"tag": {"type": "string"}}})}
    get = {"parameters": [parameter("tag")], "responses": answers(tags)}
    served = mock({"/tags": {"get": get, "post": {**body, "responses": answers(status="204")}}})
    assert ask(served, "POST", "/tags", {"tag": "x"}).status == 204
    assert len(value_of(ask(served, "GET", "/tags?tag=x"))) == 1


def test_the_memory_is_bounded(monkeypatch):
    """Beyond the limit, the oldest things are forgotten."""
    monkeypatch.setattr("mixdyn.tools.mock.store.MOST_RECORDS", 2)
    served = pets()
    for name in "abc":
        ask(served, "POST", "/pets", {"id": 0, "name": name})
    assert [pet["id"] for pet in value_of(ask(served, "GET", "/pets"))] == [2, 3]


# Files.


def upload(served, filename, content_type="text/plain", data=b"\x00hello\r\n--b\r\n"):
    body = (
        b'--b0\r\nContent-Disposition: form-data; name="file"; filename="'
        + filename.encode()
        + b'"\r\nContent-Type: '
        + content_type.encode()
        + b"\r\n\r\n"
        + data
        + b"\r\n--b0--\r\n"
    )
    headers = {"content-type": "multipart/form-data; boundary=b0"}
    return ask(
        served, "POST", "/api/sessions/session-0001/files/upload", body=body, headers=headers
    )


@pytest.fixture
def session():
    """A server of the bundled document that has one session."""
    served = Mock(MIX, heartbeat_s=None, clock=lambda: NOW)
    ask(served, "POST", "/api/sessions", {"title": "demo"})
    return served


def test_an_uploaded_file_comes_back_byte_for_byte(session):
    """A file has its own name and size, is listed, and is served as it was sent."""
    data = bytes(range(256)) * 10
    info = value_of(upload(session, "a b.bin", "image/png", data), 201)
    assert info == {"isDir": False, "modified": NOW, "name": "a b.bin", "size": len(data)}
    assert value_of(ask(session, "GET", "/api/sessions/session-0001/files")) == [info]
    got = ask(session, "GET", "/api/sessions/session-0001/files/a%20b.bin")
    assert (got.body, got.content_type) == (data, "image/png")


def test_a_file_is_sent_as_the_client_accepts_it(session):
    """A client that does not take the file's own type gets it as a documented one."""
    upload(session, "a.txt")
    url = "/api/sessions/session-0001/files/a.txt"
    accept = {"accept": "application/octet-stream, image/jpeg;q=0.5"}
    assert ask(session, "GET", url, headers=accept).content_type == "application/octet-stream"
    assert ask(session, "GET", url).content_type == "text/plain"


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=1-3", 206, b"ell"),
        ("bytes=-2", 206, b"lo"),
        ("bytes=3-", 206, b"lo"),
        ("bytes=1-99", 206, b"ello"),
        ("bytes=-", 200, b"hello"),
        ("bytes=0-1,3-4", 200, b"hello"),
        ("lines=1-2", 200, b"hello"),
    ],
)
def test_a_range_of_a_file_is_served(session, asked, status, expected):
    """A single range gives just those bytes; what is not understood gives all."""
    upload(session, "a.txt", data=b"hello")
    url = "/api/sessions/session-0001/files/a.txt"
    got = ask(session, "GET", url, headers={"range": asked})
    assert (got.status, got.body) == (status, expected)


def test_a_range_beyond_the_file_is_416(session):
    """A range that begins after the file's end is refused, with the size."""
    upload(session, "a.txt", data=b"hello")
    url = "/api/sessions/session-0001/files/a.txt"
    got = ask(session, "GET", url, headers={"range": "bytes=9-"})
    assert got.status == 416
    assert ("content-range", "bytes */5") in got.headers


def test_a_file_can_be_deleted_and_replaced(session):
    """A second upload of the same name replaces the first; deleted, it is 404."""
    upload(session, "a.txt", data=b"one")
    upload(session, "a.txt", data=b"two")
    url = "/api/sessions/session-0001/files/a.txt"
    assert ask(session, "GET", url).body == b"two"
    assert ask(session, "DELETE", url).status == 204
    assert ask(session, "GET", url).status == 404


def test_an_upload_for_an_unknown_thing_is_404():
    """Files of a session that there is not are refused before they are looked at."""
    assert upload(Mock(MIX), "a.txt").status == 404


def test_raw_bodies_are_files_too():
    """A body of plain bytes is kept and comes back, without a name."""
    blob = {"type": "object", "properties": {"id": {"type": "string"}, "size": {"type": "integer"}}}
    raw = {"content": {"application/octet-stream": {}}}
    served = mock(
        {
            "/blobs": {"post": {"requestBody": raw, "responses": answers(blob, "201")}},
            "/blobs/{id}": {
                "parameters": [parameter("id", "path")],
                "get": {"responses": {"200": {"description": "", **raw}}},
                "put": {"requestBody": raw, "responses": answers(blob)},
            },
        }
    )
    headers = {"content-type": "application/octet-stream"}
    made = value_of(ask(served, "POST", "/blobs", body=b"\x01\x02", headers=headers), 201)
    assert made == {"id": "blob-0001", "size": 2}
    assert ask(served, "GET", "/blobs/blob-0001").body == b"\x01\x02"
    ask(served, "PUT", "/blobs/blob-0001", body=b"\x03", headers=headers)
    assert ask(served, "GET", "/blobs/blob-0001").body == b"\x03"


# Answers without memory.


def test_answers_are_the_same_every_time():
    """Made-up answers depend on the document and the request alone."""
    first, second = (ask(Mock(MIX, clock=lambda: NOW), "GET", "/api/preferences") for _ in range(2))
    assert first == second


def test_examples_go_first_and_the_requests_words_stand_in_them():
    """A documented example that fits is the answer; same-named fields repeat the request."""
    thing = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
    example = {"a": "documented", "b": 5}
    named = {"none": {}, "wrong": {"value": {"b": "no number"}}, "right": {"value": example}}
    served = mock(
        {
            "/one": {"get": {"responses": answers(thing, example=example)}},
            "/many": {
                "get": {
                    "parameters": [parameter("a")],
                    "responses": answers(thing, examples=named),
                }
            },
        }
    )
    assert value_of(ask(served, "GET", "/one")) == example
    assert value_of(ask(served, "GET", "/many")) == example
    assert value_of(ask(served, "GET", "/many?a=given")) == {"a": "given", "b": 5}


def test_other_media_types_are_answered_in_kind():
    """Text comes as text, XML as XML, bytes as bytes; a documented example goes first."""
    kinds = {
        "text/plain": {"schema": {"type": "string"}},
        "text/csv": {"schema": {"type": "string"}, "example": "a,b"},
        "application/xml": {"schema": {"type": "object"}},
        "image/png": {"schema": {"type": "string", "format": "binary"}},
        "text/*": {"schema": {"type": "string", "const": "wild"}},
    }
    served = mock({"/x": {"get": {"responses": {"200": {"description": "", "content": kinds}}}}})

    def get(accept):
        response = ask(served, "GET", "/x", headers={"accept": accept})
        return response.content_type, response.body

    assert get("text/plain") == ("text/plain", b"text 40")
    assert get("text/csv") == ("text/csv", b"a,b")
    assert get("application/xml")[1].startswith(b"<?xml")
    assert get("image/png") == ("image/png", b"A sample of image/png.")
    assert get("text/plain;q=0, text/csv;q=0, text/html") == ("text/plain", b"wild")
    assert get("text/csv;q=0.5.5, text/plain;q=0.2")[0] == "text/plain"


def test_json_without_a_schema_is_an_empty_object():
    """A JSON media type that says nothing more is answered with `{}`."""
    bare = {"200": {"description": "", "content": {"application/json": {}}}}
    assert value_of(ask(mock({"/x": {"get": {"responses": bare}}}), "GET", "/x")) == {}


@pytest.mark.parametrize(
    ("responses", "status"),
    [
        ({"2XX": {"description": ""}}, 200),
        ({"default": {"description": ""}}, 200),
        ({"302": {"description": ""}, "404": {"description": ""}}, 302),
        ({"3XX": {"description": ""}}, 300),
        ({"404": {"description": ""}}, 200),
        ({}, 200),
        ({"204": {"description": "", **content({"type": "string"})}}, 204),
    ],
)
def test_the_documented_success_status_is_answered(responses, status):
    """Ranges, defaults and redirections have their status; without any success it is 200."""
    response = ask(mock({"/x": {"get": {"responses": responses}}}), "GET", "/x")
    assert (response.status, response.body) == (status, b"")


# Refusing.


def test_unknown_body_fields_are_refused_as_strict_servers_do():
    """A field that the schema does not list is 400, with the nearest name."""
    message = message_of(ask(pets(), "POST", "/pets", {"id": 1, "name": "a", "tgg": "x"}))
    assert "'tgg' is unknown. Did you mean 'tag'?" in message


def test_errors_of_a_document_without_any_are_plain():
    """Where no error is described, the refusal is a plain object that says what was wrong."""
    served = mock({"/x": {"get": {"parameters": [parameter("n", required=True)], "responses": {}}}})
    assert value_of(ask(served, "GET", "/x"), 400) == {
        "error": {
            "code": 400,
            "message": "the parameters do not fit:\n  query parameter n: is missing",
        }
    }
    assert value_of(ask(served, "GET", "/y"), 404)["error"]["code"] == 404


def test_errors_in_plain_text_are_the_message():
    """Where errors are documented as text, the text is what was wrong."""
    text = {"400": {"description": "", **content({"type": "string"}, "text/html")}}
    served = mock(
        {"/x": {"get": {"parameters": [parameter("n", required=True)], "responses": text}}}
    )
    response = ask(served, "GET", "/x")
    assert response.content_type == "text/html"
    assert b"query parameter n: is missing" in response.body


def test_422_stands_for_400_where_only_it_is_declared():
    """Frameworks that answer invalid input with 422 are stood in for truly."""
    responses = {"200": {"description": ""}, "422": {"description": "", **content(ref("Error"))}}
    served = mock(
        {"/x": {"get": {"parameters": [parameter("n", required=True)], "responses": responses}}}
    )
    assert value_of(ask(served, "GET", "/x"), 422)["code"] == 422


def test_a_part_of_the_document_that_cannot_be_used_is_500_and_says_why():
    """An operation with a dangling reference is answered, with what is wrong in the document."""
    broken = {"type": "object", "required": ["a"], "properties": {"a": ref("Gone")}}
    lost = {"parameters": [{"$ref": "#/components/parameters/Gone"}], "responses": answers()}
    served = mock(
        {
            "/x": {"get": lost},
            "/y": {"get": {"responses": {"200": {"description": "", **content(broken)}}}},
            "/ok": {"get": {"responses": answers()}},
        }
    )
    assert "points at nothing" in message_of(ask(served, "GET", "/x"), 500)
    assert "points at nothing" in message_of(ask(served, "GET", "/y"), 500)


def test_an_error_schema_that_cannot_be_used_is_told_as_text():
    """Where even the form of the error is broken, the status and the reason still arrive."""
    form = {"type": "object", "required": ["a"], "properties": {"a": ref("Gone")}}
    broken = {"400": {"description": "", **content(form)}}
    served = mock(
        {"/x": {"get": {"parameters": [parameter("n", required=True)], "responses": broken}}}
    )
    response = ask(served, "GET", "/x")
    assert (response.status, response.content_type) == (400, "text/plain")


def test_a_body_above_the_limit_is_413(monkeypatch):
    """The size of a body is bounded, also where there is no socket."""
    monkeypatch.setattr("mixdyn.tools.mock.stand_in.MAX_BODY_BYTES", 10)
    assert "larger than 10 bytes" in message_of(ask(pets(), "POST", "/pets", {"name": "abc"}), 413)


def test_refuse_words_what_was_not_even_read():
    """A server can have a refusal worded for a request whose body it did not read."""
    served = pets()
    known = served.refuse(MockRequest("POST", "/pets"), 413, "too big")
    assert value_of(known, 413) == {"code": 413, "message": "too big"}
    assert value_of(served.refuse(MockRequest("", "*"), 400, "odd"), 400)["message"] == "odd"


def test_compressed_bodies_are_415():
    """The stand-in reads bodies as they are."""
    body = {"content-encoding": "gzip", "content-type": "application/json"}
    assert ask(pets(), "POST", "/pets", body=b"x", headers=body).status == 415


# Streams.


def read_events(response, count):
    reader = iter(response.body)
    return [next(reader).decode() for _ in range(count)]


def fields_of(event):
    return dict(line.split(": ", 1) for line in event.strip().split("\n"))


def test_a_stream_opens_and_tells_of_a_sent_message(session):
    """The stream begins with its opening event, and runs through its types for a message."""
    stream = ask(session, "GET", "/stream?sessionId=session-0001")
    assert stream.content_type == "text/event-stream"
    sent = ask(session, "POST", "/stream/session-0001/message", {"content": "What is that?"})
    assert value_of(sent) == {"status": "broadcasted", "sessionId": "session-0001"}
    events = list(map(fields_of, read_events(stream, 10)))
    assert [e["event"] for e in events] == [
        "connected",
        "thinking",
        "tool",
        "tool_execution_start",
        "tool_execution_complete",
        "summarize",
        *["content"] * 3,
        "complete",
    ]
    assert [e["id"] for e in events] == [str(n) for n in range(10)]
    assert json.loads(events[0]["data"]) == {"sessionId": "session-0001"}
    pieces = [json.loads(e["data"])["content"] for e in events if e["event"] == "content"]
    assert "".join(pieces) == json.loads(events[-1]["data"])["content"] == "What is that?"


def test_every_event_fits_its_branch(session):
    """Each event of a run, and the heartbeat, is valid by the schema of its type."""
    route = next(r for r in session.api.router.routes if r.path == "/stream")
    script = session.api.script(route, route.operation.responses[0].media[0])
    stream = ask(session, "GET", "/stream?sessionId=session-0001")
    ask(session, "POST", "/stream/session-0001/message", {"content": "hi"})
    events = [fields_of(event) for event in read_events(stream, 8)]
    for event in events:
        event["data"] = json.loads(event["data"])
        validator = session.api.sampler.validator(script.branches[event["event"]])
        assert validator.problems(event) == ()


def test_a_stream_replays_what_was_missed(session):
    """`Last-Event-ID` brings the events after it, then what comes."""
    ask(session, "POST", "/stream/session-0001/message", {"content": "one"})
    headers = {"last-event-id": "5"}
    stream = ask(session, "GET", "/stream?sessionId=session-0001", headers=headers)
    assert [fields_of(e)["id"] for e in read_events(stream, 3)] == ["5", "6", "7"]
    late = ask(session, "GET", "/stream?sessionId=session-0001", headers={"last-event-id": "x"})
    assert fields_of(read_events(late, 1)[0])["id"] == "7"


def test_a_sent_message_becomes_history(session):
    """A text sent over the stream is listed among the messages of the same session."""
    ask(session, "POST", "/stream/session-0001/message", {"content": "remember me"})
    listed = value_of(ask(session, "GET", "/api/sessions/session-0001/messages"))
    assert [message["text"] for message in listed] == ["remember me"]


def test_other_posts_about_the_same_thing_are_not_messages(session):
    """Uploads, cancellations and forks send nothing to the stream."""
    stream = ask(session, "GET", "/stream?sessionId=session-0001")
    upload(session, "a.txt")
    ask(session, "POST", "/api/sessions/session-0001/cancel")
    ask(session, "POST", "/api/sessions/session-0001/fork", {"messageIndex": 1})
    session.close()
    assert len(list(stream.body)) == 1


def test_a_stream_ends_with_its_thing(session):
    """Deleting a session ends its streams; one of an unknown session is 404."""
    stream = ask(session, "GET", "/stream?sessionId=session-0001")
    ask(session, "DELETE", "/api/sessions/session-0001")
    assert len(list(stream.body)) == 1
    assert ask(session, "GET", "/stream?sessionId=session-0001").status == 404


def test_head_of_a_stream_does_not_stay_open(session):
    """HEAD on a stream gives its headers and ends."""
    head = ask(session, "HEAD", "/stream?sessionId=session-0001")
    assert (head.status, head.body, head.content_type) == (200, b"", "text/event-stream")


def stream_of(schema, **media):
    return answers(schema, media="text/event-stream", **media)


DELTAS = {
    "oneOf": [
        {
            "type": "object",
            "required": ["type", "delta"],
            "properties": {
                "type": {"const": "text_delta"},
                "delta": {"type": "object", "properties": {"text": {"type": "string"}}},
            },
        },
        {"type": "object", "required": ["type"], "properties": {"type": {"const": "done"}}},
    ]
}


def test_a_stream_that_nothing_sends_to_runs_once_and_ends():
    """Without an operation that sends, the stream gives one run and its sentinel."""
    media = {"x-speakeasy-sse-sentinel": "[DONE]"}
    served = mock({"/ticks": {"get": {"responses": stream_of(DELTAS, **media)}}})
    body = ask(served, "GET", "/ticks").body
    events = [line[6:] for line in body.decode().split("\n") if line.startswith("data: ")]
    texts = [json.loads(e)["delta"]["text"] for e in events[:-2]]
    assert "".join(texts) == "Hello from the stand-in server."
    assert [json.loads(events[-2])["type"], events[-1]] == ["done", "[DONE]"]
    assert body.startswith(b": open\n\n")
    assert b"event:" not in body


def test_a_post_may_answer_with_a_stream_of_its_own():
    """POST gives events where the client asks for them, by `Accept` or by `stream: true`."""
    request = {"type": "object", "properties": {"prompt": {"type": "string"}, "stream": {}}}
    responses = stream_of(DELTAS)
    responses["200"]["content"]["application/json"] = {"schema": {"const": "whole"}}
    post = {"requestBody": content(request), "responses": responses}
    served = mock({"/chat": {"post": post}})
    asked = {"prompt": "one two three four"}
    assert value_of(ask(served, "POST", "/chat", asked)) == "whole"
    assert b"one two" in ask(served, "POST", "/chat", {**asked, "stream": True}).body
    accept = {"accept": "text/event-stream", "content-type": "application/json"}
    streamed = ask(served, "POST", "/chat", asked, headers=accept)
    assert streamed.content_type == "text/event-stream"
    assert b"one two" in streamed.body


def test_streams_without_a_thing_are_joined_by_their_path():
    """Where nothing is remembered, the room in the path joins the sender and the stream."""
    room = [parameter("room", "path")]
    say = {"type": "object", "properties": {"text": {"type": "string"}}}
    served = mock(
        {
            "/chat/{room}/events": {
                "parameters": room,
                "get": {"responses": stream_of({"type": "string"})},
            },
            "/chat/{room}/say": {
                "parameters": room,
                "post": {"requestBody": content(say), "responses": answers()},
            },
        },
        heartbeat_s=0.001,
    )
    blue, red = (ask(served, "GET", f"/chat/{room}/events") for room in ("blue", "red"))
    ask(served, "POST", "/chat/blue/say", {"text": "hello\nyou"})
    assert read_events(blue, 3)[1:] == ["id: 1\ndata: hello\ndata: \n\n", "id: 2\ndata: you\n\n"]
    assert read_events(red, 2) == [": open\n\n", ": keep-alive\n\n"]


@pytest.mark.parametrize(
    ("media", "mark"), [("application/jsonl", b""), ("application/json-seq", b"\x1e")]
)
def test_json_lines_are_a_finite_run(media, mark):
    """JSON Lines and JSON sequences give each item on a line."""
    responses = {"200": {"description": "", "content": {media: {"itemSchema": DELTAS}}}}
    body = ask(mock({"/lines": {"get": {"responses": responses}}}), "GET", "/lines").body
    lines = body.splitlines(keepends=True)
    assert all(line.startswith(mark) and line.endswith(b"\n") for line in lines)
    assert json.loads(lines[-1].removeprefix(mark)) == {"type": "done"}


def test_lines_described_as_an_array_give_its_items():
    """A list of items as the schema of JSON Lines means its items."""
    array = {
        "type": "array",
        "items": {"type": "object", "properties": {"text": {"type": "string"}}},
    }
    responses = answers(array, media="application/x-ndjson")
    body = ask(mock({"/lines": {"get": {"responses": responses}}}), "GET", "/lines").body
    assert "".join(json.loads(line)["text"] for line in body.splitlines()).startswith("Hello")


# In use.


def test_the_transport_serves_blocking_clients(session):
    """`httpx.Client` works against the stand-in without a port, streams included."""
    with httpx.Client(transport=session.transport(), base_url="http://mock") as client:
        assert client.get("/health").json()["status"]
        with client.stream("GET", "/stream", params={"sessionId": "session-0001"}) as stream:
            client.post("/stream/session-0001/message", json={"content": "hi"})
            lines = stream.iter_lines()
            assert next(lines) == "event: connected"
            assert any(line == "event: complete" for line in lines)


def test_the_transport_serves_async_clients(session):
    """`httpx.AsyncClient` works the same; a waiting stream does not block the loop."""

    async def talk():
        client = httpx.AsyncClient(transport=session.transport(), base_url="http://mock")
        async with client, client.stream("GET", "/stream?sessionId=session-0001") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "event: connected"
            waiting = asyncio.ensure_future(last_event(lines))
            await client.post("/stream/session-0001/message", json={"content": "hi"})
            return await waiting

    async def last_event(lines):
        async for line in lines:
            if line == "event: complete":
                return line
        return None

    assert asyncio.run(asyncio.wait_for(talk(), 10)) == "event: complete"


def test_without_a_spec_it_is_the_bundled_document():
    """`Mock()` stands in for the server of the bundled document, and says so."""
    assert repr(Mock()) == "<Mock of 'Mix REST API'>"


# Other documents.


def test_openapi_3_0_is_levelled_too():
    """`nullable` and boolean `exclusiveMinimum` of 3.0 are understood."""
    thing = {
        "type": "object",
        "required": ["n", "note"],
        "properties": {
            "n": {"type": "integer", "minimum": 5, "exclusiveMinimum": True},
            "note": {"type": "string", "nullable": True},
        },
    }
    body = {"requestBody": content(ref("Thing")), "responses": answers(ref("Thing"))}
    served = mock(
        {"/things": {"post": body, "get": {"responses": answers(ref("Thing"))}}},
        {"Thing": thing},
        "3.0.3",
    )
    assert value_of(ask(served, "GET", "/things"))["n"] > 5
    assert value_of(ask(served, "POST", "/things", {"n": 6, "note": None}))["note"] is None
    assert ask(served, "POST", "/things", {"n": 5, "note": None}).status == 400


def documents():
    """All OpenAPI 3.x documents at hand, the bundled one among them."""
    found = [p for kind in ("*.json", "*.yaml") for p in sorted(SPECS.rglob(kind))]
    is_modern = re.compile(r"""^\s*["']?openapi["']?:\s*["']?3""", re.MULTILINE)
    return [MIX, *(p for p in found if is_modern.search(p.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_operation_of_real_documents_is_answered_validly(path):
    """Any request gets an answer, and what is documented has the form that it is given."""
    served = Mock(path, heartbeat_s=None, clock=lambda: NOW)
    for route in served.api.router.routes:
        for body in (b"", b"{}", b'{"name": "x"}', b"[1]", b"\xff"):
            target = route.path.replace("{", "").replace("}", "")
            headers = (("content-type", "application/json"),) if body else ()
            response = served.handle(MockRequest(route.method, target, headers, body))
            assert isinstance(response, MockResponse)
            check(served, route, response)


def check(served, route, response):
    if isinstance(response.body, Subscription):
        response.body.close()
        return
    documented = route.operation.response(response.status)
    media = documented.match(response.content_type) if documented and response.body else None
    if media is not None and media.schema is not None and is_json(media.essence):
        problems = served.api.sampler.validator(media.schema).problems(json.loads(response.body))
        assert problems == ()


def test_nothing_is_written_for_the_bundled_document():
    """No path, operation or schema of the bundled document is named in the stand-in's code."""
    root = Mock().api.document.root
    operations = [op for item in root["paths"].values() for op in item.values()]
    names = [*root["paths"], *root["components"]["schemas"]]
    names += [op["operationId"] for op in operations]
    modules = [m for m in sys.modules if m.startswith("mixdyn.tools.") and m != "mixdyn.tools.demo"]
    sources = "".join(Path(sys.modules[m].__file__).read_text(encoding="utf-8") for m in modules)
    assert [name for name in names if re.search(rf"{re.escape(name)}\b", sources)] == []
