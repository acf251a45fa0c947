"""
One stub module: its statements, with references made as short as they may be, and its imports.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from mixdyn.tools.stubs.printer import Printer, bound_names, quote

# By what name a stub knows the modules that it refers to. No name of a document begins with `_`.
MODULES = {
    "_abc": "collections.abc",
    "_builtins": "builtins",
    "_datetime": "datetime",
    "_download": "mixdyn.download",
    "_eventview": "mixdyn.eventview",
    "_form": "mixdyn.tools.stubs.form",
    "_typing": "typing",
}


class Module:
    """
    A stub module under construction.

    Args:
        name: the module's name.
        own: the alias by which references name this module.
        aliases: the names of further modules, by alias.
    """

    def __init__(self, name: str, own: str, aliases: dict[str, str]) -> None:
        self.name = name
        self.statements: list[ast.stmt] = []
        self.names: set[str] = set()
        self._own = own
        self._aliases = {**MODULES, **aliases, own: name}

    def claim(self, name: str) -> str:
        """Give a name that is free in the module: the name itself, or one with a number."""
        unique, number = name, 1
        while unique in self.names:
            number += 1
            unique = f"{name}_{number}"
        self.names.add(unique)
        return unique

    def add(self, *statements: ast.stmt) -> None:
        """Append statements."""
        self.statements += statements

    def finish(self, doc: str, imports: Sequence[ast.stmt] = ()) -> str:
        """Give the module's text: docstring, imports, statements."""
        taken = self.names | {name for node in imports for name in bound_names(node)}
        printer = Printer(self._own, taken)
        lines = [line for statement in self.statements for line in printer.print(statement)]
        needed = [_import(alias, self._aliases[alias]) for alias in sorted(printer.used)]
        head = [ast.unparse(node) for node in (*needed, *imports)]
        return "\n".join([quote(doc), *head, *lines]) + "\n"


def _import(alias: str, module: str) -> ast.stmt:
    package, _, name = module.rpartition(".")
    if package:
        return ast.ImportFrom(package, [ast.alias(name, alias)], 0)
    return ast.Import([ast.alias(module, alias)])
