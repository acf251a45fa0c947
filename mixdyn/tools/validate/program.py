"""
The validation as a whole: a document in, a verdict out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mixdyn.document import Document, Source
from mixdyn.errors import excerpt
from mixdyn.fault import Verdict
from mixdyn.position import Places
from mixdyn.redact import redact_url
from mixdyn.source import parse, read_url
from mixdyn.standard import find_standard, name_checker
from mixdyn.tools.validate.own import find_own

PARTS = ("standard", "own")


def find_faults(
    source: Source | Document, *, parts: Iterable[str] = PARTS, content: bytes | None = None
) -> Verdict:
    """
    Give all that is wrong with a document: by the standard, and for mixdyn.

    Args:
        source: the document, as a client takes it.
        parts: which of `standard` and `own` to look for; large documents take seconds for either.
        content: the text that a given `Document` was read from, where that is no file: findings
            then have lines.

    Raises DocumentError for what cannot be read at all, or is no OpenAPI 3.x document.
    """
    document, texts = _open(source, content)
    wanted = set(parts)
    standard = list(find_standard(document)) if "standard" in wanted else None
    own = list(find_own(document)) if "own" in wanted else None
    flaws = [flaw for found in (standard, own) if found is not None for flaw in found]
    places = Places(document, flaws, texts)
    return Verdict(
        title=_name(document),
        standard=None if standard is None else places.place(standard),
        own=None if own is None else places.place(own),
        checker=name_checker(),
    )


def _open(source: Source | Document, content: bytes | None) -> tuple[Document, dict[str, Any]]:
    """Give a document and its text, where that is to be had only now."""
    if isinstance(source, Document):
        return source, {} if content is None else {source.location: content}
    if isinstance(source, str) and source.lower().startswith(("http://", "https://")):
        content = read_url(source)
        return Document(parse(content, redact_url(source)), source), {source: content}
    document = Document.load(source)
    is_text = isinstance(source, (str, bytes, bytearray)) and not document.location
    return document, {"": source} if is_text else {}


def _name(document: Document) -> str:
    title = excerpt(document.title, 80) or "untitled"
    dialect = excerpt(str(document.root.get("openapi")), 20)
    return f"{title} {excerpt(document.info_version, 40)}".strip() + f", OpenAPI {dialect}"
