"""
From the words behind an operation to the keywords of its call: `name=text`, `name:=json`, files.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mixdyn.binding import name_arguments
from mixdyn.errors import excerpt, itemize, nearest
from mixdyn.media import MULTIPART, is_json
from mixdyn.operation import Argument, Operation
from mixdyn.shape import is_array
from mixdyn.tool import is_upload
from mixdyn.tools.cli.value import convert
from mixdyn.tools.cli.verdict import UsageError

_WORD = re.compile(r"([^=]+?)(:?=)(.*)", re.DOTALL)
_MOST_OPTIONAL = 6


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
    known = name_words(operation)
    source = _Source(operation)
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
    keywords = {name: _join(operation, known[name], values) for name, values in found.items()}
    if body is not None:
        keywords[_name_body(operation)] = source.read_body(body)
    return keywords


def usage_form(operation: Operation) -> str:
    """Give the call as one would type it: `mixdyn call sessions.create title=…`."""
    forms = [f"{a.name}={'@FILE' if is_upload(a, operation) else '…'}" for a in operation.arguments]
    count = sum(a.required for a in operation.arguments)  # these come first
    required, optional = forms[:count], [f"[{form}]" for form in forms[count:]]
    rest = ["[…]"] if len(optional) > _MOST_OPTIONAL else []
    return " ".join(["mixdyn call", operation.name, *required, *optional[:_MOST_OPTIONAL], *rest])


def name_words(operation: Operation) -> dict[str, Argument]:
    """Give the arguments by every name that a word may have: no option of a call stands there."""
    named = name_arguments(operation)
    for argument in operation.arguments:
        named.setdefault(argument.wire, argument)
    return named


class _Source:
    """Reads values from words, files and standard input, which can be read once only."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._is_used = False

    def read(self, argument: Argument, sign: str, text: str) -> Any:
        if sign == ":=":
            return _parse(self.resolve(text), argument.name)
        return self.read_value(argument, text, f"{argument.name}=")

    def read_value(self, argument: Argument, text: str, form: str) -> Any:
        """Read a file, or text as its schema says; `form` is what stands before it."""
        if is_upload(argument, self._operation):
            return self.open(text, form)
        return convert(self.resolve(text), argument.schema)

    def open(self, text: str, form: str) -> Any:
        """Give what is to be uploaded."""
        if not text.startswith("@"):
            where = form.rstrip(" =")
            raise UsageError(
                f"{where}: expected a file: {form}@PATH, or {form}@- for standard input"
            )
        if text == "@-":
            return ("stdin", self._use())
        return Path(text[1:])

    def resolve(self, text: str) -> str:
        """Give text as it stands, or that of the file behind an `@`."""
        if not text.startswith("@"):
            return text
        is_input = text == "@-"
        content = self._use().read() if is_input else Path(text[1:]).read_bytes()
        try:
            return str(content, "utf-8")
        except UnicodeDecodeError:
            where = "standard input" if is_input else excerpt(text[1:], 120)
            raise UsageError(f"{where}: expected text in UTF-8") from None

    def read_body(self, text: str) -> Any:
        """Read the whole body: JSON, a file, or text, as the operation takes it."""
        operation = self._operation
        if operation.body is None:
            raise UsageError(f"--body: {operation.label} takes no body")
        essence = operation.body.preferred.essence
        for argument in operation.arguments:
            is_whole = argument.location == "whole body"
            if is_whole and essence != MULTIPART and not is_json(essence):
                return self.read_value(argument, text, "--body ")
        return _parse(self.resolve(text), "--body")

    def _use(self) -> Any:
        """Give standard input, as bytes."""
        if self._is_used:
            raise UsageError("standard input can be read once only: give one @-")
        if sys.stdin is None:  # closed by the shell (`<&-`)
            raise UsageError("standard input is closed")
        self._is_used = True
        return sys.stdin.buffer


def _join(operation: Operation, argument: Argument, values: list[Any]) -> Any:
    """Make one value of an argument that was given once, or of a list's items."""
    schema = argument.schema.core if argument.schema is not None else None
    is_list = schema is not None and "array" in schema.types
    if len(values) == 1:
        return [values[0]] if is_list and is_upload(argument, operation) else values[0]
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


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = excerpt(str(error), 80)
        raise UsageError(f"{where}: expected JSON: {reason}; text is given by name=text") from None
