"""
What a call goes by: its own options, else the client's settings, else the document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixdyn.errors import excerpt
from mixdyn.plan import Plan
from mixdyn.record import NamedTuple
from mixdyn.retry import SAFE_METHODS, Policy, RetryConfig
from mixdyn.server import resolve_server
from mixdyn.settings import MAX_EVENT_BYTES, UNSET, Modes, Progress, Settings, Timeouts

if TYPE_CHECKING:
    from mixdyn.reconnect import Reconnect

_MAX_SERVER_URLS = 64


class Terms(NamedTuple):
    """
    What a call goes by.

    `policy` says when to send again, `reconnect` when to open a stream again; None for never.
    """

    server_url: str
    modes: Modes
    timeouts: Timeouts
    policy: Policy | None
    on_progress: Progress | None = None
    max_event_bytes: int | None = MAX_EVENT_BYTES
    reconnect: Reconnect | None = None


def settle_terms(plan: Plan, settings: Settings, options: dict[str, Any]) -> Terms:
    """
    Settle what a call goes by; most calls come without options.

    Raises TypeError or ValueError for an option that is none, RequestValidationError where there is
    no server to call.
    """
    if not options:
        policy = _choose_policy(plan, settings.retry_config)
        server_url = _server_url(plan, settings, None)
        return Terms(server_url, settings.modes, settings.timeouts, policy)
    modes = settings.modes.changed(options.get("validate"))
    timeouts = settings.timeouts.changed(options.get("timeout_ms", UNSET))
    config = options.get("retries", UNSET)
    policy = _choose_policy(plan, settings.retry_config if config is UNSET else config)
    if "idle_timeout_ms" in options:
        timeouts = timeouts.changed({"idle": options["idle_timeout_ms"]})
    on_progress = _check_progress(options.get("on_progress"))
    max_event_bytes = _check_bytes(options.get("max_event_bytes", MAX_EVENT_BYTES))
    reconnect = _check_reconnect(plan, options.get("reconnect"))
    server_url = _server_url(plan, settings, options.get("server_url"))
    return Terms(server_url, modes, timeouts, policy, on_progress, max_event_bytes, reconnect)


def _choose_policy(plan: Plan, config: Any) -> Policy | None:
    """Give the retry policy of a configuration; the document's where there is none."""
    if config is UNSET:
        return plan.policy
    if config is not None and not isinstance(config, RetryConfig):
        raise TypeError(f"retries={excerpt(config, 60)}: expected a RetryConfig, or None for never")
    return plan.choose_policy(config)


def _check_progress(given: Any) -> Progress | None:
    if given is None:
        return None
    from inspect import iscoroutinefunction

    if not callable(given) or iscoroutinefunction(given):
        expected = "expected a plain function of the bytes done and the total, or None"
        raise TypeError(f"on_progress={excerpt(given, 60)}: {expected}")
    progress: Progress = given
    return progress


def _check_bytes(given: Any) -> int | None:
    if given is None or (isinstance(given, int) and given > 0):
        return given
    raise ValueError(f"max_event_bytes={excerpt(given, 40)}: expected bytes from 1, or None")


def _check_reconnect(plan: Plan, given: Any) -> Reconnect | None:
    """Give the policy for streams; what may not be sent twice is not, unless the caller says so."""
    if given is None:
        return None
    from mixdyn.reconnect import check_reconnect

    policy = check_reconnect(given)
    if policy is None or policy.retry_unsafe or plan.operation.method in SAFE_METHODS:
        return policy
    label = plan.operation.label
    hint = "pass Reconnect(retry_unsafe=True) if the server can take the same request again"
    raise ValueError(f"reconnect: {label} may act each time that it is called; {hint}")


def _server_url(plan: Plan, settings: Settings, given: str | None) -> str:
    """Give the server's URL, worked out once for the same settings."""
    url_params = ((name, str(value)) for name, value in settings.url_params.items())
    key = (given or settings.server_url, settings.server_idx, *url_params)
    found = plan.server_urls.get(key)
    if found is None:
        found = resolve_server(plan.document, plan.operation, settings, given, plan.home)
        if len(plan.server_urls) < _MAX_SERVER_URLS:
            plan.server_urls[key] = found
    return found
