"""
What is made once for an operation and serves all its calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mixdyn.binding import Binder
from mixdyn.document import Document
from mixdyn.event import EventReader
from mixdyn.operation import Operation, SecurityScheme
from mixdyn.request import RequestBuilder
from mixdyn.response import ResponseReader
from mixdyn.results import Types

EVENT_STREAM = "text/event-stream"


class Plan(NamedTuple):
    """An operation with the parts that bind, build, read and type its calls."""

    operation: Operation
    document: Document
    binder: Binder
    builder: RequestBuilder
    reader: ResponseReader
    events: EventReader
    schemes: Mapping[str, SecurityScheme]
    is_stream: bool
    server_urls: dict[tuple[Any, ...], str]


def make_plan(
    operation: Operation, types: Types, schemes: Mapping[str, SecurityScheme], user_agent: str
) -> Plan:
    """Prepare an operation for its calls; validators and readers follow when first needed."""
    media = (m for response in operation.success for m in response.media)
    stream = next((m for m in media if m.essence == EVENT_STREAM), None)
    return Plan(
        operation=operation,
        document=types.document,
        binder=Binder(operation),
        builder=RequestBuilder(operation, user_agent),
        reader=ResponseReader(operation, types),
        events=EventReader(operation, stream, types),
        schemes=schemes,
        is_stream=stream is not None,
        server_urls={},
    )
