"""
English as names use it: the words in a name, singulars, and small vocabularies.
"""

from __future__ import annotations

import re

from mixdyn.names import to_snake


def vocabulary(text: str) -> frozenset[str]:
    """Give the words of a text as a set."""
    return frozenset(text.split())


def split_name(name: str) -> frozenset[str]:
    """Give the words in a name of any spelling: `toolCall.start` has `tool`, `call` and `start`."""
    return frozenset(to_snake(name).split("_"))


def to_singular(word: str) -> str:
    """Give the singular of an English plural in snake_case; other words come back unchanged."""
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith("yses"):  # analyses
        return f"{word[:-2]}is"
    if re.search(r"(s|x|z|ch|sh)es$", word):
        return word[:-2]
    return word[:-1] if re.search(r"[^siu]s$", word) else word
