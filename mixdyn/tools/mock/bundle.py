"""
Makes one file of a document that refers to others, so that it can be sent.

Knows references and nothing of what they refer to: each part of another file that a reference
leads to is taken in once, and the references lead there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from mixdyn.document import Document, Target, escape_pointer, unescape_pointer
from mixdyn.errors import DocumentError
from mixdyn.shape import as_object, is_array, is_object

_EXTENSION = "x-files"
# Where the last step of a pointer is a schema's name; those keep it by standing in `$defs`.
_NAMED = ("/components/schemas", "/$defs")
_SAFE = "/~!$&'()*+,;=:@"


def bundle(document: Document) -> Mapping[str, Any]:
    """
    Give the document's tree with all that it needs in it; the very tree where nothing is missing.

    A reference that leads nowhere stays as it is, and so do texts that only look like one.
    """
    if not document.location or "://" in document.location:
        return document.root  # other files are not read for these
    return _Bundle(document).make()


class _Bundle:
    """Collects what stands in other files."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.places: dict[tuple[str, str], tuple[str, str]] = {}
        self.waiting: list[Target] = []

    def make(self) -> Mapping[str, Any]:
        root = self.copy(self.document.root, self.document.location)
        taken: dict[str, dict[str, Any]] = {}
        while self.waiting:
            target = self.waiting.pop()
            shelf, name = self.places[target.base, target.pointer]
            taken.setdefault(shelf, {})[name] = self.copy(target.value, target.base)
        return {**root, _EXTENSION: taken} if taken else self.document.root

    def copy(self, value: Any, base: str) -> Any:
        if is_array(value):
            return [self.copy(item, base) for item in value]
        if not is_object(value):
            return value
        copied = {name: self.copy(item, base) for name, item in value.items()}
        if isinstance(copied.get("$ref"), str):
            copied["$ref"] = self.refer(copied["$ref"], base)
        mapping = as_object(as_object(copied.get("discriminator")).get("mapping"))
        for tag, where in mapping.items():
            if isinstance(where, str) and not where.isidentifier():  # else a component's name
                copied["discriminator"]["mapping"][tag] = self.refer(where, base)
        return copied

    def refer(self, reference: str, base: str) -> str:
        """Give the reference that leads to the same in the bundle."""
        home = self.document.location
        if base == home and reference.startswith("#"):
            return reference
        try:
            target = self.document.follow(reference, Target(None, base, ""))
        except DocumentError:
            # One that leads nowhere must not lead somewhere in the bundle.
            return f"#/{_EXTENSION}/missing" if reference.startswith("#") else reference
        pointer = target.pointer if target.base == home else self.place(target)
        return f"#{quote(pointer, safe=_SAFE)}"

    def place(self, target: Target) -> str:
        """Give the pointer of a part of another file, which is taken in when first met."""
        key = (target.base, target.pointer)
        if key not in self.places:
            self.places[key] = self.find_place(target)
            self.waiting.append(target)
        return "".join(f"/{escape_pointer(step)}" for step in (_EXTENSION, *self.places[key]))

    def find_place(self, target: Target) -> tuple[str, str]:
        owner, _, step = target.pointer.rpartition("/")
        stem = os.path.splitext(os.path.basename(target.base))[0]
        name = unescape_pointer(step) if target.pointer else stem
        shelf = "$defs" if not target.pointer or owner.endswith(_NAMED) else "parts"
        taken = {other for used, other in self.places.values() if used == shelf}
        numbered = (f"{name}_{number}" for number in range(2, len(taken) + 3))
        return shelf, next(n for n in (name, *numbered) if n not in taken)
