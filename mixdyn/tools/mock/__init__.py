"""
A stand-in server for any document: as an httpx transport, over loopback, or as a function.
"""

from __future__ import annotations

from mixdyn.tools.mock.chaos import Chaos
from mixdyn.tools.mock.fault import Fault
from mixdyn.tools.mock.reply import MockRequest, MockResponse
from mixdyn.tools.mock.stand_in import Mock, MockServer, respond, serve, serve_forever

__all__ = [
    "Chaos",
    "Fault",
    "Mock",
    "MockRequest",
    "MockResponse",
    "MockServer",
    "respond",
    "serve",
    "serve_forever",
]
