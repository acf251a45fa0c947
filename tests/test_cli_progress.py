"""Progress bars: drawn on terminals only, not too often, within the width."""

from __future__ import annotations

import io

import pytest

from mixdyn.tools.cli.progress import Bar, draw_bar, show_size


class Screen(io.StringIO):
    """A terminal in memory."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Time that the test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_bar_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar tells share, sizes, rate and the time left, and ends its line."""
    monkeypatch.setenv("COLUMNS", "200")
    err, clock = Screen(), Clock()
    bar = Bar(err, "x.bin", clock=clock)
    clock.now += 2
    bar(500_000, 1_000_000)
    line = err.getvalue()
    assert line.startswith(
        "\rx.bin  50% [############............] 500.0 kB of 1.0 MB 250.0 kB/s 2 s"
    )
    bar(600_000, 1_000_000)
    assert err.getvalue() == line  # not so soon
    bar(1_000_000, 1_000_000)
    assert "100%" in err.getvalue()
    bar.close()
    bar.close()
    assert err.getvalue().count("\n") == 1


def test_bar_goes_on_from_an_earlier_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there already counts for the share, not for the rate."""
    monkeypatch.setenv("COLUMNS", "30")
    err, clock = Screen(), Clock()
    bar = Bar(err, "x", start=500, clock=clock)
    clock.now += 1
    bar(100, 500)
    assert " 60%" in err.getvalue()
    assert len(err.getvalue()) <= 30 + len("\r\x1b[K")


def test_bar_without_a_known_end() -> None:
    """Where the whole is not known the bar counts."""
    err = Screen()
    Bar(err, "x", clock=lambda: 1.0)(2048, None)
    assert "2.0 kB" in err.getvalue()
    assert "%" not in err.getvalue()


def test_bar_is_silent_elsewhere() -> None:
    """Nothing is drawn into files and pipes."""
    err = io.StringIO()
    bar = Bar(err, "x")
    bar(1, 1)
    bar.close()
    assert err.getvalue() == ""


def test_sizes_and_bars() -> None:
    """Sizes have units for people; a bar is never more than full."""
    assert [show_size(n) for n in (0, 999, 1000, 2.5e9, 1e18)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "2.5 GB",
        "1000000.0 TB",
    ]
    assert draw_bar(5, 4).startswith("100% [####")
    assert draw_bar(5, None) == draw_bar(0, 0) == ""
