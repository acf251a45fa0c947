"""
Prints syntax as source text: the few kinds of nodes that stubs are made of quickly, and any other
by `ast.unparse`. Nothing is changed on the way, so that statements may share their parts.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Collection, Iterator

_INDENT = "    "
_BACKSLASH = "\\"


class Printer:
    """
    Prints the statements of one module; `used` are the aliases of modules that they need.

    `_builtins.str`, and names of the module itself, become plain unless something hides them.
    """

    def __init__(self, own: str, names: Collection[str]) -> None:
        self.used: set[str] = set()
        self._own = own
        self._names = frozenset(names)
        self._members: frozenset[str] = frozenset()

    def print(self, statement: ast.stmt, indent: str = "") -> Iterator[str]:
        """Give the lines of a statement."""
        if isinstance(statement, ast.ClassDef):
            yield from self._class(statement, indent)
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from self._function(statement, indent)
        elif isinstance(statement, ast.AnnAssign) and statement.value is None:
            yield f"{indent}{self._show(statement.target)}: {self._show(statement.annotation)}"
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            value = statement.value.value
            yield indent + (quote(value) if isinstance(value, str) else self._show(statement.value))
        else:
            yield from self._other(statement, indent)

    def _class(self, node: ast.ClassDef, indent: str) -> Iterator[str]:
        given = [*map(self._show, node.bases)]
        given += [f"{word.arg}={self._show(word.value)}" for word in node.keywords]
        bases = f"({', '.join(given)})" if given else ""
        yield ""
        yield from (f"{indent}@{self._show(decorator)}" for decorator in node.decorator_list)
        yield f"{indent}class {node.name}{bases}:"
        outside, self._members = self._members, frozenset(_list_bound(node.body))
        yield from self._body(node.body, indent + _INDENT)
        self._members = outside

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, indent: str) -> Iterator[str]:
        given = node.args
        if given.posonlyargs or given.defaults or given.vararg or len(given.args) != 1:
            yield from self._other(node, indent)
            return
        yield ""
        yield from (f"{indent}@{self._show(decorator)}" for decorator in node.decorator_list)
        words = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
        returns = f" -> {self._show(node.returns)}" if node.returns is not None else ""
        head = f"{indent}{words} {node.name}({', '.join(self._arguments(given))}){returns}:"
        yield from self._body(node.body, indent + _INDENT, head)

    def _arguments(self, given: ast.arguments) -> Iterator[str]:
        yield from map(self._argument, given.args)
        if given.kwonlyargs:
            yield "*"
        for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
            yield self._argument(argument) + (" = ..." if default is not None else "")
        if given.kwarg is not None:
            yield f"**{self._argument(given.kwarg)}"

    def _argument(self, argument: ast.arg) -> str:
        if argument.annotation is None:
            return argument.arg
        return f"{argument.arg}: {self._show(argument.annotation)}"

    def _body(self, statements: list[ast.stmt], indent: str, head: str = "") -> Iterator[str]:
        """Give a body's lines below its head, or on the same line where there is but `...`."""
        only = statements[0]
        if len(statements) == 1 and isinstance(only, ast.Expr) and not _is_text(only.value):
            yield f"{head} ..." if head else f"{indent}..."
            return
        if head:
            yield head
        for statement in statements:
            yield from self.print(statement, indent)

    def _show(self, node: ast.expr) -> str:
        """Give the source of an expression."""
        if isinstance(node, ast.Attribute):
            return self._reference(node)
        if isinstance(node, ast.Constant):
            return "..." if node.value is ... else repr(node.value)
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return f"{self._show(node.left)} | {self._show(node.right)}"
        if isinstance(node, ast.Subscript):
            items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            return f"{self._show(node.value)}[{', '.join(map(self._show, items)) or '()'}]"
        return self._unparse(node)

    def _reference(self, node: ast.Attribute) -> str:
        if not isinstance(node.value, ast.Name):
            return f"{self._show(node.value)}.{node.attr}"
        alias, name = node.value.id, node.attr
        if not alias.startswith("_"):
            return f"{alias}.{name}"  # of a module's own source
        is_builtin = alias == "_builtins" and hasattr(builtins, name) and name not in self._names
        if (is_builtin or alias == self._own) and name not in self._members:
            return name
        self.used.add(alias)
        return f"{alias}.{name}"

    def _other(self, statement: ast.stmt, indent: str) -> Iterator[str]:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield ""
        for line in self._unparse(statement).strip("\n").split("\n"):
            yield f"{indent}{line}" if line else ""

    def _unparse(self, node: ast.AST) -> str:
        plain = _Plain(self).visit(copy.deepcopy(node))
        return ast.unparse(ast.fix_missing_locations(plain))

    def shorten(self, node: ast.Attribute) -> ast.expr:
        """Give a reference as the module writes it."""
        return ast.parse(self._reference(node), mode="eval").body


class _Plain(ast.NodeTransformer):
    """Shortens the references within a statement of the package's own source."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Shorten one reference."""
        return self._printer.shorten(node)


def quote(text: str) -> str:
    """Give a text as a literal in triple quotes, whatever it holds."""
    plain = text.replace(_BACKSLASH, _BACKSLASH * 2)
    if not plain.replace("\n", "").isprintable():
        plain = "".join(c if c == "\n" or c.isprintable() else _escape(c) for c in plain)
    inner = plain.rstrip('"')  # quotes at the end would close the literal too early
    end = '\\"' * (len(plain) - len(inner))
    return '"""' + inner.replace('"""', '\\"\\"\\"') + end + '"""'


def _escape(character: str) -> str:
    return repr(character)[1:-1]


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _list_bound(statements: list[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        yield from bound_names(statement)


def bound_names(statement: ast.stmt) -> list[str]:
    """Name what a statement binds."""
    if isinstance(statement, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return [statement.name]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name for alias in statement.names]
    target = statement.target if isinstance(statement, ast.AnnAssign) else None
    return [target.id] if isinstance(target, ast.Name) else []
