"""
Takes an OpenAPI document from the API's own server: from the places where servers usually have it.

Decides and does no I/O, as `flow` does. What was given for the server goes to its origin alone: a
redirect to another one is not followed, but named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from mixdyn.connection import Connections
from mixdyn.content import ContentError
from mixdyn.document import Document
from mixdyn.effect import Build, Close, Flow, Read, Send
from mixdyn.engine import AsyncEngine, Engine
from mixdyn.errors import (
    DocumentError,
    MixError,
    Problem,
    RequestValidationError,
    excerpt,
    itemize,
)
from mixdyn.header import check_headers
from mixdyn.native import content_length
from mixdyn.redact import redact_url
from mixdyn.redirect import is_same_origin, next_request
from mixdyn.request import Request
from mixdyn.retry import was_never_sent
from mixdyn.server import is_complete
from mixdyn.settings import Timeouts
from mixdyn.source import parse

MAX_SERVED_BYTES = 64 * 1024 * 1024
MAX_REDIRECTS = 5
TIMEOUT_MS = 30_000

# Where servers have their document, by what makes it, the most usual first.
PLACES = (
    "/doc",  # Mix, and Hono's examples
    "/openapi.json",  # FastAPI, LoopBack, Rocket
    "/openapi.yaml",
    "/openapi.yml",
    "/v3/api-docs",  # springdoc
    "/openapi/v1.json",  # ASP.NET Core, where Scalar looks too
    "/swagger/v1/swagger.json",  # Swashbuckle, NSwag
    "/swagger.json",
    "/swagger.yaml",
    "/api-docs",
    "/api-json",  # NestJS
    "/docs-json",
    "/openapi",  # MicroProfile, Hono's plugin
    "/openapi/json",  # Elysia
    "/openapi/openapi.json",  # flask-openapi3
    "/q/openapi",  # Quarkus
    "/docs/openapi.json",
    "/docs/openapi.yaml",
    "/documentation/json",  # Fastify
    "/schema/openapi.json",  # Litestar
    "/swagger/doc.json",  # swag, for Go
    "/swagger/json",
    "/api/openapi.json",
    "/api/openapi.yaml",
    "/api/swagger.json",
    "/api/schema/",  # drf-spectacular
    "/api/v1/openapi.json",
    "/v1/openapi.json",
    "/api/doc.json",  # NelmioApiDoc
    "/docs.jsonopenapi",  # API Platform
    "/docs/api.json",  # Scramble
    "/spec.json",
    "/.well-known/openapi.json",
    "/.well-known/openapi.yaml",
)

_ACCEPT = (
    "application/vnd.oai.openapi+json, application/vnd.oai.openapi;q=0.9, application/json;q=0.9, "
    "application/yaml;q=0.8, */*;q=0.1"
)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SMALL_BYTES = 64 * 1024
_MAX_VALIDATOR = 1000
_MAX_OUTCOMES = 60


class Mark(NamedTuple):
    """
    By what a document is known again without its content.

    `url` is where it was asked for, without user information; `digest` is of its bytes.
    """

    url: str
    etag: str | None
    last_modified: str | None
    digest: str


class Served(NamedTuple):
    """A document as a server sent it, and read; its `location` is the URL after redirects."""

    content: bytes
    url: str
    etag: str | None
    last_modified: str | None
    digest: str
    document: Document

    @property
    def mark(self) -> Mark:
        """What to pass as `known` the next time, instead of keeping the content."""
        return Mark(self.url, self.etag, self.last_modified, self.digest)


def discover(
    connections: Connections,
    base_url: str,
    *,
    headers: Mapping[str, str] | None = None,
    known: Mark | Served | None = None,
    path: str | None = None,
    timeout_ms: int | None = TIMEOUT_MS,
) -> Served | None:
    """
    Take the document from a server; None where it is the one that is known.

    Each place is tried once, below the path of the base URL and at the root of its origin.

    Args:
        connections: the client's HTTP clients.
        base_url: the server, as calls use it.
        headers: what goes with each request, such as credentials; never to another origin.
        known: what was served before. Its place comes first, and says whether it has changed.
        path: where the server has it, instead of the usual places: a path, or a URL of the server.
        timeout_ms: the limit for the whole search, in milliseconds; None for none.

    Raises DocumentError, with all that was tried, where no place has an OpenAPI 3.x document.
    """
    search = Search(base_url, headers, known, path, timeout_ms)
    served: Served | None = Engine(connections).run(search.run())
    return served


async def discover_async(
    connections: Connections,
    base_url: str,
    *,
    headers: Mapping[str, str] | None = None,
    known: Mark | Served | None = None,
    path: str | None = None,
    timeout_ms: int | None = TIMEOUT_MS,
) -> Served | None:
    """Take the document from a server as `discover` does, awaiting."""
    search = Search(base_url, headers, known, path, timeout_ms)
    served: Served | None = await AsyncEngine(connections).run(search.run())
    return served


class _UnchangedError(Exception):
    """Ends a search: the document is the known one."""


class _MissedError(Exception):
    """What a place had instead of a document."""


class Search:
    """
    One search, and what it has seen so far; the arguments are those of `discover`.

    For who has to ask for credentials first: `run()` is a flow, for an engine or within another.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str] | None,
        known: Mark | Served | None,
        path: str | None,
        timeout_ms: int | None,
    ) -> None:
        base = _split(base_url)
        self._headers = {"accept": _ACCEPT, **_check_headers(headers)}
        self._user, _, host = base.netloc.rpartition("@")
        self._origin = f"{base.scheme}://{host}"
        self._known = known if known is not None and is_same_origin(known.url, base_url) else None
        self._urls = self._list_urls(base, path)
        seconds = Timeouts().changed(timeout_ms).total
        self._limit = timeout_ms
        self._deadline = monotonic() + seconds if isinstance(seconds, float) else None
        self._outcomes: dict[str, list[str]] = {}

    def run(self) -> Flow:
        """Try each place in turn; the value is what was served, None where that is known."""
        for url in self._urls:
            try:
                return (yield from self._try(url))
            except _UnchangedError:
                return None
            except (_MissedError, ContentError) as error:
                self._note(url, str(error))
            except MixError:
                raise
            except Exception as error:
                self._note(url, f"{type(error).__name__}: {excerpt(redact_url(str(error)), 120)}")
                # Where there is no connection, the other places have none either.
                if was_never_sent(error) or self._is_late():
                    raise self._fail("could not be asked for its document") from error
            if self._is_late():
                raise self._fail(f"gave no OpenAPI document within {self._limit} ms")
        raise self._fail("has no OpenAPI document where one was looked for")

    def _try(self, url: str) -> Flow:
        """Give what one place has; raises for anything but a new document."""
        is_known = self._known is not None and url == self._known.url
        response, location = yield from self._fetch(url, is_known=is_known)
        status = response.status_code
        if status != 200:
            yield from self._discard(response)
            if status == 304 and is_known:
                raise _UnchangedError
            raise _MissedError(str(status))
        content = yield Read(response, MAX_SERVED_BYTES, self._deadline, None)
        digest = hashlib.sha256(content).hexdigest()
        if is_known and self._known is not None and digest == self._known.digest:
            raise _UnchangedError
        document = _read(content, location, response.headers.get("content-type", ""))
        etag, modified = (_validator(response, n) for n in ("etag", "last-modified"))
        return Served(content, url, etag, modified, digest, document)

    def _fetch(self, url: str, *, is_known: bool) -> Flow:
        """Give the open response of one place, and where redirects have led."""
        asked = url.replace("://", f"://{self._user}@", 1) if self._user else url
        headers = self._headers | (self._conditions() if is_known else {})
        left = None if self._deadline is None else max(0.001, self._deadline - monotonic())
        timeouts = Timeouts() if left is None else Timeouts(left, left, left, left)
        sent, follows = yield Build(Request("GET", asked, headers), False, timeouts, None)
        options = {"follow_redirects": False} if follows else {}
        for _ in range(1 + MAX_REDIRECTS):
            response = yield Send(sent, False, self._deadline, options)
            location = _without_user(str(sent.url))
            following = None
            if response.status_code in _REDIRECTS:
                following = next_request(response, sent, is_streamed=False)
            if following is None:
                return response, location
            yield from self._discard(response)
            if not is_same_origin(following.url, sent.url):
                shown = excerpt(redact_url(str(following.url)), 120)
                raise _MissedError(
                    f"{response.status_code} to another origin, {shown}, which is not followed"
                )
            sent = following
        raise _MissedError(f"redirected more than {MAX_REDIRECTS} times")

    def _discard(self, response: Any) -> Flow:
        """Be done with a response; a small body is read, so that its connection can be kept."""
        size = content_length(response.headers)
        if size is None or size > _SMALL_BYTES:
            yield Close(response)
            return
        try:
            yield Read(response, _SMALL_BYTES, self._deadline, None)
        except Exception:  # noqa: BLE001  # its content does not count
            yield Close(response)

    def _conditions(self) -> dict[str, str]:
        """Give the headers that ask for a document only if it has changed (RFC 9110, 13.1)."""
        known = self._known
        given = {
            "if-none-match": known.etag if known is not None else None,
            "if-modified-since": known.last_modified if known is not None else None,
        }
        return {name: value for name, value in given.items() if value}

    def _list_urls(self, base: SplitResult, path: str | None) -> list[str]:
        """List what to ask for, the known place first."""
        known = [self._known.url] if self._known is not None else []
        prefix = base.path.rstrip("/")
        if path is None:
            found = [f"{self._origin}{p}{place}" for place in PLACES for p in (prefix, "")]
            return list(dict.fromkeys([*known, *found]))
        found = self._list_given(prefix, path)
        return sorted(dict.fromkeys(found), key=lambda url: url not in known)

    def _list_given(self, prefix: str, path: str) -> list[str]:
        """List what a path given by the caller can mean."""
        if not path.isprintable() or not {" ", "\\"}.isdisjoint(path):
            raise DocumentError(f"path='{excerpt(path, 80)}': expected a path or a URL")
        path = path.partition("#")[0]
        if path.lower().startswith(("http://", "https://")):
            if not is_same_origin(path, self._origin):
                raise DocumentError(
                    f"path='{excerpt(redact_url(path), 100)}' is of another origin than "
                    f"{self._origin}; pass it as the spec itself, it gets no credentials then"
                )
            return [_without_user(path)]
        # As in any reference, a slash in front means the root; the other comes second.
        prefixes = ("", prefix) if path.startswith("/") else (prefix, "")
        return [f"{self._origin}{p}/{path.lstrip('/')}" for p in prefixes]

    def _is_late(self) -> bool:
        return self._deadline is not None and monotonic() >= self._deadline

    def _note(self, url: str, outcome: str) -> None:
        place = excerpt(redact_url(url[len(self._origin) :] or "/"), 100)
        self._outcomes.setdefault(outcome, []).append(place)

    def _fail(self, reason: str) -> DocumentError:
        lines = [f"{outcome}: {', '.join(p)}" for outcome, p in self._outcomes.items()]
        told = "pass path= if it is elsewhere"
        if not self._outcomes.keys().isdisjoint({"401", "403"}):
            told = "it may want other credentials; " + told
        message = itemize(f"{self._origin} {reason}; {told}. Tried:", lines, _MAX_OUTCOMES)
        return DocumentError(message)


def _read(content: bytes, location: str, content_type: str) -> Document:
    """Read what may be a document; says what it is where it is none."""
    start = content[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    is_wide = b"\0" in content[:4]  # UTF-16 or UTF-32
    is_named = is_wide or b"openapi" in content or b"swagger" in content
    if start.startswith(b"<") or not is_named:
        kind = excerpt(content_type.partition(";")[0], 60) or "of no stated type"
        raise _MissedError(f"200, but no OpenAPI document ({kind})")
    try:
        return Document(parse(content, location), location)
    except DocumentError as error:
        raise _MissedError(f"200, but {_without_place(str(error), location)}") from error


def _without_place(message: str, location: str) -> str:
    shown = message.replace(location, "").replace(redact_url(location), "").lstrip(",: ")
    return excerpt(shown)


def _split(url: str) -> SplitResult:
    """Take a base URL apart; raises DocumentError for what is none."""
    if not is_complete(url):
        shown = excerpt(redact_url(url), 100)
        raise DocumentError(f"{shown}: expected the complete http(s) URL of a server")
    return urlsplit(url)


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _check_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    problems: list[Problem] = []
    checked = check_headers(headers, None, problems)
    if problems:
        message = itemize("the document cannot be asked for:", [str(p) for p in problems])
        raise RequestValidationError(message, None, None, None, None, tuple(problems))
    return checked


def _validator(response: Any, name: str) -> str | None:
    """Give what a server says of a document's state, where that can be sent back."""
    value = response.headers.get(name, "")
    is_usable = value.isascii() and value.isprintable() and len(value) <= _MAX_VALIDATOR
    return value if value and is_usable else None
