"""
The classes of results, and the dictionaries that may be passed in their place.
"""

from __future__ import annotations

import ast
import keyword
import unicodedata
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from mixdyn.errors import DocumentError
from mixdyn.names import to_pascal
from mixdyn.results import Types
from mixdyn.schema import Schema
from mixdyn.shape import is_object
from mixdyn.tools.stubs import syntax
from mixdyn.tools.stubs.kind import InputWriter, Writer
from mixdyn.tools.stubs.module import Module
from mixdyn.view import Model


class Field(NamedTuple):
    """An attribute of a result class."""

    name: str
    wire: str
    schema: Schema | None
    is_required: bool


class Records:
    """
    All result classes that the stubs of a document speak of; each is written once.

    Those of components stand in `models` under the component's name, the others in `records`.
    """

    def __init__(self, types: Types, models: Module, records: Module, inputs: Module) -> None:
        self.results = Writer(lambda kind: [self.refer(kind)])
        self.inputs = InputWriter(self._list_inputs)
        self._types = types
        self._modules = {"_models": models, "_records": records}
        self._input_module = inputs
        self._annotations: dict[tuple[type[Model], str], Any] = {}
        self._places: dict[type[Model], tuple[str, str]] = {}
        self._dictionaries: dict[type[Model], tuple[str, ...]] = {}
        self._classes: deque[type[Model]] = deque()
        self._unwritten: deque[type[Model]] = deque()

    def add_components(self) -> None:
        """Write the classes that `mixdyn.models` has, each under its name there."""
        models = self._modules["_models"]
        for name, kind in list_components(self._types):
            models.names.add(name)
            if kind in self._places:
                models.add(syntax.alias(name, syntax.refer(*self._places[kind])))
            else:
                self._places[kind] = ("_models", name)
                self._classes.append(kind)

    def write_waiting(self) -> None:
        """Write all classes that something refers to, and those that these refer to."""
        while self._classes or self._unwritten:
            if self._classes:
                kind = self._classes.popleft()
                place, name = self._places[kind]
                self._modules[place].add(self._write_class(kind, name))
            else:
                self._input_module.add(*self._write_dictionaries(self._unwritten.popleft()))

    def refer(self, kind: type[Model]) -> ast.expr:
        """Give the reference to a result class."""
        if kind not in self._places:
            name = self._modules["_records"].claim(kind.__name__)
            self._places[kind] = ("_records", name)
            self._classes.append(kind)
        return syntax.refer(*self._places[kind])

    def annotate(self, kind: type[Model], field: Field) -> Any:
        """Give the type that the runtime has for an attribute."""
        key = (kind, field.wire)
        if key not in self._annotations:
            self._annotations[key] = self._annotate(kind, field)
        return self._annotations[key]

    def _annotate(self, kind: type[Model], field: Field) -> Any:
        with suppress(DocumentError):  # where a reference leads nowhere, a call will say so
            return self._types.annotation(field.schema, kind.__name__ + to_pascal(field.wire))
        return Any

    def _list_inputs(self, kind: type[Model]) -> list[ast.expr]:
        """Give what may be passed for a result class: the class, or a dictionary."""
        names = self._dictionaries[kind] = tuple(self._name_dictionaries(kind))
        self._unwritten.append(kind)
        found = [self.refer(kind), *(syntax.refer("_inputs", name) for name in names)]
        if _takes_more(kind):
            any_keys = [syntax.builtin("str"), syntax.any_type()]
            found.append(syntax.subscript(syntax.refer("_abc", "Mapping"), any_keys))
        return found

    def _name_dictionaries(self, kind: type[Model]) -> Iterator[str]:
        """Name the dictionary of a class's attributes, and that of wire names if they differ."""
        claim = self._input_module.claim
        yield claim(f"{kind.__name__}Dict")
        if any(field.name != field.wire for field in list_fields(kind)):
            yield claim(f"{kind.__name__}Wire")

    def _write_class(self, kind: type[Model], name: str) -> ast.stmt:
        fields = list_fields(kind)
        keywords = [
            (field.name, self._write_input(kind, field), field.is_required)
            for field in sorted(fields, key=lambda field: not field.is_required)
        ]
        make = syntax.function("__init__", ast.Constant(None), keywords=keywords)
        members = [self._write_attribute(kind, field) for field in fields]
        bases = [syntax.refer("_form", "Record")]
        return syntax.class_of(name, bases, [make, *members], str(kind.__doc__ or ""))

    def _write_attribute(self, kind: type[Model], field: Field) -> ast.stmt:
        written = self.results.write(self.annotate(kind, field))
        written = written if field.is_required else syntax.optional(written)
        return syntax.read_only(field.name, written, _describe(field.schema))

    def _write_dictionaries(self, kind: type[Model]) -> Iterator[ast.stmt]:
        fields = list_fields(kind)
        name, *others = self._dictionaries[kind]
        members: list[ast.stmt] = [
            ast.AnnAssign(ast.Name(f.name, ast.Store()), self._write_item(kind, f), None, simple=1)
            for f in fields
        ]
        yield syntax.class_of(name, [syntax.refer("_typing", "TypedDict")], members)
        for other in others:
            # Checkers know no dictionary with a key without a name.
            yield _functional(other, {f.wire: self._write_item(kind, f) for f in fields if f.wire})

    def _write_item(self, kind: type[Model], field: Field) -> ast.expr:
        value = self._write_input(kind, field)
        if field.is_required and not _is_answer(field.schema):
            return value
        return syntax.subscript(syntax.refer("_typing", "NotRequired"), [value])

    def _write_input(self, kind: type[Model], field: Field) -> ast.expr:
        written = self.inputs.write(self.annotate(kind, field))
        return written if field.is_required else syntax.optional(written)


def list_components(types: Types) -> Iterator[tuple[str, type[Model]]]:
    """Give the components that have a class, under names that a program can spell."""
    for name in filter(is_spelled, types.schemas.component_names()):
        with suppress(DocumentError):
            schema = types.schemas.component(name)
            if schema is not None and schema.core.properties:
                yield name, types.model(schema)


def is_spelled(name: str) -> bool:
    """Tell whether a program can write a name, and finds it: the parser folds what it reads."""
    is_plain = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
    return is_plain and unicodedata.normalize("NFKC", name) == name


def list_fields(kind: type[Model]) -> list[Field]:
    """Give a class's attributes."""
    members = vars(kind)
    schema: Schema = members["_schema"]
    attributes: Mapping[str, str] = members["_attributes"]
    fields: Mapping[str, Schema] = members["_fields"]
    return [Field(n, w, fields.get(w), w in schema.required) for n, w in attributes.items()]


def _takes_more(kind: type[Model]) -> bool:
    """Tell whether the schema of a class says that there may be further properties."""
    schema: Schema = vars(kind)["_schema"]
    more = schema.get("additionalProperties")
    return more is True or (is_object(more) and bool(more))


def _describe(schema: Schema | None) -> str:
    with suppress(DocumentError):  # as in `annotate`
        return schema.description if schema is not None else ""
    return ""


def _is_answer(schema: Schema | None) -> bool:
    """Tell whether only the server sets a property."""
    with suppress(DocumentError):  # as in `annotate`
        return schema is not None and schema.get("readOnly") is True
    return False


def _functional(name: str, fields: Mapping[str, ast.expr]) -> ast.stmt:
    """Give a dictionary type whose keys are no identifiers."""
    keys: list[ast.expr | None] = [ast.Constant(wire) for wire in fields]
    members = ast.Dict(keys, list(fields.values()))
    call = ast.Call(syntax.refer("_typing", "TypedDict"), [ast.Constant(name), members], [])
    return ast.Assign([ast.Name(name, ast.Store())], call)
