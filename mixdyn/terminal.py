"""
What the terminal of this process is like: its width, whether someone there wants colours, and
which characters it can show.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

_WIDTHS = 20, 110
_PLAINER = str.maketrans({"…": "...", "·": "-"})


def find_width() -> int:
    """Give the width to write for: the terminal's, within reason; 80 where there is none."""
    least, most = _WIDTHS
    return min(max(shutil.get_terminal_size().columns, least), most)


def has_colour() -> bool:
    """
    Tell whether a repr may have colours: at a prompt, on a terminal, where none are refused.

    Elsewhere a repr may go anywhere, into a log file for one.
    """
    return hasattr(sys, "ps1") and wants_colour()


def wants_colour(stream: Any = None) -> bool:
    """Tell whether a stream is a terminal that knows colours, and nobody refuses them."""
    environment = os.environ
    # The second is Python's own way to refuse them, from 3.13 on.
    is_refused = environment.get("NO_COLOR") or environment.get("PYTHON_COLORS") == "0"
    if is_refused or environment.get("TERM") == "dumb":
        return False
    return is_terminal(sys.stdout if stream is None else stream)


def measure(text: str) -> int:
    """Tell how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def make_writable(text: str, stream: Any = None) -> str:
    """Give text in the characters that a stream, or standard output, can write."""
    encoding = getattr(sys.stdout if stream is None else stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAINER).encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:  # a stream may say what it likes
        pass
    return text


def is_terminal(stream: Any) -> bool:
    """Tell whether a stream is a terminal; one that was closed, or is no stream, is none."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False
