"""
Where values stand in the text of a document: lines and columns by JSON pointers.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn.document import escape_pointer
from mixdyn.position import find_positions

JSON = '\ufeff {\n "a": [1, {"b": 2},\n  3],\n "a/b": {}, "~": [], "a": [4,\n5]}\n'
YAML = """\
a: &here
  - 1
  - b: 2
base: &base {x: 1, y: 1}
other: &other {y: 2, z: 2}
one:
  <<: *base
  q: 1
two:
  <<: [*base, *other]
  x: 3
again: *here
? k
: v
"""


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("", (1, 2)),
        ("/a~1b", (4, 2)),
        ("/~0", (4, 13)),
        ("/a", (4, 22)),  # of a key that stands twice the later one counts
        ("/a/0", (4, 28)),
        ("/a/1", (5, 1)),
        ("/a/7", (4, 22)),  # not there: what is around it
        ("/none/x", (1, 2)),
        ("/a~1b/x", (4, 2)),
    ],
)
def test_json_places(pointer: str, place: tuple[int, int]) -> None:
    """Members are where their keys begin, items where they begin themselves."""
    for content in (JSON, JSON.encode(), JSON.encode("utf-16")):
        assert find_positions(content, [pointer]) == {pointer: place}


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("", (1, 1)),
        ("/a", (1, 1)),
        ("/a/1/b", (3, 5)),
        ("/a/9", (1, 1)),
        ("/a/0/x", (2, 5)),
        ("/one/x", (4, 14)),  # by a merge key
        ("/two/x", (11, 3)),  # its own, though the merge key has it as well
        ("/two/y", (4, 20)),  # of several sources the first one's
        ("/two/z", (5, 22)),
        ("/again/1/b", (3, 5)),
        ("/k", (13, 3)),
    ],
)
def test_yaml_places(pointer: str, place: tuple[int, int]) -> None:
    """Aliases and merge keys lead to where the value is written."""
    assert find_positions(YAML, [pointer]) == {pointer: place}


@pytest.mark.parametrize("text", ["", "a: [", "a: &x 1\nb: &x 2\n", "{", '{"a": ', '{"a": [1,'])
def test_nothing_is_found_in_what_cannot_be_read(text: str) -> None:
    """A text that has changed since it was read has no places, and raises nothing."""
    found = find_positions(text, ["/a/0"])
    assert found == {} or text.startswith("a: &x")


VALUES: Any = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


def list_pointers(value: Any, pointer: str = "") -> list[str]:
    """Give the pointers to all that is in a value."""
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, list) else ())
    )
    below = [list_pointers(v, f"{pointer}/{escape_pointer(str(k))}") for k, v in pairs]
    return [pointer, *(p for pointers in below for p in pointers)]


@given(st.dictionaries(st.text(max_size=3), VALUES), st.sampled_from([None, 1]))
def test_places_are_right(value: dict[str, Any], indent: int | None) -> None:
    """Whatever the JSON, what begins at a place is the key, or the item, that was asked for."""
    text = json.dumps(value, indent=indent)
    lines = text.split("\n")
    for pointer, (line, column) in find_positions(text, list_pointers(value)).items():
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        found, _ = json.JSONDecoder().raw_decode(rest)
        target: Any = value
        step = ""
        parent: Any = None
        for raw in pointer.split("/")[1:]:
            step, parent = raw.replace("~1", "/").replace("~0", "~"), target
            target = target[step] if isinstance(target, dict) else target[int(step)]
        assert found == (step if isinstance(parent, dict) else target)
