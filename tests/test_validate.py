"""
`find_faults`: all that is wrong with a document, by the standard and for mixdyn, with its lines.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from openapi_spec_validator.validation import validators

from mixdyn import standard
from mixdyn.bundled import BUNDLED
from mixdyn.document import Document
from mixdyn.errors import DocumentError
from mixdyn.tools.validate import Fault, find_faults
from tests.documents import TEXT, answers, fields, make_document
from tests.loopback import serve

PATHS = """\
openapi: 3.0.3
info:
  title: Bad
tags:
  - name: a
  - name: a
paths:
  /gone:
    $ref: '#/paths/~1nowhere'
  /pets/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
    get:
      operationId: list
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Missing'
        '201':
          descriptio: ok
    put:
      operationId: list
      parameters:
        - {name: kind, in: query, schema: {type: strin}}
        - {name: kind, in: query, schema: {type: integer, default: x}}
      responses: {'200': {description: ok}}
components:
  securitySchemes:
    odd: {type: magic}
  schemas:
    Loop: {$ref: '#/components/schemas/Loop'}
    Nest: {allOf: [{$ref: '#/components/schemas/Nope'}], required: [zz]}
    Whole: {allOf: [{type: object}], required: [zz]}
"""


def list_faults(faults: tuple[Fault, ...] | None) -> set[tuple[str, str, int | None]]:
    """Give findings by code, pointer and line."""
    return {(fault.code, fault.pointer, fault.line) for fault in faults or ()}


def test_standard_finds_all_with_lines() -> None:
    """Every finding of the library has its place, also behind references that lead nowhere."""
    verdict = find_faults(PATHS, parts=["standard"])
    put = "/paths/~1pets~1{id}/put"
    assert list_faults(verdict.standard) == {
        ("required", "/info", 2),
        ("uniqueItems", "/tags", 4),
        ("rule", "/tags", 4),
        ("unresolvable", "/paths/~1gone", 8),
        ("unresolvable", f"{put[:-4]}/get/responses/200/content/application~1json/schema", 20),
        ("required", f"{put[:-4]}/get/responses/201", 22),
        ("additionalProperties", f"{put[:-4]}/get/responses/201", 22),
        ("duplicate-operation-id", put, 24),
        ("enum", f"{put}/parameters/0/schema/type", 27),
        ("type", f"{put}/parameters/1/schema/default", 28),
        ("duplicate-parameter", f"{put}/parameters", 26),
        ("required", "/components/securitySchemes/odd", 32),
        ("enum", "/components/securitySchemes/odd/type", 32),
        ("unresolvable", "/components/schemas/Loop", 34),
        ("unresolvable", "/components/schemas/Nest/allOf/0", 35),
        ("required-not-declared", "/components/schemas/Whole", 36),
    }
    assert verdict.own is None
    assert not verdict.is_clean


def test_standard_opens_the_alternatives() -> None:
    """Of several forms the likeliest one's findings are told, or what all of them allow."""
    verdict = find_faults(PATHS, parts=["standard"])
    messages = {fault.pointer: fault.message for fault in verdict.standard or ()}
    known = "['apiKey', 'http', 'oauth2', 'openIdConnect']"
    assert messages["/components/securitySchemes/odd/type"] == f"'magic' is not one of {known}"
    assert (
        "'strin' is not one of ['array'"
        in messages["/paths/~1pets~1{id}/put/parameters/0/schema/type"]
    )


@pytest.mark.parametrize("version", ["3.0.0", "3.1.0", "3.2.0"])
def test_versions_are_read(version: str) -> None:
    """Documents of each version are checked by its rules."""
    root = {"openapi": version, "info": {"title": "T", "version": "1"}, "paths": {}}
    assert find_faults(root, parts=["standard"]).is_clean
    assert list_faults(find_faults({**root, "info": 1}, parts=["standard"]).standard)


def test_later_versions_are_read_by_the_latest_known_rules() -> None:
    """A version that the library does not know is a finding, and so is what else is wrong."""
    root = {"openapi": "3.9.0", "info": {"title": "T"}, "paths": {}}
    found = find_faults(root, parts=["standard"]).standard
    assert {(f.code, f.pointer) for f in found or ()} == {
        ("pattern", "/openapi"),
        ("required", "/info"),
    }


def test_schemas_are_checked_in_full() -> None:
    """Where the library stops at a schema's first fault, the others are told, too."""
    schema = {"type": "strin", "minLength": "x", "properties": {"a": {"maximum": "y"}}}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "components": {"schemas": {"A": schema, "B": 3}},
    }
    text = json.dumps(root, indent=1)
    found = list_faults(find_faults(text, parts=["standard"]).standard)
    start = "/components/schemas"
    assert {(code, pointer) for code, pointer, _ in found} == {
        ("enum", f"{start}/A/type"),
        ("type", f"{start}/A/minLength"),
        ("type", f"{start}/A/properties/a/maximum"),
        ("type", f"{start}/B"),
        ("rule", f"{start}/B"),
    }


def test_swagger_is_refused_clearly() -> None:
    """A Swagger 2.0 document is no finding: it cannot be used at all."""
    with pytest.raises(DocumentError, match=r"Swagger 2\.0 is not OpenAPI 3\.x; convert it first"):
        find_faults({"swagger": "2.0"})


OWN = """\
openapi: 3.1.0
info: {title: Own, version: '1'}
servers:
  - url: /api
  - url: https://{host}/x
  - url: https://fine.example
security:
  - {nokey: [], fine: []}
paths:
  nope: {}
  x-fine: {}
  /gone: {$ref: '#/paths/~1nowhere'}
  /a/{id}:
    servers: [{url: 'ftp://x'}]
    post:
      tags: [close, pets]
      operationId: add
      security: [{other: []}]
      requestBody:
        content:
          application/json:
            schema: {type: object, properties: {id: {type: string, pattern: '(?<x>['}}}
          text/plain: {schema: {$ref: '#/components/schemas/Fine'}}
      responses:
        '200': {description: ok, content: {application/json: {schema: {type: string}}}}
  /b:
    post: {tags: [pets], operationId: add, parameters: [{name: x, in: nowhere}]}
    get: {tags: [pets], operationId: add, parameters: [{name: k, in: query, schema: {}}]}
components:
  securitySchemes:
    odd: {type: magic}
    fine: {type: http, scheme: bearer}
  schemas:
    Fine: {type: string, pattern: '^(a+)+$', example: {$ref: nothing}, x-a: {$ref: nothing}}
    Loop: {$ref: '#/components/schemas/Loop'}
    Chain: {$ref: '#/components/schemas/Broken'}
    Broken: {$ref: '#/components/schemas/Nope'}
    Names: {properties: {$ref: {type: string}}, patternProperties: {'(': {}, a: {}}, pattern: 3}
    Union:
      oneOf: [{$ref: '#/components/schemas/Fine'}]
      discriminator: {propertyName: k, mapping: {f: Fine, g: '#/gone', h: 3}}
    Far: {$ref: 'http://127.0.0.1:1/x.json'}
    Odd: true
    Nothing: null
"""


def test_own_finds_what_mixdyn_trips_over() -> None:
    """Names, paths, references, servers, security, operations, schemas and patterns are judged."""
    verdict = find_faults(OWN, parts=["own"])
    schemas = "/components/schemas"
    assert list_faults(verdict.own) == {
        ("server", "/servers/0", 4),
        ("server", "/servers/1", 5),
        ("security", "/security/0/nokey", 8),
        ("skipped", "/paths/nope", 10),
        ("reference", "/paths/~1gone", 12),
        ("skipped", "/paths/~1gone", 12),
        ("server", "/paths/~1a~1{id}/servers/0", 14),
        ("renamed", "/paths/~1a~1{id}/post", 15),
        ("security", "/paths/~1a~1{id}/post/security/0/other", 18),
        (
            "pattern",
            "/paths/~1a~1{id}/post/requestBody/content/application~1json/schema/properties/id/pattern",
            22,
        ),
        ("operation", "/paths/~1b/post", 27),
        ("renamed", "/paths/~1b/post", 27),
        ("renamed", "/paths/~1b/get", 28),
        ("security", "/components/securitySchemes/odd", 31),
        ("pattern", f"{schemas}/Fine/pattern", 34),
        ("reference", f"{schemas}/Loop", 35),
        ("schema", f"{schemas}/Loop", 35),
        ("reference", f"{schemas}/Broken", 37),
        ("pattern", f"{schemas}/Names/patternProperties/(", 38),
        ("reference", f"{schemas}/Union/discriminator/mapping/g", 41),
        ("schema", f"{schemas}/Union", 39),
        ("reference", f"{schemas}/Far", 42),
    }
    assert verdict.standard is None


def test_own_findings_read_well() -> None:
    """Messages say what is wrong and what mixdyn makes of it; the place is not said twice."""
    found = find_faults(OWN, parts=["own"]).own or ()
    messages = {(fault.code, fault.pointer): fault.message for fault in found}
    assert messages["renamed", "/paths/~1b/get"] == "add is called add_2, since the name is taken"
    gone = messages["skipped", "/paths/~1gone"]
    assert gone.startswith("this path is passed over: the reference #/paths/~1nowhere points at no")
    assert messages["operation", "/paths/~1b/post"].startswith("pets.add_3 cannot be called: ")
    body = messages["renamed", "/paths/~1a~1{id}/post"]
    assert body == "the argument id (body) is called id_body, since its name is taken"


def test_own_finds_the_places_of_odd_names() -> None:
    """Paths with colons or of great length, and renamed namespaces, have their places."""
    item = {"get": {"operationId": "a", "tags": ["close"]}}
    odd, long = "/a: b: c", f"/{'x' * 300}"
    root = {
        "openapi": "3.1.0",
        "servers": [{"url": "http://h"}],
        "paths": {odd: item, "/z": item, long: {"$ref": "#/no"}, "b: c": {}},
    }
    found = find_faults(root, parts=["own"]).own or ()
    assert {(fault.code, fault.pointer) for fault in found} == {
        ("renamed", "/paths/~1z/get"),
        ("renamed", "/paths/~1a: b: c/get"),
        ("reference", f"/paths/~1{'x' * 300}"),
        ("skipped", f"/paths/~1{'x' * 300}"),
        ("skipped", "/paths/b: c"),
    }


def test_own_tells_of_properties_that_had_to_yield() -> None:
    """Attributes that are not called like their property are told, each once, at its place."""
    odd = {"x-y": TEXT, "x_y": TEXT, "to_dict": TEXT}
    itself = {"$ref": "#/components/schemas/A"}
    broken = {"$ref": "#/nowhere"}
    unclear = {**fields(x=TEXT), "oneOf": [fields(a=TEXT), fields(a=broken)]}
    inside = {"oneOf": [fields(**odd), itself]}
    item = answers({"type": "array", "items": {"additionalProperties": inside}})
    root = make_document(
        {"/a": {"get": {"operationId": "a", **item}}},
        servers=[{"url": "http://h"}],
        components={"schemas": {"A": fields(**odd, itself=itself, gone=broken), "B": unclear}},
    ).root
    found = find_faults(root, parts=["own"]).own or ()
    messages = [(f.pointer, f.message) for f in found if f.code == "renamed"]
    inline = "/paths/~1a/get/responses/200/content/application~1json/schema/items"
    places = ("/components/schemas/A", f"{inline}/additionalProperties/oneOf/0")
    assert messages == [
        (
            f"{place}/properties/{wire}",
            f"the property {wire} is called {name}, since its name is taken",
        )
        for place in places
        for wire, name in (("x-y", "x_y_2"), ("to_dict", "to_dict_"))
    ]


def test_own_survives_what_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong inside is a finding, not the end."""

    def fail(*given: Any) -> None:
        raise RecursionError

    monkeypatch.setattr("mixdyn.tools.validate.own.normalize", fail)
    found = find_faults(PATHS, parts=["own"]).own or ()
    assert any("nested too deeply" in fault.message for fault in found)

    def break_off(*given: Any) -> None:
        raise KeyError("x")

    monkeypatch.setattr("mixdyn.tools.validate.own.normalize", break_off)
    found = find_faults(PATHS, parts=["own"]).own or ()
    assert any(fault.message.endswith("KeyError: 'x'") for fault in found)


def test_the_bundled_document_is_clean() -> None:
    """Nothing is wrong with the document that comes with the package, nor without servers."""
    verdict = find_faults(BUNDLED.document)
    assert verdict.is_clean
    assert verdict.text().count("no findings") == 2


def test_several_files_are_judged(tmp_path: Path) -> None:
    """What a reference leads to in another file is looked at, with that file's own lines."""
    (tmp_path / "other.yaml").write_text("Foo:\n  items: {$ref: '#/Gone'}\nBar: {type: string}\n")
    schemas = {
        "A": {"$ref": "other.yaml#/Foo"},
        "B": {"$ref": "other.yaml#/Foo"},
        "C": {"$ref": "../out.yaml"},
        "D": {"$ref": "other.yaml#/Bar"},
    }
    root = {
        "openapi": "3.0.0",
        "info": {"title": "T", "version": "1"},
        "servers": [{"url": "http://h"}],
        "paths": {},
        "components": {"schemas": schemas},
    }
    file = tmp_path / "api.yaml"
    file.write_text(yaml.safe_dump(root, sort_keys=False))
    verdict = find_faults(file)
    own = [(f.code, f.pointer, f.line, Path(f.file).name) for f in verdict.own or ()]
    assert own == [
        ("reference", "/components/schemas/C", 14, "api.yaml"),
        ("reference", "/Foo/items", 2, "other.yaml"),
    ]
    unresolved = {(f.pointer, Path(f.file).name) for f in verdict.standard or ()}
    assert unresolved == {("/components/schemas/C", "api.yaml"), ("/Foo/items", "other.yaml")}


def test_findings_behind_references_are_where_they_stand() -> None:
    """What is wrong beside a reference is told there, what is wrong behind it where it leads."""
    root = {
        "openapi": "3.0.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/a": {"get": {"responses": {"200": {"$ref": "#/components/responses/A"}}}}},
        "components": {
            "responses": {
                "A": {"description": "", "content": {"x/y": {"schema": {"$ref": "#/x-b"}}}}
            },
            "schemas": {"S": {"$ref": "#/x-b", "type": 3}},
        },
        "x-b": {"type": "string", "default": 4},
    }
    found = find_faults(root, parts=["standard"]).standard
    assert {(fault.code, fault.pointer) for fault in found or ()} == {("type", "/x-b/default")}
    dangling = {"openapi": "3.0.0", "x-x": 1, "info": {"$ref": "#/no", "title": 1, "version": ""}}
    found = find_faults({**dangling, "paths": {}}, parts=["standard"]).standard
    assert "/info/title" in {fault.pointer for fault in found or ()}


@pytest.mark.parametrize("version", ["3.0.0", "3.1.0"])
def test_deep_documents_are_no_trouble(version: str) -> None:
    """What is nested deeper than the library can follow is told, and nothing breaks."""
    schema: dict[str, Any] = {"type": "strin"}
    for _ in range(120):
        schema = {"properties": {"a": schema}}
    root = {"openapi": version, "info": {}, "components": {"schemas": {"Deep": schema}}}
    verdict = find_faults(root)
    messages = [fault.message for fault in verdict.standard or ()]
    assert any("nested too deeply" in message for message in messages)
    assert len(verdict.text()) < 5000


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """References into the network, or of any other kind, are findings: nobody is asked."""
    asked: list[Any] = []
    monkeypatch.setattr("urllib.request.OpenerDirector.open", lambda *a, **k: asked.append(a))
    kinds = ["http://127.0.0.1:1/x", "ftp://h/x", "file:///etc/passwd", "odd:x", "x.json"]
    schemas = {f"S{i}": {"$ref": kind} for i, kind in enumerate(kinds)}
    root = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "servers": [{"url": "http://h"}],
        "components": {"schemas": schemas},
    }
    verdict = find_faults(root)
    assert [len(verdict.standard or ()), len(verdict.own or ())] == [len(kinds), len(kinds)]
    assert asked == []


def test_documents_from_anywhere_have_lines() -> None:
    """Text, bytes, open files, URLs and documents with their text give lines; values do not."""
    broken = "openapi: 3.1.0\ninfo: {}\npaths: {}\n"
    content = broken.encode()
    body = {"openapi": "3.1.0", "info": {}, "paths": {}}
    with serve(lambda exchange: exchange.send_json(body)) as server:
        fetched = find_faults(f"{server.url}/api", parts=["standard"])
    assert [fault.file for fault in fetched.standard or ()] == [f"{server.url}/api"] * 2
    assert {fault.line for fault in fetched.standard or ()} == {1}
    document = Document.load(broken)
    for verdict in (
        find_faults(broken, parts=["standard"]),
        find_faults(bytearray(content), parts=["standard"]),
        find_faults(document, parts=["standard"], content=content),
    ):
        assert {fault.line for fault in verdict.standard or ()} == {2}
    for source in (yaml.safe_load(broken), document, io.StringIO(broken)):
        found = find_faults(source, parts=["standard"]).standard or ()
        assert {fault.line for fault in found} == {None}
        assert str(found[0]).startswith("document: 'title' is a required property [required]\n")


def test_a_file_that_has_gone_has_no_lines(tmp_path: Path) -> None:
    """Findings stay findings, though the file cannot be read again."""
    file = tmp_path / "api.json"
    file.write_text('{"openapi": "3.1.0", "info": {}}')
    document = Document.load(file)
    assert {f.line for f in standard.find_standard_faults(document)} == {1}
    file.unlink()
    found = standard.find_standard_faults(document)
    assert {(f.pointer, f.line, f.file) for f in found} >= {("/info", None, str(file))}


def test_verdict_reads_as_text_and_data() -> None:
    """Text tells both kinds apart; data has all of it; the repr says how much there is."""
    verdict = find_faults(PATHS)
    text = str(verdict)
    assert text.startswith("Bad, OpenAPI 3.0.3\n\nBy the standard (openapi-spec-validator ")
    assert "  document:2:1: 'version' is a required property [required]\n      at #/info\n" in text
    assert "\nFor mixdyn: " in text
    data = json.loads(json.dumps(verdict.to_dict()))
    assert data["standard"][0] == {
        "code": "required",
        "message": "'version' is a required property",
        "pointer": "/info",
        "file": "",
        "line": 2,
        "column": 1,
    }
    assert data["own"]
    assert repr(verdict).startswith("<Verdict: 16 by the standard, ")
    assert find_faults(PATHS, parts=["own"]).to_dict()["standard"] is None
    one = find_faults({"openapi": "3.1.0", "servers": [{"url": "x"}]}, parts=["own"])
    assert "For mixdyn: 1 finding\n" in one.text()


def test_hostile_text_is_made_printable() -> None:
    """Nothing from a document reaches a terminal as a control or bidirectional character."""
    evil = "\x1b[31m\u202e\n" + "x" * 5000
    root = {
        "openapi": "3.0.0",
        "info": {"title": evil, evil: 1, "version": evil},
        "servers": [{"url": evil}],
        "tags": [{"name": evil, "description": {evil: evil}}],
        "paths": {
            f"/{evil}": {"get": {"operationId": evil, "tags": [evil], "responses": evil}},
            evil: {},
        },
        "components": {
            "schemas": {evil: {"$ref": evil, "pattern": f"({evil}"}, "b": {"type": evil}}
        },
    }
    text = find_faults(root).text()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert all(len(line) < 1000 for line in text.splitlines())


def test_a_fault_of_the_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a step of the library breaks off, the finding says so, and the rest is done."""

    def fail(*given: Any, **named: Any) -> None:
        raise KeyError("name")

    keywords = validators.OpenAPIV31SpecValidator.keyword_validators
    monkeypatch.setattr(keywords["tags"], "__call__", fail)
    monkeypatch.setattr(standard, "_accepts", lambda quick, root: True)
    [fault] = find_faults({"openapi": "3.1.0", "tags": []}, parts=["standard"]).standard or ()
    assert fault.message == "cannot be checked further (KeyError: 'name')"


def test_what_the_accelerator_cannot_read_is_checked_all_the_same() -> None:
    """A value that the library's fast validator cannot handle leads to the thorough one."""

    class Quick:
        schema: ClassVar[Any] = {"type": "string"}

        def is_valid(self, root: object) -> bool:
            raise ValueError

    assert [f.message for f in standard._find_misfits(Quick(), 3)] == ["3 is not of type 'string'"]


@pytest.mark.parametrize(
    ("rule", "value", "message"),
    [
        ({"type": "string"}, ["x" * 400], "['xxxx"),
        ({"oneOf": [{"type": "string"}, {"minLength": 1}]}, "a", "fits more than one of the forms"),
        ({"anyOf": []}, 1, "fits none of the forms"),
        ({"required": ["x" * 400]}, {}, "'xxxx"),
    ],
)
def test_long_messages_are_cut(rule: Any, value: Any, message: str) -> None:
    """A message that would show a whole value is worded anew, in short."""

    class Quick:
        schema = rule

        def is_valid(self, root: object) -> bool:
            return False

    [found] = standard._find_misfits(Quick(), value)
    assert found.message.startswith(message)
    assert len(found.message) <= 400
