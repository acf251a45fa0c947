"""
How results are written: JSON, JSON lines, a table or YAML. Knows values, nothing of calls.

Whatever a server sends, what is written here has no control and no bidirectional characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mixdyn.errors import printable
from mixdyn.shape import is_array, is_object
from mixdyn.terminal import measure
from mixdyn.tools.cli.screen import paint
from mixdyn.tools.cli.verdict import UsageError

FORMS = ("json", "jsonl", "table", "yaml")

_ODD = re.compile(r"[^ -~\n]+")
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d[\d.eE+-]*)')
_MAX_COLUMNS = 40
_MAX_CELL = 500
_LEAST_WIDTH = 4
_GAP = "  "


def render(value: Any, form: str, *, width: int | None, colour: bool) -> str:
    """
    Write a value in one of `FORMS`.

    Args:
        value: JSON values, and views of them.
        form: `json` is indented where `width` is given, since somebody then looks at it.
        width: the columns of the terminal; None for none.
        colour: whether JSON is coloured, and the title of a table bold.
    """
    try:
        plain = to_plain(value)
        if form == "table":
            return _render_table(plain, width, colour=colour)
        if form == "yaml":
            return _render_yaml(plain)
        if form == "jsonl" and is_array(plain):
            return "\n".join(render_json(item, colour=colour) for item in plain)
        return render_json(plain, indent=2 if form == "json" and width else None, colour=colour)
    except RecursionError:
        raise UsageError("the answer is nested too deeply to be shown; save it by -o") from None


def to_plain(value: Any) -> Any:
    """Give the JSON that a result was made of."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if is_array(value):
        return [to_plain(item) for item in value]
    if is_object(value):
        return {str(key): to_plain(item) for key, item in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else value


def render_json(value: Any, *, indent: int | None = None, colour: bool = False) -> str:
    """Write JSON; characters that do not print are written as escapes."""
    import json

    separators = None if indent or colour else (",", ":")
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False)
    if not (text.isascii() and text.isprintable()):
        text = _ODD.sub(_escape, text)
    return _TOKEN.sub(_colour, text) if colour else text


def render_line(value: Any, form: str, *, width: int | None, colour: bool) -> str:
    """Write one event or record of many: on one line, but for YAML."""
    plain = to_plain(value)
    if form == "yaml":
        return f"---\n{_render_yaml(plain)}"
    if form == "table" and is_object(plain):
        name, rest = plain.get("event", ""), plain.get("data", plain)
        return cut(f"{printable(str(name)):<24} {_cell(rest)}".strip(), width)
    return render_json(plain, colour=colour)


def cut(text: str, width: int | None) -> str:
    """Cut a line to a width."""
    if width is None or measure(text) <= width:
        return text
    kept = text[: max(0, width - 1)]
    while measure(kept) > width - 1 and kept:
        kept = kept[:-1]
    return f"{kept}…"


def align(rows: Sequence[Sequence[str]], width: int | None = None, *, kept: int = 0) -> list[str]:
    """Set rows in columns; where a width is given, the widest but the first `kept` give way."""
    most = _MAX_CELL if width is None else width
    counts = [min(most, max(map(measure, column))) for column in zip(*rows, strict=True)]
    while width is not None and sum(counts) + len(_GAP) * (len(counts) - 1) > width:
        widest = max(range(kept, len(counts)), key=counts.__getitem__)
        if counts[widest] <= _LEAST_WIDTH:
            break
        counts[widest] -= 1
    return [cut(_GAP.join(map(_pad, row, counts)).rstrip(), width) for row in rows]


def _is_crowded(rows: Sequence[Sequence[str]], width: int | None) -> bool:
    """Tell whether columns cannot stand beside each other with some text in each."""
    least = [min(_LEAST_WIDTH, max(map(measure, column))) for column in zip(*rows, strict=True)]
    return width is not None and sum(least) + len(_GAP) * (len(least) - 1) > width


def _pad(text: str, width: int) -> str:
    shown = cut(text, width)
    return shown + " " * (width - measure(shown))


def _render_table(value: Any, width: int | None, *, colour: bool) -> str:
    """
    Write rows for reading, each on one line, in text of our own and not by `rich`.

    Where a terminal is too narrow for all columns, each row has lines of its own.
    Its tables lose whole columns where there are many, or break ids in pieces, and take 1 ms a row.
    """
    if is_object(value):
        pairs = [(_cell(str(name)), _cell(item)) for name, item in value.items()]
        return "\n".join(align(pairs or [("",)], width))
    if not is_array(value):
        return cut(_cell(value), width)
    names = list(dict.fromkeys(n for item in value if is_object(item) for n in item))
    if not names:
        return "\n".join(cut(_cell(item), width) for item in value)
    names = names[:_MAX_COLUMNS]
    rows = [list(map(_cell, names)), *(_row(item, names) for item in value)]
    if _is_crowded(rows, width):
        return "\n\n".join(_render_table(item, width, colour=colour) for item in value)
    title, *lines = align(rows, width)
    return "\n".join([paint(title, "bold") if colour else title, *lines])


def _row(item: Any, names: Sequence[str]) -> list[str]:
    if not is_object(item):
        return [_cell(item), *[""] * (len(names) - 1)]
    return [_cell(item.get(name, "")) for name in names]


def _cell(value: Any) -> str:
    """Write a value into one cell: text as it is, all else as JSON."""
    text = value if isinstance(value, str) else render_json(value)
    return printable(text[:_MAX_CELL]).replace("\n", "\\n")


def _render_yaml(value: Any) -> str:
    import yaml

    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    if not text.replace("\n", "").isprintable():
        text = yaml.safe_dump(value, allow_unicode=False, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _escape(found: re.Match[str]) -> str:
    run = found[0]
    if run.isprintable():
        return run
    return "".join(c if c.isprintable() else _escape_char(c) for c in run)


def _escape_char(char: str) -> str:
    """Write a character as JSON does, by its UTF-16 units."""
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def _colour(found: re.Match[str]) -> str:
    text, colon, word, number = found.groups()
    if colon:
        return f"{paint(text, 'blue')}{colon}"
    if text:
        return paint(text, "green")
    return paint(word, "magenta") if word else paint(number, "cyan")
