"""
Makes the real functions that operations become: name, signature, annotations and doc included.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from textwrap import fill
from typing import Any

from mixdyn.binding import call_form
from mixdyn.engine import AsyncEngine, Engine
from mixdyn.errors import printable
from mixdyn.flow import call
from mixdyn.operation import Argument, Operation, is_binary
from mixdyn.plan import Plan
from mixdyn.results import Types
from mixdyn.retry import RetryConfig
from mixdyn.settings import UNSET, Unset
from mixdyn.stream import EventStream

_WIDTH = 96
_OPTIONS: dict[str, tuple[Any, Any, str]] = {
    "retries": (RetryConfig | Unset | None, UNSET, "when to send again; None for never"),
    "server_url": (str | None, None, "the server to call instead of the client's"),
    "timeout_ms": (int | Unset | None, UNSET, "limits in milliseconds; None for none"),
    "http_headers": (Mapping[str, str] | None, None, "headers to add or to replace"),
    "accept_header_override": (str | None, None, "the media type to ask for"),
}

Caller = Callable[..., Any]


def make_methods(plan: Plan, types: Types, name: str, owner: str) -> tuple[Caller, Caller]:
    """
    Make an operation's method and its `_async` twin.

    Both are plain functions whose first argument has a `_client`; the twin is a coroutine function.

    Args:
        plan: the operation's plan.
        types: the document's types, for annotations.
        name: the method's name.
        owner: the qualified name of the class that will hold it.
    """

    def method(self: Any, /, *positional: Any, **keywords: Any) -> Any:
        client = self._client
        bound = plan.binder.bind(positional, keywords)
        return Engine(client._connections).run(call(plan, client._settings, bound))

    async def twin(self: Any, /, *positional: Any, **keywords: Any) -> Any:
        client = self._client
        bound = plan.binder.bind(positional, keywords)
        return await AsyncEngine(client._connections).run(call(plan, client._settings, bound))

    signature = make_signature(plan, types)
    doc = make_doc(plan.operation)
    for function, called in ((method, name), (twin, f"{name}_async")):
        function.__name__ = called
        function.__qualname__ = f"{owner}.{called}"
        function.__module__ = "mixdyn"
        function.__doc__ = doc
        setattr(function, "__signature__", signature)  # noqa: B010  # no checker knows it
        function.__annotations__ = {
            p.name: p.annotation for p in signature.parameters.values() if p.name != "self"
        } | {"return": signature.return_annotation}
    return method, twin


def make_signature(plan: Plan, types: Types) -> inspect.Signature:
    """Give the signature that the operation's method shows: keywords, required ones first."""
    operation = plan.operation
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)]
    for argument in operation.arguments:
        kind = argument_type(argument, operation, types)
        default = inspect.Parameter.empty if argument.required else _default(argument)
        if not argument.required and default is None:
            kind = kind | None if kind is not Any else kind
        parameters.append(
            inspect.Parameter(argument.name, keyword, default=default, annotation=kind)
        )
    for name in operation.call_options:
        kind, default, _ = _OPTIONS[name]
        parameters.append(inspect.Parameter(name, keyword, default=default, annotation=kind))
    return inspect.Signature(parameters, return_annotation=result_type(plan, types))


def argument_type(argument: Argument, operation: Operation, types: Types) -> Any:
    """Give the Python type that an argument takes; files take many, and so are `Any`."""
    schema = argument.schema
    if is_binary(schema) or (schema is not None and is_binary(schema.items)):
        return Any
    return types.annotation(schema, f"{operation.operation_id or operation.name}_{argument.wire}")


def result_type(plan: Plan, types: Types) -> Any:
    """Give the Python type that the method returns."""
    if plan.is_stream:
        return EventStream
    media = [m for r in plan.operation.success for m in r.media]
    if not media:
        return None
    if plan.reader.match(200, media[0].content_type).kind == "binary":
        return Any
    return types.annotation(media[0].schema, plan.reader.result_name)


def make_doc(operation: Operation) -> str:
    """Write the docstring: what it does, what each argument means, what comes back."""
    texts = [operation.summary, operation.description]
    if operation.is_deprecated:
        texts.append("Deprecated.")
    sections = [_paragraphs(t) for t in texts if t] or [f"Call {operation.label}."]
    sections.append(f"{operation.method} {printable(operation.path)}")
    described = [_entry(a.name, a.description, a.required) for a in operation.arguments]
    if described:
        sections.append("\n".join(["Args:", *described]))
    options = [_entry(name, _OPTIONS[name][2], False) for name in operation.call_options]
    sections.append("\n".join(["Options of the call:", *options]))
    answers = [_entry(r.status, r.description, True) for r in operation.responses]
    if answers:
        sections.append("\n".join(["Answers:", *answers]))
    sections.append(f"Call it as\n\n    {call_form(operation)}")
    return "\n\n".join(sections)


def _default(argument: Argument) -> Any:
    """Show the document's default where it is a plain value; it is the server that applies it."""
    default = argument.schema.get("default") if argument.schema is not None else None
    return default if isinstance(default, (str, int, float, bool)) else None


def _paragraphs(text: str) -> str:
    lines = printable(text).strip().splitlines()
    return "\n".join(fill(line, _WIDTH) if line.strip() else "" for line in lines)


def _entry(name: str, text: str, required: bool) -> str:
    words = " ".join(printable(text).split()) + ("" if required else " (optional)")
    indent = " " * 8
    return fill(f"    {printable(name)}: {words.strip()}", _WIDTH, subsequent_indent=indent)
