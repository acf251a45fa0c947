"""The bundled document's methods: their names and arguments, and that Python's tools see them."""

from __future__ import annotations

import inspect
import json
import pickle
import pydoc
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import httpx
import pytest

import mixdyn
from mixdyn import Mix, models
from mixdyn.errors import MixError
from mixdyn.surface import Namespace

NEWER = Path(__file__).parent.parent.parent / "shared" / "mix-api" / "mix-0.5.3.yaml"
PUBLISHED = NEWER.with_name("surface-0.4.5.json")
EXPECTED = json.loads((Path(__file__).parent / "data" / "surface.json").read_text("utf-8"))
OPTIONS = ["retries", "server_url", "timeout_ms", "http_headers"]

NAMESPACES = [
    *("authentication", "files", "messages", "permissions", "preferences"),
    *("sessions", "streaming", "system", "tools"),
]


def find_methods(mix: Any) -> dict[str, Any]:
    """Give all methods by their qualified names, without the twins."""
    return {
        f"{namespace}.{name}": getattr(getattr(mix, namespace), name)
        for namespace in dir(mix)
        if isinstance(getattr(mix, namespace, None), Namespace)
        for name in dir(getattr(mix, namespace))
        if not name.startswith("_") and not name.endswith("_async")
    }


METHODS = find_methods(Mix())


def arguments_of(method: Any) -> list[str]:
    """Give the arguments of the document, optional ones with a question mark."""
    parameters = inspect.signature(method).parameters.values()
    return [
        p.name if p.default is p.empty else f"{p.name}?"
        for p in parameters
        if p.name not in (*OPTIONS, "accept_header_override")
    ]


def test_namespaces() -> None:
    """There are nine namespaces, and `dir` tells them."""
    public = [name for name in dir(Mix()) if not name.startswith("_")]
    assert [name for name in public if name in NAMESPACES] == NAMESPACES
    assert set(public) - set(NAMESPACES) == {n for n in dir(mixdyn.Client) if n[0] != "_"}


def test_methods() -> None:
    """There are 32 methods, each with a twin, with the arguments of the published SDK."""
    assert len(METHODS) == 32
    assert {n: sorted(arguments_of(m)) for n, m in METHODS.items()} == {
        name: sorted(arguments) for name, arguments in EXPECTED.items()
    }


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published surface is not at hand")
def test_methods_as_published() -> None:
    """The expected methods are those of the published SDK."""
    assert json.loads(PUBLISHED.read_text("utf-8")) == EXPECTED


@pytest.mark.parametrize("name", METHODS)
def test_method(name: str) -> None:
    """Each method tells the truth to Python's tools, and so does its twin."""
    method = METHODS[name]
    twin = getattr(method.__self__, f"{method.__name__}_async")
    assert list(inspect.signature(method).parameters)[-len(OPTIONS) :] == OPTIONS or (
        "accept_header_override" in inspect.signature(method).parameters
    )
    assert inspect.isfunction(method.__func__)
    assert inspect.isroutine(method)
    assert inspect.iscoroutinefunction(twin)
    assert not inspect.iscoroutinefunction(method)
    assert inspect.signature(method).parameters == inspect.signature(twin).parameters
    for function in (method, twin):
        hints = typing.get_type_hints(function)
        assert list(hints) == [*inspect.signature(function).parameters, "return"]
        assert type(function.__doc__) is str
        assert all(
            p.annotation is not p.empty for p in inspect.signature(function).parameters.values()
        )
        for argument in arguments_of(function):
            assert f"    {argument.rstrip('?')}: " in function.__doc__


def test_results() -> None:
    """Results are annotated with the document's classes."""
    hints = {name: typing.get_type_hints(method)["return"] for name, method in METHODS.items()}
    assert hints["sessions.create"] is models.SessionData
    assert hints["sessions.list"] == list[models.SessionData]
    assert hints["sessions.delete"] is type(None)
    assert hints["streaming.stream_events"] is mixdyn.EventStream
    twin = typing.get_type_hints(Mix().streaming.stream_events_async)
    assert twin["return"] is mixdyn.AsyncEventStream


def test_help() -> None:
    """Python's help on the client, a namespace and a method says what there is."""
    text = pydoc.plain(pydoc.render_doc(Mix))
    for namespace in NAMESPACES:
        assert f"{namespace} = <class 'mixdyn.{namespace.title()}'>" in text
    assert "create: " in text
    mix = Mix()
    assert "class Sessions" in pydoc.plain(pydoc.render_doc(mix.sessions))
    method = pydoc.plain(pydoc.render_doc(mix.sessions.create))
    assert "    title: " in method
    joined = "".join(method.split())  # later Pythons break long signatures into lines
    assert "create(*,title:str,working_directory:str|None=None,retries:" in joined
    assert "->mixdyn.models.SessionDatamethodofmixdyn.Sessionsinstance" in joined


@pytest.mark.skipif(not NEWER.exists(), reason="the later edition is not at hand")
def test_newer_edition() -> None:
    """A later edition gives its own arguments, and the bundled methods stay as they are."""
    mix: Any = Mix(spec=str(NEWER))
    assert isinstance(mix, Mix)
    assert find_methods(mix).keys() == METHODS.keys()
    assert arguments_of(mix.messages.send) == ["id", "text", "plan_mode?"]
    assert arguments_of(mix.sessions.create)[:1] == ["title"]
    assert "custom_system_prompt?" in arguments_of(mix.sessions.create)
    assert "custom_system_prompt?" not in arguments_of(Mix().sessions.create)


SESSION = {
    "id": "s1",
    "title": "demo",
    "createdAt": "2024-01-01T00:00:00Z",
    "extra": 10**30,
}
ERROR = {"error": {"code": 404, "message": "no such session", "type": "not_found"}}

UNPICKLE = """
import pickle, sys
session, error = pickle.load(sys.stdin.buffer)
from mixdyn import errors, models
assert type(session) is models.SessionData, type(session)
assert type(error) is errors.ErrorResponse, type(error)
print(session.title, session["extra"], session.created_at.isoformat())
print(error.status_code, error.message, error.data.error.code, error.raw_response.url)
"""


def test_pickle() -> None:
    """Results and errors of real calls can be sent to another process, and are the same there."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/s1"):
            return httpx.Response(200, json=SESSION)
        return httpx.Response(404, json=ERROR)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        mix = Mix(server_url="http://mix.test", client=client, validate="off")
        session = mix.sessions.get(id="s1")
        with pytest.raises(mixdyn.errors.ErrorResponse) as caught:
            mix.sessions.get(id="s2")
    assert isinstance(caught.value, MixError)
    copied = pickle.loads(pickle.dumps(session))
    assert copied == session
    done = subprocess.run(
        [sys.executable, "-c", UNPICKLE],
        input=pickle.dumps((session, caught.value)),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.stderr.decode() == ""
    assert done.stdout.decode().splitlines() == [
        f"demo {10**30} 2024-01-01T00:00:00+00:00",
        "404 no such session 404 http://mix.test/api/sessions/s2",
    ]
