"""
From text to the value that a schema asks for; and which values it lists, as one types them.

Text becomes another value where that is plain; all else the core judges. Knows no operation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from mixdyn.normalform import normalize
from mixdyn.schema import Schema
from mixdyn.validation import Validator

_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]{0,3999})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,400})(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?")
_WORDS = {"true": True, "false": False}
_KINDS = {
    "bool": "boolean",
    "dict": "object",
    "float": "number",
    "int": "integer",
    "list": "array",
    "str": "string",
}


def convert(text: str, schema: Schema | None) -> Any:
    """
    Give text as the value that a schema asks for; text that is none of that stays text.

    What may be text is text, unless the schema refuses that text and takes what it reads like.
    """
    if schema is None:
        return text
    kinds = _find_kinds(schema)
    readings = _read(text, schema, kinds)
    if not kinds:
        return text
    if "string" not in kinds:
        return next(readings, text)
    others = list(readings)
    if not others:
        return text
    accepts = Validator(normalize(schema, "request")).accepts
    return next((value for value in (text, *others) if accepts(value)), text)


def list_values(schema: Schema | None) -> list[str]:
    """Give the values that a schema, or that of a list's items, lists: text as it is, else JSON."""
    if schema is None:
        return []
    items = next((leaf.items for leaf in schema.core.leaves if leaf.items is not None), None)
    values = _listed(schema) or (_listed(items) if items is not None else [])
    if any("boolean" in leaf.types for leaf in schema.core.leaves):
        values += [True, False]
    return list(dict.fromkeys(v if isinstance(v, str) else _write(v) for v in values))


def _listed(schema: Schema) -> list[Any]:
    """Give the values of an enumeration, of all alternatives, and null where it may be."""
    core = schema.core
    values = list(core.enum or (value for leaf in core.leaves for value in leaf.enum))
    return [*values, None] if values and _is_nullable(schema) else values


def _write(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _find_kinds(schema: Schema) -> list[str]:
    """Give the types that a value may have; those of listed values where none is named."""
    core = schema.core
    named = [kind for leaf in core.leaves for kind in leaf.types]
    return named or [_KINDS.get(type(value).__name__, "null") for value in _listed(schema)]


def _read(text: str, schema: Schema, kinds: list[str]) -> Iterator[Any]:
    """Give what text may mean besides text, the likeliest first."""
    for kind, is_fit in _FORMS.items():
        if kind in kinds and is_fit(text):
            yield _load(text)
    if "array" in kinds and not text.startswith("["):
        leaves = schema.core.leaves
        items = next((leaf.items for leaf in leaves if leaf.items is not None), None)
        yield [convert(item, items) for item in text.split(",")] if text else []
    if text == "null" and _is_nullable(schema):
        yield None


def _is_nullable(schema: Schema) -> bool:
    return schema.is_nullable or schema.core.is_nullable


def _load(text: str) -> Any:
    return _WORDS[text.lower()] if text.lower() in _WORDS else json.loads(text.strip().lstrip("+"))


def _is_integer(text: str) -> bool:
    return _INTEGER.fullmatch(text.strip()) is not None


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text.strip()) is not None


def _is_boolean(text: str) -> bool:
    return text.lower() in _WORDS


def _is_json_of(mark: str) -> Any:
    def check(text: str) -> bool:
        try:
            return text.lstrip().startswith(mark) and json.loads(text) is not None
        except (ValueError, RecursionError):
            return False

    return check


_FORMS = {
    "integer": _is_integer,
    "number": _is_number,
    "boolean": _is_boolean,
    "array": _is_json_of("["),
    "object": _is_json_of("{"),
}
