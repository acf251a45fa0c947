"""
Takes out of schemas the references that apply one to the value it is being applied to already.

Such a schema (`A: {allOf: [A, …]}`) says nothing by it, and validators would not come back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from operator import is_
from typing import Any

from mixdyn.shape import is_object

_LISTS = ("allOf", "anyOf", "oneOf")
_IN_PLACE = (*_LISTS, "dependentSchemas", "not", "if", "then", "else")
_STAYING = frozenset(_IN_PLACE)


def cut_loops(definitions: dict[str, Any]) -> None:
    """
    Replace the definitions that hold loops, which refer to each other by `#/$defs/<name>`.

    Others may hold the same schemas: none is changed, one with a loop is copied.
    """
    cutter = _Cutter(definitions)
    for name in definitions:
        cutter.enter(name)


class _Cutter:
    """Goes through definitions, and remembers inside which of them it is."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions
        self.done: set[str] = set()
        self.inside: list[str] = []

    def enter(self, name: str) -> None:
        if name not in self.done:
            self.inside.append(name)
            trimmed = self.trim(self.definitions[name])
            self.definitions[name] = True if trimmed is None else trimmed
            self.inside.pop()
            self.done.add(name)

    def trim(self, node: Any) -> Any:
        """Give a schema without its loops, itself if it has none; None where all of it is one."""
        if not is_object(node):
            return node
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            if name in self.inside:
                return None
            self.enter(name)
            return node
        return node if _STAYING.isdisjoint(node) else self.trim_parts(node)

    def trim_parts(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Others may hold the same schema: it is not changed, but copied where it has a loop."""
        trimmed: dict[str, Any] = {}
        for keyword in _IN_PLACE:
            if keyword in node:
                kept = self.trim_rule(keyword, node[keyword])
                if kept is not node[keyword]:
                    trimmed[keyword] = kept
        left = {keyword: kept for keyword, kept in trimmed.items() if kept not in (None, [])}
        return {k: v for k, v in node.items() if k not in trimmed} | left if trimmed else node

    def trim_rule(self, keyword: str, rule: Any) -> Any:
        if keyword == "dependentSchemas":
            parts = {name: self.trim(part) for name, part in rule.items()}
            staying = {name: part for name, part in parts.items() if part is not None}
            return rule if _is_same(rule.values(), staying.values()) else staying
        if keyword in _LISTS:
            kept = [part for part in map(self.trim, rule) if part is not None]
            return rule if _is_same(rule, kept) else kept
        return self.trim(rule)


def _is_same(before: Collection[Any], after: Collection[Any]) -> bool:
    return len(before) == len(after) and all(map(is_, before, after))
