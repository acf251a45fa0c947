"""
How bad each kind of change is, and why. The one home of levels; knows no document.

A schema says which values may travel. Who sends them decides what a change means: a caller breaks
when fewer may be sent, and when more may be received than it was written for.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Literal, NamedTuple

from mixdyn.diff.change import Direction, Level
from mixdyn.errors import excerpt

Effect = Literal["narrows", "widens", "either", "unknown", "none"]

DIRECTIONS: tuple[Direction, ...] = ("request", "response", "event")


class Verdict(NamedTuple):
    """How bad a kind of change is, and the reason."""

    level: Level
    reason: str


# What a kind of change does to the values that a schema allows.
EFFECTS: dict[str, Effect] = {
    "type-changed": "either",
    "type-narrowed": "narrows",
    "type-widened": "widens",
    "became-nullable": "widens",
    "became-not-nullable": "narrows",
    "format-added": "narrows",
    "format-removed": "widens",
    "format-changed": "either",
    "format-narrowed": "narrows",
    "format-widened": "widens",
    "enum-added": "narrows",
    "enum-removed": "widens",
    "enum-changed": "either",
    "enum-value-added": "widens",
    "enum-value-removed": "narrows",
    "multiple-of-added": "narrows",
    "multiple-of-removed": "widens",
    "multiple-of-changed": "either",
    "multiple-of-narrowed": "narrows",
    "multiple-of-widened": "widens",
    "unique-items-added": "narrows",
    "unique-items-removed": "widens",
    "pattern-added": "narrows",
    "pattern-removed": "widens",
    "pattern-changed": "unknown",
    "property-added": "none",
    "required-property-added": "narrows",
    "property-removed": "unknown",
    "required-property-removed": "widens",
    "property-became-required": "narrows",
    "property-became-optional": "widens",
    "additional-properties-restricted": "narrows",
    "additional-properties-relaxed": "widens",
    "items-restricted": "narrows",
    "items-relaxed": "widens",
    "item-position-added": "unknown",
    "item-position-removed": "unknown",
    "condition-added": "narrows",
    "condition-removed": "widens",
    "condition-changed": "unknown",
    "content-encoding-changed": "either",
    "content-media-type-changed": "either",
    "became-union": "either",
    "no-longer-union": "either",
    "union-added": "narrows",
    "union-removed": "widens",
    "union-branch-added": "widens",
    "union-branch-removed": "narrows",
    "discriminator-added": "none",
    "discriminator-removed": "none",
    "discriminator-changed": "unknown",
    "discriminator-value-added": "widens",
    "discriminator-value-removed": "narrows",
    "default-added": "none",
    "default-removed": "unknown",
    "default-changed": "unknown",
    "deprecated": "none",
    "no-longer-deprecated": "none",
    "schema-added": "narrows",
    "schema-removed": "widens",
    "schema-became-readable": "none",
    "schema-became-unreadable": "unknown",
}

UPPER = ("maximum", "max-length", "max-items", "max-properties", "max-contains")
LOWER = ("minimum", "min-length", "min-items", "min-properties", "min-contains")
for _limit in UPPER + LOWER:
    EFFECTS[f"{_limit}-added"] = "narrows"
    EFFECTS[f"{_limit}-removed"] = "widens"
    EFFECTS[f"{_limit}-increased"] = "widens" if _limit in UPPER else "narrows"
    EFFECTS[f"{_limit}-decreased"] = "narrows" if _limit in UPPER else "widens"

_SENT_LESS = Verdict("breaking", "a value that could be sent is now refused")
_SENT_MORE = Verdict("compatible", "whatever was sent still may be")
_GOT_MORE = Verdict("breaking", "values may come that callers were not written for")
_GOT_LESS = Verdict("compatible", "whatever comes was possible before")
_OTHER = Verdict("breaking", "values of before and of now are not of one kind")
_UNKNOWN = Verdict("risky", "whether values of before still fit cannot be told from the document")
_SAME = Verdict("compatible", "it changes no value that may travel")

_LAW: dict[tuple[Effect, bool], Verdict] = {
    ("narrows", True): _SENT_LESS,
    ("widens", True): _SENT_MORE,
    ("narrows", False): _GOT_LESS,
    ("widens", False): _GOT_MORE,
    ("either", True): _OTHER,
    ("either", False): _OTHER,
    ("unknown", True): _UNKNOWN,
    ("unknown", False): _UNKNOWN,
    ("none", True): _SAME,
    ("none", False): _SAME,
}

_GONE = "reading the attribute fails where the server no longer sends it"
_NEW_VALUE = "enums grow; code that handles each value meets one it does not know"
_NEW_EVENT = "an event of an unknown kind is delivered untyped, and the stream goes on"
_NO_EVENT = "code that waits for this kind of event waits for ever"
_DEFAULT = "values are as before, but a call that leaves it out may now do something else"
_OLD_PLACE = "what was taken at this place of the array may be refused, or mean something else"
_NEW_PLACE = "at this place of the array something else may come"
_UNFORBIDDEN = "the older document forbids it: clients that go by that, and check, refuse it"
_NO_DEFAULT = "a value that names no known alternative belonged to this one, and now to none"
_OTHER_DEFAULT = "a value that names no known alternative now belongs to another one"
_TWICE = "`oneOf` refuses a value that several alternatives allow, `anyOf` takes it"
_READ_ONLY = "the argument is gone: a property that only the server sets is no longer sent"

# Where the rule above does not tell the whole, or where there is no schema.
_FIXED: dict[str, Verdict] = {
    "request-property-removed": Verdict("breaking", "the argument is gone, or refused"),
    "request-required-property-removed": Verdict("breaking", "the argument is gone, or refused"),
    "response-property-removed": Verdict("risky", _GONE),
    "event-property-removed": Verdict("risky", _GONE),
    "request-property-became-read-only": Verdict("breaking", _READ_ONLY),
    "request-property-no-longer-read-only": Verdict("compatible", "it may now be sent"),
    "response-property-became-write-only": Verdict("breaking", _GONE),
    "response-property-no-longer-write-only": Verdict("compatible", "more is received"),
    "event-property-became-write-only": Verdict("breaking", _GONE),
    "event-property-no-longer-write-only": Verdict("compatible", "more is received"),
    "request-forbidden-property-added": Verdict("compatible", "it may now be sent"),
    "response-forbidden-property-added": Verdict("breaking", _UNFORBIDDEN),
    "event-forbidden-property-added": Verdict("breaking", _UNFORBIDDEN),
    "request-item-position-removed": Verdict("breaking", _OLD_PLACE),
    "response-item-position-added": Verdict("breaking", _NEW_PLACE),
    "event-item-position-added": Verdict("breaking", _NEW_PLACE),
    "response-enum-value-added": Verdict("risky", _NEW_VALUE),
    "event-enum-value-added": Verdict("risky", _NEW_VALUE),
    "event-union-branch-added": Verdict("compatible", _NEW_EVENT),
    "event-union-branch-removed": Verdict("risky", _NO_EVENT),
    "event-discriminator-value-added": Verdict("compatible", _NEW_EVENT),
    "event-discriminator-value-removed": Verdict("risky", _NO_EVENT),
    "response-discriminator-value-added": Verdict("risky", _NEW_VALUE),
    "request-discriminator-default-added": Verdict("compatible", "what was sent still may be"),
    "request-discriminator-default-removed": Verdict("breaking", _NO_DEFAULT),
    "request-discriminator-default-changed": Verdict("risky", _OTHER_DEFAULT),
    "request-union-became-exclusive": Verdict("risky", _TWICE),
    "request-union-no-longer-exclusive": Verdict("compatible", "what was sent still may be"),
    **{
        f"{direction}-{what}": verdict
        for direction in ("response", "event")
        for what, verdict in (
            ("discriminator-default-added", Verdict("risky", _NEW_VALUE)),
            ("discriminator-default-removed", Verdict("risky", _NO_DEFAULT)),
            ("discriminator-default-changed", Verdict("risky", _OTHER_DEFAULT)),
            ("union-became-exclusive", Verdict("compatible", "what comes was possible before")),
            ("union-no-longer-exclusive", Verdict("risky", _TWICE)),
        )
    },
    "event-discriminator-default-added": Verdict("compatible", _NEW_EVENT),
    "request-default-added": Verdict("compatible", _DEFAULT),
    "request-default-removed": Verdict("risky", _DEFAULT),
    "request-default-changed": Verdict("risky", _DEFAULT),
    **{
        f"{direction}-default-{what}": Verdict("compatible", "servers apply defaults to requests")
        for direction in ("response", "event")
        for what in ("added", "changed", "removed")
    },
    "operation-added": Verdict("compatible", "nothing called it before"),
    "operation-removed": Verdict("breaking", "calls of it fail"),
    "operation-moved": Verdict("breaking", "clients with the older document call the old place"),
    "operation-renamed": Verdict("breaking", "the method's name in Python is another"),
    "operation-name-added": Verdict("compatible", "the old name is still there"),
    "operation-id-changed": Verdict("compatible", "the method's name in Python is the same"),
    "operation-deprecated": Verdict("compatible", "it still works"),
    "operation-no-longer-deprecated": Verdict("compatible", "it still works"),
    "operation-retries-changed": Verdict("compatible", "only failed calls take another course"),
    "operation-became-readable": Verdict("compatible", "it could not be called before"),
    "operation-became-unreadable": Verdict("breaking", "it can no longer be called"),
    "request-parameter-added": Verdict("compatible", "it may be left out"),
    "request-required-parameter-added": Verdict("breaking", "calls without it are refused"),
    "request-parameter-removed": Verdict("breaking", "the argument is gone, or ignored"),
    "request-parameter-became-required": Verdict("breaking", "calls without it are refused"),
    "request-parameter-became-optional": Verdict("compatible", "it may still be sent"),
    "request-parameter-renamed": Verdict("breaking", "the argument's name is another"),
    "request-parameter-moved": Verdict("breaking", "it is no longer looked for where it was"),
    "request-parameter-style-changed": Verdict("breaking", "values are written in another way"),
    "request-parameter-deprecated": Verdict("compatible", "it still works"),
    "request-parameter-no-longer-deprecated": Verdict("compatible", "it still works"),
    "request-body-added": Verdict("compatible", "it may be left out"),
    "request-required-body-added": Verdict("breaking", "calls without it are refused"),
    "request-body-removed": Verdict("breaking", "what the body said can no longer be said"),
    "request-body-became-required": Verdict("breaking", "calls without it are refused"),
    "request-body-became-optional": Verdict("compatible", "it may still be sent"),
    "request-media-type-added": Verdict("compatible", "the others are still taken"),
    "request-media-type-removed": Verdict("breaking", "a body of this type is refused"),
    "request-media-type-widened": Verdict("compatible", "what was taken still is"),
    "request-media-type-narrowed": Verdict("breaking", "a body of another type is refused"),
    "response-media-type-widened": Verdict("risky", "something else than was asked for may come"),
    "response-media-type-narrowed": Verdict("compatible", "what comes was possible before"),
    "event-sentinel-changed": Verdict("risky", "the end of the stream is told in another way"),
    "request-encoding-changed": Verdict("risky", "parts of the body are written in another way"),
    "response-success-status-added": Verdict("compatible", "it is a success all the same"),
    "response-success-status-removed": Verdict("breaking", "what callers wait for is gone"),
    "response-success-status-replaced": Verdict("compatible", "what it brings is compared"),
    "response-error-status-added": Verdict("compatible", "callers meet errors anyway"),
    "response-error-status-removed": Verdict("compatible", "one error less to meet"),
    "response-media-type-added": Verdict("compatible", "the others are still offered"),
    "response-media-type-removed": Verdict("breaking", "callers that ask for it get none"),
    "response-header-added": Verdict("compatible", "nothing read it before"),
    "response-header-removed": Verdict("risky", "code may read it, though it was never promised"),
    "response-required-header-removed": Verdict("breaking", "it was promised, and is gone"),
    "response-header-became-optional": Verdict("breaking", "it was promised, and may be absent"),
    "response-header-style-changed": Verdict("breaking", "values are written in another way"),
    "response-header-became-required": Verdict("compatible", "it is now promised"),
    "security-became-required": Verdict("breaking", "calls without a credential are refused"),
    "security-no-longer-required": Verdict("compatible", "credentials may still be sent"),
    "security-alternative-added": Verdict("compatible", "the others are still taken"),
    "security-alternative-removed": Verdict("breaking", "this credential is no longer taken"),
    "security-alternative-dropped": Verdict("compatible", "another alternative asks for less"),
    "security-scope-added": Verdict("breaking", "a token without this scope is refused"),
    "security-scope-removed": Verdict("compatible", "tokens with this scope are still taken"),
    "security-scheme-changed": Verdict("breaking", "the credential is sent in another way"),
    "server-added": Verdict("compatible", "the others are still there"),
    "server-removed": Verdict("breaking", "clients that name it call nowhere"),
    "server-default-changed": Verdict("risky", "calls go elsewhere unless a server is named"),
    "server-variable-changed": Verdict("risky", "calls go elsewhere unless values are given"),
    "documentation-changed": Verdict("compatible", "it changes words only"),
}


def _make_table() -> dict[str, Verdict]:
    table = {
        f"{direction}-{what}": _LAW[effect, direction == "request"]
        for what, effect in EFFECTS.items()
        for direction in DIRECTIONS
    }
    return table | _FIXED


VERDICTS = _make_table()
"""Every code that a comparison may give, with its level and the reason: codes are never reused."""


def explain(code: str) -> Verdict:
    """Give the level of a code and the reason for it; ValueError, with the nearest, for no code."""
    if code not in VERDICTS:
        near = get_close_matches(code, VERDICTS, n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ValueError(f"{excerpt(code, 80)!r} is no code of a change{hint}")
    return VERDICTS[code]
