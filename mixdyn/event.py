"""
From a raw server-sent event to a typed one: envelope or payload, the branch, its check.

Pure, like `response`; the bytes come from `sse`, the reading from a stream.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from mixdyn.errors import Problem
from mixdyn.jsontext import decode
from mixdyn.normalform import normalize
from mixdyn.operation import MediaType, Operation
from mixdyn.results import Model, Types, copy_json
from mixdyn.schema import Discriminator, Schema
from mixdyn.sse import RawEvent
from mixdyn.validation import Validator

_ENVELOPE = frozenset({"event", "data", "id", "retry"})


class UnknownEvent(Model):
    """An event of a type that the document does not know: `event`, `id` and `data`, untyped."""

    __slots__ = ()
    _attributes = {"event": "event", "id": "id", "data": "data"}  # noqa: RUF012  # read-only table

    @property
    def event(self) -> str:
        """The event's type."""
        return str(self._json["event"])

    @property
    def id(self) -> str:
        """The last event id, empty where the server has sent none."""
        return str(self._json["id"])

    @property
    def data(self) -> Any:
        """The data: decoded where it is JSON, else as text."""
        return self._json["data"]

    def __reduce__(self) -> tuple[Any, ...]:
        return UnknownEvent._view, (self._json,)


class ServerEvent(UnknownEvent):
    """An event whose schema describes its data only; `data` is the typed payload."""

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
        self._validators: dict[int, Validator] = {}

    def read(self, raw: RawEvent, *, is_checked: bool) -> tuple[Model, tuple[Problem, ...]]:
        """Give the typed event, and where it does not fit its schema."""
        envelope: dict[str, Any] = {"event": raw.event, "data": _parse(raw.data), "id": raw.id}
        if raw.retry is not None:
            envelope["retry"] = raw.retry
        value = envelope if self.is_envelope else envelope["data"]
        branch = self._branch(value)
        if branch is None:
            return UnknownEvent._view(envelope), ()
        if self.is_envelope and isinstance(raw.data, str) and envelope["data"] != raw.data:
            self._keep_text(branch, envelope, raw)
        validator = self._validator(branch) if is_checked else None
        fits = validator is None or validator.accepts(value)
        problems = () if fits or validator is None else validator.problems(value)
        return self._wrap(branch, envelope, value), problems

    def _branch(self, value: Any) -> Schema | None:
        if self.discriminator is not None:
            return self.discriminator.pick(value)
        return self.schema

    def _keep_text(self, branch: Schema, envelope: dict[str, Any], raw: RawEvent) -> None:
        """Leave data as text where the schema says that it is text, though it reads as JSON."""
        data = branch.properties.get("data")
        if data is not None and data.core.types == ("string",):
            envelope["data"] = raw.data

    def _wrap(self, branch: Schema, envelope: dict[str, Any], value: Any) -> Model:
        if self.is_envelope:
            return self.types.model(branch, self.name)._view(envelope)
        reader = self.types.reader(branch, self.name)
        return ServerEvent.wrap(envelope, reader(value) if reader else value)

    def _validator(self, branch: Schema) -> Validator:
        found = self._validators.get(id(branch))
        if found is None:
            found = self._validators[id(branch)] = Validator(normalize(branch, "response"))
        return found


def _is_envelope(schema: Schema) -> bool:
    """Tell whether a schema describes the event itself: an object, or a union, with `data`."""
    if schema.branches:
        return all(_is_envelope(branch) for branch in schema.branches)
    return "data" in schema.properties and set(schema.required) <= _ENVELOPE


def _parse(text: str) -> Any:
    """Decode data that is JSON; all else stays text."""
    try:
        return decode(text)
    except (ValueError, RecursionError):
        return text
