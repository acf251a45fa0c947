"""
Writes a page's blocks as HTML for notebooks: escaped, without scripts, for light and dark themes.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from mixdyn.block import Block, Code, Heading, Paragraph, Words
from mixdyn.errors import printable

_SHORT = 30
_NO_BREAK = ' class="mx-short"'
_LIGHT = (
    "--mx-name:#0550ae;--mx-kind:#116329;--mx-note:#57606a;--mx-alert:#b42318;"
    "--mx-rule:#d0d7de;--mx-code:#f6f8fa;"
)
_DARK = (
    "--mx-name:#79c0ff;--mx-kind:#7ee787;--mx-note:#9da7b3;--mx-alert:#ff9a8d;"
    "--mx-rule:#3d444d;--mx-code:#1e242c;"
)
# Notebooks say themselves whether their theme is dark; elsewhere the browser does.
_THEMES = f"""
.mixdyn{{{_LIGHT}color:inherit;font-size:13px;line-height:1.5;max-width:76em}}
@media (prefers-color-scheme:dark){{.mixdyn{{{_DARK}}}}}
[data-jp-theme-light="true"] .mixdyn,.vscode-light .mixdyn{{{_LIGHT}}}
[data-jp-theme-light="false"] .mixdyn,.vscode-dark .mixdyn{{{_DARK}}}
"""
_RULES = """
.mixdyn p{margin:.3em 0 .6em}
.mixdyn h4{margin:.8em 0 .3em;font-size:1em;font-weight:600}
.mixdyn table{border-collapse:collapse;margin:.2em 0 .8em;font-size:1em;
display:block;overflow-x:auto;border:0}
.mixdyn td{text-align:left;vertical-align:top;padding:.15em 1.2em .15em 0;border:0;
border-bottom:1px solid var(--mx-rule);background:none;max-width:44em;
overflow-wrap:break-word;white-space:normal}
.mixdyn td:first-child{white-space:pre-wrap}
.mixdyn td:last-child{overflow-wrap:anywhere;min-width:14em}
.mixdyn td.mx-short{white-space:pre}
.mixdyn pre{background:var(--mx-code);color:inherit;padding:.5em .8em;margin:.3em 0 .8em;
border-radius:4px;overflow-x:auto;white-space:pre}
.mixdyn .mx-name,.mixdyn .mx-kind,.mixdyn pre{font-family:ui-monospace,Menlo,Consolas,monospace}
.mixdyn .mx-title{font-weight:600}
.mixdyn .mx-name{color:var(--mx-name)}
.mixdyn .mx-kind{color:var(--mx-kind)}
.mixdyn .mx-note{color:var(--mx-note)}
.mixdyn .mx-alert{color:var(--mx-alert)}
"""


def mark_up(blocks: Iterable[Block]) -> str:
    """Give blocks as one HTML element with its own style."""
    style = (_THEMES + _RULES).replace("\n", "")
    return f'<div class="mixdyn"><style>{style}</style>{"".join(map(_mark_block, blocks))}</div>'


def _mark_block(block: Block) -> str:
    if isinstance(block, Code):
        return f"<pre>{_escape(block.text)}</pre>"
    if isinstance(block, Heading):
        return f"<h4>{_mark_words(block.words)}</h4>"
    if isinstance(block, Paragraph):
        return f"<p>{_mark_words(block.words)}</p>"
    return f"<table><tbody>{''.join(map(_mark_row, block.rows))}</tbody></table>"


def _mark_row(row: tuple[Words, ...]) -> str:
    return f"<tr>{''.join(map(_mark_cell, row))}</tr>"


def _mark_cell(cell: Words) -> str:
    # A date is not to be broken at its hyphens.
    is_short = sum(len(span.text) for span in cell) <= _SHORT
    return f"<td{_NO_BREAK if is_short else ''}>{_mark_words(cell)}</td>"


def _mark_words(words: Words) -> str:
    return "".join(
        _escape(span.text)
        if span.role == "plain"
        else f'<span class="mx-{span.role}">{_escape(span.text)}</span>'
        for span in words
    )


def _escape(text: str) -> str:
    return escape(printable(text), quote=True)
