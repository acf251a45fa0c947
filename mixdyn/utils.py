"""
The SDK's door to the retry configuration.
"""

from __future__ import annotations

from mixdyn.retry import BackoffStrategy, RetryConfig

__all__ = ["BackoffStrategy", "RetryConfig"]
