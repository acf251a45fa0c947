"""What type checkers make of the stubs: no fault in them, and exactly the wrong uses are found."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mixdyn
from mixdyn.tools.stubs import write_stubs
from tests.documents import INTEGER, TEXT, answers, body, fields, param

ROOT = Path(mixdyn.__file__).parent.parent
DATA = Path(__file__).parent / "data" / "stubs"
STUBS = sorted([*(ROOT / "mixdyn").glob("*.pyi"), ROOT / "mixdyn" / "tools" / "stubs" / "form.pyi"])
PET = fields("name", name=TEXT, bornOn={"type": ["string", "null"], "format": "date"})
REF = {"$ref": "#/components/schemas/Pet"}
FAILURE = answers({"$ref": "#/components/schemas/Failure"}, "404")["responses"]
PETS: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "paths": {
        "/pets/{id}": {
            "get": {
                "operationId": "pets.get",
                "tags": ["pets"],
                "parameters": [param("id", "path", INTEGER)],
                "responses": answers(REF)["responses"] | FAILURE,
            }
        },
        "/pets": {
            "post": {
                "operationId": "pets.add",
                "tags": ["pets"],
                **body({"oneOf": [REF, TEXT]}),
                **answers(REF),
            }
        },
    },
    "components": {"schemas": {"Pet": PET, "Failure": fields("code", code=INTEGER)}},
}

has_mypy = pytest.mark.skipif(not importlib.util.find_spec("mypy"), reason="needs mypy")
has_pyright = pytest.mark.skipif(not importlib.util.find_spec("pyright"), reason="needs pyright")


def check(words: list[str], folder: Path, **variables: str) -> str:
    """Run a checker in a folder, and give what it printed."""
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    return done.stdout


def find(pattern: str, printed: str, files: list[Path]) -> set[tuple[str, int]]:
    """Give the file and line of each finding about a file that was asked for."""
    found = re.findall(pattern, printed, re.MULTILINE)
    return {(Path(name).name, int(line)) for name, line in found if is_ours(name, files)}


def run_mypy(folder: Path, files: list[Path], paths: list[Path]) -> set[tuple[str, int]]:
    """Give the file and line of each of mypy's findings."""
    words = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", *map(str, files)]
    cache = ["--cache-dir", str(folder / "cache")]
    printed = check([*words, *cache], folder, MYPYPATH=":".join(map(str, paths)), PYTHONPATH="")
    assert "Found" in printed or "Success" in printed, printed
    return find(r"^([^:\n]+):(\d+): error", printed, files)


def run_pyright(folder: Path, files: list[Path], paths: list[Path]) -> set[tuple[str, int]]:
    """Give the file and line of each of pyright's findings."""
    settings = {
        "typeCheckingMode": "strict",
        "include": [os.path.relpath(file, folder) for file in files],
        "reportMissingModuleSource": False,
    }
    config = folder / "pyrightconfig.json"
    config.write_text(json.dumps(settings), encoding="utf-8")
    words = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "-p", str(config)]
    printed = check(words, folder, PYTHONPATH=str(paths[-1]))
    assert re.search(r"^\d+ errors?, ", printed, re.MULTILINE), printed
    return find(r"^ *([^:\n]+):(\d+):\d+ - error", printed, files)


def run_ty(folder: Path, files: list[Path], paths: list[Path]) -> set[tuple[str, int]]:
    """Give the file and line of each of ty's findings."""
    words = ["ty", "check", "--output-format", "concise", "--project", str(folder)]
    more = [word for path in paths for word in ("--extra-search-path", str(path))]
    printed = check([*words, *more, "--python", sys.prefix, *map(str, files)], folder)
    assert "diagnostic" in printed or "passed" in printed, printed
    return find(r"^([^:\n]+):(\d+):\d+: error", printed, files)


def run_pyrefly(folder: Path, files: list[Path], paths: list[Path]) -> set[tuple[str, int]]:
    """Give the file and line of each of pyrefly's findings."""
    (folder / "pyrefly.toml").write_text("", encoding="utf-8")
    words = ["pyrefly", "check", "--output-format", "min-text", "--config", "pyrefly.toml"]
    more = [word for path in paths for word in ("--search-path", str(path))]
    own = ["--python-interpreter-path", sys.executable, *map(str, files)]
    printed = check([*words, *more, *own], folder)
    assert "errors" in printed, printed
    return find(r"^ERROR ([^:\n]+):(\d+):", printed, files)


def is_ours(name: str, files: list[Path]) -> bool:
    """Tell whether a finding is about a file that was asked for."""
    return Path(name).name in {file.name for file in files}


def marked(program: Path, run: Any) -> set[tuple[str, int]]:
    """Give the lines that a program marks as bad, but for those that a checker lets pass."""
    lines = program.read_text(encoding="utf-8").splitlines()
    marks = ("# BAD", "# BAD but for ty", "# BAD by mypy and pyright")
    marks = marks[: {run_ty: 1, run_pyrefly: 2}.get(run, 3)]
    return {(program.name, n) for n, line in enumerate(lines, 1) if line.endswith(marks)}


has_pyrefly = pytest.mark.skipif(not shutil.which("pyrefly"), reason="needs pyrefly")
has_ty = pytest.mark.skipif(not shutil.which("ty"), reason="needs ty")
CHECKERS = [
    pytest.param(run_mypy, marks=has_mypy, id="mypy"),
    pytest.param(run_pyright, marks=has_pyright, id="pyright"),
    pytest.param(run_pyrefly, marks=has_pyrefly, id="pyrefly"),
    pytest.param(run_ty, marks=has_ty, id="ty"),
]


@pytest.mark.parametrize("run", CHECKERS)
def test_shipped_stubs(run: Any, tmp_path: Path) -> None:
    """The shipped stubs have no fault, and of a program's uses the bad ones are found."""
    program = DATA / "program.py"
    assert run(tmp_path, [program, *STUBS], [ROOT]) == marked(program, run)


@pytest.mark.parametrize("run", CHECKERS[:2])  # others take no package from two places
def test_other_documents(run: Any, tmp_path: Path) -> None:
    """Stubs in `typings` take the place of the shipped ones, or describe a client of one's own."""
    typings = tmp_path / "typings"
    files = [Path(path) for name in ("mixdyn", "own") for path in write_stubs(PETS, typings, name)]
    program = DATA / "other.py"
    assert run(tmp_path, [program, *files], [typings, ROOT]) == marked(program, run)


@pytest.mark.parametrize("run", CHECKERS)
def test_own_module(run: Any, tmp_path: Path) -> None:
    """Stubs of a module of one's own need nothing but a folder where the checker looks."""
    typings = tmp_path / "typings"
    files = [Path(path) for path in write_stubs(PETS, typings, "own")]
    program = DATA / "own.py"
    assert run(tmp_path, [program, *files], [typings, ROOT]) == marked(program, run)
