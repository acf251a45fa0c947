"""
What checking may cost: patterns that backtrack, and schemas that multiply the work.

Estimates from above, made from a pattern's or a schema's structure alone. Knows neither documents
nor validators.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import log
from typing import Any

from mixdyn.ecma import ATOM
from mixdyn.shape import as_array, as_object, is_array, is_object

MAX_STEPS = 1_000_000

_ATOM = re.compile(ATOM, re.DOTALL)
_GROUP_KIND = re.compile(r"\(\?(?:[:=!>]|<[=!]|P?<\w+>|[a-zA-Z-]+:)")
_REPEAT = re.compile(r"[*+]|\{(?!\d+\})")
_IN_PLACE = ("allOf", "anyOf", "oneOf")
_MEMBER_RULES = ("properties", "additionalProperties", "unevaluatedProperties")
_ITEM_RULES = ("items", "prefixItems", "unevaluatedItems")


def pattern_steps(pattern: str, length: int) -> float:
    """Give how many steps a search in a text of this length may take."""
    is_exponential, degree, options = _analyse(pattern)
    if is_exponential:
        return 2.0 ** min(length, 1000)
    return max(1.0, length) ** min(degree, 20) * 2.0 ** min(options, 100)


def is_exponential(pattern: str) -> bool:
    """Tell whether a pattern has a repeated group that itself repeats or alternates."""
    return _analyse(pattern)[0]


@lru_cache(maxsize=4096)
def _analyse(pattern: str) -> tuple[bool, int, int]:
    """
    Read off a pattern's structure whether it nests repeats, how many it has, and its options.

    Escapes and character classes are taken out first, so that only structure is left to look at.
    """
    plain = _GROUP_KIND.sub("(", _ATOM.sub("x", pattern))
    plain = re.sub(r"([*+?}])[?+]", r"\1", plain)  # lazy and possessive repeats
    repeats = [match.start() for match in _REPEAT.finditer(plain)]
    degree = len(repeats) + (not plain.startswith("^"))
    starts: list[int] = []
    for index, char in enumerate(plain):
        if char == "(":
            starts.append(index)
        elif char == ")" and starts:
            inside = plain[starts.pop() : index]
            is_repeated = plain[index + 1 : index + 2] in ("*", "+", "{")
            if is_repeated and (_REPEAT.search(inside) or "|" in inside or "?" in inside):
                return True, degree, 0
    return False, degree, plain.count("|") + plain.count("?")


class Growth:
    """
    How the work of checking grows with the depth of an instance.

    A schema that applies itself twice to the same part of an instance (`anyOf` of two arrays of
    itself) doubles the work at each level; and references inside each other multiply it at once.
    """

    def __init__(self, schema: Any) -> None:
        top, self._definitions = _divide(schema)
        self._visits: dict[str, float] = {}
        self._parts = (top, *self._definitions.values())
        self._size, self._is_recursive = 0.0, False
        if self._definitions:  # without any, the work grows with the instance alone
            self._size, self._is_recursive = _expand(top, self._definitions)

    @property
    def max_depth(self) -> int | None:
        """The depth of instances up to which the work stays bounded; None for any."""
        if self._size > MAX_STEPS:
            return 0
        factor = max(map(self._count_below, self._parts)) if self._is_recursive else 1
        return None if factor <= 1 else int(log(MAX_STEPS) / log(factor))

    def _count_below(self, node: Any) -> float:
        """Give the most visits that one visit makes of any part, for a schema or one below it."""
        if is_array(node):
            return max(map(self._count_below, node), default=0)
        if not is_object(node):
            return 0
        return max(self._count(node), *map(self._count_below, node.values()), 0)

    def _count(self, node: Any) -> float:
        """Give how often one visit of a schema visits the same child of its instance."""
        if not is_object(node):
            return 0
        name = _target(node)
        if name is not None:
            if name not in self._visits:
                self._visits[name] = 1  # references in place make no loops: see `normalform`
                self._visits[name] = self._count(self._definitions.get(name))
            return self._visits[name]
        total = sum(self._count_all(as_array(node.get(keyword))) for keyword in _IN_PLACE)
        total += sum(map(self._count, as_object(node.get("dependentSchemas")).values()))
        total += self._count(node.get("not")) + self._count(node.get("if"))
        total += max(self._count(node.get("then")), self._count(node.get("else")))
        return total + max(_count_members(node), _count_items(node))

    def _count_all(self, nodes: list[Any]) -> float:
        """Of choices by `if`, as discriminators make them, only one applies."""
        choices = [n for n in nodes if is_object(n) and set(n) == {"if", "then"}]
        others = sum(self._count(n) for n in nodes if n not in choices)
        return others + max((self._count(n) for n in choices), default=0)


def find_size(schema: Any) -> int:
    """Count a schema's parts as they are written, its definitions among them."""
    top, definitions = _divide(schema)
    return sum(int(_survey(part)[0]) for part in (top, *definitions.values()))


def is_shallow(value: Any, depth: int) -> bool:
    """Tell whether an instance has at most so many arrays and objects inside each other."""
    level = [value] if _is_container(value) else []
    for _ in range(depth):
        level = [child for node in level for child in _children(node) if _is_container(child)]
    return not level


def _is_container(value: Any) -> bool:
    return isinstance(value, (dict, list))


def _children(node: Any) -> Iterable[Any]:
    return node.values() if is_object(node) else as_array(node)


def _divide(schema: Any) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Give a schema without its definitions, and these."""
    root = as_object(schema)
    top = {keyword: rule for keyword, rule in root.items() if keyword != "$defs"}
    return top, as_object(root.get("$defs"))


def _expand(top: Any, definitions: Mapping[str, Any]) -> tuple[float, bool]:
    """
    Give the size of a schema with all references expanded, those of a loop once; and if any is.

    Without recursion: the references of real documents lead hundreds of schemas deep.
    """
    parts = {name: _survey(node) for name, node in definitions.items()} | {"": _survey(top)}
    sizes: dict[str, float] = {}
    opened: set[str] = set()
    is_recursive = False
    waiting = [""]
    while waiting:
        name = waiting[-1]
        own, references = parts[name]
        if name not in opened:
            opened.add(name)
            is_recursive |= any(r in opened and r not in sizes for r in references)
            waiting += [r for r in references if r in parts and r not in opened]
        else:
            sizes.setdefault(name, own + sum(sizes.get(r, 1.0) for r in references))
            waiting.pop()
    return sizes[""], is_recursive


def _survey(node: Any) -> tuple[float, list[str]]:
    """
    Give the size of one schema, and the definitions that it refers to.

    What `const` and `enum` hold counts with it: a property may be called so, and hold a schema.
    """
    size = 1.0
    references: list[str] = []
    waiting: list[Iterable[Any]] = [(node,)]
    while waiting:
        part = waiting.pop()
        if is_object(part):
            size += 1 + len(part)
            name = _target(part)
            references += [] if name is None else [name]
            part = part.values()
        waiting += [rule for rule in part if isinstance(rule, (dict, list))]
    return size, references


def _target(node: Mapping[str, Any]) -> str | None:
    """Name the definition that a schema refers to; a property may be called `$ref`, too."""
    reference = node.get("$ref")
    return reference.rpartition("/")[2] if isinstance(reference, str) else None


def _count_members(node: Mapping[str, Any]) -> int:
    patterns = len(as_object(node.get("patternProperties")))
    return patterns + any(node.get(rule) for rule in _MEMBER_RULES)


def _count_items(node: Mapping[str, Any]) -> int:
    return any(node.get(rule) for rule in _ITEM_RULES) + ("contains" in node)
