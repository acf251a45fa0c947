"""Multipart bodies come apart byte for byte; broken ones are refused."""

import httpx
import pytest

from mixdyn.tools.mock.multipart import Part, header_parameters, parse_multipart
from mixdyn.tools.mock.refusal import RefusedError

TYPE = "multipart/form-data; boundary=b0"


def body(*parts, end=b"--b0--\r\n"):
    return b"".join(b"--b0\r\n" + part + b"\r\n" for part in parts) + end


def disposition(text):
    return f"Content-Disposition: form-data; {text}\r\n\r\nx".encode()


def test_what_httpx_sends_comes_back():
    """Fields and files in a body that httpx wrote have their names, types and bytes."""
    data = bytes(range(256)) + b"\r\n--not the boundary\r\n"
    files = {"file": ("ü b.bin", data, "image/png"), "other": ("c", b"", "text/plain")}
    request = httpx.Request("POST", "http://x", data={"title": "a\r\nb"}, files=files)
    parts = parse_multipart(request.read(), request.headers["content-type"])
    assert parts == [
        Part("title", None, "", b"a\r\nb"),
        Part("file", "ü b.bin", "image/png", data),
        Part("other", "c", "text/plain", b""),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('name="a"', ("a", None)),
        ("name=a; filename=b.txt", ("a", "b.txt")),
        ('name="a%22b"; filename="c%22d"', ('a"b', 'c"d')),
        (r'name="a\"b"; filename="c\"d"', ('a"b', 'c"d')),
        ('name="a"; filename="../../etc/passwd"', ("a", "passwd")),
        ('name="a"; filename="C:\\\\x\\\\y.txt"', ("a", "y.txt")),
        ('name="a"; filename="x"; filename*=UTF-8\'\'%e2%82%ac.txt', ("a", "€.txt")),
        ('name="a"; filename=""', ("a", "file")),
        ('NAME="a"; name="b"', ("a", None)),
    ],
)
def test_names(text, expected):
    """Quoted, plain and extended names are understood, and folders are cut off."""
    part = parse_multipart(body(disposition(text)), TYPE)[0]
    assert (part.name, part.filename) == expected


def test_a_preamble_and_an_epilogue_are_passed_over():
    """Text before the first and after the last boundary means nothing (RFC 2046, 5.1.1)."""
    content = b"hello\r\n" + body(disposition('name="a"')) + b"bye"
    assert [part.name for part in parse_multipart(content, TYPE)] == ["a"]


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", TYPE),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=" + "b" * 71),
        (body(disposition('name="a"'), end=b""), TYPE),
        (body(disposition('name="a"'), end=b"--b0\r\n"), TYPE),
        (body(b"Content-Disposition: form-data"), TYPE),
        (body(b"Content-Type: text/plain\r\n\r\nx"), TYPE),
        (body(b"\r\nx"), TYPE),
        (b"--b0junk\r\n\r\n\r\nx\r\n--b0--", TYPE),
        (body(b"A: " + b"x" * 20_000 + b"\r\n\r\nx"), TYPE),
        (body(*[disposition('name="a"')] * 1_001), TYPE),
    ],
)
def test_broken_bodies_are_refused(content, content_type):
    """A body that does not keep to its boundary, or that is beyond bounds, is 400."""
    with pytest.raises(RefusedError) as caught:
        parse_multipart(content, content_type)
    assert caught.value.status == 400


def test_parameters_of_a_header():
    """Parameters are found in any case, quoted or not, the first of a name counts."""
    value = 'form-data; Name="a; b"; x=1; x=2 ;y = z'
    assert header_parameters(value) == {"name": "a; b", "x": "1", "y": "z"}
