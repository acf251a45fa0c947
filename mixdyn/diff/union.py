"""
Which alternative of one union is which of another: by tag, by name, by what they say, by shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from mixdyn.diff.joint import unwrap
from mixdyn.diff.plain import make_key, strip_remarks
from mixdyn.errors import DocumentError
from mixdyn.schema import Schema
from mixdyn.shape import as_array

_ALIKE = 0.5
_MANY = 60  # beyond, comparing the shapes of each with each would cost too much


class Option(NamedTuple):
    """One alternative of a union, and the discriminator's values that mean it."""

    schema: Schema
    tags: frozenset[str]


Pair = tuple[Option, Option]
Keys = Callable[[Option], Iterable[Any]]


class Match(NamedTuple):
    """The alternatives of two unions: those that belong together, and those on one side only."""

    pairs: list[Pair]
    gone: list[Option]
    come: list[Option]


def list_options(schema: Schema) -> list[Option]:
    """Give a union's alternatives, null aside; a parent's children by its discriminator, too."""
    discriminator = schema.implied_discriminator
    tags: dict[int, set[str]] = {}
    options: dict[int, Schema] = {}
    for tag, branch in discriminator.branches.items() if discriminator is not None else ():
        options.setdefault(id(unwrap(branch)), branch)
        tags.setdefault(id(unwrap(branch)), set()).add(str(tag))
    for branch in schema.branches:
        options.setdefault(id(unwrap(branch)), branch)
    return [Option(branch, frozenset(tags.get(key, ()))) for key, branch in options.items()]


def list_alternatives(part: Schema, whole: Schema, keyword: str) -> list[Schema]:
    """
    Give the branches of an `anyOf` or `oneOf`, null among them; none where one has been picked.

    Args:
        part: one of the parts of a schema.
        whole: the schema; if it is built on a branch (`Cat` on `Pet`), that is the one.
        keyword: `anyOf` or `oneOf`.
    """
    count = len(as_array(part.value.get(keyword)))
    branches = [part.child(keyword, i) for i in range(count)]
    if part is whole or not branches:
        return branches
    others = (branch.resolved for branch in branches)
    is_picked = any(other is not part and other in whole.parts for other in others)
    return [] if is_picked else branches


def match_options(old: Iterable[Option], new: Iterable[Option]) -> Match:
    """Pair alternatives, the surest way first; no pair is forced."""
    gone = {id(option.schema): option for option in old}
    come = {id(option.schema): option for option in new}
    pairs: list[Pair] = []
    for find_keys in (_tag_keys, _name_keys, _content_keys, _type_keys):
        pairs += _take(_find_equal(find_keys, gone, come), gone, come)
    pairs += _take(_find_alike([*gone.values()], [*come.values()]), gone, come)
    return Match(pairs, [*gone.values()], [*come.values()])


def find_same(schema: Schema, options: Iterable[Option]) -> Option | None:
    """Give the alternative that says what a schema says, or is most like it, or None."""
    pairs = match_options([Option(schema, frozenset())], options).pairs
    return pairs[0][1] if pairs else None


def _take(
    pairs: Iterable[Pair], gone: dict[int, Option], come: dict[int, Option]
) -> Iterator[Pair]:
    """Give those pairs of which both are still free, and mark them as taken."""
    for one, other in pairs:
        if id(one.schema) in gone and id(other.schema) in come:
            del gone[id(one.schema)], come[id(other.schema)]
            yield one, other


def _find_equal(find_keys: Keys, gone: dict[int, Option], come: dict[int, Option]) -> list[Pair]:
    """Pair those that share a key which no other on their side has."""
    before, after = _index(find_keys, gone.values()), _index(find_keys, come.values())
    shared = ((before[key], after[key]) for key in before if key in after)
    return [(one, other) for one, other in shared if one is not None and other is not None]


def _index(find_keys: Keys, options: Iterable[Option]) -> dict[Any, Option | None]:
    found: dict[Any, Option | None] = {}
    for option in options:
        try:
            keys = [*find_keys(option)]
        except (DocumentError, RecursionError):  # nothing can be told of it
            continue
        for key in keys:
            found[key] = None if key in found else option
    return found


def _tag_keys(option: Option) -> Iterable[Any]:
    return sorted(option.tags)


def _name_keys(option: Option) -> Iterable[Any]:
    return [option.schema.name] if option.schema.name is not None else []


def _content_keys(option: Option) -> Iterable[Any]:
    return [make_key(strip_remarks(option.schema.resolved.target.value))]


def _type_keys(option: Option) -> Iterable[Any]:
    """Objects differ too much for their type to tell anything."""
    types = option.schema.types
    return [types] if types not in ((), ("object",)) else []


def _find_alike(gone: list[Option], come: list[Option]) -> list[Pair]:
    if len(gone) > _MANY or len(come) > _MANY:
        return []
    # Two that have tags, none of them in common, are two kinds of things, however alike.
    both = [(a, b) for a in gone for b in come if not (a.tags and b.tags)]
    scored = [(likeness(a.schema, b.schema), (a, b)) for a, b in both]
    likely = [(score, pair) for score, pair in scored if score >= _ALIKE]
    return [pair for _, pair in sorted(likely, key=lambda found: -found[0])]


def likeness(one: Schema, other: Schema) -> float:
    """Tell how many of their properties two objects share, from 0 to 1."""
    try:
        before, after = set(one.core.properties), set(other.core.properties)
    except DocumentError:
        return 0.0
    return len(before & after) / len(before | after) if before | after else 0.0
