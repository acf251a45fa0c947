"""
Regular expressions as JSON Schema means them, those of ECMA-262, for Python's `re`.

Both look alike, but there `\\d`, `\\w` and `\\b` know ASCII alone, `\\s` is a set of its own, and
`$` is the very end of the text.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

ATOM = r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]"  # an escape or a class
_PIECE = re.compile(rf"{ATOM}|\$|\(\?<(?![=!])", re.DOTALL)
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_MULTILINE = re.compile(r"\(\?[a-zA-Z]*m")

# ECMA-262, "WhiteSpace" and "LineTerminator"; a range comes last, so that a hyphen may follow.
_SPACE = r" \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff\t-\r\u2000-\u200a"
_NO_SPACE = (
    r"\x00-\x08\x0e-\x1f!-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e"
    r"\u2060-\u2fff\u3001-\ufefe\uff00-\U0010ffff"
)
_IN_CLASS = {
    r"\d": "0-9",
    r"\D": r"\x00-/:-\U0010ffff",
    r"\w": "_A-Za-z0-9",
    r"\W": r"`\x00-/:-@\[-\^{-\U0010ffff",
    r"\s": _SPACE,
    r"\S": _NO_SPACE,
}
_ALONE = {escape: f"[{members}]" for escape, members in _IN_CLASS.items()} | {
    r"\b": r"(?a:\b)",
    r"\B": r"(?a:\B)",
    "$": r"\Z",
    "(?<": "(?P<",
}


@lru_cache(maxsize=4096)
def compile_pattern(pattern: str) -> re.Pattern[str] | None:
    """Compile a pattern; None where Python cannot read it: ECMA-262 has forms of its own."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(_PIECE.sub(_translate, pattern))
    except (re.error, RecursionError, OverflowError):
        return None


def _translate(match: re.Match[str]) -> str:
    piece = match[0]
    if piece == "$" and _MULTILINE.search(match.string):
        return piece
    if piece.startswith("["):
        return _ESCAPE.sub(lambda escape: _IN_CLASS.get(escape[0], escape[0]), piece)
    return _ALONE.get(piece, piece)
