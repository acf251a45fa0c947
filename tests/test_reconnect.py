"""Whether a stream is opened again, and when: arithmetic, with no clock."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from mixdyn.errors import MixError
from mixdyn.reconnect import Reconnect, check_reconnect


def failed(status: int) -> MixError:
    return MixError("x", SimpleNamespace(status_code=status, headers={}))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, True),
        (httpx.ReadError("x"), True),
        (httpx.ReadTimeout("x"), True),
        (ConnectionResetError(), True),
        (failed(408), True),
        (failed(429), True),
        (failed(503), True),
        (failed(400), False),
        (failed(404), False),
        (MixError("no response"), False),
        (ValueError(), False),
    ],
)
def test_passing_errors(error: Exception | None, *, expected: bool) -> None:
    """Ends in good order, errors of the network and of busy servers are no reason to give up."""
    assert Reconnect().accepts(error) is expected
    assert Reconnect(retry_on=lambda e: e is error).accepts(error)
    assert not Reconnect(retry_on=lambda e: False).accepts(error)


@pytest.mark.parametrize(
    ("attempt", "retry", "retry_after", "expected"),
    [
        (1, None, None, 1000),
        (2, None, None, 2000),
        (3, None, None, 4000),
        (9, None, None, 30_000),
        (10**9, None, None, 30_000),
        (1, 50, None, 50),
        (1, 0, None, 0),
        (2, 50, None, 2000),
        (2, 5000, None, 5000),
        (1, 50, 7000, 7000),
        (3, None, 1, 4000),
        (1, 10**15, None, 120_000),
        (5, 10**15, None, 120_000),
    ],
)
def test_delay(attempt: int, retry: Any, retry_after: Any, expected: float) -> None:
    """The server's own time counts; from the second attempt in a row on, waits grow beyond it."""
    policy = Reconnect(exponent=2)
    delay = policy.delay(attempt=attempt, retry=retry, retry_after=retry_after, random=0.0)
    assert delay == expected


def test_delay_has_jitter() -> None:
    """Chance takes off up to a quarter, so that not all clients come back at once."""
    delay = Reconnect().delay(attempt=1, retry=None, retry_after=None, random=1.0)
    assert delay == 750


def test_check() -> None:
    """`reconnect=` takes a policy or a truth value, and nothing else."""
    policy = Reconnect(attempts=2)
    assert check_reconnect(policy) is policy
    assert check_reconnect(True) == Reconnect()
    assert check_reconnect(None) is None
    assert check_reconnect(False) is None
    for wrong in (5, "yes", {}):
        with pytest.raises(TypeError, match="expected True, False or a Reconnect"):
            check_reconnect(wrong)
