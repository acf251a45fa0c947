"""
From a call's keywords to the operation's arguments: names, aliases, one error for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mixdyn.errors import excerpt, itemize, nearest
from mixdyn.operation import HIDDEN_OPTIONS, Argument, Operation
from mixdyn.shape import is_object


class Bound(NamedTuple):
    """A call's arguments by their own names, and its options."""

    values: dict[str, Any]
    options: dict[str, Any]


class Binder:
    """Sorts the keywords of one operation's calls."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.arguments = name_arguments(operation)
        self.required = tuple(a.name for a in operation.arguments if a.required)
        self.options = frozenset((*operation.call_options, *HIDDEN_OPTIONS))
        self.is_flattened = any(a.location == "body" for a in operation.arguments)

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
            elif name in ("body", "request") and self.is_flattened and is_object(value):
                self._spread(value, bound.values, problems)
            else:
                problems.append(f"unknown: {excerpt(name, 60)}{nearest(name, self.arguments)}")
        problems += [f"missing: {name}" for name in self.required if name not in bound.values]
        if positional:
            problems.append(f"{len(positional)} without a name: arguments are keywords")
        if problems:
            raise self._refuse(problems)
        return bound

    def _spread(self, body: Mapping[str, Any], values: dict[str, Any], problems: list[str]) -> None:
        """Take a body that was given whole apart into the arguments that it consists of."""
        for key, value in body.items():
            argument = self.arguments.get(key)
            if argument is None or argument.location != "body":
                hint = nearest(str(key), self.arguments)
                problems.append(f"unknown in the body: {excerpt(key, 60)}{hint}")
            else:
                _put(values, argument, value, problems, "the body")

    def _refuse(self, problems: list[str]) -> TypeError:
        title = f"{self.operation.label} cannot be called like this:"
        return TypeError(itemize(title, [*problems, f"expected: {call_form(self.operation)}"]))


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
