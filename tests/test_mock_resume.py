"""Downloads from the stand-in can break off and go on: by the command line and by hand."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from mixdyn import Mix
from mixdyn.tools.mock import Fault, Mock, MockServer, serve
from tests.apis import MIX, NOW, answers, ask, mock

CONTENT = bytes(range(256)) * 400
PATH = "/api/sessions/session-0001/files/data.bin"


@pytest.fixture
def server() -> Iterator[MockServer]:
    """Run a stand-in that holds one file; its time goes on by a second with each look."""
    ticks = iter(range(1_000_000))
    with serve(Mock(MIX, clock=lambda: NOW + next(ticks))) as running:
        with Mix(server_url=running.url) as mix:
            mix.sessions.create(title="a")
            mix.files.upload_session_file(id="session-0001", file=("data.bin", io.BytesIO(CONTENT)))
        yield running


def test_a_file_has_a_tag_a_date_and_ranges(server: MockServer) -> None:
    """What a client needs to go on later comes with the file."""
    headers = httpx.get(f"{server.url}{PATH}").headers
    assert headers["etag"].startswith('"')
    assert headers["accept-ranges"] == "bytes"
    assert headers["last-modified"].endswith("GMT")


def read_part(answer: httpx.Response) -> bytes:
    """Read up to where the connection is cut."""
    part = bytearray()
    with suppress(httpx.RemoteProtocolError):
        for chunk in answer.iter_raw():
            part += chunk
    return bytes(part)


def test_a_download_that_broke_off_goes_on(server: MockServer) -> None:
    """The rest of the same version is given, and with what has come it is the file."""
    server.mock.faults.add("getSessionFile", Fault(drop_after_bytes=7000))
    with httpx.stream("GET", f"{server.url}{PATH}") as answer:
        part = read_part(answer)
    asked = {"Range": f"bytes={len(part)}-", "If-Range": answer.headers["etag"]}
    rest = httpx.get(f"{server.url}{PATH}", headers=asked)
    assert (len(part), rest.status_code) == (7000, 206)
    assert part + rest.content == CONTENT


def test_another_version_is_sent_whole(server: MockServer) -> None:
    """A file that was replaced meanwhile has another tag, and no part of it is given."""
    tag = httpx.get(f"{server.url}{PATH}").headers["etag"]
    with Mix(server_url=server.url) as mix:
        mix.files.delete_session_file(id="session-0001", filename="data.bin")
        mix.files.upload_session_file(id="session-0001", file=("data.bin", b"other"))
    asked = {"Range": "bytes=3-", "If-Range": tag}
    answer = httpx.get(f"{server.url}{PATH}", headers=asked)
    assert (answer.status_code, answer.content) == (200, b"other")
    assert httpx.get(f"{server.url}{PATH}", headers={"If-None-Match": tag}).status_code == 200


def test_the_command_line_goes_on(
    server: MockServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`mixdyn call … -o FILE` keeps what has come, and the same command fetches the rest."""
    from mixdyn.tools.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIXDYN_SERVER", server.url)
    command = ["call", "getSessionFile", "id=session-0001", "filename=data.bin", "-o", "data.bin"]
    server.mock.faults.add("getSessionFile", Fault(drop_after_bytes=7000))
    assert main(command) != 0
    assert Path("data.bin.mixdyn-part").stat().st_size == 7000
    assert not Path("data.bin").exists()
    assert main(command) == 0
    assert Path("data.bin").read_bytes() == CONTENT
    assert "goes on there" in capsys.readouterr().err


def test_bytes_that_are_made_up_have_a_tag_too() -> None:
    """What nobody has uploaded is the same each time, and can be had in parts."""
    served = mock({"/logo": {"get": {"responses": answers({}, media="image/png")}}})
    whole = ask(served, "GET", "/logo")
    part = ask(served, "GET", "/logo", headers={"Range": "bytes=2-"})
    assert isinstance(whole.body, bytes)
    assert (part.status, part.body) == (206, whole.body[2:])
    assert "last-modified" not in dict(whole.headers)
    known = {"If-None-Match": dict(whole.headers)["etag"]}
    assert ask(served, "GET", "/logo", headers=known).status == 304


def test_other_statuses_have_no_versions() -> None:
    """Bytes that come with another success than 200 are sent as they are."""
    served = mock({"/logo": {"post": {"responses": answers({}, status="201", media="image/png")}}})
    answer = ask(served, "POST", "/logo", headers={"Range": "bytes=2-"})
    assert (answer.status, answer.headers) == (201, (("content-type", "image/png"),))
