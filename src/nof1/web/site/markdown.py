"""The little Markdown of a card as HTML: paragraphs, lists, strong and emphasised words.

Everything else is text. Nothing that stands in a card can become another element: each piece is
escaped, and only the four elements below are ever written. Links are not made of a card's text;
they come as fields of the card.

Reference: CommonMark 0.31 (backslash escapes, emphasis), of which this is a small part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

ITEM = re.compile(r"[-*] +")
TOKEN = re.compile(r"\\([!-/:-@\[-`{-~])|(&amp;)|(\*\*|\*)|([^\\*&]+|.)", re.S)
ELEMENTS = {"**": "strong", "*": "em"}
LONGEST = 20_000  # characters; a card has about 1,500

Piece = tuple[str, str]  # ("text" or "mark", characters)


def html(text: str) -> Markup:
    """The HTML of a card's Markdown.

    >>> html("**How sure.** 12 \\\\< 20\\n\\n- one\\n- <b>two</b>")
    Markup('<p><strong>How sure.</strong> 12 &lt; 20</p><ul><li>one</li><li>&lt;b&gt;two&lt;/b&gt;</li></ul>')
    """  # noqa: E501
    cut = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return Markup("").join(_block(*one) for one in _blocks(cut.replace("\r\n", "\n").split("\n")))


def _blocks(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """("p" or "ul", its lines), in order."""
    kind, kept = "p", list[str]()
    for line in [*lines, ""]:
        item = ITEM.match(line)
        now = "ul" if item else "p"
        if kept and (not line.strip() or now != kind):
            yield kind, kept
            kept = []
        if line.strip():
            kind = now
            kept.append(line[item.end() :] if item else line.strip())


def _block(kind: str, lines: Sequence[str]) -> Markup:
    if kind == "ul":
        items = Markup("").join(Markup("<li>{}</li>").format(inline(line)) for line in lines)
        return Markup("<ul>{}</ul>").format(items)
    return Markup("<p>{}</p>").format(inline(" ".join(lines)))


def inline(text: str) -> Markup:
    """One line: escapes, strong and emphasised words.

    >>> inline("*a* \\\\*b\\\\* &amp; <i> **c")
    Markup('<em>a</em> *b* &amp; &lt;i&gt; **c')
    """
    return _joined(list(_pieces(text)))


def _pieces(text: str) -> Iterator[Piece]:
    for found in TOKEN.finditer(text):
        escaped, ampersand, mark, words = found.groups()
        if mark:
            yield "mark", mark
        else:
            yield "text", escaped or ("&" if ampersand else words)


def _joined(pieces: Sequence[Piece]) -> Markup:
    """Pieces as HTML; a mark without its partner is a character."""
    made, place = list[Markup](), 0
    while place < len(pieces):
        kind, text = pieces[place]
        end = _partner(pieces, place) if kind == "mark" else None
        if end is None:
            made.append(escape(text))
            place += 1
        else:
            element = Markup(ELEMENTS[text])
            inside = _joined(pieces[place + 1 : end])
            made.append(Markup("<{0}>{1}</{0}>").format(element, inside))
            place = end + 1
    return Markup("").join(made)


def _partner(pieces: Sequence[Piece], place: int) -> int | None:
    """Where the same mark closes; not right behind the opening one."""
    mark = pieces[place]
    return next((n for n in range(place + 2, len(pieces)) if pieces[n] == mark), None)
