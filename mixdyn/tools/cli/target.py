"""
Which API is meant: the client that the options ask for, its credentials, and its operations.

Secrets come from the environment or from files, so that they show neither in the shell's history
nor in the list of processes; they are never echoed.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from typing import Any

from mixdyn.catalog import Entry, Node
from mixdyn.document import Document
from mixdyn.errors import excerpt, nearest
from mixdyn.redact import PLAIN, find_secrets
from mixdyn.surface import Surface
from mixdyn.tools.cli.screen import Screen
from mixdyn.tools.cli.verdict import UsageError

AUTH_VARIABLE = "MIXDYN_AUTH_"
SERVER_VARIABLE = "MIXDYN_SERVER"

_HEADER = re.compile(r"([^:=]+)([:=])(.*)", re.DOTALL)
_SOURCES = "env:VARIABLE or @FILE"
_FORMS = "NAME=env:VARIABLE or NAME=@FILE"


@contextmanager
def open_client(
    options: argparse.Namespace, screen: Screen, *, hooks: object = None
) -> Generator[Any]:
    """
    Give a client of the document, with all that the options say of calls; it sends nothing.

    `screen` gets the log, and learns which values are secret.
    """
    from mixdyn import UNSET, Client, Mix

    # A shell is told at once what went wrong, unless it asks for patience.
    retries = UNSET if getattr(options, "retry", False) else None
    settings: dict[str, Any] = {
        "server_url": options.server or os.environ.get(SERVER_VARIABLE),
        "retry_config": retries,
        "timeout_ms": UNSET if options.timeout is None else to_milliseconds(options.timeout),
        "validate": options.validate,
        "hooks": hooks,
    }
    with (
        write_log(screen, is_verbose=options.verbose),
        Client(options.spec, **settings) if options.spec else Mix(**settings) as client,
    ):
        given: Any = client
        security = dict(read_credentials(options.auth, given._surface))
        secrets = (text for value in security.values() for text in find_secrets(value))
        screen.secrets = (*secrets, *read_headers(options.header)[1])
        yield given.with_options(security=security) if security else given


def open_surface(options: argparse.Namespace) -> Surface:
    """Give the index of the document's operations; no HTTP client, no plans."""
    from mixdyn.bundled import BUNDLED
    from mixdyn.client import make_surface

    spec = options.spec or os.environ.get("MIX_SPEC")
    return make_surface(Document.load(spec)) if spec else BUNDLED


def find_entry(surface: Surface, text: str) -> Entry:
    """Find an operation by its name, its operationId, or method and path (`GET /pets`)."""
    entries = surface.catalog.entries
    for entry in entries:
        if entry.qualified_name == text:
            return entry
    for entry in entries:
        names = entry.operation.value.get("operationId"), f"{entry.method} {entry.path}"
        if text in names:
            return entry
    shown = excerpt(text, 80)
    node = find_node(surface, text)
    if node is not None:
        inside = excerpt(", ".join([*node.operations, *node.children]), 400)
        raise UsageError(f"{shown!r} is a namespace, of {inside}\nmixdyn show {shown} tells more")
    hint = nearest(text, (entry.qualified_name for entry in entries))
    raise UsageError(f"no operation is called {shown!r}{hint}\nmixdyn ops lists what there is")


def find_node(surface: Surface, name: str) -> Node | None:
    """Give the namespace of a name such as `sessions`, or None where there is none."""
    node: Node | None = surface.catalog.root
    for step in name.split("."):
        node = node.children.get(step) if node is not None else None
    return node


def find_method(client: Any, entry: Entry) -> Any:
    """Give the client's method for an operation."""
    return reduce(getattr, (*entry.namespace, entry.name), client)


def read_headers(given: list[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read `NAME:TEXT`, `NAME=env:VAR` and `NAME=@FILE`; give the headers, and which are secret."""
    headers: dict[str, str] = {}
    secrets: list[str] = []
    for text in given:
        match = _HEADER.fullmatch(text)
        if match is None:
            raise UsageError(f"--header: expected NAME:TEXT, {_FORMS}")
        name, sign, value = match.groups()
        if sign == "=":
            value = _read_source(value, f"--header {excerpt(name, 60)}")
        if sign == "=" or PLAIN.is_secret(name.strip()):
            secrets.append(value.strip())
        headers[name.strip()] = value.strip()
    return headers, tuple(secrets)


def read_credentials(given: list[str], surface: Surface) -> Iterator[tuple[str, str]]:
    """Read what `--auth` and the environment give, by security scheme."""
    names = list(surface.schemes) if given or _has_variables(os.environ) else []
    for name in names:
        value = os.environ.get(variable_name(name))
        if value:
            yield name, value
    for text in given:
        name, source = _split_auth(text, names)
        yield name, _read_source(source, "--auth")


def variable_name(scheme: str) -> str:
    """Give the environment variable for a security scheme: `api-key` is `MIXDYN_AUTH_API_KEY`."""
    return AUTH_VARIABLE + re.sub(r"[^A-Z0-9]", "_", scheme.upper())


@contextmanager
def write_log(screen: Screen, *, is_verbose: bool) -> Generator[None]:
    """Write warnings to standard error; where it is asked for, also what is sent and received."""
    import logging

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            screen.complain(record.getMessage())

    log, handler = logging.getLogger("mixdyn"), Handler()
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG if is_verbose else level)
    try:
        yield
    finally:
        log.setLevel(level)
        log.removeHandler(handler)


def to_milliseconds(seconds: float) -> int | None:
    """Give a time limit in milliseconds; None, for none, where it is 0."""
    return max(1, int(seconds * 1000)) if seconds else None


def _has_variables(environment: Mapping[str, str]) -> bool:
    return any(name.startswith(AUTH_VARIABLE) for name in environment)


def _split_auth(text: str, names: list[str]) -> tuple[str, str]:
    """Give the scheme and the source; a document with one scheme needs no name for it."""
    if text.startswith(("@", "env:")):
        if len(names) == 1:
            return names[0], text
        raise UsageError(f"--auth: expected {_FORMS}{_list(names)}")
    name, sign, source = text.partition("=")
    if not sign or name not in names:
        shown = f", got {excerpt(name, 60)!r}{nearest(name, names)}" if sign else ""
        raise UsageError(f"--auth: expected {_FORMS}{shown}{_list(names)}")
    return name, source


def _list(names: list[str]) -> str:
    listed = excerpt(", ".join(names)) if names else "none"
    return f"\nthe document's security schemes: {listed}"


def _read_source(source: str, where: str) -> str:
    """Read a secret; one that stands on the command line itself is refused, and not repeated."""
    if source.startswith("env:"):
        value = os.environ.get(source[4:])
        if not value:
            raise UsageError(f"{where}: the variable {excerpt(source[4:], 60)} is not set")
        return value
    if source.startswith("@"):
        with open(source[1:], encoding="utf-8") as file:
            return file.read(1 << 16).strip()
    raise UsageError(
        f"{where}: expected {_SOURCES}; a secret on the command line shows in the list of processes"
    )
