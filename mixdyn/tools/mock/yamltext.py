"""
Writes a tree as YAML that every reader of YAML 1.1 and 1.2 reads as the same tree.

Block style; texts that could be anything else stand in JSON's quotes, which are YAML's too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from mixdyn.shape import is_array, is_object

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_/{}.-]*")
# What YAML 1.1 or 1.2 takes for something else than text.
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
# What YAML does not print, or takes for a line break.
_HIDDEN = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_FLOATS = {"NaN": ".nan", "Infinity": ".inf", "-Infinity": "-.inf"}


def write_yaml(tree: Any) -> bytes:
    """Give the tree as UTF-8; it holds what JSON holds."""
    if _is_nested(tree):
        return "".join(_lines(tree, "")).encode()
    return f"{_scalar(tree)}\n".encode()


def _lines(tree: Any, indent: str) -> Iterator[str]:
    below = f"{indent}  "
    if is_array(tree):
        for item in tree:
            # The first line of what is in an item stands behind its dash.
            lines = (
                _lines(item, below) if _is_nested(item) else iter((f"{below}{_scalar(item)}\n",))
            )
            yield f"{indent}- {next(lines)[len(below) :]}"
            yield from lines
        return
    for key, value in tree.items():
        yield f"{indent}{_scalar(key)}:" + ("\n" if _is_nested(value) else f" {_scalar(value)}\n")
        if _is_nested(value):
            yield from _lines(value, below)


def _is_nested(value: Any) -> bool:
    return (is_object(value) or is_array(value)) and bool(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) is not None and value.lower() not in _WORDS
        return value if is_plain else _quote(value)
    text = json.dumps(value)
    # JSON's `1e+20` is text for YAML 1.1, which wants a point in it.
    if isinstance(value, float) and "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    return _FLOATS.get(text, text)


def _quote(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)
