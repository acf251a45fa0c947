"""Refusals in the declared form: the message where it is read, codes and kinds that fit."""

import json

import pytest

from mixdyn.tools.mock.refusal import RefusedError, word_refusal
from tests.apis import content, mock, ref


def word(schema, status=400, declared="default", **schemas):
    """Word a refusal by an operation that declares one error."""
    responses = {"200": {"description": ""}, declared: {"description": "", **content(schema)}}
    served = mock({"/x": {"get": {"responses": responses}}}, schemas)
    operation = served.api.router.routes[0].operation
    wording = word_refusal(served.api.sampler, operation, RefusedError(status, "told"))
    media = operation.responses[1].media[0]
    assert served.api.sampler.validator(media.schema).problems(wording.value) == ()
    return wording.value


def thing(**properties):
    return {"type": "object", "required": list(properties), "properties": properties}


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (thing(code=NUMBER, message=TEXT), {"code": 400, "message": "told"}),
        (thing(error=thing(status=NUMBER, msg=TEXT)), {"error": {"status": 400, "msg": "told"}}),
        (
            thing(errors={"type": "array", "minItems": 1, "items": thing(detail=TEXT)}),
            {"errors": [{"detail": "told"}]},
        ),
        (thing(status=TEXT, title=TEXT), {"status": "400", "title": "told"}),
        (thing(error=TEXT), {"error": "told"}),
        ({"type": "string"}, "told"),
        ({"type": "object", "properties": {"message": TEXT}}, {"message": "told"}),
        ({"type": "object", "properties": {"note": TEXT}, "required": ["note"]}, None),
        (
            {"type": "object", "properties": {"error": thing(message=TEXT)}},
            {"error": {"message": "told"}},
        ),
        ({"oneOf": [thing(message=TEXT), thing(code=NUMBER)]}, {"message": "told"}),
        (
            thing(code={"type": "integer", "enum": [400, 404]}, message=TEXT),
            {"code": 400, "message": "told"},
        ),
        (thing(code={"type": "integer", "maximum": 99}, message=TEXT), {"message": "told"}),
        (thing(message={"type": "string", "maxLength": 2}), {"message": "me"}),
        ({"type": "array", "items": TEXT, "minItems": 1}, None),
    ],
)
def test_the_message_stands_where_it_is_looked_for(schema, expected):
    """The message is in the most telling text, the status where a code is meant; always valid."""
    found = word(schema)
    if isinstance(expected, dict):
        shown = {key: value for key, value in found.items() if key in expected}
        assert shown == expected
    elif expected is not None:
        assert found == expected


@pytest.mark.parametrize(
    ("status", "kinds", "expected"),
    [
        (400, ["bad_request", "validation_error"], "validation_error"),
        (404, ["bad_request", "not_found"], "not_found"),
        (404, ["NotFound", "BadRequest"], "NotFound"),
        (413, ["internal_error", "bad_request"], "bad_request"),
        (500, ["bad_request", "internal_error"], "internal_error"),
        (418, ["odd", "strange"], "odd"),
        (404, [400, 404], 404),
    ],
)
def test_the_kind_of_an_error_is_picked_by_its_words(status, kinds, expected):
    """Of an enum of kinds, the one whose words fit the status best is taken."""
    assert word(thing(type={"enum": kinds}, message=TEXT), status)["type"] == expected


def test_deep_errors_are_looked_through_a_few_levels_down():
    """A message that is buried too deeply is left alone, and the body is valid all the same."""
    schema = thing(message=TEXT)
    for _ in range(6):
        schema = thing(inner=schema)
    assert "told" not in json.dumps(word(schema))


def test_an_unfitting_default_of_everything_still_says_the_message():
    """Where no body can be valid, the answer is a plain object."""
    responses = {"400": {"description": "", **content({"not": {}})}}
    served = mock({"/x": {"get": {"responses": responses}}})
    operation = served.api.router.routes[0].operation
    wording = word_refusal(served.api.sampler, operation, RefusedError(400, "told"))
    assert wording.value == {"message": "told"}


@pytest.mark.parametrize("declared", ["400", "4XX", "default", "404", "500"])
def test_the_form_is_borrowed_where_the_status_is_not_declared(declared):
    """A status that is not declared is still worded like the errors that are."""
    assert word(ref("Error"), 400, declared) == {"code": 400, "message": "told"}


def test_an_array_without_items_holds_no_message():
    """An error that is a bare list is sent as it is made up."""
    assert word(thing(list={"type": "array", "minItems": 1}, message=TEXT))["message"] == "told"
