"""
`mixdyn demo`: the main job of the Mix API over real HTTP, each call told as one would type it.

What is printed behind `>>>` is what is run, so the transcript cannot tell anything else.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from mixdyn import Mix, errors
from mixdyn.errors import excerpt, printable
from mixdyn.terminal import is_terminal
from mixdyn.tools.cli.progress import Bar
from mixdyn.tools.mock import serve

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Step:
    """
    A line of Python, why it is shown, and what must come of it.

    `check` gets the line's value, or the error that it raised. `watched` is the line for those who
    look on at a terminal, where it is another: one with progress.
    """

    title: str
    code: str
    check: Callable[[Any], bool]
    watched: str = ""


READ_ONLY: tuple[Step, ...] = (
    Step("Is the server well?", "mix.system.get_health()", lambda v: v.status is not None),
    Step("Which sessions are there?", "mix.sessions.list()", lambda v: v is None or len(v) >= 0),
)

MAIN_JOB: tuple[Step, ...] = (
    Step(
        "Create a session. Attributes are typed, items are the JSON as it came.",
        'session = mix.sessions.create(title="A first look")',
        lambda v: v["title"] == "A first look",
    ),
    Step(
        "The time of creation is a datetime.",
        "session.created_at.tzinfo is not None",
        lambda v: v is True,
    ),
    Step(
        "Upload a file into it.",
        'mix.files.upload_session_file(id=session.id, file=("notes.txt", b"remember the milk"))',
        lambda v: v.name == "notes.txt" and v.size == 17,
        """\
mix.files.upload_session_file(
    id=session.id, file=("notes.txt", b"remember the milk"), on_progress=bar
)""",
    ),
    Step(
        "List its files.",
        "[file.name for file in mix.files.list_session_files(id=session.id)]",
        lambda v: v == ["notes.txt"],
    ),
    Step(
        "Fetch the file: downloads stream, `read()` takes all of it.",
        'mix.files.get_session_file(id=session.id, filename="notes.txt").read()',
        lambda v: v == b"remember the milk",
        """\
mix.files.get_session_file(
    id=session.id, filename="notes.txt", on_progress=bar
).read()""",
    ),
    Step(
        "Open the session's event stream.",
        "events = mix.streaming.stream_events(session_id=session.id)",
        lambda v: v.response.status_code == 200,
    ),
    Step(
        "Send a message; the answer arrives on the stream.",
        'mix.streaming.send_streaming_message(id=session.id, content="What is in my notes?")',
        lambda v: v.session_id is not None,
    ),
    Step(
        "Print the events as they come, up to the end of the message.",
        """\
for event in events:
    print(event.event, event.data)
    if event.event in ("complete", "error"):
        break""",
        lambda v: v[0].startswith("connected ") and v[-1].startswith("complete "),
    ),
    Step("Close the stream.", "events.close()", lambda v: v is None),
    Step(
        "Read the history.",
        "mix.messages.list_session(id=session.id)",
        lambda v: len(v) >= 1,
    ),
    Step(
        "A wrong argument is refused before anything is sent.",
        "mix.sessions.create(title=42)",
        lambda v: isinstance(v, errors.RequestValidationError),
    ),
    Step(
        "What is not there is an error with the server's own words, typed.",
        'mix.sessions.get(id="no-such-session")',
        lambda v: isinstance(v, errors.ErrorResponse) and v.status_code == 404,
    ),
    Step("Delete the session.", "mix.sessions.delete(id=session.id)", lambda v: v is None),
    Step(
        "It is gone.",
        "mix.sessions.get(id=session.id)",
        lambda v: isinstance(v, errors.ErrorResponse) and v.status_code == 404,
    ),
)


def run_demo(server_url: str | None = None, output: TextIO = sys.stdout) -> int:
    """
    Walk through the API, against the stand-in server or a given one.

    Args:
        server_url: a real Mix server; without it a stand-in is started on a free loopback port.
        output: where the transcript goes. On a terminal, the file's way is shown by a bar.

    Gives 0 only if each step did what it should, else 1. What was created is deleted again.
    """
    # Without retries: a server that is not there should be told at once.
    with _server(server_url) as url, Mix(server_url=url, retry_config=None) as mix:
        walk = _Walk(mix, output)
        walk.say(f"# The {'given' if server_url else 'stand-in'} server is {printable(url)}\n")
        walk.say(">>> from mixdyn import Mix")
        walk.say(f'>>> mix = Mix(server_url="{printable(url)}")\n')
        try:
            done = all(walk.take(step) for step in (*READ_ONLY, *MAIN_JOB))
        finally:
            walk.clean_up()
        walk.say("# All steps did what they should." if done else "# Stopped at the first failure.")
        return 0 if done else 1


class _Walk:
    """Takes the steps one by one and tells what happens."""

    def __init__(self, mix: Mix, output: TextIO) -> None:
        self.output = output
        self.printed: list[str] = []
        self.bar = Bar(output, "notes.txt")
        self.names: dict[str, Any] = {"mix": mix, "print": self.print}

    def say(self, text: str) -> None:
        """Write to the transcript, below a bar that was drawn."""
        self.bar.close()
        print(text, file=self.output, flush=True)

    def print(self, *values: object) -> None:
        """What the shown lines call as `print`: one line, cut to the transcript's width."""
        self.printed.append(excerpt(" ".join(map(str, values)), WIDTH))
        self.say(self.printed[-1])

    def take(self, step: Step) -> bool:
        """Show a step, run it, show what came of it, and tell whether that was right."""
        code, title = step.code, step.title
        if step.watched and is_terminal(self.output):
            code, title = step.watched, f"{title} `bar` draws the bytes done, and in all."
        self.say(f"# {title}\n>>> " + code.replace("\n", "\n... "))
        self.bar = self.names["bar"] = Bar(self.output, "notes.txt")
        outcome = self.run(code)
        if isinstance(outcome, Exception):
            self.say(f"{type(outcome).__name__}: {printable(str(outcome))}")
        try:
            is_fine = step.check(outcome)
        except Exception as error:  # noqa: BLE001  # an outcome of another kind fails the step
            self.say(f"# {type(error).__name__}: {excerpt(str(error))}")
            is_fine = False
        self.say("" if is_fine else "# This is not what should have come.\n")
        return is_fine

    def run(self, code: str) -> Any:
        """
        Run one of this module's own lines as a prompt would, and give what it comes to.

        That is an expression's value, which is shown, an assignment's, what was printed, or the
        error that was raised.
        """
        self.printed.clear()
        try:
            if _is_expression(code):
                value = eval(code, self.names)  # noqa: S307  # the text is this module's own
                if value is not None:
                    self.say(excerpt(repr(value), WIDTH))
                return value
            exec(code, self.names)  # noqa: S102  # likewise
        except Exception as error:  # noqa: BLE001  # shown, and judged by the step's check
            return error
        return self.names.get(code.partition(" = ")[0], self.printed)

    def clean_up(self) -> None:
        """Close the stream and delete the session, where a failed step has left them."""
        if "events" in self.names:
            self.names["events"].close()
        if "session" in self.names:
            outcome = self.run("mix.sessions.delete(id=session.id)")
            if isinstance(outcome, Exception) and not isinstance(outcome, errors.ErrorResponse):
                self.say(f"# The session could not be deleted: {excerpt(str(outcome))}")


@contextmanager
def _server(url: str | None) -> Generator[str]:
    if url is not None:
        yield url
        return
    with serve() as server:
        yield server.url


def _is_expression(code: str) -> bool:
    return isinstance(ast.parse(code).body[0], ast.Expr)
