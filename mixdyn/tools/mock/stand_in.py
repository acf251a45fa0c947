"""
A stand-in for the server that any OpenAPI 3.x document describes: refuses, answers, remembers.

One function from request to response, `respond`; used without a port as an httpx transport, over
loopback by `serve`, and directly. Nothing in it is written for one API.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from mixdyn.body import encode_json
from mixdyn.document import Document, Source
from mixdyn.errors import DocumentError, excerpt
from mixdyn.operation import Operation, Response
from mixdyn.tools.mock.api import Api, State
from mixdyn.tools.mock.bundle import bundle
from mixdyn.tools.mock.exchange import Exchange
from mixdyn.tools.mock.fault import Fault, Faults
from mixdyn.tools.mock.feed import Subscription
from mixdyn.tools.mock.hangup import on_hangup
from mixdyn.tools.mock.journal import Journal
from mixdyn.tools.mock.publication import is_place
from mixdyn.tools.mock.refusal import RefusedError, word_refusal
from mixdyn.tools.mock.reply import MockRequest, MockResponse
from mixdyn.tools.mock.route import Route
from mixdyn.tools.mock.server import HOST, MAX_BODY_BYTES, Server

HEARTBEAT_S = 15.0

_ROUTES_SEARCHED = 20


def respond(api: Api, state: State, request: MockRequest) -> MockResponse:
    """
    Give the response to a request; all that is remembered stands in `state`, which changes.

    What the document does not allow is refused in the form that it declares for errors. Every
    request gets a response, also where the document itself cannot be used.
    """
    route: Route | None = None
    try:
        place = _find_place(api, request)
        if place is not None:
            return api.publication.answer(place, state.clock())
        route, values = _find_route(api, request)
        if request.method == "OPTIONS" and route.method != "OPTIONS":
            return MockResponse(204, (("allow", _allow(_methods(api, request))),))
        if len(request.body) > MAX_BODY_BYTES:
            raise RefusedError(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
        return Exchange(api, state, request, route, values).answer()
    except RefusedError as error:
        return _refuse(api, route, error)
    except (DocumentError, RecursionError) as error:
        message = f"the document cannot be used here: {excerpt(str(error)) or 'too deep'}"
        return _refuse(api, None, RefusedError(500, message))


class Mock:
    """
    A stand-in server with a memory of its own.

    Args:
        spec: the document, in any form that `Document.load` takes; without one, the bundled one.
        heartbeat_s: after how many seconds of silence a stream gives a sign of life; None never.
        clock: gives the time, in seconds since 1970, for what is created.
        older: an earlier edition of the document. What is new against it the answers show: new
            optional properties, new values of enums, all new types of events.
        faults: what goes wrong with the next answers of an operation, by its operationId, by
            method and path (`GET /pets`), or by `*`; more can be added to `faults` later.
            Or `Chaos`.
    """

    def __init__(
        self,
        spec: Source | Document | None = None,
        *,
        heartbeat_s: float | None = HEARTBEAT_S,
        clock: Callable[[], float] = time.time,
        older: Source | Document | None = None,
        faults: Mapping[str, Iterable[Fault | None]] | Faults | None = None,
    ) -> None:
        self.faults = faults if isinstance(faults, Faults) else Faults(faults)
        self._source = _bundled_path() if spec is None else spec
        before = None if older is None else Document.load(older)
        self.api = Api(Document.load(self._source), before, clock())
        self.state = State(clock, heartbeat_s)
        self._lock = threading.Lock()
        self._swapping = threading.Lock()

    def __repr__(self) -> str:
        return f"<Mock of {excerpt(self.api.document.title, 60)!r}>"

    def use_spec(self, spec: Source | Document) -> None:
        """
        Go on with another document, from the next request on, and show what is new in it.

        Requests under way are answered by the document that they met, open streams go on, and
        what was created is kept: what the new document does not know is not shown until one
        knows it again. Raises DocumentError, and changes nothing, where the document cannot be
        read.
        """
        with self._swapping:
            self._swap(spec)

    def reload(self) -> bool:
        """
        Read the document again from where it came, and tell whether it had changed.

        A document that came as text, bytes or a mapping is never another. Raises DocumentError,
        and changes nothing, where it cannot be read any more.
        """
        with self._swapping:
            source = self._source
            if isinstance(source, Document):
                source = source.location
            before = self.api.publication.tree
            fresh = Document.load(source or self.api.document)
            if bundle(fresh) == before:
                return False
            self._swap(fresh, source)
            return True

    def _swap(self, spec: Source | Document, source: Source | None = None) -> None:
        # Built aside, under no lock that a request waits for.
        document = Document.load(spec)
        api = Api(document, self.api.document, self.state.clock()).prepare()
        with self._lock:
            self.api, self._source = api, source or spec

    def handle(self, request: MockRequest) -> MockResponse:
        """Answer a request; calls from several threads take their turns."""
        # One at a time: the memory is plain dictionaries, and answers are quick.
        with self._lock:
            answer = self._answer(request)
        return _without_body(answer) if request.method == "HEAD" else answer

    def _answer(self, request: MockRequest) -> MockResponse:
        fault = self._next_fault(request)
        if fault is None:
            return respond(self.api, self.state, request)
        if fault.status is None:
            answer = respond(self.api, self.state, request)
        else:
            route, _ = _find_route(self.api, request)
            error = RefusedError(fault.status, "refused on demand, by a fault of the stand-in")
            answer = _refuse(self.api, route, error)
        is_fit = fault.status is not None or answer.status < 400
        return self.faults.apply(fault, answer) if is_fit else answer

    def _next_fault(self, request: MockRequest) -> Fault | None:
        """Give the fault that waits for this answer, and use it up."""
        try:
            route, _ = _find_route(self.api, request)
            names = (route.operation.operation_id or "", f"{route.method} {route.path}")
        except (RefusedError, DocumentError):
            return None
        return self.faults.take(*names)

    def refuse(self, request: MockRequest, status: int, message: str) -> MockResponse:
        """Answer a request whose body was not even read, in the form declared for errors."""
        error = RefusedError(status, message)
        with self._lock:
            try:
                route, _ = _find_route(self.api, request)
            except (RefusedError, DocumentError):
                return _refuse(self.api, None, error)
            return _refuse(self.api, route, error)

    def transport(self) -> Any:
        """Give an `httpx.MockTransport` for `httpx.Client` and `httpx.AsyncClient`."""
        from mixdyn.tools.mock.transport import make_transport

        return make_transport(self.handle)

    def close(self) -> None:
        """End all open streams."""
        with self._lock:
            self.state.store.close()
        self.faults.close()


class MockServer(Server):
    """A server of a stand-in, `mock`, which can be given another document while it serves."""

    def __init__(self, mock: Mock, host: str = HOST, port: int = 0) -> None:
        super().__init__(mock, host, port)
        self.mock = mock

    def use_spec(self, spec: Source | Document) -> None:
        """Go on with another document, as `Mock.use_spec` does."""
        self.mock.use_spec(spec)


def serve(
    spec: Source | Document | Mock | None = None,
    port: int = 0,
    *,
    host: str = HOST,
    heartbeat_s: float | None = HEARTBEAT_S,
    clock: Callable[[], float] = time.time,
) -> MockServer:
    """
    Give a running server, which is a context manager: `with serve() as server: server.url`.

    `server.use_spec(newer)` gives it another document while it runs.

    Port 0 stands for any free one. Only this machine can reach it unless `host` says otherwise.
    """
    mock = spec if isinstance(spec, Mock) else Mock(spec, heartbeat_s=heartbeat_s, clock=clock)
    return MockServer(mock, host, port).start()


def serve_forever(
    spec: Source | Document | Mock | None = None,
    host: str = HOST,
    port: int = 0,
    *,
    say: Callable[[str], object] = print,
    journal: Callable[[str], object] | None = None,
) -> None:
    """
    Serve until Ctrl-C, saying first where; returns then, with all connections closed.

    Where the platform has SIGHUP, that signal makes it read the document again from where it
    came; one that cannot be read is told of, and the earlier one goes on. `journal` takes a line
    for each request.
    """
    mock = spec if isinstance(spec, Mock) else Mock(spec)
    server = Server(mock if journal is None else Journal(mock, journal), host, port)
    try:
        with on_hangup(lambda: say(_reload(mock))):
            say(f"{excerpt(mock.api.document.title, 60) or 'The stand-in server'} at {server.url}")
            server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()


def _reload(mock: Mock) -> str:
    """Read the document again, and say what came of it."""
    try:
        is_new = mock.reload()
    except Exception as error:  # noqa: BLE001  # whatever it is, the server goes on
        return f"the document cannot be used, the earlier one stays: {excerpt(str(error), 300)}"
    title = excerpt(mock.api.document.title, 60) or "the document"
    return f"{title}: read again, {'a new edition' if is_new else 'nothing has changed'}"


def _without_body(answer: MockResponse) -> MockResponse:
    """Give what HEAD is answered: the headers alone, the length among them where it is known."""
    if isinstance(answer.body, Subscription):
        answer.body.close()
        return replace(answer, body=b"")
    if answer.status in (204, 304):  # a length would be that of what is not sent (RFC 9110, 8.6)
        return answer
    length = ("content-length", str(len(answer.body)))
    return replace(answer, headers=(*answer.headers, length), body=b"")


def _bundled_path() -> Any:
    from mixdyn.bundled import bundled_path

    return bundled_path()


def _find_place(api: Api, request: MockRequest) -> MockRequest | None:
    """Give the request for the document itself, if it is one that no operation answers."""
    path = next(filter(is_place, api.router.below_bases(request.path)), None)
    if path is None:
        return None
    match = api.router.match("GET", request.path)
    is_used = match.route is not None or match.allowed
    return None if is_used else replace(request, target=path)


def _find_route(api: Api, request: MockRequest) -> tuple[Route, dict[str, str]]:
    """Find the operation; HEAD and OPTIONS are answered for what the path has."""
    match = api.router.match(request.method, request.path)
    if match.route is None and request.method == "HEAD" and "GET" in match.allowed:
        match = api.router.match("GET", request.path)
    if match.route is not None:
        return match.route, match.values
    if match.allowed and request.method == "OPTIONS":
        return api.router.match(match.allowed[0], request.path).route or _no_route(request), {}
    if match.allowed:
        allow = _allow(match.allowed)
        message = f"{excerpt(request.method, 20)} is not possible here; expected {allow}"
        raise RefusedError(405, message, (("allow", allow),))
    return _no_route(request), {}


def _no_route(request: MockRequest) -> Route:
    raise RefusedError(404, f"the document has no path like {excerpt(request.path, 120)}")


def _methods(api: Api, request: MockRequest) -> tuple[str, ...]:
    return api.router.match("OPTIONS", request.path).allowed


def _allow(methods: tuple[str, ...]) -> str:
    added = ("HEAD",) if "GET" in methods else ()
    return ", ".join(dict.fromkeys((*methods, *added, "OPTIONS")))


def _refuse(api: Api, route: Route | None, error: RefusedError) -> MockResponse:
    try:
        status, content_type, value = word_refusal(api.sampler, _form_giver(api, route), error)
    except (DocumentError, RecursionError):
        status, content_type, value = error.status, "text/plain", error.message
    text = value.encode("utf-8", "backslashreplace") if isinstance(value, str) else None
    content = text if text is not None and "json" not in content_type else encode_json(value)
    return MockResponse(status, (("content-type", content_type), *error.headers), content)


def _form_giver(api: Api, route: Route | None) -> Operation | None:
    """Give the operation whose errors lend the form; without a route, some other of the API."""
    if route is not None:
        return route.operation if route.is_usable else None
    usable = (r.operation for r in api.router.routes[:_ROUTES_SEARCHED] if r.is_usable)
    return next((o for o in usable if any(map(_is_form, o.responses))), None)


def _is_form(response: Response) -> bool:
    return response.is_error and bool(response.media)
