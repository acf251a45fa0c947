"""
Completes calls while they are typed: names of arguments, and the values that these may have.

For IPython and Jupyter with `%load_ext mixdyn.completion`, and for prompts of one's own. It looks
into nothing but clients and what they hold, and so runs no code of others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

_LONGEST = 10_000
_TOKEN = re.compile(r"""'(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*" | \w+ | \S""", re.VERBOSE | re.DOTALL)
_CALLEE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+$")
_NAME = re.compile(r"\s*(\w*)$")
_VALUE = re.compile(r"\s*(\w+)\s*=\s*(['\"]?)([^'\"]*)$")
_QUOTES = frozenset("'\"")


class Completion(NamedTuple):
    """What has been typed of a word, and what it may become."""

    fragment: str
    choices: tuple[str, ...]


def complete_call(before: str, namespace: Mapping[str, Any]) -> Completion:
    """
    Complete the argument that is being typed in a call of an operation.

    Args:
        before: the code up to the cursor.
        namespace: the names that it may use.
    """
    nothing = Completion("", ())
    opened = _find_call(before[-_LONGEST:])
    if opened is None:
        return nothing
    callee, given = opened
    function = _resolve(callee, namespace)
    hints: dict[str, Any] = getattr(function, "__annotations__", {}) if function else {}
    hints = {name: kind for name, kind in hints.items() if name != "return"}
    value = _VALUE.match(given[-1])
    if value is not None:
        # `filter` may be given for the argument that had to be called `filter_`.
        kind = hints.get(value[1]) or hints.get(f"{value[1]}_")
        return _complete_value(kind, value[2], value[3])
    name = _NAME.match(given[-1])
    if name is None:
        return nothing
    used = {text.partition("=")[0].strip() for text in given[:-1]}
    fitting = (n for n in hints if n.startswith(name[1]) and n not in used)
    return Completion(name[1], tuple(f"{n}=" for n in fitting))


def list_values(kind: Any) -> list[Any]:
    """Give the values that a type allows, if it lists them."""
    origin = get_origin(kind)
    if origin is Literal:
        return list(get_args(kind))
    if origin in (Union, UnionType):
        parts = [part for part in get_args(kind) if part is not NoneType]
        return [value for part in parts for value in list_values(part)]
    return [False, True] if kind is bool else []


def load_ipython_extension(shell: Any) -> None:
    """Let an IPython shell complete values of arguments: `%load_ext mixdyn.completion`."""
    matchers = shell.Completer.custom_matchers
    if match_argument not in matchers:
        matchers.append(match_argument)


def unload_ipython_extension(shell: Any) -> None:
    """Undo what loading did: `%unload_ext mixdyn.completion`."""
    matchers = shell.Completer.custom_matchers
    if match_argument in matchers:
        matchers.remove(match_argument)


def match_argument(context: Any) -> dict[str, Any]:
    """Give an IPython completer what may follow; names of arguments it finds itself."""
    from IPython.core.completer import SimpleCompletion
    from IPython.core.getipython import get_ipython

    namespace: Mapping[str, Any] = getattr(get_ipython(), "user_ns", {})
    fragment, choices = complete_call(context.text_until_cursor, namespace)
    values = [choice for choice in choices if not choice.endswith("=")]
    return {
        "completions": [SimpleCompletion(text=value, type="value") for value in values],
        "matched_fragment": fragment,
        "suppress": bool(values),
    }


match_argument.matcher_api_version = 2  # type: ignore[attr-defined]  # read by IPython
match_argument.matcher_identifier = "mixdyn.completion"  # type: ignore[attr-defined]  # as above


def _find_call(before: str) -> tuple[str, list[str]] | None:
    """Find the call that is open at the end of code: what is called, and its arguments so far."""
    starts: list[tuple[str, int, list[int]]] = []
    for token in _TOKEN.finditer(before):
        text = token[0]
        if text in "([{":
            starts.append((text, token.end(), [token.end()]))
        elif text in ")]}" and starts:
            starts.pop()
        elif text == "," and starts:
            starts[-1][2].append(token.end())
        elif text in _QUOTES:  # a text that is being typed: what is in it is no code
            break
    if not starts or starts[-1][0] != "(":
        return None
    _, start, places = starts[-1]
    callee = _CALLEE.search(before[: start - 1].rstrip())
    ends = [place - 1 for place in places[1:]] + [len(before)]
    given = [before[a:b] for a, b in zip(places, ends, strict=True)]
    return (callee[0], given) if callee is not None else None


def _resolve(callee: str, namespace: Mapping[str, Any]) -> Any:
    """Give the method that dotted names mean, if they lead through clients and namespaces."""
    first, *rest = callee.split(".")
    thing = namespace.get(first)
    for name in rest:
        if not _is_ours(thing) or name.startswith("_"):
            return None
        thing = getattr(thing, name, None)
    return thing if _is_ours(thing) and callable(thing) else None


def _is_ours(thing: object) -> bool:
    return hasattr(type(thing), "_page")


def _complete_value(kind: Any, quote: str, typed: str) -> Completion:
    values = list_values(kind)
    if quote:
        texts = [value for value in values if isinstance(value, str)]
        plain = [text for text in texts if text.isprintable() and not {quote, "\\"} & set(text)]
        return Completion(typed, tuple(text for text in plain if text.startswith(typed)))
    written = [repr(value) for value in values]
    return Completion(typed, tuple(text for text in written if text.startswith(typed)))
