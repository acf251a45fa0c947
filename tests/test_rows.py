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
