"""
The exception tree and its wording; knows nothing of documents or HTTP clients.

MixError                        every error that mixdyn itself raises about a call or a document
├── <one class per error schema of the documents in use, such as ErrorResponse>
├── MixDefaultError             an error status, or an answer, that the document does not describe
├── ResponseValidationError     an answer that does not fit its schema, or cannot be decoded
├── NoResponseError             a request that ended without a response
├── RequestValidationError      arguments that do not fit the document; also a ValueError
├── DocumentError               a document that cannot be read or used; also a ValueError
└── ClientClosedError           a call on a closed client; also a RuntimeError

HeldMethodWarning               a method that was taken from a client before a swap; a UserWarning

Wrong or missing arguments are a plain TypeError, as for any Python function.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from itertools import islice
from reprlib import Repr
from typing import Any, NamedTuple, Protocol

__all__ = [
    "ClientClosedError",
    "DocumentError",
    "HeldMethodWarning",
    "MixDefaultError",
    "MixError",
    "NoResponseError",
    "Problem",
    "RequestValidationError",
    "ResponseValidationError",
]

EXCERPT = 200

# No standard names this header; these are the ones in use, most telling first.
_REQUEST_IDS = (
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "correlation-id",
    "x-amzn-requestid",
    "x-amz-request-id",
    "x-ms-request-id",
    "x-github-request-id",
    "x-goog-request-id",
    "x-trace-id",
    "traceparent",
    "cf-ray",
)

_NEAREST_LENGTH = 100
_NEAREST_COUNT = 2000


class Problem(NamedTuple):
    """
    One way in which a value does not fit its schema.

    `path` is where in the value (`$.items[3].id`), `message` what was expected and what was found.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class MixError(Exception):
    """
    The root of all errors of this package, with the properties of the published SDK's errors.

    `raw_response` is the HTTP client's own response and `body` its text where there was one;
    `data` is the typed body of an error that the document describes; `operation` names the call.

    `attempts` is how often the request was sent, `retry_after` how many seconds the server asked to
    wait before the next attempt, or None.
    """

    attempts: int = 0
    retry_after: float | None = None

    def __init__(
        self,
        message: str,
        raw_response: Any = None,
        body: str | None = None,
        data: Any = None,
        operation: str | None = None,
    ) -> None:
        super().__init__(message, raw_response, body, data, operation)

    def __str__(self) -> str:
        if self.operation is None or self.status_code is None or self.operation in self.message:
            return self.message
        return f"{self.operation} answered {self.status_code}: {self.message}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({excerpt(str(self))!r})"

    @property
    def message(self) -> str:
        """What happened, in one or a few lines."""
        return str(self.args[0])

    @property
    def raw_response(self) -> Any:
        """The HTTP client's response, or None where none was received."""
        return self.args[1]

    @property
    def body(self) -> str:
        """The response body as text, empty where there is none."""
        return self.args[2] or ""

    @property
    def data(self) -> Any:
        """The typed body (`e.data.error.message`), or the decoded JSON, or None."""
        return self.args[3]

    @property
    def operation(self) -> str | None:
        """The call that failed, such as `sessions.create (POST /api/sessions)`."""
        return self.args[4]  # type: ignore[no-any-return]  # args is a tuple of Any

    @property
    def status_code(self) -> int | None:
        """The HTTP status code, or None where there was no response."""
        return getattr(self.raw_response, "status_code", None)

    @property
    def headers(self) -> Any:
        """The response headers, or an empty mapping where there was no response."""
        return getattr(self.raw_response, "headers", {})

    @property
    def request_id(self) -> str | None:
        """What the server calls this exchange, for its operators; None where it says nothing."""
        return next((self.headers[n] for n in _REQUEST_IDS if self.headers.get(n)), None)


class MixDefaultError(MixError):
    """The answer has an error status, or a form, for which the document has no schema."""


class NoResponseError(MixError):
    """The request ended without a response."""


class _ProblemsError(MixError):
    """A value does not fit its schema; `problems` lists where and how."""

    def __init__(
        self,
        message: str,
        raw_response: Any = None,
        body: str | None = None,
        data: Any = None,
        operation: str | None = None,
        problems: tuple[Problem, ...] = (),
    ) -> None:
        super().__init__(message, raw_response, body, data, operation)
        self.args = (*self.args, problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Each place where the value does not fit, with what was expected there."""
        return tuple(self.args[5])


class ResponseValidationError(_ProblemsError):
    """The response does not fit the document's schema, or its body cannot be decoded."""

    @property
    def cause(self) -> BaseException | None:
        """The error underneath, where one was raised by a decoder."""
        return self.__cause__


class RequestValidationError(_ProblemsError, ValueError):
    """The arguments do not fit the document; nothing was sent."""


class DocumentError(MixError, ValueError):
    """The OpenAPI document cannot be read, or a part of it cannot be used."""


class ClientClosedError(MixError, RuntimeError):
    """The client was closed before the call."""


class HeldMethodWarning(UserWarning):
    """A method that is called was taken from its client before that took on another document."""


def refuse_answer(label: str, response: Any, reason: str) -> ResponseValidationError:
    """Make the error for an answer whose body cannot be had."""
    message = f"{label} answered {response.status_code}, but {reason}"
    return ResponseValidationError(message, response, "", None, label, (Problem("$", reason),))


def printable(text: str) -> str:
    """Show control and bidirectional characters as escapes; line breaks stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def excerpt(value: object, limit: int = EXCERPT) -> str:
    """Give a short form of any value for a message, on one line: escaped, and cut at `limit`."""
    text = value if isinstance(value, str) else _represent(value, limit)
    shown = printable(text[: limit + 1]).replace("\n", "\\n")
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _represent(value: object, limit: int) -> str:
    """Give at least the beginning of `repr()`, without the cost of a huge value's whole one."""
    short = Repr()
    short.maxlist = short.maxdict = short.maxtuple = short.maxset = short.maxfrozenset = 20
    short.maxstring = short.maxlong = short.maxother = limit + 20
    try:
        return short.repr(value[: limit + 1] if isinstance(value, (bytes, bytearray)) else value)
    except Exception:  # noqa: BLE001  # a `__repr__` may raise anything; huge integers do
        return f"<{type(value).__name__}>"


def itemize(title: str, lines: list[str], most: int = 10) -> str:
    """Word a message of a title and one indented line for each finding, at most `most`."""
    shown = [f"  {line}" for line in lines[:most]]
    if len(lines) > most:
        shown.append(f"  … and {len(lines) - most} more")
    return "\n".join([title, *shown])


def nearest(name: str, candidates: Iterable[str]) -> str:
    """Give `. Did you mean 'x'?` for the candidate most like `name`, or nothing."""
    if name.startswith("_"):
        return ""  # asked by machinery, not by people
    from difflib import get_close_matches  # only words errors, so only then loaded

    # Names may come from a server: neither their length nor their number may cost much.
    likely = islice((c for c in candidates if len(c) <= _NEAREST_LENGTH), _NEAREST_COUNT)
    found = get_close_matches(name[:_NEAREST_LENGTH], list(likely), n=1)
    return f". Did you mean {found[0]!r}?" if found else ""


_schema_errors: dict[str, type[MixError]] = {}


class Source(Protocol):
    """What knows the names of the error schemas of a document."""

    def error_names(self) -> Iterable[str]:
        """Name the error schemas."""
        ...


_sources: weakref.WeakSet[Source] = weakref.WeakSet()


def announce(source: Source) -> None:
    """Let `source` tell its names when one is first looked for that is not known, if it lives."""
    _sources.add(source)


def _collect() -> None:
    for source in list(_sources):
        for name in source.error_names():
            schema_error(name)
        _sources.discard(source)  # not before: another thread may be looking for one of them


def schema_error(name: str) -> type[MixError]:
    """
    Give the error class for the error schema called `name`, the same one for equal names.

    The class carries a name and no schema, so that `except errors.ErrorResponse` still catches
    after a newer document was swapped in, and so that its instances pickle.
    """
    safe = f"{name}_" if name in globals() else name
    if safe not in _schema_errors:
        members = {
            "__doc__": f"The API answered with its error schema {name}.",
            "__module__": __name__,
            "__reduce__": _reduce_schema_error,
        }
        # Of two threads one is first: a name has one class.
        _schema_errors.setdefault(safe, type(safe, (MixError,), members))
    return _schema_errors[safe]


def _reduce_schema_error(error: MixError) -> tuple[Any, ...]:
    return _restore_schema_error, (type(error).__name__, error.args), error.__dict__


def _restore_schema_error(name: str, args: tuple[Any, ...]) -> MixError:
    """Bring back a pickled error, also where no document with its schema is loaded."""
    return schema_error(name)(*args)


def __getattr__(name: str) -> Any:
    if name not in _schema_errors and not name.startswith("_"):
        _collect()
    if name in _schema_errors:
        return _schema_errors[name]
    message = f"module {__name__!r} has no attribute {name!r}"
    # With an object of its own, Python adds no second suggestion to a traceback.
    known = [*__all__, *_schema_errors]
    raise AttributeError(message + nearest(name, known), name=name, obj=None)


def __dir__() -> list[str]:
    _collect()
    return sorted({*__all__, *_schema_errors})
