"""Mix: the client of the bundled document."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import mixdyn
from mixdyn import Mix, bundled, errors
from tests.test_client import SPEC


def test_bundled_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The document is that of the installed package, else that of the checkout."""
    assert Path(bundled.bundled_path()).name == "mix.yaml"
    package = tmp_path / "mixdyn"
    monkeypatch.setattr(bundled, "_PACKAGE", str(package))
    assert bundled.bundled_path() == str(tmp_path / "spec" / "mix.yaml")
    (package / "spec").mkdir(parents=True)
    (package / "spec" / "mix.yaml").touch()
    assert bundled.bundled_path() == str(package / "spec" / "mix.yaml")


def test_shares_one_surface(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand objects share what was made of the document."""
    monkeypatch.delenv("MIX_SPEC", raising=False)
    clients = [Mix() for _ in range(1000)]
    assert {id(mix._surface) for mix in clients} == {id(bundled.BUNDLED)}
    assert {type(mix) for mix in clients} == {Mix}
    assert len({id(type(mix.sessions)) for mix in clients}) == 1


def test_other_edition() -> None:
    """With `spec` it is still a Mix, with that document's methods and without the bundled ones."""
    mix: Any = Mix(spec=SPEC)
    assert isinstance(mix, Mix)
    assert type(mix).__name__ == "Mix"
    assert mix.things.list.__name__ == "list"
    assert not hasattr(mix, "sessions")
    assert not hasattr(type(mix), "sessions")
    assert "sessions" not in dir(mix)
    assert "things" not in dir(Mix())
    with pytest.raises(AttributeError, match="'Mix' has no attribute 'sessions'"):
        mix.sessions  # noqa: B018  # the access is what raises


def test_empty_spec_is_not_the_bundled_one() -> None:
    """A document that was given is never passed over, were it empty."""
    with pytest.raises(errors.DocumentError):
        Mix(spec={})


def test_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`MIX_SPEC` names the document where none is given; empty, it names none."""
    path = tmp_path / "other.json"
    path.write_text(json.dumps(SPEC))
    monkeypatch.setenv("MIX_SPEC", str(path))
    assert hasattr(Mix(), "things")
    assert hasattr(Mix(spec=bundled.bundled_path()), "sessions")
    monkeypatch.setenv("MIX_SPEC", "")
    assert hasattr(Mix(), "sessions")


def test_positional_arguments() -> None:
    """The arguments stand in the order of the published SDK."""
    mix = Mix(0, "http://x.test", {"a": "b"})
    assert mix._settings.server_url == "http://x.test"
    assert mix._settings.url_params == {"a": "b"}


def test_error_class() -> None:
    """The error class of the document is the same by every road, and is there before any client."""
    assert errors.ErrorResponse is mixdyn.errors.ErrorResponse
    assert issubclass(errors.ErrorResponse, errors.MixError)
    names = set(bundled.BUNDLED.error_names())
    assert names
    assert all(issubclass(getattr(errors, name), errors.MixError) for name in names)


def test_copy() -> None:
    """A copy has the namespaces of the document."""
    assert copy.copy(Mix()).sessions
