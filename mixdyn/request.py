"""
From an operation and a caller's arguments to a request, checked before anything is sent.

Knows OpenAPI's rules for parameters; knows no HTTP client: `Request` is plain data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from mixdyn import params
from mixdyn.binding import EXTRA, name_arguments
from mixdyn.body import (
    FORM,
    MULTIPART,
    content_type,
    encode_body,
    encode_form,
    encode_json,
    encode_parts,
    file_parts,
    is_file,
    single_file,
    takes_file,
    to_uploads,
)
from mixdyn.errors import Problem, RequestValidationError, excerpt, itemize
from mixdyn.header import check_headers, refuse_name
from mixdyn.media import MediaType, choose_media, is_json, is_text
from mixdyn.normalform import normalize_members
from mixdyn.operation import Argument, Operation, Parameter, split_template
from mixdyn.payload import Part, Payload
from mixdyn.redact import PLAIN
from mixdyn.schema import Schema
from mixdyn.settings import Mode, Report
from mixdyn.shape import is_object
from mixdyn.upload import Upload
from mixdyn.validation import Validator
from mixdyn.wire import WireError, to_wire

T = TypeVar("T")

_REST = Argument(EXTRA, "", "body", False, None, "")  # what no argument stands for
_URL_SAFE = "!$%&'()*+,/:;=?@[]~"
# Text that no style escapes (RFC 3986, 2.3), and no segment of dots, which URLs collapse.
_PLAIN_TEXT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]*").fullmatch


class Request(NamedTuple):
    """
    A request as plain data.

    `content` is the body; a payload is sent in pieces, and may know its own media type.
    """

    method: str
    url: str
    headers: dict[str, str]
    content: bytes | Payload | None = None

    @property
    def payload(self) -> Payload | None:
        """The body where it is sent in pieces."""
        return self.content if isinstance(self.content, Payload) else None


class _Placement(NamedTuple):
    """A parameter's argument, where its text goes, and the function that writes it."""

    argument: str
    parameter: Parameter
    encode: Callable[[Any], str]


class _Converted(NamedTuple):
    """Arguments in wire form, the files among them, and the body's undeclared properties."""

    wire: dict[str, Any]
    uploads: dict[str, list[Upload]]
    extra: dict[str, Any]


class RequestBuilder:
    """Builds the requests of one operation; what does not depend on arguments is made once."""

    def __init__(self, operation: Operation, user_agent: str) -> None:
        self.operation = operation
        self.arguments = name_arguments(operation)
        literals, self._names = split_template(operation.path)
        self._literals = [_quote_literal(text) for text in literals]
        self._mark = "&" if any("?" in text for text in literals) else "?"
        accept = ", ".join(filter(_is_field_value, operation.accepted_types)) or "*/*"
        self._headers = {"accept": accept, "user-agent": user_agent}
        self._placements: dict[str, list[_Placement]] = {}
        for argument in operation.arguments:
            parameter = argument.parameter
            if parameter is not None:
                placement = _Placement(argument.name, parameter, _encoder(parameter))
                self._placements.setdefault(parameter.location, []).append(placement)
        self._body_arguments = [a for a in operation.arguments if "body" in a.location]
        # What the body is called among the arguments while all are checked together.
        self._body = "body"
        while any(a.parameter and a.name == self._body for a in operation.arguments):
            self._body += "_"
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
            values: the arguments by their own names, as `binding` gives them.
            server_url: the complete URL of the server; its path and query are kept.
            http_headers: more headers, which replace those of the same name.
            accept: what to send as `Accept` instead of the documented media types.
            mode: `strict` raises RequestValidationError, `warn` reports, `off` skips the check.
            report: takes the problems in mode `warn`.

        What cannot be sent at all raises RequestValidationError in every mode; it lists all
        problems at once. No file is opened before the request is sent.
        """
        problems: list[Problem] = []
        custom = check_headers(http_headers, accept, problems)
        media = self._choose_media(custom.get("content-type", ""))
        converted = _Converted({}, {}, {})
        self._convert(values, media, converted, problems)
        if mode != "off":
            self._validate(converted, media, mode, report, problems)
        url = self._url(converted.wire, server_url, problems)
        headers = self._merge_headers(converted.wire, custom, problems)
        request = self._finish(url, headers, media, converted, problems)
        if problems:
            raise self._refuse(problems)
        return request

    def _convert(
        self,
        values: Mapping[str, Any],
        media: MediaType | None,
        converted: _Converted,
        problems: list[Problem],
    ) -> None:
        """Bring arguments into wire form; leave out unset ones; keep files apart."""
        for name, value in values.items():
            try:
                argument = _REST if name == EXTRA else self.arguments[name]
                if value is None and not _sends_null(argument):
                    continue
                is_parts = media is not None and media.essence == MULTIPART
                if name == EXTRA or (is_parts and _is_free_form(argument, value)):
                    _convert_members(value, converted, is_parts=is_parts)
                elif media and "body" in argument.location and takes_file(argument, media, value):
                    converted.uploads[name] = to_uploads(value, argument.wire, name)
                else:
                    converted.wire[name] = to_wire(value, argument.schema, name)
            except WireError as error:
                problems.append(error.problem)
            except (TypeError, OSError, ValueError) as error:
                problems.append(Problem(name, excerpt(PLAIN.text(str(error)))))

    def _validate(
        self,
        converted: _Converted,
        media: MediaType | None,
        mode: Mode,
        report: Report,
        problems: list[Problem],
    ) -> None:
        validator = self._validator(media)
        if validator is None:
            return
        # A body of which a part could not be converted would seem to lack that part.
        instance = self._instance(converted, media, has_body=not problems)
        if validator.accepts(instance):
            return
        found = [
            p._replace(path=p.path.removeprefix("$.").removeprefix(f"{self._body}."))
            for p in validator.problems(instance)
        ]
        if mode == "strict":
            problems += found
        else:
            report(tuple(found))

    def _instance(
        self, converted: _Converted, media: MediaType | None, *, has_body: bool
    ) -> dict[str, Any]:
        """Arrange wire values as the validator expects: arguments, and the body's own object."""
        wire = converted.wire
        instance = {n: v for n, v in wire.items() if "body" not in self.arguments[n].location}
        sent = self._sent(converted)
        if media is None or sent is None or not has_body:
            return instance
        if media.essence == MULTIPART:
            return instance | {a.name: wire[a.name] for a in sent if a.name in wire}
        if sent and sent[0].name in converted.uploads:
            return instance
        instance[self._body] = _body_value(sent, converted)
        return instance

    def _validator(self, media: MediaType | None) -> Validator | None:
        """Give the validator for all arguments at once, with the body as this media type has it."""
        key = media.content_type if media else ""
        if key not in self._validators:
            members = self._members(media)
            schema = normalize_members(members, [], "request") if members else None
            self._validators[key] = Validator(schema) if schema else None
        return self._validators[key]

    def _members(self, media: MediaType | None) -> dict[str, Schema | bool]:
        is_parts = media is not None and media.essence == MULTIPART
        members: dict[str, Schema | bool] = {
            a.name: a.schema
            for a in self.operation.arguments
            if a.schema is not None and (is_parts or "body" not in a.location)
        }
        if media is not None and media.schema is not None and _is_checked(media, media.schema):
            members[self._body] = media.schema
        return members

    def _choose_media(self, wanted: str) -> MediaType | None:
        """Give the media type that the caller's `Content-Type` names, else the preferred one."""
        body = self.operation.body
        if body is None:
            return None
        return (choose_media(body.media, wanted) if wanted else None) or body.preferred

    def _url(self, wire: Mapping[str, Any], server_url: str, problems: list[Problem]) -> str:
        """Fill the template once and add the query: what a value holds never enters it again."""
        filled: dict[str, str] = {}
        for name, parameter, encode in self._placements.get("path", ()):
            if name in wire:
                filled[parameter.name] = _encode(name, encode, wire[name], problems) or ""
        path = self._literals[0]
        for name, literal in zip(self._names, self._literals[1:], strict=True):
            path += filled.get(name, "") + literal
        if ("/." in path or "/%2" in path) and _has_dot_segment(path):
            problems.append(Problem("path", "a segment of the path would be '.' or '..'"))
        base, _, query = server_url.partition("?")
        queries = [query] if query else []
        for location in ("query", "querystring"):
            for name, _, encode in self._placements.get(location, ()):
                if name in wire:
                    queries.append(_encode(name, encode, wire[name], problems) or "")
        text = "&".join(filter(None, queries))
        return f"{base.rstrip('/')}{path}{self._mark + text if text else ''}"

    def _merge_headers(
        self, wire: Mapping[str, Any], custom: Mapping[str, str], problems: list[Problem]
    ) -> dict[str, str]:
        """Put ours, those of the parameters and the caller's together; later ones win."""
        headers = self._headers.copy()
        for name, parameter, encode in self._placements.get("header", ()):
            if name in wire:
                headers[parameter.name.lower()] = _encode(name, encode, wire[name], problems) or ""
        headers |= custom
        cookies = [
            _encode(name, encode, wire[name], problems)
            for name, _, encode in self._placements.get("cookie", ())
            if name in wire
        ]
        if any(cookies):
            headers["cookie"] = "; ".join(filter(None, [headers.get("cookie"), *cookies]))
        return headers

    def _sent(self, converted: _Converted) -> list[Argument] | None:
        """Give the arguments that make the body; None where no body is sent."""
        body = self.operation.body
        if body is None:
            return None
        wire, uploads, extra = converted
        sent = [a for a in self._body_arguments if a.name in wire or a.name in uploads]
        return sent if sent or extra or uploads or body.required else None

    def _finish(
        self,
        url: str,
        headers: dict[str, str],
        media: MediaType | None,
        converted: _Converted,
        problems: list[Problem],
    ) -> Request:
        method = self.operation.method
        sent = self._sent(converted)
        if media is None or sent is None:
            headers.pop("content-type", None)
            return Request(method, url, headers)
        if media.essence == MULTIPART:
            # The boundary belongs into this header: the payload has the one that is sent.
            headers.pop("content-type", None)
            payload = Payload.of_parts(_make_parts(sent, media, converted, problems))
            return Request(method, url, headers, payload)
        upload = _encode("body", partial(_choose_upload, sent), converted, problems)
        kind = _encode("body", partial(content_type, media), upload, problems) or ""
        headers.setdefault("content-type", kind)
        if problems:
            return Request(method, url, headers)  # which is not sent
        if upload is not None:
            return Request(method, url, headers, Payload.of_file(upload))
        encode = partial(encode_body, media=media)
        content = _encode("body", encode, _body_value(sent, converted), problems)
        return Request(method, url, headers, content)

    def _refuse(self, problems: list[Problem]) -> RequestValidationError:
        label = self.operation.label
        title = f"{label}: the arguments do not fit, nothing was sent:"
        message = itemize(title, [str(p) for p in problems])
        return RequestValidationError(message, None, None, None, label, tuple(problems))


def _encode(name: str, encode: Callable[[Any], T], value: Any, problems: list[Problem]) -> T | None:
    """Write a value; where that cannot be, note why, once for each argument."""
    try:
        return encode(value)
    except params.ParameterError as error:
        if all(p.path != name for p in problems):
            problems.append(Problem(name, str(error)))
        return None


def _convert_members(value: Any, converted: _Converted, *, is_parts: bool) -> None:
    """Take over properties that no schema declares: files by what they are, all else as JSON."""
    for key, item in value.items():
        if is_parts and isinstance(key, str) and is_file(item):
            converted.uploads[key] = to_uploads(item, key, key)
        else:
            converted.extra.update(to_wire({key: item}, None, "body"))


def _is_free_form(argument: Argument, value: Any) -> bool:
    return argument.location == "whole body" and is_object(value)


def _make_parts(
    sent: list[Argument], media: MediaType, converted: _Converted, problems: list[Problem]
) -> list[Part]:
    names = {a.name for a in sent}
    others = [key for key in (*converted.uploads, *converted.extra) if key not in names]
    extra = [replace(_REST, name=key, wire=key) for key in others]
    parts: list[Part] = []
    for argument in (*sent, *extra):
        name = argument.name
        if name in converted.uploads:
            write = partial(file_parts, argument, media=media)
            parts += _encode(name, write, converted.uploads[name], problems) or ()
        else:
            value = converted.wire[name] if name in converted.wire else converted.extra[name]
            parts += (
                _encode(name, partial(encode_parts, argument, media=media), value, problems) or ()
            )
    return parts


def _choose_upload(sent: list[Argument], converted: _Converted) -> Upload | None:
    """Give the file that is the whole body, if it is a file; nothing else fits beside it."""
    files = [a for a in sent if a.name in converted.uploads]
    if not files:
        return None
    if len(sent) > 1 or converted.extra:
        raise params.ParameterError(f"a file and more can only be sent as {MULTIPART}")
    return single_file(converted.uploads[files[0].name])


def _has_dot_segment(path: str) -> bool:
    segments = path.partition("?")[0].lower().replace("%2e", ".").split("/")
    return not {".", ".."}.isdisjoint(segments)


def _quote_literal(text: str) -> str:
    return quote(text, safe=_URL_SAFE, errors="surrogatepass")


def _is_field_value(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _is_checked(media: MediaType, schema: Schema) -> bool:
    """Tell whether a body of this media type has the form that its schema speaks of."""
    if is_json(media.essence) or media.essence == FORM:
        return True
    return is_text(media.essence) and schema.types == ("string",)


def _encoder(parameter: Parameter) -> Callable[[Any], str]:
    """Give the function that writes a parameter's value for its place in the request."""
    encode = _styled(parameter)
    if parameter.location == "querystring":
        # OpenAPI 3.2: the parameter is the whole query, in the form of its media type.
        is_form = parameter.media_essence == FORM
        return partial(encode_form, encoding={}) if is_form else _quote_json
    if parameter.content_type is None:
        return encode
    return lambda value: encode(_content_text(parameter, value))


def _styled(parameter: Parameter) -> Callable[[Any], str]:
    name, style, explode = parameter.name, parameter.style, parameter.explode
    if parameter.location == "header":
        reason = refuse_name(name)
        if reason:
            return partial(_fail, reason)
        return partial(params.encode_header, explode=explode)
    if parameter.location == "cookie":
        return partial(params.encode_cookie, name, style=style, explode=explode)
    write = params.encode_path if parameter.location == "path" else params.encode_query
    reserved = parameter.allow_reserved
    encode = partial(write, name, style=style, explode=explode, allow_reserved=reserved)
    first = {"simple": "", "form": f"{name}="}.get(style)
    if first is None or not _PLAIN_TEXT(name):
        return encode
    return lambda value: (
        first + value if type(value) is str and _PLAIN_TEXT(value) else encode(value)
    )


def _fail(reason: str, _: Any) -> str:
    raise params.ParameterError(reason)


def _quote_json(value: Any) -> str:
    return params.quote(value if isinstance(value, str) else encode_json(value).decode())


def _content_text(parameter: Parameter, value: Any) -> str:
    is_plain = isinstance(value, str) and not is_json(parameter.media_essence)
    return value if is_plain else encode_json(value).decode("utf-8")


def _body_value(sent: list[Argument], converted: _Converted) -> Any:
    if sent and sent[0].location == "whole body":
        return converted.wire[sent[0].name]
    return {a.wire: converted.wire[a.name] for a in sent if a.name in converted.wire} | (
        converted.extra
    )


def _sends_null(argument: Argument) -> bool:
    """Null is sent only where the schema allows it or the argument must be there."""
    if argument.required:
        return True
    return "body" in argument.location and bool(argument.schema and argument.schema.is_nullable)
