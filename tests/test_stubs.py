"""The stubs of a document: they say what the runtime has, and nothing of it becomes code."""

from __future__ import annotations

import ast
import gc
import inspect
import keyword
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mixdyn
from mixdyn import errors, models
from mixdyn.client import Client
from mixdyn.document import Document
from mixdyn.errors import DocumentError
from mixdyn.method import AsyncMethod, Method
from mixdyn.operation import CALL_OPTIONS, HIDDEN_OPTIONS
from mixdyn.schema import Schemas
from mixdyn.tools.stubs import build_stubs, record, write_stubs
from mixdyn.tools.stubs.module import Module
from mixdyn.tools.stubs.printer import Printer, quote
from mixdyn.tools.stubs.skeleton import Skeleton
from tests.documents import MULTIPART, TEXT, answers, body, fields, param

PACKAGE = Path(mixdyn.__file__).parent
SHARED = Path(__file__).parent.parent.parent / "shared"
SPECS = sorted(
    path
    for folder in ("mix-api", "specs")
    for path in (SHARED / folder).rglob("*")
    if path.suffix in (".json", ".yaml") and "surface" not in path.name
)
BUNDLED = build_stubs(PACKAGE.parent / "spec" / "mix.yaml")


def classes_of(text: str) -> dict[str, ast.ClassDef]:
    """Give the classes of a stub."""
    return {s.name: s for s in ast.parse(text).body if isinstance(s, ast.ClassDef)}


def members_of(kind: ast.ClassDef) -> dict[str, Any]:
    """Give the functions of a class in a stub."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {s.name: s for s in kind.body if isinstance(s, kinds)}


def make_document(paths: Any, schemas: Any = None, **more: Any) -> dict[str, Any]:
    """Give a document."""
    info = {"title": "Test", "version": "1"}
    components = {"schemas": schemas or {}}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components, **more}


def stubs_of(operation: Any, schemas: Any = None) -> dict[str, str]:
    """Give the stubs of a document with one operation `go`, for a module `own`."""
    paths = {"/x": {"post": {"operationId": "go", "responses": {}, **operation}}}
    return build_stubs(make_document(paths, schemas), "own")


def go_of(operation: Any, schemas: Any = None) -> str:
    """Give the signature that the stub has for an operation."""
    text = stubs_of(operation, schemas)["own/__init__.pyi"]
    method = members_of(classes_of(text)["Client"])["go"]
    method.body = [ast.Pass()]
    return ast.unparse(method).splitlines()[1].removeprefix("def go(self").removesuffix(":")


def check_parity(stubs: dict[str, str], client: Any, name: str) -> int:
    """Compare a stub's methods with those of a client; gives how many there are."""
    typed = classes_of(stubs[f"{name}/typed.pyi"])
    file = "bundled" if name == "mixdyn" else "__init__"
    top = classes_of(stubs[f"{name}/{file}.pyi"])["Mix" if name == "mixdyn" else "Client"]
    own = {n: m for n, m in members_of(top).items() if not hasattr(Client, n)}
    assert sorted(own) == sorted(n for n in client._surface.names)
    return sum(compare(member, getattr(client, n), typed) for n, member in own.items())


def compare(stub: Any, thing: Any, typed: dict[str, ast.ClassDef]) -> int:
    """Compare a member of a stub with what the runtime has: a method, or a namespace."""
    if not isinstance(thing, Method):
        inside = members_of(typed[ast.unparse(stub.returns).rpartition(".")[2]])
        assert set(inside) == {n for n in dir(type(thing)) if not n.startswith("_")}
        return sum(compare(member, getattr(thing, n), typed) for n, member in inside.items())
    assert isinstance(stub, ast.AsyncFunctionDef) == isinstance(thing, AsyncMethod)
    parameters = inspect.signature(thing).parameters
    options = {*CALL_OPTIONS, *HIDDEN_OPTIONS}
    expected = {n: p.default is p.empty for n, p in parameters.items() if n not in options}
    defaults = zip(stub.args.kwonlyargs, stub.args.kw_defaults, strict=True)
    assert {a.arg: default is None for a, default in defaults} == expected
    assert [a.arg for a in stub.args.args] in (["self"], ["_self"])
    assert not expected.keys() & options
    return 1


def test_shipped_stubs_are_fresh() -> None:
    """The stubs beside the modules are those that the bundled document gives today."""
    for path, text in BUNDLED.items():
        shipped = PACKAGE.parent / path
        hint = (
            "run: python -c \"from mixdyn.tools.stubs import write_stubs; write_stubs(None, '.')\""
        )
        assert shipped.read_text(encoding="utf-8") == text, f"{path} is out of date; {hint}"


def test_no_module_is_hidden() -> None:
    """Only modules that depend on the document have a stub that hides their source."""
    hidden = {path for path in BUNDLED if (PACKAGE.parent / path).with_suffix(".py").exists()}
    assert hidden == {f"mixdyn/{n}.pyi" for n in ("__init__", "bundled", "errors", "models")}


def test_methods_of_mix() -> None:
    """Every namespace, method, twin and argument of `Mix` stands in its stub, and no other."""
    with mixdyn.Mix() as mix:
        assert check_parity(BUNDLED, mix, "mixdyn") == 2 * len(mix._surface.catalog.entries)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: str(path.relative_to(SHARED)))
def test_methods_of_others(path: Path) -> None:
    """So it is with the documents of others; each file of theirs is Python."""
    try:
        client = Client(str(path))
    except DocumentError:
        pytest.skip("no OpenAPI 3.x document")
    stubs = build_stubs(str(path), "own")
    for text in stubs.values():
        ast.parse(text)
    check_parity(stubs, client, "own")
    client.close()


def test_models_of_mix() -> None:
    """`models` has the runtime's names, and each class the runtime's attributes."""
    stubs = classes_of(BUNDLED["mixdyn/models.pyi"])
    gc.collect()  # other tests have had clients of other editions, whose classes are there as well
    assert sorted(stubs) == dir(models)
    for name, stub in stubs.items():
        kind = getattr(models, name)
        properties = {n for n in members_of(stub) if n != "__init__"}
        assert properties == set(kind._attributes)
        made = members_of(stub)["__init__"].args
        required = {a.arg for a, d in zip(made.kwonlyargs, made.kw_defaults, strict=True) if not d}
        assert {kind._attributes[n] for n in required} == set(kind._schema.required)


def test_errors_of_mix() -> None:
    """`errors` has all that the module has, and a class for each error schema."""
    stub = ast.parse(BUNDLED["mixdyn/errors.pyi"])
    names = {s.name for s in stub.body if isinstance(s, (ast.ClassDef, ast.FunctionDef))}
    assert "ErrorResponse" in names
    assert "__getattr__" not in names
    own = {n for n, v in vars(errors).items() if getattr(v, "__module__", "") == "mixdyn.errors"}
    assert {n for n in own if not n.startswith("_")} <= names


def test_events_are_told_apart() -> None:
    """Each kind of event has its own name as a literal."""
    typed = classes_of(BUNDLED["mixdyn/typed.pyi"])
    event = members_of(typed["SSEContentEvent"])["event"]
    assert ast.unparse(event.returns) == "_typing.Literal['content']"


def test_stub_names_its_document() -> None:
    """Each file says that it was generated, and of which document."""
    for text in BUNDLED.values():
        doc = str(ast.get_docstring(ast.parse(text)))
        assert "Generated by `mixdyn stubs`" in doc
        assert f"Digest: {mixdyn.bundled.BUNDLED.document.digest}" in doc


def test_method_forms() -> None:
    """The stub's methods have what the runtime's have."""
    form = classes_of((PACKAGE / "tools" / "stubs" / "form.pyi").read_text(encoding="utf-8"))
    for kind in (Method, AsyncMethod):
        public = {n for n in dir(kind) if not n.startswith("_")}
        assert public == {n for n in members_of(form[kind.__name__]) if not n.startswith("_")}
    options = {s.target.id for s in form["Options"].body if isinstance(s, ast.AnnAssign)}
    more = {s.target.id for s in form["StreamOptions"].body if isinstance(s, ast.AnnAssign)}
    assert options | more == {*CALL_OPTIONS, *HIDDEN_OPTIONS}


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        (TEXT, "str"),
        ({"type": "integer"}, "int"),
        ({"enum": ["a", 1, True]}, "_typing.Literal['a', 1, True]"),
        ({"type": ["string", "null"]}, "str | None"),
        ({"type": "string", "format": "date-time"}, "_datetime.datetime | str"),
        ({"type": "array", "items": TEXT}, "_form.Texts"),
        ({"type": "array", "items": {"type": "number"}}, "_form.Items[float]"),
        ({"type": "array"}, "_form.Items[_typing.Any]"),
        ({"type": "object"}, "_abc.Mapping[str, _typing.Any]"),
        ({}, "_typing.Any"),
        ({"anyOf": [TEXT, {"type": "integer"}]}, "str | int"),
        ({"anyOf": [TEXT, {}]}, "_typing.Any"),
        (
            {"type": ["array", "object", "string"]},
            "_form.Items[_typing.Any] | _abc.Mapping[str, _typing.Any] | str",
        ),
        (
            {**fields(a=TEXT), "additionalProperties": True},
            "_records.GoA | _inputs.GoADict | _abc.Mapping[str, _typing.Any]",
        ),
        ({"$ref": "#/components/schemas/Pet"}, "_models.Pet | _inputs.PetDict | _inputs.PetWire"),
    ],
)
def test_inputs(schema: Any, written: str) -> None:
    """An argument takes what the runtime takes: times as text too, results or dictionaries."""
    pet = fields("bornOn", bornOn={"type": "string", "format": "date"})
    operation = {"parameters": [param("a", "query", schema, required=True)]}
    assert go_of(operation, {"Pet": pet}).startswith(f", *, a: {written}, **")


@pytest.mark.parametrize(
    ("responses", "written"),
    [
        ({}, "_typing.Any"),
        (answers(None, "204")["responses"], "None"),
        (answers({"type": "array", "items": TEXT})["responses"], "list[str]"),
        (answers({"type": "object"})["responses"], "dict[str, _typing.Any]"),
        (answers({"type": "string", "format": "date"})["responses"], "_datetime.date"),
        (answers(TEXT, media="image/png")["responses"], "_download.Download"),
        (
            answers(TEXT, media="text/event-stream")["responses"],
            "_form.Stream[_form.DataEvent[str]]",
        ),
        (
            answers(None, media="text/event-stream")["responses"]
            | {"200": {"description": "", "content": {"text/event-stream": {}}}},
            "_form.Stream[_eventview.UnknownEvent]",
        ),
        (
            answers(fields(a=TEXT), media="application/jsonl")["responses"],
            "_form.Stream[_typed.GoEvent]",
        ),
        (
            answers({"type": "integer"}, media="application/jsonl")["responses"],
            "_form.Stream[int]",
        ),
        (
            answers({"contentMediaType": "application/json"}, media="text/event-stream")[
                "responses"
            ],
            "_form.Stream[_form.DataEvent[_typing.Any]]",
        ),
    ],
)
def test_results(responses: Any, written: str) -> None:
    """A method gives what its runtime annotation says, and streams what their events are."""
    assert go_of({"responses": responses}).endswith(f"-> {written}")


def test_files() -> None:
    """Files are written as such, also several."""
    binary = {"type": "string", "format": "binary"}
    operation = body(fields("a", a=binary, b={"type": "array", "items": binary}), MULTIPART)
    assert go_of(operation).startswith(
        ", *, a: _form.File, b: _form.Items[_form.File] | None=..., **"
    )


def test_unusable_operation() -> None:
    """An operation that the document cannot describe stands there, untyped."""
    text = stubs_of({"parameters": [{"$ref": "#/nowhere"}]})["own/__init__.pyi"]
    assert ast.unparse(members_of(classes_of(text)["Client"])["go"].returns) == "_typing.Any"


def test_broken_union_of_events() -> None:
    """Events whose schema leads nowhere are untyped."""
    schema = {"oneOf": [{"$ref": "#/nowhere"}]}
    operation = answers(schema, media="text/event-stream")
    assert go_of(operation).endswith("_eventview.UnknownEvent]")


def test_broken_stream() -> None:
    """So are those of a stream whose values lead nowhere."""
    schema = {"type": "object", "additionalProperties": {"$ref": "#/nowhere"}}
    operation = answers(schema, media="text/event-stream")
    assert go_of(operation).endswith("_eventview.UnknownEvent]")


def test_broken_events() -> None:
    """Of those whose fields lead nowhere it is the fields that are."""
    operation = answers(fields(a={"$ref": "#/nowhere"}), media="text/event-stream")
    assert go_of(operation).endswith("_form.DataEvent[_records.GoEvent]]")


def test_broken_fields() -> None:
    """An attribute whose type leads nowhere is untyped, the others of its class are not."""
    broken = fields(a={"$ref": "#/nowhere"}, b=TEXT)
    text = stubs_of({}, {"Pet": fields(own=broken), "Dog": broken})["own/models.pyi"]
    assert "def own(self) -> _records.PetOwn | None: ..." in text
    assert "def a(self) -> _typing.Any:" in text
    assert "def b(self) -> str" in text
    assert "class Dog" in text


def test_errors_without_schema() -> None:
    """An error response without a schema has no class of its own."""
    failed = {"404": {"description": "", "content": {"application/json": {}}}}
    assert "class" not in stubs_of({"responses": failed})["own/errors.pyi"].partition("import")[2]


def test_nested_namespaces() -> None:
    """A namespace inside another has the names of both."""
    text = stubs_of({"x-speakeasy-group": "a.b"})["own/typed.pyi"]
    assert {"A", "AB"} == set(classes_of(text))


def test_skeleton(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The outline of a module has its public names, and no code."""
    source = """
from __future__ import annotations
import os
from typing import Any, Final
if os.name:
    A = 1
LIMIT = 5
NAMES = frozenset()
x: Final = call()
a, b = 1, 2
_private = 1
def run(a, /, b: os.PathLike = f(), *c, d=1, e: Any, **g): return g()
def _hidden(): ...
def __getattr__(name): ...
class Thing:
    def __getattr__(self, name): return 1
class _Base: ...
"""
    (tmp_path / "outlined.py").write_text(f'"""Doc."""{source}', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    skeleton = Skeleton("outlined")
    assert skeleton.doc == "Doc."
    module = Module("outlined", "_outlined", {})
    module.add(*skeleton.statements)
    text = module.finish("Doc.", skeleton.imports)
    lines = [line for line in text.splitlines() if line.strip(" .")]
    assert lines == [
        '"""Doc."""',
        "import typing as _typing",
        "from typing import Any, Final",
        "LIMIT: int",
        "NAMES: _typing.Any",
        "x: Final",
        "def run(a, /, b: os.PathLike=..., *c, d=..., e: Any, **g):",
        "class Thing:",
        "    def __getattr__(self, name):",
        "class _Base:",
    ]


def test_hidden_names() -> None:
    """What a class's own names hide is reached through its module."""
    names = dict.fromkeys(("str", "list", "property", "self", "int"), TEXT)
    things = {"type": "array", "items": {"$ref": "#/components/schemas/user"}}
    user = fields("str", **names, user=things, Tag={"type": "integer"})
    stubs = stubs_of({}, {"user": user, "int": fields(a={"type": "integer"}), "also": user})
    text = stubs["own/models.pyi"]
    assert "def user(self) -> _builtins.list[_models.user] | None" in text
    assert "def __init__(_self, *, str: _builtins.str" in text
    assert "@_builtins.property" in text
    assert "-> _builtins.int | None" in text
    ast.parse(text)


def test_aliases_of_components() -> None:
    """A component that only names another is the same class."""
    pet = fields(a=TEXT)
    text = stubs_of({}, {"Pet": pet, "Cat": {"$ref": "#/components/schemas/Pet"}})
    assert "Cat: _typing.TypeAlias = Pet" in text["own/models.pyi"]


def test_error_named_like_a_builtin() -> None:
    """An error schema named like one of Python's exceptions hides it from nobody."""
    failed = answers({"$ref": "#/components/schemas/ValueError"}, "400")
    schemas = {"ValueError": fields(a=TEXT)}
    paths = {"/x": {"get": {"operationId": "go", **failed}}}
    text = build_stubs(make_document(paths, schemas))["mixdyn/errors.pyi"]
    assert "class DocumentError(MixError, _builtins.ValueError):" in text
    assert "class ValueError(MixError):" in text


@pytest.mark.parametrize("is_enabled", [True, False])
def test_garbage_collection_is_as_it_was(is_enabled: bool) -> None:
    """While stubs are made nothing looks for garbage; after that all is as it was."""
    before = gc.isenabled()
    try:
        (gc.enable if is_enabled else gc.disable)()
        with pytest.raises(DocumentError):
            build_stubs("nowhere.json", "own")
        assert gc.isenabled() is is_enabled
    finally:
        (gc.enable if before else gc.disable)()


def test_write_stubs(tmp_path: Path) -> None:
    """Files are written below the folder, only where something is new."""
    spec = make_document({"/x": {"get": {"operationId": "go"}}})
    written = write_stubs(spec, tmp_path, "own")
    assert sorted(written) == sorted(map(str, tmp_path.rglob("*.pyi")))
    assert write_stubs(spec, tmp_path, "own") == []
    changed = make_document({"/x": {"get": {"operationId": "stay"}}})
    assert str(tmp_path / "own" / "__init__.pyi") in write_stubs(changed, tmp_path, "own")


def test_write_bundled_stubs(tmp_path: Path) -> None:
    """Without a document they are those of the bundled one."""
    write_stubs(None, tmp_path)
    for path, text in BUNDLED.items():
        assert (tmp_path / path).read_text(encoding="utf-8") == text


def test_foreign_files_stay(tmp_path: Path) -> None:
    """A file that was not generated is not replaced, and then nothing is written."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "errors.pyi").write_text("x: int", encoding="utf-8")
    with pytest.raises(FileExistsError, match="was not generated"):
        write_stubs(make_document({}), tmp_path, "own")
    assert [path.name for path in tmp_path.rglob("*.pyi")] == ["errors.pyi"]


@pytest.mark.parametrize("name", ["", "a b", "a/b", "..", "class", "_own", "a.b"])
def test_wrong_names(name: str) -> None:
    """Only a module's name becomes a folder."""
    with pytest.raises(ValueError, match="expected the name of a module"):
        build_stubs(make_document({}), name)


def test_skeleton_without_source() -> None:
    """A module that is not there is told."""
    with pytest.raises(ModuleNotFoundError, match="its source is needed"):
        Skeleton("mixdyn.nowhere")


HOSTILE = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            '"""\nimport os\nos.system("x")\n"""',
            "x: int = __import__('os')",
            "a\\",
            'a"""',
            "'''",
            "\x00",
            "\ud800",
            "\u202e\u2066",
            "__class__",
            "_typing",
            "_builtins",
            "mro",
            "None",
            "property",
            "ﬁle",
            "import",
            "\n    def f(self): evil()\n",
            "# type: ignore",
        ]
    ),
)


@given(name=HOSTILE, other=HOSTILE, text=HOSTILE)
def test_hostile_names(name: str, other: str, text: str) -> None:
    """Whatever names and texts a document has, a stub has no statement but declarations."""
    schema = fields(name, **{name: {"enum": [text, other]}, other: TEXT}) | {"description": text}
    operation = body({"$ref": "#/components/schemas/A"}) | {
        "operationId": name,
        "tags": [other, text],
        "summary": text,
        "description": other,
        "responses": answers(schema)["responses"] | answers(schema, "400")["responses"],
    }
    schemas = {"A": schema, name.replace("/", "").replace("~", "") or "x": schema}
    document = make_document({"/x": {"post": operation}}, schemas)
    for package in ("own", "mixdyn"):
        for source in build_stubs(document, package).values():
            check_declarations(ast.parse(source.encode("utf-8")))


def test_properties_without_a_name() -> None:
    """A property whose name is empty stands in no dictionary type, as checkers refuse that."""
    schemas = {"A": fields("a", **{"": TEXT, "a": TEXT, "b c": TEXT})}
    given = fields("x", x={"$ref": "#/components/schemas/A"})
    post = body(given) | {"responses": answers(TEXT)["responses"]}
    sources = build_stubs(make_document({"/x": {"post": post}}, schemas), "own")
    written = sources["own/inputs.pyi"]
    assert "'b c': " in written
    assert "'': " not in written


def check_declarations(tree: ast.Module) -> None:
    """Refuse all that a stub has no use for: calls, and names that nothing declares."""
    for node in ast.walk(tree):
        assert isinstance(node, (ast.Module, *DECLARED)), ast.dump(node)[:200]
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) in ("_typing.TypedDict", "NamedTuple")
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            assert not keyword.iskeyword(node.name)
        if isinstance(node, ast.Import):
            assert all(alias.asname for alias in node.names)


DECLARED = (
    *(ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.arguments, ast.arg, ast.AnnAssign),
    *(ast.Assign, ast.Expr, ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Tuple),
    *(ast.BinOp, ast.BitOr, ast.Load, ast.Store, ast.Import, ast.ImportFrom, ast.alias),
    *(ast.List, ast.Dict, ast.Call),
)


SOURCE = """
class A(_own.B, metaclass=_builtins.type):
    'Says "it".'
    x: _builtins.list[int]
    list: _abc.Callable[[_builtins.str], _own.A | None]

    @_form.method
    @_builtins.property
    def f(self, *, a: _builtins.list[()]=..., b, **c: os.path.sep) -> _own.list:
        ...

    def g(self, a: _builtins.str, /, b: _own.Q=..., *c) -> _abc.Callable[[_own.A], _typing.Any]:
        ...

    async def h(self):
        ...

class B:
    ...

C = _typing.TypedDict('C', {'a-b': _builtins.int})
D: _typing.TypeAlias = 'text' | -1
"""
PRINTED = '''
class A(B, metaclass=type):
    """Says "it"."""
    x: _builtins.list[int]
    list: _abc.Callable[[str], A | None]

    @_form.method
    @property
    def f(self, *, a: _builtins.list[()] = ..., b, **c: os.path.sep) -> _own.list: ...

    def g(self, a: str, /, b: Q=..., *c) -> _abc.Callable[[A], _typing.Any]:
        ...

    async def h(self): ...

class B:
    ...
C = _typing.TypedDict('C', {'a-b': int})
D: _typing.TypeAlias = 'text' | -1'''


def test_printer() -> None:
    """Syntax is printed as it is, but for references: short, unless a name hides what they mean."""
    printer = Printer("_own", {"A", "B"})
    tree = ast.parse(SOURCE)
    lines = [line for statement in tree.body for line in printer.print(statement)]
    assert "\n".join(lines) == PRINTED
    assert printer.used == {"_abc", "_builtins", "_form", "_own", "_typing"}
    assert ast.dump(tree) == ast.dump(ast.parse(SOURCE))


@given(st.text(st.sampled_from("\"'\\\n\r\t\0\u2028\u202e\ud800\x85a{N")))
def test_quoted_texts(text: str) -> None:
    """A docstring is one literal, and printable, whatever it says."""
    quoted = quote(text)
    assert ast.literal_eval(quoted) == text
    assert quoted.replace("\n", "").isprintable()


def test_unreadable_remarks() -> None:
    """What a property that cannot be read says of itself is nothing."""
    document = Document({"openapi": "3.1.0", "a": {"$ref": "#/nowhere"}})
    schema = Schemas(document).at(document.at("a"))
    assert record._describe(schema) == record._describe(None) == ""
    assert not record._is_answer(schema)


def test_streams_of_the_same_events() -> None:
    """Kinds of events that several streams give are written once."""
    go = answers({"$ref": "#/components/schemas/Happened"}, media="text/event-stream")
    happened = fields("data", event=TEXT, data=fields(a=TEXT))
    document = make_document({"/a": {"get": go}, "/b": {"get": go}}, {"Happened": happened})
    text = build_stubs(document, "own")["own/typed.pyi"]
    text += build_stubs(document, "own")["own/__init__.pyi"]
    assert text.count("class Happened(_models.Happened, _eventview.Event)") == 1
    assert text.count("_form.Stream[_typed.Happened]") == 2
