"""Guidelines in the one file of PharmCAT 3.x (``reporter/prescribing_guidance.json``).

The file holds the guidelines of several sources as ClinPGx annotates them: ``guidelines[]`` with
``guideline`` (source, medicines), ``recommendations[]`` (text, strength, population, and
``lookupKey``: gene results in the words of the phenotype tables) and ``citations[]``. As in
``nof1.knowledge.cpic``, a text is found by its hash or is ``unread``.

CPIC texts are those of the older files inside HTML tags: the tags are taken off before hashing.
DPWG texts were hashed with their tags. Sources that nobody has encoded for nof1 (labels of the
FDA) are set aside, with a count.

Reference: PharmCAT 3.x, src/main/resources/org/pharmgkb/pharmcat/reporter; checked against parts of
the file of May 2026.
"""

from __future__ import annotations

import html
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nof1.core.errors import InputError
from nof1.knowledge import cpic, dpwg, drugs, pharmcat
from nof1.knowledge.base import SHIPPED, Base, listed
from nof1.knowledge.cpic import BLANK, Reading, Unread, merged, text_key
from nof1.knowledge.prescribing import Rule

SOURCES = {"CPIC": cpic.SOURCE, "DPWG": dpwg.SOURCE}
COPIES = "xN combinations"
NOT_ENCODED = "row of a source that nof1 does not encode"
NO_NUMBER = "row about copy numbers without a number (xN), which no result of ours has"

_Cells = dict[tuple[Rule, tuple[str, ...]], list[tuple[str, ...]]]


def read(
    path: Path, *, base: Base = SHIPPED, sources: Mapping[str, str] | None = None
) -> dict[str, Reading]:
    """The rules of each source: ``CPIC`` and ``DPWG`` -> what its guidelines gave.

    Parameters
    ----------
    sources : name in the file -> id of the row in ``sources.tsv``.

    Raises
    ------
    InputError : the file is not in this form.
    """
    ids = SOURCES if sources is None else sources
    cells: dict[str, _Cells] = {name: defaultdict(list) for name in ids}
    unread: dict[str, dict[str, list[str]]] = {name: defaultdict(list) for name in ids}
    notes: dict[str, Counter[str]] = {name: Counter() for name in ids}
    known = {name: _encoded(name, base) for name in ids}
    for name, guideline, row in _rows(path):
        if name not in ids:
            notes[next(iter(ids))][f"{NOT_ENCODED} ({name})"] += 1
            continue
        try:
            _add(row, guideline, known[name], ids[name], cells[name], unread[name], notes[name])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _bad(path, type(error).__name__) from None
    return {name: _reading(cells[name], unread[name], notes[name], base) for name in ids}


def plain(text: str) -> str:
    """The words of an HTML text, single spaces between them.

    >>> plain("<p>Start at &le; 20 mg</p>\\n")
    'Start at ≤ 20 mg'
    """
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    data = pharmcat.load(path)
    try:
        for package in data["guidelines"]:
            for row in package["recommendations"] or ():
                yield str(package["guideline"]["source"]), package, row
    except (KeyError, TypeError) as error:
        raise _bad(path, type(error).__name__) from None


def _encoded(name: str, base: Base) -> dict[str, tuple[Rule, ...]]:
    """Key of a text -> what it asks for, one rule for each population that the text names."""
    if name == "CPIC":
        return {key: (rule,) for key, rule in cpic.encodings(base).items()}
    found: dict[str, list[Rule]] = defaultdict(list)
    for row in base.rows(dpwg.TABLE):
        low, high = (float(row[end]) if row[end] else None for end in _DOSES)
        words: dict[str, Any] = {field: row[field] for field in _WORDS}
        other = listed(row["alternatives"])
        rule = BLANK._replace(dose_low_pct=low, dose_high_pct=high, alternatives=other, **words)
        found[row["key"]].append(rule)
    return {key: tuple(rules) for key, rules in found.items()}


_DOSES = ("dose_low_pct", "dose_high_pct")
_WORDS = ("population", "action", "degree", "dose_limit", "monitor", "if_used", "text")


def _add(
    row: Mapping[str, Any],
    package: Mapping[str, Any],
    known: Mapping[str, tuple[Rule, ...]],
    source: str,
    cells: _Cells,
    unread: dict[str, list[str]],
    notes: Counter[str],
) -> None:
    """The cells (gene results) of one row, below the rule that it stands for."""
    text, lookups = (row.get("text") or {}).get("html"), row.get("lookupKey") or []
    lookups = [lookups] if isinstance(lookups, dict) else lookups
    if not text or not lookups:
        notes[cpic.NO_TEXT] += 1
        return
    key = text_key(text if source.startswith("dpwg") else plain(text))
    asked = known.get(key, (BLANK,))
    chemicals = row.get("relatedChemicals") or package["guideline"]["relatedChemicals"]
    for drug in sorted({chemical["name"].strip().lower() for chemical in chemicals}):
        if asked == (BLANK,):
            unread[key].append(drug)
        for lookup in lookups:
            results = {gene: _result(value) for gene, value in sorted(lookup.items())}
            if not results or COPIES in results.values():
                notes[NO_NUMBER if results else cpic.NO_TEXT] += 1
                continue
            for rule in asked:
                made = _addressed(rule._replace(source=source, drug=drug), row, package, notes)
                cells[made, tuple(results)].append(tuple(results.values()))


def _result(value: Any) -> str:
    """A gene result; a pair of alleles (``{"*1": 1, "*2": 1}``) as ``*1/*2``."""
    if isinstance(value, dict):
        names = [name for name, copies in sorted(value.items()) for _ in range(int(copies))]
        return "/".join(names)
    return str(value).strip()


def _addressed(
    rule: Rule, row: Mapping[str, Any], package: Mapping[str, Any], notes: Counter[str]
) -> Rule:
    """The rule with population, strength and citation of this row."""
    said = str(row.get("population") or "general").strip()
    group = rule.population or cpic.population_of(rule.drug, said)
    word = str((row.get("classification") or {}).get("term") or "n/a").strip().lower()
    strength = cpic.STRENGTH.get(word)
    if strength is None:
        notes[cpic.NEW_STRENGTH] += 1
    papers = [str(paper.get("pmid")) for paper in package.get("citations") or ()]
    return rule._replace(
        population=group,
        strength=strength or "none",
        pmids=tuple(sorted({paper for paper in papers if paper.isdigit()})),
        url=str(package.get("url") or ""),
    )


def _reading(
    cells: _Cells, unread: Mapping[str, list[str]], notes: Counter[str], base: Base
) -> Reading:
    """Rows that differ in one gene's result only are one rule."""
    rules = [
        rule._replace(drug=_name(rule.drug, base), when=tuple(zip(genes, box, strict=True)))
        for (rule, genes), found in cells.items()
        for box in merged(found)
    ]
    return Reading(
        tuple(sorted(rules, key=lambda rule: (rule.drug, rule.population, rule.when))),
        tuple(Unread(k, len(d), tuple(sorted(set(d)))) for k, d in sorted(unread.items())),
        dict(notes),
    )


def _name(drug: str, base: Base) -> str:
    """Our name of a medicine (``rifampin``), where we know it."""
    found = drugs.find(drug, base)
    return found.name if found else drug


def _bad(path: Path, what: str) -> InputError:
    return InputError(
        f"This is no guideline file in the form of PharmCAT 3.x ({what}).",
        where=path.name,
        allowed="a JSON object with guidelines, each with guideline and recommendations",
        next_step="Take the file from a PharmCAT release as it is.",
    )
