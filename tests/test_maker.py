"""What has to be there before an example call is made first, whatever the API."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mixdyn.client import Client
from mixdyn.tools.mock import Mock
from tests.documents import INTEGER, TEXT, answers, body, fields, param
from tests.test_example import example_of

THING = fields("id", id=TEXT, name=TEXT)


def connect(paths: dict[str, Any], **schemas: Any) -> Any:
    """Give a client of an API whose stand-in answers."""
    spec = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    http = httpx.Client(transport=Mock(spec).transport())
    return Client(spec, server_url="http://x.test", client=http)


def run(client: Any, method: Any) -> list[str]:
    """Run the example on a method's page as it stands, and give its lines."""
    code = example_of(method)
    exec(compile(code, "example", "exec"), {"client": client, "print": str})
    return code.split("\n")


def op(name: str, *parts: Any, **more: Any) -> dict[str, Any]:
    """Give an operation by name."""
    found = {"operationId": name, "responses": {"204": {"description": ""}}, **more}
    for part in parts:
        found |= part
    return found


def test_things_are_made_first() -> None:
    """What an operation names is made by the operation that makes such things."""
    thing = fields("uuid", uuid=TEXT)
    lost = {"responses": {}, "parameters": [{"$ref": "#/no"}]}
    paths = {
        "/things": {"post": {"operationId": "make", **answers(thing, "201")}},
        "/things/{id}": {"get": {"operationId": "get", "responses": {}}},
        "/events": {
            "get": {
                "operationId": "watch",
                "responses": {},
                "parameters": [param("thingId", required=True)],
            }
        },
        "/events/{id}": {"post": {"operationId": "send", "responses": {}}},
        "/plain": {"post": {"operationId": "plain", **answers(TEXT)}},
        "/plain/{id}": {"get": {"operationId": "look", "responses": {}}},
        "/lost": {"post": {"operationId": "lost", **lost}, "get": {"operationId": "lost2", **lost}},
        "/lost/{id}": {"get": {"operationId": "find", "responses": {}}},
    }
    api: Any = Client({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths})
    making = "thing = client.make()\n"
    assert example_of(api.get) == f"{making}client.get(id=thing.uuid)"
    assert example_of(api.watch) == f"{making}client.watch(thing_id=thing.uuid)"
    assert example_of(api.send) == f"{making}client.send(id=thing.uuid)"
    assert example_of(api.look) == 'client.look(id="id")'
    assert example_of(api.find_) == 'client.find_(id="id")'


def test_things_inside_things() -> None:
    """What belongs to something is made in it; all name the same one."""
    paths = {
        "/boxes": {"post": op("makeBox", body(fields("name", name=TEXT)), answers(THING, "201"))},
        "/boxes/{boxId}": {"get": op("getBox", answers(THING))},
        "/boxes/{id}/parts": {
            "post": op("makePart", answers(fields(data=THING), "201")),
            "get": op("listParts", answers({"type": "array", "items": THING})),
        },
        "/boxes/{id}/parts/{part}": {"get": op("getPart", answers(fields(data=THING)))},
        "/links": {"put": op("link", parameters=[param("box_id", required=True)])},
    }
    client = connect(paths)
    assert run(client, client.get_part) == [
        'box = client.make_box(name="name 26")',
        "part = client.make_part(id=box.id)",
        "client.get_part(id=box.id, part=part.data.id)",
    ]
    assert run(client, client.link)[-1] == "client.link(box_id=box.id)"


def test_names_that_the_caller_gives() -> None:
    """Where no answer tells a thing's name, it is the one that was sent."""
    user = fields(username=TEXT, age=INTEGER)
    paths = {
        "/users": {"post": op("makeUser", body(user))},
        "/users/{username}": {"get": op("getUser", answers(user))},
        "/pages/{page}": {
            "put": op("putPage", answers(THING, "201")),
            "get": op("getPage", answers(fields(page=TEXT))),
        },
        "/counts": {"post": op("makeCount", body(fields(id=INTEGER)))},
        "/counts/{id}": {
            "get": op(
                "getCount", answers(fields(id=INTEGER)), parameters=[param("id", "path", TEXT)]
            )
        },
        "/teams": {"post": op("makeTeam", answers(fields(id=INTEGER), "201"))},
        "/teams/{id}": {"get": op("getTeam", parameters=[param("id", "path", TEXT)])},
    }
    client = connect(paths)
    made, got = run(client, client.get_user)
    assert made.removeprefix("client.make_user") == got.removeprefix("client.get_user")
    assert run(client, client.get_page) == [
        'client.put_page(page="page")',
        'client.get_page(page="page")',
    ]
    assert run(client, client.put_page) == ['client.put_page(page="page")']
    made, got = run(client, client.get_count)
    number = made.removeprefix("client.make_count(id=").removesuffix(")")
    assert got == f'client.get_count(id="{number}")'
    assert run(client, client.get_team)[-1] == "client.get_team(id=str(team.id))"


def test_other_makers() -> None:
    """POST below a collection makes its things where it answers with one."""
    listed = answers({"type": "array", "items": {"$ref": "#/components/schemas/Client"}})
    one = {"$ref": "#/components/schemas/Client"}
    paths = {
        "/clients": {"get": op("list", listed)},
        "/clients/ping": {"post": op("ping")},
        "/clients/upload": {"post": op("upload", answers(one, "201"))},
        "/clients/{id}": {"get": op("get", answers(one))},
        "/clients/{id}/clients": {"post": op("nest", answers(THING))},
        "/clients/{id}/clients/{inner}": {"get": op("look", answers(THING))},
    }
    client = connect(paths, Client=THING)
    assert run(client, client.get) == ["client_1 = client.upload()", "client.get(id=client_1.id)"]
    assert run(client, client.look)[-1] == "client.look(id=client_1.id, inner=client_2.id)"


@pytest.mark.parametrize(
    "maker",
    [
        op("make"),
        op("make", body(TEXT)),
        op("make", answers(THING, media="text/event-stream")),
        op("make", answers(fields(other=fields(x=TEXT)))),
        op("make", answers({"$ref": "#/no"})),
        op("make", answers(fields(data={"$ref": "#/no"}))),
        op("make", parameters=[{"$ref": "#/no"}]),
    ],
)
def test_what_cannot_be_made(maker: dict[str, Any]) -> None:
    """Where nothing tells how a thing is called, the example names one as best it can."""
    paths = {"/things": {"post": maker}, "/things/{id}": {"get": op("get", answers(TEXT))}}
    spec = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths}
    client: Any = Client(spec, server_url="http://x.test")
    assert example_of(client.get).startswith('client.get(id="')


def test_no_more_than_a_few() -> None:
    """However deep things are nested, an example makes only a few."""
    path, paths = "", {}
    for level in range(8):
        paths[f"{path}/a{level}"] = {"post": op(f"make{level}", answers(THING, "201"))}
        path += f"/a{level}/{{p{level}}}"
    paths[path] = {"get": op("get", answers(THING))}
    client = connect(paths)
    assert example_of(client.get).count("client.make") == 4
