"""
Downloads to a file: whole or not at all, and on from where an earlier run was interrupted.

What has come stands beside the file, as `FILE.mixdyn-part`, with a note of what it is a part of;
the file itself appears when all is there. A part is only gone on with where the server confirms, by
`If-Range` and its own validator, that it is still a part of the same (RFC 9110, 13.1.5).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from mixdyn.errors import MixError, excerpt
from mixdyn.native import content_length
from mixdyn.shape import as_object, as_text
from mixdyn.tools.cli.progress import Bar
from mixdyn.tools.cli.screen import Screen
from mixdyn.tools.cli.verdict import LostError, UsageError

Send = Callable[[dict[str, str]], Any]

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_MODE = 0o600
_UNSATISFIABLE = 416


class Part(NamedTuple):
    """What an earlier run has left: how many bytes, of which version."""

    size: int
    validator: str


class Transfer:
    """
    One download to a file of the user's choice.

    Args:
        path: where it goes.
        identity: tells this call from others, so that no part of another file is gone on with.
        screen: where progress is shown.
    """

    def __init__(self, path: str, identity: str, screen: Screen) -> None:
        self.path = path
        self._part = f"{path}.mixdyn-part"
        self._note = f"{path}.mixdyn-note"
        self._identity = identity
        self._screen = screen

    def run(self, send: Send) -> int:
        """
        Fetch what is missing, and give the size of the file.

        Args:
            send: makes the call with further headers, and gives the open response.
        """
        part = self.find_part()
        response = None
        if part is not None:
            asked = {"range": f"bytes={part.size}-", "if-range": part.validator}
            response = self._ask(send, asked)
            start = _find_start(response, part)
            if start is None:
                _close(response)
                response = None
            elif start:
                return self._receive(response, start, part.validator)
        if response is None:
            self._forget()
            response = send({})
        return self.save(response)

    def save(self, response: Any) -> int:
        """Save an open response; a part stays behind where the server can go on with it."""
        validator = _find_validator(response)
        if validator and not os.path.islink(self.path):
            return self._receive(response, 0, validator)
        self._forget()
        bar = Bar(self._screen.err, os.path.basename(self.path))
        try:
            size: int = response.save(self.path, on_progress=bar)
        finally:
            bar.close()
        return size

    def find_part(self) -> Part | None:
        """Give what an interrupted run of the same call has left."""
        try:
            with open(self._note, encoding="utf-8") as file:
                note = as_object(json.loads(file.read(1 << 16)))
            size = os.lstat(self._part).st_size
        except (OSError, ValueError, RecursionError):
            return None
        validator = as_text(note.get("validator"))
        is_same = note.get("identity") == self._identity
        return Part(size, validator) if is_same and size and validator.isprintable() else None

    def _ask(self, send: Send, headers: dict[str, str]) -> Any:
        try:
            return send(headers)
        except MixError as error:
            if error.status_code != _UNSATISFIABLE:
                raise
            return None

    def _receive(self, response: Any, start: int, validator: str) -> int:
        """Write what comes behind what is there, and move it to its place when all is."""
        total = content_length(response.headers)
        bar = Bar(self._screen.err, os.path.basename(self.path), start)
        size = start
        try:
            self._write_note(validator)
            with self._open(start) as file:
                for chunk in response.iter_raw():
                    file.write(chunk)
                    size += len(chunk)
                    bar(size - start, total)
        except BaseException:
            bar.close()
            self._tell_rest(size)
            raise
        finally:
            bar.close()
            _close(response)
        if total is not None and size - start != total:
            raise LostError(f"the download ended after {size - start} of {total} bytes")
        self._finish()
        return size

    def _open(self, start: int) -> Any:
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        number = os.open(self._part, flags if start else flags | os.O_TRUNC, 0o666)
        file = open(number, "wb")  # noqa: SIM115  # the caller's `with` closes it
        os.ftruncate(number, start)
        file.seek(start)
        return file

    def _write_note(self, validator: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._note)
        number = os.open(self._note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with open(number, "w", encoding="utf-8") as file:
            json.dump({"identity": self._identity, "validator": validator}, file)

    def _tell_rest(self, size: int) -> None:
        if size:
            where = os.path.basename(self._part)
            self._screen.tell(f"{size} bytes are kept in {where}; the same command goes on there")

    def _finish(self) -> None:
        with suppress(OSError):
            os.chmod(self._part, os.stat(self.path).st_mode & 0o777)
        os.replace(self._part, self.path)
        self._forget()

    def _forget(self) -> None:
        for path in (self._part, self._note):
            with suppress(FileNotFoundError):
                os.unlink(path)


def check_path(path: str) -> None:
    """Refuse what no file can be written to, before a call is made for it."""
    if os.path.isdir(path):
        raise UsageError(f"{excerpt(path)}: this is a folder; give the name of a file in it")
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise UsageError(f"{excerpt(folder)}: there is no such folder; make it first")


def _find_validator(response: Any) -> str:
    """
    Give what tells versions apart, if the server can go on with one; else empty.

    A date may only be sent where there is no tag, not even a weak one (RFC 9110, 13.1.5).
    """
    headers = response.headers
    is_plain = headers.get("content-encoding", "identity").lower() == "identity"
    ranges = headers.get("accept-ranges", "").lower()
    tag = str(headers.get("etag", ""))
    strong = tag if tag.startswith('"') else ""
    validator = strong if tag else _find_date(headers)
    is_usable = response.status_code == 200 and is_plain and ranges != "none"
    return validator if is_usable and validator.isprintable() else ""


def _find_date(headers: Any) -> str:
    """Give the date of the last change, if none can follow that it does not tell (8.8.2.2)."""
    from email.utils import parsedate_to_datetime

    changed = str(headers.get("last-modified", ""))
    try:
        age = parsedate_to_datetime(headers["date"]) - parsedate_to_datetime(changed)
    except (KeyError, OverflowError, TypeError, ValueError):  # none, or no dates
        return ""
    return changed if age.total_seconds() >= 1 else ""


def _find_start(response: Any, part: Part) -> int | None:
    """
    Tell where a response begins: at the end of the part, or at 0 since the server sends it all.

    None means that what it sends cannot be used.
    """
    if response is None:
        return None
    if response.status_code != 206:
        return 0
    match = _RANGE.fullmatch(response.headers.get("content-range", "").strip())
    same = (response.headers.get("etag"), response.headers.get("last-modified"))
    is_plain = response.headers.get("content-encoding", "identity").lower() == "identity"
    is_next = match is not None and int(match[1]) == part.size and is_plain
    return part.size if is_next and part.validator in same else None


def _close(response: Any) -> None:
    if response is not None:
        response.close()
