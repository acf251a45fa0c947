"""The fields of schemas as a tree: references once, recursion marked, nothing without end."""

from __future__ import annotations

from typing import Any

import pytest

from mixdyn.outline import (
    describe_kind,
    make_table,
    outline,
    outline_argument,
    outline_result,
    write_remarks,
)
from mixdyn.results import Types
from tests.apis import ref, schema_of

TEXT = {"type": "string"}


def tree(value: Any, **schemas: Any) -> list[str]:
    """Give the tree of a schema, a line for each field."""
    schema = schema_of(value, **schemas)
    fields = outline(schema, Types(schema.space))
    return [
        f"{'  ' * f.depth}{f.name} {f.kind}" + (f" ({', '.join(f.remarks)})" if f.remarks else "")
        for f in fields
    ]


def fields(**properties: Any) -> dict[str, Any]:
    """Give an object schema."""
    return {"type": "object", "properties": properties}


def test_fields() -> None:
    """Each field has its type and what limits it, those inside others below them."""
    inner = {**fields(b={"type": "integer", "minimum": 1}), "required": ["b"]}
    assert tree({**fields(a=TEXT, inner=inner), "required": ["a"]}) == [
        "a str (required)",
        "inner SubjectInner",
        "  b int (required, at least 1)",
    ]


def test_references_are_followed_once() -> None:
    """A schema that was shown is named the second time, and one inside itself is marked."""
    node = fields(next=ref("Node"), all={"type": "array", "items": ref("Node")})
    pair = fields(left=ref("Leaf"), right=ref("Leaf"), node=ref("Node"))
    assert tree(pair, Node=node, Leaf=fields(x=TEXT)) == [
        "left Leaf",
        "  x str",
        "right Leaf (shown above)",
        "node Node",
        "  next Node (recursive)",
        "  all list[Node] (recursive)",
    ]


def test_arrays_maps_and_unions() -> None:
    """Items, undeclared keys and alternatives have lines of their own."""
    leaf = fields(x=TEXT)
    assert tree({"type": "array", "items": leaf}) == ["[…] SubjectItem", "  x str"]
    assert tree({"type": "object", "additionalProperties": leaf}) == [
        "<any key> SubjectValue",
        "  x str",
    ]
    assert tree(fields(m={"type": "object", "additionalProperties": leaf})) == [
        "m dict[str, SubjectMValue]",
        "  <any key> SubjectMValue",
        "    x str",
    ]
    assert tree({"oneOf": [TEXT, ref("Leaf")]}, Leaf=leaf) == ["or str", "or Leaf", "  x str"]
    cat = fields(kind={"const": "cat"}, paws={"type": "integer"})
    union = {"oneOf": [ref("Cat"), ref("Leaf")], "discriminator": {"propertyName": "kind"}}
    assert tree(union, Cat=cat, Leaf=leaf)[:2] == ["if kind = 'cat' Cat", "  kind 'cat'"]


def test_a_parent_is_no_branch_of_itself() -> None:
    """Of a parent that tells its children apart, these are shown, and not the parent again."""
    parent = {**fields(kind=TEXT), "discriminator": {"propertyName": "kind"}}
    child = {"allOf": [ref("Parent"), fields(x=TEXT)]}
    assert tree(ref("Parent"), Parent=parent, Child=child) == [
        "kind str",
        "if kind = 'Child' Child",
        "  kind str",
        "  x str",
    ]


def test_broken_schemas() -> None:
    """A reference that leads nowhere is said where it stands; the rest is shown."""
    assert tree(fields(a=ref("None"), b=TEXT)) == ["a Any (its reference leads nowhere)", "b str"]
    assert tree(ref("None")) == []
    lost = schema_of(ref("None"))
    assert outline_result(lost, Types(lost.space)) == []
    assert describe_kind(Types(lost.space), schema_of({"items": ref("None")})) in (
        "list[Any]",
        "Any",
    )
    assert write_remarks(lost, required=True) == ("required",)
    assert write_remarks(None, required=False) == ()


def test_trees_end() -> None:
    """Neither depth nor number of fields is without bound."""
    deep: dict[str, Any] = TEXT
    for _ in range(50):
        deep = fields(a=deep)
    assert len(tree(deep)) == 8
    wide = fields(**{f"f{n}": TEXT for n in range(1000)})
    assert len(tree(wide)) == 121
    assert tree(wide)[-1] == "…  (and more)"
    assert len(tree(fields(**{f"f{n}": TEXT for n in range(100)}))) == 100
    nested: dict[str, Any] = {"type": "array"}
    nested["items"] = {"type": "array", "items": ref("Subject")}
    assert tree(nested) == ["[…] list[list[Any]]"]


def test_all_of_the_first_level_comes_before_what_is_inside() -> None:
    """Where the whole tree would be too long, its depth is cut before its width."""
    inner = {"type": "object", "properties": {f"i{n}": {"type": "string"} for n in range(40)}}
    schema = schema_of({"type": "object", "properties": {"a": inner, "b": inner, "z": inner}})
    assert [field.name for field in outline(schema, Types(schema.space))] == ["a", "b", "z"]


def test_many_fields_have_short_texts() -> None:
    """Where there are many fields, what is said of each is cut, so that a screen holds more."""
    long = {**TEXT, "description": "x" * 150}
    for count, most in ((50, 150), (60, 61)):
        schema = schema_of(fields(**{f"f{n}": long for n in range(count)}))
        table = make_table(outline(schema, Types(schema.space)))
        assert max(len(span.text) for row in table.rows for span in row[-1]) == most


def test_what_does_not_go_this_way() -> None:
    """Answers have no fields that are only sent, and requests none that only the server sets."""
    both = fields(
        secret={**TEXT, "writeOnly": True}, made={**TEXT, "readOnly": True}, lost=ref("Nowhere")
    )
    schema = schema_of({**both, "required": ["secret", "made"]})
    types = Types(schema.space)
    assert [field.name for field in outline_result(schema, types)] == ["made", "lost"]
    assert [field.name for field in outline_argument(schema, types, 9)] == ["secret", "lost"]
    assert [field.name for field in outline_argument(schema, types, 1)] == ["secret", "…"]
    assert outline_argument(schema, types, 0)[0].remarks == ("2 more",)
    assert outline_argument(None, types, 9) == []


def test_results_show_attributes() -> None:
    """Of results, the names are those of attributes, and what may be absent is said."""
    schema = schema_of({**fields(createdAt=TEXT, is_=TEXT), "required": ["createdAt"]})
    types = Types(schema.space)
    names = [(f.name, f.remarks) for f in outline_result(schema, types)]
    assert names == [("created_at", ()), ("is_", ("may be absent",))]


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"description": "Own.", "example": 5}, "Own."),
        ({"type": "integer", "example": 5}, "such as 5"),
        ({"type": "string", "examples": ["x"]}, "such as 'x'"),
        ({"type": "boolean", "example": True}, ""),
        ({"allOf": [ref("Named")], "description": "Here."}, "Here."),
        (ref("Named"), "There."),
    ],
)
def test_texts(schema: Any, text: str) -> None:
    """A field tells what stands at it, rather than at what it refers to; else an example."""
    made = schema_of(fields(a=schema), Named={"type": "string", "description": "There."})
    assert outline(made, Types(made.space))[0].text == text


def test_make_table() -> None:
    """Depth is indentation; remarks stand before the text."""
    schema = schema_of(
        fields(a={"type": "string", "default": "x", "readOnly": True, "description": "Text."})
    )
    row = make_table(outline(schema, Types(schema.space))).rows[0]
    assert ["".join(span.text for span in cell) for cell in row] == [
        "a",
        "str",
        "default 'x' · read-only · Text.",
    ]
