"""
What a schema allows, as one short text: equal for schemas that allow the same, however written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from mixdyn.diff.clause import Clause, Fact
from mixdyn.diff.facet import Facet
from mixdyn.diff.joint import settle
from mixdyn.diff.plain import make_key
from mixdyn.schema import Schema

# What leads on for longer is told apart by its first steps alone.
_MANY = 2_000
_DEEP = 40
_REMARKS = ("default", "deprecated")


class Essences:
    """
    Makes such texts, with all that schemas refer to put in; `is_full` when that was too much.

    Args:
        read: gives what a schema says, or why that cannot be told.
    """

    def __init__(self, read: Callable[[Schema], Facet | str]) -> None:
        self.is_full = False
        self._read = read
        self._known: dict[int, str] = {}
        self._above: list[int] = []
        self._lowest = 0  # how far up the last schemas led back
        self._steps = 0

    def of(self, schemas: Iterable[Schema]) -> tuple[str, ...]:
        """Give the texts of schemas whose order says nothing."""
        self._steps = 0
        return tuple(sorted({self._make(schema) for schema in schemas}))

    def of_clause(self, clause: Clause) -> str:
        """Give what tells a clause from others: all that it says."""
        self._steps = 0
        return make_key(self._describe_clause(clause))

    def _make(self, schema: Schema) -> str:
        schema = settle(schema)
        key, depth = id(schema), len(self._above)
        if key in self._known:
            return self._known[key]
        if key in self._above:
            at = self._above.index(key)
            self._lowest = min(self._lowest, at)
            return f"^{depth - at}"
        self._steps += 1
        is_over = self._steps > _MANY or depth > _DEEP
        self.is_full = self.is_full or is_over
        facet = "..." if is_over else self._read(schema)
        if isinstance(facet, str):
            return facet
        outer, self._lowest = self._lowest, depth
        self._above.append(key)
        made = hashlib.sha256(make_key(self._describe(facet)).encode()).hexdigest()
        self._above.pop()
        if self._lowest >= depth and not self.is_full:
            self._known[key] = made
        self._lowest = min(outer, self._lowest)
        return made

    def _describe(self, facet: Facet) -> list[Any]:
        facts = _list_values(facet.facts)
        return [
            sorted(facet.types),
            facet.is_nullable,
            {name: facts[name] for name in facts if name not in _REMARKS},
            sorted(facet.patterns),
            sorted(facet.required),
            sorted(facet.closed),
            sorted(facet.kinds),
            {name: self._make(schema) for name, schema in facet.properties.items()},
            {way: self._make(schema) for way, schema in facet.children.items()},
            sorted({self._make(option.schema) for option in facet.options}),
            sorted({make_key(self._describe_clause(clause)) for clause in facet.clauses}),
        ]

    def _describe_clause(self, clause: Clause) -> list[Any]:
        below = {word: self._make(schema) for word, schema in clause.below.items()}
        deciding = sorted({self._make(schema) for schema in clause.deciding})
        return [clause.keyword, deciding, below, _list_values(clause.bounds)]


def _list_values(facts: Mapping[str, Fact]) -> dict[str, Any]:
    return {name: _to_json(fact.value) for name, fact in facts.items()}


def _to_json(value: Any) -> Any:
    return sorted(cast("frozenset[str]", value)) if isinstance(value, frozenset) else value
