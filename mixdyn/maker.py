"""
What has to be there before a call: which operations make the things that its arguments name.

General rules only: by the shapes of paths, the names of arguments and the fields of answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from mixdyn.catalog import Entry
from mixdyn.example import Example, choose_value, choose_values, write_call, write_value
from mixdyn.identity import find_array, find_identifier, is_same, success_schema
from mixdyn.names import to_identifier, to_snake
from mixdyn.operation import Argument, Operation
from mixdyn.plan import Plan
from mixdyn.results import Types
from mixdyn.schema import Schema
from mixdyn.word import to_singular

FindPlan = Callable[[Entry], Plan]
Key = tuple[str, ...]

PARAMETER = "{}"
_PLACEHOLDER = re.compile(r"\{[^{}]+\}")
_MOST_STEPS = 4  # things made for one example


class _Naming(NamedTuple):
    """What tells a thing's name: the collection that it is in, and the argument that names it."""

    key: Key
    argument: Argument

    @property
    def singular(self) -> str:
        return to_singular(to_snake(self.key[-1]))


class Preparation:
    """
    Collects the calls that come before an example, and what these give to its arguments.

    Args:
        client: what an example calls the client.
        entries: the document's operations.
        find_plan: gives the plan of one; ValueError where it cannot be used.
        types: the document's types.
    """

    def __init__(
        self, client: str, entries: Sequence[Entry], find_plan: FindPlan, types: Types
    ) -> None:
        self.lines: list[str] = []
        self._client = client
        self._find_plan = find_plan
        self._types = types
        self._places: dict[Key, dict[str, Entry]] = {}
        self._made: dict[tuple[str, ...], str] = {}
        self._inside: set[tuple[str, str]] = set()
        for entry in entries:
            self._places.setdefault(split_path(entry.path), {}).setdefault(entry.method, entry)

    def supply(
        self, plan: Plan, values: Mapping[str, Any], context: Mapping[int, str] | None = None
    ) -> dict[str, str]:
        """
        Make what an operation's arguments name, and give what to write for these.

        Args:
            plan: the operation.
            values: its arguments, for what cannot be made.
            context: what is known of the path's parameters, by the number of their segment.
        """
        operation, key = plan.operation, split_path(plan.operation.path)
        self._inside.add((operation.method, operation.path))
        aliases = self._find_aliases(operation)
        known = dict(context or {})
        found: dict[str, str] = {}
        for index, argument in _place_arguments(operation).items():
            made = known.get(index) or self._make(_Naming(key[:index], argument), known)
            made = made or self._make_named(argument, aliases)
            known[index] = made or write_value(values.get(argument.name))
            found |= {argument.name: known[index]} if made else {}
        for argument in operation.arguments:
            if argument.location == "query" and argument.required:
                made = self._make_named(argument, aliases)
                found |= {argument.name: made} if made else {}
        return found

    def _make(self, naming: _Naming, known: Mapping[int, str]) -> str | None:
        """Make a thing of a collection, unless nothing does; give what to write for its name."""
        with suppress(ValueError, RecursionError):  # what is broken makes nothing
            return self._try_to_make(naming, known)
        return None

    def _try_to_make(self, naming: _Naming, known: Mapping[int, str]) -> str | None:
        maker = self._find_maker(naming.key)
        place = (*naming.key, *(known[i] for i in sorted(known) if i < len(naming.key)))
        if maker is None or maker.is_stream or len(self.lines) >= _MOST_STEPS:
            return None
        operation = maker.operation
        if (operation.method, operation.path) in self._inside:
            return None
        is_named_by_caller = operation.method == "PUT"
        field = None if is_named_by_caller else self._find_field(naming, operation)
        if place not in self._made and field is not None:
            self._made[place] = self._write_step(naming, maker, known)
        if field is not None:
            return _convert(f"{self._made[place]}.{field[0]}", field[1], naming.argument)
        return self._make_by_name(naming, maker, known)

    def _write_step(self, naming: _Naming, maker: Plan, known: Mapping[int, str]) -> str:
        """Write the call that makes a thing, and give the variable that holds it."""
        variable = to_identifier(naming.singular)
        if variable in (self._client, *self._made.values()):
            variable = f"{variable}_{len(self.lines) + 1}"
        self._write_line(f"{variable} = ", maker, choose_values(maker), known)
        return variable

    def _make_by_name(self, naming: _Naming, maker: Plan, known: Mapping[int, str]) -> str | None:
        """Make a thing under a name that the caller chooses, if that is possible."""
        operation = maker.operation
        values = choose_values(maker)
        wire = self._identify(naming, operation)
        inside = split_path(operation.path)
        index = len(naming.key)
        if inside[index : index + 1] == (PARAMETER,):  # PUT under the very name
            argument = _place_arguments(operation).get(index)
        else:
            own = (a for a in operation.arguments if a.location == "body" and a.wire == wire)
            argument = next(own, None)
        if argument is None:
            return None
        value = values.setdefault(argument.name, choose_value(argument, operation))
        self._write_line("", maker, values, known)
        return write_value(_fit(value, naming.argument))

    def _write_line(
        self, start: str, maker: Plan, values: Mapping[str, Any], known: Mapping[int, str]
    ) -> None:
        made = self.supply(maker, values, known)
        call = f"{self._client}.{maker.operation.name}"
        self.lines.append(start + write_call(call, Example(dict(values), made)))

    def _make_named(self, argument: Argument, aliases: Mapping[str, str]) -> str | None:
        """Make what `petId` names: a thing of the collection `pets`, if there is one such."""
        names = {to_snake(argument.wire), aliases.get(argument.name, "")}
        found = [
            key
            for key, methods in self._places.items()
            if "POST" in methods
            and PARAMETER not in key
            and f"{to_singular(to_snake(key[-1]))}_id" in names
        ]
        return self._make(_Naming(found[0], argument), {}) if len(found) == 1 else None

    def _find_maker(self, key: Key) -> Plan | None:
        """Give what makes a collection's things: POST there, POST below it, or PUT of one."""
        here = self._plan(self._places.get(key, {}).get("POST"))
        if here is not None or not key:
            return here
        listed = self._find_listed(key)
        for path, methods in self._places.items() if listed is not None else ():
            if path[:-1] == key and path[-1] != PARAMETER:
                below = self._plan(methods.get("POST"))
                if below is not None and is_same(listed, success_schema(below.operation)):
                    return below
        put = self._plan(self._places.get((*key, PARAMETER), {}).get("PUT"))
        has_created = put is not None and any(r.status == "201" for r in put.operation.responses)
        return put if has_created else None

    def _find_listed(self, key: Key) -> Schema | None:
        """Give the schema of the items that a collection lists."""
        schema = self._find_answer(key, "GET")
        found = find_array(schema) if schema is not None else None
        return found[1] if found is not None else None

    def _find_answer(self, key: Key, method: str) -> Schema | None:
        plan = self._plan(self._places.get(key, {}).get(method))
        return success_schema(plan.operation) if plan is not None else None

    def _plan(self, entry: Entry | None) -> Plan | None:
        if entry is None:
            return None
        with suppress(ValueError):  # a broken one makes nothing
            return self._find_plan(entry)
        return None

    def _identify(self, naming: _Naming, maker: Operation) -> str | None:
        """Name the property that a thing is known by: where one is read, listed or made."""
        item = (*naming.key, PARAMETER)
        paths = (e.path for e in self._places.get(item, {}).values())
        parameter = next((p.rpartition("/")[2][1:-1] for p in paths), naming.argument.wire)
        known = [self._find_answer(item, "GET"), self._find_listed(naming.key)]
        known += [success_schema(maker), self._find_answer(item, "PUT")]
        schemas = [schema for schema in known if schema is not None]
        return find_identifier(schemas, parameter, naming.singular)[1]

    def _find_field(self, naming: _Naming, maker: Operation) -> tuple[str, Schema] | None:
        """Give the attribute of what is made that the argument asks for, and its schema."""
        answer = success_schema(maker)
        if answer is None:
            return None
        wire = self._identify(naming, maker)
        if wire in answer.core.properties:
            return self._name_field(answer, wire)
        for name, inner in answer.core.properties.items():
            if wire in inner.core.properties:
                outer, _ = self._name_field(answer, name)
                last, schema = self._name_field(inner, wire)
                return f"{outer}.{last}", schema
        holder, other = find_identifier([answer], naming.argument.wire, naming.singular)
        is_own = holder is not None and holder.core.resolved is answer.core.resolved
        return self._name_field(answer, other) if other is not None and is_own else None

    def _name_field(self, schema: Schema, wire: str) -> tuple[str, Schema]:
        model: Any = self._types.model(schema.core)
        attributes: dict[str, str] = {w: a for a, w in model._attributes.items()}
        return attributes[wire], schema.core.properties[wire]

    def _find_aliases(self, operation: Operation) -> dict[str, str]:
        """Find how `GET /stream?sessionId=…` calls what `/stream/{id}` names."""
        found: dict[str, str] = {}
        key = split_path(operation.path)
        for index, argument in _place_arguments(operation).items():
            plan = self._plan(self._places.get(key[:index], {}).get("GET"))
            asked = (a for a in plan.operation.arguments if a.required) if plan is not None else ()
            found[argument.name] = next(
                (to_snake(a.wire) for a in asked if a.location == "query"), ""
            )
        return found


def split_path(path: str) -> Key:
    """Give a path's segments, `{}` for each that is a parameter; equal for equal shapes."""
    segments = path.split("/")[1:]
    return tuple(PARAMETER if _PLACEHOLDER.fullmatch(s) else s for s in segments)


def _place_arguments(operation: Operation) -> dict[int, Argument]:
    """Give the arguments that are whole segments of the path, by the segment's number."""
    arguments = {a.wire: a for a in operation.arguments if a.location == "path"}
    segments = enumerate(operation.path.split("/")[1:])
    return {i: arguments[s[1:-1]] for i, s in segments if s[1:-1] in arguments and s[:1] == "{"}


def _convert(text: str, schema: Schema, argument: Argument) -> str:
    """Write a field for an argument, as text where it has to be and is not."""
    is_text = "string" in schema.core.types or not schema.core.types
    return text if is_text or not _wants_text(argument) else f"str({text})"


def _fit(value: Any, argument: Argument) -> Any:
    return value if isinstance(value, str) or not _wants_text(argument) else str(value)


def _wants_text(argument: Argument) -> bool:
    schema = argument.schema
    return schema is not None and schema.core.types == ("string",)
