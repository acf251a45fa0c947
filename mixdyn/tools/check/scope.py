"""
Which names of a program stand for what: scopes, and the classes and functions of the program.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mixdyn.tools.check.symbol import Symbol, merge

Names = dict[str, Symbol | None]
Values = list[Symbol | None]
Table = dict[str, Values]


@dataclass(slots=True)
class Scope:
    """
    The names of a module, a class or a function; `names` is what they are just now.

    `history` is all that they are in this round, `known` what they were in the last.
    """

    kind: str
    number: int = 0
    parent: Scope | None = None
    names: Names = field(default_factory=Names)
    history: Table = field(default_factory=Table)
    known: Table = field(default_factory=Table)
    outside: dict[str, Scope] = field(default_factory=dict[str, "Scope"])
    declared: Names = field(default_factory=Names)
    owner: Local | None = None

    def bind(self, name: str, symbol: Symbol | None) -> None:
        """Give a name a value; of one that is not certain, what the name is declared to be."""
        target = self.outside.get(name, self)
        symbol = target.declared.get(name) if symbol is None else symbol
        target.history.setdefault(name, []).append(symbol)
        if target is self:
            self.names[name] = symbol

    def find(self, name: str) -> Symbol | None:
        """Give what a name stands for here."""
        if name in self.names and name not in self.outside:
            return self.names[name]
        scope = self.outside.get(name) or self.parent
        while scope is not None:
            values = (scope.known or scope.history).get(name)
            if values and scope.kind != "class":
                return merge(values)  # it may be any of them when this runs
            scope = scope.parent
        return None

    @property
    def is_settled(self) -> bool:
        """Whether the round told no more than the one before."""
        return self.history == self.known

    def begin(self) -> None:
        """Begin another round."""
        self.names, self.known, self.history = {}, self.history, {}
        self.declared = {}

    def find_outer(self, name: str, *, is_global: bool) -> Scope | None:
        """Give the scope that `global` or `nonlocal` means."""
        scope = self.parent
        while scope is not None:
            if scope.kind == "module" if is_global else name in {**scope.known, **scope.history}:
                return scope
            scope = scope.parent
        return None

    def join(self, ways: list[Names]) -> None:
        """Go on after branches: a name is what all ways that set it agree on."""
        known = {name for way in ways for name in way}
        self.names = {
            name: merge([way[name] for way in ways if name in way]) for name in sorted(known)
        }


@dataclass(slots=True)
class Local:
    """A class, or a function, of the program; of the last round `known` has the attributes."""

    bases: Values = field(default_factory=Values)
    attributes: Table = field(default_factory=Table)
    known: Table = field(default_factory=Table)
    results: Values = field(default_factory=Values)
    result: Symbol | None = None
    is_async: bool = False

    def bind(self, name: str, symbol: Symbol | None) -> None:
        """Give an attribute of the class's objects a value."""
        self.attributes.setdefault(name, []).append(symbol)

    def find(self, name: str) -> Values | None:
        """Give all that an attribute is."""
        return (self.known or self.attributes).get(name)

    @property
    def is_settled(self) -> bool:
        """Whether the round told no more than the one before."""
        result = merge(self.results) if self.results else None
        return self.attributes == self.known and result == self.result

    def begin(self) -> None:
        """Begin another round."""
        self.known, self.attributes = self.attributes, {}
        self.result = merge(self.results) if self.results else None
        self.results = []
