"""
Compiled validators over self-contained JSON schemas. jsonschema is the reference and words every
finding; jsonschema-rs, where installed, may accept first.

Neither a pattern nor a schema may hang or crash a call, whoever wrote it: see `_is_explosive`,
`_MAX_STEPS` and `_is_risky`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from mixdyn.errors import Problem, excerpt
from mixdyn.redact import MASK, is_secret_name

_MAX_PROBLEMS = 20
_MAX_STEPS = 500_000
_MAX_EXPANSION = 1_000_000
_MAX_DEPTH = 16
_MAX_PATTERN_TEXT = 10_000
_MAX_RISKY_TEXT = 24

_IN_PLACE = ("allOf", "anyOf", "oneOf", "$ref", "not", "if", "then", "else", "dependentSchemas")


class Validator:
    """Checks instances against one self-contained schema, compiled when first used."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._fast: Callable[[Any], bool] | None = None
        self._reference: Any = None

    def accepts(self, instance: Any) -> bool:
        """Tell whether the instance fits."""
        if self._fast is None:
            self._fast = _compile_fast(self._schema)
        try:
            if self._fast(instance):
                return True
        except (ValueError, TypeError, OverflowError, RecursionError):
            pass  # what the accelerator cannot handle, the reference decides
        return not self._find(instance, 1)

    def problems(self, instance: Any) -> tuple[Problem, ...]:
        """List where and how the instance does not fit, at most twenty findings."""
        return self._find(instance, _MAX_PROBLEMS)

    def _find(self, instance: Any, most: int) -> tuple[Problem, ...]:
        if self._reference is None:
            self._reference = _reference_class()(self._schema, registry=_empty_registry())
        _budget.left = _MAX_STEPS
        found: list[Problem] = []
        try:
            for error in self._reference.iter_errors(instance):
                found.append(_describe(error))
                if len(found) == most:
                    break
        except (RecursionError, _BudgetSpentError):
            found.append(Problem("$", "too deep, or too complex for its schema, to be checked"))
        return tuple(found)


class _BudgetSpentError(Exception):
    """Validation took more steps than any sensible schema needs."""


class _Budget(threading.local):
    left = _MAX_STEPS


_budget = _Budget()


def _compile_fast(schema: Any) -> Callable[[Any], bool]:
    """Compile with the accelerator; without it, or where it refuses, accept nothing early."""
    try:
        import jsonschema_rs
    except ImportError:
        return _accept_nothing
    try:
        accepts: Callable[[Any], bool] = jsonschema_rs.Draft202012Validator(schema).is_valid
        is_explosive = _is_explosive(schema)
    except (ValueError, RecursionError):
        return _accept_nothing
    if not is_explosive:
        return accepts
    return lambda instance: _is_shallow(instance, _MAX_DEPTH) and accepts(instance)


def _accept_nothing(instance: Any) -> bool:
    return False


@cache
def _reference_class() -> Any:
    """jsonschema's 2020-12 validator with bounded patterns and bounded steps."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    rules = Draft202012Validator.VALIDATORS
    counted = {
        keyword: _count(rules[keyword]) for keyword in (*_IN_PLACE[:6], "properties", "items")
    }
    bounded = {"pattern": _check_pattern, "patternProperties": rules["patternProperties"]}
    return extend(Draft202012Validator, {**counted, **bounded})


@cache
def _empty_registry() -> Any:
    """A registry that retrieves nothing: neither `http:` nor `file:` references are followed."""
    from referencing import Registry

    return Registry()


def _count(rule: Any) -> Any:
    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        _budget.left -= 1
        if _budget.left < 0:
            raise _BudgetSpentError
        yield from rule(validator, value, instance, schema) or ()

    return check


def _check_pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    limit = _MAX_RISKY_TEXT if _is_risky(pattern) else _MAX_PATTERN_TEXT
    if isinstance(instance, str) and len(instance) <= limit and not re.search(pattern, instance):
        yield ValidationError(f"does not match {pattern!r}")


@lru_cache(maxsize=1024)
def _is_risky(pattern: str) -> bool:
    """
    Tell whether backtracking may explode: a repeated group that itself repeats or alternates.

    Escapes and character classes are taken out first, so that only structure is left to look at.
    """
    plain = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "x", pattern)
    inner: list[bool] = [False]
    for index, char in enumerate(plain):
        if char == "(":
            inner.append(False)
        elif char == ")" and len(inner) > 1:
            repeats = inner.pop()
            is_repeated = plain[index + 1 : index + 2] in ("*", "+", "{")
            if repeats and is_repeated:
                return True
            inner[-1] = inner[-1] or repeats or is_repeated
        elif char in "*+{|":
            inner[-1] = True
    return False


def _is_explosive(schema: Any) -> bool:
    """
    Tell whether checking may cost far more than the instance's size.

    True where the schema with all references expanded is huge, or where it is recursive and has
    alternatives: then each level of the instance may double the work.
    """
    definitions = schema.get("$defs", {}) if isinstance(schema, dict) else {}
    sizes: dict[str, int | None] = {}
    recursive = False

    def size(node: Any) -> int:
        nonlocal recursive
        if isinstance(node, list):
            return 1 + sum(map(size, node))
        if not isinstance(node, dict):
            return 1
        total = 1 + sum(size(v) for k, v in node.items() if k not in ("$ref", "enum", "const"))
        name = node.get("$ref")
        if isinstance(name, str):
            name = name.rpartition("/")[2]
            if name not in sizes:
                sizes[name] = None  # being measured: meeting it again means recursion
                sizes[name] = size(definitions.get(name))
            known = sizes[name]
            recursive = recursive or known is None
            total += known or 1
        return total

    root = {k: v for k, v in schema.items() if k != "$defs"} if isinstance(schema, dict) else schema
    expanded = size(root)
    has_choice = any(_has_choice(node) for node in (root, *definitions.values()))
    return expanded > _MAX_EXPANSION or (recursive and has_choice)


def _has_choice(node: Any) -> bool:
    if isinstance(node, dict):
        choices = (node.get(k) for k in ("anyOf", "oneOf", "allOf"))
        return any(isinstance(c, list) and len(c) > 1 for c in choices) or any(
            map(_has_choice, node.values())
        )
    return isinstance(node, list) and any(map(_has_choice, node))


def _is_shallow(value: Any, depth: int) -> bool:
    if isinstance(value, (dict, list)):
        children = value.values() if isinstance(value, dict) else value
        return depth > 0 and all(_is_shallow(child, depth - 1) for child in children)
    return True


def _describe(error: Any) -> Problem:
    """Word a finding: never a whole document, never a secret."""
    error = _most_telling(error)
    path = error.json_path
    is_secret = any(isinstance(p, str) and is_secret_name(p) for p in error.absolute_path)
    found = MASK if is_secret else _show(error.instance)
    if error.validator == "required":
        missing = next(n for n in error.validator_value if n not in error.instance)
        return Problem(path, f"{excerpt(missing)!r} is missing")
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        return Problem(path, excerpt(error.message))
    if error.validator in ("anyOf", "oneOf", "not", None):
        return Problem(path, f"{found} fits none, or too many, of the allowed forms")
    return Problem(path, f"expected {error.validator} {_show(error.validator_value)}, got {found}")


def _most_telling(error: Any) -> Any:
    """Of a union's findings, take the one deepest inside the branch that fits best."""
    while error.context:
        error = max(error.context, key=lambda e: (len(e.path), e.validator != "type"))
    return error


def _show(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"an object of {len(value)} properties"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return excerpt(value if isinstance(value, str) and value.isidentifier() else repr(value), 120)
