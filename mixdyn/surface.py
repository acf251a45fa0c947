"""
What a document makes of a client: namespace classes, methods, plans. Shared by all its clients.

Knows how operations become attributes; knows no client but through the attribute `_client`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from mixdyn import errors
from mixdyn.catalog import Entry, Node, build_catalog
from mixdyn.descriptor import Fallback
from mixdyn.document import Document
from mixdyn.errors import DocumentError, excerpt, nearest, printable, schema_error
from mixdyn.garbage import at_rest
from mixdyn.names import to_pascal, to_snake
from mixdyn.roster import announce
from mixdyn.shape import as_array, as_object

if TYPE_CHECKING:
    from mixdyn.discovery import Mark
    from mixdyn.plan import Plan
    from mixdyn.results import Types
    from mixdyn.schema import Schemas
    from mixdyn.scheme import SecurityScheme
    from mixdyn.search import Index

_LONGEST_TEXT = 10_000
_MOST_LISTED = 300


class Namespace:
    """A group of operations, each a method; it belongs to one client, and follows its document."""

    __slots__ = ("_client",)
    _home: tuple[Surface, tuple[str, ...], Node]  # of each class: its document, and its place there

    def __init__(self, client: Any) -> None:
        self._client = client

    @Fallback
    def __getattr__(self, name: str) -> Any:
        now = self._now()
        if now is not self and not name.startswith("_"):
            return getattr(now, name)
        kind = type(self)
        raise missing(f"{kind.__qualname__!r} has no operation", name, dir(kind))

    def __dir__(self) -> list[str]:
        return sorted({*dir(Namespace), *dir(type(self._now()))})

    def _now(self) -> Namespace:
        """Give the namespace as the client's document has it by now; itself where that has none."""
        surface, path, _ = self._home
        if self._client._surface is surface:
            return self
        found: Any = self._client
        for step in path:
            found = getattr(found, step, None)
        return found if isinstance(found, Namespace) else self

    def _page(self) -> Any:
        """Give the page about this namespace."""
        from mixdyn.explore import describe_namespace

        surface, path, node = self._now()._home
        doc = _NamespaceDoc(surface.document, path, node)
        call = ".".join((type(self._client).__name__.lower(), *path))
        entries = tuple(node.operations.values())
        return describe_namespace(
            ".".join(path), doc.introduce(), call, entries, node.children, surface.plan
        )

    def _repr_html_(self) -> str | None:
        from mixdyn.explore import show_html

        return show_html(self)

    def __repr__(self) -> str:
        from mixdyn.explore import show

        return show(self)

    def __str__(self) -> str:
        kind = type(self._now())
        names = (n for n in vars(kind) if not n.startswith("_") and not _is_twin(n))
        return f"<{kind.__qualname__}: {excerpt(', '.join(names), 400)}>"


class Surface:
    """
    The attributes that a document gives to clients, built from its index.

    Methods and plans are made when first looked at, so that a large document costs little.

    Args:
        document: the document.
        client_class: the class of clients, whose public names the document's own must not take.
        user_agent: what requests say of the client.
        home: the server of clients that have one already; a document that was fetched cannot name
            one of another origin, see `server`.
        family: what the editions of one document have in common, see `results.Types`.

    `mark` is by what the server knows the document, where it is the server's own.
    """

    def __init__(
        self,
        document: Document,
        client_class: type,
        user_agent: str,
        home: str | None = None,
        family: object = None,
    ) -> None:
        self.document = document
        self.family = family if family is not None else object()
        self.home = home
        self.mark: Mark | None = None
        self.reserved = frozenset(n for n in dir(client_class) if not n.startswith("_"))
        self.catalog = build_catalog(document, self.reserved)
        root = self.catalog.root
        self.namespaces = {
            name: self._make_namespace((name,), node) for name, node in root.children.items()
        }
        methods = self._methods(root, client_class.__qualname__)
        self.functions = type("Functions", (), methods)
        self.names = (*self.namespaces, *methods)
        self.own_names = (*self.namespaces, *root.operations)  # without the twins
        self._client_class = client_class
        self._user_agent = user_agent
        self._plans: dict[str, Plan] = {}
        self._classes: dict[type, type] = {}
        self._lock = threading.RLock()
        errors.announce(self)
        announce(self)

    @cached_property
    def schemas(self) -> Schemas:
        """The document's schemas."""
        from mixdyn.schema import Schemas

        return Schemas(self.document)

    @cached_property
    def types(self) -> Types:
        """The Python types of the document's schemas."""
        from mixdyn.results import Types

        return Types(self.schemas, self.family)

    @cached_property
    def schemes(self) -> dict[str, SecurityScheme]:
        """The document's security schemes, by name."""
        from mixdyn.scheme import parse_security_schemes

        return parse_security_schemes(self.document)

    @cached_property
    def index(self) -> Index:
        """The words of the document, for searching; read when first searched."""
        from mixdyn.search import build_index

        return build_index(self.catalog.entries, self.schemas)

    @cached_property
    def tool_names(self) -> dict[str, Entry]:
        """The operations by the names that they have as tools of language models."""
        from mixdyn.tool import name_tools

        return name_tools(self.catalog.entries)

    def tool_name(self, name: str) -> str:
        """Give the name that an operation has as a tool."""
        return next(t for t, e in self.tool_names.items() if e.qualified_name == name)

    def groups(self) -> list[tuple[str, list[str]]]:
        """Give the namespaces, those inside others by their whole names, with their operations."""
        found: dict[str, list[str]] = {}
        for entry in self.catalog.entries:
            found.setdefault(".".join(entry.namespace), []).append(entry.name)
        return list(found.items())

    def plan(self, entry: Entry) -> Plan:
        """Give an operation's plan, made when it is first needed."""
        found = self._plans.get(entry.qualified_name)
        if found is not None:
            return found
        with self._lock:
            return self._plans.get(entry.qualified_name) or self._make_plan(entry)

    def find_model(self, digest: str, base: str, pointer: str, name: str) -> type | None:
        """Give the class of the schema at a place, or None if the document is another."""
        return self.types.find_model(digest, base, pointer, name)

    def error_names(self) -> Iterator[str]:
        """Name the error classes of all operations."""
        for entry in self.catalog.entries:
            with suppress(DocumentError):  # its own call will say what is wrong with it
                yield from self.plan(entry).reader.error_names()

    def install(self, target: type) -> None:
        """Give a client class places for this document's namespaces and methods."""
        for name in self.names:
            setattr(target, name, _Slot(name))
        target._surface = self  # type: ignore[attr-defined]  # declared by the client class

    def bind(self, base: type) -> type:
        """
        Give the subclass of `base` for this document, or `base` where it is for this document.

        What `base` defines itself stands before the document's names.
        """
        if getattr(base, "_surface", None) is self:
            return base
        with self._lock:
            if base not in self._classes:
                self._classes[base] = self._make_class(base)
            return self._classes[base]

    def attach(self, name: str, client: Any) -> Any:
        """Give a method without a namespace, for a client; its function for None."""
        members: Mapping[str, Any] = vars(self.functions)
        return members[name].__get__(client, self.functions)

    def settle(self, kind: type, entry: Entry, owner: str) -> None:
        """Put the real functions of an operation in the place of those that stand for them."""
        from mixdyn.method import make_methods

        with self._lock:
            holder = next(c for c in kind.__mro__ if entry.name in vars(c))
            if isinstance(vars(holder)[entry.name], _LazyMethod):
                for made in make_methods(self.plan(entry), self.types, entry.name, owner):
                    setattr(holder, made.call.__name__, made)

    def _make_class(self, base: type) -> type:
        root = self._client_class
        names = {"__module__": base.__module__, "__qualname__": base.__qualname__}
        places = type(root.__name__, (root,), {**names, "__doc__": root.__doc__})
        self.install(places)
        bases = (places,) if base is root else (base, places)
        members = {**names, "__doc__": base.__doc__, "_base": base, "_surface": self}
        return type(base.__name__, bases, members)

    def _make_namespace(self, path: tuple[str, ...], node: Node) -> type[Namespace]:
        name = ".".join(map(to_pascal, path))
        members: dict[str, Any] = self._methods(node, name)
        for child, inner in node.children.items():
            members[child] = _Child(self._make_namespace((*path, child), inner))
        members |= {"__slots__": (), "__module__": "mixdyn", "__qualname__": name}
        members["__doc__"] = _NamespaceDoc(self.document, path, node)
        members["_home"] = (self, path, node)
        return type(to_pascal(path[-1]), (Namespace,), members)

    def _methods(self, node: Node, owner: str) -> dict[str, Any]:
        return {
            called: _LazyMethod(self, entry, owner)
            for name, entry in node.operations.items()
            for called in (name, f"{name}_async")
        }

    @at_rest(ages=True)
    def _make_plan(self, entry: Entry) -> Plan:
        from mixdyn.operation import parse_operation
        from mixdyn.plan import make_plan

        operation = parse_operation(self.schemas, entry)
        plan = make_plan(operation, self.types, self.schemes, self._user_agent, self.home)
        for name in plan.reader.error_names():
            schema_error(name)
        self._plans[entry.qualified_name] = plan
        return plan


class _LazyMethod:
    """Stands for a method until it is first looked at; the real one then takes its place."""

    __slots__ = ("_entry", "_name", "_owner", "_surface")

    def __init__(self, surface: Surface, entry: Entry, owner: str) -> None:
        self._surface = surface
        self._entry = entry
        self._owner = owner
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        self._surface.settle(owner, self._entry, self._owner)
        return getattr(owner if instance is None else instance, self._name)


class _NamespaceDoc:
    """The docstring of a namespace, written when it is first read."""

    def __init__(self, document: Document, path: tuple[str, ...], node: Node) -> None:
        self._document = document
        self._path = path
        self._node = node

    def __get__(self, instance: object, owner: type) -> str:
        sections = [self.introduce()]
        operations = self._node.operations
        shown = islice(operations.items(), _MOST_LISTED)
        lines = [f"    {name}: {_summarize(entry)}" for name, entry in shown]
        rest = len(operations) - len(lines)
        lines += [f"    … and {rest} more, which dir() lists"] if rest else []
        if lines:
            sections.append("\n".join(["Operations, each also as `<name>_async`:", *lines]))
        if self._node.children:
            sections.append(f"Namespaces inside: {', '.join(self._node.children)}.")
        return "\n\n".join(sections)

    def introduce(self) -> str:
        """Give what the document says of the tag."""
        for tag in map(as_object, as_array(self._document.root.get("tags"))):
            if len(self._path) == 1 and to_snake(str(tag.get("name"))) == self._path[0]:
                text = str(tag.get("description") or tag.get("name"))
                return printable(text[:_LONGEST_TEXT]).strip()
        return f"The operations of {'.'.join(self._path)}."


class _Child:
    """A namespace inside a namespace."""

    def __init__(self, namespace: type[Namespace]) -> None:
        self._namespace = namespace

    def __get__(self, instance: Any, owner: type) -> Any:
        return self._namespace if instance is None else self._namespace(instance._client)


class _Slot:
    """A name on clients; which namespace or method it is, the class's current document decides."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, client: Any, owner: Any) -> Any:
        surface, name = owner._surface, self._name
        namespace = surface.namespaces.get(name)
        if namespace is not None:
            return namespace if client is None else namespace(client)
        if not hasattr(surface.functions, name):  # a client's `__getattr__` then words it
            message = f"{owner.__name__!r} has no attribute"
            raise missing(message, name, surface.names, surface.catalog.entries)
        return surface.attach(name, client)


def list_slots(kind: type) -> set[str]:
    """Name all that documents have given to a client class or one of its bases."""
    return {n for c in kind.__mro__ for n, v in vars(c).items() if isinstance(v, _Slot)}


def missing(
    message: str, name: str, known: Iterable[str], entries: Iterable[Entry] = ()
) -> AttributeError:
    """Make the error for a name that is not there, with where it is instead, or the nearest one."""
    elsewhere = (e.qualified_name for e in entries if e.name == name)
    public = (n for n in known if not n.startswith("_"))
    hint = next((f". Did you mean {found!r}?" for found in elsewhere), "") or nearest(name, public)
    text = f"{message} {excerpt(name, 60)!r}{hint}"
    # With an object of its own, Python adds no second suggestion to a traceback.
    return AttributeError(text, name=name, obj=None)


def _summarize(entry: Entry) -> str:
    text = entry.operation.value.get("summary") or f"{entry.method} {entry.path}"
    return excerpt(" ".join(str(text).split()), 80)


def _is_twin(name: str) -> bool:
    return name.endswith("_async")
