"""
Lazy typed views over decoded JSON, and the Python types that schemas stand for.

The JSON stays as it came; attributes read through it. Knows schemas, not operations.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Literal, Union

from mixdyn.document import Document
from mixdyn.errors import excerpt, itemize, nearest
from mixdyn.names import resolve_collisions, to_pascal, to_snake
from mixdyn.redact import redact_value
from mixdyn.schema import Schema, Schemas
from mixdyn.wire import to_wire

Reader = Callable[[Any], Any]

_REPR_FIELDS = 8
_REPR_VALUE = 60


class Model:
    """
    A typed view over a JSON object.

    Attributes are the schema's properties in snake_case (or by wire name) with `date-time` and
    `date` as Python's types; items are the JSON values by wire name. A declared property that is
    absent is None; an undeclared one is there as it came.
    """

    __slots__ = ("_json",)
    _json: dict[str, Any]
    _types: Types | None = None
    _schema: Schema | None = None
    _attributes: Mapping[str, str] = {}

    def __init__(self, **values: Any) -> None:
        object.__setattr__(self, "_json", _build(type(self), values))

    @classmethod
    def _view(cls, value: dict[str, Any]) -> Model:
        self = _new(cls)
        _set_json(self, value)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Give a copy of exactly what was received: all keys, nulls, order and numbers."""
        copied: dict[str, Any] = copy_json(self._json)
        return copied

    def model_dump(self) -> dict[str, Any]:
        """Give the same as `to_dict()`, under the name that pydantic users expect."""
        return self.to_dict()

    def model_dump_json(self) -> str:
        """Give `to_dict()` as JSON text."""
        return json.dumps(self._json, ensure_ascii=False)

    def __getitem__(self, name: str) -> Any:
        return self._json[name]

    def __contains__(self, name: object) -> bool:
        return name in self._json

    def __iter__(self) -> Iterator[str]:
        return iter(self._json)

    def __len__(self) -> int:
        return len(self._json)

    def __bool__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_json":
            raise AttributeError(name)
        for attribute, wire in self._attributes.items():
            if wire == name:
                return getattr(self, attribute)
        for wire in self._json:
            if name == wire or (wire not in self._attributes.values() and name == to_snake(wire)):
                return self._json[wire]
        message = f"{type(self).__name__!r} has no attribute {excerpt(name, 60)!r}"
        raise AttributeError(message + nearest(name, self.__dir__()))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is a view of what was received, and read-only")

    __delattr__ = __setattr__  # type: ignore[assignment]  # refuses too; the value is never used

    def __dir__(self) -> list[str]:
        declared = set(self._attributes.values())
        undeclared = (to_snake(wire) for wire in self._json if wire not in declared)
        return sorted({*super().__dir__(), *self._attributes, *undeclared})

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._json)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model):
            return NotImplemented
        return type(self).__name__ == type(other).__name__ and self._json == other._json

    __hash__ = None  # type: ignore[assignment]  # the JSON below may change: not hashable

    def __repr__(self) -> str:
        names = [a for a, wire in self._attributes.items() if wire in self._json]
        names += [w for w in self._json if w not in self._attributes.values()]
        shown = [f"{excerpt(n, 40)}={self._show(n)}" for n in names[:_REPR_FIELDS]]
        more = ["…"] if len(names) > _REPR_FIELDS else []
        return f"{type(self).__name__}({', '.join(shown + more)})"

    def _show(self, name: str) -> str:
        wire = self._attributes.get(name, name)
        value = redact_value(wire, self._json[wire])
        schema = self._schema.properties.get(wire) if self._schema else None
        if schema is not None and (schema.format == "password" or schema.get("writeOnly") is True):
            value = "***"
        if isinstance(value, (dict, list)):
            opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
            return f"{opening}{len(value)} items{closing}" if value else opening + closing
        return excerpt(repr(value), _REPR_VALUE)

    def __copy__(self) -> Model:
        return self._view(dict(self._json))

    def __deepcopy__(self, memo: dict[int, Any]) -> Model:
        return self._view(copy_json(self._json))

    def __reduce__(self) -> tuple[Any, ...]:
        types, schema = self._types, self._schema
        place = ("", "", "")
        if types is not None and schema is not None:
            place = (types.document.digest, schema.target.base, schema.target.pointer)
        return _restore, (*place, type(self).__name__, self._json)


class Types:
    """The Python types of one document's schemas: model classes, readers, annotations."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self.document: Document = schemas.document
        self._models: dict[int, type[Model]] = {}
        self._readers: dict[int, Reader | None] = {}
        self._lock = threading.RLock()
        _known.add(self)

    def model(self, schema: Schema, name: str = "") -> type[Model]:
        """Give the class of an object schema, the same one for the same schema."""
        schema = schema.core.resolved
        made = self._models.get(id(schema))
        if made is not None:
            return made
        with self._lock:
            if id(schema) not in self._models:
                self._models[id(schema)] = self._make_model(schema, name)
            return self._models[id(schema)]

    def reader(self, schema: Schema | None, name: str = "") -> Reader | None:
        """
        Give the function that turns JSON into what the caller sees; None where JSON is that.

        A value that does not fit the schema comes back as it is: readers never raise.
        """
        if schema is None:
            return None
        schema = schema.core
        if id(schema) not in self._readers:
            # An array of itself meets its own, unfinished entry: it then reads on demand.
            self._readers[id(schema)] = lambda value: self._read(schema, value)
            self._readers[id(schema)] = self._make_reader(schema, name)
        return self._readers[id(schema)]

    def annotation(self, schema: Schema | None, name: str = "") -> Any:
        """Give the type to write in a signature, such as `list[SessionData]`."""
        if schema is None:
            return Any
        core = schema.core
        kind = self._annotate(core, name)
        return kind | None if schema.is_nullable and kind is not Any else kind

    def _read(self, schema: Schema, value: Any) -> Any:
        reader = self._readers[id(schema)]
        return reader(value) if reader else value

    def _make_model(self, schema: Schema, name: str) -> type[Model]:
        title = to_pascal(schema.name or name or str(schema.get("title") or "Object"))
        names = resolve_collisions(map(to_snake, schema.properties), taken=RESERVED)
        attributes = dict(zip(names, schema.properties, strict=True))
        members: dict[str, Any] = {
            "__slots__": (),
            "__doc__": schema.description or f"A {title} of the document.",
            "__module__": "mixdyn.models",
            "_types": self,
            "_schema": schema,
            "_attributes": attributes,
        }
        for attribute, wire in attributes.items():
            field = schema.properties[wire]
            reader = self.reader(field, title + to_pascal(wire))
            members[attribute] = property(_getter(wire, reader), doc=field.description or None)
        return type(title, (Model,), members)

    def _make_reader(self, schema: Schema, name: str) -> Reader | None:
        if schema.branches:
            return self._union_reader(schema, name)
        if schema.properties:
            return self._model_reader(schema, name)
        if "array" in schema.types:
            item = self.reader(schema.items, name + "Item")
            return _list_reader(item) if item else None
        if "object" in schema.types:
            value = self.reader(schema.additional, name + "Value")
            return _map_reader(value) if value else None
        return {"date-time": _read_datetime, "date": _read_date}.get(schema.format or "")

    def _model_reader(self, schema: Schema, name: str) -> Reader:
        discriminator = schema.discriminator
        view: Reader | None = None  # found at the first use: schemas may be recursive

        def read(value: Any) -> Any:
            nonlocal view
            if type(value) is not dict:
                return value
            picked = discriminator.pick(value) if discriminator else None
            if picked is not None:
                return self.model(picked, name)._view(value)
            if view is None:
                view = self.model(schema, name)._view
            return view(value)

        return read

    def _union_reader(self, schema: Schema, name: str) -> Reader | None:
        discriminator = schema.implied_discriminator
        readers = [(branch, self.reader(branch, name)) for branch in schema.branches]
        if not any(reader for _, reader in readers):
            return None

        def read(value: Any) -> Any:
            if discriminator is not None:
                branch = discriminator.pick(value)
                if branch is None:
                    return Model._view(value) if type(value) is dict else value
            else:
                branch = _best_branch([b for b, _ in readers], value)
            reader = self.reader(branch, name)
            return reader(value) if reader else value

        return read

    def _annotate(self, schema: Schema, name: str) -> Any:
        if schema.enum and all(isinstance(v, (str, int, bool)) or v is None for v in schema.enum):
            return Literal[schema.enum]
        if schema.branches:
            return Union[tuple(self.annotation(b, name) for b in schema.branches)]  # noqa: UP007
        if schema.properties:
            return self.model(schema, name)
        if len(schema.types) != 1:
            return Union[tuple(map(_plain_type, schema.types))] if schema.types else Any  # noqa: UP007
        return self._annotate_single(schema, name)

    def _annotate_single(self, schema: Schema, name: str) -> Any:
        kind = _plain_type(schema.types[0])
        if kind is list:
            items = schema.items
            is_self = items is not None and items.resolved is schema.resolved
            return list if is_self else list[self.annotation(items, name + "Item")]  # type: ignore[misc]
        if kind is dict:
            return dict[str, self.annotation(schema.additional, name + "Value")]  # type: ignore[misc]
        if kind is str:
            return {"date-time": datetime, "date": date}.get(schema.format or "", str)
        return kind


def copy_json(value: Any) -> Any:
    """Copy a JSON value, sharing what cannot change."""
    if type(value) is dict:
        return {key: copy_json(item) for key, item in value.items()}
    if type(value) is list:
        return [copy_json(item) for item in value]
    return value


_new = object.__new__
_set_json = vars(Model)["_json"].__set__  # past `Model.__setattr__`, which refuses

RESERVED = frozenset(name for name in dir(Model) if not name.startswith("__"))

_known: weakref.WeakSet[Types] = weakref.WeakSet()
_PLAIN_TYPES: dict[str, type] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "number": float,
    "object": dict,
    "string": str,
}


def _plain_type(name: str) -> Any:
    return _PLAIN_TYPES.get(name, Any)


def _getter(wire: str, reader: Reader | None) -> Callable[[Any], Any]:
    if reader is None:
        return lambda self: self._json.get(wire)

    def read(self: Any) -> Any:
        value = self._json.get(wire)
        return None if value is None else reader(value)

    return read


def _list_reader(item: Reader) -> Reader:
    return lambda value: [item(v) for v in value] if type(value) is list else value


def _map_reader(item: Reader) -> Reader:
    def read(value: Any) -> Any:
        return {k: item(v) for k, v in value.items()} if type(value) is dict else value

    return read


def _read_datetime(value: Any) -> Any:
    """Give an aware datetime (RFC 3339, 5.6); text without an offset stays text: never guess."""
    try:
        parsed = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return value
    return parsed if parsed.tzinfo is not None else value


def _read_date(value: Any) -> Any:
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError):
        return value


_JSON_TYPES: dict[type, tuple[str, ...]] = {
    bool: ("boolean",),
    dict: ("object",),
    float: ("number",),
    int: ("integer", "number"),
    list: ("array",),
    str: ("string",),
}


def _best_branch(branches: list[Schema], value: Any) -> Schema:
    """Pick the branch of the right type whose properties fit best, the first of equals."""

    def score(branch: Schema) -> tuple[bool, bool, int]:
        types = branch.types
        has_type = not types or bool(set(types) & set(_JSON_TYPES.get(type(value), ())))
        keys = set(value) if isinstance(value, dict) else set[str]()
        return has_type, branch.required <= keys, len(keys & set(branch.properties))

    return max(branches, key=score)


def _build(cls: type[Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """Make the JSON of a model from keywords, which may be attribute names or wire names."""
    wires = set(cls._attributes.values())
    known = {name: cls._attributes.get(name, name) for name in values}
    problems = [
        f"unknown: {excerpt(name, 60)}{nearest(name, cls._attributes)}"
        for name, wire in known.items()
        if cls._schema is not None and wire not in wires
    ]
    required = cls._schema.required if cls._schema is not None else frozenset[str]()
    given = set(known.values())
    problems += [f"missing: {a}" for a, w in cls._attributes.items() if w in required - given]
    if problems:
        raise TypeError(itemize(f"{cls.__name__} takes its properties as keywords:", problems))
    properties = cls._schema.properties if cls._schema is not None else {}
    return {
        wire: to_wire(values[name], properties.get(wire))
        for name, wire in known.items()
        if values[name] is not None or wire in required
    }


def _restore(digest: str, base: str, pointer: str, name: str, value: dict[str, Any]) -> Model:
    """Bring back a pickled model, typed where a document with its schema is loaded."""
    for types in list(_known):
        if digest and types.document.digest == digest:
            target = types.document.find(base, pointer)
            if target is not None:
                return types.model(types.schemas.at(target), name)._view(value)
    return type(name, (Model,), {"__slots__": (), "__module__": "mixdyn.models"})._view(value)
