"""
Shows remembered records in the forms that responses declare: one thing, or a list of them.

What a record says comes from the record; what it does not say is made up, always the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from mixdyn.identity import find_array, is_same
from mixdyn.names import to_snake
from mixdyn.sample import Sampler, Taste
from mixdyn.schema import Schema
from mixdyn.shape import as_object, is_object
from mixdyn.tools.mock.novelty import Novelty
from mixdyn.tools.mock.payload import File
from mixdyn.tools.mock.resource import Collection
from mixdyn.tools.mock.script import plant
from mixdyn.tools.mock.store import Address, Record
from mixdyn.word import split_name, to_singular, vocabulary

_NAMES = ("name", "filename", "file_name", "original_name", "original_filename")
_SIZES = ("size", "bytes", "length", "file_size", "content_length", "size_bytes", "byte_size")
_TYPES = ("content_type", "mime_type", "mimetype", "media_type", "mime")
_CHANGES = vocabulary("updated modified changed")
_TOTALS = ("total", "count", "total_count", "total_items")
_LIMITS = vocabulary("limit per_page page_size size max_results top first")
_OFFSETS = vocabulary("offset skip start")
_TRIES = 50


class Renderer:
    """Renders the records of one document's collections, with what is new in the document."""

    def __init__(self, sampler: Sampler, novelty: Novelty) -> None:
        self.sampler = sampler
        self.novelty = novelty

    def show(self, schema: Schema, collection: Collection, record: Record, address: Address) -> Any:
        """Give a record in the form of a schema, which may wrap it in a property."""
        taste = Taste(
            now=record.created,
            is_fresh=True,
            omitted=collection.settable - record.fields.keys(),
        )
        seed = f"{'/'.join(collection.key)} {record.serial}"
        value = self.sampler.sample(schema, seed, taste)
        value = self.novelty.show(schema, value, seed, taste)
        facts = {
            # A record made under an earlier edition may know its id by another name.
            **({collection.identifier: record.id} if collection.identifier else {}),
            **self._changes(schema, seed, taste, record),
            **_parents(address),
            **file_facts(record.file),
            **record.fields,
        }
        inner = _find_inner(schema, collection)
        if inner is None or not is_object(value):
            return self.sampler.overlay(schema, value, facts)
        thing = schema.core.properties[inner]
        held = self.sampler.overlay(thing, value.get(inner, {}), facts)
        return self.sampler.overlay(schema, value, {inner: held})

    def _changes(
        self, schema: Schema, seed: str, taste: Taste, record: Record
    ) -> Mapping[str, Any]:
        """Give the properties that tell when a record was last changed."""
        if record.changed == record.created:
            return {}
        later = self.sampler.sample(schema, seed, replace(taste, now=record.changed))
        later = as_object(later)
        return {n: v for n, v in later.items() if _CHANGES & split_name(n)}

    def show_list(
        self, schema: Schema, shown: list[Any], query: Mapping[str, Any], seed: str
    ) -> Any:
        """
        Give things that were shown already as the list that a schema describes.

        Args:
            schema: the list, or the object around it.
            shown: the things in the form of the list's items.
            query: the query's parameters; those that are called like a property choose, those
                that speak of a limit or an offset cut a page.
            seed: what the made-up part of the object around the list depends on.
        """
        found = find_array(schema)
        path = found[0] if found is not None else ()
        chosen = [item for item in shown if _is_chosen(item, query)]
        page = cut_page(chosen, query)
        if not path:
            fits = self.sampler.validator(schema).accepts(page)
            return page if fits else self._plain(schema, seed)
        whole = plant(self._plain(schema, seed), path, page)
        if not self.sampler.validator(schema).accepts(whole):
            return self._plain(schema, seed)
        return self.sampler.overlay(schema, whole, dict.fromkeys(_TOTALS, len(chosen)))

    def _plain(self, schema: Schema, seed: str) -> Any:
        return self.sampler.sample(schema, seed, Taste(is_fresh=True))

    def fresh_id(self, collection: Collection, serial: int, taken: Mapping[str, Any]) -> Any:
        """Make an identifier that fits its schema and is not taken; ascending where that can be."""
        item, name = collection.item, collection.identifier
        schema = item.core.properties[name].core if item is not None and name is not None else None
        if schema is None:
            return str(serial)
        accepts = self.sampler.validator(schema).accepts
        least = schema.get("minimum")
        numbered = serial + max(0, (least if isinstance(least, int) else 1) - 1)
        plain = str(UUID(int=serial, version=4)) if schema.format == "uuid" else None
        candidates: list[Any] = [numbered] if "string" not in schema.types else []
        candidates += [plain or f"{collection.singular}-{serial:04d}"]
        ready = (c for c in candidates if accepts(c) and str(c) not in taken)
        made = (self._sample_id(schema, f"id {serial}.{i}") for i in range(_TRIES))
        fresh = (value for value in made if str(value) not in taken)
        first = next(ready, None)
        return first if first is not None else next(fresh, str(serial))

    def _sample_id(self, schema: Schema, seed: str) -> Any:
        return self.sampler.sample(schema, seed, Taste(has_examples=False))


def file_facts(file: File | None) -> dict[str, Any]:
    """Give what an uploaded file says about itself, under the names that schemas use for it."""
    if file is None:
        return {}
    facts: dict[str, Any] = dict.fromkeys(_SIZES, len(file.content))
    facts |= dict.fromkeys(_NAMES, file.name) if file.name else {}
    return facts | (dict.fromkeys(_TYPES, file.content_type) if file.content_type else {})


def cut_page(items: list[Any], query: Mapping[str, Any]) -> list[Any]:
    """Give the page of a list that `limit` and `offset`, or their like, ask for."""
    numbers = {to_snake(n): v for n, v in query.items() if isinstance(v, int)}
    limit = next((v for n, v in numbers.items() if n in _LIMITS), None)
    offset = next((v for n, v in numbers.items() if n in _OFFSETS), 0)
    if limit is not None and "page" in numbers:
        offset = limit * max(0, numbers["page"] - 1)
    rest = items[max(0, offset) :]
    return rest if limit is None else rest[: max(0, limit)]


def _is_chosen(item: Any, query: Mapping[str, Any]) -> bool:
    """Tell whether an item has the values that the query asks for by its properties' names."""
    if not is_object(item):
        return True
    asked = {name: wanted for name, wanted in query.items() if name in item}
    return all(
        item[name] in wanted if isinstance(wanted, list) else item[name] == wanted
        for name, wanted in asked.items()
    )


def _parents(address: Address) -> dict[str, str]:
    """Give the ids of the things that a record belongs to: `session_id` below `sessions`."""
    places = [i for i, text in enumerate(address.key) if text == "{}" and i > 0]
    pairs = zip(places, address.scope, strict=False)
    return {f"{to_singular(to_snake(address.key[i - 1]))}_id": value for i, value in pairs}


def _find_inner(schema: Schema, collection: Collection) -> str | None:
    """Name the property that wraps the thing, or None where the schema is the thing itself."""
    core = schema.core
    if collection.identifier in core.properties or is_same(core, collection.item):
        return None
    wrapped = (
        name
        for name, s in core.properties.items()
        if is_same(s, collection.item) or collection.identifier in s.core.properties
    )
    return next(wrapped, None)
