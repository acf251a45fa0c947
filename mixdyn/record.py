"""
`NamedTuple` as `typing` has it, made in a third of the time: what its fields hold stays text.

A first call makes dozens of such classes, and `typing` compiles each annotation of theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["NamedTuple"]

if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from collections import namedtuple

    class _Maker(type):
        def __new__(cls, name, bases, members):
            if not bases:
                return super().__new__(cls, name, bases, members)
            fields = members.pop("__annotations__")
            defaults = [members.pop(field) for field in fields if field in members]
            module = members["__module__"]
            made = namedtuple(name, fields, defaults=defaults, module=module)  # noqa: PYI024  # as `typing` does
            made.__annotations__ = fields
            for key, value in members.items():
                setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Maker):
        """A tuple whose fields have names: its subclasses are written as those of `typing` are."""
