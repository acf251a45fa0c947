"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mixdyn.draft import Draft


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder, and work in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("make", [str, Path, os.fsencode, lambda path: path.name])
def test_write(folder: Path, make: Any) -> None:
    """The file is there when the block is left, and nothing else; before, another name is."""
    target = folder / "data"
    with Draft(make(target)) as draft:
        draft.write([b"one ", b"", b"two"])
        assert not target.exists()
        [name] = os.listdir(folder)
        assert name.startswith(".mixdyn-")
        assert name.endswith(".part")
    assert os.listdir(folder) == ["data"]
    assert target.read_bytes() == b"one two"
    assert draft.size == 7


def fail(error: type[BaseException]) -> Iterator[bytes]:
    """Give a piece, and fail."""
    yield b"new"
    raise error


def test_names_differ(folder: Path) -> None:
    """Two drafts of one file do not meet; the last one to end stays."""
    with Draft("data") as first, Draft("data") as second:
        first.write([b"1"])
        second.write([b"2"])
    assert (folder / "data").read_bytes() == b"1"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_error(folder: Path, error: type[BaseException]) -> None:
    """After any error the target is as it was, and nothing is left."""
    (folder / "data").write_bytes(b"old")
    with pytest.raises(error), Draft("data") as draft:
        draft.write(fail(error))
    assert os.listdir(folder) == ["data"]
    assert (folder / "data").read_bytes() == b"old"


@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o644), (0o077, 0o600)])
def test_mode_of_new(folder: Path, umask: int, expected: int) -> None:
    """A new file has the mode that any new file has."""
    before = os.umask(umask)
    try:
        with Draft("data"):
            pass
    finally:
        os.umask(before)
    assert mode_of(folder / "data") == expected


@pytest.mark.parametrize("mode", [0o600, 0o666, 0o755])
def test_mode_of_replaced(folder: Path, mode: int) -> None:
    """A replaced file keeps its mode; the draft has it from the start."""
    target = folder / "data"
    target.touch()
    target.chmod(mode)
    with Draft("data"):
        [part] = folder.glob(".mixdyn-*")
        assert mode_of(part) == mode
    assert mode_of(target) == mode


def test_link(folder: Path) -> None:
    """A link is replaced; what it led to is not touched, even if there is nothing."""
    (folder / "other").write_bytes(b"old")
    for name in ("other", "nothing"):
        (folder / "data").unlink(missing_ok=True)
        (folder / "data").symlink_to(name)
        with Draft("data") as draft:
            draft.write([b"new"])
        assert not (folder / "data").is_symlink()
    assert (folder / "other").read_bytes() == b"old"
    assert not (folder / "nothing").exists()


def test_working_directory(folder: Path) -> None:
    """The target is where the path led at first."""
    (folder / "inner").mkdir()
    with Draft("data"):
        os.chdir("inner")
    assert (folder / "data").exists()


def test_folder_behind_a_link(folder: Path) -> None:
    """A path is taken as the system takes it, also behind a link to a folder."""
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "link").symlink_to("a/b")
    with Draft("link/../data"):
        pass
    assert (folder / "a" / "data").exists()


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("", IsADirectoryError, "give the name of a file"),
        (".", IsADirectoryError, "give the name of a file"),
        ("inner", IsADirectoryError, "give the name of a file in it"),
        ("inner/", IsADirectoryError, "give the name of a file"),
        ("to_inner", IsADirectoryError, "give the name of a file"),
        ("none/data", FileNotFoundError, "no such folder.*make it first.*none"),
        ("file/data", FileNotFoundError, "no such folder"),
        ("pipe", OSError, "neither a file nor free"),
        ("to_pipe", OSError, "neither a file nor free"),
        ("x" * 300, OSError, "too long"),
        ("a\0b", ValueError, "null"),
        (5, TypeError, "PathLike"),
        (None, TypeError, "PathLike"),
    ],
)
def test_refused(folder: Path, path: Any, error: type[Exception], words: str) -> None:
    """What cannot become a file is refused at once, and nothing is left."""
    (folder / "inner").mkdir()
    (folder / "file").touch()
    os.mkfifo(folder / "pipe")
    (folder / "to_inner").symlink_to("inner")
    (folder / "to_pipe").symlink_to("pipe")
    before = sorted(os.listdir(folder))
    with pytest.raises(error, match=words):
        Draft(path)
    assert sorted(os.listdir(folder)) == before


def test_folder_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the folder, and says why."""

    def refuse(*args: Any) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", args[0])

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError, match="cannot write a file in this folder: Perm") as caught:
        Draft("data")
    assert caught.value.filename == str(folder)


def test_write_protected(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be written is not replaced either."""
    (folder / "data").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="write-protected"):
        Draft("data")


class FullDisk:
    """A file on a disk that is full."""

    def __init__(self, fails: str) -> None:
        self.fails = fails

    def write(self, piece: bytes) -> None:
        self.fail("write")

    def close(self) -> None:
        self.fail("close")

    def fail(self, where: str) -> None:
        if self.fails in (where, "both"):
            raise OSError(errno.ENOSPC, f"no space to {where}")


def write_to(disk: FullDisk) -> None:
    with Draft("data") as draft:
        draft._file.close()
        draft._file = disk  # type: ignore[assignment]
        draft.write([b"x"])


@pytest.mark.parametrize(
    ("fails", "words"),
    [("write", "to write: '.*data'"), ("close", "to close"), ("both", "to write: '.*data'")],
)
def test_full_disk(folder: Path, fails: str, words: str) -> None:
    """A disk that is full leaves nothing; the first error is raised, and says which file it was."""
    with pytest.raises(OSError, match=f"no space {words}"):
        write_to(FullDisk(fails))
    assert os.listdir(folder) == []


def test_target_becomes_a_folder(folder: Path) -> None:
    """Where the move itself fails, nothing is left, too."""
    with pytest.raises(OSError, match="data"), Draft("data"):
        (folder / "data").mkdir()
    assert os.listdir(folder) == ["data"]


def test_left_while_another_thread_writes(folder: Path) -> None:
    """Leaving waits for a write that has begun, and what comes later goes nowhere."""
    begun, go_on = threading.Event(), threading.Event()
    failed: list[BaseException] = []

    def pieces() -> Any:
        yield b"x"
        begun.set()
        go_on.wait(20)
        yield b"y"

    def write(draft: Draft) -> None:
        try:
            draft.write(pieces())
        except ValueError as error:
            failed.append(error)

    with suppress(KeyError), Draft("data") as draft:
        thread = threading.Thread(target=write, args=(draft,))
        thread.start()
        begun.wait(20)
        raise KeyError
    go_on.set()
    thread.join()
    assert "closed file" in str(failed[0])
    assert os.listdir(folder) == []


def test_a_file_system_without_modes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where modes cannot be changed, the file is replaced all the same; nothing else is left."""
    (folder / "data").write_bytes(b"old")

    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EPERM, "no modes here")

    monkeypatch.setattr(os, "chmod", refuse)
    with Draft("data") as draft:
        draft.write([b"new"])
    assert os.listdir(folder) == ["data"]
    assert (folder / "data").read_bytes() == b"new"
