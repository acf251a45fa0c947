"""
From the names of a document to Python identifiers: operations, namespaces, arguments, classes.

Pure text in, pure text out. A result is always a plain identifier: never a keyword, never private
and never a dunder, so that no name of a document can reach an attribute it must not reach.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import islice

_ACRONYM_END = re.compile(r"(.)([A-Z][a-z]+)")
_WORD_START = re.compile(r"([a-z0-9])([A-Z])")
_SEPARATORS = re.compile(r"[\W_]+")
_PREFIX_SEPARATORS = re.compile(r"[./:_\-\s]")

_MAX_LENGTH = 200
_MAX_PREFIXES = 20

# The SDK gives these a trailing underscore as arguments; it leaves `id` and others as they are.
# `self` is what methods call their first argument.
AVOIDED = frozenset(
    {"bool", "bytes", "dict", "filter", "float", "int", "list", "object", "self", "set", "str"}
    | {"type"}
)


@lru_cache(maxsize=4096)  # tags and prefixes come again with each operation
def to_snake(text: str) -> str:
    """Give `text` as snake_case by the usual two steps: `handleOAuthCallback`, `listLLMTools`."""
    text = unicodedata.normalize("NFKC", text)
    if not text.islower():
        text = _WORD_START.sub(r"\1_\2", _ACRONYM_END.sub(r"\1_\2", text))
    return to_identifier(_SEPARATORS.sub("_", text).lower())


def to_pascal(text: str) -> str:
    """Give `text` as a class name, keeping capitals: `session-data` becomes `SessionData`."""
    words = _SEPARATORS.split(unicodedata.normalize("NFKC", text))
    return to_identifier("".join(word[:1].upper() + word[1:] for word in words))


def to_identifier(text: str) -> str:
    """Make of text that may hold odd characters an identifier that is public and no keyword."""
    # The parser folds what it reads (NFKC): names are cut and compared as they will be read.
    text = unicodedata.normalize("NFKC", text[:_MAX_LENGTH])[:_MAX_LENGTH].strip("_")
    if not text.isidentifier():
        text = "".join(c if f"n{c}".isidentifier() else "_" for c in text).strip("_") or "unnamed"
        text = text if text.isidentifier() else unicodedata.normalize("NFKC", f"n{text}")
    return f"{text}_" if keyword.iskeyword(text) else text


def to_argument(wire: str) -> str:
    """Give the argument name of a parameter or property: `Last-Event-ID`, `type` -> `type_`."""
    name = to_snake(wire)
    return f"{name}_" if name in AVOIDED else name


def strip_namespace(operation_id: str, namespace: str) -> str:
    """Take the namespace and a separator off the front: `repos/get` in `repos` gives `get`."""
    for match in islice(_PREFIX_SEPARATORS.finditer(operation_id), _MAX_PREFIXES):
        rest = operation_id[match.end() :]
        if rest and to_snake(operation_id[: match.start()]) == namespace:
            return rest
    return operation_id


def from_path(method: str, path: str) -> str:
    """Name an operation that has no operationId: `GET /pets/{petId}` is `get_pets_by_pet_id`."""
    words = [
        f"by_{part[1:-1]}" if part.startswith("{") and part.endswith("}") else part
        for part in path.split("/")
        if part
    ]
    return to_snake("_".join([method.lower(), *words]))


def resolve_collisions(
    names: Iterable[str], taken: Collection[str] = (), twins: tuple[str, ...] = ("",)
) -> list[str]:
    """
    Make names unique in their order: those of `taken` get `_`, repeated ones `_2`, `_3` and so on.

    With `twins` such as `("", "_async")` a name is free only if it is with each ending. The rule
    depends on nothing but the order, so the same document always gives the same names.
    """
    used = set(taken)
    numbers: dict[str, int] = {}
    result: list[str] = []
    for name in names:
        base = f"{name}_" if any(name + twin in taken for twin in twins) else name
        unique = base
        while any(unique + twin in used for twin in twins):
            numbers[base] = numbers.get(base, 1) + 1
            unique = f"{base}_{numbers[base]}"
        used.update(unique + twin for twin in twins)
        result.append(unique)
    return result
