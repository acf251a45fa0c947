"""`mixdyn call`: what it sends, prints and says, and how it ends."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mixdyn.tools import cli
from mixdyn.tools.mock import Fault, Mock
from mixdyn.tools.mock import serve as serve_mock
from tests import loopback
from tests.documents import INTEGER, TEXT, answers, body, fields
from tests.loopback import Exchange
from tests.terminal import MIXDYN, on_terminal
from tests.test_cli import run, write_document
from tests.things import PATHS, SCHEMAS

SECRET = "s3cr3t-value"


@pytest.fixture
def mock() -> Mock:
    """Make a stand-in for the Mix API."""
    return Mock()


@pytest.fixture
def url(mock: Mock) -> Iterator[str]:
    """Serve it."""
    with serve_mock(mock) as server:
        yield server.url


@pytest.fixture
def things(tmp_path: Path) -> str:
    """Write the document of the API of things."""
    return write_document(tmp_path, PATHS, components={"schemas": SCHEMAS})


def call(capsys: pytest.CaptureFixture[str], url: str, *words: str) -> tuple[int, str, str]:
    """Call an operation of a server."""
    return run(capsys, "call", "--server", url, *words)


def test_call_prints_json(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A call prints what came, as JSON, and is done."""
    code, out, err = call(capsys, url, "sessions.create", "title=demo")
    assert (code, err) == (0, "")
    assert json.loads(out)["title"] == "demo"
    assert out.count("\n") == 1


def test_call_takes_options_between_arguments(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Options and arguments may stand in any order."""
    words = ("sessions.create", "--output", "yaml", "title=demo", "--validate=strict")
    code, out, _ = call(capsys, url, *words)
    assert code == 0
    assert "title: demo" in out


def test_call_without_content_prints_nothing(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A success without content is silent."""
    session = json.loads(call(capsys, url, "sessions.create", "title=x")[1])["id"]
    assert call(capsys, url, "sessions.delete", f"id={session}") == (0, "", "")


def test_call_says_what_the_api_refused(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An API's error is one block on standard error, and exit code 1."""
    code, out, err = call(capsys, url, "sessions.get", "id=none")
    assert (code, out) == (cli.REFUSED, "")
    lines = err.splitlines()
    assert lines[0].startswith("mixdyn: sessions.get (GET /api/sessions/{id}) answered 404: ")
    assert lines[1] == "  error: ErrorResponse"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sessions.craete"], "Did you mean 'sessions.create'?"),
        (["sessions.create", "titel=x"], "unknown: titel. Did you mean 'title'?"),
        (["sessions.create", "title:=42"], "title: expected type string, got 42"),
        (["sessions.create", "title=x", "--until", "done"], "--until: sessions.create"),
        (["sessions.create", "title=x", "--reconnect"], "--reconnect: sessions.create"),
        (["streaming.stream_events", "session_id=x", "-o", "f"], "-o saves one answer"),
        (["sessions.list", "-o", "."], ".: this is a folder"),
        (["sessions.list", "-o", "/no/such/file"], "/no/such: there is no such folder"),
        (["sessions.create", "title=x", "--header", "odd"], "expected NAME:TEXT"),
        (["sessions.create", "title=x", "--header", "a=plain"], "shows in the list of processes"),
        (["sessions.create", "title=x", "--header", "a=env:NO_SUCH"], "NO_SUCH is not set"),
        (["sessions.create", "title=x", "--auth", "key=env:X"], "security schemes: none"),
        (["sessions.create", "title=x", "--header", "a=@/nowhere"], "/nowhere: No such file"),
    ],
)
def test_call_refuses_before_sending(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage and requests that do not fit are exit code 2; no server is needed to say so."""
    code, out, err = call(capsys, "http://127.0.0.1:1", *words)
    assert (code, out) == (cli.WRONG_USAGE, "")
    assert told in err
    assert "plain" not in err


def test_call_tells_when_nobody_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """No connection is exit code 3, at once, although the document would try for long."""
    code, out, err = call(capsys, "http://127.0.0.1:1", "sessions.list")
    assert (code, out) == (cli.NO_CONNECTION, "")
    assert "sessions.list (GET /api/sessions): no connection" in err
    assert "Is the server running?" in err


def test_call_tries_again_when_asked(
    mock: Mock, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--retry` the document's own policy counts."""
    fault = Fault(status=503, headers=(("retry-after", "0"),))
    mock.faults.add("*", fault, fault)
    assert call(capsys, url, "sessions.list")[0] == cli.REFUSED
    assert call(capsys, url, "sessions.list", "--retry")[0] == cli.DONE


def test_call_refuses_an_answer_that_does_not_fit(
    mock: Mock, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer that does not fit is exit code 4; `--validate` lets it through, with a warning."""
    wrong = Fault(body=b'[{"id": 7}]')
    mock.faults.add("*", wrong, wrong, wrong, Fault(body=b"{", content_type="application/json"))
    code, out, err = call(capsys, url, "sessions.list")
    assert (code, out) == (cli.INVALID_RESPONSE, "")
    assert "$[0]" in err
    code, out, err = call(capsys, url, "sessions.list", "--validate", "warn")
    assert (code, out) == (cli.DONE, '[{"id":7}]\n')
    assert err.startswith("mixdyn: sessions.list")
    assert call(capsys, url, "sessions.list", "--validate", "off") == (0, '[{"id":7}]\n', "")
    assert call(capsys, url, "sessions.list")[0] == cli.INVALID_RESPONSE


def test_call_has_a_time_limit(things: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that says nothing for `--timeout` seconds is a lost connection."""
    with loopback.serve(Exchange.stay) as server:
        words = ("--spec", things, "--timeout", "0.05", "things.list")
        code, _, err = call(capsys, server.url, *words)
    assert code == cli.NO_CONNECTION
    assert "ReadTimeout" in err


def test_call_tells_what_it_does(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`-v` writes requests and answers to standard error, masked; then it is quiet again."""
    words = ("sessions.list", "--header", f"Authorization: Bearer {SECRET}")
    code, out, err = call(capsys, url, "-v", *words)
    assert (code, out) == (0, "[]\n")
    assert "GET http://" in err
    assert "sessions.list (GET /api/sessions) attempt 1: 200 after" in err
    assert SECRET not in err
    assert call(capsys, url, *words)[2] == ""


def test_dry_run_and_curl_send_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The request is shown as text or as a command, secrets masked, and nothing is sent."""
    words = ("sessions.create", "title=x\x1b[31m", "--header", f"X-Api-Key: {SECRET}")
    code, out, _ = call(capsys, "http://127.0.0.1:1", *words, "--dry-run")
    assert code == 0
    assert out.startswith("POST http://127.0.0.1:1/api/sessions\n")
    assert "x-api-key: ***\n" in out
    assert out.endswith('\n\n{"title":"x\\\\u001b[31m"}\n') or '"title":"x' in out
    code, curl, _ = call(capsys, "http://127.0.0.1:1", *words, "--curl")
    assert code == 0
    assert curl.startswith("curl ")
    assert SECRET not in out + curl
    assert "\x1b" not in out + curl


def test_dry_run_names_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files are named with their sizes; their content stays unread and closed."""
    (tmp_path / "a.txt").write_text("hello")
    words = ("files.upload_session_file", "id=1", f"file=@{tmp_path / 'a.txt'}", "--dry-run")
    out = call(capsys, "http://127.0.0.1:1", *words)[1]
    assert out.splitlines()[-1] == "file=<file (a.txt), 5 bytes>"


def test_dry_run_of_other_bodies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Parts that are text are shown, secret ones masked; a whole file is named; none is none."""
    binary = {"type": "string", "format": "binary"}
    form = fields("file", file=binary, note=TEXT, password=TEXT)
    paths = {
        "/form": {"post": {"operationId": "form", **body(form, "multipart/form-data")}},
        "/raw": {"put": {"operationId": "raw", **body(binary, "application/octet-stream")}},
        "/none": {"get": {"operationId": "none"}},
    }
    spec = ("--spec", write_document(tmp_path, paths), "--dry-run")
    (tmp_path / "f").write_bytes(b"1234")
    file = f"@{tmp_path / 'f'}"
    words = ("form", f"file={file}", "note=x", f"password={SECRET}")
    lines = call(capsys, "http://h", *words, *spec)[1].splitlines()
    assert {"note=x", "password=***"} <= set(lines)
    assert call(capsys, "http://h", "raw", "--body", file, *spec)[1].endswith("f), 4 bytes>\n")
    assert call(capsys, "http://h", "none", *spec)[1].startswith("GET http://h/none\n")


SECURED = {
    "components": {
        "securitySchemes": {
            "api-key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "token": {"type": "http", "scheme": "bearer"},
        }
    },
    "security": [{"token": []}, {"api-key": []}],
}


def test_credentials_come_from_files_and_the_environment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--auth` and MIXDYN_AUTH_… give credentials by scheme, which are sent and never shown."""
    got: list[dict[str, str]] = []

    def answer(exchange: Exchange) -> None:
        got.append(exchange.headers)
        exchange.send_json([])

    spec = write_document(tmp_path, {"/x": {"get": {"operationId": "x", **answers({})}}}, **SECURED)
    (tmp_path / "key").write_text(f"{SECRET}\n")
    monkeypatch.setenv("TOKEN", f"{SECRET}-2")
    with loopback.serve(answer) as server:
        shown = ""
        for words in (["--auth", f"api-key=@{tmp_path / 'key'}"], ["--auth", "token=env:TOKEN"]):
            shown += "".join(map(str, call(capsys, server.url, "x", "-v", "--spec", spec, *words)))
        monkeypatch.setenv("MIXDYN_AUTH_API_KEY", SECRET)
        shown += "".join(map(str, call(capsys, server.url, "x", "-v", "--spec", spec)))
    assert [h.get("x-key") for h in got] == [SECRET, None, SECRET]
    assert got[1]["authorization"] == f"Bearer {SECRET}-2"
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("tokne=env:X", "got 'tokne'. Did you mean 'token'?"),
        ("env:X", "expected NAME=env:VARIABLE or NAME=@FILE\n  the document's security schemes"),
        (f"token={SECRET}", "shows in the list of processes"),
        (SECRET, "expected NAME="),
        ("token=env:NO_SUCH", "NO_SUCH is not set"),
    ],
)
def test_wrong_credentials_are_told_and_not_shown(
    given: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong with `--auth` is told without repeating what may be a secret."""
    spec = write_document(tmp_path, {"/x": {"get": {"operationId": "x"}}}, **SECURED)
    code, _, err = call(capsys, "http://h", "x", "--spec", spec, "--auth", given)
    assert code == cli.WRONG_USAGE
    assert told in err
    assert SECRET not in err


def test_one_scheme_needs_no_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the document has one scheme, `--auth env:VAR` is for that one."""
    parts = {"components": {"securitySchemes": {"t": {"type": "http", "scheme": "bearer"}}}}
    paths = {"/x": {"get": {"operationId": "x", "security": [{"t": []}]}}}
    monkeypatch.setenv("TOKEN", SECRET)
    words = ("x", "--spec", write_document(tmp_path, paths, **parts), "--auth", "env:TOKEN")
    assert "authorization: ***" in call(capsys, "http://h", *words, "--dry-run")[1]


def test_call_prints_text_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An answer that is no JSON is printed as it is, unless a form is asked for."""

    def answer(exchange: Exchange) -> None:
        exchange.send_head(200, "text/plain", "Content-Length: 3")
        exchange.send(b"a\tb")

    paths = {"/x": {"get": {"operationId": "x", **answers(TEXT, media="text/plain")}}}
    spec = write_document(tmp_path, paths)
    with loopback.serve(answer) as server:
        assert call(capsys, server.url, "x", "--spec", spec)[1] == "a\tb\n"
        assert call(capsys, server.url, "x", "--spec", spec, "--output=json")[1] == '"a\\tb"\n'
        call(capsys, server.url, "x", "--spec", spec, "-o", str(tmp_path / "out"))
        with on_terminal(*MIXDYN, "call", "x", "--spec", spec, "--server", server.url) as screen:
            assert screen.end() == (0, "a       b\r\n") or "a\tb" in screen.text
    assert (tmp_path / "out").read_text() == "a\tb"


def test_call_saves_json_whole(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`-o` writes an answer to a file, or to a device; `-` is standard output."""
    out = str(tmp_path / "x.json")
    assert call(capsys, url, "sessions.list", "-o", out) == (0, "", "")
    assert json.loads(Path(out).read_text()) == []
    assert call(capsys, url, "sessions.list", "-o", os.devnull) == (0, "", "")
    assert call(capsys, url, "sessions.list", "-o", "-") == (0, "[]\n", "")


@pytest.mark.parametrize(("variables", "is_colourful"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colours(variables: dict[str, str], is_colourful: bool, url: str) -> None:
    """On a terminal JSON is indented and coloured, unless NO_COLOR says otherwise."""
    words = (*MIXDYN, "call", "sessions.create", "title=x", "--server", url)
    with on_terminal(*words, **variables) as terminal:
        code, text = terminal.end()
    assert code == 0
    assert ('\x1b[34m"title"\x1b[0m' in text) is is_colourful
    assert "\r\n  " in text


def test_errors_are_coloured_and_escaped_on_a_terminal(things: str) -> None:
    """What a server says is shown without its control characters."""
    failure = {"message": "no\x1b[2J\u202e"}
    with loopback.serve(lambda exchange: exchange.send_json(failure, 400)) as server:
        words = (*MIXDYN, "call", "things.list", "--spec", things, "--server", server.url)
        with on_terminal(*words) as terminal:
            code, text = terminal.end()
    assert code == cli.REFUSED
    assert "\x1b[1;31mmixdyn:\x1b[0m" in text
    assert "\x1b[2J" not in text
    assert "\u202e" not in text


def test_uploads_show_progress(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is sent shows a bar on a terminal, and none elsewhere."""
    session = json.loads(call(capsys, url, "sessions.create", "title=x")[1])["id"]
    (tmp_path / "a.txt").write_text("hello")
    words = ("call", "files.upload_session_file", f"id={session}", f"file=@{tmp_path / 'a.txt'}")
    code, out, err = run(capsys, *words, "--server", url)
    assert (code, err, json.loads(out)["size"]) == (0, "", 5)
    with on_terminal(*MIXDYN, *words, "--server", url) as terminal:
        code, text = terminal.end()
    assert code == 0
    assert "\rsending file \x1b[35m100%" in text


def test_uploads_from_standard_input(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`file=@-` sends standard input."""
    session = json.loads(call(capsys, url, "sessions.create", "title=x")[1])["id"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hello")))
    words = ("files.upload_session_file", f"id={session}", "file=@-")
    assert json.loads(call(capsys, url, *words)[1])["size"] == 5


def test_numbers_travel_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Arguments are converted by their schema on their way into the body."""
    schema = fields("n", n=INTEGER, tags={"type": "array", "items": TEXT})
    spec = write_document(tmp_path, {"/x": {"post": {"operationId": "x", **body(schema)}}})
    words = ("x", "--spec", spec, "n=1", "tags=a", "tags=b", "--dry-run")
    assert call(capsys, "http://h", *words)[1].endswith('{"n":1,"tags":["a","b"]}\n')


def test_secret_headers_come_from_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--header NAME=env:VAR` sends what the variable holds, and shows it nowhere."""
    got: list[str | None] = []

    def answer(exchange: Exchange) -> None:
        got.append(exchange.headers.get("x-odd"))
        exchange.send_json([])

    monkeypatch.setenv("ODD", SECRET)
    spec = write_document(tmp_path, {"/x": {"get": {"operationId": "x", **answers({})}}})
    words = ("x", "--spec", spec, "--header", "X-Odd=env:ODD")
    with loopback.serve(answer) as server:
        assert call(capsys, server.url, *words) == (0, "[]\n", "")
        shown = call(capsys, server.url, *words, "--dry-run")[1]
    assert got == [SECRET]
    assert "x-odd: ***" in shown


def test_a_secret_that_the_server_repeats_is_masked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials are shown neither in the log nor in errors, whatever a server repeats."""

    def answer(exchange: Exchange) -> None:
        sent = {name: exchange.headers[name] for name in ("x-odd", "x-key")}
        exchange.send_json({"you sent": sent, "password": "pass-word"}, 400)

    monkeypatch.setenv("ODD", SECRET)
    monkeypatch.setenv("MIXDYN_AUTH_API_KEY", f"user:{SECRET}-2")
    spec = write_document(tmp_path, {"/x": {"get": {"operationId": "x", **answers({})}}}, **SECURED)
    with loopback.serve(answer) as server:
        words = ("x", "-v", "--spec", spec, "--header", "X-Odd=env:ODD")
        code, out, err = call(capsys, server.url, *words)
    assert (code, out) == (cli.REFUSED, "")
    assert "you sent" in err
    assert SECRET not in err


def test_the_server_may_come_from_the_environment(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """MIXDYN_SERVER is the server, unless `--server` names one; the document may be a URL."""
    monkeypatch.setenv("MIXDYN_SERVER", url)
    words = ("call", "sessions.list", "--spec", f"{url}/openapi.json")
    assert run(capsys, *words) == (0, "[]\n", "")
    assert run(capsys, *words, "--server", "http://127.0.0.1:1")[0] == cli.NO_CONNECTION


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sessions.create", "--server", "http:"], "--server: expected a complete http(s) URL"),
        (["sessions.create", "--server", "http:"], "; give --server URL"),
        (["sessions.create", "title=x", "--header", "a b: c"], "--header a b: this is no header"),
        (
            ["sessions.create", "--body", '{"title": 1}', "title=x"],
            "given twice: title, also by --",
        ),
        (["sessions.create", "--body", '{"titl": "x"}'], "unknown in --body: titl. Did you mean"),
        (["sessions.create", "--body", '{"titl": "x"}'], "expected: mixdyn call sessions.create"),
        (["sessions.create", "--header", "@file"], "NAME:TEXT, NAME=env:VARIABLE or NAME=@FILE"),
        (["sessions"], "'sessions' is a namespace, of list, create, get, delete, "),
        (["sessions"], "mixdyn show sessions tells more"),
        (["sessions.craete"], "Did you mean 'sessions.create'?"),
    ],
)
def test_refusals_speak_of_the_shell(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong is told with what one does about it in a shell, not in Python."""
    title = [] if "--body" in words or "title=x" in words else ["title=x"]
    code, out, err = run(capsys, "call", "--dry-run", *words, *title)
    assert (code, out) == (cli.WRONG_USAGE, "")
    assert told in err
    assert not any(word in err for word in ("server_url", "timeout_ms", "http_headers", "(*"))


def test_a_document_that_nobody_serves(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """No connection for the document is no connection; an answer that is none is wrong usage."""
    with loopback.serve(lambda exchange: exchange.send_json({}, 404)) as server:
        url = server.url
        assert run(capsys, "ops", "--spec", f"{url}/x.json")[0] == cli.WRONG_USAGE
    assert run(capsys, "ops", "--spec", f"{url}/x.json")[0] == cli.NO_CONNECTION
    assert run(capsys, "ops", "--spec", "http://h:port/")[0] == cli.WRONG_USAGE
    assert run(capsys, "ops", "--spec", str(tmp_path / "none.json"))[0] == cli.WRONG_USAGE


def test_bytes_are_sent_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A body that is bytes by its media type alone goes out as the file has it, with progress."""
    got: list[bytes] = []
    item = {"operationId": "put", "requestBody": {"content": {"image/png": {}}}, **answers()}
    spec = write_document(tmp_path, {"/x": {"put": item}})
    (tmp_path / "p.png").write_bytes(b"\x89PNG\r\n")

    def answer(exchange: Exchange) -> None:
        got.append(exchange.body)
        exchange.send_json({})

    with loopback.serve(answer) as server:
        for words in (["--body", f"@{tmp_path / 'p.png'}"], [f"body=@{tmp_path / 'p.png'}"]):
            assert call(capsys, server.url, "put", "--spec", spec, *words)[0] == cli.DONE
    assert got == [b"\x89PNG\r\n"] * 2
