"""
`mixdyn show`: an operation, a namespace or a schema, as at the prompt, or as data for programs.
"""

from __future__ import annotations

import argparse
from functools import reduce
from typing import Any

from mixdyn.errors import excerpt, nearest, printable
from mixdyn.explore import describe
from mixdyn.normalform import normalize_members
from mixdyn.operation import Operation, Response
from mixdyn.schema import Schema
from mixdyn.schemaview import SchemaView
from mixdyn.shape import is_object
from mixdyn.surface import Surface
from mixdyn.tool import make_parameters
from mixdyn.tools.cli.argument import usage_form
from mixdyn.tools.cli.listing import describe_entry
from mixdyn.tools.cli.rendering import render
from mixdyn.tools.cli.screen import Screen, paint
from mixdyn.tools.cli.target import find_entry, find_method, find_node, open_client
from mixdyn.tools.cli.verdict import DONE, UsageError

_WIDTH = 100
_BOOK = "schemas."


def run_show(options: argparse.Namespace, screen: Screen) -> int:
    """Show what is called so."""
    colour = screen.is_colourful
    with open_client(options, screen) as client:
        thing = find_thing(client, options.name)
        if options.output in (None, "table"):
            text = describe(thing).text(screen.width or _WIDTH, colour=colour)
            screen.write(text + write_usage(client, options.name, colour=colour))
        else:
            data = describe_data(client, thing, options.name)
            screen.write(render(data, options.output, width=screen.width, colour=colour))
    return DONE


def find_thing(client: Any, name: str) -> Any:
    """Find an operation, a namespace or a schema by its name; UsageError suggests the nearest."""
    surface: Surface = client._surface
    if find_node(surface, name) is not None:
        return reduce(getattr, name.split("."), client)
    schema = _find_schema(client, name)
    if schema is not None:
        return schema
    try:
        return find_method(client, find_entry(surface, name))
    except UsageError:
        names = [entry.qualified_name for entry in surface.catalog.entries]
        hint = nearest(name, [*surface.namespaces, *surface.schemas.component_names(), *names])
        message = f"no operation, namespace or schema is called {excerpt(name, 80)!r}{hint}"
        raise UsageError(f"{message}\nmixdyn ops lists the operations") from None


def describe_data(client: Any, thing: Any, name: str) -> Any:
    """Give what programs may want to know: JSON schemas, of an operation also what names it."""
    surface: Surface = client._surface
    if isinstance(thing, SchemaView):
        view: Any = thing
        return _level(view._schema)
    if find_node(surface, name) is not None:
        path = tuple(name.split("."))
        inside = (e for e in surface.catalog.entries if e.namespace[: len(path)] == path)
        return [describe_entry(entry) for entry in inside]
    entry = find_entry(surface, name)
    operation: Operation = surface.plan(entry).operation
    return {
        **describe_entry(entry),
        "description": operation.description,
        "arguments": make_parameters(operation),
        "responses": {r.status: _describe_response(r) for r in operation.responses},
    }


def _describe_response(response: Response) -> dict[str, Any]:
    content = {
        media.content_type: _level(schema) if schema is not None else True
        for media in response.media
        for schema in (media.schema or media.item_schema,)
    }
    return {"description": response.description, "content": content}


def _level(schema: Schema) -> Any:
    """Give a schema as JSON Schema that stands for itself, with all that it says."""
    whole = normalize_members({"it": schema}, [], "response", keeps_remarks=True)
    made = whole["properties"]["it"]
    return {**made, "$defs": whole["$defs"]} if "$defs" in whole and is_object(made) else made


def write_usage(client: Any, name: str, *, colour: bool) -> str:
    """Say how an operation is called in a shell; nothing of other things."""
    surface: Surface = client._surface
    try:
        operation = surface.plan(find_entry(surface, name)).operation
    except UsageError:
        return ""
    title = paint("In a shell", "bold") if colour else "In a shell"
    return f"\n\n{title}\n  {printable(usage_form(operation))}"


def _find_schema(client: Any, name: str) -> SchemaView | None:
    """Find a schema by its name, or as searches print it: `schemas.NAME`."""
    if name in client.schemas:
        found: SchemaView = client.schemas[name]
        return found
    if not name.startswith(_BOOK):
        return None
    name = name.removeprefix(_BOOK)
    view = client.schemas[name] if name in client.schemas else getattr(client.schemas, name, None)
    return view if isinstance(view, SchemaView) else None
