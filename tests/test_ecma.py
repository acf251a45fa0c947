"""Patterns mean what ECMA-262 says, whichever engine reads them."""

from __future__ import annotations

import re
import sys
import warnings

import pytest

from mixdyn.ecma import compile_pattern

TEXTS = [
    "",
    "a",
    "ab\n",
    "7",
    "\u0663",
    "\u00e9",
    "gr\u00f6\u00dfe",
    "_",
    "-",
    "`",
    "^",
    " ",
    "\t",
    "\x0b",
    "\x1c",
    "\x85",
    "\xa0",
    "\ufeff",
    "\u2028",
    "\u200a",
    "\u200b",
    "a b",
    "pass\u00e9",
    "$",
    "\U0001f600",
]
PATTERNS = [
    *("^", "$", "^$", "a$", "^[a-z]+$", r"\$", "[$]", r"^\S+$", r"^\s", r"^\s*$"),
    *(r"^\d$", r"^\D+$", r"^\w+$", r"\W", r"\bp", r"e\b", r"\Ba", r"^[\w]+$", r"^[^\w]$"),
    *(r"^[\W]$", r"^[^\W]+$", r"^[\d_]$", r"^[\D]$", r"^[^\D]$", r"^[\s]$", r"^[\S]$", r"^[^\S]$"),
    *(r"^[\w\s]+$", r"^[\w-]+$", r"^[-\w]+$", r"^(?=a).*$", r"^(?!a)", "(?<=a)b", "(?<n>a)b?$"),
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_meaning(pattern: str) -> None:
    """What a pattern finds is what an engine finds that follows ECMA-262."""
    accelerator = pytest.importorskip("jsonschema_rs")
    accepts = accelerator.Draft202012Validator({"pattern": pattern}).is_valid
    compiled = compile_pattern(pattern)
    assert compiled is not None
    for text in TEXTS:
        assert (compiled.search(text) is not None) == accepts(text), (pattern, text)


@pytest.mark.parametrize(("one", "other"), [(r"\d", r"\D"), (r"\w", r"\W"), (r"\s", r"\S")])
def test_a_set_and_its_rest(one: str, other: str) -> None:
    """Each character is either in a set or in its counterpart, alone and within classes."""
    inside = [compile_pattern(form) for form in (one, f"[{one}]", f"[^{other}]")]
    outside = [compile_pattern(form) for form in (other, f"[{other}]", f"[^{one}]")]
    for character in map(chr, (*range(0x3100), 0xFEFE, 0xFEFF, 0xFF00, sys.maxunicode)):
        found = [[bool(p and p.search(character)) for p in part] for part in (inside, outside)]
        assert sorted(found) == [[False] * 3, [True] * 3], hex(ord(character))


@pytest.mark.parametrize("pattern", ["^a$", "[[a]", "a{2}", "(?i)x", "\u00e9\U0001f600", r"[\w-.]"])
def test_compile(pattern: str) -> None:
    """A pattern that Python can read is compiled, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(compile_pattern(pattern), re.Pattern)


@pytest.mark.parametrize("pattern", ["(", r"\p{L}", r"\k<n>", "a{99999999999999}", "(" * 5000])
def test_compile_refused(pattern: str) -> None:
    """A pattern that Python cannot read is none."""
    assert compile_pattern(pattern) is None


def test_lines() -> None:
    """Where a pattern says that it is about lines, the end of each counts."""
    compiled = compile_pattern("(?m)^a$")
    assert compiled is not None
    assert compiled.search("b\na\nc")
