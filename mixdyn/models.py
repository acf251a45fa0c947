"""
The result classes of the bundled document: `models.SessionData` and the others by schema name.

Where clients have taken on other editions of it, the classes that only those have are here too.
"""

from __future__ import annotations

from collections.abc import Iterator

from mixdyn.bundled import BUNDLED
from mixdyn.errors import nearest
from mixdyn.results import Model
from mixdyn.roster import sources
from mixdyn.surface import Surface


def __getattr__(name: str) -> type[Model]:
    if not name.startswith("_"):
        for surface in _editions():
            schema = surface.schemas.component(name)
            if schema is not None and schema.core.properties:
                return surface.types.model(schema)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message + nearest(name, __dir__()), name=name, obj=None)


def __dir__() -> list[str]:
    return sorted({name for surface in _editions() for name in _names(surface)})


def _editions() -> Iterator[Surface]:
    """Give the documents in use that are editions of the bundled one, after that itself."""
    yield BUNDLED
    for surface in sources():
        if isinstance(surface, Surface) and surface.family is BUNDLED.family:
            yield surface


def _names(surface: Surface) -> Iterator[str]:
    for name in surface.schemas.component_names():
        schema = surface.schemas.component(name)
        if schema is not None and schema.core.properties:
            yield name
