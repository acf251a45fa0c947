"""
Reads YAML 1.2 text into a tree of plain values, within bounds; knows YAML and nothing else.

The tree is built from the parser's events and not by PyYAML's own constructor, which reads YAML 1.1
(`no`, `on`, `12:30:45` and dates become other types) and follows any alias bomb.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from mixdyn.errors import DocumentError, excerpt

MAX_DEPTH = 256
MAX_NODES = 5_000_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
# YAML 1.2.2, 10.3.2: the core schema. One match decides, by the group that took part.
_PLAIN = re.compile(
    r"(?P<null>~|null|Null|NULL|)|(?P<true>true|True|TRUE)|(?P<false>false|False|FALSE)"
    r"|(?P<int>[-+]?[0-9]+)|(?P<oct>0o[0-7]+)|(?P<hex>0x[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)
_CONSTANTS = {"null": None, "true": True, "false": False}
_NO_KEY: Any = object()


def read(text: str, where: str) -> Any:
    """
    Give the tree of a YAML text with string keys, under YAML 1.2's core schema.

    Args:
        text: one YAML document.
        where: how messages name the text, such as its path.

    Raises DocumentError, with the line, for text that is not YAML, for a second document, for tags
    outside the core schema, and where depth, nodes or expanded aliases pass the bounds.
    """
    builder = _Builder(where)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.HANDLERS[type(event)](builder, event)
    except yaml.MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise DocumentError(f"{where}{place}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise DocumentError(f"{where}: not valid YAML: {excerpt(str(error))}") from error
    return builder.result


class _Open:
    """A collection that is being filled, and how many nodes it holds with aliases expanded."""

    __slots__ = ("anchor", "key", "merged", "nodes", "value")

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: Any = _NO_KEY
        self.merged: list[Any] = []
        self.nodes = 1


class _Builder:
    """Receives the parser's events, one handler each, and puts the values together."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.result: Any = None
        self.documents = 0
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int]] = {}

    def ignore(self, event: Any) -> None:
        """Stream and document ends carry nothing."""

    def start_document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise self.error(event, "a second document begins; expected one")

    def scalar(self, event: Any) -> None:
        top = self.open[-1] if self.open else None
        if top is not None and type(top.value) is dict and top.key is _NO_KEY:
            # A key is its text, whatever type it looks like: `200:` is "200".
            self.set_key(top, event)
            return
        value = event.value
        if event.tag is None:
            if event.implicit[0]:
                value = _resolve_plain(value)
        else:
            value = self.convert(event)
        self.add(value, 1, event)

    def set_key(self, top: _Open, event: Any) -> None:
        key = event.value
        if key == "<<" and event.implicit[0]:
            key = None  # a merge key; only the plain form is one
        elif key in top.value:
            self.warn(event, key)
        top.key = key

    def warn(self, event: Any, key: str) -> None:
        import logging  # rarely needed, and not free to load

        text = "%s: the key %r stands twice; the later one counts"
        logging.getLogger("mixdyn").warning(text, self.at(event), excerpt(key, 80))

    def sequence(self, event: Any) -> None:
        self.begin([], event)

    def mapping(self, event: Any) -> None:
        self.begin({}, event)

    def begin(self, value: Any, event: Any) -> None:
        if event.tag is not None and event.tag not in (_CORE + "map", _CORE + "seq"):
            raise self.error(
                event, f"the tag {excerpt(event.tag, 60)} is not of YAML's core schema"
            )
        if len(self.open) >= MAX_DEPTH:
            raise self.error(event, f"nested deeper than {MAX_DEPTH} levels")
        if self.open and self.open[-1].key is _NO_KEY and type(self.open[-1].value) is dict:
            raise self.error(event, "a collection stands as a key; expected text")
        self.open.append(_Open(value, event.anchor))

    def end(self, event: Any) -> None:
        done = self.open.pop()
        for source in reversed(done.merged):
            done.value = {**source, **done.value}
        if done.anchor is not None:
            self.anchors[done.anchor] = (done.value, done.nodes)
        self.add(done.value, done.nodes, event, is_collection=True)

    def alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            name = excerpt(event.anchor, 60)
            raise self.error(event, f"the alias *{name} has no anchor, or stands inside its own")
        value, nodes = self.anchors[event.anchor]
        self.add(value, nodes, event, is_collection=True)

    def add(self, value: Any, nodes: int, event: Any, *, is_collection: bool = False) -> None:
        """Put a finished value where it belongs: into the innermost open collection."""
        if not is_collection and event.anchor is not None:
            self.anchors[event.anchor] = (value, nodes)
        if not self.open:
            self.result = value
            return
        top = self.open[-1]
        top.nodes += nodes
        if top.nodes > MAX_NODES:
            raise self.error(event, f"more than {MAX_NODES} nodes once aliases are expanded")
        if type(top.value) is list:
            top.value.append(value)
        elif top.key is None:
            top.merged.extend(self.merge_sources(value, event))
            top.key = _NO_KEY
        elif top.key is _NO_KEY:
            raise self.error(event, "an alias stands as a key; expected text")
        else:
            top.value[top.key] = value
            top.key = _NO_KEY

    def merge_sources(self, value: Any, event: Any) -> list[Any]:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self.error(event, "a merge key takes a mapping, or a list of mappings")
        return sources

    def convert(self, event: Any) -> Any:
        tag, text = event.tag, event.value
        if tag in (_CORE + "str", "!"):
            return text
        value = _resolve_plain(text)
        kinds = {"null": type(None), "bool": bool, "int": int, "float": (int, float)}
        kind = kinds.get(tag.removeprefix(_CORE)) if tag.startswith(_CORE) else None
        if kind is None or not isinstance(value, kind):  # type: ignore[arg-type]  # types or tuple
            raise self.error(event, f"{excerpt(text, 60)} does not fit the tag {excerpt(tag, 60)}")
        return float(value) if tag.endswith(":float") else value

    def at(self, event: Any) -> str:
        return f"{self.where}, line {event.start_mark.line + 1}"

    def error(self, event: Any, problem: str) -> DocumentError:
        return DocumentError(f"{self.at(event)}: {problem}")

    HANDLERS = {  # noqa: RUF012  # a constant table
        yaml.StreamStartEvent: ignore,
        yaml.StreamEndEvent: ignore,
        yaml.DocumentStartEvent: start_document,
        yaml.DocumentEndEvent: ignore,
        yaml.ScalarEvent: scalar,
        yaml.SequenceStartEvent: sequence,
        yaml.SequenceEndEvent: end,
        yaml.MappingStartEvent: mapping,
        yaml.MappingEndEvent: end,
        yaml.AliasEvent: alias,
    }


def _resolve_plain(text: str) -> Any:
    match = _PLAIN.fullmatch(text)
    if match is None:
        return text
    kind = match.lastgroup or ""
    if kind in _CONSTANTS:
        return _CONSTANTS[kind]
    if kind == "float":
        return float(
            text.replace(".inf", "inf")
            .replace(".Inf", "inf")
            .replace(".INF", "inf")
            .replace(".nan", "nan")
            .replace(".NaN", "nan")
            .replace(".NAN", "nan")
        )
    return _integer(text, {"int": 10, "oct": 8, "hex": 16}[kind])


def _integer(text: str, radix: int) -> int | str:
    try:
        return int(text[2:] if radix != 10 else text, radix)
    except ValueError:  # beyond the interpreter's limit of digits: kept as it stands
        return text
