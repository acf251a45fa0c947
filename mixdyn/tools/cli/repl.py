"""
`mixdyn repl`: a Python prompt with `mix` connected and `await` at its top level.

IPython's where it is installed, else Python's own with completion and history.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import code
import inspect
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import CodeType, FunctionType
from typing import Any

from mixdyn.completion import complete
from mixdyn.errors import excerpt
from mixdyn.terminal import is_terminal
from mixdyn.tools.cli.screen import Screen
from mixdyn.tools.cli.target import open_client, read_headers
from mixdyn.tools.cli.verdict import DONE
from mixdyn.version import VERSION

HISTORY_VARIABLE = "MIXDYN_HISTORY"
_HISTORY = "~/.mixdyn_history"
_MOST_LINES = 1000


def run_repl(options: argparse.Namespace, screen: Screen) -> int:
    """Open a prompt, and give 0 when it is left."""
    headers, _ = read_headers(options.header)
    hooks = _Headers(headers) if headers else None
    with open_client(options, screen, hooks=hooks) as client:
        names = make_names(client)
        banner = make_banner(client)
        if not options.plain and is_terminal(sys.stdin) and _has_ipython():
            _run_ipython(names, banner)
        else:
            _run_plain(names, banner)
    return DONE


def make_names(client: Any) -> dict[str, Any]:
    """Give what is at hand at the prompt."""
    import mixdyn
    from mixdyn import errors, models

    return {"mix": client, "mixdyn": mixdyn, "errors": errors, "models": models}


def make_banner(client: Any) -> str:
    """Say what is at hand."""
    document = client._surface.document
    title = excerpt(document.title, 60) or "the API"
    namespaces = excerpt(", ".join(client._surface.own_names), 70)
    return (
        f"mixdyn {VERSION}: `mix` is {title}, with {namespaces}\n"
        'Try mix, mix.find("word"), help(mix); `await` works here. Ctrl-D ends.'
    )


class _Headers:
    """Adds the headers of the command line to each request."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def before_request(self, context: object, request: Any) -> None:
        """Add them."""
        del context
        request.headers.update(self._headers)


class Console(code.InteractiveConsole):
    """Python's own prompt, where `await` works; tasks go on while something is awaited."""

    def __init__(self, names: dict[str, Any], runner: asyncio.Runner) -> None:
        super().__init__(names, "<mixdyn>")
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self.names = names
        self._runner = runner

    def runcode(self, code: CodeType) -> None:
        """Run a line; what awaits is run in the prompt's event loop."""
        if not code.co_flags & inspect.CO_COROUTINE:
            super().runcode(code)
            return
        try:
            self._runner.run(FunctionType(code, self.names)())
        except SystemExit:
            raise
        except BaseException:  # noqa: BLE001  # shown, as for any line
            self.showtraceback()


def _has_ipython() -> bool:
    from importlib.util import find_spec

    return find_spec("IPython") is not None


def _run_ipython(names: dict[str, Any], banner: str) -> None:
    from IPython import start_ipython
    from traitlets.config import Config

    config = Config()
    config.TerminalInteractiveShell.banner1 = f"{banner}\n"
    config.TerminalIPythonApp.display_banner = True
    config.TerminalIPythonApp.extra_extensions = ["mixdyn.completion"]  # besides the user's own
    start_ipython(argv=[], user_ns=names, config=config)


def _run_plain(names: dict[str, Any], banner: str) -> None:
    with asyncio.Runner() as runner:
        console = Console(names, runner)
        if is_terminal(sys.stdin):
            _open_line_editor(console)
        try:
            console.interact(banner, exitmsg="")
        finally:
            _save_history()
            runner.run(names["mix"].aclose())


class _Completer:
    """Completes what is being typed at the prompt: by `mixdyn.completion`, else as Python does."""

    def __init__(self, console: Console) -> None:
        import rlcompleter

        self._console = console
        self._plain = rlcompleter.Completer(console.names)
        self._found: list[str] = []

    def __call__(self, text: str, state: int) -> str | None:
        """Give one word after the other that `text` may become, and None behind the last."""
        if state == 0:
            import readline

            line = readline.get_line_buffer()[: readline.get_endidx()]
            before = "\n".join([*self._console.buffer, line])
            typed, choices = complete(before, self._console.names)
            self._found = [text + choice[len(typed) :] for choice in choices]
        if self._found:
            return self._found[state] if state < len(self._found) else None
        return self._plain.complete(text, state)


def _open_line_editor(console: Console) -> None:
    """Complete by the Tab key, and remember lines: where Python was built with it."""
    try:
        import readline

        completer = _Completer(console)
    except ImportError:
        return
    readline.set_completer(completer)
    is_libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
    path = _history_path()
    if path:
        with suppress(OSError):
            readline.read_history_file(path)


def _save_history() -> None:
    path = _history_path()
    if path and is_terminal(sys.stdin) and "readline" in sys.modules:
        import readline

        with suppress(OSError):
            readline.set_history_length(_MOST_LINES)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))  # for its owner alone
            readline.write_history_file(path)


def _history_path() -> str:
    """Give where lines are remembered; an empty variable turns that off."""
    return os.path.expanduser(os.environ.get(HISTORY_VARIABLE, _HISTORY))
