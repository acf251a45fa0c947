"""
Where secrets stand in the instances of a schema, for messages about them. Knows self-contained JSON
Schema as `normalform` gives it, in which `writeOnly` and `format: password` mark secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mixdyn.applicator import LISTS, TELLING_MAPS, TELLING_SINGLES
from mixdyn.redact import MASK, PLAIN, is_marked
from mixdyn.shape import as_array, as_object, is_object

_MAX_VISITS = 50_000


class SecretPlaces:
    """
    Tells which places of an instance are secret: by name, or as the schema marks them.

    What is marked counts wherever a property of that name stands: a message too few is better than
    a secret shown.
    """

    def __init__(self, schema: Any) -> None:
        self._marked: set[str] = set()
        self._declared: set[str] = set()
        self._is_all = False
        self._definitions = as_object(as_object(schema).get("$defs"))
        self._walk(schema)

    def covers(self, steps: Sequence[Any]) -> bool:
        """Tell whether what stands at a path is secret, itself or with all around it."""
        return self._is_all or any(map(self._is_secret, steps))

    def hides_numbers(self, steps: Sequence[Any]) -> bool:
        """Tell whether numbers there are secret too: those of `code` and of `tokens` are not."""
        names = [step for step in steps if self._is_secret(step)]
        return self._is_all or any(n in self._marked or not _is_number_name(n) for n in names)

    def hide_keys(self, steps: Sequence[Any]) -> list[Any]:
        """Give the path without keys below a secret name: what no schema declares may be one."""
        shown: list[Any] = []
        is_inside = self._is_all
        for step in steps:
            is_key = isinstance(step, str) and step not in self._declared
            shown.append(MASK if is_inside and is_key else step)
            is_inside = is_inside or self._is_secret(step)
        return shown

    def generalize(self, steps: Sequence[Any]) -> list[str]:
        """Give the path with `*` for indexes and for keys that the schema does not declare."""
        return [s if isinstance(s, str) and s in self._declared else "*" for s in steps]

    def _is_secret(self, step: Any) -> bool:
        return isinstance(step, str) and (step in self._marked or PLAIN.is_secret(step))

    def _walk(self, schema: Any) -> None:
        """Go through the schema once for each property that a part of it describes."""
        seen: set[tuple[int, str | None]] = set()
        waiting: list[tuple[str | None, Any]] = [(None, schema)]
        while waiting and len(seen) < _MAX_VISITS:
            owner, node = waiting.pop()
            if not is_object(node) or (id(node), owner) in seen:
                continue
            seen.add((id(node), owner))
            if is_marked(node):
                self._mark(owner)
            waiting += ((owner, inner) for inner in self._find_inner(node))
            properties = as_object(node.get("properties"))
            self._declared.update(properties)
            waiting += properties.items()

    def _mark(self, owner: str | None) -> None:
        if owner is None:
            self._is_all = True
        else:
            self._marked.add(owner)

    def _find_inner(self, node: Mapping[str, Any]) -> Iterator[Any]:
        """Give the schemas of the same value, and of what it holds without a declared name."""
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield self._definitions.get(reference.rpartition("/")[2])
        for keyword in LISTS:
            yield from as_array(node.get(keyword))
        for keyword in TELLING_MAPS:
            yield from as_object(node.get(keyword)).values()
        for keyword in TELLING_SINGLES:
            yield node.get(keyword)


def _is_number_name(name: str) -> bool:
    return name.lower() == "code" or name.lower().endswith("tokens")
