"""
The arithmetic of retrying: what may be sent again, and how long to wait before.

No clock, no sleep, no random source of its own: the caller passes them in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mixdyn.record import NamedTuple
from mixdyn.shape import as_array, as_object, is_number

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "QUERY"})
DEFAULT_STATUSES = ("408", "429", "5XX")
MAX_RETRY_AFTER_MS = 120_000.0

_MAX_AMOUNT = 10**12

# Errors are told by the names of their classes, which httpx, httpx2 and Python's own share, so that
# no HTTP client need be imported.
_TRANSPORT = frozenset({"TransportError", "ConnectionError", "TimeoutError"})
_NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "ConnectionRefusedError"})
_AIOHTTP_NEVER_SENT = frozenset({"ClientConnectorError", "ConnectionTimeoutError"})
_LASTING = frozenset({"UnsupportedProtocol", "LocalProtocolError"})  # the next time is no better
_NUMBER = r"[0-9]{1,15}(\.[0-9]+)?"
_IDEMPOTENCY_KEY = r"(?i)(x-)?idempoten(cy|t|ce)[-_]?(key|id|token)?"


class BackoffStrategy(NamedTuple):
    """
    Exponential backoff with jitter; all times in milliseconds.

    The wait before retry n is `initial_interval * exponent ** n`, at most `max_interval`; no retry
    starts later than `max_elapsed_time` after the first attempt began.
    """

    initial_interval: int
    max_interval: int
    exponent: float
    max_elapsed_time: int


class RetryConfig(NamedTuple):
    """
    When to send a request again.

    `strategy` is `"backoff"` or `"none"`; `retry_connection_errors` also retries requests that
    found no connection; `retry_unsafe` also repeats POST and PATCH that may have been processed.
    """

    strategy: str
    backoff: BackoffStrategy
    retry_connection_errors: bool
    retry_unsafe: bool = False


class Policy(NamedTuple):
    """What one operation does: the configuration, its statuses, and whether it may repeat."""

    config: RetryConfig
    statuses: tuple[str, ...]
    repeatable: bool


def parse_extension(
    extension: Mapping[str, Any] | None,
) -> tuple[RetryConfig, tuple[str, ...]] | None:
    """Read `x-speakeasy-retries`; None where it is absent or asks for no retries."""
    if not isinstance(extension, Mapping) or extension.get("strategy") != "backoff":
        return None
    given = as_object(extension.get("backoff"))
    backoff = BackoffStrategy(
        int(_amount(given.get("initialInterval"), least=1, default=500)),
        int(_amount(given.get("maxInterval"), least=1, default=60_000)),
        _amount(given.get("exponent"), least=1, default=1.5),
        int(_amount(given.get("maxElapsedTime"), least=0, default=3_600_000)),
    )
    config = RetryConfig("backoff", backoff, extension.get("retryConnectionErrors") is True)
    codes = tuple(str(code) for code in as_array(extension.get("statusCodes")))
    return config, codes or DEFAULT_STATUSES


def _amount(value: Any, *, least: int, default: float) -> float:
    """Give a document's number, or the default for nonsense, such as an exponent of 0."""
    return value if is_number(value) and least <= value <= _MAX_AMOUNT else default


def matches_status(status: int, patterns: Iterable[str]) -> bool:
    """Tell whether a status is one of the patterns, such as `429` or `5XX`."""
    code = str(status)
    return any(code == p or (p[1:].upper() == "XX" and p[:1] == code[:1]) for p in patterns)


def is_retried_status(policy: Policy, status: int, *, has_retry_after: bool) -> bool:
    """
    Tell whether a response of this status leads to another attempt.

    What is not safe to repeat goes again only after 429, or after 503 with `Retry-After`: there
    the server says that it did not process the request.
    """
    if not matches_status(status, policy.statuses):
        return False
    return policy.repeatable or status == 429 or (status == 503 and has_retry_after)


def is_retried_error(policy: Policy, error: BaseException) -> bool:
    """
    Tell whether an error of the network leads to another attempt.

    What is not safe to repeat goes again only where the request cannot have left.
    """
    if not policy.config.retry_connection_errors or not is_transport_error(error):
        return False
    if _class_names(error) & _LASTING:
        return False
    return policy.repeatable or was_never_sent(error)


def is_transport_error(error: BaseException) -> bool:
    """Tell whether an error is one of the network: httpx's, httpx2's, or Python's own."""
    return bool(_class_names(error) & _TRANSPORT)


def is_idempotency_key(name: str) -> bool:
    """Tell whether a header of this name lets the server know a request that it has had before."""
    return "idempoten" in name.lower() and re.fullmatch(_IDEMPOTENCY_KEY, name) is not None


def has_idempotency_key(headers: Mapping[str, str]) -> bool:
    """Tell whether one of the headers is an idempotency key."""
    return any(map(is_idempotency_key, headers))


def was_never_sent(error: BaseException) -> bool:
    """Tell whether an error is one of connecting; the httpx-aiohttp transport calls others so."""
    cause = _class_names(error.__cause__)
    is_connecting = "ClientConnectionError" not in cause or bool(cause & _AIOHTTP_NEVER_SENT)
    return bool(_class_names(error) & _NEVER_SENT) and is_connecting


def _class_names(error: BaseException | None) -> set[str]:
    return {cls.__name__ for cls in type(error).__mro__}


def parse_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """
    Read `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110, 10.2.3).

    Args:
        headers: the response headers, looked up without regard to case.
        now: the current time in seconds since the epoch, for the date form.

    The answer is in milliseconds, finite and never negative; None where there is no usable header.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None:
        return seconds * 1000.0
    return _until_date(value, now) if value else None


def next_delay(
    policy: Policy, *, attempt: int, elapsed_ms: float, retry_after_ms: float | None, random: float
) -> float | None:
    """
    Give the milliseconds to wait before the next attempt, or None to give up.

    Args:
        policy: the operation's policy.
        attempt: how many attempts have been made, from 1.
        elapsed_ms: milliseconds since the first attempt began.
        retry_after_ms: what the server asked for, which then replaces the backoff, capped.
        random: a number in [0, 1) for the jitter, which takes off up to a quarter.
    """
    backoff = policy.config.backoff
    if retry_after_ms is not None:
        delay = min(retry_after_ms, MAX_RETRY_AFTER_MS)
    else:
        delay = max(0.0, _exponential(backoff, attempt - 1)) * (1 - random / 4)
    return delay if elapsed_ms + delay <= backoff.max_elapsed_time else None


def _exponential(backoff: BackoffStrategy, n: int) -> float:
    try:
        return min(
            backoff.initial_interval * float(backoff.exponent) ** n, float(backoff.max_interval)
        )
    except OverflowError:
        return float(backoff.max_interval)


def _number(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(_NUMBER, text.strip()) else None


def _until_date(value: str, now: float) -> float | None:
    from datetime import UTC
    from email.utils import parsedate_to_datetime  # rare, and the package is large

    try:
        date = parsedate_to_datetime(value)
        # The obsolete forms of a date name no zone; all are in UTC (RFC 9110, 5.6.7).
        moment = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment - now) * 1000.0)
