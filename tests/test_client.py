"""The client: where its document comes from, what it is set to, and what it shows."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

import mixdyn
from mixdyn.client import Client
from mixdyn.document import Document
from mixdyn.errors import ClientClosedError, DocumentError
from mixdyn.hook import Hooks
from mixdyn.log import choose_logger
from mixdyn.retry import BackoffStrategy, RetryConfig
from mixdyn.settings import Timeouts
from tests.loopback import serve
from tests.things import PATHS, SCHEMAS, make_client

SPEC: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "2"},
    "servers": [{"url": "http://{where}.test", "variables": {"where": {"default": "one"}}}],
    "paths": PATHS,
    "components": {"schemas": SCHEMAS},
}


def url_of(api: Any, **options: Any) -> str:
    """Tell where a call goes."""
    with httpx.Client(transport=httpx.MockTransport(echo)) as client:
        api._connections._given = client
        return str(api.things.get(id="1", **options).name)


def echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"name": str(request.url)})


def test_sources(tmp_path: Path) -> None:
    """A document comes as a path, text, bytes, a mapping, or read already."""
    path = tmp_path / "things.json"
    text = json.dumps(SPEC)
    path.write_text(text)
    for source in (path, str(path), text, text.encode(), SPEC, Document.load(SPEC)):
        assert url_of(Client(source)) == "http://one.test/things/1"


def test_source_from_url() -> None:
    """Or from a URL, and its relative servers are then meant from there."""
    with serve(
        lambda exchange: exchange.send_json({**SPEC, "servers": [{"url": "/v1"}]})
    ) as server:
        assert url_of(Client(f"{server.url}/doc")) == f"{server.url}/v1/things/1"


def test_bad_sources() -> None:
    """What is no document is refused at once."""
    with pytest.raises(DocumentError, match=r"expected `openapi: 3.x`"):
        Client({})


def test_settings() -> None:
    """A server is chosen by number, by URL or by its variables; the call's own stands first."""
    assert url_of(Client(SPEC, url_params={"where": "two"})) == "http://two.test/things/1"
    assert url_of(Client(SPEC, server_idx=0)) == "http://one.test/things/1"
    api = Client(SPEC, server_url="http://three.test/base/")
    assert url_of(api) == "http://three.test/base/things/1"
    assert url_of(api, server_url="http://four.test") == "http://four.test/things/1"


@pytest.mark.parametrize("options", [{"timeout_ms": 0}, {"timeout_ms": "5"}, {"validate": "loose"}])
def test_settings_out_of_range(options: Any) -> None:
    """Settings that mean nothing are refused at construction."""
    with pytest.raises(ValueError, match="expected"):
        Client(SPEC, **options)


def test_with_options() -> None:
    """A derived client has what was changed, and all else as before."""
    retries = RetryConfig("backoff", BackoffStrategy(1, 1, 1, 1), True)
    keys = {name: {"type": "apiKey", "in": "header", "name": name} for name in "ac"}
    spec = {**SPEC, "components": {"securitySchemes": keys}}
    logger = logging.getLogger("test")
    hook = SimpleNamespace(before_request=print)
    api = Client(spec, timeout_ms=5, security={"a": "b"})
    assert api.with_options()._settings == api._settings
    other = api.with_options(
        server_url="http://x.test",
        retry_config=retries,
        timeout_ms={"total": None},
        debug_logger=logger,
        security={"c": "d"},
        validate="off",
        hooks=hook,
    )
    assert other._settings == api._settings._replace(
        server_url="http://x.test",
        retry_config=retries,
        timeouts=Timeouts(0.005, 0.005, None, 0.005),
        logger=logger,
        security={"c": "d"},
        hooks=Hooks((print,)),
        modes=api._settings.modes.changed("off"),
    )
    assert type(other) is type(api)
    assert other.things._client is other
    assert api._settings.timeouts == Timeouts(*[0.005] * 4)
    with pytest.raises(ValueError, match="timeout_ms"):
        api.with_options(timeout_ms=-1)
    with pytest.raises(ValueError, match="no scheme is called 'd'; there are: a, c"):
        api.with_options(security={"d": "x"})
    with pytest.raises(TypeError, match="hooks"):
        api.with_options(hooks=5)


def test_copy() -> None:
    """A copy is a client like the first, over the same connections."""
    api = make_client()
    other = copy.copy(api)
    assert other.things._client is other
    assert other._connections is api._connections


def test_lifetime() -> None:
    """One object does for both kinds of block, closes as often as one likes, and opens again."""
    api = Client(SPEC)

    async def main() -> None:
        async with api as same:
            assert same is api
        await api.aclose()

    for _ in range(2):
        with api as same:
            assert same is api
            assert url_of(api)
        asyncio.run(main())
        api.close()
        with pytest.raises(ClientClosedError):
            api.things.list()


def test_repr() -> None:
    """As text a client tells its document and its namespaces; odd characters are escaped."""
    assert str(Client(SPEC)) == "<Client: Things 2, things>"
    odd = {**SPEC, "info": {"title": "a\x1bb", "version": None}}
    assert str(Client(odd)) == "<Client: a\\x1bb , things>"


def test_dir() -> None:
    """The names are the client's own and the document's."""
    public = [name for name in dir(Client(SPEC)) if not name.startswith("_")]
    own = ["aclose", "call", "call_async", "close", "drift", "find", "from_server"]
    own += ["from_server_async", "reload", "schemas", "sync_spec", "sync_spec_async", "use_spec"]
    own += ["with_options"]
    assert public == sorted([*own, "things"])
    assert "things" not in dir(Client)


def test_unfinished_object() -> None:
    """An object without a document, as copying and unpickling have it, fails plainly."""
    with pytest.raises(AttributeError, match="'_surface'"):
        Client.__new__(Client)._surface  # noqa: B018  # the access is what raises


class Pets(Client):
    """A user's own client."""

    limit = 5

    def __init__(self, **options: Any) -> None:
        super().__init__(SPEC, **options)

    @property
    def names(self) -> list[str]:
        """A property of the user's."""
        return [thing.name for thing in self.things.list()]

    @property
    def things(self) -> Any:
        """The user's word stands before the document's."""
        return super().things  # type: ignore[misc]  # of the document


def test_subclass() -> None:
    """A user's subclass has its own names first, and `super()` for the document's."""
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=[{"name": "a"}]))
    with httpx.Client(transport=transport) as client, Pets(client=client) as pets:
        assert isinstance(pets, Pets)
        assert (type(pets).__name__, type(pets).__doc__) == ("Pets", "A user's own client.")
        assert pets.names == ["a"]
        assert pets.limit == 5
        assert "names" in dir(pets)
        assert isinstance(pets.with_options(timeout_ms=5), Pets)


def test_subclass_of_mix() -> None:
    """The same goes for a subclass of Mix, with the bundled document or another one."""

    class Mine(mixdyn.Mix):
        def ping(self) -> str:
            return "pong"

    for mine in (Mine(), Mine(spec=SPEC)):
        assert isinstance(mine, Mine)
        assert mine.ping() == "pong"
    assert Mine().sessions
    other: Any = Mine(spec=SPEC)
    assert other.things
    assert not hasattr(other, "sessions")


def test_root_operations_of_another_edition() -> None:
    """A method that both editions have is that of the edition in use."""

    def spec(name: str) -> Any:
        paths = {f"/{name}": {"get": {"operationId": "ping", "summary": name, "responses": {}}}}
        return {**SPEC, "paths": paths}

    class Bound(Client):
        pass

    first = Bound(spec("first"))
    second = type(first)(spec("second"))
    assert first.ping.__doc__.startswith("first")  # type: ignore[attr-defined]  # of the document
    assert second.ping.__doc__.startswith("second")


DEBUGGED = """
import logging, os, sys
if sys.argv[1] == "own":
    logging.basicConfig(level=logging.INFO, format="own %(message)s")
import httpx
from mixdyn import Mix
client = httpx.Client(transport=httpx.MockTransport(lambda r: httpx.Response(200, json=[])))
Mix(client=client).sessions.list()
"""


@pytest.mark.parametrize(
    ("value", "handlers", "start"),
    [
        ("1", "none", "20"),  # the year
        ("true", "own", "own sessions.list (GET /api/sessions) attempt 1: GET"),
        ("0", "none", ""),
        ("", "none", ""),
    ],
)
def test_debugging_by_environment(value: str, handlers: str, start: str) -> None:
    """With MIX_DEBUG calls are written, to the program's own handlers or else to stderr."""
    done = subprocess.run(
        [sys.executable, "-c", DEBUGGED, handlers],
        env={"MIX_DEBUG": value, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if "sessions.list" in line]
    assert len(lines) == (2 if start else 0)
    assert all(line.startswith(start[:3]) for line in lines)


def test_debug_logger() -> None:
    """A logger of the caller's gets the lines, with secrets masked."""
    lines: list[str] = []
    logger = SimpleNamespace(debug=lambda msg, *args, **more: lines.append(msg % args))
    with httpx.Client(transport=httpx.MockTransport(echo)) as client:
        api = mixdyn.Mix(client=client, debug_logger=logger, validate="off")
        api.authentication.store_api_key(api_key="sk-s3cret", provider="openrouter")
    assert [("POST" in line, "200" in line) for line in lines] == [(True, False), (True, True)]
    assert "sk-s3cret" not in "".join(lines)


def test_no_logging_no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing has loaded `logging`, nobody can have asked for a log."""
    monkeypatch.delitem(sys.modules, "logging")
    assert choose_logger(None) is None


@pytest.mark.parametrize("handlers", [[], [logging.NullHandler()]])
def test_debugging_by_environment_in_place(
    monkeypatch: pytest.MonkeyPatch, handlers: list[logging.Handler]
) -> None:
    """The logger writes where the program's own handlers do, and only else to one of ours."""
    fresh = logging.Logger("mixdyn")  # noqa: LOG001  # not the one that all others use
    fresh.handlers[:] = handlers
    monkeypatch.setattr("mixdyn.log.find_logger", lambda: fresh)
    monkeypatch.setenv("MIX_DEBUG", "True")
    mixdyn.Mix()
    assert fresh.level == logging.DEBUG
    assert len(fresh.handlers) == 1
    assert isinstance(fresh.handlers[0], logging.NullHandler) is bool(handlers)
