"""
What a check tells: where, and what does not fit.
"""

from __future__ import annotations

from typing import NamedTuple

from mixdyn.errors import printable


class Finding(NamedTuple):
    """
    One place in a program that does not fit the document.

    `line` and `column` count from 1; `code` is stable: `no-namespace`, `no-method`, `no-argument`,
    `missing-argument`, `positional-argument`, `no-value`, `no-attribute`, `no-model`, `no-error`,
    `other-operation` and `other-argument` for a name that stands for another one by now, or
    `unreadable` for a file (or cell) that could not be read.
    """

    file: str
    line: int
    column: int
    code: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        return printable(f"{where}: {self.code}: {self.message}").replace("\n", " ")
