"""Completion of calls that are being typed."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from mixdyn import completion
from mixdyn.client import Client
from mixdyn.completion import complete_call, list_values
from tests.documents import INTEGER, param

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
API: Any = Client({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": PATHS})


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
