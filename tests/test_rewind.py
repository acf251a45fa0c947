"""Files that are sent from where they stand, and once more."""

from __future__ import annotations

import gzip
import io
import os
from typing import Any

import pytest

from mixdyn.rewind import Marks, Rest


class Pipe:
    """A file that can only be read on."""

    def read(self, size: int = -1) -> bytes:
        return b"x"


def test_marks_rewind() -> None:
    """Files go back to where they stood, not to their beginning."""
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    marks = Marks([file])
    assert not marks.has_lost
    file.read()
    marks.rewind()
    assert file.read() == b"456789"


def test_marks_lost() -> None:
    """A file that cannot go back is told before anything is read of it."""
    assert Marks([io.BytesIO(), Pipe()]).has_lost
    assert not Marks([]).has_lost


def test_marks_of_a_real_pipe() -> None:
    """A pipe of the system cannot go back, though it has the methods."""
    read, write = os.pipe()
    with open(read, "rb") as file, open(write, "wb"):
        assert Marks([file]).has_lost


def test_rest_is_a_file_of_its_own() -> None:
    """The rest of a file begins at 0 and ends where the file does."""
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    rest = Rest(file)
    assert rest.tell() == 0
    assert rest.read(2) == b"45"
    assert rest.tell() == 2
    assert rest.seek(0, os.SEEK_END) == 6
    assert rest.seek(0) == 0
    assert rest.read() == b"456789"


def test_rest_of_compressed_bytes() -> None:
    """The size is that of what is read, not that of the file below."""
    packed = io.BytesIO(gzip.compress(b"hello" * 100))
    with gzip.GzipFile(fileobj=packed) as file:
        rest = Rest(file)
        assert rest.seek(0, os.SEEK_END) == 500
        assert not hasattr(rest, "fileno")


@pytest.mark.parametrize("use", [lambda rest: rest.tell(), lambda rest: rest.seek(0)])
def test_rest_of_a_pipe(use: Any) -> None:
    """What cannot move raises the file's own error, and can be read."""
    rest = Rest(Pipe())
    assert rest.read() == b"x"
    with pytest.raises(AttributeError):
        use(rest)
