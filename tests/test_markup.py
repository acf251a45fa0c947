"""Pages as HTML: escaped, without scripts, for light and dark themes."""

from __future__ import annotations

from html.parser import HTMLParser

from mixdyn.block import Code, Heading, Paragraph, Span, Table, words
from mixdyn.markup import mark_up

EVIL = "</td></style><script>alert(1)</script><img src=x onerror='f()' \"&\x1b\u202e\ud800"


class Reader(HTMLParser):
    """Collects tags and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    """Parse HTML."""
    reader = Reader()
    reader.feed(html)
    return reader


def test_mark_up() -> None:
    """Each kind of block has its element, each role its class."""
    blocks = (
        Heading(words(Span("T", "title"))),
        Paragraph(words("p ", Span("n", "note"))),
        Table(((words(Span("a", "name")), words("b")),)),
        Code("f(\n  1)"),
    )
    html = mark_up(blocks)
    assert html.endswith(
        '<h4><span class="mx-title">T</span></h4><p>p <span class="mx-note">n</span></p>'
        '<table><tbody><tr><td class="mx-short"><span class="mx-name">a</span></td>'
        '<td class="mx-short">b</td></tr></tbody></table>'
        "<pre>f(\n  1)</pre></div>"
    )


def test_nothing_is_injected() -> None:
    """Whatever the text is, it stays text; control characters are shown as escapes."""
    evil = words(Span(EVIL, "name"), EVIL)
    html = mark_up((Heading(evil), Paragraph(evil), Table(((evil, evil),)), Code(EVIL)))
    reader = read(html)
    known = {"div", "style", "h4", "p", "table", "tbody", "tr", "td", "span", "pre"}
    assert set(reader.tags) == known
    assert reader.attributes == {"class"}
    assert "onerror='f()'" in reader.text
    assert all(char.isprintable() or char == "\n" for char in html)


def test_themes() -> None:
    """Colours follow the browser's theme, and that of the notebook where it has one."""
    html = mark_up(())
    assert "@media (prefers-color-scheme:dark)" in html
    assert '[data-jp-theme-light="false"]' in html
    assert '[data-jp-theme-light="true"]' in html
    assert "url(" not in html
    assert "@import" not in html
