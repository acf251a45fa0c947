"""
How a command ends: its exit code, and what an error says on the terminal. Knows no command.
"""

from __future__ import annotations

import re

from mixdyn.errors import (
    ClientClosedError,
    DocumentError,
    MixError,
    NoResponseError,
    RequestValidationError,
    ResponseValidationError,
    excerpt,
)

DONE, FOUND, REFUSED, WRONG_USAGE, NO_CONNECTION, INVALID_RESPONSE, INTERRUPTED = (
    0,
    1,
    1,
    2,
    3,
    4,
    130,
)

CODES = """\
exit codes:
  0    done (also where the reader of a pipe has gone away)
  1    the API said no: it answered with an error; or check, validate or diff --fail-on has
       found something
  2    wrong usage, a document that cannot be used, or a request that does not fit it
  3    no connection, or one that was lost
  4    an answer that does not fit the document
  130  interrupted (Ctrl-C)
"""

_SHOWN_BODY = 500
# Errors of HTTP clients that are not the network's but the request's.
_OWN_FAULTS = frozenset({"InvalidURL", "LocalProtocolError", "UnsupportedProtocol"})
# Errors of urllib, which fetches documents, where no answer came.
_UNREAD = frozenset({"ConnectionError", "HTTPException", "TimeoutError", "URLError"})
_ANSWERED = frozenset({"HTTPError", "InvalidURL"})

# What errors of the core say to callers in Python, and what one does in a shell instead.
_PYTHON = {
    r"pass it as server_url= to the call": "name it by --server",
    r"pass server_url=": "give --server URL",
    r"\bserver_url: ": "--server: ",
    r"\bhttp_headers: ": "--header ",
    r"raise timeout_ms": "give a longer --timeout",
    r"pass path= if": "give its whole URL if",
    r"(also by|unknown in) (?:body|request)\b": r"\1 --body",
    r"(raise max_event_bytes|pass Reconnect\()": r"in Python, \1",
}


class UsageError(Exception):
    """What the user asked for cannot be done; the message says what to do instead."""


class LostError(Exception):
    """A connection ended before what was waited for had come."""


def judge(error: BaseException) -> int | None:
    """Give the exit code for an error, or None for one that is a fault of this program."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, ResponseValidationError):
        return INVALID_RESPONSE
    if isinstance(error, (LostError, ClientClosedError, NoResponseError)) or _is_unserved(error):
        return NO_CONNECTION
    if isinstance(error, MixError) and error.status_code is not None:
        return REFUSED
    return _judge_foreign(error)


def _is_unserved(error: BaseException) -> bool:
    """Tell whether a server could not be asked for its document."""
    from mixdyn.retry import is_transport_error

    cause = error.__cause__
    if not isinstance(error, DocumentError) or cause is None:
        return False
    names = {kind.__name__ for kind in type(cause).__mro__}
    return is_transport_error(cause) or bool(names & _UNREAD and not names & _ANSWERED)


def _judge_foreign(error: BaseException) -> int | None:
    from mixdyn.retry import is_transport_error

    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _OWN_FAULTS:
        return WRONG_USAGE
    if is_transport_error(error):
        return NO_CONNECTION
    is_ours = isinstance(error, (UsageError, MixError, OSError, TypeError, ValueError))
    return WRONG_USAGE if is_ours else None


def explain(error: BaseException) -> str:
    """Word an error as one block: what happened, and what else is known, a line each."""
    lines = _word(error).splitlines() or [type(error).__name__]
    if judge(error) == NO_CONNECTION and not isinstance(error, (LostError, MixError)):
        lines[0] = f"{_prefix(error)}no connection: {type(error).__name__}: {lines[0]}"
        lines.append("Is the server running? --server URL names another, `mixdyn mock` runs one.")
    if isinstance(error, MixError):
        lines += _details(error)
    return "\n".join([lines[0], *(f"  {line.strip()}" for line in lines[1:])])


def _word(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{excerpt(str(error.filename))}: {error.strerror}"
    text = str(error)
    if getattr(error, "status_code", None) is None:  # else it is the API's own text
        for pattern, words in _PYTHON.items():
            text = re.sub(pattern, words, text)
    return text


def _prefix(error: BaseException) -> str:
    operation = getattr(error, "operation", None)
    return f"{operation}: " if operation else ""


def _details(error: MixError) -> list[str]:
    """Say of an API's answer what helps its operators and whoever calls it."""
    known = {
        "error": type(error).__name__ if error.status_code is not None else "",
        "request id": error.request_id,
        "attempts": error.attempts if error.attempts > 1 else None,
        "retry after": f"{error.retry_after:g} s" if error.retry_after is not None else None,
        "body": "" if isinstance(error, RequestValidationError) else _show_body(error),
    }
    return [f"{name}: {value}" for name, value in known.items() if value]


def _show_body(error: MixError) -> str:
    from mixdyn.redact import PLAIN

    kind = error.headers.get("content-type", "")
    shown = PLAIN.body(error.body.encode("utf-8", "replace"), kind, _SHOWN_BODY)
    return "" if shown and shown in str(error) else excerpt(shown, _SHOWN_BODY)
