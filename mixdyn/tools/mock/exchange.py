"""
One request's way to its response: read, look up, remember, answer.

The only place that joins the document, the memory and the request; no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import quote

from mixdyn.errors import excerpt
from mixdyn.identity import find_array, is_same
from mixdyn.media import (
    EVENT_STREAM,
    MediaType,
    is_binary,
    is_json,
    is_json_sequence,
    is_sequence,
)
from mixdyn.names import to_snake
from mixdyn.sample import Taste, media_examples
from mixdyn.shape import as_object
from mixdyn.tools.mock.api import Api, State
from mixdyn.tools.mock.delivery import answer_file
from mixdyn.tools.mock.parameter import Source, read_parameters
from mixdyn.tools.mock.payload import File, Payload, read_payload
from mixdyn.tools.mock.refusal import RefusedError
from mixdyn.tools.mock.reply import (
    Headers,
    MockRequest,
    MockResponse,
    answer_value,
    choose_success,
    make_concrete,
    negotiate,
)
from mixdyn.tools.mock.resource import (
    Collection,
    Reference,
    declares,
    event_media,
    find_text,
)
from mixdyn.tools.mock.route import PARAMETER, Route
from mixdyn.tools.mock.script import plant
from mixdyn.tools.mock.store import Address, Record

_DEFAULT_TEXT = "Hello from the stand-in server."


class Exchange:
    """Answers one request of one route."""

    def __init__(
        self, api: Api, state: State, request: MockRequest, route: Route, path: Mapping[str, str]
    ) -> None:
        self.api = api
        self.store = state.store
        self.state = state
        self.now = state.clock()
        self.request = request
        self.route = route
        self.operation = route.operation
        self.role = api.census.roles[route]
        source = Source(path, request.query, request.fields)
        self.arguments = read_parameters(api.sampler, self.operation, source)
        self.payload = Payload()

    def answer(self) -> MockResponse:
        """Give the response; RefusedError says what the request may not do."""
        for reference in self.api.census.references[self.route]:
            self.check_exists(reference)
        content_type = self.request.fields.get("content-type", "")
        if self.request.fields.get("content-encoding", "identity").lower() != "identity":
            raise RefusedError(415, "expected a body without Content-Encoding")
        self.payload = read_payload(
            self.api.sampler, self.operation, content_type, self.request.body
        )
        collection = self.role.collection
        if collection is None or not collection.is_stored:
            return self.answer_other()
        actions: dict[str, Callable[[Collection], MockResponse]] = {
            "list": self.answer_list,
            "gather": self.answer_gathered,
            "create": self.answer_create,
            "copy": self.answer_copy,
            "read": self.answer_read,
            "replace": self.answer_update,
            "merge": self.answer_update,
            "delete": self.answer_delete,
            "clear": self.answer_clear,
        }
        action = actions.get(self.role.kind)
        return action(collection) if action is not None else self.answer_other()

    # Finding things.

    @cached_property
    def path_ids(self) -> tuple[str, ...]:
        """The values of the path's whole-segment parameters, in order."""
        names = [s.names[0] for s in self.route.segments if s.is_parameter]
        return tuple(_id_text(self.arguments.get(("path", name), "")) for name in names)

    def address(self, collection: Collection) -> Address:
        """Give where the collection's things are that this request's path leads to."""
        return Address(collection.key, self.path_ids[: collection.key.count(PARAMETER)])

    def named_id(self, reference: Reference) -> str | None:
        """Give the id that a parameter carries, or None where the request does not have it."""
        value = self.arguments.get((reference.location, reference.parameter))
        return None if value is None else _id_text(value)

    def check_exists(self, reference: Reference) -> None:
        """Refuse ids that name nothing, unless this very request is to make what they name."""
        name = self.named_id(reference)
        is_own = reference.collection is self.role.collection and self.role.kind == "replace"
        if name is None or (is_own and declares(self.route, "201")):
            return
        self.find(reference.collection, name)

    def find(self, collection: Collection, name: str) -> Record:
        """Give the record of an id, or refuse with 404."""
        record = self.store.find(self.address(collection), name)
        if record is None:
            by = collection.identifier or "id"
            message = f"no {collection.singular} has the {by} {excerpt(name, 80)!r}"
            raise RefusedError(404, message)
        return record

    # Answers from memory.

    def answer_list(self, collection: Collection) -> MockResponse:
        address = self.address(collection)
        return self.show_list(collection, [(address, r) for r in self.store.all(address)])

    def answer_gathered(self, collection: Collection) -> MockResponse:
        return self.show_list(collection, self.store.gather(collection.key))

    def show_list(
        self, collection: Collection, records: list[tuple[Address, Record]]
    ) -> MockResponse:
        status, media = self.choose_success()
        found = find_array(media.schema) if media is not None and media.schema is not None else None
        if media is None or media.schema is None or found is None:
            return self.answer_other()
        show = self.api.renderer.show
        shown = [show(found[1], collection, record, address) for address, record in records]
        query = {name: v for (where, name), v in self.arguments.items() if where == "query"}
        value = self.api.renderer.show_list(media.schema, shown, query, self.seed)
        return answer_value(status, media, value)

    def answer_read(self, collection: Collection) -> MockResponse:
        record = self.find(collection, self.path_ids[-1])
        status, media = self.choose_success()
        response = self.operation.response(status)
        declared = response.media if response is not None else ()
        is_download = media is not None and not is_json(media.essence)
        if record.file is not None and is_download:
            times = (self.now, record.changed)
            return answer_file(record.file, declared, self.request, status, times)
        return self.show(collection, record)

    def answer_create(self, collection: Collection) -> MockResponse:
        record = self.create(collection, self.address(collection), self.payload)
        self.publish()
        is_here = self.route.key == collection.key
        location = f"{self.request.path.rstrip('/')}/{quote(record.id, safe='')}"
        headers = (("location", location),) if is_here else ()
        return self.show(collection, record, "201", headers)

    def answer_copy(self, collection: Collection) -> MockResponse:
        source = self.find(collection, self.path_ids[-1])
        fields = {**source.fields, **self.payload.fields}
        fields.pop(collection.identifier or "", None)
        # What belongs to the source, such as its files, is not copied: no document tells.
        copied = Payload(fields, (source.file,) if source.file is not None else ())
        record = self.create(collection, self.address(collection), copied)
        return self.show(collection, record, "201")

    def create(self, collection: Collection, address: Address, payload: Payload) -> Record:
        """Remember a new thing; refuse one that is there already if the document has 409 for it."""
        held = self.store.records.get(address, {})
        serial = self.store.next_serial(collection.key)
        identifier = collection.identifier
        file = payload.files[0] if payload.files else None
        given = collection.without_read_only(payload.fields)
        value = given.get(identifier or "")
        if value is None and file is not None and file.name and _is_name(identifier):
            value = file.name
        if value is None or isinstance(value, (bool, dict, list)):
            value = self.api.renderer.fresh_id(collection, serial, held)
        name = _id_text(value)
        if name in held and declares(self.route, "409"):
            shown = excerpt(name, 80)
            raise RefusedError(409, f"there is a {collection.singular} {shown!r} already")
        fields = {**given, **({identifier: value} if identifier else {})}
        record = Record(name, serial, fields, self.now, self.now, file)
        self.store.put(address, record)
        return record

    def answer_update(self, collection: Collection) -> MockResponse:
        is_item = self.route.key[-1] == PARAMETER
        identifier = collection.identifier or ""
        value = self.path_ids[-1] if is_item else self.payload.fields.get(identifier)
        if value is None:
            return self.answer_other()
        address, name = self.address(collection), _id_text(value)
        if self.store.find(address, name) is None and declares(self.route, "201"):
            own = {identifier: value} if identifier else {}
            made = replace(self.payload, value={**self.payload.fields, **own})
            return self.show(collection, self.create(collection, address, made), "201")
        changed = self.change(self.find(collection, name), collection)
        self.store.put(address, changed)
        return self.show(collection, changed)

    def change(self, record: Record, collection: Collection) -> Record:
        """Give a record with the body's fields: all of them anew, or merged in."""
        own = {n: v for n, v in record.fields.items() if n == collection.identifier}
        fields: dict[str, Any] = {**collection.without_read_only(self.payload.fields), **own}
        if self.role.kind == "merge":
            # A null in a merge takes the field away (RFC 7396).
            fields = {n: v for n, v in {**record.fields, **fields}.items() if v is not None}
        file = self.payload.files[0] if self.payload.files else record.file
        return replace(record.with_fields(fields, self.now), file=file)

    def answer_delete(self, collection: Collection) -> MockResponse:
        record = self.find(collection, self.path_ids[-1])
        self.store.remove(self.address(collection), record.id)
        return self.show(collection, record)

    def answer_clear(self, collection: Collection) -> MockResponse:
        address = self.address(collection)
        for record in self.store.all(address):
            self.store.remove(address, record.id)
        return self.answer_other()

    def show(
        self, collection: Collection, record: Record, wanted: str = "", headers: Headers = ()
    ) -> MockResponse:
        """Answer with a record, if that is what the response describes; else with a sample."""
        status, media = self.choose_success(wanted)
        if media is None or media.schema is None or not is_json(media.essence):
            return self.answer_sample(status, media, headers)
        value = self.api.renderer.show(media.schema, collection, record, self.address(collection))
        return answer_value(status, media, value, headers)

    # Answers without memory, and streams.

    def answer_other(self) -> MockResponse:
        """Answer with events, with the thing that the request is about, or with a sample."""
        status, media = self.choose_success()
        stream = event_media(self.operation)
        if stream is not None and (media is stream or self.payload.fields.get("stream") is True):
            return self.answer_events(status, stream)
        self.remember_text()
        self.publish()
        if media is not None and is_sequence(media.essence):
            return self.answer_lines(status, media)
        subject = self.api.census.subject(self.route)
        name = self.named_id(subject) if subject is not None else None
        if subject is None or name is None or media is None:
            return self.answer_sample(status, media)
        if not is_same(media.schema, subject.collection.item):
            return self.answer_sample(status, media)
        return self.show(subject.collection, self.find(subject.collection, name))

    def answer_sample(
        self, status: int, media: MediaType | None, headers: Headers = ()
    ) -> MockResponse:
        """Answer with an example or a made-up value, in which the request's own words stand."""
        if media is None:
            return answer_value(status, None, None, headers)
        schema = media.schema
        if not is_json(media.essence):
            content = self.sample_content(media)
            if isinstance(content, bytes):
                made = File(content, content_type=make_concrete(media.content_type))
                return answer_file(made, (media,), self.request, status, (self.now, None))
            return answer_value(status, media, content, headers)
        if schema is None:
            # Without a schema the core does not keep where examples would stand.
            return answer_value(status, media, {}, headers)
        accepts = self.api.sampler.validator(schema).accepts
        value = next(filter(accepts, media_examples(media)), None)
        if value is None:
            value = self.api.sampler.sample(schema, self.seed, Taste(now=self.now))
        value = self.api.novelty.show(schema, value, self.seed, Taste(now=self.now))
        value = self.api.sampler.overlay(schema, value, self.facts)
        return answer_value(status, media, value, headers)

    def sample_content(self, media: MediaType) -> Any:
        """Make a text or a few bytes for a media type that is not JSON."""
        example = next((e for e in media_examples(media) if isinstance(e, str)), None)
        if example is not None:
            return example
        schema = media.schema
        if schema is not None and "string" in schema.types and not is_binary(schema):
            return self.api.sampler.sample(schema, self.seed, Taste(now=self.now))
        if media.essence.endswith("xml"):
            return '<?xml version="1.0" encoding="UTF-8"?><sample/>'
        return f"A sample of {media.content_type}.".encode()

    def answer_events(self, status: int, media: MediaType) -> MockResponse:
        """
        Open a stream: live where an operation can send to it, else one run that ends by itself.
        """
        script = self.api.script(self.route, media)
        taste = Taste(now=self.now)
        headers = (("content-type", EVENT_STREAM), ("cache-control", "no-store"))
        if self.route.method != "GET" or not self.api.census.senders(self.route):
            self.remember_text()
            text = self.text or _DEFAULT_TEXT
            return MockResponse(status, headers, script.whole(text, self.subject_facts, taste))
        seen = self.request.fields.get("last-event-id", "")
        reader = self.store.channel(self.channel_address(self.route)).follow(
            int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 19 else None,
            script.opening(self.subject_facts, taste),
            script.heartbeat(self.subject_facts, taste),
            self.state.heartbeat_s,
        )
        return MockResponse(status, headers, reader)

    def answer_lines(self, status: int, media: MediaType) -> MockResponse:
        mark = b"\x1e" if is_json_sequence(media.essence) else b""
        script = self.api.script(self.route, media)
        text, taste = self.text or _DEFAULT_TEXT, Taste(now=self.now)
        return answer_value(status, media, script.lines(text, self.subject_facts, taste, mark))

    def channel_address(self, stream: Route) -> Address:
        """Give the channel of a stream for the thing that this request is about."""
        subject = self.api.census.subject(self.route)
        anchor = self.api.census.anchor(stream)
        scope = self.path_ids[: anchor.count(PARAMETER)]
        if subject is not None:
            own = self.address(subject.collection).scope
            scope = (*own, self.named_id(subject) or "")
        # Without the parameters' names, which another edition of the document may change.
        return Address((*anchor, "/".join(stream.key)), scope)

    def publish(self) -> None:
        """Let the streams of the thing that a text was sent to tell of it."""
        for stream, media in self.api.census.listeners(self.route):
            script = self.api.script(stream, media)
            drafts = script.run(self.text or "", self.subject_facts, Taste(now=self.now))
            channel = self.store.channel(self.channel_address(stream))
            channel.publish([draft.encode for draft in drafts])

    def remember_text(self) -> None:
        """Make a text that was sent part of the history of the thing that it was sent to."""
        collection = self.api.census.history(self.route)
        subject = self.api.census.subject(self.route)
        if collection is None or subject is None or self.text is None:
            return
        path = find_text(collection.item)
        scope = (*self.address(subject.collection).scope, self.named_id(subject) or "")
        fields: Any = plant({}, path, self.text) if path is not None else {}
        self.create(collection, Address(collection.key, scope), Payload(fields))

    # What the request says.

    @property
    def text(self) -> str | None:
        """The text that the body sends, or None."""
        body = self.operation.body
        path = find_text(body.preferred.schema) if body is not None else None
        value: Any = self.payload.fields
        for step in path or ():
            value = as_object(value).get(step)
        return value if isinstance(value, str) else None

    @property
    def facts(self) -> dict[str, Any]:
        """What the request says by name: its parameters, its fields, and what it is about."""
        facts: dict[str, Any] = {name: value for (_, name), value in self.arguments.items()}
        facts |= self.payload.fields
        collection = self.role.collection
        if collection is not None and collection.identifier and self.route.key[-1:] == (PARAMETER,):
            facts.setdefault(collection.identifier, self.path_ids[-1])
        return facts | self.subject_facts

    @property
    def subject_facts(self) -> dict[str, Any]:
        """Give what the request is about, for events: `session_id`."""
        given = {name: value for (_, name), value in self.arguments.items()}
        named = {name: value for name, value in given.items() if to_snake(name).endswith("_id")}
        subject = self.api.census.subject(self.route)
        own = {f"{subject.collection.singular}_id": self.named_id(subject)} if subject else {}
        return {**named, **own}

    @property
    def seed(self) -> str:
        """What made-up values depend on: the operation and the ids in its path."""
        return " ".join([self.operation.method, self.operation.path, *self.path_ids])

    def choose_success(self, wanted: str = "") -> tuple[int, MediaType | None]:
        status, response = choose_success(self.operation, wanted)
        media = response.media if response is not None else ()
        return status, negotiate(media, self.request.fields.get("accept", ""))


def _id_text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _is_name(identifier: str | None) -> bool:
    return identifier is not None and "name" in identifier.lower()
