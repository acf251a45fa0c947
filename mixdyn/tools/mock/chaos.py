"""
Faults by chance: a share of the answers goes wrong, each time in another of the usual ways.

Knows what can go wrong, and nothing of documents. The same seed gives the same chaos.
"""

from __future__ import annotations

import random

from mixdyn.tools.mock.fault import Fault, Faults

# What servers and networks do to clients, from the frequent to the rare.
USUAL = (
    Fault(status=503, headers=(("retry-after", "1"),)),
    Fault(status=500),
    Fault(status=429, headers=(("retry-after", "1"),)),
    Fault(pause_s=1.0),
    Fault(chunk_bytes=7, pause_s=0.01),
    Fault(drop_after=1),
    Fault(body=b'{"broken": ', content_type="application/json"),
    Fault(body=b"<h1>Bad gateway</h1>", content_type="text/html"),
)

_SEEDS = 1 << 32


class Chaos(Faults):
    """
    Lets a share of all answers go wrong.

    Args:
        share: how many, from 0 to 1.
        seed: repeats an earlier chaos; `seed` then tells which it was.
    """

    def __init__(self, share: float, seed: int | None = None) -> None:
        super().__init__()
        self.share = share
        self.seed = random.randrange(_SEEDS) if seed is None else seed  # noqa: S311  # no secret
        self._chance = random.Random(self.seed)  # noqa: S311  # no secret

    def take(self, *names: str) -> Fault | None:
        """Give what was asked for beforehand, else a fault by chance."""
        fault = super().take(*names)
        if fault is not None or self._chance.random() >= self.share:
            return fault
        return self._chance.choice(USUAL)
