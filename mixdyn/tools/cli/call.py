"""
`mixdyn call`: one call, and what becomes of its answer: printed, saved, or followed event by event.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any

from mixdyn.binding import call_form
from mixdyn.draft import Draft
from mixdyn.errors import ClientClosedError, ResponseValidationError, excerpt, nearest
from mixdyn.media import is_json, is_text, media_essence
from mixdyn.operation import Operation
from mixdyn.payload import Payload
from mixdyn.plan import Plan
from mixdyn.stream import EventStream
from mixdyn.tool import is_upload
from mixdyn.tools.cli.argument import read_arguments, usage_form
from mixdyn.tools.cli.preview import preview
from mixdyn.tools.cli.progress import Bar
from mixdyn.tools.cli.rendering import render, render_line
from mixdyn.tools.cli.screen import Screen, make_safe, watch_reader
from mixdyn.tools.cli.target import find_entry, find_method, open_client, read_headers
from mixdyn.tools.cli.transfer import Transfer, check_path
from mixdyn.tools.cli.verdict import DONE, INVALID_RESPONSE, LostError, UsageError, explain


def run_call(options: argparse.Namespace, screen: Screen) -> int:
    """Make a call, or show its request."""
    with open_client(options, screen) as client:
        entry = find_entry(client._surface, options.operation)
        plan: Plan = client._surface.plan(entry)
        keywords = read_arguments(plan.operation, options.words, options.body)
        headers, secrets = read_headers(options.header)
        call = _Call(options, screen, find_method(client, entry), plan, keywords, headers)
        _check(options, plan)
        with _in_shell_words(plan.operation):
            if options.curl or options.dry_run:
                screen.write(call.preview(secrets))
                return DONE
            return call.run()


class _Call:
    """A call with its arguments; it knows where its answer goes."""

    def __init__(
        self,
        options: argparse.Namespace,
        screen: Screen,
        method: Any,
        plan: Plan,
        keywords: dict[str, Any],
        headers: dict[str, str],
    ) -> None:
        self.options = options
        self.screen = screen
        self.method = method
        self.plan = plan
        self.keywords = keywords
        self.headers = headers
        self.form: str = options.output or "json"

    def preview(self, secrets: tuple[str, ...]) -> str:
        """Give the request as a command or as text; nothing is sent."""
        prepared = self.method.prepare(**self.keywords, http_headers=self.headers)
        return preview(prepared, secrets, as_curl=self.options.curl)

    def run(self) -> int:
        """Make the call, and deal with what comes."""
        if self.options.save and is_download(self.plan) and _is_file(self.options.save):
            transfer = Transfer(self.options.save, self.identify(), self.screen)
            plain = {"accept-encoding": "identity"}  # only plain bytes can be gone on with
            transfer.run(lambda headers: self.send({**plain, **headers}).result)
            return DONE
        outcome = self.send({})
        result = outcome.result
        if isinstance(result, EventStream):
            return self.follow(result)
        if hasattr(result, "iter_bytes"):
            self.pour(result)
        elif result is not None:
            self.print(result, str(outcome.headers.get("content-type", "")))
        return DONE

    def send(self, headers: dict[str, str]) -> Any:
        """Make the call, with progress where files travel."""
        settings: dict[str, Any] = {"http_headers": {**headers, **self.headers}}
        if self.options.reconnect:
            settings["reconnect"] = True
        operation = self.plan.operation
        files = [a.name for a in operation.arguments if is_upload(a, operation)]
        names = ", ".join(name for name in files if name in self.keywords)
        if not names:
            return self.method.with_response(**self.keywords, **settings)
        with closing(Bar(self.screen.err, f"sending {names}")) as bar:
            return self.method.with_response(**self.keywords, **settings, on_progress=bar)

    def identify(self) -> str:
        """Give what tells this call from others: a fingerprint, since it may hold secrets."""
        prepared = self.method.prepare(**self.keywords, http_headers=self.headers)
        content = prepared.content
        if isinstance(content, Payload):
            content.close()
        body = content if isinstance(content, bytes) else b""
        line = f"{prepared.method} {prepared.url}\n".encode("utf-8", "surrogatepass")
        return hashlib.sha256(line + body).hexdigest()

    def print(self, result: Any, content_type: str) -> None:
        """Print an answer, or write it to the file."""
        essence = media_essence(content_type)
        is_plain = isinstance(result, str) and not is_json(essence) and not self.options.output
        if self.options.save and self.options.save != "-":
            text = result if is_plain else self.render(result, None, colour=False) + "\n"
            _write(self.options.save, text.encode("utf-8", "backslashreplace"))
            return
        screen = self.screen
        if is_plain:
            screen.write(make_safe(result) if screen.is_terminal else result)
        else:
            screen.write(self.render(result, screen.width, colour=screen.is_colourful))

    def render(self, result: Any, width: int | None, *, colour: bool) -> str:
        return render(result, self.form, width=width, colour=colour)

    def pour(self, response: Any) -> None:
        """Write a download to standard output, or to what is no file; a terminal takes text."""
        target = self.options.save
        with closing(response):
            if target and target != "-":
                if _is_file(target):
                    Transfer(target, "", self.screen).save(response)
                    return
                with open(target, "wb") as file:
                    file.writelines(response.iter_bytes())
            elif self.screen.is_terminal and not target:
                self.show_text(response)
            else:
                for chunk in response.iter_bytes():
                    self.screen.write_bytes(chunk)
                self.screen.out.flush()

    def show_text(self, response: Any) -> None:
        essence = media_essence(response.headers.get("content-type", ""))
        if not (is_text(essence) or is_json(essence)):
            raise UsageError("the answer is no text: give -o FILE, or -o - for standard output")
        for chunk in response.iter_text():
            self.screen.out.write(make_safe(chunk))
        self.screen.write("")

    def follow(self, stream: EventStream) -> int:
        """Print events as they come; what does not fit is told, and the rest goes on."""
        code = DONE
        names = _split_names(self.options.until)
        screen = self.screen
        known = event_names(self.plan)
        for name in names:
            if known and name not in known:  # a server may send what its document does not list
                hint = nearest(name, known)
                screen.complain(f"--until: the document has no event {excerpt(name, 60)!r}{hint}")
        with stream, watch_reader(screen.out, stream.close):
            events: Any = stream.until(*names) if names else stream
            for event in _read(events):
                if isinstance(event, ResponseValidationError):
                    screen.complain(explain(event))
                    code = INVALID_RESPONSE
                    continue
                line = render_line(event, self.form, width=screen.width, colour=screen.is_colourful)
                screen.write(line)
            if names and not events._selection.is_done and not is_closed(stream):
                raise LostError(f"the stream ended before {' or '.join(names)} came")
        return code


def event_names(plan: Plan) -> tuple[str, ...]:
    """Name the events that the document lists."""
    discriminator = plan.events.discriminator
    return tuple(discriminator.branches) if discriminator is not None else ()


def is_download(plan: Plan) -> bool:
    """Tell whether the document says that a success is a file."""
    media = (m for response in plan.operation.success for m in response.media)
    return any(map(plan.reader.is_file, media))


def _check(options: argparse.Namespace, plan: Plan) -> None:
    """Refuse options that mean nothing here, before anything is sent."""
    if not plan.is_stream and (options.until or options.reconnect):
        name = "--until" if options.until else "--reconnect"
        raise UsageError(f"{name}: {plan.operation.label} gives no events")
    if plan.is_stream and options.save:
        raise UsageError("-o saves one answer; events go to a file by `> FILE`")
    if options.save:
        check_path(options.save)


@contextmanager
def _in_shell_words(operation: Operation) -> Generator[None]:
    """Let a refusal of the arguments show the call as one would type it in a shell."""
    try:
        yield
    except TypeError as error:
        shown = str(error).replace(call_form(operation), usage_form(operation))
        raise UsageError(shown) from error


def _read(events: Any) -> Iterator[Any]:
    """Give events, and the errors of those that do not fit, which end nothing."""
    while True:
        try:
            event = next(events)
        except (StopIteration, ClientClosedError):  # closed by us, where nobody reads any more
            return
        except ResponseValidationError as error:
            event = error
        yield event


def is_closed(stream: Any) -> bool:
    """Tell whether a stream was closed, and did not end by itself."""
    return bool(stream._is_closed)


def _split_names(given: list[str]) -> list[str]:
    return [name for text in given for name in text.split(",") if name]


def _is_file(path: str) -> bool:
    """Tell whether a path is a file, or free for one: `-` and devices are not."""
    try:
        return path != "-" and stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return path != "-"


def _write(path: str, content: bytes) -> None:
    if _is_file(path):
        with Draft(path) as draft:
            draft.write([content])
        return
    with open(path, "wb") as file:
        file.write(content)
