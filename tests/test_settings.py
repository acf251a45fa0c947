"""What a client is set to."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.errors import Problem
from mixdyn.settings import MAX_TIMEOUT_MS, UNSET, Modes, Settings, Timeouts, Watch


@pytest.mark.parametrize(
    ("validate", "expected"),
    [
        (None, ("strict", "strict", "warn")),
        ("off", ("off", "off", "off")),
        ({"request": "warn"}, ("warn", "strict", "warn")),
        ({"response": "off", "events": "strict"}, ("strict", "off", "strict")),
        ({}, ("strict", "strict", "warn")),
    ],
)
def test_modes_change_for_all_or_one_direction(validate: Any, expected: tuple[str, ...]) -> None:
    """One mode goes for all directions, a mapping for those that it names."""
    assert Modes().changed(validate) == expected


@pytest.mark.parametrize("validate", ["loud", True, 5, {"answers": "off"}, {"request": None}, []])
def test_unknown_modes_are_refused(validate: Any) -> None:
    """A slip in `validate` is an error that says what may stand there."""
    with pytest.raises(ValueError, match="'strict', 'warn' or 'off'"):
        Modes().changed(validate)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (UNSET, (1.0, UNSET, None, UNSET)),
        (None, (None, None, None, None)),
        (2500.9, (2.5009, 2.5009, 2.5009, 2.5009)),
        (0.5, (0.001, 0.001, 0.001, 0.001)),
        ({"read": 5000, "total": 60_000}, (1.0, 5.0, 60.0, UNSET)),
        ({"connect": None}, (None, UNSET, None, UNSET)),
        ({}, (1.0, UNSET, None, UNSET)),
    ],
)
def test_timeouts_change_for_all_or_some(given: Any, expected: tuple[Any, ...]) -> None:
    """One number goes for all limits, a mapping for those that it names; all in seconds."""
    assert Timeouts(connect=1.0, total=None).changed(given) == expected


@pytest.mark.parametrize(
    "given",
    [0, -1, True, "5", float("nan"), float("inf"), 10**400, [], {"read": 0}, {"slow": 5}, {5: 5}],
)
def test_timeouts_out_of_range_are_refused(given: Any) -> None:
    """A timeout must be a positive number that an operating system can wait for."""
    with pytest.raises(ValueError, match=rf"timeout_ms=.*{MAX_TIMEOUT_MS}.*'connect', 'read'"):
        Timeouts().changed(given)


def test_defaults() -> None:
    """Without settings the document decides."""
    settings = Settings()
    assert (settings.server_url, settings.server_idx, settings.timeouts) == (None, 0, Timeouts())
    assert repr(UNSET) == "UNSET"
    assert not UNSET


def test_watch() -> None:
    """Drift is kept in one place, made when it is first looked for."""
    watch = Watch()
    drift = watch.drift
    drift.add("things.list", [Problem("$", "wrong")])
    assert watch.drift is drift
    assert len(drift) == 1
