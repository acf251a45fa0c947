"""What a client is set to."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.settings import MAX_TIMEOUT_MS, UNSET, Modes, Settings, check_timeout


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
    ("given", "expected"), [(None, None), (UNSET, UNSET), (1, 1), (0.5, 1), (2500.9, 2500)]
)
def test_timeouts_are_whole_milliseconds(given: Any, expected: Any) -> None:
    """None and "not given" stay what they are, numbers become whole milliseconds."""
    assert check_timeout(given) == expected


@pytest.mark.parametrize("given", [0, -1, True, "5", float("nan"), float("inf"), 10**400, []])
def test_timeouts_out_of_range_are_refused(given: Any) -> None:
    """A timeout must be a positive number that an operating system can wait for."""
    with pytest.raises(ValueError, match=str(MAX_TIMEOUT_MS)):
        check_timeout(given)


def test_defaults() -> None:
    """Without settings the document decides."""
    settings = Settings()
    assert (settings.server_url, settings.server_idx, settings.timeout_ms) == (None, 0, UNSET)
    assert repr(UNSET) == "UNSET"
