"""
One call, as a generator that decides and does no I/O: it yields effects and gets their outcomes.

An engine performs the effects, blocking or awaiting; see `effect` and `engine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from mixdyn.binding import Bound
from mixdyn.clock import SYSTEM_CLOCK, Clock
from mixdyn.effect import Flow, Resume, Sleep
from mixdyn.errors import MixError, Problem, excerpt
from mixdyn.exchange import Answer, Exchange
from mixdyn.log import find_logger
from mixdyn.operation import Operation
from mixdyn.plan import Plan
from mixdyn.record import NamedTuple
from mixdyn.redact import Redactor, find_secrets
from mixdyn.request import Request
from mixdyn.response import Match
from mixdyn.retry import (
    has_idempotency_key,
    is_retried_error,
    is_retried_status,
    next_delay,
    parse_retry_after,
)
from mixdyn.settings import Report, Settings, Watch
from mixdyn.terms import settle_terms

if TYPE_CHECKING:
    from mixdyn.eventfeed import EventFeed


class Outcome(NamedTuple):
    """
    What a call gave, and how: the result as the method itself gives it, and the exchange behind it.

    `attempts` is how often the request was sent, `elapsed` the time from the first attempt to the
    answer, `raw_response` the HTTP client's own response.
    """

    result: Any
    status_code: int
    headers: Any
    attempts: int
    elapsed: timedelta
    raw_response: Any


def call(plan: Plan, settings: Settings, bound: Bound, clock: Clock = SYSTEM_CLOCK) -> Flow:
    """
    Make one call: build, send, retry, read, check; the generator's value is its `Outcome`.

    Args:
        plan: the operation's plan.
        settings: the client's settings.
        bound: the call's arguments and options.
        clock: where time and chance come from.
    """
    return _Call(plan, settings, bound, clock).run()


def prepare(plan: Plan, settings: Settings, bound: Bound) -> Flow:
    """Build a call's request with its credentials and send nothing; the value is `Prepared`."""
    from mixdyn.prepared import Prepared

    under_way = _Call(plan, settings, bound, SYSTEM_CLOCK)
    request = yield from under_way.build()
    redactor = plan.secrecy.redactor()
    return Prepared(request, redactor.with_values(under_way.secrets(redactor)))


class _Call:
    """A call under way: what it was made with, and what it must go by."""

    def __init__(self, plan: Plan, settings: Settings, bound: Bound, clock: Clock) -> None:
        self.plan = plan
        self.operation = plan.operation
        self.settings = settings
        self.values, self.options = bound
        self.clock = clock
        self.terms = settle_terms(plan, settings, bound.options)
        self.credentials: dict[str, Any] = {}

    def run(self) -> Flow:
        """Make the call, and give its outcome."""
        request = yield from self.build()
        monotonic = self.clock.monotonic
        exchange = Exchange(self.plan, request, self.terms, self.settings, self.secrets, monotonic)
        try:
            answer = yield from self._repeat(exchange, request)
            response, result = yield from self._finish(exchange, answer)
        except Exception as error:
            self._annotate(error, exchange.attempt)
            raise
        finally:
            _close(request)
        elapsed = timedelta(seconds=monotonic() - exchange.started)
        status, headers = response.status_code, response.headers
        return Outcome(result, status, headers, exchange.attempt, elapsed, response)

    def build(self) -> Flow:
        """Build the request with its credentials; what does not fit is said before any is asked."""
        options = self.options
        accept = options.get("accept_header_override")
        request = self.plan.builder.build(
            self._with_idempotency_key(),
            self.terms.server_url,
            options.get("http_headers") or {},
            accept=getattr(accept, "value", accept),
            mode=self.terms.modes.request,
            report=partial(_report, self.operation, "request"),
        )
        if not self.settings.security:
            return request
        try:
            url = yield from self._authorize(request)
        except BaseException:
            _close(request)
            raise
        return request._replace(url=url)

    def _authorize(self, request: Request) -> Flow:
        """Put credentials into the request's headers, and give its URL with those for the query."""
        from mixdyn.security import apply_security, prove

        given, url, schemes = self.settings.security, request.url, self.plan.schemes
        self.credentials = yield from prove(self.operation.security, given, schemes)
        for name, credential in self.credentials.items():
            url = apply_security(schemes[name], credential, url, request.headers)
        return url

    def _with_idempotency_key(self) -> Mapping[str, Any]:
        """Give the arguments; a call that may be repeated names itself where the document asks."""
        name = self.plan.idempotency_argument
        if name is None or self.terms.policy is None or self.values.get(name) is not None:
            return self.values
        from uuid import uuid4

        return {**self.values, name: str(uuid4())}

    def _repeat(self, exchange: Exchange, request: Request) -> Flow:
        """Send until an answer stands; in between wait as the policy or the server says."""
        payload = request.payload
        while True:
            answer, error = yield from exchange.attempt_once()
            if error is None and answer.response.status_code < 400:
                return answer
            delay = self._delay(exchange, request, answer, error)
            if delay is None:
                if error is not None:
                    raise error
                return answer
            (self.settings.logger or find_logger()).debug(
                "%s attempt %d failed; the next follows in %.0f ms",
                self.operation.label,
                exchange.attempt,
                delay,
            )
            yield Sleep(delay / 1000)
            if payload is not None:
                payload.rewind()

    def _delay(
        self,
        exchange: Exchange,
        request: Request,
        answer: Answer | None,
        error: Exception | None,
    ) -> float | None:
        """Give the milliseconds to wait before the next attempt; None where this one stands."""
        policy = self.terms.policy if _can_repeat(request) else None
        response = answer.response if answer is not None else getattr(error, "raw_response", None)
        if policy is None or (response is not None and response.status_code < 400):
            return None
        if not policy.repeatable and has_idempotency_key(request.headers):
            policy = policy._replace(repeatable=True)
        retry_after = None
        if response is not None:
            retry_after = parse_retry_after(response.headers, self.clock.time())
            has_one = retry_after is not None
            is_retried = is_retried_status(policy, response.status_code, has_retry_after=has_one)
        else:
            is_retried = error is not None and is_retried_error(policy, error)
        if not is_retried:
            return None
        return next_delay(
            policy,
            attempt=exchange.attempt,
            elapsed_ms=(self.clock.monotonic() - exchange.started) * 1000,
            retry_after_ms=retry_after,
            random=self.clock.random(),
        )

    def _finish(self, exchange: Exchange, answer: Answer) -> Flow:
        """Give the response that counts and the result of it, or raise the error that it is."""
        if answer.match.kind != "error":
            answer = yield from exchange.succeed(answer)
        if answer.match.kind == "error":
            self._look_into(exchange, answer)
            raise exchange.error(answer)
        response, match, content = answer
        if content is not None:
            report, note = self._listeners("response")
            mode, redactor = self.terms.modes.response, exchange.find_redactor
            decode = self.plan.reader.decode
            result = decode(response, match, content, mode, report, redactor, note)
        else:
            feed = self._feed(match, exchange)
            result = yield from exchange.open(answer, feed, self._resumption(exchange, feed))
            response = response if feed is not None else result
        result = yield from exchange.present(result, response)
        return response, result

    def _look_into(self, exchange: Exchange, answer: Answer) -> None:
        """Note how an error is not as the document says; it is raised all the same."""
        if self.terms.modes.response != "off" and self.settings.watch is not None:
            response, _, content = answer
            find_news = self.plan.reader.find_news
            found = find_news(response, content or b"", exchange.find_redactor)
            _note(self.operation, self.settings.watch, found)

    def _listeners(self, direction: str) -> tuple[Report, Report]:
        """Give what reports drift, and what only notes it."""
        operation, watch = self.operation, self.settings.watch
        return partial(_report_new, operation, watch, direction), partial(_note, operation, watch)

    def _feed(self, match: Match, exchange: Exchange) -> EventFeed | None:
        if match.kind != "events":
            return None
        from mixdyn.eventfeed import EventFeed

        reader = self.plan.events.sent_as(match.media, match.content_type)
        report, note = self._listeners("event")
        label, most = self.operation.label, self.terms.max_event_bytes
        mode, redactor = self.terms.modes.events, exchange.find_redactor
        return EventFeed(reader, mode, report, label, most, redactor, note)

    def _resumption(self, exchange: Exchange, feed: EventFeed | None) -> Resume | None:
        """Give what opens the stream again after its connection ended, where that is wanted."""
        if feed is None or self.terms.reconnect is None:
            return None
        from mixdyn.resume import Resumption

        feed.watch_replays()
        label = self.operation.label
        return Resumption(self.terms.reconnect, exchange, feed, self.clock, label).resume

    def secrets(self, redactor: Redactor) -> list[str]:
        """Give the texts of this call that must not show: credentials and secret arguments."""
        given = self.credentials.values()
        credentials = [text for credential in given for text in find_secrets(credential)]
        named = redactor.find(self.values)
        headers = redactor.find(dict(self.options.get("http_headers") or {}))
        # Of `Bearer s3cret` the second word is the secret, also where it is repeated alone.
        words = [header.rpartition(" ")[2] for header in headers]
        return [*credentials, *named, *headers, *words]

    def _annotate(self, error: Exception, attempts: int) -> None:
        """Let an error know the call and its attempts; those of the HTTP client stay its own."""
        if isinstance(error, MixError):
            error.attempts = attempts
            wait = parse_retry_after(error.headers, self.clock.time())
            error.retry_after = None if wait is None else wait / 1000
        elif not hasattr(error, "attempts"):
            told: Any = error
            told.operation, told.attempts = self.operation.label, attempts
            error.add_note(f"in {self.operation.label}, attempt {attempts}")


def _can_repeat(request: Request) -> bool:
    """Tell whether the body can be sent again: a pipe that has been read cannot."""
    payload = request.payload
    return payload is None or payload.can_rewind or payload.is_untouched


def _close(request: Request) -> None:
    if request.payload is not None:
        request.payload.close()


def _note(
    operation: Operation, watch: Watch | None, problems: tuple[Problem, ...]
) -> tuple[Problem, ...]:
    """Note what was found in an answer, if anything, and give what is of a new kind."""
    if watch is None or not problems:
        return problems
    return watch.drift.add(operation.name, problems)


def _report_new(
    operation: Operation, watch: Watch | None, direction: str, problems: tuple[Problem, ...]
) -> None:
    """Report drift that this client has not seen before: each kind once."""
    found = _note(operation, watch, problems)
    if found:
        _report(operation, direction, found)


def _report(operation: Operation, direction: str, problems: tuple[Problem, ...]) -> None:
    """Report drift between document and server, without failing the call."""
    text = "; ".join(map(str, problems[:3]))
    find_logger().warning("%s: the %s does not fit: %s", operation.label, direction, excerpt(text))
