"""
From the bytes of a request's body to its value, checked against the operation's schema.

Knows JSON, forms, multipart and text. As strict as the servers it stands in for: a field that the
schema does not list is a problem too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mixdyn.errors import Problem, excerpt, nearest
from mixdyn.media import MediaType, is_binary, is_json, rank_media
from mixdyn.normalform import normalize_members
from mixdyn.operation import Operation, Parameter
from mixdyn.sample import Sampler
from mixdyn.schema import Schema
from mixdyn.shape import as_array, as_object, is_array, is_object
from mixdyn.tools.mock import parameter
from mixdyn.tools.mock.multipart import Part, header_parameters, parse_multipart
from mixdyn.tools.mock.refusal import RefusedError, refuse_problems
from mixdyn.validation import Validator

_DEEPEST = 200
_FORM = "application/x-www-form-urlencoded"
_CHECKED_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file: its bytes, and the name and media type that came with them, or empty."""

    content: bytes
    name: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Payload:
    """A body as the operation sees it: its value (JSON, fields or text) and the files in it."""

    value: Any = None
    files: tuple[File, ...] = ()

    @property
    def fields(self) -> Mapping[str, Any]:
        """The properties of a body that is an object, without its files; else none."""
        return as_object(self.value)


@dataclass(frozen=True, slots=True)
class _Form:
    """The fields of a form; what was a file is in `files`, under the same name."""

    fields: dict[str, Any] = field(default_factory=dict[str, Any])
    files: dict[str, list[File]] = field(default_factory=dict[str, list[File]])


def read_payload(
    sampler: Sampler, operation: Operation, content_type: str, content: bytes
) -> Payload:
    """
    Decode and check a request's body.

    Raises RefusedError: 415 for a media type that the operation does not take, 400 for a body that
    is missing, malformed or does not fit its schema.
    """
    body = operation.body
    if not content and (body is None or not body.required):
        return Payload()
    if body is None:
        raise RefusedError(400, f"{operation.method} {operation.path} takes no body")
    if not content and not content_type:
        raise RefusedError(400, "the body is missing")
    essence = content_type.partition(";")[0].strip().lower()
    media = max(body.media, key=lambda m: rank_media(m.essence, essence))
    if not rank_media(media.essence, essence):
        known = ", ".join(m.content_type for m in body.media)
        given = excerpt(content_type, 80) if content_type else "nothing"
        raise RefusedError(415, f"expected Content-Type {known}, got {given}")
    if is_json(essence):
        return _read_json(sampler, media, content)
    if essence == _FORM:
        return _finish_form(media.schema, _read_urlencoded(media, content))
    if essence == "multipart/form-data":
        return _finish_form(media.schema, _read_multipart(media, content_type, content))
    return _read_other(sampler, media, content_type, content)


def find_unknown(schema: Schema, value: Any, path: str = "$") -> Iterator[Problem]:
    """List the properties that no part of the schema knows, where it does not allow others."""
    core = schema.core
    parts = _applying(core, value)
    if is_array(value):
        items = next((p.items for p in parts if p.items is not None), None)
        for index, item in enumerate(value if items is not None else ()):
            yield from find_unknown(items, item, f"{path}[{index}]") if items is not None else ()
    if not is_object(value):
        return
    # Strict servers know the fields of all branches, unless a discriminator picks one.
    declared = {name: s for part in reversed(parts) for name, s in part.properties.items()}
    is_closed = bool(declared) and not any(_is_open(part) for part in parts)
    additional = next((p.additional for p in parts if p.additional is not None), None)
    for name, item in value.items():
        below = declared.get(name, additional)
        if below is not None:
            yield from find_unknown(below, item, f"{path}.{excerpt(name, 60)}")
        elif is_closed:
            yield Problem(path, f"{excerpt(name, 60)!r} is unknown{nearest(name, declared)}")


def _applying(schema: Schema, value: Any) -> list[Schema]:
    """The schema and those of its branches that may describe a value, nested ones too."""
    found = [schema]
    for part in found:
        discriminator = part.discriminator
        picked = discriminator.pick(value) if discriminator is not None else None
        branches = [picked] if picked is not None else part.branches
        found += [b.core for b in branches if b.core not in found]
    return found


def _is_open(schema: Schema) -> bool:
    """Tell whether a schema says itself what becomes of other properties."""
    words = ("additionalProperties", "patternProperties", "unevaluatedProperties")
    return any(word in part.value for part in schema.parts for word in words)


def _read_json(sampler: Sampler, media: MediaType, content: bytes) -> Payload:
    value = parse_json(content)
    if media.schema is not None:
        _check(sampler.validator(media.schema, "request"), media.schema, value)
    return Payload(value)


def parse_json(content: bytes) -> Any:
    """Decode JSON; RefusedError for what is none, and for depths and numbers beyond reason."""
    try:
        value = json.loads(content, parse_constant=_refuse_constant)
    except RecursionError:
        raise RefusedError(400, "the body is nested too deeply") from None
    except ValueError as error:
        raise RefusedError(400, f"the body is not valid JSON: {excerpt(str(error))}") from None
    # Level by level, so that no depth of the body costs depth of the stack.
    level = [value]
    for _ in range(_DEEPEST):
        if any(isinstance(item, float) and math.isinf(item) for item in level):
            raise RefusedError(400, "the body holds a number that is too large")
        level = [below for item in level for below in _members(item)]
    if level:
        raise RefusedError(400, "the body is nested too deeply")
    return value


def _members(value: Any) -> list[Any]:
    return list(value.values()) if is_object(value) else as_array(value)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _check(validator: Validator, schema: Schema, value: Any) -> None:
    problems = [] if validator.accepts(value) else list(validator.problems(value))
    problems += find_unknown(schema, value)
    if problems:
        raise refuse_problems("the body does not fit:", problems)


def _read_other(sampler: Sampler, media: MediaType, content_type: str, content: bytes) -> Payload:
    """Read text as text, and all else as one file."""
    if not content_type.strip().lower().startswith("text/"):
        return Payload(None, (File(content, "", content_type),))
    text = _decode_text(content, content_type)
    if media.schema is not None and "string" in media.schema.core.types:
        _check(sampler.validator(media.schema, "request"), media.schema, text)
    return Payload(text, (File(content, "", content_type),))


def _decode_text(content: bytes, content_type: str) -> str:
    charset = header_parameters(content_type).get("charset", "utf-8")
    try:
        return content.decode(charset)
    except (LookupError, ValueError):
        raise RefusedError(400, f"the body is not {excerpt(charset, 40)} text") from None


def _read_urlencoded(media: MediaType, content: bytes) -> _Form:
    pairs = parameter.parse_pairs(_decode_text(content, ""))
    form = _Form()
    schema = media.schema.core if media.schema is not None else None
    known: set[str] = set()
    for name, declared in schema.properties.items() if schema is not None else ():
        described = _as_parameter(name, declared, media.encoding.get(name))
        value = parameter.read_query(described, pairs)
        known |= parameter.owned_names(described, pairs)
        if value is not parameter.MISSING:
            form.fields[name] = value
    other = schema.additional if schema is not None else None
    for pair in pairs:
        if pair.name not in known:
            form.fields[pair.name] = parameter.coerce(other, parameter.decode_form(pair.raw))
    return form


def _as_parameter(name: str, schema: Schema | None, encoding: Any) -> Parameter:
    """Describe a form's field as the parameter that it is written like (OpenAPI 3.1.1, 4.8.15)."""
    encoding = as_object(encoding)
    style = encoding.get("style")
    is_object = schema is not None and "object" in schema.core.types
    as_json = "application/json" if is_object and style is None else None
    explode = encoding.get("explode")
    return Parameter(
        name=name,
        location="query",
        required=False,
        schema=schema,
        style=style or "form",
        explode=explode if isinstance(explode, bool) else True,
        allow_reserved=False,
        content_type=encoding.get("contentType") or as_json,
        description="",
        is_deprecated=False,
    )


def _read_multipart(media: MediaType, content_type: str, content: bytes) -> _Form:
    form = _Form()
    schema = media.schema.core if media.schema is not None else None
    for part in parse_multipart(content, content_type):
        declared = schema.properties.get(part.name) if schema is not None else None
        _add_part(form, part, declared)
    return form


def _add_part(form: _Form, part: Part, declared: Schema | None) -> None:
    is_list = declared is not None and declared.core.types == ("array",)
    single = declared.core.items if declared is not None and is_list else declared
    essence = part.content_type.partition(";")[0].strip().lower()
    if not is_json(essence) and (part.filename is not None or is_binary(single)):
        file = File(part.content, part.filename or "", part.content_type)
        form.files.setdefault(part.name, []).append(file)
        return
    value = _read_part(part, essence, single)
    if is_list and not is_array(value):
        value = [*form.fields.get(part.name, ()), value]
    form.fields[part.name] = value


def _read_part(part: Part, essence: str, single: Schema | None) -> Any:
    is_object = single is not None and "object" in single.core.types
    if is_json(essence) or is_object:
        return parse_json(part.content)
    return parameter.coerce(single, _decode_text(part.content, part.content_type))


def _finish_form(schema: Schema | None, form: _Form) -> Payload:
    """Check a form's fields; of files, only that those which must be there are."""
    files = tuple(file for listed in form.files.values() for file in listed)
    if schema is None:
        return Payload(form.fields, files)
    other = schema.core.additional
    declared = {
        **(dict.fromkeys(form.fields, other) if other else {}),
        **schema.core.properties,
    }
    members = {n: True if n in form.files else s for n, s in declared.items()}
    rule = normalize_members(members, sorted(schema.core.required), "request")
    # What stands for the files is never looked at: their members are `True`.
    names = {name: len(listed) for name, listed in form.files.items()}
    _check(Validator(rule), schema, {**form.fields, **names})
    return Payload(form.fields, files)
