"""
Names of documents as Python identifiers.
"""

from __future__ import annotations

import keyword
import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn import names

MAKERS = [names.to_snake, names.to_pascal, names.to_identifier, names.to_argument]


@pytest.mark.parametrize(
    ("text", "snake"),
    [
        ("handleOAuthCallback", "handle_o_auth_callback"),
        ("listMcpServers", "list_mcp_servers"),
        ("listLLMTools", "list_llm_tools"),
        ("Last-Event-ID", "last_event_id"),
        ("workingDirectory", "working_directory"),
        ("already_snake", "already_snake"),
        ("repos/get-all", "repos_get_all"),
        ("HTTP2Server", "http2_server"),
        ("class", "class_"),
        ("__class__", "class_"),
        ("_private", "private"),
        ("2fa", "n2fa"),
        ("", "unnamed"),
        ("---", "unnamed"),
        ("😀", "unnamed"),
        ("smile😀d", "smile_d"),
        ("ﬁle", "file"),
        ("ｉｍｐｏｒｔ", "import_"),
        ("Größe", "größe"),
        ("名前", "名前"),
        ("\u0301a", "a"),
        ("＿＿init＿＿", "init"),
        ("a b\tc\n", "a_b_c"),
    ],
)
def test_to_snake(text: str, snake: str) -> None:
    """Names become snake_case by the usual two steps, whatever they hold."""
    assert names.to_snake(text) == snake


@pytest.mark.parametrize(
    ("text", "pascal"),
    [
        ("session-data", "SessionData"),
        ("SSEErrorEvent", "SSEErrorEvent"),
        ("repos get", "ReposGet"),
        ("none", "None_"),
        ("3d", "n3d"),
        ("", "unnamed"),
    ],
)
def test_to_pascal(text: str, pascal: str) -> None:
    """Class names keep their capitals."""
    assert names.to_pascal(text) == pascal


@pytest.mark.parametrize(
    ("wire", "argument"),
    [
        ("type", "type_"),
        ("Filter", "filter_"),
        ("from", "from_"),
        ("self", "self_"),
        ("id", "id"),
        ("format", "format"),
    ],
)
def test_to_argument(wire: str, argument: str) -> None:
    """Keywords, `self` and the builtins that the SDK avoids get an underscore as arguments."""
    assert names.to_argument(wire) == argument


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("plain", "plain"),
        ("__class__", "class_"),
        ("＿＿class＿＿", "class_"),
        ("a-b", "a_b"),
        ("2a", "n2a"),
        ("\u0301a", "\u0144a"),
        ("a" * 10_000, "a" * 200),
    ],
)
def test_to_identifier(text: str, identifier: str) -> None:
    """Odd characters become underscores, and what cannot begin a name gets a letter before it."""
    assert names.to_identifier(text) == identifier


@pytest.mark.parametrize("make", MAKERS)
@given(st.text(max_size=300) | st.text("＿_ﬁ²0a-ª\u0301ǅ", max_size=20))
def test_result_is_a_public_identifier(make: Callable[[str], str], text: str) -> None:
    """Whatever the name, the result is an identifier, as the parser reads it, public and free."""
    made = make(text)
    assert made.isidentifier()
    assert not keyword.iskeyword(made)
    assert not made.startswith("_")
    assert unicodedata.normalize("NFKC", made) == made
    assert len(made) <= 210
    assert make(text) == made


@pytest.mark.parametrize(
    ("operation_id", "namespace", "rest"),
    [
        ("repos/get", "repos", "get"),
        ("session.create", "session", "create"),
        ("pets_list", "pets", "list"),
        ("petStore_list", "pet_store", "list"),
        ("pet-store-list", "pet_store", "list"),
        ("pets", "pets", "pets"),
        ("pets_", "pets", "pets_"),
        ("listPets", "pets", "listPets"),
        ("get", "", "get"),
    ],
)
def test_strip_namespace(operation_id: str, namespace: str, rest: str) -> None:
    """A leading namespace and its separator are dropped, if something is left."""
    assert names.strip_namespace(operation_id, namespace) == rest


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/pets/{petId}", "get_pets_by_pet_id"),
        ("DELETE", "/", "delete"),
        ("get", "/a/{b}.{c}/d", "get_a_by_b_c_d"),
    ],
)
def test_from_path(method: str, path: str, name: str) -> None:
    """An operation without a name is named from method and path."""
    assert names.from_path(method, path) == name


@pytest.mark.parametrize(
    ("given_names", "taken", "twins", "unique"),
    [
        (["a", "b"], (), ("",), ["a", "b"]),
        (["a", "a", "a"], (), ("",), ["a", "a_2", "a_3"]),
        (["a", "a_2", "a"], (), ("",), ["a", "a_2", "a_3"]),
        (["close", "close"], {"close"}, ("",), ["close_", "close__2"]),
        (["x", "x_async"], (), ("", "_async"), ["x", "x_async_2"]),
        (["x"], {"x_async"}, ("", "_async"), ["x_"]),
    ],
)
def test_resolve_collisions(
    given_names: list[str], taken: set[str], twins: tuple[str, ...], unique: list[str]
) -> None:
    """Reserved names get an underscore and repeated ones a number, in their order."""
    assert names.resolve_collisions(given_names, taken, twins) == unique


@given(st.lists(st.sampled_from(["a", "a_2", "a_", "b", "b_async"])))
def test_collisions_are_gone(given_names: list[str]) -> None:
    """Afterwards every name, and its twin, is there once."""
    unique = names.resolve_collisions(given_names, {"a"}, ("", "_async"))
    both = [name + twin for name in unique for twin in ("", "_async")]
    assert len({*both}) == len(both)
    assert "a" not in both


def test_hostile_names_are_quick() -> None:
    """Ten thousand equal names, and an id of nothing but separators, take no time to speak of."""
    start = time.perf_counter()
    assert len(set(names.resolve_collisions(["a"] * 10_000))) == 10_000
    assert names.strip_namespace("/" * 100_000, "repos") == "/" * 100_000
    assert time.perf_counter() - start < 2
