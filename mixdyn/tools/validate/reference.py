"""
Goes through all that a document says, in all its files: references that lead nowhere, and patterns
that nothing is checked against.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mixdyn.cost import is_exponential
from mixdyn.document import MAX_REFERENCE_CHAIN, Document, Target
from mixdyn.ecma import compile_pattern
from mixdyn.errors import DocumentError, excerpt
from mixdyn.fault import Flaw
from mixdyn.shape import as_object, is_array, is_object

_DATA = frozenset({"const", "default", "enum", "example", "value"})
# Maps whose keys are names that the API chooses, and not keywords.
_NAMED = frozenset(
    {"$defs", "callbacks", "content", "definitions", "dependentSchemas", "encoding", "examples"}
    | {"headers", "links", "mapping", "parameters", "pathItems", "paths", "patternProperties"}
    | {"properties", "requestBodies", "responses", "schemas", "securitySchemes", "variables"}
    | {"webhooks"}
)


class Survey:
    """One walk over a document; what it found is in `flaws`."""

    def __init__(self, document: Document) -> None:
        self.flaws: list[Flaw] = []
        self._document = document
        self._known: dict[tuple[str, str], Target | str] = {}
        self._waiting: list[tuple[Target, bool]] = [(document.at(), False)]
        self._taken = {(document.location, "")}
        while self._waiting:
            self._look(*self._waiting.pop())

    def _look(self, target: Target, is_named: bool) -> None:
        value = target.value
        if is_array(value):
            for i, item in enumerate(value):
                self._push(target, i, item, is_named=False)
        if not is_object(value):
            return
        if not is_named:
            self._judge(target)
        for name, item in value.items():
            if is_named or not _is_data(name, item):
                named = not is_named and name in _NAMED
                self._push(target, name, item, is_named=named)

    def _push(self, target: Target, step: str | int, item: Any, *, is_named: bool) -> None:
        if isinstance(item, (dict, list)):
            self._waiting.append((target.child(step), is_named))

    def _judge(self, target: Target) -> None:
        """Look at what one object says itself."""
        value = target.value
        if isinstance(value.get("$ref"), str):
            self._follow(value["$ref"], target)
        mapping = as_object(as_object(value.get("discriminator")).get("mapping"))
        for name, where in mapping.items():
            if isinstance(where, str) and not self._is_component(where):
                self._follow(where, target.child("discriminator", "mapping", name))
        patterns: list[tuple[tuple[str, ...], Any]] = [(("pattern",), value.get("pattern"))]
        rules = as_object(value.get("patternProperties"))
        patterns += [(("patternProperties", rule), rule) for rule in rules]
        for steps, pattern in patterns:
            self.flaws += _judge_pattern(target.child(*steps), pattern)

    def _is_component(self, name: str) -> bool:
        return self._document.at("components", "schemas", name).value is not None

    def _follow(self, reference: str, target: Target) -> None:
        """Follow a reference; a file that it leads to is looked at, too."""
        key = (target.base, reference)
        if key not in self._known:
            self._known[key] = self._find(reference, target)
        found = self._known[key]
        if isinstance(found, str):
            self.flaws.append(Flaw("reference", found, target.base, target.pointer))
        elif found.base != self._document.location:
            place = (found.base, found.pointer)
            if place not in self._taken:
                self._taken.add(place)
                self._waiting.append((found, False))

    def _find(self, reference: str, target: Target) -> Target | str:
        """Give the end of a reference's chain, or what is wrong with it."""
        shown = excerpt(reference, 120)
        try:
            first = found = self._document.follow(reference, target)
        except DocumentError as error:
            return _shorten(error.message, target)
        for _ in range(MAX_REFERENCE_CHAIN):
            following = as_object(found.value).get("$ref")
            if not isinstance(following, str):
                return first
            try:
                found = self._document.follow(following, found)
            except DocumentError:  # told where that one stands
                return first
        return f"the reference {shown} leads back to itself; break the cycle"


def find_flaws(document: Document) -> Iterator[Flaw]:
    """Give the references that lead nowhere, and the patterns that are not used, each once."""
    yield from dict.fromkeys(Survey(document).flaws)


def _is_data(name: str, item: Any) -> bool:
    """Tell whether a member is the API's own data, in which `$ref` means nothing."""
    return name in _DATA or name.startswith("x-") or (name == "examples" and is_array(item))


def _judge_pattern(target: Target, pattern: Any) -> Iterator[Flaw]:
    if not isinstance(pattern, str):
        return
    shown = excerpt(pattern, 120)
    if compile_pattern(pattern) is None:
        message = f"the pattern {shown} is none that Python can read; nothing is checked against it"
        yield Flaw("pattern", message, target.base, target.pointer)
    elif is_exponential(pattern):
        message = f"the pattern {shown} may take too long on long text, which is then not checked"
        yield Flaw("pattern", message, target.base, target.pointer)


def _shorten(message: str, target: Target) -> str:
    """Leave out where a reference stands: a finding says that itself."""
    return message.removeprefix(f"{target}: ")
