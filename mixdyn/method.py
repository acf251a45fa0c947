"""
Makes the real functions that operations become: name, signature, annotations and doc included.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial, reduce
from textwrap import fill
from types import MethodType
from typing import Any

from mixdyn.descriptor import Fallback
from mixdyn.effect import Flow
from mixdyn.engine import AsyncEngine, Engine
from mixdyn.errors import DocumentError, printable
from mixdyn.flow import Outcome, call, prepare
from mixdyn.media import MediaType, is_binary
from mixdyn.operation import Argument, Operation, Response
from mixdyn.plan import Plan
from mixdyn.prepared import Prepared
from mixdyn.results import Types
from mixdyn.retry import RetryConfig
from mixdyn.schema import Schema
from mixdyn.settings import UNSET, Unset
from mixdyn.stream import AsyncEventStream, EventStream

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

Caller = Callable[..., Any]
Steps = Callable[..., Flow]


class Routine:
    """
    What stands in a namespace's class for one operation: its function there, a `Method` on objects.

    The function is a real one, with signature, annotations and doc.
    """

    __slots__ = ("function", "is_async", "plan")

    def __init__(self, plan: Plan, function: Caller, *, is_async: bool) -> None:
        self.plan = plan
        self.function = function
        self.is_async = is_async

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self.function
        return AsyncMethod(self, instance) if self.is_async else Method(self, instance)


_EXTRAS = ("prepare", "tool", "with_response")  # what a bound method does not have
_DOC = property(lambda method: method.__func__.__doc__)


class Method:
    __slots__ = ("__self__", "__weakref__", "_routine")
    __module__ = "mixdyn"

    # An operation of a client: called, it makes the call; it can also be prepared, and answer with
    # all there is to know. `inspect`, `help()` and shells take it for the bound method it stands
    # for: so it says. A docstring here would hide that of the operation.
    __class__ = property(lambda _: MethodType)  # pyright: ignore[reportIncompatibleMethodOverride]  # see above
    __doc__ = _DOC  # pyright: ignore[reportAssignmentType]  # of the operation

    def __init__(self, routine: Routine, instance: Any) -> None:
        self._routine = routine
        self.__self__ = instance

    def __call__(self, /, *positional: Any, **keywords: Any) -> Any:
        return self._routine.function(self.__self__, *positional, **keywords)

    def prepare(self, /, *positional: Any, **keywords: Any) -> Prepared:
        """Build the request of a call, credentials included, and send nothing."""
        made: Prepared = self._run(prepare, positional, keywords)
        return made

    def with_response(self, /, *positional: Any, **keywords: Any) -> Outcome:
        """Make the call, and give its result with status, headers, attempts and time elapsed."""
        outcome: Outcome = self._run(call, positional, keywords)
        return outcome

    def _run(self, steps: Steps, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        client = self.__self__._client
        flow = begin(steps, self._routine.plan, client, positional, keywords)
        return Engine(client._connections).run(flow)

    @property
    def __func__(self) -> Caller:
        return self._routine.function

    @Fallback
    def __getattr__(self, name: str) -> Any:
        return getattr(self._routine.function, name)

    def __dir__(self) -> list[str]:
        return sorted({*dir(MethodType), *_EXTRAS})

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Method)
            and self._routine is other._routine
            and self.__self__._client is other.__self__._client
        )

    def __hash__(self) -> int:
        return hash((self._routine, id(self.__self__._client)))

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self.__self__, self.__func__.__name__)

    def tool(self, style: str = "plain") -> dict[str, Any]:
        """
        Give the operation as a tool definition for language models, its arguments as JSON schema.

        Args:
            style: `plain` (name, description, parameters), `openai`, `anthropic` or `mcp`.
        """
        from mixdyn.tool import make_tool

        surface = self.__self__._client._surface
        operation = self._routine.plan.operation
        return make_tool(operation, surface.tool_name(operation.name), style)

    def _page(self) -> Any:
        """Give the page about this operation."""
        from mixdyn.explore import Subject, describe_operation

        client, plan = self.__self__._client, self._routine.plan
        variable, surface = type(client).__name__.lower(), client._surface
        call = f"{variable}.{plan.operation.name}"
        signature = make_signature(plan, surface.types)
        entries = surface.catalog.entries
        subject = Subject(plan, surface.types, signature, call, variable, entries, surface.plan)
        return describe_operation(subject)

    def _repr_html_(self) -> str | None:
        from mixdyn.explore import show_html

        return show_html(self)

    def __repr__(self) -> str:
        from mixdyn.explore import show

        return show(self)

    def __str__(self) -> str:
        return f"<method {self.__func__.__qualname__} of {type(self.__self__._client).__name__}>"


class AsyncMethod(Method):
    __slots__ = ()
    __module__ = "mixdyn"
    __doc__ = _DOC  # pyright: ignore[reportAssignmentType]  # of the operation

    async def prepare(self, /, *positional: Any, **keywords: Any) -> Prepared:  # type: ignore[override]  # awaited, as the twin is
        """Build the request of a call, credentials included, and send nothing."""
        made: Prepared = await self._run(prepare, positional, keywords)
        return made

    async def with_response(self, /, *positional: Any, **keywords: Any) -> Outcome:  # type: ignore[override]  # awaited, as the twin is
        """Make the call, and give its result with status, headers, attempts and time elapsed."""
        outcome: Outcome = await self._run(call, positional, keywords)
        return outcome

    async def _run(
        self, steps: Steps, positional: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        client = self.__self__._client
        flow = begin(steps, self._routine.plan, client, positional, keywords)
        return await AsyncEngine(client._connections).run(flow)


def begin(
    steps: Steps, plan: Plan, client: Any, positional: tuple[Any, ...], keywords: dict[str, Any]
) -> Flow:
    """Bind a call's arguments, and give what is to be done about it."""
    return steps(plan, client._settings, plan.binder.bind(positional, keywords))


def make_methods(plan: Plan, types: Types, name: str, owner: str) -> tuple[Routine, Routine]:
    """
    Make an operation's method and its `_async` twin.

    The functions of both are plain; their first argument has a `_client`; the twin's is a coroutine
    function.

    Args:
        plan: the operation's plan.
        types: the document's types, for annotations.
        name: the method's name.
        owner: the qualified name of the class that will hold it.
    """

    def method(self: Any, /, *positional: Any, **keywords: Any) -> Any:
        flow = begin(call, plan, self._client, positional, keywords)
        return Engine(self._client._connections).run(flow).result

    async def twin(self: Any, /, *positional: Any, **keywords: Any) -> Any:
        flow = begin(call, plan, self._client, positional, keywords)
        return (await AsyncEngine(self._client._connections).run(flow)).result

    doc = make_doc(plan)
    for function, called in ((method, name), (twin, f"{name}_async")):
        signature = make_signature(plan, types, is_async=function is twin)
        function.__name__ = called
        function.__qualname__ = f"{owner}.{called}"
        function.__module__ = "mixdyn"
        function.__doc__ = doc
        setattr(function, "__signature__", signature)  # noqa: B010  # no checker knows it
        function.__annotations__ = {
            p.name: p.annotation for p in signature.parameters.values() if p.name != "self"
        } | {"return": signature.return_annotation}
    return Routine(plan, method, is_async=False), Routine(plan, twin, is_async=True)


def make_signature(plan: Plan, types: Types, *, is_async: bool = False) -> inspect.Signature:
    """Give the signature that the operation's method shows: keywords, required ones first."""
    operation = plan.operation
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)]
    for argument in operation.arguments:
        kind = argument_type(argument, operation, types)
        default = inspect.Parameter.empty if argument.required else _default(argument)
        if default is None:
            kind = _join([kind, None])
        parameters.append(
            inspect.Parameter(argument.name, keyword, default=default, annotation=kind)
        )
    for name in operation.call_options:
        kind, default, _ = _OPTIONS[name]
        parameters.append(inspect.Parameter(name, keyword, default=default, annotation=kind))
    result = result_type(plan, types, is_async=is_async)
    return inspect.Signature(parameters, return_annotation=result)


def argument_type(argument: Argument, operation: Operation, types: Types) -> Any:
    """Give the Python type that an argument takes; files take many, and so are `Any`."""
    schema = argument.schema
    if is_binary(schema) or (schema is not None and is_binary(schema.items)):
        return Any
    return _annotate(types, schema, f"{operation.operation_id or operation.name}_{argument.wire}")


def result_type(plan: Plan, types: Types, *, is_async: bool = False) -> Any:
    """Give the Python type that the method returns, or that awaiting its twin gives."""
    if plan.is_stream:
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
    arguments = [_entry(a.name, a.description or _place(a)) for a in operation.arguments]
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
    if plan.reader.match(200, media.content_type).kind == "binary":
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


def _place(argument: Argument) -> str:
    """Say of an argument without a description at least where it goes."""
    kind = "property of the body" if argument.location == "body" else argument.location
    kind = f"{kind} parameter" if argument.parameter is not None else kind
    return f"The {kind} {printable(argument.wire)!r}."


def _answer(plan: Plan, response: Response) -> str:
    """Say what an answer means, and which error it raises."""
    names = {plan.reader.error_name(m) for m in response.media if m.schema is not None}
    is_error = response.status[:1] in ("4", "5") or response.status.lower() == "default"
    raised = f" (raises {', '.join(sorted(names))})" if names and is_error else ""
    return f"{response.description.strip()}{raised}"
