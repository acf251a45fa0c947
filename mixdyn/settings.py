"""
What a client is set to. Light, since it is loaded with the package.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias

from mixdyn.errors import Problem, excerpt
from mixdyn.record import NamedTuple
from mixdyn.shape import is_number, is_object

if TYPE_CHECKING:
    from mixdyn.drift import Drift
    from mixdyn.hook import Hooks
    from mixdyn.retry import RetryConfig

Mode: TypeAlias = Literal["strict", "warn", "off"]
Report: TypeAlias = Callable[[tuple[Problem, ...]], object]
Progress: TypeAlias = Callable[[int, "int | None"], object]
Timeout: TypeAlias = "int | Mapping[str, int | None]"
Proof: TypeAlias = "str | tuple[str, str]"
Credential: TypeAlias = "Proof | Callable[[], Proof | Awaitable[Proof]]"

MODES = ("strict", "warn", "off")
MAX_TIMEOUT_MS = 2_147_483_647
MAX_EVENT_BYTES = 16 * 1024 * 1024


class Logger(Protocol):
    """Anything with the `debug` method of `logging.Logger`."""

    def debug(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Write a line, made of `msg % args`."""
        ...


class Unset:
    """Stands for an argument that was not given, where None means something."""

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset()


class Modes(NamedTuple):
    """How strictly requests, responses and events are checked: `strict`, `warn` or `off`."""

    request: Mode = "strict"
    response: Mode = "strict"
    events: Mode = "warn"

    def changed(self, validate: Any) -> Modes:
        """Give the modes after `validate`: one mode for all, or a mapping by direction."""
        if validate is None:
            return self
        wanted = validate if is_object(validate) else dict.fromkeys(self._fields, validate)
        known = all(value in MODES for value in wanted.values())
        if not known or not set(wanted) <= set(self._fields):
            raise ValueError(
                f"validate={excerpt(validate, 80)}: expected 'strict', 'warn' or 'off', or a "
                "mapping of 'request', 'response' and 'events' to these"
            )
        return self._replace(**wanted)


class Timeouts(NamedTuple):
    """
    The time limits of a call in seconds: None for none, UNSET for what the HTTP client has.

    `connect` is for a connection, also one from the pool, `read` for each wait while bytes are sent
    and received, `total` for an attempt with its whole answer, `idle` for each wait on a stream.
    """

    connect: float | Unset | None = UNSET
    read: float | Unset | None = UNSET
    total: float | Unset | None = UNSET
    idle: float | Unset | None = UNSET

    def changed(self, timeout_ms: Any) -> Timeouts:
        """Give the limits after `timeout_ms`: one for all, or a mapping with some of them."""
        if isinstance(timeout_ms, Unset):
            return self
        wanted = timeout_ms if is_object(timeout_ms) else dict.fromkeys(self._fields, timeout_ms)
        for name, value in wanted.items():
            if name not in self._fields or not _is_timeout(value):
                raise ValueError(
                    f"timeout_ms={excerpt(timeout_ms, 80)}: expected milliseconds from 1 to "
                    f"{MAX_TIMEOUT_MS}, None for no limit, or a mapping of "
                    f"{', '.join(map(repr, self._fields))} to these"
                )
        seconds = {n: None if v is None else max(1, v) / 1000 for n, v in wanted.items()}
        return self._replace(**seconds)


def _is_timeout(value: Any) -> bool:
    return value is None or (is_number(value) and 0 < value <= MAX_TIMEOUT_MS)


class Watch:
    """Where the calls of a client, and of those derived from it, note drift; made when needed."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[str, Drift] = {}

    @property
    def drift(self) -> Drift:
        """What was noted so far, always the same object."""
        if "drift" not in self._made:
            from mixdyn.drift import Drift

            self._made.setdefault("drift", Drift())  # of two threads one is first
        return self._made["drift"]


class Settings(NamedTuple):
    """A client's settings; a derived client has some changed."""

    server_url: str | None = None
    server_idx: int = 0
    url_params: Mapping[str, str] = {}
    timeouts: Timeouts = Timeouts()
    retry_config: RetryConfig | Unset | None = UNSET
    modes: Modes = Modes()
    security: Mapping[str, Credential] = {}
    hooks: Hooks | None = None
    logger: Logger | None = None
    watch: Watch | None = None
