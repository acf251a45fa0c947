"""
What a comparison came to, as data: the two documents, and all that changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from mixdyn.diff.change import LEVELS, CallerChange, Change, Level, worst
from mixdyn.document import Document
from mixdyn.errors import excerpt


class Subject(NamedTuple):
    """One of the documents: what it calls itself, how many operations it has, its fingerprint."""

    title: str
    version: str
    operations: int
    digest: str

    @classmethod
    def of(cls, document: Document, operations: int) -> Subject:
        """Describe a document that has so many operations."""
        return cls(document.title, document.info_version, operations, document.digest)


@dataclass(frozen=True, slots=True)
class Summary:
    """
    What differs between two documents; false where nothing does, in either terms.

    `changes` are in HTTP terms, worst first; `callers` is what Python callers meet; `unreadable`
    tells what could not be compared since it cannot be read.
    """

    old: Subject
    new: Subject
    changes: tuple[Change, ...]
    callers: tuple[CallerChange, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def worst(self) -> Level | None:
        """The worst level among all changes, of HTTP or of Python, or None where there are none."""
        over_http = worst([change.level for change in self.changes])
        in_python = worst([change.level for change in self.callers])
        return worst([level for level in (over_http, in_python) if level is not None])

    @property
    def breaking(self) -> tuple[Change, ...]:
        """The changes that break callers."""
        return self.of_level("breaking")

    def of_level(self, level: Level) -> tuple[Change, ...]:
        """Give the changes of a level."""
        return tuple(change for change in self.changes if change.level == level)

    def fails_on(self, level: Level) -> bool:
        """
        Tell whether there is a change of a level, or of a worse one, of HTTP or of Python.

        Raises ValueError for what is no level.
        """
        if level not in LEVELS:
            raise ValueError(f"expected one of {', '.join(LEVELS)}, got {excerpt(level, 60)}")
        worst = self.worst
        return worst is not None and LEVELS.index(worst) <= LEVELS.index(level)

    def count(self, level: Level) -> int:
        """Give the number of changes of a level."""
        return len(self.of_level(level))

    def to_dict(self) -> dict[str, Any]:
        """Give all of it as JSON values."""
        return {
            "old": self.old._asdict(),
            "new": self.new._asdict(),
            "worst": self.worst,
            "summary": {level: self.count(level) for level in LEVELS},
            "callers": [change.to_dict() for change in self.callers],
            "changes": [change.to_dict() for change in self.changes],
            "unreadable": list(self.unreadable),
        }

    def json(self) -> str:
        """Give all of it as JSON text."""
        return json.dumps(self.to_dict(), indent=2)

    def __bool__(self) -> bool:
        return bool(self.changes or self.callers)
