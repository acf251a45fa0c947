"""
OpenAPI documents: their tree, their version and their references. Knows files and JSON pointers;
knows no schema, no operation and no HTTP client.

It is loaded with the package: what only few documents need is imported where it is needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from mixdyn.errors import DocumentError, excerpt
from mixdyn.source import parse, read_file, read_url

Source = str | bytes | bytearray | os.PathLike[str] | Mapping[str, Any]

MAX_REFERENCE_CHAIN = 100


class Target(NamedTuple):
    """A value inside a document: what it is, in which file, and at which JSON pointer."""

    value: Any
    base: str
    pointer: str

    def child(self, *steps: str | int) -> Target:
        """Go down into the value; a step that is not there gives the value None."""
        value, pointer = self.value, self.pointer
        for step in steps:
            value = _step(value, step)
            pointer = f"{pointer}/{escape_pointer(str(step))}"
        return Target(value, self.base, pointer)

    def __str__(self) -> str:
        return f"{self.base}#{self.pointer}"


class Document:
    """
    An OpenAPI 3.x document: its tree, the files it refers to, and the way to follow references.

    `location` is the path or URL it was read from, or empty for text and mappings.
    """

    def __init__(self, root: Mapping[str, Any], location: str = "") -> None:
        self.root = root
        self.location = location
        self.version = _check_version(root, location)
        self._files: dict[str, Any] = {location: root}
        self._anchors: dict[str, dict[str, Target]] = {}

    @classmethod
    def load(cls, source: Source | Document) -> Document:
        """
        Read a document from a path, an http(s) URL, YAML or JSON text, bytes or a mapping.

        A string is text when it holds a line break or begins with a brace, else a path or a URL.
        Raises DocumentError where it cannot be read or is no OpenAPI 3.x document.
        """
        if isinstance(source, Document):
            return source
        if isinstance(source, Mapping):
            return cls(source)
        if isinstance(source, (bytes, bytearray)):
            return cls(parse(bytes(source), ""))
        text = os.fspath(source)
        if not isinstance(source, os.PathLike) and ("\n" in text or text.lstrip()[:1] == "{"):
            return cls(parse(text, ""))
        if text.startswith(("http://", "https://")):
            return cls(parse(read_url(text), text), text)
        location = os.path.realpath(text)
        return cls(parse(read_file(location), location), location)

    @property
    def title(self) -> str:
        """The document's `info.title`, or empty."""
        return str(self.at("info", "title").value or "")

    @cached_property
    def digest(self) -> str:
        """A fingerprint of the tree: equal documents have equal digests in every process."""
        import hashlib
        import json

        text = json.dumps(self.root, sort_keys=True, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def at(self, *steps: str | int) -> Target:
        """Give the value at a path from the root; a missing step gives the value None."""
        return Target(self.root, self.location, "").child(*steps)

    def find(self, base: str, pointer: str) -> Target | None:
        """Give the place of a JSON pointer in a file already read, or None where there is none."""
        root = self._files.get(base)
        return None if root is None else _walk(Target(root, base, ""), pointer)

    def resolve(self, target: Target) -> Target:
        """
        Follow `$ref` from a value until something that is not a reference.

        Raises DocumentError for references that dangle, that lead back to themselves, or that
        would leave the document's own folder or go to the network.
        """
        start = target
        for _ in range(MAX_REFERENCE_CHAIN):
            reference = target.value.get("$ref") if isinstance(target.value, Mapping) else None
            if not isinstance(reference, str):
                return target
            target = self.follow(reference, target)
        raise DocumentError(f"{start}: the reference leads back to itself; break the cycle")

    def follow(self, reference: str, origin: Target) -> Target:
        """Give what one reference, found at `origin`, points at."""
        file, _, fragment = reference.partition("#")
        base = self._locate(file, origin) if file else origin.base
        fragment = _unquote(fragment)
        if fragment and not fragment.startswith("/"):
            found = self._find_anchors(base).get(fragment)
        else:
            found = _walk(Target(self._files[base], base, ""), fragment)
        if found is None:
            raise DocumentError(
                f"{origin}: the reference {excerpt(reference)} points at nothing; "
                "expected a JSON pointer to a part of the document"
            )
        return found

    def _locate(self, file: str, origin: Target) -> str:
        """Load the file that a reference names, once, after checking that it may be read."""
        from pathlib import Path
        from urllib.parse import urlsplit

        where = f"{origin}: the reference to {excerpt(file)}"
        if not self.location or "://" in self.location or urlsplit(file).scheme:
            raise DocumentError(
                f"{where} is not followed: only files below the document's own folder are; "
                "bundle the document into one file"
            )
        folder = Path(self.location).parent
        path = (Path(origin.base).parent / _unquote(file)).resolve()
        if not path.is_relative_to(folder):
            raise DocumentError(f"{where} is not followed: it leaves the folder of the document")
        if str(path) not in self._files:
            self._files[str(path)] = parse(read_file(str(path)), str(path))
        return str(path)

    def _find_anchors(self, base: str) -> dict[str, Target]:
        if base not in self._anchors:
            nodes = _nodes(Target(self._files[base], base, ""))
            self._anchors[base] = {
                node.value[key]: node
                for node in nodes
                for key in ("$dynamicAnchor", "$anchor")
                if isinstance(node.value.get(key), str)
            }
        return self._anchors[base]


def escape_pointer(step: str) -> str:
    """Write one step of a JSON pointer (RFC 6901, 3)."""
    return step.replace("~", "~0").replace("/", "~1")


def resolve_url(document: Document, url: str) -> str:
    """Complete a relative URL by where the document came from; unchanged if that is no URL."""
    from urllib.parse import urljoin

    return urljoin(document.location, url) if "://" in document.location else url


def _unquote(text: str) -> str:
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)


def _check_version(root: Mapping[str, Any], location: str) -> tuple[int, int]:
    where = location or "the document"
    if "swagger" in root:
        raise DocumentError(
            f"{where}: Swagger {excerpt(root['swagger'], 20)} is not OpenAPI 3.x; "
            "convert it first, for example with swagger2openapi"
        )
    parts = str(root.get("openapi", "")).split(".")
    if parts[0] != "3" or len(parts) < 2 or not parts[1].isdecimal():
        found = excerpt(root.get("openapi"), 40)
        raise DocumentError(f"{where}: expected `openapi: 3.x`, got {found}")
    return 3, int(parts[1])


def _step(value: Any, step: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list) and str(step).isdecimal() and int(step) < len(value):
        return value[int(step)]
    return None


def _walk(target: Target, pointer: str) -> Target | None:
    steps = pointer.split("/")[1:]
    for step in steps:
        target = target.child(step.replace("~1", "/").replace("~0", "~"))
    return None if target.value is None and steps else target


def _nodes(start: Target) -> Iterator[Target]:
    """Walk all objects below, without recursion: documents may be deep."""
    waiting = [start]
    while waiting:
        target = waiting.pop()
        if isinstance(target.value, Mapping):
            yield target
            waiting.extend(target.child(key) for key in target.value)
        elif isinstance(target.value, list):
            waiting.extend(target.child(i) for i in range(len(target.value)))
