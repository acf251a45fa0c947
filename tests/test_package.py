"""The package's table of contents, and what importing it costs."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import mixdyn

NAMES = [
    "UNSET",
    "AsyncEventStream",
    "BackoffStrategy",
    "Client",
    "Document",
    "EventStream",
    "HookContext",
    "Mix",
    "Outcome",
    "Reconnect",
    "RetryConfig",
    "UnknownEvent",
    "__version__",
    "compare",
    "errors",
    "httpclient",
    "models",
    "utils",
]

# Each of these costs more than the package itself, or is not needed before the first call.
LATER = [
    "asyncio",
    "dataclasses",
    "httpx",
    "inspect",
    "jsonschema",
    "logging",
    "openapi_spec_validator",
    "yaml",
    "mixdyn.engine",
    "mixdyn.flow",
    "mixdyn.models",
    "mixdyn.tools",
]


# A look at a method needs none of these, and a plain call none of the second.
AFTER_LOOKING = [
    *("dataclasses", "inspect", "logging", "random"),
    *("mixdyn.body", "mixdyn.engine", "mixdyn.event", "mixdyn.flow", "mixdyn.signature"),
]
AFTER_CALLING = [
    *("jsonschema", "jsonschema_rs", "msgspec", "yaml"),
    *("mixdyn.body", "mixdyn.cost", "mixdyn.download", "mixdyn.event", "mixdyn.eventfeed"),
    *("mixdyn.header", "mixdyn.payload", "mixdyn.reconnect", "mixdyn.resume", "mixdyn.security"),
    *("mixdyn.signature", "mixdyn.sequence", "mixdyn.stream", "mixdyn.upload"),
]


def loaded_by(code: str) -> set[str]:
    """Give the modules that a fresh interpreter has loaded after some code."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_all() -> None:
    """The exported names are these, and each is there."""
    assert mixdyn.__all__ == NAMES
    assert dir(mixdyn) == sorted(NAMES)
    for name in NAMES:
        assert getattr(mixdyn, name) is not None


def test_names_that_load_later() -> None:
    """A name that loads its module later is that module's own."""
    fresh = importlib.reload(mixdyn)
    assert fresh.RetryConfig is importlib.import_module("mixdyn.retry").RetryConfig
    assert fresh.EventStream is importlib.import_module("mixdyn.stream").EventStream
    for name in ("models", "utils", "httpclient"):
        vars(fresh).pop(name, None)
        assert getattr(fresh, name) is importlib.import_module(f"mixdyn.{name}")


def test_unknown_name() -> None:
    """Any other name is an AttributeError with the nearest one."""
    with pytest.raises(AttributeError, match=r"has no attribute 'Clent'\. Did you mean 'Client'\?"):
        mixdyn.Clent  # noqa: B018  # the access is what raises


def test_import_budget() -> None:
    """Importing the package loads little, and a client with its names little more."""
    loaded = loaded_by("import mixdyn; dir(mixdyn.Mix().sessions)")
    assert loaded >= {"mixdyn", "mixdyn.client", "mixdyn.surface"}
    assert loaded.isdisjoint(LATER)


def test_first_look_budget() -> None:
    """A first look at a method loads what its calls need, and not what performs them."""
    loaded = loaded_by("import mixdyn; mixdyn.Mix().sessions.get")
    assert "mixdyn.plan" in loaded
    assert loaded.isdisjoint(AFTER_LOOKING)


def test_first_call_budget() -> None:
    """A first plain call loads neither validators nor what bodies, files and streams need."""
    code = (
        "import httpx, mixdyn\n"
        "answer = httpx.MockTransport(lambda request: httpx.Response(200, json=[]))\n"
        "assert mixdyn.Mix(client=httpx.Client(transport=answer)).sessions.list() == []"
    )
    loaded = loaded_by(code)
    assert "mixdyn.validation" in loaded
    assert loaded.isdisjoint(AFTER_CALLING)


def test_tools_stay_out() -> None:
    """A call loads none of the tools."""
    code = (
        "import httpx, mixdyn\n"
        "answer = httpx.MockTransport(lambda request: httpx.Response(200, json=[]))\n"
        "assert mixdyn.Mix(client=httpx.Client(transport=answer)).sessions.list() == []"
    )
    loaded = loaded_by(code)
    assert "mixdyn.engine" in loaded
    assert not any(name.startswith("mixdyn.tools") for name in loaded)
