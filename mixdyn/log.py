"""
What is written of calls where the caller asks for it: lines with all secrets masked.

Knows the SDK's `debug_logger`, and Python's own `logging`; nothing is computed when both are off.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from mixdyn.errors import excerpt
from mixdyn.redact import Redactor
from mixdyn.settings import Logger

if TYPE_CHECKING:
    import logging

SHOWN = 2000
_DEBUG = 10  # `logging.DEBUG`, without loading it
_FORMAT = "%(asctime)s %(name)s %(message)s"


@cache
def find_logger() -> logging.Logger:
    """Give the logger `mixdyn`; `logging` is slow to load, and few programs come to need it."""
    import logging

    return logging.getLogger("mixdyn")


def turn_on() -> None:
    """Write to the logger `mixdyn`, on stderr unless the program has handlers of its own."""
    import logging

    logger = find_logger()
    logger.setLevel(logging.DEBUG)
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(_FORMAT))
        logger.addHandler(handler)


def choose_logger(given: Logger | None) -> Logger | None:
    """Give what calls are written to: the client's own, else ours where it is on, else None."""
    if given is not None:
        return given
    if "logging" not in sys.modules:  # then nobody has turned it on
        return None
    logger = find_logger()
    return logger if logger.isEnabledFor(_DEBUG) else None


def log_request(to: Logger, redactor: Redactor, label: str, request: Any, content: Any) -> None:
    """Write what is about to be sent: the HTTP client's request, and our own form of its body."""
    to.debug(
        "%s: %s %s headers=%s body=%s",
        label,
        excerpt(str(request.method), 20),
        excerpt(redactor.url(str(request.url)), SHOWN),
        _show_headers(redactor, request.headers),
        _show_body(redactor, request.headers, content),
    )


def log_response(
    to: Logger,
    redactor: Redactor,
    label: str,
    seconds: float,
    response: Any,
    content: Any,
) -> None:
    """Write what has come; `content` is the body, or None where it is the caller's to read."""
    to.debug(
        "%s: %s after %.0f ms headers=%s body=%s",
        label,
        response.status_code,
        seconds * 1000,
        _show_headers(redactor, response.headers),
        "not read" if content is None else _show_body(redactor, response.headers, content),
    )


def log_failure(
    to: Logger, redactor: Redactor, label: str, seconds: float, error: BaseException
) -> None:
    """Write why no response has come."""
    shown = excerpt(redactor.text(f"{type(error).__name__}: {error}"), SHOWN)
    to.debug("%s: no answer after %.0f ms: %s", label, seconds * 1000, shown)


def _show_headers(redactor: Redactor, headers: Any) -> str:
    pairs: Iterable[tuple[str, str]] = getattr(headers, "multi_items", headers.items)()
    return excerpt(str(redactor.headers(pairs)), SHOWN)


def _show_body(redactor: Redactor, headers: Mapping[str, str], content: Any) -> str:
    from mixdyn.payload import Payload

    if isinstance(content, Payload):
        size = "an unknown number of" if content.size is None else content.size
        return f"<{size} bytes, not read>"
    return redactor.body(content or b"", headers.get("content-type", ""), SHOWN)
