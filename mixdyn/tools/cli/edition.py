"""
Which document a word means: a file, a URL, `bundled`, or `server` for what a server has of itself.
"""

from __future__ import annotations

import argparse
import os
from typing import Any, NamedTuple

from mixdyn.document import Document
from mixdyn.errors import excerpt
from mixdyn.tools.cli.grammar import DOCUMENTS
from mixdyn.tools.cli.screen import Screen
from mixdyn.tools.cli.target import open_client, read_headers, to_milliseconds
from mixdyn.tools.cli.verdict import UsageError

BUNDLED_WORD, SERVER_WORD = DOCUMENTS


class Edition(NamedTuple):
    """A document, and the bytes it was read from, where they are not in a file."""

    document: Document
    content: bytes | None = None


def read_edition(word: str | None, options: argparse.Namespace, screen: Screen) -> Edition:
    """
    Read what a word of the command line means; None is the document that all commands use.

    Raises DocumentError for what is no OpenAPI document, or where the server has none.
    """
    word = str(word or options.spec or os.environ.get("MIX_SPEC") or BUNDLED_WORD)
    if word == BUNDLED_WORD:
        from mixdyn.bundled import BUNDLED

        return Edition(BUNDLED.document)
    if word == SERVER_WORD:
        return _ask_server(options, screen)
    if word.lower().startswith(("http://", "https://")):
        return _fetch(word)
    return Edition(Document.load(_as_path(word)))


def _as_path(word: str) -> str:
    """Keep a word from being taken for the text of a document."""
    if "\n" in word or word.lstrip()[:1] == "{":
        raise UsageError(
            f"expected a file, a URL or one of {', '.join(DOCUMENTS)}, got {excerpt(word)}"
        )
    return word


def _fetch(url: str) -> Edition:
    from mixdyn.redact import redact_url
    from mixdyn.source import parse, read_url

    content = read_url(url)
    return Edition(Document(parse(content, redact_url(url)), url), content)


def _ask_server(options: argparse.Namespace, screen: Screen) -> Edition:
    """Take the document from the server that calls would go to, with credentials and headers."""
    from mixdyn.discovery import TIMEOUT_MS
    from mixdyn.engine import Engine
    from mixdyn.swap import fetch

    timeout = TIMEOUT_MS if options.timeout is None else to_milliseconds(options.timeout)
    with open_client(options, screen) as client:
        headers, _ = read_headers(options.header)
        flow = fetch(client, None, timeout, {name.lower(): text for name, text in headers.items()})
        served: Any = Engine(client._connections).run(flow)
        if served is None:  # another client of this process has it from there already
            return Edition(client._surface.document)
    return Edition(served.document, served.content)
