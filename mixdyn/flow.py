"""
One call, as a generator that decides and does no I/O: it yields effects and gets their outcomes.

An engine performs the effects, blocking or awaiting; see `engine`.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from mixdyn.binding import Bound
from mixdyn.content import ContentError
from mixdyn.errors import Problem, ResponseValidationError, excerpt
from mixdyn.operation import Operation
from mixdyn.plan import Plan
from mixdyn.request import Request
from mixdyn.response import MAX_ERROR_BYTES, MAX_JSON_BYTES
from mixdyn.retry import (
    SAFE_METHODS,
    Policy,
    RetryConfig,
    is_retried,
    next_delay,
    parse_extension,
    parse_retry_after,
)
from mixdyn.security import apply_security, choose_requirement
from mixdyn.server import resolve_server
from mixdyn.settings import Modes, Report, Settings, Unset, check_timeout
from mixdyn.stream import EventFeed

_MAX_SERVER_URLS = 64
# The same names in httpx and httpx2; told by name, so that neither need be imported.
_NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})
_TRANSPORT = "TransportError"

logger = logging.getLogger("mixdyn")


class Send(NamedTuple):
    """Send the request; the outcome is the HTTP client's response, open and unread."""

    request: Request
    is_stream: bool
    timeout: tuple[float | None, ...] | None


class Read(NamedTuple):
    """Read the whole body, decoded; the outcome is bytes."""

    response: Any
    limit: int


class Close(NamedTuple):
    """Close the response."""

    response: Any


class Sleep(NamedTuple):
    """Wait."""

    seconds: float


class Open(NamedTuple):
    """Make an iterator of events out of the open response; the outcome is that."""

    response: Any
    feed: EventFeed


Effect = Send | Read | Close | Sleep | Open
Flow = Generator[Effect, Any, Any]


class Clock(NamedTuple):
    """The sources of time and chance, as arguments so that tests can choose them."""

    monotonic: Callable[[], float] = time.monotonic
    time: Callable[[], float] = time.time
    random: Callable[[], float] = random.random


SYSTEM_CLOCK = Clock()


def call(
    plan: Plan,
    settings: Settings,
    bound: Bound,
    clock: Clock = SYSTEM_CLOCK,
) -> Flow:
    """
    Make one call: build, send, retry, read, check; the generator's value is the result.

    Args:
        plan: the operation's plan.
        settings: the client's settings.
        bound: the call's arguments and options.
        clock: where time and chance come from.
    """
    options = bound.options
    modes = settings.modes.changed(options.get("validate"))
    request = build_request(plan, settings, bound, modes)
    limits = _timeouts(check_timeout(options.get("timeout_ms", settings.timeout_ms)))
    policy = partial(_policy, plan, settings, options)
    try:
        response = yield from _send(Send(request, plan.is_stream, limits), policy, clock)
    finally:
        for upload in request.opened:
            upload.close()
    return (yield from _receive(plan, response, modes))


def build_request(
    plan: Plan,
    settings: Settings,
    bound: Bound,
    modes: Modes,
) -> Request:
    """Build a call's request with its credentials; nothing is sent."""
    operation, options = plan.operation, bound.options
    server_url = _server_url(plan, settings, options.get("server_url"))
    accept = options.get("accept_header_override")
    request = plan.builder.build(
        bound.values,
        server_url,
        options.get("http_headers") or {},
        accept=getattr(accept, "value", accept),
        mode=modes.request,
        report=_reporter(operation, "request"),
    )
    url = request.url
    for name in choose_requirement(operation.security, settings.security):
        url = apply_security(plan.schemes[name], settings.security[name], url, request.headers)
    return request if url == request.url else replace(request, url=url)


def _server_url(plan: Plan, settings: Settings, given: str | None) -> str:
    """Give the server's URL, worked out once for the same settings."""
    key = (given or settings.server_url, settings.server_idx, *settings.url_params.items())
    found = plan.server_urls.get(key)
    if found is None:
        found = resolve_server(plan.document, plan.operation, settings, given)
        if len(plan.server_urls) < _MAX_SERVER_URLS:
            plan.server_urls[key] = found
    return found


def _send(send: Send, get_policy: Callable[[], Policy | None], clock: Clock) -> Flow:
    """Send until an answer stands: the discarded ones are closed, and waited for as they ask."""
    started, attempt = clock.monotonic(), 0
    while True:
        attempt += 1
        try:
            response = yield send
        except Exception as error:
            policy = get_policy()
            if policy is None or not _is_retried_error(policy, error):
                raise
            delay = _delay(policy, clock, started, attempt, None)
            if delay is None:
                raise
        else:
            if response.status_code < 400:
                return response
            policy = get_policy()
            delay = _delay_after(policy, response, clock, started, attempt)
            if delay is None:
                return response
            yield Close(response)
        logger.debug("attempt %d failed; the next follows in %.0f ms", attempt, delay)
        yield Sleep(delay / 1000)


def _delay_after(
    policy: Policy | None, response: Any, clock: Clock, started: float, attempt: int
) -> float | None:
    if policy is None:
        return None
    retry_after = parse_retry_after(response.headers, clock.time())
    has_retry_after = retry_after is not None
    if not is_retried(policy, response.status_code, has_retry_after=has_retry_after):
        return None
    return _delay(policy, clock, started, attempt, retry_after)


def _delay(
    policy: Policy, clock: Clock, started: float, attempt: int, retry_after: float | None
) -> float | None:
    return next_delay(
        policy,
        attempt=attempt,
        elapsed_ms=(clock.monotonic() - started) * 1000,
        retry_after_ms=retry_after,
        random=clock.random(),
    )


def _receive(plan: Plan, response: Any, modes: Modes) -> Flow:
    """Take the answer as its kind asks: a stream, an open download, a result or an error."""
    operation = plan.operation
    match = plan.reader.match(response.status_code, response.headers.get("content-type", ""))
    kind = match.kind
    if kind == "binary":
        return response
    if kind == "events":
        report = _reporter(operation, "event")
        return (yield Open(response, EventFeed(plan.events, modes.events, report, operation.label)))
    limit = MAX_ERROR_BYTES if kind == "error" else MAX_JSON_BYTES
    try:
        content = yield Read(response, limit)
    except ContentError as error:
        yield Close(response)
        raise _refuse(operation, response, error) from error
    except BaseException:
        yield Close(response)
        raise
    if kind == "error":
        raise plan.reader.error(response, content)
    report = _reporter(operation, "response")
    return plan.reader.decode(response, match, content, modes.response, report)


def _refuse(operation: Operation, response: Any, error: ContentError) -> ResponseValidationError:
    label = operation.label
    message = f"{label} answered {response.status_code}, but {error}"
    problems = (Problem("$", str(error)),)
    return ResponseValidationError(message, response, "", None, label, problems)


def _policy(plan: Plan, settings: Settings, options: Mapping[str, Any]) -> Policy | None:
    """The call's configuration, else the client's, else the document's; None for no retries."""
    operation = plan.operation
    declared = parse_extension(operation.retries)
    statuses = declared[1] if declared is not None else ("408", "429", "5XX")
    config = options.get("retries", settings.retry_config)
    if isinstance(config, Unset):
        config = declared[0] if declared is not None else None
    if config is None or config.strategy != "backoff":
        return None
    return Policy(config, statuses, _is_repeatable(operation, config))


def _is_repeatable(operation: Operation, config: RetryConfig) -> bool:
    return operation.method in SAFE_METHODS or config.retry_unsafe or operation.has_own_retries


def _is_retried_error(policy: Policy, error: Exception) -> bool:
    """Whether to send again after a transport error of httpx or a client like it."""
    names = {cls.__name__ for cls in type(error).__mro__}
    if not policy.config.retry_connection_errors or _TRANSPORT not in names:
        return False
    return policy.repeatable or bool(names & _NEVER_SENT)


def _timeouts(timeout_ms: int | Unset | None) -> tuple[float | None, ...] | None:
    """
    Give httpx's timeouts: connect, read, write, pool; in seconds.

    None leaves them to the client: the caller's own, or the defaults of those that we make.
    """
    if isinstance(timeout_ms, Unset):
        return None
    seconds = None if timeout_ms is None else timeout_ms / 1000
    return (seconds, seconds, seconds, seconds)


def _reporter(operation: Operation, direction: str) -> Report:
    """Report drift between document and server, without failing the call."""

    def report(problems: tuple[Problem, ...]) -> None:
        text = "; ".join(map(str, problems[:3]))
        logger.warning("%s: the %s does not fit: %s", operation.label, direction, excerpt(text))

    return report
