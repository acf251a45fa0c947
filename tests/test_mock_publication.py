"""The stand-in's own document: where it is, in which forms, and whole although in many files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mixdyn import Client
from mixdyn.discovery import PLACES
from mixdyn.document import Document
from mixdyn.source import parse
from mixdyn.tools.mock import Mock, serve
from mixdyn.tools.mock.bundle import bundle
from mixdyn.tools.mock.yamltext import write_yaml
from tests.apis import MIX, answers, ask, content, document, message_of, mock, parameter, ref

EVENING = 1_700_000_000.0


def small(**more: Any) -> Mock:
    """A stand-in of a document with one operation."""
    return mock({"/a": {"get": {"responses": answers({"const": 1})}}}, **more)


@pytest.mark.parametrize("place", PLACES)
def test_the_document_is_at_each_place_that_is_looked_at(place: str) -> None:
    """Wherever clients look, there it is, as JSON or as YAML by the ending."""
    served = small()
    answer = ask(served, "GET", place)
    is_yaml = place.endswith((".yaml", ".yml"))
    assert answer.content_type == ("application/yaml" if is_yaml else "application/json")
    assert parse(answer.body, place) == served.api.document.root
    assert isinstance(answer.body, bytes)
    assert (answer.body[:1] == b"{") != is_yaml


def test_the_document_is_below_the_servers_base_path_too() -> None:
    """A client whose server is `https://host/v1` finds it there."""
    served = small(servers=[{"url": "https://h/v1"}])
    assert ask(served, "GET", "/v1/openapi.json").status == 200
    assert ask(served, "GET", "/v2/openapi.json").status == 404


@pytest.mark.parametrize("path", ["/doc", "/{name}"])
def test_operations_stand_before_these_places(path: str) -> None:
    """What an operation answers is the operation's, also by a template, and for other methods."""
    named = [parameter("name", "path")] if "{" in path else []
    own = {path: {"get": {"parameters": named, "responses": answers({"const": "own"})}}}
    served = mock(own)
    assert json.loads(ask(served, "GET", "/doc").body or b"") == "own"
    assert ask(served, "POST", "/doc").status == 405
    assert ask(served, "GET", "/openapi/v1.json").status == 200


def test_the_document_can_only_be_read() -> None:
    """HEAD gives the headers alone, OPTIONS the methods, all else is refused with them."""
    served = small()
    head, whole = ask(served, "HEAD", "/doc"), ask(served, "GET", "/doc")
    assert (head.status, head.body) == (200, b"")
    assert isinstance(whole.body, bytes)
    assert ("content-length", str(len(whole.body))) in head.headers
    assert ask(served, "OPTIONS", "/doc").headers == (("allow", "GET, HEAD, OPTIONS"),)
    refused = ask(served, "DELETE", "/doc")
    assert "expected GET" in message_of(refused, 405)
    assert ("allow", "GET, HEAD, OPTIONS") in refused.headers


def test_the_document_is_sent_only_where_it_has_changed() -> None:
    """Its tag and its date spare the client what it has; a 304 has no length."""
    now = [EVENING]
    served = Mock(document({}), clock=lambda: now[0])
    first = dict(ask(served, "GET", "/doc").headers)
    assert "last-modified" not in first  # in the same second it may still be replaced
    now[0] += 1
    second = dict(ask(served, "GET", "/doc").headers)
    assert second["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    for method in ("GET", "HEAD"):
        known = ask(served, method, "/doc", headers={"If-None-Match": first["etag"]})
        assert (known.status, known.body) == (304, b"")
        assert "content-length" not in dict(known.headers)
    since = {"If-Modified-Since": second["last-modified"]}
    assert ask(served, "GET", "/doc", headers=since).status == 304
    served.use_spec(document({}, title="other"))
    assert ask(served, "GET", "/doc", headers={"If-None-Match": first["etag"]}).status == 200
    assert ask(served, "GET", "/doc", headers=since).status == 200


def test_json_that_lacks_a_number_is_told() -> None:
    """YAML has infinities, and JSON has none: the other form is named."""
    served = small(**{"x-most": float("inf")})
    assert "/openapi.yaml" in message_of(ask(served, "GET", "/doc"), 500)
    assert parse(ask(served, "GET", "/openapi.yaml").body or b"", "") == served.api.document.root


def test_the_bundled_document_comes_back_the_same() -> None:
    """What is fetched from a running stand-in is the document that it was given."""
    with serve() as server:
        for place in ("/doc", "/openapi.yaml"):
            assert Document.load(f"{server.url}{place}").digest == Document.load(MIX).digest


# YAML.

ODD = [
    "yes", "No", "on", "null", "~", "", " ", "1", "1e3", "0o14", "0x1f", "12:30:45", "2020-01-01",
    "-", "- a", "a: b", "a #b", "#", "&a", "*a", "!a", "%a", "@a", "`a", "'a'", '"a"', "|", ">",
    "{a}", "[a]", "a,b", "?", ": ", "a\nb", "a\rb", "a\tb", "\u2028", "\u2029", "\x85", "\x7f",
    "\ufeff", "\x00", "\x1b", "é", "日本", "😀", "<<", "=", ".inf", ".nan", "true", "/pets/{id}",
    "\\", "a\\nb", "---", "...", "+1", ".5", "_", "y", "N",
]  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_yaml_keeps_odd_texts(text: str) -> None:
    """Whatever a text looks like, as a key and as a value, it is read as that text."""
    tree = {"x": text, text: [text, [text], {text: text}]}
    assert parse(write_yaml(tree), "") == tree


def test_yaml_keeps_all_kinds() -> None:
    """Numbers, nothing, emptiness and nesting come back; other readers understand them too."""
    yaml = pytest.importorskip("yaml")
    tree = {
        "a": [1, -2, 1.5, 1e20, 1e-7, 2.5e30, True, False, None, float("inf"), -float("inf")],
        "b": {"c": {}, "d": [], "e": [[], [[1]], {"f": [{"g": 1, "h": 2}]}]},
    }
    text = write_yaml(tree)
    assert parse(text, "") == yaml.safe_load(text) == tree
    assert text.decode().splitlines()[:3] == ["a:", "  - 1", "  - -2"]
    assert write_yaml({}) == b"{}\n"
    assert "nan" in str(parse(write_yaml([float("nan")]), ""))


# Several files.

PET = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "mother": {"$ref": "Pet.json"},
        "owner": {"$ref": "../common.json#/components/schemas/Owner"},
        "size": {"$ref": "../common.json#/parts/a~1b c"},
        "home": {"$ref": "../api.json#/components/schemas/Home"},
    },
}
PUP = {
    "type": "object",
    "properties": {"kind": {"const": "home"}, "size": {"$ref": "#/a~1b c"}},
    "a/b c": {"type": "integer"},
}
COMMON = {
    "components": {
        "schemas": {
            "Owner": {
                "type": "object",
                "properties": {"pets": {"type": "array", "items": {"$ref": "schemas/Pet.json"}}},
            },
            "Animal": {
                "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "other/Pup.json"}],
                "discriminator": {
                    "propertyName": "kind",
                    "mapping": {"cat": "#/components/schemas/Cat", "home": "Home", "odd": 1},
                },
            },
            "Cat": {
                "type": "object",
                "properties": {"kind": {"const": "cat"}, "gone": {"$ref": "#/nowhere"}},
            },
        }
    },
    "parts": {"a/b c": {"type": "integer", "minimum": 3}},
    "path": {"get": {"operationId": "listPets", "responses": {}}},
}


def write_files(folder: Path) -> Path:
    """Write a document in several files."""
    item: dict[str, Any] = {"200": {"description": "", **content({"$ref": "schemas/Pet.json"})}}
    COMMON["path"]["get"]["responses"] = item
    root = document(
        {"/pets": {"$ref": "common.json#/path"}},
        {
            "Home": {"type": "string"},
            "Animal": {"$ref": "common.json#/components/schemas/Animal"},
            "Lost": {"$ref": "lost.json"},
            "Home2": ref("Home"),
        },
    )
    for name, tree in {
        "api.json": root,
        "common.json": COMMON,
        "schemas/Pet.json": PET,
        "other/Pup.json": PUP,
    }.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(tree))
    return folder / "api.json"


def test_a_document_in_several_files_is_served_as_one(tmp_path: Path) -> None:
    """A client that fetches it has the same operations and names as one that reads the files."""
    path = write_files(tmp_path)
    with serve(path) as server:
        fetched, read = Client(f"{server.url}/openapi.yaml"), Client(path)
        pet = fetched.list_pets()
    assert pet.name
    assert str(fetched.list_pets.__signature__) == str(read.list_pets.__signature__)
    assert type(pet).__name__ == "Pet"
    assert str(tmp_path) not in json.dumps(bundle(Document.load(path)))


def test_a_bundle_leads_where_the_files_led(tmp_path: Path) -> None:
    """Each reference has its counterpart: out, back, in circles; dangling ones stay dangling."""
    made = bundle(Document.load(write_files(tmp_path)))
    files = made["x-files"]
    assert sorted(files["$defs"]) == ["Animal", "Cat", "Owner", "Pet", "Pup"]
    assert sorted(files["parts"]) == ["a/b c", "a/b c_2", "path"]
    pet = next(p for p in files["$defs"].values() if "mother" in p.get("properties", {}))
    wanted = pet["properties"]
    assert wanted["home"] == ref("Home")
    assert files["$defs"]["Cat"]["properties"]["gone"] == {"$ref": "#/x-files/missing"}
    sizes = [wanted["size"]["$ref"], files["$defs"]["Pup"]["properties"]["size"]["$ref"]]
    assert sorted(sizes) == ["#/x-files/parts/a~1b%20c", "#/x-files/parts/a~1b%20c_2"]
    again = Document(made)
    cat = again.at("x-files", "$defs", "Animal", "oneOf", 0)
    assert again.resolve(cat).value == files["$defs"]["Cat"]
    mapping = files["$defs"]["Animal"]["discriminator"]["mapping"]
    assert mapping == {"cat": "#/x-files/$defs/Cat", "home": "Home", "odd": 1}
    assert made["components"]["schemas"]["Lost"] == {"$ref": "lost.json"}
    assert bundle(again) is again.root


def test_one_file_is_its_own_bundle() -> None:
    """Where nothing is elsewhere, nothing is copied."""
    whole = Document.load(MIX)
    assert bundle(whole) is whole.root
