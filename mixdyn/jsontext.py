"""
Decodes JSON text: the standard library's way, and faster where msgspec is installed.

What msgspec decodes is what the standard library would give, big integers included; what it refuses
(NaN, lone surrogates, byte order marks, UTF-16, deep nesting, and what is no JSON) the standard
library decides.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import repeat
from typing import Any

_SMALL_BYTES = 64 * 1024

# For the first few small texts: loading msgspec takes longer than it saves a process on these.
_few = repeat(True, 8)


def decode(content: bytes | str) -> Any:
    """
    Give the value of a JSON text.

    Raises ValueError where it is none, and RecursionError where it is nested too deeply.
    """
    try:
        if len(content) > _SMALL_BYTES or not next(_few, False):
            return _fast_decoder()(content)
    except (ValueError, RecursionError):
        pass
    return _standard(content)


def decode_large(content: bytes) -> Any:
    """
    Give the value of a large JSON text, without making it Python's text first.

    Raises ValueError or RecursionError also for what only `decode` can tell about.
    """
    decoder = _fast_decoder()
    if len(content) <= _SMALL_BYTES or decoder is _standard:
        raise ValueError("nothing would be gained")
    return decoder(content)


@cache
def _fast_decoder() -> Callable[[bytes | str], Any]:
    try:
        import msgspec
    except ImportError:
        return _standard
    decoder: Callable[[bytes | str], Any] = msgspec.json.Decoder().decode
    return decoder


def _standard(content: bytes | str) -> Any:
    import json

    return json.loads(content)
