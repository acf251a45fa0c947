"""Which server a call goes to: the tests of `mixdyn.server`."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mixdyn.document import Document
from mixdyn.errors import RequestValidationError
from mixdyn.server import resolve_server
from mixdyn.settings import Settings
from tests.documents import make_document, make_operation

A = [{"url": "https://a.io"}]
REGION = {"default": "eu", "enum": ["eu", "us"]}
REGIONAL = [{"url": "https://{region}.io", "variables": {"region": REGION}}]


def resolve(servers: Any, call_url: Any = None, location: str = "", **settings: Any) -> str:
    parts = {} if servers is None else {"servers": servers}
    root = make_document({}, **parts).root
    operation = make_operation({}, **parts)
    return resolve_server(Document(root, location), operation, Settings(**settings), call_url)


@pytest.mark.parametrize(
    ("servers", "settings", "expected"),
    [
        ([{"url": "https://a.io/v1"}], {}, "https://a.io/v1"),
        ([*A, {"url": "https://b.io"}], {"server_idx": 1}, "https://b.io"),
        (A, {"server_url": "http://me:8080/x?k=v#f"}, "http://me:8080/x?k=v"),
        (REGIONAL, {}, "https://eu.io"),
        (REGIONAL, {"url_params": {"region": "us"}}, "https://us.io"),
        ([{"url": "https://{a}.io/{a}"}], {"url_params": {"a": "b"}}, "https://b.io/b"),
        (A, {"server_url": "http://{h}", "url_params": {"h": "x"}}, "http://x"),
        (
            [{"url": "https://{v}.io", "variables": {"v": {"default": 1, "enum": [1, 2]}}}],
            {"url_params": {"v": 2}},
            "https://2.io",
        ),
        (["nonsense", {"url": 5}, *A], {}, "https://a.io"),
    ],
)
def test_server_is_chosen_and_filled(servers: Any, settings: Any, expected: str) -> None:
    """The client's URL goes before the document's, and variables before their defaults."""
    assert resolve(servers, **settings) == expected


def test_a_call_names_its_own_server() -> None:
    """The call's URL goes before the client's, also as an HTTP client's own type."""
    assert resolve([], "https://call.io", server_url="https://client.io") == "https://call.io"
    assert resolve([], httpx.URL("https://call.io")) == "https://call.io"


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ([{"url": "/v1"}], "https://a.io/v1"),
        ([{"url": "v1"}], "https://a.io/docs/v1"),
        ([{"url": "//b.io"}], "https://b.io"),
        (None, "https://a.io/"),
        ([], "https://a.io/"),
    ],
)
def test_relative_servers_count_from_the_document(servers: Any, expected: str) -> None:
    """A relative URL, and no server at all, mean where the document came from."""
    assert resolve(servers, location="https://a.io/docs/openapi.json") == expected


@pytest.mark.parametrize(
    ("servers", "settings", "path", "expected"),
    [
        (None, {}, "server_url", "got '/'"),
        ([{"url": "/v1"}], {}, "server_url", "pass server_url="),
        (A, {"server_idx": 1}, "server_idx", "expected 0 to 0, got 1"),
        (A, {"server_idx": -1}, "server_idx", "got -1"),
        (A, {"server_idx": "x"}, "server_idx", "got x"),
        (REGIONAL, {"url_params": {"region": "mars"}}, "url_params: region", "got 'mars'"),
        ([{"url": "https://{r}.io"}], {}, "url_params: r", "needs a value"),
        ([{"url": "https://{}.io"}], {}, "url_params: ", "needs a value"),
        (REGIONAL, {"url_params": {"regoin": "us"}}, "url_params: regoin", "mean 'region'?"),
    ],
)
def test_unusable_servers_are_refused(
    servers: Any, settings: Any, path: str, expected: str
) -> None:
    """Where a call cannot go anywhere, the error says which setting is wrong and how."""
    with pytest.raises(RequestValidationError) as caught:
        resolve(servers, **settings)
    assert caught.value.problems[0].path == path
    assert expected in caught.value.problems[0].message
    assert caught.value.message.startswith("post_things (POST /things): no usable server: ")


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://a.io",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "https://a.io:99999",
        "https://a.io:0",
        "https://[::1",
        "https://a.io/\r\nX: y",
        "https://a.io/a b",
        "https://a.io\\@b.io",
        "https://a.io/\ud800",
        "javascript:alert(1)",
        "\0",
    ],
)
def test_hostile_urls_are_refused(url: str) -> None:
    """Only a complete and plain http(s) URL is a server."""
    with pytest.raises(RequestValidationError, match="complete http"):
        resolve([], url)


def test_messages_hide_user_information() -> None:
    """A URL that is refused is shown without its password."""
    with pytest.raises(RequestValidationError) as caught:
        resolve([], "ftp://me:hunter2@a.io")
    assert "hunter2" not in str(caught.value)


def test_a_value_never_enters_the_template_again() -> None:
    """A value that looks like another variable stays as it is, and is then refused."""
    servers = [{"url": "https://a.io/{a}/{b}", "variables": {"b": {"default": "x"}}}]
    with pytest.raises(RequestValidationError) as caught:
        resolve(servers, url_params={"a": "{b}"})
    assert "https://a.io/{b}/x" in str(caught.value)


def test_other_servers_variables_are_no_slip() -> None:
    """A value for another server's variable is kept for that server."""
    assert resolve([*A, *REGIONAL], url_params={"region": "us"}) == "https://a.io"
