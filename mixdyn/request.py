"""
From an operation and a caller's arguments to a request, checked before anything is sent.

Knows OpenAPI's rules for parameters and bodies; knows no HTTP client: `Request` is plain data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from mixdyn import params
from mixdyn.errors import Problem, RequestValidationError, excerpt, itemize, nearest
from mixdyn.normalform import normalize_members
from mixdyn.operation import (
    HIDDEN_OPTIONS,
    Argument,
    MediaType,
    Operation,
    Parameter,
    is_flattened,
    is_json,
)
from mixdyn.schema import Schema
from mixdyn.upload import Upload, to_upload
from mixdyn.validation import Validator
from mixdyn.wire import WireError, to_wire

Mode = Literal["strict", "warn", "off"]

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FRAMING = frozenset({"content-length", "transfer-encoding", "host", "connection"})


@dataclass(frozen=True, slots=True)
class Request:
    """
    A request as plain data: at most one of `content`, `files` and `upload` carries the body.

    `files` are multipart parts as `(name, (file name, content, media type))`.
    """

    method: str
    url: str
    headers: dict[str, str]
    content: bytes | None = None
    files: list[tuple[str, tuple[str | None, Any, str | None]]] | None = None
    upload: Upload | None = None
    opened: tuple[Upload, ...] = ()


class RequestBuilder:
    """Builds the requests of one operation; what does not depend on arguments is made once."""

    def __init__(self, operation: Operation, user_agent: str) -> None:
        self.operation = operation
        self.arguments = {alias: a for a in reversed(operation.arguments) for alias in a.aliases}
        self.arguments.update({a.name: a for a in operation.arguments})
        self.required = tuple(a.name for a in operation.arguments if a.required)
        self.options = frozenset((*operation.call_options, *HIDDEN_OPTIONS))
        self.template = _PLACEHOLDER.split(operation.path)
        self.template[::2] = [quote(part, safe=_URL_SAFE) for part in self.template[::2]]
        accept = ", ".join(operation.accepted_types) or "*/*"
        self.headers = {"accept": accept, "user-agent": user_agent}
        self.has_body = any("body" in a.location for a in operation.arguments)
        whole = [a for a in operation.arguments if a.location == "whole body"]
        self.whole_body = whole[0] if whole else None

    def bind(
        self, positional: tuple[Any, ...], keywords: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """
        Sort a call's keywords into arguments (by their own names) and options.

        Raises one TypeError that names everything missing, unknown, repeated or positional.
        """
        values: dict[str, Any] = {}
        options: dict[str, Any] = {}
        problems: list[str] = []
        for name, value in keywords.items():
            argument = self.arguments.get(name)
            if argument is not None:
                if argument.name in values:
                    problems.append(f"given twice: {argument.name}, also as {excerpt(name, 60)}")
                values[argument.name] = value
            elif name in self.options:
                options[name] = value
            elif name in ("body", "request") and self.has_body and isinstance(value, Mapping):
                self._spread(value, values, problems)
            else:
                problems.append(f"unknown: {excerpt(name, 60)}{nearest(name, self.arguments)}")
        if positional:
            problems.append(f"{len(positional)} without a name; arguments are keywords")
        problems += [f"missing: {name}" for name in self.required if name not in values]
        if problems:
            title = f"{self.operation.label} cannot be called like this:"
            raise TypeError(itemize(title, [*problems, f"expected: {call_form(self.operation)}"]))
        return values, options

    def _spread(
        self, body: Mapping[str, Any], values: dict[str, Any], problems: list[str]
    ) -> None:
        """Take a body that was given whole apart into the arguments that it consists of."""
        for key, value in body.items():
            argument = self.arguments.get(key)
            if argument is None or argument.location != "body":
                problems.append(f"unknown in body: {excerpt(key, 60)}{nearest(key, self.arguments)}")
            elif argument.name in values:
                problems.append(f"given twice: {argument.name}, also in body")
            else:
                values[argument.name] = value

    def build(
        self,
        values: Mapping[str, Any],
        server_url: str,
        http_headers: Mapping[str, str],
        *,
        accept: str | None = None,
        mode: Mode = "strict",
        on_drift: Any = None,
    ) -> Request:
        """
        Serialise and check the arguments, and put the request together.

        Args:
            values: the arguments by their own names, as `bind` gives them.
            server_url: the complete URL of the server; its path and query are kept.
            http_headers: more headers, which replace those of the same name.
            accept: what to send as `Accept` instead of the documented media types.
            mode: `strict` raises RequestValidationError, `warn` calls `on_drift`, `off` skips.
            on_drift: a function that takes the tuple of problems.
        """
        headers = {**self.headers, **self._check_headers(http_headers)}
        if accept is not None:
            headers["accept"] = self._check_headers({"accept": accept})["accept"]
        media = self._choose_media(headers)
        given, wire, uploads = self._convert(values, media)
        if mode != "off":
            self._validate(wire, media, mode, on_drift)
        try:
            url = self._url(wire, server_url)
            self._add_parameter_headers(wire, headers)
            return self._finish(url, headers, media, given, wire, uploads)
        except params.ParameterError as error:
            raise self._refuse([Problem("arguments", str(error))]) from error

    def _convert(
        self, values: Mapping[str, Any], media: MediaType | None
    ) -> tuple[set[str], dict[str, Any], dict[str, Any]]:
        """Bring arguments into wire form; leave out unset ones; keep files apart."""
        wire: dict[str, Any] = {}
        uploads: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, value in values.items():
            argument = self.arguments[name]
            if value is None and not _sends_null(argument):
                continue
            try:
                if media is not None and "body" in argument.location and _is_file(argument, media):
                    uploads[name] = _to_uploads(value, argument.wire)
                else:
                    wire[name] = to_wire(value, argument.schema, name)
            except WireError as error:
                problems.append(error.problem)
            except (TypeError, OSError) as error:
                problems.append(Problem(name, str(error)))
        if problems:
            close_all(uploads)
            raise self._refuse(problems)
        return {*wire, *uploads}, wire, uploads

    def _validate(
        self, wire: dict[str, Any], media: MediaType | None, mode: Mode, on_drift: Any
    ) -> None:
        validator = self._validators.get(media.content_type if media else "")
        if validator is None:
            return
        instance = self._instance(wire)
        if validator.accepts(instance):
            return
        problems = tuple(
            p._replace(path=p.path.removeprefix("$.").removeprefix("body."))
            for p in validator.problems(instance)
        )
        if mode == "strict":
            raise self._refuse(list(problems))
        on_drift(problems)

    def _instance(self, wire: Mapping[str, Any]) -> dict[str, Any]:
        """Arrange wire values as the validator expects: arguments, and the body's own object."""
        instance: dict[str, Any] = {}
        body: dict[str, Any] = {}
        for name, value in wire.items():
            argument = self.arguments[name]
            if argument.location == "body":
                body[argument.wire] = value
            else:
                instance[name] = value
        if body:
            instance["body"] = body
        return instance

    @cached_property
    def _validators(self) -> dict[str, Validator | None]:
        """A validator for each media type of the body, or one where there is no body."""
        media = self.operation.body.media if self.operation.body else ()
        return {m.content_type: self._validator(m) for m in media} or {"": self._validator(None)}

    def _validator(self, media: MediaType | None) -> Validator | None:
        members: dict[str, Schema | bool] = {}
        arguments = self.operation.arguments
        for argument in arguments:
            if "body" not in argument.location and argument.schema is not None:
                members[argument.name] = argument.schema
        flattened = [a for a in arguments if a.location == "body"]
        if media is not None and media.schema is not None and self.has_body:
            if not flattened:
                is_checked = is_json(media.essence) and self.whole_body is not None
                members["body"] = media.schema if is_checked else True
            elif is_json(media.essence):
                members["body"] = media.schema
            else:
                members |= {a.name: True for a in flattened}
        if not members:
            return None
        return Validator(normalize_members(members, [], "request"))

    def _choose_media(self, headers: Mapping[str, str]) -> MediaType | None:
        """The documented media type that the caller's `Content-Type` names, else the preferred."""
        body = self.operation.body
        if body is None:
            return None
        wanted = headers.get("content-type", "").partition(";")[0].strip().lower()
        named = (m for m in body.media if m.essence == wanted)
        return next(named, body.preferred)

    def _url(self, wire: Mapping[str, Any], server_url: str) -> str:
        """Fill the template once and add the query: what a value holds never enters it again."""
        base, _, base_query = server_url.partition("?")
        parts = list(self.template)
        query = [base_query] if base_query else []
        for argument in self.operation.arguments:
            parameter = argument.parameter
            if parameter is None or argument.name not in wire:
                continue
            if parameter.location == "path":
                text = _encode_path(parameter, wire[argument.name])
                for i in range(1, len(parts), 2):
                    if self.template[i] == parameter.name:
                        parts[i] = text
            elif parameter.location in ("query", "querystring"):
                query.append(_encode_query(parameter, wire[argument.name]))
        path = "".join(parts)
        text = "&".join(filter(None, query))
        mark = "&" if "?" in path else "?"
        return f"{base.rstrip('/')}{path}{mark + text if text else ''}"

    def _add_parameter_headers(self, wire: Mapping[str, Any], headers: dict[str, str]) -> None:
        cookies: list[str] = []
        for argument in self.operation.arguments:
            parameter = argument.parameter
            if parameter is None or argument.name not in wire:
                continue
            value = wire[argument.name]
            if parameter.location == "header":
                headers[parameter.name.lower()] = _encode_header(parameter, value)
            elif parameter.location == "cookie":
                cookies.append(_encode_cookie(parameter, value))
        if cookies := list(filter(None, cookies)):
            given = [headers["cookie"]] if "cookie" in headers else []
            headers["cookie"] = "; ".join([*given, *cookies])

    def _finish(
        self,
        url: str,
        headers: dict[str, str],
        media: MediaType | None,
        given: set[str],
        wire: Mapping[str, Any],
        uploads: Mapping[str, list[Upload]],
    ) -> Request:
        method = self.operation.method
        body = self.operation.body
        sent = {n for n in given if "body" in self.arguments[n].location}
        if media is None or body is None or not (sent or body.required):
            headers.pop("content-type", None)
            return Request(method, url, headers)
        opened = tuple(u for listed in uploads.values() for u in listed)
        if media.essence == "multipart/form-data":
            # The boundary belongs into this header, and only the encoder knows it.
            headers.pop("content-type", None)
            parts = [p for n in values_in_order(self, sent) for p in self._parts(n, media, wire, uploads)]
            return Request(method, url, headers, files=parts, opened=opened)
        headers.setdefault("content-type", _content_type(media))
        if opened:
            return Request(method, url, headers, upload=opened[0], opened=opened)
        return Request(method, url, headers, content=self._encode(media, sent, wire))

    def _encode(self, media: MediaType, sent: set[str], wire: Mapping[str, Any]) -> bytes:
        value = self._body_value(sent, wire)
        if is_json(media.essence):
            return encode_json(value)
        if media.essence == "application/x-www-form-urlencoded" and isinstance(value, dict):
            return encode_form(value, media.encoding).encode("ascii")
        if isinstance(value, str):
            return value.encode("utf-8", "strict")
        return encode_json(value)

    def _body_value(self, sent: set[str], wire: Mapping[str, Any]) -> Any:
        if self.whole_body is not None:
            return wire.get(self.whole_body.name)
        return {self.arguments[n].wire: wire[n] for n in values_in_order(self, sent)}

    def _parts(
        self,
        name: str,
        media: MediaType,
        wire: Mapping[str, Any],
        uploads: Mapping[str, list[Upload]],
    ) -> list[tuple[str, tuple[str | None, Any, str | None]]]:
        """The multipart parts of one argument: a part for each file and for each array item."""
        argument = self.arguments[name]
        if name in uploads:
            kind = _part_type(argument, media) or "application/octet-stream"
            return [
                (argument.wire, (_file_name(u), u.content, u.content_type or kind))
                for u in uploads[name]
            ]
        value = wire[name]
        items = value if isinstance(value, list) else [value]
        kind = _part_type(argument, media)
        return [(argument.wire, (None, *_encode_part(item, kind))) for item in items]

    def _check_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Refuse header names and values that could change the framing or inject lines."""
        checked: dict[str, str] = {}
        for name, value in headers.items():
            lower = str(name).lower()
            if not _HEADER_NAME.fullmatch(lower):
                raise self._refuse([Problem("http_headers", f"{excerpt(name, 60)} is no header name")])
            if lower in _FRAMING:
                raise self._refuse([Problem("http_headers", f"{lower} belongs to the HTTP client")])
            try:
                checked[lower] = params.encode_header(value)
            except params.ParameterError as error:
                raise self._refuse([Problem(f"http_headers: {lower}", str(error))]) from error
        return checked

    def _refuse(self, problems: list[Problem]) -> RequestValidationError:
        label = self.operation.label
        title = f"{label}: the arguments do not fit, nothing was sent:"
        message = itemize(title, [str(p) for p in problems])
        return RequestValidationError(message, None, None, None, label, tuple(problems))


def values_in_order(builder: RequestBuilder, names: set[str]) -> list[str]:
    """Give the names of body arguments in the document's order."""
    return [a.name for a in builder.operation.arguments if a.name in names]


def call_form(operation: Operation) -> str:
    """Give the call as one would type it: `sessions.create(*, title, working_directory=…)`."""
    listed = [a.name if a.required else f"{a.name}=…" for a in operation.arguments]
    options = [f"{name}=…" for name in operation.call_options]
    return f"{operation.name}({', '.join(['*', *listed, *options])})"


def encode_json(value: Any) -> bytes:
    """Write compact JSON as UTF-8; lone surrogates travel as escapes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def encode_form(value: Mapping[str, Any], encoding: Mapping[str, Any]) -> str:
    """Write `application/x-www-form-urlencoded`, property by property (OpenAPI 3.1.1, 4.8.15)."""
    return "&".join(filter(None, (_form_pair(n, v, encoding.get(n)) for n, v in value.items())))


def _form_pair(name: str, value: Any, encoding: Any) -> str:
    rules = encoding if isinstance(encoding, Mapping) else {}
    if {"style", "explode", "allowReserved"} & set(rules):
        style = rules.get("style", "form")
        return params.encode_query(
            name,
            value,
            style=style,
            explode=rules.get("explode", style == "form"),
            allow_reserved=rules.get("allowReserved", False),
        )
    items = value if isinstance(value, list) else [value]
    texts = [encode_json(v).decode() if isinstance(v, (dict, list)) else v for v in items]
    return params.encode_query(name, texts)


def close_all(uploads: Mapping[str, list[Upload]]) -> None:
    """Close the files that were opened for a call."""
    for listed in uploads.values():
        for upload in listed:
            upload.close()


def check_server_url(url: str, label: str) -> str:
    """Give the URL if it is a complete http(s) one; raise RequestValidationError if not."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable():
        problem = Problem("server_url", f"expected a complete http(s) URL, got {excerpt(url, 100)!r}")
        message = f"{label}: no usable server: {problem.message}; pass server_url="
        raise RequestValidationError(message, None, None, None, label, (problem,))
    return url.partition("#")[0]


def is_binary(schema: Schema | None) -> bool:
    """Tell whether a schema stands for raw bytes (OpenAPI 3.0 `format`, 3.1 `contentMediaType`)."""
    if schema is None:
        return False
    if schema.format == "binary":
        return True
    return schema.get("contentMediaType") is not None and schema.get("contentEncoding") is None


def _is_file(argument: Argument, media: MediaType) -> bool:
    if is_json(media.essence) or media.essence == "application/x-www-form-urlencoded":
        return False
    if argument.location == "whole body":
        return not media.essence.startswith("text/")
    schema = argument.schema
    return is_binary(schema) or (schema is not None and is_binary(schema.items))


def _to_uploads(value: Any, name: str) -> list[Upload]:
    return [to_upload(v, name) for v in (value if isinstance(value, list) else [value])]


def _sends_null(argument: Argument) -> bool:
    """Null is sent only where the schema allows it or the argument must be there."""
    if argument.required:
        return True
    return "body" in argument.location and bool(argument.schema and argument.schema.is_nullable)


def _content_type(media: MediaType) -> str:
    return "application/octet-stream" if "*" in media.essence else media.content_type


def _file_name(upload: Upload) -> str:
    if not upload.file_name.isprintable():
        raise params.ParameterError(
            f"the file name {excerpt(upload.file_name, 60)!r} has control characters"
        )
    return upload.file_name


def _part_type(argument: Argument, media: MediaType) -> str | None:
    rules = media.encoding.get(argument.wire)
    declared = rules.get("contentType") if isinstance(rules, Mapping) else None
    if not isinstance(declared, str):
        return None
    return declared.partition(",")[0].strip()


def _encode_part(value: Any, kind: str | None) -> tuple[bytes, str | None]:
    if isinstance(value, (dict, list)) or (kind and is_json(kind.partition(";")[0].lower())):
        return encode_json(value), kind or "application/json"
    return params.scalar_text(value).encode(), kind


def _encode_path(parameter: Parameter, value: Any) -> str:
    if parameter.content_type:
        value = _content_text(parameter, value)
    with_name = {"style": parameter.style, "explode": parameter.explode}
    try:
        return params.encode_path(
            parameter.name, value, **with_name, allow_reserved=parameter.allow_reserved
        )
    except params.ParameterError as error:
        raise params.ParameterError(f"{excerpt(parameter.name, 60)}: {error}") from error


def _encode_query(parameter: Parameter, value: Any) -> str:
    if parameter.location == "querystring":
        # OpenAPI 3.2: the parameter is the whole query, in the form of its media type.
        if parameter.content_type == "application/x-www-form-urlencoded":
            return encode_form(value, {})
        return params.quote(_content_text(parameter, value))
    if parameter.content_type:
        value = _content_text(parameter, value)
    return params.encode_query(
        parameter.name,
        value,
        style=parameter.style,
        explode=parameter.explode,
        allow_reserved=parameter.allow_reserved,
    )


def _encode_header(parameter: Parameter, value: Any) -> str:
    if parameter.content_type:
        value = _content_text(parameter, value)
    return params.encode_header(value, explode=parameter.explode)


def _encode_cookie(parameter: Parameter, value: Any) -> str:
    if parameter.content_type:
        value = _content_text(parameter, value)
    return params.encode_cookie(
        parameter.name, value, style=parameter.style, explode=parameter.explode
    )


def _content_text(parameter: Parameter, value: Any) -> str:
    if is_json((parameter.content_type or "").partition(";")[0].lower()):
        return encode_json(value).decode("utf-8")
    return value if isinstance(value, str) else encode_json(value).decode("utf-8")


__all__ = ["Request", "RequestBuilder", "call_form", "is_flattened"]
