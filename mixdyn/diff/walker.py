"""
Walks two documents' schemas side by side: each pair once, whatever refers to it, however deep.

What it finds is a graph, so that a change in a schema that many operations use is one change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mixdyn.applicator import LISTS, MAPS, SINGLES
from mixdyn.diff.change import Direction
from mixdyn.diff.choice import (
    compare_discriminators,
    compare_kinds,
    compare_tags,
    tell_option,
    tell_union,
)
from mixdyn.diff.condition import compare_clauses
from mixdyn.diff.essence import Essences
from mixdyn.diff.facet import Facet, read_facet
from mixdyn.diff.finding import Found
from mixdyn.diff.joint import Joint, Joints, is_silent, settle
from mixdyn.diff.keyword import compare_facets, compare_whole
from mixdyn.diff.member import list_described, visible
from mixdyn.diff.place import point_at
from mixdyn.diff.plain import is_equal
from mixdyn.diff.slice import cut_slices, join_option
from mixdyn.diff.union import find_same, match_options
from mixdyn.errors import DocumentError
from mixdyn.schema import Schema
from mixdyn.shape import as_array, as_object, is_object

Key = tuple[int, int, Direction]

# Schemas that lead to each other in circles of different lengths make as many pairs as the product
# of their numbers. Others make hardly more than there are schemas.
_PAIRS = 20
_SPARE = 10_000
_TOO_MANY = "Some schemas lead to each other in too many ways; not all of these were compared"

_SINGLES = (*SINGLES, "contentSchema")
# What stands below these turns what is allowed, or decides of it: it is compared as a whole.
_TURNING = frozenset({"if", "not"})


class Node(NamedTuple):
    """A pair of schemas: what changed in what they say themselves, and the pairs below."""

    found: list[Found]
    below: list[Key]


class Walker:
    """
    Compares pairs of schemas, and the pairs that these lead to.

    `nodes` holds what was found, `unreadable` what could not be read in either document. With
    `documentation` also words count.
    """

    def __init__(self, *, documentation: bool) -> None:
        self.documentation = documentation
        self.nodes: dict[Key, Node] = {}
        self.unreadable: set[str] = set()
        self._joints = Joints()
        self._schemas: set[int] = set()
        self._facets: dict[int, Facet | str] = {}
        self._essences = Essences(self._read)
        self._waiting: list[tuple[Key, Schema, Schema]] = []

    def enter(self, old: Schema, new: Schema, direction: Direction) -> Key:
        """Note a pair for comparison, and give the key of its node."""
        old, new = settle(old), settle(new)
        key = (id(old), id(new), direction)
        if key not in self.nodes:
            self.nodes[key] = Node([], [])
            self._schemas.update(key[:2])
            if len(self.nodes) <= _SPARE + _PAIRS * len(self._schemas):
                self._waiting.append((key, old, new))
            else:
                self.unreadable.add(_TOO_MANY)
        return key

    def run(self) -> None:
        """Compare all pairs noted, and those found on the way."""
        while self._waiting:
            key, old, new = self._waiting.pop()
            node = self.nodes[key]
            references = _find_shared(old, new)
            if references is None:
                self._compare(node, old, new, key[2])
            else:
                for way in references:
                    direction = _follow_event(way, key[2])
                    node.below.append(self.enter(old.child(*way), new.child(*way), direction))
        if self._joints.is_full or self._essences.is_full:
            self.unreadable.add(_TOO_MANY)

    def _compare(self, node: Node, old: Schema, new: Schema, direction: Direction) -> None:
        before, after = self._read(old), self._read(new)
        if isinstance(before, str) or isinstance(after, str):
            node.found.extend(_find_unreadable(old, new, before, after))
            self.unreadable.update(side for side in (before, after) if isinstance(side, str))
            return
        if _is_same_file(old, new, before, after):
            return
        if before.is_union == after.is_union:
            self._descend(node, before, after, direction)
            self._compare_options(node, before, after, direction)
        else:
            self._compare_lone(node, before, after, direction)
        node.found.extend(compare_discriminators(before, after))
        if self.documentation and before.words != after.words:
            words = "title, description or examples are others"
            node.found.append(Found("documentation-changed", words, before.pointer, after.pointer))

    def _descend(self, node: Node, old: Facet, new: Facet, direction: Direction) -> None:
        """Compare what two schemas say, and go into what both have."""
        node.found.extend(compare_facets(old, new, direction))
        below = visible(old, direction), visible(new, direction)
        inner = _leave_event(direction)
        for open_name, (one, other) in (("data", below), ("items", (old.children, new.children))):
            for name in one:
                if name in other:
                    toward = direction if name == open_name else inner
                    node.below.append(self.enter(one[name], other[name], toward))
        for before, after in list_described(old, new, direction):
            node.below.append(self.enter(before, after, inner))
        for step in compare_clauses(old, new, self._essences, inner):
            if isinstance(step, Found):
                node.found.append(step)
            else:
                node.below.append(self.enter(*step))

    def _compare_options(self, node: Node, old: Facet, new: Facet, direction: Direction) -> None:
        node.found.extend(compare_kinds(old, new))
        if not old.options or not new.options:
            return
        match = match_options(old.options, new.options)
        for one, other in match.pairs:
            node.below.append(self.enter(one.schema, other.schema, direction))
            node.found.extend(compare_tags(one, other, old, new))
        for option in match.gone:
            node.found.append(tell_option("removed", option.schema, old, new))
        for option in match.come:
            node.found.append(tell_option("added", option.schema, old, new))

    def _compare_lone(self, node: Node, old: Facet, new: Facet, direction: Direction) -> None:
        """Compare a union with what is none: often one of its alternatives, all that there was."""
        union, lone = (old, new) if old.is_union else (new, old)
        if self._compare_slices(node, old, new, direction):
            return
        same = find_same(lone.core, union.options)
        picked = self._read(settle(same.schema)) if same is not None else None
        if same is None or not isinstance(picked, Facet):
            node.found.append(tell_union(old, new))
            return
        picked = join_option(union, picked)._replace(is_nullable=union.is_nullable)
        pair = (picked, new) if old.is_union else (old, picked)
        self._descend(node, *pair, direction)
        what = "removed" if old.is_union else "added"
        for option in union.options:
            if option is not same:
                node.found.append(tell_option(what, option.schema, old, new))

    def _compare_slices(self, node: Node, old: Facet, new: Facet, direction: Direction) -> bool:
        """Compare a union with a schema of several types, type by type, if that can be done."""
        union, lone = (old, new) if old.is_union else (new, old)
        read = [self._read(settle(option.schema)) for option in union.options]
        options = [facet for facet in read if isinstance(facet, Facet)]
        slices = cut_slices(union, options, lone) if len(options) == len(read) else None
        if slices is None:
            return False
        for option, part in slices.pairs:
            pair = (option, part) if old.is_union else (part, option)
            self._descend(node, *pair, direction)
        node.found.extend(compare_whole(old, new, slices.rest))
        what = "removed" if old.is_union else "added"
        for i in slices.alone:
            node.found.append(tell_option(what, union.options[i].schema, old, new))
        return True

    def _read(self, schema: Schema) -> Facet | str:
        """Give what a schema says, or why that cannot be told."""
        found = self._facets.get(id(schema))
        if found is None:
            try:
                found = read_facet(schema, self._joints)
            except DocumentError as error:
                found = error.message
            except RecursionError:
                found = f"{schema.target}: nested too deeply"
            self._facets[id(schema)] = found
        return found


def _is_same_file(old: Schema, new: Schema, before: Facet, after: Facet) -> bool:
    """Tell whether a file of 3.0 stays one: since 3.1 nothing needs to be said of it."""
    is_older = [schema.space.document.version == (3, 0) for schema in (old, new)]
    if is_older[0] == is_older[1]:
        return False
    file, other = (before, new) if is_older[0] else (after, old)
    fact = file.facts.get("format")
    return fact is not None and "binary" in fact.value and is_silent(other)


def _leave_event(direction: Direction) -> Direction:
    """Only which events there are is open; inside of one, values are those of a response."""
    return "response" if direction == "event" else direction


def _follow_event(way: tuple[str | int, ...], direction: Direction) -> Direction:
    """Give the direction at the end of a way into a schema."""
    steps = iter(way)
    for step in steps:
        is_open = step == "items" or (step in LISTS and step != "prefixItems")
        name = next(steps, None) if step in LISTS or step in MAPS else None
        if not is_open and (step, name) != ("properties", "data"):
            return _leave_event(direction)
    return direction


def find_reached(nodes: Mapping[Key, Node], roots: Mapping[Any, list[Key]]) -> dict[Key, list[Any]]:
    """
    Give for each pair that changed what leads to it, in the order of `roots`.

    Args:
        nodes: the graph.
        roots: the pairs that each operation starts with.
    """
    dirty = _find_dirty(nodes)
    reached: dict[Key, list[Any]] = {}
    for owner, keys in roots.items():
        seen = set(keys) & dirty
        waiting = [*seen]
        while waiting:
            key = waiting.pop()
            if nodes[key].found:
                reached.setdefault(key, []).append(owner)
            fresh = [k for k in nodes[key].below if k in dirty and k not in seen]
            seen.update(fresh)
            waiting.extend(dict.fromkeys(fresh))
    return reached


def _find_dirty(nodes: Mapping[Key, Node]) -> set[Key]:
    """Give the pairs that changed, and those that lead to such."""
    above: dict[Key, list[Key]] = {}
    for key, node in nodes.items():
        for child in node.below:
            above.setdefault(child, []).append(key)
    waiting = [key for key, node in nodes.items() if node.found]
    dirty = set(waiting)
    while waiting:
        fresh = [key for key in above.get(waiting.pop(), ()) if key not in dirty]
        dirty.update(fresh)
        waiting.extend(dict.fromkeys(fresh))
    return dirty


def _find_shared(old: Schema, new: Schema) -> list[tuple[str | int, ...]] | None:
    """
    Give the ways to all references in a schema that is written the same in both documents.

    None where it is not, or where what stands elsewhere has a part in what it says.
    """
    versions = (s.space.document.version == (3, 0) for s in (old, new))
    is_more = isinstance(old, Joint) or isinstance(new, Joint) or "$ref" in old.value
    if len(set(versions)) > 1 or is_more:
        return None
    try:
        is_same = is_equal(old.target.value, new.target.value)
    except RecursionError:
        return None
    return _list_references(old.target.value) if is_same else None


def _list_references(value: Any) -> list[tuple[str | int, ...]] | None:
    found: list[tuple[str | int, ...]] = []
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while waiting:
        way, node = waiting.pop()
        if not is_object(node):
            continue
        if "discriminator" in node or "$dynamicRef" in node or {"nullable", "$ref"} <= node.keys():
            return None
        if "$ref" in node:
            if not _TURNING.isdisjoint(way):
                return None
            found.append(way)
        waiting.extend(((*way, *step), below) for step, below in _list_below(node))
    return found


def _list_below(node: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    for keyword, value in node.items():
        if keyword in _SINGLES:
            yield (keyword,), value
        elif keyword in LISTS:
            yield from (((keyword, i), item) for i, item in enumerate(as_array(value)))
        elif keyword in MAPS:
            yield from (((keyword, name), item) for name, item in as_object(value).items())


def _find_unreadable(
    old: Schema, new: Schema, before: Facet | str, after: Facet | str
) -> Iterator[Found]:
    places = point_at(old), point_at(new)
    if isinstance(after, str) and not isinstance(before, str):
        yield Found("schema-became-unreadable", f"cannot be read: {after}", *places)
    elif isinstance(before, str) and not isinstance(after, str):
        yield Found("schema-became-readable", f"could not be read: {before}", *places)
