"""
Compiled validators over self-contained JSON schemas. jsonschema is the reference and decides what
is wrong; jsonschema-rs, where installed, may accept first.

Neither a pattern nor a schema nor an instance may hang or crash a call, whoever wrote it: `cost`
tells what the accelerator may be asked, and the reference has a budget of steps.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, cast

from mixdyn.cost import Growth, compile_pattern, is_shallow, pattern_steps
from mixdyn.errors import Problem, excerpt
from mixdyn.redact import MASK, PLAIN
from mixdyn.secretplace import SecretPlaces
from mixdyn.shape import is_array, is_object

_MAX_PROBLEMS = 20
_MIN_STEPS = 30_000
_STEPS_PER_NODE = 50
_PATTERN_STEPS = 30_000_000
_PATTERN_STEPS_ONCE = 2_000_000
_LONG_TEXT = 1_000
_LONG_INTEGER_BITS = 10_000
_LONG_NAME = 64
_PATH_LENGTH = 200
_SHORT = 120
_SCRUBBED = 500  # of a long text, what is searched for secrets before it is cut

_COUNTED = ("allOf", "anyOf", "oneOf", "$ref", "not", "if", "properties", "items", "contains")
# Of these the reference's message has what matters, and nothing but names.
_TOLD = ("required", "additionalProperties", "unevaluatedProperties", "dependentRequired")
_NAMING = ("additionalProperties", "unevaluatedProperties")  # messages that name keys
_NO_FORM = "fits none, or too many, of the allowed forms"
_MISFITS: dict[Any, str] = {
    "not": "has a form that is not allowed",
    "contains": "has no item of the wanted form",
}


class Validator:
    """Checks instances against one self-contained schema, compiled when first used."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._fast: Callable[[Any], bool] | None = None
        self._reference: Any = None
        self._secrets: SecretPlaces | None = None

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
        found: list[Problem] = []
        try:
            quiet, nodes = _quieten(instance)
            _budget.steps = _MIN_STEPS + nodes * _STEPS_PER_NODE
            _budget.pattern_steps = _PATTERN_STEPS
            for error in self._reference.iter_errors(quiet):
                found.append(self._describe(error))
                if len(found) == most:
                    break
        except (RecursionError, _BudgetSpentError):
            found.append(Problem("$", "too deep, or too complex for its schema, to be checked"))
        except (TypeError, ValueError, OverflowError) as error:
            found.append(Problem("$", f"cannot be checked as JSON: {excerpt(str(error))}"))
        return tuple(found)

    def _describe(self, error: Any) -> Problem:
        """Word a finding: never a whole document, never a secret."""
        if self._secrets is None:  # most validators never find anything
            self._secrets = SecretPlaces(self._schema)
        error = _most_telling(error)
        steps = list(error.absolute_path)
        if not self._secrets.covers(steps):
            return Problem(_write_path(steps), _word(error, _show_plain(error.instance)))
        path = _write_path(self._secrets.hide_keys(steps))
        if error.validator in _NAMING:
            return Problem(path, "holds a property that is not allowed")
        hides_numbers = self._secrets.hides_numbers(steps)
        return Problem(path, _word(error, _show_secret(error.instance, hides_numbers)))


class _BudgetSpentError(Exception):
    """Validation took more steps than any sensible schema needs."""


class _Budget(threading.local):
    steps = _MIN_STEPS
    pattern_steps: float = _PATTERN_STEPS


_budget = _Budget()


def _compile_fast(schema: Any) -> Callable[[Any], bool]:
    """Compile with the accelerator; without it, or where it refuses, accept nothing early."""
    try:
        import jsonschema_rs  # pyright: ignore[reportMissingImports]  # the extra `fast`
    except ImportError:
        return _accept_nothing
    try:
        accepts: Callable[[Any], bool] = jsonschema_rs.Draft202012Validator(schema).is_valid
        max_depth = Growth(schema).max_depth
    except (ValueError, TypeError, OverflowError, RecursionError):
        return _accept_nothing
    if max_depth is None:
        return accepts
    if max_depth == 0:
        return _accept_nothing
    return lambda instance: is_shallow(instance, max_depth) and accepts(instance)


def _accept_nothing(_instance: Any) -> bool:
    return False


@cache
def _reference_class() -> Any:
    """jsonschema's 2020-12 validator with bounded steps, and with rules that cannot take long."""
    from jsonschema import Draft202012Validator, validators

    extend: Any = getattr(validators, "extend")  # noqa: B009  # it has no types
    rules = Draft202012Validator.VALIDATORS
    own = {
        "additionalProperties": _check_additional,
        "multipleOf": _check_multiple,
        "pattern": _check_pattern,
        "patternProperties": _check_pattern_properties,
        "required": _check_required,
        "unevaluatedProperties": _check_unevaluated(rules["unevaluatedProperties"]),
        "uniqueItems": _check_unique,
    }
    counted = {keyword: _count(rules[keyword]) for keyword in _COUNTED}
    return extend(Draft202012Validator, {**own, **counted})


@cache
def _empty_registry() -> Any:
    """A registry that retrieves nothing: neither `http:` nor `file:` references are followed."""
    from referencing import Registry

    return cast("Any", Registry)()


class _QuietObject(dict[str, Any]):
    def __repr__(self) -> str:
        return "{…}"


class _QuietArray(list[Any]):
    def __repr__(self) -> str:
        return "[…]"


class _QuietText(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return repr(self[:_PATH_LENGTH])


class _QuietInteger(int):
    def __repr__(self) -> str:
        return f"an integer of {self.bit_length()} bits"


def _quieten(instance: Any) -> tuple[Any, int]:
    """
    Copy an instance into values that show themselves in short, and count its nodes.

    The reference puts each value it finds fault with into a message, in full: without this, an
    array of many megabytes would be written once for each branch of a union that it does not fit.
    """
    top = _QuietArray([instance])
    nodes = 0
    waiting: list[Any] = [top]
    while waiting:
        node = waiting.pop()
        nodes += len(node)
        for key, value in node.items() if hasattr(node, "items") else enumerate(node):
            quiet = _quieten_one(value)
            if quiet is not value:
                node[key] = quiet
            if isinstance(quiet, (_QuietObject, _QuietArray)):
                waiting.append(quiet)
    return top[0], nodes


def _quieten_one(value: Any) -> Any:
    if is_object(value):
        return _QuietObject(value)
    if is_array(value):
        return _QuietArray(value)
    if isinstance(value, str):
        return _QuietText(value) if len(value) > _LONG_TEXT else value
    is_long = isinstance(value, int) and value.bit_length() > _LONG_INTEGER_BITS
    return _QuietInteger(value) if is_long else value


def _count(rule: Any) -> Any:
    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        _budget.steps -= 1
        if _budget.steps < 0:
            raise _BudgetSpentError
        yield from rule(validator, value, instance, schema) or ()

    return check


def _fail(message: str) -> Any:
    from jsonschema import ValidationError

    return ValidationError(message)


def _matches(pattern: str, text: str) -> bool | None:
    """Search within bounds: None for a text for which the pattern may take too long."""
    steps = pattern_steps(pattern, len(text))
    compiled = compile_pattern(pattern)
    if compiled is None or steps > min(_PATTERN_STEPS_ONCE, _budget.pattern_steps):
        return None
    _budget.pattern_steps -= steps
    return compiled.search(text) is not None


def _check_pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Any]:
    if isinstance(instance, str) and _matches(pattern, instance) is False:
        yield _fail("does not match")


def _check_pattern_properties(
    validator: Any, rules: Any, instance: Any, _schema: Any
) -> Iterator[Any]:
    pairs = instance.items() if is_object(instance) else ()
    for pattern, rule in rules.items():
        for name, value in pairs:
            if _matches(pattern, name):
                yield from validator.descend(value, rule, path=name, schema_path=pattern)


def _check_additional(validator: Any, rule: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """Leave out a name that may take too long to be matched: it may be one of the patterns'."""
    patterns, declared = schema.get("patternProperties", ()), schema.get("properties", ())
    for name in instance if is_object(instance) else ():
        if name in declared or any(_matches(p, name) is not False for p in patterns):
            continue
        if rule is False:
            yield _fail(f"{excerpt(name, 80)!r} is not allowed")
        elif rule is not True:
            yield from validator.descend(instance[name], rule, path=name)


def _check_multiple(validator: Any, factor: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    """Divide as the text reads: 19.99 is a multiple of 0.01, whatever binary makes of it."""
    if validator.is_type(instance, "number") and _fraction(instance) % _fraction(factor):
        yield _fail("is no multiple")


def _fraction(number: Any) -> Any:
    from fractions import Fraction

    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def _check_required(_validator: Any, names: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    if is_object(instance):
        yield from (_fail(f"{excerpt(n, 80)!r} is missing") for n in names if n not in instance)


def _check_unevaluated(rule: Any) -> Any:
    """Leave out objects with long names: the reference matches them against patterns unbounded."""

    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if is_object(instance) and all(len(name) <= _LONG_NAME for name in instance):
            yield from rule(validator, value, instance, schema)

    return check


def _check_unique(_validator: Any, _unique: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    """Compare by hash: the reference's own rule takes the square of the number of items."""
    if is_array(instance) and len(set(map(_freeze, instance))) < len(instance):
        yield _fail("has items twice")


def _freeze(value: Any) -> Any:
    """Give something hashable, equal for equal JSON values: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, bool):
        return ("boolean", value)
    if is_object(value):
        return frozenset((name, _freeze(item)) for name, item in value.items())
    return tuple(map(_freeze, value)) if is_array(value) else value


def _word(error: Any, found: str) -> str:
    """Word what was expected and what was found."""
    if error.validator in _TOLD:
        return excerpt(error.message)
    if error.validator is None:  # of a schema `false` the reference does not tell the place
        return "holds a value that is not allowed"
    if error.validator in ("anyOf", "oneOf", "not", "contains"):
        return f"{found} {_MISFITS.get(error.validator, _NO_FORM)}"
    rule = error.validator_value
    wanted = excerpt(rule, _SHORT) if is_array(rule) else _show(rule)
    return f"expected {error.validator} {wanted}, got {found}"


def _most_telling(error: Any) -> Any:
    """Of a union's findings, take the one deepest inside the branch that fits best."""
    while error.context:
        error = max(error.context, key=lambda e: (len(e.path), e.validator != "type"))
    return error


def _write_path(steps: Iterable[Any]) -> str:
    """Write where a value stands as `$.items[3].id`; of a long path, the end."""
    path = "$" + "".join(map(_write_step, steps))
    return path if len(path) <= _PATH_LENGTH else "…" + path[-_PATH_LENGTH:]


def _write_step(step: Any) -> str:
    if isinstance(step, str):
        return f".{step}" if step.isidentifier() else f"[{excerpt(step, 60)!r}]"
    return f"[{step}]"


def _show_secret(value: Any, hides_numbers: bool) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return MASK if isinstance(value, str) or (is_number and hides_numbers) else _show(value)


def _show_plain(value: Any) -> str:
    return _show(PLAIN.text(value[:_SCRUBBED]) if isinstance(value, str) else value)


def _show(value: Any) -> str:
    if is_object(value):
        return f"an object of {len(value)} properties"
    if is_array(value):
        return f"an array of {len(value)} items"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str) and not (value.isidentifier() and len(value) <= _SHORT):
        return excerpt(repr(value[:_SHORT]), _SHORT)
    return excerpt(value, _SHORT)
