"""
What a client has seen that its document does not say: each kind of finding once, with its count.

Knows findings and pages; neither calls nor documents. Loaded with the first finding.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, overload

from mixdyn.block import Heading, Paragraph, Role, Span, Table, Words, words
from mixdyn.errors import Problem, excerpt
from mixdyn.misfit import NEWS, Misfit, settle
from mixdyn.page import Page

MAX_KINDS = 1000

_MOST_EXAMPLES = 5
_MOST_ROWS = 50
_LENGTH = 120

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One kind of drift.

    `operation` is the call and `place` the status or the event; `pointer` is where in the answer,
    with `*` for any index or key of a map; `kind` is the schema's rule that is broken, or a word;
    `expected` is what the document says, `got` what came: of new values and the like several.
    `level` is `warn` for what does not fit, `info` for what the document does not tell of.
    """

    operation: str
    place: str
    pointer: str
    kind: str
    expected: str
    got: str
    count: int
    first_seen: datetime
    level: str


class _Tally:
    """How often a kind was seen, since when, and with what."""

    __slots__ = ("count", "expected", "first_seen", "got")

    def __init__(self, expected: str, first_seen: datetime) -> None:
        self.expected = expected
        self.got: list[str] = []
        self.count = 0
        self.first_seen = first_seen

    def add(self, same: Iterable[Misfit]) -> None:
        """Count one more; what came is kept in a few examples."""
        self.count += 1
        for misfit in same:
            if len(self.got) == _MOST_EXAMPLES:
                return
            got = excerpt(misfit.got, _LENGTH)
            if got not in self.got:
                self.got.append(got)


class Drift(Sequence[Finding]):
    """
    What a client's calls have found where document and server differ, most important first.

    A sequence of findings, also for `pandas.DataFrame(client.drift)`. At most a thousand kinds are
    kept; `dropped` counts the findings of further ones. Threads may share it.
    """

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        self.dropped = 0
        self._now = now or _now
        self._kinds: dict[Key, _Tally] = {}
        self._lock = threading.Lock()

    def add(self, operation: str, problems: Iterable[Problem]) -> tuple[Misfit, ...]:
        """Take what one answer or event has shown, and give what is of a kind not seen before."""
        found: dict[Key, list[Misfit]] = {}
        for each in problems:
            misfit = each if isinstance(each, Misfit) else settle((each,))[0]
            key = operation, misfit.place, misfit.pointer, misfit.kind
            found.setdefault(key, []).append(misfit)
        with self._lock:
            return tuple(same[0] for key, same in found.items() if self._count(key, same))

    def clear(self) -> None:
        """Forget everything: what is found again is then new."""
        with self._lock:
            self._kinds.clear()
            self.dropped = 0

    def to_dicts(self) -> list[dict[str, Any]]:
        """Give the findings as plain dictionaries, one a row."""
        return [asdict(finding) for finding in self]

    def _count(self, key: Key, same: list[Misfit]) -> bool:
        """Count what one answer has of a kind as one; tell whether the kind is new."""
        tally = self._kinds.get(key)
        is_new = tally is None
        if tally is None:
            if len(self._kinds) >= MAX_KINDS:
                self.dropped += 1
                return False
            tally = self._kinds[key] = _Tally(excerpt(same[0].expected, _LENGTH), self._now())
        tally.add(same)
        return is_new

    def _list(self) -> list[Finding]:
        with self._lock:
            found = [_make_finding(key, tally) for key, tally in self._kinds.items()]
        return sorted(found, key=_rank)

    @overload
    def __getitem__(self, index: int) -> Finding: ...

    @overload
    def __getitem__(self, index: slice) -> list[Finding]: ...

    def __getitem__(self, index: int | slice) -> Finding | list[Finding]:
        return self._list()[index]

    def __len__(self) -> int:
        return len(self._kinds)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._list())

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            rows = [(k, t.expected, tuple(t.got), t.count, t.first_seen) for k, t in self._items()]
            return {"dropped": self.dropped, "rows": rows}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]  # a copy has a lock, and counts, of its own
        self.dropped = state["dropped"]
        for key, expected, got, count, first_seen in state["rows"]:
            tally = self._kinds[key] = _Tally(expected, first_seen)
            tally.got, tally.count = list(got), count

    def _items(self) -> list[tuple[Key, _Tally]]:
        return list(self._kinds.items())

    def __str__(self) -> str:
        return f"<Drift: {_count_kinds(len(self))}>"

    def __repr__(self) -> str:
        return self._page().show()

    def _repr_html_(self) -> str:
        return self._page().html()

    def _page(self) -> Page:
        """Give the page about what was found."""
        found = self._list()
        title = "What a newer document would have to say" if found else "No drift seen"
        left = len(found) - _MOST_ROWS
        notes = [_count_kinds(len(found))] if found else []
        notes += [f"{left} more: iterate, or take to_dicts()"] if left > 0 else []
        notes += [f"{self.dropped} findings of further kinds dropped"] if self.dropped else []
        return Page(
            Heading(words(Span(title, "title"))),
            *([Table(tuple(map(_make_row, found[:_MOST_ROWS])))] if found else []),
            *([Paragraph(words(Span("; ".join(notes), "note")))] if notes else []),
        )


def _now() -> datetime:
    return datetime.now(UTC)


def _make_finding(key: Key, tally: _Tally) -> Finding:
    operation, place, pointer, kind = key
    level = "info" if kind in NEWS else "warn"
    got = ", ".join(tally.got) + (", …" if len(tally.got) == _MOST_EXAMPLES else "")
    sides = tally.expected, got, tally.count, tally.first_seen
    return Finding(operation, place, pointer, kind, *sides, level)


def _rank(finding: Finding) -> tuple[bool, int, int, datetime]:
    """What does not fit stands before what is new; of these, new events first."""
    is_news = finding.kind in NEWS
    order = NEWS.index(finding.kind) if is_news else 0
    return is_news, order, -finding.count, finding.first_seen


def _make_row(finding: Finding) -> tuple[Words, ...]:
    where = " ".join(filter(None, (finding.operation, finding.place)))
    sides = f"expected {finding.expected}, got " if finding.expected else ""
    role: Role = "alert" if finding.level == "warn" else "kind"
    return (
        words(Span(excerpt(where, _LENGTH), "name")),
        words(Span(f"{finding.count}x", "note")),
        words(
            Span(finding.kind, role),
            " at " + finding.pointer if finding.pointer else "",
            f": {sides}{finding.got}" if finding.got or sides else "",
            Span(f"  since {finding.first_seen:%Y-%m-%d %H:%M} UTC", "note"),
        ),
    )


def _count_kinds(count: int) -> str:
    return f"{count} kind{'' if count == 1 else 's'} of drift"
