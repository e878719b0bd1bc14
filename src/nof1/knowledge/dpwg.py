"""The guidelines of the Dutch Pharmacogenetics Working Group (DPWG) as prescribing rules.

The source is prose, one text for each group of gene results. A person read each text once and wrote
its meaning into ``dpwg_actions.tsv``, found again by a hash of the text: a text that changed is
``unread``, never half understood. Conventions of that table:

- ``must``: the source forbids, or sets a dose that may not be passed; ``should``: it gives plain
  advice; ``consider``: it offers a choice.
- With reduce or increase, ``dose_*`` is the change to make; with avoid, alternative or monitor it
  is the change for the case that ``if_used`` describes.

A gene result is said in every way in which nof1 may know it: phenotype, activity score, pair of
alleles. DPWG counts some alleles otherwise than CPIC (CYP2C19 *9/*9 is a poor metabolizer, CYP2D6
score 2.5 is normal, TPMT *8 has no function); pairs with these alleles are spelled out. So where
several rules of one medicine match a person, **the pair of alleles decides before the activity
score, and the score before the phenotype word**.

SLCO1B1 is read by DPWG at one place (c.521T>C). The phenotype words given for it also hold for
rarer alleles that lost their function elsewhere (*9): more cautious than DPWG. CYP2C9 has rules for
single pairs, so only pairs of the alleles that DPWG names find a rule.

Reference: Swen et al. 2011 (PMID 21412232) and later DPWG guidelines, annotated by PharmGKB
(https://www.pharmgkb.org), CC BY-SA 4.0; facts only, the sentences are ours.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nof1.core.errors import InputError
from nof1.knowledge import pharmcat
from nof1.knowledge.base import SHIPPED, Base, listed
from nof1.knowledge.cpic import Reading, Unread, text_key
from nof1.knowledge.prescribing import Rule

SOURCE = "dpwg-2023-08"
TABLE = "dpwg_actions.tsv"
UNREAD = "This guideline text is newer than nof1's encoding of it: read the source."

NORMAL, INTERMEDIATE = "Normal Metabolizer", "Intermediate Metabolizer"
POOR = "Poor Metabolizer"

# (gene, DPWG's word: the metabolizer status, else the name of the group) -> the words of our tables
WORDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("ABCG2", "Normal function"): ("Normal Function",),
    ("ABCG2", "Decreased function GT"): ("Decreased Function",),
    ("ABCG2", "Decreased function TT"): ("Poor Function",),
    ("CYP2C19", NORMAL): (NORMAL, "Rapid Metabolizer"),  # DPWG counts *1/*17 as normal
    ("CYP2C19", INTERMEDIATE): (INTERMEDIATE, "Likely Intermediate Metabolizer"),
    ("CYP2C19", POOR): (POOR, "Likely Poor Metabolizer"),
    ("CYP3A5", "non-expresser"): (POOR,),
    ("CYP3A5", "heterozygous expressor"): (INTERMEDIATE,),
    ("CYP3A5", "homozygous expressor"): (NORMAL,),
    ("DPYD", "Activity Score 0"): ("0.0",),
    # score 1.0 of two decreased alleles belongs here too: those pairs are spelled out
    ("DPYD", "Activity Score PHENO"): ("0.5",),
    ("DPYD", "Activity Score 1"): ("1.0",),
    ("DPYD", "Activity Score 1.5"): ("1.5",),
    ("DPYD", "Activity Score 2"): ("2.0",),
    ("SLCO1B1", "521 TT"): ("521 TT", "Normal Function", "Increased Function"),
    ("SLCO1B1", "521 CT"): ("521 CT", "Decreased Function", "Possible Decreased Function"),
    ("SLCO1B1", "521 CC"): ("521 CC", "Poor Function"),
}


def _scores(low: float, high: float, *, open_end: bool = False) -> tuple[str, ...]:
    """Activity scores in steps of 0.25 as our tables write them, with ``≥3.0`` if open."""
    values = [str(step / 4) for step in range(round(low * 4), round(high * 4) + 1)]
    return (*values, *(f"≥{value}" for value in values)) if open_end else tuple(values)


# (gene, DPWG's score range) -> scores. CPIC values *10 at 0.25, the older DPWG texts at 0.5: the
# functions of the alleles close the gaps (1.25 is a decreased and a normal allele: normal).
SCORES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("CYP2D6", "0"): ("0.0",),
    ("CYP2D6", "0.5-1"): _scores(0.25, 1.0),
    ("CYP2D6", "0.25-1"): _scores(0.25, 1.0),
    ("CYP2D6", "1.5-2.5"): _scores(1.25, 2.5),
    ("CYP2D6", "1.25-2.5"): _scores(1.25, 2.5),
    ("CYP2D6", "Total gene activity score ≥3"): _scores(2.75, 8.0, open_end=True),
    ("CYP2D6", "Total gene activity score ≥2.75"): _scores(2.75, 8.0, open_end=True),
}

# gene -> alleles whose pairs are spelled out, because phenotype and score would say less or say
# something else; an empty set: all alleles of the guideline
SPELLED: Mapping[str, frozenset[str]] = {
    "CYP2B6": frozenset({"*5"}),
    "CYP2C19": frozenset({"*9", "*10"}),
    "CYP2C9": frozenset(),
    "CYP2D6": frozenset({"*9x2", "*10x2", "*17x2", "*29x2", "*41x2"}),
    "DPYD": frozenset({"c.1129-5923C>G", "c.1129-5923C>G, c.1236G>A (HapB3)", "c.2846A>T"}),
    "F5": frozenset(),
    "NUDT15": frozenset({"*4", "*5", "*6", "*7", "*8"}),
    "TPMT": frozenset(f"*{n}" for n in (5, 6, 7, 8, 9, 10, 12, 13, 16, 17, 18)),
}
# DPWG's name of an allele -> ours: star names that came later, and HapB3's variant seen alone
RENAMED: Mapping[str, tuple[str, ...]] = {
    "Arg34Thr": ("*7",),
    "Lys35Glu": ("*8",),
    "Gly17_Val18del": ("*9",),
    "c.1129-5923C>G, c.1236G>A (HapB3)": (
        "c.1129-5923C>G",
        "c.1129-5923C>G, c.1236G>A (HapB3)",
    ),
}


def read(folder: Path, *, base: Base = SHIPPED, source: str = SOURCE) -> Reading:
    """All rules of the guideline files (``*.json`` of PharmGKB) in a folder, in file order.

    Raises
    ------
    InputError : the folder holds no such file, or a file is not in its form.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise InputError(
            "No guideline files were found here.",
            where=str(folder),
            allowed="a folder of DPWG guideline annotations, one *.json each",
        )
    rules: dict[Rule, None] = {}  # two groups may ask the same for the same results
    unread: dict[str, list[str]] = {}
    for path in paths:
        for found, name in _file(path, base):
            rules.update((rule._replace(source=source), None) for rule in found)
            for rule in found:
                if rule.action == "unread":
                    unread.setdefault(name, []).append(rule.drug)
    listing = [Unread(name, len(of), tuple(sorted(set(of)))) for name, of in unread.items()]
    return Reading(tuple(rules), tuple(sorted(listing)), {})


def _file(path: Path, base: Base) -> list[tuple[list[Rule], str]]:
    """For each group of one file: its rules, and the key of its text."""
    data = pharmcat.load(path)
    try:
        guideline = data["guideline"]
        drugs = [chemical["name"].strip().lower() for chemical in guideline["relatedChemicals"]]
        pmids = tuple(sorted({str(paper["pmid"]) for paper in data["citations"]}, key=_natural))
        alleles, url = _functions(guideline), str(guideline["url"])
        groups = []
        for group in data["annotationGroups"]:
            when, name = results(group, alleles), text_key(_html(group, "recommendation"))
            rows = _table(base).get(name, (_NO_ROW,))
            made = [_rule(row, drug, when, pmids, url) for drug in drugs for row in rows]
            groups.append((made, name))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"This is no DPWG guideline in the form of PharmGKB ({type(error).__name__}).",
            where=path.name,
            allowed="a JSON object with guideline, annotationGroups and citations",
            next_step="Remove the file, or take the folder from an older PharmCAT release.",
        ) from None
    return groups


_NO_ROW: dict[str, str] = {"population": "general", "action": "unread", "text": UNREAD}


@functools.cache
def _table(base: Base) -> dict[str, tuple[dict[str, str], ...]]:
    """Key of a text -> its rows, one for each population."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in base.rows(TABLE):
        found.setdefault(row["key"], []).append(row)
    return {name: tuple(rows) for name, rows in found.items()}


def _rule(
    row: Mapping[str, str],
    drug: str,
    when: tuple[tuple[str, tuple[str, ...]], ...],
    pmids: tuple[str, ...],
    url: str,
) -> Rule:
    low, high = (row.get(name) or None for name in ("dose_low_pct", "dose_high_pct"))
    return Rule(
        source=SOURCE,
        drug=drug,
        when=when,
        population=row["population"],
        action=row["action"],
        degree=row.get("degree", ""),
        strength="none",
        dose_low_pct=None if low is None else float(low),
        dose_high_pct=None if high is None else float(high),
        dose_limit=row.get("dose_limit", ""),
        alternatives=listed(row.get("alternatives", "")),
        monitor=row.get("monitor", ""),
        if_used=row.get("if_used", ""),
        text=row["text"],
        pmids=pmids,
        url=url,
    )


def results(
    group: Mapping[str, Any], alleles: Mapping[str, Mapping[str, str]]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The gene results of one group in the words of our tables: gene -> accepted results.

    Parameters
    ----------
    group : one entry of ``annotationGroups``.
    alleles : gene -> allele -> function in DPWG's words.

    Raises
    ------
    ValueError : the group names no gene.
    """
    pairs: dict[str, list[str]] = {}
    for text in group["genePhenotypes"]:
        gene, _, pair = text.partition(":")
        pairs.setdefault(gene, []).append(pair)
    pairs = pairs or {gene: [] for gene in alleles}
    if not pairs:
        raise ValueError("no gene: the rule would hold for everybody")
    found = {
        gene: (*_words(gene, group), *_spelled(gene, both, alleles.get(gene, {})))
        for gene, both in pairs.items()
    }
    return tuple(sorted(found.items()))


def _words(gene: str, group: Mapping[str, Any]) -> tuple[str, ...]:
    """Phenotype words and scores; none for a group that is named by its pairs of alleles."""
    status, name = _html(group, "metabolizerStatus"), str(group["name"])
    if gene == "CYP2C9" or (gene == "CYP2B6" and "*" in name):
        return ()
    word = status or name
    scores = SCORES.get((gene, _html(group, "activityScore")), ())
    return (*WORDS.get((gene, word), (word,)), *scores)


def _spelled(gene: str, pairs: list[str], functions: Mapping[str, str]) -> Iterator[str]:
    """The pairs of alleles, by name, that make one of these pairs of functions."""
    if gene not in SPELLED:
        return
    names, only = sorted(functions, key=_natural), SPELLED[gene]
    for number, first in enumerate(names):
        for second in names[number:]:
            pair = "/".join(sorted((functions[first], functions[second])))
            if pair in pairs and (not only or first in only or second in only):
                yield f"{first}/{second}"


def _functions(guideline: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Gene -> allele -> function as DPWG sees it; copies of CYP2D6 with their number."""
    made: dict[str, dict[str, str]] = {}
    for entry in guideline["guidelineGenes"]:
        functions = made.setdefault(entry["gene"]["symbol"], {})
        for allele in entry["alleles"]:
            label, function = allele["_label"], (allele["function"] or {}).get("term", "")
            if function == "Increased function" and "x" in label:
                function += " (AV ≥3)" if "≥" in label else " (AV 2)"
            functions.update(dict.fromkeys(RENAMED.get(label, (label,)), function))
    return made


def _html(group: Mapping[str, Any], name: str) -> str:
    """The text of a part of a group; empty when it is absent. Recommendations keep their tags."""
    part = group.get(name)
    text = "" if part is None else str(part["html"])
    if name == "recommendation":
        return text
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def _natural(text: str) -> list[tuple[int, str]]:
    """Sort key that puts ``*3A`` before ``*10``, as the allele tables do."""
    parts = re.findall(r"\d+|\D+", text)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
