"""
Completion in shells: small scripts that ask `mixdyn __complete` for what may come next.

Names and values come from documents: what would not print is left out, and what a shell could take
for more than text is quoted.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from mixdyn.tools.cli import grammar
from mixdyn.tools.cli.grammar import COMMANDS, DOCUMENTS, SHELLS
from mixdyn.tools.cli.verdict import DONE, UsageError

_MOST = 2000
_LONGEST = 200

_BASH = """\
# Completion of mixdyn for bash: eval "$(mixdyn completion bash)"
_mixdyn() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(mixdyn __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
    if [[ ${COMPREPLY[0]} == bundled ]]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do
            COMPREPLY+=("$line")
        done < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
    elif [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o default -F _mixdyn mixdyn"""

_ZSH = """\
#compdef mixdyn
# Completion of mixdyn for zsh: eval "$(mixdyn completion zsh)", or this file in $fpath as _mixdyn
_mixdyn() {
    local -a found whole open
    found=(${(f)"$(mixdyn __complete zsh "${(@Q)words[1,CURRENT]}" 2>/dev/null)"})
    whole=(${found:#*=})
    open=(${(M)found:#*=})
    (( $#whole )) && compadd -- $whole
    (( $#open )) && compadd -S '' -- $open
    [[ $#found -eq 0 || $found[1] == bundled ]] && { compset -P '*[=@]'; _files }
}
if [[ "$funcstack[1]" == "_mixdyn" ]]; then
    _mixdyn "$@"
else
    compdef _mixdyn mixdyn
fi"""

_FISH = """\
# Completion of mixdyn for fish: mixdyn completion fish | source
function __mixdyn_complete
    set -l current (commandline -ct)
    set -l plain (string unescape -- $current 2>/dev/null); or set plain $current
    set -l found (mixdyn __complete fish (commandline -opc) "$plain" 2>/dev/null)
    if test (count $found) -eq 0; and string match -qr '[=@]' -- $plain
        set -l start (string match -r '^.*[=@]' -- $plain)
        set found $start(__fish_complete_path (string replace -r '^.*[=@]' '' -- $plain))
    end
    string join \\n -- $found
end
complete -c mixdyn -f -a '(__mixdyn_complete)'
complete -c mixdyn -n 'contains -- (commandline -opc)[-1] -o --save --spec --base --folder' -F
complete -c mixdyn -n '__fish_seen_subcommand_from diff check stubs validate' -F"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def script(shell: str) -> str:
    """Give the script that a shell reads at its start."""
    return _SCRIPTS[shell]


def answer(words: Sequence[str]) -> int:
    """
    Print what may come next, a line each; nothing where that cannot be told.

    Args:
        words: the shell, and then for bash the line up to the cursor and its word breaks, for
            others the words up to the cursor, of which the last may be empty.
    """
    with suppress(Exception):  # a shell that completes is no place for errors
        shell, *rest = words
        found = list(_complete_line(*rest) if shell == "bash" else _complete_words(rest))
        sys.stdout.write("".join(f"{text}\n" for text in found[:_MOST]))
        sys.stdout.flush()
    return DONE


def _complete_words(words: Sequence[str]) -> Iterator[str]:
    """Complete for a shell that quotes what it inserts."""
    return (name + value for name, value in suggest(words[1:]))


def _complete_line(line: str, breaks: str = "=:") -> Iterator[str]:
    """Complete for bash, which inserts text as it stands, behind the last of its word breaks."""
    words = shlex.split(line)
    raw = "" if not line or line[-1].isspace() else line.rsplit(maxsplit=1)[-1]
    if not raw:
        words.append("")
    start = max(raw.rfind(mark) for mark in breaks if mark in "=:") + 1 if breaks else 0
    for name, value in suggest(words[1:]):
        text = name + (shlex.quote(value) if value else "")
        yield text[start:]


def suggest(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give what the last word may become: in two parts, the second of which may need quotes."""
    current = words[-1]
    for name, value in _list(words[:-1], current):
        text = name + value
        if text.startswith(current) and len(text) <= _LONGEST and text.isprintable():
            yield name, value


def _list(words: Sequence[str], current: str) -> Iterator[tuple[str, str]]:
    before, command, after = grammar.split(words)
    if command is None:
        yield from _list_top(before, current)
        return
    parser = grammar.build(command)
    previous = words[-1]
    if previous in parser.valued and previous != "--until":
        yield from (("", text) for text in parser.choices.get(previous, _documents(previous)))
    elif current.startswith("-"):
        yield from _list_options(parser, current)
    elif command in ("diff", "stubs", "validate"):
        yield from (("", word) for word in DOCUMENTS)
    elif command == "completion":
        yield from (("", shell) for shell in SHELLS)
    elif command in ("call", "show", "ops"):
        yield from _list_document(words, _positional(after, parser.valued), command, current)


def _list_options(parser: grammar.Parser, current: str) -> Iterator[tuple[str, str]]:
    """Give the options, or behind `--option=` what that one takes."""
    name, sign, _ = current.partition("=")
    if sign:
        yield from ((f"{name}=", t) for t in parser.choices.get(name, _documents(name)))
    else:
        yield from (("", option) for option in parser.options)


def _documents(option: str) -> Sequence[str]:
    """Give the words that name documents, where an option takes one of another kind than files."""
    return DOCUMENTS if option == "--base" else ()


def _list_top(before: Sequence[str], current: str) -> Iterator[tuple[str, str]]:
    if before and before[-1] in grammar.VALUED:
        yield from (("", text) for text in grammar.build_top().choices.get(before[-1], ()))
    elif current.startswith("-"):
        yield from _list_options(grammar.build_top(), current)
    else:
        yield from (("", name) for name in COMMANDS)


def _positional(words: Sequence[str], valued: set[str]) -> list[str]:
    """Give the words that are neither options nor their values."""
    found: list[str] = []
    is_value = False
    for word in words:
        if not is_value and not word.startswith("-"):
            found.append(word)
        is_value = word in valued
    return found


def _list_document(
    words: Sequence[str], given: list[str], command: str, current: str
) -> Iterator[tuple[str, str]]:
    """Give what the document knows: operations, schemas, arguments and their values."""
    surface = _open(words)
    if not given:
        yield from (("", entry.qualified_name) for entry in surface.catalog.entries)
        if command == "show":
            yield from (("", name) for name in surface.namespaces)
            yield from (("", name) for name in surface.schemas.component_names())
    elif command == "call":
        from mixdyn.tools.cli.target import find_entry

        plan = surface.plan(find_entry(surface, given[0]))
        if words[-1] == "--until":
            from mixdyn.tools.cli.call import event_names

            yield from (("", name) for name in event_names(plan))
        else:
            yield from _list_arguments(plan.operation, given[1:], current)


def _open(words: Sequence[str]) -> Any:
    """Read the document that the line names; nothing is fetched for a completion."""
    from argparse import Namespace

    from mixdyn.tools.cli.target import open_surface

    spec = None
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "--spec":
            spec = following
        elif word.startswith("--spec="):
            spec = word.removeprefix("--spec=")
    if spec is not None and "://" in spec:
        raise UsageError("documents are not fetched for completions")
    return open_surface(Namespace(spec=spec and os.path.expanduser(spec)))


def _list_arguments(
    operation: Any, given: Sequence[str], current: str
) -> Iterator[tuple[str, str]]:
    from mixdyn.tools.cli.argument import name_words
    from mixdyn.tools.cli.value import list_values

    known = name_words(operation)
    name, sign, _ = current.partition("=")
    if sign:
        values = list_values(known[name].schema) if name in known else []
        yield from ((f"{name}=", value) for value in values)
        return
    words = (word.partition("=")[0].rstrip(":") for word in given)
    taken = {known[word].name for word in words if word in known}
    yield from ((f"{a.name}=", "") for a in operation.arguments if a.name not in taken)
