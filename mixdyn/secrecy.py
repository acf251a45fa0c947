"""
Which names an operation's document marks as secret: by its security schemes, by `writeOnly` and by
`format: password`. Reads operations and schemas, and no values.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from mixdyn.applicator import LISTS, TELLING_MAPS, TELLING_SINGLES
from mixdyn.errors import DocumentError
from mixdyn.media import MediaType
from mixdyn.operation import Operation
from mixdyn.redact import Redactor, is_marked
from mixdyn.schema import Schema
from mixdyn.scheme import SecurityScheme
from mixdyn.shape import as_array, as_object, is_object

_MAX_VISITS = 50_000
_REFERENCES = ("$ref", "$dynamicRef")


class Secrecy:
    """
    Knows what is secret in the calls of one operation.

    Names count for the whole operation, its request and its answers, wherever they stand: what one
    schema marks is masked in logs, messages and commands also where another declares the same name
    plainly. The reprs of results go by their own schemas, and are not touched by it.
    """

    def __init__(self, operation: Operation, schemes: Mapping[str, SecurityScheme]) -> None:
        self._operation = operation
        self._schemes = schemes
        self._lock = threading.Lock()
        self._redactor: Redactor | None = None

    def redactor(self) -> Redactor:
        """Give what masks this operation's secrets, made when first needed and then kept."""
        with self._lock:
            if self._redactor is None:
                self._redactor = Redactor(self._find_names())
            return self._redactor

    def _find_names(self) -> set[str]:
        keys = (s.parameter for s in self._schemes.values() if s.kind == "apiKey")
        return {name for name in (*keys, *_Walk(_find_roots(self._operation)).names) if name}


class _Walk:
    """
    Goes through schemas once for each property that they describe, past references that lead
    nowhere, and collects the names of those that are marked.
    """

    def __init__(self, roots: Iterator[tuple[str, Schema]]) -> None:
        self.names: set[str] = set()
        self._seen: set[tuple[int, str]] = set()
        self._waiting = list(roots)
        while self._waiting and len(self._seen) < _MAX_VISITS:
            self._visit(*self._waiting.pop())

    def _visit(self, owner: str, schema: Schema) -> None:
        key = (id(schema), owner)
        if key in self._seen:
            return
        is_new = (id(schema), "") not in self._seen
        self._seen |= {key, (id(schema), "")}
        if is_marked(schema.value):
            self.names.add(owner)
        self._waiting += ((owner, inner) for inner in _find_inner(schema))
        if is_new:
            names = as_object(schema.value.get("properties"))
            self._waiting += ((str(name), schema.child("properties", name)) for name in names)


def _find_roots(operation: Operation) -> Iterator[tuple[str, Schema]]:
    """Give the schemas of all that is sent and received, with the names of parameters."""
    for parameter in operation.parameters:
        if parameter.schema is not None:
            yield parameter.name, parameter.schema
    if operation.body is not None:
        yield from (("body", schema) for schema in _find_schemas(operation.body.media))
    for response in operation.responses:
        yield from (("", schema) for schema in _find_schemas(response.media))


def _find_schemas(media: tuple[MediaType, ...]) -> Iterator[Schema]:
    for one in media:
        yield from (s for s in (one.schema, one.item_schema) if s is not None)


def _find_inner(schema: Schema) -> Iterator[Schema]:
    """Give the schemas of the same value, and of what it holds without a declared name."""
    value = schema.value
    for keyword in _REFERENCES:
        if isinstance(value.get(keyword), str):
            yield from _follow(schema, value[keyword])
    for keyword in LISTS:
        yield from (schema.child(keyword, i) for i in range(len(as_array(value.get(keyword)))))
    for keyword in TELLING_MAPS:
        yield from (schema.child(keyword, name) for name in as_object(value.get(keyword)))
    for keyword in TELLING_SINGLES:
        if is_object(value.get(keyword)):
            yield schema.child(keyword)


def _follow(schema: Schema, reference: str) -> Iterator[Schema]:
    try:
        yield schema.space.at(schema.space.document.follow(reference, schema.target))
    except (DocumentError, OSError):  # whoever needs what it should lead to will hear of it
        return
