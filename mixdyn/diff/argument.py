"""
What changed in the parameters of an operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mixdyn.diff.edition import Side
from mixdyn.diff.finding import Found, Root, Step
from mixdyn.diff.place import point
from mixdyn.document import escape_pointer
from mixdyn.errors import excerpt
from mixdyn.names import to_snake
from mixdyn.operation import Argument, Operation, Parameter, split_template

_SHOWN = 60


def compare_parameters(old: Side, new: Side) -> Iterator[Step]:
    """Tell what changed in an operation's parameters; their schemas come as roots of a walk."""
    before, after = _index(old.operation), _index(new.operation)
    pairs = [(before.pop(key), after.pop(key)) for key in [*before] if key in after]
    pairs += _pair_rest(before, after)
    for first, second in pairs:
        yield from _compare_parameter(old, new, first, second)
    for parameter in before.values():
        message = f"the {_name(parameter)} was removed"
        yield Found("request-parameter-removed", message, _point(old, parameter), new.pointer)
    for parameter in after.values():
        what = "required-parameter-added" if parameter.required else "parameter-added"
        words = "was added, and is required" if parameter.required else "was added"
        places = old.pointer, _point(new, parameter)
        yield Found(f"request-{what}", f"the {_name(parameter)} {words}", *places)


def find_displaced(old: Iterable[Argument], new: Iterable[Argument]) -> frozenset[str]:
    """
    Give the names of arguments that stand for something else by now.

    A name does where what it stood for goes by another name, or what it stands for did. What was
    only moved, or is spelled otherwise, keeps its name and its meaning.
    """
    before, after = ({a.name: _find_place(a) for a in arguments} for arguments in (old, new))
    known, there = frozenset(before.values()), frozenset(after.values())
    return frozenset(
        name
        for name, place in before.items()
        if name in after and after[name] != place and (place in there or after[name] in known)
    )


def _find_place(argument: Argument) -> tuple[str, str]:
    is_header = argument.location == "header"
    return argument.location, argument.wire.lower() if is_header else argument.wire


def _index(operation: Operation) -> dict[tuple[str, ...], Parameter]:
    """Give the parameters by place and name; those of the path by their position in it."""
    positions = {name: str(i) for i, name in enumerate(split_template(operation.path)[1])}
    found: dict[tuple[str, ...], Parameter] = {}
    for parameter in operation.parameters:
        name = parameter.name.lower() if parameter.location == "header" else parameter.name
        if parameter.location == "path":
            name = positions[parameter.name]
        found[parameter.location, name] = parameter
    return found


def _pair_rest(
    before: dict[tuple[str, ...], Parameter], after: dict[tuple[str, ...], Parameter]
) -> Iterator[tuple[Parameter, Parameter]]:
    """Pair what was moved to another place, or is spelled otherwise: `sessionId`, `session_id`."""
    for key, parameter in [*before.items()]:
        likely = [k for k, p in after.items() if to_snake(p.name) == to_snake(parameter.name)]
        if len(likely) == 1:
            yield before.pop(key), after.pop(likely[0])


def _compare_parameter(old: Side, new: Side, one: Parameter, other: Parameter) -> Iterator[Step]:
    places = _point(old, one), _point(new, other)
    yield from (
        Found(f"request-parameter-{what}", f"the {_name(one)} {message}", *places)
        for what, message in _compare_rules(one, other)
    )
    if one.schema is not None and other.schema is not None:
        yield Root(one.schema, other.schema, "request")
    elif one.schema is not other.schema:
        what = "added" if one.schema is None else "removed"
        message = f"the schema of the {_name(one)} was {what}"
        yield Found(f"request-schema-{what}", message, *places)


def _compare_rules(old: Parameter, new: Parameter) -> Iterator[tuple[str, str]]:
    is_header = old.location == new.location == "header"
    if old.location != new.location:
        yield "moved", f"moved from {old.location} to {new.location}"
    if old.name != new.name and not (is_header and old.name.lower() == new.name.lower()):
        yield "renamed", f"is now called {excerpt(new.name, _SHOWN)}"
    if old.required != new.required:
        what = "required" if new.required else "optional"
        yield f"became-{what}", f"is now {what}"
    if old.is_deprecated != new.is_deprecated:
        what = "deprecated" if new.is_deprecated else "no-longer-deprecated"
        yield what, f"is {what.replace('-', ' ')}"
    # How the items of an array are written makes no difference to a number.
    is_plain = _is_plain(old) or _is_plain(new)
    before, after = (_list_style(p, is_plain=is_plain) for p in (old, new))
    if before != after and old.location == new.location:
        shown = " became ".join(excerpt(", ".join(style), _SHOWN) for style in (before, after))
        yield "style-changed", f"is written in another way: {shown}"


def _is_plain(parameter: Parameter) -> bool:
    types = parameter.schema.types if parameter.schema is not None else ("string",)
    return bool(types) and not {"array", "object"} & set(types)


def _list_style(parameter: Parameter, *, is_plain: bool) -> list[str]:
    """Give all that decides how a value is written; what decides nothing is left out."""
    if parameter.content_type is not None:
        return [parameter.media_essence]
    explode = [] if is_plain else [f"explode {str(parameter.explode).lower()}"]
    reserved = ["reserved characters as they are"] if parameter.allow_reserved else []
    return [parameter.style, *explode, *reserved]


def _name(parameter: Parameter) -> str:
    return f"{parameter.location} parameter {excerpt(parameter.name, _SHOWN)}"


def _point(site: Side, parameter: Parameter) -> str:
    """Point at a parameter by its schema's place, or else at the operation."""
    if parameter.schema is None:
        return site.pointer
    schema = parameter.schema
    steps = ["schema"]
    if parameter.content_type is not None:
        steps = ["content", escape_pointer(parameter.content_type), "schema"]
    whole = point(schema.target, schema.space.document.location)
    return whole.removesuffix("/" + "/".join(steps))
