"""
A document's schemas as a prompt shows them: fields as a tree, an example, a check of values.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from mixdyn.block import Block, Heading, Paragraph, Span, Table, Words, one_line, words
from mixdyn.descriptor import Fallback
from mixdyn.errors import DocumentError, Problem, excerpt, nearest
from mixdyn.names import resolve_collisions, to_identifier, to_pascal
from mixdyn.normalform import Direction, normalize
from mixdyn.outline import describe_kind, make_table, outline, write_remarks
from mixdyn.page import Page
from mixdyn.results import Model, Types
from mixdyn.sample import Sampler, Taste
from mixdyn.schema import Schema
from mixdyn.validation import Validator
from mixdyn.wire import WireError, to_wire

_NOW = 1_735_689_600.0
_TEXT = 1500
_SUMMARY = 120
_MOST_ROWS = 60


class SchemaView:
    """
    One schema: its fields as a tree at a prompt, an example, a check.

    Item access gives the schema of a property, by its wire name.
    """

    __slots__ = ("__weakref__", "_code", "_name", "_schema", "_types")

    def __init__(self, schema: Schema, types: Types, name: str, code: str) -> None:
        self._schema = schema
        self._types = types
        self._name = name
        self._code = code

    @property
    def name(self) -> str:
        """The schema's name in the document, or where it stands."""
        return self._name

    @property
    def model(self) -> type[Model] | None:
        """The class of results of this schema, or None where it is no object with properties."""
        return self._types.model(self._schema, self._name) if self._schema.core.properties else None

    def example(self, direction: Direction = "response") -> Any:
        """
        Give a valid instance as JSON: of the document's examples, or made up.

        Raises ValueError where none is found: few schemas are that odd, and some fit nothing.
        """
        sampler = Sampler()
        made = sampler.sample(self._schema, self._name, Taste(_NOW, direction=direction))
        if not sampler.validator(self._schema, direction).accepts(made):
            problem = next(iter(self.validate(made, direction)), "it cannot be checked")
            message = f"{excerpt(self._name, 60)}: no value was found that fits the schema"
            raise ValueError(f"{message}; of the nearest, {excerpt(str(problem), 200)}")
        return made

    def validate(self, value: Any, direction: Direction = "response") -> tuple[Problem, ...]:
        """Say what is wrong with a value, which may be JSON or a result; nothing where it fits."""
        try:
            wire = to_wire(value, self._schema)
        except WireError as error:
            return (error.problem,)
        return Validator(normalize(self._schema, direction)).problems(wire)

    def json_schema(self, direction: Direction = "response") -> dict[str, Any] | bool:
        """Give the schema as self-contained JSON Schema 2020-12, as it is used for checks."""
        return normalize(self._schema, direction)

    def __getitem__(self, name: str) -> SchemaView:
        declared = self._properties()
        if name not in declared:
            raise KeyError(f"{excerpt(name, 60)}{nearest(str(name), declared)}")
        return SchemaView(declared[name], self._types, name, f"{self._code}[{name!r}]")

    def __contains__(self, name: object) -> bool:
        return name in self._properties()

    def __iter__(self) -> Iterator[str]:
        return iter(self._properties())

    def __len__(self) -> int:
        return len(self._properties())

    def __bool__(self) -> bool:
        return True

    @Fallback
    def __getattr__(self, name: str) -> Any:
        message = f"schema {excerpt(self._name, 60)!r} has no attribute {excerpt(name, 60)!r}"
        known = [n for n in dir(type(self)) if not n.startswith("_")]
        hint = f"; its properties are items: [{name!r}]" if name in self._properties() else ""
        raise AttributeError(message + (hint or nearest(name, known)), name=name, obj=None)

    def _properties(self) -> dict[str, Schema]:
        """Give the properties of the object, of the items of an array, of all alternatives."""
        core = self._schema.core
        while not core.properties and core.items is not None and core is not core.items.core:
            core = core.items.core
        found: dict[str, Schema] = {}
        for leaf in (core, *core.leaves):
            for name, declared in leaf.properties.items():
                found.setdefault(name, declared)
        return found

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._properties())

    @property
    def description(self) -> str:
        """What the document says of it, or empty."""
        return self._schema.description

    def _page(self) -> Page:
        """Give the page about this schema."""
        kind = describe_kind(self._types, self._schema, self._name)
        remarks = " · ".join(write_remarks(self._schema, required=False))
        title = Span(one_line(self._name, 80), "title")
        is_class = kind == to_pascal(self._name)
        kinds = words(" ", Span(kind, "kind")) if not is_class else ()
        noted = Span(f" · {remarks}" if remarks else "", "note")
        blocks: list[Block] = [Heading(words(title, kinds, noted))]
        text = one_line(self.description, _TEXT)
        blocks += [Paragraph(words(text))] if text else []
        fields = outline(self._schema, self._types)
        blocks += [make_table(fields)] if fields else []
        hint = Span("Also: .example(), .validate(value), .model", "note")
        return Page(*blocks, Paragraph(words(hint)))

    def _repr_html_(self) -> str | None:
        from mixdyn.explore import show_html

        return show_html(self)

    def __repr__(self) -> str:
        from mixdyn.explore import show

        return show(self)

    def __str__(self) -> str:
        return f"<Schema {excerpt(self._name, 80)}>"


class SchemaBook:
    """The schemas of a document's components: attributes by name, items by the name as written."""

    def __init__(self, types: Types, variable: str) -> None:
        self._types = types
        self._variable = variable

    @cached_property
    def _names(self) -> dict[str, str]:
        """The attributes, and the names that they stand for."""
        wires = self._types.schemas.component_names()
        names = resolve_collisions(map(to_identifier, wires))
        return dict(zip(names, wires, strict=True))

    def __getitem__(self, name: str) -> SchemaView:
        schema = self._types.schemas.component(str(name))
        if schema is None:
            raise KeyError(f"{excerpt(name, 60)}{nearest(str(name), self)}")
        code = next(f"schemas.{a}" for a, wire in self._names.items() if wire == name)
        return SchemaView(schema, self._types, name, code)

    @Fallback
    def __getattr__(self, name: str) -> SchemaView:
        if not name.startswith("_"):
            wire = self._names.get(name)
            if wire is None:
                wire = next((w for w in self if name in (w, to_pascal(w))), None)
            if wire is not None:
                return self[wire]
        message = f"the document has no schema {excerpt(name, 60)!r}"
        known = () if name.startswith("_") else self._names
        raise AttributeError(message + nearest(name, known), name=name, obj=None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._types.schemas.component_names())

    def __len__(self) -> int:
        return len(self._types.schemas.component_names())

    def __contains__(self, name: object) -> bool:
        return name in self._types.schemas.component_names()

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._names})

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def _page(self) -> Page:
        """Give the page that lists the schemas."""
        names = list(self._names.items())
        rows = tuple(self._row(*pair) for pair in names[:_MOST_ROWS])
        title = Heading(words(Span("Schemas", "title"), f" {len(names)}"))
        blocks: list[Block] = [title, *([Table(rows)] if rows else [])]
        if len(names) > _MOST_ROWS:
            more = f'… and {len(names) - _MOST_ROWS} more: {self._variable}.find("…")'
            blocks.append(Paragraph(words(Span(more, "note"))))
        return Page(*blocks)

    def _row(self, attribute: str, wire: str) -> tuple[Words, ...]:
        view = self[wire]
        try:
            text = one_line(view.description, _SUMMARY)
            fields = one_line(", ".join(view), _SUMMARY) if not text else ""
        except DocumentError as error:
            text, fields = one_line(str(error), _SUMMARY), ""
        name = words(Span(one_line(attribute, 80), "name"))
        return name, words(text, Span(fields, "note"))

    def _repr_html_(self) -> str | None:
        from mixdyn.explore import show_html

        return show_html(self)

    def __repr__(self) -> str:
        from mixdyn.explore import show

        return show(self)

    def __str__(self) -> str:
        return f"<Schemas: {excerpt(', '.join(self._names), 400)}>"
