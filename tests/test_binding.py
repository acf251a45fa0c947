"""From a call's keywords to the operation's arguments."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from mixdyn.binding import EXTRA, Binder, call_form, name_arguments
from tests.documents import INTEGER, TEXT, answers, body, fields, make_operation, param

CREATE = {
    "operationId": "create",
    "parameters": [
        param("id", "path"),
        param("Last-Event-ID", "header"),
        param("type"),
        param("pageSize"),
    ],
    **body(fields("title", title=TEXT, workDir=TEXT, id=TEXT)),
}


def bind(operation: Any = CREATE, /, *positional: Any, **keywords: Any) -> dict[str, Any]:
    return Binder(make_operation(operation, "/x/{id}")).bind(positional, keywords).values


def refuse(operation: Any = CREATE, /, *positional: Any, **keywords: Any) -> list[str]:
    with pytest.raises(TypeError) as caught:
        bind(operation, *positional, **keywords)
    return str(caught.value).split("\n  ")


@pytest.mark.parametrize(
    ("keyword", "name"),
    [
        ("last_event_id", "last_event_id"),
        ("Last-Event-ID", "last_event_id"),
        ("type", "type_"),
        ("type_", "type_"),
        ("pageSize", "page_size"),
        ("page_size", "page_size"),
        ("workDir", "work_dir"),
        ("work_dir", "work_dir"),
        ("id_body", "id_body"),
    ],
)
def test_arguments_have_several_names(keyword: str, name: str) -> None:
    """The own name, the wire name and the bare name of an argument all mean it."""
    values = bind(id="1", title="t", **{keyword: "v"})
    assert values == {"id": "1", "title": "t", name: "v"}


def test_options_are_kept_apart() -> None:
    """Options of the call are no arguments, the hidden ones included."""
    binder = Binder(make_operation({"parameters": [param("a")]}))
    bound = binder.bind((), {"a": 1, "retries": None, "validate": "off", "timeout_ms": 5})
    assert bound.values == {"a": 1}
    assert bound.options == {"retries": None, "validate": "off", "timeout_ms": 5}


def test_options_are_never_shadowed() -> None:
    """A document's parameter with an option's name is called otherwise, and only so."""
    binder = Binder(make_operation({"parameters": [param("timeout_ms"), param("validate")]}))
    bound = binder.bind((), {"timeout_ms": 5, "timeout_ms_": "p", "validate": "off"})
    assert (bound.values, bound.options) == (
        {"timeout_ms_": "p"},
        {"timeout_ms": 5, "validate": "off"},
    )


def test_accept_override_needs_several_types() -> None:
    """The hidden option is taken where a response has but one media type, too."""
    operation = make_operation(answers(TEXT))
    assert Binder(operation).bind((), {"accept_header_override": "a/b"}).options


def test_all_problems_are_told_at_once() -> None:
    """One TypeError lists the unknown, missing, repeated and positional, and the expected call."""
    lines = refuse(CREATE, "x", "y", titel="t", type="a", type_="b", zzzzz=1)
    assert lines == [
        "create (POST /x/{id}) cannot be called like this:",
        "unknown: titel. Did you mean 'title'?",
        "given twice: type_, also by type_",
        "unknown: zzzzz",
        "missing: id, title",
        "2 without a name: arguments are keywords",
        f"expected: {call_form(make_operation(CREATE, '/x/{id}'))}",
    ]
    assert lines[-1].startswith("expected: create(*, id, title, last_event_id=…, type_=…, ")


def test_the_form_stands_below_however_many_problems() -> None:
    """A long list of problems does not push the expected call out of the message."""
    lines = refuse(CREATE, **{f"unknown{i}": i for i in range(100)})
    assert lines[-1].startswith("expected: create(*, id, title")
    assert len(lines) < 50


def test_hostile_keywords_are_shown_as_escapes() -> None:
    """A keyword cannot write to the terminal through the message."""
    assert "unknown: \\x1b[31m" in refuse(CREATE, **{"\x1b[31m": 1})[1]


@pytest.mark.parametrize("name", ["self", "keywords", "positional", "operation", "cls"])
def test_names_of_our_own_parameters_are_free(name: str) -> None:
    """An argument may be called as our functions call theirs."""
    operation = make_operation({"parameters": [param(name)]})
    assert list(Binder(operation).bind((), {name: 1}).values.values()) == [1]


@dataclass
class Thing:
    title: str
    workDir: str  # noqa: N815  # the wire name


@pytest.mark.parametrize("keyword", ["body", "request"])
@pytest.mark.parametrize(
    "given",
    [
        {"title": "t", "work_dir": "w"},
        {"title": "t", "workDir": "w"},
        Thing("t", "w"),
        SimpleNamespace(model_dump=lambda: {"title": "t", "workDir": "w"}),
    ],
)
def test_a_flattened_body_may_be_given_whole(keyword: str, given: Any) -> None:
    """A mapping, dataclass or model stands for the arguments that the body consists of."""
    assert bind(id="1", **{keyword: given}) == {"id": "1", "title": "t", "work_dir": "w"}


def test_names_in_a_whole_body_mean_the_bodys_own() -> None:
    """`id` in the body is the body's, though the path has an argument of that name."""
    values = bind(id="1", body={"title": "t", "id": "2"})
    assert values == {"id": "1", "title": "t", "id_body": "2"}


def test_whole_and_single_arguments_mix_but_do_not_repeat() -> None:
    """A body given whole may be completed by keywords, not contradicted."""
    assert bind(id="1", body={"title": "t"}, work_dir="w")["work_dir"] == "w"
    assert "given twice: title, also by body" in refuse(id="1", title="t", body={"title": "u"})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"titel": "t"}, "unknown in body: titel. Did you mean 'title'?"),
        ({5: "t"}, "unknown in body: 5"),
        ([1], "body: expected an object, got list"),
        (None, "body: expected an object, got NoneType"),
        (object(), "body: a object cannot be sent as JSON"),
    ],
)
def test_a_bad_whole_body_is_told(given: Any, expected: str) -> None:
    """What a body given whole may not hold is among the problems."""
    assert expected in refuse(id="1", body=given)


@pytest.mark.parametrize("allowed", [True, {}, TEXT])
def test_undeclared_properties_travel_where_the_schema_has_them(allowed: Any) -> None:
    """With `additionalProperties` a body given whole may hold more than is declared."""
    schema = {**fields(title=TEXT), "additionalProperties": allowed}
    values = bind({**body(schema), "parameters": [param("id", "path")]}, id="1", body={"x": "y"})
    assert values == {"id": "1", EXTRA: {"x": "y"}}


def test_a_property_called_body_is_that_property() -> None:
    """Where the body has a property `body`, the keyword means it, and `request` the whole."""
    operation = body(fields(body=TEXT, title=TEXT))
    assert Binder(make_operation(operation)).bind((), {"body": "text"}).values == {"body": "text"}
    whole = Binder(make_operation(operation)).bind((), {"request": {"body": "text"}})
    assert whole.values == {"body": "text"}


def test_a_body_of_one_argument_goes_by_both_names() -> None:
    """A body that is not flattened is `body`, or `request`."""
    binder = Binder(make_operation(body({"type": "array", "items": INTEGER})))
    assert binder.bind((), {"request": [1]}).values == {"body": [1]}
    assert binder.bind((), {"body": [1]}).values == {"body": [1]}


def test_own_names_go_before_aliases() -> None:
    """A name that is one argument's own and another's alias means the former."""
    operation = make_operation({"parameters": [param("aB"), param("a_b", "header")]})
    named = name_arguments(operation)
    assert named["a_b"].wire == "aB"
    assert named["a_b_header"].wire == "a_b"
    assert call_form(operation).startswith("post_things(*, a_b=…, a_b_header=…, retries=…")
