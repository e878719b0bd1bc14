"""The little markup of lessons as safe HTML: paragraphs, lists, emphasis, and sources.

A blank line begins a new paragraph; lines that begin with "- " are a list; ``**strong**``,
``*words*``, quoted words and ``[key]`` (a source, shown as author and year) stand inside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from markupsafe import Markup, escape

CITE = re.compile(r"\[([a-z][a-z0-9]*[0-9]{4}[a-z]?)\]")
_STRONG = re.compile(r"\*\*([^*]+)\*\*")
_QUOTED = re.compile(r'"([^"]*)"')
_EM = re.compile(r"\*([^*]+)\*")


def html(text: str, sources: Mapping[str, str] | None = None) -> Markup:
    """The text as paragraphs and lists.

    Parameters
    ----------
    sources : key -> label ("Brier 1950"); a ``[key]`` that is not among them stays as it is.

    >>> html("A *fact* [x2020].", {"x2020": "X 2020"})
    Markup('<p>A <em>fact</em> (<a class="cite" href="#source-x2020">X 2020</a>).</p>')
    """
    blocks = [block for block in re.split(r"\n\s*\n", text.strip()) if block.strip()]
    return Markup("\n").join(_block(block, sources or {}) for block in blocks)


def inline(text: str, sources: Mapping[str, str] | None = None) -> Markup:
    """One line of the same markup, without a paragraph around it."""
    known = sources or {}

    def cited(found: re.Match[str]) -> str:
        label = known.get(found[1])
        if label is None:
            return found[0]
        return f'(<a class="cite" href="#source-{found[1]}">{escape(label)}</a>)'

    safe = str(escape(_QUOTED.sub("\u201c\\1\u201d", " ".join(text.split()))))
    safe = _EM.sub(r"<em>\1</em>", _STRONG.sub(r"<strong>\1</strong>", safe))
    return Markup(CITE.sub(cited, safe))


def plain(text: str) -> str:
    """The words alone, for counting and for reading aloud."""
    return " ".join(CITE.sub("", text).replace("*", "").split())


def _block(block: str, sources: Mapping[str, str]) -> Markup:
    items = re.split(r"(?:^|\n)- ", block.strip())
    if items[0]:
        return Markup("<p>") + inline(block, sources) + Markup("</p>")
    rows = Markup("").join(Markup("<li>{}</li>").format(inline(i, sources)) for i in items[1:])
    return Markup("<ul>{}</ul>").format(rows)
