"""
Reads YAML 1.2 text into a tree of plain values, within bounds; knows YAML and nothing else.

The tree is built from the parser's events and not by PyYAML's own constructor, which reads YAML 1.1
(`no`, `on`, `12:30:45` and dates become other types) and follows any alias bomb.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import yaml

from mixdyn.errors import DocumentError, excerpt
from mixdyn.shape import MAX_DEPTH, MAX_NODES, is_array

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
_TAGGED: dict[str, tuple[type, ...]] = {
    _CORE + "null": (type(None),),
    _CORE + "bool": (bool,),
    _CORE + "int": (int,),
    _CORE + "float": (int, float),
}
_NO_KEY: Any = object()
_MERGE: Any = object()
_NODE_LENGTH = 256  # long text counts as several nodes: an alias may repeat it, too
_MAX_DIGITS = 4000  # Python writes no longer ones (`sys.int_info.default_max_str_digits`)
_MAX_WARNINGS = 5


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
            _HANDLERS[type(event)](builder, event)
    except yaml.MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise DocumentError(f"{where}{place}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise DocumentError(f"{where}: not valid YAML: {excerpt(str(error))}") from error
    return builder.result


class _Anchored(NamedTuple):
    """What an anchor stands for: the value, its size and depth, and the text of a scalar."""

    value: Any
    nodes: int
    depth: int
    text: str | None


class _Open:
    """A collection that is being filled, and how large and deep it is with aliases expanded."""

    __slots__ = ("anchor", "depth", "key", "merged", "nodes", "value")

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: Any = _NO_KEY
        self.merged: list[Any] = []
        self.nodes = 1
        self.depth = 1

    def finish(self) -> Any:
        """Give the value with what its merge keys add: of several sources the first one counts."""
        if not self.merged:
            return self.value
        whole: dict[str, Any] = {}
        for source in self.merged:
            for key, value in source.items():
                whole.setdefault(key, value)
        return whole | self.value


class _Builder:
    """Receives the parser's events, one handler each, and puts the values together."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.result: Any = None
        self.documents = 0
        self.repeated = 0
        self.open: list[_Open] = []
        self.anchors: dict[str, _Anchored] = {}

    def ignore(self, event: Any) -> None:
        """Stream and document ends carry nothing."""

    def start_document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise self.error(event, "a second document begins; expected one")

    def scalar(self, event: Any) -> None:
        text = event.value
        is_key = self.expects_key()
        # A key is its text, whatever type it looks like: `200:` is "200".
        is_plain_key = is_key and event.tag is None and event.anchor is None
        value = text if is_plain_key else self.resolve(event)
        nodes = 1 + len(text) // _NODE_LENGTH
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(value, nodes, 0, text)
        if is_key:
            self.set_key(text, nodes, event, is_merge=text == "<<" and event.implicit[0])
        else:
            self.add(value, nodes, 0, event)

    def sequence(self, event: Any) -> None:
        self.begin([], "seq", event)

    def mapping(self, event: Any) -> None:
        self.begin({}, "map", event)

    def begin(self, value: Any, kind: str, event: Any) -> None:
        if event.tag not in (None, "!", _CORE + kind):
            tag = excerpt(event.tag, 60)
            raise self.error(event, f"the tag {tag} is not of YAML's core schema, or misplaced")
        if len(self.open) >= MAX_DEPTH:
            raise self.error(event, f"nested deeper than {MAX_DEPTH} levels")
        if self.expects_key():
            raise self.error(event, "a collection stands as a key; expected text")
        self.open.append(_Open(value, event.anchor))

    def end(self, event: Any) -> None:
        done = self.open.pop()
        value = done.finish()
        if done.anchor is not None:
            self.anchors[done.anchor] = _Anchored(value, done.nodes, done.depth, None)
        self.add(value, done.nodes, done.depth, event)

    def alias(self, event: Any) -> None:
        found = self.anchors.get(event.anchor)
        if found is None:
            name = excerpt(event.anchor, 60)
            raise self.error(event, f"the alias *{name} has no anchor, or stands inside its own")
        if not self.expects_key():
            self.add(found.value, found.nodes, found.depth, event)
        elif found.text is None:
            raise self.error(event, "a collection stands as a key; expected text")
        else:
            self.set_key(found.text, found.nodes, event, is_merge=False)

    def expects_key(self) -> bool:
        """Whether a mapping is open that has no key for the next value."""
        if not self.open:
            return False
        top = self.open[-1]
        return top.key is _NO_KEY and type(top.value) is dict

    def set_key(self, text: str, nodes: int, event: Any, *, is_merge: bool) -> None:
        top = self.open[-1]
        self.grow(top, nodes, event)
        if not is_merge and text in top.value:
            self.warn(event, text)
        top.key = _MERGE if is_merge else text

    def add(self, value: Any, nodes: int, depth: int, event: Any) -> None:
        """Put a finished value where it belongs: into the innermost open collection."""
        if not self.open:
            self.result = value
            return
        top = self.open[-1]
        self.grow(top, nodes, event)
        top.depth = max(top.depth, depth + 1)
        if len(self.open) + depth > MAX_DEPTH:
            raise self.error(event, f"nested deeper than {MAX_DEPTH} levels, aliases expanded")
        if top.key is _MERGE:
            top.merged.extend(self.merge_sources(value, event))
        elif is_array(top.value):
            top.value.append(value)
        else:
            top.value[top.key] = value
        top.key = _NO_KEY

    def grow(self, top: _Open, nodes: int, event: Any) -> None:
        top.nodes += nodes
        if top.nodes > MAX_NODES:
            raise self.error(event, f"more than {MAX_NODES} nodes once aliases are expanded")

    def merge_sources(self, value: Any, event: Any) -> list[Any]:
        sources = value if is_array(value) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self.error(event, "a merge key takes a mapping, or a list of mappings")
        return sources

    def resolve(self, event: Any) -> Any:
        """Give the value of a scalar: by its tag, or by its look where it is plain."""
        tag, text = event.tag, event.value
        if (tag is None and not event.implicit[0]) or tag in ("!", _CORE + "str"):
            return text
        try:
            value = _resolve_plain(text)
        except ValueError:
            raise self.error(event, f"a number of {len(text)} digits is too long") from None
        if tag is None:
            return value
        if type(value) not in _TAGGED.get(tag, ()):
            raise self.error(event, f"{excerpt(text, 60)} does not fit the tag {excerpt(tag, 60)}")
        return float(value) if tag == _CORE + "float" else value

    def warn(self, event: Any, key: str) -> None:
        import logging  # rarely needed, and not free to load

        self.repeated += 1
        if self.repeated <= _MAX_WARNINGS:
            text = "%s: the key %r stands twice; the later one counts"
            logging.getLogger("mixdyn").warning(text, self.at(event), excerpt(key, 80))

    def at(self, event: Any) -> str:
        return f"{self.where}, line {event.start_mark.line + 1}"

    def error(self, event: Any, problem: str) -> DocumentError:
        return DocumentError(f"{self.at(event)}: {problem}")


_HANDLERS: dict[type[yaml.Event], Callable[[_Builder, Any], None]] = {
    yaml.StreamStartEvent: _Builder.ignore,
    yaml.StreamEndEvent: _Builder.ignore,
    yaml.DocumentStartEvent: _Builder.start_document,
    yaml.DocumentEndEvent: _Builder.ignore,
    yaml.ScalarEvent: _Builder.scalar,
    yaml.SequenceStartEvent: _Builder.sequence,
    yaml.SequenceEndEvent: _Builder.end,
    yaml.MappingStartEvent: _Builder.mapping,
    yaml.MappingEndEvent: _Builder.end,
    yaml.AliasEvent: _Builder.alias,
}


def _resolve_plain(text: str) -> Any:
    match = _PLAIN.fullmatch(text)
    if match is None:
        return text
    kind = match.lastgroup or ""
    if kind in _CONSTANTS:
        return _CONSTANTS[kind]
    if kind == "float":
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if len(text) > _MAX_DIGITS:
        raise ValueError(text)
    return int(text, 10) if kind == "int" else int(text, 0)
