"""
`mixdyn check`: which calls in programs do not fit a document, with file and line.
"""

from __future__ import annotations

import argparse
import os

from mixdyn.errors import excerpt, printable
from mixdyn.tools.cli.edition import read_edition
from mixdyn.tools.cli.rendering import render
from mixdyn.tools.cli.screen import Screen
from mixdyn.tools.cli.verdict import DONE, FOUND, UsageError

_CLEAN = "no findings"


def run_check(options: argparse.Namespace, screen: Screen) -> int:
    """Read programs, and tell what in them does not fit; 1 where something does not."""
    from mixdyn.tools.check import check_files

    for path in options.words:
        if not os.path.exists(path):
            raise UsageError(f"{excerpt(path)}: there is no such file or folder")
    new = read_edition(None, options, screen).document
    base = read_edition(options.base, options, screen).document if options.base else None
    found = check_files(options.words, new, base)
    if options.output in (None, "text"):
        for finding in found:
            screen.write(printable(str(finding)))
    else:
        rows = [finding._asdict() for finding in found]
        colour = screen.is_colourful
        screen.write(render(rows, options.output, width=screen.width, colour=colour))
    files = len({finding.file for finding in found})
    screen.tell(f"{_count(len(found), 'finding')} in {_count(files, 'file')}" if found else _CLEAN)
    return FOUND if found else DONE


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
