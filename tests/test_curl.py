"""The command for curl: what it sends, what the shell reads of it, and what it hides."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixdyn.curl import format_curl, quote
from mixdyn.payload import Part, Payload
from mixdyn.redact import PLAIN, Redactor
from mixdyn.request import Request
from mixdyn.upload import Upload
from tests.loopback import Exchange, Loopback, serve

URL = "https://h/things"
JSON = {"content-type": "application/json"}
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


def command(
    method: str = "GET",
    headers: dict[str, str] | None = None,
    content: bytes | Payload | None = None,
    url: str = URL,
    redactor: Redactor | None = None,
) -> str:
    return format_curl(Request(method, url, headers or {}, content), redactor)


def form(*parts: Part) -> Payload:
    return Payload.of_parts(parts)


def field(content: bytes | Upload, file_name: str | None = None, kind: str | None = None) -> Part:
    return Part("a", content, file_name, kind)


@pytest.mark.parametrize(
    ("method", "content", "options"),
    [
        ("GET", None, ""),
        ("HEAD", None, " --head"),
        ("DELETE", None, " -X DELETE"),
        ("POST", None, " -X POST -H 'content-length: 0'"),
        ("PUT", None, " -X PUT -H 'content-length: 0'"),
        ("POST", b"x", " -H content-type: --data-raw x"),
        ("GET", b"x", " -X GET -H content-type: --data-raw x"),
        ("PATCH", b"", " -X PATCH -H content-type: --data-raw ''"),
        ("HEAD", b"x", " -X HEAD -H content-type: --data-raw x"),
        ("X;id", None, " -X 'X;id'"),
    ],
)
def test_methods(method: str, content: bytes | None, options: str) -> None:
    """The method is named where curl would not choose it itself."""
    assert command(method, content=content) == f"curl --globoff {URL}{options}"


def test_long_commands_are_broken() -> None:
    """A long command has an option on each line."""
    assert command("POST", {**JSON, "accept": "application/json"}, b'{"title":"a title"}') == (
        "curl --globoff https://h/things \\\n"
        "  -H 'content-type: application/json' \\\n"
        "  -H 'accept: application/json' \\\n"
        """  --data-raw '{"title":"a title"}'"""
    )


def test_paths_with_dots() -> None:
    """curl is told not to take dots out of a path."""
    assert command(url="https://h/a/%2e%2e/b") == "curl --globoff --path-as-is https://h/a/%2e%2e/b"
    assert command(url="https://h/a/./b") == "curl --globoff --path-as-is https://h/a/./b"


def test_odd_headers() -> None:
    """What no client sends as a header is left out: curl would read a file or add a line."""
    headers = {"@/etc/passwd": "x", "a b": "x", "x-a": "b\r\nx-c: d", "x-n": "a\0", "x-e": " "}
    assert command(headers=headers) == f"curl --globoff {URL} -H 'x-e;'"
    assert command(headers={"x-a": "a\u20ac\u202e"}).endswith(" -H $'x-a: a€\\342\\200\\256'")


@pytest.mark.parametrize("content", [b"\xff", b"a\0b", b"x" * 70_000])
def test_content_that_no_argument_holds(content: bytes) -> None:
    """What is no text or too long is left to a file, which the last line asks for."""
    shown = command("POST", {"content-type": "a/b"}, content)
    assert (
        shown.splitlines()[-1]
        == f"# FILE_1 stands for a file with the {len(content)} bytes of the body"
    )
    assert "--data-binary @FILE_1" in shown


@pytest.mark.parametrize(
    ("part", "options"),
    [
        (field(b"x"), "--form-string a=x"),
        (field(b"@x;type=y"), "--form-string 'a=@x;type=y'"),
        (field(b"@x", None, "text/plain"), """-F 'a="@x";type=text/plain'"""),
        (field(b'<"\\', "n", None), r"""-F 'a="<\"\\";filename="n"'"""),
        (
            field(b"x", None, "text/plain; charset=utf-8"),
            """-F 'a="x";type=text/plain; charset=utf-8'""",
        ),
        (
            field(b"x", None, "text/plain;headers=@/etc/passwd"),
            """-F 'a="x";headers="Content-Type: text/plain;headers=@/etc/passwd"'""",
        ),
        (Part("a", b"x", None, None, (("X-B", '@"c'),)), r"""-F 'a="x";headers="X-B: @\"c"'"""),
    ],
)
def test_parts(part: Part, options: str) -> None:
    """Whatever a part's text is, curl takes it for text."""
    assert command("POST", content=form(part)) == f"curl --globoff {URL} {options}"


def test_files_by_path(tmp_path: Path) -> None:
    """A file that was given by its path is named by it."""
    path = tmp_path / 'a;"b.txt'
    path.write_bytes(b"x")
    upload = Upload("b.txt", path, "text/csv")
    shown = command("POST", content=form(field(upload, "b.txt", "text/csv")))
    escaped = str(path).replace('"', '\\"')
    assert shlex.split(shown)[-1] == f'a=@"{escaped}";filename="b.txt";type=text/csv'
    shown = command("POST", content=form(field(upload)))
    assert shlex.split(shown)[-1] == f'a=<"{escaped}"'
    shown = command("PUT", {"content-type": "text/csv"}, Payload.of_file(upload))
    assert shlex.split(shown)[-2:] == ["--data-binary", f"@{path}"]


def test_a_file_is_never_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is called `-` is one."""
    monkeypatch.chdir(tmp_path)
    Path("-").write_bytes(b"x")
    assert command("POST", JSON, Payload.of_file(Upload("-", Path("-")))).endswith(" @./-")


@pytest.mark.parametrize(
    "content", [b"x", io.BytesIO(b"x"), iter([b"x"])], ids=["bytes", "file", "iterator"]
)
def test_files_without_a_path(content: Any) -> None:
    """Other content is put into a file by the user; the last line says which."""
    upload = Upload("\x1b$(id)\n.txt", content, None, (), "file")
    shown = command("POST", JSON, Payload.of_file(upload))
    line, note = shown.split("\n# ")
    assert line.endswith(" --data-binary @FILE_1")
    assert note == "FILE_1 stands for a file with the content of file (\\x1b$(id)\\n.txt)"
    shown = command("POST", content=form(field(upload, "a.txt"), field(b"\xff"), field(b"\0", "b")))
    line, note = shown.split("\n# ")
    assert shlex.split(line.replace("\\\n", ""))[4::2] == [
        'a=@"FILE_1";filename="a.txt"',
        'a=<"FILE_2"',
        'a=@"FILE_3";filename="b"',
    ]
    assert note.count("stands for a file with") == 3


@pytest.mark.parametrize("name", ["a=b", ""])
def test_parts_that_curl_cannot_write(name: str) -> None:
    """A name that curl would read otherwise leaves the whole body to a file."""
    payload = form(Part(name, b"x", None, None))
    shown = command("POST", content=payload)
    assert f"'content-type: {payload.content_type}'" in shown
    line, note = shown.split("\n# ")
    assert line.endswith(" --data-binary @FILE_1")
    assert note == "FILE_1 stands for a file with the body, which curl has no options for"


def test_secrets_are_masked() -> None:
    """With a redactor, no secret is in the command, wherever it travels."""
    redactor = Redactor(["seat"], ["hunter2"])
    headers = {
        "authorization": "Bearer hunter2",
        "cookie": "a=hunter2",
        **JSON,
        "x-note": "hunter2",
    }
    url = "https://u:hunter2@h/of/hunter2?api_key=hunter2&a=1"
    shown = command("POST", headers, b'{"password":"hunter2","seat":5,"a":1.0}', url, redactor)
    assert "hunter2" not in shown
    assert """--data-raw '{"password":"***","seat":"***","a":1.0}'""" in shown
    assert "https://***@h/of/***?api_key=***&a=1" in shown
    parts = form(
        Part("token", b"abc", None, None),
        Part("note", b"is hunter2", None, "text/plain"),
        Part("b", b"x", "hunter2.txt", None, (("X-Token", "abc"), ("X-A", "hunter2"))),
        Part("c", Upload("hunter2.txt", b"x"), None, None),
    )
    shown = command("POST", content=parts, redactor=redactor)
    assert "hunter2" not in shown
    assert "abc" not in shown
    form_headers = {"content-type": "application/x-www-form-urlencoded"}
    assert "--data-raw 'a=1&token=***'" in command(
        "POST", form_headers, b"a=1&token=abc", redactor=PLAIN
    )


def test_secrets_are_shown_on_demand() -> None:
    """Without one the command is complete."""
    shown = command("POST", {"authorization": "Bearer abc", **JSON}, b'{"token":"abc"}')
    assert "-H 'authorization: Bearer abc'" in shown
    assert """'{"token":"abc"}'""" in shown


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@needs_bash
@settings(max_examples=60, deadline=None)
@given(TEXT)
def test_the_shell_reads_back_what_was_quoted(text: str) -> None:
    """Whatever an argument holds, it is one argument to the shell, and prints as it stands."""
    written = quote(text)
    assert written.isprintable()
    read = subprocess.run(["bash", "-c", f"printf %s {written}"], capture_output=True, check=True)
    assert read.stdout == text.encode()


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"])))
def test_printable_arguments_need_no_escapes(text: str) -> None:
    """What prints is in quotes that every POSIX shell knows."""
    assert shlex.split(quote(text)) == [text]


def test_characters_that_no_argument_holds() -> None:
    """NUL and lone surrogates are replaced; bytes of file names are kept."""
    assert quote("a\0b\ud800c\udcff") == "$'a\ufffdb\ufffdc\\377'"


@given(st.text(), st.text(), st.text(), st.binary(), st.text())
def test_commands_are_safe_to_print(
    method: str, name: str, value: str, content: bytes, url: str
) -> None:
    """Whatever a request holds, its command is printable, and its lines are ours."""
    for redactor in (None, PLAIN):
        shown = command(method, {name: value}, content, f"https://h/{url}", redactor)
        assert all(line.isprintable() for line in shown.split("\n"))
        assert re.fullmatch(r"curl [^\n]*(?: \\\n  -[^\n]*)*(?:\n# [^\n]*)?", shown)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serve(lambda exchange: exchange.send_json({})) as running:
        yield running


def run(server: Loopback, shown: str, folder: Path) -> Exchange:
    subprocess.run(
        ["bash", "-c", shown.replace("curl ", "curl -q -s --noproxy '*' ", 1)],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return server.exchanges.pop()


@needs_curl
@needs_bash
@pytest.mark.parametrize(
    ("method", "headers", "content"),
    [
        ("GET", {"accept": "a/b", "user-agent": "me", "x-empty": "", "x-ctl": "a\tb"}, None),
        ("POST", {}, None),
        ("DELETE", {}, None),
        ("HEAD", {}, None),
        ("POST", JSON, '{"a":"é\u202e\\n\'$(id)`id`!"}'.encode()),
        ("PUT", {"content-type": "text/plain"}, b"@a\r\n\n\x1b[2J\\"),
        ("PATCH", {}, b"a=b&c"),
        ("GET", JSON, b"{}"),
    ],
)
def test_curl_sends_the_same(
    server: Loopback, tmp_path: Path, method: str, headers: dict[str, str], content: bytes | None
) -> None:
    """What arrives is the request: method, target, headers and body."""
    target = "/a/[1]{2}/%2e%2e/./x?q={a,b}&c='$(id)'&d=%20"
    exchange = run(server, command(method, headers, content, server.url + target), tmp_path)
    assert (exchange.method, exchange.target, exchange.body) == (method, target, content or b"")
    assert headers.items() <= exchange.headers.items()
    assert ("content-type" in exchange.headers) is ("content-type" in headers)
    has_length = content is not None or method == "POST"
    assert exchange.headers.get("content-length") == (
        str(len(content or b"")) if has_length else None
    )


@needs_curl
@needs_bash
def test_curl_sends_the_same_parts(server: Loopback, tmp_path: Path) -> None:
    """Each part arrives with its name, file name, type, headers and content."""
    path = tmp_path / 'a;"b\\,.txt'
    path.write_bytes(b"file\xff\0")
    parts = (
        Part("plain", b"@x;type=y", None, None),
        Part('quo"te', b" <y ", None, None),
        Part("json", b'{"a":"@\\";,"}', None, "application/json"),
        Part("text", "é\n; x".encode(), None, "text/plain; charset=utf-8"),
        Part("odd", b"x", None, "text/plain;headers=@/etc/passwd"),
        Part("more", b"<q", None, None, (("X-A", '@"b\\'), ("X-B", "c"))),
        Part("file", Upload("b", path), 'n"a\\;m.txt', "text/csv"),
        Part("memory", b"abc", "m.txt", "text/plain"),
        Part("unnamed", Upload("b", path), None, "a/b"),
    )
    exchange = run(server, command("POST", content=form(*parts), url=server.url), tmp_path)
    sent = Payload.of_parts(parts, boundary=exchange.headers["content-type"].partition("=")[2])
    assert split(exchange.body) == split(b"".join(sent.chunks()))


def split(body: bytes) -> list[Any]:
    boundary = body.partition(b"\r\n")[0][2:].decode()
    head = f'content-type: multipart/form-data; boundary="{boundary}"\r\n\r\n'.encode()
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    return [(sorted(p.items()), p.get_payload(decode=True)) for p in message.iter_parts()]


@needs_curl
@needs_bash
def test_curl_sends_a_file(server: Loopback, tmp_path: Path) -> None:
    """A file that is the whole body arrives byte for byte, also one that the user filled in."""
    path = tmp_path / "a b.bin"
    path.write_bytes(b"file\xff\0\r\n")
    (tmp_path / "FILE_1").write_bytes(b"filled in")
    kind = {"content-type": "a/b"}
    for content, expected in ((path, path.read_bytes()), (io.BytesIO(b"x"), b"filled in")):
        payload = Payload.of_file(Upload("x", content))
        exchange = run(server, command("PUT", kind, payload, server.url), tmp_path)
        assert (exchange.method, exchange.body) == ("PUT", expected)
        assert exchange.headers["content-type"] == "a/b"


@needs_curl
@needs_bash
def test_curl_sends_latin_1(tmp_path: Path) -> None:
    """Headers beyond ASCII arrive as Latin-1, as mixdyn sends them."""
    import socket
    import threading

    heads: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(20)
                heads.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 204 X\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        shown = command(
            headers={"x-a": "é\x80"}, url=f"http://127.0.0.1:{listener.getsockname()[1]}/"
        )
        subprocess.run(
            ["bash", "-c", shown.replace("curl ", "curl -q -s --noproxy '*' ", 1)],
            check=True,
            capture_output=True,
        )
        thread.join(20)
    assert b"x-a: \xe9\x80\r\n" in heads[0]
