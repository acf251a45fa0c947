"""Downloads by `mixdyn call … -o FILE`: whole, with progress, and on after an interruption."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mixdyn.tools import cli
from mixdyn.tools.cli.screen import Screen
from mixdyn.tools.cli.transfer import Transfer
from mixdyn.tools.cli.verdict import LostError
from tests import loopback
from tests.documents import answers, body
from tests.loopback import Exchange
from tests.terminal import MIXDYN, on_terminal
from tests.test_cli import run, write_document
from tests.things import PATHS, SCHEMAS

CONTENT = bytes(range(256)) * 40
HALF = len(CONTENT) // 2


class Files:
    """A server of one file: it serves ranges, unless told otherwise, and may break off."""

    def __init__(self) -> None:
        self.content = CONTENT
        self.headers = {"ETag": '"one"', "Accept-Ranges": "bytes"}
        self.has_ranges = True
        self.heeds_condition = True
        self.breaks_at: int | None = None
        self.waits = False
        self.asked: list[tuple[str | None, str | None]] = []

    def __call__(self, exchange: Exchange) -> None:
        wanted, condition = exchange.headers.get("range"), exchange.headers.get("if-range")
        self.asked.append((wanted, condition))
        match = re.fullmatch(r"bytes=(\d+)-", wanted or "")
        is_same = condition in self.headers.values() or not self.heeds_condition
        start = int(match[1]) if match and self.has_ranges and is_same else None
        if start is not None and start >= len(self.content):
            exchange.send_json({"message": "no"}, 416)
            return
        body = self.content[start or 0 :]
        more = [f"{name}: {value}" for name, value in self.headers.items()]
        if start is not None:
            last = len(self.content) - 1
            more.append(f"Content-Range: bytes {start}-{last}/{len(self.content)}")
        status = 200 if start is None else 206
        kind = "application/octet-stream"
        exchange.send_head(status, kind, f"Content-Length: {len(body)}", *more)
        exchange.send(body[: self.breaks_at])
        if self.waits:
            exchange.stay()
        if self.breaks_at is not None:
            exchange.sock.close()


@pytest.fixture
def files() -> Files:
    """Make the server's file."""
    return Files()


@pytest.fixture
def words(files: Files, tmp_path: Path) -> Iterator[list[str]]:
    """Give the command that downloads it to `out`."""
    spec = write_document(tmp_path, PATHS, components={"schemas": SCHEMAS})
    with loopback.serve(files) as server:
        out = str(tmp_path / "out")
        yield ["call", "things.download", "--spec", spec, "--server", server.url, "-o", out]


def names(folder: Path) -> set[str]:
    """Name what is in a folder besides the document."""
    return {name for name in os.listdir(folder) if name != "api.json"}


def interrupt(files: Files, words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Let a download break off halfway, and give what is said of it."""
    files.breaks_at = HALF
    code, out, err = run(capsys, *words)
    assert (code, out) == (cli.NO_CONNECTION, "")
    files.breaks_at = None
    return err


def test_a_download_is_saved(
    files: Files, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is there when all is, with nothing beside it; its mode stays."""
    (tmp_path / "out").write_text("old")
    (tmp_path / "out").chmod(0o640)
    assert run(capsys, *words) == (0, "", "")
    assert (tmp_path / "out").read_bytes() == CONTENT
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == {"out"}
    assert files.asked == [(None, None)]


def test_an_interrupted_download_goes_on(
    files: Files, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What has come is kept beside the file, and the next run fetches only the rest."""
    err = interrupt(files, words, capsys)
    assert f"{HALF} bytes are kept in out.mixdyn-part" in err
    assert names(tmp_path) == {"out.mixdyn-part", "out.mixdyn-note"}
    assert run(capsys, *words) == (0, "", "")
    assert files.asked[1] == (f"bytes={HALF}-", '"one"')
    assert (tmp_path / "out").read_bytes() == CONTENT
    assert names(tmp_path) == {"out"}


def test_a_date_tells_versions_apart_too(
    files: Files, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is no ETag at all, a Last-Modified does that the answer's Date is later than."""
    date = "Sun, 22 Nov 2026 00:00:00 GMT"
    files.headers = {"Date": "Sun, 22 Nov 2026 00:00:01 GMT", "Last-Modified": date}
    interrupt(files, words, capsys)
    assert run(capsys, *words)[0] == 0
    assert files.asked[1] == (f"bytes={HALF}-", date)
    assert (tmp_path / "out").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": 'W/"weak"', "Date": "Sun, 22 Nov 2026 05:00:00 GMT"},
        {"ETag": "odd", "Date": "Sun, 22 Nov 2026 05:00:00 GMT"},
        {"Date": "Sun, 22 Nov 2026 00:00:00 GMT"},
        {"Date": "one day"},
        {"Date": f"Sun, 22 Nov 2026 05:00:00 +{'9' * 20}"},
        {},
    ],
)
def test_a_date_that_may_mislead_is_not_sent(
    headers: dict[str, str], files: Files, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside an ETag, and where the file may change in the same second, it is fetched anew."""
    files.headers = {**headers, "Last-Modified": "Sun, 22 Nov 2026 00:00:00 GMT"}
    files.breaks_at = HALF
    assert run(capsys, *words)[0] == cli.NO_CONNECTION
    files.breaks_at = None
    assert run(capsys, *words)[0] == 0
    assert files.asked == [(None, None)] * 2


def test_another_version_is_fetched_anew(
    files: Files, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that has changed in the meantime is not glued to the part of the old one."""
    interrupt(files, words, capsys)
    files.content, files.headers["ETag"] = b"new" * 10, '"two"'
    assert run(capsys, *words)[0] == 0
    assert (tmp_path / "out").read_bytes() == b"new" * 10
    assert names(tmp_path) == {"out"}


def test_a_server_that_heeds_no_condition_is_not_believed(
    files: Files, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rest with another ETag is thrown away, and all is fetched anew."""
    interrupt(files, words, capsys)
    files.heeds_condition = False
    files.content, files.headers["ETag"] = b"new" * 4000, '"two"'
    assert run(capsys, *words)[0] == 0
    assert [asked[0] for asked in files.asked] == [None, f"bytes={HALF}-", None]
    assert (tmp_path / "out").read_bytes() == b"new" * 4000


def test_a_server_without_ranges_sends_all(
    files: Files, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer that begins anew replaces the part."""
    interrupt(files, words, capsys)
    files.has_ranges = False
    assert run(capsys, *words)[0] == 0
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_a_range_that_is_not_there_is_fetched_anew(
    files: Files, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After 416 the part is thrown away."""
    interrupt(files, words, capsys)
    files.content = b"short"
    assert run(capsys, *words)[0] == 0
    assert (tmp_path / "out").read_bytes() == b"short"


def test_other_errors_keep_the_part(
    files: Files, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that says no for now costs nothing of what has come."""
    interrupt(files, words, capsys)
    call, Files.__call__ = Files.__call__, lambda self, exchange: exchange.send_json({}, 503)
    try:
        assert run(capsys, *words)[0] == cli.REFUSED
    finally:
        Files.__call__ = call  # type: ignore[method-assign]
    assert names(tmp_path) == {"out.mixdyn-part", "out.mixdyn-note"}


@pytest.mark.parametrize(
    "note",
    ["{", "[]", '{"identity": "other", "validator": "x"}', '{"validator": 7}', "[" * 100_000],
)
def test_a_note_of_something_else_is_not_followed(
    note: str, files: Files, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A part of another call, or a broken note, is no part of this download."""
    interrupt(files, words, capsys)
    (tmp_path / "out.mixdyn-note").write_text(note)
    assert run(capsys, *words)[0] == 0
    assert files.asked[1] == (None, None)
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_without_a_validator_nothing_is_kept(
    files: Files, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where versions cannot be told apart there is no part to go on with."""
    files.headers = {}
    interrupt(files, words, capsys)
    assert names(tmp_path) == set()
    assert run(capsys, *words)[0] == 0
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_a_part_is_no_link_to_elsewhere(
    files: Files, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A link that somebody has put in the part's place is not written through."""
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "out.mixdyn-part").symlink_to(tmp_path / "victim")
    assert run(capsys, *words)[0] == 0
    assert (tmp_path / "victim").read_text() == "precious"


def test_progress_and_ctrl_c(files: Files, words: list[str], tmp_path: Path) -> None:
    """On a terminal a bar shows how far it is; after Ctrl-C the same command goes on there."""
    files.breaks_at, files.waits = HALF, True
    with on_terminal(*MIXDYN, *words) as terminal:
        terminal.expect("out \x1b[35m 50%")
        terminal.interrupt()
        code, text = terminal.end()
    assert code == cli.INTERRUPTED
    kept = f"\r\n{HALF} bytes are kept in out.mixdyn-part; the same command goes on there\r\n"
    assert kept in text
    assert "\r\n\r\n" not in text
    assert "Traceback" not in text
    files.breaks_at, files.waits = None, False
    with on_terminal(*MIXDYN, *words) as terminal:
        code, text = terminal.end()
    assert code == 0
    assert "\rout \x1b[35m100%" in text
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_a_terminated_download_goes_on(
    files: Files, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also a run that was killed leaves a part that the next one goes on with."""
    files.breaks_at, files.waits = HALF, True
    with on_terminal(*MIXDYN, *words) as terminal:
        terminal.expect("50%")
        terminal.process.send_signal(signal.SIGKILL)
        terminal.end()
    files.breaks_at, files.waits = None, False
    assert run(capsys, *words)[0] == 0
    assert files.asked[1] == (f"bytes={HALF}-", '"one"')
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_downloads_go_through_pipes(words: list[str], capfdbinary: Any, tmp_path: Path) -> None:
    """Without a file the bytes go to standard output; with a device they go there."""
    assert cli.main(words[:-2]) == 0
    assert capfdbinary.readouterr().out == CONTENT
    assert cli.main([*words[:-1], "-"]) == 0
    assert capfdbinary.readouterr().out == CONTENT
    assert cli.main([*words[:-1], os.devnull]) == 0
    assert names(tmp_path) == set()


def test_a_terminal_gets_no_bytes(words: list[str], files: Files) -> None:
    """What is no text is not written to a terminal: exit code 2 says how to get it."""
    with on_terminal(*MIXDYN, *words[:-2]) as terminal:
        code, text = terminal.end()
    assert code == cli.WRONG_USAGE
    assert "-o FILE" in text


def test_a_terminal_gets_text(words: list[str]) -> None:
    """A file of text is shown, its control characters escaped."""

    def answer(exchange: Exchange) -> None:
        exchange.send_head(200, "text/plain", "Content-Length: 12")
        exchange.send(b"a\tb\r\n\x1b[31mc\n")

    with loopback.serve(answer) as server:
        words = [server.url if word.startswith("http") else word for word in words[:-2]]
        with on_terminal(*MIXDYN, *words) as terminal:
            code, text = terminal.end()
    assert code == 0
    assert "\x1b" not in text
    assert "\\x1b[31mc" in text


def test_a_file_where_none_was_expected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that sends bytes where the document has JSON: `-o` saves them all the same."""

    def answer(exchange: Exchange) -> None:
        exchange.send_head(200, "application/octet-stream", "Content-Length: 2", 'ETag: "x"')
        exchange.send(b"\0\1")

    spec = write_document(tmp_path, PATHS, components={"schemas": SCHEMAS})
    out = tmp_path / "out"
    with loopback.serve(answer) as server:
        words = ["call", "things.list", "--spec", spec, "--server", server.url, "-o", str(out)]
        assert run(capsys, *words)[0] == 0
    assert out.read_bytes() == b"\0\1"


class Short:
    """An answer of a client that does not count what it reads."""

    def __init__(self) -> None:
        self.status_code = 200
        self.headers = {"etag": '"x"', "content-length": "10"}

    def iter_raw(self) -> Iterator[bytes]:
        yield b"12345"

    def close(self) -> None:
        """Do nothing."""


def test_a_body_that_ends_early_is_a_lost_connection(tmp_path: Path) -> None:
    """What is shorter than it said is not taken for the whole; it is kept as a part."""
    transfer = Transfer(str(tmp_path / "out"), "x", Screen(io.StringIO(), io.StringIO()))
    with pytest.raises(LostError, match="after 5 of 10 bytes"):
        transfer.save(Short())
    assert transfer.find_part() == (5, '"x"')


def test_shells_show_text_and_refuse_bytes(
    words: list[str], files: Files, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """What a terminal gets is decided by the type that the server states."""
    monkeypatch.setattr("mixdyn.tools.cli.screen.is_terminal", lambda stream: stream is sys.stdout)
    code, out, err = run(capsys, *words[:-2])
    assert (code, out) == (cli.WRONG_USAGE, "")
    assert "-o FILE" in err
    monkeypatch.setattr("mixdyn.tools.cli.call.is_text", lambda essence: True)
    files.content = b"a\x1bb"
    assert run(capsys, *words[:-2])[:2] == (0, "a\\x1bb\n")


def test_a_download_that_takes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is uploaded for a download is read once, for the call; of nothing nothing is kept."""
    binary = {"type": "string", "format": "binary"}
    octets = "application/octet-stream"
    got: list[bytes] = []

    def answer(exchange: Exchange) -> None:
        got.append(exchange.body)
        exchange.send_head(200, octets, "Content-Length: 4", 'ETag: "x"')
        exchange.sock.close()

    operation = {"operationId": "turn", **body(binary, octets), **answers(binary, media=octets)}
    spec = write_document(tmp_path, {"/turn": {"post": operation}})
    (tmp_path / "in").write_bytes(b"1234")
    with loopback.serve(answer) as server:
        words = ["call", "turn", "--spec", spec, "--server", server.url]
        code, _, err = run(capsys, *words, f"body=@{tmp_path / 'in'}", "-o", str(tmp_path / "out"))
    assert code == cli.NO_CONNECTION
    assert got == [b"1234"]
    assert "kept" not in err


def test_identity_is_that_of_the_request(
    words: list[str], files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The note holds a fingerprint and no address, since that may hold secrets."""
    interrupt(files, words, capsys)
    note = json.loads((tmp_path / "out.mixdyn-note").read_text())
    assert re.fullmatch("[0-9a-f]{64}", note["identity"])
    assert (tmp_path / "out.mixdyn-note").stat().st_mode & 0o077 == 0
