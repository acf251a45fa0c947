"""
What one operation takes and gives: parameters, body, responses, servers, security.

Frozen values, parsed from the document when the operation is first used. This is where OpenAPI's
rules for them are read; nothing above reads the raw document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mixdyn.catalog import Entry
from mixdyn.document import Target
from mixdyn.errors import DocumentError, excerpt
from mixdyn.media import (
    MediaType,
    choose_media,
    is_json,
    media_essence,
)
from mixdyn.names import resolve_collisions, to_argument, to_snake
from mixdyn.record import NamedTuple
from mixdyn.schema import Schema, Schemas
from mixdyn.scheme import parse_requirements
from mixdyn.shape import as_array, as_object, as_text, is_object

CALL_OPTIONS = ("retries", "server_url", "timeout_ms", "http_headers")
HIDDEN_OPTIONS = (
    "accept_header_override",
    "validate",
    "on_progress",
    "reconnect",
    "idle_timeout_ms",
    "max_event_bytes",
)
# What an argument may not be called: the options of calls, and the method's own first parameter.
NOT_ARGUMENTS = frozenset({*CALL_OPTIONS, *HIDDEN_OPTIONS, "self"})
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_LOCATIONS = ("path", "query", "header", "cookie", "querystring")
_DEFAULT_STYLES = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
# OpenAPI 3.1.1, 4.8.12.1: header parameters of these names are described elsewhere.
_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})


class Parameter(NamedTuple):
    """A path, query, header or cookie parameter, and how its value is written."""

    name: str
    location: str
    required: bool = False
    schema: Schema | None = None
    style: str = "simple"
    explode: bool = False
    allow_reserved: bool = False
    content_type: str | None = None
    description: str = ""
    is_deprecated: bool = False

    @property
    def media_essence(self) -> str:
        """The media type of a `content` parameter without its parameters, or empty."""
        return media_essence(self.content_type or "")


class Body(NamedTuple):
    """The request body: its media types, in the document's order, and whether it must be sent."""

    required: bool
    description: str
    media: tuple[MediaType, ...]

    @property
    def preferred(self) -> MediaType:
        """The media type that is sent unless the caller names another: JSON first."""
        return next((m for m in self.media if is_json(m.essence)), self.media[0])


class Response(NamedTuple):
    """A documented response: a status pattern (`200`, `2XX`, `default`) and its media types."""

    status: str
    description: str
    media: tuple[MediaType, ...]

    @property
    def is_error(self) -> bool:
        """Whether such an answer raises an error: `4XX`, `5XX`, and whatever is not described."""
        return self.status[:1] in ("4", "5") or self.status.lower() == "default"

    def match(self, content_type: str) -> MediaType | None:
        """Give the most specific media type that covers `content_type`."""
        return choose_media(self.media, content_type)


class Server(NamedTuple):
    """A server's URL template, complete but for its variables."""

    url: str
    variables: Mapping[str, Any]


class Argument(NamedTuple):
    """
    One keyword of the method: a parameter, a property of the body, or the whole body.

    `wire` is its name in the request, `aliases` all names that a caller may use.
    """

    name: str
    wire: str
    location: str
    required: bool
    schema: Schema | None
    description: str
    parameter: Parameter | None = None

    @property
    def aliases(self) -> tuple[str, ...]:
        """The argument's own name, its wire name, and the name without an added underscore."""
        bare = self.name.rstrip("_")
        request = ("request",) if self.location == "whole body" else ()
        others = (self.wire, bare, to_snake(self.wire), *request)
        # An option of the call keeps its meaning, whatever a document calls its parameters.
        allowed = (name for name in others if name not in CALL_OPTIONS + HIDDEN_OPTIONS)
        return tuple(dict.fromkeys((self.name, *allowed)))

    @property
    def is_deprecated(self) -> bool:
        """Whether the document advises against giving it."""
        if self.parameter is not None and self.parameter.is_deprecated:
            return True
        try:
            return self.schema is not None and self.schema.get("deprecated") is True
        except DocumentError:
            return False


class Operation(NamedTuple):
    """Everything about one operation that a call, a prompt or a tool may ask."""

    name: str
    operation_id: str | None
    method: str
    path: str
    summary: str
    description: str
    is_deprecated: bool
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: tuple[Response, ...]
    arguments: tuple[Argument, ...]
    servers: tuple[Server, ...]
    security: tuple[Mapping[str, Any], ...]
    retries: Mapping[str, Any] | None
    has_own_retries: bool

    @property
    def label(self) -> str:
        """How messages name the operation: `sessions.create (POST /api/sessions)`."""
        return f"{excerpt(self.name, 80)} ({self.method} {excerpt(self.path, 120)})"

    @property
    def success(self) -> tuple[Response, ...]:
        """The responses for 2xx statuses, or the default one where it is all there is."""
        found = tuple(r for r in self.responses if r.status[:1] == "2")
        return found or tuple(r for r in self.responses if r.status == "default")

    @property
    def failures(self) -> tuple[Response, ...]:
        """The responses that raise errors."""
        return tuple(response for response in self.responses if response.is_error)

    @property
    def accepted_types(self) -> tuple[str, ...]:
        """The media types of success, each once, in the document's order."""
        return tuple(dict.fromkeys(m.content_type for r in self.success for m in r.media))

    @property
    def call_options(self) -> tuple[str, ...]:
        """The names of the options that a call takes besides the document's arguments."""
        extra = ("accept_header_override",) if len(self.accepted_types) > 1 else ()
        return (*CALL_OPTIONS, *extra)

    def response(self, status: int) -> Response | None:
        """Give the response for a status: exact first, then its class, then `default`."""
        by_status = {r.status.upper(): r for r in self.responses}
        keys = (str(status), f"{status // 100}XX", "DEFAULT")
        return next((by_status[k] for k in keys if k in by_status), None)


def split_template(path: str) -> tuple[list[str], list[str]]:
    """
    Give a path template's literal texts, one more than names, and the names between them.

    What follows a `#` only tells equal paths apart in the document; it is never sent.
    """
    parts = _PLACEHOLDER.split(path.partition("#")[0])
    return parts[::2], parts[1::2]


def parse_operation(schemas: Schemas, entry: Entry) -> Operation:
    """Read one operation from the document; DocumentError names the part that cannot be used."""
    return _Parser(schemas, entry).parse()


def parse_servers(value: Any) -> tuple[Server, ...]:
    """Read a `servers` list; entries without a URL are passed over."""
    servers = (s for s in as_array(value) if is_object(s) and isinstance(s.get("url"), str))
    return tuple(Server(s["url"], as_object(s.get("variables"))) for s in servers)


class _Parser:
    """Reads one operation; a method for each part."""

    def __init__(self, schemas: Schemas, entry: Entry) -> None:
        self.schemas = schemas
        self.document = schemas.document
        self.entry = entry
        self.raw: Mapping[str, Any] = entry.operation.value

    def parse(self) -> Operation:
        raw, root = self.raw, self.document.root
        parameters = self.parse_parameters()
        body = self.parse_body()
        own_retries = raw.get("x-speakeasy-retries")
        return Operation(
            name=self.entry.qualified_name,
            operation_id=as_text(raw.get("operationId")) or None,
            method=self.entry.method,
            path=self.entry.path,
            summary=as_text(raw.get("summary")),
            description=as_text(raw.get("description")),
            is_deprecated=raw.get("deprecated") is True,
            parameters=parameters,
            body=body,
            responses=self.parse_responses(),
            arguments=_name_arguments([*map(_argument, parameters), *_body_arguments(body)]),
            servers=self.parse_servers(),
            security=self.parse_security(),
            retries=as_object(own_retries or root.get("x-speakeasy-retries")) or None,
            has_own_retries=is_object(own_retries),
        )

    def parse_servers(self) -> tuple[Server, ...]:
        """Operation before path before document (OpenAPI 3.1.1, 4.8.10)."""
        sources = (self.raw, self.entry.path_item.value, self.document.root)
        return next((s for s in (parse_servers(v.get("servers")) for v in sources) if s), ())

    def parse_security(self) -> tuple[Mapping[str, Any], ...]:
        """
        Give the alternatives, the operation's before the document's.

        One that names a scheme which is not declared cannot be satisfied, so it is left out.
        """
        given = self.raw.get("security", self.document.root.get("security"))
        declared = as_object(self.document.at("components", "securitySchemes").value)
        return tuple(s for s in parse_requirements(given) if declared.keys() >= s.keys())

    def parse_parameters(self) -> tuple[Parameter, ...]:
        """Those of the path item, but for those that the operation has itself."""
        found: dict[tuple[str, str], Parameter] = {}
        for owner in (self.entry.path_item, self.entry.operation):
            declared = owner.child("parameters")
            for i in range(len(as_array(declared.value))):
                parameter = self.parse_parameter(self.document.resolve(declared.child(i)))
                if parameter is not None:
                    found[parameter.location, parameter.name] = parameter
        names = split_template(self.entry.path)[1]
        for name in names:
            # Documents forget to declare what their paths have; a path cannot do without.
            found.setdefault(("path", name), Parameter(name, "path", required=True))
        ordered = sorted(found.values(), key=lambda p: p.location != "path")
        return tuple(p for p in ordered if p.location != "path" or p.name in names)

    def parse_parameter(self, target: Target) -> Parameter | None:
        raw = as_object(target.value)
        name, location = raw.get("name"), raw.get("in")
        if not isinstance(name, str) or location not in _LOCATIONS:
            raise DocumentError(f"{target}: a parameter needs a `name` and a known `in`")
        if location == "header" and name.lower() in _IGNORED_HEADERS:
            return None
        media = next(iter(as_object(raw.get("content"))), None)
        holder = self.document.resolve(target.child("content", media)) if media else target
        style = as_text(raw.get("style")) or _DEFAULT_STYLES.get(location, "form")
        explode = raw.get("explode")
        return Parameter(
            name=name,
            location=location,
            required=raw.get("required") is True or location == "path",
            schema=self.schema(holder.child("schema")),
            style=style,
            explode=explode if isinstance(explode, bool) else style in ("form", "cookie"),
            allow_reserved=raw.get("allowReserved") is True,
            content_type=media,
            description=as_text(raw.get("description")),
            is_deprecated=raw.get("deprecated") is True,
        )

    def parse_body(self) -> Body | None:
        target = self.document.resolve(self.entry.operation.child("requestBody"))
        media = self.parse_media(target)
        raw = as_object(target.value)
        if not media:
            return None
        return Body(raw.get("required") is True, as_text(raw.get("description")), media)

    def parse_responses(self) -> tuple[Response, ...]:
        declared = self.entry.operation.child("responses")
        # In a mapping from Python, statuses may be numbers.
        return tuple(
            self.parse_response(str(status), declared.child(status))
            for status in as_object(declared.value)
            if not str(status).startswith("x-")
        )

    def parse_response(self, status: str, declared: Target) -> Response:
        """Read one response; one that cannot be read keeps no call from being made."""
        try:
            target = self.document.resolve(declared)
            text = as_text(as_object(target.value).get("description"))
            media = self.parse_media(target)
            _follow(media)
            return Response(status, text, media)
        except DocumentError as error:
            return Response(status, f"(cannot be read: {error})", ())

    def parse_media(self, owner: Target) -> tuple[MediaType, ...]:
        content = owner.child("content")
        return tuple(
            self.parse_media_type(name, self.document.resolve(content.child(name)))
            for name in as_object(content.value)
        )

    def parse_media_type(self, name: str, target: Target) -> MediaType:
        raw = as_object(target.value)
        return MediaType(
            content_type=name,
            schema=self.schema(target.child("schema")),
            item_schema=self.schema(target.child("itemSchema")),
            encoding=as_object(raw.get("encoding")),
            extensions={k: v for k, v in raw.items() if k.startswith("x-")},
        )

    def schema(self, target: Target) -> Schema | None:
        return None if target.value is None else self.schemas.at(target)


def _follow(media: tuple[MediaType, ...]) -> list[Any]:
    """Go through what schemas are built of; DocumentError where a reference leads nowhere."""
    return [m.schema.parts for m in media if m.schema is not None]


def _argument(parameter: Parameter) -> Argument:
    return Argument(
        name=to_argument(parameter.name),
        wire=parameter.name,
        location=parameter.location,
        required=parameter.required,
        schema=parameter.schema,
        description=parameter.description or _describe(parameter.schema),
        parameter=parameter,
    )


def _body_arguments(body: Body | None) -> list[Argument]:
    """Flatten an object's properties into arguments; any other body is one argument."""
    if body is None:
        return []
    schema = body.preferred.schema
    if schema is None or not is_flattened(schema):
        text = body.description or _describe(schema)
        return [Argument("body", "body", "whole body", body.required, schema, text)]
    return [
        Argument(
            name=to_argument(wire),
            wire=wire,
            location="body",
            required=body.required and wire in schema.required,
            schema=declared,
            description=_describe(declared),
        )
        for wire, declared in schema.properties.items()
        if declared.get("readOnly") is not True
    ]


def is_flattened(schema: Schema) -> bool:
    """
    Tell whether a body's properties become arguments: an object with them, and no union.

    Branches that only ask for one property or another are no union.
    """
    if not schema.properties or schema.types != ("object",) or schema.discriminator is not None:
        return False
    return all(not b.properties and b.types in ((), ("object",)) for b in schema.branches)


def _name_arguments(arguments: list[Argument]) -> tuple[Argument, ...]:
    """Give every argument a name of its own, required ones first."""
    seen: set[str] = set()
    named: list[Argument] = []
    for argument in arguments:
        # `id` in the path and in the body: the first keeps the name, the other says where it goes.
        place = argument.location.replace("whole ", "")
        name = f"{argument.name}_{place}" if argument.name in seen else argument.name
        seen.add(name)
        named.append(argument._replace(name=name))
    names = resolve_collisions((a.name for a in named), NOT_ARGUMENTS)
    unique = [a._replace(name=n) for a, n in zip(named, names, strict=True)]
    return tuple(sorted(unique, key=lambda a: not a.required))


def _describe(schema: Schema | None) -> str:
    return schema.description if schema is not None else ""
