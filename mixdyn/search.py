"""
Search over a document: which operations and schemas a few words mean, best first.

The index holds words of names, paths and texts as they stand; no operation is read for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches
from functools import reduce
from typing import Any, NamedTuple, overload

from mixdyn.block import Block, Heading, Paragraph, Span, Table, Words, one_line, words
from mixdyn.catalog import Entry
from mixdyn.document import Document, Target
from mixdyn.errors import DocumentError, excerpt, nearest
from mixdyn.explore import write_short_form
from mixdyn.outline import join_words
from mixdyn.page import Page
from mixdyn.schema import Schemas
from mixdyn.schemaview import SchemaBook
from mixdyn.shape import as_array, as_object, as_text, is_array
from mixdyn.word import to_singular

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PLACE = re.compile(r"\s*(?:([A-Za-z]+)\s+)?(/\S*)\s*")
_MOST_NODES = 300  # looked at, of what an operation sends and receives
_MOST_CHARACTERS = 2_000  # of each text
_MOST_SHOWN = 20
_MOST_WORDS = 12  # of a query
_LONGEST_WORD = 40
_LIKENESS = 0.75
_SURE = 1_000.0
_LIKELY = 500.0
_NAME, _PATH, _SUMMARY, _PARAMETER, _SCHEMA, _TEXT = 10.0, 6.0, 5.0, 4.0, 3.0, 2.0
_EXACT = 200.0  # more than words can add up to, less than what is likely
_COVERED = 8.0  # for a title that has all the words of a query and no others
_IDLE = frozenset("a an and at by for from i in is it of on or the to with".split())  # noqa: SIM905  # words
_SCALARS = frozenset({str, bool, int, float, type(None)})
_UNREAD = frozenset({"description", "example", "examples", "x-codeSamples"})


class Hit(NamedTuple):
    """What was found: an operation, or the schema of a name."""

    entry: Entry | None
    name: str


class Index:
    """Which words stand where in a document, and how much each says about what stands there."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.weights: dict[str, dict[int, float]] = {}
        self.ids: dict[str, list[int]] = {}
        self.places: dict[tuple[str, ...], list[int]] = {}
        self.titles: list[tuple[frozenset[str], ...]] = []
        self.summaries: dict[tuple[str, ...], list[int]] = {}

    def add(self, hit: Hit, texts: Iterable[tuple[float, str]]) -> None:
        """Take up an operation or a schema with its texts and what they weigh."""
        number = len(self.hits)
        self.hits.append(hit)
        texts = list(texts)
        summaries = [text for weight, text in texts if weight == _SUMMARY and text]
        self.titles.append(tuple(map(_telling, [hit.name, *summaries])))
        for summary in summaries:
            self.summaries.setdefault(tuple(split_words(summary)), []).append(number)
        for weight, text in texts:
            for word in split_words(text):
                known = self.weights.setdefault(word, {})
                known[number] = max(weight, known.get(number, 0))

    def name(self, text: str) -> None:
        """Let what was added last be found by a name of its own: an operationId, say."""
        self.ids.setdefault(text.lower(), []).append(len(self.hits) - 1)

    def search(self, query: str) -> list[Hit]:
        """
        Give what a query means: first what it names, then where all its words are, or some.

        Raises TypeError for what is no text.
        """
        if not isinstance(query, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # of users
            raise TypeError(f"expected words to search for, got {excerpt(query, 60)}")
        scores: dict[int, float] = {}
        name = query.strip().lower()
        for found in (self.ids.get(name, ()), self.ids.get(name.partition(".")[2], ())):
            for number in found:
                scores.setdefault(number, _SURE)
        scores |= self._search_place(query)
        for number, score in () if "/" in query and scores else self._search_words(query):
            scores[number] = scores.get(number, 0) + score
        best = sorted(scores, key=lambda number: (-scores[number], number))
        return [self.hits[number] for number in best]

    def suggest(self, query: str) -> str:
        """Give `. Did you mean …?` for a word that stands nowhere, or nothing."""
        unknown = (word for word in split_words(query) if word not in self.weights)
        return next(filter(None, (nearest(word, self.weights) for word in unknown)), "")

    def _search_place(self, query: str) -> dict[int, float]:
        """Find operations by path; by method too, unless none at the path has it."""
        match = _PLACE.fullmatch(query[:_MOST_CHARACTERS])
        if match is None:
            return {}
        method, wanted = (match[1] or "").upper(), _segments(match[2])
        likeness = {path: _compare(wanted, path) for path in self.places}
        found = {n: likeness[p] for p, numbers in self.places.items() for n in numbers}
        found = {number: score for number, score in found.items() if score}
        fitting = {n: score for n, score in found.items() if self._method(n) == method}
        return fitting or found

    def _method(self, number: int) -> str:
        entry = self.hits[number].entry
        return entry.method.upper() if entry is not None else ""

    def _search_words(self, query: str) -> Iterator[tuple[int, float]]:
        asked = list(split_words(query))
        words = [word for word in asked if word not in _IDLE] or asked
        found = [self._search_word(word) for word in words[:_MOST_WORDS]]
        if any(found):
            found = [f or self._search_like(w) for f, w in zip(found, words, strict=False)]
        every: set[int] = {number for scores in found for number in scores}
        common = {n for n in every if all(n in scores for scores in found)}
        telling = _telling(query)
        for number in common or every:
            covered = max((_cover(telling, title) for title in self.titles[number]), default=0)
            score = sum(scores.get(number, 0) for scores in found)
            yield number, score + _COVERED * covered
        for number in self.summaries.get(tuple(asked), ()):
            yield number, _EXACT

    def _search_like(self, word: str) -> dict[int, float]:
        """Find what has a word much like one that stands nowhere."""
        likely = get_close_matches(word[:_LONGEST_WORD], self.weights, 1, _LIKENESS)
        return self._search_word(likely[0]) if likely else {}

    def _search_word(self, word: str) -> dict[int, float]:
        scores: dict[int, float] = {}
        for known, weights in self.weights.items():
            likeness = _liken(word, known)
            for number, weight in weights.items() if likeness else ():
                scores[number] = max(likeness * weight, scores.get(number, 0))
        return scores


class Findings(Sequence[Any]):
    """What a search found, best first: methods of the client, and schemas."""

    def __init__(self, client: Any, hits: Sequence[Hit], query: str) -> None:
        self._client = client
        self._hits = hits
        self._query = query

    @property
    def names(self) -> list[str]:
        """The names of what was found: `sessions.create`, `schemas.SessionData`."""
        return [
            hit.entry.qualified_name if hit.entry else f"schemas.{hit.name}" for hit in self._hits
        ]

    def __len__(self) -> int:
        return len(self._hits)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Findings: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Findings(self._client, self._hits[index], self._query)
        hit = self._hits[index]
        if hit.entry is None:
            return self._book()[hit.name]
        return reduce(getattr, hit.entry.qualified_name.split("."), self._client)

    def _book(self) -> SchemaBook:
        book: SchemaBook = self._client.schemas
        return book

    def _page(self) -> Page:
        """Give the page of what was found: how to call each."""
        query = one_line(self._query, 80)
        if not self._hits:
            hint = self._client._surface.index.suggest(self._query)
            return Page(Paragraph(words(f"Nothing has '{query}'{hint or '.'}")))
        rest = len(self._hits) - _MOST_SHOWN
        rows = tuple(self._row(hit) for hit in self._hits[:_MOST_SHOWN])
        blocks: list[Block] = [Heading(words(Span(f"Found for '{query}'", "title"))), Table(rows)]
        if rest > 0:
            more = f"… and {rest} more: find(…)[{_MOST_SHOWN}:]"
            blocks.append(Paragraph(words(Span(more, "note"))))
        return Page(*blocks)

    def _row(self, hit: Hit) -> tuple[Words, ...]:
        variable = type(self._client).__name__.lower()
        if hit.entry is None:
            view: Any = self._book()[hit.name]
            code = f"{variable}.{view._code}"
            return words(Span(code, "name")), words(one_line(view.description, 120))
        entry = hit.entry
        place = f"{entry.method} {one_line(entry.path, 120)}"
        name = f"{variable}.{entry.qualified_name}"
        try:
            operation = self._client._surface.plan(entry).operation
        except (ValueError, RecursionError):
            return words(Span(f"{one_line(name, 120)}(…)", "name")), words(Span(place, "note"))
        text = one_line(operation.summary or operation.description, 120)
        form = write_short_form(name, operation)
        return words(Span(form, "name")), join_words((place,), text)

    def _repr_html_(self) -> str:
        return self._page().html()

    def __repr__(self) -> str:
        return self._page().show()

    def __str__(self) -> str:
        return f"<Findings: {excerpt(', '.join(self.names), 400)}>"


def build_index(entries: Iterable[Entry], schemas: Schemas) -> Index:
    """Read the words of all operations and schemas of a document."""
    index = Index()
    for entry in entries:
        index.add(Hit(entry, entry.qualified_name), _entry_texts(entry, schemas.document))
        index.name(entry.qualified_name)
        operation_id = entry.operation.value.get("operationId")
        if isinstance(operation_id, str):
            index.name(operation_id)
        index.places.setdefault(_segments(entry.path), []).append(len(index.hits) - 1)
    for name in schemas.component_names():
        index.add(Hit(None, name), _schema_texts(name, schemas))
        index.name(name)
    return index


def split_words(text: str) -> dict[str, None]:
    """Give the words of a text in lower case, those inside `camelCase` and `snake_case` too."""
    text = text[:_MOST_CHARACTERS]
    found = _WORD.findall(_CAMEL.sub(" ", text).lower())
    return dict.fromkeys(found)


def _entry_texts(entry: Entry, document: Document) -> Iterator[tuple[float, str]]:
    value = as_object(entry.operation.value)
    yield _NAME, entry.name
    yield _NAME, as_text(value.get("operationId"))
    yield _PATH, " ".join(entry.namespace)
    yield _PATH, entry.path
    yield _SUMMARY, as_text(value.get("summary"))
    yield _TEXT, as_text(value.get("description"))
    yield _TEXT, entry.method
    for owner in (entry.path_item, entry.operation):
        declared = owner.child("parameters")
        for i in range(len(as_array(declared.value))):
            try:
                parameter = as_object(document.resolve(declared.child(i)).value)
            except DocumentError:  # a call will say what is wrong
                continue
            yield _PARAMETER, as_text(parameter.get("name"))
            yield _TEXT, as_text(parameter.get("description"))
    yield _SCHEMA, " ".join(_gather(entry.operation.child("requestBody"), document))
    yield _SCHEMA, " ".join(_gather(entry.operation.child("responses")))


def _schema_texts(name: str, schemas: Schemas) -> Iterator[tuple[float, str]]:
    target = schemas.document.at("components", "schemas", name)
    value = as_object(target.value)
    yield _PATH, name  # less than an operation's
    yield _SUMMARY, as_text(value.get("title"))
    yield _TEXT, as_text(value.get("description"))
    yield _SCHEMA, " ".join(_gather(target))


def _gather(target: Target, document: Document | None = None) -> list[str]:
    """
    Collect the names of schemas and properties in a part of the document, up to a bound.

    References are followed where a document is given.
    """
    found: list[str] = []
    seen: set[str] = set()
    waiting: list[tuple[Any, Target]] = [(target.value, target)]
    for _ in range(_MOST_NODES):
        if not waiting:
            break
        node, origin = waiting.pop()
        if type(node) in _SCALARS:  # what most are: quicker than to ask for a mapping
            continue
        if is_array(node):
            waiting += ((item, origin) for item in node[:_MOST_NODES])
            continue
        inside = as_object(node)
        reference = as_text(inside.get("$ref"))
        found.append(reference[:_MOST_CHARACTERS].rpartition("/")[2])
        found += map(str, as_object(inside.get("properties")))
        waiting += ((v, origin) for k, v in inside.items() if k not in _UNREAD)
        if reference and document is not None and reference not in seen:
            seen.add(reference)
            with suppress(DocumentError):
                there = document.follow(reference, origin)
                waiting.append((there.value, there))
    return found


def _telling(text: str) -> frozenset[str]:
    """Give the words of a title without those that say little, in the singular."""
    return frozenset(to_singular(word) for word in split_words(text) if word not in _IDLE)


def _cover(words: frozenset[str], title: frozenset[str]) -> float:
    """Tell which part of a title's words, and of those asked for, are the same."""
    return len(words & title) / len(words | title) if title else 0


def _segments(path: str) -> tuple[str, ...]:
    """Give a path's segments; all placeholders are equal."""
    parts = path.partition("?")[0].strip("/").lower().split("/")
    return tuple("{}" if "{" in part else part for part in parts)


def _compare(wanted: tuple[str, ...], path: tuple[str, ...]) -> float:
    """Rank a path against the one asked for: the same, of its form, or one that begins so."""
    if wanted == path:
        return _SURE
    fits = all(w in (p, "{}") or p == "{}" for w, p in zip(wanted, path, strict=False))
    if fits and len(wanted) == len(path):
        return _LIKELY
    is_beginning = path[: len(wanted)] == wanted
    return _LIKELY / (2 + len(path) - len(wanted)) if is_beginning else 0


def _liken(word: str, known: str) -> float:
    """Rank how much alike two words are: the same, in number, at the beginning, inside."""
    if word == known:
        return 1.0
    if known[:2] == word[:2] and to_singular(word) == to_singular(known):
        return 0.95
    if known.startswith(word):
        return 0.6
    # Two letters stand in many words, but Chinese and Japanese write whole sentences as one.
    return 0.3 if (len(word) > 2 or not word.isascii()) and word in known else 0
