"""
Walks two documents' schemas side by side: each pair once, whatever refers to it, however deep.

What it finds is a graph, so that a change in a schema that many operations use is one change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mixdyn.diff.change import Direction
from mixdyn.diff.facet import Facet, read_facet
from mixdyn.diff.finding import Found
from mixdyn.diff.joint import Joint, Joints, settle
from mixdyn.diff.keyword import compare_facets, visible
from mixdyn.diff.place import point
from mixdyn.diff.union import Option, find_same, match_options
from mixdyn.errors import DocumentError, excerpt
from mixdyn.schema import Schema
from mixdyn.shape import as_array, as_object, is_object

Key = tuple[int, int, Direction]

# Schemas that lead to each other in circles of different lengths make as many pairs as the product
# of their numbers. Others make hardly more than there are schemas.
_PAIRS = 20
_SPARE = 10_000
_TOO_MANY = "Some schemas lead to each other in too many ways; not all of these were compared"

_SINGLE = (
    *("additionalProperties", "contains", "contentSchema", "else", "if", "items", "not"),
    *("propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"),
)
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS = ("dependentSchemas", "patternProperties", "properties")


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
                pairs = ((old.child(*way), new.child(*way)) for way in references)
                node.below.extend(self.enter(one, other, key[2]) for one, other in pairs)
        if self._joints.is_full:
            self.unreadable.add(_TOO_MANY)

    def _compare(self, node: Node, old: Schema, new: Schema, direction: Direction) -> None:
        before, after = self._read(old), self._read(new)
        if isinstance(before, str) or isinstance(after, str):
            node.found.extend(_find_unreadable(old, new, before, after))
            self.unreadable.update(side for side in (before, after) if isinstance(side, str))
            return
        if before.is_union == after.is_union:
            self._descend(node, before, after, direction)
            self._compare_options(node, before, after, direction)
        else:
            self._compare_lone(node, before, after, direction)
        node.found.extend(_compare_discriminators(before, after))
        if self.documentation and before.words != after.words:
            words = "title, description or examples are others"
            node.found.append(Found("documentation-changed", words, before.pointer, after.pointer))

    def _descend(self, node: Node, old: Facet, new: Facet, direction: Direction) -> None:
        """Compare what two schemas say, and go into what both have."""
        node.found.extend(compare_facets(old, new, direction))
        for one, other in (
            (visible(old, direction), visible(new, direction)),
            (old.children, new.children),
        ):
            shared = (name for name in one if name in other)
            node.below.extend(self.enter(one[n], other[n], direction) for n in shared)

    def _compare_options(self, node: Node, old: Facet, new: Facet, direction: Direction) -> None:
        if not old.options or not new.options:
            return
        match = match_options(old.options, new.options)
        for one, other in match.pairs:
            node.below.append(self.enter(one.schema, other.schema, direction))
            node.found.extend(_compare_tags(one, other, old, new))
        for option in match.gone:
            node.found.append(_found_option("removed", option.schema, old, new))
        for option in match.come:
            node.found.append(_found_option("added", option.schema, old, new))

    def _compare_lone(self, node: Node, old: Facet, new: Facet, direction: Direction) -> None:
        """Compare a union with what is none: often one of its alternatives, all that there was."""
        union, lone = (old, new) if old.is_union else (new, old)
        same = find_same(lone.core, union.options)
        picked = self._read(settle(same.schema)) if same is not None else None
        if same is None or not isinstance(picked, Facet):
            node.found.append(_found_union(old, new))
            return
        picked = picked._replace(is_nullable=union.is_nullable)
        pair = (picked, new) if old.is_union else (old, picked)
        self._descend(node, *pair, direction)
        what = "removed" if old.is_union else "added"
        for option in union.options:
            if option is not same:
                node.found.append(_found_option(what, option.schema, old, new))

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
        is_same = old.target.value == new.target.value
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
            found.append(way)
        waiting.extend(((*way, *step), below) for step, below in _list_below(node))
    return found


def _list_below(node: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    for keyword, value in node.items():
        if keyword in _SINGLE:
            yield (keyword,), value
        elif keyword in _LISTS:
            yield from (((keyword, i), item) for i, item in enumerate(as_array(value)))
        elif keyword in _MAPS:
            yield from (((keyword, name), item) for name, item in as_object(value).items())


def _found_option(what: str, schema: Schema, old: Facet, new: Facet) -> Found:
    name = schema.name or excerpt("/".join(schema.target.pointer.split("/")[-2:]), 60)
    message = f"the alternative {excerpt(name, 60)} was {what}"
    places = (_point(schema), new.pointer) if what == "removed" else (old.pointer, _point(schema))
    return Found(f"union-branch-{what}", message, *places)


def _compare_tags(one: Option, other: Option, old: Facet, new: Facet) -> Iterator[Found]:
    """Compare the discriminator's values that mean an alternative, where both have such."""
    gone, come = one.tags - other.tags, other.tags - one.tags
    for what, tags in (("removed", gone), ("added", come)):
        if one.tags and other.tags and tags:
            names = ", ".join(excerpt(tag, 60) for tag in sorted(tags))
            message = f"the discriminator's value {names} was {what}"
            yield Found(f"discriminator-value-{what}", message, old.pointer, new.pointer)


def _found_union(old: Facet, new: Facet) -> Found:
    """Tell of a union in place of something else: a choice among what it was, or other things."""
    union, lone = (old, new) if old.is_union else (new, old)
    kinds = [frozenset(option.schema.types) for option in union.options]
    is_part = all(kind and kind <= lone.types for kind in kinds)
    is_plain = is_part and not lone.properties and "enum" not in lone.facts
    message = f"one of {len(union.options)} alternatives {'no longer' if old.is_union else 'now'}"
    if is_plain:
        what = "union-removed" if old.is_union else "union-added"
    else:
        what = "no-longer-union" if old.is_union else "became-union"
    return Found(what, message, old.pointer, new.pointer)


def _compare_discriminators(old: Facet, new: Facet) -> Iterator[Found]:
    before, after = old.discriminator, new.discriminator
    if before != after:
        what = "added" if before is None else "removed" if after is None else "changed"
        shown = [excerpt(n, 60) if n is not None else "none" for n in (before, after)]
        message = f"the discriminator {shown[0]} became {shown[1]}"
        yield Found(f"discriminator-{what}", message, old.pointer, new.pointer)


def _find_unreadable(
    old: Schema, new: Schema, before: Facet | str, after: Facet | str
) -> Iterator[Found]:
    places = _point(old), _point(new)
    if isinstance(after, str) and not isinstance(before, str):
        yield Found("schema-became-unreadable", f"cannot be read: {after}", *places)
    elif isinstance(before, str) and not isinstance(after, str):
        yield Found("schema-became-readable", f"could not be read: {before}", *places)


def _point(schema: Schema) -> str:
    return point(schema.target, schema.space.document.location)
