"""
mixdyn: a spec-driven dynamic client. The OpenAPI document is read at run time, and every operation
becomes a method; `Mix` is the client of the bundled Mix REST API.
"""

from __future__ import annotations

from mixdyn import errors, httpclient, models, utils
from mixdyn.bundled import Mix
from mixdyn.client import Client
from mixdyn.document import Document
from mixdyn.retry import BackoffStrategy, RetryConfig
from mixdyn.settings import UNSET
from mixdyn.stream import AsyncEventStream, EventStream
from mixdyn.version import VERSION

__version__ = VERSION

__all__ = [
    "UNSET",
    "AsyncEventStream",
    "BackoffStrategy",
    "Client",
    "Document",
    "EventStream",
    "Mix",
    "RetryConfig",
    "errors",
    "httpclient",
    "models",
    "utils",
]
