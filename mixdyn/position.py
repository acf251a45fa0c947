"""
Where the values of a document stand in its text: JSON pointers to lines and columns, JSON or YAML.

Only what is asked for is looked for: the rest is skipped by the parsers' own speed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mixdyn.document import Document, escape_pointer, unescape_pointer
from mixdyn.errors import DocumentError
from mixdyn.fault import Fault, Flaw
from mixdyn.redact import redact_url
from mixdyn.source import read_file

_SPACE = re.compile(r"[ \t\n\r]*")
_MERGE = "tag:yaml.org,2002:merge"


class Position(NamedTuple):
    """A place in a text, from 1."""

    line: int
    column: int


class Places:
    """
    The lines of flaws, looked for in each file at once.

    Args:
        document: the document.
        flaws: all that is going to be asked for.
        texts: the texts of files that are not to be read again.
    """

    def __init__(
        self, document: Document, flaws: Sequence[Flaw], texts: Mapping[str, Any] | None = None
    ) -> None:
        self._document = document
        self._found: dict[str, dict[str, Position]] = {}
        for base in {flaw.base for flaw in flaws}:
            text = (texts or {}).get(base) or _read(base)
            pointers = [flaw.pointer for flaw in flaws if flaw.base == base]
            self._found[base] = find_positions(text, pointers)

    def place(self, flaws: Sequence[Flaw]) -> tuple[Fault, ...]:
        """Give the flaws as findings, in the order of the text, the document's own file first."""
        faults = [(flaw.base != self._document.location, self._place(flaw)) for flaw in flaws]
        faults.sort(
            key=lambda pair: (pair[0], pair[1].file, pair[1].line or 0, pair[1].column or 0)
        )
        return tuple(fault for _, fault in faults)

    def _place(self, flaw: Flaw) -> Fault:
        position = self._found[flaw.base].get(flaw.pointer)
        line, column = position or (None, None)
        return Fault(flaw.code, flaw.message, flaw.pointer, _shorten(flaw.base), line, column)


def _read(base: str) -> bytes:
    """Read a file again; one that has gone since has no lines."""
    try:
        return read_file(base) if base and "://" not in base else b""
    except DocumentError:
        return b""


def _shorten(base: str) -> str:
    """Give a file's name as one would write it here; a URL without credentials."""
    if not base or "://" in base:
        return redact_url(base)
    return base.removeprefix(os.path.join(os.path.realpath(os.curdir), ""))


def find_positions(
    content: str | bytes | bytearray, pointers: Iterable[str]
) -> dict[str, Position]:
    """
    Give the places of values, by their JSON pointers; those of members are where their keys begin.

    A pointer to what is not there gets the place of the nearest value around it. Nothing is found
    in a text that cannot be read.
    """
    text = _decode(content)
    wanted = list(dict.fromkeys(pointers))
    find = _find_json if text.lstrip()[:1] == "{" else _find_yaml
    try:
        found = find(text, wanted)
    except (ValueError, IndexError, RecursionError):  # changed since it was read
        return {}
    return {pointer: _nearest(found, pointer) for pointer in wanted} if found else {}


def _nearest(found: dict[str, Position], pointer: str) -> Position:
    while pointer not in found:
        pointer = pointer.rpartition("/")[0]
    return found[pointer]


def _decode(content: str | bytes | bytearray) -> str:
    if not isinstance(content, str):
        content = content.decode(json.detect_encoding(content), "replace")
    return content.removeprefix("\ufeff")


def _grow_tree(pointers: list[str]) -> dict[str, Any]:
    """Give the wanted places as a tree: steps lead to trees."""
    tree: dict[str, Any] = {}
    for pointer in pointers:
        branch = tree
        for step in pointer.split("/")[1:]:
            branch = branch.setdefault(unescape_pointer(step), {})
    return tree


def _find_json(text: str, pointers: list[str]) -> dict[str, Position]:
    scanner = _JsonScanner(text)
    start = scanner.skip(0)
    scanner.offsets[""] = start
    scanner.scan(start, _grow_tree(pointers), "")
    return _count_lines(text, scanner.offsets)


class _JsonScanner:
    """Goes down into the wanted values of a JSON text, and over the others at the parser's pace."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offsets: dict[str, int] = {}
        self._read = json.JSONDecoder().raw_decode

    def scan(self, index: int, tree: dict[str, Any], pointer: str) -> int:
        """Note where wanted values are, inside the one that begins here; give where it ends."""
        opening = self.text[index : index + 1]
        if not tree or opening not in ("{", "["):
            return self._read(self.text, index)[1]
        count = 0
        index = self.skip(index + 1)
        while self.text[index] not in "}]":
            start, step = index, str(count)
            if opening == "{":
                step, index = self._read(self.text, index)
                index = self.skip(self.skip(index) + 1)  # behind the colon
            index = self.skip(self._take(step, start, index, tree, pointer))
            count += 1
            if self.text[index] == ",":
                index = self.skip(index + 1)
        return index + 1

    def skip(self, index: int) -> int:
        """Give where the next text begins that is no space."""
        match = _SPACE.match(self.text, index)
        return match.end() if match else index

    def _take(self, step: str, start: int, index: int, tree: dict[str, Any], pointer: str) -> int:
        """Note a value if it is wanted; of a key that stands twice the later one counts."""
        if step not in tree:
            return self._read(self.text, index)[1]
        below = f"{pointer}/{escape_pointer(step)}"
        self.offsets[below] = start
        return self.scan(index, tree[step], below)


def _count_lines(text: str, offsets: dict[str, int]) -> dict[str, Position]:
    found: dict[str, Position] = {}
    line, last = 1, 0
    for pointer, offset in sorted(offsets.items(), key=lambda pair: pair[1]):
        line += text.count("\n", last, offset)
        last = offset
        found[pointer] = Position(line, offset - text.rfind("\n", 0, offset))
    return found


def _find_yaml(text: str, pointers: list[str]) -> dict[str, Position]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except (yaml.YAMLError, UnicodeEncodeError):  # such as an anchor that is given twice
        return {}
    if root is None:
        return {}
    found = {"": _place(root)}
    members: dict[int, dict[str, Any]] = {}
    for pointer in pointers:
        node, where = root, ""
        for step in pointer.split("/")[1:]:
            if id(node) not in members:
                members[id(node)] = _list_members(node)
            pair = members[id(node)].get(unescape_pointer(step))
            if pair is None:
                break
            where = f"{where}/{step}"
            found[where] = _place(pair[0])
            node = pair[1]
    return found


def _list_members(node: Any) -> dict[str, Any]:
    """Give what a node holds: by step, the node to point at and the node of the value."""
    if node.id == "sequence":
        return {str(i): (item, item) for i, item in enumerate(node.value)}
    if node.id != "mapping":
        return {}
    found: dict[str, Any] = {}
    for key, value in node.value:
        if key.tag == _MERGE:  # what the mapping itself has counts more
            sources = value.value if value.id == "sequence" else [value]
            for source in sources:
                found = {**_list_members(source), **found}
    own = {key.value: (key, value) for key, value in node.value if key.id == "scalar"}
    return {**found, **own}


def _place(node: Any) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)
