"""
The Python types that schemas stand for: classes of views, readers of values, annotations.

Knows schemas, not operations.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import partial
from typing import Any, Literal, Union

from mixdyn.attribute import Field, Kind, Pending, Reader, make_attribute
from mixdyn.document import Document, unescape_pointer
from mixdyn.errors import DocumentError, printable
from mixdyn.names import resolve_collisions, to_pascal, to_snake
from mixdyn.normalform import normalize
from mixdyn.roster import announce
from mixdyn.rows import Fields, Rows
from mixdyn.schema import Schema, Schemas
from mixdyn.shape import JSON_TYPES, is_array, is_object, name_types
from mixdyn.validation import Validator
from mixdyn.view import RESERVED, Model, copy_json, is_dict, make_view, make_views

__all__ = ["Field", "Model", "Reader", "Types", "copy_json", "make_view"]

_MAX_UNIONS = 20
_SCALARS = ("string", "integer", "number", "boolean")
# Without these a schema is all that there is to it.
_DERIVING = frozenset({"$dynamicRef", "$ref", "allOf", "anyOf", "oneOf", "properties"})
_MOST_VALUES = 1_000  # of an enum, in a type
_LONGEST_DOC = 10_000
_PLAIN_TYPES: dict[str, type] = {name: kind for kind, name in JSON_TYPES.items()}
_PLAIN = frozenset({"boolean", "integer", "null", "number", "string"})

# What a step into a schema adds to the name of a class; others, such as `allOf`, add nothing.
_PLACES = {"items": "Item", "prefixItems": "Item", "additionalProperties": "Value"}


class Types:
    """
    The Python types of one document's schemas: model classes, readers, annotations.

    Args:
        schemas: the schemas.
        family: the same object for the editions of one document, whose classes stand for each
            other by their names.
    """

    def __init__(self, schemas: Schemas, family: object = None) -> None:
        self.schemas = schemas
        self.family = family if family is not None else self
        self.document: Document = schemas.document
        self._models: dict[int, type[Model]] = {}
        self._readers: dict[int, Reader | None] = {}
        self._unfinished: set[int] = set()
        self._validators: dict[int, Validator] = {}
        self._lock = threading.RLock()
        announce(self)

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

    def find_model(self, digest: str, base: str, pointer: str, name: str) -> type[Model] | None:
        """Give the class of the schema at a place, or None if the document is another."""
        if self.document.digest != digest:
            return None
        target = self.document.find(base or self.document.location, pointer)
        return None if target is None else self.model(self.schemas.at(target), name)

    def reader(self, schema: Schema | None, name: str = "") -> Reader | None:
        """
        Give the function that turns JSON into what the caller sees; None where JSON is that.

        A value that does not fit the schema comes back as it is: readers never raise.
        """
        if schema is None:
            return None
        if schema.value.get("type") in _SCALARS and _DERIVING.isdisjoint(schema.value):
            return _find_reader(schema)
        schema = schema.core
        key = id(schema)
        if key in self._readers:
            return self._readers[key]
        with self._lock:
            if key in self._unfinished:  # an array of itself, say: its reader is found on demand
                return lambda value: self._read(schema, value)
            if key not in self._readers:
                self._unfinished.add(key)
                try:
                    self._readers[key] = self._make_reader(schema, name)
                except RecursionError:  # nested beyond reason: below here JSON stays JSON
                    self._readers[key] = None
                finally:
                    self._unfinished.discard(key)
            return self._readers[key]

    def validator(self, schema: Schema) -> Validator:
        """
        Give what checks answers against a schema, the same for all operations that refer to it.

        Raises DocumentError where the schema cannot be used.
        """
        schema = schema.resolved
        key = id(schema)
        if key not in self._validators:
            self._validators[key] = Validator(normalize(schema, "response", is_shared=True))
        return self._validators[key]

    def annotation(self, schema: Schema | None, name: str = "") -> Any:
        """Give the type to write in a signature, such as `list[SessionData]`."""
        try:
            return self._annotate(schema, name, frozenset())
        except RecursionError:
            return Any

    def _read(self, schema: Schema, value: Any) -> Any:
        reader = self.reader(schema)
        return reader(value) if reader else value

    def _make_model(self, schema: Schema, name: str) -> type[Model]:
        given = schema.name or _name_by_place(schema.target.pointer) or name
        title = to_pascal(given or str(schema.get("title") or "Object"))
        fields = _merge_fields(schema)
        attributes = _name_attributes(fields)
        members: dict[str, Any] = {
            "__slots__": (),
            "__doc__": _document(schema) or f"A {title} of the document.",
            "__module__": "mixdyn.models",
            "_schema": schema,
            "_family": self.family,
            "_attributes": attributes,
            "_fields": {wire: field for wire, field in fields.items() if field is not None},
        }
        members |= {attribute: Pending(self.complete, attribute) for attribute in attributes}
        made: Any = Kind(title, (Model,), members)
        return made  # type: ignore[no-any-return]  # checkers do not know of its class

    def complete(self, model: Any) -> None:
        """Give a class its attributes; those of many are never looked at."""
        with self._lock:
            for attribute, wire in model._attributes.items():
                if isinstance(vars(model)[attribute], Pending):
                    setattr(model, attribute, self._make_attribute(model, wire))

    def _make_attribute(self, model: Any, wire: str) -> Any:
        field = model._fields.get(wire)
        if field is None:
            return Field(wire, None, "")
        try:
            reader = self.reader(field, model.__name__ + to_pascal(wire))
            return make_attribute(wire, reader, _document(field), is_plain=_is_plain(field.core))
        except DocumentError:  # a check of the whole answer tells
            return Field(wire, None, "")

    def _make_reader(self, schema: Schema, name: str) -> Reader | None:
        if _is_union(schema):
            return self._union_reader(schema, name)
        if schema.properties:
            return self._model_reader(schema, name)
        if "array" in schema.types:
            return self._array_reader(schema, name + "Item")
        if "object" in schema.types:
            value = self.reader(schema.additional, name + "Value")
            return _map_reader(value) if value else None
        return _find_reader(schema)

    def _array_reader(self, schema: Schema, name: str) -> Reader | None:
        item = self.reader(schema.items, name)
        if schema.items is None or item is None:
            return None
        kind = schema.items.core
        is_single = not _is_union(kind) and bool(kind.properties) and kind.discriminator is None
        find_model = partial(self.model, kind, name) if is_single else None
        return _list_reader(item, find_model)

    def _model_reader(self, schema: Schema, name: str) -> Reader:
        discriminator = schema.discriminator
        view: Reader | None = None  # found at the first use: schemas may be recursive

        def read(value: Any) -> Any:
            nonlocal view
            if not is_dict(value):
                return value
            picked = discriminator.pick(value) if discriminator else None
            if picked is not None:
                return make_view(self.model(picked, name), value)
            if view is None:
                view = partial(make_view, self.model(schema, name))
            return view(value)

        return read

    def _union_reader(self, schema: Schema, name: str) -> Reader | None:
        readers = [self.reader(leaf, name) for leaf in schema.leaves]
        if not any(readers):
            return None

        def read(value: Any) -> Any:
            branch = _narrow(schema, value)
            if branch is None:
                return make_view(Model, value) if is_dict(value) else value
            reader = self.reader(branch, name)
            return reader(value) if reader else value

        return read

    def _annotate(self, schema: Schema | None, name: str, inside: frozenset[int]) -> Any:
        if schema is None:
            return Any
        core = schema.core
        key = id(core.resolved)
        if key in inside:
            return Any  # a type cannot be written inside itself
        kind = self._annotate_core(core, name, inside | {key})
        return kind | None if schema.is_nullable and kind is not Any else kind

    def _annotate_core(self, schema: Schema, name: str, inside: frozenset[int]) -> Any:
        values = tuple(value for value in schema.enum if value is not None)
        is_listed = 0 < len(values) <= _MOST_VALUES  # no one reads more, and no shell either
        if is_listed and all(isinstance(value, (str, int, bool)) for value in values):
            return Literal[values]
        if _is_union(schema):
            kinds = tuple(self._annotate(leaf, name, inside) for leaf in schema.leaves)
            return Union[kinds] if kinds else Any  # noqa: UP007  # the kinds are made here
        if schema.properties:
            return self.model(schema, name)
        if len(schema.types) != 1:
            return Union[tuple(map(_plain_type, schema.types))] if schema.types else Any  # noqa: UP007
        return self._annotate_single(schema, name, inside)

    def _annotate_single(self, schema: Schema, name: str, inside: frozenset[int]) -> Any:
        kind = _plain_type(schema.types[0])
        if kind is list:
            return list[self._annotate(schema.items, name + "Item", inside)]  # type: ignore[misc]
        if kind is dict:
            value = self._annotate(schema.additional, name + "Value", inside)
            return dict[str, value]  # type: ignore[valid-type]
        if kind is str:
            return {"date-time": datetime, "date": date}.get(schema.format or "", str)
        return kind


def _name_attributes(wires: Iterable[str]) -> dict[str, str]:
    """Name the attributes; a property whose wire name is an attribute's name has it for itself."""
    ordered = sorted(wires, key=lambda wire: to_snake(wire) != wire)
    names = resolve_collisions(map(to_snake, ordered), taken=RESERVED)
    by_wire = dict(zip(ordered, names, strict=True))
    return {by_wire[wire]: wire for wire in wires}


def _document(schema: Schema) -> str:
    """Give what a class or attribute says of itself; a class takes no odd characters."""
    return printable(schema.description[:_LONGEST_DOC])


def _find_reader(schema: Schema) -> Reader | None:
    """Give the reader of a value that holds no others."""
    return {"date-time": _read_datetime, "date": _read_date}.get(schema.format or "")


def _plain_type(name: str) -> Any:
    return _PLAIN_TYPES.get(name, Any)


def _list_reader(item: Reader, find_model: Callable[[], type[Model]] | None) -> Reader:
    def read(value: Any) -> Any:
        try:
            if not is_array(value):
                return value
            if find_model is not None and {*map(type, value)} == {dict}:
                return Rows(make_views(find_model(), value))
            return Rows(map(item, value))
        except RecursionError:  # nested beyond reason: below here it stays as it came
            return value

    return read


def _map_reader(item: Reader) -> Reader:
    def read(value: Any) -> Any:
        try:
            return Fields({k: item(v) for k, v in value.items()}) if is_object(value) else value
        except RecursionError:
            return value

    return read


def _read_datetime(value: Any) -> Any:
    """Give an aware datetime (RFC 3339, 5.6); text without an offset stays text: never guess."""
    try:
        parsed = _parse_datetime(value)
    except (ValueError, TypeError):
        is_small = isinstance(value, str) and value[-1:] == "z"  # which RFC 3339 allows, too
        found = _read_datetime(value.upper()) if is_small else None
        return found if isinstance(found, datetime) else value
    return parsed if parsed.tzinfo is not None else value


_parse_datetime = datetime.fromisoformat


def _read_date(value: Any) -> Any:
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError):
        return value


def _is_union(schema: Schema) -> bool:
    """Tell whether a branch must be picked; one object with conditional parts stays one model."""
    if not schema.branches:
        return False
    return not schema.properties or schema.implied_discriminator is not None


def _is_plain(schema: Schema) -> bool:
    """Tell whether values are numbers, texts and the like, and nothing else."""
    is_known = bool(schema.types) and _PLAIN.issuperset(schema.types)
    return is_known and not schema.branches and not schema.properties


def _narrow(schema: Schema, value: Any) -> Schema | None:
    """Follow unions down to what an instance belongs to; None where a discriminator has no such."""
    for _ in range(_MAX_UNIONS):
        if not _is_union(schema):
            return schema
        discriminator = schema.implied_discriminator
        picked = discriminator.pick(value) if discriminator is not None else None
        if picked is None and not _is_named(schema, value):
            picked = _best_branch(schema.branches, value)
        if picked is None:
            return None
        schema = picked.core
    return None


def _is_named(schema: Schema, value: Any) -> bool:
    """Tell whether a discriminator decides: one that is declared, or implied and there."""
    if schema.discriminator is not None:
        return True
    implied = schema.implied_discriminator
    return implied is not None and is_object(value) and implied.property_name in value


def _best_branch(branches: Iterable[Schema], value: Any) -> Schema:
    """Pick the branch of the right type whose properties fit best, the first of equals."""
    keys = set(value) if is_dict(value) else set[str]()
    kinds = name_types(value)

    def score(leaf: Schema) -> tuple[bool, bool, int]:
        has_type = not leaf.types or not kinds.isdisjoint(leaf.types)
        return has_type, leaf.required <= keys, len(keys & set(leaf.properties))

    worst = (False, False, 0)
    return max(branches, key=lambda branch: max(map(score, branch.leaves), default=worst))


def _merge_fields(schema: Schema) -> dict[str, Schema | None]:
    """Give the properties of an object and of its alternatives; None for what they disagree on."""
    fields: dict[str, Schema | None] = {}
    for leaf in schema.leaves if schema.branches else ():
        for wire, field in leaf.properties.items():
            known = fields.setdefault(wire, field)
            is_same = known is not None and known.core.resolved is field.core.resolved
            fields[wire] = field if is_same else None
    return {**schema.properties, **{w: f for w, f in fields.items() if w not in schema.properties}}


def _name_by_place(pointer: str) -> str:
    """
    Name a schema inside a named one by its place, such as `SessionCreatedBy`; else nothing.

    So that a class is called the same, whoever asks for it first.
    """
    _, named, rest = pointer.partition("/components/schemas/")
    steps = iter(rest.split("/"))
    owner = to_pascal(unescape_pointer(next(steps)))
    place = ""
    for step in steps:
        if step in ("properties", "patternProperties", "$defs"):
            place += to_pascal(unescape_pointer(next(steps, "")))
        else:
            place += _PLACES.get(step, "")
    return owner + place if named and place else ""
