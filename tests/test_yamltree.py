"""
YAML 1.2's core schema, and the bounds of what is read.
"""

from __future__ import annotations

import json
import logging
import math
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mixdyn import yamltree
from mixdyn.errors import DocumentError
from mixdyn.yamltree import read

LOADERS = [yamltree._LOADER, yaml.SafeLoader]


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Each parser that PyYAML may have: libyaml's, and its own where that is missing."""
    monkeypatch.setattr(yamltree, "_LOADER", request.param)
    return request.param


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("12:30:45", "12:30:45"),
        ("2020-01-01", "2020-01-01"),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("=", "="),
        ("true", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("~", None),
        ("Null", None),
        ("", None),
        ("12", 12),
        ("+12", 12),
        ("-0", 0),
        ("08", 8),
        ("0o17", 15),
        ("0o18", "0o18"),
        ("0x1F", 31),
        ("-0x1", "-0x1"),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1.5e-3", -0.0015),
        ("1e3", 1000.0),
        ("1e999", math.inf),
        (".inf", math.inf),
        ("+.Inf", math.inf),
        ("-.INF", -math.inf),
        (".", "."),
        ("inf", "inf"),
        ("'12'", "12"),
        ('"true"', "true"),
        ('"\\u263a"', "☺"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ('!!int "12"', 12),
        ("!!float 3", 3.0),
        ("!!null ''", None),
        ("!!bool true", True),
        ("!!str", ""),
        ("|\n  x\n  y\n", "x\ny\n"),
        (">-\n  x\n  y\n", "x y"),
        ("! [1]", [1]),
        ("!!seq [a]", ["a"]),
        ("!!map {a: b}", {"a": "b"}),
    ],
)
def test_scalars(text: str, value: Any, loader: Any) -> None:
    """Scalars are what YAML 1.2's core schema says, and nothing of YAML 1.1."""
    found = read(f"value: {text}", "doc")["value"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number(text: str) -> None:
    """The core schema's `.nan` is the number that equals nothing."""
    assert math.isnan(read(f"[{text}]", "doc")[0])


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("200: a\n0x10: b", {"200": "a", "0x10": "b"}),
        ("true: a\nnull: b\n~: c\n1.50: d", {"true": "a", "null": "b", "~": "c", "1.50": "d"}),
        ("? a\n? b\n: 1", {"a": None, "b": 1}),
        ("? ''\n: 1", {"": 1}),
        ("!!int 1: a", {"1": "a"}),
        ("&k a: 1\nb: *k", {"a": 1, "b": "a"}),
        ("&k 0x10: *k", {"0x10": 16}),
        ("a: &x 0x10\n*x : 2", {"a": 16, "0x10": 2}),
        ("a: &x b\nc: [*x, *x]", {"a": "b", "c": ["b", "b"]}),
        ("a: &x 1\nb: *x\nc: &x 2\nd: *x", {"a": 1, "b": 1, "c": 2, "d": 2}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("{a: [1, {b: c}], d: {}}", {"a": [1, {"b": "c"}], "d": {}}),
        ("- a\n- - b", ["a", ["b"]]),
        ("%YAML 1.2\n---\na: 1\n...\n", {"a": 1}),
        ("%YAML 1.1\n---\na: no", {"a": "no"}),
        ("# only a comment", None),
        ("", None),
        ("just text", "just text"),
    ],
)
def test_trees(text: str, tree: Any, loader: Any) -> None:
    """Keys are their text; anchors stand for values, and for keys where they are text."""
    assert read(text, "doc") == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("<<: *m\nx: 2", {"x": 2, "y": 1}),
        ("x: 2\n<<: *m", {"x": 2, "y": 1}),
        ("<<: [{x: 9}, *m]\nz: 0", {"x": 9, "y": 1, "z": 0}),
        ("<<: *m\n<<: {x: 5, w: 6}", {"x": 1, "y": 1, "w": 6}),
        ("<<: []", {}),
        ("'<<': 1", {"<<": 1}),
        ("!!str <<: 1", {"<<": 1}),
    ],
)
def test_merge_keys(text: str, tree: Any) -> None:
    """A merge key adds what is missing: own keys first, then the sources in their order."""
    indented = text.replace("\n", "\n  ")
    assert read(f"base: &m {{x: 1, y: 1}}\nhere:\n  {indented}", "doc")["here"] == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c", "doc, line 1: not valid YAML: mapping values are not allowed"),
        ("a: 1\n\tb: 2", "doc, line 2: not valid YAML: found"),
        ("a: [1", "doc, line "),
        ("a: \x01", "doc: not valid YAML: unacceptable character"),
        ('a: "\ud800"', "doc: not valid YAML: "),
        ("a: 1\n---\nb: 2", "doc, line 2: a second document begins"),
        ("%YAML 2.0\n---\na: 1", "doc, line 1: not valid YAML: found incompatible"),
        ("a: !foo 1", "doc, line 1: 1 does not fit the tag !foo"),
        ("a: !!binary aGk=", "does not fit the tag tag:yaml.org,2002:binary"),
        ("a: !!int true", "true does not fit the tag tag:yaml.org,2002:int"),
        ("a: !!bool yes", "yes does not fit the tag"),
        ("!foo a: 1", "a does not fit the tag !foo"),
        ("a: !!set {b}", "the tag tag:yaml.org,2002:set is not of YAML's core schema"),
        ("a: !!seq {b: 1}", "or misplaced"),
        ("a:\n  ? [b]\n  : 1", "doc, line 2: a collection stands as a key"),
        ("? {a: b}\n: 1", "a collection stands as a key"),
        ("a: &x [1]\n*x : 1", "doc, line 2: a collection stands as a key"),
        ("a: *b", "the alias *b has no anchor"),
        ("a: &a [*a]", "the alias *a has no anchor, or stands inside its own"),
        ("<<: 3", "a merge key takes a mapping"),
        ("<<: [{a: 1}, 2]", "a merge key takes a mapping"),
        (f"a: {'9' * 5000}", "doc, line 1: a number of 5000 digits is too long"),
        (f"a: 0x{'f' * 5000}", "a number of 5002 digits is too long"),
    ],
)
def test_refused(text: str, message: str, loader: Any) -> None:
    """What is no YAML, or not of the core schema, is told with its line, in one short message."""
    with pytest.raises(DocumentError) as caught:
        read(text, "doc")
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400


def test_error_without_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that knows no line is told without one."""

    def fail(text: str, **options: Any) -> Any:
        raise yaml.MarkedYAMLError(problem="odd")

    monkeypatch.setattr(yaml, "parse", fail)
    with pytest.raises(DocumentError, match="^doc: not valid YAML: odd$"):
        read("a", "doc")


def test_duplicate_keys(caplog: pytest.LogCaptureFixture) -> None:
    """A key that stands twice is reported, a few times at most, and the later one counts."""
    with caplog.at_level(logging.WARNING, "mixdyn"):
        assert read("a: 1\nb: 2\na: 3", "doc") == {"a": 3, "b": 2}
        assert caplog.messages == ["doc, line 3: the key 'a' stands twice; the later one counts"]
        caplog.clear()
        read("a: 1\n" * 1000, "doc")
    assert len(caplog.messages) == 5


NINE = "a0: &a0 [x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
MERGES = "a0: &a0 {k0: x}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}], k{n}: x}}\n" for n in range(1, 12)
)
TALL = "a0: &a0 x\n" + "".join(f"a{n}: &a{n} {'[' * 50}*a{n - 1}{']' * 50}\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "nested deeper than 256"),
        ("{a: " * 100_000, "nested deeper than 256"),
        ("- " * 100_000 + "a", "nested deeper than 256"),
        (NINE, "nodes once aliases are expanded"),
        (MERGES, "nodes once aliases are expanded"),
        (TALL, "nested deeper than 256 levels, aliases expanded"),
        (f"a: &a {'x' * 10**6}\nb: [{'*a, ' * 2000}]", "nodes once aliases are expanded"),
        (f"a: &a {{{'x' * 1000}: 1}}\nb: [{'*a, ' * 10**6}]", "nodes once aliases are expanded"),
        (f"[{'a, ' * 10**5}]", "more than 50000 nodes"),
        ("{" + ", ".join(f"k{n}" for n in range(10**5)) + "}", "more than 50000 nodes"),
    ],
)
def test_bombs(text: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Depth, size and what aliases stand for are bounded, and found out quickly."""
    if "50000" in message:
        monkeypatch.setattr(yamltree, "MAX_NODES", 50_000)
    start = time.perf_counter()
    with pytest.raises(DocumentError, match=message):
        read(text, "doc")
    assert time.perf_counter() - start < 20


def test_many_merges_are_quick() -> None:
    """Merging many sources into a large mapping takes no square of time."""
    own = ", ".join(f"k{n}: 1" for n in range(5000))
    start = time.perf_counter()
    tree = read(f"a: &a {{x: 1}}\nb: {{<<: [{'*a, ' * 5000}], {own}}}", "doc")
    assert len(tree["b"]) == 5001
    assert time.perf_counter() - start < 10


TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=50)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TREES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda below: st.lists(below) | st.dictionaries(TEXTS, below),
)


@given(TREES)
def test_json_is_yaml(tree: Any) -> None:
    """A JSON text read as YAML gives the same tree: YAML 1.2 is a superset."""
    assert read(json.dumps({"tree": tree}), "doc") == {"tree": tree}


@given(TREES)
def test_tagged_yaml(tree: Any) -> None:
    """What PyYAML writes with a tag for each value that is no text is read as it was."""
    assert read(yaml.safe_dump({"tree": tree}, default_style='"'), "doc") == {"tree": tree}
