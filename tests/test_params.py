"""
Parameters on the wire: the cases of `data/params.json`, and what JSON cannot say.
"""

from __future__ import annotations

import enum
import json
import math
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn import params
from mixdyn.params import ParameterError

CASES = json.loads((Path(__file__).parent / "data" / "params.json").read_text("utf-8"))
ENCODERS: dict[str, Any] = {
    "path": params.encode_path,
    "query": params.encode_query,
    "header": params.encode_header,
    "cookie": params.encode_cookie,
}
OPTIONS = {"style": "style", "explode": "explode", "allowReserved": "allow_reserved"}

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="%"))
NUMBERS = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)


def encode(case: dict[str, Any]) -> str:
    named = [case["name"]] if "name" in case else []
    options = {OPTIONS[key]: case[key] for key in OPTIONS.keys() & case}
    text: str = ENCODERS[case["in"]](*named, case["value"], **options)
    return text


def label(case: dict[str, Any]) -> str:
    exploded = {True: "exploded", False: "whole"}.get(case.get("explode", ""), "default")
    return f"{case['in']} {case.get('style', 'simple')} {exploded}: {case['case']}"


@pytest.mark.parametrize("case", [case for case in CASES if "expect" in case], ids=label)
def test_encode(case: dict[str, Any]) -> None:
    """
    A value is written as the tables of OpenAPI and RFC 6570 show.
    """
    assert encode(case) == case["expect"]


@pytest.mark.parametrize("case", [case for case in CASES if "error" in case], ids=label)
def test_encode_refused(case: dict[str, Any]) -> None:
    """
    A value that cannot be written, or must not be sent, is refused with its reason.
    """
    with pytest.raises(ParameterError) as caught:
        encode(case)
    assert case["error"] in str(caught.value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf], ids=str)
def test_scalar_text_not_finite(value: float) -> None:
    """
    Floats that JSON does not know are refused.
    """
    with pytest.raises(ParameterError, match="expected a finite"):
        params.scalar_text(value)


def test_scalar_text_integer_beyond_bound() -> None:
    """
    An integer of more digits than Python writes is refused, not a crash.
    """
    with pytest.raises(ParameterError, match="digits"):
        params.scalar_text(10**5000)


@pytest.mark.parametrize("value", [b"a", {1}, object(), 1j], ids=lambda value: type(value).__name__)
def test_scalar_text_other_types(value: object) -> None:
    """
    A value of a type that JSON does not have is refused by the name of its type.
    """
    with pytest.raises(ParameterError, match=f"^{type(value).__name__} found"):
        params.encode_query("color", value)


def test_scalar_text_enum() -> None:
    """
    The members of enumerations are written as their values.
    """
    color = enum.Enum("color", {"RED": "red"}, type=str)
    level = enum.IntEnum("level", {"LOW": 1})
    assert params.encode_query("q", [color.RED, level.LOW]) == "q=red&q=1"


def test_scalar_text_none() -> None:
    """
    None is the empty text.
    """
    assert params.scalar_text(None) == ""


@given(NUMBERS)
def test_scalar_text_as_json(value: object) -> None:
    """
    Numbers and booleans are written as JSON writes them.
    """
    assert params.scalar_text(value) == json.dumps(value)


def test_encode_tuple() -> None:
    """
    A tuple is written as a list is.
    """
    assert params.encode_path("color", ("blue", "black")) == "blue,black"


@pytest.mark.parametrize("style", ["form", "deepObject"])
def test_encode_query_key_not_text(style: str) -> None:
    """
    An object whose key is no string is refused by the type of the key.
    """
    with pytest.raises(ParameterError, match="key of type int; expected a string"):
        params.encode_query("color", {1: 2}, style=style)


def test_encode_query_deep_object_holds_itself() -> None:
    """
    An object that holds itself is refused, not followed for ever.
    """
    value: dict[str, object] = {}
    value.update(a=value, b=value)
    with pytest.raises(ParameterError, match="hold themselves"):
        params.encode_query("q", value, style="deepObject")


def test_encode_query_deep_object_depth() -> None:
    """
    Objects nested as deep as the bound are written, one more level is refused.
    """
    value: object = 1
    for _ in range(32):
        value = {"a": value}
    assert params.encode_query("q", value, style="deepObject") == "q" + 32 * "%5Ba%5D" + "=1"
    with pytest.raises(ParameterError, match="more than 32 deep"):
        params.encode_query("q", {"a": value}, style="deepObject")


@pytest.mark.parametrize("secret", ["s3cret\n", "s3cret\ud800"], ids=ascii)
def test_messages_hide_values(secret: str) -> None:
    """
    A message about a character does not repeat the text around it, which may be a secret.
    """
    with pytest.raises(ParameterError) as caught:
        params.encode_header(secret)
    assert "s3cret" not in str(caught.value)


@given(TEXT)
def test_quote_round_trip(text: str) -> None:
    """
    Quoted text is ASCII without reserved characters, and unquotes to what it was.
    """
    quoted = params.quote(text)
    assert unquote(quoted) == text
    assert set(quoted).isdisjoint(":/?#[]@!$&'()*+,;= ")
    assert quoted.isascii()


@given(TEXT)
def test_quote_allow_reserved(text: str) -> None:
    """
    With reserved characters allowed, quoting what is quoted changes nothing.
    """
    once = params.encode_query("q", text, allow_reserved=True).removeprefix("q=")
    again = params.encode_query("q", once, allow_reserved=True).removeprefix("q=")
    assert again == once
    assert unquote(once) == unquote(text)


def test_quote_reserved() -> None:
    """
    Reserved characters and triplets stay where they are allowed, and other percents do not.
    """
    query = params.encode_query("q", ":/?#[]@!$&'()*+,;=", allow_reserved=True)
    assert query == "q=:/?%23%5B%5D@!$%26'()*%2B,;%3D"
    assert params.encode_query("q", "%2f % é", allow_reserved=True) == "q=%2f%20%25%20%C3%A9"


@given(value=st.dictionaries(PLAIN, PLAIN | NUMBERS), allow_reserved=st.booleans())
def test_encode_query_round_trip(value: dict[str, object], *, allow_reserved: bool) -> None:
    """
    An exploded object reads back as the same pairs where no text holds triplets of its own.
    """
    query = params.encode_query("q", value, allow_reserved=allow_reserved)
    expected = [(key, params.scalar_text(item)) for key, item in value.items()]
    assert parse_qsl(query, keep_blank_values=True) == expected


@given(st.text())
def test_encode_path_one_segment(text: str) -> None:
    """
    Whatever the text, a path parameter is refused or stays one segment that nothing collapses.
    """
    try:
        segment = params.encode_path("id", text, allow_reserved=True)
    except ParameterError:
        return
    assert unquote(segment) not in {"", ".", ".."}
    assert set(segment).isdisjoint("/?#\\ ")
