"""
What changed in who may call an operation, and where.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mixdyn.diff.edition import Side
from mixdyn.diff.finding import Found
from mixdyn.diff.place import point
from mixdyn.document import escape_pointer
from mixdyn.errors import excerpt
from mixdyn.operation import Server, parse_servers
from mixdyn.redact import redact_url
from mixdyn.shape import as_array, as_object

_SHOWN = 80


class Alternative(NamedTuple):
    """Schemes that are to be satisfied together, with their scopes; of none, any call is taken."""

    names: frozenset[str]
    scopes: frozenset[tuple[str, str]]

    def covers(self, other: Alternative) -> bool:
        """Tell whether whoever satisfies the other satisfies this one."""
        return self.names <= other.names and self.scopes <= other.scopes

    def __str__(self) -> str:
        return excerpt(" and ".join(sorted(self.names)), _SHOWN)


_FREE = Alternative(frozenset(), frozenset())

_OPEN = frozenset({_FREE})

Alternatives = frozenset[Alternative]
Places = tuple[str, str]


def compare_security(old: Side, new: Side) -> Iterator[Found]:
    """Tell what changed in the credentials that an operation takes."""
    one, other = (_list_alternatives(side.operation.security) for side in (old, new))
    places = _locate(old, "security"), _locate(new, "security")
    if one != other:
        if (_FREE in one) != (_FREE in other):
            what = "became-required" if _FREE in one else "no-longer-required"
            message = f"a credential is {'now' if _FREE in one else 'no longer'} required"
            yield Found(f"security-{what}", message, *places)
        yield from _compare_alternatives(one, other, places)
    before, after = (
        {name for alternative in some for name in alternative.names} for some in (one, other)
    )
    for name in sorted(before & after):
        if old.edition.schemes[name] != new.edition.schemes[name]:
            message = f"the security scheme {excerpt(name, _SHOWN)} is another"
            below = f"/components/securitySchemes/{escape_pointer(name)}"
            yield Found("security-scheme-changed", message, below, below)


def _compare_alternatives(old: Alternatives, new: Alternatives, places: Places) -> Iterator[Found]:
    gone, come = old - new - {_FREE}, new - old - {_FREE}
    for one, other in _pair_scopes(gone, come):
        gone, come = gone - {one}, come - {other}
        yield from _compare_scopes(str(one), one.scopes, other.scopes, places)
    for one in sorted(gone, key=_order):
        if not any(other.covers(one) for other in new):
            yield Found("security-alternative-removed", f"{one} is no longer taken", *places)
        elif _FREE in old or _FREE not in new:
            message = f"the alternative {one} was dropped; another asks for less"
            yield Found("security-alternative-dropped", message, *places)
    for other in sorted(come, key=_order):
        if old != _OPEN or _FREE in new:
            yield Found("security-alternative-added", f"{other} is now taken", *places)


def _pair_scopes(
    gone: Alternatives, come: Alternatives
) -> Iterator[tuple[Alternative, Alternative]]:
    """Pair the alternatives of the same schemes whose scopes differ least."""
    pairs = [(one, other) for one in gone for other in come if one.names == other.names]
    taken: set[tuple[str, Alternative]] = set()
    for one, other in sorted(
        pairs, key=lambda p: (len(p[0].scopes ^ p[1].scopes), _order(p[0]), _order(p[1]))
    ):
        if taken.isdisjoint((("old", one), ("new", other))):
            taken.update((("old", one), ("new", other)))
            yield one, other


def _order(alternative: Alternative) -> tuple[list[str], list[tuple[str, str]]]:
    return sorted(alternative.names), sorted(alternative.scopes)


def _compare_scopes(
    name: str, old: frozenset[tuple[str, str]], new: frozenset[tuple[str, str]], places: Places
) -> Iterator[Found]:
    for what, scopes in (("removed", old - new), ("added", new - old)):
        for _, scope in sorted(scopes):
            message = f"the scope {excerpt(scope, _SHOWN)} of {name} was {what}"
            yield Found(f"security-scope-{what}", message, *places)


def _list_alternatives(security: tuple[Mapping[str, Any], ...]) -> Alternatives:
    """Give the alternatives, in no order; where nothing is said, any call is allowed."""
    found = (
        Alternative(
            frozenset(rule),
            frozenset((name, str(scope)) for name in rule for scope in as_array(rule[name])),
        )
        for rule in security
    )
    return frozenset(found) or _OPEN


def compare_servers(old: Side, new: Side) -> Iterator[Found]:
    """Tell what changed in the servers that an operation has."""
    one, other = old.operation.servers, new.operation.servers
    if one == other:
        return
    places = _locate(old, "servers"), _locate(new, "servers")
    urls, others = [s.url for s in one], [s.url for s in other]
    if urls[:1] != others[:1]:
        message = f"the first server {_show(urls)} became {_show(others)}"
        yield Found("server-default-changed", message, *places)
    for url in dict.fromkeys(urls):
        if url not in others:
            yield Found("server-removed", f"the server {_show([url])} was removed", *places)
    for url in dict.fromkeys(others):
        if url not in urls:
            yield Found("server-added", f"the server {_show([url])} was added", *places)
    yield from _compare_variables(one, other, places)


def _compare_variables(
    old: tuple[Server, ...], new: tuple[Server, ...], places: tuple[str, str]
) -> Iterator[Found]:
    before = {server.url: server.variables for server in old}
    for server in new:
        variables = before.get(server.url, server.variables)
        for name in sorted(map(str, {**variables, **server.variables})):
            if _rules(variables.get(name)) != _rules(server.variables.get(name)):
                message = (
                    f"the variable {excerpt(name, _SHOWN)} of {_show([server.url])} is another"
                )
                yield Found("server-variable-changed", message, *places)


def _rules(variable: Any) -> tuple[Any, ...]:
    given = as_object(variable)
    return given.get("default"), sorted(map(str, as_array(given.get("enum"))))


def _locate(side: Side, keyword: str) -> str:
    """Point at what applies to an operation: its own, its path's, or the document's."""
    document, item = side.edition.document, side.entry.path_item
    if keyword in side.entry.operation.value:
        return f"{side.pointer}/{keyword}"
    if keyword == "servers" and parse_servers(as_object(item.value).get(keyword)):
        return point(item, document.location, keyword)
    return f"/{keyword}" if keyword in document.root else side.pointer


def _show(urls: list[str]) -> str:
    return excerpt(redact_url(urls[0]), _SHOWN) if urls else "none"
