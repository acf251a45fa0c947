"""Lists of results: lists to all who ask, short at a prompt, tables in notebooks."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from mixdyn.results import Types
from mixdyn.rows import Rows, present
from tests.apis import ref, schema_of
from tests.test_markup import EVIL, read

THING = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "apiKey": {"type": "string"},
        "n": {"type": "integer"},
    },
}
TYPES = Types(schema_of({"type": "array", "items": ref("Thing")}, Thing=THING).space)


def rows(*values: Any) -> Any:
    """Give results as they come from a call."""
    schema = TYPES.schemas.component("Subject")
    reader = TYPES.reader(schema)
    assert reader is not None
    return reader(list(values))


def test_rows_are_lists() -> None:
    """They compare, copy, pickle and convert as the lists that they are."""
    listed = rows({"id": "a"}, {"id": "b"})
    assert isinstance(listed, list)
    assert listed == list(listed)
    assert rows() == []
    assert json.dumps(Rows([1])) == "[1]"
    assert pickle.loads(pickle.dumps(listed)) == listed
    assert type(pickle.loads(pickle.dumps(listed))) is Rows
    assert copy.deepcopy(listed) == listed
    assert [item.id for item in listed[:1]] == ["a"]


def test_repr_is_short() -> None:
    """However many there are, the repr fits on a screen."""
    assert repr(rows()) == "[]"
    assert repr(rows({"id": "a"}, {"id": "b"})) == "[Thing(id='a'),\n Thing(id='b')]"
    many = repr(rows(*({"id": "x" * 50, "n": n} for n in range(1000))))
    assert many.endswith("… 990 more]")
    wide = {f"k{n}": "v" * 100 for n in range(20)}
    assert len(repr(rows(*[wide] * 1000))) < 3000


def test_html_is_a_table() -> None:
    """A column for each field, a row for each result; what is cut is said."""
    html = rows({"id": "a", "apiKey": "hush", "n": 5}, {"id": "b", "more": EVIL})._repr_html_()
    reader = read(html)
    assert reader.tags.count("tr") == 3
    assert "hush" not in html
    assert "2 in all" in reader.text
    assert "script" not in reader.tags
    many = rows(*[{f"k{n}": 1 for n in range(30)}] * 100)._repr_html_()
    assert "100 in all; 80 more rows, 20 more columns" in many
    assert "text" in read(Rows(["text"])._repr_html_()).text


def test_what_has_no_class_is_short_too() -> None:
    """Plain lists and dictionaries stay what they are, and show little and no secrets."""
    listed = present([{"token": "hush", "n": 1, "in": {"key": "hush"}}] * 100)
    assert isinstance(listed, list)
    assert repr(listed).startswith("[{'token': '***', 'n': 1, 'in': {1 items}},\n")
    assert repr(listed).endswith("… 90 more]")
    assert "hush" not in listed._repr_html_()
    assert repr(present([1, "a"])) == "[1, 'a']"
    assert len(repr(present(["x" * 10**6] * 3))) < 2000
    single = present({f"k{n}": n for n in range(10)})
    assert repr(single) == "{" + ", ".join(f"'k{n}': {n}" for n in range(8)) + ", … 2 more}"
    assert repr(present({"a": 1})) == "{'a': 1}"
    assert present({}) == {}
    assert "k9" in single._repr_html_()
    assert pickle.loads(pickle.dumps(single)) == copy.deepcopy(single) == single
    assert json.dumps(present({"a": [1]})) == '{"a": [1]}'
    assert present("text") == "text"


OPEN = {
    "type": "object",
    "properties": {
        "extra": {"type": "object", "additionalProperties": True},
        "untyped": {},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "things": {"type": "array", "items": {"type": "object"}},
        "names": {"type": "array", "items": {"type": "string"}},
        "dates": {"type": "array", "items": {"type": "string", "format": "date"}},
        "either": {"oneOf": [THING, {"type": "string"}]},
        "times": {"additionalProperties": {"type": "string", "format": "date"}},
    },
}


def opened(**values: Any) -> Any:
    """Give a result of an object that leaves much open."""
    reader = Types(schema_of({"allOf": [OPEN]}).space).reader(schema_of(OPEN))
    assert reader is not None
    return reader(values)


@pytest.mark.parametrize("name", ["extra", "untyped", "map", "undeclared"])
def test_what_an_attribute_leaves_open_shows_no_secrets(name: str) -> None:
    """Objects without a class inside of a result show as those that are an answer do."""
    value = getattr(opened(**{name: {"token": "hunter", "in": {"password": "hunter"}}}), name)
    assert repr(value) == "{'token': '***', 'in': {1 items}}"
    assert "hunter" not in value._repr_html_()
    assert repr(value["in"]) == repr(value.get("in")) == "{'password': '***'}"
    assert value == {"token": "hunter", "in": {"password": "hunter"}}
    assert isinstance(value, dict)
    assert json.loads(json.dumps(value)) == pickle.loads(pickle.dumps(value)) == value
    assert copy.copy(value) == copy.deepcopy(value) == value


def test_lists_inside_of_results_are_short() -> None:
    """So are lists of texts and of objects without a class, and what is of another type."""
    names = opened(names=["n" * 10] * 3000).names
    assert len(repr(names)) < 1000
    assert "2980 more rows" in names._repr_html_()
    for name in ("things", "undeclared", "either"):
        listed = getattr(opened(**{name: [{"token": "hunter"}]}), name)
        assert "hunter" not in repr(listed) + repr(listed[0]) + repr(listed[:1]) + repr([*listed])
    assert len(repr(opened(dates=["2020-01-02"] * 3000).dates)) < 1000
    times = opened(times={str(n): "2020-01-02" for n in range(3000)}).times
    assert times["7"].year == 2020
    assert len(repr(times)) < 1000


def test_what_is_read_of_a_result_stays() -> None:
    """What an attribute gives is the same each time, and so keeps what is put into it."""
    thing = opened(extra={"in": {"n": 1}, "list": [{"n": 1}]}, names=["a"])
    thing.extra["in"]["n"] = 2
    thing.extra["list"][0]["n"] = 2
    thing.names.append("b")
    assert thing.extra is thing.extra is thing["extra"]
    assert thing.to_dict() == {"extra": {"in": {"n": 2}, "list": [{"n": 2}]}, "names": ["a", "b"]}
    copied = thing.to_dict()
    assert type(copied["extra"]) is type(copied["extra"]["in"]) is dict
    assert type(copied["extra"]["list"]) is type(copied["names"]) is list
    assert json.loads(thing.model_dump_json()) == copied
    assert pickle.loads(pickle.dumps(thing)).to_dict() == copied


def test_items_show_no_secrets() -> None:
    """What is read by its wire name shows little, too, and is still read by attribute."""
    thing = opened(things=[{"token": "hunter"}], either={"id": "a", "token": "hunter"})
    assert "hunter" not in repr(thing["things"]) + repr(thing["things"][0]) + repr(thing["either"])
    assert thing["either"] == {"id": "a", "token": "hunter"}
    assert thing.either.id == "a"
    assert thing.things[0] == {"token": "hunter"}
    listed = opened(many=[{"id": "a"}])
    assert listed["many"][0]["id"] == listed.many[0]["id"] == "a"


def test_part_of_a_list() -> None:
    """A slice is short and a table as the whole list is."""
    part = rows(*({"id": str(n)} for n in range(100)))[:30]
    assert isinstance(part, Rows)
    assert repr(part).endswith("… 20 more]")
    assert "30 in all" in part._repr_html_()
    assert part[-1].id == "29"


def test_html_of_one_result() -> None:
    """A result is a table of its fields, secrets masked, at most forty of them."""
    html = rows({"id": "it's", "apiKey": "hush", "list": [1], "x": EVIL})[0]._repr_html_()
    assert "hush" not in html
    assert "Thing" in html
    assert "script" not in read(html).tags
    assert "…" in rows({f"k{n}": n for n in range(50)})[0]._repr_html_()


def test_pandas_takes_results() -> None:
    """A data frame is made of results as of dictionaries."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(s.to_dict() for s in rows({"id": "a", "n": 1}, {"id": "b", "n": 2}))
    assert list(frame.columns) == ["id", "n"]
    assert frame["n"].sum() == 3
