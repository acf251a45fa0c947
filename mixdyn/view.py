"""
Typed views over JSON objects: attributes for people, items as they came, nothing lost.

The JSON stays as it was received; attributes read through it. What the attributes are, `results`
says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import chain, islice, repeat
from typing import Any, TypeGuard, TypeVar
from weakref import WeakKeyDictionary

from mixdyn.descriptor import Fallback
from mixdyn.errors import DocumentError, excerpt, itemize, nearest
from mixdyn.glance import show_value, unquote, write_table
from mixdyn.names import to_snake
from mixdyn.redact import MASK, is_marked
from mixdyn.roster import find_model
from mixdyn.rows import read_plain
from mixdyn.schema import Schema
from mixdyn.shape import as_array, is_array, is_object
from mixdyn.wire import to_wire

_REPR_FIELDS = 8

_M = TypeVar("_M", bound="Model")

# Kept beside the classes: their attributes are the document's.
_secrets: WeakKeyDictionary[type[Model], frozenset[str]] = WeakKeyDictionary()


def make_view(kind: type[_M], value: dict[str, Any]) -> _M:
    """Give a view of a class over a JSON object, which is not copied."""
    self = _new(kind)
    _set_json(self, value)
    return self


def make_views(kind: type[_M], values: list[dict[str, Any]]) -> list[_M]:
    """Give the views of many JSON objects, as `make_view` does of one, in half the time."""
    make: Callable[[type[_M]], _M] = _new
    views = list(map(make, repeat(kind, len(values))))
    deque(map(_set_json, views, values), maxlen=0)
    return views


class Model:
    """
    A typed view over a JSON object.

    Attributes are the schema's properties in snake_case (or by wire name) with `date-time` and
    `date` as Python's types; items are the JSON values by wire name. A declared property that is
    absent is None; an undeclared one is there as it came.
    """

    __slots__ = ("_json",)
    _json: dict[str, Any]
    _schema: Schema | None = None
    _attributes: Mapping[str, str] = {}
    _fields: Mapping[str, Schema] = {}
    _place: tuple[str, str, str] = ("", "", "")

    def __init__(self, /, **values: Any) -> None:
        _set_json(self, self._build(values))

    def to_dict(self) -> dict[str, Any]:
        """Give a copy of exactly what was received: all keys, nulls, order and numbers."""
        copied: dict[str, Any] = copy_json(self._json)
        return copied

    def model_dump(self) -> dict[str, Any]:
        """Give the same as `to_dict()`, under the name that pydantic users expect."""
        return self.to_dict()

    def model_dump_json(self) -> str:
        """Give `to_dict()` as JSON text."""
        import json

        return json.dumps(self._json, ensure_ascii=False)

    def _to_wire(self) -> dict[str, Any]:
        """Give what to send when this is passed back: exactly what was received."""
        return self._json

    def __getitem__(self, name: str) -> Any:
        return read_plain(self._json, name)

    def __contains__(self, name: object) -> bool:
        return name in self._json

    def __iter__(self) -> Iterator[str]:
        return iter(self._json)

    def __len__(self) -> int:
        return len(self._json)

    def __bool__(self) -> bool:
        return True

    @Fallback
    def __getattr__(self, name: str) -> Any:
        if (name.startswith("__") and name.endswith("__")) or name == "_json":
            raise AttributeError(name)
        for attribute, wire in self._attributes.items():
            if wire == name:
                return getattr(self, attribute)
        for wire in (name,) if name in self._json else self._undeclared():
            if name in (wire, to_snake(wire)):
                return read_plain(self._json, wire)
        message = f"{type(self).__name__!r} has no attribute {excerpt(name, 60)!r}"
        # With an object of its own, Python adds no second suggestion to a traceback.
        raise AttributeError(message + nearest(name, self.__dir__()), name=name, obj=None)

    def __setattr__(self, name: str, value: Any = None) -> None:
        raise AttributeError(f"{type(self).__name__} is a view of what was received, and read-only")

    __delattr__ = __setattr__

    def __dir__(self) -> list[str]:
        undeclared = map(to_snake, self._undeclared())
        return sorted({*super().__dir__(), *self._attributes, *undeclared})

    def _undeclared(self) -> Iterator[str]:
        declared = set(self._attributes.values())
        return (wire for wire in self._json if wire not in declared)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._json)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model):
            return NotImplemented
        return type(self).__name__ == type(other).__name__ and self._json == other._json

    __hash__ = None  # type: ignore[assignment]  # the JSON below may change: not hashable

    def __repr__(self) -> str:
        declared = ((a, wire) for a, wire in self._attributes.items() if wire in self._json)
        undeclared = ((wire, wire) for wire in self._undeclared())
        pairs = list(islice((p for g in (declared, undeclared) for p in g), _REPR_FIELDS + 1))
        shown = [f"{excerpt(n, 40)}={self._show(wire)}" for n, wire in pairs[:_REPR_FIELDS]]
        more = ["…"] if len(pairs) > _REPR_FIELDS else []
        return f"{type(self).__name__}({', '.join(shown + more)})"

    def _repr_html_(self) -> str:
        return write_table(type(self).__name__, self._show_fields())

    def _show_fields(self) -> Iterator[tuple[str, str]]:
        """Give the fields with short texts, as the repr shows them; secrets are masked."""
        for attribute, wire in self._attributes.items():
            if wire in self._json:
                yield excerpt(attribute, 40), unquote(self._show(wire))
        for wire in self._undeclared():
            yield excerpt(wire, 40), unquote(self._show(wire))

    def _show(self, wire: str) -> str:
        value = self._json[wire]
        if value is not None and wire in _secret_wires(type(self), self._schema):
            return repr(MASK)
        return show_value(wire, value)

    def _build(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Make the JSON from keywords, which may be attribute names or wire names."""
        schema, fields = self._schema, self._fields
        if schema is None:
            return {name: to_wire(value, None, name) for name, value in values.items()}
        names = {**schema.wire_names, **self._attributes}
        given: dict[str, Any] = {}
        problems: list[str] = []
        for name, value in values.items():
            wire = names.get(name)
            if wire is None:
                problems.append(f"unknown: {excerpt(name, 60)}{nearest(name, self._attributes)}")
            elif wire in given:
                problems.append(f"given twice: {excerpt(name, 60)}")
            else:
                given[wire] = value
        missing = schema.required - given.keys()
        problems += [f"missing: {a}" for a, wire in self._attributes.items() if wire in missing]
        if problems:
            title = f"{type(self).__name__} takes its properties as keywords:"
            raise TypeError(itemize(title, problems))
        return {
            wire: to_wire(value, fields.get(wire), wire)
            for wire, value in given.items()
            if value is not None or wire in schema.required or _allows_null(fields.get(wire))
        }

    def __copy__(self) -> Model:
        return make_view(type(self), dict(self._json))

    def __deepcopy__(self, memo: dict[int, Any]) -> Model:
        return make_view(type(self), copy_json(self._json))

    def __reduce__(self) -> tuple[Any, ...]:
        schema, place = self._schema, self._place
        if schema is not None:
            document, target = schema.space.document, schema.target
            # The document's own path is not part of the place: elsewhere it may be another.
            base = "" if target.base == document.location else target.base
            place = (document.digest, base, target.pointer)
        return _restore, (*place, type(self).__name__, self._json)


def copy_json(value: Any) -> Any:
    """Copy a JSON value, sharing what cannot change; however deep it is."""
    top = [value]
    waiting: list[Any] = [top]
    while waiting:
        node = waiting.pop()
        for key, item in node.items() if hasattr(node, "items") else enumerate(node):
            if is_dict(item) or is_array(item):
                node[key] = copied = item.copy()  # a plain one of Fields and Rows, too
                waiting.append(copied)
    return top[0]


def is_dict(value: Any) -> TypeGuard[dict[str, Any]]:
    """Tell whether a value is an object as a JSON decoder makes it: quicker than `is_object`."""
    return isinstance(value, dict)


def _secret_wires(kind: type[Model], schema: Schema | None) -> frozenset[str]:
    """Give the properties that are secret by their schemas, found at a class's first repr."""
    found = _secrets.get(kind)
    if found is None:
        found = _secrets[kind] = _find_secrets(schema) if schema is not None else frozenset()
    return found


def _find_secrets(schema: Schema) -> frozenset[str]:
    """
    Give the properties of an object, and of its alternatives, whose schemas mark them as secret.

    Also those that `_fields` leaves out since the alternatives disagree on them.
    """
    found: set[str] = set()
    try:
        for leaf in (schema, *schema.leaves):
            found.update(wire for wire, field in leaf.properties.items() if _is_secret(field))
    except DocumentError:  # a repr is no place to hear of it
        pass
    return frozenset(found)


def _is_secret(field: Schema) -> bool:
    try:
        return any(is_marked(p.value) for leaf in (field, *field.leaves) for p in leaf.parts)
    except DocumentError:  # then by what stands there itself
        lists = (as_array(field.value.get(word)) for word in ("allOf", "anyOf", "oneOf"))
        return any(map(is_marked, filter(is_object, [field.value, *chain(*lists)])))


def _allows_null(field: Schema | None) -> bool:
    return field is not None and field.is_nullable


def _restore(digest: str, base: str, pointer: str, name: str, value: dict[str, Any]) -> Model:
    """Bring back a pickled view, typed where a document with its schema is loaded."""
    kind: type[Model] | None = find_model(digest, base, pointer, name) if digest else None
    if kind is not None:
        return make_view(kind, value)
    return make_view(_make_untyped(name, (digest, base, pointer)), value)


@cache
def _make_untyped(name: str, place: tuple[str, str, str]) -> type[Model]:
    """Make the class of results whose document is not loaded; it remembers where they belong."""
    members = {"__slots__": (), "__module__": "mixdyn.models", "_place": place}
    return type(name, (Model,), members)


_new = object.__new__
_set_json: Callable[[Any, Any], object] = vars(Model)[
    "_json"
].__set__  # past `Model.__setattr__`, which refuses

RESERVED = frozenset(name for name in dir(Model) if not name.startswith("_"))
