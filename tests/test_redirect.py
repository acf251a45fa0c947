"""Which redirects are followed, and with what."""

from __future__ import annotations

import httpx
import pytest

from mixdyn.redirect import is_same_origin, next_request

SENT = httpx.Request("GET", "https://a.test/x")
POSTED = httpx.Request("POST", "https://a.test/x", content=b"body")


class Moved:
    """A response that asks for another request."""

    def __init__(self, following: httpx.Request | None) -> None:
        self.next_request = following


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("https://a.test/x", "https://a.test:443/y", True),
        ("http://a.test", "http://a.test:80", True),
        ("https://a.test", "http://a.test", False),
        ("https://a.test", "https://a.test:444", False),
        ("https://a.test", "https://b.a.test", False),
    ],
)
def test_is_same_origin(one: str, other: str, *, expected: bool) -> None:
    """An origin is a scheme, a host and a port."""
    assert is_same_origin(httpx.URL(one), httpx.URL(other)) is expected


def test_no_redirect() -> None:
    """An answer that asks for nothing leads nowhere, of whatever client it is."""
    assert next_request(Moved(None), SENT, is_streamed=False) is None
    assert next_request(object(), SENT, is_streamed=False) is None


def test_bodies_stay_within_the_origin() -> None:
    """A body goes again to where it went, if it is still there to be sent; nowhere else."""
    near = httpx.Request("POST", "https://a.test/y", content=b"body")
    far = httpx.Request("POST", "https://b.test/y", content=b"body")
    assert next_request(Moved(near), POSTED, is_streamed=False) is near
    assert next_request(Moved(near), POSTED, is_streamed=True) is None
    assert next_request(Moved(far), POSTED, is_streamed=False) is None


def test_only_reading_goes_to_another_origin() -> None:
    """A POST that became a GET is not sent to another origin either: it has acted already."""
    far = httpx.Request("GET", "https://b.test/y")
    assert next_request(Moved(far), POSTED, is_streamed=False) is None
    assert next_request(Moved(far), SENT, is_streamed=False) is far
