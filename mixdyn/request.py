"""
From an operation and a caller's arguments to a request, checked before anything is sent.

Knows OpenAPI's rules for parameters; knows no HTTP client: `Request` is plain data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from mixdyn import params
from mixdyn.binding import name_arguments
from mixdyn.body import (
    MULTIPART,
    Part,
    content_type,
    encode_body,
    encode_form,
    encode_json,
    encode_parts,
    file_parts,
    takes_file,
    to_uploads,
)
from mixdyn.errors import Problem, RequestValidationError, excerpt, itemize
from mixdyn.normalform import normalize_members
from mixdyn.operation import Argument, MediaType, Operation, Parameter, is_json
from mixdyn.schema import Schema
from mixdyn.settings import Mode, Report
from mixdyn.upload import Upload
from mixdyn.validation import Validator
from mixdyn.wire import WireError, to_wire

T = TypeVar("T")

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FRAMING = frozenset({"content-length", "transfer-encoding", "host", "connection"})


@dataclass(frozen=True, slots=True)
class Request:
    """
    A request as plain data: at most one of `content`, `files` and `upload` carries the body.

    `files` are multipart parts; `opened` are the files to close once it is sent.
    """

    method: str
    url: str
    headers: dict[str, str]
    content: bytes | None = None
    files: list[Part] | None = None
    upload: Upload | None = None
    opened: tuple[Upload, ...] = ()


class _Placement(NamedTuple):
    """A parameter's argument, where its text goes, and the function that writes it."""

    argument: str
    parameter: Parameter
    encode: Callable[[Any], str]


class _Converted(NamedTuple):
    """Arguments in wire form, and the files among them."""

    wire: dict[str, Any]
    uploads: dict[str, list[Upload]]


class RequestBuilder:
    """Builds the requests of one operation; what does not depend on arguments is made once."""

    def __init__(self, operation: Operation, user_agent: str) -> None:
        self.operation = operation
        self.arguments = name_arguments(operation)
        parts = _PLACEHOLDER.split(operation.path)
        self._literals = [quote(part, safe=_URL_SAFE) for part in parts[::2]]
        self._names = parts[1::2]
        accept = ", ".join(operation.accepted_types) or "*/*"
        self._headers = {"accept": accept, "user-agent": user_agent}
        self._placements: dict[str, list[_Placement]] = {}
        for argument in operation.arguments:
            parameter = argument.parameter
            if parameter is not None:
                placement = _Placement(argument.name, parameter, _encoder(parameter))
                self._placements.setdefault(parameter.location, []).append(placement)
        self._body_arguments = [a for a in operation.arguments if "body" in a.location]
        self._validators: dict[str, Validator | None] = {}

    def build(
        self,
        values: Mapping[str, Any],
        server_url: str,
        http_headers: Mapping[str, str],
        *,
        accept: str | None = None,
        mode: Mode = "strict",
        report: Report,
    ) -> Request:
        """
        Serialise and check the arguments, and put the request together.

        Args:
            values: the arguments by their own names.
            server_url: the complete URL of the server; its path and query are kept.
            http_headers: more headers, which replace those of the same name.
            accept: what to send as `Accept` instead of the documented media types.
            mode: `strict` raises RequestValidationError, `warn` reports, `off` skips the check.
            report: takes the problems in mode `warn`.
        """
        headers = {**self._headers, **self._check_headers(http_headers)}
        if accept is not None:
            headers |= self._check_headers({"accept": accept})
        media = self._choose_media(headers.get("content-type", ""))
        converted = self._convert(values, media)
        if mode != "off":
            self._validate(converted.wire, media, mode, report)
        url = self._url(converted.wire, server_url)
        self._add_parameter_headers(converted.wire, headers)
        return self._finish(url, headers, media, converted)

    def _convert(self, values: Mapping[str, Any], media: MediaType | None) -> _Converted:
        """Bring arguments into wire form; leave out unset ones; keep files apart."""
        converted = _Converted({}, {})
        problems: list[Problem] = []
        for name, value in values.items():
            argument = self.arguments[name]
            if value is None and not _sends_null(argument):
                continue
            try:
                if media and "body" in argument.location and takes_file(argument, media):
                    converted.uploads[name] = to_uploads(value, argument.wire)
                else:
                    converted.wire[name] = to_wire(value, argument.schema, name)
            except WireError as error:
                problems.append(error.problem)
            except (TypeError, OSError) as error:
                problems.append(Problem(name, excerpt(str(error))))
        if problems:
            for uploads in converted.uploads.values():
                _close(uploads)
            raise self._refuse(problems)
        return converted

    def _validate(
        self, wire: Mapping[str, Any], media: MediaType | None, mode: Mode, report: Report
    ) -> None:
        validator = self._validator(media)
        if validator is None:
            return
        instance = self._instance(wire)
        if validator.accepts(instance):
            return
        problems = [
            p._replace(path=p.path.removeprefix("$.").removeprefix("body."))
            for p in validator.problems(instance)
        ]
        if mode == "strict":
            raise self._refuse(problems)
        report(tuple(problems))

    def _instance(self, wire: Mapping[str, Any]) -> dict[str, Any]:
        """Arrange wire values as the validator expects: arguments, and the body's own object."""
        instance: dict[str, Any] = {}
        body: dict[str, Any] = {}
        for name, value in wire.items():
            argument = self.arguments[name]
            if argument.location == "body":
                body[argument.wire] = value
            else:
                instance["body" if argument.location == "whole body" else name] = value
        return {**instance, "body": body} if body else instance

    def _validator(self, media: MediaType | None) -> Validator | None:
        """Give the validator for all arguments at once, with the body as this media type has it."""
        key = media.content_type if media else ""
        if key not in self._validators:
            members = self._members(media)
            schema = normalize_members(members, [], "request") if members else None
            self._validators[key] = Validator(schema) if schema else None
        return self._validators[key]

    def _members(self, media: MediaType | None) -> dict[str, Schema | bool]:
        members: dict[str, Schema | bool] = {
            a.name: a.schema
            for a in self.operation.arguments
            if "body" not in a.location and a.schema is not None
        }
        if media is not None and media.schema is not None and is_json(media.essence):
            members["body"] = media.schema
        return members

    def _choose_media(self, wanted: str) -> MediaType | None:
        """Give the media type that the caller's `Content-Type` names, else the preferred one."""
        body = self.operation.body
        if body is None:
            return None
        essence = wanted.partition(";")[0].strip().lower()
        return next((m for m in body.media if m.essence == essence), body.preferred)

    def _url(self, wire: Mapping[str, Any], server_url: str) -> str:
        """Fill the template once and add the query: what a value holds never enters it again."""
        filled: dict[str, str] = {}
        for name, parameter, encode in self._placements.get("path", ()):
            filled[parameter.name] = self._encode(name, encode, wire[name])
        path = self._literals[0]
        for name, literal in zip(self._names, self._literals[1:], strict=True):
            path += filled.get(name, "") + literal
        if "/." in path and not {".", ".."}.isdisjoint(path.split("/")):
            raise self._refuse([Problem("path", "a segment of the path would be '.' or '..'")])
        base, _, query = server_url.partition("?")
        queries = [query]
        for location in ("query", "querystring"):
            for name, _, encode in self._placements.get(location, ()):
                if name in wire:
                    queries.append(self._encode(name, encode, wire[name]))
        text = "&".join(filter(None, queries))
        mark = "&" if "?" in path else "?"
        return f"{base.rstrip('/')}{path}{mark + text if text else ''}"

    def _add_parameter_headers(self, wire: Mapping[str, Any], headers: dict[str, str]) -> None:
        for name, parameter, encode in self._placements.get("header", ()):
            if name in wire:
                headers[parameter.name.lower()] = self._encode(name, encode, wire[name])
        cookies = [
            self._encode(name, encode, wire[name])
            for name, _, encode in self._placements.get("cookie", ())
            if name in wire
        ]
        if any(cookies):
            headers["cookie"] = "; ".join(filter(None, [headers.get("cookie"), *cookies]))

    def _encode(self, name: str, encode: Callable[[Any], T], value: Any) -> T:
        try:
            return encode(value)
        except params.ParameterError as error:
            raise self._refuse([Problem(name, str(error))]) from error

    def _finish(
        self, url: str, headers: dict[str, str], media: MediaType | None, converted: _Converted
    ) -> Request:
        method = self.operation.method
        given = {*converted.wire, *converted.uploads}
        sent = [a for a in self._body_arguments if a.name in given]
        is_sent = bool(sent) or (self.operation.body is not None and self.operation.body.required)
        if media is None or not is_sent:
            headers.pop("content-type", None)
            return Request(method, url, headers)
        opened = tuple(u for uploads in converted.uploads.values() for u in uploads)
        if media.essence == MULTIPART:
            # The boundary belongs into this header, and only the encoder knows it.
            headers.pop("content-type", None)
            parts = [part for a in sent for part in self._parts(a, media, converted)]
            return Request(method, url, headers, files=parts, opened=opened)
        headers.setdefault("content-type", content_type(media))
        if opened:
            return Request(method, url, headers, upload=opened[0], opened=opened)
        encode = partial(encode_body, media=media)
        content = self._encode("body", encode, _body_value(sent, converted.wire))
        return Request(method, url, headers, content=content)

    def _parts(self, argument: Argument, media: MediaType, converted: _Converted) -> list[Part]:
        name = argument.name
        if name in converted.uploads:
            write = partial(file_parts, argument, media=media)
            return self._encode(name, write, converted.uploads[name])
        return self._encode(
            name, partial(encode_parts, argument, media=media), converted.wire[name]
        )

    def _check_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Refuse header names and values that could change the framing or inject lines."""
        checked: dict[str, str] = {}
        problems: list[Problem] = []
        for name, value in headers.items():
            lower = str(name).lower()
            place = f"http_headers: {excerpt(lower, 60)}"
            if not _HEADER_NAME.fullmatch(lower):
                problems.append(Problem(place, "this is no header name (RFC 9110, 5.1)"))
            elif lower in _FRAMING:
                problems.append(Problem(place, "this header belongs to the HTTP client"))
            else:
                try:
                    checked[lower] = params.encode_header(value)
                except params.ParameterError as error:
                    problems.append(Problem(place, str(error)))
        if problems:
            raise self._refuse(problems)
        return checked

    def _refuse(self, problems: list[Problem]) -> RequestValidationError:
        label = self.operation.label
        title = f"{label}: the arguments do not fit, nothing was sent:"
        message = itemize(title, [str(p) for p in problems])
        return RequestValidationError(message, None, None, None, label, tuple(problems))


def _encoder(parameter: Parameter) -> Callable[[Any], str]:
    """Give the function that writes a parameter's value for its place in the request."""
    encode = _styled(parameter)
    if parameter.location == "querystring":
        # OpenAPI 3.2: the parameter is the whole query, in the form of its media type.
        is_form = parameter.content_type == "application/x-www-form-urlencoded"
        return partial(encode_form, encoding={}) if is_form else _quote_json
    if parameter.content_type is None:
        return encode
    return lambda value: encode(_content_text(parameter, value))


def _styled(parameter: Parameter) -> Callable[[Any], str]:
    name, style, explode = parameter.name, parameter.style, parameter.explode
    if parameter.location == "header":
        return partial(params.encode_header, explode=explode)
    if parameter.location == "cookie":
        return partial(params.encode_cookie, name, style=style, explode=explode)
    write = params.encode_path if parameter.location == "path" else params.encode_query
    reserved = parameter.allow_reserved
    return partial(write, name, style=style, explode=explode, allow_reserved=reserved)


def _quote_json(value: Any) -> str:
    return params.quote(value if isinstance(value, str) else encode_json(value).decode())


def _content_text(parameter: Parameter, value: Any) -> str:
    is_plain = isinstance(value, str) and not is_json(parameter.media_essence)
    return value if is_plain else encode_json(value).decode("utf-8")


def _body_value(sent: list[Argument], wire: Mapping[str, Any]) -> Any:
    if any(a.location == "whole body" for a in sent):
        return wire[sent[0].name]
    return {a.wire: wire[a.name] for a in sent}


def _sends_null(argument: Argument) -> bool:
    """Null is sent only where the schema allows it or the argument must be there."""
    if argument.required:
        return True
    return "body" in argument.location and bool(argument.schema and argument.schema.is_nullable)


def _close(uploads: list[Upload]) -> None:
    for upload in uploads:
        upload.close()
