"""
From the text of a request to the values of its parameters, by `style` and `explode`.

The counterpart of the core's `params`. Lenient in form, since the schema judges the value; pure.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mixdyn.errors import Problem
from mixdyn.media import is_json
from mixdyn.operation import Operation, Parameter
from mixdyn.sample import Sampler
from mixdyn.schema import Schema
from mixdyn.shape import is_array, is_object
from mixdyn.tools.mock.refusal import refuse_problems
from mixdyn.tools.mock.route import decode

_INTEGER = re.compile(r"-?\d{1,400}")
_NUMBER = re.compile(r"-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?")
_DELIMITERS = {"spaceDelimited": re.compile(r"%20|\+| "), "pipeDelimited": re.compile(r"\||%7[Cc]")}
_COMMA, _DOT = re.compile(","), re.compile(r"\.")

_DEEPEST = 20

MISSING = object()


class Pair(NamedTuple):
    """One `name=value` of a query, form or cookie; the value as it came, still encoded."""

    name: str
    raw: str


class Source(NamedTuple):
    """Where a request's parameters stand: raw path values, the query, headers in lower case."""

    path: Mapping[str, str]
    query: str
    headers: Mapping[str, str]


def read_parameters(
    sampler: Sampler, operation: Operation, source: Source
) -> dict[tuple[str, str], Any]:
    """
    Give the values of all parameters that the request has, by location and name.

    Raises RefusedError that names all which are missing or do not fit.
    """
    pairs = {
        "query": parse_pairs(source.query),
        "cookie": parse_pairs(source.headers.get("cookie", ""), ";"),
    }
    values: dict[tuple[str, str], Any] = {}
    problems: list[Problem] = []
    for parameter in operation.parameters:
        where = f"{parameter.location} parameter {parameter.name}"
        value = _read(parameter, source, pairs)
        if value is MISSING:
            problems += [Problem(where, "is missing")] if parameter.required else []
            continue
        values[parameter.location, parameter.name] = value
        validator = sampler.validator(parameter.schema, "request") if parameter.schema else None
        if validator is not None and not validator.accepts(value):
            found = validator.problems(value)
            problems += [Problem(p.path.replace("$", where, 1), p.message) for p in found]
    if problems:
        raise refuse_problems("the parameters do not fit:", problems)
    return values


def _read(parameter: Parameter, source: Source, pairs: Mapping[str, list[Pair]]) -> Any:
    if parameter.location == "path":
        raw = source.path.get(parameter.name)
        return MISSING if raw is None else read_path(parameter, raw)
    if parameter.location == "header":
        text = source.headers.get(parameter.name.lower())
        return MISSING if text is None else read_header(parameter, text)
    if parameter.location == "querystring":
        return _read_querystring(parameter, source.query)
    return read_query(parameter, pairs[parameter.location])


def _read_querystring(parameter: Parameter, query: str) -> Any:
    """Read the whole query as one value (OpenAPI 3.2): a form where its `content` is not JSON."""
    if not query:
        return MISSING
    if is_json((parameter.content_type or "").partition(";")[0].strip().lower()):
        return _read_content(parameter, decode_form(query))
    texts = {pair.name: decode_form(pair.raw) for pair in parse_pairs(query)}
    return _object(parameter.schema, texts)


def parse_pairs(text: str, separator: str = "&") -> list[Pair]:
    """Split a query, a form or (by `;`) a cookie header; RefusedError for bytes not UTF-8."""
    pairs = (piece.strip().partition("=") for piece in text.split(separator) if piece.strip())
    return [Pair(decode_form(name), value) for name, _, value in pairs]


def read_path(parameter: Parameter, raw: str) -> Any:
    """Give the value of a path parameter from its text in the template's place."""
    if parameter.style == "matrix":
        return _read_matrix(parameter, raw)
    if parameter.style == "label":
        return _read_list(parameter, raw.removeprefix("."), _DOT if parameter.explode else _COMMA)
    return _read_list(parameter, raw, _COMMA)


def read_header(parameter: Parameter, text: str) -> Any:
    """Give the value of a header; it is not percent-encoded."""
    if parameter.content_type is not None:
        return _read_content(parameter, text)
    return _read_list(parameter, text.strip(), re.compile(r"\s*,\s*"), is_encoded=False)


def read_query(parameter: Parameter, pairs: list[Pair]) -> Any:
    """Give the value of a query, form or cookie parameter, or MISSING where it is not there."""
    kind = _kind(parameter.schema)
    if parameter.style == "deepObject":
        return _read_deep(parameter, pairs)
    if kind == "object" and parameter.explode and parameter.content_type is None:
        return _read_spread(parameter, pairs)
    found = [pair.raw for pair in pairs if pair.name == parameter.name]
    if not found:
        return MISSING
    if parameter.content_type is not None:
        return _read_content(parameter, decode_form(found[0]))
    if kind == "array" and (parameter.explode or len(found) > 1):
        items = _items(parameter.schema)
        return [coerce(items, decode_form(raw)) for raw in found]
    delimiter = _DELIMITERS.get(parameter.style, _COMMA)
    return _read_list(parameter, found[-1], delimiter, is_form=True)


def owned_names(parameter: Parameter, pairs: Iterable[Pair]) -> set[str]:
    """Give the names of the pairs that belong to a parameter."""
    prefix = f"{parameter.name}["
    names = {pair.name for pair in pairs}
    return {name for name in names if name == parameter.name or name.startswith(prefix)} | (
        names & _spread_names(parameter)
    )


def coerce(schema: Schema | None, text: str) -> Any:
    """Read text as the scalar that a schema wants; what cannot be read so stays text."""
    types = _types(schema) if schema is not None else frozenset[str]()
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    if types & {"integer", "number"} and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    if schema is not None and "string" not in types and schema.is_nullable and text in ("", "null"):
        return None
    return text


def _read_matrix(parameter: Parameter, raw: str) -> Any:
    """Read `;a=1`, `;a=1,2` or, exploded, `;a=1;a=2` and `;x=1;y=2` (RFC 6570, 3.2.7)."""
    pairs = parse_pairs(raw.removeprefix(";").replace("+", "%2B"), ";")
    kind = _kind(parameter.schema)
    if kind == "object" and parameter.explode:
        return _object(parameter.schema, {p.name: decode(p.raw) for p in pairs})
    found = [pair.raw for pair in pairs if pair.name == parameter.name]
    if kind == "array" and parameter.explode:
        return [coerce(_items(parameter.schema), decode(text)) for text in found]
    return _read_list(parameter, found[0] if found else "", _COMMA)


def _read_list(
    parameter: Parameter,
    raw: str,
    delimiter: re.Pattern[str],
    *,
    is_form: bool = False,
    is_encoded: bool = True,
) -> Any:
    """Read a scalar, or the delimited pieces of an array or object."""
    read = decode_form if is_form else decode if is_encoded else str
    schema, kind = parameter.schema, _kind(parameter.schema)
    if parameter.content_type is not None:
        return _read_content(parameter, read(raw))
    if kind not in ("array", "object"):
        return coerce(schema, read(raw))
    pieces = delimiter.split(raw) if raw else []
    if kind == "array":
        return [coerce(_items(schema), read(piece)) for piece in pieces]
    if parameter.explode:
        halves = (piece.partition("=") for piece in pieces)
        return _object(schema, {read(name): read(value) for name, _, value in halves})
    texts = [read(piece) for piece in pieces]
    return _object(schema, dict(zip(texts[::2], texts[1::2], strict=False)))


def _read_spread(parameter: Parameter, pairs: list[Pair]) -> Any:
    """Read an object whose properties are parameters of their own."""
    names = _spread_names(parameter)
    found = {pair.name: decode_form(pair.raw) for pair in pairs if pair.name in names}
    return _object(parameter.schema, found) if found else MISSING


def _spread_names(parameter: Parameter) -> set[str]:
    """Name the properties that stand beside each other instead of under the parameter's name."""
    is_spread = _kind(parameter.schema) == "object" and parameter.content_type is None
    is_spread = is_spread and parameter.explode and parameter.style == "form"
    schema = parameter.schema if is_spread else None
    return set(schema.core.properties) if schema is not None else set()


def _read_deep(parameter: Parameter, pairs: list[Pair]) -> Any:
    """Read `p[a]=1&p[b][c]=2`; a path given twice makes a list."""
    tree: dict[str, Any] = {}
    for pair in pairs:
        head, bracket, rest = pair.name.partition("[")
        steps = [step for step in rest.removesuffix("]").split("][") if step]
        if head == parameter.name and bracket and steps:
            _plant(tree, steps, decode_form(pair.raw))
    return _convert(parameter.schema, tree) if tree else MISSING


def _plant(tree: Any, steps: list[str], text: str) -> None:
    for step in steps[:-1][:_DEEPEST]:
        below = tree.setdefault(step, {})
        tree = below if is_object(below) else {}
    known = tree.get(steps[-1])
    tree[steps[-1]] = (
        text if known is None else [*known, text] if is_array(known) else [known, text]
    )


def _convert(schema: Schema | None, value: Any) -> Any:
    """Coerce all texts in a tree, each by its own schema."""
    schema = schema.core if schema is not None else None
    if is_object(value):
        declared = schema.properties if schema is not None else {}
        other = schema.additional if schema is not None else None
        return {name: _convert(declared.get(name, other), item) for name, item in value.items()}
    if is_array(value) or _kind(schema) == "array":
        items = value if is_array(value) else [value]
        return [_convert(_items(schema), item) for item in items]
    return coerce(schema, value)


def _object(schema: Schema | None, texts: Mapping[str, str]) -> Any:
    return _convert(schema, dict(texts))


def _read_content(parameter: Parameter, text: str) -> Any:
    """Read a parameter with `content`: JSON where it says so; what is no JSON stays text."""
    if not is_json((parameter.content_type or "").partition(";")[0].strip().lower()):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def decode_form(raw: str) -> str:
    """Decode a name or value of a form, where `+` is a space."""
    return decode(raw.replace("+", " "))


def _items(schema: Schema | None) -> Schema | None:
    return schema.core.items if schema is not None else None


def _kind(schema: Schema | None) -> str:
    types = schema.core.types if schema is not None else ()
    return next((kind for kind in ("array", "object") if kind in types), "")


def _types(schema: Schema) -> frozenset[str]:
    """The types that a value may have, in any branch."""
    found = set(schema.core.types)
    for branch in schema.core.branches:
        found.update(branch.core.types)
    return frozenset(found)
