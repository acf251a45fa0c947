"""
Words a refusal in the form that the document declares for it: status, media type and body.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from mixdyn.errors import Problem, itemize
from mixdyn.media import MediaType, is_json
from mixdyn.names import to_snake
from mixdyn.operation import Operation, Response
from mixdyn.sample import Sampler, Taste
from mixdyn.schema import Schema
from mixdyn.shape import is_array, is_object

_MESSAGES = ("message", "detail", "error_description", "msg", "error_message", "error", "reason")
_TITLES = ("title", "description", "text", "info")
_CODES = frozenset({"code", "status", "status_code", "error_code", "http_status"})
_KINDS = frozenset(
    {"type", "kind", "code", "error", "reason", "error_type", "error_code", "status"}
)
# Words that an enum of error kinds may use for a status, best first.
_WORDS: dict[int, tuple[str, ...]] = {
    400: ("validation", "bad_request", "invalid", "bad"),
    401: ("unauthorized", "unauthenticated", "auth"),
    403: ("forbidden", "permission", "denied"),
    404: ("not_found", "notfound", "missing", "unknown"),
    405: ("method", "not_allowed"),
    409: ("conflict", "exist", "duplicate"),
    413: ("large", "size", "limit"),
    415: ("media", "unsupported", "content_type"),
    500: ("internal", "server"),
}
_OTHER_WORDS = ("bad_request", "invalid", "bad", "validation")
_DEEPEST = 4


class RefusedError(Exception):
    """A request that is not served: the fitting status, and in words why."""

    def __init__(
        self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(status, message, headers)
        self.status = status
        self.message = message
        self.headers = headers


class Wording(NamedTuple):
    """What a refusal answers: status, media type and the body's value, JSON or text."""

    status: int
    content_type: str
    value: Any


def refuse_problems(title: str, problems: Iterable[Problem]) -> RefusedError:
    """Make the refusal of a request whose parts do not fit their schemas."""
    return RefusedError(400, itemize(title, [str(problem) for problem in problems]))


def word_refusal(sampler: Sampler, operation: Operation | None, error: RefusedError) -> Wording:
    """
    Give the declared error answer, with what was wrong in its most message-like property.

    Without an operation, or with one that declares no body for errors, it is a plain object.
    """
    status, response = _choose(operation, error.status)
    media = _choose_media(response)
    if media is None or media.schema is None:
        plain = {"error": {"code": status, "message": error.message}}
        return Wording(status, "application/json", plain)
    if not is_json(media.essence):
        return Wording(status, media.content_type, error.message)
    return Wording(status, media.content_type, _fill(sampler, media.schema, status, error.message))


def _choose(operation: Operation | None, status: int) -> tuple[int, Response | None]:
    """
    Choose the status, and the response whose form is borrowed for the body.

    Invalid input is 400, or 422 where only that is declared. What the document does not declare at
    all takes the form of the operation's first error that has one.
    """
    if operation is None:
        return status, None
    declared = {response.status for response in operation.responses}
    if status == 400 and "400" not in declared and "422" in declared:
        status = 422
    found = operation.response(status)
    errors = [r for r in operation.responses if r.status[:1] in "45d" and _choose_media(r)]
    fallback = sorted(errors, key=lambda r: r.status)
    if found is not None and found.media:
        return status, found
    return status, next(iter(fallback), None)


def _choose_media(response: Response | None) -> MediaType | None:
    media = [m for m in response.media if m.schema is not None] if response is not None else []
    return next((m for m in media if is_json(m.essence)), media[0] if media else None)


def _fill(sampler: Sampler, schema: Schema, status: int, message: str) -> Any:
    """Make the body; the one that carries the message, if any does, and is valid in any case."""
    # The smallest body first: made-up extras around the message would only mislead.
    candidates: list[Any] = []
    for taste in (Taste(is_lean=True, has_examples=False), Taste(has_examples=False), Taste()):
        plain = sampler.sample(schema, "error", taste)
        filled = _put_message(schema, _put_codes(schema, plain, status), message)
        candidates += [filled, _put_message(schema, plain, message), plain]
    candidates = list(filter(sampler.validator(schema).accepts, candidates))
    carrying = (c for c in candidates if _contains(c, message))
    return next(carrying, candidates[0] if candidates else {"message": message})


def _put_codes(schema: Schema, value: Any, status: int, depth: int = 0) -> Any:
    """Set what names the status or the kind of error, as far down as the body goes."""
    if is_array(value):
        items = schema.core.items
        return [_put_codes(items, v, status, depth) for v in value] if items else value
    if not is_object(value) or depth > _DEEPEST:
        return value
    changed = dict(value)
    for name, declared in _properties(schema, value):
        word = to_snake(name)
        if word in _CODES and {"integer", "number"} & set(declared.core.types):
            changed[name] = status
        elif word in _KINDS and declared.core.enum:
            changed[name] = _pick_kind(declared.core.enum, status)
        elif word in _CODES and declared.core.types == ("string",) and name in value:
            changed[name] = str(status)
        elif name in value:
            changed[name] = _put_codes(declared, value[name], status, depth + 1)
    return changed


def _pick_kind(values: tuple[Any, ...], status: int) -> Any:
    words = [*_WORDS.get(status, ()), *(_OTHER_WORDS if status < 500 else _WORDS[500])]
    texts = {to_snake(str(value)): value for value in values}
    found = (value for word in words for text, value in texts.items() if word in text)
    return status if status in values else next(found, values[0])


def _put_message(schema: Schema, value: Any, message: str) -> Any:
    """Put the message in its property: nearest to the top, and by the most telling name."""
    if isinstance(value, str) and not schema.core.enum:
        return message
    for names in (_MESSAGES, _TITLES):
        path = _find_message(schema, value, names)
        if path is not None:
            return _plant(value, path, message)
    return value


def _find_message(schema: Schema, value: Any, names: tuple[str, ...]) -> tuple[Any, ...] | None:
    """Search level by level for a text property of one of the names."""
    level: list[tuple[tuple[Any, ...], Schema, Any]] = [((), schema, value)]
    for _ in range(_DEEPEST):
        for path, holder, held in level:
            texts = {to_snake(n): n for n, d in _properties(holder, held) if _is_text(d)}
            found = next((texts[name] for name in names if name in texts), None)
            if found is not None:
                return (*path, found)
        level = [below for path, holder, held in level for below in _below(path, holder, held)]
    return None


def _below(
    path: tuple[Any, ...], schema: Schema, value: Any
) -> Iterator[tuple[tuple[Any, ...], Schema, Any]]:
    if is_object(value):
        for name, declared in _properties(schema, value):
            if name in value:
                yield (*path, name), declared, value[name]
    elif is_array(value) and value and schema.core.items is not None:
        yield (*path, 0), schema.core.items, value[0]


def _plant(value: Any, path: tuple[Any, ...], leaf: Any) -> Any:
    if not path:
        return leaf
    step, rest = path[0], path[1:]
    if is_array(value):
        return [_plant(value[0], rest, leaf), *value[1:]]
    return {**value, step: _plant(value.get(step), rest, leaf)}


def _properties(schema: Schema, value: Any) -> list[tuple[str, Schema]]:
    """The declared properties of an object, its branches' too."""
    if not is_object(value):
        return []
    core = schema.core
    return [pair for part in (core, *core.branches) for pair in part.core.properties.items()]


def _is_text(schema: Schema) -> bool:
    return "string" in schema.core.types and not schema.core.enum


def _contains(value: Any, message: str) -> bool:
    if is_object(value):
        return any(_contains(item, message) for item in value.values())
    if is_array(value):
        return any(_contains(item, message) for item in value)
    return bool(value == message)
