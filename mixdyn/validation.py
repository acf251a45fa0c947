"""
Compiled validators over self-contained JSON schemas. jsonschema is the reference and decides what
is wrong; jsonschema-rs, where installed, or else `acceptor`, may accept first.

Neither a pattern nor a schema nor an instance may hang or crash a call, whoever wrote it: `cost`
tells what the accelerator may be asked, and the reference has a budget of steps.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Any, cast

from mixdyn.acceptor import Check, compile_acceptor
from mixdyn.errors import Problem, excerpt
from mixdyn.misfit import Misfit, make_misfit, name_type, write_pointer
from mixdyn.redact import MASK, PLAIN
from mixdyn.shape import as_array, is_array, is_number, is_object

if TYPE_CHECKING:
    from mixdyn.secretplace import SecretPlaces

_MAX_PROBLEMS = 20
_MIN_STEPS = 30_000
_STEPS_PER_NODE = 50
_MAX_STEPS = 10_000_000  # and more only by the number of nodes
_PATTERN_STEPS = 30_000_000
_PATTERN_STEPS_ONCE = 2_000_000
_LONG_TEXT = 1_000
_LONG_INTEGER_BITS = 10_000
_LONG_NAME = 64
_PATH_LENGTH = 200
_SHORT = 120
_MANY_ITEMS = 64
_EXACT = 2**53  # beyond, not every integer is a float
_LIMITS = ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf")
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


# For the first few of a process: loading the accelerator takes longer than it then saves.
_few = repeat(True, 8)


class Validator:
    """Checks instances against one self-contained schema, compiled when first used."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self._fast: Check | None = None
        self._reference: Any = None
        self._size: int | None = None
        self._secrets: SecretPlaces | None = None

    def accepts(self, instance: Any) -> bool:
        """Tell whether the instance fits."""
        return self.accepts_early(instance) or not self._find(instance, 1)

    def check(self, instance: Any) -> tuple[Problem, ...]:
        """List how the instance does not fit: `problems`, in less time where it fits."""
        return () if self.accepts_early(instance) else self._find(instance, _MAX_PROBLEMS)

    def problems(self, instance: Any) -> tuple[Problem, ...]:
        """List where and how the instance does not fit, at most twenty findings."""
        return self._find(instance, _MAX_PROBLEMS)

    def accepts_early(self, instance: Any) -> bool:
        """Tell whether an opinion quicker than the reference's is that the instance fits."""
        if self._fast is None:
            is_short = not is_array(instance) or len(instance) < _MANY_ITEMS
            if is_short and next(_few, False) and _ask(compile_acceptor(self.schema), instance):
                return True
            self._fast = _compile_fast(self.schema) or compile_acceptor(self.schema)
        return _ask(self._fast, instance)

    def _find(self, instance: Any, most: int) -> tuple[Problem, ...]:
        if self._reference is None:
            self._reference = _reference_class()(self.schema, registry=_empty_registry())
        found: list[Problem] = []
        try:
            quiet, nodes = _quieten(instance)
            _budget.steps = self._count_steps(nodes)
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

    def _count_steps(self, nodes: int) -> int:
        """Give the steps that checking may take: a larger schema may take more for each node."""
        if self._size is None:
            from mixdyn.cost import find_size

            self._size = find_size(self.schema)
        more = min(nodes * self._size, _MAX_STEPS)
        return _MIN_STEPS + max(nodes * _STEPS_PER_NODE, more)

    def _describe(self, error: Any) -> Misfit:
        """Word a finding: never a whole document, never a secret."""
        if self._secrets is None:  # most validators never find anything
            from mixdyn.secretplace import SecretPlaces

            self._secrets = SecretPlaces(self.schema)
        error = _most_telling(error)
        steps = list(error.absolute_path)
        general = self._secrets.generalize(steps)
        member = getattr(error, "member", None)
        if not self._secrets.covers(steps):
            found = _show_plain(error.instance)
            place = general if member is None else [*general, member]
            return _make_misfit(error, _write_path(steps), place, found)
        hidden = self._secrets.hide_keys(steps)
        found = _show_secret(error.instance, self._secrets.hides_numbers(steps))
        return _make_misfit(error, _write_path(hidden), general, found, is_secret=True)


class _BudgetSpentError(Exception):
    """Validation took more steps than any sensible schema needs."""


class _Budget(threading.local):
    steps = _MIN_STEPS
    pattern_steps: float = _PATTERN_STEPS


_budget = _Budget()


def _compile_fast(schema: Any) -> Check | None:
    """Compile with the accelerator; None without it, and where it refuses or is not safe."""
    try:
        import jsonschema_rs  # pyright: ignore[reportMissingImports]  # the extra `fast`
    except ImportError:
        return None
    from mixdyn.cost import Growth, is_shallow

    if not _weighs_alike(schema):
        return None
    try:
        accepts: Check = jsonschema_rs.Draft202012Validator(schema).is_valid
        max_depth = Growth(schema).max_depth
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    if max_depth is None:
        return accepts
    if max_depth == 0:
        return None
    return lambda instance: is_shallow(instance, max_depth) and accepts(instance)


def _weighs_alike(schema: Any) -> bool:
    """
    Tell whether the accelerator decides about all numbers as the reference does.

    It lets infinities pass a limit that stands without a type, and takes large integers for floats.
    """
    waiting: list[Any] = [[schema]]
    while waiting:
        node = waiting.pop()
        if is_object(node):
            if "type" not in node and any(is_number(node.get(limit)) for limit in _LIMITS):
                return False
            named = (node.get("const"), *as_array(node.get("enum")))
            if any(is_number(value) and abs(value) > _EXACT for value in named):
                return False
            node = node.values()
        waiting += [rule for rule in node if isinstance(rule, (dict, list))]
    return True


def _ask(check: Check, instance: Any) -> bool:
    try:
        return check(instance)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return False  # what a quick check cannot handle, the reference decides


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


def _fail(message: str, member: str | None = None) -> Any:
    """Make the reference's own error; `member` is the property that it is about."""
    from jsonschema import ValidationError

    error: Any = ValidationError(message)
    error.member = member
    return error


def _matches(pattern: str, text: str) -> bool | None:
    """Search within bounds: None for a text for which the pattern may take too long."""
    from mixdyn.cost import pattern_steps
    from mixdyn.ecma import compile_pattern

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
            yield _fail(f"{excerpt(name, 80)!r} is not allowed", name)
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
        for name in names:
            if name not in instance:
                yield _fail(f"{excerpt(name, 80)!r} is missing", name)


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
    return ("array", *map(_freeze, value)) if is_array(value) else value


def _make_misfit(
    error: Any, path: str, place: list[str], found: str, *, is_secret: bool = False
) -> Misfit:
    """Say what was expected and what was found."""
    rule, value = error.validator, error.instance
    message, got = "", found
    if rule in _NAMING:
        expected, got = "no property of this name", "one"
        message = "holds a property that is not allowed" if is_secret else excerpt(error.message)
    elif rule in _TOLD:
        expected, got = "a value", "nothing"
        message = excerpt(error.message)
    elif rule is None:  # of a schema `false` the reference does not tell the place
        expected, message = "no value", "holds a value that is not allowed"
    elif rule in ("anyOf", "oneOf", "not", "contains"):
        expected = "another form"
        message = f"{found} {_MISFITS.get(rule, _NO_FORM)}"
    else:
        wanted = error.validator_value
        expected = f"{rule} {excerpt(wanted, _SHORT) if is_array(wanted) else _show(wanted)}"
        message = f"expected {expected}, got {found}"
    if got is found and isinstance(value, (str, int, float)) and not isinstance(value, bool):
        got = f"{name_type(value)} {found}"
    kind, pointer = str(rule or "false"), write_pointer(place)
    return make_misfit(path, message, kind=kind, pointer=pointer, expected=expected, got=got)


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
    is_hidden = isinstance(value, str) or (is_number(value) and hides_numbers)
    return MASK if is_hidden else _show(value)


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
