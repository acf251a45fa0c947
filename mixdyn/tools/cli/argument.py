"""
From the words behind an operation to the keywords of its call: `name=text`, `name:=json`, files.

Text becomes what the schema asks for where that is plain; all else the core judges.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mixdyn.binding import name_arguments
from mixdyn.errors import excerpt, itemize, nearest
from mixdyn.media import is_binary, is_json, is_upload
from mixdyn.operation import Argument, Operation
from mixdyn.schema import Schema
from mixdyn.shape import is_array
from mixdyn.tools.cli.verdict import UsageError

_WORD = re.compile(r"([^=]+?)(:?=)(.*)", re.DOTALL)
_INTEGER = re.compile(r"[+-]?\d{1,4000}")
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,400})(\.\d{1,400})?([eE][+-]?\d{1,3})?")
_MOST_OPTIONAL = 6
_WORDS = {"true": True, "false": False}


def read_arguments(
    operation: Operation, words: Sequence[str], body: str | None = None
) -> dict[str, Any]:
    """
    Give a call's keywords; raises UsageError that names all words that are none of its arguments.

    Args:
        operation: what is called.
        words: what stands behind it on the command line.
        body: what `--body` gives: JSON, or `@` and a file of what the operation takes.
    """
    known = name_arguments(operation)
    source = _Source()
    found: dict[str, list[Any]] = {}
    problems: list[str] = []
    for word in words:
        match = _WORD.fullmatch(word)
        if match is None:
            problems.append(f"expected NAME=VALUE, got {excerpt(word, 60)!r}")
        elif match[1] not in known:
            problems.append(f"unknown: {excerpt(match[1], 60)}{nearest(match[1], known)}")
        else:
            argument = known[match[1]]
            found.setdefault(argument.name, []).append(source.read(argument, match[2], match[3]))
    given = {*found, *(_body_names(operation) if body is not None else ())}
    missing = [a.name for a in operation.arguments if a.required and a.name not in given]
    if missing:
        problems.append(f"missing: {', '.join(missing)}")
    if problems:
        raise _refuse(operation, problems)
    keywords = {name: _join(known[name], values) for name, values in found.items()}
    if body is not None:
        keywords[_name_body(operation)] = source.read_body(operation, body)
    return keywords


def usage_form(operation: Operation) -> str:
    """Give the call as one would type it: `mixdyn call sessions.create title=…`."""
    required = [_form(argument) for argument in operation.arguments if argument.required]
    optional = [f"[{_form(a)}]" for a in operation.arguments if not a.required]
    rest = ["[…]"] if len(optional) > _MOST_OPTIONAL else []
    return " ".join(["mixdyn call", operation.name, *required, *optional[:_MOST_OPTIONAL], *rest])


def takes_file(argument: Argument) -> bool:
    """Tell whether an argument is a file, or several."""
    return is_upload(argument.schema)


def convert(text: str, schema: Schema | None) -> Any:
    """
    Give text as the value that a schema asks for; text that is none of that stays text.

    What may be text is text: `name:=null` and the like say otherwise.
    """
    if schema is None:
        return text
    leaves = schema.core.leaves
    kinds = [kind for leaf in leaves for kind in leaf.types] or _enum_kinds(schema.core)
    if not kinds or "string" in kinds:
        return text
    for kind, is_fit in _FORMS.items():
        if kind in kinds and is_fit(text):
            return _load(text)
    if "array" in kinds and not text.startswith("["):
        return [convert(item, _items(leaves)) for item in text.split(",")] if text else []
    if text == "null" and (schema.is_nullable or schema.core.is_nullable):
        return None
    return text


class _Source:
    """Reads values from words, files and standard input, which can be read once only."""

    def __init__(self) -> None:
        self._is_used = False

    def read(self, argument: Argument, sign: str, text: str) -> Any:
        if sign == ":=":
            return _parse(self.read_text(text) if text.startswith("@") else text, argument.name)
        if takes_file(argument):
            return self.open(argument.name, text)
        if text.startswith("@"):
            text = self.read_text(text)
        return convert(text, argument.schema)

    def open(self, name: str, text: str) -> Any:
        """Give what is to be uploaded."""
        if not text.startswith("@"):
            raise UsageError(
                f"{name}: expected a file: {name}=@PATH, or {name}=@- for standard input"
            )
        if text == "@-":
            self._use()
            return ("stdin", sys.stdin.buffer)
        return Path(text[1:])

    def read_text(self, text: str) -> str:
        """Read the file behind an `@`."""
        if text == "@-":
            self._use()
            return sys.stdin.read()
        try:
            return Path(text[1:]).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise UsageError(f"{excerpt(text[1:], 120)}: expected text in UTF-8") from None

    def read_body(self, operation: Operation, text: str) -> Any:
        """Read the whole body: JSON, a file, or text, as the operation takes it."""
        if operation.body is None:
            raise UsageError(f"--body: {operation.label} takes no body")
        media = operation.body.preferred
        if text.startswith("@") and is_binary(media.schema):
            return self.open("body", text)
        content = self.read_text(text) if text.startswith("@") else text
        is_text = not is_json(media.essence) and (
            media.schema is None or not media.schema.properties
        )
        return content if is_text else _parse(content, "--body")

    def _use(self) -> None:
        if self._is_used:
            raise UsageError("standard input can be read once only: give one @-")
        self._is_used = True


def _join(argument: Argument, values: list[Any]) -> Any:
    """Make one value of an argument that was given once, or of a list's items."""
    schema = argument.schema.core if argument.schema is not None else None
    is_list = schema is not None and "array" in schema.types
    if len(values) == 1:
        return [values[0]] if is_list and takes_file(argument) else values[0]
    if not is_list:
        raise UsageError(f"given {len(values)} times: {argument.name}, which is no list")
    return [item for value in values for item in (value if is_array(value) else [value])]


def _refuse(operation: Operation, problems: list[str]) -> UsageError:
    title = f"{operation.label} cannot be called like this:"
    return UsageError(itemize(title, [*problems, f"expected: {usage_form(operation)}"], 40))


def _body_names(operation: Operation) -> Iterator[str]:
    """Name the arguments that the whole body stands for."""
    return (a.name for a in operation.arguments if a.location in ("body", "whole body"))


def _name_body(operation: Operation) -> str:
    """Name the keyword that takes the whole body, where a property of it may be called so too."""
    own = [a.name for a in operation.arguments if a.location == "whole body"]
    known = name_arguments(operation)
    free = [name for name in ("body", "request") if name not in known]
    if not own + free:
        raise UsageError("--body: this operation has arguments `body` and `request` of its own")
    return (own + free)[0]


def _form(argument: Argument) -> str:
    return f"{argument.name}=@FILE" if takes_file(argument) else f"{argument.name}=…"


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = excerpt(str(error), 80)
        raise UsageError(f"{where}: expected JSON: {reason}; text is given by name=text") from None


def _load(text: str) -> Any:
    return _WORDS[text.lower()] if text.lower() in _WORDS else json.loads(text.strip().lstrip("+"))


def _items(leaves: Iterable[Schema]) -> Schema | None:
    return next((leaf.items for leaf in leaves if leaf.items is not None), None)


def _enum_kinds(schema: Schema) -> list[str]:
    """Give the kinds of an enumeration that says no type itself."""
    names = {"bool": "boolean", "int": "integer", "float": "number", "str": "string"}
    kinds = (value.__class__.__name__ for value in schema.enum)
    return list(dict.fromkeys(names.get(kind, "null") for kind in kinds))


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
