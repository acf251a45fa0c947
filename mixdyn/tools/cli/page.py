"""
`mixdyn show`: an operation, a namespace or a schema, as at the prompt.
"""

from __future__ import annotations

import argparse
from typing import Any

from mixdyn.errors import excerpt, nearest, printable
from mixdyn.explore import describe
from mixdyn.surface import Surface
from mixdyn.tools.cli.argument import usage_form
from mixdyn.tools.cli.screen import Screen, paint
from mixdyn.tools.cli.target import find_entry, find_method, open_client
from mixdyn.tools.cli.verdict import DONE, UsageError

_WIDTH = 100


def run_show(options: argparse.Namespace, screen: Screen) -> int:
    """Show what is called so."""
    with open_client(options, screen) as client:
        thing = find_thing(client, options.name)
        text = describe(thing).text(screen.width or _WIDTH, colour=screen.is_colourful)
        screen.write(text + write_usage(client, options.name, colour=screen.is_colourful))
    return DONE


def find_thing(client: Any, name: str) -> Any:
    """Find an operation, a namespace or a schema by its name; UsageError suggests the nearest."""
    surface: Surface = client._surface
    namespace = _find_namespace(client, name)
    if namespace is not None:
        return namespace
    if surface.schemas.component(name) is not None:
        return client.schemas[name]
    try:
        return find_method(client, find_entry(surface, name))
    except UsageError:
        names = [entry.qualified_name for entry in surface.catalog.entries]
        hint = nearest(name, [*surface.namespaces, *surface.schemas.component_names(), *names])
        message = f"no operation, namespace or schema is called {excerpt(name, 80)!r}{hint}"
        raise UsageError(f"{message}\nmixdyn ops lists the operations") from None


def write_usage(client: Any, name: str, *, colour: bool) -> str:
    """Say how an operation is called in a shell; nothing of other things."""
    surface: Surface = client._surface
    try:
        operation = surface.plan(find_entry(surface, name)).operation
    except UsageError:
        return ""
    title = paint("In a shell", "bold") if colour else "In a shell"
    return f"\n\n{title}\n  {printable(usage_form(operation))}"


def _find_namespace(client: Any, name: str) -> Any:
    surface: Surface = client._surface
    node, thing = surface.catalog.root, client
    for step in name.split("."):
        if step not in node.children:
            return None
        node, thing = node.children[step], getattr(thing, step)
    return thing
