"""
Which server a call goes to: the call's, the client's, or one of the document's own.

A document that was fetched may be anybody's: it cannot send a client, with its credentials and
headers, to another origin than the client's own. Who names a server in the call, or for the client,
consents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from mixdyn.document import Document, resolve_url
from mixdyn.errors import Problem, RequestValidationError, excerpt, nearest
from mixdyn.operation import Operation, Server, parse_servers
from mixdyn.redact import MASK, is_secret_name, redact_url
from mixdyn.redirect import find_origin
from mixdyn.settings import Settings
from mixdyn.shape import as_array, as_object

_VARIABLE = re.compile(r"\{([^{}]*)\}")


def resolve_server(
    document: Document,
    operation: Operation,
    settings: Settings,
    server_url: str | None,
    home: str | None = None,
) -> str:
    """
    Give the complete URL that a call goes to, without a fragment.

    Args:
        document: the document.
        operation: the operation that is called.
        settings: the client's settings.
        server_url: the server that the call itself names.
        home: the server that the client has had before it took on the document.

    Raises RequestValidationError where there is none, where its variables have no usable value, or
    where a fetched document names one of another origin for this operation.
    """
    given = server_url or settings.server_url
    if given is not None:
        return _complete(document, given, settings, operation.label)
    declared, label = operation.servers, operation.label
    if not document.is_fetched:
        return _resolve(document, declared, settings, label)
    own = parse_servers(document.root.get("servers"))
    if declared == own:
        return _resolve_own(document, own, settings, label, home)
    url = _resolve(document, declared, settings, label)
    safe = home or _resolve(document, own, settings, label)
    if find_origin(url) != find_origin(safe):
        raise _refuse(label, [Problem("servers", _elsewhere(url, safe))])
    return _keep_user(url, safe)


def describe_server(document: Document, settings: Settings, home: str | None = None) -> str:
    """Give the server of those operations that have none of their own."""
    label = "this client"
    if settings.server_url is not None:
        return _complete(document, settings.server_url, settings, label)
    return _resolve_own(
        document, parse_servers(document.root.get("servers")), settings, label, home
    )


def _resolve_own(
    document: Document,
    servers: tuple[Server, ...],
    settings: Settings,
    label: str,
    home: str | None,
) -> str:
    """Give the document's server; a fetched one can change no more than the path of `home`."""
    if home is None or not document.is_fetched:
        return _resolve(document, servers, settings, label)
    try:
        url = _resolve(document, servers, settings, label) if servers else home
    except RequestValidationError:
        return home
    return _keep_user(url, home) if find_origin(url) == find_origin(home) else home


def _keep_user(url: str, home: str) -> str:
    """
    Give a URL of the same origin with the user information of `home`, also where that has none.

    HTTP clients make credentials of it, and these are the caller's to give.
    """
    return urlsplit(url)._replace(netloc=urlsplit(home).netloc).geturl()


def _elsewhere(url: str, home: str) -> str:
    shown = excerpt(redact_url(url), 100)
    return (
        f"the document was fetched and names '{shown}' for this operation, while this client's "
        f"server is '{excerpt(redact_url(home), 100)}'; nothing was sent there. If it may have "
        "what you send, pass it as server_url= to the call"
    )


def _known_variables(document: Document) -> list[str]:
    """Name the variables of all servers that the document itself has."""
    return [name for s in parse_servers(document.root.get("servers")) for name in _names(s)]


def _complete(document: Document, given: object, settings: Settings, label: str) -> str:
    """Give the complete URL of a server that was named in place of the document's own."""
    known = _known_variables(document)
    return _check(_fill(Server(str(given), {}), settings.url_params, known, label), label)


def _resolve(
    document: Document, declared: tuple[Server, ...], settings: Settings, label: str
) -> str:
    known = _known_variables(document)
    # OpenAPI 3.1.1, 4.8.1: without servers the document's own origin is the server.
    servers = declared or (Server("/", {}),)
    index = settings.server_idx
    if index not in range(len(servers)):
        problem = Problem(
            "server_idx", f"expected 0 to {len(servers) - 1}, got {excerpt(index, 40)}"
        )
        raise _refuse(label, [problem])
    url = _fill(servers[index], settings.url_params, known, label)
    return _check(resolve_url(document, url), label)


def _names(server: Server) -> list[str]:
    return [*server.variables, *_VARIABLE.findall(server.url)]


def _fill(server: Server, values: Mapping[str, Any], known: list[str], label: str) -> str:
    """
    Put variables into a server's URL template, once: given values, else the defaults.

    A value for a variable that neither this server nor another of the document has is a slip.
    """
    own = _names(server)
    texts: dict[str, str] = {}
    problems: list[tuple[str, str]] = [
        (name, f"no server has this variable{nearest(str(name), [*own, *known])}")
        for name in values
        if name not in own and name not in known
    ]
    for name in dict.fromkeys(own):
        rules = as_object(server.variables.get(name))
        value = values.get(name, rules.get("default"))
        texts[name] = str(value)
        allowed = [str(v) for v in as_array(rules.get("enum"))]
        if value is None:
            problems.append((name, "needs a value; it has no default"))
        elif allowed and str(value) not in allowed:
            shown = MASK if is_secret_name(name) else excerpt(str(value), 60)
            problems.append((name, f"expected one of {excerpt(allowed)}, got '{shown}'"))
    if problems:
        raise _refuse(label, [Problem(f"url_params: {excerpt(n, 60)}", p) for n, p in problems])
    return _VARIABLE.sub(lambda match: texts[match[1]], server.url)


def is_complete(url: str) -> bool:
    """Tell whether text is a URL that can be asked as it stands."""
    try:
        parts = urlsplit(url)
        has_host = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return has_host and url.isprintable() and {" ", "\\", "{"}.isdisjoint(url)


def _check(url: str, label: str) -> str:
    if not is_complete(url):
        shown = excerpt(redact_url(url), 100)
        found = f"expected a complete http(s) URL, got '{shown}'; pass server_url="
        raise _refuse(label, [Problem("server_url", found)])
    return url.partition("#")[0]


def _refuse(label: str, problems: list[Problem]) -> RequestValidationError:
    message = f"{label}: no usable server: {'; '.join(map(str, problems))}"
    return RequestValidationError(message, None, None, None, label, tuple(problems))
