"""
A difference as text, Markdown and HTML. What comes from a document is made harmless for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from mixdyn.diff.change import LEVELS, CallerChange, Change, Level, worst
from mixdyn.diff.place import name_place
from mixdyn.diff.summary import Subject, Summary
from mixdyn.errors import excerpt

_SHOWN = 400
_OPERATIONS = 3
_SPARE = 20
_MARKS: dict[Level, str] = {"breaking": "!", "risky": "?", "compatible": " "}
_CALLERS = "For Python callers"
_UNREADABLE = "Could not be read"
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
li { margin: .4rem 0; } .at, .in { opacity: .75; font-size: .9em; }
.breaking { border-left: 4px solid #c62828; padding-left: .6rem; }
.risky { border-left: 4px solid #b26a00; padding-left: .6rem; }
.compatible { border-left: 4px solid #2e7d32; padding-left: .6rem; }
ul { list-style: none; padding: 0; }
"""


def render_line(difference: Summary, width: int) -> str:
    """Give a difference in one line: how much changed, and what of it callers meet, if it fits."""
    count = ", ".join(f"{difference.count(level)} {level}" for level in LEVELS)
    callers = sorted(difference.callers, key=lambda change: LEVELS.index(change.level))
    room = width - len(f"<Difference: {count}; >")
    if not callers or room < _SPARE:
        return f"<Difference: {count}>"
    return f"<Difference: {count}; {excerpt('; '.join(map(str, callers[:room])), room)}>"


def render_text(difference: Summary) -> str:
    """Give a difference as lines of text."""
    lines = [_title(difference), _count(difference)]
    if difference.callers:
        lines += ["", _CALLERS]
        lines += [f"  {_MARKS[c.level]} {_clean(str(c))}" for c in difference.callers]
    for level in LEVELS:
        lines += _text_level(difference, level)
    if difference.unreadable:
        lines += ["", _UNREADABLE, *(f"  {_clean(text)}" for text in difference.unreadable)]
    return "\n".join(lines) + "\n"


def _text_level(difference: Summary, level: Level) -> Iterator[str]:
    changes = [change for change in difference.changes if change.level == level]
    if changes:
        yield from ("", level.capitalize())
    for change in changes:
        yield f"  {_tell(change)}  [{change.code}]"
        yield f"      in {_list_operations(change)}"
        yield f"      at {_point(change)}"


def render_markdown(difference: Summary) -> str:
    """Give a difference as Markdown; what a document says stands in code spans."""
    lines = [f"# {_span(_title(difference))}", "", _count(difference)]
    if difference.callers:
        lines += ["", f"## {_CALLERS}", ""]
        lines += [f"- {_mark(c)}{_span(_clean(str(c)))}" for c in difference.callers]
    for level in LEVELS:
        changes = [change for change in difference.changes if change.level == level]
        if changes:
            lines += ["", f"## {level.capitalize()}", ""]
        for change in changes:
            lines.append(f"- {_span(_tell(change))} ({change.code})")
            lines.append(f"  in {_span(_list_operations(change))}, at {_span(_point(change))}")
    if difference.unreadable:
        lines += ["", f"## {_UNREADABLE}", ""]
        lines += [f"- {_span(_clean(text))}" for text in difference.unreadable]
    return "\n".join(lines) + "\n"


def _mark(change: CallerChange) -> str:
    return f"**{change.level}**: " if change.level != "compatible" else ""


def _span(text: str) -> str:
    """Put text into a code span: fenced by more backticks than it holds (CommonMark, 6.1)."""
    longest = max((len(run) for run in _runs(text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest or text[:1] == " " or not text else ""
    return f"{fence}{space}{text}{space}{fence}"


def _runs(text: str) -> list[str]:
    return [run for run in "".join(c if c == "`" else " " for c in text).split(" ") if run]


def render_html(difference: Summary) -> str:
    """Give a difference as a whole page of HTML, light or dark as the reader's system is."""
    title = escape(_title(difference))
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    body = "\n".join(_html_sections(difference))
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def render_fragment(difference: Summary) -> str:
    """Give a difference as HTML to stand in another page, as in a notebook."""
    return f"<style>{_STYLE}</style>\n" + "\n".join(_html_sections(difference))


def _html_sections(difference: Summary) -> Iterator[str]:
    yield f"<h1>{escape(_title(difference))}</h1>"
    yield f"<p>{_count(difference)}</p>"
    if difference.callers:
        items = (
            f'<li class="{c.level}"><code>{escape(_clean(str(c)))}</code></li>'
            for c in difference.callers
        )
        yield f"<h2>{_CALLERS}</h2><ul>{''.join(items)}</ul>"
    for level in LEVELS:
        changes = [change for change in difference.changes if change.level == level]
        if changes:
            yield f"<h2>{level.capitalize()}</h2><ul>{''.join(map(_html_change, changes))}</ul>"
    if difference.unreadable:
        items = (f"<li>{escape(_clean(text))}</li>" for text in difference.unreadable)
        yield f"<h2>{_UNREADABLE}</h2><ul>{''.join(items)}</ul>"


def _html_change(change: Change) -> str:
    return (
        f'<li class="{change.level}">{escape(_tell(change))} <code>{change.code}</code>'
        f'<div class="in">in {escape(_list_operations(change))}</div>'
        f'<div class="at">at <code>{escape(_point(change))}</code></div></li>'
    )


def _title(difference: Summary) -> str:
    return f"{_name(difference.old)} → {_name(difference.new)}"


def _name(subject: Subject) -> str:
    name = f"{excerpt(subject.title, 80)} {excerpt(subject.version, 40)}".strip()
    return f"{name or 'Document'} ({subject.operations} operations)"


def _count(difference: Summary) -> str:
    """Count the changes over HTTP; say so where they are not the worst that callers meet."""
    over_http = worst([change.level for change in difference.changes])
    counts = ", ".join(f"{difference.count(level)} {level}" for level in LEVELS) + " changes"
    if difference.worst == over_http:
        return counts if difference.changes else "No changes."
    counts = counts if difference.changes else "no changes over HTTP"
    return f"{counts}; {difference.worst} for Python callers"


def _tell(change: Change) -> str:
    """Say what changed, and of what, where that is part of a schema."""
    pointer = change.old if change.code.endswith("-added") else change.new
    place = name_place(pointer or "")
    return f"{place}: {_clean(change.message)}" if place else _clean(change.message)


def _list_operations(change: Change) -> str:
    shown = ", ".join(change.operations[:_OPERATIONS])
    rest = len(change.operations) - _OPERATIONS
    return _clean(f"{shown} and {rest} more operations" if rest > 0 else shown)


def _point(change: Change) -> str:
    places = dict.fromkeys(place for place in (change.old, change.new) if place is not None)
    return _clean(" → ".join(places))


def _clean(text: str) -> str:
    return excerpt(text, _SHOWN)
