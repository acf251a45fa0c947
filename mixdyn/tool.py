"""
Operations as tools of language models: their definitions as JSON schema, and calls by name.

What a model gives counts as arguments only: never as options of a call, such as where it goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zlib import crc32

from mixdyn.binding import Binder
from mixdyn.block import one_line
from mixdyn.body import takes_file
from mixdyn.catalog import Entry
from mixdyn.errors import excerpt, itemize, nearest
from mixdyn.media import is_binary_list
from mixdyn.names import resolve_collisions
from mixdyn.normalform import normalize_members
from mixdyn.operation import Argument, Operation
from mixdyn.schema import Schema
from mixdyn.shape import is_object

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FOREIGN = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_NAME = 60  # of the 64 that are allowed; the rest is for telling equal ones apart
_DESCRIPTION = 1000
_REMARK = 500


def name_tools(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Name operations as tools: letters, digits, `_` and `-`, at most 64, each name once."""
    listed = list(entries)
    names = resolve_collisions(_to_tool_name(entry.qualified_name) for entry in listed)
    return dict(zip(names, listed, strict=True))


def make_tool(operation: Operation, name: str, style: str = "plain") -> dict[str, Any]:
    """
    Give the definition of an operation as a tool.

    Args:
        operation: the operation.
        name: its name as a tool.
        style: `plain`, `openai`, `anthropic` or `mcp`.
    """
    shape = _STYLES.get(style)
    if shape is None:
        known = ", ".join(_STYLES)
        raise ValueError(f"style={excerpt(style, 40)!r}: expected one of {known}")
    return shape(name, _describe(operation), make_parameters(operation))


def make_parameters(operation: Operation) -> dict[str, Any]:
    """Give the JSON schema of an operation's arguments together, complete with its `$defs`."""
    schemas: dict[str, Schema | bool] = {
        a.name: a.schema if a.schema is not None and not is_upload(a, operation) else True
        for a in operation.arguments
    }
    required = [a.name for a in operation.arguments if a.required]
    made = normalize_members(schemas, required, "request", keeps_remarks=True)
    members: dict[str, Any] = dict(made.get("properties", {}))
    properties = {a.name: _describe_argument(a, members, operation) for a in operation.arguments}
    definitions = {"$defs": made["$defs"]} if "$defs" in made else {}
    closed = {} if Binder(operation).takes_extra else {"additionalProperties": False}
    return {
        "$schema": _DIALECT,
        "type": "object",
        "properties": properties,
        "required": required,
        **closed,
        **definitions,
    }


def is_upload(argument: Argument, operation: Operation) -> bool:
    """Tell whether an argument is a file, or several."""
    if operation.body is None or "body" not in argument.location:
        return False
    return takes_file(argument, operation.body.preferred, "")


def read_arguments(
    operation: Operation, arguments: Mapping[str, Any] | str | bytes | None
) -> dict[str, Any]:
    """
    Give the keywords of a call from what a program, or a model, hands over by name.

    Raises one TypeError for all that is wrong with them as such.
    """
    given = _parse(arguments, operation)
    if not is_object(given):
        kind = type(given).__name__
        raise TypeError(f"{operation.label}: expected an object of arguments, got {kind}")
    binder = Binder(operation)
    options = [str(n) for n in given if n in binder.options and n not in binder.arguments]
    problems = [f"{name}: an option of calls, to be given to call() itself" for name in options]
    values: dict[str, Any] = {}
    for name, value in given.items():
        argument = binder.arguments.get(name)
        if argument is not None and is_upload(argument, operation):
            value = _read_upload(name, value, problems)  # noqa: PLW2901  # of what is a file
        values[str(name)] = value
    if problems:
        raise TypeError(itemize(f"{operation.label} cannot be called like this:", problems))
    return values


def find_tool(name: Any, entries: Iterable[Entry], tools: Mapping[str, Entry]) -> Entry:
    """
    Give the operation that a name means: its own name, its operationId, or that of its tool.

    Raises LookupError that suggests the nearest name.
    """
    listed = list(entries)
    own = {entry.qualified_name: entry for entry in listed}
    ids = {str(e.operation.value.get("operationId") or ""): e for e in reversed(listed)}
    found = own.get(name) or tools.get(name) or (ids.get(name) if name else None)
    if found is None:
        hint = nearest(str(name), own) or nearest(str(name), [n for n in (*ids, *tools) if n])
        raise LookupError(f"there is no operation {excerpt(str(name), 80)!r}{hint}")
    return found


def _to_tool_name(name: str) -> str:
    """Write a name in the letters that all models take; what is too long keeps a digest."""
    text = _FOREIGN.sub("_", name.replace(".", "_"))
    if len(text) <= _LONGEST_NAME:
        return text
    digest = f"{crc32(name.encode('utf-8', 'replace')):08x}"
    return f"{text[: _LONGEST_NAME - 9]}_{digest}"


def _describe(operation: Operation) -> str:
    texts = [one_line(t, _DESCRIPTION) for t in (operation.summary, operation.description) if t]
    texts = list(dict.fromkeys(filter(None, texts)))
    gone = ["Deprecated."] if operation.is_deprecated else []
    place = f"{operation.method} {one_line(operation.path, 200)}"
    return one_line(" ".join([*gone, *texts]) or f"Calls {place}.", _DESCRIPTION)


def _describe_argument(
    argument: Argument, members: Mapping[str, Any], operation: Operation
) -> dict[str, Any]:
    schema = members.get(argument.name)
    described: dict[str, Any] = dict(schema) if is_object(schema) else {}
    gone = "Deprecated. " if argument.is_deprecated else ""
    text = gone + one_line(argument.description, _REMARK)
    if is_upload(argument, operation):
        described = _describe_upload(argument.schema)
        text = f"{text} (the file's content as base64)".strip()
    elif not described and argument.schema is None:
        described = {"type": "string"}
    described |= {"deprecated": True} if gone else {}
    return {**described, "description": text.strip()} if text else described


def _describe_upload(schema: Schema | None) -> dict[str, Any]:
    """Give the schema of a file as base64, or of several."""
    file = {"type": "string", "contentEncoding": "base64"}
    if schema is None or not is_binary_list(schema):
        return file
    limits = {word: schema.core.get(word) for word in ("minItems", "maxItems")}
    return {"type": "array", "items": file} | {w: v for w, v in limits.items() if v is not None}


def _parse(arguments: Any, operation: Operation) -> Any:
    if arguments is None:
        return {}
    if not isinstance(arguments, (str, bytes)):
        return arguments
    import json

    try:
        return json.loads(arguments or "{}")
    except (ValueError, RecursionError) as error:
        found = excerpt(str(error), 100)
        raise TypeError(f"{operation.label}: the arguments are not JSON: {found}") from error


def _read_upload(name: str, value: Any, problems: list[str]) -> Any:
    """Take text for the base64 of a file: as text it might be taken for a path."""
    if isinstance(value, list):
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]  # of Any
        return [_read_upload(name, item, problems) for item in items]
    if not isinstance(value, str):
        return value
    import base64

    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        problems.append(f"{name}: expected the file's content as base64")
        return b""


def _plain(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "description": description, "parameters": schema}


_STYLES: dict[str, Callable[[str, str, dict[str, Any]], dict[str, Any]]] = {
    "plain": _plain,
    "openai": lambda n, d, s: {"type": "function", "function": _plain(n, d, s)},
    "anthropic": lambda n, d, s: {"name": n, "description": d, "input_schema": s},
    "mcp": lambda n, d, s: {"name": n, "description": d, "inputSchema": s},
}
