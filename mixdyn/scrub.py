"""
Finds secrets in free text: messages, truncated JSON, dumps of headers. Knows no names itself.

Each search is linear in the length of the text, also for text made to be slow: what is optional is
bounded or possessive, and what was read is not read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from mixdyn.record import NamedTuple
from mixdyn.secretname import MASK, Grade

_GradeOf = Callable[[str], Grade]
# Where the secret ends, and what to show in its place; None where there is none.
_Reading = tuple[int, str] | None

_NO_TOKENS = frozenset(
    {"access", "auth", "authentication", "authorization", "challenge", "credential", "credentials"}
    | {"error", "format", "header", "is", "or", "realm", "required", "scheme", "token", "tokens"}
    | {"and", "not", "was", "plan", "info", "information", "type"}
)
# What stands for a value in code, in YAML and in our own messages, and is none.
_NOTHING = frozenset({"", '""', "''", "…", "true", "false", "null", "True", "False", "None", MASK})
_MAX_NAME = 128


class _Patterns(NamedTuple):
    """The expressions, compiled when text is first searched."""

    member: re.Pattern[str]
    pair: re.Pattern[str]
    header: re.Pattern[str]
    line: re.Pattern[str]
    element: re.Pattern[str]
    scheme: re.Pattern[str]
    jwt: re.Pattern[str]
    user: re.Pattern[str]
    token: re.Pattern[str]
    bare: re.Pattern[str]
    value: re.Pattern[str]
    escaped_value: re.Pattern[str]
    to_line_end: re.Pattern[str]
    to_quote: re.Pattern[str]
    to_apostrophe: re.Pattern[str]


def mask_text(text: str, grade: _GradeOf) -> str:
    """Give the text with everything masked that stands under a secret name, or looks secret."""
    find = _patterns()
    if '"' in text or "'" in text:
        text = _replace(find.member, text, lambda found: _read_member(found, grade))
    if "<" in text:
        text = find.element.sub(lambda found: _mask_element(found, grade), text)
    if ":" in text:
        text = _replace(find.header, text, lambda found: _read_header(found, grade))
        text = find.line.sub(lambda found: _mask_line(found, grade), text)
        text = find.user.sub(f"{MASK}@", text)
    text = find.scheme.sub(_mask_scheme, text)
    if "eyJ" in text:
        text = find.jwt.sub(MASK, text)
    if "=" in text or "%3" in text:
        text = _replace(find.pair, text, lambda found: _read_pair(found, grade))
    return text


def _replace(pattern: re.Pattern[str], text: str, read: Callable[[re.Match[str]], _Reading]) -> str:
    """Go through the text once; `read` may take more than the expression has found."""
    out: list[str] = []
    done = at = 0
    while found := pattern.search(text, at):
        reading = read(found)
        at = found.end()
        if reading is not None:
            out += text[done:at], reading[1]
            done = at = reading[0]
    return "".join([*out, text[done:]]) if out else text


def _read_member(found: re.Match[str], grade: _GradeOf) -> _Reading:
    """Read what follows `"name":`, at whatever depth of escaping it stands."""
    level = grade(found["name"])
    if not level:
        return None
    text, at, slashes = found.string, found.end(), found["slashes"]
    if text[at : at + 1] in ("[", "{"):
        # Escaped JSON is not read in full: all of the string that it stands in is masked.
        end = _end_of_string(text, at, "") if slashes else _end_of_structure(text, at)
        return end - (bool(slashes) and text[end - 1] == '"'), f'{slashes}"{MASK}{slashes}"'
    quote = text[at + len(slashes) : at + len(slashes) + 1]
    if quote in ('"', "'") and text.startswith(slashes, at):
        start = at + len(slashes) + 1
        end = _end_of_string(text, start, slashes, quote)
        mark = slashes + quote
        is_closed = text.endswith(mark, start, end)
        is_empty = is_closed and end - start == len(mark)
        return None if is_empty else (end, f"{mark}{MASK}{mark if is_closed else ''}")
    return _read_bare(text, at, level)


def _read_bare(text: str, at: int, level: Grade) -> _Reading:
    """Read a value without quotes: of what JSON has of these, numbers may be secret."""
    found = _patterns().bare.match(text, at)
    if found is None or found[0] in _NOTHING:
        return None
    is_number = found[0].lstrip("-").replace(".", "", 1).isdigit()
    return None if is_number and level < 2 else (found.end(), MASK)


def _end_of_string(text: str, start: int, slashes: str, quote: str = '"') -> int:
    """Find where a string ends whose quotes have so many backslashes before them."""
    at = start
    while (at := text.find(quote, at)) >= 0:
        first = at
        while first > start and text[first - 1] == "\\":
            first -= 1
        # Escaped once more there are at least twice as many, and one.
        count = at - first
        if count == len(slashes) if slashes else count % 2 == 0:
            return at + 1
        if count < len(slashes):  # the end of the string that this one stands in
            return first
        at += 1
    return len(text)


def _end_of_structure(text: str, start: int) -> int:
    depth = 0
    for token in _patterns().token.finditer(text, start):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if not depth:
            return token.end()
    return len(text)


def _read_pair(found: re.Match[str], grade: _GradeOf) -> _Reading:
    """Read what follows `name=`, also where it is percent-encoded, sign and all."""
    name = found["name"]
    if not grade(_unquote(name)):
        return None
    find = _patterns()
    pattern = find.value if "=" in found["sign"] else find.escaped_value
    value = pattern.match(found.string, found.end())
    if value is None or value[0].strip(",;)]}") in _NOTHING:
        return None
    if value[0].isdigit() and name.lower().endswith("tokens"):  # a count
        return None
    return value.end(), MASK


def _unquote(name: str) -> str:
    if "%" not in name and "+" not in name:
        return name
    from urllib.parse import unquote_plus

    return unquote_plus(name)


def _read_header(found: re.Match[str], grade: _GradeOf) -> _Reading:
    """Read to the end of the line, or of the quotes that the header stands in."""
    name, text = found["name"], found.string
    is_header = "-" in name or name.lower() in ("authorization", "cookie")
    if not is_header or not grade(name):
        return None
    find = _patterns()
    opened = text[max(0, found.start() - 1) : found.start()]
    rest = {'"': find.to_quote, "'": find.to_apostrophe}.get(opened, find.to_line_end)
    value = rest.match(text, found.end())
    return (value.end(), MASK) if value is not None else None


def _mask_line(found: re.Match[str], grade: _GradeOf) -> str:
    """Mask the one word behind `name:` on a line of its own, as in YAML; prose has more words."""
    value = found["value"]
    is_plain = value in _NOTHING or value.isdigit() or not grade(found["name"])
    return found[0] if is_plain else f"{found['head']}{MASK}"


def _mask_element(found: re.Match[str], grade: _GradeOf) -> str:
    name = found["name"].rpartition(":")[2]
    is_plain = not found["value"].strip() or not grade(name)
    return found[0] if is_plain else f"{found['head']}{MASK}"


def _mask_scheme(found: re.Match[str]) -> str:
    word = found["value"].strip("=.,:").partition("=")[0].lower()
    return found[0] if word in _NO_TOKENS else f"{found['head']}{MASK}"


@cache
def _patterns() -> _Patterns:
    word = r"[\w.\[\]~$+-]"
    return _Patterns(
        member=re.compile(
            r"""(?<!\\)(?P<slashes>\\*+)(?P<quote>["'])"""
            rf"""(?P<name>(?:(?!(?P=quote))[^\\\r\n]){{1,{_MAX_NAME}}}+)"""
            r"""(?P=slashes)(?P=quote)\s*+(?::|=>)\s*+(?:[bru]{1,2}(?=["']))?"""
        ),
        pair=re.compile(
            rf"(?:(?<![\w.\[\]~$+%-])|(?<=%3[Ff])|(?<=%26)|(?<=%23))"
            rf"(?P<name>(?:{word}|%(?!3[Dd]|26|3[Ff]|23)[0-9A-Fa-f]{{2}})++)"
            r"(?P<sign>[ \t]{0,8}(?:={1,2}>?|%3[Dd])[ \t]{0,8})(?!\*\*\*)"
        ),
        header=re.compile(r"(?<![\w-])(?P<name>[\w-]++):[ \t]*+"),
        line=re.compile(
            r"(?m)^(?P<head>[ \t]*+(?:-[ \t]++)?(?P<name>[\w.-]++)[ \t]*+:[ \t]++)"
            r"(?P<value>\S++)(?=[ \t]*$)"
        ),
        element=re.compile(
            r"(?P<head><(?P<name>[A-Za-z_][\w:.-]*+)[^<>]*+>(?:<!\[CDATA\[)?+)"
            r"(?P<value>[^<]++)(?=<)"
        ),
        scheme=re.compile(
            r"(?i)(?P<head>(?<![a-z])(?:bearer|basic)(?:[ \t]++|%20|\+))(?P<value>[\w.~+/=:%-]++)"
        ),
        jwt=re.compile(r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]++(?:\.[\w-]*+)*+"),
        # A password with a slash is no user information, but people write it.
        user=re.compile(
            r"""(?<=://)(?:[^\s/?#"'<>\\]*@"""
            r"""|(?!\[)[^\s/?#"'<>\\:@]*+:(?!\d*+(?:[/?#\s"'<>]|$))[^\s"'<>@]{1,256}@)"""
        ),
        token=re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL),
        bare=re.compile(r"""[^\s,}\]"'\\]++"""),
        value=re.compile(r"""\\*+"[^"]*+"?|\\*+'[^']*+'?|[^\s&"'<>]++"""),
        escaped_value=re.compile(r"""(?:(?!%26)[^\s&"'<>])++"""),
        to_line_end=re.compile(r"[^\r\n]++"),
        to_quote=re.compile(r'[^\r\n"]++'),
        to_apostrophe=re.compile(r"[^\r\n']++"),
    )
