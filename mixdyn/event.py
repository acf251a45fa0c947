"""
From a raw server-sent event to a typed one: envelope or payload, the branch, its check.

Pure, like `response`; the bytes come from `sse`, the reading from a stream.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from types import MappingProxyType
from typing import Any

from mixdyn.errors import Problem
from mixdyn.jsontext import decode
from mixdyn.media import MediaType, is_json, media_essence
from mixdyn.normalform import normalize
from mixdyn.operation import Operation
from mixdyn.results import Model, Types, copy_json
from mixdyn.schema import Discriminator, Schema
from mixdyn.shape import as_text
from mixdyn.sse import RawEvent
from mixdyn.validation import Validator

_ENVELOPE = frozenset({"event", "data", "id", "retry"})


class UnknownEvent(Model):
    """An event of a type that the document does not know: its fields, with untyped `data`."""

    __slots__ = ()
    _attributes = MappingProxyType({name: name for name in ("event", "id", "data", "retry")})

    @classmethod
    def of(cls, envelope: dict[str, Any]) -> UnknownEvent:
        """Make the event of its own fields."""
        event = object.__new__(cls)
        object.__setattr__(event, "_json", envelope)
        return event

    @property
    def event(self) -> str:
        """The event's type."""
        return str(self._json["event"])

    @property
    def id(self) -> str:
        """The last event id, empty where the server has sent none."""
        return str(self._json["id"])

    @property
    def retry(self) -> int | None:
        """The reconnection time in milliseconds, where this event sets one."""
        return self._json.get("retry")

    @property
    def data(self) -> Any:
        """The data: decoded where it is JSON, else as text."""
        return self._json["data"]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).of, (self._json,)


class ServerEvent(UnknownEvent):
    """An event whose `data` is a typed payload, by a schema of its own."""

    __slots__ = ("_data",)
    _data: Any

    @property
    def data(self) -> Any:
        """The typed payload."""
        return self._data

    @classmethod
    def wrap(cls, envelope: dict[str, Any], data: Any) -> ServerEvent:
        """Put the typed payload beside the event's own fields."""
        event = object.__new__(cls)
        object.__setattr__(event, "_json", envelope)
        object.__setattr__(event, "_data", data)
        return event

    def __reduce__(self) -> tuple[Any, ...]:
        return ServerEvent.wrap, (self._json, self._data)

    def __copy__(self) -> ServerEvent:
        return self.wrap(dict(self._json), self._data)

    def __deepcopy__(self, memo: dict[int, Any]) -> ServerEvent:
        return self.wrap(copy_json(self._json), deepcopy(self._data, memo))


class EventReader:
    """Types and checks the events of one operation's stream."""

    def __init__(self, operation: Operation, media: MediaType | None, types: Types) -> None:
        self.types = types
        self.name = f"{operation.name} event"
        schema = (media.item_schema or media.schema) if media is not None else None
        self.schema = schema.core if schema is not None else None
        self.is_envelope = self.schema is not None and _is_envelope(self.schema)
        self.discriminator: Discriminator | None = (
            self.schema.implied_discriminator if self.schema is not None else None
        )
        self._branches: dict[int, _Branch] = {}

    def read(self, raw: RawEvent, *, is_checked: bool) -> tuple[Model, tuple[Problem, ...]]:
        """Give the typed event, and where it does not fit its schema."""
        envelope: dict[str, Any] = {"event": raw.event, "data": _parse(raw.data), "id": raw.id}
        if raw.retry is not None:
            envelope["retry"] = raw.retry
        branch = self._pick(envelope)
        if branch is None:
            return UnknownEvent.of(envelope), ()
        if branch.holds_json:
            return branch.read_held(
                envelope, raw.data, is_envelope=self.is_envelope, is_checked=is_checked
            )
        if branch.is_text and (envelope["data"] is not None or not branch.is_nullable):
            envelope["data"] = raw.data
        value = envelope if self.is_envelope else envelope["data"]
        problems = _check(branch.validator, value) if is_checked else ()
        read = branch.read(value)
        if not self.is_envelope:
            return ServerEvent.wrap(envelope, read), problems
        return read if isinstance(read, Model) else UnknownEvent.of(envelope), problems

    def _pick(self, envelope: dict[str, Any]) -> _Branch | None:
        """Give the branch of the schema that an event belongs to, None for an unknown type."""
        schema = self.schema
        if self.discriminator is not None:
            schema = self.discriminator.pick(envelope if self.is_envelope else envelope["data"])
        if schema is None:
            return None
        found = self._branches.get(id(schema))
        if found is None:
            found = self._branches[id(schema)] = self._make_branch(schema)
        return found

    def _make_branch(self, schema: Schema) -> _Branch:
        """Prepare a branch; what stands beside the branches of a union goes for each of them."""
        whole = self.schema if self.schema is not None and self.schema.properties else schema
        data: tuple[Schema | None, Schema | None] = (schema, schema)
        if self.is_envelope:
            own, common = schema.properties.get("data"), whole.properties.get("data")
            data = (own or common, common or own)
        return _Branch(schema, whole, data, self.types, self.name)


class _Branch:
    """One kind of event: its schema and that of its data, and what reads and checks them."""

    def __init__(
        self,
        schema: Schema,
        whole: Schema,
        data: tuple[Schema | None, Schema | None],
        types: Types,
        name: str,
    ) -> None:
        own, common = ((d.core if d is not None else None) for d in data)
        kinds = (own.types if own is not None else ()) or (common.types if common else ())
        self.schema = schema
        self.whole = whole
        self.is_text = kinds == ("string",)
        self.is_nullable = any(d is not None and d.is_nullable for d in data)
        # OpenAPI 3.2, 4.14.4: text that holds JSON, with `contentSchema` for what it holds.
        inner = media_essence(as_text(own.get("contentMediaType"))) if own is not None else ""
        self.holds_json = kinds in ((), ("string",)) and is_json(inner)
        self._held = _find(own, "contentSchema") if self.holds_json and own is not None else None
        self._types = types
        self._name = name

    @cached_property
    def validator(self) -> Validator:
        return Validator(normalize(self.whole, "response"))

    @cached_property
    def held_validator(self) -> Validator | None:
        return Validator(normalize(self._held, "response")) if self._held is not None else None

    def read(self, value: Any) -> Any:
        return self._read_as(self.schema, value)

    def read_held(
        self, envelope: dict[str, Any], text: str, *, is_envelope: bool, is_checked: bool
    ) -> tuple[Model, tuple[Problem, ...]]:
        """Read an event whose data is text by its schema, and JSON by that text's own schema."""
        held = envelope["data"]
        problems: tuple[Problem, ...] = ()
        if is_checked:
            problems = _check(self.validator, {**envelope, "data": text} if is_envelope else text)
            if self.held_validator is not None:
                found = _check(self.held_validator, held)
                problems += tuple(p._replace(path=f"$.data{p.path[1:]}") for p in found)
        typed = self._read_as(self._held, held) if self._held is not None else held
        return ServerEvent.wrap(envelope, typed), problems

    def _read_as(self, schema: Schema, value: Any) -> Any:
        reader = self._types.reader(schema, self._name)
        return reader(value) if reader is not None else value


def _check(validator: Validator, value: Any) -> tuple[Problem, ...]:
    return () if validator.accepts(value) else validator.problems(value)


def _find(schema: Schema, keyword: str) -> Schema | None:
    """Give the schema that stands below a keyword, in whichever part has it."""
    return next((p.child(keyword) for p in schema.parts if keyword in p.value), None)


def _is_envelope(schema: Schema) -> bool:
    """
    Tell whether a schema describes the event itself: an object, or a union, with `data`.

    An event has no fields but its four, so an object that declares others is a payload.
    """
    common = schema.properties.keys() | schema.required
    fields = [common | leaf.properties.keys() | leaf.required for leaf in schema.leaves]
    return bool(fields) and all("data" in names and names <= _ENVELOPE for names in fields)


def _parse(text: str) -> Any:
    """Decode data that is JSON; all else stays text."""
    try:
        return decode(text)
    except (ValueError, RecursionError):
        return text
