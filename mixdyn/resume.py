"""
How an event stream goes on after its connection ended: a flow that opens it again.

Decides and does no I/O, as `flow` and `exchange` do; what a stream does with it, `stream` knows.
"""

from __future__ import annotations

from collections.abc import Mapping

from mixdyn.clock import Clock
from mixdyn.effect import Close, Flow, Sleep
from mixdyn.errors import MixError, ResponseValidationError
from mixdyn.eventfeed import EventFeed
from mixdyn.exchange import Answer, Exchange
from mixdyn.log import find_logger
from mixdyn.reconnect import Reconnect, Reconnecting
from mixdyn.retry import parse_retry_after

_LAST_EVENT_ID = "last-event-id"


class Resumption:
    """
    The reconnections of one stream.

    Args:
        policy: when to go on.
        exchange: sends the stream's request again.
        feed: the stream's events so far, with its last id and reconnection time.
        clock: where time and chance come from.
        label: names the operation.
    """

    def __init__(
        self, policy: Reconnect, exchange: Exchange, feed: EventFeed, clock: Clock, label: str
    ) -> None:
        self._policy = policy
        self._exchange = exchange
        self._feed = feed
        self._clock = clock
        self._label = label
        self._attempt = 0
        self._received = 0

    def resume(self, error: Exception | None) -> Flow:
        """
        Open the stream again, with all the attempts that takes.

        Args:
            error: why its connection ended, None where the server ended it in good order.

        The value is the response to go on with; None where the server says that there is no more
        (204). Raises the last error where it is no use.
        """
        if self._feed.received > self._received:
            self._attempt, self._received = 0, self._feed.received
        while True:
            self._attempt += 1
            most = self._policy.attempts
            if (most is not None and self._attempt > most) or not self._policy.accepts(error):
                if error is not None:
                    raise error
                return None
            yield Sleep(self._announce(error) / 1000)
            answer, error = yield from self._open()
            if error is None:
                return answer.response if answer is not None else None

    def _announce(self, error: Exception | None) -> float:
        """Tell that the stream is opened again, and give the wait before that."""
        headers: Mapping[str, str] = getattr(error, "headers", {})
        delay = self._policy.delay(
            attempt=self._attempt,
            retry=self._feed.retry,
            retry_after=parse_retry_after(headers, self._clock.time()),
            random=self._clock.random(),
        )
        told = Reconnecting(self._label, self._attempt, delay, error, self._feed.last_event_id)
        ended = f"{type(error).__name__}" if error is not None else "it ended"
        find_logger().info(
            "%s: %s; connecting again in %.0f ms, attempt %d",
            self._label,
            ended,
            delay,
            self._attempt,
        )
        if self._policy.on_reconnect is not None:
            self._policy.on_reconnect(told)
        return delay

    def _open(self) -> Flow:
        """Send the request once; give the answer and the error, None for both where it is over."""
        exchange = self._exchange
        headers = {**exchange.request.headers, **self._position()}
        exchange.request = exchange.request._replace(headers=headers)
        answer, error = yield from exchange.attempt_once()
        if error is not None:
            return None, error
        if answer.match.kind != "error":
            answer = yield from exchange.succeed(answer)
        if answer.match.kind == "error":
            return None, exchange.error(answer)
        if answer.response.status_code == 204:
            return None, None
        if answer.match.kind != "events":
            return (yield from self._refuse(answer))
        return answer, None

    def _refuse(self, answer: Answer) -> Flow:
        """Give the error for an answer that is no stream any more."""
        if answer.content is None:
            yield Close(answer.response)
        stated = answer.match.content_type or "no media type"
        message = f"{self._label}: the stream was opened again, but came back as {stated}"
        error: MixError = ResponseValidationError(message, answer.response, "", None, self._label)
        return None, error

    def _position(self) -> dict[str, str]:
        """Give the header that says where to go on (WHATWG HTML, 9.2.3): UTF-8, as it came."""
        last = self._feed.last_event_id.encode("utf-8", "replace").decode("latin-1")
        is_safe = last and not any(ord(c) < 32 or ord(c) == 127 for c in last)
        return {_LAST_EVENT_ID: last} if is_safe and last == last.strip() else {}
