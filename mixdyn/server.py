"""
Which server a call goes to: the call's, the client's, or one of the document's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from mixdyn.document import Document, resolve_url
from mixdyn.errors import Problem, RequestValidationError, excerpt
from mixdyn.operation import Operation, Server
from mixdyn.settings import Settings
from mixdyn.shape import as_array, as_object


def resolve_server(
    document: Document, operation: Operation, settings: Settings, server_url: str | None
) -> str:
    """
    Give the complete URL that a call goes to, without a fragment.

    Raises RequestValidationError where there is none, or where its variables have no usable value.
    """
    label = operation.label
    given = server_url or settings.server_url
    if given is not None:
        return _check(_fill(Server(given, {}), settings.url_params, label), label)
    if not operation.servers:
        # OpenAPI 3.1.1, 4.8.1: without servers the document's own origin is the server.
        return _check(resolve_url(document, "/"), label)
    index = settings.server_idx
    if not 0 <= index < len(operation.servers):
        problem = Problem("server_idx", f"expected 0 to {len(operation.servers) - 1}, got {index}")
        raise _refuse(label, [problem])
    url = _fill(operation.servers[index], settings.url_params, label)
    return _check(resolve_url(document, url), label)


def _fill(server: Server, values: Mapping[str, str], label: str) -> str:
    """Put variables into a server's URL template: given values, else the defaults."""
    url = server.url
    problems: list[Problem] = []
    for name in {**dict.fromkeys(values), **dict.fromkeys(server.variables)}:
        rules = as_object(server.variables.get(name))
        value = str(values.get(name, rules.get("default", "")))
        allowed = as_array(rules.get("enum"))
        if allowed and value not in map(str, allowed):
            found = f"expected one of {excerpt(allowed)}, got {excerpt(value, 60)!r}"
            problems.append(Problem(f"url_params: {excerpt(name, 60)}", found))
        url = url.replace(f"{{{name}}}", value)
    if problems:
        raise _refuse(label, problems)
    return url


def _check(url: str, label: str) -> str:
    try:
        parts = urlsplit(url)
        is_complete = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_complete = False
    if not is_complete or not url.isprintable() or " " in url or "{" in url:
        found = f"expected a complete http(s) URL, got {excerpt(url, 100)!r}; pass server_url="
        raise _refuse(label, [Problem("server_url", found)])
    return url.partition("#")[0]


def _refuse(label: str, problems: list[Problem]) -> RequestValidationError:
    message = f"{label}: no usable server: {'; '.join(map(str, problems))}"
    return RequestValidationError(message, None, None, None, label, tuple(problems))
