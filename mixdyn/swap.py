"""
How a client takes on another document: read, checked and compared aside, then taken on at once.

Loaded when a client is first asked to.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from mixdyn.diff.difference import Difference
from mixdyn.diff.edition import Edition
from mixdyn.diff.summary import Subject
from mixdyn.diff.survey import find_difference
from mixdyn.discovery import Mark, Search, Served
from mixdyn.document import Document
from mixdyn.effect import Flow
from mixdyn.errors import DocumentError, RequestValidationError, excerpt, itemize
from mixdyn.scheme import parse_requirements
from mixdyn.security import apply_security, prove
from mixdyn.settings import Watch
from mixdyn.succession import find_level

if TYPE_CHECKING:
    from mixdyn.surface import Surface


def take_on(
    client: Any, document: Document, *, validate: bool, dry_run: bool, mark: Mark | None = None
) -> Difference:
    """
    Have a client take on a document, or only tell what would change.

    All that can fail comes first; then one reference is replaced.

    Args:
        client: the client.
        document: the document to take on.
        validate: whether it must be valid by the standard.
        dry_run: whether the client is to stay as it is.
        mark: by what the server knows the document, where it comes from there.
    """
    old: Surface = client._surface
    if validate:
        _check_standard(document)
    if document.is_same(old.document):
        old.mark = mark or old.mark
        # From another place, that is where it is to be read again.
        is_moved = mark is None and document.location not in ("", old.document.location)
        if is_moved and not dry_run:
            _replace(client, document, mark)
        return tell_no_difference(old)
    before, after = (Edition(each, old.reserved) for each in (old.document, document))
    difference = find_difference(before, after)
    if not dry_run:
        _replace(client, document, mark)
    return difference


def _replace(client: Any, document: Document, mark: Mark | None) -> None:
    """Put a document in the place of the client's."""
    # The home of the client is what was given for it, not the path that a document made of it.
    home = (client._surface.home or find_home(client)) if document.is_fetched else None
    surface: Surface = client._load(document, home)
    if mark is not None:
        surface.mark = mark
    _tell_lost_credentials(client._settings.security, surface)
    client._adopt(surface)
    # Calls under way, and clients with the old document, go on noting where they did.
    client._settings = client._settings._replace(watch=Watch())


def take_served(client: Any, served: Served | None, *, validate: bool, dry_run: bool) -> Difference:
    """Have a client take on what its server has served; None is for what it has already."""
    if served is None:
        return tell_no_difference(client._surface)
    mark = served.mark
    return take_on(client, served.document, validate=validate, dry_run=dry_run, mark=mark)


def tell_no_difference(surface: Surface) -> Difference:
    """Give the difference of a document and itself."""
    count = len({(entry.method, entry.path) for entry in surface.catalog.entries})
    subject = Subject.of(surface.document, count)
    return Difference(subject, subject, (), (), ())


def find_home(client: Any) -> str | None:
    """Give the server that a client calls; None where its document and settings name none."""
    try:
        url: str = client._base_url()
    except RequestValidationError:
        return None
    return url


def fetch(
    client: Any,
    path: str | None,
    timeout_ms: int | None,
    more_headers: Mapping[str, str] | None = None,
) -> Flow:
    """
    Take the document from the client's own server; the value is `Served`, None where it is in use.

    The client's credentials go along, since it is the server that they were given for; but none in
    the query: the URL of a document is kept and shown.
    """
    surface: Surface = client._surface
    base = client._base_url()
    headers: dict[str, str] = dict(more_headers or {})
    given = client._settings.security
    if given:
        proofs = yield from prove(_list_requirements(surface, given), given, surface.schemes)
        for name, proof in proofs.items():
            apply_security(surface.schemes[name], proof, base, headers)
    return (yield from Search(base, headers, surface.mark, path, timeout_ms).run())


def _list_requirements(surface: Surface, given: Any) -> list[Any]:
    """Give the document's own security requirements, else each credential alone."""
    own = parse_requirements(surface.document.root.get("security"))
    return own or [{name: []} for name in given]


def choose_home(served: Served, url: str) -> str:
    """Give the server of a client that is made from what `url` has served."""
    paths = [urlsplit(each).path.rstrip("/") for each in (served.url, url)]
    is_itself = paths[0] == paths[1]
    return urljoin(url, "/") if is_itself else url


def _check_standard(document: Document) -> None:
    from mixdyn.standard import find_standard_faults

    faults = find_standard_faults(document)
    if faults:
        title = "the document is not valid by the OpenAPI standard, so nothing was changed:"
        raise DocumentError(itemize(title, [line for f in faults for line in str(f).split("\n")]))


def _tell_lost_credentials(given: Any, surface: Surface) -> None:
    for name in given:
        if name not in surface.schemes:
            shown = excerpt(name, 60)
            told = f"the document has no security scheme '{shown}': its credential is not sent"
            warnings.warn(told, UserWarning, find_level())
