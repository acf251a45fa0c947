"""
Example calls: an operation's arguments with values that fit, written as Python that runs.

Values are the document's own examples, defaults and enums where it has some, else made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

from mixdyn.body import takes_file
from mixdyn.errors import DocumentError, RequestValidationError
from mixdyn.media import is_binary_list
from mixdyn.operation import Argument, Operation
from mixdyn.plan import Plan
from mixdyn.redact import PLAIN
from mixdyn.sample import Sampler, Taste, examples_beside, media_examples
from mixdyn.shape import as_object, is_array, is_object

_NOW = 1_735_689_600.0  # 2025-01-01, so that an example is the same every day
_WIDTH = 72
_LONGEST = 600  # characters of a value that is taken from the document
_SERVER = "http://localhost"
_FILE = b"Hello"
_TRIES = (
    Taste(_NOW, is_lean=True, direction="request"),
    Taste(_NOW, is_lean=True, has_examples=False, direction="request"),
    Taste(_NOW, direction="request"),
)


class Example(NamedTuple):
    """The keywords of an example call; `made` are those that a thing made first has to give."""

    values: dict[str, Any]
    made: Mapping[str, str] = {}


def choose_values(plan: Plan) -> dict[str, Any]:
    """
    Give keywords with which an operation can be called: what is required, or else all there is.

    Where nothing passes the operation's own check, the first attempt is given.
    """
    attempts = _attempts(plan.operation, Sampler())
    first = next(attempts)
    return next((v for v in chain([first], attempts) if _is_valid(plan, v)), first)


def write_call(call: str, example: Example, *, is_stream: bool = False) -> str:
    """Write an example call as Python; of a stream, with the loop that reads it."""
    arguments = [
        f"{name}={example.made.get(name) or write_value(value, _WIDTH - len(name) - 6)}"
        for name, value in example.values.items()
    ]
    line = f"{call}({', '.join(arguments)})"
    if len(line) > _WIDTH or "\n" in line:
        inner = "".join(f"    {_indent(argument)},\n" for argument in arguments)
        line = f"{call}(\n{inner})"
    if not is_stream:
        return line
    return f"with {line} as events:\n    for event in events:\n        print(event)\n        break"


def write_value(value: Any, width: int = _WIDTH) -> str:
    """Write a JSON value, or bytes, as Python; over several lines where it is wide."""
    text = _write_flat(value)
    if len(text) <= width or not value:
        return text
    if is_object(value):
        inner = [f"{_write_flat(k)}: {write_value(v, width - 8)}" for k, v in value.items()]
        return "{\n" + "".join(f"    {_indent(item)},\n" for item in inner) + "}"
    if is_array(value):
        items = [write_value(item, width - 8) for item in value]
        return "[\n" + "".join(f"    {_indent(item)},\n" for item in items) + "]"
    return text


def _write_flat(value: Any) -> str:
    """Write a value on one line."""
    if isinstance(value, (str, bytes)):
        return _quote(value)
    if is_object(value):
        pairs = (f"{_write_flat(k)}: {_write_flat(v)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    return f"[{', '.join(map(_write_flat, value))}]" if is_array(value) else repr(value)


def choose_value(argument: Argument, operation: Operation) -> Any:
    """Give a value for one argument."""
    return _make_value(argument, operation, Sampler(), _TRIES[0])


def _quote(text: str | bytes) -> str:
    """Write text or bytes in double quotes where nothing in them has to be escaped."""
    written = repr(text)
    has_quotes = '"' in written or "\\" in written
    return written if has_quotes else written.replace("'", '"')


def _indent(text: str) -> str:
    return text.replace("\n", "\n    ")


def _attempts(operation: Operation, sampler: Sampler) -> Iterator[dict[str, Any]]:
    for taste in _TRIES:
        yield _choose(operation, sampler, taste)
    yield _choose_whole(operation, sampler)


def _choose(operation: Operation, sampler: Sampler, taste: Taste) -> dict[str, Any]:
    """Choose values for what is required, or for all arguments where the taste is not lean."""
    whole: Mapping[str, Any] = _body_example(operation, sampler) if taste.has_examples else {}
    return {
        argument.name: whole[argument.wire]
        if argument.location == "body" and argument.wire in whole
        else _make_value(argument, operation, sampler, taste)
        for argument in operation.arguments
        if argument.required or not taste.is_lean
    }


def _choose_whole(operation: Operation, sampler: Sampler) -> dict[str, Any]:
    """Choose what is required, and make the body as a whole: its properties may be conditions."""
    values = _choose(operation, sampler, _TRIES[1])
    media = operation.body.preferred if operation.body is not None else None
    if media is None or media.schema is None:
        return values
    made = as_object(sampler.sample(media.schema, "body", _TRIES[1]))
    inside = (a for a in operation.arguments if a.location == "body" and a.wire in made)
    return values | {a.name: made[a.wire] for a in inside}


def _body_example(operation: Operation, sampler: Sampler) -> Mapping[str, Any]:
    """Give the document's example of the body, where it is an object that fits and is short."""
    media = operation.body.preferred if operation.body is not None else None
    if media is None or media.schema is None:
        return {}
    accepts = sampler.validator(media.schema, "request").accepts
    for example in media_examples(media):
        if is_object(example) and len(repr(example)) <= _LONGEST and accepts(example):
            return {k: v for k, v in example.items() if not PLAIN.is_secret(str(k))}
    return {}


def _make_value(argument: Argument, operation: Operation, sampler: Sampler, taste: Taste) -> Any:
    schema = argument.schema
    body = operation.body
    if (
        body is not None
        and "body" in argument.location
        and takes_file(argument, body.preferred, "")
    ):
        return [_FILE] if is_binary_list(schema) else _FILE
    if schema is None:
        return argument.wire if argument.name.isascii() else "text"
    if PLAIN.is_secret(argument.wire):  # an example may be someone's real one
        taste = replace(taste, has_examples=False)
    for ready in _ready_values(argument, sampler, taste):
        return ready
    value = sampler.sample(schema, argument.wire, taste, argument.wire)
    if "body" not in argument.location and value in ([], {}):
        # Nothing of an empty list is sent, so that it would be missing.
        return sampler.sample(schema, argument.wire, replace(taste, is_lean=False), argument.wire)
    return value


def _ready_values(argument: Argument, sampler: Sampler, taste: Taste) -> Iterator[Any]:
    """Give the examples that stand beside the schema of a parameter or of the whole body."""
    if not taste.has_examples or argument.schema is None:
        return
    accepts = sampler.validator(argument.schema, "request").accepts
    for example in examples_beside(argument.schema):
        if example is not None and len(repr(example)) <= _LONGEST and accepts(example):
            yield example


def _is_valid(plan: Plan, values: Mapping[str, Any]) -> bool:
    """Tell whether a call with these values would be sent."""
    try:
        plan.builder.build(values, _SERVER, {}, report=_ignore)
    except (RequestValidationError, DocumentError):
        return False
    return True


def _ignore(_problems: object) -> None:
    """Nothing is reported where what does not fit is refused."""
