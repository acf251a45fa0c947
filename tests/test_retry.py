"""
What is sent again, and when: arithmetic over tables, with no clock.
"""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn.retry import (
    DEFAULT_STATUSES,
    MAX_RETRY_AFTER_MS,
    BackoffStrategy,
    Policy,
    RetryConfig,
    has_idempotency_key,
    is_idempotency_key,
    is_retried_error,
    is_retried_status,
    is_transport_error,
    matches_status,
    next_delay,
    parse_extension,
    parse_retry_after,
)

NOVEMBER = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT
DEFAULT = BackoffStrategy(500, 60_000, 1.5, 3_600_000)


def make_policy(
    *backoff: Any, statuses: tuple[str, ...] = DEFAULT_STATUSES, repeatable: bool = True
) -> Policy:
    return Policy(RetryConfig("backoff", BackoffStrategy(*backoff), True), statuses, repeatable)


def test_parse_extension() -> None:
    """The document's own policy is read with the SDK's units."""
    extension = {
        "strategy": "backoff",
        "backoff": {
            "initialInterval": 100,
            "maxInterval": 2000,
            "exponent": 2,
            "maxElapsedTime": 30_000,
        },
        "statusCodes": ["5XX", 429],
        "retryConnectionErrors": True,
    }
    config = RetryConfig("backoff", BackoffStrategy(100, 2000, 2, 30_000), True)
    assert parse_extension(extension) == (config, ("5XX", "429"))


@pytest.mark.parametrize(
    "extension", [None, {}, {"strategy": "none"}, {"strategy": ["backoff"]}, "backoff", 5]
)
def test_parse_no_extension(extension: Any) -> None:
    """Without a policy, or with one that asks for none, there are no retries."""
    assert parse_extension(extension) is None


@pytest.mark.parametrize(
    "garbage",
    [
        {"initialInterval": 0, "maxInterval": 0, "exponent": 0, "maxElapsedTime": -1},
        {"initialInterval": "1", "maxInterval": None, "exponent": [], "maxElapsedTime": {}},
        {"initialInterval": -5, "maxInterval": True, "exponent": 0.5, "maxElapsedTime": 1e300},
        {"initialInterval": float("nan"), "exponent": float("inf"), "maxElapsedTime": 10**400},
        "soon",
        None,
    ],
)
def test_parse_garbage(garbage: Any) -> None:
    """What cannot be meant is replaced by the default: no document makes us knock without end."""
    parsed = parse_extension({"strategy": "backoff", "backoff": garbage, "statusCodes": "5XX"})
    assert parsed == (RetryConfig("backoff", DEFAULT, False), DEFAULT_STATUSES)


@pytest.mark.parametrize(
    ("status", "patterns", "matches"),
    [
        (429, ("429",), True),
        (503, ("5XX",), True),
        (503, ("5xx",), True),
        (404, ("5XX", "429"), False),
        (500, ("50", "X"), False),
        (500, (), False),
    ],
)
def test_matches_status(status: int, patterns: tuple[str, ...], matches: bool) -> None:
    """Patterns are statuses or their classes."""
    assert matches_status(status, patterns) is matches


@pytest.mark.parametrize(
    ("status", "repeatable", "has_retry_after", "again"),
    [
        (503, True, False, True),
        (404, True, True, False),
        (500, False, True, False),
        (429, False, False, True),
        (503, False, False, False),
        (503, False, True, True),
    ],
)
def test_is_retried_status(
    status: int, repeatable: bool, has_retry_after: bool, again: bool
) -> None:
    """What is not safe to repeat goes again only where the server says it did nothing."""
    policy = make_policy(1, 1, 1, 1, repeatable=repeatable)
    assert is_retried_status(policy, status, has_retry_after=has_retry_after) is again


@pytest.mark.parametrize(
    ("headers", "milliseconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3000.0),
        ({"retry-after": " 1.5 "}, 1500.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 250.0),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9000.0),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:47 GMT"}, 10_000.0),
        ({"retry-after": "Sunday, 06-Nov-94 08:49:47 GMT"}, 10_000.0),
        ({"retry-after": "Sun Nov  6 08:49:47 1994"}, 10_000.0),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:47 -0000"}, 10_000.0),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:00 GMT"}, 0.0),
        ({"retry-after": "9" * 15}, float("9" * 15) * 1000),
        ({"retry-after": "9" * 5000}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1e3"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "Mon, 99 Foo 99999 99:99:99 GMT"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_parse_retry_after(
    headers: dict[str, str], milliseconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`Retry-After` is read in all its forms, in UTC wherever we are; nonsense is no answer."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert parse_retry_after(headers, NOVEMBER) == milliseconds
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.text(max_size=40))
def test_parse_any_retry_after(text: str) -> None:
    """No header makes the parser fail, and no wait is negative."""
    found = parse_retry_after({"retry-after": text}, NOVEMBER)
    assert found is None or found >= 0


@pytest.mark.parametrize(
    ("backoff", "attempt", "elapsed", "retry_after", "random", "delay"),
    [
        ((500, 60_000, 1.5, 10**7), 1, 0, None, 0.0, 500.0),
        ((500, 60_000, 1.5, 10**7), 3, 0, None, 0.0, 1125.0),
        ((500, 60_000, 1.5, 10**7), 1, 0, None, 1.0, 375.0),
        ((500, 900, 1.5, 10**7), 9, 0, None, 0.0, 900.0),
        ((500, 900, 10, 10**7), 5000, 0, None, 0.0, 900.0),
        ((500, 60_000, 1.5, 1000), 1, 500, None, 0.0, 500.0),
        ((500, 60_000, 1.5, 1000), 1, 501, None, 0.0, None),
        ((500, 60_000, 1.5, 10**7), 1, 0, 7000.0, 0.9, 7000.0),
        ((500, 60_000, 1.5, 10**7), 1, 0, float("inf"), 0.0, MAX_RETRY_AFTER_MS),
        ((500, 60_000, 1.5, 1000), 1, 0, 7000.0, 0.0, None),
        ((0, 0, 0, 1000), 4, 0, None, 0.5, 0.0),
        ((-500, 60_000, 1.5, 1000), 1, 0, None, 0.5, 0.0),
    ],
)
def test_next_delay(
    backoff: tuple[Any, ...],
    attempt: int,
    elapsed: float,
    retry_after: float | None,
    random: float,
    delay: float | None,
) -> None:
    """Waits grow by the exponent up to the cap, less the jitter; the server's wish comes first."""
    found = next_delay(
        make_policy(*backoff),
        attempt=attempt,
        elapsed_ms=elapsed,
        retry_after_ms=retry_after,
        random=random,
    )
    assert found == delay


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_jitter_is_bounded(attempt: int, random: float) -> None:
    """No wait is above the cap or below three quarters of the smallest."""
    policy = make_policy(100, 5000, 2.0, 10**9)
    delay = next_delay(policy, attempt=attempt, elapsed_ms=0, retry_after_ms=None, random=random)
    assert delay is not None
    assert 75 <= delay <= 5000


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ReadError("x"), True),
        (httpx.ConnectTimeout("x"), True),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (httpx.DecodingError("x"), False),
        (OSError(), False),
        (ValueError(), False),
    ],
)
def test_transport_errors(error: Exception, *, expected: bool) -> None:
    """Errors of the network are known by their names, of whatever HTTP client they are."""
    assert is_transport_error(error) is expected


@pytest.mark.parametrize("connects", [True, False])
@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize(
    ("error", "is_repeated", "is_sent_anew"),
    [
        (httpx.ConnectError("x"), True, True),
        (ConnectionRefusedError(), True, True),
        (httpx.ReadTimeout("x"), True, False),
        (ConnectionResetError(), True, False),
        (httpx.LocalProtocolError("x"), False, False),
        (httpx.UnsupportedProtocol("x"), False, False),
        (ValueError(), False, False),
    ],
)
def test_retried_errors(
    error: Exception, *, is_repeated: bool, is_sent_anew: bool, repeatable: bool, connects: bool
) -> None:
    """What may be repeated goes again after any passing error, the rest if it cannot have left."""
    config = RetryConfig("backoff", DEFAULT, connects)
    policy = Policy(config, DEFAULT_STATUSES, repeatable)
    expected = connects and (is_repeated if repeatable else is_sent_anew)
    assert is_retried_error(policy, error) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Idempotency-Key", True),
        ("idempotency_key", True),
        ("X-Idempotency-Key", True),
        ("Idempotent-Key", True),
        ("Idempotency-Id", True),
        ("Idempotency", True),
        ("Key", False),
        ("X-Request-Id", False),
        ("Not-Idempotency-Key-Really", False),
    ],
)
def test_idempotency_keys(name: str, *, expected: bool) -> None:
    """Headers by which a server knows a request again are told by their names."""
    assert is_idempotency_key(name) is expected
    assert has_idempotency_key({"accept": "*/*", name.lower(): "1"}) is expected
