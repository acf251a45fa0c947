"""Completion of calls that are being typed."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from mixdyn import completion
from mixdyn.client import Client
from mixdyn.completion import complete, complete_call, list_values
from mixdyn.view import make_view
from tests.documents import INTEGER, TEXT, param

LEVEL = {"enum": ["low", "high", 'odd"one']}
PARAMETERS = [
    param("level", schema=LEVEL),
    param("size", schema={"enum": [1, 2]}),
    param("flag", schema={"type": "boolean"}),
    param("count", schema=INTEGER),
    param("type", schema={"enum": ["fast"]}),
]
PATHS = {
    "/x": {"get": {"operationId": "go", "tags": ["t"], "parameters": PARAMETERS, "responses": {}}}
}
PET = {"type": "object", "properties": {"name": TEXT, "friends": {"type": "array"}}}
ROOT = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": PATHS}
API: Any = Client({**ROOT, "components": {"schemas": {"Pet": PET}}})


@pytest.mark.parametrize(
    ("before", "fragment", "choices"),
    [
        ("api.t.go(le", "le", ("level=",)),
        ("x = [api.t.go(level='low', s", "s", ("size=", "server_url=")),
        ("api.t.go(flag=True, fl", "fl", ()),
        ('api.t.go(level="', "", ("low", "high")),
        ("api.t.go(level='hi", "hi", ("high",)),
        ("api.t.go(level='", "", ("low", "high", 'odd"one')),
        ("api.t.go(level=", "", ("'low'", "'high'", "'odd\"one'")),
        ("api.t.go(size=", "", ("1", "2")),
        ("api.t.go(flag=T", "T", ("True",)),
        ("api.t.go(count=", "", ()),
        ("api.t.go(http_headers={'a': (1, 2)}, level='l", "l", ("low",)),
        ("api.t.go(unknown='", "", ()),
        ("api.t.go(level='low').", "", ()),
        ("api.t.go", "", ()),
        ("api.t.go(level=['", "", ()),
        ("other.t.go(level='", "", ()),
        ("plain.go(level='", "", ()),
        ("api._client.t.go(", "", ()),
        ("api.t.nothing(", "", ()),
        ("api.t(", "", ()),
        ("go(", "", ()),
        ("(", "", ()),
        (")] api.t.go(lev", "lev", ("level=",)),
        ("api.t.go(1 +", "", ()),
        ("api.t.go(type='", "", ("fast",)),
    ],
)
def test_complete_call(before: str, fragment: str, choices: tuple[str, ...]) -> None:
    """Names of arguments are completed, and values of those that list them."""
    plain = SimpleNamespace(go=print)
    found = complete_call(before, {"api": API, "plain": plain})
    assert found.choices == choices
    assert not choices or found.fragment == fragment


class Trap:
    """Something of others, which completion must leave alone."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)

    def __getitem__(self, key: Any) -> Any:
        raise AssertionError(key)


@pytest.mark.parametrize(
    ("before", "fragment", "choices"),
    [
        ("api.t.go(le", "le", ("level=",)),
        ("pets[0].na", "na", ("name",)),
        ("len(pets[-1].na", "na", ("name",)),
        ("box['pets'][0].fri", "fri", ("friends",)),
        ("pets[0]['na", "na", ("name",)),
        ('x = pet["', "", ("name", "colour")),
        ("api.t.go(level=pet['na", "na", ("name",)),
        ("api.schemas['P", "P", ("Pet",)),
        ("api.schemas['Pet']['fr", "fr", ("friends",)),
        ("box['", "", ("pets",)),
        ("pets[0].__le", "__le", ("__len__", "__le__")),
        ("pet.na", "na", ()),
        ("pets[9].na", "na", ()),
        ("pets['a'].na", "na", ()),
        ("pets['", "", ()),
        ("trap[0].na", "na", ()),
        ("trap['a']['", "", ()),
        ("trap.a['", "", ()),
        ("api.t['", "", ()),
        ("find().pets[0].na", "", ()),
        ("none[0].na", "na", ()),
    ],
)
def test_complete(before: str, fragment: str, choices: tuple[str, ...]) -> None:
    """Keys, and attributes of items, are completed besides calls; code of others is not run."""
    model: Any = API.schemas["Pet"].model
    pet = make_view(model, {"name": "x", "colour": 1, 'odd"': 2, "two\nlines": 3})
    box = {"pets": [pet], 1: None}
    names = {"api": API, "pet": pet, "pets": [pet], "box": box, "trap": Trap()}
    found = complete(before, names)
    assert set(found.choices) >= set(choices)
    assert bool(found.choices) == bool(choices)
    assert found.fragment == fragment


def test_list_values() -> None:
    """Values are listed through unions; most types list none."""
    assert list_values(Literal["a", "b"]) == ["a", "b"]
    assert list_values(Literal[1] | None) == [1]
    assert list_values(bool | None) == [False, True]
    assert list_values(str) == list_values(datetime | None) == []


def test_extension() -> None:
    """Loading adds the matcher once, unloading takes it away."""
    shell: Any = SimpleNamespace(Completer=SimpleNamespace(custom_matchers=[]))
    completion.load_ipython_extension(shell)
    completion.load_ipython_extension(shell)
    assert shell.Completer.custom_matchers == [completion.match_argument]
    completion.unload_ipython_extension(shell)
    completion.unload_ipython_extension(shell)
    assert shell.Completer.custom_matchers == []
