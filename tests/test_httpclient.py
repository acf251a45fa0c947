"""The SDK's door to what an HTTP client must be able to do."""

import httpx
import pytest

from mixdyn.httpclient import AsyncHttpClient, HttpClient


def test_httpx_fits() -> None:
    """The clients of httpx are such clients, each of its own kind."""
    with httpx.Client() as client:
        assert isinstance(client, HttpClient)
        assert not isinstance(client, AsyncHttpClient)
    assert isinstance(httpx.AsyncClient(), AsyncHttpClient)
    assert not isinstance(object(), HttpClient)


def test_httpx2_fits() -> None:
    """So are those of httpx2."""
    httpx2 = pytest.importorskip("httpx2")
    with httpx2.Client() as client:
        assert isinstance(client, HttpClient)
