"""Phenotypes and activity scores that other programs give, in the words of our tables.

Abbreviations and spellings: PharmCAT, docs/using/Outside-Call-Format.md, "Phenotypes"; the terms
are those of Caudle et al. 2017 (PMID 27441996).
"""

from __future__ import annotations

import re

from nof1.genome.outside_calls import Refused
from nof1.genome.outside_names import Vocabulary, is_no_call
from nof1.knowledge.phenotypes import INDETERMINATE, GenePhenotypes, number

METABOLIZERS = {
    "p": "poor",
    "i": "intermediate",
    "n": "normal",
    "e": "normal",  # "extensive", the old word
    "r": "rapid",
    "u": "ultrarapid",
}
_SCORE = re.compile(r"(≥|>=)?\s*([0-9]{1,3}(?:\.[0-9]{1,6})?)")


def phenotype_name(words: Vocabulary, text: str) -> str:
    """The phenotype in the words of CPIC: ``EM`` -> ``Normal Metabolizer``.

    Raises
    ------
    Refused : the gene has no such phenotype.
    """
    listed = [made for made, _ in words.table.results.values()] if words.table else []
    known = {name.casefold(): name for name in (*listed, INDETERMINATE)}
    for form in (text.casefold(), _spelled(words.gene, text)):
        if form in known:
            return known[form]
    raise Refused("a phenotype that the tables do not have for this gene")


def _spelled(gene: str, text: str) -> str:
    word = re.sub(r"\(.*?\)", " ", text.casefold().replace(gene.casefold(), " "))
    word = re.sub(r"metaboli[sz]ers?\b", "metabolizer", word).replace("extensive", "normal")
    word = re.sub(r"\b([pineru])m\b", _metabolizer, re.sub(r"\bl([pi]m)\b", r"likely \1", word))
    return " ".join(word.split())


def _metabolizer(found: re.Match[str]) -> str:
    return f"{METABOLIZERS[found[1]]} metabolizer"


def score_text(words: Vocabulary, text: str) -> str:
    """An activity score as the tables write it: ``2`` -> ``2.0``, ``7`` of CYP2D6 -> ``≥6.0``.

    Raises
    ------
    Refused : it is no number, or no score of this gene.
    """
    if is_no_call(text):
        return ""
    found = _SCORE.fullmatch(text)
    if not found:
        raise Refused("the activity score is no number")
    assert words.table is not None
    listed = listed_score(words.table, float(found[2]), bool(found[1]))
    if listed is None:
        raise Refused("an activity score that the tables do not have for this gene")
    return listed


def listed_score(table: GenePhenotypes, value: float, or_more: bool = False) -> str | None:
    """The listed score: this very number, else the highest ``≥`` that it reaches; None: neither.

    ``or_more`` : the number is a lower bound.
    """
    scores = {lookup for _, lookup in table.results.values()}
    known = {score: n for score in scores if (n := number(score)) is not None}
    exact = [score for score, n in known.items() if n == value and score.startswith("≥") == or_more]
    bins = [score for score, n in known.items() if score.startswith("≥") and n <= value]
    return next(iter(exact), max(bins, key=lambda score: known[score], default=None))
