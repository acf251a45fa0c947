"""
A schema of several types and a choice among schemas of one type each: the same in two notations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mixdyn.diff.clause import Fact
from mixdyn.diff.domain import ANY_TYPE, type_of
from mixdyn.diff.facet import Facet, merge_facts

_NUMBER = frozenset({"integer", "number"})
_NUMERIC_FORMATS = frozenset({"double", "float", "int32", "int64"})
_KEYWORDS = {
    frozenset({"array"}): (
        *("contains", "items", "max-items", "min-items", "prefixItems", "unevaluatedItems"),
        "uniqueItems",
    ),
    frozenset({"object"}): (
        *("additionalProperties", "dependentRequired", "dependentSchemas", "max-properties"),
        *("min-properties", "patternProperties", "propertyNames", "unevaluatedProperties"),
    ),
    frozenset({"string"}): (
        *("contentEncoding", "contentMediaType", "contentSchema", "max-length", "min-length"),
    ),
    _NUMBER: ("maximum", "minimum", "multiple-of"),
}
# What each says concerns values of these types only.
_TYPES = {keyword: types for types, keywords in _KEYWORDS.items() for keyword in keywords}
_REMARKS = ("default", "deprecated")  # they concern the whole


class Slices(NamedTuple):
    """
    What belongs together, an alternative first; the positions of the alternatives that have no
    counterpart, and the types that no alternative has.
    """

    pairs: list[tuple[Facet, Facet]]
    alone: list[int]
    rest: frozenset[str]


def cut_slices(union: Facet, options: Sequence[Facet], lone: Facet) -> Slices | None:
    """
    Set each alternative beside what a schema says of its types; None where they share types.

    Args:
        union: the choice.
        options: its alternatives.
        lone: the schema without any.
    """
    kinds = [option.types for option in options]
    count = sum(map(len, kinds))
    is_plain = all(kinds) and not any(option.is_union for option in options)
    if not is_plain or len(frozenset[str]().union(*kinds)) < count:
        return None
    is_one = len(lone.types) < 2 or lone.types == _NUMBER
    if is_one or lone.types == ANY_TYPE or union.properties:
        return None
    pairs = [
        (_restrict(join_option(union, option), option.types), _restrict(lone, option.types))
        for option in options
        if option.types & lone.types
    ]
    alone = [i for i, types in enumerate(kinds) if not types & lone.types]
    return Slices(pairs, alone, lone.types.difference(*kinds))


def join_option(union: Facet, option: Facet) -> Facet:
    """Add what stands beside the choice to one of its alternatives."""
    facts = dict(option.facts)
    for name, fact in union.facts.items():
        facts[name] = merge_facts(name, facts[name], fact) if name in facts else fact
    return option._replace(
        facts=facts,
        patterns={**union.patterns, **option.patterns},
        required={**union.required, **option.required},
        properties={**union.properties, **option.properties},
        closed={**union.closed, **option.closed},
        children={**union.children, **option.children},
        clauses=(*union.clauses, *option.clauses),
    )


def _restrict(facet: Facet, types: frozenset[str]) -> Facet:
    """Give what a schema says of values of some types."""
    told = {
        name: fact
        for name, fact in facet.facts.items()
        if name not in _REMARKS and _concerns(name, types)
    }
    facts = {name: _restrict_fact(name, fact, types) for name, fact in told.items()}
    is_object = "object" in types
    return facet._replace(
        types=facet.types & types,
        is_nullable=False,
        facts={name: fact for name, fact in facts.items() if fact.value},
        patterns=facet.patterns if "string" in types else {},
        required=facet.required if is_object else {},
        properties=facet.properties if is_object else {},
        children={way: s for way, s in facet.children.items() if _concerns(way, types)},
        closed={word: at for word, at in facet.closed.items() if _concerns(word, types)},
        clauses=tuple(c for c in facet.clauses if _concerns(c.keyword, types)),
    )


def _concerns(name: str, types: frozenset[str]) -> bool:
    return not types.isdisjoint(_TYPES.get(name.partition("/")[0], types))


def _restrict_fact(name: str, fact: Fact, types: frozenset[str]) -> Fact:
    if name == "enum":
        listed = fact.value.items()
        return Fact({key: v for key, v in listed if type_of(v) in types}, fact.pointer)
    if name == "format":
        numeric = fact.value & _NUMERIC_FORMATS
        named = numeric if types <= _NUMBER else fact.value - numeric
        return Fact(named, fact.pointer)
    return fact
