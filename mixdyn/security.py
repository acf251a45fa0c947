"""
Chooses a security requirement that the given credentials satisfy, and applies it to a request.

Credentials go nowhere but into the request that is being built.
"""

from __future__ import annotations

import base64
from collections.abc import Generator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from mixdyn.errors import Problem, RequestValidationError, excerpt, nearest
from mixdyn.header import is_token, refuse_name
from mixdyn.hook import Run
from mixdyn.params import escape_cookie
from mixdyn.scheme import SecurityScheme
from mixdyn.settings import Credential, Proof


def choose_requirement(
    requirements: Sequence[Mapping[str, Any]],
    credentials: Mapping[str, Credential],
    schemes: Mapping[str, SecurityScheme],
) -> tuple[str, ...]:
    """
    Give the names of the schemes to apply: the first requirement that is satisfied in full.

    Requirements are alternatives, the schemes of one all needed (OpenAPI 3.1.1, 4.8.30). Where
    none is satisfied nothing is applied: the server then says what it wants. What TLS itself proves
    (`mutualTLS`) is the HTTP client's part.
    """
    for requirement in requirements:
        shown = [name for name in requirement if not _is_tls(schemes.get(name))]
        if shown and all(credentials.get(n) is not None and n in schemes for n in shown):
            return tuple(shown)
    return ()


def prove(
    requirements: Sequence[Mapping[str, Any]],
    credentials: Mapping[str, Credential],
    schemes: Mapping[str, SecurityScheme],
) -> Generator[Run, Any, dict[str, Proof]]:
    """Choose the requirement to satisfy and ask for its credentials; the value is them by name."""
    proofs: dict[str, Proof] = {}
    for name in choose_requirement(requirements, credentials, schemes):
        credential = credentials[name]
        proofs[name] = (yield Run(credential, ())) if callable(credential) else credential
    return proofs


def check_credentials(given: Mapping[str, Any], schemes: Mapping[str, Any]) -> None:
    """Raise ValueError for a credential that no security scheme of the document is for."""
    for name in given:
        if name not in schemes:
            known = excerpt(", ".join(map(str, schemes)) or "none")
            hint = nearest(str(name), schemes)
            shown = excerpt(str(name), 60)
            raise ValueError(f"security: no scheme is called '{shown}'{hint}; there are: {known}")


def _is_tls(scheme: SecurityScheme | None) -> bool:
    return scheme is not None and scheme.kind == "mutualTLS"


def apply_security(
    scheme: SecurityScheme, credential: Proof, url: str, headers: dict[str, str]
) -> str:
    """
    Put one credential where its scheme wants it, into `headers` or the URL, which is given back.

    A credential that the caller has given in a header or the query already is left alone. Raises
    RequestValidationError, which does not show it, where it cannot travel.
    """
    if scheme.kind == "apiKey" and scheme.location == "query":
        return _add_query(url, quote(scheme.parameter, safe=""), _text(scheme, credential))
    if scheme.kind == "apiKey":
        _add_key(scheme, _text(scheme, credential), headers)
    elif scheme.kind == "http" and scheme.http_scheme == "basic":
        headers.setdefault("authorization", f"Basic {_basic(scheme, credential)}")
    elif scheme.kind in ("http", "oauth2", "openIdConnect"):
        word = "Bearer" if scheme.http_scheme in ("", "bearer") else scheme.http_scheme.title()
        _check(scheme, is_token(word), "the document's scheme is no word")
        headers.setdefault("authorization", f"{word} {_text(scheme, credential)}")
    return url


def _add_query(url: str, name: str, value: str) -> str:
    query = url.partition("?")[2]
    if any(pair.partition("=")[0] == name for pair in query.split("&")):
        return url
    return f"{url}{'&' if '?' in url else '?'}{name}={quote(value, safe='')}"


def _add_key(scheme: SecurityScheme, value: str, headers: dict[str, str]) -> None:
    name = scheme.parameter
    _check(scheme, is_token(name), "the document's name for it is no header or cookie name")
    if scheme.location != "cookie":
        reason = refuse_name(name)
        _check(scheme, not reason, f"the document puts it into '{excerpt(name, 60)}': {reason}")
        headers.setdefault(name.lower(), value)
        return
    given = headers.get("cookie", "")
    if all(pair.strip().partition("=")[0] != name for pair in given.split(";")):
        headers["cookie"] = "; ".join(filter(None, (given, f"{name}={escape_cookie(value)}")))


def _text(scheme: SecurityScheme, credential: Proof) -> str:
    text = credential if isinstance(credential, str) else ""
    fits = bool(text) and text.isascii() and text.isprintable() and text == text.strip()
    _check(scheme, fits, "expected printable ASCII text without spaces around it")
    return text


def _basic(scheme: SecurityScheme, credential: Proof) -> str:
    """Write user and password (RFC 7617, 2): given as a pair, or as `user:password`."""
    try:
        pair = credential.split(":", 1) if isinstance(credential, str) else [*credential]
    except TypeError:
        pair = list[str]()
    fits = len(pair) == 2 and all(map(_is_printable, pair)) and ":" not in pair[0]
    _check(scheme, fits, "expected a user without a colon, and a password")
    return base64.b64encode(":".join(pair).encode("utf-8")).decode("ascii")


def _is_printable(text: Any) -> bool:
    return isinstance(text, str) and text.isprintable()


def _check(scheme: SecurityScheme, fits: bool, expected: str) -> None:
    if not fits:
        problem = Problem(f"security: {excerpt(scheme.name, 60)}", expected)
        raise RequestValidationError(str(problem), None, None, None, None, (problem,))
