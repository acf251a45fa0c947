"""
`Mix`: the client bound to the bundled document. Nothing else in the package knows of Mix.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mixdyn import errors
from mixdyn.client import Client, make_surface
from mixdyn.settings import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixdyn.document import Document, Source
    from mixdyn.retry import RetryConfig
    from mixdyn.settings import Credential, Logger, Timeout
    from mixdyn.surface import Surface

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def bundled_path() -> str:
    """Give where the bundled document is: inside an installed package, else in the checkout."""
    installed = os.path.join(_PACKAGE, "spec", "mix.yaml")
    checkout = os.path.join(os.path.dirname(_PACKAGE), "spec", "mix.yaml")
    return installed if os.path.exists(installed) else checkout


BUNDLED: Surface = make_surface(bundled_path())


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

    def _load(self, spec: Source | Document) -> Surface:
        return BUNDLED if spec is BUNDLED.document else super()._load(spec)


BUNDLED.install(Mix)
errors.announce(BUNDLED.error_names)
