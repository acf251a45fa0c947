"""
OpenAPI documents: their tree, their version and their references. Knows files and JSON pointers;
knows no schema, no operation and no HTTP client.

It is loaded with the package: what only few documents need is imported where it is needed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import IO, Any

from mixdyn.errors import DocumentError, excerpt
from mixdyn.record import NamedTuple
from mixdyn.redact import redact_url
from mixdyn.shape import as_object, as_text, is_array, is_object
from mixdyn.source import Stamp, copy_tree, parse, read_file, read_url, take_stamp

Source = str | bytes | bytearray | os.PathLike[str] | IO[str] | IO[bytes] | Mapping[str, Any]

MAX_REFERENCE_CHAIN = 100

_VERSION = re.compile(r"3\.([0-9]{1,3})(?![0-9])")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")  # RFC 6901, 4
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*:"


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
        return excerpt(f"{redact_url(self.base)}#{self.pointer}", 400)


class Document:
    """
    An OpenAPI 3.x document: its tree, the files it refers to, and the way to follow references.

    `location` is the path or URL it was read from, or empty for text and mappings.
    """

    def __init__(
        self, root: Mapping[str, Any], location: str = "", stamps: Iterable[Stamp] = ()
    ) -> None:
        self.root = root
        self.location = location
        self.version = _check_version(root, _name(location))
        self._files: dict[str, Any] = {location: root}
        self._anchors: dict[str, dict[str, Target]] = {}
        self._stamps = [*stamps]

    @classmethod
    def load(cls, source: Source | Document) -> Document:
        """
        Read a document from a path, an http(s) URL, an open file, YAML or JSON text, bytes or a
        mapping.

        A string is text when it holds a line break or begins with a brace, else a path or a URL.
        Raises DocumentError where it cannot be read or is no OpenAPI 3.x document.
        """
        if isinstance(source, Document):
            return source
        if isinstance(source, Mapping):
            return cls(copy_tree(source, _name("")))
        if isinstance(source, (bytes, bytearray)):
            return cls(parse(bytes(source), _name("")))
        if not isinstance(source, (str, os.PathLike)):
            return _load_stream(source)
        if isinstance(source, str) and _is_text(source):
            return cls(parse(source, _name("")))
        return _load_location(os.fsdecode(source))

    def read_again(self) -> Document:
        """
        Read it again from where it came; gives itself where nothing has changed there.

        Raises DocumentError where it came from no file or URL, or cannot be read any more.
        """
        if not self.location:
            raise DocumentError(
                "the document was given as text or values: there is no file to read again"
            )
        if self.is_current:
            return self
        found = Document.load(self.location)
        others = (path for path in self._files if path != self.location)
        is_same = found.digest == self.digest != "" and all(
            parse(read_file(path), path) == self._files[path] for path in others
        )
        return self if is_same else found

    def is_same(self, other: Document) -> bool:
        """Tell whether another document says the same, as far as can be told without its files."""
        if self is other:
            return True
        return self.digest == other.digest != "" and not any(map(_refers_out, _nodes(self.at())))

    @property
    def is_current(self) -> bool:
        """Whether all files that were read for it are surely as they were; False if it has none."""
        return bool(self._stamps) and all(stamp.is_current() for stamp in self._stamps)

    @property
    def is_fetched(self) -> bool:
        """Whether it came over the network: it may then be anybody's."""
        return "://" in self.location

    @property
    def title(self) -> str:
        """The document's `info.title`, or empty."""
        return as_text(self.at("info", "title").value)

    @property
    def info_version(self) -> str:
        """The document's `info.version`, or empty; YAML makes a number of `1.0` without quotes."""
        value = self.at("info", "version").value
        return str(value) if isinstance(value, (str, int, float)) else ""

    @cached_property
    def digest(self) -> str:
        """A fingerprint of the tree: equal documents have equal digests in every process."""
        import hashlib
        import json

        try:
            text = json.dumps(self.root, sort_keys=True)
        except (RecursionError, TypeError, ValueError):  # a tree that was not read by `load`
            return ""
        return hashlib.sha256(text.encode("ascii")).hexdigest()

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
            reference = as_object(target.value).get("$ref")
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
        where = f"{origin}: the reference to {excerpt(file)}"
        if not self.location or "://" in self.location or re.match(_SCHEME, file):
            raise DocumentError(
                f"{where} is not followed: only files below the document's own folder are; "
                "bundle the document into one file"
            )
        name = _unquote(file)
        if "\0" in name:
            raise DocumentError(f"{where} is not followed: a path cannot hold a NUL")
        # Links are followed before the check: what counts is where the file really is.
        path = os.path.realpath(os.path.join(os.path.dirname(origin.base), name))
        if not path.startswith(os.path.join(os.path.dirname(self.location), "")):
            raise DocumentError(f"{where} is not followed: it leaves the folder of the document")
        if path not in self._files:
            self._stamps.append(take_stamp(path))
            self._files[path] = parse(read_file(path), path)
        return path

    def _find_anchors(self, base: str) -> dict[str, Target]:
        if base not in self._anchors:
            found: dict[str, Target] = {}
            for node in _nodes(Target(self._files[base], base, "")):
                for key in ("$dynamicAnchor", "$anchor"):
                    if isinstance(node.value.get(key), str):
                        found.setdefault(node.value[key], node)
            self._anchors[base] = found
        return self._anchors[base]


def _is_text(source: str) -> bool:
    return "\n" in source or source.lstrip("\ufeff \t\r")[:1] == "{"


def _load_location(text: str) -> Document:
    """Read a document from a URL or a file."""
    if text.lower().startswith(("http://", "https://")):
        return Document(parse(read_url(text), _name(text)), text)
    # A NUL cannot stand in a path, and makes `realpath` raise: reading then tells.
    location = text if "\0" in text else os.path.realpath(text)
    stamp = take_stamp(location)  # before it is read, so that no change goes unseen
    return Document(parse(read_file(location), location), location, [stamp])


def _load_stream(stream: Any) -> Document:
    """Read a document from an open file; where that has a name, references count from there."""
    read = getattr(stream, "read", None)
    if read is None:
        raise TypeError(
            "spec: expected a path, a URL, an open file, text, bytes or a mapping, got "
            f"{excerpt(stream, 60)}"
        )
    name = getattr(stream, "name", None)
    is_file = isinstance(name, str) and "\0" not in name and os.path.isfile(name)
    location = os.path.realpath(name) if is_file and isinstance(name, str) else ""
    return Document(parse(read(), _name(location)), location)


def _refers_out(node: Target) -> bool:
    reference = node.value.get("$ref")
    return isinstance(reference, str) and not reference.startswith("#")


def escape_pointer(step: str) -> str:
    """Write one step of a JSON pointer (RFC 6901, 3)."""
    return step.replace("~", "~0").replace("/", "~1")


def unescape_pointer(step: str) -> str:
    """Read one step of a JSON pointer."""
    return step.replace("~1", "/").replace("~0", "~")


def resolve_url(document: Document, url: str) -> str:
    """Complete a relative URL by where the document came from; unchanged if that is no URL."""
    from urllib.parse import urljoin

    try:
        return urljoin(document.location, url) if document.is_fetched else url
    except ValueError:  # such as a host of an open bracket: whoever uses the URL tells
        return url


def _unquote(text: str) -> str:
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)


def _name(location: str) -> str:
    """Say where a document came from, without credentials."""
    return redact_url(location) if "://" in location else location or "the document"


def _check_version(root: Any, where: str) -> tuple[int, int]:
    if not is_object(root):
        raise DocumentError(f"{where}: expected an object, got {excerpt(root, 60)}")
    if "swagger" in root:
        raise DocumentError(
            f"{where}: Swagger {excerpt(root['swagger'], 20)} is not OpenAPI 3.x; "
            "convert it first, for example with swagger2openapi"
        )
    version = _VERSION.match(str(root.get("openapi", "")))
    if version is None:
        found = excerpt(root.get("openapi"), 40)
        raise DocumentError(f"{where}: expected `openapi: 3.x`, got {found}")
    return 3, int(version[1])


def _step(value: Any, step: str | int) -> Any:
    if is_object(value):
        return value.get(str(step))
    if is_array(value) and _INDEX.fullmatch(str(step)):
        return value[int(step)] if int(step) < len(value) else None
    return None


def _walk(root: Target, pointer: str) -> Target | None:
    """Follow a JSON pointer from a root; what it names gets the pointer as we write it."""
    value = root.value
    steps = [unescape_pointer(step) for step in pointer.split("/")[1:]]
    for step in steps:
        value = _step(value, step)
        if value is None:
            return None
    return Target(value, root.base, "".join(f"/{escape_pointer(s)}" for s in steps))


def _nodes(start: Target) -> Iterator[Target]:
    """Walk all objects below in their order, without recursion: documents may be deep."""
    waiting = [start]
    while waiting:
        target = waiting.pop()
        if is_object(target.value):
            yield target
            waiting.extend(target.child(key) for key in reversed([*target.value]))
        elif is_array(target.value):
            waiting.extend(target.child(i) for i in reversed(range(len(target.value))))
