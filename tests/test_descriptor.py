"""Attributes that shells may look through."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn import models
from mixdyn.attribute import Field
from mixdyn.client import Client
from tests.things import make_client


def test_fallback_is_hidden_in_classes() -> None:
    """A class shows no `__getattr__`, and its objects have it all the same."""
    api: Any = make_client()
    assert type(api).__getattr__ is None
    with pytest.raises(AttributeError, match="Did you mean 'things'"):
        api.thinks  # noqa: B018  # the access is what raises


def test_derived_is_read_only() -> None:
    """A derived attribute is the descriptor in the class, and cannot be set on objects."""
    api: Any = make_client()
    assert Client.schemas.__doc__.startswith("The document's schemas")
    with pytest.raises(AttributeError, match="schemas of a client cannot be set"):
        api.schemas = 5


def test_fields_are_read_only() -> None:
    """Not even `object.__setattr__` changes a result by its attributes."""
    thing = make_client().schemas.Thing.model(name="a")
    for _ in ("before it is looked at", "after"):
        with pytest.raises(AttributeError, match="Thing is read-only"):
            object.__setattr__(thing, "name", "b")
        assert thing.name == "a"
    failure = models.ErrorResponse(error={"code": 1, "message": "m", "type": "t"})
    assert isinstance(type(failure).error, Field)
    with pytest.raises(AttributeError, match="ErrorResponse is read-only"):
        object.__setattr__(failure, "error", None)
