"""
What may be passed where JSON goes, and what it becomes.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import http
import json
import math
import types
import uuid
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from unittest.mock import MagicMock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn.document import Document
from mixdyn.results import Types
from mixdyn.schema import Schema, Schemas
from mixdyn.wire import WireError, to_wire

TEXT: dict[str, Any] = {"type": "string"}
UTC = dt.UTC
EAST = dt.timezone(dt.timedelta(hours=5, minutes=30))
ODD = dt.timezone(dt.timedelta(minutes=53, seconds=28))


class Color(enum.Enum):
    RED = "red"
    KEY = "fooBar"
    NUMBER = 5
    NESTED = ("a", 1)
    WEIGHT = 1.5


class Mood(enum.StrEnum):
    GOOD = "good"


class Text(str):
    """Text with a type of its own."""

    __slots__ = ()


class Pair(NamedTuple):
    x: int
    y: int


class Whole(int):
    """An integer with a type of its own."""


class Folder:
    """A path that gives bytes."""

    def __fspath__(self) -> bytes:
        return b"a/b"


class LegacyUuid(uuid.UUID):
    """A UUID with a type of its own, as database drivers have."""


def make(**schemas: Any) -> Schema:
    """Give the schema `It`."""
    space = Schemas(Document.load({"openapi": "3.1.0", "components": {"schemas": schemas}}))
    found = space.component("It")
    assert found is not None
    return found


IT = make(
    It={
        "type": "object",
        "required": ["mustBe"],
        "properties": {
            "mustBe": TEXT,
            "fooBar": TEXT,
            "maybeNull": {"type": ["string", "null"]},
            "inner": {"$ref": "#/components/schemas/It"},
            "list": {"type": "array", "items": {"$ref": "#/components/schemas/It"}},
            "price": {**TEXT, "format": "decimal"},
            "raw": {**TEXT, "format": "byte"},
            "raw31": {**TEXT, "contentEncoding": "base64"},
        },
        "additionalProperties": {"$ref": "#/components/schemas/Other"},
    },
    Other={"properties": {"otherName": TEXT}},
)


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (10**400, 10**400),
        (1.5, 1.5),
        ("é😀\ud800", "é😀\ud800"),
        ([1, (2, [3])], [1, [2, [3]]]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({"a": {"b": None}}, {"a": {"b": None}}),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (Pair(1, 2), [1, 2]),
        (Text("x"), "x"),
        (Whole(5), 5),
        (http.HTTPStatus.OK, 200),
        (Mood.GOOD, "good"),
        (Color.RED, "red"),
        (Color.NUMBER, 5),
        (Color.NESTED, ["a", 1]),
        (Color.WEIGHT, 1.5),
        ({Color.RED: Color.RED, Mood.GOOD: 1}, {"red": "red", "good": 1}),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (LegacyUuid(int=1), "00000000-0000-0000-0000-000000000001"),
        (Path("a") / "b", str(Path("a/b"))),
        (PurePosixPath("/x"), "/x"),
        (Folder(), "a/b"),
        (dt.date(2020, 1, 2), "2020-01-02"),
        (dt.time(1, 2, 3), "01:02:03"),
        (dt.datetime(2020, 1, 2, 3, tzinfo=UTC), "2020-01-02T03:00:00+00:00"),
        (dt.datetime(2020, 1, 2, 3, 4, 5, 678, EAST), "2020-01-02T03:04:05.000678+05:30"),
        (dt.datetime(2020, 1, 2, 1, tzinfo=ODD), "2020-01-02T00:06:32+00:00"),
        (Decimal(1), 1),
        (Decimal("1.10"), 1.1),
        (Decimal("1E+3"), 1000),
        (Decimal("-0.5"), -0.5),
        (Decimal(12345678901234567890123), 12345678901234567890123),
    ],
)
def test_values(value: Any, wire: Any) -> None:
    """Python's values become JSON's, exactly, and of JSON's own types."""
    found = to_wire(value)
    assert found == wire
    assert json.loads(json.dumps(found)) == wire
    if not isinstance(wire, (dict, list)):
        assert type(found) is type(wire)


def test_naive_datetime() -> None:
    """A datetime without a zone is local time, as everywhere in Python."""
    naive = dt.datetime(2020, 7, 1, 12)  # noqa: DTZ001  # the case itself
    assert dt.datetime.fromisoformat(to_wire(naive)) == naive.astimezone()


LOOP: list[Any] = []
LOOP.append(LOOP)
LOOPED: dict[str, Any] = {}
LOOPED["self"] = [LOOPED, LOOPED]


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        (math.nan, "$", "nan is not a JSON number"),
        ({"a": [math.inf]}, "$.a[0]", "inf is not a JSON number"),
        (Decimal("NaN"), "$", "NaN is not a JSON number"),
        (Decimal("sNaN"), "$", "sNaN is not a JSON number"),
        (Decimal("-Infinity"), "$", "-Infinity is not a JSON number"),
        (Decimal("0.1234567890123456789"), "$", "has more digits than a JSON number keeps"),
        (Decimal("1E+999999"), "$", "is out of the range of JSON numbers"),
        (Decimal("1E-999999"), "$", "is out of the range of JSON numbers"),
        (Decimal("1E-400"), "$", "has more digits than a JSON number keeps"),
        (object(), "$", "a object cannot be sent as JSON"),
        (b"bytes", "$", "a bytes cannot be sent as JSON"),
        (1j, "$", "a complex cannot be sent as JSON"),
        (dt.timedelta(1), "$", "a datetime.timedelta cannot be sent as JSON"),
        (iter([]), "$", "a list_iterator cannot be sent as JSON"),
        (Text, "$", "a type cannot be sent as JSON"),
        ({1: 2}, "$", "expected text as a key, got 1"),
        ({"a": {None: 1}}, "$.a", "expected text as a key, got None"),
        ({Color.NUMBER: 1}, "$", "expected text as a key, got 5"),
        (LOOP, None, "nested deeper than 100 levels, or inside itself"),
        (LOOPED, None, "nested deeper than 100 levels, or inside itself"),
        (MagicMock(), None, "nested deeper than 100 levels, or inside itself"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_refused(value: Any, path: str | None, message: str) -> None:
    """What JSON cannot carry is refused with its place, in one short line."""
    with pytest.raises(WireError) as caught:
        to_wire(value)
    assert message in caught.value.problem.message
    assert path is None or caught.value.problem.path == path
    assert str(caught.value) == str(caught.value.problem)
    assert len(str(caught.value)) < 400


def test_datetime_out_of_range() -> None:
    """A datetime that cannot be brought into UTC is refused."""
    first = dt.datetime(1, 1, 1, tzinfo=ODD)
    with pytest.raises(WireError, match="cannot be written: date value out of range"):
        to_wire({"at": first})


def test_long_path_is_cut() -> None:
    """The place of a value deep inside is shortened."""
    value: Any = object()
    for _ in range(80):
        value = {"a long name": value}
    with pytest.raises(WireError) as caught:
        to_wire(value)
    assert len(caught.value.problem.path) < 250


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ({"must_be": "x", "foo_bar": "y"}, {"mustBe": "x", "fooBar": "y"}),
        ({"mustBe": "x", "fooBar": "y"}, {"mustBe": "x", "fooBar": "y"}),
        ({Color.KEY: "y"}, {"fooBar": "y"}),
        ({"inner": {"foo_bar": "y"}}, {"inner": {"fooBar": "y"}}),
        ({"list_": [{"foo_bar": "y"}]}, {"list": [{"fooBar": "y"}]}),
        ({"unknown_name": {"other_name": 1}}, {"unknown_name": {"otherName": 1}}),
        ({"price": Decimal("1.10")}, {"price": "1.10"}),
        ({"raw": b"\0\xff", "raw31": bytearray(b"a")}, {"raw": "AP8=", "raw31": "YQ=="}),
        ({"maybe_null": None, "foo_bar": None}, {"maybeNull": None, "fooBar": None}),
    ],
)
def test_names(value: Any, wire: Any) -> None:
    """Properties may be named in snake_case or as on the wire, at any depth."""
    assert to_wire(value, IT) == wire


def test_two_names_for_one() -> None:
    """One property under two names is refused."""
    with pytest.raises(WireError, match="fooBar is given twice, under two names"):
        to_wire({"foo_bar": 1, "fooBar": 2}, IT)


def test_wire_name_comes_first() -> None:
    """A name that is a property's own is not taken for another's snake_case."""
    schema = make(It={"properties": {"fooBar": TEXT, "foo_bar": TEXT}})
    assert to_wire({"foo_bar": 1, "fooBar": 2}, schema) == {"foo_bar": 1, "fooBar": 2}


def test_names_in_unions() -> None:
    """In a union the names of all alternatives count, those of nested unions, too."""
    schema = make(
        It={
            "oneOf": [
                TEXT,
                {"oneOf": [{"properties": {"aB": {"items": {"$ref": "#/components/schemas/C"}}}}]},
            ]
        },
        C={"anyOf": [{"type": "null"}, {"properties": {"cD": TEXT}}]},
    )
    assert to_wire({"a_b": [{"c_d": 1}, None]}, schema) == {"aB": [{"cD": 1}, None]}
    lists = make(It={"oneOf": [TEXT, {"type": "array", "items": {"properties": {"aB": TEXT}}}]})
    assert to_wire([{"a_b": "x"}], lists) == [{"aB": "x"}]


@dataclasses.dataclass
class Plain:
    must_be: str | None
    foo_bar: str | None = None
    maybe_null: str | None = None
    other: Any = None


@dataclasses.dataclass(slots=True, frozen=True)
class Slotted:
    foo_bar: Color


class Dumped:
    """An object in the manner of pydantic."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def model_dump(self) -> Any:
        return self.fields


class Aliased(Dumped):
    """An object that knows its wire names, as pydantic's do."""

    model_fields: Any = ()

    def model_dump(self, *, by_alias: bool = False) -> Any:
        return {"fooBar" if by_alias else "wrong": self.fields["foo_bar"]}


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (Plain("x"), {"mustBe": "x", "maybeNull": None}),
        (Plain(None), {"mustBe": None, "maybeNull": None}),
        (Slotted(Color.RED), {"fooBar": "red"}),
        (Dumped(foo_bar="y", inner=None), {"fooBar": "y"}),
        (
            Dumped(inner=Plain("x", "y")),
            {"inner": {"mustBe": "x", "fooBar": "y", "maybeNull": None}},
        ),
        (Aliased(foo_bar=dt.date(2020, 1, 2)), {"fooBar": "2020-01-02"}),
        ([Slotted(Color.RED)], [{"foo_bar": "red"}]),
    ],
)
def test_objects(value: Any, wire: Any) -> None:
    """Dataclasses and models are their fields, less the optional ones that are None."""
    assert to_wire(value, IT) == wire


def test_objects_without_a_schema() -> None:
    """Without a schema all fields are sent, under their own names."""
    plain = Plain("x", Slotted(Color.RED))  # type: ignore[arg-type]  # anything goes
    wire = {"must_be": "x", "foo_bar": {"foo_bar": "red"}, "maybe_null": None, "other": None}
    assert to_wire(plain) == wire
    assert to_wire(Dumped(a=None)) == {"a": None}


def test_model_dump_of_no_mapping() -> None:
    """A model that stands for something else than an object is that."""

    class Root:
        def model_dump(self) -> Any:
            return [Color.RED]

    assert to_wire(Root(), IT) == ["red"]


@pytest.mark.parametrize("value", [Plain, Dumped, Color])
def test_classes_are_no_values(value: Any) -> None:
    """A class is not taken for one of its objects."""
    with pytest.raises(WireError, match="cannot be sent as JSON"):
        to_wire(value)


def test_views_are_sent_as_received() -> None:
    """A result is sent back exactly as it came: extra keys, nulls, order and all."""
    kind = Types(IT.space).model(IT)
    received = {"zz": {"x_y": 1}, "foo_bar": 2, "fooBar": None, "mustBe": 5, "1": 10**300}
    view = Types(IT.space).reader(IT)
    assert view is not None
    sent = to_wire({"inner": view(received), "list": [view(received)]}, IT)
    assert sent == {"inner": received, "list": [received]}
    assert list(sent["inner"]) == list(received)
    assert to_wire(kind(must_be="x"), IT) == {"mustBe": "x"}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(
    st.recursive(
        SCALARS.filter(lambda value: value not in (math.inf, -math.inf)),
        lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    )
)
def test_json_stays(value: Any) -> None:
    """What is JSON already stays what it is."""
    assert to_wire(value) == value
