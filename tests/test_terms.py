"""What a call goes by: its options before the client's settings before the document."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.errors import RequestValidationError
from mixdyn.reconnect import Reconnect
from mixdyn.retry import BackoffStrategy, RetryConfig
from mixdyn.settings import MAX_EVENT_BYTES, Modes, Settings, Timeouts
from mixdyn.terms import Terms, settle_terms
from tests.world import PLANS, URL

CONFIG = RetryConfig("backoff", BackoffStrategy(1, 2, 1, 10), True)
SETTINGS = Settings(server_url=URL, retry_config=CONFIG, modes=Modes("off", "warn", "strict"))


def settle(name: str = "list", **options: Any) -> Terms:
    """Settle a call's terms by its options and the client's settings."""
    return settle_terms(PLANS[name], SETTINGS, options)


def test_terms_of_the_client() -> None:
    """Without options the client's settings count, and the document's policy where it has none."""
    terms = settle()
    assert terms[:3] == (URL, SETTINGS.modes, SETTINGS.timeouts)
    assert terms.policy is not None
    assert terms.policy.config is CONFIG
    assert terms[4:] == (None, MAX_EVENT_BYTES, None)
    plain = Settings(server_url=URL)
    assert settle_terms(PLANS["list"], plain, {}).policy is PLANS["list"].policy


def test_terms_of_the_call() -> None:
    """Options come before the client's settings, each for itself."""
    assert settle(http_headers={"a": "b"}) == settle()
    assert settle(server_url="http://other.test").server_url == "http://other.test"
    assert settle(validate="strict").modes == Modes("strict", "strict", "strict")
    assert settle(timeout_ms=2000).timeouts == Timeouts(2, 2, 2, 2)
    assert settle(timeout_ms=2000, idle_timeout_ms=None).timeouts == Timeouts(2, 2, 2, None)
    assert settle(retries=None).policy is None
    assert settle(on_progress=print).on_progress is print
    assert settle("watch", max_event_bytes=None).max_event_bytes is None
    assert settle("watch", reconnect=Reconnect(attempts=3)).reconnect == Reconnect(attempts=3)


@pytest.mark.parametrize(
    ("option", "value", "kind"),
    [
        ("retries", 3, TypeError),
        ("on_progress", "often", TypeError),
        ("max_event_bytes", 0, ValueError),
        ("timeout_ms", -1, ValueError),
        ("validate", "soon", ValueError),
        ("reconnect", "yes", TypeError),
    ],
)
def test_terms_refused(option: str, value: Any, kind: type[Exception]) -> None:
    """An option that is none is refused by its name."""
    with pytest.raises(kind, match=option):
        settle(**{option: value})


def test_reconnection_of_what_may_act_twice() -> None:
    """Only what is safe to send twice is, unless the caller says that it may."""
    with pytest.raises(ValueError, match="may act each time"):
        settle("create", reconnect=True)
    assert settle("create", reconnect=Reconnect(retry_unsafe=True)).reconnect is not None


def test_url_params_of_any_kind() -> None:
    """A variable's value that is no text is written as text, or refused with a clear message."""
    with pytest.raises(RequestValidationError, match="url_params: a: no server has this variable"):
        settle_terms(PLANS["list"], SETTINGS._replace(url_params={"a": [1]}), {})
