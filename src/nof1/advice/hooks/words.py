"""Text that is safe inside a card: no markup from a stranger's words, no hidden characters."""

from __future__ import annotations

import re
import unicodedata

MARKUP = re.compile(r"([\\`*_\[\]<>|~#!])")
ADDRESS = re.compile(r"https?://[^\s;,)\]>\"']+")
_PMID = re.compile(r"PMID:?\s*(\d{1,9})")
_PMC = re.compile(r"\b(PMC\d{3,9})\b")
_DOI = re.compile(r"\b(10\.\d{4,9}/[^\s;,\"'<>]+)")


def plain(text: str) -> str:
    """One line without control, format and direction characters.

    >>> plain("a\\u202eb\\n  c")
    'ab c'
    """
    if text.isprintable():  # most texts: nothing can be hidden in them
        even = "  " not in text and text == text.strip()
        return text if even else " ".join(text.split())
    kept = (c for c in text if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn"))
    spaced = "".join(" " if unicodedata.category(c) == "Cc" else c for c in kept)
    return " ".join(spaced.split())


def shortened(text: str, most: int) -> str:
    """At most ``most`` characters, cut between words and marked when cut.

    >>> shortened("one two three", 9)
    'one two…'
    """
    line = plain(text)
    if len(line) <= most:
        return line
    head = line[: most - 1]
    return (head.rpartition(" ")[0] or head).rstrip(" ,;:.") + "…"


def escaped(text: str) -> str:
    """The text as Markdown that shows it as it is: no link, no HTML, no emphasis.

    >>> escaped("<b>[x](y)</b>")
    '\\\\<b\\\\>\\\\[x\\\\](y)\\\\</b\\\\>'
    """
    line = plain(text)
    if MARKUP.search(line) is not None:
        line = MARKUP.sub(r"\\\1", line)
    return line.replace("&", "&amp;")


def address(citation: str) -> str | None:
    """Where a citation can be read: its own address, DOI, PMC or PubMed page; None when unsaid.

    >>> address("Phansalkar 2012, PMC3422823")
    'https://pmc.ncbi.nlm.nih.gov/articles/PMC3422823/'
    """
    if found := ADDRESS.search(citation):
        return found[0].rstrip(".")
    if found := _DOI.search(citation):
        return "https://doi.org/" + found[1].rstrip(".")
    if found := _PMC.search(citation):
        return f"https://pmc.ncbi.nlm.nih.gov/articles/{found[1]}/"
    if found := _PMID.search(citation):
        return f"https://pubmed.ncbi.nlm.nih.gov/{found[1]}/"
    return None
