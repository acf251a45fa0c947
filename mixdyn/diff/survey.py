"""
Compares two editions of a document: pairs their operations, walks their schemas, gathers changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mixdyn.diff.call import compare_sites
from mixdyn.diff.caller import find_caller_changes
from mixdyn.diff.change import LEVELS, Change
from mixdyn.diff.difference import Difference
from mixdyn.diff.edition import Edition, Site
from mixdyn.diff.finding import Found
from mixdyn.diff.outcome import problem_of
from mixdyn.diff.pairing import Pairing, pair_sites
from mixdyn.diff.rule import VERDICTS
from mixdyn.diff.summary import Subject
from mixdyn.diff.walker import Key, Walker, find_reached
from mixdyn.errors import excerpt

_THINGS = "body|branch|header|media-type|operation|parameter|property|status"
_COME = re.compile(rf"-?({_THINGS})-added$")
_GONE = re.compile(rf"-?({_THINGS})-removed$")


class _Report(NamedTuple):
    """One finding, with the operations that it concerns."""

    code: str
    found: Found
    labels: tuple[str, ...]


def find_difference(old: Edition, new: Edition, *, documentation: bool = False) -> Difference:
    """
    Tell what differs between two editions, for HTTP and for Python callers.

    Args:
        old: the edition in use.
        new: the edition to compare it with.
        documentation: whether changes of words alone count, too.
    """
    pairing = pair_sites(old.sites, new.sites)
    walker = Walker(documentation=documentation)
    reports: list[_Report] = []
    roots: dict[str, list[Key]] = {}
    for one, other in pairing.pairs:
        keys = roots.setdefault(other.label, [])
        for step in compare_sites(one, other, old, new, documentation=documentation):
            if isinstance(step, Found):
                reports.append(_Report(step.what, step, (other.label,)))
            else:
                keys.append(walker.enter(step.old, step.new, step.direction))
    walker.run()
    reports += _report_schemas(walker, roots)
    reports += _report_alone(pairing)
    changes = tuple(sorted(_merge(reports), key=_rank))
    return Difference(
        old=_describe(old),
        new=_describe(new),
        changes=changes,
        callers=find_caller_changes(pairing, changes, old, new),
        unreadable=tuple(sorted(_find_unreadable(walker, old, new))),
    )


def _report_schemas(walker: Walker, roots: dict[str, list[Key]]) -> Iterator[_Report]:
    for key, labels in find_reached(walker.nodes, roots).items():
        for found in walker.nodes[key].found:
            code = found.what if found.what in VERDICTS else f"{key[2]}-{found.what}"
            yield _Report(code, found, tuple(labels))


def _report_alone(pairing: Pairing) -> Iterator[_Report]:
    for site in pairing.gone:
        found = Found("operation-removed", f"{_place(site)} was removed", site.pointer, "/paths")
        yield _Report(found.what, found, (site.label,))
    for site in pairing.come:
        found = Found("operation-added", f"{_place(site)} was added", "/paths", site.pointer)
        yield _Report(found.what, found, (site.label,))


def _merge(reports: Iterable[_Report]) -> Iterator[Change]:
    """Make one change of findings that tell the same of the same place."""
    groups: dict[tuple[str | None, ...], tuple[_Report, dict[str, None]]] = {}
    for report in reports:
        code, found, labels = report
        # What was added has a place in the new document; where it was missing may be many.
        old = None if _COME.search(code) else found.old
        new = None if _GONE.search(code) else found.new
        _, known = groups.setdefault((code, found.message, old, new), (report, {}))
        known.update(dict.fromkeys(labels))
    for (code, found, _), names in groups.values():
        level, reason = VERDICTS[code]
        yield Change(code, level, found.message, found.old, found.new, tuple(sorted(names)), reason)


def _rank(change: Change) -> tuple[int | str, ...]:
    places = change.new or "", change.old or ""
    return (LEVELS.index(change.level), change.code, *places, change.message)


def _find_unreadable(walker: Walker, old: Edition, new: Edition) -> Iterator[str]:
    """Tell what could not be compared, each once, since it cannot be read."""
    found = dict.fromkeys(walker.unreadable)
    for edition in (old, new):
        found.update(dict.fromkeys(map(str, edition.catalog.skipped)))
        found.update(dict.fromkeys(site.problem for site in edition.sites if site.problem))
        for site in edition.sites:
            responses = site.operation.responses if site.operation is not None else ()
            problems = (f"{site.label}: {problem_of(r)}" for r in responses if problem_of(r))
            found.update(dict.fromkeys(problems))
    yield from found


def _place(site: Site) -> str:
    return f"{site.entry.method} {excerpt(site.entry.path, 120)}"


def _describe(edition: Edition) -> Subject:
    return Subject.of(edition.document, len(edition.sites))
