"""
`mixdyn show`: an operation, a namespace or a schema, as at the prompt.
"""

from __future__ import annotations

import argparse
from typing import Any

from mixdyn.errors import excerpt, nearest, printable
from mixdyn.surface import Surface
from mixdyn.tools.cli.rendering import render
from mixdyn.tools.cli.screen import Screen
from mixdyn.tools.cli.target import find_entry, find_method, open_client
from mixdyn.tools.cli.verdict import DONE, UsageError

_WIDTH = 100


def run_show(options: argparse.Namespace, screen: Screen) -> int:
    """Show what is called so."""
    with open_client(options) as client:
        thing = find_thing(client, options.name)
        screen.write(describe(thing, screen.width or _WIDTH, colour=screen.is_colourful))
    return DONE


def find_thing(client: Any, name: str) -> Any:
    """Find an operation, a namespace or a schema by its name; UsageError suggests the nearest."""
    surface: Surface = client._surface
    node = surface.catalog.root
    thing = client
    for step in name.split("."):
        if step not in node.children:
            break
        node = node.children[step]
        thing = getattr(thing, step)
    else:
        return thing
    schema = surface.schemas.component(name)
    if schema is not None:
        return _schema_view(client, name) or schema
    try:
        return find_method(client, find_entry(surface, name))
    except UsageError:
        names = [entry.qualified_name for entry in surface.catalog.entries]
        hint = nearest(name, [*surface.namespaces, *surface.schemas.component_names(), *names])
        message = f"no operation, namespace or schema is called {excerpt(name, 80)!r}{hint}"
        raise UsageError(f"{message}\nmixdyn ops lists the operations") from None


def describe(thing: Any, width: int, *, colour: bool) -> str:
    """Give the page about a thing, as text for a terminal."""
    page = _explore(thing)
    if page is not None:
        return str(page.text(width, colour=colour))
    if hasattr(thing, "resolved"):
        return render(dict(thing.resolved.value), "yaml", width=width, colour=colour)
    import inspect

    form = str(inspect.signature(thing)) if callable(thing) else ""
    return printable(f"{excerpt(repr(thing), 400)}{form}\n\n{inspect.getdoc(thing) or ''}").rstrip()


def _explore(thing: Any) -> Any:
    """Give the prompt's page."""
    try:
        from mixdyn import explore
    except ImportError:
        return None
    return explore.describe(thing)


def _schema_view(client: Any, name: str) -> Any:
    schemas = getattr(type(client), "schemas", None)
    return None if schemas is None else getattr(client.schemas, name, None)
