"""
Write one parameter's value as path, query, header or cookie text: OpenAPI's styles.

Knows RFC 6570 expansion, escaping, and what no URL or header may carry; knows nothing of
documents, schemas or HTTP clients. Values are JSON-like; None counts as undefined.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import TypeGuard
from urllib.parse import quote as percent_encode

from mixdyn.record import NamedTuple

# What `allow_reserved` keeps: all of them but those that a path or query may not hold, or that
# would end it or part its pairs (OpenAPI 3.2, "Path Templating" and "URL Percent-Encoding").
_RESERVED_IN_PATH = ":@!$&'()*+,;="
_RESERVED_IN_QUERY = ":/?@!$'()*,;"

_CONTROL = r"[\x00-\x1f\x7f]"
_NOT_FIELD_VALUE = r"[^\t\x20-\x7e\x80-\xff]"  # RFC 9110, section 5.5
_NOT_COOKIE_OCTET = r"[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]"  # RFC 6265, 4.1.1
_NOT_A_NAME = r"[^!#$%&'*+.^_`|~0-9A-Za-z-]"
_ESCAPED_TRIPLET = r"%25([0-9A-Fa-f]{2})"

# The specification leaves nesting in deepObject open; what reads it back stops far earlier.
_MAX_DEPTH = 32


class ParameterError(ValueError):
    """
    A value that the parameter's style cannot write, or that must not be sent.
    """


class _Expansion(NamedTuple):
    """A row of the table in RFC 6570, appendix A; `if_empty` follows a name that has no text."""

    first: str
    separator: str
    is_named: bool
    if_empty: str


_SIMPLE = _Expansion("", ",", is_named=False, if_empty="=")
_FORM = _Expansion("", "&", is_named=True, if_empty="=")
_COOKIE = _Expansion("", "; ", is_named=True, if_empty="=")
_PATH_STYLES = {
    "simple": _SIMPLE,
    "label": _Expansion(".", ".", is_named=False, if_empty="="),
    "matrix": _Expansion(";", ";", is_named=True, if_empty=""),
}
# What stands between the members of an array or object that is not exploded.
_DELIMITERS = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C"}
_QUERY_STYLES = (*_DELIMITERS, "deepObject")
_COOKIE_STYLES = ("form", "cookie")

# A name (None: the text stands alone) and its text, both escaped.
_Piece = tuple[str | None, str]
_Encode = Callable[[str], str]


def encode_path(
    name: str,
    value: object,
    *,
    style: str = "simple",
    explode: bool = False,
    allow_reserved: bool = False,
) -> str:
    """
    Give the text that stands for a path parameter in its URL, prefix of the style included.

    `allow_reserved` lets through all reserved characters but `/ ? # [ ]`.

    Raises:
        ParameterError: also for text that is empty, `.` or `..`, plain or escaped: clients and
            servers collapse such segments, and the request would reach another path.
    """
    _check_style(style, _PATH_STYLES, "path")
    expansion = _PATH_STYLES[style]
    encode = partial(_quote_visible, reserved=_RESERVED_IN_PATH if allow_reserved else "")
    key = quote(name) if expansion.is_named else None
    text = _join(expansion, _expand(key, value, encode, explode=explode))
    _check_segment(text)
    return text


def encode_query(
    name: str,
    value: object,
    *,
    style: str = "form",
    explode: bool = True,
    allow_reserved: bool = False,
) -> str:
    """
    Give a query parameter as `a=1&b=2`, or "" where there is nothing to send.

    The delimited styles write exploded values and scalars as `form` does. In `deepObject`,
    objects in objects add brackets (`a[b][c]=1`) and arrays repeat them (`a[b]=1&a[b]=2`).
    `allow_reserved` lets through the reserved characters but `# [ ] & = +`, which a query
    cannot hold or gives a meaning of their own.
    """
    _check_style(style, _QUERY_STYLES, "query")
    encode = partial(_quote, reserved=_RESERVED_IN_QUERY if allow_reserved else "")
    if style == "deepObject":
        return _join(_FORM, list(_expand_deep(quote(name), value, encode, depth=0)))
    delimiter = _DELIMITERS[style]
    return _join(_FORM, _expand(quote(name), value, encode, explode=explode, delimiter=delimiter))


def is_undefined(value: object) -> bool:
    """Tell whether there is nothing to write: null, or a value with nothing else in it."""
    members = value.values() if _is_object(value) else value if _is_array(value) else (value,)
    return all(member is None for member in members)


def encode_header(value: object, *, explode: bool = False) -> str:
    """
    Give a header's value in style `simple`, which escapes nothing; "" where it is undefined.

    The text is within Latin-1, which is how it is to be sent.
    """
    text = _join(_SIMPLE, _expand(None, value, str, explode=explode))
    _check_characters(text, _NOT_FIELD_VALUE, "a header value", "U+0020 to U+00FF and tabs")
    if text != text.strip(" \t"):
        raise ParameterError(
            "a header value cannot begin or end with a space or tab, which recipients cut off"
        )
    return text


def encode_cookie(name: str, value: object, *, style: str = "form", explode: bool = True) -> str:
    """
    Give a cookie parameter as `a=1; b=2`, or "" where there is nothing to send.

    Style `form` percent-encodes; OpenAPI 3.2's `cookie` sends the value as it is, so it takes
    only what RFC 6265 allows in a cookie.
    """
    _check_style(style, _COOKIE_STYLES, "cookie")
    if style == "form":
        return _join(_COOKIE, _expand(quote(name), value, _quote_visible, explode=explode))
    pieces = _expand(name, value, str, explode=explode)
    for key, text in pieces:
        _check_characters(key or "", _NOT_A_NAME, "a cookie name", "a token")
        _check_characters(text, _NOT_COOKIE_OCTET, "a cookie value", "text already escaped")
    return _join(_COOKIE, pieces)


def escape_cookie(text: str) -> str:
    """Give text as a cookie's value: as it is where it can be (RFC 6265, 4.1.1), else escaped."""
    return quote(text) if re.search(_NOT_COOKIE_OCTET, text) else text


def quote(text: str) -> str:
    """Percent-encode everything but RFC 3986's unreserved characters, as UTF-8."""
    return _quote(text, reserved="")


def scalar_text(value: object) -> str:
    """
    Give a scalar as text: what JSON writes for it, a string as it is, and "" for None.

    Floats keep JSON's form: `1.0`, `1e-07`, the shortest text that reads back as the same number.
    """
    if isinstance(value, str):
        return str.__str__(value)  # an Enum's own str() is the name of its member
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number_text(value)
    raise ParameterError(
        f"{type(value).__name__} found where a string, number, boolean or None is expected;"
        " nested values need `content` (JSON) or, for objects in a query, style deepObject"
    )


def _number_text(number: float) -> str:
    if isinstance(number, int):
        try:
            return int.__repr__(number)
        except ValueError as error:  # Python's own bound on digits
            raise ParameterError(str(error)) from None
    if not math.isfinite(number):
        raise ParameterError(f"{number} is no JSON number; expected a finite one")
    return float.__repr__(number)


def _expand(
    key: str | None, value: object, encode: _Encode, *, explode: bool, delimiter: str = ","
) -> Sequence[_Piece]:
    """Give the pieces of a value; undefined members are left out (RFC 6570, section 2.3)."""
    if value is None:
        return []
    if _is_object(value):
        pairs = _encode_members(value, encode)
        if explode:
            return pairs
        texts = [text for pair in pairs for text in pair]
    elif _is_array(value):
        texts = [encode(scalar_text(item)) for item in value if item is not None]
        if explode:
            return [(key, text) for text in texts]
    else:
        texts = [encode(scalar_text(value))]
    return [(key, delimiter.join(texts))] if texts else []


def _expand_deep(key: str, value: object, encode: _Encode, *, depth: int) -> Iterator[_Piece]:
    if not _is_object(value):
        yield from _expand(key, value, encode, explode=True)
        return
    if depth == _MAX_DEPTH:
        raise ParameterError(f"objects are nested more than {_MAX_DEPTH} deep, or hold themselves")
    for name, member in value.items():
        inner = f"{key}%5B{quote(_member_name(name))}%5D"
        yield from _expand_deep(inner, member, encode, depth=depth + 1)


def _encode_members(value: dict[object, object], encode: _Encode) -> list[tuple[str, str]]:
    return [
        (encode(_member_name(name)), encode(scalar_text(member)))
        for name, member in value.items()
        if member is not None
    ]


def _member_name(name: object) -> str:
    if isinstance(name, str):
        return scalar_text(name)
    raise ParameterError(f"an object has a key of type {type(name).__name__}; expected a string")


def _join(expansion: _Expansion, pieces: Sequence[_Piece]) -> str:
    if not pieces:
        return ""
    written = (_join_piece(key, text, expansion.if_empty) for key, text in pieces)
    return expansion.first + expansion.separator.join(written)


def _join_piece(key: str | None, text: str, if_empty: str) -> str:
    if key is None:
        return text
    return f"{key}={text}" if text else key + if_empty


def _quote(text: str, *, reserved: str) -> str:
    try:
        quoted = percent_encode(text, safe=reserved)
    except UnicodeEncodeError as error:
        raise ParameterError(
            f"character U+{ord(text[error.start]):04X} at position {error.start} is half of a"
            " surrogate pair; expected text that can be encoded as UTF-8"
        ) from None
    return re.sub(_ESCAPED_TRIPLET, r"%\1", quoted) if reserved else quoted


def _quote_visible(text: str, *, reserved: str = "") -> str:
    _check_characters(text, _CONTROL, "a path or cookie", "text without control characters")
    return _quote(text, reserved=reserved)


def _check_characters(text: str, refused: str, where: str, expected: str) -> None:
    found = re.search(refused, text)
    if found:
        # The position, not the text around it: the value may be a secret.
        raise ParameterError(
            f"character U+{ord(found[0]):04X} at position {found.start()} cannot be sent in"
            f" {where}; expected {expected}"
        )


def _check_segment(text: str) -> None:
    if not text:
        raise ParameterError(
            "nothing to put in the path; expected a value that is not None and not empty"
        )
    if text.lower().replace("%2e", ".") in {".", ".."}:
        raise ParameterError(
            f"{text!r} would be collapsed as a path segment; expected other text than dots"
        )


def _check_style(style: str, known: Collection[str], location: str) -> None:
    if style not in known:
        raise ParameterError(
            f"{location} parameters have no style {style!r}; expected {', '.join(known)}"
        )


def _is_object(value: object) -> TypeGuard[dict[object, object]]:
    return isinstance(value, dict)


def _is_array(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    return isinstance(value, list | tuple)
