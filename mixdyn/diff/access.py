"""
What changed in who may call an operation, and where.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mixdyn.diff.edition import Side
from mixdyn.diff.finding import Found
from mixdyn.diff.place import point
from mixdyn.document import escape_pointer
from mixdyn.errors import excerpt
from mixdyn.operation import Server, parse_servers
from mixdyn.redact import redact_url
from mixdyn.shape import as_array, as_object

_SHOWN = 80

Alternatives = Mapping[frozenset[str], frozenset[str]]


def compare_security(old: Side, new: Side) -> Iterator[Found]:
    """Tell what changed in the credentials that an operation takes."""
    one, other = (_list_alternatives(side.operation.security) for side in (old, new))
    places = _locate(old, "security"), _locate(new, "security")
    free = frozenset[str]()
    if one != other:
        if (free in one) != (free in other):
            what = "became-required" if free in one else "no-longer-required"
            message = f"a credential is {'now' if free in one else 'no longer'} required"
            yield Found(f"security-{what}", message, *places)
        yield from _compare_alternatives(one, other, places)
    for name in sorted({n for names in one.keys() & other.keys() for n in names}):
        if old.edition.schemes[name] != new.edition.schemes[name]:
            message = f"the security scheme {excerpt(name, _SHOWN)} is another"
            below = f"/components/securitySchemes/{escape_pointer(name)}"
            yield Found("security-scheme-changed", message, below, below)


def _compare_alternatives(
    old: Alternatives, new: Alternatives, places: tuple[str, str]
) -> Iterator[Found]:
    for names in sorted(old.keys() | new.keys(), key=sorted):
        if not names:
            continue
        shown = excerpt(" and ".join(sorted(names)), _SHOWN)
        if names in old and names in new:
            yield from _compare_scopes(shown, old[names], new[names], places)
        elif names in old and frozenset() not in new:
            yield Found("security-alternative-removed", f"{shown} is no longer taken", *places)
        elif names in new and old.keys() - {frozenset()}:
            yield Found("security-alternative-added", f"{shown} is now taken", *places)


def _compare_scopes(
    name: str, old: frozenset[str], new: frozenset[str], places: tuple[str, str]
) -> Iterator[Found]:
    for what, scopes in (("removed", old - new), ("added", new - old)):
        for scope in sorted(scopes):
            message = f"the scope {excerpt(scope.partition(' ')[2], _SHOWN)} of {name} was {what}"
            yield Found(f"security-scope-{what}", message, *places)


def _list_alternatives(security: tuple[Mapping[str, Any], ...]) -> Alternatives:
    """Give the scopes of each alternative; where any call is allowed, an empty one."""
    if not security:
        return {frozenset(): frozenset()}
    return {
        frozenset(rule): frozenset(f"{n} {s}" for n in rule for s in as_array(rule[n]))
        for rule in security
    }


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
