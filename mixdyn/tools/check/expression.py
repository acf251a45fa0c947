"""
Evaluates the expressions of a program as far as they concern clients, and notes their uses.
"""

from __future__ import annotations

import ast

from mixdyn.tools.check.annotation import read_annotation
from mixdyn.tools.check.scope import Local, Scope
from mixdyn.tools.check.symbol import (
    CLIENT,
    NONE,
    Keyword,
    Shape,
    Symbol,
    Use,
    await_of,
    call_of,
    element_of,
    member_of,
    merge,
)

_PASSING = frozenset({"aclosing", "closing", "enter_async_context", "enter_context"})
_SWAPS = frozenset({"sync_spec", "sync_spec_async", "use_spec"})
_MAX_DEPTH = 20

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Expressions(ast.NodeVisitor):
    """Gives for each expression what it stands for, or None where that is not certain."""

    def __init__(self) -> None:
        self.uses: list[Use] = []
        self.scope = Scope("module")
        self.waiting: list[tuple[Function, Scope]] = []
        self.locals: dict[int, Local] = {}
        self.guarded: list[Symbol] = []
        self.given: set[Symbol] = set()
        self.quiet = 0
        self.is_alone: bool = True
        self.has_swaps = False
        self._scopes: dict[int, Scope] = {}

    def open_scope(self, node: ast.AST, kind: str) -> Scope:
        """Give the scope of a module, class or function; it remembers the round before."""
        scope = self._scopes.setdefault(id(node), Scope(kind, id(node)))
        scope.parent = self.scope if kind != "module" else None
        return scope

    def begin(self) -> None:
        """Begin another round."""
        self.uses = []
        for table in (self._scopes, self.locals):
            for part in table.values():
                part.begin()

    @property
    def is_settled(self) -> bool:
        """Whether this round learned nothing new: another one would give the same."""
        return all(part.is_settled for t in (self._scopes, self.locals) for part in t.values())

    def note(self, node: ast.expr | ast.alias, symbol: Symbol, shape: Shape | None = None) -> None:
        """Note a use, unless the program expects that it may fail."""
        is_there = symbol in self.guarded or any(part in self.given for part in symbol.line)
        if not self.quiet and not is_there:
            line, column = node.end_lineno or node.lineno, node.col_offset
            if isinstance(node, ast.Attribute):  # where the name is, not where the chain begins
                column = (node.end_col_offset or 0) - len(node.attr.encode())
            elif shape is not None:
                line = node.lineno
            self.uses.append(Use(line, column + 1, symbol, shape))

    def annotated(self, node: ast.expr | None) -> Symbol | None:
        """Give what an annotation says."""
        return read_annotation(node, self.visit)

    def assign(self, target: ast.expr, value: Symbol | None) -> None:
        """Bind what stands on the left of an assignment."""
        if isinstance(target, (ast.Name, ast.Attribute)) and value and value.kind == "list":
            value = None  # what is added to it later is not seen
        if isinstance(target, ast.Name):
            self.scope.bind(target.id, value)
        elif isinstance(target, ast.Attribute):
            base = self.visit(target.value)
            if base is not None and base.kind in ("instance", "local"):
                self.locals[int(base.name)].bind(target.attr, value)
            elif base is not None:  # what a program puts there itself is there
                self.given.add(Symbol("member", base, target.attr))
        elif isinstance(target, (ast.Tuple, ast.List)):
            count = len(target.elts)
            is_plain = not any(isinstance(element, ast.Starred) for element in target.elts)
            is_listed = value is not None and value.kind in ("list", "tuple")
            given = value.detail if value is not None and is_listed else ()
            values = given if is_plain and len(given) == count else [None] * count
            for element, part in zip(target.elts, values, strict=True):
                self.assign(element, part)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, None)
        else:
            self.visit(target)

    def asked(self, test: ast.expr) -> list[Symbol]:
        """Give what a condition makes sure of by `hasattr`."""
        found: list[Symbol] = []
        for node in ast.walk(test):
            if isinstance(node, ast.Call) and _is_named(node.func, "hasattr") and node.args[1:]:
                name = _text(node.args[1])
                self.quiet += 1
                base = self.visit(node.args[0])
                self.quiet -= 1
                if base is not None and name is not None:
                    found += [s for s in [member_of(base, name)] if s is not None]
        return found

    def visit_Name(self, node: ast.Name) -> Symbol | None:
        return self.scope.find(node.id)

    def visit_Constant(self, node: ast.Constant) -> Symbol | None:
        return NONE if node.value is None else None

    def visit_Tuple(self, node: ast.Tuple) -> Symbol:
        return Symbol("tuple", detail=tuple(self.visit(element) for element in node.elts))

    def visit_List(self, node: ast.List) -> Symbol:
        return Symbol("list", detail=tuple(self.visit(element) for element in node.elts))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Symbol | None:
        value: Symbol | None = self.visit(node.value)
        self.assign(node.target, value)
        return value

    def visit_Attribute(self, node: ast.Attribute) -> Symbol | None:
        base: Symbol | None = self.visit(node.value)
        if base is None:
            return None
        if base.kind in ("instance", "local"):
            return self._attribute_of(node, base)
        symbol = member_of(base, node.attr)
        if symbol is not None and symbol.kind == "member":
            self.note(node, symbol)
        return symbol

    def visit_Call(self, node: ast.Call) -> Symbol | None:
        function: Symbol | None = self.visit(node.func)
        values = [self.visit(argument) for argument in node.args]
        for keyword in node.keywords:
            self.visit(keyword.value)
        if function is None:
            return self._call_unknown(node, values)
        if function.kind == "local":
            return Symbol("instance", name=function.name)
        if function.kind == "function":
            return self._call_function(self.locals[int(function.name)])
        spec = _spec(node, function)
        if function == CLIENT or spec is not None:
            self.is_alone = False
        is_of_client = function.base is not None and function.base.kind == "client"
        self.has_swaps |= is_of_client and function.name in _SWAPS
        named = _called_by_name(function, node)
        if named is not None:
            self.note(node.args[0], named)
            self.note(node, named, _shape_of_values(node.args[1:]))
            return Symbol("called", named)
        if function.kind == "member":
            self.note(node, function, _shape(node, node.args, is_open=False))
        return call_of(function, spec)

    def visit_Await(self, node: ast.Await) -> Symbol | None:
        value: Symbol | None = self.visit(node.value)
        return await_of(value) if value is not None else None

    def visit_IfExp(self, node: ast.IfExp) -> Symbol | None:
        self.visit(node.test)
        return merge([self.visit(node.body), self.visit(node.orelse)])

    def visit_BoolOp(self, node: ast.BoolOp) -> Symbol | None:
        asked = self.asked(node.values[0]) if isinstance(node.op, ast.And) else []
        self.guarded += asked
        values = [self.visit(value) for value in node.values]
        del self.guarded[len(self.guarded) - len(asked) :]
        return merge(values) if isinstance(node.op, ast.Or) else None

    def visit_Subscript(self, node: ast.Subscript) -> Symbol | None:
        value: Symbol | None = self.visit(node.value)
        self.visit(node.slice)
        index = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if value is None or not isinstance(index, int):
            return None
        if value.kind == "tuple":
            return value.detail[index] if index < len(value.detail) else None
        return element_of(value)

    def read_defaults(self, given: ast.arguments) -> dict[str, Symbol | None]:
        """Give what arguments are where they are left out; None says nothing of one."""
        named = [*given.posonlyargs, *given.args][::-1]
        pairs: list[tuple[ast.arg, ast.expr | None]] = []
        pairs += zip(named, given.defaults[::-1], strict=False)
        pairs += zip(given.kwonlyargs, given.kw_defaults, strict=True)
        found = {argument.arg: self.visit(default) for argument, default in pairs if default}
        return {name: symbol for name, symbol in found.items() if symbol != NONE}

    def visit_Lambda(self, node: ast.Lambda) -> None:
        defaults = self.read_defaults(node.args)
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        extra = [a for a in (node.args.vararg, node.args.kwarg) if a is not None]
        before = dict(self.scope.names)
        for argument in (*given, *extra):
            self.scope.names[argument.arg] = defaults.get(argument.arg)
        self.visit(node.body)
        self.scope.names = before

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self._comprehend(node.generators, node.elt)

    visit_SetComp = visit_ListComp  # noqa: N815  # the names that the base class calls
    visit_GeneratorExp = visit_ListComp  # noqa: N815  # as above

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehend(node.generators, node.key, node.value)

    def _comprehend(self, generators: list[ast.comprehension], *results: ast.expr) -> None:
        before = dict(self.scope.names)
        bound: set[str] = set()
        for generator in generators:
            value = self.visit(generator.iter)
            for name in (n.id for n in ast.walk(generator.target) if isinstance(n, ast.Name)):
                plain = isinstance(generator.target, ast.Name) and value is not None
                self.scope.names[name] = element_of(value) if plain and value else None
                bound.add(name)
            for test in generator.ifs:
                self.visit(test)
        for result in results:
            self.visit(result)
        # A name that `:=` binds stays.
        walrus = {n: s for n, s in self.scope.names.items() if n not in bound}
        self.scope.names = {**before, **walrus}

    def _call_unknown(self, node: ast.Call, values: list[Symbol | None]) -> Symbol | None:
        """Follow a few functions that pass on what they are given."""
        first = values[0] if values else None
        if first is None:
            return None
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        if name in _PASSING:
            return first
        if name == "partial" and first.kind == "member":
            self.note(node, first, _shape(node, node.args[1:], is_open=True))
        text = _text(node.args[1]) if len(node.args) == 2 else None
        if name == "getattr" and text is not None:
            symbol = member_of(first, text)
            if symbol is not None and symbol.kind == "member":
                self.note(node, symbol)
            return symbol
        return None

    def _call_function(self, local: Local) -> Symbol | None:
        result = local.result
        if result is None or not local.is_async:
            return result
        return Symbol("called", Symbol("function", detail=result))

    def _attribute_below(self, name: str, above: set[int]) -> Symbol | None:
        """Give an attribute that only classes made of these set."""
        values: list[Symbol | None] = []
        for local in self.locals.values():
            if any(
                b is not None and b.kind == "local" and int(b.name) in above for b in local.bases
            ):
                values += local.find(name) or []
        return merge(values)

    def _attribute_of(self, node: ast.Attribute, base: Symbol) -> Symbol | None:
        """Give an attribute of an object of the program's own class."""
        waiting, seen = [int(base.name)], set[int]()
        client: Symbol | None = None
        is_known = True
        while waiting and len(seen) < _MAX_DEPTH:
            number = waiting.pop(0)
            local = self.locals.get(number)
            if local is None or number in seen:
                continue
            seen.add(number)
            values = local.find(node.attr)
            if values:
                return merge(values)
            for kind in local.bases:
                if kind is not None and kind.kind == "local":
                    waiting.append(int(kind.name))
                elif kind is not None and kind.kind == "kind":
                    client = Symbol("client", name=kind.name)
                else:
                    is_known = False
        if client is None:
            return self._attribute_below(node.attr, seen)
        if not is_known or base.kind == "local":
            return None
        symbol = Symbol("member", client, node.attr)
        self.note(node, symbol)
        return symbol


def _shape(node: ast.Call, positional: list[ast.expr], *, is_open: bool) -> Shape:
    named = [_keyword(k) for k in node.keywords if k.arg is not None]
    spread = [_read_values(k.value) for k in node.keywords if k.arg is None]
    is_starred = any(isinstance(argument, ast.Starred) for argument in positional)
    plain = sum(not isinstance(argument, ast.Starred) for argument in positional)
    keywords = (*named, *(keyword for shape in spread for keyword in shape.keywords))
    return Shape(keywords, plain, is_open or is_starred or any(s.is_open for s in spread))


def _keyword(node: ast.keyword) -> Keyword:
    return Keyword(str(node.arg), _text(node.value), node.lineno, node.col_offset + 1)


def _called_by_name(function: Symbol, node: ast.Call) -> Symbol | None:
    """Give what `client.call("sessions.create", …)` calls, if its name stands there."""
    base, name = function.base, _text(node.args[0]) if node.args else None
    is_call = function.kind == "member" and function.name in ("call", "call_async")
    if not is_call or base is None or base.kind != "client" or name is None:
        return None
    return Symbol("named", base, name, function.name == "call_async")


def _shape_of_values(given: list[ast.expr]) -> Shape:
    """Give the shape of a call whose arguments stand in a dictionary."""
    return _read_values(given[0] if given else ast.Dict([], []))


def _read_values(values: ast.expr) -> Shape:
    """Give the arguments that a dictionary stands for, as far as they show."""
    if not isinstance(values, ast.Dict):
        return Shape((), 0, is_open=True)
    pairs = [*zip(values.keys, values.values, strict=True)]
    plain = [(k, v) for k, v in pairs if k is not None and _text(k) is not None]
    keywords = (Keyword(str(_text(k)), _text(v), k.lineno, k.col_offset + 1) for k, v in plain)
    return Shape(tuple(keywords), 0, is_open=len(plain) < len(pairs))


def _spec(node: ast.Call, function: Symbol) -> str | None:
    """Give the document that a client is made with, as it stands there; None for none."""
    if function.kind != "kind":
        return None
    named = next((k.value for k in node.keywords if k.arg == "spec"), None)
    first = node.args[0] if node.args and function.name == "Client" else None
    given = named or first
    return ast.unparse(given) if given is not None else None


def _text(node: ast.expr) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) else None


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
