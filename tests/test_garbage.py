"""The garbage collector rests while what stays is made, and works again afterwards."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from mixdyn import Client
from mixdyn.garbage import at_rest
from tests.documents import make_document


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """Let the collector work before each test, and after it."""
    gc.enable()
    yield
    gc.enable()


@pytest.fixture
def passes() -> Iterator[list[int]]:
    """The generations that the collector goes through."""
    seen: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append(info["generation"])

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)


def test_it_rests_and_works_again(passes: list[int]) -> None:
    """Nothing is gone through meanwhile; what is garbage by then is found later, as ever."""

    class Ring:
        """Refers to itself, so that only the collector can free it."""

        def __init__(self) -> None:
            self.itself = self

    with at_rest(ages=True):
        passes.clear()
        dropped = weakref.ref(Ring())
        made: list[list[int]] = [[] for _ in range(20_000)]
        assert (gc.isenabled(), passes, len(made)) == (False, [], 20_000)
    assert gc.isenabled()
    gc.collect()
    assert dropped() is None


def test_it_works_again_after_an_error() -> None:
    """An error ends the rest, too; within another one, and where it is off, it stays off."""

    @at_rest()
    def fail() -> None:
        with at_rest(ages=True):
            pass
        assert not gc.isenabled()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert gc.isenabled()
    gc.disable()
    with at_rest(ages=True):
        pass
    assert not gc.isenabled()


def test_what_is_frozen_stays_frozen() -> None:
    """What a program has frozen, as before a fork, is not thawed."""
    gc.collect()
    gc.freeze()
    try:
        count = gc.get_freeze_count()
        with at_rest(ages=True):
            pass
        assert gc.get_freeze_count() == count
    finally:
        gc.unfreeze()


def test_many_operations_cost_no_passes(passes: list[int]) -> None:
    """Looking at all operations of a client makes the collector go through little."""
    get = {"get": {"responses": {"204": {"description": "done"}}}}
    client = Client(make_document({f"/things/{i}": get for i in range(300)}))
    passes.clear()
    for entry in client._surface.catalog.entries:
        client._surface.plan(entry)
    assert len(passes) < 10
