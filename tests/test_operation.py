"""What one operation takes and gives, read from its document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mixdyn.catalog import build_catalog
from mixdyn.document import Document
from mixdyn.errors import DocumentError
from mixdyn.operation import (
    Body,
    Operation,
    Parameter,
    parse_operation,
    parse_servers,
    split_template,
)
from mixdyn.schema import Schemas
from mixdyn.scheme import parse_security_schemes
from tests.documents import (
    INTEGER,
    TEXT,
    answers,
    body,
    fields,
    make_document,
    make_operation,
    param,
)


def arguments(operation: Operation) -> list[str]:
    return [a.name if a.required else f"{a.name}?" for a in operation.arguments]


def wires(operation: Operation) -> dict[str, tuple[str, str]]:
    return {a.name: (a.location, a.wire) for a in operation.arguments}


SPECS = Path(__file__).parent.parent.parent / "shared" / "specs"
SAMPLES = sorted([*SPECS.glob("readme-oas-examples/*.json"), *SPECS.glob("oai-learn/v3*/*.json")])


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: getattr(path, "stem", "none"))
def test_published_samples_are_read(path: Path) -> None:
    """Every operation of the published sample documents has arguments with names of their own."""
    document = Document.load(path)
    schemas = Schemas(document)
    for entry in build_catalog(document, frozenset()).entries:
        names = [a.name for a in parse_operation(schemas, entry).arguments]
        assert len(names) == len(set(names))
        assert all(name.isidentifier() for name in names)


def test_parameters_of_path_and_operation_are_merged() -> None:
    """The operation's own parameter replaces the path item's of the same name and place."""
    item = {"parameters": [param("a", description="item"), param("b"), param("id", "path")]}
    own = {"parameters": [param("a", description="own"), param("a", "header")]}
    made = make_operation(own, "/x/{id}", item=item)
    found = [(p.location, p.name, p.description) for p in made.parameters]
    assert found == [
        ("path", "id", ""),
        ("query", "a", "own"),
        ("query", "b", ""),
        ("header", "a", ""),
    ]
    assert arguments(made) == ["id", "a?", "b?", "a_header?"]


def test_references_are_followed_everywhere() -> None:
    """Parameters, bodies, responses, media types and schemas may all be references."""
    components = {
        "parameters": {
            "P": {"$ref": "#/components/parameters/Q"},
            "Q": {"name": "q", "in": "query", "content": {"a/b": {"$ref": "#/components/x/M"}}},
        },
        "requestBodies": {"B": body({"$ref": "#/components/schemas/S"})["requestBody"]},
        "responses": {"R": {"description": "r", "content": {"a/b": {"$ref": "#/components/x/M"}}}},
        "x": {"M": {"schema": {"$ref": "#/components/schemas/S"}}},
        "schemas": {"S": fields(title=TEXT)},
    }
    operation = {
        "parameters": [{"$ref": "#/components/parameters/P"}],
        "requestBody": {"$ref": "#/components/requestBodies/B"},
        "responses": {"200": {"$ref": "#/components/responses/R"}},
    }
    made = make_operation(operation, components=components)
    assert arguments(made) == ["q?", "title?"]
    assert made.parameters[0].schema is not None
    assert made.parameters[0].schema.name == "S"
    assert made.responses[0].media[0].schema is not None
    assert made.responses[0].media[0].schema.name == "S"


@pytest.mark.parametrize("name", ["Accept", "content-type", "AUTHORIZATION"])
def test_headers_described_elsewhere_are_ignored(name: str) -> None:
    """Header parameters of these names say nothing (OpenAPI 3.1.1, 4.8.12.1)."""
    operation = {"parameters": [param(name, "header"), param(name, "query")]}
    assert [p.location for p in make_operation(operation).parameters] == ["query"]


@pytest.mark.parametrize(
    ("location", "style", "explode"),
    [
        ("path", "simple", False),
        ("query", "form", True),
        ("header", "simple", False),
        ("cookie", "form", True),
        ("querystring", "form", True),
    ],
)
def test_styles_have_defaults(location: str, style: str, explode: bool) -> None:
    """Each place has its default style, and `form` explodes unless told otherwise."""
    made = make_operation({"parameters": [param("p", location)]}, "/x/{p}").parameters[-1]
    assert (made.style, made.explode) == (style, explode)
    told = make_operation(
        {"parameters": [param("p", location, explode=not explode, style=[])]}, "/{p}"
    )
    assert (told.parameters[-1].style, told.parameters[-1].explode) == (style, not explode)


def test_content_parameters_have_a_media_type() -> None:
    """A parameter with `content` is written in that media type."""
    parameter = {"name": "q", "in": "query", "content": {"Application/JSON; a=b": {"schema": TEXT}}}
    made = make_operation({"parameters": [parameter]}).parameters[0]
    assert made.media_essence == "application/json"
    assert made.schema is not None
    assert make_operation({"parameters": [param("q")]}).parameters[0].media_essence == ""


@pytest.mark.parametrize(
    "parameter",
    [
        {"name": "x", "in": "body"},
        {"in": "query"},
        {"name": 5, "in": "query"},
        {},
        7,
        {"name": "x"},
    ],
)
def test_unusable_parameters_are_named(parameter: Any) -> None:
    """A parameter without a name or a known place gives an error that says where it stands."""
    with pytest.raises(DocumentError, match=r"#/paths/~1things/post/parameters/0: a parameter"):
        make_operation({"parameters": [parameter]})


def test_paths_and_their_parameters_agree() -> None:
    """A placeholder without a parameter still asks for a value; a parameter without one is moot."""
    operation = {"parameters": [param("gone", "path"), param("b", "path", INTEGER)]}
    made = make_operation(operation, "/{a}/{b}/{a}#{frag}")
    assert arguments(made) == ["b", "a"]
    assert [p.required for p in made.parameters] == [True, True]


@pytest.mark.parametrize(
    ("path", "literals", "names"),
    [
        ("/a", ["/a"], []),
        ("/a/{b}{c}.x", ["/a/", "", ".x"], ["b", "c"]),
        ("/{a#b}", ["/{a"], []),
        ("/a#{b}", ["/a"], []),
        ("/{}/{{a}}", ["/{}/{", "}"], ["a"]),
    ],
)
def test_split_template(path: str, literals: list[str], names: list[str]) -> None:
    """A template is literal texts with names between them; a fragment does not count."""
    assert split_template(path) == (literals, names)


CHILD = {"allOf": [fields("a", a=TEXT), {"properties": {"b": TEXT}}]}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (fields("b", a=TEXT, b=TEXT), ["b", "a?"]),
        ({"properties": {"a": TEXT}}, ["a?"]),
        (CHILD, ["a", "b?"]),
        ({"type": ["object", "null"], "properties": {"a": TEXT}}, ["a?"]),
        (fields(a={**TEXT, "readOnly": True}, b=TEXT), ["b?"]),
        (
            {**fields(a=TEXT, b=TEXT), "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
            ["a?", "b?"],
        ),
        ({"oneOf": [fields(a=TEXT), fields(b=TEXT)]}, ["body"]),
        ({**fields(a=TEXT), "oneOf": [fields(b=TEXT), fields(c=TEXT)]}, ["body"]),
        ({**fields(a=TEXT), "anyOf": [{"type": "string"}, {"required": ["a"]}]}, ["body"]),
        ({"type": "array", "items": TEXT}, ["body"]),
        (TEXT, ["body"]),
        ({"type": "object"}, ["body"]),
        ({"type": "object", "additionalProperties": TEXT}, ["body"]),
        ({"type": ["object", "string"], "properties": {"a": TEXT}}, ["body"]),
        ({}, ["body"]),
        (True, ["body"]),
        (None, ["body"]),
    ],
)
def test_object_bodies_are_flattened(schema: Any, expected: list[str]) -> None:
    """The properties of an object are arguments; any other body is one argument."""
    assert arguments(make_operation(body(schema))) == expected


def test_a_discriminated_body_is_one_argument() -> None:
    """An object whose discriminator names children may have properties of theirs."""
    schema = {
        **fields("kind", kind=TEXT),
        "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat"}},
    }
    parts = {"components": {"schemas": {"Cat": fields(lives=INTEGER)}}}
    assert arguments(make_operation(body(schema), **parts)) == ["body"]


def test_optional_bodies_make_optional_arguments() -> None:
    """A property is required only where its body is."""
    assert arguments(make_operation(body(fields("a", a=TEXT), required=False))) == ["a?"]
    assert arguments(make_operation(body(TEXT, required=False))) == ["body?"]


def test_a_whole_body_is_also_called_request() -> None:
    """The published SDK's name for a body of one argument works as well."""
    made = make_operation(body(TEXT)).arguments[0]
    assert made.aliases == ("body", "request")
    assert made.location == "whole body"


def test_bodies_without_content_are_none() -> None:
    """A request body that documents no media type takes nothing."""
    assert make_operation({"requestBody": {"required": True}}).body is None
    assert make_operation({"requestBody": 5}).body is None


def test_json_is_the_preferred_body() -> None:
    """JSON is sent where a body may have several media types, else the first is."""
    content: dict[str, Any] = {"text/xml": {}, "application/x+json": {}, "application/json": {}}
    made = make_operation({"requestBody": {"content": content}}).body
    assert isinstance(made, Body)
    assert made.preferred.content_type == "application/x+json"
    other = make_operation({"requestBody": {"content": {"text/xml": {}, "a/b": {}}}}).body
    assert isinstance(other, Body)
    assert other.preferred.essence == "text/xml"


def test_name_clashes_are_resolved_by_place() -> None:
    """The path's `id` keeps its name; those of query and body say where they go."""
    operation = {
        "parameters": [param("id", "path"), param("id"), param("body")],
        **body(fields("id", id=TEXT, id_body=TEXT)),
    }
    assert wires(make_operation(operation, "/x/{id}")) == {
        "id": ("path", "id"),
        "id_body": ("body", "id"),
        "id_query": ("query", "id"),
        "body": ("query", "body"),
        "id_body_body": ("body", "id_body"),
    }


def test_a_parameter_called_body_does_not_hide_the_body() -> None:
    """A whole body beside a parameter of that name gets another."""
    operation = {"parameters": [param("body")], **body(TEXT)}
    assert wires(make_operation(operation))["body_body"] == ("whole body", "body")


@pytest.mark.parametrize(
    ("name", "expected", "aliases"),
    [
        ("type", "type_", ("type_", "type")),
        ("from", "from_", ("from_", "from")),
        ("Last-Event-ID", "last_event_id", ("last_event_id", "Last-Event-ID")),
        ("retries", "retries_", ("retries_",)),
        ("timeout_ms", "timeout_ms_", ("timeout_ms_",)),
        ("validate", "validate_", ("validate_",)),
        ("self", "self_", ("self_", "self")),
        ("__class__", "class_", ("class_", "__class__", "class")),
        ("\x00\x1b[31m", "n31m", ("n31m", "\x00\x1b[31m")),
        ("", "unnamed", ("unnamed", "")),
    ],
)
def test_arguments_are_safe_names(name: str, expected: str, aliases: tuple[str, ...]) -> None:
    """No document's name is a keyword, an option of the call or our own first parameter."""
    made = make_operation({"parameters": [param(name)]}).arguments[0]
    assert (made.name, made.aliases) == (expected, aliases)


def test_huge_names_do_not_break() -> None:
    """A name of 10 KB is an argument like any other."""
    made = make_operation({"operationId": "y" * 10_000, "parameters": [param("x" * 10_000)]})
    assert made.arguments[0].wire == "x" * 10_000
    assert len(made.label) < 250


@pytest.mark.parametrize(
    ("status", "expected"), [(200, "200"), (201, "2xx"), (404, "default"), (500, "5XX")]
)
def test_response_is_found_by_status(status: int, expected: str) -> None:
    """The exact status goes before its class, that before `default`."""
    declared = {key: {"description": ""} for key in ("default", "2xx", "200", "5XX", "x-note")}
    found = make_operation({"responses": declared}).response(status)
    assert found is not None
    assert found.status == expected


def test_undocumented_status_has_no_response() -> None:
    """Without `default`, a status that is not listed is not described."""
    made = make_operation({"responses": {200: {"description": "a number, from Python"}}})
    assert made.response(201) is None
    assert made.response(200) is not None


def test_success_and_accepted_types() -> None:
    """Success is any 2xx, or `default` where it is all there is; its types are asked for."""
    content: dict[str, Any] = {"application/json": {}, "text/csv": {}}
    responses = {"200": {"content": content}, "201": {"content": {"text/csv": {}}}, "default": {}}
    made = make_operation({"responses": responses})
    assert [r.status for r in made.success] == ["200", "201"]
    assert made.accepted_types == ("application/json", "text/csv")
    assert made.call_options[-1] == "accept_header_override"
    only = make_operation(answers(TEXT, "default"))
    assert [r.status for r in only.success] == ["default"]
    assert "accept_header_override" not in only.call_options
    matched = made.responses[0].match("text/csv; charset=utf-8")
    assert matched is not None
    assert matched.essence == "text/csv"


def test_media_types_keep_encoding_and_extensions() -> None:
    """Encoding, extensions and the schema of items stand with their media type."""
    media = {"encoding": {"a": {}}, "x-note": 1, "itemSchema": TEXT, "schema": 5}
    made = make_operation({"responses": {"200": {"content": {"a/b": media, "c/d": 5}}}})
    first, second = made.responses[0].media
    assert (first.encoding, first.extensions) == ({"a": {}}, {"x-note": 1})
    assert first.item_schema is not None
    assert (second.schema, second.item_schema) == (None, None)


def test_texts_fall_back_to_the_schema() -> None:
    """An argument without a description has that of its schema; nonsense is empty."""
    assert Parameter("a", "query").required is False
    described = {**TEXT, "description": "of the schema"}
    operation = {
        "summary": 5,
        "description": "what",
        "deprecated": True,
        "operationId": 7,
        "parameters": [param("a", schema=described), {"name": "b", "in": "query"}],
    }
    made = make_operation(operation)
    assert [a.description for a in made.arguments] == ["of the schema", ""]
    assert (made.summary, made.description, made.is_deprecated) == ("", "what", True)
    assert made.operation_id is None
    assert made.label == "post_things (POST /things)"


def test_a_whole_body_is_described() -> None:
    """The body's own description goes before that of its schema."""
    schema = {**TEXT, "description": "of the schema"}
    operation = body(schema)
    assert make_operation(operation).arguments[0].description == "of the schema"
    operation["requestBody"]["description"] = "of the body"
    made = make_operation(operation)
    assert made.arguments[0].description == "of the body"
    assert made.body is not None
    assert made.body.description == "of the body"


def test_servers_of_operation_go_before_path_and_document() -> None:
    """The nearest list of servers counts."""

    def url(**where: Any) -> str:
        own = where.get("own", {})
        parts = {"item": where.get("item", {}), "servers": [{"url": "root"}]}
        return make_operation(own, **parts).servers[0].url

    assert url() == "root"
    assert url(item={"servers": [{"url": "item"}]}) == "item"
    assert url(item={"servers": [{"url": "item"}]}, own={"servers": [{"url": "own"}]}) == "own"
    assert url(own={"servers": []}) == "root"
    assert parse_servers([{"url": "a", "variables": 5}, {}, "x"])[0].variables == {}


SCHEMES = {
    "a": {"type": "http", "scheme": "Bearer"},
    "b": {"type": "apiKey", "in": "query", "name": "k"},
}


@pytest.mark.parametrize(
    ("own", "root", "expected"),
    [
        ({}, [{"a": []}], ({"a": []},)),
        ({"security": []}, [{"a": []}], ()),
        ({"security": [{"b": []}, {}]}, [{"a": []}], ({"b": []}, {})),
        ({"security": [{"gone": []}, {"a": [], "gone": []}, {"b": []}]}, None, ({"b": []},)),
        ({"security": "nonsense"}, None, ()),
        ({"security": [5]}, None, ()),
        ({"security": [{"#/components/securitySchemes/b": ["read"]}]}, None, ({"b": ["read"]},)),
        ({"security": [{"#/components/parameters/b": []}]}, None, ()),
    ],
)
def test_security_of_operation_goes_before_documents(own: Any, root: Any, expected: Any) -> None:
    """Requirements of the operation replace the document's; undeclared schemes satisfy none."""
    made = make_operation(own, security=root, components={"securitySchemes": SCHEMES})
    assert made.security == expected


def test_security_schemes_are_read() -> None:
    """Schemes are known by name; one that cannot be read is of no kind."""
    declared = {
        **SCHEMES,
        "c": {"$ref": "#/components/securitySchemes/a"},
        "d": {"$ref": "#/gone"},
        "e": 5,
    }
    found = parse_security_schemes(make_document({}, components={"securitySchemes": declared}))
    assert {name: s.kind for name, s in found.items()} == {
        "a": "http",
        "b": "apiKey",
        "c": "http",
        "d": "",
        "e": "",
    }
    assert (found["b"].location, found["b"].parameter, found["c"].http_scheme) == (
        "query",
        "k",
        "bearer",
    )


@pytest.mark.parametrize(
    ("own", "root", "expected", "is_own"),
    [
        (None, None, None, False),
        (None, {"strategy": "backoff"}, {"strategy": "backoff"}, False),
        ({"strategy": "none"}, {"strategy": "backoff"}, {"strategy": "none"}, True),
        ("nonsense", None, None, False),
    ],
)
def test_retries_of_operation_go_before_documents(
    own: Any, root: Any, expected: Any, is_own: bool
) -> None:
    """The operation's `x-speakeasy-retries` replaces the document's."""
    operation = {} if own is None else {"x-speakeasy-retries": own}
    parts = {} if root is None else {"x-speakeasy-retries": root}
    made = make_operation(operation, **parts)
    assert (made.retries, made.has_own_retries) == (expected, is_own)


def test_a_response_that_cannot_be_read_keeps_no_call_from_being_made() -> None:
    """A response whose reference leads nowhere is one without media types, and says so."""
    broken = {"content": {"application/json": {"schema": {"allOf": [{"$ref": "#/nowhere"}]}}}}
    made = make_operation({"responses": {"500": {"$ref": "#/nowhere"}, "404": broken}})
    assert [(r.status, r.media) for r in made.responses] == [("500", ()), ("404", ())]
    assert all(r.description.startswith("(cannot be read: ") for r in made.responses)
