"""
Which operation of one document is which of another: by place, by id, by shape.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import NamedTuple, TypeVar

from mixdyn.catalog import Entry
from mixdyn.diff.edition import Site
from mixdyn.errors import DocumentError
from mixdyn.media import MediaType

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_ALIKE = 0.6
_MANY = 250_000  # pairs of operations; beyond, shapes are not compared

Place = tuple[str, str]  # method and path

_T = TypeVar("_T")


class Pairing(NamedTuple):
    """Operations that belong together, and those that one document has alone."""

    pairs: list[tuple[Site, Site]]
    gone: list[Site]
    come: list[Site]


def pair_sites(old: tuple[Site, ...], new: tuple[Site, ...]) -> Pairing:
    """Pair the operations of two documents, the surest way first."""
    before, after = ({_find_exact(site.entry): site for site in sites} for sites in (old, new))
    places = _pair_entries([site.entry for site in old], [site.entry for site in new])
    pairs = [(before[one], after[other]) for one, other in places.items()]
    gone, come = _without([*old], [*new], pairs)
    found = _pair_alike(gone, come)
    return Pairing(pairs + found, *_without(gone, come, found))


def pair_places(old: Iterable[Entry], new: Iterable[Entry]) -> dict[Place, Place]:
    """
    Tell where the operations of one document are in another, each by method and path.

    Only what is certain counts: the same place, however its parameters are called, or else the same
    operationId.
    """
    return _pair_entries(
        *([*{_find_exact(e): e for e in entries}.values()] for entries in (old, new))
    )


def _pair_entries(gone: list[Entry], come: list[Entry]) -> dict[Place, Place]:
    pairs: dict[Place, Place] = {}
    for find_key in (_find_exact, _find_place, _find_id):
        before, after = _index(find_key, gone), _index(find_key, come)
        found = [(before[key], after[key]) for key in before if key in after]
        pairs.update((_find_exact(one), _find_exact(other)) for one, other in found)
        gone, come = _without(gone, come, found)
    return pairs


def generalize(path: str) -> str:
    """Give a path without the names of its parameters."""
    return _PLACEHOLDER.sub("{}", path)


def _find_exact(entry: Entry) -> Place:
    return entry.method, entry.path


def _find_place(entry: Entry) -> Place:
    return entry.method, generalize(entry.path)


def _find_id(entry: Entry) -> tuple[str, ...]:
    operation_id = entry.operation.value.get("operationId")
    return (operation_id,) if isinstance(operation_id, str) and operation_id else ()


def _index(
    find_key: Callable[[Entry], tuple[str, ...]], entries: list[Entry]
) -> dict[tuple[str, ...], Entry]:
    keys = [find_key(entry) for entry in entries]
    counted = Counter(keys)
    return {key: e for key, e in zip(keys, entries, strict=True) if key and counted[key] == 1}


def _without(
    gone: list[_T], come: list[_T], pairs: list[tuple[_T, _T]]
) -> tuple[list[_T], list[_T]]:
    taken = {id(one) for pair in pairs for one in pair}
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
    shared = [step for step, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
    # Any resource has an id: only words tell that it is the same one.
    if not any(step != "{}" for step in shared):
        return 0
    of_path = len(shared) / max(len(path), len(other_path))
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
