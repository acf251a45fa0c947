"""
What a method says of itself: signature, annotations and docstring, made of the operation.

Loaded when a method is first looked at; calls do without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, reduce
from inspect import Parameter, Signature
from textwrap import fill
from typing import Any

from mixdyn.errors import DocumentError, printable
from mixdyn.media import MediaType, is_upload
from mixdyn.operation import Argument, Operation, Response
from mixdyn.plan import Plan
from mixdyn.results import Types
from mixdyn.retry import RetryConfig
from mixdyn.schema import Schema
from mixdyn.settings import UNSET, Unset

_WIDTH = 96
_LONGEST_DOC = 10_000
_fill = partial(fill, break_long_words=False, break_on_hyphens=False)
_OPTIONS: dict[str, tuple[Any, Any, str]] = {
    "retries": (RetryConfig | Unset | None, UNSET, "When to send again; None for never."),
    "server_url": (str | None, None, "The server to call instead of the client's."),
    "timeout_ms": (int | Unset | None, UNSET, "The time limit in milliseconds; None for none."),
    "http_headers": (Mapping[str, str] | None, None, "Headers to add or to replace."),
    "accept_header_override": (str | None, None, "The media type to ask for."),
}


def complete(
    function: Callable[..., Any], plan: Plan, types: Types, *, is_async: bool = False
) -> None:
    """Give a method's function its docstring, its annotations and, last, its signature."""
    signature = make_signature(plan, types, is_async=is_async)
    function.__doc__ = make_doc(plan)
    function.__annotations__ = {
        p.name: p.annotation for p in signature.parameters.values() if p.name != "self"
    } | {"return": signature.return_annotation}
    setattr(function, "__signature__", signature)  # noqa: B010  # no checker knows it


def make_signature(plan: Plan, types: Types, *, is_async: bool = False) -> Signature:
    """Give the signature that the operation's method shows: keywords, required ones first."""
    operation = plan.operation
    keyword = Parameter.KEYWORD_ONLY
    parameters = [Parameter("self", Parameter.POSITIONAL_ONLY)]
    for argument in operation.arguments:
        kind = argument_type(argument, operation, types)
        default = Parameter.empty if argument.required else _default(argument)
        if default is None:
            kind = _join([kind, None])
        parameters.append(Parameter(argument.name, keyword, default=default, annotation=kind))
    for name in operation.call_options:
        kind, default, _ = _OPTIONS[name]
        parameters.append(Parameter(name, keyword, default=default, annotation=kind))
    result = result_type(plan, types, is_async=is_async)
    return Signature(parameters, return_annotation=result)


def argument_type(argument: Argument, operation: Operation, types: Types) -> Any:
    """Give the Python type that an argument takes; files take many, and so are `Any`."""
    if is_upload(argument.schema):
        return Any
    name = f"{operation.operation_id or operation.name}_{argument.wire}"
    return _annotate(types, argument.schema, name)


def result_type(plan: Plan, types: Types, *, is_async: bool = False) -> Any:
    """Give the Python type that the method returns, or that awaiting its twin gives."""
    if plan.is_stream:
        from mixdyn.stream import AsyncEventStream, EventStream

        return AsyncEventStream if is_async else EventStream
    kinds: list[Any] = []
    for response in plan.operation.success:
        kinds += [_media_type(plan, types, media) for media in response.media] or [None]
    return _join(kinds) if kinds else Any


def make_doc(plan: Plan) -> str:
    """Write the docstring: what it does, what each argument means, what the server answers."""
    operation = plan.operation
    texts = [operation.summary, operation.description]
    if operation.is_deprecated:
        texts.append("Deprecated.")
    sections = [_paragraphs(t) for t in texts if t.strip()] or [f"Call {operation.label}."]
    sections.append(f"{operation.method} {printable(operation.path)}")
    arguments = [_entry(a.name, _explain(a)) for a in operation.arguments]
    options = [_entry(name, _OPTIONS[name][2]) for name in operation.call_options]
    answers = [_entry(r.status, _answer(plan, r)) for r in operation.responses]
    for title, entries in (
        ("Args:", arguments),
        ("Options of every call:", options),
        ("Answers:", answers),
    ):
        if entries:
            sections.append("\n".join([title, *entries]))
    return "\n\n".join(sections)


def _media_type(plan: Plan, types: Types, media: MediaType) -> Any:
    if plan.reader.is_file(media):
        return Any  # the HTTP client's own response
    return _annotate(types, media.schema, plan.reader.result_name)


def _annotate(types: Types, schema: Schema | None, name: str) -> Any:
    """Give a schema's type; Any where its references lead nowhere: a call will say so."""
    try:
        return types.annotation(schema, name)
    except DocumentError:
        return Any


def _join(kinds: list[Any]) -> Any:
    """Give the union of types, each once; anything joined with Any is Any."""
    unique = [kind for i, kind in enumerate(kinds) if kind not in kinds[:i]]
    return Any if Any in unique else reduce(lambda some, other: some | other, unique)


def _default(argument: Argument) -> Any:
    """Show the document's default where it is a plain value; it is the server that applies it."""
    default = argument.schema.get("default") if argument.schema is not None else None
    return default if isinstance(default, (str, int, float, bool)) else None


def _paragraphs(text: str) -> str:
    lines = printable(text[:_LONGEST_DOC]).strip().splitlines()
    return "\n".join(_fill(line, _WIDTH) if line.strip() else "" for line in lines)


def _entry(name: str, text: str) -> str:
    words = " ".join(printable(text[:_LONGEST_DOC]).split())
    return _fill(f"    {printable(name)}: {words}", _WIDTH, subsequent_indent=" " * 8)


def _explain(argument: Argument) -> str:
    text = argument.description or _place(argument)
    return f"Deprecated. {text}" if argument.is_deprecated else text


def _place(argument: Argument) -> str:
    """Say of an argument without a description at least where it goes."""
    kind = "property of the body" if argument.location == "body" else argument.location
    kind = f"{kind} parameter" if argument.parameter is not None else kind
    return f"The {kind} {printable(argument.wire)!r}."


def _answer(plan: Plan, response: Response) -> str:
    """Say what an answer means, and which error it raises."""
    names = {plan.reader.error_name(m) for m in response.media if m.schema is not None}
    raised = f" (raises {', '.join(sorted(names))})" if names and response.is_error else ""
    return f"{response.description.strip()}{raised}"
