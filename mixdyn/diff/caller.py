"""
What a newer document means for Python callers: in the names of methods, arguments and classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, get_args

from mixdyn.diff.argument import find_displaced
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
from mixdyn.view import Model

_SHOWN = 80
_LISTED = 10
_MINUS = "\N{MINUS SIGN}"
_MODULES = re.compile(r"\b(?:typing|datetime|mixdyn(?:\.\w+)*)\.(?=[A-Za-z_])")
_MODEL = re.compile(r"^/components/schemas/([^/]+)(?:/allOf/[0-9]+)*(?:/properties/[^/]+)?$")
_PROPERTY = re.compile(
    r"(?:response|event)-(?:required-|forbidden-)?property-(?:added|removed|became-write-only)"
)

Detail = tuple[str, Level]


def find_caller_changes(
    pairing: Pairing, changes: tuple[Change, ...], old: Edition, new: Edition
) -> tuple[CallerChange, ...]:
    """Tell what changes in Python: methods, their arguments and results, classes."""
    names = _Names(pairing, old, new)
    touched: dict[str, list[Change]] = {}
    for change in changes:
        for label in change.operations:
            touched.setdefault(label, []).append(change)
    found: list[CallerChange] = []
    for name, site in names.before.items():
        other = names.after.get(name)
        if other is None:
            found.append(names.lose(name, site))
        elif other.label in touched or other is not names.successors.get(id(site)):
            details = names.tell_other(name, site)
            level: Level = "risky" if details else _rate_types(touched[other.label])
            found += _compare_methods(name, (site, other), details, (old, new), level)
    found += [
        CallerChange("operation", name, "added", "compatible")
        for name in names.after
        if name not in names.before and name not in names.renamed
    ]
    found += _compare_models(changes, old, new)
    found += _compare_errors(old, new)
    return tuple(found)


class _Names:
    """The names of methods in both documents; `renamed` are the new ones that were told of."""

    def __init__(self, pairing: Pairing, old: Edition, new: Edition) -> None:
        self.before = {name: site for site in old.sites for name in site.names}
        self.after = {name: site for site in new.sites for name in site.names}
        self.successors = {id(one): other for one, other in pairing.pairs}
        self.renamed: set[str] = set()

    def lose(self, name: str, site: Site) -> CallerChange:
        """Tell that a name is gone, and what the operation is called now, if it is there."""
        other = self._rename(name, site)
        if other:
            return CallerChange("operation", name, "renamed", "breaking", (), other)
        return CallerChange("operation", name, "removed", "breaking")

    def tell_other(self, name: str, site: Site) -> list[Detail]:
        """Tell where a name stands for another operation by now, however much alike the two are."""
        now = self.after[name]
        if now is self.successors.get(id(site)):
            return []
        other = self._rename(name, site)
        hint = f"; that is now {other}" if other else ""
        return [(f"now {_place(now)}, was {_place(site)}{hint}", "breaking")]

    def _rename(self, name: str, site: Site) -> str:
        """Give the name that an operation has instead, if it has a new one; it is told of then."""
        successor = self.successors.get(id(site))
        names = successor.names if successor is not None else ()
        fresh = [n for n in names if self.before.get(n) is not site]
        if not fresh:
            return ""
        other = fresh[min(site.names.index(name), len(fresh) - 1)]
        self.renamed.add(other)
        return other


def _place(site: Site) -> str:
    return excerpt(f"{site.entry.method} {site.entry.path}", _SHOWN)


def _rate_types(changes: list[Change]) -> Level:
    """Rate other types in a signature: they retell what changed over HTTP, which has its level."""
    codes = {change.code for change in changes}
    is_plain = all(change.level == "compatible" for change in changes)
    return "compatible" if is_plain and "response-success-status-added" not in codes else "risky"


def _compare_methods(
    name: str,
    sites: tuple[Site, Site],
    details: list[Detail],
    editions: tuple[Edition, Edition],
    level: Level,
) -> Iterator[CallerChange]:
    (one, other), (before, after) = (site.operation for site in sites), editions
    if one is not None and other is not None:
        details += _compare_arguments(one, other, before, after, level)
        with suppress(DocumentError):  # its own call will say what is wrong with it
            plans = _plan(one, before), _plan(other, after)
            details += _compare_results(*plans, before, after, level)
    if details:
        most = worst([level for _, level in details]) or "compatible"
        yield CallerChange("operation", name, "changed", most, tuple(text for text, _ in details))


def _plan(operation: Operation, edition: Edition) -> Plan:
    return make_plan(operation, edition.types, edition.schemes, "")


def _compare_arguments(
    old: Operation, new: Operation, before: Edition, after: Edition, level: Level
) -> Iterator[Detail]:
    olds, news = ({a.name: a for a in o.arguments} for o in (old, new))
    others = find_displaced(old.arguments, new.arguments)
    for name in news:
        if name not in olds:
            needed = news[name].required
            yield _detail(f"+{name}{' (required)' if needed else ''}", is_breaking=needed)
    yield from (_detail(f"-{name}", is_breaking=True) for name in olds if name not in news)
    for name, argument in olds.items():
        other = news.get(name)
        if other is None:
            continue
        yield from _compare_places(argument, other, is_other=name in others)
        if argument.required != other.required:
            what = "required" if other.required else "optional"
            yield _detail(f"{name} is now {what}", is_breaking=other.required)
        was, now = _name_type(argument, old, before), _name_type(other, new, after)
        if was != now:
            yield f"{name}: {now}, was {was}", level


def _compare_places(old: Argument, new: Argument, *, is_other: bool) -> Iterator[Detail]:
    """Tell what an argument of the same name stands for by now, where that is something else."""
    if is_other or old.location != new.location:
        before, after = (f"{a.location} {excerpt(a.wire, 60)}" for a in (old, new))
        yield f"{old.name}: now {after}, was {before}", "breaking" if is_other else "risky"


def _name_type(argument: Argument, operation: Operation, edition: Edition) -> str:
    try:
        return _show_type(argument_type(argument, operation, edition.types))
    except DocumentError:  # a part of it that cannot be read: the call will say so
        return "Any"


def _detail(text: str, *, is_breaking: bool) -> Detail:
    return text, "breaking" if is_breaking else "compatible"


def _compare_results(
    old: Plan, new: Plan, before: Edition, after: Edition, level: Level
) -> Iterator[Detail]:
    kinds = [result_type(p, e.types) for p, e in ((old, before), (new, after))]
    was, now = map(_show_type, kinds)
    if was != now:
        one, other = ({*_list_classes(kind)} for kind in kinds)
        yield f"returns {now}, was {was}", level if other <= one else "risky"
    yield from _compare_events(_list_events(old), _list_events(new))


def _list_classes(kind: Any) -> Iterator[str]:
    """List the classes of a result: code may name them, whatever they have."""
    if isinstance(kind, type) and issubclass(kind, Model):
        yield kind.__name__
    for part in get_args(kind):
        yield from _list_classes(part)


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
