"""
What does not fit at one place of a program, before it is known which file that is in.
"""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """What does not fit; `line` and `column` where it stands elsewhere than the use itself."""

    code: str
    subject: str
    message: str
    line: int = 0
    column: int = 0
