"""
What mixdyn trips over in a document: names, servers, operations and schemas that it cannot use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from mixdyn.catalog import Catalog, Entry
from mixdyn.client import make_surface
from mixdyn.document import Document, Target
from mixdyn.errors import DocumentError, MixError, RequestValidationError, excerpt
from mixdyn.fault import Flaw
from mixdyn.names import to_argument, to_snake
from mixdyn.normalform import Direction, normalize
from mixdyn.operation import Operation, parse_servers
from mixdyn.schema import Schema
from mixdyn.scheme import name_scheme
from mixdyn.server import describe_server, resolve_server
from mixdyn.settings import Settings
from mixdyn.shape import as_array, as_object
from mixdyn.surface import Surface
from mixdyn.tools.validate.reference import find_flaws

_KINDS = ("apiKey", "http", "mutualTLS", "oauth2", "openIdConnect")


def find_own(document: Document) -> Iterator[Flaw]:
    """Give what mixdyn trips over; each finding once."""
    references = list(find_flaws(document))
    yield from references
    known = {flaw.message for flaw in references}
    seen: set[Flaw] = set()
    for flaw in _find(make_surface(document)):
        is_told = flaw.code == "schema" and any(flaw.message.endswith(text) for text in known)
        if flaw not in seen and not is_told:
            seen.add(flaw)
            yield flaw


def _find(surface: Surface) -> Iterator[Flaw]:
    yield from _judge_names(surface.catalog)
    yield from _judge_servers(surface.document)
    yield from _judge_schemes(surface)
    done: set[tuple[str, str]] = set()
    for entry in surface.catalog.entries:
        place = (entry.operation.base, entry.operation.pointer)
        if place not in done:  # one with two tags has two names
            done.add(place)
            yield from _judge_operation(surface, entry)
    for name in surface.schemas.component_names():
        schema = surface.schemas.component(name)
        if schema is not None:
            yield from _judge_schema(schema)
    yield from _judge_attributes(surface)


def _judge_names(catalog: Catalog) -> Iterator[Flaw]:
    """Tell which names had to yield to others, and which paths are passed over."""
    for target, text in catalog.renamed:
        yield _flaw("renamed", f"{text}, since the name is taken", target)
    for target, text in catalog.skipped:
        yield _flaw("skipped", f"this path is passed over: {text}", target)


def _judge_servers(document: Document) -> Iterator[Flaw]:
    """Judge the document's own servers; without any its origin is the server."""
    servers = parse_servers(document.root.get("servers"))
    for i in range(max(1, len(servers))):
        target = document.at("servers", i) if servers else document.at()
        settings = Settings(server_idx=i)
        yield from _try_server(partial(describe_server, document, settings), target)


def _try_server(resolve: Callable[[], str], target: Target) -> Iterator[Flaw]:
    try:
        resolve()
    except RequestValidationError as error:
        reasons = "; ".join(map(str, error.problems))
        if not target.pointer:
            reasons = "the document names none, and came from no URL; pass server_url="
        yield _flaw("server", f"no usable server: {reasons}", target)


def _judge_schemes(surface: Surface) -> Iterator[Flaw]:
    declared = surface.document.at("components", "securitySchemes")
    for name, scheme in surface.schemes.items():
        if scheme.kind not in _KINDS:
            shown = excerpt(scheme.kind or "none that can be read", 60)
            known = ", ".join(_KINDS)
            message = f"no credential is sent for this scheme: its type is {shown}, not of {known}"
            yield _flaw("security", message, declared.child(name))


def _judge_operation(surface: Surface, entry: Entry) -> Iterator[Flaw]:
    """Judge all that a call of an operation needs."""
    try:
        operation = surface.plan(entry).operation
    except Exception as error:  # noqa: BLE001  # whatever it is, the call would fail by it
        label = excerpt(entry.qualified_name, 80)
        yield _flaw("operation", f"{label} cannot be called: {_explain(error)}", entry.operation)
        return
    yield from _judge_arguments(operation, entry.operation)
    yield from _judge_own_servers(surface.document, operation, entry)
    yield from _judge_security(surface, entry.operation)
    for schema, direction in _list_schemas(operation):
        yield from _judge_schema(schema, direction)


def _judge_arguments(operation: Operation, target: Target) -> Iterator[Flaw]:
    for argument in operation.arguments:
        if argument.location != "whole body" and argument.name != to_argument(argument.wire):
            wire, name = excerpt(argument.wire, 60), excerpt(argument.name, 60)
            message = f"the argument {wire} ({argument.location}) is called {name}, since its name"
            yield _flaw("renamed", f"{message} is taken", target)


def _judge_own_servers(document: Document, operation: Operation, entry: Entry) -> Iterator[Flaw]:
    """Judge the servers that an operation or its path has for itself."""
    for owner in (entry.operation, entry.path_item):
        if parse_servers(as_object(owner.value).get("servers")):
            for i in range(len(operation.servers)):
                settings = Settings(server_idx=i)
                target = owner.child("servers", i)
                resolve = partial(resolve_server, document, operation, settings, None)
                yield from _try_server(resolve, target)
            return


def _judge_security(surface: Surface, target: Target) -> Iterator[Flaw]:
    """Tell of requirements that nothing can satisfy: their schemes are declared nowhere."""
    own = "security" in target.value
    holder = target if own else surface.document.at()
    for i, requirement in enumerate(as_array(as_object(holder.value).get("security"))):
        for name in as_object(requirement):
            if name_scheme(name) not in surface.schemes:
                message = f"no security scheme is called {excerpt(name, 60)!r}"
                yield _flaw("security", message, holder.child("security", i, name))


def _list_schemas(operation: Operation) -> Iterator[tuple[Schema, Direction]]:
    for parameter in operation.parameters:
        if parameter.schema is not None:
            yield parameter.schema, "request"
    for media in operation.body.media if operation.body is not None else ():
        for schema in filter(None, (media.schema, media.item_schema)):
            yield schema, "request"
    for response in operation.responses:
        for media in response.media:
            for schema in filter(None, (media.schema, media.item_schema)):
                yield schema, "response"


def _judge_attributes(surface: Surface) -> Iterator[Flaw]:
    """Tell which properties of results have other names there, since theirs are taken."""
    for schema in _list_objects(_list_results(surface)):
        properties = schema.properties
        attributes: Mapping[str, str] = {}
        with suppress(DocumentError, RecursionError):  # what is broken inside is told elsewhere
            model: Any = surface.types.model(schema)
            attributes = model._attributes
        for attribute, wire in attributes.items():
            if attribute != to_snake(wire) and wire in properties:
                shown = f"the property {excerpt(wire, 60)} is called {excerpt(attribute, 60)}"
                yield _flaw("renamed", f"{shown}, since its name is taken", properties[wire].target)


def _list_results(surface: Surface) -> Iterator[Schema]:
    """Give the schemas of the components, and those of what operations answer with."""
    yield from filter(None, map(surface.schemas.component, surface.schemas.component_names()))
    for entry in surface.catalog.entries:
        with suppress(Exception):  # that it cannot be called is told elsewhere
            schemas = [*_list_schemas(surface.plan(entry).operation)]
            yield from (schema for schema, direction in schemas if direction == "response")


def _list_objects(schemas: Iterable[Schema]) -> Iterator[Schema]:
    """Give the schemas of objects with properties among these and inside them, each once."""
    seen: set[int] = set()
    waiting = [*schemas][::-1]
    while waiting:
        with suppress(DocumentError, RecursionError):  # as above
            schema = waiting.pop().core.resolved
            if id(schema) in seen:
                continue
            seen.add(id(schema))
            inside = [*schema.branches, *schema.properties.values()]
            waiting += filter(None, (*inside, schema.items, schema.additional))
            if schema.properties:
                yield schema


def _judge_schema(schema: Schema, direction: Direction = "response") -> Iterator[Flaw]:
    try:
        normalize(schema, direction)
    except Exception as error:  # noqa: BLE001  # as for operations
        message = f"nothing can be checked against this schema: {_explain(error)}"
        yield _flaw("schema", message, schema.target)


def _explain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return error.message if isinstance(error, MixError) else f"{type(error).__name__}: {error}"


def _flaw(code: str, message: str, target: Any) -> Flaw:
    return Flaw(code, excerpt(message, 400), target.base, target.pointer)
