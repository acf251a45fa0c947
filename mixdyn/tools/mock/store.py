"""
The memory of the stand-in server: what was created, by collection and by what it belongs to.

Knows neither schemas nor HTTP; a record's fields are what its maker said, nothing is made up here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mixdyn.tools.mock.feed import Channel
from mixdyn.tools.mock.payload import File

Key = tuple[str, ...]
Scope = tuple[str, ...]

MOST_RECORDS = 100_000


@dataclass(frozen=True, slots=True)
class Record:
    """
    One remembered thing: its id in URLs, the fields it was given, its file if it is one.

    `serial` counts all things of its collection, `changed` is the time of the last change.
    """

    id: str
    serial: int
    fields: Mapping[str, Any]
    created: float
    changed: float
    file: File | None = None

    def with_fields(self, fields: Mapping[str, Any], now: float) -> Record:
        """Give the record with other fields, changed now."""
        return replace(self, fields=fields, changed=now)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a thing or a list of things lives: the collection's path, and the ids in that path."""

    key: Key
    scope: Scope

    def below(self, name: str) -> Address:
        """Give the address that a thing's own collections begin with."""
        return Address((*self.key, "{}"), (*self.scope, name))

    def holds(self, other: Address) -> bool:
        """Tell whether another address lies below this one, or is it."""
        same_path = other.key[: len(self.key)] == self.key
        return same_path and other.scope[: len(self.scope)] == self.scope


@dataclass(frozen=True, slots=True)
class Store:
    """All records, and the event channels of the things that have one."""

    records: dict[Address, dict[str, Record]] = field(
        default_factory=dict[Address, dict[str, Record]]
    )
    serials: dict[Key, int] = field(default_factory=dict[Key, int])
    channels: dict[Address, Channel] = field(default_factory=dict[Address, Channel])

    def all(self, address: Address) -> list[Record]:
        """Give the records of a collection, oldest first."""
        return list(self.records.get(address, {}).values())

    def gather(self, key: Key) -> list[tuple[Address, Record]]:
        """Give the records of a collection with where they belong, oldest first."""
        places = [(a, held) for a, held in self.records.items() if a.key == key]
        found = [(address, record) for address, held in places for record in held.values()]
        return sorted(found, key=lambda pair: pair[1].serial)

    def find(self, address: Address, name: str) -> Record | None:
        """Give a record, or None where there is none of that id."""
        return self.records.get(address, {}).get(name)

    def next_serial(self, key: Key) -> int:
        """Count one more thing of a collection; numbers are never used again."""
        self.serials[key] = self.serials.get(key, 0) + 1
        return self.serials[key]

    def put(self, address: Address, record: Record) -> None:
        """Keep a record, in place of one of the same id."""
        held = self.records.setdefault(address, {})
        held[record.id] = record  # in its old place, if it had one: lists keep their order
        if len(held) > MOST_RECORDS:
            self.remove(address, next(iter(held)))

    def remove(self, address: Address, name: str) -> None:
        """Forget a record and all that belongs to it; streams of it end."""
        self.records.get(address, {}).pop(name, None)
        own = address.below(name)
        for below in [a for a in self.records if own.holds(a)]:
            del self.records[below]
        for below in [a for a in self.channels if own.holds(a)]:
            self.channels.pop(below).close()

    def channel(self, address: Address) -> Channel:
        """Give the event channel at an address, made when first asked for."""
        return self.channels.setdefault(address, Channel())

    def close(self) -> None:
        """End all streams."""
        for channel in self.channels.values():
            channel.close()
