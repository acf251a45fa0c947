"""Parameters are read back as the core's `params` writes them, and judged by their schemas."""

import itertools

import pytest

from mixdyn import params
from mixdyn.tools.mock.parameter import MISSING, Pair, coerce, owned_names, read_query
from mixdyn.tools.mock.refusal import RefusedError
from tests.apis import answers, ask, message_of, mock, parameter, schema_of, value_of

INTEGERS = {"type": "array", "items": {"type": "integer"}}
TEXTS = {"type": "array", "items": {"type": "string"}}
POINT = {"type": "object", "properties": {"x": {"type": "integer"}, "label": {"type": "string"}}}
VALUES = [
    ({"type": "integer"}, 5),
    ({"type": "number"}, -1.5),
    ({"type": "boolean"}, False),
    ({"type": "string"}, "a b/c,d&e=ü"),
    (INTEGERS, [1, 2, 3]),
    (TEXTS, ["a,b", "c d", "e|f"]),
    (POINT, {"x": 1, "label": "a,b;c"}),
]


def echoes(where, schema, style, explode, name="p"):
    """A server whose answer repeats the parameter: what it understood."""
    described = parameter(name, where, schema, style=style, explode=explode)
    path = "/x/{p}" if where == "path" else "/x"
    answer = {"type": "object", "properties": {name: schema}, "required": [name]}
    return mock({path: {"get": {"parameters": [described], "responses": answers(answer)}}})


def understood(where, schema, style, explode, target, headers=None):
    served = echoes(where, schema, style, explode)
    return value_of(ask(served, "GET", target, headers=headers))["p"]


@pytest.mark.parametrize(
    ("schema", "value", "style", "explode"),
    [
        (*pair, *rest)
        for pair, rest in itertools.product(
            VALUES, itertools.product(("simple", "label", "matrix"), (False, True))
        )
    ],
)
def test_path_parameters(schema, value, style, explode):
    """All styles of path parameters are read as they are written."""
    text = params.encode_path("p", value, style=style, explode=explode)
    assert understood("path", schema, style, explode, f"/x/{text}") == value


@pytest.mark.parametrize(
    ("schema", "value", "style", "explode"),
    [
        (*pair, *rest)
        for pair, rest in itertools.product(
            VALUES,
            [("form", True), ("form", False), ("spaceDelimited", False), ("pipeDelimited", False)],
        )
        # These styles leave commas, spaces and bars in the pieces undefined.
        if not (rest[0] != "form" and pair[0] in (TEXTS, POINT))
    ],
)
def test_query_parameters(schema, value, style, explode):
    """All styles of query parameters are read as they are written."""
    text = params.encode_query("p", value, style=style, explode=explode)
    assert understood("query", schema, style, explode, f"/x?{text}") == value


def test_deep_objects():
    """Brackets lead into objects, and a path given twice makes a list."""
    inner = {"type": "object", "properties": {"b": INTEGERS, "c": {"type": "string"}}}
    schema = {"type": "object", "properties": {"a": inner, "n": {"type": "integer"}}}
    value = {"a": {"b": [1, 2, 3], "c": "x"}, "n": 1}
    text = params.encode_query("p", value, style="deepObject")
    assert understood("query", schema, "deepObject", True, f"/x?{text}&q=1&p[=2&p[]=") == value


def test_a_deep_object_may_be_absent():
    """Without any pair of its own, a deep object is not there."""
    served = echoes("query", POINT, "deepObject", True)
    assert value_of(ask(served, "GET", "/x?q=1"))["p"] != {}


def test_contradictory_deep_objects_do_no_harm():
    """A name that is both a value and an object is read somehow, and judged by the schema."""
    served = echoes("query", POINT, "deepObject", True)
    assert ask(served, "GET", "/x?p[x]=1&p[x][y]=2").status == 200


@pytest.mark.parametrize("explode", [False, True])
@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, 5),
        ({"type": "boolean"}, False),
        ({"type": "string"}, "a b/c%20&e=ü"),
        (INTEGERS, [1, 2, 3]),
        (POINT, {"x": 1, "label": "a;c"}),
    ],
)
def test_header_parameters(schema, value, explode):
    """Headers are read as they are written; nothing in them is percent-decoded."""
    text = params.encode_header(value, explode=explode)
    assert understood("header", schema, "simple", explode, "/x", {"P": text}) == value


def test_cookies():
    """Cookies are read from their header."""
    text = params.encode_cookie("p", "a b")
    assert (
        understood("cookie", {"type": "string"}, "form", True, "/x", {"Cookie": f"q=1; {text}"})
        == "a b"
    )


def test_parameters_with_content_are_json():
    """A parameter with `content` carries JSON; what is none is judged as text."""
    described = {"name": "p", "in": "query", "content": {"application/json": {"schema": POINT}}}
    header = {**described, "name": "h", "in": "header"}
    path = {**described, "name": "d", "in": "path", "required": True}
    answer = {"type": "object", "properties": {"p": POINT}}
    served = mock(
        {"/x/{d}": {"get": {"parameters": [described, header, path], "responses": answers(answer)}}}
    )
    got = ask(served, "GET", '/x/{}?p={"x":1}', headers={"h": '{"x": 2}'})
    assert value_of(got)["p"] == {"x": 1}
    assert "query parameter p: expected type object" in message_of(ask(served, "GET", "/x/{}?p=x"))


def test_text_content_of_a_parameter_stays_text():
    """A parameter whose `content` is not JSON is text."""
    described = {"name": "p", "in": "query", "content": {"text/plain": {"schema": {"const": "1"}}}}
    served = mock({"/x": {"get": {"parameters": [described], "responses": answers()}}})
    assert ask(served, "GET", "/x?p=1").status == 200


@pytest.mark.parametrize("media", ["application/x-www-form-urlencoded", "application/json"])
def test_the_whole_query_as_one_value(media):
    """OpenAPI 3.2 lets a single parameter stand for the whole query."""
    described = {"name": "q", "in": "querystring", "content": {media: {"schema": POINT}}}
    answer = {"type": "object", "properties": {"q": POINT}}
    served = mock(
        {"/x": {"get": {"parameters": [described], "responses": answers(answer)}}}, openapi="3.2.0"
    )
    query = "x=1&label=a+b" if "form" in media else "%7B%22x%22:1,%22label%22:%22a+b%22%7D"
    assert value_of(ask(served, "GET", f"/x?{query}"))["q"] == {"x": 1, "label": "a b"}
    assert ask(served, "GET", "/x").status == 200


def test_all_problems_are_told_at_once():
    """What is missing and what does not fit is listed together, by place and name."""
    needed = parameter("a", required=True)
    limited = parameter("b", schema={"type": "integer", "minimum": 1})
    header = parameter("X-C", "header", {"type": "boolean"}, required=True)
    served = mock(
        {"/x": {"get": {"parameters": [needed, limited, header], "responses": answers()}}}
    )
    message = message_of(ask(served, "GET", "/x?b=0", headers={"x-c": "maybe"}))
    assert "query parameter a: is missing" in message
    assert "query parameter b: expected minimum 1, got 0" in message
    assert "header parameter X-C: expected type boolean, got maybe" in message


def test_a_parameter_without_a_schema_is_anything():
    """What has no schema is taken as it comes."""
    served = mock(
        {"/x": {"get": {"parameters": [{"name": "p", "in": "query"}], "responses": answers()}}}
    )
    assert ask(served, "GET", "/x?p=%41&&=").status == 200


def test_query_bytes_that_are_no_text_are_refused():
    """A query that is not UTF-8 is 400, as a path is."""
    assert ask(mock({"/x": {"get": {"responses": answers()}}}), "GET", "/x?%ff=1").status == 400


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        ({"type": "integer"}, "1" * 500, "1" * 500),
        ({"type": "number"}, "1e999", "1e999"),
        ({"type": "number"}, "1e2", 100.0),
        ({"type": "number"}, "nan", "nan"),
        ({"type": ["integer", "null"]}, "", None),
        ({"type": ["string", "null"]}, "null", "null"),
        ({"type": "boolean"}, "True", "True"),
        ({"oneOf": [{"type": "integer"}, {"type": "boolean"}]}, "true", True),
        ({"oneOf": [{"type": "integer"}, {"type": "boolean"}]}, "7", 7),
    ],
)
def test_coercion(schema, text, expected):
    """Text becomes the scalar that the schema wants, or stays for the schema to judge."""
    assert coerce(schema_of(schema), text) == expected
    assert coerce(None, text) == text


def test_an_exploded_object_owns_its_properties_names():
    """The pairs of an exploded object are those of its properties."""
    served = echoes("query", POINT, "form", True)
    described = served.api.router.routes[0].operation.parameters[0]
    pairs = [Pair("x", "1"), Pair("other", "2"), Pair("p[x]", "3")]
    assert owned_names(described, pairs) == {"x", "p[x]"}
    assert read_query(described, pairs[1:]) is MISSING


def test_a_list_given_several_times_is_read_whole():
    """A delimited list that a client repeats instead is a list all the same."""
    assert understood("query", INTEGERS, "form", False, "/x?p=1&p=2") == [1, 2]
    assert understood("query", INTEGERS, "form", False, "/x?p=") == []


def test_refusals_carry_what_was_wrong():
    """The exception has the status and the words."""
    error = RefusedError(400, "no")
    assert (error.status, error.message, error.headers) == (400, "no", ())
