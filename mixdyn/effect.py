"""
What a call may ask of the world, as plain values: a flow yields them, an engine performs them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias

from mixdyn.hook import Run
from mixdyn.record import NamedTuple
from mixdyn.request import Request
from mixdyn.settings import Progress, Timeouts

if TYPE_CHECKING:
    from mixdyn.eventfeed import EventFeed


class Build(NamedTuple):
    """
    Make the HTTP client's own request; the outcome is a `Built`.

    `on_progress` counts a body that is sent in pieces.
    """

    request: Request
    is_stream: bool
    timeouts: Timeouts
    on_progress: Progress | None


class Built(NamedTuple):
    """The HTTP client's own request, and whether that client is set to follow redirects."""

    request: Any
    follows: bool


class Send(NamedTuple):
    """
    Send the HTTP client's request; the outcome is its response, open and unread.

    `deadline` is when to give up, in seconds of the monotonic clock; `options` go to `send`.
    """

    request: Any
    is_stream: bool
    deadline: float | None
    options: dict[str, Any]


class Read(NamedTuple):
    """
    Read the whole body, decoded, and close the response in any case; the outcome is bytes.

    After `deadline`, in seconds of the monotonic clock, it is too late; `on_progress` counts.
    """

    response: Any
    limit: int
    deadline: float | None
    on_progress: Progress | None


class Close(NamedTuple):
    """Close the response."""

    response: Any


class Sleep(NamedTuple):
    """Wait."""

    seconds: float


class Open(NamedTuple):
    """
    Hand the open response to the caller, who closes it.

    The outcome is an iterator of events, or the response itself where there is no feed for them.
    `resume` gives the flow that opens the stream again after an error, or None for its end.
    """

    response: Any
    feed: EventFeed | None
    resume: Resume | None
    on_progress: Progress | None
    label: str


Resume: TypeAlias = "Callable[[Exception | None], Flow]"
Effect: TypeAlias = Run | Build | Send | Read | Close | Sleep | Open
Flow: TypeAlias = Generator[Effect, Any, Any]
