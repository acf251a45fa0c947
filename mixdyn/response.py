"""
From a response to what the caller sees: which schema applies, decode, check, wrap, or raise.

Pure: works on a status, headers and bytes; knows no HTTP client and reads nothing itself.
"""

from __future__ import annotations

import codecs
from contextlib import suppress
from typing import Any, Literal

from mixdyn.errors import (
    DocumentError,
    MixDefaultError,
    MixError,
    Problem,
    ResponseValidationError,
    excerpt,
    itemize,
    schema_error,
)
from mixdyn.garbage import at_rest
from mixdyn.jsontext import decode
from mixdyn.media import (
    EVENT_STREAM,
    MediaType,
    is_binary,
    is_json,
    is_sequence,
    is_text,
    media_essence,
)
from mixdyn.misfit import NEW_STATUS, Misfit, make_misfit, settle
from mixdyn.names import to_pascal
from mixdyn.novelty import Novelty
from mixdyn.operation import Operation
from mixdyn.record import NamedTuple
from mixdyn.redact import PLAIN, FindRedactor, Redactor
from mixdyn.results import Reader, Types
from mixdyn.rows import present
from mixdyn.settings import Mode, Report
from mixdyn.shape import as_array, is_object
from mixdyn.validation import Validator

MAX_JSON_BYTES = 64 * 1024 * 1024
_MAX_MATCHES = 64
MAX_ERROR_BYTES = 1024 * 1024

Kind = Literal["events", "binary", "body", "error"]

_MESSAGE_KEYS = (
    "error",
    "message",
    "detail",
    "error_description",
    "title",
    "description",
    "msg",
    "errors",
)
_MAX_MESSAGE_DEPTH = 4
_SHOWN_BYTES = 16 * 1024
_LARGE_BYTES = 256 * 1024
# Python knows these as encodings of text, but no server means them; they warn or fail.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})


class Decoder(NamedTuple):
    """What one documented media type needs; `problem` says why its schema cannot be used."""

    media: MediaType
    validator: Validator | None
    reader: Reader | None
    problem: Problem | None = None
    novelty: Novelty | None = None


class Match(NamedTuple):
    """How to take a response, and the documented media type that covers it."""

    kind: Kind
    content_type: str
    is_json: bool
    media: MediaType | None


class Witness(NamedTuple):
    """
    Who hears of what is found in one answer.

    `report` takes what does not fit in mode `warn`, and what the document does not describe; `note`
    what is raised, and what is new rather than wrong. `redactor` gives what masks the call's own
    secrets; asked only for messages.
    """

    report: Report
    redactor: FindRedactor = None
    note: Report | None = None

    def settle(self, raw: Any, problems: tuple[Problem, ...]) -> tuple[Misfit, ...]:
        """Give what was found with its place, and with the call's own secrets masked."""
        hide = self.redactor().text if self.redactor is not None else None
        return settle(problems, str(raw.status_code), hide)


class ResponseReader:
    """Reads the responses of one operation; validators and readers are made when first needed."""

    def __init__(self, operation: Operation, types: Types) -> None:
        self.operation = operation
        self.types = types
        self.result_name = f"{to_pascal(operation.operation_id or operation.name)}Response"
        self._matches: dict[tuple[int, str], Match] = {}
        self._decoders: dict[int, Decoder] = {}
        self._tolerant: dict[int, Validator] = {}

    def match(self, status: int, content_type: str) -> Match:
        """
        Tell how to take a response: as an event stream, as an open download, whole, or as an error.

        What the server actually sends decides; the document does where the type is not telling.
        """
        key = (status, content_type)
        found = self._matches.get(key)
        if found is None:
            response = self.operation.response(status)
            documented = response.media if response is not None else ()
            stated = content_type or (documented[0].content_type if documented else "")
            media = response.match(stated) if response is not None else None
            essence = media_essence(stated)
            described = documented if media is None else (media,)
            kind = _classify(status, essence, described)
            found = Match(kind, stated, is_json(essence), media)
            if len(self._matches) < _MAX_MATCHES:  # the server chooses how many types there are
                self._matches[key] = found
        return found

    def is_file(self, media: MediaType) -> bool:
        """Tell whether a success of this media type is given as it is downloaded."""
        return self.match(200, media.content_type).kind == "binary"

    def decode(
        self,
        raw: Any,
        match: Match,
        content: bytes,
        mode: Mode,
        report: Report,
        redactor: FindRedactor = None,
        note: Report | None = None,
    ) -> Any:
        """
        Give the result of a success: a typed view, text, or None where there is no content.

        Args:
            raw: the HTTP client's response, for its status and for errors.
            match: what `match` says of it.
            content: the whole body.
            mode: `strict` raises ResponseValidationError for what does not fit the schema.
            report: takes what does not fit in mode `warn`, and what the document does not describe.
            redactor: gives what masks the call's own secrets in messages; asked only for these.
            note: takes what is new rather than wrong, and what has been raised.
        """
        witness = Witness(report, redactor, note)
        if not content:
            return self._decode_nothing(raw, mode, witness)
        if match.media is None and mode != "off":
            self._tell_undocumented(raw, match.content_type, witness)
        if not match.is_json:
            return _decode_text(content, match.content_type)
        if len(content) < _LARGE_BYTES:
            return self._decode_json(raw, match, content, mode, witness)
        with at_rest():
            return self._decode_json(raw, match, content, mode, witness)

    def _decode_json(
        self, raw: Any, match: Match, content: bytes, mode: Mode, witness: Witness
    ) -> Any:
        value = self._parse(raw, match.content_type, content, witness)
        if match.media is None:
            return value
        decoder = self.decoder(match.media)
        self._check(decoder, raw, content, value, mode, witness)
        return _view(decoder, value)

    def error(self, raw: Any, content: bytes, redactor: Redactor | None = None) -> MixError:
        """
        Make the error of a response: of the class of its schema, with the body kept.

        Its message has all secrets masked, also those that the server repeats and `redactor` knows;
        `body`, `data` and `raw_response` are complete, as they came.
        """
        hide = redactor or PLAIN
        status, label = raw.status_code, self.operation.label
        content_type = raw.headers.get("content-type", "")
        body = _decode_text(content, content_type)
        try:
            value = decode(_with_charset(content, content_type)) if content else None
        except (ValueError, RecursionError):
            value = None
        media = self._error_media(status, content_type, value)
        if media is None or media.schema is None:
            shown = _show(body, hide) or "an empty body"
            known = self.operation.response(status) is not None
            how = "" if known else ", as the document does not describe"
            message = f"{label} answered {status}{how}: {shown}"
            return MixDefaultError(message, raw, body, value, label)
        decoder = self.decoder(media)
        data = _view(decoder, value) if value is not None else None
        message = _find_message(value, hide) or _show(body, hide) or f"{label} answered {status}"
        return schema_error(self.error_name(media))(message, raw, body, data, label)

    def error_name(self, media: MediaType) -> str:
        """Name the error class of a media type: its schema, else after the operation."""
        name = media.schema.name if media.schema is not None else None
        operation = self.operation.operation_id or self.operation.name
        return to_pascal(name) if name else f"{to_pascal(operation)}Error"

    def error_names(self) -> list[str]:
        """Name the error classes that this operation can raise by its document."""
        media = [m for r in self.operation.failures for m in r.media]
        return list(dict.fromkeys(self.error_name(m) for m in media if m.schema is not None))

    def decoder(self, media: MediaType) -> Decoder:
        """Give the validator and reader of a media type, the same for the same one."""
        found = self._decoders.get(id(media))
        if found is None:
            found = self._decoders[id(media)] = self._make_decoder(media)
        return found

    def _make_decoder(self, media: MediaType) -> Decoder:
        validator, problem, novelty = None, None, None
        if media.schema is not None:
            try:
                validator = self.types.validator(media.schema)
                novelty = Novelty(validator.schema)
            except DocumentError as error:  # no reason to lose what the server has done already
                told = f"cannot be checked: {error}"
                problem = make_misfit("$", told, kind="unusable schema", got=str(error))
        return Decoder(media, validator, self._make_reader(media), problem, novelty)

    def _make_reader(self, media: MediaType) -> Reader | None:
        """Give the reader; none where the schema cannot be used: values then stay as they are."""
        try:
            return self.types.reader(media.schema, self.result_name)
        except DocumentError:
            return None

    def _decode_nothing(self, raw: Any, mode: Mode, witness: Witness) -> None:
        """An empty body is None; a problem only where the document promises a content."""
        response = self.operation.response(raw.status_code)
        promised = [m for m in response.media if m.schema is not None] if response else []
        if self.operation.method != "HEAD" and promised and raw.status_code not in (204, 205):
            expected, got = excerpt(promised[0].content_type, 60), "an empty body"
            told = f"expected {promised[0].content_type}, got {got}"
            problem = make_misfit("$", told, kind="body", expected=expected, got=got)
            self._complain((problem,), raw, b"", mode, witness)
        elif response is None and mode != "off":
            self._tell_undocumented(raw, "", witness)

    def _tell_undocumented(self, raw: Any, content_type: str, witness: Witness) -> None:
        """Tell of a success that the document has not: of its status, or of its media type."""
        is_known = self.operation.response(raw.status_code) is not None
        kind = "media type" if is_known else "status"
        witness.report(witness.settle(raw, (self._undocumented(raw, content_type, kind),)))

    def _undocumented(self, raw: Any, content_type: str, kind: str) -> Problem:
        known = ", ".join(
            f"{r.status} {m.content_type}" for r in self.operation.responses for m in r.media
        )
        expected = f"one of {known}" if known else "no content"
        got = " ".join(filter(None, (str(raw.status_code), excerpt(content_type, 60))))
        told = f"expected {expected}, got {got}"
        return make_misfit("$", told, kind=kind, expected=expected, got=got)

    def find_news(
        self, raw: Any, content: bytes, redactor: FindRedactor = None
    ) -> tuple[Problem, ...]:
        """List how an answer with an error status is not as the document says, and what is new."""
        status, content_type = raw.status_code, raw.headers.get("content-type", "")
        witness = Witness(_ignore, redactor)
        response = self.operation.response(status)
        if response is None:
            return witness.settle(raw, (self._undocumented(raw, content_type, NEW_STATUS),))
        media = response.match(content_type) if content and content_type else None
        if media is None or not is_json(media_essence(content_type)):
            return ()
        try:
            value = decode(_with_charset(content, content_type))
        except (ValueError, RecursionError):
            return ()
        validator = self.decoder(media).validator
        return witness.settle(raw, validator.check(value)) if validator is not None else ()

    def _parse(self, raw: Any, content_type: str, content: bytes, witness: Witness) -> Any:
        try:
            return decode(_with_charset(content, content_type))
        except (ValueError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            hide = _find(witness.redactor)
            shown = _show(_decode_text(content[:_SHOWN_BYTES], content_type), hide)
            told = f"not valid JSON: {excerpt(reason)}; it begins {shown}"
            problem = make_misfit("$", told, kind="json", expected="JSON", got=excerpt(reason))
            raise self._refuse((problem,), raw, content, witness) from error

    def _check(
        self, decoder: Decoder, raw: Any, content: bytes, value: Any, mode: Mode, witness: Witness
    ) -> None:
        if decoder.problem is not None:
            witness.report(witness.settle(raw, (decoder.problem,)))
        if mode == "off" or decoder.validator is None:
            return
        problems = decoder.validator.check(value)
        if problems:
            self._complain(problems, raw, content, mode, witness)
        elif witness.note is not None and decoder.novelty is not None:
            is_asked = mode == "warn"  # else this must cost nothing
            news = decoder.novelty.find(value) if is_asked else decoder.novelty.sample(value)
            if news:
                witness.note(witness.settle(raw, news))

    def _complain(
        self,
        problems: tuple[Problem, ...],
        raw: Any,
        content: bytes,
        mode: Mode,
        witness: Witness,
    ) -> None:
        if mode == "strict":
            raise self._refuse(problems, raw, content, witness)
        if mode == "warn":
            witness.report(witness.settle(raw, problems))

    def _refuse(
        self, problems: tuple[Problem, ...], raw: Any, content: bytes, witness: Witness
    ) -> ResponseValidationError:
        told = witness.settle(raw, problems)
        if witness.note is not None:
            witness.note(told)
        label = self.operation.label
        title = f"{label} answered {raw.status_code}, but the body does not fit the document:"
        message = itemize(title, [str(p) for p in told])
        body = _decode_text(content, raw.headers.get("content-type", ""))
        return ResponseValidationError(message, raw, body, None, label, told)

    def _error_media(self, status: int, content_type: str, value: Any) -> MediaType | None:
        """
        Give the media type whose schema an error body has.

        The documented one of its status, also where the body is something else (a proxy's HTML);
        for statuses that are not documented, any error schema of the operation that it fits, also
        with values that its enumerations do not list.
        """
        response = self.operation.response(status)
        if response is not None:
            described = [m for m in response.media if m.schema is not None]
            return response.match(content_type) or next(iter(described), None)
        others = [m for r in self.operation.failures for m in r.media]
        fits = (m for m in others if value is not None and self._fits(m, value))
        return next(fits, None)

    def _fits(self, media: MediaType, value: Any) -> bool:
        key = id(media)
        if key not in self._tolerant and media.schema is not None:
            with suppress(DocumentError):  # what cannot be used fits nothing
                from mixdyn.tolerance import loosen

                schema = loosen(self.types.validator(media.schema).schema)
                self._tolerant[key] = Validator(schema)
        return key in self._tolerant and self._tolerant[key].accepts(value)


def _view(decoder: Decoder, value: Any) -> Any:
    """Give the typed view of a value; the value itself where its schema cannot be used."""
    try:
        return present(decoder.reader(value) if decoder.reader is not None else value)
    except DocumentError:  # told of already, since its schema could not be checked either
        return value


def _classify(status: int, essence: str, described: tuple[MediaType, ...]) -> Kind:
    if not 200 <= status < 300:
        return "error"
    if essence == EVENT_STREAM:
        return "events"
    if described and all(is_binary(media.schema) for media in described):
        return "binary"  # a file is a file, also where the server knows it for JSON or text
    if is_sequence(essence):
        return "events"
    return "body" if is_json(essence) or not essence or is_text(essence) else "binary"


def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'").lower()
    return ""


def _with_charset(content: bytes, content_type: str) -> bytes | str:
    """JSON is UTF-8 (RFC 8259, 8.1) whatever `charset` says, unless it then cannot be read."""
    charset = _charset(content_type)
    if charset in ("", "utf-8", "utf8", "us-ascii", "ascii"):
        return content.removeprefix(b"\xef\xbb\xbf")
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return _decode_text(content, content_type)


def _decode_text(content: bytes, content_type: str) -> str:
    try:
        name = codecs.lookup(_charset(content_type) or "utf-8").name.replace("_", "-")
        return content.decode("utf-8" if name in _NO_CHARSETS else name, "replace")
    except (LookupError, ValueError):  # also for names that hold a null character
        return content.decode("utf-8", "replace")


def _find_message(value: Any, redactor: Redactor, depth: int = 0) -> str:
    """Find the server's own words in an error body, by the usual names."""
    if isinstance(value, str):
        return excerpt(redactor.text(value[:_SHOWN_BYTES]), 1000)
    if depth == _MAX_MESSAGE_DEPTH:
        return ""
    nested = as_array(value)
    if is_object(value):
        nested = [value[key] for key in _MESSAGE_KEYS if key in value]
    return next(filter(None, (_find_message(v, redactor, depth + 1) for v in nested)), "")


def _ignore(_: tuple[Problem, ...]) -> None:
    """Take what nobody wants to hear."""


def _find(redactor: FindRedactor) -> Redactor:
    return PLAIN if redactor is None else redactor()


def _show(body: str, redactor: Redactor) -> str:
    """Give the beginning of a body for a message, without its secrets."""
    return excerpt(redactor.text(body[:_SHOWN_BYTES]))
