"""
What streams give: typed events and records, which know their problems, and unknown ones.

Views like all results; what makes them of raw events is `event`.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from types import MappingProxyType
from typing import Any, TypeVar

from mixdyn.errors import Problem
from mixdyn.rows import read_plain
from mixdyn.view import Model, copy_json

Problems = tuple[Problem, ...]

_KIND = "_event_kind"

_M = TypeVar("_M", bound="Event")


class Event(Model):
    """
    A typed event or record: a view of its JSON, as other results are, that knows its problems.

    A model's own field of that name goes first.
    """

    __slots__ = ("_problems",)
    _problems: Problems

    @property
    def problems(self) -> Any:
        """Where the event does not fit the document, in mode `warn`; empty where it fits."""
        return self._json["problems"] if "problems" in self._json else _get_problems(self)

    def __copy__(self) -> Model:
        return make_event(type(self), dict(self._json), _get_problems(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> Model:
        return make_event(type(self), copy_json(self._json), _get_problems(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (*super().__reduce__(), _get_problems(self))


class UnknownEvent(Event):
    """An event of a type that the document does not know: its fields, with untyped `data`."""

    __slots__ = ("_text",)
    _text: str
    _attributes = MappingProxyType({name: name for name in ("event", "id", "data", "retry")})

    @classmethod
    def of(cls, envelope: dict[str, Any], text: str, problems: Problems = ()) -> UnknownEvent:
        """Make the event of its own fields, and of its data as it was sent."""
        event = make_event(cls, envelope, problems)
        _set_text(event, text)
        return event

    @property
    def event(self) -> str:
        """The event's type; empty in sequences that have none."""
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
        return read_plain(self._json, "data")

    @property
    def text(self) -> str:
        """The data as it was sent."""
        return self._text

    def __copy__(self) -> UnknownEvent:
        return self.of(dict(self._json), self._text, _get_problems(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> UnknownEvent:
        return self.of(copy_json(self._json), self._text, _get_problems(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).of, (self._json, self._text, _get_problems(self))


class ServerEvent(UnknownEvent):
    """An event whose `data` is a typed payload, by a schema of its own."""

    __slots__ = ("_data",)
    _data: Any

    @property
    def data(self) -> Any:
        """The typed payload."""
        return self._data

    @classmethod
    def wrap(
        cls, envelope: dict[str, Any], text: str, data: Any, problems: Problems = ()
    ) -> ServerEvent:
        """Put the typed payload beside the event's own fields."""
        event = make_event(cls, envelope, problems)
        _set_text(event, text)
        _set_data(event, data)
        return event

    def __copy__(self) -> ServerEvent:
        return self.wrap(dict(self._json), self._text, self._data, _get_problems(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> ServerEvent:
        data = deepcopy(self._data, memo)
        return self.wrap(copy_json(self._json), self._text, data, _get_problems(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return ServerEvent.wrap, (self._json, self._text, self._data, _get_problems(self))


def make_event(kind: type[_M], value: dict[str, Any], problems: Problems = ()) -> _M:
    """Give a view of an event class over a JSON object, which is not copied."""
    event = _new(kind)
    _set_json(event, value)
    if problems:
        _set_problems(event, problems)
    return event


def replace_problems(event: Event, problems: Problems) -> None:
    """Give an event that was just made the same problems in other words."""
    _set_problems(event, problems)


def event_class(kind: type[Model]) -> type[Event]:
    """Give the class of the events of a model: the same, with `problems`."""
    if issubclass(Event, kind):  # of what is not described, views have no class of their own
        return Event
    made: type[Event] | None = vars(kind).get(_KIND)
    if made is None:
        names = {"__slots__": (), "__doc__": kind.__doc__, "__module__": kind.__module__}
        bases = (kind, Event)  # of a class below Model, that is consistent
        made = type(kind.__name__, bases, names)  # pyright: ignore[reportGeneralTypeIssues]
        setattr(kind, _KIND, made)
    return made


def _restore(make: Callable[..., Model], arguments: Any, problems: Problems) -> Event:
    """Bring back a pickled event, by what brings back its model."""
    view = make(*arguments)
    return make_event(event_class(type(view)), view.to_dict(), problems)


def _get_problems(event: Event) -> Problems:
    try:
        found: Problems = _problems.__get__(event)
    except AttributeError:  # past `Model.__getattr__`, which would look for a field
        return ()
    return found


_new = object.__new__
# Past `Model.__setattr__`, which refuses.
_set_json = vars(Model)["_json"].__set__
_problems = vars(Event)["_problems"]
_set_problems = _problems.__set__
_set_text = vars(UnknownEvent)["_text"].__set__
_set_data = vars(ServerEvent)["_data"].__set__
