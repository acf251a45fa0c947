"""
The result classes of the bundled document: `models.SessionData` and the others by schema name.
"""

from __future__ import annotations

from mixdyn.bundled import BUNDLED
from mixdyn.errors import nearest
from mixdyn.results import Model


def __getattr__(name: str) -> type[Model]:
    schema = None if name.startswith("_") else BUNDLED.schemas.component(name)
    if schema is not None and schema.core.properties:
        return BUNDLED.types.model(schema)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message + nearest(name, __dir__()))


def __dir__() -> list[str]:
    names = BUNDLED.schemas.component_names()
    components = ((name, BUNDLED.schemas.component(name)) for name in names)
    return sorted(name for name, schema in components if schema and schema.core.properties)
