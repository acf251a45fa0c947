"""
One row for one other client, measured by the Python that has it; imports nothing of mixdyn.

`python -m tests.benchmarks.peer NAME ROW SCALE GITHUB OPENAI` prints the ratio to the row's
baseline, or `null` where the client does not do such work.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import operator
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import httpx

from tests.benchmarks.measure import (
    FULL,
    QUICK,
    TINY,
    Benchmark,
    Line,
    Scale,
    Side,
    Sides,
    repeat,
    repeat_async,
    run,
)
from tests.benchmarks.process import ROOT, seconds_of
from tests.benchmarks.server import run_server
from tests.benchmarks.session import BARE_CALL, MOCK, SESSION, TITLE, URL, answer_json, bare_load

ROWS = {
    "1": "import, client, method looked at",
    "2": "to the end of a first call",
    "3": "GET, 1 object",
    "3a": "the same, async",
    "4": "POST with body",
    "4a": "the same, async",
    "5": "list of 100, attributes read",
    "6": "list of 10,000",
    "8": "200 calls at once, async",
    "9": "GitHub's document",
    "10": "OpenAI's document",
}
DOCUMENTS = ("9", "10")
SPEC = str(ROOT / "spec" / "mix.yaml")
GET = {"id": "ses_1"}

Call = Callable[[], Any]


class Peer:
    """
    How a client does the work of the rows; what it cannot do gives None.

    Attributes:
        look: Python that makes a client of Mix and looks at a method.
        first: Python that makes a first call, after that of `session.MOCK`.
        load: Python that loads a document from `path` and looks at a method, or at the whole.
        attributes: what an object's properties are called.
        library: the HTTP client that it is built on.
    """

    look = ""
    first = ""
    load = ""
    attributes: tuple[str, ...] = tuple(SESSION)
    library = "httpx"

    def connect(self, answers: Any, url: str | None = None, *, is_async: bool = False) -> Any:
        """Make a client that answers with a value, or one of its own for a server."""
        raise NotImplementedError

    def get(self, client: Any, *, is_async: bool = False) -> Call:
        """Give the call that gets one object."""
        raise NotImplementedError

    def post(self, client: Any, *, is_async: bool = False) -> Call:
        """Give the call that makes one object."""
        raise NotImplementedError

    def list(self, client: Any) -> Call:
        """Give the call that lists objects."""
        raise NotImplementedError


class Speakeasy(Peer):
    """The published client of Mix, which is generated code."""

    look = (
        "import inspect, mix_python_sdk; method = mix_python_sdk.Mix().sessions.create\n"
        "inspect.signature(method), method.__doc__"
    )
    first = "import mix_python_sdk; mix_python_sdk.Mix(client=client).sessions.get(id='ses_1')"
    attributes = (
        *("id", "title", "user_message_count", "assistant_message_count", "tool_call_count"),
        *("prompt_tokens", "completion_tokens", "cost", "created_at"),
    )

    def connect(self, answers: Any, url: str | None = None, *, is_async: bool = False) -> Any:
        sdk = importlib.import_module("mix_python_sdk")
        if url is not None:
            return sdk.Mix(server_url=url)
        transport = answer_json(answers)
        if is_async:
            return sdk.Mix(async_client=httpx.AsyncClient(transport=transport))
        return sdk.Mix(client=httpx.Client(transport=transport))

    def get(self, client: Any, *, is_async: bool = False) -> Call:
        call = client.sessions.get_async if is_async else client.sessions.get
        return lambda: call(**GET)

    def post(self, client: Any, *, is_async: bool = False) -> Call:
        call = client.sessions.create_async if is_async else client.sessions.create
        return lambda: call(**TITLE)

    def list(self, client: Any) -> Call:
        call: Call = client.sessions.list
        return call


_FASTSPEC = """
import json, yaml
from fastcore.utils import dict2obj
from fastspec.oapi import OpenAPIClient
from fastspec.spec import SpecParser
with open({path!r}, encoding="utf-8") as file:
    document = json.load(file) if file.name.endswith(".json") else yaml.safe_load(file)
parsed = SpecParser.from_openapi(dict2obj(document))
"""


class Fastspec(Peer):
    """A dynamic client that validates nothing; documents are read as its README does."""

    library = "httpx2"

    load = _FASTSPEC + "method = OpenAPIClient(parsed).ops[0]\nmethod.__signature__, method.__doc__"
    look = load.replace("{path!r}", repr(SPEC))
    first = _FASTSPEC.format(path=SPEC) + (
        "from fasttransport.core import SyncTransport\n"
        "OpenAPIClient(parsed, transport=SyncTransport(client=client)).api.get_session(id='ses_1')"
    )

    def connect(self, answers: Any, url: str | None = None, *, is_async: bool = False) -> Any:
        scope: dict[str, Any] = {}
        exec(_FASTSPEC.format(path=SPEC), scope)
        core: Any = importlib.import_module("fasttransport.core")
        httpx2: Any = importlib.import_module("httpx2")
        kind, transport = httpx2.Client, core.SyncTransport
        if is_async:
            kind, transport = httpx2.AsyncClient, core.AsyncTransport
        mock = answer_json(answers, httpx2)
        client = kind() if url is not None else kind(transport=mock)
        options = {} if url is None else {"base_url": url}
        made: Any = scope["OpenAPIClient"]
        return made(scope["parsed"], transport=transport(client=client), **options)

    def get(self, client: Any, *, is_async: bool = False) -> Call:
        return lambda: client.api.get_session(**GET)

    def post(self, client: Any, *, is_async: bool = False) -> Call:
        return lambda: client.api.create_session(**TITLE)

    def list(self, client: Any) -> Call:
        call: Call = client.api.list_sessions
        return call


_AIOPENAPI3 = """
import pathlib
import aiopenapi3
path = pathlib.Path({path!r})
loader = aiopenapi3.FileSystemLoader(path.parent)
name = pathlib.Path(path.name)
"""
_AIOPENAPI3_LOAD = 'aiopenapi3.OpenAPI.load_file("http://localhost:8088", name, loader=loader)'


class Aiopenapi3(Peer):
    """A dynamic client with models of pydantic."""

    library = "httpx2"

    load = f"{_AIOPENAPI3}list({_AIOPENAPI3_LOAD}._)"
    look = f"{_AIOPENAPI3}{_AIOPENAPI3_LOAD}._.createSession".replace("{path!r}", repr(SPEC))
    first = f"""{_AIOPENAPI3}
def connect(*arguments, **options) -> httpx2.Client:
    return client
{_AIOPENAPI3_LOAD[:-1]}, session_factory=connect)._.getSession(parameters={{{{"id": "ses_1"}}}})
""".format(path=SPEC)

    def connect(self, answers: Any, url: str | None = None, *, is_async: bool = False) -> Any:
        httpx2: Any = importlib.import_module("httpx2")
        kind = httpx2.AsyncClient if is_async else httpx2.Client
        client = kind() if url is not None else kind(transport=answer_json(answers, httpx2))
        client.__class__ = type("Kept", (kind,), _KEPT)  # it closes its client after every call

        def give(*_: Any, **__: Any) -> Any:
            return client

        give.__annotations__["return"] = kind
        yaml: Any = importlib.import_module("yaml")
        with open(SPEC, encoding="utf-8") as file:
            document = yaml.load(file, yaml.CSafeLoader)
        if url is not None:
            document["servers"] = [{"url": url}]
        make: Any = importlib.import_module("aiopenapi3").OpenAPI
        return make(URL, document, session_factory=give, use_operation_tags=False)

    def get(self, client: Any, *, is_async: bool = False) -> Call:
        call = client._.getSession
        return lambda: call(parameters=GET)

    def post(self, client: Any, *, is_async: bool = False) -> Call:
        call = client._.createSession
        return lambda: call(data=TITLE)

    def list(self, client: Any) -> Call:
        call: Call = client._.listSessions
        return call


async def _stay(*_: Any) -> None: ...


def _keep(*_: Any) -> None: ...


_KEPT: dict[str, Any] = {"close": _keep, "aclose": _stay}


class OpenapiCore(Peer):
    """Checks requests and responses; is no client."""

    load = "from openapi_core import OpenAPI\nOpenAPI.from_file_path({path!r})"
    look = load.replace("{path!r}", repr(SPEC))


class Openapi3(Peer):
    """A dynamic client over requests, of which loading is measured, as its README does it."""

    load = """
import json, yaml
from openapi3 import OpenAPI
with open({path!r}, encoding="utf-8") as file:
    document = json.load(file) if file.name.endswith(".json") else yaml.safe_load(file)
OpenAPI(document)
"""
    look = load.replace("{path!r}", repr(SPEC))


PEERS: dict[str, type[Peer]] = {
    "mix-python-sdk": Speakeasy,
    "fastspec": Fastspec,
    "aiopenapi3": Aiopenapi3,
    "openapi-core": OpenapiCore,
    "openapi3": Openapi3,
}

Opener = Callable[[Scale], AbstractContextManager[Sides]]


@contextmanager
def _fresh(ours: str, theirs: str, _: Scale) -> Generator[Sides]:
    yield seconds_of(ours), seconds_of(theirs)


@contextmanager
def _call(peer: Peer, what: str, scale: Scale) -> Generator[Sides]:
    call: Call = getattr(peer, what)(peer.connect(SESSION))
    bare = httpx.Client(transport=answer_json(SESSION))
    calls: dict[str, Call] = {
        "get": lambda: bare.get(f"{URL}/ses_1").json(),
        "post": lambda: bare.post(URL, json=TITLE).json(),
    }
    yield lambda: repeat(call, scale.calls), lambda: repeat(calls[what], scale.calls)


@contextmanager
def _await(peer: Peer, what: str, scale: Scale) -> Generator[Sides]:
    bare = httpx.AsyncClient(transport=answer_json(SESSION))

    async def ask() -> Any:
        posts = what == "post"
        sent = bare.post(URL, json=TITLE) if posts else bare.get(f"{URL}/ses_1")
        return (await sent).json()

    with asyncio.Runner() as runner:
        call: Call = getattr(peer, what)(peer.connect(SESSION, is_async=True), is_async=True)

        def time(made: Callable[[], Awaitable[Any]]) -> Side:
            return lambda: runner.run(repeat_async(made, scale.calls))

        yield time(call), time(ask)


@contextmanager
def _list(peer: Peer, scale: Scale, *, reads: bool) -> Generator[Sides]:
    count = 100 if reads else scale.items
    answers = [SESSION] * count
    call = peer.list(peer.connect(answers))
    bare = httpx.Client(transport=answer_json(answers))
    read_ours: Any = operator.attrgetter(*peer.attributes)
    read_theirs: Any = operator.itemgetter(*SESSION)

    def ours() -> None:
        items: Any = call()
        if reads:
            for item in getattr(items, "root", items):
                read_ours(item)

    def theirs() -> None:
        items: Any = bare.get(URL).json()
        if reads:
            for item in items:
                read_theirs(item)

    calls = max(1, 20 * scale.calls // count)
    yield lambda: repeat(ours, calls), lambda: repeat(theirs, calls)


@contextmanager
def _tasks(peer: Peer, scale: Scale) -> Generator[Sides]:
    with run_server() as url, asyncio.Runner() as runner:
        call = peer.get(peer.connect(None, url, is_async=True), is_async=True)
        bare = httpx.AsyncClient()

        async def ask() -> Any:
            return (await bare.get(f"{url}/api/sessions/ses_1")).json()

        async def gather(made: Callable[[], Awaitable[Any]]) -> None:
            await asyncio.gather(*(made() for _ in range(scale.tasks)))

        yield (
            lambda: repeat(lambda: runner.run(gather(call)), 1),
            lambda: repeat(lambda: runner.run(gather(ask)), 1),
        )


def choose(peer: Peer, row: str, paths: list[str]) -> Opener | None:
    """Give what opens both sides of a row, or None for what the client does not do."""
    if row in DOCUMENTS:
        path = paths[DOCUMENTS.index(row)]
        return partial(_fresh, peer.load.format(path=path), bare_load(path)) if peer.load else None
    if row == "1":
        return partial(_fresh, peer.look, "import httpx")
    if not peer.first:
        return None
    made: dict[str, Opener] = {
        "2": partial(_fresh, MOCK.replace("httpx", peer.library) + peer.first, BARE_CALL),
        "3": partial(_call, peer, "get"),
        "3a": partial(_await, peer, "get"),
        "4": partial(_call, peer, "post"),
        "4a": partial(_await, peer, "post"),
        "5": partial(_list, peer, reads=True),
        "6": partial(_list, peer, reads=False),
        "8": partial(_tasks, peer),
    }
    return made[row]


def main(name: str, row: str, scale: str, *paths: str) -> None:
    """Measure and print."""
    opener = choose(PEERS[name](), row, list(paths))
    if opener is None:
        print("null")
        return
    is_light = row not in DOCUMENTS
    line = Line(row, name, "", None)
    benchmark = Benchmark((line,), opener, 11 if is_light else 3, warms=int(is_light))
    sizes = {"full": FULL, "quick": QUICK, "tiny": TINY}[scale]
    least = sizes.least if is_light else 1
    print(json.dumps(run(benchmark, sizes._replace(least=least))[0].value))


if __name__ == "__main__":
    main(*sys.argv[1:])
