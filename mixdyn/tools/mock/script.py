"""
Which events a stream's schema offers, and a plausible run of them around a text.

Goes by the names of the event types: which one opens, which is a sign of life, which one ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mixdyn.event import EventReader
from mixdyn.media import EVENT_STREAM, MediaType
from mixdyn.names import to_snake
from mixdyn.operation import Operation
from mixdyn.results import Types
from mixdyn.sample import Sampler, Taste
from mixdyn.schema import Schema
from mixdyn.shape import as_object, is_object
from mixdyn.tools.mock.novelty import Novelty
from mixdyn.tools.mock.resource import find_text
from mixdyn.word import split_name, vocabulary

_STARTS = vocabulary(
    "connected connect start started open opened ready hello init begin created welcome"
)
_ENDS = vocabulary(
    "complete completed done end ended finish finished stop stopped close closed final succeeded"
)
_BEATS = vocabulary("heartbeat ping keepalive alive beat pong")
_TROUBLE = vocabulary(
    "error errors failed failure warning cancelled canceled permission permissions approval"
    " timeout abort aborted denied"
)
_THOUGHTS = vocabulary("thinking thought reasoning plan planning")
_TOOLS = vocabulary("tool tools function call step action")
_CONTENTS = vocabulary("content delta text token chunk output answer message")
_CHUNKS = 3

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """An event without its number: its type, its data as text, and how long to wait on loss."""

    name: str | None
    data: str
    retry: int | None = None

    def encode(self, number: int | str | None) -> bytes:
        """Write the event for the wire, under its number; None for no id."""
        lines = [f"event: {_one_line(self.name)}"] if self.name else []
        lines += [f"id: {_one_line(str(number))}"] if number is not None else []
        lines += [f"retry: {self.retry}"] if self.retry is not None else []
        lines += [f"data: {line}" for line in re.split(r"\r\n|\r|\n", self.data)]
        return ("\n".join(lines) + "\n\n").encode("utf-8", "backslashreplace")


def _comment(text: bytes) -> Callable[[int], bytes]:
    """Give what writes a comment: something to send that is no event."""
    content = b": " + text + b"\n\n"

    def encode(number: int) -> bytes:
        del number  # a comment has none
        return content

    return encode


_OPEN, _ALIVE = _comment(b"open"), _comment(b"keep-alive")


class Script:
    """The events of one operation's stream; types that are new in the document all occur."""

    def __init__(
        self, sampler: Sampler, novelty: Novelty, operation: Operation, media: MediaType
    ) -> None:
        self.sampler = sampler
        self.novelty = novelty
        schema = media.item_schema or media.schema
        if schema is not None and "array" in schema.core.types:
            media = media._replace(schema=schema.core.items, item_schema=None)
        reader = EventReader(operation, media, Types(schema.space)) if schema is not None else None
        is_lines = media.essence != EVENT_STREAM
        self.is_envelope = reader is not None and reader.is_envelope and not is_lines
        self.schema = reader.schema if reader is not None else None
        self.sentinel = media.extensions.get("x-speakeasy-sse-sentinel")
        discriminator = reader.discriminator if reader is not None else None
        self.property_name = discriminator.property_name if discriminator is not None else "event"
        self.branches = dict(discriminator.branches) if discriminator is not None else {}
        former = novelty.find_former(self.schema) if self.schema is not None else None
        known = former.implied_discriminator if former is not None else None
        self.news = frozenset(self.branches if known is not None else ()) - set(
            known.branches if known is not None else ()
        )

    def opening(self, facts: Facts, taste: Taste) -> Callable[[int], bytes]:
        """Give the first event of a stream: the type that sounds like a start, else a comment."""
        name = _first(self.branches, _STARTS)
        if name is None:
            return _OPEN
        return self.draft(name, facts, taste).encode

    def heartbeat(self, facts: Facts, taste: Taste) -> Callable[[int], bytes]:
        """Give the sign of life: the type that sounds like one, else a comment."""
        name = _first(self.branches, _BEATS)
        if name is None:
            return _ALIVE
        return self.draft(name, facts, taste).encode

    def run(self, text: str, facts: Facts, taste: Taste) -> list[Draft]:
        """Give the events that follow a text that was sent, the answer being the same text."""
        if not self.branches:
            return [self.draft(None, facts, taste, chunk) for chunk in split_text(text)]
        drafts: list[Draft] = []
        for name in self.order():
            chunks = split_text(text) if name == self.content_name else [None]
            if chunks == [None] and split_name(name) <= _ENDS:
                chunks = [text]
            drafts += [self.draft(name, facts, taste, chunk) for chunk in chunks]
        return drafts

    def whole(self, text: str, facts: Facts, taste: Taste) -> bytes:
        """Give a stream that ends by itself: the opening, one run, and the sentinel if any."""
        drafts = self.run(text, facts, taste)
        if isinstance(self.sentinel, str):
            drafts.append(Draft(None, self.sentinel))
        numbered = (draft.encode(number) for number, draft in enumerate(drafts, start=1))
        return b"".join([self.opening(facts, taste)(0), *numbered])

    def lines(self, text: str, facts: Facts, taste: Taste, mark: bytes = b"") -> bytes:
        """Give the run as JSON lines, each begun with `mark` (RFC 7464 has one)."""
        drafts = self.run(text, facts, taste)
        texts = (draft.data.encode("utf-8", "backslashreplace") for draft in drafts)
        return b"".join(mark + text + b"\n" for text in texts)

    def order(self) -> list[str]:
        """
        Put the types in the order of a run; starts, signs of life and trouble are left out.

        What is new is not left out: whoever moves ahead wants to see it.
        """
        # Discriminators are often sorted by name, so the order in the document tells little.
        opening = _first(self.branches, _STARTS)
        names = [
            name
            for name in self.branches
            if name != opening and (name in self.news or not split_name(name) & (_BEATS | _TROUBLE))
        ]
        place = {stem: i for i, stem in reversed(list(enumerate(map(_stem, names))))}
        return sorted(names, key=lambda n: (self._stage(n), place[_stem(n)], _phase(n)))

    @property
    def content_name(self) -> str | None:
        """The type that carries the answer, piece by piece."""
        able = [n for n, branch in self.branches.items() if _takes_text(self._payload(branch))]
        able = [n for n in able if not split_name(n) & (_TROUBLE | _ENDS | _STARTS | _BEATS)]
        return next((n for n in able if split_name(n) & _CONTENTS), next(iter(able), None))

    def draft(self, name: str | None, facts: Facts, taste: Taste, text: str | None = None) -> Draft:
        """Make one event of a type, carrying a text where it can."""
        schema = self.branches[name] if name is not None else self.schema
        if schema is None:
            return Draft(None, text or "")
        known = {**facts, "event": name} if self.is_envelope and name else dict(facts)
        seed = f"event {name}"
        value = self.novelty.show(schema, self.sampler.sample(schema, seed, taste), seed, taste)
        value = self.sampler.overlay(schema, value, {self.property_name: name} if name else {})
        value = self._fill(schema, value, known, name, text)
        if not self.is_envelope:
            return Draft(None, _to_text(value))
        retry = value.get("retry") if "retry" in schema.required else None
        event = name or value.get("event")
        return Draft(event, _to_text(value.get("data")), retry if isinstance(retry, int) else None)

    def _fill(
        self, schema: Schema, value: Any, facts: Facts, name: str | None, text: str | None
    ) -> Any:
        payload = self._payload(schema)
        if payload is None or not is_object(value):
            return text if text is not None and isinstance(value, str) else value
        data = value["data"] if self.is_envelope else value
        if isinstance(data, str):
            return value if text is None else self.sampler.overlay(schema, value, {"data": text})
        known = {**facts, "type": name} if _is_free_type(payload) and name else dict(facts)
        data = self.sampler.overlay(payload, data, known)
        path = find_text(payload) if text is not None else None
        if path is not None:
            changed = plant(data, path, text)
            data = changed if self.sampler.validator(payload).accepts(changed) else data
        return {**value, "data": data} if self.is_envelope else data

    def _payload(self, schema: Schema) -> Schema | None:
        """Give the schema of an event's data."""
        return schema.properties.get("data") if self.is_envelope else schema

    def _stage(self, name: str) -> int:
        words = split_name(name)
        if words <= _ENDS:
            return 5
        if name == self.content_name:
            return 4
        return 1 if words & _THOUGHTS else 2 if words & _TOOLS else 0 if words & _STARTS else 3


def split_text(text: str) -> list[str]:
    """Cut a text into at most three pieces, between words; together they are the text."""
    words = re.findall(r"\s*\S+\s*", text) or [text]
    size = -(-len(words) // _CHUNKS)
    return ["".join(words[i : i + size]) for i in range(0, len(words), size)]


def plant(value: Any, path: tuple[str, ...], leaf: Any) -> Any:
    """Give a copy of an object with the property at a path set."""
    if not path:
        return leaf
    held = as_object(value)
    return {**held, path[0]: plant(held.get(path[0]), path[1:], leaf)}


def _takes_text(payload: Schema | None) -> bool:
    is_text = payload is not None and "string" in payload.core.types
    return is_text or find_text(payload) is not None


def _is_free_type(payload: Schema) -> bool:
    """Tell whether the data's `type` may be any text, with no example that says which."""
    declared = payload.core.properties.get("type")
    words = ("enum", "const", "example", "examples", "default")
    return declared is not None and all(declared.get(word) is None for word in words)


def _first(names: Mapping[str, Any], words: frozenset[str]) -> str | None:
    """Give the name made of such words alone, else the first that has one of them."""
    exact = (name for name in names if split_name(name) <= words)
    partial = (name for name in names if split_name(name) & words)
    return next(exact, None) or next(partial, None)


def _stem(name: str) -> str:
    return "_".join(w for w in to_snake(name).split("_") if w not in _STARTS | _ENDS)


def _phase(name: str) -> int:
    words = split_name(name)
    return 0 if words & _STARTS else 2 if words & _ENDS else 1


def _to_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _one_line(name: str | None) -> str:
    return re.sub(r"[\r\n]", " ", name or "")
