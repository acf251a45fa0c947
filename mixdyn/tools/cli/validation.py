"""
`mixdyn validate`: what is wrong with a document, by the standard and for mixdyn, told apart.
"""

from __future__ import annotations

import argparse

from mixdyn.terminal import is_terminal
from mixdyn.tools.cli.edition import read_edition
from mixdyn.tools.cli.rendering import render
from mixdyn.tools.cli.screen import Screen, paint
from mixdyn.tools.cli.verdict import DONE, FOUND


def run_validate(options: argparse.Namespace, screen: Screen) -> int:
    """Validate a document; 1 where something was found."""
    from mixdyn.tools.validate import find_faults
    from mixdyn.tools.validate.program import PARTS

    edition = read_edition(options.document, options, screen)
    if is_terminal(screen.err):
        screen.tell("checking; a large document takes some seconds …")
    parts = [options.only] if options.only else PARTS
    verdict = find_faults(edition.document, parts=parts, content=edition.content)
    if options.output in (None, "text"):
        lines = verdict.text().split("\n")
        screen.write("\n".join(map(_paint, lines) if screen.is_colourful else lines))
    else:
        colour = screen.is_colourful
        screen.write(render(verdict.to_dict(), options.output, width=screen.width, colour=colour))
    return DONE if verdict.is_clean else FOUND


def _paint(line: str) -> str:
    """Show headings in bold, and pointers less; the text of a finding is indented."""
    if line[:1] not in ("", " "):
        return paint(line, "bold")
    return paint(line, "dim") if line.startswith("      at ") else line
