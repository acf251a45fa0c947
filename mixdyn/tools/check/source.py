"""
Programs as syntax trees: Python files in any encoding, and the cells of notebooks.
"""

from __future__ import annotations

import ast
import io
import json
import os
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from mixdyn.shape import as_array, as_object, is_array
from mixdyn.tools.check.finding import Finding

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})
_ENDINGS = (".py", ".pyw", ".ipynb")
_MAX_BYTES = 20 * 1024 * 1024
_PACKAGE = b"mixdyn"
_FOREIGN = ("!", "%", "?")


class Source(NamedTuple):
    """A program: its tree and its lines; of a notebook those of all cells together."""

    file: str
    tree: ast.Module
    lines: list[str]

    def column(self, line: int, offset: int) -> int:
        """Give the column of a place, from 1, whose offset the tree counts in bytes, from 1."""
        before = self.lines[line - 1].encode("utf-8", "replace")[: offset - 1]
        return len(before.decode("utf-8", "ignore")) + 1


def read_sources(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Source | Finding]:
    """Give the programs of files and folders; a finding for each that cannot be read."""
    for path in paths:
        name = os.fspath(path)
        is_folder = os.path.isdir(name)
        for file in _list_files(name) if is_folder else [name]:
            yield from _read_file(file, is_named=not is_folder)


def _list_files(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in _SKIPPED)
        yield from (os.path.join(place, f) for f in sorted(files) if f.endswith(_ENDINGS))


def _read_file(file: str, *, is_named: bool) -> Iterator[Source | Finding]:
    try:
        with open(file, "rb") as opened:
            content = opened.read(_MAX_BYTES + 1)
        if _PACKAGE not in content and not is_named:
            return  # whatever it calls, nobody can tell that it is a client
        if len(content) > _MAX_BYTES:
            yield _refuse(file, 1, 1, f"larger than {_MAX_BYTES} bytes")
        elif file.endswith(".ipynb"):
            yield from _read_notebook(file, content)
        else:
            text = _decode(content)
            yield Source(file, _parse(text), _split(text))
    except SyntaxError as error:
        yield _refuse(file, error.lineno or 1, error.offset or 1, error.msg)
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        yield _refuse(file, 1, 1, _explain(error))


def _read_notebook(file: str, content: bytes) -> Iterator[Source | Finding]:
    """Give a notebook's cells as one program; lines count through its code cells."""
    cells = as_array(as_object(json.loads(content)).get("cells"))
    statements: list[ast.stmt] = []
    lines: list[str] = []
    for cell in map(as_object, cells):
        if cell.get("cell_type") == "code":
            text = _plain_cell(cell.get("source"))
            try:
                tree = _parse(text)
                ast.increment_lineno(tree, len(lines))
                statements += tree.body
            except SyntaxError as error:
                line = len(lines) + (error.lineno or 1)
                yield _refuse(file, line, error.offset or 1, f"in a cell: {error.msg}")
            lines += _split(text)
    yield Source(file, ast.Module(statements, []), lines)


def _plain_cell(source: Any) -> str:
    """Give a cell's Python; lines that are for the shell or the notebook become empty."""
    text = "".join(map(str, source)) if is_array(source) else str(source or "")
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%"):
        return "\n" * (len(lines) - 1)
    return "\n".join(_plain_line(line) for line in lines)


def _plain_line(line: str) -> str:
    bare = line.strip()
    if not bare.startswith(_FOREIGN) and not bare.endswith("?"):
        return line
    return f"{line[: len(line) - len(line.lstrip())]}pass"


def _decode(content: bytes) -> str:
    """Decode by the file's own word for it, as Python does."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding)


def _split(text: str) -> list[str]:
    """Give the lines as Python counts them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes in texts, say: not our business
        return ast.parse(text)


def _refuse(file: str, line: int, column: int, reason: str) -> Finding:
    return Finding(file, line, column, "unreadable", f"cannot be checked: {reason}")


def _explain(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error) or type(error).__name__
