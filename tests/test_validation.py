"""
Validators: the keywords of `data/keywords.json` with and without the accelerator, what findings
say, and that nothing hangs or crashes.
"""

from __future__ import annotations

import datetime as dt
import decimal
import importlib.util
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mixdyn import validation
from mixdyn.validation import Validator

CASES = json.loads((Path(__file__).parent / "data" / "keywords.json").read_text("utf-8"))
SELF = {"$ref": "#/$defs/0"}
TEXT = {"type": "string"}
HAS_FAST = importlib.util.find_spec("jsonschema_rs") is not None


HIDDEN = {"writeOnly": True}
PASSWORD = {"format": "password"}
HUSH = {"token": "hush-hush"}
DEEP: dict[str, Any] = {
    "properties": {"a": {"properties": {"b": {"items": {"maxLength": 1}}}}},
}


def label(case: dict[str, Any]) -> str:
    return str(case["case"])


@pytest.fixture(params=["accelerated", "plain"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the accelerator, if it is installed, and without it."""
    if request.param == "plain":
        monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    return str(request.param)


def nest(depth: int, inner: Any = 0) -> Any:
    for _ in range(depth):
        inner = [inner]
    return inner


def step(number: int) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{number + 1}"}


def define(rule: dict[str, Any]) -> dict[str, Any]:
    return {**SELF, "$defs": {"0": rule}}


@pytest.mark.parametrize("case", CASES, ids=label)
def test_keyword(case: dict[str, Any], engine: str) -> None:
    """Each keyword accepts and refuses what JSON Schema 2020-12 says, accelerated or not."""
    validator = Validator(case["schema"])
    for value in case["valid"]:
        assert validator.accepts(value), value
        assert validator.problems(value) == (), value
    for value in case["invalid"]:
        assert not validator.accepts(value), value
        assert validator.problems(value), value


@pytest.mark.parametrize("case", CASES, ids=label)
def test_no_worse_than_the_reference(case: dict[str, Any], engine: str) -> None:
    """What jsonschema itself accepts is accepted."""
    reference = jsonschema.Draft202012Validator(case["schema"])
    validator = Validator(case["schema"])
    for value in [*case["valid"], *case["invalid"]]:
        # The reference divides in binary, and cannot divide what is beyond a float.
        if not case["case"].startswith("multipleOf") and reference.is_valid(value):
            assert validator.accepts(value), value


@pytest.mark.skipif(not HAS_FAST, reason="jsonschema-rs is not installed")
def test_accelerator_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the accelerator, the reference is not asked about what is fine."""
    monkeypatch.setattr(validation, "_reference_class", None)
    assert Validator({"type": "object", "properties": {"a": TEXT}}).accepts({"a": "x"})


@pytest.mark.skipif(not HAS_FAST, reason="jsonschema-rs is not installed")
def test_reference_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the accelerator refuses, the reference may accept."""
    import jsonschema_rs

    class Strict:
        def __init__(self, schema: Any) -> None:
            self.is_valid = lambda instance: False

    monkeypatch.setattr(jsonschema_rs, "Draft202012Validator", Strict)
    assert Validator(TEXT).accepts("x")
    assert not Validator(TEXT).accepts(5)


def test_uncompilable_schema(engine: str) -> None:
    """A schema that the accelerator cannot compile is left to the reference."""
    validator = Validator({"pattern": "^(?=a)(?P<n>b|a)(?P=n)?$", "maxLength": -1 + 2})
    assert validator.accepts("a")
    validator = Validator({"type": ["string", "string"]})
    assert validator.accepts("a")


@pytest.mark.parametrize(
    ("schema", "value", "path", "message"),
    [
        ({"type": "integer"}, "x", "$", "expected type integer, got x"),
        ({"type": "integer"}, "two words", "$", "expected type integer, got 'two words'"),
        (
            {"type": ["integer", "null"]},
            {"a": 1},
            "$",
            "expected type ['integer', 'null'], got an object of 1 properties",
        ),
        ({"type": "string"}, [1, 2], "$", "expected type string, got an array of 2 items"),
        ({"type": "string"}, None, "$", "expected type string, got null"),
        ({"type": "string"}, True, "$", "expected type string, got true"),
        ({"enum": ["a", "b"]}, 1.5, "$", "expected enum ['a', 'b'], got 1.5"),
        ({"const": {"a": 1}}, 1, "$", "expected const an object of 1 properties, got 1"),
        ({"minimum": 3}, 2, "$", "expected minimum 3, got 2"),
        ({"multipleOf": 2}, 3, "$", "expected multipleOf 2, got 3"),
        ({"pattern": "^a"}, "b", "$", "expected pattern '^a', got b"),
        ({"maxItems": 1}, [1, 2], "$", "expected maxItems 1, got an array of 2 items"),
        ({"uniqueItems": True}, [1, 1], "$", "expected uniqueItems true, got an array of 2 items"),
        ({"required": ["a", "b"]}, {"a": 1}, "$", "'b' is missing"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "$", "'b' is a dependency of 'a'"),
        ({"additionalProperties": False}, {"a": 1}, "$", "'a' is not allowed"),
        (
            {"unevaluatedProperties": False},
            {"a": 1},
            "$",
            "Unevaluated properties are not allowed ('a' was unexpected)",
        ),
        ({"not": {}}, 1, "$", "1 has a form that is not allowed"),
        (
            {"contains": {"const": 1}},
            [2],
            "$",
            "an array of 1 items has no item of the wanted form",
        ),
        ({"properties": {"a": False}}, {"a": 1}, "$", "holds a value that is not allowed"),
        ({"properties": {"a": {"not": {}}}}, {"a": 1}, "$.a", "1 has a form that is not allowed"),
        ({"oneOf": [{}, True]}, 1, "$", "1 fits none, or too many, of the allowed forms"),
        (
            {"anyOf": [{"type": "null"}, {"properties": {"a": TEXT}, "type": "object"}]},
            {"a": 1},
            "$.a",
            "expected type string, got 1",
        ),
        ({"anyOf": [{"type": "null"}, {"minimum": 3}]}, 2, "$", "expected minimum 3, got 2"),
        (
            {"items": {"properties": {"an id": TEXT}}},
            [{}, {"an id": 1}],
            "$[1]['an id']",
            "expected type string, got 1",
        ),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, "$", "expected maxLength 1, got ab"),
    ],
)
def test_messages(schema: Any, value: Any, path: str, message: str) -> None:
    """A finding says where, what was expected and what was found."""
    assert Validator(schema).problems(value) == ((path, message),)


def test_each_missing_name() -> None:
    """Each missing property is named once."""
    problems = Validator({"required": ["a", "b", "c"]}).problems({"b": 1})
    assert [p.message for p in problems] == ["'a' is missing", "'c' is missing"]


def test_most_findings() -> None:
    """At most twenty findings are listed."""
    assert len(Validator({"items": TEXT}).problems([1] * 1000)) == 20


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"maximum": 100}, "1e999"),
        ({"exclusiveMaximum": 100}, "Infinity"),
        ({"minimum": 0}, "-1e999"),
        ({"multipleOf": 0.5}, "Infinity"),
        ({"multipleOf": 0.5}, "NaN"),
        ({"allOf": [{"type": "number"}, {"maximum": 5}]}, "1e999"),
        ({"const": 10**30}, "1e30"),
        ({"enum": [10**30]}, "1e30"),
        ({"pattern": r"^\W$"}, '"e"'),
        ({"pattern": "^[a-z]+$"}, r'"ab\n"'),
    ],
)
def test_numbers_and_patterns_of_all_kinds(schema: Any, text: str) -> None:
    """What does not fit is refused alike with the accelerator and without, however odd it is."""
    assert Validator(schema).check(json.loads(text)) != ()
    assert Validator({"properties": {"a": schema}}).check({"a": json.loads(text)}) != ()


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": r"^\D+$"}, "\u0663"),
        ({"pattern": r"\W"}, "\u00e9"),
        ({"patternProperties": {"^[a-z]+$": {"type": "integer"}}}, {"ab\n": "x"}),
        ({"patternProperties": {r"^\w+$": {"type": "integer"}}}, {"gr\u00f6\u00dfe": "x"}),
        ({"properties": {"maximum": {"type": "integer"}}}, {"maximum": 10**30}),
    ],
)
def test_patterns_of_ecma(schema: Any, value: Any) -> None:
    """What fits by ECMA-262 is accepted with the accelerator and without."""
    assert Validator(schema).check(value) == ()


def test_large_unions_of_large_values() -> None:
    """Checking many items against many alternatives is much work, but not too much."""
    base = {"properties": {"id": {"type": "integer"}}}
    kinds = [
        {"allOf": [{"$ref": "#/$defs/0"}, {"required": [f"k{i}"], "properties": {f"k{i}": TEXT}}]}
        for i in range(60)
    ]
    schema = {"items": {"oneOf": kinds}, "$defs": {"0": base}}
    assert Validator(schema).problems([{"id": 1, "k59": "x"}] * 600) == ()


@pytest.mark.parametrize(
    "items",
    [[1, True], [0, False], [True, ["boolean", True]], [[], {}], [["array", 1], ["array", [1]]]],
)
def test_items_that_differ(items: list[Any]) -> None:
    """Values that are equal for Python alone, or that are counted alike, are two items."""
    assert Validator({"uniqueItems": True}).problems(items) == ()
    assert len(Validator({"uniqueItems": True}).problems([*items, items[1]])) == 1


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"properties": {"password": {"maxLength": 1}}}, {"password": "hush-hush"}),
        ({"properties": {"token": {"enum": ["x"]}}}, {"token": "hush-hush"}),
        ({"properties": {"secrets": {"items": {"maxLength": 1}}}}, {"secrets": ["hush-hush"]}),
        ({"properties": {"secrets": {"maxItems": 1}}}, {"secrets": ["hush-hush", "x"]}),
        ({"properties": {"auth": {"const": 1}}}, {"auth": {"password": "hush-hush"}}),
        ({"items": {"type": "string"}}, [{"token": "hush-hush"}]),
        ({"additionalProperties": False}, {"password": "hush-hush"}),
        ({"anyOf": [{"type": "null"}, False]}, {"password": "hush-hush"}),
        ({"dependentRequired": {"token": ["x"]}}, {"token": "hush-hush"}),
        ({"unevaluatedProperties": False}, {"token": "hush-hush"}),
        ({"uniqueItems": True}, [{"token": "hush-hush"}, {"token": "hush-hush"}]),
        ({"not": {}}, {"token": "hush-hush"}),
        ({"properties": {"token": False}}, {"token": "hush-hush"}),
        ({"properties": {"token": {"pattern": "^a"}}}, {"token": "hush-hush"}),
        ({"properties": {"token": {"const": "a"}}}, {"token": "hush-hush"}),
        ({"properties": {"token": {"oneOf": [{"type": "null"}, {"maxLength": 1}]}}}, HUSH),
        ({"properties": {"token": {"not": TEXT}}}, HUSH),
        ({"properties": {"seat": {**HIDDEN, "maxLength": 1}}}, {"seat": "hush-hush"}),
        ({"properties": {"seat": {**PASSWORD, "enum": ["a"]}}}, {"seat": "hush-hush"}),
        ({"properties": {"seat": {"allOf": [PASSWORD, {"pattern": "^a"}]}}}, {"seat": "hush-hush"}),
        ({"properties": {"seat": {**HIDDEN, **DEEP}}}, {"seat": {"a": {"b": ["hush-hush"]}}}),
        (DEEP["properties"]["a"] | HIDDEN, {"b": ["hush-hush"]}),
        ({"properties": {"credentials": DEEP}}, {"credentials": {"a": {"b": ["hush-hush"]}}}),
        ({"items": {**PASSWORD, "maxLength": 1}}, ["hush-hush"]),
        ({"properties": {"url": {"maxLength": 1}}}, {"url": "https://u:hush-hush@h/?code=hush"}),
        ({"properties": {"text": {"maxLength": 1}}}, {"text": '{"token": "' + "hush" * 1000}),
        ({"properties": {"password": TEXT}}, {"password": 4857435754}),
        ({"properties": {"seat": {**TEXT, **HIDDEN}}}, {"seat": 48574357.54}),
        ({"properties": {"tokens": {"additionalProperties": TEXT}}}, {"tokens": {"hush-hush": 1}}),
        ({"properties": {"tokens": {"additionalProperties": False}}}, {"tokens": {"hush-hush": 1}}),
        ({"properties": {"tokens": {"unevaluatedProperties": False}}}, {"tokens": {"hush": 1}}),
        ({"properties": {"tokens": {"propertyNames": {"maxLength": 1}}}}, {"tokens": {"hush": 1}}),
    ],
)
def test_no_secrets(schema: Any, value: Any) -> None:
    """A value that is secret by name or schema is never shown, nor what it stands in."""
    problems = Validator(schema).problems(value)
    assert problems
    assert "hush" not in str(problems)
    assert "4857435" not in str(problems)


@pytest.mark.parametrize(
    ("schema", "value", "problem"),
    [
        (
            {"properties": {"password": {"minLength": 8}}},
            {"password": "hush"},
            ("$.password", "expected minLength 8, got ***"),
        ),
        (
            {"properties": {"token": {"enum": ["a", "b"]}}},
            {"token": "hush"},
            ("$.token", "expected enum ['a', 'b'], got ***"),
        ),
        (
            {"properties": {"password": TEXT}},
            {"password": None},
            ("$.password", "expected type string, got null"),
        ),
        (
            {"properties": {"code": TEXT}},
            {"code": 404},
            ("$.code", "expected type string, got 404"),
        ),
        (
            {"properties": {"secret": {"required": ["a"]}}},
            {"secret": {}},
            ("$.secret", "'a' is missing"),
        ),
        (
            {"properties": {"tokens": {"additionalProperties": False}}},
            {"tokens": {"hush": 1}},
            ("$.tokens", "holds a property that is not allowed"),
        ),
        (
            {"properties": {"tokens": {"additionalProperties": {"properties": {"a": TEXT}}}}},
            {"tokens": {"sk-1": {"a": 5}}},
            ("$.tokens['***'].a", "expected type string, got 5"),
        ),
    ],
)
def test_messages_about_secrets(schema: Any, value: Any, problem: Any) -> None:
    """A finding about a secret still says where it stands and what was expected."""
    assert Validator(schema).problems(value) == (problem,)


LONG = "x" * 100_000
HOSTILE = "bell\x07\nline \u202eleft"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "null"}, LONG),
        ({"enum": [LONG]}, LONG + "y"),
        ({"const": [LONG]}, [LONG, 1]),
        ({"required": [LONG, HOSTILE]}, {}),
        ({"pattern": "^" + LONG + "$"}, "a"),
        ({"additionalProperties": False}, {LONG: 1, HOSTILE: 2}),
        ({"unevaluatedProperties": False}, {HOSTILE: 2}),
        ({"dependentRequired": {HOSTILE: [LONG]}}, {HOSTILE: 1}),
        ({"additionalProperties": TEXT}, {HOSTILE: 1, LONG: 2}),
        ({"propertyNames": {"maxLength": 1}}, {HOSTILE: 1, LONG: 2}),
        (
            define({"additionalProperties": SELF, "type": "object"}),
            {LONG: {HOSTILE: {"a": {"b": 1}}}},
        ),
        ({"maxLength": 1}, HOSTILE),
        ({"type": "string"}, 10**4000),
        ({"maximum": 5}, 10**4000),
        ({"type": "string"}, {LONG: [LONG]}),
        ({"items": False}, [LONG]),
    ],
    ids=range(16),
)
def test_messages_are_bounded(schema: Any, value: Any, engine: str) -> None:
    """A finding is one line of bounded length, without control characters."""
    validator = Validator(schema)
    problems = validator.problems(value)
    assert problems
    assert not validator.accepts(value)
    for problem in problems:
        assert len(str(problem)) < 700
        assert str(problem).isprintable()


@pytest.mark.parametrize(
    "value",
    [
        dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        b"bytes",
        {1: 2},
        {None: 1, "a": "b"},
        {"a": decimal.Decimal(1)},
        "\ud800",
        {"\ud800": "\udfff"},
        float("nan"),
        10**5000,
        object(),
        (1, 2),
        {1, 2},
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize(
    "schema",
    [
        True,
        {"type": "object", "properties": {"a": TEXT}},
        {"type": "string", "pattern": "a", "maxLength": 3},
        {"patternProperties": {"a": TEXT}, "unevaluatedProperties": False},
        {"additionalProperties": False, "patternProperties": {"^b": True}},
        {"propertyNames": {"pattern": "^a"}},
        {"enum": [1, "a"], "multipleOf": 0.1},
        {"uniqueItems": True, "items": {"type": "integer"}, "contains": {"const": 1}},
        {"required": ["a"], "minProperties": 5},
    ],
    ids=range(9),
)
def test_odd_values(schema: Any, value: Any, engine: str) -> None:
    """Values that JSON has not never make a validator raise."""
    validator = Validator(schema)
    assert validator.accepts(value) is not validator.problems(value) or True
    assert all(len(str(problem)) < 700 for problem in validator.problems(value))
    if schema is True:
        assert validator.accepts(value)


def test_uncheckable_value() -> None:
    """A value that cannot be checked is a finding, not a crash."""
    validator = Validator({"patternProperties": {"a": TEXT}})
    (problem,) = validator.problems({1: 2})
    assert problem.path == "$"
    assert problem.message.startswith("cannot be checked as JSON: ")


EXPLOSIONS: list[tuple[Any, Any]] = [
    ({"pattern": "^(a+)+$"}, "a" * 5000 + "b"),
    ({"pattern": "(a|aa)+$"}, "a" * 5000 + "b"),
    ({"pattern": "a*a*a*a*a*a*b"}, "a" * 5000),
    ({"pattern": "a?" * 40 + "a" * 40}, "a" * 40),
    ({"items": {"pattern": "^(a+)+$"}}, ["a" * 15 + "b"] * 20_000),
    ({"items": {"pattern": "x*x*y"}}, ["x" * 900] * 20_000),
    ({"patternProperties": {"x*x*x*x*y": TEXT}, "unevaluatedProperties": False}, {"x" * 5000: 1}),
    ({"uniqueItems": True}, [{"a": n} for n in range(30_000)]),
    (define({"anyOf": [{"items": SELF, "minItems": n} for n in (0, 1)]}), nest(200)),
    (
        define({"anyOf": [{"type": "array", "items": SELF, "maxItems": n} for n in (1, 2, 3, 4)]}),
        nest(40),
    ),
    (define({"allOf": [{"items": SELF}, {"items": SELF, "type": "array"}]}), nest(40, [])),
    (define({"items": SELF}), nest(10_000)),
    (define({"items": SELF, "type": "array"}), nest(10_000)),
    ({"anyOf": [{"type": "array"}, {"type": "null"}]}, nest(10_000)),
    ({"enum": [nest(200), 1]}, nest(10_000)),
    ({"const": 1}, nest(10_000)),
    ({"anyOf": [{"type": "null"}] * 500}, [LONG] * 300),
    (define({"anyOf": [SELF, TEXT]}), 1),
    ({"multipleOf": 1e-300}, 1e300),
    ({"multipleOf": 0.5}, 10**4000),
    (
        {
            "$ref": "#/$defs/0",
            "$defs": {
                **{str(n): {"anyOf": [step(n), {**step(n), "minLength": 1}]} for n in range(30)},
                "30": {"type": "null"},
            },
        },
        "x",
    ),
]


@pytest.mark.parametrize(("schema", "value"), EXPLOSIONS, ids=range(len(EXPLOSIONS)))
def test_nothing_explodes(schema: Any, value: Any, engine: str) -> None:
    """Patterns, unions, deep and large values: an answer comes in time, whatever it is."""
    validator = Validator(schema)
    start = time.perf_counter()
    assert validator.accepts(value) in (True, False)
    assert all(len(str(problem)) < 700 for problem in validator.problems(value))
    assert time.perf_counter() - start < 20


def test_deep_value_without_rules(engine: str) -> None:
    """A deep value is fine where no schema asks about its depths."""
    assert Validator({"type": "array"}).accepts(nest(10_000, []))
    assert Validator({"properties": {"a": True}}).problems({"a": nest(10_000)}) == ()


def test_too_deep() -> None:
    """A value too deep for its recursive schema is told as such."""
    (problem,) = Validator(define({"items": SELF, "type": "array"})).problems(nest(10_000, []))
    assert problem == ("$", "too deep, or too complex for its schema, to be checked")


def test_large_values_have_budget(engine: str) -> None:
    """A large value that is as it should be is not taken for a hostile one."""
    item = {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"a": TEXT, "b": TEXT}}]}
    value = [{"a": "x", "b": "y"} for _ in range(20_000)]
    assert Validator({"type": "array", "items": item}).accepts(value)


def test_long_names_pass_unevaluated(engine: str) -> None:
    """An object with a name too long to be matched is not refused for it."""
    rule = {"patternProperties": {"^x": TEXT}, "unevaluatedProperties": False}
    assert Validator(rule).accepts({"x" * 500: "a"})


def test_values_are_left_alone() -> None:
    """Checking changes nothing in the value."""
    value = {"a": [LONG, {"b": 10**4000}], "c": None}
    copied = {"a": [LONG, {"b": 10**4000}], "c": None}
    assert Validator({"type": "null"}).problems(value)
    assert value == copied
    assert type(value["a"]) is list


def test_threads_have_their_own_budget() -> None:
    """Validators may be used by many threads at once."""
    validator = Validator({"type": "array", "items": {"anyOf": [TEXT, {"type": "integer"}]}})
    value = [*range(2000), None]
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(len(validator.problems(value))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 4


def test_nothing_is_fetched(engine: str) -> None:
    """A reference that leads out of the schema is never followed."""
    validator = Validator({"$ref": "http://127.0.0.1:9/schema.json"})
    with pytest.raises(Exception, match="127.0.0.1|Unresolvable|retriev"):
        validator.accepts({})
