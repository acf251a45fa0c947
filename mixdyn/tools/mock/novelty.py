"""
Lets the answers of a server that has moved ahead show what is new in its document.

Knows two editions of a schema and nothing of requests: a new value of an enum goes before the old
ones, and a new optional property is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mixdyn.document import Document
from mixdyn.errors import DocumentError
from mixdyn.sample import Sampler, Taste
from mixdyn.schema import Schema, Schemas
from mixdyn.shape import is_array, is_object


class Novelty:
    """
    What a document has that an earlier edition of it lacked.

    Args:
        sampler: makes the values of new properties.
        older: the earlier edition; None where there is none, and so nothing new.
    """

    def __init__(self, sampler: Sampler, older: Document | None) -> None:
        self._sampler = sampler
        self._older = Schemas(older) if older is not None else None

    def show(self, schema: Schema, value: Any, seed: str, taste: Taste) -> Any:
        """
        Give a made-up value with what is new in it, as far as the schema allows.

        Schemas are the same if they stand at the same place of both documents.
        """
        former = self.find_former(schema)
        if former is None:
            return value
        try:
            changed = self._renew(schema, former, value, (seed, taste))
        except DocumentError:  # of the earlier edition, maybe: its faults do not count here
            return value
        if is_object(changed):
            return self._sampler.overlay(schema, value, changed)
        return changed if self._sampler.validator(schema).accepts(changed) else value

    def find_former(self, schema: Schema) -> Schema | None:
        """Give a schema's earlier edition, None where there was none."""
        if self._older is None:
            return None
        older = self._older.document
        try:
            target = schema.resolved.target
            is_home = target.base == schema.space.document.location
            found = older.find(older.location, target.pointer) if is_home else None
        except DocumentError:
            return None
        return self._older.at(found) if found is not None else None

    def _renew(self, new: Schema, old: Schema, value: Any, how: tuple[str, Taste]) -> Any:
        new, old = new.core, old.core
        if new.enum:
            added = [choice for choice in new.enum if choice not in old.enum] if old.enum else []
            return added[0] if added and value not in added else value
        if is_array(value):
            pair = new.items, old.items
            return [self._renew_item(pair, item, how) for item in value]
        if not is_object(value):
            return value
        for branch, former in self._pair_branches(new, old, value):
            value = self._renew_object(branch, former, value, how)
        return self._renew_object(new, old, value, how)

    def _renew_item(
        self, pair: tuple[Schema | None, Schema | None], item: Any, how: tuple[str, Taste]
    ) -> Any:
        new, old = pair
        return item if new is None or old is None else self._renew(new, old, item, how)

    def _renew_object(
        self, new: Schema, old: Schema, value: Mapping[str, Any], how: tuple[str, Taste]
    ) -> dict[str, Any]:
        seed, taste = how
        renewed = {**value, **self._renew_others(new, old, value, how)}
        for name, declared in new.properties.items():
            former = old.properties.get(name)
            if name in value and former is not None:
                renewed[name] = self._renew(declared, former, value[name], how)
            elif name not in value and former is None and _is_shown(declared, name, taste):
                renewed[name] = self._sampler.sample(declared, f"{seed}/{name}", taste, name)
        return renewed

    def _pair_branches(
        self, new: Schema, old: Schema, value: Any
    ) -> Iterator[tuple[Schema, Schema]]:
        """Give the branch that a discriminator picks, with its earlier edition, if both are."""
        branch = new.discriminator.pick(value) if new.discriminator is not None else None
        if branch is None or branch.resolved is new.resolved:
            return
        former = old.discriminator.pick(value) if old.discriminator is not None else None
        former = former or self.find_former(branch)
        if former is not None:
            yield branch.core, former.core

    def _renew_others(
        self, new: Schema, old: Schema, value: Mapping[str, Any], how: tuple[str, Taste]
    ) -> dict[str, Any]:
        """Renew what a map holds."""
        pair = new.additional, old.additional
        others = value.keys() - new.properties.keys()
        return {name: self._renew_item(pair, value[name], how) for name in others}


def _is_shown(schema: Schema, name: str, taste: Taste) -> bool:
    """Tell whether an answer has a property: not what its maker could have set, and did not."""
    return schema.get("writeOnly") is not True and name not in taste.omitted
