"""
The words of the command line: commands, their options, and what is suggested for wrong ones.

Global options stand before or behind the command.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from mixdyn.errors import excerpt, nearest
from mixdyn.tools.cli.rendering import FORMS
from mixdyn.tools.cli.verdict import CODES
from mixdyn.version import VERSION

SHELLS = ("bash", "zsh", "fish")
MODES = ("strict", "warn", "off")
LEVELS = ("breaking", "risky", "compatible")
PARTS = ("standard", "own")
DOCUMENTS = ("bundled", "server")

# What `--output` takes, where that differs.
_FORMS = {
    "diff": ("text", "json", "yaml", "markdown", "html"),
    "check": ("text", *FORMS),
    "validate": ("text", "json", "yaml"),
}

COMMANDS = {
    "ops": "list and search the operations of the API",
    "show": "tell all about an operation, a namespace or a schema",
    "call": "call an operation",
    "repl": "a Python prompt with the API connected",
    "diff": "tell what changed from one document to another",
    "check": "find the calls in programs that do not fit a document",
    "stubs": "write type stubs of a document, for editors and type checkers",
    "validate": "find fault with a document",
    "mock": "run a stand-in server for a document",
    "demo": "walk through the Mix API over real HTTP",
    "completion": "print the completion script for a shell",
}

_ARGUMENTS = """\
arguments:
  name=text      converted as the document says: numbers, true and false, null; of a list
                 `tags=a,b`, or the argument several times; objects and lists also as JSON
  name:=json     JSON as it stands; name:=@file reads it from a file
  name=@file     text from a file; where the operation takes a file, that file is sent
  name=@-        the same from standard input

credentials:
  --auth NAME=env:VAR and --auth NAME=@file give one for a security scheme of the document, and
  --header NAME=env:VAR and --header NAME=@file a header, so that no secret stands in the shell's
  history or in the list of processes. MIXDYN_AUTH_<NAME> in the environment gives one always.

"""

_DOCUMENTS = """\
documents:
  a file, an http(s) URL, `bundled` for the one that comes with mixdyn, or `server` for what the
  server has of itself: the one that calls would go to, asked with their credentials and headers

"""

_SIGNALS = """\
signals:
  SIGHUP  read the document again, and go on with what was created (not on Windows)

"""

_VARIABLES = """\
environment:
  MIXDYN_SERVER       the server, where --server names none
  MIXDYN_AUTH_<NAME>  the credential for a security scheme, such as MIXDYN_AUTH_API_KEY
  MIX_SPEC            the document, where --spec names none
  NO_COLOR            no colours

"""


class Parser(argparse.ArgumentParser):
    """
    A parser that takes no abbreviations and suggests the nearest option.

    `options` are its long options, `valued` all that take a value, and `choices` what those take
    that take one of few.
    """

    def __init__(self, command: str = "", **settings: Any) -> None:
        self.options: list[str] = []
        self.valued: set[str] = set()
        self.choices: dict[str, Sequence[str]] = {}
        super().__init__(
            prog=f"mixdyn {command}".strip(),
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **settings,
        )

    def add_argument(self, *names: str, **settings: Any) -> argparse.Action:
        """Take an argument, and note its long names."""
        self.options += [name for name in names if name.startswith("--")]
        if settings.get("action", "append") == "append":
            self.valued.update(name for name in names if name.startswith("-"))
        kind = settings.get("type")
        if isinstance(kind, _Choice):
            self.choices.update((name, kind.allowed) for name in names)
        return super().add_argument(*names, **settings)

    def refuse_option(self, word: str) -> NoReturn:
        """End with wrong usage for an option that is not known."""
        name = word.partition("=")[0]
        self.error(f"no option is called {excerpt(name, 60)}{nearest(name, self.options)}")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """
    Read the command line: `command`, its words and all options; ends the program on wrong usage.
    """
    before, command, after = split(words)
    if command is None:
        top = build_top()
        known, rest = top.parse_known_args(before)
        del known
        if rest:
            top.refuse_option(rest[0])
        top.error(f"expected a command: {', '.join(COMMANDS)}")
    if command not in COMMANDS:
        hint = nearest(command, COMMANDS) or f"; there are {', '.join(COMMANDS)}"
        build_top().error(f"no command is called {excerpt(command, 60)!r}{hint}")
    parser = build(command)
    given = [*before, *after]
    for word in given[: given.index("--")] if "--" in given else given:
        if word.startswith("--") and word.partition("=")[0] not in parser.options:
            parser.refuse_option(word)
    options, rest = parser.parse_known_args(given)
    _take_rest(parser, options, rest)
    options.command = command
    return options


def split(words: Sequence[str]) -> tuple[Sequence[str], str | None, Sequence[str]]:
    """Give the words before the command, the command if there is one, and those behind it."""
    index = 0
    while index < len(words) and words[index].startswith("-"):
        if words[index].partition("=")[0] not in (*VALUED, "-v", "--verbose"):
            return words, None, ()  # --help and --version, and what is no option at all
        index += 2 if words[index] in VALUED else 1
    if index >= len(words):
        return words, None, ()
    return words[:index], words[index], words[index + 1 :]


def build_top() -> Parser:
    """Give the parser of what stands without a command."""
    listed = "\n".join(f"  {name:<12} {text}" for name, text in COMMANDS.items())
    parser = Parser(
        usage="mixdyn [OPTION ...] COMMAND [WORD ...]",
        description="Call an API by its OpenAPI document; try it without a server.",
        epilog=f"commands:\n{listed}\n\n`mixdyn COMMAND --help` tells more.\n\n{_VARIABLES}{CODES}",
    )
    parser.add_argument("--version", action="version", version=f"mixdyn {VERSION}")
    _add_globals(parser)
    return parser


def build(command: str) -> Parser:
    """Give the parser of one command."""
    more = dict.fromkeys(("diff", "check", "stubs", "validate"), _DOCUMENTS)
    more |= {"call": _ARGUMENTS, "mock": _SIGNALS}
    epilog = more.get(command, "") + CODES
    text = COMMANDS[command]
    parser = Parser(command, description=f"{text[:1].upper()}{text[1:]}.", epilog=epilog)
    _BUILDERS[command](parser)
    _add_globals(parser, _FORMS.get(command, FORMS))
    return parser


def _take_rest(parser: Parser, options: argparse.Namespace, rest: Sequence[str]) -> None:
    """Put words that stand behind options where they belong; refuse what is no word."""
    for word in rest:
        if word.startswith("-") and word != "--":
            parser.refuse_option(word)
    more = [word for word in rest if word != "--"]
    if more and not hasattr(options, "words"):
        parser.error(f"unexpected: {excerpt(' '.join(more), 120)}")
    if more:
        options.words = [*options.words, *more]


def _add_globals(parser: Parser, forms: Sequence[str] = FORMS) -> None:
    add = parser.add_argument
    names = ("--output", "--format") if "html" in forms else ("--output",)
    add("--spec", metavar="FILE|URL", help="the OpenAPI document; without it the bundled one")
    add("--server", metavar="URL", help="the server, instead of the one that the document names")
    add("--timeout", metavar="SECONDS", type=_seconds, help="the time limit; 0 for none")
    add("--header", metavar="NAME:TEXT", action="append", default=[], help="a header to send")
    add("--auth", metavar="NAME=SOURCE", action="append", default=[], help="a credential")
    add("--validate", metavar="MODE", type=_Choice(MODES), help=f"one of {', '.join(MODES)}")
    add(*names, metavar="FORM", type=_Choice(forms), help=f"one of {', '.join(forms)}")
    add("-v", "--verbose", action="store_true", help="tell what is sent and received")


def _build_ops(parser: Parser) -> None:
    parser.add_argument(
        "words", nargs="*", default=[], metavar="WORD", help="what all that is listed has"
    )


def _build_show(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="an operation, a namespace or a schema")


def _build_call(parser: Parser) -> None:
    add = parser.add_argument
    add("operation", metavar="OPERATION", help="its name in `mixdyn ops`, or its operationId")
    add("words", nargs="*", default=[], metavar="NAME=VALUE", help="the arguments; see below")
    add("--body", metavar="JSON|@FILE", help="the whole body; @- reads standard input")
    add("-o", "--save", metavar="FILE", help="save the answer; an interrupted download goes on")
    add("--until", metavar="EVENT", action="append", default=[], help="stop after such an event")
    add("--reconnect", action="store_true", help="open an event stream again when it ends")
    add("--retry", action="store_true", help="send again as the document says")
    add("--curl", action="store_true", help="print the request as a curl command; send nothing")
    add("--dry-run", action="store_true", help="print the request; send nothing")


def _build_repl(parser: Parser) -> None:
    parser.add_argument("--plain", action="store_true", help="Python's own prompt, not IPython's")


def _build_diff(parser: Parser) -> None:
    add = parser.add_argument
    add("old", metavar="OLD", help="the document in use; see below")
    add("new", metavar="NEW", help="the one to compare it with")
    levels = ", ".join(LEVELS)
    add("--fail-on", metavar="LEVEL", type=_Choice(LEVELS), help="exit with 1 at such a change")
    add("--level", metavar="LEVEL", type=_Choice(LEVELS), help=f"leave out what is below: {levels}")
    add("--documentation", action="store_true", help="changes of texts and examples count, too")


def _build_check(parser: Parser) -> None:
    add = parser.add_argument
    add("words", nargs="+", metavar="FILE", help="Python files, notebooks, or folders of these")
    add("--base", metavar="OLD", help="the document that they were written for")


def _build_stubs(parser: Parser) -> None:
    add = parser.add_argument
    add("document", nargs="?", metavar="NEW", help="the document; see below")
    add("-o", "--folder", metavar="DIR", help="where to, such as typings")
    add("--name", metavar="MODULE", help="a module of your own with a Client, instead of mixdyn")


def _build_validate(parser: Parser) -> None:
    add = parser.add_argument
    add("document", nargs="?", metavar="SPEC", help="the document; see below")
    add("--only", metavar="PART", type=_Choice(PARTS), help=f"one of {', '.join(PARTS)}")


def _build_mock(parser: Parser) -> None:
    add = parser.add_argument
    add("--port", type=_port, default=8088, help="0 for any free one (8088)")
    add("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    add(
        "--chaos",
        metavar="SHARE",
        nargs="?",
        type=_share,
        const=0.2,
        help="let this share of the answers go wrong (0.2)",
    )
    add("--seed", metavar="NUMBER", type=int, help="the same chaos again")
    add("--quiet", action="store_true", help="without the log of requests")


def _build_demo(parser: Parser) -> None:
    parser.set_defaults(words=[])


def _build_completion(parser: Parser) -> None:
    parser.add_argument("shell", metavar="SHELL", type=_Choice(SHELLS), help=", ".join(SHELLS))


_BUILDERS: dict[str, Callable[[Parser], None]] = {
    "ops": _build_ops,
    "show": _build_show,
    "call": _build_call,
    "repl": _build_repl,
    "diff": _build_diff,
    "check": _build_check,
    "stubs": _build_stubs,
    "validate": _build_validate,
    "mock": _build_mock,
    "demo": _build_demo,
    "completion": _build_completion,
}

# The options before the command that take a value of their own.
VALUED = frozenset(
    {"--spec", "--server", "--timeout", "--header", "--auth", "--validate", "--output"}
)


class _Choice:
    """Takes one of a few words; `allowed` are these."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = allowed

    def __call__(self, text: str) -> str:
        if text in self.allowed:
            return text
        wrong = f"got {excerpt(text, 60)}{nearest(text, self.allowed)}"
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(self.allowed)}, {wrong}")


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("expected a port from 0 to 65535")
    return number


def _share(text: str) -> float:
    number = _number(text)
    if number is None or not 0 <= number <= 1:
        raise argparse.ArgumentTypeError("expected a share from 0 to 1")
    return number


def _seconds(text: str) -> float:
    number = _number(text)
    if number is None or not 0 <= number <= 2_000_000:
        raise argparse.ArgumentTypeError("expected seconds from 0 to 2000000")
    return number


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
