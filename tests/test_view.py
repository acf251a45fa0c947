"""
Views over what was received: attributes, items, and nothing lost.
"""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mixdyn
from mixdyn.document import Document
from mixdyn.results import Types
from mixdyn.schema import Schemas
from mixdyn.view import RESERVED, Model, copy_json, make_view
from mixdyn.wire import WireError

TEXT: dict[str, Any] = {"type": "string"}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "description": "A thing.",
                "required": ["id"],
                "properties": {
                    "id": TEXT,
                    "createdAt": {**TEXT, "format": "date-time", "description": "When."},
                    "class": TEXT,
                    "to_dict": TEXT,
                    "password": TEXT,
                    "pin": {**TEXT, "format": "password"},
                    "seed": {**TEXT, "writeOnly": True},
                    "note": {"type": ["string", "null"]},
                    "inner": {"$ref": "#/components/schemas/Thing"},
                    "tags": {"type": "array", "items": TEXT},
                    "map": {"type": "object", "additionalProperties": True},
                },
            },
            "Odd": {
                "properties": dict.fromkeys(
                    [
                        *("self", "_json", "__class__", "__init__", "items", "keys", "get"),
                        *("fooBar", "foo_bar", "foo-bar", "model_dump", "_view", "", "mro", "😀"),
                    ],
                    TEXT,
                )
            },
        }
    },
}


def make_types(document: Any = DOCUMENT) -> Types:
    return Types(Schemas(Document.load(document)))


TYPES = make_types()


def kind(name: str = "Thing", types: Types = TYPES) -> type[Model]:
    schema = types.schemas.component(name)
    assert schema is not None
    return types.model(schema)


def view(value: dict[str, Any], name: str = "Thing") -> Any:
    return make_view(kind(name), value)


RECEIVED = {
    "zeta": None,
    "id": "x",
    "extraField": {"deep": [1, {"a": 10**300}]},
    "note": None,
    "1": 1.0,
    "inner": {"id": "y", "unknown": True},
}


def test_attributes_and_items() -> None:
    """Attributes are in snake_case or by wire name; items are by wire name only."""
    thing = view({"id": "x", "createdAt": "2020-01-02T03:04:05Z", "class": "c"})
    assert thing.id == thing["id"] == "x"
    assert thing.created_at.isoformat() == "2020-01-02T03:04:05+00:00"
    assert thing["createdAt"] == "2020-01-02T03:04:05Z"
    assert thing.createdAt == thing.created_at
    assert thing.class_ == getattr(thing, "class") == "c"  # a keyword
    with pytest.raises(KeyError):
        thing["created_at"]


def test_absent_and_undeclared() -> None:
    """A declared property that is absent is None; an undeclared one is there as it came."""
    thing = view(RECEIVED)
    assert thing.created_at is None
    assert thing.note is None
    assert thing.extra_field is thing.extraField is RECEIVED["extraField"]
    assert thing.zeta is None
    assert thing["1"] == getattr(thing, "1") == 1.0  # no identifier
    assert thing.inner.unknown is True


def test_container() -> None:
    """A view holds the keys that were received, is always true, and has a length."""
    thing = view(RECEIVED)
    assert list(thing) == list(RECEIVED) == thing._ipython_key_completions_()
    assert len(thing) == len(RECEIVED)
    assert "zeta" in thing
    assert "created_at" not in thing
    assert bool(view({}))


def test_to_dict() -> None:
    """`to_dict()` is exactly what was received: extra keys, nulls, order and big integers."""
    thing = view(RECEIVED)
    text = json.dumps(RECEIVED)
    for given_back in (thing.to_dict(), thing.model_dump()):
        assert json.dumps(given_back) == text
        given_back["inner"]["id"] = given_back["extraField"]["deep"][1]["a"] = "changed"
    assert json.dumps(thing.to_dict()) == text
    assert json.loads(thing.model_dump_json()) == RECEIVED


def test_json_text() -> None:
    """As text it is plain JSON, other alphabets unescaped."""
    assert view({"id": "é", "n": None}).model_dump_json() == '{"id": "é", "n": null}'


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("creatd_at", ". Did you mean 'created_at'?"),
        ("extra_fild", ". Did you mean 'extra_field'?"),
        ("zzzzzz", ""),
        ("_repr_latex_", ""),
        ("__getstate_manager__", None),
    ],
)
def test_unknown_attribute(name: str, hint: str | None) -> None:
    """An unknown attribute is an AttributeError with the nearest name."""
    with pytest.raises(AttributeError) as caught:
        getattr(view(RECEIVED), name)
    assert str(caught.value) == (
        name if hint is None else f"'Thing' has no attribute '{name}'{hint}"
    )


def test_attribute_of_hostile_names() -> None:
    """Whatever keys a server sends, they reach no attribute of ours, and all are items."""
    value = {"_json": 1, "to_dict": 2, "__class__": 3, "__typename": 4, "_links": 5, "x" * 10**5: 6}
    thing = view(value)
    assert thing.to_dict() == value
    assert (thing.to_dict_, thing["_json"], type(thing).__name__) == (2, 1, "Thing")
    assert (getattr(thing, "__typename"), thing._links, thing.links) == (4, 5, 5)
    assert "links" in dir(thing)


def test_odd_properties() -> None:
    """Properties called like ours, like Python's or like each other all have an attribute."""
    wires = list(DOCUMENT["components"]["schemas"]["Odd"]["properties"])
    odd = view({wire: wire for wire in wires}, "Odd")
    attributes = kind("Odd")._attributes
    assert list(attributes.values()) == wires
    assert all(getattr(odd, name) == wire for name, wire in attributes.items())
    assert (odd.foo_bar, odd.fooBar, odd.foo_bar_3) == ("foo_bar", "fooBar", "foo-bar")
    assert (odd.items, odd.keys, odd.get, odd.self, odd.mro) == (
        "items",
        "keys",
        "get",
        "self",
        "mro",
    )
    assert odd.model_dump_ == "model_dump"
    assert odd.to_dict() == {wire: wire for wire in wires}
    assert not RESERVED & set(attributes)


@pytest.mark.parametrize("act", [lambda t: setattr(t, "id", 1), lambda t: delattr(t, "id")])
def test_read_only(act: Any) -> None:
    """A view cannot be changed."""
    thing = view({"id": "x"})
    with pytest.raises(AttributeError, match="Thing is a view of what was received, and read-only"):
        act(thing)
    assert thing.id == "x"


def test_equality() -> None:
    """Views are equal by class name and content, and have no hash."""
    assert view({"id": "x"}) == view({"id": "x"})
    assert view({"id": "x"}) != view({"id": "y"})
    assert view({"id": "x"}) != view({"id": "x"}, "Odd")
    assert view({"id": "x"}) != {"id": "x"}
    assert make_view(kind(types=make_types()), {"id": "x"}) == view({"id": "x"})
    with pytest.raises(TypeError, match="unhashable"):
        hash(view({}))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({}, "Thing()"),
        ({"other": 1, "id": "x", "createdAt": "2020"}, "Thing(id='x', created_at='2020', other=1)"),
        (
            {"inner": {"id": "x"}, "tags": ["a", "b"], "map": {}, "x": []},
            "Thing(inner={1 items}, tags=[2 items], map={}, x=[])",
        ),
        (
            {"password": "hush", "apiKey": "hush", "pin": "hush", "seed": "hush"},
            "Thing(password='***', pin='***', seed='***', apiKey='***')",
        ),
        ({"password": 5, "pin": 5, "seed": {"a": 1}}, "Thing(password=5, pin='***', seed='***')"),
        ({"pin": None, "code": "x", "n": 1}, "Thing(pin=None, code='***', n=1)"),
        ({"id": "see https://u:p@h/?token=x"}, "Thing(id='see https://***@h/?token=***')"),
        ({"id": '{"token": "' + "x" * 600}, 'Thing(id=\'{"token": "***\')'),
        ({"promptTokens": 12, "note": None}, "Thing(note=None, promptTokens=12)"),
        ({str(n): n for n in range(20)}, "Thing(0=0, 1=1, 2=2, 3=3, 4=4, 5=5, 6=6, 7=7, …)"),
        ({"a\n\u202eb": "\x07"}, "Thing(a\\n\\u202eb='\\x07')"),
    ],
)
def test_repr(value: dict[str, Any], shown: str) -> None:
    """The repr is short, on one line, and keeps secrets."""
    assert repr(view(value)) == shown


PASSWORD = {**TEXT, "format": "password"}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"seat": {"anyOf": [PASSWORD, {"type": "null"}]}}},
        {"properties": {"seat": {"allOf": [TEXT, PASSWORD]}}},
        {"properties": {"seat": {"$ref": "#/components/schemas/Seat"}}},
        {"properties": {"id": TEXT}, "allOf": [{"properties": {"seat": PASSWORD}}]},
        {"oneOf": [{"properties": {"seat": PASSWORD}}, {"properties": {"seat": TEXT}}]},
        {"properties": {"seat": {"writeOnly": True, "allOf": [{"$ref": "#/nowhere"}]}}},
        {"properties": {"seat": {"anyOf": [PASSWORD, {"$ref": "#/nowhere"}]}}},
    ],
)
def test_repr_keeps_what_the_schema_marks(schema: dict[str, Any]) -> None:
    """Secrets by schema are masked through references and unions, also in broken documents."""
    schemas = {"Thing": schema, "Seat": PASSWORD}
    types = make_types({**DOCUMENT, "components": {"schemas": schemas}})
    bare = type("Thing", (Model,), {"_schema": types.schemas.component("Thing")})
    shown = repr(make_view(bare, {"seat": "hush", "row": "x"}))
    assert shown == "Thing(seat='***', row='x')"
    assert repr(make_view(bare, {"seat": "hush"})) == "Thing(seat='***')"


def test_repr_is_of_each_class() -> None:
    """What one class has to mask is not taken from another, or from none."""
    assert repr(make_view(Model, {"seed": "x"})) == "Model(seed='x')"
    assert repr(view({"seed": "x"})) == "Thing(seed='***')"
    broken = {"properties": {"a": TEXT}, "anyOf": [{"$ref": "#/nowhere"}]}
    types = make_types({**DOCUMENT, "components": {"schemas": {"Thing": broken}}})
    bare = type("Thing", (Model,), {"_schema": types.schemas.component("Thing")})
    assert repr(make_view(bare, {"a": "x"})) == "Thing(a='x')"


def test_repr_is_bounded() -> None:
    """Whatever was received, the repr stays short."""
    long = {f"{n}" + "k" * 10**5: "v" * 10**6 for n in range(100)}
    assert len(repr(view(long))) < 1000


def test_dir_and_doc() -> None:
    """`dir()` names the declared and the received; class and attributes have their descriptions."""
    names = dir(view({"extraField": 1}))
    assert {"created_at", "extra_field", "to_dict", "class_", "to_dict_"} <= set(names)
    assert "extraField" not in names
    assert kind().__doc__ == "A thing."
    assert kind().created_at.__doc__ == "When."
    assert kind("Odd").__doc__ == "A Odd of the document."


def test_copies() -> None:
    """A copy shares what is inside, a deep copy does not; both are equal to the view."""
    thing = view(RECEIVED)
    inner = thing["inner"]
    shallow, deep = copy.copy(thing), copy.deepcopy(thing)
    assert shallow == deep == thing
    assert type(shallow) is type(deep) is type(thing)
    assert shallow["inner"] is inner
    assert deep["inner"] is not thing["inner"]


def test_pickle_here() -> None:
    """A view unpickles into the class of the same schema where its document is loaded."""
    again = pickle.loads(pickle.dumps(view(RECEIVED)))
    assert again == view(RECEIVED)
    assert again.created_at is None
    assert type(again)._schema is not None


SHOW = """
import pickle, sys
{load}
thing = pickle.load(sys.stdin.buffer)
print(type(thing).__name__, type(thing)._schema is not None, thing.to_dict())
sys.stdout.flush()
sys.stdout.buffer.write(b"|" + pickle.dumps(thing).hex().encode())
"""


def unpickle_elsewhere(thing: Any, load: str = "") -> tuple[str, Any]:
    """Give what another process says of a pickled view, and its pickle of it."""
    code = SHOW.format(load=load)
    run = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(thing), capture_output=True, check=True
    )
    said, _, again = run.stdout.partition(b"|")
    return said.decode().strip(), pickle.loads(bytes.fromhex(again.decode()))


def test_pickle_of_the_bundled_document() -> None:
    """A result of the bundled document is typed in any process."""
    session = make_view(mixdyn.models.SessionData, {"id": "x"})
    said, again = unpickle_elsewhere(session)
    assert said == "SessionData True {'id': 'x'}"
    assert type(again) is mixdyn.models.SessionData


def test_pickle_of_another_document() -> None:
    """Without the document a result is untyped, but whole, and becomes typed again at home."""
    said, again = unpickle_elsewhere(view({"id": "x", "n": 10**30}))
    assert said == f"Thing False {{'id': 'x', 'n': {10**30}}}"
    assert again == view({"id": "x", "n": 10**30})
    assert again.created_at is None


def test_pickle_with_the_document_loaded(tmp_path: Path) -> None:
    """With the same document loaded, from wherever, a result is typed."""
    path = tmp_path / "copy.json"
    path.write_text(json.dumps(DOCUMENT), "utf-8")
    load = (
        "from mixdyn.document import Document; from mixdyn.schema import Schemas;"
        f"from mixdyn.results import Types; kept = Types(Schemas(Document.load({str(path)!r})))"
    )
    said, _ = unpickle_elsewhere(view({"id": "x"}), load)
    assert said == "Thing True {'id': 'x'}"


def test_pickle_from_another_file(tmp_path: Path) -> None:
    """A result of a schema in a file beside the document keeps its place."""
    (tmp_path / "thing.json").write_text('{"properties": {"aB": {}}}', "utf-8")
    root = {**DOCUMENT, "x": {"$ref": "thing.json"}}
    (tmp_path / "api.json").write_text(json.dumps(root), "utf-8")
    types = make_types(tmp_path / "api.json")
    made = types.model(types.schemas.at(types.document.at("x")))
    again = pickle.loads(pickle.dumps(make_view(made, {"aB": 1})))
    assert type(again) is made
    assert again.a_b == 1


def test_pickle_after_the_schema_went(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that the document no longer has gives an untyped view."""
    pickled = pickle.dumps(view({"id": "x"}))
    monkeypatch.setattr(Document, "find", lambda self, base, pointer: None)
    again = pickle.loads(pickled)
    assert again.to_dict() == {"id": "x"}
    assert type(again)._schema is None
    assert type(pickle.loads(pickled)) is type(again)


def test_pickle_of_a_plain_view() -> None:
    """A view without a schema pickles as one."""
    again = pickle.loads(pickle.dumps(make_view(Model, {"a": 1})))
    assert (again.a, type(again).__name__) == (1, "Model")


def test_construct() -> None:
    """A model is made from keywords, by attribute or wire names, with nested ones and dicts."""
    thing = kind()(id="x", created_at="2020-01-02T03:04:05Z", inner=kind()(id="y"), tags=("a",))
    other = kind()(id="x", createdAt="2020-01-02T03:04:05Z", inner={"id": "y"}, tags=["a"])
    assert thing == other
    assert thing.to_dict() == {
        "id": "x",
        "createdAt": "2020-01-02T03:04:05Z",
        "inner": {"id": "y"},
        "tags": ["a"],
    }
    assert kind()(id="x", to_dict_="t", class_="c").to_dict() == {
        "id": "x",
        "to_dict": "t",
        "class": "c",
    }


def test_construct_without_unset() -> None:
    """None leaves an optional property out, unless null is one of its values."""
    assert kind()(id=None, created_at=None, note=None).to_dict() == {"id": None, "note": None}


def test_construct_odd_names() -> None:
    """Keywords may be called like anything, `self` too."""
    assert kind("Odd")(self=1, items=2, get=3).to_dict() == {"self": 1, "items": 2, "get": 3}
    assert Model(self=1, a={"b": 2}).to_dict() == {"self": 1, "a": {"b": 2}}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "Thing takes its properties as keywords:\n  missing: id"),
        ({"self": 1, "id": "x"}, "unknown: self"),
        ({"creatd_at": 1, "id": "x"}, "unknown: creatd_at. Did you mean 'created_at'?"),
        ({"id": "x", "created_at": 1, "createdAt": 2}, "given twice: createdAt"),
        ({"x\n" * 1000: 1, "id": "x"}, "unknown: x\\nx"),
    ],
)
def test_construct_wrong(values: dict[str, Any], message: str) -> None:
    """Missing, unknown and repeated keywords are a TypeError that names them."""
    with pytest.raises(TypeError) as caught:
        kind()(**values)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


def test_construct_from_no_json() -> None:
    """What JSON cannot carry is refused with the property's name."""
    with pytest.raises(WireError, match="^createdAt: a object cannot be sent as JSON$"):
        kind()(id="x", created_at=object())


def test_construct_positional() -> None:
    """There are no positional arguments."""
    with pytest.raises(TypeError):
        kind()("x")  # type: ignore[call-arg]  # wrong on purpose


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    )
)
def test_copy_json(value: Any) -> None:
    """A copy is equal and shares nothing that can change."""
    copied = copy_json({"value": value, "again": [value]})
    assert copied == {"value": value, "again": [value]}
    if isinstance(value, (dict, list)):
        assert copied["value"] is not value
        assert copied["again"][0] is not value


def test_copy_deep_json() -> None:
    """A copy may be of any depth."""
    deep: list[Any] = []
    for _ in range(50_000):
        deep = [deep]
    copied = copy_json(deep)
    assert copied is not deep
    assert copied[0] is not deep[0]
