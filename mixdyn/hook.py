"""
What a caller's own objects may do to a call: see and replace its request, response, error, result.

Knows when hooks run and what their answers mean; performs none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeGuard

from mixdyn.errors import excerpt
from mixdyn.record import NamedTuple
from mixdyn.shape import is_array

Hook = Callable[..., Any]

POINTS = ("before_request", "after_success", "after_error", "after_result")


class HookContext(NamedTuple):
    """
    Which call a hook sees.

    `operation` is the document's operation, `operation_id` its id or the method's name, `base_url`
    the server's URL, `attempt` the number of the attempt under way, from 1.
    """

    operation: Any
    operation_id: str
    base_url: str
    attempt: int


class Run(NamedTuple):
    """Call a function of the caller's, and await what it gives where that can be awaited."""

    function: Hook
    arguments: tuple[Any, ...]


HookRun = Generator[Run, Any, Any]


class Hooks(NamedTuple):
    """
    The hooks of a client, by the moment at which they run, in the order given.

    - `before_request(context, request)`: the HTTP client's request, before each attempt.
    - `after_success(context, response)`: a response below 400, before it is decoded.
    - `after_error(context, response, error)`: after each attempt that failed; `response` is None
      where none came, else it is read, and `error` is what is about to be raised.
    - `after_result(context, result)`: what the caller is about to get.

    Each gives None to leave things as they are, another of what it was given to replace it, or an
    exception to raise; `after_error` may also give a pair of response and error, where None for the
    error lets the response count. What a hook raises ends the call.
    """

    before_request: tuple[Hook, ...] = ()
    after_success: tuple[Hook, ...] = ()
    after_error: tuple[Hook, ...] = ()
    after_result: tuple[Hook, ...] = ()


NO_HOOKS = Hooks()


def collect_hooks(given: Any) -> Hooks:
    """
    Give the hooks of one object or of several, each with any of the methods of `Hooks`.

    Raises TypeError for an object that has none of them.
    """
    if given is None:
        return NO_HOOKS
    objects = list(given) if is_array(given) and not isinstance(given, Hooks) else [given]
    for each in objects:
        if not any(callable(getattr(each, point, None)) for point in POINTS):
            shown = excerpt(each, 60)
            raise TypeError(f"hooks: {shown} has none of the methods {', '.join(POINTS)}")
    found = {p: tuple(_find(objects, p)) for p in POINTS}
    return Hooks(**found)


def replace_with(hooks: tuple[Hook, ...], context: HookContext, value: Any) -> HookRun:
    """Run hooks over a request, a response or a result, and give what they make of it."""
    for hook in hooks:
        answer = yield Run(hook, (context, value))
        if isinstance(answer, Exception):
            raise answer
        value = value if answer is None else answer
    return value


def settle_error(
    hooks: tuple[Hook, ...], context: HookContext, response: Any, error: Exception | None
) -> HookRun:
    """Run hooks over a failed attempt, and give the response and the error that then count."""
    for hook in hooks:
        answer = yield Run(hook, (context, response, error))
        if _is_pair(answer):
            response, error = answer
        elif isinstance(answer, Exception):
            error = answer
        elif answer is not None:
            response, error = answer, None
    return response, error


def _is_pair(answer: Any) -> TypeGuard[tuple[Any, Any]]:
    return isinstance(answer, tuple) and len(answer) == 2  # pyright: ignore[reportUnknownArgumentType]  # Any


def _find(objects: list[Any], point: str) -> list[Hook]:
    found = (getattr(each, point, None) for each in objects)
    return [hook for hook in found if callable(hook)]
