"""
Rows 1 and 2: how long a fresh process takes until it can show a method, and until its first call
has ended.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial

from tests.benchmarks.measure import Benchmark, Line, Scale, Sides
from tests.benchmarks.process import fresh, seconds_of
from tests.benchmarks.session import BARE_CALL, MOCK

INDEX = "import mixdyn; mix = mixdyn.Mix(); dir(mix.sessions)"
LOOK = "import mixdyn; method = mixdyn.Mix().sessions.create; method.__signature__, method.__doc__"
PEER = "import mix_python_sdk; mix_python_sdk.Mix().sessions"

CALL = f"{MOCK}import mixdyn; mixdyn.Mix(client=client).sessions.get(id='ses_1')"


@contextmanager
def _open(ours: str, theirs: str, _: Scale) -> Generator[Sides]:
    yield seconds_of(ours), seconds_of(theirs)


@contextmanager
def _open_memory(ours: str, theirs: str, _: Scale) -> Generator[Sides]:
    mixdyn, other = fresh(ours), fresh(theirs)
    yield lambda: mixdyn()[1:], lambda: other()[1:]


BENCHMARKS = [
    Benchmark(
        (Line("1", "fresh process: import, Mix(), a method looked at", "import httpx", 0.6),),
        partial(_open, LOOK, "import httpx"),
        rounds=31,
    ),
    Benchmark(
        (Line("1", "the same, its operations listed only", "import httpx", None),),
        partial(_open, INDEX, "import httpx"),
        rounds=31,
    ),
    Benchmark(
        (Line("1", "the same, memory above bare Python", "mix-python-sdk", 0.5),),
        partial(_open_memory, LOOK, PEER),
        rounds=5,
        needs=("mix_python_sdk",),
    ),
    Benchmark(
        (Line("2", "fresh process to the end of a first call", "bare httpx", 1.3),),
        partial(_open, CALL, BARE_CALL),
        rounds=31,
    ),
]
