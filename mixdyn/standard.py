"""
What openapi-spec-validator finds in a document: all of it, each at its place, nothing fetched.

The library stops at the first reference that it cannot follow, and says little of places. So each
of its steps is wrapped: what goes wrong inside is noted with the step's place; the others go on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from mixdyn.document import Document, Target
from mixdyn.errors import DocumentError, excerpt
from mixdyn.fault import Fault, Flaw
from mixdyn.position import Places

# Of these the library's message has what matters, and nothing but names.
_TOLD = ("required", "additionalProperties", "unevaluatedProperties", "dependentRequired")
_UNRESOLVABLE = "unresolvable"
_RULE = "rule"
_LONG = 300
_SHORT = 120
# Of findings of the library that are no JSON schema's.
_CODES = {
    "DuplicateOperationIDError": "duplicate-operation-id",
    "ExtraParametersError": "required-not-declared",
    "ParameterDuplicateError": "duplicate-parameter",
    "UnresolvableParameterError": "path-parameter",
}
_AMBIGUOUS = "fits more than one of the forms that exclude each other"
_MISFIT = "fits none of the forms that are allowed here"


class _Found(NamedTuple):
    """
    A finding of the library: what `keyword` gave, at the steps from `start`, or from the root.

    The steps to `start` lead through references, those from there on do not.
    """

    code: str
    message: str
    steps: tuple[Any, ...]
    keyword: str = ""
    start: tuple[Any, ...] = ()


def name_checker() -> str:
    """Give the library's name and version."""
    from importlib.metadata import version

    return f"openapi-spec-validator {version('openapi-spec-validator')}"


def find_standard(document: Document) -> list[Flaw]:
    """Give what does not fit the OpenAPI specification, by the library's measure."""
    flaws: dict[Flaw, None] = {}
    told: set[tuple[str, str, str]] = set()
    for found in _find(document):
        target = _settle(document, found.start).child(*found.steps)
        key = (found.code, target.base, target.pointer)
        # The rules for schemas are checked twice; the first message for a place is enough.
        if found.keyword != "schema" or key not in told:
            told.add(key)
            flaws[Flaw(found.code, found.message, target.base, target.pointer)] = None
    return [flaw for flaw in flaws if not _is_repeated(flaw, flaws)]


def find_standard_faults(document: Document) -> tuple[Fault, ...]:
    """Give what does not fit the OpenAPI specification, in the order of the text, with lines."""
    flaws = find_standard(document)
    return Places(document, flaws).place(flaws)


def _is_repeated(flaw: Flaw, flaws: Iterable[Flaw]) -> bool:
    """Tell whether a reference is told of further down: each step above it stumbles over it."""
    if flaw.code != _UNRESOLVABLE:
        return False
    start = f"{flaw.pointer}/"
    return any(f.message == flaw.message and f.pointer.startswith(start) for f in flaws)


def _find(document: Document) -> Iterator[_Found]:
    kind = _choose_kind(document)
    located = {name: _locate(step, name) for name, step in kind.keyword_validators.items()}
    members = {"keyword_validators": located, "resolver_handlers": _Handlers(document)}
    validator: Any = type("Validator", (kind,), members)(document.root, _base_uri(document))
    yield from _bound(_find_misfits(kind.schema_validator, document.root))
    for found in validator.root_validator(validator.schema_path):
        yield found
        if (
            found.keyword == "schema"
            and found.code not in (*_CODES.values(), _RULE)
            and document.version != (3, 0)
        ):
            value = _settle(document, found.start).value
            yield from _bound(_check_schema(value, found.start), "schema", found.start)


def _bound(
    findings: Iterator[_Found], keyword: str = "", start: tuple[Any, ...] = ()
) -> Iterator[_Found]:
    """Give findings, up to where the depth is too great for the library."""
    try:
        yield from findings
    except RecursionError:
        yield _Found("depth", "nested too deeply to be checked in full", (), keyword, start)


def _check_schema(value: Any, start: tuple[Any, ...]) -> Iterator[_Found]:
    """Give all that is wrong with a schema: the library stops at the first."""
    from jsonschema import Draft202012Validator

    validator: Any = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    for error in validator.iter_errors(value):
        yield from _note(error, "schema", start)


def _choose_kind(document: Document) -> Any:
    from openapi_spec_validator.validation import validators

    minor = min(document.version[1], 2)  # a later one is read by the latest that there is
    names = [f"OpenAPIV3{n}SpecValidator" for n in range(minor, -1, -1)]
    return next(getattr(validators, name) for name in names if hasattr(validators, name))


def _find_misfits(quick: Any, root: Any) -> Iterator[_Found]:
    """Give what does not fit the JSON schema of OpenAPI documents."""
    from jsonschema.validators import validator_for

    if _accepts(quick, root):
        return
    schema = dict(quick.schema)
    for error in validator_for(schema)(schema).iter_errors(root):
        for cause in _open(error):
            yield _Found(str(cause.validator), _word(cause), tuple(cause.absolute_path))


def _accepts(quick: Any, root: Any) -> bool:
    """Ask the library's own validator, which is fast where jsonschema-rs is installed."""
    try:
        return bool(quick.is_valid(root))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return False


def _open(error: Any) -> Iterator[Any]:
    """Give what is behind a finding: of several forms, all that is wrong by the likeliest one."""
    if not error.context:
        yield error
        return
    forms: dict[Any, list[Any]] = {}
    for cause in error.context:
        forms.setdefault(cause.relative_schema_path[0], []).append(cause)
    for cause in min(forms.values(), key=_distance):
        words = [_find_enum(form, cause.relative_path) for form in forms.values()]
        if all(words) and cause.validator == "enum":  # none of the forms has such a word
            known = [word for some in words for word in some]
            cause.message = f"{cause.instance!r} is not one of {known}"
        yield from _open(cause)


def _find_enum(causes: list[Any], path: Any) -> list[Any]:
    """Give the words that one form allows at a place where there is another one."""
    named = (c for c in causes if c.validator == "enum" and c.relative_path == path)
    return [word for cause in named for word in cause.validator_value]


def _distance(causes: list[Any]) -> tuple[bool, int, int]:
    """Order forms: what is no reference is least likely meant as one; then the deepest fit."""
    is_reference = any(c.validator == "required" and "'$ref'" in c.message for c in causes)
    return is_reference, -max(map(_depth, causes)), len(causes)


def _depth(error: Any) -> int:
    below = max(map(_depth, error.context or ()), default=0)
    return len(error.relative_path) + below


def _word(error: Any) -> str:
    """Word a finding: the library's own message, unless that shows a whole value."""
    if error.validator in ("oneOf", "anyOf"):
        return _AMBIGUOUS if "valid under each" in error.message else _MISFIT
    if error.validator in _TOLD or len(error.message) <= _LONG:
        return excerpt(error.message, _LONG)
    rule = excerpt(error.validator_value, _SHORT)
    return f"{excerpt(error.instance, _SHORT)} does not fit {error.validator} {rule}"


class _Seen(set[int]):
    """What has been looked at; the library keeps it in a list, and searches that each time."""

    append = set[int].add


def _locate(step: Any, name: str) -> Any:
    """Give one of the library's steps that says where it found something, and goes on."""

    def begin(self: Any, registry: Any) -> None:
        step.__init__(self, registry)
        for attribute, value in [*self.__dict__.items()]:
            if "schema_ids" in attribute and value == []:
                setattr(self, attribute, _Seen())

    def take(self: Any, *given: Any, **named: Any) -> Iterator[Any]:
        place: tuple[Any, ...] = next((tuple(g.parts) for g in given if hasattr(g, "parts")), ())
        try:
            for error in step.__call__(self, *given, **named):
                yield from [error] if isinstance(error, _Found) else _note(error, name, place)
        except Exception as error:  # noqa: BLE001  # it takes much for granted
            yield _Found(_UNRESOLVABLE, _explain(error), (), name, place)

    return type(step.__name__, (step,), {"__init__": begin, "__call__": take})


def _note(error: Any, name: str, place: tuple[Any, ...]) -> Iterator[_Found]:
    """Say where a finding is, below the place of the step that gave it."""
    start = ("default",) if name == "default" else ()
    for cause in _open(error):
        rule = cause.validator
        code = rule if isinstance(rule, str) else _CODES.get(type(cause).__name__, _RULE)
        yield _Found(code, _word(cause), (*start, *cause.absolute_path), name, place)


def _explain(error: Exception) -> str:
    """Say why the library could not go on; its own messages may show whole documents."""
    reference = getattr(error, "ref", None)
    if isinstance(reference, str):
        reference = f"#{reference}" if reference.startswith("/") else reference
        return f"the reference {excerpt(reference, _SHORT)} cannot be followed"
    if isinstance(error, RecursionError):
        return "nested too deeply, or leads back to itself"
    return f"cannot be checked further ({type(error).__name__}: {excerpt(str(error), _SHORT)})"


def _settle(document: Document, steps: tuple[Any, ...]) -> Target:
    """Go down by steps that lead through references, to where the value really stands."""
    target = document.at()
    try:
        for step in steps:
            target = document.resolve(target).child(step)
        return document.resolve(target)
    except DocumentError:  # only the last may lead nowhere: nothing was found behind it
        return target


def _base_uri(document: Document) -> str:
    if not document.location or "://" in document.location:
        return ""
    from pathlib import Path

    return Path(document.location).as_uri()


class _Handlers(dict[str, Any]):
    """What the library asks for other files, by scheme: the document decides which may be read."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document

    def __contains__(self, scheme: object) -> bool:
        return True  # else the library fetches it by itself

    def __missing__(self, scheme: str) -> Any:
        return self._read

    def _read(self, uri: str) -> Any:
        from urllib.request import url2pathname

        path = url2pathname(urlsplit(uri).path) if uri.startswith("file:") else uri
        folder = os.path.dirname(self._document.location)
        file = os.path.relpath(path, folder) if folder and os.path.isabs(path) else path
        file = file.replace(os.sep, "/")
        return self._document.follow(quote(file, safe="/:"), self._document.at()).value
