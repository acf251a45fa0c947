"""Mix: the client of the bundled document."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import mixdyn
from mixdyn import Mix, bundled, errors
from mixdyn.document import Document
from mixdyn.tools.bundle import build_json_form, write_json_form
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


def test_json_form_is_fresh() -> None:
    """The JSON form that is shipped is of the YAML as it is today."""
    source = bundled.bundled_path()
    shipped = Path(source).with_suffix(".json").read_text(encoding="utf-8")
    assert shipped == build_json_form(source), (
        "run: python -c 'from mixdyn.tools.bundle import write_json_form as w; w()'"
    )


def test_json_form_of_the_bundled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a path it is the bundled document's that is written."""
    path = tmp_path / "mix.yaml"
    path.write_text("openapi: 3.1.0\n", encoding="utf-8")
    monkeypatch.setattr("mixdyn.tools.bundle.bundled_path", lambda: str(path))
    assert write_json_form() == tmp_path / "mix.json"


@pytest.mark.parametrize("form", ["fresh", "stale", "broken", "missing"])
def test_json_form_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str
) -> None:
    """Read by its JSON form or without it, the document is the same, digest and place included."""
    path = tmp_path / "spec" / "mix.yaml"
    path.parent.mkdir()
    path.write_text(Path(bundled.bundled_path()).read_text(encoding="utf-8"), encoding="utf-8")
    written = write_json_form(str(path))
    if form == "stale":
        path.write_text(path.read_text(encoding="utf-8") + "x-more: 1\n", encoding="utf-8")
    elif form == "broken":
        written.write_text("[1", encoding="utf-8")
    elif form == "missing":
        written.unlink()
    monkeypatch.setattr(bundled, "_PACKAGE", str(tmp_path / "mixdyn"))
    document = bundled.read_bundled()
    plain = Document.load(path)
    assert (document.digest, document.location) == (plain.digest, plain.location)
    assert json.dumps(document.root) == json.dumps(plain.root)
    assert ("x-more" in document.root) is (form == "stale")


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
