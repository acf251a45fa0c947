"""
Which operation of one document is which of another: by place, by id, by shape.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import takewhile
from typing import NamedTuple

from mixdyn.diff.edition import Site
from mixdyn.errors import DocumentError
from mixdyn.media import MediaType

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


def _index(
    find_key: Callable[[Site], tuple[str, ...]], sites: list[Site]
) -> dict[tuple[str, ...], Site]:
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
    before = [(site, _split(site), _find_shape(site)) for site in gone]
    after = [(site, _split(site), _find_shape(site)) for site in come]
    scores = {
        (i, j): _likeness(path, other_path, shape, other_shape)
        for i, (one, path, shape) in enumerate(before)
        for j, (other, other_path, other_shape) in enumerate(after)
        if one.entry.method == other.entry.method
    }
    best = sorted((pair for pair in scores if scores[pair] >= _ALIKE), key=lambda p: -scores[p])
    taken: set[int] = set()
    found: list[tuple[Site, Site]] = []
    for i, j in best:
        if taken.isdisjoint((i, len(gone) + j)):
            taken.update((i, len(gone) + j))
            found.append((gone[i], come[j]))
    return found


def _likeness(path: list[str], other_path: list[str], shape: set[str], other: set[str]) -> float:
    """Tell how much of the paths' ends, and of what is taken and given, is the same: 0 to 1."""
    pairs = zip(reversed(path), reversed(other_path), strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    of_path = shared / max(len(path), len(other_path), 1)
    # Two that take and give nothing have nothing in common by that.
    of_shape = len(shape & other) / len(shape | other) if shape | other else of_path
    return (of_path + of_shape) / 2


def _split(site: Site) -> list[str]:
    return [step for step in generalize(site.entry.path).split("/") if step]


def _find_shape(site: Site) -> set[str]:
    """List what an operation takes and gives."""
    operation = site.operation
    if operation is None:
        return set()
    traits = {f"takes {a.location} {a.wire}" for a in operation.arguments}
    media = (m for response in operation.success for m in response.media)
    return traits | {f"gives {name}" for m in media for name in _name_shape(m)}


def _name_shape(media: MediaType) -> list[str]:
    if media.schema is None:
        return [media.essence]
    try:
        core = media.schema.core
        return [core.name] if core.name else [*core.properties] or [*core.types]
    except DocumentError:
        return []
