"""
What a client is set to, and what one call changes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_args

from mixdyn.document import Document, resolve_url
from mixdyn.errors import Problem, RequestValidationError, excerpt
from mixdyn.operation import Operation, Server, parse_servers
from mixdyn.request import Mode, check_server_url
from mixdyn.retry import RetryConfig
from mixdyn.security import Credential


class Unset:
    """Stands for an argument that was not given, where None means something."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()

MAX_TIMEOUT_MS = 2_147_483_647


@dataclass(frozen=True, slots=True)
class Modes:
    """How strictly requests, responses and events are checked: `strict`, `warn` or `off`."""

    request: Mode = "strict"
    response: Mode = "strict"
    events: Mode = "warn"

    def changed(self, validate: Any) -> Modes:
        """Give the modes after `validate`: one mode for all, or a mapping by direction."""
        if validate is None:
            return self
        if not isinstance(validate, Mapping):
            validate = dict.fromkeys(("request", "response", "events"), validate)
        unknown = set(validate) - {"request", "response", "events"}
        if unknown or not set(validate.values()) <= set(get_args(Mode)):
            raise ValueError(
                f"validate={excerpt(validate, 80)}: expected 'strict', 'warn' or 'off', or a "
                "mapping of 'request', 'response' and 'events' to these"
            )
        return replace(self, **validate)


@dataclass(frozen=True, slots=True)
class Settings:
    """A client's settings; every field may be changed for a call or a derived client."""

    server_url: str | None = None
    server_idx: int = 0
    url_params: Mapping[str, str] = field(default_factory=dict[str, str])
    timeout_ms: int | None | Unset = UNSET
    retry_config: RetryConfig | None | Unset = UNSET
    modes: Modes = Modes()
    security: Mapping[str, Credential] = field(default_factory=dict[str, Credential], repr=False)


def check_timeout(value: Any) -> int | None | Unset:
    """Give a timeout in milliseconds if it is a positive number, None, or not given."""
    if value is None or isinstance(value, Unset):
        return value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 < value <= MAX_TIMEOUT_MS:
        raise ValueError(
            f"timeout_ms={excerpt(value, 40)}: expected milliseconds from 1 to {MAX_TIMEOUT_MS}, "
            "or None for no limit"
        )
    return int(value) or 1


def resolve_server(
    document: Document, operation: Operation, settings: Settings, server_url: str | None
) -> str:
    """
    Give the URL that a call goes to: the call's, the client's, or the document's own server.

    Raises RequestValidationError where there is none that is complete.
    """
    label = operation.label
    given = server_url or settings.server_url
    if given is not None:
        return check_server_url(_fill(Server(given, {}), settings.url_params, label), label)
    servers = operation.servers
    own = servers is not None and len(servers) > 0
    if not own:
        # OpenAPI 3.1.1, 4.8.1: without servers the document's own origin is the server.
        return check_server_url(resolve_url(document, "/"), label)
    index = settings.server_idx
    if not 0 <= index < len(servers):
        problem = Problem("server_idx", f"expected 0 to {len(servers) - 1}, got {index}")
        raise RequestValidationError(f"{label}: {problem}", None, None, None, label, (problem,))
    url = _fill(servers[index], settings.url_params, label)
    return check_server_url(resolve_url(document, url), label)


def _fill(server: Server, values: Mapping[str, str], label: str) -> str:
    """Put variables into a server's URL template: given values, else the defaults."""
    url = server.url
    problems: list[Problem] = []
    for name, rules in {**dict.fromkeys(values), **server.variables}.items():
        declared = rules if isinstance(rules, Mapping) else {}
        value = str(values.get(name, declared.get("default", "")))
        allowed = declared.get("enum")
        if isinstance(allowed, list) and value not in map(str, allowed):
            problems.append(Problem(f"url_params: {name}", f"expected one of {excerpt(allowed)}"))
        url = url.replace(f"{{{name}}}", value)
    if problems:
        text = "; ".join(map(str, problems))
        raise RequestValidationError(f"{label}: {text}", None, None, None, label, tuple(problems))
    return url


__all__ = ["UNSET", "Modes", "Settings", "Unset", "check_timeout", "parse_servers", "resolve_server"]
