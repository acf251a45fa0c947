"""
The command `mixdyn`: it parses words and asks the core; it decides nothing about an API itself.
"""

from __future__ import annotations

from mixdyn.tools.cli.command import main
from mixdyn.tools.cli.verdict import (
    DONE,
    FOUND,
    INTERRUPTED,
    INVALID_RESPONSE,
    NO_CONNECTION,
    REFUSED,
    WRONG_USAGE,
)

__all__ = [
    "DONE",
    "FOUND",
    "INTERRUPTED",
    "INVALID_RESPONSE",
    "NO_CONNECTION",
    "REFUSED",
    "WRONG_USAGE",
    "main",
]
