"""
From a raw event or record to a typed one: envelope or payload, the branch, its check.

Pure, like `response`; the bytes come from `sse` and `sequence`, the reading from a stream.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from mixdyn.errors import DocumentError, Problem, excerpt
from mixdyn.eventview import (
    Event,
    Problems,
    ServerEvent,
    UnknownEvent,
    event_class,
    make_event,
)
from mixdyn.jsontext import decode
from mixdyn.media import (
    EVENT_STREAM,
    MediaType,
    is_json,
    is_json_sequence,
    is_sequence,
    media_essence,
    rank_media,
)
from mixdyn.misfit import list_faults, make_misfit, move
from mixdyn.novelty import Novelty
from mixdyn.operation import Operation
from mixdyn.results import Model, Reader, Types
from mixdyn.rows import present
from mixdyn.schema import Discriminator, Schema
from mixdyn.sequence import RECORD_SEPARATOR, BrokenRecord, RecordDecoder
from mixdyn.shape import as_text
from mixdyn.sse import Decoder, RawEvent
from mixdyn.tolerance import loosen
from mixdyn.validation import Validator
from mixdyn.view import is_dict

__all__ = ["Event", "EventReader", "ServerEvent", "UnknownEvent"]

_ENVELOPE = frozenset({"event", "data", "id", "retry"})
_SENTINEL = "x-speakeasy-sse-sentinel"
_MAX_VARIANTS = 16
_MOST_FRUITLESS = 8
# Of the events that fit, the first of a kind are searched for what is new, then one in so many.
_FIRST = 16
_EVERY = 4096


class EventReader:
    """
    Types and checks the events, or the records, of one operation's stream.

    Args:
        operation: whose stream it is.
        media: the media type that describes it.
        types: the document's types.
        content_type: what the server sends, where that is not what `media` says.
    """

    def __init__(
        self,
        operation: Operation,
        media: MediaType | None,
        types: Types,
        content_type: str = "",
    ) -> None:
        self.types = types
        self.name = f"{operation.name} event"
        self.media = media
        declared = media.essence if media is not None else ""
        essence = media_essence(content_type) or declared
        self.essence = essence if is_sequence(essence) else EVENT_STREAM
        self.is_records = self.essence != EVENT_STREAM
        # What the document describes for something else is tried, and nobody is to blame.
        self.is_guess = media is not None and not _describes(declared, self.essence)
        self.sentinel = as_text(media.extensions.get(_SENTINEL)) if media is not None else ""
        self.problem: Problem | None = None
        self.schema: Schema | None = None
        self.is_envelope = False
        self.discriminator: Discriminator | None = None
        self._operation = operation
        self._variants: dict[tuple[int, str], EventReader] = {}
        self._branches: dict[int, _Branch | None] = {}
        self._by_tag: dict[str, _Branch] = {}
        try:
            self._read_schema()
        except DocumentError as error:
            self._tell(error)
            self.schema = self.discriminator = None

    def sent_as(self, media: MediaType | None, content_type: str) -> EventReader:
        """Give the reader for what a server sends, which decides; `media` is what covers it."""
        described = media or self.media or _any_media(self._operation)
        essence = media_essence(content_type) or self.essence
        if described is self.media and essence == self.essence:
            return self
        key = (id(described), essence)
        found = self._variants.get(key)
        if found is None:
            found = EventReader(self._operation, described, self.types, essence)
            if len(self._variants) < _MAX_VARIANTS:
                self._variants[key] = found
        return found

    def make_decoder(self, max_event_bytes: int | None) -> Decoder | RecordDecoder:
        """Give what makes raw events of the bytes."""
        if not self.is_records:
            return Decoder(max_event_bytes=max_event_bytes)
        mark = RECORD_SEPARATOR if is_json_sequence(self.essence) else b"\n"
        return RecordDecoder(max_event_bytes=max_event_bytes, mark=mark)

    def read(self, raw: RawEvent, *, is_checked: bool) -> tuple[Any, Problems]:
        """Give the typed event, and where it does not fit its schema, or what is new in it."""
        name, text, last_id, retry = raw
        try:
            data = decode(text)
        except (ValueError, RecursionError) as error:
            if self.is_records:
                return _refuse_record(raw, error, is_checked=is_checked)
            data = text
        envelope: dict[str, Any] = {"event": name, "data": data, "id": last_id}
        if retry is not None:
            envelope["retry"] = retry
        if self.is_records and type(raw) is BrokenRecord:
            return _refuse_record(raw, None, is_checked=is_checked)
        branch = self._pick(envelope if self.is_envelope else data)
        if branch is None:
            return UnknownEvent.of(envelope, text), ()
        if self.is_guess:
            return self._read_guess(branch, envelope, text)
        return branch.read(envelope, text, is_checked=is_checked)

    def tags(self, event: Any) -> frozenset[Any]:
        """Give the names of an event's type: its own, and what its discriminator says."""
        names = {getattr(event, "event", None)}
        if self.discriminator is not None:
            name = self.discriminator.property_name
            holders = (event, getattr(event, "data", None))
            names |= {h[name] for h in holders if isinstance(h, (Model, dict)) and name in h}
        return frozenset(name for name in names if isinstance(name, str))

    def _read_schema(self) -> None:
        self.schema = find_item_schema(self.media, is_records=self.is_records or self.is_guess)
        if self.schema is None:
            return
        is_described = self.media is not None and not self.is_guess and not self.is_records
        self.is_envelope = is_described and _is_envelope(self.schema)
        self.discriminator = self.schema.implied_discriminator

    def _pick(self, value: Any) -> _Branch | None:
        """Give the branch of the schema that an event belongs to, None for an unknown type."""
        if self.discriminator is None:
            return self._find_branch(self.schema)
        tag = value.get(self.discriminator.property_name) if is_dict(value) else None
        found = self._by_tag.get(tag) if isinstance(tag, str) else None
        if found is None:
            found = self._find_branch(self.discriminator.pick(value))
            if found is not None and isinstance(tag, str) and tag in self.discriminator.branches:
                self._by_tag[tag] = found
        return found

    def _find_branch(self, schema: Schema | None) -> _Branch | None:
        if schema is None:
            return None
        if id(schema) not in self._branches:
            try:
                self._branches[id(schema)] = self._make_branch(schema)
            except DocumentError as error:
                self._branches[id(schema)] = None
                self._tell(error)
        return self._branches[id(schema)]

    def _tell(self, error: DocumentError) -> None:
        """Remember why the document cannot be used; no reason to lose what the server sends."""
        self.problem = Problem("$", f"cannot be checked: {error}")

    def _make_branch(self, schema: Schema) -> _Branch:
        """Prepare a branch; what stands beside the branches of a union goes for each of them."""
        whole = self.schema if self.schema is not None and self.schema.properties else schema
        data: tuple[Schema | None, Schema | None] = (schema, schema)
        if self.is_envelope:
            own, common = schema.properties.get("data"), whole.properties.get("data")
            data = (own or common, common or own)
        kind = _Envelope if self.is_envelope else _Record if self.is_records else _Branch

        def make_checker(part: Schema, whole: Schema) -> _Checker:
            return _Checker(part, whole, self.types, self.name, self._tell)

        return kind(make_checker, schema, whole, data)

    def _read_guess(
        self, branch: _Branch, envelope: dict[str, Any], text: str
    ) -> tuple[Any, Problems]:
        """Read by what the document has for another media type, if it fits."""
        event, problems = branch.read(dict(envelope), text, is_checked=True)
        return (UnknownEvent.of(envelope, text) if list_faults(problems) else event), ()


class _Branch:
    """One kind of event, whose schema describes its data: what types and checks it."""

    _fields: frozenset[str] = frozenset()

    def __init__(
        self,
        make_checker: Callable[[Schema, Schema], _Checker],
        schema: Schema,
        whole: Schema,
        data: tuple[Schema | None, Schema | None],
    ) -> None:
        own, common = ((d.core if d is not None else None) for d in data)
        kinds = (own.types if own is not None else ()) or (common.types if common else ())
        self._is_nullable = any(d is not None and d.is_nullable for d in data)
        # OpenAPI 3.2, 4.14.4: text that holds JSON, with `contentSchema` for what it holds.
        inner = media_essence(as_text(own.get("contentMediaType"))) if own is not None else ""
        self._holds_json = kinds in ((), ("string",)) and is_json(inner)
        self._is_text = kinds == ("string",) or self._holds_json
        held = _find(own, "contentSchema") if self._holds_json and own is not None else None
        self._held = make_checker(held, held) if held is not None else None
        self._checker = make_checker(schema, whole)
        self._checker.known = self._fields

    def read(
        self, envelope: dict[str, Any], text: str, *, is_checked: bool
    ) -> tuple[Any, Problems]:
        """Give the typed event, and where it does not fit."""
        if self._is_text and (envelope["data"] is not None or not self._is_nullable):
            if self._holds_json:
                return self._read_held(envelope, text, is_checked=is_checked)
            envelope["data"] = text
        problems = self._checker.check(self._described(envelope)) if is_checked else ()
        faults = list_faults(problems) if problems else ()
        return self._view(envelope, text, faults), problems

    def _described(self, envelope: dict[str, Any]) -> Any:
        """Give what the schema describes."""
        return envelope["data"]

    def _view(self, envelope: dict[str, Any], text: str, problems: Problems) -> Any:
        data = self._checker.read(envelope["data"])
        return ServerEvent.wrap(envelope, text, data, problems)

    def _read_held(
        self, envelope: dict[str, Any], text: str, *, is_checked: bool
    ) -> tuple[ServerEvent, Problems]:
        """Read an event whose data is text by its schema, and JSON by that text's own schema."""
        held, inner = envelope["data"], self._held
        problems: Problems = ()
        if is_checked:
            problems = self._checker.check(self._described({**envelope, "data": text}))
        if is_checked and inner is not None:
            found = inner.check(held)
            problems += tuple(move(p, "$.data", "/data") for p in found)
        typed = inner.read(held) if inner is not None else held
        return ServerEvent.wrap(envelope, text, typed, list_faults(problems)), problems


class _Envelope(_Branch):
    """One kind of event, whose schema describes the event itself."""

    _fields = frozenset(f"/{name}" for name in _ENVELOPE)  # every event has them

    def _described(self, envelope: dict[str, Any]) -> Any:
        return envelope

    def _view(self, envelope: dict[str, Any], text: str, problems: Problems) -> Any:
        kind = self._checker.event_class or _class_of(self._checker.read(envelope))
        if kind is None:
            return UnknownEvent.of(envelope, text, problems)
        return make_event(kind, envelope, problems)


class _Record(_Branch):
    """One kind of record: what the schema describes is all there is."""

    def _view(self, envelope: dict[str, Any], text: str, problems: Problems) -> Any:
        value = envelope["data"]
        read = self._checker.read(value)
        kind = _class_of(read)
        if kind is not None:
            return make_event(kind, value, problems)
        return UnknownEvent.of(envelope, text, problems) if problems else read


class _Checker:
    """
    Types and checks values by a schema; `whole` is what they are checked against.

    A schema that cannot be used types and checks nothing, and `tell` hears why.
    """

    def __init__(
        self,
        schema: Schema,
        whole: Schema,
        types: Types,
        name: str,
        tell: Callable[[DocumentError], None],
    ) -> None:
        self._schema = schema
        self._whole = whole
        self._types = types
        self._name = name
        self._tell = tell
        self._fruitless = 0
        self._looks = 0
        self._left = 1  # so many values on, one is looked at
        self.known: frozenset[str] = frozenset()  # pointers of what needs no telling

    def check(self, value: Any) -> Problems:
        """Tell where a value does not fit, or else, now and then, what is new in it."""
        if self._accepts(value):
            self._left -= 1
            return () if self._left > 0 else self._look(value)
        return self._validator.check(value) or self._find_news(value)

    def _look(self, value: Any) -> Problems:
        """Tell what is new in a value that fits; the first are looked at, then one in so many."""
        self._looks += 1
        self._left = 1 if self._looks < _FIRST else _EVERY
        return self._drop_known(self._novelty.find(value))

    def _find_news(self, value: Any) -> Problems:
        """Tell what is new in a value that fits, but not by all that the document says."""
        is_hopeful = self._fruitless <= _MOST_FRUITLESS
        news = self._drop_known(self._novelty.find(value)) if is_hopeful else ()
        self._fruitless += not news
        if self._fruitless > _MOST_FRUITLESS:  # there is another reason, which does not show
            self._accepts = self._validator.accepts_early
        return news

    def _drop_known(self, news: Problems) -> Problems:
        return tuple(each for each in news if getattr(each, "pointer", "") not in self.known)

    def read(self, value: Any) -> Any:
        """Give the typed view of a value."""
        try:
            return self._reader(value)
        except DocumentError as error:
            self._tell(error)
            return value

    @cached_property
    def event_class(self) -> type[Event] | None:
        """The class of all objects that the schema describes, where that is but one."""
        core = self._schema.core
        if core.branches or core.discriminator is not None or not core.properties:
            return None
        return _class_of(self.read({}))

    @cached_property
    def _schema_read(self) -> Any:
        try:
            return self._types.validator(self._whole).schema
        except DocumentError as error:
            self._tell(error)
            return True

    @cached_property
    def _validator(self) -> Validator:
        return Validator(loosen(self._schema_read))

    @cached_property
    def _accepts(self) -> Callable[[Any], bool]:
        """What accepts only values with nothing new in them, as far as schemas tell."""
        return Validator(loosen(self._schema_read, keeps_limits=True)).accepts_early

    @cached_property
    def _novelty(self) -> Novelty:
        return Novelty(self._schema_read)

    @cached_property
    def _reader(self) -> Reader:
        return self._types.reader(self._schema, self._name) or present


def _class_of(read: Any) -> type[Event] | None:
    return event_class(type(read)) if isinstance(read, Model) else None


def _refuse_record(
    raw: RawEvent, error: Exception | None, *, is_checked: bool
) -> tuple[UnknownEvent, Problems]:
    """Give a record that is no JSON, or that has lost its end, as text."""
    reason = "it may have been cut off"
    if error is not None:
        is_deep = isinstance(error, RecursionError)
        reason = f"not valid JSON: {'nested too deeply' if is_deep else excerpt(str(error))}"
    problems = (make_misfit("$", reason, kind="json", got="text"),) if is_checked else ()
    envelope = {"event": raw.event, "data": raw.data, "id": raw.id}
    return UnknownEvent.of(envelope, raw.data, problems), problems


def _find(schema: Schema, keyword: str) -> Schema | None:
    """Give the schema that stands below a keyword, in whichever part has it."""
    return next((p.child(keyword) for p in schema.parts if keyword in p.value), None)


def _describes(declared: str, essence: str) -> bool:
    """Tell whether a media type is meant for what is sent: records are written in many ways."""
    both_records = {declared, essence}.isdisjoint({EVENT_STREAM})
    return bool(rank_media(declared, essence)) or (both_records and is_sequence(declared))


def _any_media(operation: Operation) -> MediaType | None:
    """Give what the document has for a stream in another form, else for one whole answer."""
    media = [
        m for response in operation.success for m in response.media if m.schema or m.item_schema
    ]
    whole = (m for m in media if is_json(m.essence))
    return next((m for m in media if is_sequence(m.essence)), None) or next(whole, None)


def find_item_schema(media: MediaType | None, *, is_records: bool) -> Schema | None:
    """
    Give the schema of each event or record.

    `schema` describes them all together, as an array (OpenAPI 3.2, 4.14.3), though older
    documents mean each by it.
    """
    if media is None:
        return None
    schema = media.item_schema or media.schema
    core = schema.core if schema is not None else None
    if core is None or media.item_schema is not None or "array" not in core.types:
        return core
    item = core.items.core if core.items is not None else None
    is_all = is_records or core.space.document.version >= (3, 2)
    return item if item is not None and (is_all or _is_envelope(item)) else core


def _is_envelope(schema: Schema) -> bool:
    """
    Tell whether a schema describes the event itself: an object, or a union, with `data`.

    An event has no fields but its four, so an object that declares others is a payload.
    """
    common = schema.properties.keys() | schema.required
    fields = [common | leaf.properties.keys() | leaf.required for leaf in schema.leaves]
    return bool(fields) and all("data" in names and names <= _ENVELOPE for names in fields)
