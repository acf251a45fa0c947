"""
From words to a command that runs and ends: `main`. What a command needs is imported when it runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from mixdyn.tools.cli.grammar import parse
from mixdyn.tools.cli.screen import Screen
from mixdyn.tools.cli.verdict import DONE, explain, judge


def main(words: Sequence[str] | None = None) -> int:
    """
    Run one command and give its exit code; `mixdyn --help` lists them.

    Args:
        words: the words after `mixdyn`; those of the process where absent.
    """
    given = list(sys.argv[1:] if words is None else words)
    if given[:1] == ["__complete"]:  # what the completion scripts ask; no command of its own
        from mixdyn.tools.cli.completion import answer

        return answer(given[1:])
    options = parse(given)
    screen = Screen()
    try:
        return _RUNNERS[options.command](options, screen)
    except BrokenPipeError:
        screen.abandon()
        return DONE
    except (Exception, KeyboardInterrupt) as error:
        code = judge(error)
        if code is None:
            raise
        if not isinstance(error, KeyboardInterrupt):
            screen.complain(explain(error))
        return code


def _run_ops(options: argparse.Namespace, screen: Screen) -> int:
    from mixdyn.tools.cli.listing import run_ops

    return run_ops(options, screen)


def _run_show(options: argparse.Namespace, screen: Screen) -> int:
    from mixdyn.tools.cli.page import run_show

    return run_show(options, screen)


def _run_call(options: argparse.Namespace, screen: Screen) -> int:
    from mixdyn.tools.cli.call import run_call

    return run_call(options, screen)


def _run_repl(options: argparse.Namespace, screen: Screen) -> int:
    from mixdyn.tools.cli.repl import run_repl

    return run_repl(options, screen)


def _run_diff(options: argparse.Namespace, screen: Screen) -> int:
    from mixdyn.tools.cli.diff import run_diff

    return run_diff(options, screen)


def _run_check(options: argparse.Namespace, screen: Screen) -> int:
    from mixdyn.tools.cli.check import run_check

    return run_check(options, screen)


def _run_stubs(options: argparse.Namespace, screen: Screen) -> int:
    from mixdyn.tools.cli.stub import run_stubs

    return run_stubs(options, screen)


def _run_validate(options: argparse.Namespace, screen: Screen) -> int:
    from mixdyn.tools.cli.validation import run_validate

    return run_validate(options, screen)


def _run_mock(options: argparse.Namespace, screen: Screen) -> int:
    from mixdyn.tools.cli.service import run_mock

    return run_mock(options, screen)


def _run_demo(options: argparse.Namespace, screen: Screen) -> int:
    del screen
    from mixdyn.tools import demo

    return demo.run_demo(options.server)


def _run_completion(options: argparse.Namespace, screen: Screen) -> int:
    from mixdyn.tools.cli.completion import script

    screen.write(script(options.shell))
    return DONE


_RUNNERS: dict[str, Callable[[argparse.Namespace, Screen], int]] = {
    "ops": _run_ops,
    "show": _run_show,
    "call": _run_call,
    "repl": _run_repl,
    "diff": _run_diff,
    "check": _run_check,
    "stubs": _run_stubs,
    "validate": _run_validate,
    "mock": _run_mock,
    "demo": _run_demo,
    "completion": _run_completion,
}
