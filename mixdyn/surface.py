"""
What a document makes of a client: namespace classes, methods, plans. Shared by all its clients.

Knows how operations become attributes; knows no client but through the attribute `_client`.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixdyn.catalog import Entry, Node, build_catalog
from mixdyn.document import Document
from mixdyn.errors import nearest, printable, schema_error
from mixdyn.names import to_pascal, to_snake
from mixdyn.shape import as_array, as_object

if TYPE_CHECKING:
    from mixdyn.operation import SecurityScheme
    from mixdyn.plan import Plan
    from mixdyn.results import Types
    from mixdyn.schema import Schemas


class Namespace:
    """A group of operations, each a method; it belongs to one client."""

    __slots__ = ("_client",)

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        known = [n for n in dir(type(self)) if not n.startswith("_")]
        message = f"{type(self).__qualname__!r} has no operation {name!r}"
        raise AttributeError(message + nearest(name, known))

    def __repr__(self) -> str:
        names = (n for n in vars(type(self)) if not n.startswith("_") and not _is_twin(n))
        return f"<{type(self).__qualname__}: {', '.join(names)}>"


class Surface:
    """
    The attributes that a document gives to clients, built from its index.

    Methods and plans are made when first looked at, so that a large document costs little.
    """

    def __init__(self, document: Document, reserved: frozenset[str], user_agent: str) -> None:
        self.document = document
        self.catalog = build_catalog(document, reserved)
        self.namespaces = {
            name: self._make_namespace((name,), node)
            for name, node in self.catalog.root.children.items()
        }
        self._user_agent = user_agent
        self._plans: dict[str, Plan] = {}
        self._classes: weakref.WeakKeyDictionary[type, type] = weakref.WeakKeyDictionary()
        self._lock = threading.RLock()

    @cached_property
    def schemas(self) -> Schemas:
        """The document's schemas."""
        from mixdyn.schema import Schemas

        return Schemas(self.document)

    @cached_property
    def types(self) -> Types:
        """The Python types of the document's schemas."""
        from mixdyn.results import Types

        return Types(self.schemas)

    @cached_property
    def schemes(self) -> dict[str, SecurityScheme]:
        """The document's security schemes, by name."""
        from mixdyn.operation import parse_security_schemes

        return parse_security_schemes(self.document)

    def plan(self, entry: Entry) -> Plan:
        """Give an operation's plan, made when it is first needed."""
        found = self._plans.get(entry.qualified_name)
        if found is not None:
            return found
        with self._lock:
            return self._plans.get(entry.qualified_name) or self._make_plan(entry)

    def error_names(self) -> Iterator[str]:
        """Name the error classes of all operations."""
        for entry in self.catalog.entries:
            yield from self.plan(entry).reader.error_names()

    def install(self, target: type) -> None:
        """Give a client class this document's namespaces and methods."""
        for name in self.namespaces:
            setattr(target, name, _Slot(name))
        for name, method in self._methods(self.catalog.root, target.__qualname__).items():
            setattr(target, name, method)
        target._bound_to = self  # type: ignore[attr-defined]  # declared by the client class

    def bind(self, base: type) -> type:
        """Give `base`, or the subclass of it, that has this document's namespaces."""
        if getattr(base, "_bound_to", None) is self:
            return base
        if base not in self._classes:
            members = {"__doc__": base.__doc__, "__module__": base.__module__, "_base": base}
            made = type(base.__name__, (base,), members | {"__qualname__": base.__qualname__})
            self.install(made)
            self._classes[base] = made
        return self._classes[base]

    def _make_namespace(self, path: tuple[str, ...], node: Node) -> type[Namespace]:
        name = ".".join(map(to_pascal, path))
        members: dict[str, Any] = self._methods(node, name)
        for child, inner in node.children.items():
            members[child] = _Child(self._make_namespace((*path, child), inner))
        members |= {"__slots__": (), "__module__": "mixdyn", "__qualname__": name}
        return type(to_pascal(path[-1]), (Namespace,), members | {"__doc__": self._tag_doc(path)})

    def _methods(self, node: Node, owner: str) -> dict[str, Any]:
        return {
            called: _LazyMethod(self, entry, owner)
            for name, entry in node.operations.items()
            for called in (name, f"{name}_async")
        }

    def _tag_doc(self, path: tuple[str, ...]) -> str:
        for tag in map(as_object, as_array(self.document.root.get("tags"))):
            if to_snake(str(tag.get("name"))) == path[0]:
                return printable(str(tag.get("description") or tag.get("name")))
        return f"The operations of {'.'.join(path)}."

    def _make_plan(self, entry: Entry) -> Plan:
        from mixdyn.operation import parse_operation
        from mixdyn.plan import make_plan

        operation = parse_operation(self.schemas, entry)
        plan = make_plan(operation, self.types, self.schemes, self._user_agent)
        for name in plan.reader.error_names():
            schema_error(name)
        self._plans[entry.qualified_name] = plan
        return plan


class _LazyMethod:
    """Stands for a method until it is first looked at; the real functions then take its place."""

    def __init__(self, surface: Surface, entry: Entry, owner: str) -> None:
        self._surface = surface
        self._entry = entry
        self._owner = owner
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        from mixdyn.method import make_methods

        plan = self._surface.plan(self._entry)
        pair = make_methods(plan, self._surface.types, self._entry.name, self._owner)
        holder = next(c for c in owner.__mro__ if self._entry.name in vars(c))
        for function in pair:
            setattr(holder, function.__name__, function)
        return getattr(owner if instance is None else instance, self._name)


class _Child:
    """A namespace inside a namespace."""

    def __init__(self, namespace: type[Namespace]) -> None:
        self._namespace = namespace

    def __get__(self, instance: Namespace | None, owner: type) -> Any:
        return self._namespace if instance is None else self._namespace(instance._client)


class _Slot:
    """A namespace of a client; which one it is, the client's current document decides."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, client: Any, owner: Any) -> Any:
        if client is None:
            return owner._bound_to.namespaces[self._name]
        found = client._namespaces.get(self._name)
        if found is None:
            raise AttributeError(self._name)  # the client's `__getattr__` then words it
        return found


def list_slots(kind: type) -> set[str]:
    """Name all namespaces that a client class or one of its bases has a place for."""
    return {n for c in kind.__mro__ for n, v in vars(c).items() if isinstance(v, _Slot)}


def _is_twin(name: str) -> bool:
    return name.endswith("_async")
