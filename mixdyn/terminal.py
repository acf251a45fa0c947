"""
What the terminal of this process is like: its width, and whether someone there wants colours.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

_WIDTHS = 20, 110


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
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return is_terminal(sys.stdout if stream is None else stream)


def is_terminal(stream: Any) -> bool:
    """Tell whether a stream is a terminal; one that was closed, or is no stream, is none."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False
