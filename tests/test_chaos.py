"""Chaos: a share of the stand-in's answers goes wrong, the same way for the same seed."""

from __future__ import annotations

from mixdyn.tools.mock import Chaos, Fault, Mock, MockRequest
from mixdyn.tools.mock.chaos import USUAL


def draw(share: float, seed: int | None = 1) -> list[Fault | None]:
    """Give what a hundred answers meet."""
    chaos = Chaos(share, seed)
    return [chaos.take("x") for _ in range(100)]


def test_chaos_hits_its_share() -> None:
    """None of the answers, all of them, or about the share goes wrong."""
    assert draw(0.0) == [None] * 100
    assert set(draw(1.0)) == set(USUAL)
    assert 20 < sum(fault is not None for fault in draw(0.4)) < 60


def test_chaos_can_be_had_again() -> None:
    """The same seed gives the same chaos; without one there is always another, which is told."""
    assert draw(0.5, 7) == draw(0.5, 7) != draw(0.5, 8)
    first = Chaos(0.5)
    again = Chaos(0.5, first.seed)
    assert [first.take() for _ in range(50)] == [again.take() for _ in range(50)]


def test_chaos_leaves_room_for_what_is_asked_for() -> None:
    """Faults that were added go first."""
    chaos = Chaos(0.0)
    chaos.add("getHealth", USUAL[0])
    assert chaos.take("getHealth") is USUAL[0]
    assert chaos.take("getHealth") is None


def test_a_stand_in_in_chaos_refuses() -> None:
    """All answers of a stand-in are hit where the share is 1."""
    mock = Mock(faults=Chaos(1.0, seed=3))
    answers = [mock.handle(MockRequest("GET", "/health")) for _ in range(30)]
    assert {429, 500, 503} <= {answer.status for answer in answers}
    mock.close()
