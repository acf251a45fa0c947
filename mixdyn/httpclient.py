"""
The SDK's door to what an HTTP client must be able to do: httpx's clients, and others like them.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

__all__ = ["AsyncHttpClient", "HttpClient"]


@runtime_checkable
class HttpClient(Protocol):
    """A blocking client with the methods of `httpx.Client` that calls need."""

    def build_request(self, method: str, url: Any, **options: Any) -> Any:
        """Make the client's own request."""
        ...

    def send(self, request: Any, *, stream: bool = False) -> Any:
        """Send it and give the response, unread where `stream` is true."""
        ...

    def close(self) -> None:
        """Release the connections."""
        ...


@runtime_checkable
class AsyncHttpClient(Protocol):
    """An async client with the methods of `httpx.AsyncClient` that calls need."""

    def build_request(self, method: str, url: Any, **options: Any) -> Any:
        """Make the client's own request."""
        ...

    async def send(self, request: Any, *, stream: bool = False) -> Any:
        """Send it and give the response, unread where `stream` is true."""
        ...

    async def aclose(self) -> None:
        """Release the connections."""
        ...
