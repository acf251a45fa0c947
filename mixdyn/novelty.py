"""
What a value that fits holds beyond what its schema tells: properties and values not listed.

Knows self-contained JSON Schema as `normalform` gives it. Looks at a bounded part of the value:
this is for people to read, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from typing import Any

from mixdyn.errors import Problem, excerpt
from mixdyn.misfit import NEW_PROPERTY, NEW_VALUE, make_misfit, name_type, write_pointer
from mixdyn.redact import PLAIN
from mixdyn.shape import as_array, as_object, is_array, is_object

# Of the values that fit, the 2nd, 4th, 8th and so on, then one in so many: the first call is slow
# enough.
_EVERY = 256

_MOST_NODES = 500
_MOST_PARTS = 64
_MOST_FOUND = 20
_MOST_ITEMS = 3
_MOST_LEVELS = 8
_LONGEST = 80
_OPENING = ("patternProperties", "propertyNames", "unevaluatedProperties")
_ANY_OF = ("anyOf", "oneOf")

Schema = Mapping[str, Any]


class Novelty:
    """Looks for what is new in the values of one schema; now and then, since values come often."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._definitions = as_object(as_object(schema).get("$defs"))
        self._turns = count(1)

    def sample(self, value: Any) -> tuple[Problem, ...]:
        """List what is new in a value, if it is its turn: more and more seldom."""
        turn = next(self._turns)
        is_early = 1 < turn < _EVERY and turn & (turn - 1) == 0
        return self.find(value) if is_early or turn % _EVERY == 0 else ()

    def find(self, value: Any) -> tuple[Problem, ...]:
        """List the unknown properties and the unlisted values that a value holds."""
        return tuple(islice(self._walk(value), _MOST_FOUND))

    def _walk(self, value: Any) -> Iterator[Problem]:
        waiting: list[tuple[Any, list[Schema], tuple[str, ...]]] = []
        waiting.append((value, [as_object(self._schema)], ()))
        for _ in range(_MOST_NODES):
            if not waiting:
                return
            node, schemas, steps = waiting.pop()
            parts = self._gather(schemas)
            if is_object(node):
                yield from self._look(node, parts, steps)
                for name, inner in node.items():
                    described = _select(parts, "properties", name)
                    if described:
                        waiting.append((inner, described, (*steps, name)))
            elif is_array(node):
                described = [as_object(part["items"]) for part in parts if "items" in part]
                waiting += ((item, described, (*steps, "*")) for item in node[:_MOST_ITEMS])
            else:
                yield from self._look_up(node, schemas, steps)

    def _look(
        self, node: Mapping[str, Any], parts: Sequence[Schema], steps: tuple[str, ...]
    ) -> Iterator[Problem]:
        """List the properties that no part declares, where none says that there are others."""
        known = {name for part in parts for name in as_object(part.get("properties"))}
        is_map = any(part.get("additionalProperties", False) is not False for part in parts)
        if not known or is_map or any(key in part for part in parts for key in _OPENING):
            return
        for name in (name for name in node if name not in known):
            place = write_pointer((*steps, name))
            got = name_type(node[name])
            told = "the document does not tell of this property"
            expected = "no property of this name"
            yield make_misfit(
                _path(place), told, kind=NEW_PROPERTY, pointer=place, expected=expected, got=got
            )

    def _look_up(
        self, node: Any, schemas: Sequence[Schema], steps: tuple[str, ...]
    ) -> Iterator[Problem]:
        """Tell of a value that is not among those listed."""
        listed = self._list_values(schemas)
        if node is None or listed is None or node in listed:
            return
        is_secret = any(map(PLAIN.is_secret, steps))
        got = name_type(node) if is_secret else excerpt(repr(node), _LONGEST)
        place = write_pointer(steps)
        expected = f"one of {excerpt(listed, _LONGEST)}"
        told = f"expected {expected}, got {got}"
        yield make_misfit(
            _path(place), told, kind=NEW_VALUE, pointer=place, expected=expected, got=got
        )

    def _list_values(self, schemas: Sequence[Schema], depth: int = 0) -> list[Any] | None:
        """List what may stand there; None where that is not said by all alternatives."""
        lists = [self._list_own(schema, depth) for schema in schemas if depth < _MOST_LEVELS]
        known = [each for each in lists if each is not None]
        return [value for each in known for value in each] if lists and known == lists else None

    def _list_own(self, schema: Schema, depth: int) -> list[Any] | None:
        found: list[Any] | None = None
        for part in self._gather([schema], unions=()):
            if "enum" in part:
                found = as_array(part["enum"])
            for keyword in _ANY_OF:
                branches = [as_object(branch) for branch in as_array(part.get(keyword))]
                found = self._list_values(branches, depth + 1) or found
        return found

    def _gather(self, schemas: Sequence[Schema], unions: Sequence[str] = _ANY_OF) -> list[Schema]:
        """Give the schemas that describe a value together, references followed."""
        parts: list[Schema] = []
        seen: set[int] = set()
        waiting: list[Any] = list(schemas)
        while waiting and len(parts) < _MOST_PARTS:
            part = waiting.pop()
            if not is_object(part) or id(part) in seen:
                continue
            seen.add(id(part))
            parts.append(part)
            for keyword in ("allOf", *unions):
                waiting += as_array(part.get(keyword))
            waiting += [part[key] for key in ("then", "else") if unions and key in part]
            if isinstance(part.get("$ref"), str):
                waiting.append(self._definitions.get(part["$ref"].rpartition("/")[2]))
        return parts


def _select(parts: Sequence[Schema], keyword: str, name: str) -> list[Schema]:
    members = (as_object(part.get(keyword)) for part in parts)
    return [as_object(each[name]) for each in members if name in each]


def _path(pointer: str) -> str:
    return "$" + pointer.replace("/", ".")
