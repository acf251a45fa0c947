"""
Stubs on disk. What is there already is replaced only where it was generated too.
"""

from __future__ import annotations

import os

from mixdyn.bundled import bundled_path
from mixdyn.document import Document, Source
from mixdyn.tools.stubs.stub import MARK, PACKAGE, build_stubs


def write_stubs(
    spec: Source | Document | None, folder: str | os.PathLike[str], name: str = PACKAGE
) -> list[str]:
    """
    Write a document's stubs into a folder below `folder`, and give the paths of what is new.

    Args:
        spec: the document; None for the bundled one.
        folder: where type checkers look, such as `typings`.
        name: the module they are for, as for `build_stubs`.

    Raises FileExistsError for a file that is there and was not generated; nothing is written then.
    """
    stubs = build_stubs(bundled_path() if spec is None else spec, name)
    texts = {os.path.join(folder, *path.split("/")): text for path, text in stubs.items()}
    known = {path: _read(path) for path in texts}
    for path, text in known.items():
        if text and MARK not in text:
            raise FileExistsError(
                f"{path}: was not generated; move it away, or choose another folder"
            )
    changed = [path for path, text in texts.items() if known[path] != text]
    for path in changed:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(texts[path])
    return changed


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
