"""
mixdyn: a spec-driven dynamic client. The OpenAPI document is read at run time, and every operation
becomes a method; `Mix` is the client of the bundled Mix REST API.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mixdyn.garbage import at_rest

with at_rest(ages=True):  # what is loaded here stays, the bundled document too
    from mixdyn import errors
    from mixdyn.bundled import Mix
    from mixdyn.client import Client
    from mixdyn.document import Document
    from mixdyn.settings import UNSET
    from mixdyn.version import VERSION

if TYPE_CHECKING:
    from typing import Any

    from mixdyn import httpclient, models, utils
    from mixdyn.comparison import compare
    from mixdyn.event import UnknownEvent
    from mixdyn.flow import Outcome
    from mixdyn.hook import HookContext
    from mixdyn.reconnect import Reconnect
    from mixdyn.retry import BackoffStrategy, RetryConfig
    from mixdyn.stream import AsyncEventStream, EventStream

__version__ = VERSION

__all__ = [
    "UNSET",
    "AsyncEventStream",
    "BackoffStrategy",
    "Client",
    "Document",
    "EventStream",
    "HookContext",
    "Mix",
    "Outcome",
    "Reconnect",
    "RetryConfig",
    "UnknownEvent",
    "__version__",
    "compare",
    "errors",
    "httpclient",
    "models",
    "utils",
]

# Loaded when first asked for: a program that makes no call pays for none of it.
_LATER = {
    "AsyncEventStream": "mixdyn.stream",
    "BackoffStrategy": "mixdyn.retry",
    "EventStream": "mixdyn.stream",
    "HookContext": "mixdyn.hook",
    "Outcome": "mixdyn.flow",
    "Reconnect": "mixdyn.reconnect",
    "RetryConfig": "mixdyn.retry",
    "UnknownEvent": "mixdyn.event",
    "compare": "mixdyn.comparison",
    "httpclient": "",
    "models": "",
    "utils": "",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}" + errors.nearest(name, __all__)
        )
    module = import_module(_LATER[name] or f"{__name__}.{name}")
    return getattr(module, name) if _LATER[name] else module


def __dir__() -> list[str]:
    return sorted(__all__)
