"""
`mixdyn stubs`: type stubs of a document's client, written where editors and checkers look.
"""

from __future__ import annotations

import argparse

from mixdyn.errors import printable
from mixdyn.tools.cli.edition import read_edition
from mixdyn.tools.cli.screen import Screen
from mixdyn.tools.cli.verdict import DONE, UsageError

_NEEDED = """\
stubs: where to? Give -o DIR, a folder where type checkers and editors look:
`mixdyn stubs api.yaml -o typings` for Pyright, Pylance and VS Code, which look there by themselves;
for mypy put the folder into `mypy_path`, for PyCharm mark it as a source root"""


def run_stubs(options: argparse.Namespace, screen: Screen) -> int:
    """Write stubs, and name the files that are new or changed."""
    if not options.folder:
        raise UsageError(_NEEDED)
    from mixdyn.tools.stubs import write_stubs

    document = read_edition(options.document, options, screen).document
    named = {"name": options.name} if options.name else {}
    changed = write_stubs(document, options.folder, **named)
    for path in changed:
        screen.write(printable(path))
    if not changed:
        screen.tell("all stubs are fresh already")
    return DONE
