"""The bundled description: valid, the published API in every fact, and in words of its own."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import validate

SPEC = Path(__file__).parent.parent / "spec" / "mix.yaml"
PUBLISHED = Path(__file__).parent.parent.parent / "shared" / "mix-api" / "mix-0.4.5.yaml"

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
TEXTS = {"summary", "description"}
# Maps whose keys are names chosen by the API, not keywords of OpenAPI.
NAMED = {"paths", "responses", "content", "headers", "schemas", "properties", "mapping"}


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def nodes(node, where="#", names=False):
    """Yield each map of a document as (where, map, whether its keys are names)."""
    if isinstance(node, dict):
        yield where, node, names
        for key, value in node.items():
            yield from nodes(value, f"{where}/{key}", not names and key in NAMED)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from nodes(value, f"{where}/{index}")


def texts(document):
    """Yield each summary and description as (where, text)."""
    for where, node, names in nodes(document):
        for key in TEXTS & node.keys():
            if not names and isinstance(node[key], str):
                yield f"{where}/{key}", node[key]


def without_texts(node, names=False):
    """Copy a document, leaving its summaries and descriptions out."""
    if isinstance(node, dict):
        return {
            key: without_texts(value, not names and key in NAMED)
            for key, value in node.items()
            if names or key not in TEXTS or not isinstance(value, str)
        }
    if isinstance(node, list):
        return [without_texts(value) for value in node]
    return node


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            yield f"{method.upper()} {path}", item[method]


def words(text):
    return " ".join(re.findall(r"\w+", text.casefold()))


@pytest.fixture(scope="module")
def spec():
    return read(SPEC)


@pytest.fixture(scope="module")
def published():
    if not PUBLISHED.exists():
        pytest.skip("the published description is not beside this checkout")
    return read(PUBLISHED)


def test_is_valid_openapi(spec):
    """The bundled description is a valid OpenAPI 3.1 document."""
    validate(spec)


def test_states_the_published_facts(spec, published):
    """Apart from its texts the description equals the published one, order of names included."""
    ours, theirs = without_texts(spec), without_texts(published)
    assert ours == theirs
    order = {where: list(node) for where, node, names in nodes(theirs) if names}
    assert {where: list(node) for where, node, names in nodes(ours) if names} == order
    for path, item in published["paths"].items():
        assert list(spec["paths"][path]) == list(item), path


def test_copies_no_published_text(spec, published):
    """No summary, description or longer sentence of the published description is repeated."""
    whole = {words(text) for _, text in texts(published)}
    split = (part for _, text in texts(published) for part in re.split(r"[.!?]\s+|\n", text))
    sentences = {words(part) for part in split if len(words(part).split()) >= 6}
    for where, text in texts(spec):
        ours = words(text)
        assert ours not in whole, where
        assert not [part for part in sentences if f" {part} " in f" {ours} "], where


def test_describes_everything(spec):
    """Every operation, parameter and schema property carries a description."""
    bare = [name for name, operation in operations(spec) if not operation.get("description")]
    for name, operation in operations(spec):
        parameters = operation.get("parameters", [])
        bare += [f"{name} {p['name']}" for p in parameters if not p.get("description")]
    for where, node, names in nodes(spec):
        if not names:
            for name, schema in node.get("properties", {}).items():
                if not schema.get("description"):
                    bare.append(f"{where} {name}")
    assert bare == []


def test_summaries_are_short_phrases(spec):
    """Every operation has a summary of at most 60 characters that does not end in a period."""
    for name, operation in operations(spec):
        assert 0 < len(operation.get("summary", "")) <= 60, name
        assert not operation["summary"].endswith("."), name


def test_uses_plain_yaml_only():
    """The description holds no anchors, aliases, merge keys or tags."""
    for event in yaml.parse(SPEC.read_text(encoding="utf-8"), Loader=yaml.SafeLoader):
        assert not isinstance(event, yaml.AliasEvent), event
        assert getattr(event, "anchor", None) is None, event
        assert getattr(event, "tag", None) is None, event
        assert getattr(event, "value", None) != "<<", event


def test_means_the_same_in_both_yaml_versions():
    """Every unquoted value is of the same type under YAML 1.1 and YAML 1.2."""
    core = [
        ("null", r"null|Null|NULL|~|"),
        ("bool", r"true|True|TRUE|false|False|FALSE"),
        ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan"),
    ]
    resolver = yaml.SafeLoader("")
    for event in yaml.parse(SPEC.read_text(encoding="utf-8"), Loader=yaml.SafeLoader):
        if isinstance(event, yaml.ScalarEvent) and event.style is None:
            older = resolver.resolve(yaml.ScalarNode, event.value, (True, False))
            newer = next((kind for kind, form in core if re.fullmatch(form, event.value)), "str")
            assert older.rpartition(":")[2] == newer, event
            assert event.value.lower() not in {"y", "n"}, event


def test_has_all_operations(spec):
    """The nine tags share 32 operations, each with one tag and an operationId of its own."""
    tags = Counter(tag for _, operation in operations(spec) for tag in operation["tags"])
    assert tags == {
        "Authentication": 6,
        "Files": 4,
        "Messages": 4,
        "Permissions": 2,
        "Preferences": 4,
        "Sessions": 5,
        "Streaming": 2,
        "System": 4,
        "Tools": 1,
    }
    assert sum(tags.values()) == 32
    assert len({operation["operationId"] for _, operation in operations(spec)}) == 32
