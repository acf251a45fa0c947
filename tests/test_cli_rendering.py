"""Results as text: JSON, lines, tables and YAML, safe for terminals whatever a server sends."""

from __future__ import annotations

import json
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest
import yaml

from mixdyn.terminal import measure
from mixdyn.tools.cli.rendering import align, cut, render, render_json, render_line
from mixdyn.tools.cli.verdict import UsageError

HOSTILE = "a\x1b[31m\x7f\x9b\u202e\u2066é\U000e0001\t\u2028\ud800日本"


def write(value: Any, form: str = "json", width: int | None = None) -> str:
    """Write a value without colours."""
    return render(value, form, width=width, colour=False)


def test_json_is_compact_in_a_pipe_and_indented_on_a_terminal() -> None:
    """Programs get one line, people get indented lines; the value is the same."""
    value = {"a": [1, None], "b": "é"}
    assert write(value) == '{"a":[1,null],"b":"é"}'
    assert write(value, width=80) == json.dumps(value, indent=2, ensure_ascii=False)


@pytest.mark.parametrize("form", ["json", "jsonl", "table", "yaml"])
@pytest.mark.parametrize("width", [None, 80])
def test_nothing_reaches_a_terminal_unescaped(form: str, width: int | None) -> None:
    """Control and bidirectional characters come out as escapes, in keys and values."""
    value = [{HOSTILE: HOSTILE, "x": [HOSTILE]}, HOSTILE]
    for shown in (write(value, form, width), write(value[0], form, width), write(HOSTILE, form)):
        assert all(char.isprintable() or char == "\n" for char in shown)


def test_escaped_json_is_the_same_value() -> None:
    """Escapes are JSON's own, so that programs read what was sent."""
    assert json.loads(write(HOSTILE)) == HOSTILE
    assert "é" in write(HOSTILE)
    assert "日本" in write(HOSTILE)


def test_json_colours_tokens_and_nothing_else() -> None:
    """Taken without its colours, coloured JSON is JSON."""
    import re

    value = {"k": 'a "1" null: true', "n": [-1.5e9, True, None]}
    text = render_json(value, colour=True)
    assert '\x1b[34m"k"\x1b[0m:' in text
    assert "\x1b[36m-1500000000.0\x1b[0m" in text
    assert "\x1b[35mnull\x1b[0m" in text
    assert json.loads(re.sub(r"\x1b\[\d*m", "", text)) == value


def test_values_are_written_as_they_came() -> None:
    """Views give their JSON, dates their text."""

    class View:
        def to_dict(self) -> dict[str, Any]:
            return {"createdAt": "x"}

    value = MappingProxyType({"v": [View(), date(2026, 1, 2)]})
    assert write(value) == '{"v":[{"createdAt":"x"},"2026-01-02"]}'


def test_jsonl_is_one_line_for_each_item() -> None:
    """A list is written item by item, anything else as one line."""
    assert write([{"a": 1}, 2], "jsonl", 80) == '{"a":1}\n2'
    assert write({"a": 1}, "jsonl", 80) == '{"a":1}'


def test_tables_have_a_column_for_each_key() -> None:
    """Objects are rows; what one of them lacks is empty; deep values are JSON."""
    rows = [{"id": 1, "name": "a\nb"}, {"id": 22, "deep": {"x": [1]}}, "odd"]
    assert write(rows, "table").splitlines() == [
        "id   name  deep",
        "1    a\\nb",
        '22         {"x":[1]}',
        "odd",
    ]


def test_titles_of_tables_are_bold_where_colours_are_wanted() -> None:
    """The names of columns stand out on a terminal; no value is coloured, and none moved."""
    rows = [{"id": 1, "name": "[bold]x[/bold] :smile: https://example.org"}]
    plain = write(rows, "table", 80).splitlines()
    bold = render(rows, "table", width=80, colour=True).splitlines()
    assert bold == [f"\x1b[1m{plain[0]}\x1b[0m", plain[1]]
    assert render(rows[0], "table", width=80, colour=True) == write(rows[0], "table", 80)


def test_tables_keep_every_column_and_a_line_for_each_row() -> None:
    """Where there are many columns each keeps some of its text: none is lost."""
    rows = [{f"column{n}": f"value {n}" for n in range(13)}] * 3
    lines = write(rows, "table", 90).splitlines()
    assert len(lines) == 4
    assert all(line.count("  ") == 12 for line in lines)
    assert all(measure(line) <= 90 for line in lines)


def test_tables_of_many_columns_on_a_narrow_terminal() -> None:
    """Where columns have no room beside each other, each row has a line for each of them."""
    rows = [{f"column{n}": "日本" * 20 for n in range(9)}, "x" * 99]
    blocks = write(rows, "table", 40).split("\n\n")
    assert [len(block.splitlines()) for block in blocks] == [9, 1]
    assert blocks[0].startswith("column0  日本")
    assert all(measure(line) <= 40 for block in blocks for line in block.splitlines())


def test_tables_of_other_values() -> None:
    """An object is a row for each key; scalars and lists of them are lines."""
    assert write({"a": 1, "long": None}, "table") == "a     1\nlong  null"
    assert write({}, "table") == ""
    assert write([], "table") == ""
    assert write(["x", 1], "table") == "x\n1"
    assert write("x", "table") == "x"


def test_tables_fit_the_terminal() -> None:
    """The widest columns give way; no line is wider than the terminal."""
    shown = write([{"id": 1, "text": "x" * 5000, "more": "日" * 50}], "table", 40)
    assert all(measure(line) <= 40 for line in shown.splitlines())
    assert "…" in shown
    assert align([["abcdef"] * 20], 10) == ["abc…  abc…"]


def test_lines_are_measured_in_columns() -> None:
    """Wide characters take two columns, combining ones none."""
    assert (measure("ab"), measure("日本"), measure("e\u0301")) == (2, 4, 1)
    assert cut("日本日本", 5) == "日本…"
    assert cut("abc", 3) == "abc"
    assert cut("abc", 1) == "…"


def test_yaml_reads_back() -> None:
    """YAML keeps the order and the values."""
    value = {"b": ["x", None, "no"], "a": HOSTILE.replace("\ud800", "")}
    assert yaml.safe_load(write(value, "yaml")) == value
    assert write("x", "yaml") == "x"


def test_events_are_lines() -> None:
    """An event is one line of JSON, a row, or a YAML document."""
    event = {"event": "tick", "data": {"n": 1}}
    assert render_line(event, "json", width=None, colour=False) == '{"event":"tick","data":{"n":1}}'
    table = render_line(event, "table", width=29, colour=False)
    assert table.split() == ["tick", '{"n…']
    assert render_line(event, "yaml", width=None, colour=False).startswith("---\nevent: tick\n")
    assert render_line({"n": 1}, "table", width=None, colour=False) == '{"n":1}'
    assert render_line(7, "table", width=None, colour=False) == "7"


def test_bottomless_values_are_refused() -> None:
    """What is nested too deeply to be written is one error."""
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(UsageError, match="nested too deeply"):
        write(deep)
    while deep:  # one by one: letting go of it all at once goes as deep
        deep = deep.pop()
