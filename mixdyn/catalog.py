"""
Which operations a document has, and what they are called: the index that is built at load.

It looks at paths, tags and ids only; an operation's parts are read when it is first used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mixdyn.document import Document, Target
from mixdyn.errors import DocumentError, excerpt
from mixdyn.names import from_path, resolve_collisions, strip_namespace, to_snake
from mixdyn.record import NamedTuple
from mixdyn.shape import as_array, as_object, is_object

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_MAX_GROUP_DEPTH = 8


class Entry(NamedTuple):
    """One operation in one namespace: its name there, and where the document describes it."""

    namespace: tuple[str, ...]
    name: str
    method: str
    path: str
    operation: Target
    path_item: Target

    @property
    def qualified_name(self) -> str:
        """The name as one calls it, such as `sessions.create`."""
        return ".".join((*self.namespace, self.name))


class Node:
    """A namespace: its operations by name, and the namespaces inside it."""

    __slots__ = ("children", "operations")

    def __init__(self) -> None:
        self.operations: dict[str, Entry] = {}
        self.children: dict[str, Node] = {}


class Notice(NamedTuple):
    """Something to be known of one place in the document."""

    target: Target
    text: str

    def __str__(self) -> str:
        return f"{self.target}: {self.text}"


class Catalog(NamedTuple):
    """
    All operations of a document as a tree of namespaces.

    `renamed` tells which names had to yield, `skipped` which paths cannot be used and why.
    """

    root: Node
    entries: tuple[Entry, ...]
    renamed: tuple[Notice, ...]
    skipped: tuple[Notice, ...] = ()


def build_catalog(document: Document, reserved: frozenset[str]) -> Catalog:
    """
    Index a document's operations; nothing below an operation is read.

    `reserved` are the names that the client itself uses: the document's own get a `_` there.
    """
    found: dict[tuple[str, ...], list[Entry]] = {}
    skipped: list[Notice] = []
    for entry in _find_entries(document, reserved, skipped):
        found.setdefault(entry.namespace, []).append(entry)
    root = Node()
    for namespace in found:
        _open_node(root, namespace)
    first = {namespace[0]: members[0] for namespace, members in [*found.items()][::-1] if namespace}
    renamed = [
        Notice(first[f"{name}_"].operation, f"the namespace {name} is called {name}_")
        for name in sorted(reserved)
        if f"{name}_" in first
    ]
    entries: list[Entry] = []
    for namespace, members in found.items():
        node = _open_node(root, namespace)
        taken = {*node.children, *(reserved if not namespace else ())}
        names = resolve_collisions((m.name for m in members), taken, twins=("", "_async"))
        for member, name in zip(members, names, strict=True):
            if name != member.name:
                text = f"{excerpt(member.name)} is called {excerpt(name)}"
                renamed.append(Notice(member.operation, text))
            node.operations[name] = member._replace(name=name)
            entries.append(node.operations[name])
    return Catalog(root, tuple(entries), tuple(renamed), tuple(skipped))


def _open_node(root: Node, namespace: tuple[str, ...]) -> Node:
    node = root
    for name in namespace:
        node = node.children.setdefault(name, Node())
    return node


def _find_entries(
    document: Document, reserved: frozenset[str], skipped: list[Notice]
) -> Iterator[Entry]:
    paths = document.at("paths")
    for path in map(str, as_object(paths.value)):
        if not path.startswith("/"):
            if not path.startswith("x-"):
                reason = "expected a path that begins with a slash"
                skipped.append(Notice(paths.child(path), reason))
            continue
        try:
            item = document.resolve(paths.child(path))
        except DocumentError as error:
            place = paths.child(path)
            skipped.append(Notice(place, error.message.removeprefix(f"{place}: ")))
            continue
        for method, operation in _find_operations(item):
            value = operation.value
            for namespace in _namespaces(value):
                name = _name(value, method, path, namespace)
                where = _avoid(namespace, reserved)
                yield Entry(where, name, method, path, operation, item)


def _find_operations(item: Target) -> Iterator[tuple[str, Target]]:
    value = as_object(item.value)
    for method in METHODS:
        if is_object(value.get(method)):
            yield method.upper(), item.child(method)
    # OpenAPI 3.2: methods that have no fixed field of their own.
    additional = as_object(value.get("additionalOperations"))
    for method in map(str, additional):
        is_name = method.isascii() and method.replace("-", "").isalnum()
        if is_name and is_object(additional.get(method)):
            yield method, item.child("additionalOperations", method)


def _namespaces(operation: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The group if one is named, else each tag, else the client itself."""
    group = operation.get("x-speakeasy-group")
    if isinstance(group, str) and group:
        parts = group.split(".", _MAX_GROUP_DEPTH - 1)
        return [tuple(to_snake(part) for part in parts if part)]
    tags = as_array(operation.get("tags"))
    names = [(to_snake(tag),) for tag in tags if isinstance(tag, str) and tag]
    return list(dict.fromkeys(names)) or [()]


def _avoid(namespace: tuple[str, ...], reserved: frozenset[str]) -> tuple[str, ...]:
    if namespace and namespace[0] in reserved:
        return (f"{namespace[0]}_", *namespace[1:])
    return namespace


def _name(operation: Mapping[str, Any], method: str, path: str, namespace: tuple[str, ...]) -> str:
    override = operation.get("x-speakeasy-name-override")
    if isinstance(override, str) and override:
        return to_snake(override)
    operation_id = operation.get("operationId")
    if not isinstance(operation_id, str) or not operation_id:
        return from_path(method, path)
    return to_snake(strip_namespace(operation_id, namespace[-1] if namespace else ""))
