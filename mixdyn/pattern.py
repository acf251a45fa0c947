"""
From a regular expression to texts that it is likely to match; knows nothing of schemas.

Covers what patterns in documents use: classes, groups, alternatives, repetition. What it cannot
do, such as looking around, the caller notices by checking the result.
"""

from __future__ import annotations

import re
import string
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from zlib import crc32

_MOST_STEPS = 20_000
_GROWTH = (1, 0, 4, 16, 64, 256)
_ALPHABET = string.ascii_lowercase + string.digits + string.ascii_uppercase
_OTHERS = "-_. " + string.punctuation + "\t\r\n" + "".join(map(chr, range(0xA1, 0x100)))
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d{0,9})(,?)(\d{0,9})\})[?+]?")
_GROUP_START = re.compile(r"\((?:\?(?:P?<(?![=!])\w+>|[aiLmsux-]*:|(<?[=!])))?")
_FLAGS = re.compile(r"\(\?[aiLmsux-]+\)")
_ATOM = re.compile(
    r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[^0-9])|\[\^?\]?(?:\\.|[^\]\\])*\]|[^()|*+?\[\\]",
    re.DOTALL,
)
_CODE = re.compile(r"\\[xu]([0-9A-Fa-f]{2,4})")
_ZERO_WIDTH = frozenset({"^", "$", r"\b", r"\B", r"\A", r"\Z", r"\z", r"\G"})

_Node = Callable[["_Writer"], None]


class _UnsupportedError(Exception):
    """The pattern uses a form that this generator does not know, or it demands too much text."""


class _Writer:
    """Collects the characters of one text; `extra` is how often optional things are repeated."""

    def __init__(self, seed: str, extra: int) -> None:
        self.seed = seed
        self.extra = extra
        self.steps = 0
        self.text: list[str] = []

    def choose(self, count: int) -> int:
        """Give a number below `count` that depends on the seed and on the position only."""
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise _UnsupportedError
        return crc32(f"{self.seed} {self.steps}".encode("utf-8", "replace")) % count


def generate_texts(pattern: str, seed: str) -> Iterator[str]:
    """
    Give texts that the pattern probably matches, shorter and longer ones; none for strange ones.

    Equal arguments give equal texts in every process.
    """
    try:
        node = _Parser(pattern).parse()
        for extra in _GROWTH:
            writer = _Writer(seed, extra)
            node(writer)
            yield "".join(writer.text)
    except (_UnsupportedError, RecursionError):
        return


class _Parser:
    """Reads a pattern once, from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0

    def parse(self) -> _Node:
        node = self.read_choice()
        if self.position < len(self.pattern):
            raise _UnsupportedError
        return node

    def read_choice(self) -> _Node:
        options = [self.read_sequence()]
        while self.take("|"):
            options.append(self.read_sequence())
        return options[0] if len(options) == 1 else _choice(options)

    def read_sequence(self) -> _Node:
        nodes: list[_Node] = []
        while self.position < len(self.pattern) and self.pattern[self.position] not in "|)":
            nodes.append(self.read_repeat())
        return _sequence(nodes)

    def read_repeat(self) -> _Node:
        node = self.read_group() if self.pattern[self.position] == "(" else self.read_atom()
        match = _QUANTIFIER.match(self.pattern, self.position)
        if match is None:
            return node
        self.position = match.end()
        return _repeat(node, *_limits(match))

    def read_group(self) -> _Node:
        flags = _FLAGS.match(self.pattern, self.position)
        if flags is not None:
            self.position = flags.end()
            return _sequence([])
        match = _GROUP_START.match(self.pattern, self.position)
        self.position = match.end() if match else self.position
        node = self.read_choice()
        if match is None or not self.take(")"):
            raise _UnsupportedError
        return _sequence([]) if match[1] else node  # looking around adds no text

    def read_atom(self) -> _Node:
        match = _ATOM.match(self.pattern, self.position)
        if match is None:
            raise _UnsupportedError
        self.position = match.end()
        return _sequence([]) if match[0] in _ZERO_WIDTH else _character(_find_characters(match[0]))

    def take(self, char: str) -> bool:
        found = self.pattern.startswith(char, self.position)
        self.position += found
        return found


@lru_cache(maxsize=256)
def _find_characters(atom: str) -> str:
    """List the characters that an atom matches; letters and digits alone where it has some."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            is_match = re.compile(atom, re.DOTALL).fullmatch
    except re.error:
        raise _UnsupportedError from None
    named = "".join(chr(int(code, 16)) for code in _CODE.findall(atom))
    others = _OTHERS + atom + named
    found = "".join(filter(is_match, _ALPHABET)) or "".join(filter(is_match, others))
    if not found:
        raise _UnsupportedError
    return found


def _limits(match: re.Match[str]) -> tuple[int, int]:
    sign, low, comma, high = match.groups()
    if sign:
        return {"*": (0, sys.maxsize), "+": (1, sys.maxsize), "?": (0, 1)}[sign]
    if not comma:
        return int(low or 1), int(low or 1)
    return int(low or 0), int(high or sys.maxsize)


def _character(candidates: str) -> _Node:
    return lambda writer: writer.text.append(candidates[writer.choose(len(candidates))])


def _sequence(nodes: list[_Node]) -> _Node:
    def write(writer: _Writer) -> None:
        for node in nodes:
            node(writer)

    return write


def _choice(options: list[_Node]) -> _Node:
    return lambda writer: options[writer.choose(len(options))](writer)


def _repeat(node: _Node, low: int, high: int) -> _Node:
    def write(writer: _Writer) -> None:
        for _ in range(min(high, low + writer.extra)):
            writer.choose(1)  # counts the step, so that repeating nothing ends as well
            node(writer)

    return write
