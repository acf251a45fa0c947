"""
`mixdyn ops`: the operations of a document, grouped and searched. Reads the index and no more.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from mixdyn.catalog import Entry
from mixdyn.errors import excerpt, nearest, printable
from mixdyn.shape import as_array, as_text
from mixdyn.tools.cli.rendering import align, cut, render
from mixdyn.tools.cli.screen import Screen, paint
from mixdyn.tools.cli.target import open_surface
from mixdyn.tools.cli.verdict import DONE, UsageError

_SUMMARY = 120


def run_ops(options: argparse.Namespace, screen: Screen) -> int:
    """List the operations that have all of the words."""
    surface = open_surface(options)
    entries = [entry for entry in surface.catalog.entries if fits(entry, options.words)]
    if not entries and options.words:
        raise UsageError(_word_nothing(surface.catalog.entries, options.words))
    if options.output in (None, "table"):
        screen.write(list_entries(entries, screen.width, colour=screen.is_colourful))
    else:
        rows = list(map(describe_entry, entries))
        colour = screen.is_colourful
        screen.write(render(rows, options.output, width=screen.width, colour=colour))
    return DONE


def fits(entry: Entry, words: Sequence[str]) -> bool:
    """Tell whether each word occurs in the name, id, path, tags, summary or description."""
    if not words:
        return True
    raw = entry.operation.value
    parts = [entry.qualified_name, f"{entry.method} {entry.path}"]
    parts += [as_text(raw.get(key)) for key in ("operationId", "summary", "description")]
    parts += [as_text(tag) for tag in as_array(raw.get("tags"))]
    text = "\n".join(parts).lower()
    return all(word.lower() in text for word in words)


def _word_nothing(entries: Sequence[Entry], words: Sequence[str]) -> str:
    """Say that nothing was found, and which word may be meant for one that stands nowhere."""
    names = [part for entry in entries for part in (*entry.namespace, *entry.name.split("_"))]
    names += [entry.qualified_name for entry in entries]
    strange = next((word for word in words if not any(fits(e, [word]) for e in entries)), "")
    shown = " and ".join(repr(excerpt(word, 80)) for word in words)
    hint = nearest(strange.lower(), dict.fromkeys(names)) if strange else ""
    return f"no operation has {shown}{hint}"


def describe_entry(entry: Entry) -> dict[str, Any]:
    """Give what programs may want to know of an operation."""
    raw = entry.operation.value
    return {
        "name": entry.qualified_name,
        "method": entry.method,
        "path": entry.path,
        "summary": as_text(raw.get("summary")),
        "operation_id": as_text(raw.get("operationId")) or None,
    }


def list_entries(entries: Sequence[Entry], width: int | None, *, colour: bool) -> str:
    """Write operations by namespace: their names as one calls them, and what they do."""
    lines: list[str] = []
    ordered = sorted(entries, key=lambda entry: entry.namespace)  # as they come inside each
    for namespace, members in groupby(ordered, lambda entry: entry.namespace):
        title = cut(printable(".".join(namespace)) or "(no namespace)", width)
        rows = [_row(entry) for entry in members]
        lines += [paint(title, "bold") if colour else title]
        lines += [f"  {line}" for line in align(rows, width - 2 if width else None, kept=1)]
    return "\n".join(lines)


def _row(entry: Entry) -> tuple[str, str, str]:
    raw = entry.operation.value
    summary = " ".join(as_text(raw.get("summary")).split())
    if raw.get("deprecated") is True:
        summary = f"(deprecated) {summary}"
    place = f"{entry.method} {excerpt(entry.path, _SUMMARY)}"
    return printable(entry.qualified_name), excerpt(summary, _SUMMARY), place
