"""
Example calls: an operation's arguments with values that fit, written as Python that runs.

Values are the document's own examples, defaults and enums where it has some, else made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from mixdyn.body import takes_file
from mixdyn.errors import DocumentError, RequestValidationError
from mixdyn.media import is_binary, is_json
from mixdyn.names import to_identifier, to_snake
from mixdyn.operation import Argument, Operation
from mixdyn.plan import Plan
from mixdyn.redact import PLAIN
from mixdyn.sample import Sampler, Taste, examples_beside, media_examples
from mixdyn.shape import is_array, is_object
from mixdyn.word import to_singular

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


class Maker(NamedTuple):
    """An operation that makes a thing, and the property that tells the new thing's id."""

    operation: Operation
    attribute: str

    @property
    def variable(self) -> str:
        """What an example calls the thing: `session` of `POST /sessions`."""
        return to_identifier(_singular(self.operation.path))


class Example(NamedTuple):
    """The keywords of an example call; `made` are those that a thing made first has to give."""

    values: dict[str, Any]
    made: Mapping[str, str] = {}


def choose_values(plan: Plan) -> dict[str, Any]:
    """
    Give keywords with which an operation can be called: what is required, or else all there is.

    Where nothing passes the operation's own check, the first attempt is given.
    """
    sampler = Sampler()
    attempts = [_choose(plan.operation, sampler, taste) for taste in _TRIES]
    return next((values for values in attempts if _is_valid(plan, values)), attempts[0])


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
    """Write a JSON value as Python, over several lines where it is wide."""
    text = _quote(value) if isinstance(value, str) else repr(value)
    if len(text) <= width or not value:
        return text
    if is_object(value):
        inner = [f"{write_value(k)}: {write_value(v, width - 8)}" for k, v in value.items()]
        return "{\n" + "".join(f"    {_indent(item)},\n" for item in inner) + "}"
    if is_array(value):
        items = [write_value(item, width - 8) for item in value]
        return "[\n" + "".join(f"    {_indent(item)},\n" for item in items) + "]"
    return text


def find_makers(
    operation: Operation, others: Iterable[Operation], aliases: Mapping[str, str]
) -> dict[str, Maker]:
    """
    Find, for arguments that name a thing, the operation without such arguments that makes one.

    Args:
        operation: the operation to be called.
        others: those that may make things: `POST /sessions` for `/sessions/{id}`, and for a
            `sessionId` in the query.
        aliases: how other operations at the same place call an argument, in snake_case.
    """
    found: dict[str, Maker] = {}
    for maker in others:
        for argument in operation.arguments:
            attribute = _made_attribute(argument, operation, maker, aliases)
            if argument.required and attribute and argument.name not in found:
                found[argument.name] = Maker(maker, attribute)
    return found


def is_maker_of(path: str, method: str, operation: Operation, aliases: Mapping[str, str]) -> bool:
    """Tell, by path and method alone, whether an operation may make what another one names."""
    if method != "POST" or "{" in path or not path.strip("/"):
        return False
    return any(_names_thing_of(path, a, operation, aliases) for a in operation.arguments)


def split_path(argument: Argument, operation: Operation) -> str:
    """Give what stands before an argument in the path; it may be a collection."""
    return operation.path.partition(f"/{{{argument.wire}}}")[0]


def _quote(text: str) -> str:
    """Write text in double quotes where nothing in it has to be escaped."""
    is_plain = text.isprintable() and not {'"', "\\"} & set(text)
    return f'"{text}"' if is_plain else repr(text)


def _indent(text: str) -> str:
    return text.replace("\n", "\n    ")


def _names_thing_of(
    path: str, argument: Argument, operation: Operation, aliases: Mapping[str, str]
) -> bool:
    """Tell whether an argument names a thing of a collection: by the path, or by its own name."""
    if argument.location == "path" and split_path(argument, operation) == path.rstrip("/"):
        return True
    names = (to_snake(argument.wire), aliases.get(argument.name))
    return argument.location in ("path", "query") and f"{_singular(path)}_id" in names


def _singular(path: str) -> str:
    """Name one thing of the collection at a path."""
    return to_singular(to_snake(path.rstrip("/").rpartition("/")[2]))


def _made_attribute(
    argument: Argument, operation: Operation, maker: Operation, aliases: Mapping[str, str]
) -> str:
    """Name the property of what is made that the argument asks for, or nothing."""
    if not _names_thing_of(maker.path, argument, operation, aliases):
        return ""
    media = [m for response in maker.success for m in response.media if is_json(m.essence)]
    schema = media[0].schema if media else None
    declared = schema.core.properties if schema is not None else {}
    wanted = (argument.wire, "id", "uuid", "key", "name")
    return next((to_snake(name) for name in wanted if name in declared), "")


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
        return [_FILE] if schema is not None and is_binary(schema.items) else _FILE
    if schema is None:
        return argument.wire if argument.name.isascii() else "text"
    if PLAIN.is_secret(argument.wire):  # an example may be someone's real one
        taste = replace(taste, has_examples=False)
    for ready in _ready_values(argument, sampler, taste):
        return ready
    return sampler.sample(schema, argument.wire, taste, argument.wire)


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
