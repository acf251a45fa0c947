"""
The methods of a client and its namespaces, written with the arguments that calls really take.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mixdyn.catalog import Entry, Node
from mixdyn.errors import DocumentError, printable
from mixdyn.media import is_binary, is_binary_list
from mixdyn.names import to_pascal
from mixdyn.operation import Argument
from mixdyn.plan import Plan
from mixdyn.signature import argument_type, make_doc, result_type
from mixdyn.surface import Surface
from mixdyn.tools.stubs import syntax
from mixdyn.tools.stubs.module import Module
from mixdyn.tools.stubs.record import Records
from mixdyn.tools.stubs.stream import Events


class Calls:
    """Writes namespaces and methods."""

    def __init__(self, surface: Surface, records: Records, typed: Module) -> None:
        self._surface = surface
        self._records = records
        self._typed = typed
        self._events = Events(surface.types, records, typed)

    def write_members(self, node: Node, path: tuple[str, ...] = ()) -> list[ast.stmt]:
        """Give what a client, or a namespace, has: namespaces first."""
        members: list[ast.stmt] = []
        for name, inner in node.children.items():
            inside = (*path, name)
            kind = self._write_namespace(inner, inside)
            members.append(syntax.read_only(name, kind, self._describe(inside)))
        for entry in node.operations.values():
            members += self._write_methods(entry)
        return members

    def _write_namespace(self, node: Node, path: tuple[str, ...]) -> ast.expr:
        name = self._typed.claim("".join(map(to_pascal, path)))
        members = self.write_members(node, path)
        bases = [syntax.refer("_form", "Namespace")]
        self._typed.add(syntax.class_of(name, bases, members, self._describe(path)))
        return syntax.refer("_typed", name)

    def _describe(self, path: tuple[str, ...]) -> str:
        """Give a namespace's first paragraph; the list of its methods every editor shows itself."""
        kind: type = self._surface.namespaces[path[0]]
        for name in path[1:]:
            kind = getattr(kind, name)
        return str(kind.__doc__).partition("\n\n")[0]

    def _write_methods(self, entry: Entry) -> Iterator[ast.stmt]:
        try:
            plan = self._surface.plan(entry)
        except DocumentError as error:  # its own call will say what is wrong with it
            yield from _write_unusable(entry.name, printable(str(error)))
            return
        arguments = plan.operation.arguments
        keywords = [(a.name, self._write_argument(plan, a), a.required) for a in arguments]
        doc, options = _write_doc(plan), _write_options(plan)
        results = self._write_results(plan)
        for is_async in (False, True):
            yield syntax.function(
                f"{entry.name}_async" if is_async else entry.name,
                results[is_async],
                doc=doc,
                keywords=keywords,
                options=options,
                decorator=syntax.refer("_form", "async_method" if is_async else "method"),
                is_async=is_async,
            )

    def _write_argument(self, plan: Plan, argument: Argument) -> ast.expr:
        schema = argument.schema
        if is_binary(schema):
            written = syntax.refer("_form", "File")
        elif is_binary_list(schema):
            item = syntax.refer("_form", "File")
            written = syntax.subscript(syntax.refer("_form", "Items"), [item])
        else:
            kind = argument_type(argument, plan.operation, self._surface.types)
            written = self._records.inputs.write(kind)
        return written if argument.required else syntax.optional(written)

    def _write_results(self, plan: Plan) -> tuple[ast.expr, ast.expr]:
        """Give what the method returns, and its twin."""
        if plan.is_stream:
            events = [self._events.write(plan)]
            stream, twin = (syntax.refer("_form", name) for name in ("Stream", "AsyncStream"))
            return syntax.subscript(stream, events), syntax.subscript(twin, events)
        media = [m for response in plan.operation.success for m in response.media]
        if media and all(map(plan.reader.is_file, media)):
            kinds = ("Download", "AsyncDownload")
            return syntax.refer("_download", kinds[0]), syntax.refer("_download", kinds[1])
        result = self._records.results.write(result_type(plan, self._surface.types))
        return result, result


def _write_doc(plan: Plan) -> str:
    """Give the docstring; what every call takes is said elsewhere."""
    title, end = "\n\nOptions of every call:\n", "\n\nAnswers:\n"
    doc, _, rest = make_doc(plan).partition(title)
    answers = rest.partition(end)[2]
    return f"{doc}{end}{answers}" if answers else doc


def _write_options(plan: Plan) -> ast.expr:
    options = syntax.refer("_form", "StreamOptions" if plan.is_stream else "Options")
    return syntax.subscript(syntax.refer("_typing", "Unpack"), [options])


def _write_unusable(name: str, doc: str) -> Iterator[ast.stmt]:
    """Give the methods of an operation that the document does not describe as it must."""
    for is_async in (False, True):
        yield syntax.function(
            f"{name}_async" if is_async else name,
            syntax.any_type(),
            doc=doc,
            options=syntax.any_type(),
            decorator=syntax.refer("_form", "async_method" if is_async else "method"),
            is_async=is_async,
        )
