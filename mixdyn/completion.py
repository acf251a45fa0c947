"""
Completes calls while they are typed: names of arguments, and the values that these may have.

For IPython and Jupyter with `%load_ext mixdyn.completion`, and for prompts of one's own. It looks
into nothing but clients and what they hold, and so runs no code of others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

_LONGEST = 10_000
_TOKEN = re.compile(r"""'(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*" | \w+ | \S""", re.VERBOSE | re.DOTALL)
_CALLEE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+$")
_NAME = re.compile(r"\s*(\w*)$")
_VALUE = re.compile(r"\s*(\w+)\s*=\s*(['\"]?)([^'\"]*)$")
_QUOTES = frozenset("'\"")
_HARD = frozenset("'\"\\")  # what keys would have to be quoted for
_STEP = r"""\.[^\W\d]\w* | \[-?\d{1,9}\] | \['[^'\\]*'\] | \["[^"\\]*"\]"""
_STEPS = re.compile(_STEP, re.VERBOSE)
# What is being typed behind something: an attribute, or a key.
_TAIL = re.compile(
    rf"""(?<![\w.\])'"])([^\W\d]\w*)((?:{_STEP})*)(?:\.(\w*)|\[(['"])([^'"\\]*))$""", re.VERBOSE
)
_LONGEST_TAIL = 500
_PLAIN: tuple[Any, ...] = (dict, list)  # whose own methods run none of others


class Completion(NamedTuple):
    """What has been typed of a word, and what it may become."""

    fragment: str
    choices: tuple[str, ...]


def complete(before: str, namespace: Mapping[str, Any]) -> Completion:
    """
    Complete what prompts do not by themselves: arguments, keys, and attributes of items.

    Args:
        before: the code up to the cursor.
        namespace: the names that it may use.
    """
    found = complete_call(before, namespace)
    tail = _TAIL.search(before[-_LONGEST_TAIL:])
    if found.choices or tail is None:
        return found
    name, steps, attribute, _, key = tail.groups()
    thing = namespace.get(name)
    for step in _STEPS.findall(steps):
        thing = _follow(thing, step)
    if attribute is None:
        keys = [key for key in _list_keys(thing) if key.isprintable() and not _HARD & set(key)]
        return Completion(key, tuple(name for name in keys if name.startswith(key)))
    # Of dotted names alone every prompt completes the attributes.
    names = dir(thing) if "[" in steps and _is_ours(thing) else ()
    shown = (n for n in names if attribute.startswith("_") or not n.startswith("_"))
    return Completion(attribute, tuple(n for n in shown if n.startswith(attribute)))


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
        thing = _follow(thing, f".{name}")
    return thing if _is_ours(thing) and callable(thing) else None


def _follow(thing: Any, step: str) -> Any:
    """Give what `.name`, `[0]` or `['key']` of a thing is; None where code of others might run."""
    if step.startswith("."):
        is_open = _is_ours(thing) and not step.startswith("._")
        return getattr(thing, step[1:], None) if is_open else None
    inner = step[1:-1]
    key: Any = inner[1:-1] if inner[0] in _QUOTES else int(inner)
    try:
        for kind in _PLAIN:
            if isinstance(thing, kind):
                return kind.__getitem__(thing, key)
        return thing[key] if _is_ours(thing) else None
    except (LookupError, TypeError):
        return None


def _list_keys(thing: Any) -> list[str]:
    """Give the keys that are text: a dictionary's, or those that a thing of ours has."""
    if isinstance(thing, dict):
        keys: Iterable[Any] = _PLAIN[0].keys(thing)
        return [key for key in keys if isinstance(key, str)]
    list_keys = getattr(thing, "_ipython_key_completions_", None) if _is_ours(thing) else None
    return list_keys() if list_keys is not None else []


def _is_ours(thing: object) -> bool:
    """Tell whether a thing is a client, what it holds, or a result."""
    return hasattr(type(thing), "_page") or hasattr(type(thing), "_to_wire")


def _complete_value(kind: Any, quote: str, typed: str) -> Completion:
    values = list_values(kind)
    if quote:
        texts = [value for value in values if isinstance(value, str)]
        plain = [text for text in texts if text.isprintable() and not {quote, "\\"} & set(text)]
        return Completion(typed, tuple(text for text in plain if text.startswith(typed)))
    written = [repr(value) for value in values]
    return Completion(typed, tuple(text for text in written if text.startswith(typed)))
