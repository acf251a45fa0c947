"""
What becomes of a method that was taken from a client before the client took on another document.

Loaded when such a method is called.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator

from mixdyn.binding import call_form
from mixdyn.catalog import Entry
from mixdyn.diff.pairing import generalize
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
    entry = next(_find_successors(held.operation, listed), None)
    if entry is None:
        raise _refuse(held.operation, listed)
    plan = find_plan(entry)
    warnings.warn(_explain(held.operation, plan.operation), HeldMethodWarning, find_level())
    return plan


def _find_successors(operation: Operation, entries: tuple[Entry, ...]) -> Iterator[Entry]:
    """Give what the operation has become, best first: by place, by operationId, by its own name."""
    place, name = (operation.method, generalize(operation.path)), operation.name
    here = [e for e in entries if (e.method, generalize(e.path)) == place]
    wanted = operation.operation_id
    same = [e for e in entries if wanted and e.operation.value.get("operationId") == wanted]
    for found in (here, same):
        yield from sorted(found, key=lambda entry: entry.qualified_name != name)


def _explain(old: Operation, new: Operation) -> str:
    return (
        f"{excerpt(old.name, 80)} was taken from its client before the client took on another "
        f"document, where it is called as {excerpt(call_form(new), 400)}: take it from the client "
        "again"
    )


def _refuse(operation: Operation, entries: tuple[Entry, ...]) -> RequestValidationError:
    hint = nearest(operation.name, (entry.qualified_name for entry in entries))
    problem = Problem("operation", f"the client's document by now has no such operation{hint}")
    message = f"{operation.label} is gone, nothing was sent: {problem.message}"
    return RequestValidationError(message, None, None, None, operation.label, (problem,))


def find_level() -> int:
    """Count the frames up to the caller's own: a warning is to name their line."""
    frame, level = sys._getframe(1), 1  # pyright: ignore[reportPrivateUsage]  # as `warnings` does
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
