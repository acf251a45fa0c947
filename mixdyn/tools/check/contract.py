"""
What a document offers to programs: its names are found by the rules that clients go by.
"""

from __future__ import annotations

from functools import cached_property
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

from mixdyn import errors
from mixdyn.binding import Binder
from mixdyn.bundled import BUNDLED
from mixdyn.catalog import Entry, Node
from mixdyn.client import Client, make_surface
from mixdyn.document import Document, Source
from mixdyn.errors import DocumentError, schema_error
from mixdyn.plan import Plan
from mixdyn.results import Types
from mixdyn.signature import result_type
from mixdyn.surface import Surface
from mixdyn.tool import find_tool
from mixdyn.tools.check.symbol import Symbol
from mixdyn.view import Model

_OWN = frozenset(name for name in dir(Client) if not name.startswith("_"))
_MODEL = frozenset(dir(Model))
_CALLS = frozenset({"prepare", "with_response"})
_SHARE = 4  # documents with a quarter of their operations in common describe one API


class Missing(NamedTuple):
    """What is not there: its code, and the names that are."""

    code: str
    known: tuple[str, ...]


class Method(NamedTuple):
    """A method, or one of its own methods; `is_call` where calling it takes its arguments."""

    entry: Entry
    is_async: bool
    view: str = ""


class Value(NamedTuple):
    """A result, of the type that the document says; `is_awaitable` before it is awaited."""

    kind: Any
    is_awaitable: bool = False


Thing = Node | Method | Value | Missing | None


class Contract:
    """
    What one document offers.

    Args:
        spec: the document.
    """

    def __init__(self, spec: Source | Document) -> None:
        self.surface: Surface = make_surface(spec)
        self.document = self.surface.document

    @cached_property
    def is_mix(self) -> bool:
        """Whether this is an edition of the bundled document."""
        return self.is_related(BUNDLED)

    @cached_property
    def models(self) -> frozenset[str]:
        """The names that `mixdyn.models` has."""
        schemas = self.surface.schemas
        found = ((name, schemas.component(name)) for name in schemas.component_names())
        return frozenset(name for name, schema in found if schema and schema.core.properties)

    @cached_property
    def errors(self) -> frozenset[str]:
        """The names that `mixdyn.errors` has."""
        named = {schema_error(name).__name__ for name in self.surface.error_names()}
        return frozenset({*vars(errors), *named})

    @cached_property
    def by_place(self) -> dict[tuple[str, str], list[Entry]]:
        """The operations by method and path."""
        found: dict[tuple[str, str], list[Entry]] = {}
        for entry in self.surface.catalog.entries:
            found.setdefault((entry.method, entry.path), []).append(entry)
        return found

    def is_related(self, other: Surface) -> bool:
        """Tell whether another document describes the same API, perhaps in another edition."""
        if self.document.title == other.document.title and self.document.title:
            return True
        ours, theirs = set(self.by_place), {(e.method, e.path) for e in other.catalog.entries}
        return len(ours & theirs) * _SHARE > max(len(ours), len(theirs))

    def plan(self, entry: Entry) -> Plan | None:
        """Give an operation's plan, if the document describes it as it must."""
        try:
            return self.surface.plan(entry)
        except DocumentError:
            return None

    def binder(self, entry: Entry) -> Binder | None:
        """Give what sorts the keywords of an operation's calls."""
        plan = self.plan(entry)
        return plan.binder if plan is not None else None

    def find(self, symbol: Symbol) -> Thing:
        """Give what a symbol is by this document; None where nothing can be said."""
        base = symbol.base
        if base is None:
            return self.surface.catalog.root if symbol.kind == "client" else None
        if symbol.kind == "named":
            return self._named(symbol.name, is_async=bool(symbol.detail))
        thing = self.find(base)
        if symbol.kind == "member":
            return self._member(thing, symbol.name, is_client=base.kind == "client")
        if symbol.kind == "called":
            return self._called(thing)
        return _inner(thing, symbol.kind) if isinstance(thing, Value) else None

    def _named(self, name: str, *, is_async: bool) -> Thing:
        entries = self.surface.catalog.entries
        try:
            return Method(find_tool(name, entries, self.surface.tool_names), is_async)
        except LookupError:
            return Missing("no-method", tuple(entry.qualified_name for entry in entries))

    def _member(self, thing: Thing, name: str, *, is_client: bool) -> Thing:
        if name.startswith("_") or isinstance(thing, Missing):
            return None
        if isinstance(thing, Node):
            return None if is_client and name in _OWN else _child(thing, name, is_client=is_client)
        if isinstance(thing, Method):
            return thing._replace(view=name) if name in _CALLS and not thing.view else None
        return self._attribute(thing, name) if isinstance(thing, Value) else None

    def _attribute(self, value: Value, name: str) -> Thing:
        kind = value.kind
        if value.is_awaitable or not (isinstance(kind, type) and issubclass(kind, Model)):
            return None
        attributes: dict[str, str] = vars(kind).get("_attributes", {})
        if name in _MODEL - attributes.keys():
            return None
        wires = {wire: attribute for attribute, wire in attributes.items()}
        attribute = name if name in attributes else wires.get(name)
        if attribute is None:
            return Missing("no-attribute", tuple(attributes))
        return Value(_field_type(self.surface.types, kind, attributes[attribute]))

    def _called(self, thing: Thing) -> Thing:
        if not isinstance(thing, Method) or thing.view:
            return None
        plan = self.plan(thing.entry)
        if plan is None or plan.is_stream:
            return None
        return Value(_plain(result_type(plan, self.surface.types)), thing.is_async)


def _child(node: Node, name: str, *, is_client: bool) -> Thing:
    if name in node.children:
        return node.children[name]
    bare = name.removesuffix("_async")
    for called, is_async in ((name, False), (bare, True)):
        if called in node.operations and (called != name) == is_async:
            return Method(node.operations[called], is_async)
    code = "no-namespace" if is_client and node.children else "no-method"
    return Missing(code, (*node.children, *node.operations))


def _field_type(types: Types, kind: type[Model], wire: str) -> Any:
    field = vars(kind)["_fields"].get(wire)
    try:
        return _plain(types.annotation(field, f"{kind.__name__}{wire}"))
    except DocumentError:
        return Any


def _plain(kind: Any) -> Any:
    """Give a type without `None`: what it may be besides, if anything, is not certain."""
    if get_origin(kind) in (Union, UnionType):
        kinds = [k for k in get_args(kind) if k is not NoneType]
        return kinds[0] if len(kinds) == 1 else Any
    return kind


def _inner(value: Value, kind: str) -> Thing:
    """Give what awaiting or iterating a value gives."""
    if kind != "awaited":
        return _element(value)
    return Value(value.kind) if value.is_awaitable else None


def _element(value: Value) -> Thing:
    if value.is_awaitable or get_origin(value.kind) is not list:
        return None
    return Value(_plain(get_args(value.kind)[0]))
