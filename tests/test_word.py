"""English as names use it."""

import pytest

from mixdyn.word import split_name, to_singular


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("sessions", "session"),
        ("categories", "category"),
        ("boxes", "box"),
        ("analyses", "analysis"),
        ("classes", "class"),
        ("ties", "tie"),
        ("status", "status"),
        ("news_items", "news_item"),
        ("pet", "pet"),
    ],
)
def test_singulars(plural, singular):
    """The usual English plurals have their singular; other words stay."""
    assert to_singular(plural) == singular


def test_words_of_a_name():
    """Names of any spelling come apart into lower-case words."""
    assert split_name("toolCall.start") == {"tool", "call", "start"}
