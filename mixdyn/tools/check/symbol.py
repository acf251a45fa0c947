"""
What the expressions of a program stand for, as far as it is certain; no document is needed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple


class Symbol(NamedTuple):
    """
    A value of a program, told by how it came to be.

    Kinds: `client` (`name` is its class), `kind` (a client class), `module`, `member` (`name` of
    `base`), `named` (what `call` of a client, its `base`, is to call), `called`, `awaited` and
    `element` (of `base`), `local` (a class of the program), `instance` (of one), `function`,
    `tuple` and `list` (`detail` has what is in it), `none`, and `any` for what the program will not
    say.
    """

    kind: str
    base: Symbol | None = None
    name: str = ""
    detail: Any = None

    @property
    def path(self) -> str:
        """The name as one calls it, such as `sessions.create`."""
        if self.kind == "named":
            return self.name
        inner = self.base.path if self.base is not None else ""
        if self.kind != "member":
            return inner
        return f"{inner}.{self.name}" if inner else self.name

    @property
    def line(self) -> Iterator[Symbol]:
        """The symbol, and all that it is a part or an outcome of."""
        symbol: Symbol | None = self
        while symbol is not None:
            yield symbol
            symbol = symbol.base

    @property
    def root(self) -> Symbol:
        """What the symbol is a part or an outcome of."""
        return self if self.base is None else self.base.root


NONE = Symbol("none")
ANY = Symbol("any")
MIX = Symbol("kind", name="Mix")
CLIENT = Symbol("kind", name="Client")
PACKAGE = Symbol("module", name="mixdyn")
ERRORS = Symbol("module", name="mixdyn.errors")
MODELS = Symbol("module", name="mixdyn.models")

_KNOWN = {
    (PACKAGE.name, "Mix"): MIX,
    (PACKAGE.name, "Client"): CLIENT,
    (PACKAGE.name, "errors"): ERRORS,
    (PACKAGE.name, "models"): MODELS,
    ("mixdyn.bundled", "Mix"): MIX,
    ("mixdyn.client", "Client"): CLIENT,
}
_MAKERS = frozenset({"from_server", "from_server_async"})
_SAME = frozenset({"__aenter__", "__copy__", "__enter__", "with_options"})


class Keyword(NamedTuple):
    """A keyword of a call; `value` is its text where that is plain to see."""

    name: str
    value: str | None
    line: int
    column: int


class Shape(NamedTuple):
    """How something is called."""

    keywords: tuple[Keyword, ...]
    positional: int
    is_open: bool  # there is `**` or `*`, or more is to come, as with `functools.partial`


class Use(NamedTuple):
    """A place where a program uses something: names it, or (with `shape`) calls it."""

    line: int
    column: int
    symbol: Symbol
    shape: Shape | None = None


def module_of(name: str) -> Symbol | None:
    """Give the symbol of an imported module, if it is of interest."""
    return Symbol("module", name=name) if name.partition(".")[0] == PACKAGE.name else None


def member_of(base: Symbol, name: str) -> Symbol | None:
    """Give what `base.name` is; None where nothing is certain."""
    if base.kind == "module":
        inside = f"{base.name}.{name}"
        if base in (ERRORS, MODELS):
            return Symbol("member", base, name)
        known = _KNOWN.get((base.name, name))
        return known or (Symbol("module", name=inside) if name.islower() else None)
    if base.kind in ("client", "kind", "member", "called", "awaited", "element"):
        return Symbol("member", base, name)
    return None


def call_of(function: Symbol, spec: Any = None) -> Symbol | None:
    """Give what a call gives; `spec` is the document that a client is made with, if it is said."""
    if function.kind == "kind":
        return Symbol("client", name=function.name, detail=spec)
    base = function.base
    if function.kind != "member" or base is None:
        return None
    if base.kind == "client" and function.name in _SAME:
        return base
    if base.kind == "kind":
        return Symbol("client", name=base.name) if function.name in _MAKERS else None
    if function.name in ("__enter__", "__aenter__"):
        return base
    return Symbol("called", function)


def await_of(value: Symbol) -> Symbol | None:
    """Give what awaiting gives."""
    if value.kind == "client":
        return value
    if value.base is not None and value.base.kind == "function":
        result: Symbol | None = value.base.detail
        return result
    return Symbol("awaited", value)


def element_of(value: Symbol) -> Symbol | None:
    """Give what iterating gives."""
    if value.kind in ("list", "tuple"):
        return merge([*value.detail])
    return Symbol("element", value) if value.kind in ("called", "awaited", "member") else None


def merge(symbols: list[Symbol | None]) -> Symbol | None:
    """Give what all of them are, if they are the same; None (of Python) may be among them."""
    others = [symbol for symbol in symbols if symbol != NONE]
    if not others:
        return NONE if symbols else None
    return others[0] if all(symbol == others[0] for symbol in others) else None
