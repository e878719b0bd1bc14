"""CPIC guidelines as rules: their files say for whom, our own table says what is asked.

A guideline file (JSON, one medicine each, as PharmCAT ships them) holds rows: gene results, a
population, the strength and a sentence. The sentence is never shown and never parsed: its hash
finds the facts that a person encoded by hand in ``data/cpic_actions.tsv``. A sentence that is not
in this table (a newer release) gives a rule with the action ``unread``, which asks the reader to
open the source; nothing is guessed from its words.

How the sentences were encoded: ``action`` is the most cautious thing that the source asks for
first; what holds only under a condition (an indication, no response, a later phase) stands in
``if_used``, with the action ``monitor`` where the patient has to be watched for it. ``must``: a
plain ban or duty; ``should``: a plain instruction, or a ban with a named exception; ``consider``:
worded as an option. Percentages are the source's own: 30 to 80 % of the dose is -20 to -70.

Reference: Clinical Pharmacogenetics Implementation Consortium, https://cpicpgx.org/guidelines;
the rules of ``extra`` are facts of PMID 28198005 (warfarin) and 24096968 (IFNL3), whose files
hold no rows.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nof1.core.errors import InputError
from nof1.knowledge import pharmcat
from nof1.knowledge.base import SHIPPED, Base, listed
from nof1.knowledge.prescribing import ACTIONS, DEGREES, STRENGTHS, Rule

SOURCE = "cpic-2023-08"
TABLE = "cpic_actions.tsv"
EXTRA = "cpic_extra.tsv"
LABELS = "label_genes.tsv"
STRENGTH = {
    "strong": "strong",
    "moderate": "moderate",
    "optional": "optional",
    "no recommendation": "none",
    "n/a": "none",
}
# Medicines for one illness only: nobody else needs to be told to avoid them.
ONLY_FOR = {"ivacaftor": "cystic fibrosis"}
POPULATIONS = {
    "general": "general",
    "adults": "adults",
    "pediatrics": "children",
    "child >40kg_adult": "adults and children above 40 kg",
    "<= 1g per day": "up to 1 g per day",
    "PHT naive": "new users",
    "PHT use >3mos": "users for more than 3 months",
    "CBZ naive": "new users",
    "CBZ-no alternatives": "new users without alternatives",
    "CBZ use >3mos": "users for more than 3 months",
    "OXC naive": "new users",
    "OXC use >3 mos": "users for more than 3 months",
    "CVI ACS PCI": "acute coronary syndrome or PCI",
    "CVI non-ACS non-PCI": "heart or vessel disease without ACS or PCI",
    "NVI": "stroke, TIA or neurovascular procedure",
}
NO_TEXT = "row without gene result or recommendation"
NEW_STRENGTH = "row with an unknown strength of recommendation, taken as none"

Box = tuple[tuple[str, ...], ...]  # for each gene the accepted results
BLANK = Rule(
    source="",
    drug="",
    when=(),
    population="",
    action="unread",
    degree="",
    strength="none",
    dose_low_pct=None,
    dose_high_pct=None,
    dose_limit="",
    alternatives=(),
    monitor="",
    if_used="",
    text="This guideline text is newer than nof1's encoding of it: read the source.",
    pmids=(),
    url="",
)


class Unread(NamedTuple):
    """A recommendation text without encoding: its key, how many rows have it, for which drugs."""

    key: str
    rows: int
    drugs: tuple[str, ...]


class Reading(NamedTuple):
    """What a folder of guidelines gave.

    Attributes
    ----------
    rules : merged: rows that differ in one gene's result only are one rule.
    unread : texts that nobody has encoded yet (their rules have the action ``unread``).
    notes : reason -> number of rows that were set aside or read with less than they say.
    """

    rules: tuple[Rule, ...]
    unread: tuple[Unread, ...]
    notes: dict[str, int]


def text_key(text: str) -> str:
    """The key of a recommendation text: 12 hex digits of SHA-256, white space collapsed.

    >>> text_key("Avoid  use ")
    '7945023faeb0'
    """
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:12]


def encodings(base: Base = SHIPPED) -> dict[str, Rule]:
    """Key of a text -> a rule with what it asks for, and blanks for whom.

    Raises
    ------
    InputError : the table is damaged.
    """
    return {row["key"]: _asked(row, f"{TABLE}, {row['key']}") for row in base.rows(TABLE)}


def read(folder: Path, *, base: Base = SHIPPED, source: str = SOURCE) -> Reading:
    """Rules from a folder of CPIC guideline files (``*.json``, one medicine each).

    Medicines whose file holds no rows (warfarin, peginterferon alfa) give none: see ``extra``.

    Raises
    ------
    InputError : no such file here, or one is not in the form of a CPIC guideline.
    """
    known, notes = encodings(base), Counter[str]()
    cells: dict[tuple[Rule, tuple[str, ...]], list[tuple[str, ...]]] = defaultdict(list)
    unread: dict[str, list[str]] = defaultdict(list)
    for guideline, data in _rows(folder):
        text, results = data.get("drugrecommendation"), data.get("lookupkey")
        if not (isinstance(text, str) and text.strip() and isinstance(results, dict) and results):
            notes[NO_TEXT] += 1
            continue
        key, genes = text_key(text), tuple(sorted(results))
        if key not in known:
            unread[key].append(guideline["drugname"])
        rule = _addressed(known.get(key, BLANK), guideline, data, notes)._replace(source=source)
        cells[rule, genes].append(tuple(str(results[gene]).strip() for gene in genes))
    rules = [
        rule._replace(when=tuple(zip(genes, box, strict=True)))
        for (rule, genes), found in cells.items()
        for box in merged(found)
    ]
    return Reading(
        tuple(sorted(rules, key=lambda rule: (rule.drug, rule.population, rule.when))),
        tuple(Unread(k, len(d), tuple(sorted(set(d)))) for k, d in sorted(unread.items())),
        dict(notes),
    )


def extra(base: Base = SHIPPED) -> tuple[Rule, ...]:
    """Rules of our own for medicines whose CPIC file holds no rows.

    Raises
    ------
    InputError : the table is damaged.
    """
    return tuple(_extra(row, f"{EXTRA}, row {n}") for n, row in enumerate(base.rows(EXTRA), 2))


def labels(base: Base = SHIPPED) -> tuple[Rule, ...]:
    """What US labels ask for because of a gene, for medicines about which no guideline speaks.

    Raises
    ------
    InputError : the table is damaged.
    """
    return tuple(_extra(row, f"{LABELS}, row {n}") for n, row in enumerate(base.rows(LABELS), 2))


def expand(rule: Rule) -> Iterator[tuple[tuple[str, str], ...]]:
    """Every combination of single gene results that a rule stands for."""
    genes = [[(gene, result) for result in results] for gene, results in rule.when]
    return iter(itertools.product(*genes))


def merged(cells: Iterable[tuple[str, ...]]) -> list[Box]:
    """Boxes that cover exactly these cells, each once: first along one gene, then the next.

    Both directions are tried and the one with fewer boxes is kept.

    >>> merged([("PM", "a"), ("IM", "a"), ("PM", "b")])
    [(('IM',), ('a',)), (('PM',), ('a', 'b'))]
    """
    single: list[Box] = [tuple((result,) for result in cell) for cell in sorted(set(cells))]
    axes = range(len(single[0]))
    forward, backward = _along(single, axes), _along(single, reversed(axes))
    return min(backward, forward, key=len)


def _along(boxes: list[Box], axes: Iterable[int]) -> list[Box]:
    for axis in axes:
        same: dict[Box, set[str]] = defaultdict(set)
        for box in boxes:
            same[(*box[:axis], (), *box[axis + 1 :])].update(box[axis])
        boxes = [
            (*rest[:axis], tuple(sorted(results)), *rest[axis + 1 :])
            for rest, results in same.items()
        ]
    return sorted(boxes)


def _rows(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each row of each guideline file, with the guideline it stands in."""
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise InputError(
            "No guideline files were found here.",
            where=str(folder),
            allowed="a folder with one *.json for each medicine (PharmCAT, guidelines of CPIC)",
        )
    for path in paths:
        guideline = pharmcat.load(path)
        rows, cited = (guideline.get(part) or [] for part in ("recommendations", "citations"))
        named = isinstance(guideline.get("drugname"), str) and "recommendations" in guideline
        lists = isinstance(rows, list) and isinstance(cited, list)
        if not (named and lists and all(isinstance(row, dict) for row in rows)):
            raise InputError(
                "This is no guideline in the form of CPIC's files.",
                where=path.name,
                allowed="a JSON object with drugname, url, citations and recommendations",
                next_step="Remove the file, or take the folder from an older PharmCAT release.",
            )
        yield from ((guideline, row) for row in rows)


def population_of(drug: str, said: str) -> str:
    """The group of patients in our words: as the row says, or whom the medicine is for at all."""
    only = ONLY_FOR.get(drug.strip().lower())
    return only if only and said == "general" else POPULATIONS.get(said, said)


def _addressed(
    asked: Rule, guideline: Mapping[str, Any], data: Mapping[str, Any], notes: Counter[str]
) -> Rule:
    """The rule with the medicine, population, strength and citation of this row."""
    population = str(data.get("population") or "general").strip()
    strength = STRENGTH.get(str(data.get("classification") or "n/a").strip().lower())
    if strength is None:
        notes[NEW_STRENGTH] += 1
    papers = [p for p in guideline.get("citations") or () if isinstance(p, dict)]
    return asked._replace(
        drug=guideline["drugname"].strip().lower(),
        population=population_of(guideline["drugname"], population),
        strength=strength or "none",
        pmids=tuple(str(paper["pmid"]) for paper in papers if "pmid" in paper),
        url=str(guideline.get("url") or ""),
    )


def _asked(row: Mapping[str, str], where: str) -> Rule:
    """The facts of one table row, for nobody yet."""
    try:
        made = BLANK._replace(
            action=row["action"],
            degree=row["degree"],
            dose_low_pct=_percent(row["dose_low_pct"]),
            dose_high_pct=_percent(row["dose_high_pct"]),
            dose_limit=row["dose_limit"],
            alternatives=listed(row["alternatives"]),
            monitor=row["monitor"],
            if_used=row["if_used"],
            text=row["text"],
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError("A cell is missing or is no number.", where=where) from None
    if made.action not in ACTIONS or made.degree not in DEGREES or not made.text:
        raise InputError("The action, degree or text is not usable.", where=where, allowed=ACTIONS)
    return made


def _percent(cell: str) -> float | None:
    return float(cell) if cell else None


def _extra(row: Mapping[str, str], where: str) -> Rule:
    asked = _asked(row, where)
    when = [condition.partition("=") for condition in row["when"].split(";")]
    if row["strength"] not in STRENGTHS or not all(results for _, _, results in when):
        raise InputError("The strength or the condition is not usable.", where=where)
    return asked._replace(
        source=row["source"],
        drug=row["drug"],
        when=tuple(sorted((gene, listed(results)) for gene, _, results in when)),
        population=row["population"],
        strength=row["strength"],
        pmids=listed(row["pmids"]),
        url=row["url"],
    )
