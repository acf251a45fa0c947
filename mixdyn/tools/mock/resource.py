"""
Infers from a document which collections an API keeps, and what each operation does to them.

General rules only: from the paths' shapes, the parameters' names and the schemas' identities. Knows
nothing of requests and of what is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from mixdyn.identity import find_array, find_identifier, is_same, success_schema
from mixdyn.media import EVENT_STREAM, MediaType, is_upload
from mixdyn.names import to_snake
from mixdyn.operation import Operation
from mixdyn.schema import Schema
from mixdyn.tools.mock.route import PARAMETER, Route
from mixdyn.word import split_name, to_singular, vocabulary

Key = tuple[str, ...]
Stream = tuple[Route, MediaType]
Kind = Literal[
    "create", "copy", "list", "gather", "read", "replace", "merge", "delete", "clear", "other"
]

_TEXTS = ("content", "text", "message", "prompt", "input", "query", "delta", "body", "output")
_TEXT_DEPTH = 4
_SENDING = vocabulary(
    "message messages chat prompt prompts send run runs complete completion completions ask say"
    " input invoke generate"
)


@dataclass(frozen=True, eq=False)
class Collection:
    """
    A collection of things: `key` is its path, `identifier` the property that a thing is found by.

    `is_stored` tells that an operation creates its things, so that they are remembered, and that
    there are none but these. `settable` are the properties that creating one can set.
    """

    key: Key
    name: str
    item: Schema | None
    identifier: str | None
    is_stored: bool
    settable: frozenset[str]

    @property
    def singular(self) -> str:
        """What one thing is called, in snake_case."""
        return to_singular(to_snake(self.name))

    def without_read_only(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Leave out what only the server sets: a client may send it, but to no effect."""
        declared = self.item.core.properties if self.item is not None else {}
        fixed = {name for name, schema in declared.items() if schema.get("readOnly") is True}
        return {name: value for name, value in fields.items() if name not in fixed}

    @property
    def item_key(self) -> Key:
        """The path of one thing."""
        return (*self.key, PARAMETER)


class Role(NamedTuple):
    """What an operation does, and to which collection; `other` is without memory."""

    kind: Kind
    collection: Collection | None


class Reference(NamedTuple):
    """A parameter that names a thing of a collection: by its place in the path, or in the query."""

    collection: Collection
    parameter: str
    location: str


class Census:
    """The collections of a document, and the part that each route plays."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = [route for route in routes if route.is_usable]
        self._by_path: dict[Key, dict[str, Route]] = {}
        for route in self.routes:
            self._by_path.setdefault(route.key, {}).setdefault(route.method, route)
        self.collections = {c.key: c for c in map(self._make_collection, self._find_keys())}
        self.roles = {route: self._find_role(route) for route in self.routes}
        self.references = {route: tuple(self._find_references(route)) for route in self.routes}
        for route in self.routes:
            self.references[route] += tuple(self._borrow_references(route))

    def stored(self, key: Key) -> Collection | None:
        """Give the collection at a path if its things are remembered."""
        found = self.collections.get(key)
        return found if found is not None and found.is_stored else None

    def subject(self, route: Route) -> Reference | None:
        """Give the thing that an operation is about: the last one that its parameters name."""
        references = self.references.get(route, ())
        return references[-1] if references else None

    def history(self, route: Route) -> Collection | None:
        """
        Give the collection that a sent text becomes part of, for `POST …/{id}/message`.

        That is a stored one of the same thing whose name is the plural of the path's last segment.
        """
        subject = self.subject(route)
        if subject is None or self.roles[route].kind != "other" or route.method != "POST":
            return None
        last = to_snake(route.segments[-1].key)
        below = (c for c in self.collections.values() if c.key[:-1] == subject.collection.item_key)
        return next((c for c in below if c.is_stored and c.singular == last), None)

    def streams(self) -> list[Stream]:
        """The routes that give event streams for as long as one listens, with what they send."""
        gets = ((r, event_media(r.operation)) for r in self.routes if r.method == "GET")
        return [(route, media) for route, media in gets if media is not None]

    def listeners(self, route: Route) -> list[Stream]:
        """
        Give the streams that an operation sends to: a POST of text about the same thing.

        It is one if it stands under the same tag, or if its names speak of messages.
        """
        media = route.operation.body.preferred if route.operation.body is not None else None
        has_text = media is not None and find_text(media.schema) is not None
        if route.method != "POST" or not has_text or takes_file(route.operation):
            return []
        about = [s for s in self.streams() if self.anchor(s[0]) == self.anchor(route)]
        return [s for s in about if s[0].tags & route.tags or _speaks_of_messages(route)]

    def senders(self, stream: Route) -> list[Route]:
        """Give the operations that send to a stream."""
        return [r for r in self.routes if any(to is stream for to, _ in self.listeners(r))]

    def anchor(self, route: Route) -> Key:
        """Give what a route is about: a thing, or else the place of its last parameter."""
        subject = self.subject(route)
        if subject is not None:
            return subject.collection.item_key
        places = [i for i, text in enumerate(route.key, start=1) if text == PARAMETER]
        return route.key[: places[-1]] if places else ()

    def _find_keys(self) -> list[Key]:
        """Paths that end in a name and have a list, or things below them."""
        keys = {key for key in self._by_path if key and key[-1] != PARAMETER and self._list(key)}
        parents = {key[:-1] for key in self._by_path if key[-1:] == (PARAMETER,)}
        return sorted(keys | {key for key in parents if key and key[-1] != PARAMETER})

    def _list(self, key: Key) -> Schema | None:
        """The schema of the items that GET on a path lists, if it lists any."""
        route = self._by_path.get(key, {}).get("GET")
        schema = success_schema(route.operation) if route is not None else None
        found = find_array(schema) if schema is not None else None
        return found[1] if found is not None else None

    def _make_collection(self, key: Key) -> Collection:
        listed = self._list(key)
        creators = self._find_creators(key, listed)
        schemas = [self._answer((*key, PARAMETER), "GET"), listed]
        schemas += [success_schema(creator.operation) for creator in creators]
        schemas.append(self._answer((*key, PARAMETER), "PUT"))
        known = [schema for schema in schemas if schema is not None]
        parameter = self._item_parameter(key)
        item, identifier = find_identifier(known, parameter, to_singular(to_snake(key[-1])))
        settable = {n for creator in creators for n in _body_names(creator.operation)}
        return Collection(key, key[-1], item, identifier, bool(creators), frozenset(settable))

    def _find_creators(self, key: Key, listed: Schema | None) -> list[Route]:
        """POST on the collection's path, or below it with an answer like the items of its list."""
        own = self._by_path.get(key, {}).get("POST")
        has_items = listed is not None or (*key, PARAMETER) in self._by_path
        found = [own] if own is not None and has_items else []
        for path, methods in self._by_path.items():
            is_below = len(path) == len(key) + 1 and path[:-1] == key and path[-1] != PARAMETER
            route = methods.get("POST") if is_below else None
            if route is not None and is_same(listed, success_schema(route.operation)):
                found.append(route)
        put = self._by_path.get((*key, PARAMETER), {}).get("PUT")
        return found or ([put] if put is not None and declares(put, "201") else [])

    def _item_parameter(self, key: Key) -> str:
        methods = self._by_path.get((*key, PARAMETER), {})
        return next((route.segments[-1].names[0] for route in methods.values()), "id")

    def _answer(self, key: Key, method: str) -> Schema | None:
        route = self._by_path.get(key, {}).get(method)
        return success_schema(route.operation) if route is not None else None

    def _find_role(self, route: Route) -> Role:
        here = self.collections.get(route.key)
        if here is not None:
            return self._find_collection_role(route, here)
        above = self.collections.get(route.key[:-1])
        if route.key[-1:] == (PARAMETER,) and above is not None:
            kinds: dict[str, Kind] = {
                "GET": "read",
                "PUT": "replace",
                "PATCH": "merge",
                "POST": "merge",
                "DELETE": "delete",
            }
            return Role(kinds.get(route.method, "other"), above)
        if route.method == "POST":
            return self._find_post_role(route, above)
        return self._find_gather_role(route)

    def _find_collection_role(self, route: Route, here: Collection) -> Role:
        """
        A list is remembered where something creates its items, or gathered from other collections.

        PUT on a collection's path replaces the thing that the body names.
        """
        if route.method == "GET" and (here.is_stored or self._list(route.key) is None):
            return Role("list" if self._list(route.key) is not None else "other", here)
        if route.method == "GET":
            return self._find_gather_role(route)
        kinds: dict[str, Kind] = {"PUT": "replace", "PATCH": "merge", "DELETE": "clear"}
        if route.method == "POST" and here.is_stored:
            return Role("create", here)
        is_kept = here.is_stored and route.method in kinds
        return Role(kinds[route.method], here) if is_kept else Role("other", None)

    def _find_post_role(self, route: Route, above: Collection | None) -> Role:
        answer = success_schema(route.operation)
        if above is not None and above.is_stored and is_same(self._list(above.key), answer):
            return Role("create", above)
        # `POST /things/{id}/fork` that answers 201 with a thing makes one more of them.
        source = self.stored(route.key[:-2]) if route.key[-2:-1] == (PARAMETER,) else None
        if source is not None and declares(route, "201") and is_same(source.item, answer):
            return Role("copy", source)
        return Role("other", None)

    def _find_gather_role(self, route: Route) -> Role:
        """A list of things that are stored elsewhere gathers them from there."""
        schema = success_schema(route.operation) if route.method == "GET" else None
        listed = find_array(schema) if schema is not None else None
        for collection in self.collections.values() if listed is not None else ():
            if collection.is_stored and is_same(listed and listed[1], collection.item):
                return Role("gather", collection)
        return Role("other", None)

    def _find_references(self, route: Route) -> Iterator[Reference]:
        for index, segment in enumerate(route.segments):
            collection = self.stored(route.key[:index]) if segment.is_parameter else None
            if collection is not None:
                yield Reference(collection, segment.names[0], "path")
            elif segment.is_parameter:
                yield from self._find_named(segment.names[0], "path")
        for parameter in route.operation.parameters:
            if parameter.location == "query":
                yield from self._find_named(parameter.name, "query")

    def _find_named(self, name: str, location: str) -> Iterator[Reference]:
        """`petId` names a thing of the collection `pets`, if there is only one such."""
        stem = to_snake(name).removesuffix("_id")
        found = [
            c
            for c in self.collections.values()
            if c.is_stored and c.singular == stem and PARAMETER not in c.key
        ]
        if stem != to_snake(name) and len(found) == 1:
            yield Reference(found[0], name, location)

    def _borrow_references(self, route: Route) -> Iterator[Reference]:
        """`/live/{id}/…` is about the same thing as the event stream at `/live?petId=…`."""
        if self.references[route] or PARAMETER not in route.key:
            return
        index = route.key.index(PARAMETER)
        stream = self._by_path.get(route.key[:index], {}).get("GET")
        if stream is not None and event_media(stream.operation) is not None:
            for reference in self.references[stream]:
                name = route.segments[index].names[0]
                yield Reference(reference.collection, name, "path")


def declares(route: Route, status: str) -> bool:
    """Tell whether an operation documents a response for exactly this status."""
    return any(response.status == status for response in route.operation.responses)


def event_media(operation: Operation) -> MediaType | None:
    """Give the media type of an operation's event stream, if it has one."""
    media = (m for response in operation.success for m in response.media)
    return next((m for m in media if m.essence == EVENT_STREAM), None)


def find_text(schema: Schema | None, depth: int = 0) -> tuple[str, ...] | None:
    """Give the path of the property that says something: `content`, `text`, `delta.content`."""
    if schema is None or depth > _TEXT_DEPTH:
        return None
    holders = [schema.core, *(b.core for b in schema.core.branches)]
    declared = {name: s for holder in holders for name, s in holder.properties.items()}
    words = {to_snake(name): name for name in declared}
    for word in _TEXTS:
        below = declared.get(words.get(word, ""))
        if below is not None and "string" in below.core.types and not below.core.enum:
            return (words[word],)
    for name, below in declared.items():
        found = find_text(below, depth + 1) if "object" in below.core.types else None
        if found is not None:
            return (name, *found)
    return None


def takes_file(operation: Operation) -> bool:
    """Tell whether an operation's body is, or holds, raw bytes."""
    media = operation.body.media if operation.body is not None else ()
    schemas = [m.schema.core for m in media if m.schema is not None]
    parts = [s for schema in schemas for s in (schema, *schema.properties.values())]
    return any(map(is_upload, parts))


def _speaks_of_messages(route: Route) -> bool:
    names = [route.segments[-1].text, route.operation.operation_id or "", *route.tags]
    return any(_SENDING & split_name(name) for name in names)


def _body_names(operation: Operation) -> Iterator[str]:
    for media in operation.body.media if operation.body is not None else ():
        if media.schema is not None:
            yield from media.schema.core.properties
