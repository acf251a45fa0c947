"""
`Mix`: the client bound to the bundled document. Nothing else in the package knows of Mix.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from zlib import crc32

from mixdyn import errors
from mixdyn.client import Client, make_surface
from mixdyn.document import Document
from mixdyn.settings import UNSET, Unset
from mixdyn.source import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixdyn.document import Source
    from mixdyn.retry import RetryConfig
    from mixdyn.settings import Credential, Logger, Timeout
    from mixdyn.surface import Surface

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def bundled_path() -> str:
    """Give where the bundled document is: inside an installed package, else in the checkout."""
    installed = os.path.join(_PACKAGE, "spec", "mix.yaml")
    checkout = os.path.join(os.path.dirname(_PACKAGE), "spec", "mix.yaml")
    return installed if os.path.exists(installed) else checkout


def read_bundled() -> Document:
    """
    Read the bundled document: its JSON form, which is there in a tenth of the time, if it is fresh.

    That form stands beside the YAML; `mixdyn.tools.bundle` makes it. Made of another YAML than the
    one here, it does not count.
    """
    path = bundled_path()
    with suppress(errors.DocumentError, ValueError):
        made_of, tree = json.loads(read_file(f"{os.path.splitext(path)[0]}.json"))
        if made_of == crc32(read_file(path)):
            return Document(tree, os.path.realpath(path))
    return Document.load(path)


BUNDLED: Surface = make_surface(read_bundled())


class Mix(Client):
    """
    The client of the Mix REST API, with the bundled document or another edition of it.

    Without `spec` the environment variable `MIX_SPEC` names the document, else it is the bundled
    one. All other arguments are those of `Client`.
    """

    def __init__(
        self,
        server_idx: int | None = None,
        server_url: str | None = None,
        url_params: Mapping[str, str] | None = None,
        client: Any = None,
        async_client: Any = None,
        retry_config: RetryConfig | Unset | None = UNSET,
        timeout_ms: Timeout | Unset | None = UNSET,
        debug_logger: Logger | None = None,
        security: Mapping[str, Credential] | None = None,
        validate: str | Mapping[str, str] | None = None,
        hooks: object = None,
        *,
        spec: Source | Document | None = None,
    ) -> None:
        super().__init__(
            (os.environ.get("MIX_SPEC") or BUNDLED.document) if spec is None else spec,
            server_idx=server_idx,
            server_url=server_url,
            url_params=url_params,
            client=client,
            async_client=async_client,
            retry_config=retry_config,
            timeout_ms=timeout_ms,
            debug_logger=debug_logger,
            security=security,
            validate=validate,
            hooks=hooks,
        )

    def _load(self, spec: Source | Document, home: str | None = None) -> Surface:
        if spec is BUNDLED.document:
            return BUNDLED
        surface = super()._load(spec, home)
        _mention_stubs(surface.document)
        return surface


_mentioned: set[str] = set()


def _mention_stubs(document: Document) -> None:
    """Say once of a document that the type stubs of this package are not of it, for debugging."""
    from mixdyn.log import choose_logger

    logger = choose_logger(None)
    if logger is None:
        return
    digest = document.digest
    if digest != BUNDLED.document.digest and digest not in _mentioned:
        _mentioned.add(digest)
        logger.debug(
            "the type stubs of mixdyn are of the bundled document (digest %.12s), those of this "
            "client's (digest %.12s) can be made by `mixdyn stubs`",
            BUNDLED.document.digest,
            digest,
        )


BUNDLED.install(Mix)
