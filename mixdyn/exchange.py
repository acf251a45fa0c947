"""
One request, sent and answered: with hooks, redirects, limits and a log, each attempt anew.

Decides and does no I/O: it yields effects, as `flow` does, and knows nothing of retrying.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixdyn.content import ContentError
from mixdyn.effect import Build, Close, Flow, Open, Read, Resume, Send
from mixdyn.errors import MixError, NoResponseError, refuse_answer
from mixdyn.hook import NO_HOOKS, HookContext, HookRun, replace_with, settle_error
from mixdyn.log import choose_logger, log_failure, log_request, log_response
from mixdyn.plan import Plan
from mixdyn.record import NamedTuple
from mixdyn.redact import Redactor
from mixdyn.redirect import MAX_REDIRECTS, is_same_origin, next_request
from mixdyn.request import Request
from mixdyn.response import MAX_ERROR_BYTES, MAX_JSON_BYTES, Match
from mixdyn.settings import Settings, Unset
from mixdyn.terms import Terms

if TYPE_CHECKING:
    from mixdyn.eventfeed import EventFeed

# How long an answer may take in all where no `timeout_ms` says otherwise: nothing waits for ever.
TOTAL_SECONDS = 600.0


class Answer(NamedTuple):
    """A response, how to take it, and its body where that is not the caller's to read."""

    response: Any
    match: Match
    content: bytes | None


class Exchange:
    """
    The exchanges of one call: the same request, sent as often as the flow asks.

    Args:
        plan: the operation's plan.
        request: what to send.
        terms: what the call goes by.
        settings: the client's settings, for its hooks and its log.
        secrets: the call's own secret texts, to be masked wherever they show.
        monotonic: the clock.
    """

    def __init__(
        self,
        plan: Plan,
        request: Request,
        terms: Terms,
        settings: Settings,
        secrets: Callable[[Redactor], list[str]],
        monotonic: Callable[[], float],
    ) -> None:
        self.attempt = 0
        self.started = self.began = monotonic()
        self.request = request
        self._plan = plan
        self._operation = plan.operation
        self._terms = terms
        self._hooks = settings.hooks or NO_HOOKS
        self._logger = choose_logger(settings.logger)
        self._secrets = secrets
        self._monotonic = monotonic
        is_upload = request.payload is not None
        # A file may take as long to send as it keeps moving, unless the caller says otherwise.
        self._is_patient = is_upload and isinstance(terms.timeouts.total, Unset)
        self._on_upload = terms.on_progress if is_upload else None
        self._on_download = None if is_upload else terms.on_progress

    def attempt_once(self) -> Flow:
        """Send once, and give the answer, or the error that came instead; the other is None."""
        self.attempt += 1
        self.began = self._monotonic()
        try:
            answer: Answer = yield from self._send()
        except Exception as error:  # noqa: BLE001  # the flow decides about it, or raises it
            if self._logger is not None:
                log_failure(self._logger, self._redactor, self._label, self._seconds, error)
            return (yield from self._settle(None, error))
        if answer.match.kind == "error" and self._hooks.after_error:
            return (yield from self._settle(answer, self.error(answer)))
        return answer, None

    def succeed(self, answer: Answer) -> Flow:
        """Let the hooks see an answer that is no error, and give the one that then counts."""
        if not self._hooks.after_success:
            return answer
        before = answer.response
        steps = replace_with(self._hooks.after_success, self._context, before)
        response = yield from self._guard(before, steps)
        if response is before:
            return answer
        if getattr(response, "is_closed", True):  # else it may read from the one before
            yield Close(before)
        return (yield from self._take(response))

    def open(self, answer: Answer, feed: EventFeed | None, resume: Resume | None) -> Flow:
        """Hand the open response to the caller."""
        label = self._operation.label
        return (yield Open(answer.response, feed, resume, self._on_download, label))

    def present(self, result: Any, response: Any) -> Flow:
        """Let the hooks see the result of a response, and give the one that the caller gets."""
        if not self._hooks.after_result:
            return result
        steps = replace_with(self._hooks.after_result, self._context, result)
        return (yield from self._guard(response, steps))

    def _guard(self, response: Any, steps: HookRun) -> Flow:
        """Run hooks while a response is open; where they end the call, it is closed."""
        try:
            return (yield from steps)
        except GeneratorExit:
            raise  # nobody is left to wait for a close
        except BaseException:
            yield Close(response)
            raise

    def error(self, answer: Answer) -> MixError:
        """Make the error that an answer is."""
        return self._plan.reader.error(answer.response, answer.content or b"", self._redactor)

    def _send(self) -> Flow:
        is_stream = self._plan.is_stream
        built = yield Build(self.request, is_stream, self._terms.timeouts, self._on_upload)
        sent = built.request
        if self._hooks.before_request:
            sent = yield from replace_with(self._hooks.before_request, self._context, sent)
        if self._logger is not None:
            log_request(self._logger, self._redactor, self._label, sent, self.request.content)
        deadline = None if is_stream or self._is_patient else self._deadline
        if built.follows:
            response = yield from self._follow(sent, is_stream, deadline)
        else:
            response = yield Send(sent, is_stream, deadline, {})
        return (yield from self._take(response))

    def _follow(self, sent: Any, is_stream: bool, deadline: float | None) -> Flow:
        """Send, and follow redirects as far as that gives nothing away."""
        is_streamed = self.request.payload is not None
        options: dict[str, Any] = {"follow_redirects": False}
        for _ in range(MAX_REDIRECTS):
            response = yield Send(sent, is_stream, deadline, options)
            following = next_request(response, sent, is_streamed=is_streamed)
            if following is None:
                return response
            if not is_same_origin(following.url, sent.url):
                options = {**options, "auth": None}
            yield Close(response)
            sent = following
        return (yield Send(sent, is_stream, deadline, options))

    def _take(self, response: Any) -> Flow:
        """Tell how to take a response, and read its body where that is not the caller's to read."""
        if response is None:
            label = self._operation.label
            raise NoResponseError(f"{label}: no response received", None, None, None, label)
        stated = response.headers.get("content-type", "")
        match = self._plan.reader.match(response.status_code, stated)
        content = None
        if match.kind in ("body", "error"):
            limit = MAX_ERROR_BYTES if match.kind == "error" else MAX_JSON_BYTES
            try:
                content = yield Read(response, limit, self._deadline, self._on_download)
            except ContentError as error:
                raise refuse_answer(self._operation.label, response, str(error)) from error
        if self._logger is not None:
            log = self._logger, self._redactor, self._label, self._seconds
            log_response(*log, response, content)
        return Answer(response, match, content)

    def _settle(self, answer: Answer | None, failed: Exception) -> Flow:
        """Let the hooks see a failure; give the answer and the error, one of them None."""
        if not self._hooks.after_error:
            return None, failed
        response = answer.response if answer is not None else None
        hooks = self._hooks.after_error
        settled, error = yield from settle_error(hooks, self._context, response, failed)
        if error is not None:
            return (answer, None) if answer is not None and error is failed else (None, error)
        if settled is None:
            return None, failed
        return (answer if settled is response else (yield from self._take(settled))), None

    @property
    def _context(self) -> HookContext:
        operation = self._operation
        operation_id = operation.operation_id or operation.name
        return HookContext(operation, operation_id, self._terms.server_url, self.attempt)

    @property
    def _label(self) -> str:
        return f"{self._operation.label} attempt {self.attempt}"

    def find_redactor(self) -> Redactor:
        """Give what masks this call's secrets, made when it is first needed."""
        return self._redactor

    @cached_property
    def _redactor(self) -> Redactor:
        """What masks this call's secrets: by name, by the document, and by the values given."""
        redactor = self._plan.secrecy.redactor()
        return redactor.with_values(self._secrets(redactor))

    @property
    def _seconds(self) -> float:
        return self._monotonic() - self.began

    @property
    def _deadline(self) -> float | None:
        """The moment at which the attempt under way has lasted too long."""
        total = self._terms.timeouts.total
        if total is None:
            return None
        if self._is_patient:  # what is left is the answer
            return self._monotonic() + TOTAL_SECONDS
        return self.began + (TOTAL_SECONDS if isinstance(total, Unset) else total)
