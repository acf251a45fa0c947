"""
What annotations say: `Mix`, `mixdyn.Mix | None`, `"Mix"`, `Annotated[Mix, …]` and their like.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from mixdyn.tools.check.symbol import ANY, NONE, Symbol, call_of, merge

Evaluate = Callable[[ast.expr], "Symbol | None"]

_FIRST = frozenset({"Annotated", "ClassVar", "Final", "InitVar", "Optional", "Required"})
_GIVERS = frozenset(
    {"AsyncGenerator", "AsyncIterable", "AsyncIterator", "Generator", "Iterable", "Iterator"}
)


def read_annotation(node: ast.expr | None, evaluate: Evaluate) -> Symbol | None:
    """Give what a value annotated like this is, if that is certain."""
    if isinstance(node, ast.Constant):
        return _read_constant(node.value, evaluate)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return merge([read_annotation(side, evaluate) for side in (node.left, node.right)])
    if isinstance(node, ast.Subscript):
        return _read_subscript(node, evaluate)
    if isinstance(node, (ast.Name, ast.Attribute)):
        return ANY if _last_name(node) == "Any" else _object_of(evaluate(node))
    return None


def _object_of(kind: Symbol | None) -> Symbol | None:
    """Give what an object of a class is."""
    if kind is None or kind.kind not in ("kind", "local"):
        return None
    return call_of(kind) if kind.kind == "kind" else Symbol("instance", name=kind.name)


def _read_constant(value: object, evaluate: Evaluate) -> Symbol | None:
    if value is None:
        return NONE
    if not isinstance(value, str):
        return None
    try:
        return read_annotation(ast.parse(value, mode="eval").body, evaluate)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _read_subscript(node: ast.Subscript, evaluate: Evaluate) -> Symbol | None:
    name = _last_name(node.value)
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Union":
        return merge([read_annotation(part, evaluate) for part in parts])
    if name in _FIRST or name in _GIVERS:
        return read_annotation(parts[0], evaluate) if parts else None
    return None


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
