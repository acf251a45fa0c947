"""
The check as a whole: files in, findings out.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from mixdyn.document import Document
from mixdyn.document import Source as Spec
from mixdyn.tools.check.contract import Contract
from mixdyn.tools.check.finding import Finding
from mixdyn.tools.check.judge import Judge
from mixdyn.tools.check.reader import read_uses
from mixdyn.tools.check.source import Source, read_sources


def check_files(
    paths: Iterable[str | os.PathLike[str]],
    spec: Spec | Document,
    base: Spec | Document | None = None,
) -> list[Finding]:
    """
    Give what in programs does not fit a document; nothing of them is run.

    Args:
        paths: Python files, notebooks, or folders of these.
        spec: the document to check against.
        base: the document that the programs were written for: then only what it has and `spec` has
            not is told.

    Raises DocumentError for a document that cannot be read.
    """
    judge = Judge(Contract(spec), Contract(base) if base is not None else None)
    found: list[Finding] = []
    for source in read_sources(paths):
        found += [source] if isinstance(source, Finding) else _check(source, judge)
    return found


def _check(source: Source, judge: Judge) -> Iterator[Finding]:
    try:
        reading = read_uses(source.tree)
    except RecursionError:
        yield Finding(source.file, 1, 1, "unreadable", "cannot be checked: nested too deeply")
        return
    folder = os.path.dirname(os.path.abspath(source.file))
    if reading.has_swaps and not judge.has_base:
        return  # its clients have whatever document they are given on the way
    for use in reading.uses:
        for problem in judge.judge(use, folder, is_alone=reading.is_alone):
            line = problem.line or use.line
            column = source.column(line, problem.column or use.column)
            yield Finding(source.file, line, column, problem.code, problem.message)
