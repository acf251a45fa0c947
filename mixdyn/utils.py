"""
The SDK's door to the retry configuration, and to what is like it.
"""

from __future__ import annotations

from mixdyn.reconnect import Reconnect
from mixdyn.retry import BackoffStrategy, RetryConfig

__all__ = ["BackoffStrategy", "Reconnect", "RetryConfig"]
