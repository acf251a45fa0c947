"""Progress bars: by `rich` or plain, drawn on terminals only, not too often, within the width."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from mixdyn.terminal import measure
from mixdyn.tools.cli.progress import Bar, Row, draw, draw_plain, fit, show_size, show_time
from tests.loopback import PATIENCE
from tests.process import send_signal
from tests.terminal import environment, on_terminal

HOSTILE = "[red]a[/red] :smile: [link=x]l\x1b[2J\u202e\r\n\udc80 https://example.org"
COLOUR = re.compile(r"\x1b\[[\d;]*m")

# Shows a bar that is half way, and waits there.
HALF = """
import sys
from contextlib import closing
from mixdyn.tools.cli.progress import Bar
with closing(Bar(sys.stderr, "x.bin")) as bar:
    bar(500, 1000)
    sys.stdin.readline()
    bar(1000, 1000)
"""


class Screen(io.StringIO):
    """A terminal in memory."""

    def isatty(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        """What was drawn, line upon line, without colours."""
        return [line.rstrip() for line in COLOUR.sub("", self.getvalue()).split("\r")[1:]]


class Clock:
    """Time that the test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal with colours, 200 columns wide."""
    for name in ("NO_COLOR", "PYTHON_COLORS", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where `rich` is not installed."""
    monkeypatch.setitem(sys.modules, "rich.console", None)


@pytest.fixture(params=["rich", "plain"])
def way(request: pytest.FixtureRequest) -> str:
    """Each of the two ways to draw."""
    if request.param == "plain":
        request.getfixturevalue("without_rich")
    return str(request.param)


BARS: dict[str, Callable[[int], str]] = {
    "rich": lambda halves: "━" * (halves // 2) + ("╸" if halves % 2 else "╺") + "━" * 23,
    "plain": lambda halves: f"[{'#' * (halves // 2)}{'.' * (24 - halves // 2)}]",
}


def test_bar_shows_how_far_it_is(way: str) -> None:
    """The bar tells share, sizes, rate and the time left, and ends its line."""
    err, clock = Screen(), Clock()
    bar = Bar(err, "x.bin", clock=clock)
    clock.now += 2
    bar(500_000, 1_000_000)
    drawn = BARS[way](24)[: 24 if way == "rich" else None]
    assert err.lines == [f"x.bin  50% {drawn} 500.0 kB of 1.0 MB 250.0 kB/s 2 s left"]
    bar(600_000, 1_000_000)
    assert len(err.lines) == 1  # not so soon
    bar(1_000_000, 1_000_000)
    full = {"rich": "━" * 24, "plain": f"[{'#' * 24}]"}[way]
    assert err.lines[1] == f"x.bin 100% {full} 1.0 MB of 1.0 MB 500.0 kB/s"
    bar.close()
    bar.close()
    assert err.getvalue().count("\n") == 1


def test_bar_goes_on_from_an_earlier_run(way: str) -> None:
    """What was there already counts for the share, not for the rate."""
    err, clock = Screen(), Clock()
    bar = Bar(err, "x", start=500, clock=clock)
    clock.now += 1
    bar(100, 500)
    assert err.lines[0].startswith("x  60% ")
    assert err.lines[0].endswith(" 600 B of 1.0 kB 100 B/s 4 s left")


def test_bar_without_a_known_end(way: str) -> None:
    """Where the whole is not known the bar counts; what stays is the last count, and no bar."""
    err, clock = Screen(), Clock()
    bar = Bar(err, "x", clock=clock)
    clock.now += 1
    bar(2048, None)
    bar(4096, None)  # too soon to be drawn
    moving = {"rich": f"{'━' * 24} ", "plain": ""}[way]
    assert err.lines == [f"x {moving}2.0 kB 2.0 kB/s"]
    bar.close()
    assert err.lines[1:] == ["x 4.1 kB 4.1 kB/s"]
    assert err.getvalue().endswith("\n")


def test_bar_of_nothing(way: str) -> None:
    """An empty file is there at once."""
    err = Screen()
    Bar(err, "x")(0, 0)
    assert err.lines[0].startswith("x 100% ")


def test_bar_never_tells_more_than_all(way: str) -> None:
    """A server that sends more than it said gets a full bar."""
    err = Screen()
    Bar(err, "x")(9, 4)
    assert err.lines[0].startswith("x 100% ")
    Bar(err, "x")(999, 1000)
    assert err.lines[1].startswith("x  99% ")


def test_bar_is_silent_elsewhere() -> None:
    """Nothing is drawn into files and pipes."""
    err = io.StringIO()
    bar = Bar(err, "x")
    bar(1, 1)
    bar.close()
    assert err.getvalue() == ""


@pytest.mark.parametrize("columns", [*range(1, 30), 40, 60, 80, 120])
def test_bar_fits_and_fills_the_line(
    columns: int, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts without room are left out whole; each draw covers the one before."""
    monkeypatch.setenv("COLUMNS", str(columns))
    for label in ("x", HOSTILE, "日本" * 40):
        err, clock = Screen(), Clock()
        bar = Bar(err, label, clock=clock)
        clock.now += 200
        bar(123_456_789, 999_999_999)
        line = COLOUR.sub("", err.getvalue()).removeprefix("\r")
        assert measure(line) == columns - 1
        assert "123.5" not in line or "123.5 MB of 1.0 GB" in line
        assert "B/s" not in line or "617.3 kB/s" in line
        assert "left" not in line or "23:40 left" in line


def test_the_last_facts_give_way_first() -> None:
    """Sizes matter more than the rate, and the rate more than the time left."""
    row = Row("x", 0.5, ("5 B of 9 B", "2 B/s", "2 s left"))
    fitted = {width: fit(row, width) for width in (16, 17, 22, 23, 31, 32, 37, 80)}
    assert [len(kept.facts) for kept, _ in fitted.values()] == [0, 1, 1, 2, 2, 3, 3, 3]
    assert [room for _, room in fitted.values()] == [9, 0, 4, 0, 7, 0, 4, 24]
    assert fit(row, 38, around=2) == (row, 0)


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"NO_COLOR": "1"}, {"PYTHON_COLORS": "0"}])
def test_bar_is_plain_where_colours_are_refused(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without colours the bar is plain text, without a single escape, whatever is installed."""
    for name, value in {**variables, "FORCE_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    err = Screen()
    bar = Bar(err, "x")
    bar(1, 2)
    bar.close()
    assert err.getvalue().startswith("\rx  50% [############............] 1 B of 2 B")
    assert "\x1b" not in err.getvalue()


def test_bar_has_the_colours_of_rich() -> None:
    """Where `rich` draws, escapes are its colours and nothing else."""
    text = draw(Row("x", 0.5, ("1 B", "1 B/s", "1 s left")), 80, Screen())
    assert "\x1b[35m 50%\x1b[0m" in text
    assert "\x1b[" not in COLOUR.sub("", text)


def test_nothing_in_a_label_is_markup(way: str) -> None:
    """Names of files stay text: no markup, no emoji, no links, no control characters."""
    err = Screen()
    Bar(err, HOSTILE)(1, 2)
    name, _, rest = err.lines[0].partition("  50% ")
    assert name == r"[red]a[/red] :smile: [link=x]l\x1b[2J\u202e\r\n\udc80 https://exa…"
    assert rest
    assert "\x1b" not in COLOUR.sub("", err.getvalue())


def test_bar_writes_what_the_terminal_can(way: str) -> None:
    """On a terminal with another character set nothing breaks, and the width holds."""
    raw = io.BytesIO()
    err = io.TextIOWrapper(raw, "ascii", write_through=True)
    err.isatty = lambda: True  # type: ignore[method-assign]
    bar = Bar(err, "é" * 200)
    bar(1, 2)
    bar.close()
    text = raw.getvalue().decode("ascii")
    assert text.startswith("\r" + "\\xe9" * 16 + "\\...")
    assert {"rich": "-" * 12, "plain": "[####"}[way] in text
    assert measure(COLOUR.sub("", text).strip("\r\n")) == 199


def test_sizes_and_times() -> None:
    """Sizes and times have units for people."""
    assert [show_size(n) for n in (0, 999, 999.7, 999_999, 2.5e9, 1e18)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "1.0 MB",
        "2.5 GB",
        "1000000.0 TB",
    ]
    times = [show_time(n) for n in (0.2, 59.4, 59.6, 119.6, 3725, 400_000)]
    assert times == ["0 s", "59 s", "1:00", "2:00", "1:02:05", "111:06:40"]


def test_plain_rows() -> None:
    """A plain row is text alone."""
    assert draw_plain(Row("x", 0.25, ("1 B",)), 40) == f"x  25% [{'#' * 6}{'.' * 18}] 1 B   "[:40]


@pytest.mark.parametrize("blocked", [False, True])
def test_bar_on_a_real_terminal(blocked: bool) -> None:
    """On a terminal the bar is drawn by `rich` if it is there; it stays at 100 %."""
    before = "import sys; sys.modules['rich.console'] = None\n" if blocked else ""
    with on_terminal(sys.executable, "-c", before + HALF) as terminal:
        seen = terminal.expect("50%")
        terminal.send("\n")
        code, text = terminal.end()
    assert code == 0
    assert ("━" in seen + text, "[####" in seen + text) == (not blocked, blocked)
    assert text.rstrip(" \r\n").rpartition("\r")[2].startswith("x.bin ")
    assert "100%" in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind(number: signal.Signals) -> None:
    """However the program ends, its terminal is as it was: the cursor seen, and no mode changed."""
    with on_terminal(sys.executable, "-c", HALF) as terminal:
        seen = terminal.expect("50%")
        send_signal(terminal.process, number)
        seen += terminal.end()[1]
    assert "\x1b" not in COLOUR.sub("", seen)


def test_width_is_that_of_the_terminal_it_is_drawn_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The width is asked of the stream itself, since standard output may be a file."""
    import pty

    def give_size(number: int) -> os.terminal_size:
        return os.terminal_size((31, 5) if number == slave else (200, 50))

    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr(sys, "__stdout__", io.StringIO())
    master, slave = pty.openpty()
    with open(slave, "w") as err:
        monkeypatch.setattr(os, "get_terminal_size", give_size)
        Bar(err, "x")(1, 2)
        text = COLOUR.sub("", os.read(master, 4096).decode())
    os.close(master)
    assert measure(text.strip("\r")) == 30


def test_width_of_a_terminal_that_tells_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody knows the width it is 80 columns."""
    monkeypatch.setenv("COLUMNS", "0")
    monkeypatch.setattr(sys, "__stdout__", io.StringIO())
    err = Screen()
    Bar(err, "x")(1, 2)
    assert measure(COLOUR.sub("", err.getvalue()).strip("\r")) == 79


@pytest.mark.parametrize("words", ["['ops']", "['ops', '--output', 'table']", "['--help']"])
@pytest.mark.parametrize("is_seen", [False, True])
def test_rich_is_not_imported_without_a_bar(words: str, is_seen: bool) -> None:
    """What draws no bar does not pay for one, in a pipe or on a terminal."""
    code = (
        "import sys\n"
        "from mixdyn.tools import cli\n"
        "try:\n"
        f"    cli.main({words})\n"
        "finally:\n"
        "    assert 'rich' not in sys.modules\n"
    )
    if is_seen:
        with on_terminal(sys.executable, "-c", code) as terminal:
            assert terminal.end()[0] == 0
        return
    subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        stdout=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=True,
    )
