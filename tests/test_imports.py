"""The layers: what may import what, read from the source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "mixdyn"

# Imports only point down, or sideways without a circle; see the design.
LEVELS = [
    (
        "acceptor applicator block clock completion content deadline descriptor draft ecma errors "
        "fault garbage hook httpclient kind loop markup misfit names origin page params pattern "
        "reconnect record redact redirect release retry roster scrub secretname shape "
        "terminal tolerance typeset version word"
    ),
    (
        "attribute cost document drift eventview glance header jsontext limit log media normalform "
        "novelty outline payload position results rows sample scalar schema secretplace sequence "
        "settings source sse upload validation view wire yamltree"
    ),
    "catalog operation scheme standard",
    (
        "binding body conversion enclosure event identity network request response secrecy "
        "security server shortcut tool transport"
    ),
    (
        "connection curl discovery download effect engine eventfeed example exchange explore "
        "flow maker native plan prepared resume schemaview search signature stream terms"
    ),
    (
        "client comparison diff diff.access diff.argument diff.call diff.caller diff.change "
        "diff.choice diff.clause diff.condition diff.difference diff.domain diff.edition "
        "diff.essence diff.facet diff.finding diff.header diff.joint diff.keyword diff.medium "
        "diff.member diff.outcome diff.pairing diff.place diff.plain diff.rendering diff.rule "
        "diff.slice diff.summary diff.survey diff.union diff.walker method succession surface "
        "swap"
    ),
    "bundled",
    "__init__ __main__ models utils",
]
LEVEL = {name: level for level, names in enumerate(LEVELS) for name in names.split()}


def find_modules() -> dict[str, ast.Module]:
    """Read the package: `errors`, `tools.mock` and so on."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = ast.parse(path.read_text(encoding="utf-8"))
    return found


MODULES = find_modules()


def find_imports(tree: ast.AST) -> set[str]:
    """Name the package's own modules that code imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {n for n in inside if n.removeprefix("mixdyn.") in MODULES}
            found.update(modules or {str(node.module)})
    ours = {name for name in found if name.partition(".")[0] == "mixdyn"}
    inside = {name.removeprefix("mixdyn").lstrip(".") or "__init__" for name in ours}
    return {f"{name}.__init__" if f"{name}.__init__" in MODULES else name for name in inside}


IMPORTS = {name: find_imports(tree) for name, tree in MODULES.items()}
TOOLS = [name for name in MODULES if name.partition(".")[0] == "tools"]
CORE = [name for name in MODULES if name not in TOOLS]


def find_circle(imports: dict[str, set[str]]) -> list[str]:
    """Give one circle of imports, or nothing."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name not in done:
            for other in sorted(imports.get(name, ())):
                circle = visit(other, [*path, name])
                if circle:
                    return circle
            done.add(name)
        return []

    return next(filter(None, (visit(name, []) for name in imports)), [])


def test_every_module_has_a_level() -> None:
    """The list holds each module of the core, and no other."""
    assert set(CORE) <= set(LEVEL)
    assert set(LEVEL) - set(CORE) <= {"__main__"}


@pytest.mark.parametrize("name", CORE)
def test_imports_point_down(name: str) -> None:
    """No module imports one of a higher level, and none of the core a tool."""
    if name == "__main__":
        assert IMPORTS[name] <= {"tools.cli"}
        return
    upward = {n for n in IMPORTS[name] if n not in LEVEL or LEVEL[n] > LEVEL[name]}
    assert upward == set()


@pytest.mark.parametrize("name", TOOLS)
def test_tools_import_the_core(name: str) -> None:
    """Tools import modules that are there."""
    assert IMPORTS[name] <= set(MODULES)


def test_no_circle() -> None:
    """No module imports itself by way of others."""
    assert find_circle(IMPORTS) == []


def test_circles_are_found() -> None:
    """The search for circles finds one."""
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def test_imports_are_found() -> None:
    """Imports inside functions and for type checkers count too."""
    code = (
        "import os, mixdyn.errors\n"
        "if TYPE_CHECKING:\n    from mixdyn import names\n"
        "def f():\n    from mixdyn.retry import Policy\n    import mixdyn\n"
    )
    assert find_imports(ast.parse(code)) == {"errors", "names", "retry", "__init__"}
