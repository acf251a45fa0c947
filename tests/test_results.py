"""
What schemas make of values: views, dates, lists, maps and unions; and the types of signatures.
"""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Literal

import pytest

from mixdyn.document import Document
from mixdyn.results import Model, Types
from mixdyn.schema import Schema, Schemas

TEXT: dict[str, Any] = {"type": "string"}
WHOLE: dict[str, Any] = {"type": "integer"}
NULL: dict[str, Any] = {"type": "null"}
MOMENT = {**TEXT, "format": "date-time"}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


PET: dict[str, Any] = {"properties": {"kind": TEXT, "name": TEXT}}
SCHEMAS: dict[str, Any] = {
    "Pet": PET,
    "Cat": {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": WHOLE}},
    "Dog": {"type": "object", "properties": {"kind": {"const": "dog"}, "bornAt": MOMENT}},
    "Node": {"properties": {"kids": {"type": "array", "items": ref("Node")}, "at": MOMENT}},
    "Parent": {**PET, "discriminator": {"propertyName": "kind"}},
    "Child": {"allOf": [ref("Parent"), {"properties": {"bornAt": MOMENT}}]},
}


def make(schema: Any, **others: Any) -> tuple[Types, Schema]:
    """Give the types of a document, and a schema that stands in it without a name."""
    schemas = {**SCHEMAS, **others, "It": {"x": schema}}
    document = Document.load({"openapi": "3.1.0", "components": {"schemas": schemas}})
    types = Types(Schemas(document))
    return types, types.schemas.at(document.at("components", "schemas", "It", "x"))


def read(schema: Any, value: Any, **others: Any) -> Any:
    types, made = make(schema, **others)
    reader = types.reader(made, "Result")
    return reader(value) if reader else value


def annotate(schema: Any, **others: Any) -> Any:
    types, made = make(schema, **others)
    return types.annotation(made, "Result")


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        (MOMENT, "2020-01-02T03:04:05Z", datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (MOMENT, "2020-01-02t03:04:05z", datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (
            MOMENT,
            "2020-01-02T03:04:05.5-07:30",
            datetime(2020, 1, 2, 3, 4, 5, 500000, timezone(-timedelta(hours=7, minutes=30))),
        ),
        (
            MOMENT,
            "2020-01-02T03:04:05.123456789Z",
            datetime(2020, 1, 2, 3, 4, 5, 123456, tzinfo=UTC),
        ),
        (MOMENT, "2020-01-02T03:04:05", "2020-01-02T03:04:05"),
        (MOMENT, "yesterday", "yesterday"),
        (MOMENT, "", ""),
        (MOMENT, 1577934245, 1577934245),
        (MOMENT, None, None),
        (MOMENT, ["2020-01-02T03:04:05Z"], ["2020-01-02T03:04:05Z"]),
        ({**TEXT, "format": "date"}, "2020-01-02", date(2020, 1, 2)),
        ({**TEXT, "format": "date"}, "2020", "2020"),
        ({**TEXT, "format": "date"}, 5, 5),
        ({**TEXT, "format": "uuid"}, "x", "x"),
        (
            {"anyOf": [MOMENT, NULL]},
            "2020-01-02T03:04:05Z",
            datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
        ),
        (
            {"type": "array", "items": {**TEXT, "format": "date"}},
            ["2020-01-02", 5],
            [date(2020, 1, 2), 5],
        ),
        (
            {"type": "array", "items": {"type": "array", "items": {**TEXT, "format": "date"}}},
            [["2020-01-02"], None, "x"],
            [[date(2020, 1, 2)], None, "x"],
        ),
        ({"type": "array", "items": TEXT}, ["a"], ["a"]),
        (
            {"additionalProperties": {**TEXT, "format": "date"}},
            {"a": "2020-01-02"},
            {"a": date(2020, 1, 2)},
        ),
        ({"additionalProperties": {**TEXT, "format": "date"}}, ["x"], ["x"]),
        (
            {"type": "array", "prefixItems": [MOMENT], "items": MOMENT},
            ["2020-01-02T03:04:05Z"],
            ["2020-01-02T03:04:05Z"],
        ),
    ],
)
def test_plain_values(schema: Any, text: Any, value: Any) -> None:
    """Dates become Python's, also in lists and maps; what does not fit stays as it came."""
    assert read(schema, text) == value


def test_no_schema() -> None:
    """Without a schema, and with one that changes nothing, there is nothing to read."""
    types, schema = make(TEXT)
    assert types.reader(None) is None
    assert types.reader(schema) is None
    assert types.annotation(None) is Any


def test_models() -> None:
    """Objects become views of the class that is named after their schema, the same each time."""
    types, schema = make(ref("Node"))
    reader = types.reader(schema)
    assert reader is not None
    node = reader({"kids": [{"kids": [], "at": "2020-01-02T03:04:05Z"}]})
    assert type(node).__name__ == "Node"
    assert type(node) is type(node.kids[0]) is types.model(schema)
    assert node.kids[0].at.year == 2020
    assert isinstance(node.kids, list)
    assert reader("no object") == "no object"


def test_names_of_nameless() -> None:
    """A class without a schema's name is named after where it stands, its title, or not at all."""
    inner = {
        "properties": {
            "a b": {"properties": {"c": TEXT}},
            "list": {"items": {"properties": {"d": TEXT}}},
        }
    }
    result = read(inner, {"a b": {"c": "x"}, "list": [{"d": "y"}]})
    assert type(result).__name__ == "Result"
    assert type(result.a_b).__name__ == "ItAB"
    assert type(result.list[0]).__name__ == "ItListItem"
    types, titled = make({"title": "some title", "properties": {"c": TEXT}})
    assert types.model(titled).__name__ == "SomeTitle"
    types, nameless = make({"title": 5, "properties": {"c": TEXT}})
    assert types.model(nameless).__name__ == "n5"
    types, nameless = make({"properties": {"c": TEXT}})
    assert types.model(nameless).__name__ == "Object"


def test_maps_are_dicts() -> None:
    """Maps are real dicts, of views where their values are objects."""
    pets = read({"additionalProperties": ref("Pet")}, {"some key": {"name": "x"}})
    assert isinstance(pets, dict)
    assert pets.get("none") is None
    assert pets["some key"].name == "x"


CATS = {"oneOf": [ref("Cat"), ref("Dog")]}
NAMED = {**CATS, "discriminator": {"propertyName": "kind", "mapping": {"c": "Cat", "d": "Dog"}}}


@pytest.mark.parametrize(
    ("schema", "value", "name"),
    [
        (CATS, {"kind": "dog"}, "Dog"),
        (CATS, {"kind": "cow"}, "Model"),
        (CATS, {"lives": 9}, "Cat"),
        (CATS, {"bornAt": ""}, "Dog"),
        (NAMED, {"kind": "d", "lives": 1}, "Dog"),
        (NAMED, {"kind": "dog"}, "Model"),
        (NAMED, {}, "Model"),
        (NAMED, "text", "str"),
        ({"anyOf": [ref("Cat"), NULL]}, {}, "Cat"),
        ({"anyOf": [TEXT, ref("Pet")]}, {"name": 1}, "Pet"),
        ({"anyOf": [TEXT, ref("Pet")]}, "x", "str"),
        (
            {"anyOf": [ref("Pet"), {"required": ["born"], "properties": {"born": WHOLE}}]},
            {"born": 1},
            "Result",
        ),
        ({"oneOf": [ref("Pet"), CATS]}, {"kind": "dog", "bornAt": ""}, "Dog"),
        ({"oneOf": [TEXT, WHOLE]}, 5, "int"),
        ({"oneOf": [TEXT, {"items": ref("Pet")}]}, [{}], "Rows"),
        ({"oneOf": [{"enum": [1]}, ref("Pet")]}, {"name": 1}, "Pet"),
        (ref("Parent"), {"kind": "Child"}, "Child"),
        (ref("Parent"), {"kind": "Parent"}, "Parent"),
        (ref("Parent"), {"kind": "other"}, "Parent"),
        (ref("Child"), {"kind": "Parent"}, "Child"),
    ],
)
def test_unions(schema: Any, value: Any, name: str) -> None:
    """A union gives what the value is: by discriminator, by telling values, or what fits best."""
    assert type(read(schema, value)).__name__ == name


def test_conditions_are_no_union() -> None:
    """Properties beside mere conditions make one class."""
    schema = {
        "properties": {"a": MOMENT, "b": TEXT},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    }
    assert read(schema, {"a": "2020-01-02T03:04:05Z"}).a.year == 2020


def test_shared_properties_and_alternatives() -> None:
    """Properties beside alternatives make one class that has all of them, where they agree."""
    schema = {
        "properties": {"at": MOMENT},
        "oneOf": [
            {"properties": {"at": TEXT, "until": MOMENT, "odd": MOMENT, "same": ref("Pet")}},
            {"properties": {"odd": ref("Pet"), "same": ref("Pet")}},
        ],
    }
    moment = "2020-01-02T03:04:05Z"
    value = read(schema, {"at": moment, "until": moment, "odd": moment, "same": {"name": "x"}})
    assert (value.at.year, value.until.year, value.odd) == (2020, 2020, moment)
    assert value.same.name == "x"
    assert value.odd == moment
    assert {"at", "until", "odd", "same"} <= set(dir(value))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "array", "items": ref("Lists")}, [[], [[]]]),
        (ref("Lists"), [[], [[[]]], 5]),
        (ref("Maps"), {"a": {"b": {}}}),
        (ref("Json"), {"a": [1, {"b": None}], "c": "x"}),
        (ref("Self"), {"a": 1}),
        (ref("One"), {"a": 1}),
        (ref("Ring"), {"k": "r"}),
        (ref("Loop"), {"k": "r"}),
    ],
)
def test_recursive(schema: Any, value: Any) -> None:
    """Schemas that hold or name themselves can be read and annotated, whatever they say."""
    others = {
        "Lists": {"type": "array", "items": ref("Lists")},
        "Maps": {"type": "object", "additionalProperties": ref("Maps")},
        "Json": {
            "oneOf": [
                *(TEXT, WHOLE, NULL),
                {"type": "array", "items": ref("Json")},
                {"type": "object", "additionalProperties": ref("Json")},
            ]
        },
        "Self": {"oneOf": [ref("Self"), TEXT]},
        "One": {"anyOf": [ref("One")]},
        "Loop": {
            "oneOf": [ref("Pool"), ref("Pet")],
            "discriminator": {"propertyName": "k", "mapping": {"r": "Pool"}},
        },
        "Pool": {
            "oneOf": [ref("Loop")],
            "discriminator": {"propertyName": "k", "mapping": {"r": "Loop"}},
        },
        "Ring": {
            "oneOf": [ref("Gnir")],
            "discriminator": {"propertyName": "k", "mapping": {"r": "Gnir"}},
        },
        "Gnir": {
            "oneOf": [ref("Ring")],
            "discriminator": {"propertyName": "k", "mapping": {"r": "Ring"}},
        },
    }
    result = read(schema, value, **others)
    assert (result.to_dict() if isinstance(result, Model) else result) == value
    assert annotate(schema, **others) is not None


def nest(depth: int, kind: str) -> Any:
    nested: Any = "2020-01-02"
    for _ in range(depth):
        nested = [nested] if kind == "array" else {"a": nested}
    return nested


@pytest.mark.parametrize(("kind", "word"), [("array", "items"), ("object", "additionalProperties")])
def test_deep_values(kind: str, word: str) -> None:
    """However deep a value is, reading it ends well: below some depth it stays as it came."""
    schemas = {"Deep": {"oneOf": [{"type": kind, word: ref("Deep")}, {**TEXT, "format": "date"}]}}
    assert read(ref("Deep"), nest(3, kind), **schemas) != nest(3, kind)
    result = read(ref("Deep"), nest(5000, kind), **schemas)
    for _ in range(5000):
        result = result[0] if kind == "array" else result["a"]
    assert result == "2020-01-02"


def test_deep_schemas() -> None:
    """However deep a schema is, it has a reader and an annotation."""
    deep: dict[str, Any] = {**TEXT, "format": "date"}
    for _ in range(5000):
        deep = {"type": "array", "items": deep}
    document = Document({"openapi": "3.1.0", "deep": deep})
    types = Types(Schemas(document))
    schema = types.schemas.at(document.at("deep"))
    assert types.annotation(schema) is Any
    reader = types.reader(schema)
    assert reader is None or reader([["x"]]) == [["x"]]


def test_views_in_recursive_json() -> None:
    """A union of everything, itself included, still finds the objects in it."""
    tree = {"oneOf": [TEXT, {"type": "array", "items": ref("Tree")}, ref("Pet")]}
    result = read(ref("Tree"), ["a", [{"name": "x"}]], Tree=tree)
    assert result[1][0].name == "x"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({}, Any),
        (True, Any),
        (TEXT, str),
        (WHOLE, int),
        ({"type": "number"}, float),
        ({"type": "boolean"}, bool),
        (NULL, Any),
        (MOMENT, datetime),
        ({**TEXT, "format": "date"}, date),
        ({**TEXT, "format": "uuid"}, str),
        ({"type": "object"}, dict[str, Any]),
        ({"type": "array"}, list[Any]),
        ({"type": "any"}, Any),
        ({"type": ["string", "integer"]}, str | int),
        ({"type": ["string", "null"]}, str | None),
        ({"type": "string", "nullable": True}, str | None),
        ({"nullable": True}, Any),
        ({"enum": ["a", 1, None, True]}, Literal["a", 1, True] | None),
        ({"enum": [1.5]}, Any),
        ({"const": "a"}, Literal["a"]),
        ({"type": "array", "items": WHOLE}, list[int]),
        ({"type": "array", "items": {"type": "array", "items": MOMENT}}, list[list[datetime]]),
        ({"type": "object", "additionalProperties": WHOLE}, dict[str, int]),
        ({"anyOf": [TEXT, {"type": "array", "items": TEXT}]}, str | list[str]),
        ({"anyOf": [TEXT, NULL]}, str | None),
        ({"oneOf": [TEXT, {"oneOf": [WHOLE, NULL]}]}, str | int),
        ({"type": "array", "items": ref("Lists")}, list[list[Any]]),
    ],
)
def test_annotation(schema: Any, expected: Any) -> None:
    """Signatures show Python's own types."""
    assert annotate(schema, Lists={"type": "array", "items": ref("Lists")}) == expected


def test_annotation_of_models() -> None:
    """Objects are shown as their classes, in lists, maps and unions too."""
    types, schema = make({"oneOf": [ref("Pet"), {"type": "array", "items": ref("Node")}, NULL]})
    pet, node = (types.schemas.component(name) for name in ("Pet", "Node"))
    assert pet is not None
    assert node is not None
    expected = types.model(pet) | list[types.model(node)] | None  # type: ignore[misc]  # made here
    assert types.annotation(schema) == expected
    types, schema = make({"properties": {"a": TEXT}})
    assert types.annotation(schema, "some name").__name__ == "SomeName"


def test_find_model() -> None:
    """A class is found by its document and its place in it."""
    types, _ = make(TEXT)
    digest, place = types.document.digest, "/components/schemas/Pet"
    pet = types.schemas.component("Pet")
    assert pet is not None
    assert types.find_model(digest, "", place, "") is types.model(pet)
    assert types.find_model(digest, "", "/none", "") is None
    assert types.find_model("other", "", place, "") is None


def test_classes_are_made_once() -> None:
    """Many threads that meet a schema at once get one class and one reader."""
    types, schema = make(
        {"type": "array", "items": ref("Json")},
        Json={"oneOf": [ref("Node"), {"type": "array", "items": ref("Json")}]},
    )
    node = types.schemas.component("Node")
    assert node is not None
    barrier = threading.Barrier(8)
    found: list[Any] = []

    def work() -> None:
        barrier.wait()
        reader = types.reader(schema)
        assert reader is not None
        found.append((reader, types.model(node), type(reader([[{"kids": []}]])[0][0])))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({*found}) == 1


def test_made_while_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another thread has made in the meantime is not made again."""
    types, schema = make(ref("Node"))
    node = schema.core.resolved
    first = types.model(schema)
    reader = types.reader(schema)

    class Late(dict[Any, Any]):
        """Seems empty to the first look, as to a thread that comes too early."""

        looks = 0

        def get(self, key: Any, default: Any = None) -> Any:
            return None

        def __contains__(self, key: object) -> bool:
            self.looks += 1
            return self.looks > 1 and super().__contains__(key)

    models = Late({id(node): first})
    models.looks = 1
    monkeypatch.setattr(types, "_models", models)
    monkeypatch.setattr(types, "_readers", Late({id(schema.core): reader}))
    assert types.model(schema) is first
    assert types.reader(schema) is reader


def test_attributes_are_made_once() -> None:
    """Where two threads look at a class for the first time, the second finds it complete."""
    types, schema = make({"type": "object", "properties": {"a": {"type": "string"}}})
    kind = types.model(schema, "It")
    made = kind.a  # type: ignore[attr-defined]  # of the document
    types.complete(kind)
    assert kind.a is made  # type: ignore[attr-defined]  # of the document
