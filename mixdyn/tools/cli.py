"""
The command `mixdyn`: it parses words and asks the tools; it decides nothing itself.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mixdyn.errors import MixError, printable
from mixdyn.version import VERSION

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


def main(words: Sequence[str] | None = None) -> int:
    """
    Run one command and give its exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.

    Args:
        words: the words after `mixdyn`; those of the process where absent.
    """
    options = build_parser().parse_args(words)
    try:
        code: int = options.run(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (MixError, OSError) as error:
        print(f"mixdyn: {printable(str(error))}", file=sys.stderr)
        return WRONG_USAGE
    return code


def build_parser() -> argparse.ArgumentParser:
    """Describe the commands and their words."""
    parser = argparse.ArgumentParser(
        prog="mixdyn", description="Call an API by its OpenAPI document; try it without a server."
    )
    parser.add_argument("--version", action="version", version=f"mixdyn {VERSION}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    demo = commands.add_parser("demo", help="walk through the Mix API over real HTTP")
    demo.add_argument(
        "--server", metavar="URL", help="a Mix server; without it a stand-in is started"
    )
    demo.set_defaults(run=_run_demo)
    mock = commands.add_parser("mock", help="run a stand-in server for a document")
    mock.add_argument("--spec", metavar="FILE", help="the document; the bundled one without it")
    mock.add_argument("--port", type=_port, default=8088, help="0 for any free one (8088)")
    mock.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    mock.set_defaults(run=_run_mock)
    return parser


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("expected a port from 0 to 65535")
    return number


def _run_demo(options: argparse.Namespace) -> int:
    from mixdyn.tools.demo import run_demo

    return run_demo(options.server)


def _run_mock(options: argparse.Namespace) -> int:
    from mixdyn.tools.mock import serve_forever

    serve_forever(options.spec, host=options.host, port=options.port)
    return DONE
