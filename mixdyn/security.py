"""
Chooses a security requirement that the given credentials satisfy, and applies it to a request.

Credentials go nowhere but into the request that is being built.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from mixdyn.errors import Problem, RequestValidationError, excerpt
from mixdyn.operation import SecurityScheme
from mixdyn.settings import Credential


def choose_requirement(
    requirements: Sequence[Mapping[str, Any]], credentials: Mapping[str, Credential]
) -> tuple[str, ...]:
    """
    Give the names of the schemes to apply: the first requirement that is satisfied in full.

    Requirements are alternatives, the schemes of one all needed (OpenAPI 3.1.1, 4.8.30). Where
    none is satisfied nothing is applied: the server then says what it wants.
    """
    for requirement in requirements:
        if requirement and all(name in credentials for name in requirement):
            return tuple(requirement)
    return ()


def apply_security(
    scheme: SecurityScheme, credential: Credential, url: str, headers: dict[str, str]
) -> str:
    """
    Put one credential where its scheme wants it, into `headers` or the URL, which is given back.

    A credential that the caller has set as a header already is left alone. Raises
    RequestValidationError where it cannot travel in a header line.
    """
    if scheme.kind == "apiKey" and scheme.location == "query":
        pair = f"{quote(scheme.parameter, safe='')}={quote(_text(scheme, credential), safe='')}"
        return f"{url}{'&' if '?' in url else '?'}{pair}"
    if scheme.kind == "apiKey" and scheme.location == "cookie":
        cookie = f"{scheme.parameter}={quote(_text(scheme, credential), safe='')}"
        headers["cookie"] = "; ".join(filter(None, (headers.get("cookie"), cookie)))
    elif scheme.kind == "apiKey":
        headers.setdefault(scheme.parameter.lower(), _text(scheme, credential))
    elif scheme.kind == "http" and scheme.http_scheme == "basic":
        headers.setdefault("authorization", f"Basic {_basic(scheme, credential)}")
    elif scheme.kind in ("http", "oauth2", "openIdConnect"):
        word = "Bearer" if scheme.http_scheme in ("", "bearer") else scheme.http_scheme.title()
        headers.setdefault("authorization", f"{word} {_text(scheme, credential)}")
    return url


def _text(scheme: SecurityScheme, credential: Credential) -> str:
    if not isinstance(credential, str) or not (credential.isascii() and credential.isprintable()):
        name = excerpt(scheme.name, 60)
        problem = Problem(f"security: {name}", "expected printable ASCII text")
        raise RequestValidationError(str(problem), None, None, None, None, (problem,))
    return credential


def _basic(scheme: SecurityScheme, credential: Credential) -> str:
    """Write user and password (RFC 7617, 2): given as a pair, or as `user:password`."""
    joined = ":".join(credential) if isinstance(credential, tuple) else _text(scheme, credential)
    return base64.b64encode(joined.encode("utf-8")).decode("ascii")
