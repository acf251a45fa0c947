"""The result classes of the bundled document."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mixdyn import models


def test_model_before_any_client() -> None:
    """A class is there before any client is, and is made from keywords."""
    code = (
        "from mixdyn import models\n"
        "assert models.SessionData.__name__ == 'SessionData'\n"
        "made = models.ErrorResponse(error={'code': 1, 'message': 'm', 'type': 't'})\n"
        "assert made.error.code == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_names() -> None:
    """Every object schema of the document is listed, and is the same class each time."""
    names = dir(models)
    assert "SessionData" in names
    for name in names:
        made = getattr(models, name)
        assert made is getattr(models, name)
        assert (made.__name__, made.__module__) == (name, "mixdyn.models")


def test_unknown_name() -> None:
    """Any other name is an AttributeError with the nearest one."""
    with pytest.raises(AttributeError, match=r"'SessionDatum'\. Did you mean 'SessionData'\?"):
        models.SessionDatum  # noqa: B018  # the access is what raises
    with pytest.raises(AttributeError, match=r"has no attribute '_private'$"):
        models._private  # noqa: B018  # the access is what raises
