"""
What a schema says, read through references, `allOf` and unions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mixdyn.document import Document
from mixdyn.errors import DocumentError
from mixdyn.schema import Schema, Schemas

NULL: dict[str, Any] = {"type": "null"}
TEXT: dict[str, Any] = {"type": "string"}
WHOLE: dict[str, Any] = {"type": "integer"}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def space(version: str = "3.1.0", **schemas: Any) -> Schemas:
    return Schemas(Document.load({"openapi": version, "components": {"schemas": schemas}}))


def make(value: Any, **others: Any) -> Schema:
    """Give a schema that stands beside others, under the name `It`."""
    found = space(It=value, **others).component("It")
    assert found is not None
    return found


def names(schemas: Any) -> list[str | None]:
    return [schema.name for schema in schemas]


def test_schemas_are_kept() -> None:
    """The same place gives the same schema; a component that is not there gives none."""
    schemas = space(A=TEXT, B=ref("A"))
    first = schemas.component("A")
    assert first is schemas.component("A")
    assert schemas.component("C") is None
    assert schemas.component_names() == ["A", "B"]
    b = schemas.component("B")
    assert b is not None
    assert b.resolved is first


@pytest.mark.parametrize("components", [None, [], {"schemas": ["A"]}, {"schemas": None}])
def test_no_components(components: Any) -> None:
    """A document may have no schemas, or nonsense in their place."""
    schemas = Schemas(Document.load({"openapi": "3.1.0", "components": components}))
    assert schemas.component_names() == []
    assert schemas.component("A") is None


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (TEXT, "It"),
        ({"x": ref("A~0~1B")}, "A~/B"),
        ({"x": {"allOf": [ref("C")]}}, "C"),
        ({"x": {"allOf": [ref("C")], "nullable": True}}, "C"),
        ({"x": {"allOf": [ref("C")], "properties": {}}}, None),
        ({"x": {"allOf": [ref("C"), TEXT]}}, None),
        ({"x": TEXT}, None),
        ({"x": {"$ref": "#/components/schemas/It/$defs/D"}, "$defs": {"D": TEXT}}, "D"),
        ({"x": {"$ref": "#/components/schemas/It/x"}}, None),
        ({"x": {"$ref": 5}}, None),
    ],
)
def test_name(value: Any, name: str | None) -> None:
    """The name is the component's, also through a reference or a wrapper."""
    schema = make(value, **{"A~/B": TEXT, "C": TEXT})
    assert (schema.child("x") if "x" in value else schema).name == name


def test_name_of_a_file(tmp_path: Path) -> None:
    """A schema that has a file to itself is named after it."""
    (tmp_path / "Pet.json").write_text(json.dumps(TEXT), "utf-8")
    api = {"openapi": "3.1.0", "components": {"schemas": {"It": {"items": {"$ref": "Pet.json"}}}}}
    (tmp_path / "api.json").write_text(json.dumps(api), "utf-8")
    it = Schemas(Document.load(tmp_path / "api.json")).component("It")
    assert it is not None
    assert it.items is not None
    assert it.items.name == "Pet"
    assert repr(it.items.resolved) == "<Schema Pet>"
    assert repr(it.child("x")) == "<Schema /components/schemas/It/x>"


def test_parts() -> None:
    """References and `allOf` apply together, in their order, each once, loops or not."""
    schema = make(
        {"allOf": [ref("A"), {"allOf": [ref("B")]}], "properties": {"own": TEXT}},
        A={"allOf": [ref("B"), ref("It")], "properties": {"a": TEXT}},
        B={"properties": {"b": TEXT}, "required": ["b", 5, {}]},
    )
    assert list(schema.properties) == ["a", "b", "own"]
    assert schema.required == {"b"}


def test_the_most_specific_property_counts() -> None:
    """Of several declarations it is the schema's own, else that of the last in `allOf`."""
    base = {"properties": {"data": {"title": "base"}, "kind": {"title": "base"}}}
    last = {"allOf": [ref("Base")], "properties": {"data": {"title": "last"}}}
    wrapped = {"allOf": [ref("Base"), ref("Last")], "properties": {"kind": {"title": "own"}}}
    schema = make(wrapped, Base=base, Last=last)
    titles = {name: declared.get("title") for name, declared in schema.properties.items()}
    assert titles == {"data": "last", "kind": "own"}


@pytest.mark.parametrize(
    ("value", "types"),
    [
        ({"type": "string"}, ("string",)),
        ({"type": ["integer", "null"]}, ("integer",)),
        ({"type": ["string", "integer"]}, ("string", "integer")),
        ({"type": "null"}, ()),
        ({"type": "any"}, ()),
        ({"type": ["string", {}, 5, "file"]}, ("string",)),
        ({"type": 5}, ()),
        ({"properties": {"a": TEXT}}, ("object",)),
        ({"additionalProperties": True}, ("object",)),
        ({"items": TEXT}, ("array",)),
        ({}, ()),
        (True, ()),
        ("nonsense", ()),
        ({"allOf": [TEXT]}, ("string",)),
    ],
)
def test_types(value: Any, types: tuple[str, ...]) -> None:
    """Types leave out null, are implied by other keywords, and nonsense is none."""
    assert make(value).types == types


@pytest.mark.parametrize(
    ("value", "is_nullable"),
    [
        (TEXT, False),
        ({"type": "string", "nullable": True}, True),
        ({"type": "string", "nullable": "yes"}, False),
        ({"type": ["string", "null"]}, True),
        (NULL, True),
        ({"enum": ["a", None]}, True),
        ({"type": "string", "enum": ["a", None]}, False),
        ({"const": None}, True),
        ({"anyOf": [TEXT, NULL]}, True),
        ({"oneOf": [TEXT, ref("Maybe")]}, True),
        ({"oneOf": [TEXT, ref("Nothing")]}, True),
        ({"allOf": [ref("Maybe")]}, True),
        ({"$ref": "#/components/schemas/Maybe"}, True),
        ({"oneOf": [ref("It"), TEXT]}, False),
        ({}, False),
    ],
)
def test_is_nullable(value: Any, is_nullable: bool) -> None:
    """Null is allowed by `nullable`, by a type, by an enum or by a branch."""
    schema = make(value, Maybe={"type": "string", "nullable": True}, Nothing=NULL)
    assert schema.is_nullable is is_nullable


@pytest.mark.parametrize(
    ("value", "text", "kind", "enum"),
    [
        ({"description": "d", "title": "t", "format": "f"}, "d", "f", ()),
        ({"title": "t", "enum": [1, 2]}, "t", None, (1, 2)),
        ({"description": {}, "title": [], "format": 5, "enum": "ab"}, "", None, ()),
        ({"const": 3, "enum": [1, 3]}, "", None, (3,)),
        ({"const": ["x"]}, "", None, (["x"],)),
    ],
)
def test_words(value: Any, text: str, kind: str | None, enum: tuple[Any, ...]) -> None:
    """Description, format and enum are given where they are what they should be."""
    schema = make(value)
    assert (schema.description, schema.format, schema.enum) == (text, kind, enum)


def test_items_and_additional() -> None:
    """Items and undeclared properties have a schema where one is given for all of them."""
    schema = make({"allOf": [{"items": WHOLE, "additionalProperties": TEXT}]})
    assert schema.items is not None
    assert schema.items.types == ("integer",)
    assert schema.additional is not None
    assert schema.additional.types == ("string",)
    other = make({"items": [TEXT], "additionalProperties": True})
    assert (other.items, other.additional) == (None, None)
    assert make({"prefixItems": [TEXT], "items": WHOLE}).items is None


def test_dynamic_reference() -> None:
    """A dynamic reference is followed like a plain one."""
    schema = make({"x": {"$dynamicRef": "#node"}}, Node={"$dynamicAnchor": "node", **WHOLE})
    assert schema.child("x").types == ("integer",)


@pytest.mark.parametrize(
    ("value", "branches", "leaves", "core"),
    [
        (TEXT, [], ["It"], "It"),
        ({"oneOf": [ref("A"), ref("B")]}, ["A", "B"], ["A", "B"], "It"),
        ({"anyOf": [ref("A"), NULL]}, ["A"], ["A"], "A"),
        ({"anyOf": [{"anyOf": [ref("A"), NULL]}, NULL]}, [None], ["A"], "A"),
        ({"oneOf": [ref("A"), ref("U")]}, ["A", "U"], ["A", "B", "C"], "It"),
        ({"oneOf": [ref("It"), ref("A")]}, ["It", "A"], ["A"], "It"),
        ({"oneOf": [ref("It")]}, ["It"], [], "It"),
        (
            {"properties": {"a": TEXT}, "anyOf": [{"required": ["a"]}, {"type": "object"}]},
            [],
            ["It"],
            "It",
        ),
        ({"properties": {"a": TEXT}, "anyOf": [ref("A"), {"required": ["a"]}]}, ["A"], ["A"], "It"),
        (
            {"properties": {"a": TEXT}, "oneOf": [TEXT, {"items": TEXT}]},
            [None, None],
            [None] * 2,
            "It",
        ),
        ({"oneOf": "nonsense", "anyOf": {}}, [], ["It"], "It"),
    ],
)
def test_branches(value: Any, branches: list[Any], leaves: list[Any], core: str) -> None:
    """Unions tell their alternatives, without null and mere conditions; loops end."""
    schema = make(
        value,
        A={"properties": {"x": TEXT}},
        B=TEXT,
        C=WHOLE,
        U={"oneOf": [ref("B"), ref("C"), ref("U")]},
    )
    assert names(schema.branches) == branches
    assert names(schema.leaves) == leaves
    assert schema.core.name == core


def test_wire_names() -> None:
    """Every way to name a property of any alternative leads to its wire name, its own first."""
    schema = make(
        {"oneOf": [ref("A"), {"oneOf": [ref("B")]}]},
        A={"properties": {"fooBar": TEXT, "type": TEXT}},
        B={"properties": {"foo_bar": TEXT, "Last-ID": TEXT}},
    )
    assert schema.wire_names == {
        "fooBar": "fooBar",
        "type": "type",
        "foo_bar": "foo_bar",
        "Last-ID": "Last-ID",
        "type_": "type",
        "last_id": "Last-ID",
    }


def kinds(schema: Schema) -> dict[str, str | None]:
    """Give which branch each value of the discriminator means, by name."""
    assert schema.discriminator is not None
    return {tag: branch.name for tag, branch in schema.discriminator.branches.items()}


CAT: dict[str, Any] = {"properties": {"kind": TEXT, "lives": WHOLE}}
DOG: dict[str, Any] = {"properties": {"kind": {"const": "dog"}}}
BIRD: dict[str, Any] = {"properties": {"kind": {"enum": ["owl", "hen", 5]}}}
FISH: dict[str, Any] = {"oneOf": [ref("Eel"), ref("Ray")]}
OTHERS: dict[str, Any] = {
    "Cat": CAT,
    "Dog": DOG,
    "Bird": BIRD,
    "Eel": CAT,
    "Ray": CAT,
    "Fish": FISH,
}


def union(*members: str, **discriminator: Any) -> dict[str, Any]:
    return {
        "oneOf": [ref(member) for member in members],
        "discriminator": {"propertyName": "kind", **discriminator},
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (union("Cat", "Dog"), {"Cat": "Cat", "dog": "Dog"}),
        (union("Cat", "Bird"), {"Cat": "Cat", "owl": "Bird", "hen": "Bird"}),
        (
            union("Cat", "Dog", mapping={"c": ref("Cat")["$ref"], "d": "Dog"}),
            {"c": "Cat", "d": "Dog"},
        ),
        (union("Cat", "Dog", mapping={"dog": "Cat"}), {"dog": "Cat"}),
        (union("Cat", "Fish"), {"Cat": "Cat", "Eel": "Fish", "Ray": "Fish"}),
        (union("Cat", mapping={"x": 5}), {"Cat": "Cat"}),
        (union("Cat", mapping="x"), {"Cat": "Cat"}),
        (union("Cat", "It"), {"Cat": "Cat"}),
        (union("Cat", mapping={"me": "It", "c": "Cat"}), {"c": "Cat"}),
        ({**union("Cat", "Dog"), "nullable": True}, {"Cat": "Cat", "dog": "Dog"}),
        ({"anyOf": [ref("Cat"), NULL], "discriminator": {"propertyName": "kind"}}, {"Cat": "Cat"}),
        ({"allOf": [ref("Pets")]}, {"Cat": "Cat", "dog": "Dog"}),
        (ref("Pets"), {"Cat": "Cat", "dog": "Dog"}),
    ],
)
def test_discriminator(value: Any, expected: dict[str, str]) -> None:
    """Each value of a discriminator means a branch: by mapping, by its own values, by its name."""
    assert kinds(make(value, Pets=union("Cat", "Dog"), **OTHERS)) == expected


def test_discriminator_of_nested_union() -> None:
    """A union inside a union is meant by all the values that its own discriminator maps."""
    inner = union("Eel", "Ray", mapping={"e": "Eel", "r": "Ray"})
    schema = make(union("Cat", "Inner"), Inner=inner, **OTHERS)
    assert kinds(schema)["e"] == kinds(schema)["r"] == "Inner"


@pytest.mark.parametrize(
    "value",
    [
        TEXT,
        {"oneOf": [ref("Cat")], "discriminator": "kind"},
        {"oneOf": [ref("Cat")], "discriminator": {}},
        {"oneOf": [ref("Cat")], "discriminator": {"propertyName": 5}},
        {"oneOf": [CAT, CAT], "discriminator": {"propertyName": "kind"}},
        {"properties": {"kind": TEXT}, "discriminator": {"propertyName": "kind"}},
        {"allOf": [{"discriminator": {"propertyName": "kind"}}]},
    ],
)
def test_no_discriminator(value: Any) -> None:
    """Without a property, or with branches that nothing names, there is no discriminator."""
    assert make(value, **OTHERS).discriminator is None


def family(**discriminator: Any) -> Schemas:
    """A parent whose discriminator leads to the children that are built on it."""
    return space(
        Pet={
            "properties": {"kind": TEXT},
            "discriminator": {"propertyName": "kind", **discriminator},
        },
        Cat={"allOf": [ref("Pet"), {"properties": {"lives": WHOLE}}]},
        Lion={"allOf": [ref("Cat")]},
        Dog={"allOf": [{"description": "no reference"}, ref("Pet")]},
        Broken={"allOf": [ref("None")]},
        Owner={"properties": {"pet": ref("Pet"), "cat": {"allOf": [ref("Pet")], "nullable": True}}},
    )


def test_children() -> None:
    """A parent without branches has the components that are built on it, and theirs."""
    schemas = family()
    pet = schemas.component("Pet")
    assert pet is not None
    assert kinds(pet) == {"Cat": "Cat", "Dog": "Dog", "Lion": "Lion", "Pet": "Pet"}
    assert names(schemas.children(pet)) == ["Cat", "Dog", "Lion"]


def test_children_by_mapping() -> None:
    """A mapping renames the children that it names; the others keep their names."""
    pet = family(mapping={"cat": "Cat"}).component("Pet")
    assert pet is not None
    assert kinds(pet) == {"cat": "Cat", "Dog": "Dog", "Lion": "Lion", "Pet": "Pet"}


def test_child_is_picked_already() -> None:
    """A child does not pick again; a property that only wraps the parent does."""
    schemas = family()
    cat, lion, owner = (schemas.component(name) for name in ("Cat", "Lion", "Owner"))
    assert cat is not None
    assert lion is not None
    assert owner is not None
    assert cat.discriminator is lion.discriminator is None
    assert all("Dog" in kinds(field) for field in owner.properties.values())


def test_own_children_loop() -> None:
    """A component that is built on itself ends."""
    schema = make({"allOf": [ref("It")], "discriminator": {"propertyName": "kind"}})
    assert schema.space.children(schema) == []
    assert schema.discriminator is None


def test_pick() -> None:
    """An instance belongs to the branch that its property names, or to none, or to the default."""
    found = make(union("Cat", "Dog"), **OTHERS).discriminator
    assert found is not None
    picked = found.pick({"kind": "dog"})
    assert picked is not None
    assert picked.name == "Dog"
    for value in ({"kind": "cow"}, {"kind": 5}, {}, [], "dog", None):
        assert found.pick(value) is None
    other = make(union("Cat", "Dog", defaultMapping="Cat"), **OTHERS).discriminator
    assert other is not None
    assert other.default is not None
    assert other.pick({"kind": "cow"}) is other.pick({}) is other.default
    assert other.default.name == "Cat"


def test_mapping_to_nowhere() -> None:
    """A mapping that leads nowhere is told as what it is."""
    with pytest.raises(
        DocumentError, match="points at nothing.*named by a discriminator's mapping"
    ):
        _ = make(union("Cat", mapping={"x": "#/none"}), **OTHERS).discriminator


@pytest.mark.parametrize(
    ("branches", "name", "tags"),
    [
        ([DOG, BIRD], None, []),
        ([DOG, {"properties": {"kind": {"const": "cat"}}}], "kind", ["dog", "cat"]),
        ([DOG, DOG], None, []),
        ([DOG, CAT], None, []),
        ([DOG], None, []),
        ([TEXT, DOG], None, []),
        (
            [{"properties": {"kind": {"const": 1}}}, {"properties": {"kind": {"const": 2}}}],
            None,
            [],
        ),
        ([{"properties": {"kind": {"const": {}}}}, DOG], None, []),
        (
            [{"allOf": [CAT, {"properties": {"kind": {"const": "cat"}}}]}, DOG],
            "kind",
            ["cat", "dog"],
        ),
    ],
)
def test_implied_discriminator(branches: list[Any], name: str | None, tags: list[str]) -> None:
    """A property whose texts tell all branches apart does what a discriminator would."""
    found = make({"oneOf": branches}).implied_discriminator
    assert (found.property_name if found else None) == name
    assert list(found.branches if found else {}) == tags


def test_declared_discriminator_comes_first() -> None:
    """Where a discriminator is declared, none is implied."""
    schema = make(union("Cat", "Dog"), **OTHERS)
    assert schema.implied_discriminator is schema.discriminator


def test_long_chains() -> None:
    """Chains of wrappers and unions of any length need no stack."""
    chain = {f"S{n}": {"anyOf": [ref(f"S{n + 1}"), NULL]} for n in range(2000)}
    schema = make(ref("S0"), **chain, S2000=TEXT)
    assert schema.core.types == ("string",)
    wrapped = {f"S{n}": {"allOf": [ref(f"S{n + 1}")]} for n in range(2000)}
    assert make({"allOf": [ref("S0")]}, **wrapped, S2000=TEXT).types == ("string",)
