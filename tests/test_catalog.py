"""Which operations a document has, and what they are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mixdyn.bundled import BUNDLED
from mixdyn.catalog import METHODS, Catalog
from tests.documents import make_catalog

SURFACE = Path(__file__).parent / "data" / "surface.json"
PUBLISHED = Path(__file__).parent.parent.parent / "shared" / "mix-api" / "surface-0.4.5.json"


def names(catalog: Catalog) -> list[str]:
    return [entry.qualified_name for entry in catalog.entries]


def bundled_surface() -> dict[str, list[str]]:
    return {
        entry.qualified_name: [
            a.name if a.required else f"{a.name}?" for a in BUNDLED.plan(entry).operation.arguments
        ]
        for entry in BUNDLED.catalog.entries
    }


def test_bundled_document_has_the_known_surface() -> None:
    """The bundled document gives exactly the methods and arguments of the table."""
    assert bundled_surface() == json.loads(SURFACE.read_text("utf-8"))
    assert BUNDLED.catalog.renamed == ()
    assert BUNDLED.catalog.skipped == ()


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published surface is not at hand")
def test_bundled_document_has_the_published_surface() -> None:
    """The bundled document gives the names and arguments of the published SDK."""
    assert bundled_surface() == json.loads(PUBLISHED.read_text("utf-8"))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"operationId": "listPets"}, ["list_pets"]),
        ({"operationId": "listPets", "tags": ["Pets"]}, ["pets.list_pets"]),
        ({"operationId": "x", "tags": ["A b", "C"]}, ["a_b.x", "c.x"]),
        ({"operationId": "x", "tags": ["Pets", "pets"]}, ["pets.x"]),
        ({"operationId": "repos/get", "tags": ["repos"]}, ["repos.get"]),
        ({"operationId": "session.create", "tags": ["session"]}, ["session.create"]),
        ({"operationId": "pets_list", "tags": ["Pets"]}, ["pets.list"]),
        ({"operationId": "petslist", "tags": ["Pets"]}, ["pets.petslist"]),
        ({"tags": ["pets"]}, ["pets.get_pets_by_pet_id"]),
        ({}, ["get_pets_by_pet_id"]),
        ({"operationId": 5, "tags": "pets"}, ["get_pets_by_pet_id"]),
        ({"operationId": "x", "tags": [None, "", 7, {}]}, ["x"]),
        ({"operationId": "x", "x-speakeasy-name-override": "getOne"}, ["get_one"]),
        ({"operationId": "x", "x-speakeasy-name-override": ""}, ["x"]),
        ({"operationId": "x", "x-speakeasy-group": "admin.userKeys"}, ["admin.user_keys.x"]),
        ({"operationId": "x", "x-speakeasy-group": "..", "tags": ["t"]}, ["x"]),
        ({"operationId": "x", "x-speakeasy-group": 5, "tags": ["t"]}, ["t.x"]),
        ({"operationId": "__class__", "tags": ["__init__"]}, ["init.class_"]),
    ],
)
def test_operation_is_named(operation: Any, expected: list[str]) -> None:
    """Override, operationId or path name an operation; group, tags or nothing its namespace."""
    assert names(make_catalog({"/pets/{petId}": {"get": operation}})) == expected


def test_groups_nest_and_are_bounded() -> None:
    """Dots nest namespaces, but no document nests them without end."""
    catalog = make_catalog({"/a": {"get": {"x-speakeasy-group": ".".join("g" * 5000)}}})
    assert len(catalog.entries[0].namespace) == 8
    node = catalog.root
    for name in catalog.entries[0].namespace:
        node = node.children[name]
    assert list(node.operations) == ["get_a"]


def test_collisions_get_numbers_and_are_listed() -> None:
    """Equal names, and names of async twins, are told apart in the document's order."""
    paths = {
        f"/{i}": {"get": {"operationId": name}}
        for i, name in enumerate(["list", "list_async", "list", "List"])
    }
    catalog = make_catalog(paths)
    assert names(catalog) == ["list", "list_async_2", "list_2", "list_3"]
    assert [*map(str, catalog.renamed)] == [
        "#/paths/~11/get: list_async is called list_async_2",
        "#/paths/~12/get: list is called list_2",
        "#/paths/~13/get: list is called list_3",
    ]


def test_reserved_names_yield_and_are_listed() -> None:
    """The client's own attributes keep their names; operations and namespaces get a `_`."""
    paths = {
        "/1": {"get": {"operationId": "close"}},
        "/2": {"get": {"operationId": "x", "tags": ["close"]}},
        "/3": {"get": {"operationId": "close", "tags": ["pets"]}},
        "/4": {"get": {"operationId": "x", "x-speakeasy-group": "close.all.keys"}},
    }
    catalog = make_catalog(paths, frozenset({"close", "closed"}))
    assert names(catalog) == ["close__2", "close_.x", "pets.close", "close_.all.keys.x"]
    assert str(catalog.renamed[0]) == "#/paths/~12/get: the namespace close is called close_"
    assert len(catalog.renamed) == 2


def test_operation_yields_to_a_namespace_of_its_name() -> None:
    """Where a namespace holds an operation and a namespace of one name, the latter keeps it."""
    paths = {
        "/1": {"get": {"operationId": "keys", "tags": ["admin"]}},
        "/2": {"get": {"operationId": "list", "x-speakeasy-group": "admin.keys"}},
    }
    assert names(make_catalog(paths)) == ["admin.keys_", "admin.keys.list"]


def test_all_methods_of_a_path_are_found() -> None:
    """Every method of OpenAPI up to 3.2 is an operation, other tokens in `additionalOperations`."""
    item: dict[str, Any] = {method: {"operationId": method} for method in METHODS}
    item["additionalOperations"] = {
        "VERSION-CONTROL": {"operationId": "track"},
        "Copy": {},
        "bad name": {},
        "": {},
        "é": {},
        "LOCK": None,
    }
    catalog = make_catalog({"/a": item})
    methods = [entry.method for entry in catalog.entries]
    assert methods == [*(m.upper() for m in METHODS), "VERSION-CONTROL", "Copy"]
    assert names(catalog)[-1] == "copy_a"


def test_path_items_may_be_references() -> None:
    """A path item may stand in the components."""
    item = {"get": {"operationId": "x"}}
    paths = {"/a": {"$ref": "#/components/pathItems/A"}}
    assert names(make_catalog(paths, components={"pathItems": {"A": item}})) == ["x"]


@pytest.mark.parametrize("paths", [None, 5, [], "x", {}, {"x-paths": {"get": {}}}])
def test_documents_without_paths_have_no_operations(paths: Any) -> None:
    """Nonsense in `paths` says nothing."""
    catalog = make_catalog(paths)
    assert catalog.entries == ()
    assert catalog.skipped == ()


def test_unusable_paths_are_listed_and_leave_the_others_alone() -> None:
    """A dangling reference or a path without a slash does not cost the other operations."""
    paths = {
        "pets": {"get": {}},
        7: {"get": {}},
        "/gone": {"$ref": "#/nowhere"},
        "/odd": ["get"],
        "/null": None,
        "/ok": {"get": {"operationId": "ok"}, "post": "nonsense", "additionalOperations": []},
    }
    catalog = make_catalog(paths)
    assert names(catalog) == ["ok"]
    places = [notice.target.pointer for notice in catalog.skipped]
    assert places == ["/paths/pets", "/paths/7", "/paths/~1gone"]
    assert "points at nothing" in catalog.skipped[2].text


def test_hostile_names_are_kept_short_in_the_list() -> None:
    """Two operations with one name of 10 KB are told apart; the list shows their beginning."""
    long = "x" * 10_000
    paths = {f"/{i}": {"get": {"operationId": long}} for i in range(2)}
    catalog = make_catalog(paths)
    assert len(set(names(catalog))) == 2
    assert len(str(catalog.renamed[0])) < 500
