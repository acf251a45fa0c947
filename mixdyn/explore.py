"""
What a prompt shows of a client, a namespace and an operation: pages, made when someone looks.

It asks the plan and the document's types; it knows no client, so what it shows is handed in.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from mixdyn.block import Block, Code, Heading, Paragraph, Span, Table, Words, one_line, words
from mixdyn.catalog import Entry
from mixdyn.errors import excerpt
from mixdyn.example import Example, choose_values, write_call
from mixdyn.kind import write_kind
from mixdyn.maker import FindPlan, Preparation
from mixdyn.media import MediaType, is_binary_list, is_json
from mixdyn.operation import Argument, Operation, Response
from mixdyn.outline import (
    describe_kind,
    indent,
    join_words,
    make_table,
    outline_argument,
    outline_result,
    write_remarks,
)
from mixdyn.page import Page
from mixdyn.plan import Plan
from mixdyn.results import Types
from mixdyn.schema import Schema
from mixdyn.tool import is_upload

_NAME = 60
_TEXT = 300
_DESCRIPTION = 1500
_SUMMARY = 120
_ITEM = re.compile(r"\n[ \t]{0,8}[-*+•][ \t]+")  # of a list, as Markdown has it
_BLANK = re.compile(r"\n[ \t\r]*\n")
_MOST_ROWS = 60
_MOST_FIELDS = 30
_MOST_INNER = 60  # lines below arguments, of all that these hold
_MOST_EVENTS = 30
_MOST_NAMES = 8
_MOST_OPTIONAL = 4


class Subject(NamedTuple):
    """An operation to be shown: its plan, its signature, how it is called, what else there is."""

    plan: Plan
    types: Types
    signature: inspect.Signature
    call: str
    client: str
    entries: Sequence[Entry]
    find_plan: FindPlan


class Group(NamedTuple):
    """One line of a client's page: a namespace, or the client's own operations."""

    name: str
    operations: Sequence[str]
    text: str = ""


def describe(thing: object) -> Page:
    """
    Give the page of a client, a namespace, a method, schemas, or of what a search found.

    Raises TypeError for anything that has none.
    """
    make = getattr(type(thing), "_page", None)
    if make is None:
        raise TypeError(f"{excerpt(thing, 60)}: there is no page about this")
    page: Page = make(thing)
    return page


def show(thing: Any) -> str:
    """Give the text of a thing's page for this terminal; its short form where that cannot be."""
    try:
        return describe(thing).show()
    except Exception as error:  # noqa: BLE001  # a repr must not raise, whatever a document holds
        return f"{_shorten(thing)} (no page: {type(error).__name__})"


def _shorten(thing: Any) -> str:
    try:
        return excerpt(str(thing), 120)
    except Exception:  # noqa: BLE001  # as above
        return f"<{type(thing).__name__}>"


def show_html(thing: Any) -> str | None:
    """Give the HTML of a thing's page; None, for its text, where that cannot be."""
    try:
        return describe(thing).html()
    except Exception:  # noqa: BLE001  # as above
        return None


def describe_client(
    title: str, version: str, server: str, client: str, groups: Sequence[Group]
) -> Page:
    """Give the page of a client: what it is for, where it calls, what there is to call."""
    count = sum(len(group.operations) for group in groups)
    facts = [
        (words(Span("server", "note")), words(one_line(server, 200))),
        (words(Span("operations", "note")), words(str(count))),
    ]
    rows = [_group_row(group) for group in groups[:_MOST_ROWS]]
    head = words(Span(one_line(title, _SUMMARY) or "Untitled API", "title"), f" {version}"[:40])
    hints = _client_hints(client, groups)
    return Page(
        Heading(head),
        Table(tuple(facts)),
        *_titled("Operations", [Table(tuple(rows))] if rows else []),
        *_more(len(groups) - _MOST_ROWS, f"dir({client})"),
        *_titled("Go on with", [Table(hints)]),
    )


def describe_namespace(
    name: str,
    text: str,
    call: str,
    entries: Sequence[Entry],
    children: Iterable[str],
    plan: FindPlan,
) -> Page:
    """Give the page of a namespace: its operations with their call forms, and what is inside."""
    rows = [_entry_row(entry, plan) for entry in entries[:_MOST_ROWS]]
    inner = [(words(Span(one_line(child, _NAME), "name")),) for child in children]
    return Page(
        Heading(words(Span(one_line(name, _NAME), "title"))),
        *_describe_text(text),
        *_titled("Operations", [Table(tuple(rows))] if rows else []),
        *_more(len(entries) - _MOST_ROWS, f"dir({call})"),
        *_titled("Namespaces", [Table(tuple(inner))] if inner else []),
        Paragraph(words(Span(_namespace_hint(call, entries), "note"))),
    )


def describe_operation(subject: Subject) -> Page:
    """Give the page of an operation: call form, arguments, results, errors, an example."""
    plan, operation = subject.plan, subject.plan.operation
    is_gone = [Span("  deprecated", "alert")] if operation.is_deprecated else []
    title = f"{operation.method} {one_line(operation.path, 200)}"
    summary = one_line(operation.summary, _TEXT)
    blocks: list[Block] = [
        Heading(words(Span(write_call_form(operation, subject.signature), "name"))),
        Paragraph(words(Span(title, "note"), *is_gone)),
        *([Paragraph(words(summary))] if summary else []),
        *_describe_text(operation.description),
    ]
    blocks += _titled("Arguments", _describe_arguments(subject))
    blocks += _titled("Returns", _describe_results(subject))
    blocks += _titled("Errors", _describe_errors(plan))
    with suppress(ValueError, TypeError, ArithmeticError, RecursionError):
        # What no value fits gets no example; the rest of the page is worth showing.
        blocks += _titled("Example", [Code(write_example(subject))])
    return Page(*blocks, _operation_hint(subject))


def write_call_form(operation: Operation, signature: inspect.Signature) -> str:
    """Write an operation's call form with types: `sessions.create(*, title: str, …) -> …`."""
    listed: list[str] = []
    for argument in operation.arguments:
        kind = write_kind(signature.parameters[argument.name].annotation)
        listed.append(f"{argument.name}: {kind}" + ("" if argument.required else " = …"))
    result = write_kind(signature.return_annotation)
    inner = ", ".join(["*", *listed]) if listed else ""
    return f"{one_line(operation.name, 2 * _NAME)}({inner}) -> {one_line(result, 200)}"


def write_short_form(name: str, operation: Operation) -> str:
    """Write how an operation is called, in short: `create(title, working_directory=…)`."""
    needed = [f"{a.name}=" for a in operation.arguments if a.required]
    others = [f"{a.name}=…" for a in operation.arguments if not a.required]
    listed = [*needed, *others[:_MOST_OPTIONAL], *(["…"] if others[_MOST_OPTIONAL:] else [])]
    return f"{one_line(name, _NAME)}({one_line(', '.join(listed), 200)})"


def write_example(subject: Subject) -> str:
    """Write a call that runs as it stands; what it names is made first."""
    plan = subject.plan
    values = choose_values(plan)
    before = Preparation(subject.client, subject.entries, subject.find_plan, subject.types)
    made = before.supply(plan, values)
    call = write_call(subject.call, Example(values, made), is_stream=plan.is_stream)
    return "\n".join([*before.lines, call])


def _describe_text(text: str) -> list[Block]:
    """Give the paragraphs and lists of a description, as far as one reads at a prompt."""
    shown = text[:_DESCRIPTION] + ("…" if len(text) > _DESCRIPTION else "")
    blocks: list[Block] = []
    for part in _BLANK.split(shown):
        start, *items = _ITEM.split(f"\n{part}")
        blocks += [Paragraph(words(one_line(start, _DESCRIPTION)))] if start.strip() else []
        rows = [(words(one_line(f"- {item}", _DESCRIPTION)),) for item in items if item.strip()]
        blocks += [Table(tuple(rows))] if rows else []
    return blocks


def _titled(title: str, blocks: Sequence[Block]) -> list[Block]:
    """Put a title above blocks, if there are any."""
    return [Heading(words(Span(title, "title"))), *blocks] if blocks else []


def _more(count: int, hint: str) -> list[Block]:
    text = f"… and {count} more: {hint}"
    return [Paragraph(words(Span(text, "note")))] if count > 0 else []


def _group_row(group: Group) -> tuple[Words, ...]:
    shown = ", ".join(one_line(name, _NAME) for name in group.operations[:_MOST_NAMES])
    rest = len(group.operations) - _MOST_NAMES
    more = Span(f" … {rest} more", "note") if rest > 0 else ""
    return words(Span(one_line(group.name, _NAME), "name")), words(shown, more)


def _client_hints(client: str, groups: Sequence[Group]) -> tuple[tuple[Words, ...], ...]:
    hints: list[tuple[str, str]] = []
    for group in groups[:1]:
        owner = client if group.name == client else f"{client}.{group.name}"
        if owner != client:
            hints.append((owner, "what a namespace can do"))
        hints.append((f"{owner}.{group.operations[0]}", "how to call an operation"))
    hints.append((f'{client}.find("…")', "search by word, path or operationId"))
    hints.append((f"{client}.schemas", "the shapes of what is sent and received"))
    return tuple((words(Span(one_line(code, 100), "name")), words(text)) for code, text in hints)


def _entry_row(entry: Entry, find_plan: FindPlan) -> tuple[Words, ...]:
    try:
        operation = find_plan(entry).operation
    except (ValueError, RecursionError) as error:  # a DocumentError, or a name no request can carry
        broken = Span(f"cannot be used: {one_line(str(error), _SUMMARY)}", "alert")
        return words(Span(f"{one_line(entry.name, _NAME)}(…)", "name")), words(broken)
    text = operation.summary or operation.description or f"{entry.method} {entry.path}"
    gone = Span("deprecated. ", "alert") if operation.is_deprecated else ""
    form = write_short_form(entry.name, operation)
    return words(Span(form, "name")), words(gone, one_line(text, _SUMMARY))


def _namespace_hint(call: str, entries: Sequence[Entry]) -> str:
    if not entries:
        return f"dir({call}) lists what is inside"
    first = f"{call}.{one_line(entries[0].name, _NAME)}"
    return f"{first} shows all about one; each also stands as <name>_async"


def _describe_arguments(subject: Subject) -> list[Block]:
    """Say what each argument means, below an object what it holds, as far as one reads that."""
    rows: list[tuple[Words, ...]] = []
    left = _MOST_INNER
    for argument in subject.plan.operation.arguments:
        rows.append(_argument_row(argument, subject))
        inner = outline_argument(argument.schema, subject.types, min(left, _MOST_FIELDS))
        left -= min(left, len(inner))
        rows += make_table(indent(inner)).rows
    return [Table(tuple(rows))] if rows else []


def _argument_row(argument: Argument, subject: Subject) -> tuple[Words, ...]:
    kind = _argument_kind(argument, subject)
    remarks = write_remarks(
        argument.schema, required=argument.required, is_deprecated=argument.is_deprecated
    )
    place = argument.location if argument.wire == argument.name else _place(argument)
    text = join_words((*remarks, place), one_line(argument.description, _TEXT))
    return words(Span(argument.name, "name")), words(Span(kind, "kind")), text


def _argument_kind(argument: Argument, subject: Subject) -> str:
    """Write an argument's type; a file may be given in many."""
    if is_upload(argument, subject.plan.operation):
        return "list of files" if is_binary_list(argument.schema) else "file"
    return one_line(write_kind(subject.signature.parameters[argument.name].annotation), 200)


def _place(argument: Argument) -> str:
    return f"{argument.location} as {one_line(argument.wire, _NAME)}"


def _describe_results(subject: Subject) -> list[Block]:
    """Say what success gives: each status, its type, and the fields of that."""
    plan = subject.plan
    if plan.is_stream:
        return _describe_events(subject)
    rows: list[tuple[Words, ...]] = []
    fields: list[Block] = []
    for response in plan.operation.success:
        text = one_line(response.description, _TEXT)
        for media in response.media or (None,):
            kind = _result_kind(subject, media)
            note = (
                f" ({one_line(media.content_type, _NAME)})" if media and not _is_json(media) else ""
            )
            rows.append((_status(response), words(Span(kind, "kind"), note), words(text)))
            fields = fields or _describe_fields(media.schema if media else None, subject.types)
    return [Table(tuple(rows)), *fields] if rows else []


def _describe_fields(schema: Schema | None, types: Types) -> list[Block]:
    found = outline_result(schema, types)[:_MOST_FIELDS] if schema is not None else []
    return [make_table(found)] if found else []


def _describe_events(subject: Subject) -> list[Block]:
    """Say what a stream gives: the kinds of its events, and what each carries."""
    events, types = subject.plan.events, subject.types
    kind = write_kind(subject.signature.return_annotation)
    blocks: list[Block] = [Paragraph(words(Span(kind, "kind"), ", to be used with `with`"))]
    if events.discriminator is None:
        return blocks + _describe_fields(events.schema, types)
    rows: list[tuple[Words, ...]] = []
    for tag, branch in list(events.discriminator.branches.items())[:_MOST_EVENTS]:
        data = branch.properties.get("data") if events.is_envelope else branch
        carried = describe_kind(types, data, f"{tag}_data")
        text = one_line(branch.description, _TEXT)
        name = words(Span(one_line(tag, _NAME), "name"))
        rows.append((name, words(Span(carried, "kind")), words(text)))
    return [*blocks, Table(tuple(rows))]


def _result_kind(subject: Subject, media: MediaType | None) -> str:
    """Write the type of one answer, and `open download` for bytes."""
    if media is None:
        return "None"
    if subject.plan.reader.is_file(media):
        return "open download"
    return describe_kind(subject.types, media.schema, subject.plan.reader.result_name)


def _is_json(media: MediaType) -> bool:
    return is_json(media.essence)


def _status(response: Response) -> Words:
    return words(Span(one_line(response.status, 20), "name"))


def _describe_errors(plan: Plan) -> list[Block]:
    """Say which statuses are errors, and which class each raises."""
    success = plan.operation.success
    rows: list[tuple[Words, ...]] = []
    for response in plan.operation.responses:
        if response in success or response.status[:1] in "123":
            continue
        names = {plan.reader.error_name(m) for m in response.media if m.schema is not None}
        kind = one_line(", ".join(sorted(names)), 100) or "MixDefaultError"
        text = words(one_line(response.description, _TEXT))
        rows.append((_status(response), words(Span(kind, "kind")), text))
    return [Table(tuple(rows))] if rows else []


def _operation_hint(subject: Subject) -> Paragraph:
    options = ", ".join(f"{name}=" for name in subject.plan.operation.call_options)
    more = f"{subject.call}_async(…), .prepare(…), .with_response(…), .tool()"
    text = f"Also takes {options}. Also: {more}"
    return Paragraph(words(Span(text, "note")))
