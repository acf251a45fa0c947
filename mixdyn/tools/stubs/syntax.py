"""
Small pieces of Python syntax, as nodes: names of a document only ever become identifiers and texts.

Every reference is written with the module that it comes from; `module` shortens them in the end.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any

ANY = ("_typing", "Any")


def refer(module: str, name: str) -> ast.expr:
    """Give a reference to a name of a module, by the alias that `module.MODULES` has for it."""
    return ast.Attribute(ast.Name(module, ast.Load()), name, ast.Load())


def builtin(name: str) -> ast.expr:
    """Give a reference to a builtin."""
    return refer("_builtins", name)


def any_type() -> ast.expr:
    """Give `Any`."""
    return refer(*ANY)


def is_any(node: ast.expr) -> bool:
    """Tell whether a type is `Any`."""
    return isinstance(node, ast.Attribute) and node.attr == "Any" and _is_typing(node.value)


def subscript(value: ast.expr, items: Sequence[ast.expr]) -> ast.expr:
    """Give `value[items]`."""
    index = items[0] if len(items) == 1 else ast.Tuple(list(items), ast.Load())
    return ast.Subscript(value, index, ast.Load())


def literal(values: Iterable[Any]) -> ast.expr:
    """Give `Literal[values]`."""
    return subscript(refer("_typing", "Literal"), [ast.Constant(value) for value in values])


def union(kinds: Iterable[ast.expr]) -> ast.expr:
    """Give the union of types, each once; anything joined with `Any` is `Any`."""
    given = list(kinds)
    if not given or any(map(is_any, given)):
        return any_type()
    return given[0] if len(given) == 1 else join(unique(given))


def unique(kinds: Iterable[ast.expr]) -> list[ast.expr]:
    """Give the types, each once."""
    return list({ast.dump(kind): kind for kind in kinds}.values())


def join(kinds: Sequence[ast.expr]) -> ast.expr:
    """Give the types with `|` between them, as they are; at least one."""
    joined = kinds[0]
    for kind in kinds[1:]:
        joined = ast.BinOp(joined, ast.BitOr(), kind)
    return joined


def optional(kind: ast.expr) -> ast.expr:
    """Give a type that may also be None."""
    if is_any(kind) or (isinstance(kind, ast.BinOp) and _is_none(kind.right)):
        return kind
    return join([kind, ast.Constant(None)])


def argument(name: str, kind: ast.expr | None = None) -> ast.arg:
    """Give a parameter of a function."""
    return ast.arg(name, kind)


def function(
    name: str,
    result: ast.expr,
    *,
    doc: str = "",
    keywords: Iterable[tuple[str, ast.expr, bool]] = (),
    options: ast.expr | None = None,
    decorator: ast.expr | None = None,
    is_async: bool = False,
) -> ast.stmt:
    """
    Give a method without a body.

    Args:
        name: its name.
        result: what it returns.
        doc: its docstring.
        keywords: its keyword arguments: name, type, and whether it is required.
        options: the type of all further keywords.
        decorator: its decorator.
        is_async: whether it is awaited.
    """
    given = list(keywords)
    me = "_self" if any(n == "self" for n, _, _ in given) else "self"
    arguments = ast.arguments(
        posonlyargs=[],
        args=[argument(me)],
        kwonlyargs=[argument(n, kind) for n, kind, _ in given],
        kw_defaults=[None if required else ast.Constant(...) for _, _, required in given],
        kwarg=argument("_options", options) if options is not None else None,
        defaults=[],
    )
    kind = ast.AsyncFunctionDef if is_async else ast.FunctionDef
    decorators = [decorator] if decorator is not None else []
    return kind(name, arguments, body(doc), decorators, result)


def read_only(name: str, kind: ast.expr, doc: str = "") -> ast.stmt:
    """Give a property."""
    return function(name, kind, doc=doc, decorator=builtin("property"))


def body(doc: str, statements: Sequence[ast.stmt] = ()) -> list[ast.stmt]:
    """Give a body: a docstring and statements, or an ellipsis where there is nothing."""
    texts: list[ast.stmt] = [ast.Expr(ast.Constant(doc))] if doc.strip() else []
    return [*texts, *statements] or [ast.Expr(ast.Constant(...))]


def class_of(
    name: str, bases: Sequence[ast.expr], statements: Sequence[ast.stmt], doc: str = ""
) -> ast.ClassDef:
    """Give a class."""
    return ast.ClassDef(name, list(bases), [], body(doc, statements), [])


def alias(name: str, value: ast.expr) -> ast.stmt:
    """Give a name to a type."""
    kind = refer("_typing", "TypeAlias")
    return ast.AnnAssign(ast.Name(name, ast.Store()), kind, value, simple=1)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_typing(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == ANY[0]
