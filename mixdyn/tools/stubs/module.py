"""
One stub module: its statements, with references made as short as they may be, and its imports.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Sequence

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
        taken = self.names | {name for node in imports for name in _bound_names(node)}
        shorten = _Shortener(self._own, taken)
        statements = [shorten.visit(statement) for statement in self.statements]
        needed = [_import(alias, self._aliases[alias]) for alias in sorted(shorten.used)]
        text = [ast.Expr(ast.Constant(doc))]
        tree = ast.Module([*text, *needed, *imports, *statements], [])
        return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


class _Shortener(ast.NodeTransformer):
    """Makes `_builtins.str` and names of the module itself plain, unless something hides them."""

    def __init__(self, own: str, names: Iterable[str]) -> None:
        self.used: set[str] = set()
        self._own = own
        self._names = frozenset(names)
        self._members: list[frozenset[str]] = []

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Shorten one reference."""
        if not isinstance(node.value, ast.Name) or not node.value.id.startswith("_"):
            return node  # of a module's own source
        alias, name = node.value.id, node.attr
        is_hidden = bool(self._members) and name in self._members[-1]
        if alias == "_builtins" and hasattr(builtins, name) and name not in self._names:
            is_plain = not is_hidden
        else:
            is_plain = alias == self._own and not is_hidden
        if is_plain:
            return ast.Name(name, ast.Load())
        self.used.add(alias)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        """Leave literals and texts as they are."""
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """Go through a class, whose members hide what is outside."""
        node.bases = [self.visit(base) for base in node.bases]
        self._members.append(frozenset(name for s in node.body for name in _bound_names(s)))
        node.body = [self.visit(statement) for statement in node.body]
        self._members.pop()
        return node


def _bound_names(statement: ast.stmt) -> list[str]:
    """Name what a statement binds."""
    if isinstance(statement, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return [statement.name]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in statement.names]
    target = statement.target if isinstance(statement, ast.AnnAssign) else None
    return [target.id] if isinstance(target, ast.Name) else []


def _import(alias: str, module: str) -> ast.stmt:
    package, _, name = module.rpartition(".")
    if package:
        return ast.ImportFrom(package, [ast.alias(name, alias)], 0)
    return ast.Import([ast.alias(module, alias)])
