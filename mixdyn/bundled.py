"""
`Mix`: the client bound to the bundled document. Nothing else in the package knows of Mix.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mixdyn import errors
from mixdyn.client import Client, make_surface
from mixdyn.document import Document, Source
from mixdyn.retry import RetryConfig
from mixdyn.security import Credential
from mixdyn.settings import UNSET, Unset
from mixdyn.surface import Surface

_HERE = Path(__file__).parent


def bundled_path() -> Path:
    """Give where the bundled document is: inside an installed package, else in the checkout."""
    installed = _HERE / "spec" / "mix.yaml"
    return installed if installed.exists() else _HERE.parent / "spec" / "mix.yaml"


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
        retry_config: RetryConfig | None | Unset = UNSET,
        timeout_ms: int | None | Unset = UNSET,
        security: Mapping[str, Credential] | None = None,
        validate: str | Mapping[str, str] | None = None,
        *,
        spec: Source | Document | None = None,
    ) -> None:
        super().__init__(
            _choose(spec),
            server_idx=server_idx,
            server_url=server_url,
            url_params=url_params,
            client=client,
            async_client=async_client,
            retry_config=retry_config,
            timeout_ms=timeout_ms,
            security=security,
            validate=validate,
        )


def _choose(spec: Source | Document | None) -> Source | Document | Surface:
    return spec if spec is not None else os.environ.get("MIX_SPEC") or BUNDLED


BUNDLED.install(Mix)
errors.announce(BUNDLED.error_names)
