"""
From a call's keywords to the operation's arguments: names, aliases, one error for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mixdyn.errors import excerpt, itemize, nearest
from mixdyn.operation import HIDDEN_OPTIONS, Argument, Operation
from mixdyn.record import NamedTuple
from mixdyn.shape import is_object
from mixdyn.wire import WireError, to_wire

# Stands among a call's values for what a body given whole holds beyond the declared properties.
EXTRA = "**"
_MAX_PROBLEMS = 40


class Bound(NamedTuple):
    """A call's arguments by their own names (and `EXTRA`), and its options."""

    values: dict[str, Any]
    options: dict[str, Any]


class Binder:
    """Sorts the keywords of one operation's calls."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.arguments = name_arguments(operation)
        self.required = tuple(a.name for a in operation.arguments if a.required)
        self.options = frozenset((*operation.call_options, *HIDDEN_OPTIONS))
        members = [a for a in operation.arguments if a.location == "body"]
        self.is_flattened = bool(members)
        # In a body given whole, a name means the body's own before any alias.
        self._members = {name: a for a in reversed(members) for name in reversed(a.aliases)}
        self._members |= {a.name: a for a in members} | {a.wire: a for a in members}
        schema = operation.body.preferred.schema if operation.body is not None else None
        self._body_schema = schema
        allowed = schema.get("additionalProperties") if schema is not None else None
        self.takes_extra = allowed is True or is_object(allowed)

    def bind(self, positional: tuple[Any, ...], keywords: Mapping[str, Any]) -> Bound:
        """
        Sort a call's keywords into arguments and options.

        Raises one TypeError that names everything missing, unknown, repeated or positional.
        """
        bound = Bound({}, {})
        problems: list[str] = []
        for name, value in keywords.items():
            argument = self.arguments.get(name)
            if argument is not None:
                _put(bound.values, argument, value, problems, name)
            elif name in self.options:
                bound.options[name] = value
            elif name in ("body", "request") and self.is_flattened:
                self._spread(name, value, bound.values, problems)
            else:
                problems.append(f"unknown: {excerpt(name, 60)}{nearest(name, self.arguments)}")
        missing = [name for name in self.required if name not in bound.values]
        if missing:
            problems.append(f"missing: {', '.join(missing)}")
        if positional:
            problems.append(f"{len(positional)} without a name: arguments are keywords")
        if problems:
            raise self._refuse(problems)
        return bound

    def _spread(self, name: str, body: Any, values: dict[str, Any], problems: list[str]) -> None:
        """
        Take a body that was given whole apart into the arguments that it consists of.

        Undeclared keys travel where the schema says that there may be some; else they are taken
        for slips.
        """
        try:
            given = body if is_object(body) else to_wire(body, self._body_schema, name)
        except WireError as error:
            problems.append(str(error.problem))
            return
        if not is_object(given):
            problems.append(f"{name}: expected an object, got {type(body).__name__}")
            return
        for key, value in given.items():
            argument = self._members.get(key)
            if argument is not None:
                _put(values, argument, value, problems, name)
            elif self.takes_extra:
                values.setdefault(EXTRA, {})[key] = value
            else:
                hint = nearest(str(key), self._members)
                problems.append(f"unknown in {name}: {excerpt(key, 60)}{hint}")

    def _refuse(self, problems: list[str]) -> TypeError:
        title = f"{self.operation.label} cannot be called like this:"
        listed = itemize(title, problems, _MAX_PROBLEMS)
        return TypeError(f"{listed}\n  expected: {call_form(self.operation)}")


def name_arguments(operation: Operation) -> dict[str, Argument]:
    """Give the arguments by every name that a caller may use; own names come first."""
    named: dict[str, Argument] = {}
    for argument in operation.arguments:
        named[argument.name] = argument
    for argument in operation.arguments:
        for alias in argument.aliases:
            named.setdefault(alias, argument)
    return named


def call_form(operation: Operation) -> str:
    """Give the call as one would type it: `sessions.create(*, title, working_directory=…)`."""
    listed = [a.name if a.required else f"{a.name}=…" for a in operation.arguments]
    options = [f"{name}=…" for name in operation.call_options]
    return f"{operation.name}({', '.join(['*', *listed, *options])})"


def _put(
    values: dict[str, Any], argument: Argument, value: Any, problems: list[str], where: str
) -> None:
    if argument.name in values:
        problems.append(f"given twice: {argument.name}, also by {excerpt(where, 60)}")
    values[argument.name] = value
