"""
Makes the real functions that operations become; `signature` completes them when they are looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeAlias

from mixdyn.descriptor import Fallback
from mixdyn.garbage import at_rest
from mixdyn.plan import Plan
from mixdyn.results import Types

if TYPE_CHECKING:
    from mixdyn.effect import Flow
    from mixdyn.engine import AsyncEngine, Engine
    from mixdyn.flow import Outcome
    from mixdyn.prepared import Prepared

Caller = Callable[..., Any]
Steps: TypeAlias = "Callable[..., Flow]"


class Routine:
    """
    What stands in a namespace's class for one operation: its function there, a `Method` on objects.

    The function is a real one. To be called, it needs neither signature nor doc: they are written
    when it is first looked at.
    """

    __slots__ = ("call", "is_async", "plan", "types")

    def __init__(self, plan: Plan, types: Types, call: Caller, *, is_async: bool) -> None:
        self.plan = plan
        self.types = types
        self.call = call
        self.is_async = is_async

    @property
    def function(self) -> Caller:
        """The function, with signature, annotations and doc."""
        if not hasattr(self.call, "__signature__"):
            from mixdyn.signature import complete

            complete(self.call, self.plan, self.types, is_async=self.is_async)
        return self.call

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self.function
        if instance._client._surface.document is not self.plan.document:
            return self._find_now(instance)
        return AsyncMethod(self, instance) if self.is_async else Method(self, instance)

    def _find_now(self, instance: Any) -> Any:
        """Give what a namespace that is held has by this name now; else the call will say."""
        now, name = instance._now(), self.function.__name__
        if now is not instance and name in dir(now):
            return getattr(now, name)
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
        return self._routine.call(self.__self__, *positional, **keywords)

    def prepare(self, /, *positional: Any, **keywords: Any) -> Prepared:
        """Build the request of a call, credentials included, and send nothing."""
        from mixdyn.flow import prepare

        made: Prepared = self._run(prepare, positional, keywords)
        return made

    def with_response(self, /, *positional: Any, **keywords: Any) -> Outcome:
        """Make the call, and give its result with status, headers, attempts and time elapsed."""
        from mixdyn.flow import call

        outcome: Outcome = self._run(call, positional, keywords)
        return outcome

    def _run(self, steps: Steps, positional: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        from mixdyn.engine import Engine

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
        from mixdyn.signature import make_signature

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
        from mixdyn.flow import prepare

        made: Prepared = await self._run(prepare, positional, keywords)
        return made

    async def with_response(self, /, *positional: Any, **keywords: Any) -> Outcome:  # type: ignore[override]  # awaited, as the twin is
        """Make the call, and give its result with status, headers, attempts and time elapsed."""
        from mixdyn.flow import call

        outcome: Outcome = await self._run(call, positional, keywords)
        return outcome

    async def _run(
        self, steps: Steps, positional: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        from mixdyn.engine import AsyncEngine

        client = self.__self__._client
        flow = begin(steps, self._routine.plan, client, positional, keywords)
        return await AsyncEngine(client._connections).run(flow)


def begin(
    steps: Steps, plan: Plan, client: Any, positional: tuple[Any, ...], keywords: dict[str, Any]
) -> Flow:
    """
    Bind a call's arguments, and give what is to be done about it.

    What was made for another document than the client has by now goes by the client's.
    """
    surface = client._surface
    if surface.document is not plan.document:
        from mixdyn.succession import succeed

        plan = succeed(plan, surface.catalog.entries, surface.plan)
    return steps(plan, client._settings, plan.binder.bind(positional, keywords))


@cache
@at_rest(ages=True)
def load_means() -> tuple[type[Engine], type[AsyncEngine], Steps]:
    """Give what performs calls, loaded with the first one: who only looks does without."""
    from mixdyn.engine import AsyncEngine, Engine
    from mixdyn.flow import call

    return Engine, AsyncEngine, call


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
        engine, _, call = load_means()
        flow = begin(call, plan, self._client, positional, keywords)
        return engine(self._client._connections).run(flow).result

    async def twin(self: Any, /, *positional: Any, **keywords: Any) -> Any:
        _, engine, call = load_means()
        flow = begin(call, plan, self._client, positional, keywords)
        return (await engine(self._client._connections).run(flow)).result

    for function, called in ((method, name), (twin, f"{name}_async")):
        function.__name__ = called
        function.__qualname__ = f"{owner}.{called}"
        function.__module__ = "mixdyn"
    plain = Routine(plan, types, method, is_async=False)
    return plain, Routine(plan, types, twin, is_async=True)
