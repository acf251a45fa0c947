"""Texts from patterns: those of real documents are matched, odd ones give nothing, none hangs."""

import re

import pytest

from mixdyn.pattern import generate_texts


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(\d+|w\d+|h\d+)$",
        r"^[a-z]{2,4}-\d{3}$",
        r"^\S+@\S+\.\w+$",
        r"^[À-ÿ]+$",
        r"^[^/\s]{5,}$",
        r"^\+?[1-9]\d{1,14}$",
        r"^#[0-9A-F]{6}$",
        r"^(?:a|b)(?P<rest>c*)$",
        r"^(?=a)a{,3}b??$",
        r"(?i)^abc$",
        r"^(?i:abc)$",
        r"^[\]a-]+\.$",
        r"^\x41\u0042.\t$",
        r"\bword\b",
        r"^{a}$",
        r"^[\u0400-\u04FF]{3}$",
        r"^[-._]$",
        "",
    ],
)
def test_texts_match_their_pattern(pattern):
    """The first text that is offered matches the pattern that it was made from."""
    assert re.search(pattern, next(generate_texts(pattern, "seed")))


def test_longer_and_shorter_texts_are_offered():
    """What may be repeated is repeated more and less often, so that a length can be met."""
    lengths = {len(text) for text in generate_texts("^a+$", "seed")}
    assert {1, 2, 17, 257} <= lengths


def test_texts_depend_on_the_seed_alone():
    """Equal seeds give equal texts, different ones most often others."""
    first, again, other = (next(generate_texts(r"\w{20}", seed)) for seed in "aab")
    assert first == again != other


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "*", "(a", "(?", "[", r"(a)\1", r"\p{L}", "[^\\x00-\\U0010ffff]", r"[\d\D]{0}*("],
)
def test_patterns_beyond_it_give_nothing(pattern):
    """A pattern that cannot be read, or that this generator does not know, gives no text."""
    assert list(generate_texts(pattern, "seed")) == []


@pytest.mark.parametrize("pattern", ["((a{999}){999}){999}", "(){999999999}", "(" * 5000])
def test_patterns_that_explode_end(pattern):
    """Huge repetitions and deep nesting give nothing, soon."""
    assert list(generate_texts(pattern, "seed")) == []
