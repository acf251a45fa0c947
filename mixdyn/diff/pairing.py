"""
Which operation of one document is which of another: by place, by id, by shape.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from mixdyn.diff.edition import Site
from mixdyn.errors import DocumentError
from mixdyn.media import MediaType
from mixdyn.names import to_snake
from mixdyn.operation import Operation

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_ALIKE = 0.6
_MANY = 250_000  # pairs of operations; beyond, shapes are not compared


class Pairing(NamedTuple):
    """Operations that belong together, and those that one document has alone."""

    pairs: list[tuple[Site, Site]]
    gone: list[Site]
    come: list[Site]


def pair_sites(old: tuple[Site, ...], new: tuple[Site, ...]) -> Pairing:
    """Pair the operations of two documents, the surest way first."""
    gone, come = list(old), list(new)
    pairs: list[tuple[Site, Site]] = []
    for find_key in (_find_exact, _find_place, _find_id):
        before, after = _index(find_key, gone), _index(find_key, come)
        found = [(before[key], after[key]) for key in before if key in after]
        pairs += found
        gone, come = _without(gone, come, found)
    found = _pair_alike(gone, come)
    return Pairing(pairs + found, *_without(gone, come, found))


def generalize(path: str) -> str:
    """Give a path without the names of its parameters."""
    return _PLACEHOLDER.sub("{}", path)


def _find_exact(site: Site) -> tuple[str, ...]:
    return site.entry.method, site.entry.path


def _find_place(site: Site) -> tuple[str, ...]:
    return site.entry.method, generalize(site.entry.path)


def _find_id(site: Site) -> tuple[str, ...]:
    operation_id = site.entry.operation.value.get("operationId")
    return (operation_id,) if isinstance(operation_id, str) and operation_id else ()


def _index(find_key: Callable[[Site], tuple[str, ...]], sites: list[Site]) -> dict[tuple[str, ...], Site]:
    keys = [find_key(site) for site in sites]
    counted = Counter(keys)
    return {key: s for key, s in zip(keys, sites, strict=True) if key and counted[key] == 1}


def _without(
    gone: list[Site], come: list[Site], pairs: list[tuple[Site, Site]]
) -> tuple[list[Site], list[Site]]:
    taken = {id(site) for pair in pairs for site in pair}
    return [s for s in gone if id(s) not in taken], [s for s in come if id(s) not in taken]


def _pair_alike(gone: list[Site], come: list[Site]) -> list[tuple[Site, Site]]:
    """Pair operations that are more like each other than like any other, and much alike."""
    if len(gone) * len(come) > _MANY:
        return []
    before = [(site, _find_traits(site)) for site in gone]
    after = [(site, _find_traits(site)) for site in come]
    scores = {
        (i, j): _likeness(one, other)
        for i, (a, one) in enumerate(before)
        for j, (b, other) in enumerate(after)
        if a.entry.method == b.entry.method
    }
    best = sorted((pair for pair in scores if scores[pair] >= _ALIKE), key=lambda p: -scores[p])
    found: dict[int, int] = {}
    for i, j in best:
        if i not in found and j not in found.values():
            found[i] = j
    return [(gone[i], come[j]) for i, j in found.items()]


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    return (one & other).total() / max(1, (one | other).total())


def _find_traits(site: Site) -> Counter[str]:
    """List what makes an operation what it is: path, name, arguments, what it gives."""
    entry = site.entry
    words = [w for w in generalize(entry.path).split("/") if w]
    traits = Counter(f"path {word}" for word in words)
    traits.update(f"word {word}" for word in to_snake(entry.name).split("_"))
    if site.operation is not None:
        traits.update(_find_shape(site.operation))
    return traits


def _find_shape(operation: Operation) -> list[str]:
    traits = [f"argument {a.location} {a.wire}" for a in operation.arguments]
    for response in operation.success:
        for media in response.media:
            traits += [f"gives {name}" for name in _name_shape(media)]
    return traits


def _name_shape(media: MediaType) -> list[str]:
    if media.schema is None:
        return [media.essence]
    try:
        core = media.schema.core
        return [core.name] if core.name else [*core.properties] or [*core.types]
    except DocumentError:
        return []
