"""
One change between two documents: its code, how bad it is, and where it stands. Knows no document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

Level = Literal["breaking", "risky", "compatible"]
Direction = Literal["request", "response", "event"]

LEVELS: tuple[Level, ...] = get_args(Level)  # worst first


@dataclass(frozen=True, slots=True)
class Change:
    """
    A difference in the API, once for all operations that it affects.

    `code` is stable and made for programs, `message` for people. `old` and `new` are JSON pointers
    into the two documents (after a file's name and `#` where it is another file), None where there
    is nothing to point at. `operations` are called as messages call them; `reason`
    says why a change of this code has its level.
    """

    code: str
    level: Level
    message: str
    old: str | None = None
    new: str | None = None
    operations: tuple[str, ...] = ()
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give the change as JSON values."""
        return {
            "code": self.code,
            "level": self.level,
            "reason": self.reason,
            "message": self.message,
            "old": self.old,
            "new": self.new,
            "operations": list(self.operations),
        }


@dataclass(frozen=True, slots=True)
class CallerChange:
    """
    What a Python caller meets: a name, such as `sessions.list`, and what happened to it.

    `kind` is `added`, `removed`, `renamed` (to `other`) or `changed`; `details` say how, shortest
    first: `+limit`, `-apps`, `title is now required`.
    """

    subject: str
    name: str
    kind: str
    level: Level
    details: tuple[str, ...] = ()
    other: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give the change as JSON values."""
        return {
            "subject": self.subject,
            "name": self.name,
            "kind": self.kind,
            "level": self.level,
            "details": list(self.details),
            "other": self.other or None,
        }

    def __str__(self) -> str:
        if self.kind == "changed":
            return f"{self.name}({', '.join(self.details)})"
        if self.kind == "renamed":
            return f"{self.name} is now {self.other}"
        return f"{self.name} {self.kind}"


def worst(levels: list[Level]) -> Level | None:
    """Give the worst of some levels, or None of none."""
    return min(levels, key=LEVELS.index, default=None)
