"""
What becomes of a method that was taken from a client before the client took on another document.

Loaded when such a method is called.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable

from mixdyn.binding import call_form
from mixdyn.catalog import Entry, build_catalog
from mixdyn.diff.pairing import pair_places
from mixdyn.errors import HeldMethodWarning, Problem, RequestValidationError, excerpt, nearest
from mixdyn.operation import Operation
from mixdyn.plan import Plan

_PACKAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")


def succeed(held: Plan, entries: Iterable[Entry], find_plan: Callable[[Entry], Plan]) -> Plan:
    """
    Give the plan by which a held method is called now, and warn of it.

    Args:
        held: the plan that the method was made for.
        entries: the operations of the document that the client has now.
        find_plan: gives the plan of one of them.

    Raises RequestValidationError where the document has the operation no more.
    """
    listed = tuple(entries)
    entry = _find_successor(held, listed)
    if entry is None:
        raise _refuse(held.operation, listed)
    plan = find_plan(entry)
    warnings.warn(_explain(held.operation, plan.operation), HeldMethodWarning, find_level())
    return plan


def _find_successor(held: Plan, entries: tuple[Entry, ...]) -> Entry | None:
    """
    Give what the operation has become: by place or else by operationId, as `compare` sees it.

    What was another operation already in the held method's own document is never it.
    """
    operation = held.operation
    place = operation.method, operation.path
    if not any((e.method, e.path) == place for e in entries):
        olds = build_catalog(held.document, frozenset()).entries
        place = pair_places(olds, entries).get(place, place)
    found = [e for e in entries if (e.method, e.path) == place]
    return min(found, key=lambda entry: entry.qualified_name != operation.name, default=None)


def _explain(old: Operation, new: Operation) -> str:
    return (
        f"{excerpt(old.name, 80)} was taken from its client before the client took on another "
        f"document, where it is called as {excerpt(call_form(new), 400)}: take it from the client "
        "again"
    )


def _refuse(operation: Operation, entries: tuple[Entry, ...]) -> RequestValidationError:
    there = next((e for e in entries if e.qualified_name == operation.name), None)
    hint = nearest(operation.name, (entry.qualified_name for entry in entries))
    if there is not None:
        place = excerpt(f"{there.method} {there.path}", 120)
        hint = f"; {excerpt(operation.name, 80)} is now {place}"
    problem = Problem("operation", f"the client's document by now has no such operation{hint}")
    message = f"{operation.label} is gone, nothing was sent: {problem.message}"
    return RequestValidationError(message, None, None, None, operation.label, (problem,))


def find_level() -> int:
    """Count the frames up to the caller's own: a warning is to name their line."""
    frame, level = sys._getframe(1), 1  # pyright: ignore[reportPrivateUsage]  # as `warnings` does
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
