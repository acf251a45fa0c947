"""
What changed in a choice among alternatives: which there are, and what decides between them.
"""

from __future__ import annotations

from collections.abc import Iterator

from mixdyn.diff.facet import Facet
from mixdyn.diff.finding import Found
from mixdyn.diff.place import point_at
from mixdyn.diff.union import Option
from mixdyn.errors import excerpt
from mixdyn.schema import Schema

_SHOWN = 60
_REMARKS = frozenset({"default", "deprecated"})


def tell_option(what: str, schema: Schema, old: Facet, new: Facet) -> Found:
    """Tell of an alternative that was added or removed."""
    name = schema.name or "/".join(schema.target.pointer.split("/")[-2:])
    message = f"the alternative {excerpt(name, _SHOWN)} was {what}"
    at = point_at(schema)
    places = (at, new.pointer) if what == "removed" else (old.pointer, at)
    return Found(f"union-branch-{what}", message, *places)


def tell_union(old: Facet, new: Facet) -> Found:
    """Tell of a choice in place of something else: among what it was, or among other things."""
    union, lone = (old, new) if old.is_union else (new, old)
    kinds = [frozenset(option.schema.types) for option in union.options]
    is_part = all(kind and kind <= lone.types for kind in kinds)
    message = f"one of {len(union.options)} alternatives {'no longer' if old.is_union else 'now'}"
    if is_part and _is_bare(lone):
        what = "union-removed" if old.is_union else "union-added"
    else:
        what = "no-longer-union" if old.is_union else "became-union"
    return Found(what, message, old.pointer, new.pointer)


def _is_bare(facet: Facet) -> bool:
    """Tell whether a schema limits nothing but the type."""
    said = (facet.patterns, facet.required, facet.properties, facet.children, facet.clauses)
    return not any(said) and not facet.closed and facet.facts.keys() <= _REMARKS


def compare_kinds(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare `anyOf` and `oneOf`, which refuses what several alternatives allow."""
    kinds = frozenset({"anyOf"}), frozenset({"oneOf"})
    if {old.kinds, new.kinds} == {*kinds} and not (_is_apart(old) and _is_apart(new)):
        what = "became-exclusive" if new.kinds == kinds[1] else "no-longer-exclusive"
        message = f"{', '.join(old.kinds)} became {', '.join(new.kinds)}"
        yield Found(f"union-{what}", message, old.pointer, new.pointer)


def _is_apart(facet: Facet) -> bool:
    """Tell whether no value can be of two alternatives: a property or the type decides."""
    if facet.discriminator is not None or all(option.tags for option in facet.options):
        return True
    types = [kind for option in facet.options for kind in option.schema.types or ("", "")]
    named = ["number" if kind == "integer" else kind for kind in types]
    return len(named) == len(set(named))


def compare_tags(one: Option, other: Option, old: Facet, new: Facet) -> Iterator[Found]:
    """Compare the discriminator's values that mean an alternative, where both have such."""
    gone, come = one.tags - other.tags, other.tags - one.tags
    for what, tags in (("removed", gone), ("added", come)):
        if one.tags and other.tags and tags:
            names = ", ".join(excerpt(tag, _SHOWN) for tag in sorted(tags))
            message = f"the discriminator's value {names} was {what}"
            yield Found(f"discriminator-value-{what}", message, old.pointer, new.pointer)


def compare_discriminators(old: Facet, new: Facet) -> Iterator[Found]:
    """Compare which property decides, and what is meant where it says nothing known."""
    before, after = old.discriminator, new.discriminator
    if before != after:
        what = "added" if before is None else "removed" if after is None else "changed"
        shown = [excerpt(n, _SHOWN) if n is not None else "none" for n in (before, after)]
        message = f"the discriminator {shown[0]} became {shown[1]}"
        yield Found(f"discriminator-{what}", message, old.pointer, new.pointer)
    if before is not None and after is not None:
        yield from _compare_fallbacks(old, new)


def _compare_fallbacks(old: Facet, new: Facet) -> Iterator[Found]:
    one, other = old.fallback, new.fallback
    names = [excerpt(f.name, _SHOWN) if f is not None else "none" for f in (one, other)]
    if names[0] != names[1]:
        what = "added" if one is None else "removed" if other is None else "changed"
        message = f"the discriminator's defaultMapping {names[0]} became {names[1]}"
        yield Found(f"discriminator-default-{what}", message, old.pointer, new.pointer)
