"""
A file that is written beside its target and takes the target's place once it is whole.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

_DEFAULT_MODE = 0o666  # less the umask, as for any new file


class Draft:
    """
    A new file in the folder of `path`; leaving the block moves it there, all at once.

    After an error of any kind it is removed instead, and what was at `path` is untouched. A file
    there is replaced and its mode kept; a link is replaced too, not followed. Other programs see
    the old file or the whole new one. A loss of power may undo either: nothing is forced to disk.

    Raises OSError at once where `path` cannot be written: a folder, a device, a missing folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # Whole, so that a change of the working directory does not matter; but not normalized:
        # where `a` is a link, `a/../b` is not `b`.
        self._path = os.path.join(os.getcwd(), os.fsdecode(path))
        mode = _check(self._path)
        folder = os.path.dirname(self._path)
        self._name = os.path.join(folder, f".mixdyn-{os.urandom(8).hex()}.part")
        self.size = 0

        def create(name: str, flags: int) -> int:
            return os.open(name, flags, _DEFAULT_MODE if mode is None else mode)

        try:
            self._file = open(self._name, "xb", opener=create)  # noqa: SIM115  # see __exit__
        except OSError as error:
            message = f"cannot write a file in this folder: {error.strerror}"
            raise OSError(error.errno, message, folder) from error
        if mode is not None:
            with suppress(OSError):  # not every file system has modes
                os.chmod(self._name, mode)

    def write(self, pieces: Iterable[bytes]) -> None:
        """Write pieces at the end, each as soon as it is there."""
        for piece in pieces:
            try:
                self._file.write(piece)
            except OSError as error:
                error.filename = self._path  # the message then says where
                raise
            self.size += len(piece)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with suppress(*(() if error is None else (OSError,))):  # the first error tells
                self._file.close()
            if error is None:
                os.replace(self._name, self._path)
        finally:
            with suppress(OSError):  # as where it has moved
                os.unlink(self._name)


def _check(path: str) -> int | None:
    """Give the mode of the file at a path, None where there is none; refuse what is no file."""
    folder, name = os.path.split(path)
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, "no such folder to save in; make it first", folder)
    if not name or os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, "a folder; give the name of a file in it", path)
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "neither a file nor free for one", path)
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "this file is write-protected", path)
    return stat.S_IMODE(mode) & 0o777
