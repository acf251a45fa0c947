"""
Security schemes and the requirements that name them, as a document declares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mixdyn.document import Document, Target, unescape_pointer
from mixdyn.errors import DocumentError
from mixdyn.record import NamedTuple
from mixdyn.shape import as_array, as_object, as_text, is_object


class SecurityScheme(NamedTuple):
    """How one security scheme sends its credential."""

    name: str
    kind: str
    location: str
    parameter: str
    http_scheme: str


def parse_security_schemes(document: Document) -> dict[str, SecurityScheme]:
    """Read `components/securitySchemes`, by name; of what cannot be read nothing is applied."""
    declared = document.at("components", "securitySchemes")
    return {name: _parse_scheme(document, declared, name) for name in as_object(declared.value)}


def parse_requirements(value: Any) -> list[Mapping[str, Any]]:
    """Read a `security` list: for each alternative the names of schemes, with their scopes."""
    requirements = filter(is_object, as_array(value))
    return [{name_scheme(name): scopes for name, scopes in r.items()} for r in requirements]


def name_scheme(name: str) -> str:
    """Give the name of a security scheme, where a reference may stand for it (OpenAPI 3.2)."""
    local = name.removeprefix("#/components/securitySchemes/")
    return name if local == name else unescape_pointer(local)


def _parse_scheme(document: Document, declared: Target, name: str) -> SecurityScheme:
    try:
        raw = as_object(document.resolve(declared.child(name)).value)
    except DocumentError:
        raw = as_object(None)
    return SecurityScheme(
        name=name,
        kind=as_text(raw.get("type")),
        location=as_text(raw.get("in")),
        parameter=as_text(raw.get("name")),
        http_scheme=as_text(raw.get("scheme")).lower(),
    )
