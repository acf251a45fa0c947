"""
From an operation and a caller's arguments to a request, checked before anything is sent.

Knows OpenAPI's rules for parameters; knows no HTTP client: `Request` is plain data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from mixdyn.binding import EXTRA, name_arguments
from mixdyn.conversion import REST, Converted, attempt, body_value
from mixdyn.errors import Problem, RequestValidationError, excerpt, itemize
from mixdyn.media import FORM, MULTIPART, MediaType, choose_media, is_json, is_text
from mixdyn.normalform import normalize_members
from mixdyn.operation import Argument, Operation, Parameter, split_template
from mixdyn.params import (
    ParameterError,
    encode_cookie,
    encode_header,
    encode_path,
    encode_query,
    is_undefined,
)
from mixdyn.params import quote as quote_text
from mixdyn.record import NamedTuple
from mixdyn.redact import PLAIN
from mixdyn.schema import Schema
from mixdyn.settings import Mode, Report
from mixdyn.validation import Validator
from mixdyn.wire import WireError, to_wire

if TYPE_CHECKING:
    from mixdyn.enclosure import Enclosure
    from mixdyn.payload import Payload

Encode: TypeAlias = "Callable[[Any], str | None]"

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
        content = self.content
        return None if content is None or isinstance(content, bytes) else content


class _Placement(NamedTuple):
    """A parameter's argument, where its text goes, and the function that writes it."""

    argument: str
    parameter: Parameter
    encode: Encode


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
        self._enclosure = _make_enclosure(operation)
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
        custom = _check_headers(http_headers, accept, problems)
        media = self._choose_media(custom.get("content-type", ""))
        converted = Converted({}, {}, {})
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
        converted: Converted,
        problems: list[Problem],
    ) -> None:
        """Bring arguments into wire form; leave out unset ones; keep files apart."""
        for name, value in values.items():
            try:
                argument = REST if name == EXTRA else self.arguments[name]
                if value is None and not _sends_null(argument):
                    continue
                kept = self._enclosure is not None and self._enclosure.keep(
                    argument, value, media, converted
                )
                if not kept:
                    converted.wire[name] = to_wire(value, argument.schema, name)
            except WireError as error:
                problems.append(error.problem)
            except (TypeError, OSError, ValueError) as error:
                problems.append(Problem(name, excerpt(PLAIN.text(str(error)))))

    def _validate(
        self,
        converted: Converted,
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
        self, converted: Converted, media: MediaType | None, *, has_body: bool
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
        instance[self._body] = body_value(sent, converted)
        return instance

    def _validator(self, media: MediaType | None) -> Validator | None:
        """Give the validator for all arguments at once, with the body as this media type has it."""
        key = media.content_type if media else ""
        if key not in self._validators:
            members = self._members(media)
            schema = normalize_members(members, [], "request", is_shared=True) if members else None
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
            text = attempt(name, encode, wire[name], problems) if name in wire else None
            filled[parameter.name] = text or ""
        path = self._literals[0]
        for name, literal in zip(self._names, self._literals[1:], strict=True):
            path += filled.get(name, "") + literal
        if ("/." in path or "/%2" in path) and _has_dot_segment(path):
            problems.append(Problem("path", "a segment of the path would be '.' or '..'"))
        base, _, query = server_url.partition("?")
        queries: list[str | None] = [query]
        for location in ("query", "querystring"):
            queries += [
                attempt(name, encode, wire[name], problems)
                for name, _, encode in self._placements.get(location, ())
                if name in wire
            ]
        text = "&".join(filter(None, queries))
        return f"{base.rstrip('/')}{path}{self._mark + text if text else ''}"

    def _merge_headers(
        self, wire: Mapping[str, Any], custom: Mapping[str, str], problems: list[Problem]
    ) -> dict[str, str]:
        """Put ours, those of the parameters and the caller's together; later ones win."""
        headers = self._headers.copy()
        for name, parameter, encode in self._placements.get("header", ()):
            text = attempt(name, encode, wire[name], problems) if name in wire else None
            if text is not None:
                headers[parameter.name.lower()] = text
        headers |= custom
        cookies = [
            attempt(name, encode, wire[name], problems)
            for name, _, encode in self._placements.get("cookie", ())
            if name in wire
        ]
        if any(cookies):
            headers["cookie"] = "; ".join(filter(None, [headers.get("cookie"), *cookies]))
        return headers

    def _sent(self, converted: Converted) -> list[Argument] | None:
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
        converted: Converted,
        problems: list[Problem],
    ) -> Request:
        method = self.operation.method
        sent = self._sent(converted)
        if self._enclosure is None or media is None or sent is None:
            headers.pop("content-type", None)
            return Request(method, url, headers)
        body = self._enclosure.enclose(sent, media, converted, headers, problems)
        return Request(method, url, headers, body)

    def _refuse(self, problems: list[Problem]) -> RequestValidationError:
        label = self.operation.label
        title = f"{label}: the arguments do not fit, nothing was sent:"
        message = itemize(title, [str(p) for p in problems])
        return RequestValidationError(message, None, None, None, label, tuple(problems))


def _make_enclosure(operation: Operation) -> Enclosure | None:
    """Give what makes the bodies of an operation; many have none."""
    if operation.body is None:
        return None
    from mixdyn.enclosure import Enclosure

    return Enclosure()


def _check_headers(headers: Any, accept: Any, problems: list[Problem]) -> dict[str, str]:
    if not headers and accept is None:
        return {}
    from mixdyn.header import check_headers

    return check_headers(headers, accept, problems)


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


def _encoder(parameter: Parameter) -> Encode:
    """Give the function that writes a parameter's value for its place in the request."""
    encode = _styled(parameter)
    if parameter.location == "querystring":
        # OpenAPI 3.2: the parameter is the whole query, in the form of its media type.
        from mixdyn.body import encode_form

        is_form = parameter.media_essence == FORM
        return partial(encode_form, encoding={}) if is_form else _quote_json
    if parameter.content_type is None:
        return encode
    return lambda value: encode(_content_text(parameter, value))


def _styled(parameter: Parameter) -> Encode:
    name, style, explode = parameter.name, parameter.style, parameter.explode
    if parameter.location == "header":
        from mixdyn.header import refuse_name

        reason = refuse_name(name)
        if reason:
            return partial(_fail, reason)
        return partial(_write_header, explode=explode)
    if parameter.location == "cookie":
        return partial(encode_cookie, name, style=style, explode=explode)
    write = encode_path if parameter.location == "path" else encode_query
    reserved = parameter.allow_reserved
    encode = partial(write, name, style=style, explode=explode, allow_reserved=reserved)
    first = {"simple": "", "form": f"{name}="}.get(style)
    if first is None or not _PLAIN_TEXT(name):
        return encode
    return lambda value: (
        first + value if type(value) is str and _PLAIN_TEXT(value) else encode(value)
    )


def _write_header(value: Any, *, explode: bool) -> str | None:
    """Write a header's value; None where there is nothing to send."""
    return None if is_undefined(value) else encode_header(value, explode=explode)


def _fail(reason: str, _: Any) -> str:
    raise ParameterError(reason)


def _quote_json(value: Any) -> str:
    return quote_text(value if isinstance(value, str) else _encode_json(value))


def _content_text(parameter: Parameter, value: Any) -> str:
    is_plain = isinstance(value, str) and not is_json(parameter.media_essence)
    return value if is_plain else _encode_json(value)


def _encode_json(value: Any) -> str:
    from mixdyn.body import encode_json

    return encode_json(value).decode("utf-8")


def _sends_null(argument: Argument) -> bool:
    """Null is sent only where the schema allows it or the argument must be there."""
    if argument.required:
        return True
    return "body" in argument.location and bool(argument.schema and argument.schema.is_nullable)
