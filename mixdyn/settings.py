"""
What a client is set to. Light, since it is loaded with the package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from mixdyn.errors import Problem, excerpt
from mixdyn.shape import is_object

if TYPE_CHECKING:
    from mixdyn.retry import RetryConfig

Mode: TypeAlias = Literal["strict", "warn", "off"]
Report: TypeAlias = Callable[[tuple[Problem, ...]], None]
Credential: TypeAlias = "str | tuple[str, str]"

MODES = ("strict", "warn", "off")
MAX_TIMEOUT_MS = 2_147_483_647


class Unset:
    """Stands for an argument that was not given, where None means something."""

    def __repr__(self) -> str:
        return "UNSET"


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


class Settings(NamedTuple):
    """A client's settings; a derived client has some changed."""

    server_url: str | None = None
    server_idx: int = 0
    url_params: Mapping[str, str] = {}
    timeout_ms: int | Unset | None = UNSET
    retry_config: RetryConfig | Unset | None = UNSET
    modes: Modes = Modes()
    security: Mapping[str, Credential] = {}


def check_timeout(value: Any) -> int | Unset | None:
    """Give a timeout in milliseconds if it is a positive number, None, or not given."""
    if value is None or isinstance(value, Unset):
        return value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 < value <= MAX_TIMEOUT_MS:
        raise ValueError(
            f"timeout_ms={excerpt(value, 40)}: expected milliseconds from 1 to {MAX_TIMEOUT_MS}, "
            "or None for no limit"
        )
    return max(1, int(value))
