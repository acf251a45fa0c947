"""
`mixdyn mock`: the stand-in server, with its log of requests and its chaos.
"""

from __future__ import annotations

import argparse

from mixdyn.errors import excerpt
from mixdyn.terminal import is_terminal
from mixdyn.tools import mock
from mixdyn.tools.cli.screen import Screen
from mixdyn.tools.cli.verdict import DONE


def run_mock(options: argparse.Namespace, screen: Screen) -> int:
    """Serve until Ctrl-C; SIGHUP makes it read the document again."""
    if options.spec and is_terminal(screen.err):
        screen.tell(f"reading {excerpt(options.spec, 200)} …")
    faults = None
    if options.chaos is not None:
        faults = mock.Chaos(options.chaos, options.seed)
        screen.tell(f"{options.chaos:.0%} of the answers go wrong (--seed {faults.seed})")
    stand_in = mock.Mock(options.spec, faults=faults)
    journal = None if options.quiet else screen.tell
    mock.serve_forever(
        stand_in, host=options.host, port=options.port, say=screen.write, journal=journal
    )
    return DONE
