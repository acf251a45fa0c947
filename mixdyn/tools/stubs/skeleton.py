"""
The stub of a module of the package itself, read from its source: signatures, docs, no bodies.

What has a stub is hidden from type checkers, so the stub must say all that the source says.
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
from collections.abc import Iterator

from mixdyn.tools.stubs import syntax

_PUBLIC = {"__all__", "__version__"}


class Skeleton:
    """
    The outline of a module.

    Args:
        module: the module's name; its source must be there.
    """

    def __init__(self, module: str) -> None:
        with open(_find_source(module), encoding="utf-8") as source:
            tree = ast.parse(source.read())
        self.doc = ast.get_docstring(tree) or ""
        outlined = (made for s in _flatten(tree.body[1:]) if _is_shown(s) for made in _outline(s))
        self.statements: list[ast.stmt] = [_Qualifier().visit(made) for made in outlined]
        self._imports = [s for s in _flatten(tree.body) if isinstance(s, ast.ImportFrom)]

    def class_named(self, name: str) -> ast.ClassDef:
        """Give a class of the module, to be added to."""
        return next(s for s in self.statements if isinstance(s, ast.ClassDef) and s.name == name)

    @property
    def imports(self) -> list[ast.stmt]:
        """The imports that the outline needs, plain ones as well."""
        nodes = [node for s in self.statements for node in ast.walk(s)]
        used = {node.id for node in nodes if isinstance(node, ast.Name)}
        used |= {text for s in self.statements for text in _exported(s)}
        found: list[ast.stmt] = []
        for node in self._imports:
            names = [alias for alias in node.names if (alias.asname or alias.name) in used]
            if names and node.module != "__future__":
                found.append(ast.ImportFrom(node.module, names, node.level))
        return found

    @property
    def names(self) -> set[str]:
        """The names that the outline has."""
        return {name for s in self.statements for name in _names(s)}


class _Qualifier(ast.NodeTransformer):
    """Writes builtins with their module: error classes may be named like some of them."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Qualify one name."""
        return syntax.builtin(node.id) if hasattr(builtins, node.id) else node


def _find_source(module: str) -> str:
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{module}: its source is needed to write its stub")
    return found.origin


def _flatten(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Give the statements, those for type checkers and those inside of a `with` too."""
    for statement in statements:
        match statement:
            case ast.With() | ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from statement.body
            case _:
                yield statement


def _is_shown(statement: ast.stmt) -> bool:
    """Tell whether a stub shows a statement of the module; private classes may be bases."""
    is_class = isinstance(statement, ast.ClassDef)
    return is_class or not any(name.startswith("_") for name in {*_names(statement)} - _PUBLIC)


def _outline(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Give what a stub says of a statement, if anything."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield _outline_function(statement)
    elif isinstance(statement, ast.ClassDef):
        members = [made for member in statement.body for made in _outline(member)]
        body = [*_docstring(statement), *members] or [_ellipsis()]
        yield ast.ClassDef(
            statement.name, statement.bases, statement.keywords, body, statement.decorator_list
        )
    elif isinstance(statement, ast.AnnAssign):
        yield ast.AnnAssign(statement.target, statement.annotation, None, statement.simple)
    elif isinstance(statement, ast.Assign):
        yield from _outline_constant(statement)


def _outline_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
    given = node.args
    arguments = ast.arguments(
        posonlyargs=given.posonlyargs,
        args=given.args,
        vararg=given.vararg,
        kwonlyargs=given.kwonlyargs,
        kw_defaults=[None if default is None else _dots() for default in given.kw_defaults],
        kwarg=given.kwarg,
        defaults=[_dots() for _ in given.defaults],
    )
    body = _docstring(node) or [_ellipsis()]
    return type(node)(node.name, arguments, body, node.decorator_list, node.returns)


def _outline_constant(node: ast.Assign) -> Iterator[ast.stmt]:
    """Give the types of constants, and `__all__` as it is."""
    for name in _names(node):
        target = ast.Name(name, ast.Store())
        if name == "__all__":
            yield ast.Assign([target], node.value)
        elif isinstance(node.value, ast.Constant) or name == "__version__":
            value = node.value.value if isinstance(node.value, ast.Constant) else ""
            kind = ast.Name(type(value).__name__, ast.Load())
            yield ast.AnnAssign(target, kind, None, simple=1)
        else:
            yield ast.AnnAssign(target, syntax.any_type(), None, simple=1)


def _exported(statement: ast.stmt) -> list[str]:
    """Give the names in `__all__`."""
    if not isinstance(statement, ast.Assign) or _names(statement) != ["__all__"]:
        return []
    names: list[str] = ast.literal_eval(statement.value)
    return names


def _docstring(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    doc = ast.get_docstring(node)
    return [ast.Expr(ast.Constant(doc))] if doc else []


def _names(statement: ast.stmt) -> list[str]:
    if isinstance(statement, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _dots() -> ast.expr:
    return ast.Constant(...)


def _ellipsis() -> ast.stmt:
    return ast.Expr(_dots())
