"""
The difference between two documents, in any form that people or programs read.
"""

from __future__ import annotations

from dataclasses import dataclass

from mixdyn.diff.rendering import (
    render_fragment,
    render_html,
    render_line,
    render_markdown,
    render_text,
)
from mixdyn.diff.summary import Summary
from mixdyn.terminal import find_width


@dataclass(frozen=True, slots=True, repr=False)
class Difference(Summary):
    """
    What differs between two documents; false where nothing does, in either terms.

    `changes` are in HTTP terms, worst first; `callers` is what Python callers meet; `unreadable`
    tells what could not be compared since it cannot be read.
    """

    def text(self) -> str:
        """Give it for a terminal: control characters of the documents are shown as escapes."""
        return render_text(self)

    def markdown(self) -> str:
        """Give it as Markdown, for a pull request."""
        return render_markdown(self)

    def html(self) -> str:
        """Give it as a page of HTML, with all that comes from the documents escaped."""
        return render_html(self)

    def _repr_html_(self) -> str:
        return render_fragment(self)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return render_line(self, find_width())
