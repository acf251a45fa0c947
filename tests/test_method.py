"""The functions that operations become: what they show, and that they say it in safe words."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import pydoc
import types
import typing
import weakref
from datetime import datetime
from typing import Any, Literal

import httpx
import pytest

import mixdyn
from mixdyn.client import Client
from mixdyn.errors import RequestValidationError
from mixdyn.retry import RetryConfig
from mixdyn.settings import UNSET, Unset
from mixdyn.stream import AsyncEventStream, EventStream
from tests.documents import TEXT, answers, body, fields, param
from tests.things import FAILED, make_client

THINGS = make_client().things


def method_of(operation: dict[str, Any], path: str = "/x", **parts: Any) -> Any:
    """Give the method of a document's one operation."""
    info = {"title": "Test", "version": "1"}
    paths = {path: {"post": {"operationId": "go", "responses": {}, **operation}}}
    return Client({"openapi": "3.1.0", "info": info, "paths": paths, **parts}).go  # type: ignore[attr-defined]  # of the document


def result_of(*responses: dict[str, Any]) -> Any:
    """Give the annotated result of an operation with these responses."""
    given = {k: v for r in responses for k, v in r["responses"].items()}
    return inspect.signature(method_of({"responses": given})).return_annotation


def test_real_functions() -> None:
    """Methods are functions of their class, and twins coroutine functions."""
    assert inspect.ismethod(THINGS.list)
    assert inspect.isfunction(type(THINGS).list)
    assert inspect.isroutine(THINGS.list)
    assert not inspect.iscoroutinefunction(THINGS.list)
    assert inspect.iscoroutinefunction(THINGS.list_async)
    assert (THINGS.list_async.__name__, THINGS.list_async.__module__) == ("list_async", "mixdyn")
    assert THINGS.list.__qualname__ == "Things.list"


def test_signature() -> None:
    """Arguments are keywords, those that are needed first, then the options of every call."""
    operation = body(fields("a_b", a_b=TEXT, c={"type": "integer", "default": 5}, d=TEXT))
    signature = inspect.signature(method_of({**operation, "parameters": [param("e", "query")]}))
    assert list(signature.parameters) == [
        *("a_b", "e", "c", "d"),
        *("retries", "server_url", "timeout_ms", "http_headers"),
    ]
    assert {p.kind for p in signature.parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert signature.parameters["a_b"].default is inspect.Parameter.empty
    assert (signature.parameters["c"].default, signature.parameters["c"].annotation) == (5, int)
    assert signature.parameters["d"].annotation == str | None
    assert signature.parameters["timeout_ms"].default is UNSET


def test_annotations() -> None:
    """Annotations are real types, for the arguments and the result."""
    hints = typing.get_type_hints(THINGS.create)
    assert hints["name"] is str
    assert hints["retries"] == RetryConfig | Unset | None
    thing = hints["return"]
    assert thing.__name__ == "Thing"
    assert typing.get_type_hints(THINGS.list)["return"] == list[thing]
    assert THINGS.create.__annotations__["return"] is thing


def test_annotation_of_streams() -> None:
    """A stream's method gives the blocking iterator, and its twin the async one."""
    assert typing.get_type_hints(THINGS.watch)["return"] is EventStream
    assert typing.get_type_hints(THINGS.watch_async)["return"] is AsyncEventStream


def test_annotation_of_files() -> None:
    """Files take and give many types."""
    assert typing.get_type_hints(THINGS.attach)["file"] is Any
    assert typing.get_type_hints(THINGS.download)["return"] is Any


@pytest.mark.parametrize(
    ("responses", "kind"),
    [
        ((), Any),
        ((answers(None, "204"),), None),
        ((answers(TEXT),), str),
        ((answers(TEXT), answers(None, "204")), str | None),
        ((answers(None, "204"), answers(TEXT, "201"), answers(TEXT)), str | None),
        ((answers(TEXT), answers({}, "201")), Any),
        ((answers({"enum": ["a", "b"]}), answers(None, "202")), Literal["a", "b"] | None),
        ((answers({"type": "string", "format": "date-time"}),), datetime),
        ((answers(TEXT, "default"),), str),
        ((answers(TEXT, media="image/png"),), Any),
        ((answers({"type": "array", "items": {"type": "integer"}}),), list[int]),
    ],
)
def test_result(responses: Any, kind: Any) -> None:
    """The result is what the success answers give together."""
    assert result_of(*responses) == kind


def test_types_that_lead_nowhere() -> None:
    """A reference to nothing is annotated as Any: looking at a method never fails for it."""
    lost = {"type": "array", "items": {"$ref": "#/nowhere"}}
    assert result_of(answers(lost)) is Any


def test_doc() -> None:
    """The docstring says what it does, what each argument means, and what may come back."""
    operation = {
        "summary": "Do it",
        "description": "First line.\n\nSecond " + "word " * 30,
        "deprecated": True,
        "parameters": [param("q", description="What to look for."), param("x-z", "header")],
        "responses": {"200": {"description": "Done."}, "default": FAILED},
        **body(fields(n=TEXT)),
    }
    assert method_of(operation, components={"schemas": {"Failure": fields()}}).__doc__ == (
        """\
Do it

First line.

Second word word word word word word word word word word word word word word word word word word
word word word word word word word word word word word word

Deprecated.

POST /x

Args:
    q: What to look for.
    x_z: The header parameter 'x-z'.
    n: The property of the body 'n'.

Options of every call:
    retries: When to send again; None for never.
    server_url: The server to call instead of the client's.
    timeout_ms: The time limit in milliseconds; None for none.
    http_headers: Headers to add or to replace.

Answers:
    200: Done.
    default: It failed. (raises Failure)"""
    )


def test_doc_of_a_silent_operation() -> None:
    """Where the document says nothing, the call itself is named."""
    assert method_of({}).__doc__.startswith(
        "Call go (POST /x).\n\nPOST /x\n\nOptions of every call:"
    )
    whole = method_of(body({"type": "array"})).__doc__
    assert "    body: The whole body 'body'." in whole


def test_doc_of_several_media_types() -> None:
    """Where there is a choice of media types, the option to choose one is told."""
    content = {"application/json": {"schema": TEXT}, "text/plain": {"schema": TEXT}}
    method = method_of({"responses": {"200": {"description": "", "content": content}}})
    assert "accept_header_override: The media type to ask for." in method.__doc__
    assert "accept_header_override" in inspect.signature(method).parameters


def test_doc_is_safe() -> None:
    """Control and bidirectional characters of a document are shown as escapes."""
    evil = "red \x1b[31m left \u202e end"
    operation = {"summary": evil, "description": evil, "parameters": [param("q", description=evil)]}
    doc = method_of({**operation, "responses": {"200": {"description": evil}}}).__doc__
    assert "\x1b" not in doc
    assert "\u202e" not in doc
    assert doc.count("\\x1b") == 4


def test_help() -> None:
    """Python's own help shows the signature and the text."""
    text = pydoc.plain(pydoc.render_doc(THINGS.create))
    joined = "".join(text.split())  # later Pythons break long signatures into lines
    assert "create(*,name:str,retries:" in joined
    assert "->mixdyn.models.Thingmethodofmixdyn.Thingsinstance" in joined
    assert "POST /things" in text


def test_wrong_arguments() -> None:
    """A call with wrong arguments is an ordinary TypeError, and nothing is sent."""
    with pytest.raises(TypeError, match="missing: name"):
        THINGS.create()
    with pytest.raises(TypeError, match="without a name"):
        mixdyn.Mix().sessions.get("x")


def test_calls() -> None:
    """A method makes the call, and its twin the same, awaited."""
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=[{"name": "a"}]))
    with httpx.Client(transport=transport) as client:
        assert make_client(client=client).things.list()[0].name == "a"

    async def main() -> str:
        async with httpx.AsyncClient(transport=transport) as client:
            things = await make_client(async_client=client).things.list_async()
            return str(things[0].name)

    assert asyncio.run(main()) == "a"


def echo(request: httpx.Request) -> httpx.Response:
    """Answer with the request's own name."""
    return httpx.Response(201, json=json.loads(request.content), headers={"x-request-id": "r1"})


def test_with_response() -> None:
    """A call can give, besides its result, all there is to know of the exchange."""
    with httpx.Client(transport=httpx.MockTransport(echo)) as client:
        outcome = make_client(client=client).things.create.with_response(name="a")
    assert outcome.result.name == "a"
    assert (outcome.status_code, outcome.attempts) == (201, 1)
    assert outcome.headers["x-request-id"] == "r1"
    assert outcome.raw_response.status_code == 201
    assert outcome.elapsed.total_seconds() >= 0


def test_prepare() -> None:
    """A request can be had without sending it; what does not fit is said as in a call."""
    prepared = THINGS.create.prepare(name="a", http_headers={"X-Api-Key": "s3cret"})
    assert (prepared.method, prepared.url) == ("POST", "http://things.test/things")
    assert prepared.headers["x-api-key"] == "s3cret"
    assert prepared.content == b'{"name":"a"}'
    assert repr(prepared) == "<Prepared: POST http://things.test/things>"
    assert "s3cret" not in prepared.curl()
    assert "s3cret" in prepared.curl(show_secrets=True)
    with pytest.raises(RequestValidationError):
        THINGS.create.prepare(name=5)
    with pytest.raises(TypeError, match="missing: name"):
        THINGS.create.prepare()


def test_twins_are_awaited() -> None:
    """What a method gives its twin gives when awaited, after credentials that are awaited."""

    async def token() -> str:
        return "t"

    scheme = {"token": {"type": "http", "scheme": "bearer"}}
    parts = {"security": [{"token": []}], "components": {"securitySchemes": scheme}}

    async def main() -> None:
        transport = httpx.MockTransport(lambda request: httpx.Response(204))
        async with httpx.AsyncClient(transport=transport) as client:
            spec = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, **parts}
            spec["paths"] = {"/x": {"get": {"operationId": "go", "responses": {}}}}
            api: Any = Client(
                spec,
                server_url="http://x.test",
                async_client=client,
                security={"token": token},
            )
            prepared = await api.go_async.prepare()
            assert prepared.headers["authorization"] == "Bearer t"
            outcome = await api.go_async.with_response()
            assert (outcome.result, outcome.status_code) == (None, 204)
            with pytest.raises(TypeError, match="is async"):
                api.go.prepare()

    asyncio.run(main())


def test_methods_are_bound_methods_to_all_who_ask() -> None:
    """A method has what a bound method has: object, function, equality, a way to be copied."""
    api = make_client()
    method = api.things.create
    assert isinstance(method, types.MethodType)
    assert method.__self__._client is api
    assert method.__func__ is type(api.things).create
    assert method == api.things.create
    assert hash(method) == hash(api.things.create)
    assert method != api.things.list
    assert method != make_client().things.create
    assert method != method.__func__
    assert copy.copy(method) == method
    assert str(method) == f"{method}" == "<method Things.create of Client>"
    assert method.__module__ == "mixdyn"
    assert not hasattr(method, "no_such_thing")
    assert weakref.ref(method)() is method
    assert api.things.watch_async.__doc__ == api.things.watch.__doc__
