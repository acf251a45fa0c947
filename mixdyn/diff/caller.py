"""
What a newer document means for Python callers: in the names of methods, arguments and classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from mixdyn.diff.change import CallerChange, Change, Level, worst
from mixdyn.diff.edition import Edition, Site
from mixdyn.diff.pairing import Pairing
from mixdyn.document import unescape_pointer
from mixdyn.errors import DocumentError, excerpt
from mixdyn.names import to_pascal
from mixdyn.operation import Argument, Operation
from mixdyn.plan import Plan, make_plan
from mixdyn.response import ResponseReader
from mixdyn.signature import argument_type, result_type

_SHOWN = 80
_LISTED = 10
_MINUS = "\N{MINUS SIGN}"
_MODULES = re.compile(r"\b(?:typing|datetime|mixdyn(?:\.\w+)*)\.(?=[A-Za-z_])")
_MODEL = re.compile(r"^/components/schemas/([^/]+)(?:/allOf/[0-9]+)*(?:/properties/[^/]+)?$")
_PROPERTY = re.compile(
    r"(?:response|event)-(?:required-)?property-(?:added|removed|became-write-only)"
)

Detail = tuple[str, Level]


def find_caller_changes(
    pairing: Pairing, changes: tuple[Change, ...], old: Edition, new: Edition
) -> tuple[CallerChange, ...]:
    """Tell what changes in Python: methods, their arguments and results, classes."""
    before = {name: site for site in old.sites for name in site.names}
    after = {name: site for site in new.sites for name in site.names}
    successors = {id(one): other for one, other in pairing.pairs}
    touched = {label for change in changes for label in change.operations}
    found: list[CallerChange] = []
    renamed: set[str] = set()
    for name, site in before.items():
        other = after.get(name)
        successor = successors.get(id(site))
        if other is None:
            found.append(_lose(name, site, successor, before, renamed))
        elif other.label in touched or other is not successor:
            found += _compare_methods(name, site, other, old, new)
    found += [
        CallerChange("operation", name, "added", "compatible")
        for name in after
        if name not in before and name not in renamed
    ]
    found += _compare_models(changes, old, new)
    found += _compare_errors(old, new)
    return tuple(found)


def _lose(
    name: str, site: Site, successor: Site | None, before: dict[str, Site], renamed: set[str]
) -> CallerChange:
    """Tell that a name is gone, and what the operation is called now, if it is there."""
    fresh = [n for n in successor.names if n not in before] if successor is not None else []
    if fresh:
        other = fresh[min(site.names.index(name), len(fresh) - 1)]
        renamed.add(other)
        return CallerChange("operation", name, "renamed", "breaking", (), other)
    return CallerChange("operation", name, "removed", "breaking")


def _compare_methods(
    name: str, old: Site, new: Site, before: Edition, after: Edition
) -> Iterator[CallerChange]:
    one, other = old.operation, new.operation
    if one is None or other is None:
        return
    details = [*_compare_arguments(one, other, before, after)]
    with suppress(DocumentError):  # its own call will say what is wrong with it
        details += _compare_results(_plan(one, before), _plan(other, after), before, after)
    if details:
        level = worst([level for _, level in details]) or "compatible"
        yield CallerChange("operation", name, "changed", level, tuple(text for text, _ in details))


def _plan(operation: Operation, edition: Edition) -> Plan:
    return make_plan(operation, edition.types, edition.schemes, "")


def _compare_arguments(
    old: Operation, new: Operation, before: Edition, after: Edition
) -> Iterator[Detail]:
    olds, news = ({a.name: a for a in o.arguments} for o in (old, new))
    for name in news:
        if name not in olds:
            needed = news[name].required
            yield _detail(f"+{name}{' (required)' if needed else ''}", is_breaking=needed)
    yield from (_detail(f"-{name}", is_breaking=True) for name in olds if name not in news)
    for name, argument in olds.items():
        other = news.get(name)
        if other is None:
            continue
        if argument.required != other.required:
            what = "required" if other.required else "optional"
            yield _detail(f"{name} is now {what}", is_breaking=other.required)
        was, now = _name_type(argument, old, before), _name_type(other, new, after)
        if was != now:
            yield f"{name}: {now}, was {was}", "risky"


def _name_type(argument: Argument, operation: Operation, edition: Edition) -> str:
    try:
        return _show_type(argument_type(argument, operation, edition.types))
    except DocumentError:  # a part of it that cannot be read: the call will say so
        return "Any"


def _detail(text: str, *, is_breaking: bool) -> Detail:
    return text, "breaking" if is_breaking else "compatible"


def _compare_results(old: Plan, new: Plan, before: Edition, after: Edition) -> Iterator[Detail]:
    kinds = [_show_type(result_type(p, e.types)) for p, e in ((old, before), (new, after))]
    if kinds[0] != kinds[1]:
        yield f"returns {kinds[1]}, was {kinds[0]}", "risky"
    yield from _compare_events(_list_events(old), _list_events(new))


def _compare_events(old: set[str], new: set[str]) -> Iterator[Detail]:
    """Tell which kinds of events came and went, where both documents tell them apart."""
    if not old or not new or old == new:
        return
    come, gone = sorted(new - old), sorted(old - new)
    names = [f"+{excerpt(n, 60)}" for n in come] + [f"{_MINUS}{excerpt(n, 60)}" for n in gone]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    count = f"events +{len(come)} {_MINUS}{len(gone)}"
    level: Level = "risky" if gone else "compatible"
    yield f"{count}: {' '.join(names[:_LISTED])}{more}", level


def _list_events(plan: Plan) -> set[str]:
    discriminator = plan.events.discriminator if plan.is_stream else None
    return set(discriminator.branches) if discriminator is not None else set()


def _compare_models(
    changes: tuple[Change, ...], old: Edition, new: Edition
) -> Iterator[CallerChange]:
    """Compare the attributes of result classes: those whose properties came or went."""
    owners: dict[tuple[str, str], None] = {}
    for change in changes:
        matches = [_MODEL.match(pointer or "") for pointer in (change.old, change.new)]
        names = [unescape_pointer(m[1]) for m in matches if m is not None]
        if len(names) == 2 and _PROPERTY.fullmatch(change.code):
            owners[names[0], names[1]] = None
    for before, after in sorted(owners):
        olds, news = _list_attributes(before, old), _list_attributes(after, new)
        come = [f"+{name}" for name in news if name not in olds]
        gone = [f"-{name}" for name in olds if name not in news]
        if come or gone:
            level: Level = "breaking" if gone else "compatible"
            was = [f"was {to_pascal(before)}"] if before != after else []
            details = (*come, *gone, *was)
            yield CallerChange("result", to_pascal(after), "changed", level, details)


def _list_attributes(owner: str, edition: Edition) -> list[str]:
    schema = edition.schemas.at(edition.document.at("components", "schemas", owner))
    try:
        model: Any = edition.types.model(schema)
    except (DocumentError, RecursionError):
        return []
    return list(model._attributes)


def _compare_errors(old: Edition, new: Edition) -> Iterator[CallerChange]:
    before, after = _list_errors(old), _list_errors(new)
    for name in sorted(before - after):
        yield CallerChange("error", f"errors.{name}", "removed", "risky")
    for name in sorted(after - before):
        yield CallerChange("error", f"errors.{name}", "added", "compatible")


def _list_errors(edition: Edition) -> set[str]:
    found: set[str] = set()
    for site in edition.sites:
        if site.operation is not None:
            with suppress(DocumentError):
                found.update(ResponseReader(site.operation, edition.types).error_names())
    return found


def _show_type(kind: Any) -> str:
    if kind is None or kind is type(None):
        return "None"
    is_plain = isinstance(kind, type) and not hasattr(kind, "__args__")
    return excerpt(kind.__name__ if is_plain else _MODULES.sub("", repr(kind)), _SHOWN)
