"""
What a comparison step gives: something that changed, or two schemas to go into.
"""

from __future__ import annotations

from typing import NamedTuple

from mixdyn.diff.change import Direction
from mixdyn.schema import Schema


class Found(NamedTuple):
    """One change: its code (of a schema's, without the direction), and where it is in both."""

    what: str
    message: str
    old: str | None
    new: str | None


class Root(NamedTuple):
    """A pair of schemas that an operation has: where a walk begins."""

    old: Schema
    new: Schema
    direction: Direction


Step = Found | Root
