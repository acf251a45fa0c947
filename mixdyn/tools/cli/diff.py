"""
`mixdyn diff`: what changed from one document to another, for people, programs and pipelines.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from mixdyn.diff.change import LEVELS
from mixdyn.tools.cli.edition import read_edition
from mixdyn.tools.cli.rendering import render
from mixdyn.tools.cli.screen import Screen, paint
from mixdyn.tools.cli.verdict import DONE, FOUND

if TYPE_CHECKING:
    from mixdyn.diff.difference import Difference

_COLOURS = {"Breaking": "red", "Risky": "yellow", "Compatible": "green"}
_MARKS = {"  ! ": "red", "  ? ": "yellow", "      ": "dim"}


def run_diff(options: argparse.Namespace, screen: Screen) -> int:
    """Compare two documents; 1 where there is a change that `--fail-on` names."""
    from mixdyn.comparison import compare

    old = read_edition(options.old, options, screen).document
    new = read_edition(options.new, options, screen).document
    found = compare(old, new, documentation=options.documentation)
    shown = keep_levels(found, options.level) if options.level else found
    screen.write(show(shown, options.output or "text", screen))
    return FOUND if options.fail_on and found.fails_on(options.fail_on) else DONE


def keep_levels(found: Difference, level: str) -> Difference:
    """Give a difference without the changes that are less bad than a level."""
    kept = LEVELS[: 1 + [*LEVELS].index(level)]  # type: ignore[arg-type]  # text is compared
    return replace(
        found,
        changes=tuple(change for change in found.changes if change.level in kept),
        callers=tuple(change for change in found.callers if change.level in kept),
    )


def show(found: Difference, form: str, screen: Screen) -> str:
    """Write a difference in one of the forms of this command."""
    if form == "markdown":
        return found.markdown().rstrip("\n")
    if form == "html":
        return found.html().rstrip("\n")
    if form == "text":
        lines = found.text().rstrip("\n").split("\n")
        return "\n".join(map(_paint, lines) if screen.is_colourful else lines)
    return render(found.to_dict(), form, width=screen.width, colour=screen.is_colourful)


def _paint(line: str) -> str:
    """Colour a line by what it begins with; the text itself holds no line break."""
    if line in _COLOURS:
        return paint(line, _COLOURS[line])
    colour = next((colour for mark, colour in _MARKS.items() if line.startswith(mark)), None)
    return paint(line, colour) if colour and line.strip() else line
