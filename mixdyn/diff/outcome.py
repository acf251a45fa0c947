"""
What changed in the responses of an operation: which statuses there are, and what each brings.
"""

from __future__ import annotations

from collections.abc import Iterator

from mixdyn.diff.edition import Side
from mixdyn.diff.finding import Found, Step
from mixdyn.diff.header import compare_headers
from mixdyn.diff.medium import compare_media
from mixdyn.errors import excerpt
from mixdyn.operation import Response

_SHOWN = 80
_EMPTY = frozenset({"204", "205"})  # RFC 9110: they bring no content, whatever is documented

Responses = dict[str, Response]


def compare_responses(old: Side, new: Side) -> Iterator[Step]:
    """Tell what changed in an operation's responses; their schemas come as pairs."""
    olds, news = ({r.status.upper(): r for r in s.operation.responses} for s in (old, new))
    for status in olds:
        if status in news:
            yield from _compare_pair(old, new, olds[status], news[status])
    pairs = _pair_successes(old, new)
    for one, other in pairs:
        yield from _compare_pair(old, new, one, other)
    heirs = {one.status.upper(): other for one, other in reversed(pairs)}
    for status, response in olds.items():
        if status in heirs and status not in news:
            words = f"the response {_name(response)} is now {_name(heirs[status])}"
            places = _locate(old, new, response, heirs[status])
            yield Found("response-success-status-replaced", words, *places)
        elif status not in news:
            yield _tell_alone(old, new, response, "removed")
    for status, response in news.items():
        if status not in olds:
            yield _tell_alone(old, new, response, "added")


def _pair_successes(old: Side, new: Side) -> list[tuple[Response, Response]]:
    """
    Pair the responses of success that only one document has with what the other has instead.

    A status goes by itself, else by its class, else by `default` where that is all there is.
    """
    olds, news = ({r.status.upper(): r for r in s.operation.success} for s in (old, new))
    pairs: list[tuple[Response, Response]] = []
    for status in [*olds, *(s for s in news if s not in olds)]:
        one, other = _find(olds, status), _find(news, status)
        if one is None or other is None or (status in olds and status in news):
            continue
        is_empty = status in _EMPTY and one.status.upper() in news
        if not is_empty and not (status in olds and status in _EMPTY):
            pairs.append((one, other))
    return pairs


def _find(responses: Responses, status: str) -> Response | None:
    keys = (status, f"{status[:1]}XX", "DEFAULT")
    return next((responses[key] for key in keys if key in responses), None)


def _tell_alone(old: Side, new: Side, response: Response, what: str) -> Found:
    side = old if what == "removed" else new
    is_success = response.status[:1] in "23" or response in side.operation.success
    kind = "success" if is_success else "error"
    message = f"the response {_name(response)} was {what}"
    places = _locate(old, new, *((response, None) if what == "removed" else (None, response)))
    return Found(f"response-{kind}-status-{what}", message, *places)


def _name(response: Response) -> str:
    return excerpt(response.status.lower(), _SHOWN)


def _compare_pair(old: Side, new: Side, one: Response, other: Response) -> Iterator[Step]:
    places = _locate(old, new, one, other)
    before, after = problem_of(one), problem_of(other)
    if after and not before:
        yield Found("response-schema-became-unreadable", after, *places)
    elif before and not after:
        yield Found("response-schema-became-readable", before, *places)
    elif not before:
        yield from compare_media("response", one.media, other.media, places)
        yield from compare_headers(old, new, (one.status, other.status), places)


def problem_of(response: Response) -> str:
    """Say why a response cannot be read, empty where it can."""
    text = response.description
    return text if text.startswith("(cannot be read: ") and not response.media else ""


def _locate(old: Side, new: Side, one: Response | None, other: Response | None) -> tuple[str, str]:
    """Point at a response, or at the list that lacks it."""
    below = [f"/{r.status}" if r is not None else "" for r in (one, other)]
    return f"{old.pointer}/responses{below[0]}", f"{new.pointer}/responses{below[1]}"
