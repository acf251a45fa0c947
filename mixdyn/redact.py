"""
Which values are secret, for reprs, messages, logs and commands alike. Knows names and text, no
documents; how secrets are found in free text, `scrub` knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, TypeAlias

from mixdyn.errors import excerpt
from mixdyn.secretname import MASK, Grade, is_secret_name
from mixdyn.shape import is_array, is_object

__all__ = ["MASK", "PLAIN", "FindRedactor", "Redactor", "is_marked", "is_secret_name", "redact_url"]

_MAX_DEPTH = 100
_PARSED_BYTES = 64 * 1024
_SHORTEST = 4  # shorter values stand in other words all the time
_MARGIN = 512
_FORM = "x-www-form-urlencoded"
_TEXTUAL = ("json", "xml", "yaml", "javascript", "graphql", _FORM)


def find_secrets(credential: Any) -> list[str]:
    """Give what is secret of a credential: of a pair, or of `user:password`, the password too."""
    if isinstance(credential, str):
        return [credential, credential.partition(":")[2]]
    return [part for part in list(credential)[-1:] if isinstance(part, str)]


class Redactor:
    """
    Masks secrets in everything that is shown of a call.

    Args:
        names: names that are secret by the document, besides those that look secret.
        values: known secrets, which are masked wherever they occur in text; those of less than four
            characters are not, since they occur in other words.
    """

    __slots__ = ("_forms", "_names", "_values")

    def __init__(self, names: Iterable[str] = (), values: Iterable[str] = ()) -> None:
        self._names: frozenset[str] = frozenset(n for name in names for n in (name, _fold(name)))
        self._values = frozenset(value for value in values if len(value) >= _SHORTEST)
        self._forms: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._names)} names and {len(self._values)} values>"

    def with_values(self, values: Iterable[str]) -> Redactor:
        """Give one of the same names that knows these values too."""
        made = Redactor((), self._values.union(values))
        made._names = self._names
        return made

    def is_secret(self, name: str) -> bool:
        """Tell whether a header, parameter or property of this name holds a secret."""
        return self._grade(name) > 0

    def headers(self, headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
        """Give the headers with the values of secret ones masked, and secrets in the others."""
        given: dict[str, str] = dict(headers)
        return {n: MASK if self.is_secret(n) else self.text(v) for n, v in given.items()}

    def url(self, url: str) -> str:
        """Give the URL without user information, and with secrets in query and fragment masked."""
        ends = [i for i in (url.find("?"), url.find("#")) if i >= 0]
        start = min(ends, default=len(url))
        path = self._mask_pairs(url[:start], "[;/]")
        return self.text(path + self._mask_pairs(url[start:], "[&;?#]"))

    def json(self, value: object) -> object:
        """Give a copy of a JSON value in which all text under secret names is masked."""
        return self._mask(value, grade=0, depth=_MAX_DEPTH)

    def find(self, value: object) -> list[str]:
        """Give the texts that stand under secret names in a value, such as a call's arguments."""
        found: list[str] = []
        self._collect(value, found, is_secret=False, depth=_MAX_DEPTH)
        return found

    def text(self, text: str) -> str:
        """
        Give any text with its secrets masked, as far as they can be told.

        Those are known values in all usual encodings, JSON members and `name=value` pairs of secret
        names, `Bearer` and `Basic` tokens, and the user information of URLs.
        """
        from mixdyn.scrub import mask_text  # most programs have no text to mask

        return mask_text(self._hide(text), self._grade)

    def content(self, text: str, content_type: str) -> str:
        """Give a whole body as text with its secrets masked, by the form that its type says."""
        if "json" in content_type or text[:1] in ("{", "["):
            import json

            try:
                shown = self.json(json.loads(text))
                return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
            except (ValueError, RecursionError):
                return self.text(text)
        return self.text(self._mask_pairs(text, "[&;]") if _FORM in content_type else text)

    def body(self, content: bytes, content_type: str, limit: int = 2000) -> str:
        """
        Give a body as one printable line of at most `limit` characters, with its secrets masked.

        What is no text is told by its size. Of a large body only the beginning is looked at.
        """
        kind = content_type.partition(";")[0].strip().lower()
        if not content:
            return ""
        if not _is_text(content[:_PARSED_BYTES], kind):
            return f"<{len(content)} bytes of {excerpt(kind, 60) or 'an unknown type'}>"
        # A secret that begins before the cut and ends behind it must not show its first half.
        margin = _MARGIN + max(map(len, self._find_forms()), default=0)
        window = max(4 * limit, 0) + 2 * margin
        if len(content) <= max(window, _PARSED_BYTES):
            return excerpt(self.content(content.decode("utf-8", "replace"), kind), limit)
        head = self.text(content[:window].decode("utf-8", "replace"))
        return excerpt(head[:-margin] + "…", limit)

    def _grade(self, name: str) -> Grade:
        """Tell how secret: 0 is not, 1 what is text, 2 numbers too, as the document says so."""
        if self._names and any(n in self._names for n in (name, _fold(name), *_steps(name))):
            return 2
        return 1 if any(map(is_secret_name, (name, *_steps(name)))) else 0

    def _mask(self, value: Any, grade: Grade, depth: int) -> object:
        if isinstance(value, (str, bytes)):
            return MASK if grade else self._mask_scalar(value)
        if not depth and (is_array(value) or is_object(value)):
            return "…"
        if is_array(value):
            return [self._mask(item, grade, depth - 1) for item in value]
        if is_object(value):
            return self._mask_members(value, grade, depth - 1)
        return MASK if grade == 2 and type(value) in (int, float) else value

    def _mask_members(
        self, members: Mapping[Any, Any], grade: Grade, depth: int
    ) -> dict[Any, object]:
        shown: dict[Any, object] = {}
        for name, value in members.items():
            key = self._hide(name) if isinstance(name, str) else name
            shown[key] = self._mask(value, max(grade, self._grade(str(name))), depth)
        return shown

    def _collect(self, value: Any, found: list[str], *, is_secret: bool, depth: int) -> None:
        if isinstance(value, str):
            if is_secret:
                found.append(value)
        elif depth and is_object(value):
            for name, item in value.items():
                inner = is_secret or self.is_secret(str(name))
                self._collect(item, found, is_secret=inner, depth=depth - 1)
        elif depth and is_array(value):
            for item in value:
                self._collect(item, found, is_secret=is_secret, depth=depth - 1)

    def _mask_scalar(self, value: str | bytes) -> str | bytes:
        return self.text(value) if isinstance(value, str) else value

    def _mask_pairs(self, text: str, marks: str) -> str:
        """Mask the values of a query, a fragment or a form; its names may be percent-encoded."""
        if "=" not in text:
            return text
        return "".join(map(self._mask_pair, _compile(f"({marks})").split(text)))

    def _mask_pair(self, pair: str) -> str:
        from urllib.parse import unquote_plus

        name, mark, value = pair.partition("=")
        if not value or not self.is_secret(unquote_plus(name)) or _is_count(name, value):
            return pair
        return f"{name}{mark}{MASK}"

    def _hide(self, text: str) -> str:
        """Mask known values; each search is linear, whatever the text."""
        for form in self._find_forms():
            text = text.replace(form, MASK)
        return text

    def _find_forms(self) -> tuple[str, ...]:
        if self._forms is None:
            forms = {form for value in self._values for form in _write_forms(value)}
            self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))
        return self._forms


def redact_url(url: str) -> str:
    """Give the URL without user information and with secret values in query and fragment masked."""
    return PLAIN.url(url)


def is_marked(schema: Mapping[str, Any]) -> bool:
    """Tell whether a schema's own keywords say that its value is secret."""
    return schema.get("writeOnly") is True or schema.get("format") == "password"


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@lru_cache(maxsize=1024)
def _fold_short(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def _fold(name: str) -> str:
    """Give what all spellings of a name have in common; the name itself where that is nothing."""
    return (_fold_short(name) if len(name) < 64 else _fold_short.__wrapped__(name)) or name


def _steps(name: str) -> list[str]:
    """Take `user[password]` and `user.password` apart."""
    if "[" not in name and "." not in name:
        return []
    return [_fold(step) for step in _compile(r"[\[\].]+").split(name) if step]


def _is_count(name: str, value: str) -> bool:
    """Tell counts of tokens from tokens: in a query both are text."""
    return value.isdigit() and name.lower().endswith("tokens")


def _write_forms(value: str) -> Iterable[str]:
    """Write a known secret in the ways in which it may be met."""
    import base64
    import json
    from html import escape
    from urllib.parse import quote, quote_plus

    data = value.encode("utf-8", "surrogatepass")
    for quoted in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield quoted
        yield _compile("%[0-9A-F]{2}").sub(lambda found: found[0].lower(), quoted)
    for encoded in (base64.b64encode(data), base64.urlsafe_b64encode(data)):
        yield encoded.decode("ascii").rstrip("=")
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield escape(value)
    yield value


def _is_text(head: bytes, kind: str) -> bool:
    if b"\0" in head:
        return False
    if kind:
        return kind.startswith("text/") or any(word in kind for word in _TEXTUAL)
    return head.decode("utf-8", "replace").count("\ufffd") <= 1


PLAIN = Redactor()

# Gives what masks one call's own secrets, made when something is to be shown; None for nothing.
FindRedactor: TypeAlias = "Callable[[], Redactor] | None"
