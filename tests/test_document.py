"""
Documents: where they come from, their version, and where their references lead.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mixdyn import document as module
from mixdyn.document import Document, Target, escape_pointer, resolve_url
from mixdyn.errors import DocumentError

HEAD: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "Test"}}
SPECS = Path(__file__).parents[2] / "shared" / "specs"


def make(**parts: Any) -> Document:
    return Document.load({**HEAD, **parts})


def write(folder: Path, files: Mapping[str, Any]) -> Document:
    """Write files below a folder, and load the first."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), "utf-8")
    return Document.load(folder / next(iter(files)))


@pytest.mark.parametrize(
    "source",
    [
        HEAD,
        json.dumps(HEAD),
        " \n" + json.dumps(HEAD),
        "\ufeff" + json.dumps(HEAD),
        json.dumps(HEAD).encode(),
        bytearray(json.dumps(HEAD).encode("utf-16")),
        "openapi: 3.1.0\ninfo: {title: Test}",
        b"openapi: 3.1.0\ninfo: {title: Test}",
    ],
)
def test_load(source: Any) -> None:
    """A document is read from a mapping, text or bytes, as JSON or YAML."""
    document = Document.load(source)
    assert (document.title, document.version, document.location) == ("Test", (3, 1), "")
    assert Document.load(document) is document


@pytest.mark.parametrize("as_path", [str, Path])
def test_load_path(tmp_path: Path, as_path: Any) -> None:
    """A string that is no text is a path; the document knows where it came from."""
    path = tmp_path / "api.yaml"
    path.write_text("openapi: 3.1.0\n", "utf-8")
    assert Document.load(as_path(path)).location == str(path)


def test_load_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """A string that begins like a URL is fetched, whatever its case."""
    monkeypatch.setattr(module, "read_url", lambda url: json.dumps(HEAD).encode())
    document = Document.load("HTTPS://user:pw@h/api.json")
    assert document.location == "HTTPS://user:pw@h/api.json"
    assert str(document.at("info")) == "HTTPS://***@h/api.json#/info"


def test_load_keeps_no_hold() -> None:
    """A mapping is copied: what its owner does with it later changes nothing."""
    given = {**HEAD, "paths": {}}
    document = Document.load(given)
    given["paths"]["/x"] = {}
    assert document.at("paths").value == {}


@pytest.mark.parametrize("source", [5, None, ["a"]])
def test_load_type(source: Any) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError):
        Document.load(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("none.yaml", "none.yaml: cannot be read: No such file"),
        ("a\0b", "cannot be read"),
        ("- a\n", r"the document: expected an object, got \['a'\]"),
        ("\n", "the document: expected an object, got None"),
        ({}, "expected `openapi: 3.x`, got None"),
        ({"openapi": "2.0"}, "got 2.0"),
        ({"openapi": "3"}, "got 3"),
        ({"openapi": "3.x"}, "got 3.x"),
        ({"openapi": "3." + "9" * 5000}, "got 3.99999"),
        ({"openapi": ["3.1.0"]}, "got "),
        ({"openapi": "4.0.0"}, "got 4.0.0"),
        ({"swagger": "2.0"}, "Swagger 2.0 is not OpenAPI 3.x; convert it first"),
        ({"swagger": {"a": "x" * 9999}}, "Swagger {'a': "),
    ],
)
def test_refused(source: Any, message: str) -> None:
    """What is no OpenAPI 3.x document is told, with what was found, in short."""
    with pytest.raises(DocumentError, match=message) as caught:
        Document.load(source)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("given", "version"),
    [("3.0.3", (3, 0)), ("3.1", (3, 1)), (3.1, (3, 1)), ("3.2.0", (3, 2)), ("3.1.0-rc1", (3, 1))],
)
def test_version(given: Any, version: tuple[int, int]) -> None:
    """The version is major and minor, also where YAML made a number of it."""
    assert Document.load({"openapi": given}).version == version


@pytest.mark.parametrize("info", [None, {}, {"title": ["x"]}, ["title"], "x"])
def test_title_of_nonsense(info: Any) -> None:
    """A title that is no text is empty."""
    assert make(info=info).title == ""


def test_digest() -> None:
    """Equal trees have equal digests, whatever their form; other trees have others."""
    one = Document.load({"openapi": "3.1.0", "x": [1, "\ud800"]})
    same = Document.load('{"x": [1, "\\ud800"], "openapi": "3.1.0"}')
    assert one.digest == same.digest != make().digest
    assert len(one.digest) == 64


def test_digest_of_a_loop() -> None:
    """A tree that was not loaded, and that JSON cannot hold, has none."""
    root: dict[str, Any] = {"openapi": "3.1.0"}
    root["self"] = root
    assert Document(root).digest == ""


def test_at() -> None:
    """A place is reached by steps; one that is not there has the value None."""
    document = make(paths={"/a/{b}": {"get": {"tags": ["x", "y"]}}})
    place = document.at("paths", "/a/{b}", "get", "tags", 1)
    assert place == Target("y", "", "/paths/~1a~1{b}/get/tags/1")
    assert document.at("paths", "/none", "get", 5).value is None
    assert document.at("info", "title", "deeper").value is None
    assert place.child("x").value is None


def test_target_as_text() -> None:
    """A place reads as file and pointer, on one short line."""
    assert str(Target(None, "/d/api.yaml", "/a")) == "/d/api.yaml#/a"
    assert len(str(Target(None, "", "/a\n" * 1000))) <= 400


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("", "root"),
        ("#", "root"),
        ("#/", None),
        ("#/plain", 1),
        ("#/a~1b", 2),
        ("#/c~0d", 3),
        ("#/c~01d", 4),
        ("#/with%20space", 5),
        ("#/per%25cent", 6),
        ("#/list/1/x", 7),
        ("#/list/01/x", None),
        ("#/list/-", None),
        ("#/list/2", None),
        ("#/list/" + "9" * 5000, None),
        ("#/list/٠", None),
        ("#/null", None),
        ("#/none", None),
        ("#/plain/deeper", None),
        ("#/caf%C3%A9", 8),
        ("#/bad%FF", None),
        ("#anchored", 9),
        ("#dynamic", 10),
        ("#none", None),
        ("#" + "/x" * 50_000, None),
        ("#plain", None),
    ],
)
def test_follow(pointer: str, found: Any) -> None:
    """References are JSON pointers, percent-encoded, or anchors; those to nothing dangle."""
    document = make(
        **{"plain": 1, "a/b": 2, "c~d": 3, "c~1d": 4, "with space": 5, "per%cent": 6, "café": 8},
        list=[None, {"x": 7}],
        null=None,
        defs=[{"$anchor": "anchored", "is": 9}, {"$dynamicAnchor": "dynamic", "is": 10}],
        later={"$anchor": "anchored", "is": 11, "plain": {"$anchor": 5}},
    )
    origin = document.at("list", 1)
    if found is None:
        with pytest.raises(DocumentError, match="#/list/1: the reference .* points at nothing"):
            document.follow(pointer, origin)
        return
    value = document.follow(pointer, origin).value
    assert document.follow(pointer, origin).value is value
    if found == "root":
        assert value is document.root
    else:
        assert (value["is"] if isinstance(value, dict) else value) == found


def test_follow_gives_one_pointer() -> None:
    """Whatever the spelling, the same place has the same pointer."""
    document = make(**{"a b/c~": 1})
    targets = {document.follow(r, document.at()) for r in ("#/a b~1c~0", "#/a%20b%7E1c%7e0")}
    assert targets == {Target(1, "", "/a b~1c~0")}


def test_resolve() -> None:
    """A chain of references is followed to its end; what is no reference is given back."""
    document = make(a={"$ref": "#/b"}, b={"$ref": "#/c"}, c={"d": 1}, e={"$ref": 5})
    assert document.resolve(document.at("a")) == document.at("c")
    assert document.resolve(document.at("c")) == document.at("c")
    assert document.resolve(document.at("e")) == document.at("e")


@pytest.mark.parametrize("name", ["self", "one"])
def test_resolve_loop(name: str) -> None:
    """References that lead back to themselves are told, and not followed for ever."""
    document = make(self={"$ref": "#/self"}, one={"$ref": "#/two"}, two={"$ref": "#/one"})
    with pytest.raises(DocumentError, match=f"#/{name}: the reference leads back to itself"):
        document.resolve(document.at(name))


def test_find() -> None:
    """A pointer is looked up in files that are known."""
    document = make(a={"b": 1})
    assert document.find("", "/a/b") == Target(1, "", "/a/b")
    assert document.find("", "/a/c") is None
    assert document.find("elsewhere", "/a") is None


def test_escape_pointer() -> None:
    """A step of a pointer is escaped as RFC 6901 says."""
    assert escape_pointer("a/b~c") == "a~1b~0c"


FILES = {
    "api.json": {
        **HEAD,
        "a": {"$ref": "sub/one.json#/x"},
        "list": {"$ref": "sub/list.json#/0"},
        "spaced": {"$ref": "with%20space.json"},
    },
    "sub/one.json": {"x": {"$ref": "two.json"}},
    "sub/two.json": {"$ref": "../three.json#/y"},
    "sub/list.json": [{"first": True}],
    "three.json": {"y": {"deep": 1}},
    "with space.json": {"spaced": 1},
}


def test_files(tmp_path: Path) -> None:
    """References lead into files below the folder, and on from where those files are."""
    document = write(tmp_path, FILES)
    assert document.resolve(document.at("a")).value == {"deep": 1}
    assert document.resolve(document.at("list")).value == {"first": True}
    assert document.resolve(document.at("spaced")).value == {"spaced": 1}
    one = document.find(str(tmp_path / "sub" / "one.json"), "/x")
    assert one is not None
    assert document.resolve(one).base == str(tmp_path / "three.json")


def test_file_is_read_once(tmp_path: Path) -> None:
    """A file that is known is not read again."""
    document = write(tmp_path, FILES)
    first = document.resolve(document.at("a"))
    for path in (tmp_path / "sub").iterdir():
        path.unlink()
    assert document.resolve(document.at("a")) == first


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("../secret.json", "leaves the folder"),
        ("sub/../../secret.json", "leaves the folder"),
        ("/etc/hostname", "leaves the folder"),
        ("%2E%2E/secret.json", "leaves the folder"),
        ("link.json", "leaves the folder"),
        ("linked/secret.json", "leaves the folder"),
        ("file:///etc/hostname", "only files below"),
        ("http://example.invalid/a.json", "only files below"),
        ("HTTP:a.json", "only files below"),
        ("//example.invalid/a.json", "leaves the folder"),
        ("none.json", "cannot be read"),
        ("a%00b", "cannot hold a NUL"),
        ("loop.json", "cannot be read"),
        ("api.json#/none", "points at nothing"),
    ],
)
def test_files_refused(tmp_path: Path, reference: str, message: str) -> None:
    """Nothing outside the folder is read, by no spelling and through no link."""
    (tmp_path / "secret.json").write_text("{}", "utf-8")
    folder = tmp_path / "api"
    document = write(folder, {"api.json": {**HEAD, "a": {"$ref": reference}}})
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    (folder / "linked").symlink_to(tmp_path)
    (folder / "loop.json").symlink_to(folder / "loop.json")
    with pytest.raises(DocumentError, match=message):
        document.resolve(document.at("a"))


def test_link_inside(tmp_path: Path) -> None:
    """A link that stays below the folder is followed."""
    document = write(tmp_path, {"api.json": {**HEAD, "a": {"$ref": "b.json"}}, "c.json": {"x": 1}})
    os.symlink("c.json", tmp_path / "b.json")
    assert document.resolve(document.at("a")).value == {"x": 1}


def test_folder_is_not_a_prefix(tmp_path: Path) -> None:
    """A folder whose name begins like the document's own is another one."""
    (tmp_path / "api-secret").mkdir()
    (tmp_path / "api-secret" / "b.json").write_text("{}", "utf-8")
    document = write(
        tmp_path / "api", {"api.json": {**HEAD, "a": {"$ref": "../api-secret/b.json"}}}
    )
    with pytest.raises(DocumentError, match="leaves the folder"):
        document.resolve(document.at("a"))


@pytest.mark.parametrize("location", ["", "https://h/api.json"])
def test_no_files_without_a_folder(location: str) -> None:
    """Text and documents from the network have no files beside them."""
    document = Document({**HEAD, "a": {"$ref": "b.json"}}, location)
    with pytest.raises(DocumentError, match="bundle the document into one file"):
        document.resolve(document.at("a"))


@pytest.mark.parametrize(
    ("location", "url", "complete"),
    [
        ("https://h/v1/api.json", "/x", "https://h/x"),
        ("https://h/v1/api.json", "x", "https://h/v1/x"),
        ("https://h/v1/api.json", "http://[", "http://["),
        ("/home/api.json", "/x", "/x"),
        ("", "/x", "/x"),
    ],
)
def test_resolve_url(location: str, url: str, complete: str) -> None:
    """Relative URLs are completed by the document's own, where it has one."""
    assert resolve_url(Document(HEAD, location), url) == complete


@pytest.mark.skipif(not SPECS.exists(), reason="the shared documents are not here")
def test_shared_documents() -> None:
    """Every shared document of OpenAPI 3 loads, and all its references lead somewhere."""
    loaded = 0
    for path in sorted([*SPECS.rglob("*.json"), *SPECS.rglob("*.yaml")]):
        if "v2.0" in path.parts:
            continue
        document = Document.load(path)
        for node in module._nodes(document.at()):
            assert document.resolve(node).value is not None
        loaded += 1
    assert loaded > 20


def test_is_current(tmp_path: Path) -> None:
    """A document knows whether one of the files it was read from may have changed."""
    main, part = tmp_path / "a.json", tmp_path / "b.json"
    main.write_text(json.dumps({**HEAD, "x": {"$ref": "b.json"}}), encoding="utf-8")
    part.write_text("{}", encoding="utf-8")
    for path in (main, part):
        os.utime(path, (1_000_000, 1_000_000))
    document = Document.load(main)
    assert document.is_current
    document.resolve(document.at("x"))
    assert document.is_current
    os.utime(part, (1_000_001, 1_000_001))
    assert not document.is_current
    assert not Document.load(json.dumps(HEAD)).is_current
