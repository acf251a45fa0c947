"""
What is made once for an operation and serves all its calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from mixdyn.binding import Binder
from mixdyn.document import Document
from mixdyn.garbage import at_rest
from mixdyn.media import MediaType, is_streamed
from mixdyn.operation import Operation
from mixdyn.record import NamedTuple
from mixdyn.response import ResponseReader
from mixdyn.results import Types
from mixdyn.retry import (
    DEFAULT_STATUSES,
    SAFE_METHODS,
    Policy,
    RetryConfig,
    is_idempotency_key,
    parse_extension,
)
from mixdyn.scheme import SecurityScheme

if TYPE_CHECKING:
    from mixdyn.event import EventReader
    from mixdyn.request import RequestBuilder
    from mixdyn.secrecy import Secrecy


class Plan(NamedTuple):
    """An operation with the parts that bind, build, read, type and retry its calls."""

    operation: Operation
    document: Document
    home: str | None
    binder: Binder
    find_builder: Callable[[], RequestBuilder]
    reader: ResponseReader
    find_events: Callable[[], EventReader]
    schemes: Mapping[str, SecurityScheme]
    is_stream: bool
    server_urls: dict[tuple[Any, ...], str]
    policy: Policy | None
    retry_statuses: tuple[str, ...]
    find_secrecy: Callable[[], Secrecy]
    idempotency_argument: str | None

    @property
    def builder(self) -> RequestBuilder:
        """What builds the operation's requests, made when it is first needed."""
        return self.find_builder()

    @property
    def events(self) -> EventReader:
        """What reads the operation's events, made when it is first needed."""
        return self.find_events()

    @property
    def secrecy(self) -> Secrecy:
        """What knows the operation's secrets, made when it is first needed."""
        return self.find_secrecy()

    def choose_policy(self, config: RetryConfig | None) -> Policy | None:
        """Give the retry policy for a configuration that replaces the document's; None for none."""
        if config is None or config.strategy != "backoff":
            return None
        return Policy(config, self.retry_statuses, _is_repeatable(self.operation, config))


def make_plan(
    operation: Operation,
    types: Types,
    schemes: Mapping[str, SecurityScheme],
    user_agent: str,
    home: str | None = None,
) -> Plan:
    """Prepare an operation for its calls; validators and readers follow when first needed."""
    media = (m for response in operation.success for m in response.media)
    stream = next(filter(is_streamed, media), None)
    config, statuses = parse_extension(operation.retries) or (None, DEFAULT_STATUSES)
    plan = Plan(
        operation=operation,
        document=types.document,
        home=home,
        binder=Binder(operation),
        find_builder=cache(partial(_make_builder, operation, user_agent)),
        reader=ResponseReader(operation, types),
        find_events=cache(partial(_read_events, operation, stream, types)),
        schemes=schemes,
        is_stream=stream is not None,
        server_urls={},
        policy=None,
        retry_statuses=statuses,
        find_secrecy=cache(partial(_make_secrecy, operation, schemes)),
        idempotency_argument=_idempotency_argument(operation),
    )
    return plan._replace(policy=plan.choose_policy(config))


@at_rest(ages=True)
def _make_builder(operation: Operation, user_agent: str) -> RequestBuilder:
    from mixdyn.request import RequestBuilder

    return RequestBuilder(operation, user_agent)


def _make_secrecy(operation: Operation, schemes: Mapping[str, SecurityScheme]) -> Secrecy:
    from mixdyn.secrecy import Secrecy

    return Secrecy(operation, schemes)


def _read_events(operation: Operation, stream: MediaType | None, types: Types) -> EventReader:
    from mixdyn.event import EventReader

    return EventReader(operation, stream, types)


def _is_repeatable(operation: Operation, config: RetryConfig) -> bool:
    """What is safe to send twice: by its method, by the caller's word or by the document's."""
    return operation.method in SAFE_METHODS or config.retry_unsafe or operation.has_own_retries


def _idempotency_argument(operation: Operation) -> str | None:
    """Name the argument by which a call can be told from its repetition, if there is one."""
    for argument in operation.arguments:
        if argument.location == "header" and is_idempotency_key(argument.wire):
            return argument.name
    return None
