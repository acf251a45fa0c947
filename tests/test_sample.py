"""Made-up instances: the document's own values first, valid always, the same every time."""

import json

import pytest

from mixdyn.media import MediaType
from mixdyn.sample import Sampler, Taste, media_examples
from mixdyn.scalar import _FORMATS
from tests.apis import NOW, ref, schema_of


def sample(value, seed="seed", taste=None, openapi="3.1.0", **schemas):
    """Sample a schema, after checking that the sample fits it."""
    schema = schema_of(value, openapi, **schemas)
    sampler = Sampler()
    made = sampler.sample(schema, seed, taste or Taste(now=NOW))
    assert sampler.validator(schema).problems(made) == ()
    return made


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "example": "e", "default": "d", "enum": ["e", "d"]}, "e"),
        ({"type": "string", "examples": ["e1", "e2"]}, "e1"),
        ({"type": "string", "example": 5, "default": "d"}, "d"),
        ({"type": "string", "default": 5, "const": "c"}, "c"),
        ({"type": "string", "enum": ["a", "b"]}, "a"),
        ({"type": ["null", "string"], "enum": [None, "b"]}, "b"),
        ({"enum": [None]}, None),
        ({"type": "null"}, None),
        ({"type": "boolean"}, True),
        ({"type": "integer", "minimum": 5, "maximum": 5}, 5),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1}, 0.05),
        ({"type": "integer", "multipleOf": 7, "minimum": 1, "maximum": 10}, 7),
        ({"type": "number", "multipleOf": 0.1, "minimum": 0.25, "maximum": 0.35}, 0.3),
        ({"type": "integer", "multipleOf": 0.3, "minimum": 1, "maximum": 5}, 3),
        ({"type": "integer", "maximum": -5, "minimum": -5}, -5),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": 4, "maximum": 5}, 5),
        ({"type": "integer", "minimum": 4, "exclusiveMinimum": 0, "maximum": 4}, 4),
        ({"type": "integer", "minimum": 3, "maximum": 4, "exclusiveMaximum": 4}, 3),
        ({"type": "array", "items": {"const": 1}, "minItems": 2, "maxItems": 3}, [1, 1]),
        ({"type": "array", "items": {"const": 1}, "maxItems": 0}, []),
        ({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}]}, [1, 2]),
        (
            {"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 3, "uniqueItems": True},
            [1, 2, 3],
        ),
        ({"type": "object", "required": ["a"]}, {"a": "text"}),
        ({"required": ["a"]}, {"a": "text"}),
        ({"type": "object", "additionalProperties": {"const": 1}}, {"key1": 1}),
        ({"type": "object", "minProperties": 2}, {"key1": "text", "key2": "text"}),
        (
            {"type": "object", "propertyNames": {"enum": ["x", "y"]}, "minProperties": 2},
            {"x": "text", "y": "text"},
        ),
        ({"oneOf": [{"type": "null"}, {"const": 1}]}, 1),
        ({"anyOf": [{"const": "a"}, {"const": "b"}]}, "a"),
        ({"type": "object", "properties": {"a": {"const": 1, "writeOnly": True}}}, {}),
        ({"type": "object", "properties": {"a": False}}, {}),
    ],
)
def test_values(schema, expected):
    """Examples, then constants, enums and defaults; else the limits decide."""
    assert sample(schema) == expected


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 30},
        {"type": "string", "maxLength": 2},
        {"type": "string", "pattern": "^[a-z]+$", "minLength": 40, "maxLength": 60},
        {"type": "string", "pattern": "[0-9]", "minLength": 10, "maxLength": 10},
        {"type": "string", "pattern": "^[b-y]+$", "minLength": 40},
        {"type": "string", "pattern": r"^\d{4}-\d{2}$"},
        {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1, "format": "int64"},
        {"type": "integer", "maximum": -100},
        {"type": "number", "minimum": 1e300},
        {"type": "number", "minimum": 0.5},
        {"minimum": 7},
        {"pattern": "^x$"},
        {"items": {"type": "string"}},
        {"type": ["integer", "string"]},
        {"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "integer", "minimum": 3}}}]},
        {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "oneOf": [
                {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
                {"required": ["c"]},
            ],
        },
        {"oneOf": [{"type": "string"}, {"type": "string", "minLength": 30}]},
        {"type": "object", "properties": {"a": {"type": "string"}}, "maxProperties": 0},
        {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "uniqueItems": True},
        {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": 3},
            "minItems": 3,
            "uniqueItems": True,
        },
        {"type": "array", "minItems": 3, "uniqueItems": True},
        {"type": "array", "items": {"type": "integer"}, "contains": {"const": 5}},
        {"type": "array", "contains": {"type": "string"}, "minContains": 3},
        {"allOf": [{"enum": ["a", "b", "c"]}, {"enum": ["c", "d"]}]},
        {"enum": ["a", "bbbb"], "minLength": 3},
        {"type": "string", "enum": [1, True, None, "x"]},
        {"type": "array", "items": {"enum": [1, "a", "b"], "type": "string"}, "minItems": 3},
        {"not": {"type": "string"}},
        {
            "allOf": [
                {"type": "object", "properties": {"a": {"enum": ["x", "y"]}}, "required": ["a"]},
                {"properties": {"a": {"type": "string"}}},
            ]
        },
        {
            "allOf": [
                {"properties": {"a": {"type": "object", "required": ["b"]}}, "required": ["a"]},
                {"properties": {"a": {"type": "object", "required": ["c"]}}},
            ]
        },
        {"oneOf": [{"type": "integer"}, {"type": "number"}]},
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
            "minProperties": 1,
        },
        {
            "type": "object",
            "patternProperties": {"^x-": {"type": "integer"}},
            "additionalProperties": False,
            "minProperties": 2,
        },
        {
            "type": "object",
            "patternProperties": {"^[a-z]{9}$": {"type": "integer"}},
            "additionalProperties": False,
            "minProperties": 1,
        },
        {
            "type": "array",
            "prefixItems": [{"const": 1}, {"const": "b"}],
            "minItems": 4,
            "items": {"type": "boolean"},
        },
        {"type": "array", "prefixItems": [{"const": 1}], "minItems": 3},
        {
            "type": "object",
            "required": ["kind"],
            "properties": {"kind": {"enum": ["a", "b"]}, "x": {"type": "integer"}},
            "if": {"properties": {"kind": {"const": "a"}}},
            "then": {"required": ["x", "y"], "properties": {"y": {"type": "boolean"}}},
        },
        {
            "type": "object",
            "if": {"required": ["a"]},
            "else": {"required": ["c"], "properties": {"c": {"const": 7}}},
        },
        {},
        True,
    ],
)
def test_samples_fit(schema):
    """Whatever is asked for, the sample is valid."""
    sample(schema)


@pytest.mark.parametrize(
    "form",
    [*_FORMATS, "binary", "unheard-of"],
)
def test_formats(form):
    """Each known format is written in its form, differently at different places."""
    schema = {"type": "string", "format": form}
    found = sample({"type": "object", "properties": {"a": schema, "b": schema}})
    is_time = form in ("date-time", "date", "time")
    assert (found["a"] == found["b"]) is is_time


def test_base64_is_told_by_3_1_too():
    """`contentEncoding: base64` means the same as `format: byte`."""
    encoded, old = (
        {"type": "string", **more} for more in ({"contentEncoding": "base64"}, {"format": "byte"})
    )
    assert sample(encoded) == sample(old)


def test_names_are_hints():
    """Times are now, counts are zero, what is unusual is false, ids look like ids."""
    integers = {n: {"type": "integer"} for n in ("created_at", "modified", "messageCount", "size")}
    booleans = {n: {"type": "boolean"} for n in ("isDir", "hasError", "done")}
    texts = {n: {"type": "string"} for n in ("createdAt", "sessionId", "id", "title", "at")}
    made = sample({"type": "object", "properties": {**integers, **booleans, **texts}})
    assert (made["created_at"], made["modified"], made["messageCount"]) == (NOW, NOW, 0)
    assert (made["isDir"], made["hasError"], made["done"]) == (False, False, True)
    assert made["createdAt"] == "2023-11-14T22:13:20Z"
    assert made["sessionId"].startswith("session-")
    assert made["id"].startswith("id-")
    assert made["title"].startswith("title ")


def test_equal_seeds_give_equal_samples():
    """The same schema and seed give the same instance, another seed another."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
    assert sample(schema) == sample(schema) != sample(schema, "other")


def test_what_nothing_fits_takes_little():
    """Schemas that ask for more than anyone can make, or for themselves, are given up soon."""
    tree = {"type": "object", "required": ["l", "r"], "properties": {"l": ref("T"), "r": ref("T")}}
    schema = schema_of(ref("T"), T=tree)
    assert Sampler().sample(schema, "x").keys() == {"l", "r"}
    wide = {"type": "array", "minItems": 1000, "items": {"type": "integer"}}
    for _ in range(3):
        wide = {"type": "array", "minItems": 1000, "items": wide}
    assert len(Sampler().sample(schema_of(wide), "x")) == 1000


def test_recursion_ends():
    """A schema that holds itself is sampled without its own repetition."""
    node = {
        "type": "object",
        "required": ["name", "children", "parent"],
        "properties": {
            "name": {"type": "string"},
            "next": {"$ref": "#/components/schemas/Node"},
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
            "index": {
                "type": "object",
                "additionalProperties": {"$ref": "#/components/schemas/Node"},
            },
            "parent": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Node"}]},
        },
    }
    made = sample({"$ref": "#/components/schemas/Node"}, Node=node)
    assert set(made) == {"name", "children", "parent"}
    assert made["children"] == []


def test_nullable_recursion_ends_with_null():
    """A required property that leads back is null where it may be."""
    node = {
        "type": "object",
        "required": ["next"],
        "nullable": True,
        "properties": {"next": {"$ref": "#/components/schemas/Node"}},
    }
    assert sample({"$ref": "#/components/schemas/Node"}, openapi="3.0.3", Node=node) == {
        "next": None
    }


def test_a_schema_without_finite_instances_still_ends():
    """What can never be satisfied gives something, soon."""
    node = {"type": "object", "required": ["n"], "properties": {}}
    node["properties"]["n"] = {"$ref": "#/components/schemas/Subject"}
    assert isinstance(Sampler().sample(schema_of(node), "seed"), dict)
    assert Sampler().sample(schema_of({"not": {}}), "seed") == "text"


def test_recursion_through_a_map_ends():
    """A map of itself is empty at the second level."""
    tree = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Subject"}}
    assert sample(tree) == {}


def test_wide_and_deep_schemas_are_cut_short():
    """Where everything together would be huge, what is optional is left out."""
    levels = {"L0": {"type": "string"}}
    for n in range(1, 9):
        below = {"$ref": f"#/components/schemas/L{n - 1}"}
        levels[f"L{n}"] = {"type": "object", "properties": {f"p{i}": below for i in range(8)}}
    assert len(json.dumps(sample({"$ref": "#/components/schemas/L8"}, **levels))) < 200_000


def test_discriminators_name_their_branch():
    """The chosen branch's value stands in the property, also where a child names its parent."""
    parent = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string"}},
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"cat": "#/components/schemas/Cat", "dog": "#/components/schemas/Dog"},
        },
    }
    cat = {"allOf": [{"$ref": "#/components/schemas/Subject"}, {"required": ["lives"]}]}
    dog = {"allOf": [{"$ref": "#/components/schemas/Subject"}]}
    assert sample(parent, Cat=cat, Dog=dog) == {"kind": "cat", "lives": "text"}
    schema = schema_of(parent, Cat=cat, Dog=dog)
    assert Sampler().sample(schema.space.component("Dog"), "seed") == {"kind": "dog"}


def test_a_discriminator_that_names_only_its_own_schema():
    """A parent that is its own only branch is sampled as itself."""
    parent = {
        "type": "object",
        "properties": {"kind": {"type": "string"}},
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"me": "#/components/schemas/Subject"},
        },
    }
    assert sample(parent) == {"kind": "me"}


def test_lists_of_lists_of_lists():
    """Nesting that is not recursion is followed as far as it goes."""
    schema = {"type": "string"}
    for _ in range(5):
        schema = {"type": "array", "items": schema}
    assert sample({"type": "object", "properties": {"deep": schema}}) == {
        "deep": [[[[["deep 13"]]]]]
    }


def test_lean_and_fresh_samples():
    """Lean leaves out what is optional; fresh keeps what only a server sets, and empty lists."""
    schema = {
        "type": "object",
        "required": ["id", "list", "map"],
        "properties": {
            "id": {"const": 1},
            "list": {"type": "array", "items": {"const": 1}},
            "map": {"type": "object", "additionalProperties": {"const": 1}},
            "note": {"type": "string"},
            "hash": {"const": "h", "readOnly": True},
            "createdAt": {"type": "string"},
        },
    }
    assert sample(schema, taste=Taste(is_lean=True)).keys() == {"id", "list", "map"}
    fresh = sample(schema, taste=Taste(is_fresh=True))
    assert fresh.keys() == {"id", "list", "map", "hash", "createdAt"}
    assert (fresh["list"], fresh["map"]) == ([], {})
    del schema["required"]
    assert "note" in sample(schema, taste=Taste(is_fresh=True))
    assert "note" not in sample(schema, taste=Taste(is_fresh=True, omitted=frozenset({"note"})))


def test_examples_that_do_not_fit_are_passed_over():
    """A sample whose object example is wrong is made up; further examples vary with the place."""
    item = {"type": "object", "examples": [{"n": 1}, {"n": "no"}, {"n": 2}], "properties": {}}
    item["properties"]["n"] = {"type": "integer"}
    assert sample({"type": "array", "items": item, "minItems": 3}) == [{"n": 1}, {"n": 2}, {"n": 2}]


def test_overlay_puts_facts_where_they_fit():
    """Facts replace made-up values by name, in any spelling; what does not fit is left."""
    schema = schema_of(
        {
            "type": "object",
            "properties": {
                "sessionId": {"type": "string"},
                "n": {"type": "integer"},
                "m": {"type": "integer"},
            },
        }
    )
    sampler = Sampler()
    facts = {"session_id": "s1", "n": 5, "undeclared": 1}
    assert sampler.overlay(schema, {"n": 1}, facts) == {"sessionId": "s1", "n": 5}
    assert sampler.overlay(schema, {"n": 1}, {"n": "no", "m": 2}) == {"n": 1, "m": 2}
    assert sampler.overlay(schema, [1], {"n": 2}) == [1]
    assert sampler.overlay(schema_of({"type": "object"}), {}, {"any": 1}) == {"any": 1}


def media(schema):
    return MediaType("application/json", schema, None, {}, {})


def test_media_examples_need_a_media_type_around_the_schema():
    """Examples stand beside the schema; elsewhere there are none to find."""
    lone = schema_of({"type": "object"})
    item = lone.space.at(lone.space.document.at("nowhere", "schema"))
    assert list(media_examples(media(None))) == []
    assert list(media_examples(media(lone))) == []
    assert list(media_examples(media(item))) == []
