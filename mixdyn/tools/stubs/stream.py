"""
The types of events: one class for each kind, told apart by its `event` where the document does so.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from types import UnionType
from typing import Any, Union, get_args, get_origin

from mixdyn.errors import DocumentError
from mixdyn.media import is_json, media_essence
from mixdyn.plan import Plan
from mixdyn.results import Types
from mixdyn.schema import Schema
from mixdyn.shape import as_text
from mixdyn.tools.stubs import syntax
from mixdyn.tools.stubs.module import Module
from mixdyn.tools.stubs.record import Records
from mixdyn.view import Model


class Events:
    """Writes what the streams of a document give; a class that several give is written once."""

    def __init__(self, types: Types, records: Records, typed: Module) -> None:
        self._types = types
        self._records = records
        self._typed = typed
        self._made: dict[tuple[type[Model], tuple[str, ...]], str] = {}

    def write(self, plan: Plan) -> ast.expr:
        """Give the type of a stream's events or records."""
        try:
            return syntax.union(self._list_kinds(plan))
        except DocumentError:  # then they are untyped, and say why
            return syntax.refer("_eventview", "UnknownEvent")

    def _list_kinds(self, plan: Plan) -> Iterator[ast.expr]:
        schema, discriminator = plan.events.schema, plan.events.discriminator
        if schema is None:
            yield syntax.refer("_eventview", "UnknownEvent")
        elif discriminator is None:
            yield from self._write_branch(plan, schema, ())
        else:
            is_name = plan.events.is_envelope and discriminator.property_name == "event"
            for tags, branch in _group(discriminator.branches):
                yield from self._write_branch(plan, branch, tags if is_name else ())

    def _write_branch(
        self, plan: Plan, schema: Schema, tags: tuple[str, ...]
    ) -> Iterator[ast.expr]:
        kind = self._types.annotation(schema, plan.events.name)
        kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
        if not plan.events.is_envelope and not plan.events.is_records:
            held = Any if _holds_json(schema) else kind
            yield syntax.subscript(syntax.refer("_form", "DataEvent"), [self._result(held)])
            return
        for member in kinds:
            if isinstance(member, type) and issubclass(member, Model):
                yield self._write_class(member, tags)
            else:
                yield self._result(member)

    def _result(self, kind: Any) -> ast.expr:
        return self._records.results.write(kind)

    def _write_class(self, kind: type[Model], tags: tuple[str, ...]) -> ast.expr:
        key = (kind, tags)
        if key not in self._made:
            model = self._records.refer(kind)
            self._made[key] = self._typed.claim(kind.__name__)
            members = [syntax.read_only("event", syntax.literal(tags))] if tags else []
            bases = [model, syntax.refer("_eventview", "Event")]
            doc = str(kind.__doc__ or "")
            self._typed.add(syntax.class_of(self._made[key], bases, members, doc))
        return syntax.refer("_typed", self._made[key])


def _group(branches: dict[str, Schema]) -> list[tuple[tuple[str, ...], Schema]]:
    """Give the branches, each once, with all names that mean it."""
    found: dict[int, tuple[tuple[str, ...], Schema]] = {}
    for tag, branch in branches.items():
        with suppress(DocumentError):  # such events are untyped, and say why
            key = id(branch.resolved)
            found[key] = ((*found.get(key, ((), branch))[0], tag), branch)
    return list(found.values())


def _holds_json(schema: Schema) -> bool:
    """Tell whether events are texts that hold JSON: what it holds is given, not the text."""
    return is_json(media_essence(as_text(schema.core.get("contentMediaType"))))
