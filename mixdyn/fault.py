"""
What a validation comes to: faults with their places, by the standard and for mixdyn, told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from mixdyn.errors import excerpt, printable

_CLEAN = "no findings"


class Flaw(NamedTuple):
    """What is wrong with a value of a document: `base` is the file that it stands in."""

    code: str
    message: str
    base: str
    pointer: str


class Fault(NamedTuple):
    """
    One finding: what is wrong, and where.

    `code` is stable and made for programs: the name of the rule that is broken. `pointer` is a JSON
    pointer into `file`, `line` and `column` count from 1; these are None where the text is not
    known.
    """

    code: str
    message: str
    pointer: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None

    @property
    def place(self) -> str:
        """The file, with line and column where they are known."""
        parts = (self.file or "document", self.line, self.column)
        return ":".join(str(part) for part in parts if part is not None)

    def to_dict(self) -> dict[str, Any]:
        """Give the finding as JSON values."""
        return self._asdict()

    def __str__(self) -> str:
        pointer = excerpt(f"#{self.pointer}", 300)
        message = " ".join(printable(self.message).split("\n"))
        return f"{printable(self.place)}: {message} [{excerpt(self.code, 60)}]\n    at {pointer}"


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """
    All that was found in a document.

    `standard` is what openapi-spec-validator finds, None where it was not asked; `own` is what
    mixdyn trips over.
    """

    title: str
    standard: tuple[Fault, ...] | None
    own: tuple[Fault, ...] | None
    checker: str = "openapi-spec-validator"

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not (self.standard or self.own)

    def text(self) -> str:
        """Give all findings as lines, with what does not print shown as escapes."""
        return "\n".join([self.title, *self._list()])

    def to_dict(self) -> dict[str, Any]:
        """Give all of it as JSON values."""
        groups = {"standard": self.standard, "own": self.own}
        lists = {k: None if v is None else [f.to_dict() for f in v] for k, v in groups.items()}
        return {"title": self.title, "checker": self.checker, **lists}

    def _list(self) -> Iterator[str]:
        groups = (f"By the standard ({self.checker})", self.standard), ("For mixdyn", self.own)
        for name, faults in groups:
            if faults is not None:
                yield from ("", f"{name}: {_count(faults)}")
                yield from (f"  {line}" for fault in faults for line in str(fault).split("\n"))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        own, standard = self.own or (), self.standard or ()
        return f"<Verdict: {len(standard)} by the standard, {len(own)} for mixdyn>"


def _count(faults: tuple[Fault, ...]) -> str:
    if not faults:
        return _CLEAN
    return f"{len(faults)} finding{'s' if len(faults) > 1 else ''}"
