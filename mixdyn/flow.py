"""
One call, as a generator that decides and does no I/O: it yields effects and gets their outcomes.

An engine performs the effects, blocking or awaiting; see `engine`.
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from mixdyn.binding import Bound
from mixdyn.content import ContentError
from mixdyn.errors import NoResponseError, Problem, ResponseValidationError, excerpt
from mixdyn.operation import Operation
from mixdyn.plan import Plan
from mixdyn.request import Request
from mixdyn.response import MAX_ERROR_BYTES, MAX_JSON_BYTES
from mixdyn.retry import Policy, RetryConfig, is_retried, next_delay, parse_retry_after
from mixdyn.rewind import Marks
from mixdyn.security import apply_security, choose_requirement
from mixdyn.server import resolve_server
from mixdyn.settings import UNSET, Modes, Report, Settings, Unset, check_timeout
from mixdyn.stream import EventFeed

# How long an answer may take in all where no `timeout_ms` says otherwise: nothing waits for ever.
TOTAL_SECONDS = 600.0
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
    """
    Read the whole body, decoded, and close the response in any case; the outcome is bytes.

    `check` is called between chunks, and raises when it has taken too long.
    """

    response: Any
    limit: int
    check: Callable[[], None]


class Close(NamedTuple):
    """Close the response."""

    response: Any


class Sleep(NamedTuple):
    """Wait."""

    seconds: float


class Open(NamedTuple):
    """
    Hand the open response to the caller, who closes it.

    The outcome is an iterator of events, or the response itself where there is no feed for them.
    """

    response: Any
    feed: EventFeed | None


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
    timeout = check_timeout(_choose(options, "timeout_ms", settings.timeout_ms))
    policy = _choose_policy(plan, _choose(options, "retries", settings.retry_config))
    request = build_request(plan, settings, bound, modes)
    try:
        send = Send(request, plan.is_stream, _step_timeouts(timeout))
        response, began = yield from _send(send, policy, clock)
    finally:
        _close_files(request)
    check = partial(_check_time, plan.operation, _total_seconds(timeout), began, clock)
    return (yield from _receive(plan, response, modes, check))


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
    try:
        for name in choose_requirement(operation.security, settings.security):
            url = apply_security(plan.schemes[name], settings.security[name], url, request.headers)
    except BaseException:
        _close_files(request)
        raise
    return request if url == request.url else replace(request, url=url)


def _choose(options: Mapping[str, Any], name: str, default: Any) -> Any:
    """Give the call's option, else the client's: UNSET is as good as not given."""
    value = options.get(name, UNSET)
    return default if value is UNSET else value


def _choose_policy(plan: Plan, config: Any) -> Policy | None:
    """Give the retry policy: the call's, else the client's, else the document's."""
    if config is UNSET:
        return plan.policy
    if config is not None and not isinstance(config, RetryConfig):
        raise TypeError(f"retries={excerpt(config, 60)}: expected a RetryConfig, or None for never")
    return plan.choose_policy(config)


def _server_url(plan: Plan, settings: Settings, given: str | None) -> str:
    """Give the server's URL, worked out once for the same settings."""
    key = (given or settings.server_url, settings.server_idx, *settings.url_params.items())
    found = plan.server_urls.get(key)
    if found is None:
        found = resolve_server(plan.document, plan.operation, settings, given)
        if len(plan.server_urls) < _MAX_SERVER_URLS:
            plan.server_urls[key] = found
    return found


def _send(send: Send, policy: Policy | None, clock: Clock) -> Flow:
    """
    Send until an answer stands, and give it with the time when its own attempt began.

    Discarded answers are closed, and waited for as they ask. What cannot be read again, such as
    a pipe, is sent once.
    """
    marks = None
    if policy is not None and send.request.opened:
        marks = Marks(u.content for u in send.request.opened if not isinstance(u.content, bytes))
        policy = None if marks.has_lost else policy
    began = started = clock.monotonic()
    attempt = 0
    while True:
        attempt += 1
        try:
            response = yield send
        except Exception as error:
            delay = _delay_after_error(policy, error, clock, started, attempt)
            if delay is None:
                raise
        else:
            delay = _delay_after(policy, response, clock, started, attempt)
            if delay is None:
                return response, began
            yield Close(response)
        logger.debug("attempt %d failed; the next follows in %.0f ms", attempt, delay)
        yield Sleep(delay / 1000)
        if marks is not None:
            marks.rewind()
        began = clock.monotonic()


def _delay_after_error(
    policy: Policy | None, error: Exception, clock: Clock, started: float, attempt: int
) -> float | None:
    """Give the wait after a transport error of httpx or a client like it; None to give up."""
    if policy is None or not policy.config.retry_connection_errors:
        return None
    names = {cls.__name__ for cls in type(error).__mro__}
    if _TRANSPORT not in names or not (policy.repeatable or names & _NEVER_SENT):
        return None
    return _delay(policy, clock, started, attempt, None)


def _delay_after(
    policy: Policy | None, response: Any, clock: Clock, started: float, attempt: int
) -> float | None:
    """Give the wait after an answer that is not to stand; None where it stands."""
    status = response.status_code
    if policy is None or status < 400:
        return None
    retry_after = parse_retry_after(response.headers, clock.time())
    if not is_retried(policy, status, has_retry_after=retry_after is not None):
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


def _receive(plan: Plan, response: Any, modes: Modes, check: Callable[[], None]) -> Flow:
    """Take the answer as its kind asks: a stream, an open download, a result or an error."""
    operation = plan.operation
    match = plan.reader.match(response.status_code, response.headers.get("content-type", ""))
    kind = match.kind
    if kind == "binary":
        return (yield Open(response, None))
    if kind == "events":
        report = _reporter(operation, "event")
        return (yield Open(response, EventFeed(plan.events, modes.events, report, operation.label)))
    limit = MAX_ERROR_BYTES if kind == "error" else MAX_JSON_BYTES
    try:
        content = yield Read(response, limit, check)
    except ContentError as error:
        raise _refuse(operation, response, error) from error
    if kind == "error":
        raise plan.reader.error(response, content)
    report = _reporter(operation, "response")
    return plan.reader.decode(response, match, content, modes.response, report)


def _check_time(operation: Operation, seconds: float, began: float, clock: Clock) -> None:
    """Raise NoResponseError once an answer has taken longer than it may in all."""
    if clock.monotonic() - began > seconds:
        label = operation.label
        message = f"{label}: the answer was not complete after {seconds:g} s; raise timeout_ms"
        raise NoResponseError(message, None, None, None, label)


def _refuse(operation: Operation, response: Any, error: ContentError) -> ResponseValidationError:
    label = operation.label
    message = f"{label} answered {response.status_code}, but {error}"
    problems = (Problem("$", str(error)),)
    return ResponseValidationError(message, response, "", None, label, problems)


def _step_timeouts(timeout_ms: int | Unset | None) -> tuple[float | None, ...] | None:
    """
    Give httpx's timeouts: connect, read, write, pool; in seconds.

    None leaves them to the client: the caller's own, or the defaults of those that we make.
    """
    if isinstance(timeout_ms, Unset):
        return None
    seconds = None if timeout_ms is None else timeout_ms / 1000
    return (seconds, seconds, seconds, seconds)


def _total_seconds(timeout_ms: int | Unset | None) -> float:
    if timeout_ms is None:
        return math.inf
    return TOTAL_SECONDS if isinstance(timeout_ms, Unset) else timeout_ms / 1000


def _close_files(request: Request) -> None:
    for upload in request.opened:
        upload.close()


def _reporter(operation: Operation, direction: str) -> Report:
    """Report drift between document and server, without failing the call."""

    def report(problems: tuple[Problem, ...]) -> None:
        text = "; ".join(map(str, problems[:3]))
        logger.warning("%s: the %s does not fit: %s", operation.label, direction, excerpt(text))

    return report
