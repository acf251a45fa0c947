"""What a document makes of a client: namespaces, methods, and no name that is not its own."""

from __future__ import annotations

import inspect
import pydoc
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mixdyn.client import Client
from mixdyn.method import Routine
from mixdyn.surface import Namespace, list_slots
from tests.loopback import PATIENCE
from tests.things import THINGS, make_client


def client_of(*operations: tuple[str, Any, str], **parts: Any) -> Any:
    """Give a client of operations: path, tag (or group), operationId."""
    paths: dict[str, Any] = {}
    for path, tag, name in operations:
        where = {"x-speakeasy-group": tag[1:]} if tag and tag[0] == "=" else {"tags": [tag]}
        paths[path] = {"get": {"operationId": name, "responses": {}, **(where if tag else {})}}
    info = {"title": "Test", "version": "1"}
    return Client({"openapi": "3.1.0", "info": info, "paths": paths, **parts})


def test_namespaces() -> None:
    """Each tag is a namespace whose methods belong to the client it was taken from."""
    api = make_client()
    assert isinstance(api.things, Namespace)
    assert api.things._client is api
    assert type(api.things).__qualname__ == "Things"
    assert str(api.things) == "<Things: list, create, get, delete, watch, download, upload, attach>"


def test_nested_groups() -> None:
    """A group with dots is a namespace inside a namespace."""
    api = client_of(("/a", "=admin.users", "listAll"), ("/b", "=admin", "ping"))
    assert api.admin.users.list_all.__qualname__ == "Admin.Users.list_all"
    assert api.admin.users._client is api
    assert inspect.isclass(type(api.admin).users)
    assert str(api.admin) == "<Admin: ping, users>"
    assert type(api.admin).__doc__.endswith("\n\nNamespaces inside: users.")
    assert type(api.admin.users).__doc__.startswith("The operations of admin.users.\n")
    outer = client_of(("/a", "=only.inner", "go"))
    assert type(outer.only).__doc__ == ("The operations of only.\n\nNamespaces inside: inner.")


def test_operations_without_tags() -> None:
    """They are methods of the client itself, real functions of its class."""
    api = client_of(("/ping", None, "ping"), ("/pong/{id}", None, ""))
    assert inspect.ismethod(api.ping)
    assert inspect.isfunction(type(api).ping)
    assert inspect.iscoroutinefunction(api.ping_async)
    assert api.ping.__self__ is api
    assert {"ping", "ping_async", "get_pong_by_id"} <= set(dir(api))
    assert str(api) == "<Client: Test 1, ping, get_pong_by_id>"
    text = pydoc.plain(pydoc.render_doc(type(api)))
    assert "ping(" in text
    assert "GET /ping" in text


def test_unknown_names() -> None:
    """A name that is not there is an AttributeError that names the nearest one, once."""
    api = make_client()
    with pytest.raises(AttributeError) as caught:
        api.things.lsit  # noqa: B018  # the access is what raises
    assert str(caught.value) == "'Things' has no operation 'lsit'. Did you mean 'list'?"
    assert (caught.value.name, caught.value.obj) == ("lsit", None)
    with pytest.raises(AttributeError, match=r"'Client' has no attribute 'thinks'\. Did you mean"):
        api.thinks  # noqa: B018  # the access is what raises
    with pytest.raises(AttributeError, match=r"'_repr_latex_'$"):
        api.things._repr_latex_  # noqa: B018  # the access is what raises
    with pytest.raises(AttributeError, match=r"'_repr_latex_'$"):
        api._repr_latex_  # noqa: B018  # the access is what raises
    assert not hasattr(type(api), "thinks")


HOSTILE = (
    ("/1", "close", "close"),
    ("/2", "aclose", "go"),
    ("/3", "with_options", "go"),
    ("/4", "__class__", "__init__"),
    ("/5", "_client", "_client"),
    ("/6", "_surface", "__getattr__"),
    ("/7", None, "close"),
    ("/8", None, "__dict__"),
    ("/9", None, "with_options"),
)


def test_hostile_names() -> None:
    """No name of a document takes the place of one of ours, or of Python's."""
    api: Any = client_of(*HOSTILE)
    for name in ("close", "aclose", "with_options", "__class__", "_surface", "_client", "__dict__"):
        assert name not in api._surface.names
    assert api.close.__func__ is Client.close
    assert api.with_options.__func__ is Client.with_options
    assert api._client is api
    assert api.close_.close.__name__ == "close"
    assert {"aclose_", "with_options_", "client", "surface"} <= set(dir(api))
    assert all(not name.startswith("_") for name in api._surface.names)
    assert api.client._client is api
    assert api.client.client.__name__ == "client"


def test_namespace_doc() -> None:
    """A namespace tells its tag's description and its operations; odd characters are escaped."""
    tags = [{"name": "pets", "description": "All\x1b of them. "}]
    api = client_of(("/a", "pets", "listPets"), ("/b", "Other things", "go"), tags=tags)
    assert type(api.pets).__doc__ == (
        "All\\x1b of them.\n\nOperations, each also as `<name>_async`:\n    list_pets: GET /a"
    )
    assert api.other_things.__doc__.startswith("The operations of other_things.")
    assert "list: List the things" in type(make_client().things).__doc__


def test_methods_are_made_when_looked_at() -> None:
    """Until then nothing is read of the operation; from then on it is always the same function."""
    api = client_of(("/a", "pets", "list"), ("/b", "pets", "get"))
    assert not api._surface._plans
    kind = type(api.pets)
    assert api.pets.list_async.__func__ is kind.list_async
    assert list(api._surface._plans) == ["pets.list"]
    entry = api._surface.catalog.entries[0]
    assert api._surface.plan(entry) is api._surface.plan(entry)
    assert isinstance(vars(kind)["list"], Routine)
    assert inspect.isfunction(kind.list)


def test_methods_are_made_once() -> None:
    """Whoever comes late to the first look finds the function that is there by then."""
    kind = type(client_of(("/a", "pets", "list")).pets)
    late = vars(kind)["list"]
    made = kind.list
    assert late.__get__(None, kind) is made


def test_first_use_by_many_threads() -> None:
    """Threads that look at a method for the first time together get the same function."""
    for _ in range(5):
        api = client_of(("/a", "pets", "list"))
        gate = threading.Barrier(16, timeout=PATIENCE)

        def look(number: int, api: Any = api, gate: threading.Barrier = gate) -> Any:
            gate.wait()
            return (api.pets.list if number % 2 else api.pets.list_async).__func__

        with ThreadPoolExecutor(16) as pool:
            assert len(set(pool.map(look, range(16)))) == 2


def test_bind() -> None:
    """A class of clients is bound to a document once, and keeps its own name and text."""
    api: Any = client_of(("/a", "pets", "list"))
    surface = api._surface
    bound = surface.bind(Client)
    assert surface.bind(Client) is bound is type(api)
    assert surface.bind(bound) is bound
    assert (bound.__name__, bound.__doc__) == ("Client", Client.__doc__)
    assert list_slots(bound) == {"pets"}
    assert list_slots(Client) == set()


def test_error_names() -> None:
    """The error classes of all operations are known before any is called."""
    assert set(make_client()._surface.error_names()) == {"Failure"}


def test_error_names_pass_over_what_cannot_be_used() -> None:
    """An operation that cannot be read hides none of the others' error classes."""
    broken = {"get": {"responses": {}, "parameters": [{"name": "nowhere"}]}}
    document = {**THINGS.root, "paths": {"/broken": broken, **THINGS.root["paths"]}}
    assert set(Client(document)._surface.error_names()) == {"Failure"}
