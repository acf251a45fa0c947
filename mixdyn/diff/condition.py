"""
What changed in the clauses of a schema: which is which, and whether it is still the same.

Only of what a clause leads to it can be told whether more or less is allowed, and of a choice of
conditions, which grows or shrinks. Of any other only that it changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mixdyn.diff.change import Direction
from mixdyn.diff.clause import Clause
from mixdyn.diff.essence import Essences
from mixdyn.diff.facet import Facet
from mixdyn.diff.finding import Found, Root, Step
from mixdyn.diff.keyword import compare_limit
from mixdyn.diff.place import point_at

_Pair = tuple[Clause, Clause]


def compare_clauses(
    old: Facet, new: Facet, essences: Essences, direction: Direction
) -> Iterator[Step]:
    """Tell what changed in the clauses of two schemas, and give what these lead to."""
    # The same clause twice says no more than once.
    gone = [*{essences.of_clause(clause): clause for clause in old.clauses}.values()]
    come = [*{essences.of_clause(clause): clause for clause in new.clauses}.values()]
    keys: tuple[Callable[[Clause], Any], ...] = (
        essences.of_clause,
        lambda clause: (clause.keyword, essences.of(clause.deciding)),
        lambda clause: clause.keyword,
    )
    for key in keys:
        for one, other in _take(gone, come, key):
            yield from _compare_deciding(one, other, essences)
            yield from _compare_below(one, other, (old.pointer, new.pointer), direction)
    for clause in gone:
        message = f"{clause.keyword} was removed"
        yield Found("condition-removed", message, clause.pointer, new.pointer)
    for clause in come:
        yield Found("condition-added", f"{clause.keyword} was added", old.pointer, clause.pointer)


def _take(
    gone: list[Clause], come: list[Clause], find_key: Callable[[Clause], Any]
) -> Iterator[_Pair]:
    """Take out those that have a key in common, in order."""
    for one in [*gone]:
        key = find_key(one)
        other = next((clause for clause in come if find_key(clause) == key), None)
        if other is not None:
            gone.remove(one)
            come.remove(other)
            yield one, other


def _compare_below(
    one: Clause, other: Clause, around: tuple[str, str], direction: Direction
) -> Iterator[Step]:
    for word, child in one.below.items():
        if word in other.below:
            yield Root(child, other.below[word], direction)
        else:
            places = point_at(child), around[1]
            yield Found("condition-removed", f"{word} was removed", *places)
    for word, child in other.below.items():
        if word not in one.below:
            places = around[0], point_at(child)
            yield Found("condition-added", f"{word} was added", *places)
    for name in sorted(one.bounds.keys() | other.bounds.keys()):
        yield from compare_limit(name, one.bounds.get(name), other.bounds.get(name), around)


def _compare_deciding(one: Clause, other: Clause, essences: Essences) -> Iterator[Found]:
    """Compare what decides: of a choice of conditions it can be told which way it changed."""
    before, after = set(essences.of(one.deciding)), set(essences.of(other.deciding))
    if before == after:
        return
    what, message = "changed", f"{one.keyword} is another"
    if one.keyword == "anyOf" and (before < after or after < before):
        what = "removed" if before < after else "added"
        message = f"anyOf: {len(after)} conditions to choose from, were {len(before)}"
    yield Found(f"condition-{what}", message, one.pointer, other.pointer)
