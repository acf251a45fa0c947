"""
Decodes JSON text: the standard library's way, and faster where msgspec is installed.

What msgspec decodes is what the standard library would give, big integers included; what it refuses
(NaN, lone surrogates, byte order marks, UTF-16, deep nesting, and what is no JSON) the standard
library decides.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

_SMALL_BYTES = 64 * 1024

# True for the first text: loading msgspec takes longer than it saves a process with a single call.
_first = iter((True,))


def decode(content: bytes | str) -> Any:
    """
    Give the value of a JSON text.

    Raises ValueError where it is none, and RecursionError where it is nested too deeply.
    """
    try:
        if not next(_first, False) or len(content) > _SMALL_BYTES:
            return _fast_decoder()(content)
    except (ValueError, RecursionError):
        pass
    import json

    return json.loads(content)


@cache
def _fast_decoder() -> Callable[[bytes | str], Any]:
    try:
        import msgspec
    except ImportError:
        import json

        return json.loads
    decoder: Callable[[bytes | str], Any] = msgspec.json.Decoder().decode
    return decoder
