"""
Walks through a program and notes what it uses of clients. It knows Python, and no document.

It goes several times: what a class or a function is, its later lines may tell.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mixdyn.tools.check.expression import Expressions
from mixdyn.tools.check.scope import Local
from mixdyn.tools.check.symbol import (
    ERRORS,
    PACKAGE,
    Symbol,
    Use,
    element_of,
    member_of,
    module_of,
)

_ROUNDS = 8
_DOORS = frozenset(f"mixdyn{name}" for name in ("", ".httpclient", ".models", ".utils"))
_FAILURES = frozenset({"AttributeError", "TypeError"})
_EXPECTED = frozenset({"assertRaises", "assertRaisesRegex", "raises", "suppress"})
_WIDER = frozenset({"BaseException", "Exception", "RequestValidationError", "ValueError"})


class Reading(NamedTuple):
    """What a program uses of clients, in its order, and whether it has but one kind of document."""

    uses: list[Use]
    is_alone: bool
    has_swaps: bool


def read_uses(tree: ast.Module) -> Reading:
    """Give what a program uses of clients."""
    reader = _Reader()
    for _ in range(_ROUNDS):
        reader.read(tree)
        if reader.is_settled:
            break
    uses = sorted(set(reader.uses), key=lambda use: (use.line, use.column, str(use)))
    return Reading(uses, reader.is_alone, reader.has_swaps)


class _Reader(Expressions, ast.NodeVisitor):
    """Goes through statements; expressions are its base class's business."""

    def read(self, tree: ast.Module) -> None:
        """Go through a program once."""
        self.begin()
        self.scope = self.open_scope(tree, "module")
        self.walk(tree.body)
        while self.waiting:
            node, self.scope = self.waiting.pop(0)
            self.walk(node.body)

    def walk(self, statements: Sequence[ast.stmt]) -> None:
        """Go through statements, one after the other."""
        for statement in statements:
            self.visit(statement)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.name if alias.asname else alias.name.partition(".")[0]
            self.scope.bind(alias.asname or name, module_of(name))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = module_of(node.module or "") if node.level == 0 else None
        if module is not None:
            self.is_alone &= _is_door(module, node)
        for alias in node.names:
            if alias.name == "*" and module == PACKAGE:
                for name in ("Client", "Mix", "errors", "models"):
                    self.scope.bind(name, member_of(PACKAGE, name))
                continue
            symbol = member_of(module, alias.name) if module is not None else None
            if symbol is not None and symbol.kind == "member":
                self.note(alias, symbol)
            self.scope.bind(alias.asname or alias.name, symbol)

    def visit_Assign(self, node: ast.Assign) -> None:
        value = self.visit(node.value)
        for target in node.targets:
            self.assign(target, value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        value = self.visit(node.value) if node.value is not None else None
        declared = self.annotated(node.annotation)
        if isinstance(node.target, ast.Name):
            self.scope.declared[node.target.id] = declared
        self.assign(node.target, declared or value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        self.assign(node.target, None)

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.scope.names.pop(target.id, None)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        value = self.visit(node.iter)
        before = dict(self.scope.names)
        self.assign(node.target, element_of(value) if value is not None else None)
        self.walk(node.body)
        self.scope.join([before, self.scope.names])
        self.walk(node.orelse)

    visit_AsyncFor = visit_For  # noqa: N815  # the names that the base class calls

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        before = dict(self.scope.names)
        self.walk(node.body)
        self.scope.join([before, self.scope.names])
        self.walk(node.orelse)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        before = dict(self.scope.names)
        asked = self.asked(node.test)
        self.guarded += asked
        self.walk(node.body)
        del self.guarded[len(self.guarded) - len(asked) :]
        after, self.scope.names = self.scope.names, before
        self.walk(node.orelse)
        self.scope.join([after, self.scope.names])

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        is_quiet = False
        for item in node.items:
            value = self.visit(item.context_expr)
            is_quiet |= _expects_failure(item.context_expr)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value)
        self.quiet += is_quiet
        self.walk(node.body)
        self.quiet -= is_quiet

    visit_AsyncWith = visit_With  # noqa: N815  # as above

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        before = dict(self.scope.names)
        is_quiet = any(_FAILURES & set(_names(handler.type)) for handler in node.handlers)
        self.quiet += is_quiet
        self.walk(node.body)
        self.quiet -= is_quiet
        self.scope.join([before, self.scope.names])
        ways = [self.scope.names]
        for handler in node.handlers:
            self.scope.names = dict(ways[0])
            self.visit_handler(handler)
            ways.append(self.scope.names)
        self.scope.names = dict(ways[0])
        self.walk(node.orelse)
        self.scope.join([self.scope.names, *ways[1:]])
        self.walk(node.finalbody)

    visit_TryStar = visit_Try  # noqa: N815  # as above

    def visit_handler(self, node: ast.ExceptHandler) -> None:
        """Go through one `except`."""
        if node.type is not None:
            self.visit(node.type)
        if node.name:
            self.scope.bind(node.name, None)
        self.walk(node.body)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        before = dict(self.scope.names)
        ways = [before]
        for case in node.cases:
            self.scope.names = dict(before)
            for name in _captured(case.pattern):
                self.scope.bind(name, None)
            if case.guard is not None:
                self.visit(case.guard)
            self.walk(case.body)
            ways.append(self.scope.names)
        self.scope.join(ways)

    def visit_Return(self, node: ast.Return) -> None:
        value = self.visit(node.value) if node.value is not None else None
        if self.scope.owner is not None:
            self.scope.owner.results.append(value)

    def visit_Global(self, node: ast.Global) -> None:
        self._link(node.names, is_global=True)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self._link(node.names, is_global=False)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        local = self.locals.setdefault(id(node), Local())
        local.bases = [self.visit(base) for base in node.bases]
        for extra in (*node.decorator_list, *(keyword.value for keyword in node.keywords)):
            self.visit(extra)
        outer = self.scope
        self.scope = self.open_scope(node, "class")
        self.walk(node.body)
        for name, symbol in self.scope.names.items():
            local.bind(name, symbol)
        self.scope = outer
        outer.bind(node.name, Symbol("local", name=str(id(node))))

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        local = self.locals.setdefault(id(node), Local())
        local.is_async = isinstance(node, ast.AsyncFunctionDef)
        declared = self.annotated(node.returns)
        if declared is not None:
            local.result, local.results = declared, [declared]
        decorators = {name for d in node.decorator_list for name in _names(d)}
        function: Symbol | None = Symbol("function", name=str(id(node)))
        if decorators & {"property", "cached_property"}:
            function = local.result
        elif decorators - {"contextmanager", "asynccontextmanager", "staticmethod", "classmethod"}:
            function = None  # what others make of it, nobody knows
        elif decorators & {"contextmanager", "asynccontextmanager"}:
            local.is_async = False
        self._enter(node, local, decorators)
        self.scope.bind(node.name, function)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  # as above

    def _enter(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, local: Local, decorators: set[str]
    ) -> None:
        """Open a function's scope; its body is read when the outer scope is complete."""
        defaults = self.read_defaults(node.args)
        scope = self.open_scope(node, "function")
        scope.owner = None if node.returns is not None else local
        given = [*node.args.posonlyargs, *node.args.args]
        for argument in (*given, *node.args.kwonlyargs):
            declared = self.annotated(argument.annotation)
            is_bare = argument.annotation is None
            scope.bind(argument.arg, defaults.get(argument.arg) if is_bare else declared)
        for extra in (node.args.vararg, node.args.kwarg):
            if extra is not None:
                scope.bind(extra.arg, None)
        if self.scope.kind == "class" and given and "staticmethod" not in decorators:
            kind = "local" if "classmethod" in decorators else "instance"
            scope.bind(given[0].arg, Symbol(kind, name=str(self.scope.number)))
        self.waiting.append((node, scope))

    def _link(self, names: list[str], *, is_global: bool) -> None:
        for name in names:
            scope = self.scope.find_outer(name, is_global=is_global)
            if scope is not None:
                self.scope.outside[name] = scope


def _is_door(module: Symbol, node: ast.ImportFrom) -> bool:
    """Tell whether an import takes only what users of one document need."""
    if module == ERRORS:  # classes; functions make classes of their own
        return all(alias.name[:1].isupper() for alias in node.names)
    return module.name in _DOORS


def _expects_failure(node: ast.expr) -> bool:
    """Tell whether a `with` waits for the very errors that wrong calls raise."""
    if not isinstance(node, ast.Call) or not set(_names(node.func)) & _EXPECTED:
        return False
    return bool((_FAILURES | _WIDER) & {name for a in node.args for name in _names(a)})


def _names(node: ast.expr | None) -> Iterator[str]:
    """Give the last names of a reference, or of those in a tuple; of a call, its function's."""
    if isinstance(node, ast.Call):
        yield from _names(node.func)
    elif isinstance(node, ast.Tuple):
        for element in node.elts:
            yield from _names(element)
    elif isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr


def _captured(pattern: ast.pattern) -> Iterator[str]:
    for node in ast.walk(pattern):
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if isinstance(name, str):
            yield name
