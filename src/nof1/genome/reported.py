"""Phenotypes that a laboratory sends as Observations: ``LOINC//79714-2`` with "Poor metabolizer".

They lie in the record as plain events and are read as calls of another program are
(``nof1.genome.outside_results``). Which gene is meant is said by the code, by the words of the
code, or by the component "gene studied" of the same Observation; where these differ, and where the
answer is no phenotype of that gene, the result is openly not understood. Nothing is guessed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from nof1.core.finding import EventRef, utc
from nof1.genome import outside_names
from nof1.genome.fhir import ANSWERS, GENE
from nof1.genome.findings import Gene
from nof1.genome.outside_calls import OutsideCall, Refused
from nof1.genome.outside_hla import HLA_ASKED, hla_result, hla_statuses
from nof1.genome.outside_names import vocabulary
from nof1.genome.outside_phenotypes import phenotype_name
from nof1.genome.outside_results import result
from nof1.genome.results import GeneResult, Outcome, Phenotype, contradict, mixed_up
from nof1.knowledge.base import SHIPPED, Base
from nof1.record.rows import Events, Row, picked

LOINC = "LOINC//"
# "Gene product metabolic activity interpretation" (SLCO1B1: functional). Others are known by words
# or the component. Each was read beside its gene in public text; wrong pairs are about as well.
CODES = {
    "79713-4": "TPMT",
    "79714-2": "CYP2C19",
    "79715-9": "CYP2D6",
    "79716-7": "CYP2C9",
    "79719-1": "DPYD",
    "79722-5": "SLCO1B1",
}
STUDIED = GENE[0]
WORDS = {code: phenotype for phenotype, (code, _) in ANSWERS.items()}  # LA9657-3 -> Poor ...
_SYMBOL = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*")
PROGRAM = "a laboratory's report"


class _Report(NamedTuple):
    """One answer about one gene; ``call`` is None when it is not understood."""

    call: OutsideCall | None
    code: str
    event: EventRef


def reported_genes(seen: Events, names: Mapping[str, str], base: Base = SHIPPED) -> dict[str, Gene]:
    """Gene -> what laboratories reported about it, in the words of our tables.

    Two reports that contradict make the gene openly not known, and so does a report that is not
    understood beside no other.

    Parameters
    ----------
    seen : the patient's events known at the moment of asking.
    names : words for codes, in which the symbol of a gene may stand.
    """
    measured = picked(seen, LOINC)
    coded = _coded({row.code for row in measured}, names, base)
    if not coded:
        return {}
    rows = [row for row in measured if row.code in coded or row.code == LOINC + STUDIED]
    found: dict[str, list[_Report]] = {}
    for group in _observations(rows):
        for gene, report in _reports(group, coded, base):
            found.setdefault(gene, []).append(report)
    return {gene: _one(gene, reports, base) for gene, reports in sorted(found.items())}


def together(stored: Mapping[str, Gene], reported: Mapping[str, Gene]) -> dict[str, Gene]:
    """Stored results with what laboratories reported: the one that leaves less open counts.

    Where both are called and nothing is possible by both, neither counts.
    """
    found = {**reported, **stored}
    for gene in stored.keys() & reported.keys():
        found[gene] = _both(gene, stored[gene], reported[gene])
    return dict(sorted(found.items()))


# which gene ---------------------------------------------------------------------------------------


def _coded(loinc: set[str], names: Mapping[str, str], base: Base) -> dict[str, str]:
    """Codes that may hold a result -> the gene that the code names, or nothing."""
    studied = LOINC + STUDIED in loinc
    made = {code: _gene_of(code, names, base) for code in loinc if _number(code) != STUDIED}
    return {code: gene for code, gene in made.items() if gene or studied}


def _number(code: str) -> str:
    return code.removeprefix(LOINC).partition("//")[0]


def _gene_of(code: str, names: Mapping[str, str], base: Base) -> str:
    """The one gene that a code or its words name; empty when it is none or several."""
    number = _number(code)
    return _meant(number, names.get(LOINC + number) or names.get(code) or "", base)


@functools.lru_cache(maxsize=16_384)  # codes and their words come again with every patient
def _meant(number: str, words: str, base: Base) -> str:
    found = {*_symbols(words, base), *filter(None, (CODES.get(number),))}
    return found.pop() if len(found) == 1 else ""


@functools.lru_cache(maxsize=16_384)  # the words of codes come again with every patient
def _symbols(text: str, base: Base) -> frozenset[str]:
    known = outside_names.genes(base).values()
    return frozenset(one for one in _SYMBOL.findall(text) if one in known)


def _observations(rows: Iterable[Row]) -> Iterable[list[Row]]:
    """The events of each Observation together, in the order of the record."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        key = (row.site, row.source_file, row.source_row, row.record_key)
        groups.setdefault(key, []).append(row)
    return groups.values()


def _reports(
    group: list[Row], coded: Mapping[str, str], base: Base
) -> Iterable[tuple[str, _Report]]:
    """What one Observation says; several genes in one Observation are not told apart."""
    text = " ".join(row.text_value or "" for row in group if _number(row.code) == STUDIED)
    studied = _symbols(text, base)
    for row in group:
        number = _number(row.code)
        if number == STUDIED:
            continue
        own = coded.get(row.code, "")
        meant = studied | ({own} if own else set())
        for gene in sorted(meant):
            call = _call(gene, row, base) if len(meant) == 1 else None
            yield gene, _Report(call, f"LOINC {number}", _event(row))


# which answer -------------------------------------------------------------------------------------


def _call(gene: str, row: Row, base: Base) -> OutsideCall | None:
    """The answer in the words of our tables; None when it is no phenotype or status of the gene."""
    answer = row.code.removeprefix(LOINC).partition("//")[2]
    said = [text for text in (WORDS.get(answer), row.text_value) if text]
    made = {call for text in said if (call := _read(gene, text, base)) is not None}
    return made.pop() if len(made) == 1 else None


def _read(gene: str, text: str, base: Base) -> OutsideCall | None:
    call = OutsideCall("", gene, program=PROGRAM)
    try:
        if gene not in HLA_ASKED:
            return call._replace(phenotype=phenotype_name(vocabulary(gene, base), text))
        statuses = hla_statuses(gene, text)
    except Refused:
        return None
    return call._replace(status=statuses[0]) if len(statuses) == 1 else None


def _one(gene: str, reports: list[_Report], base: Base) -> Gene:
    """One answer from all reports about a gene; the way back leads to the last one."""
    understood = [one for one in reports if one.call is not None]
    if not understood:
        codes = ", ".join(sorted({one.code for one in reports}))
        reason = f"A result about {gene} is recorded that is not understood here: {codes}."
        return Gene(GeneResult(gene, Outcome.NOT_CALLED, reason=reason), reports[-1].event)
    event = understood[-1].event
    calls = [one.call for one in understood if one.call is not None]
    if len({call.phenotype for call in calls}) > 1:
        return Gene(mixed_up(gene), event)
    made = hla_result(*calls) if gene in HLA_ASKED else result(calls[-1], base)
    warnings = (*made.warnings, *_beside(reports, understood))
    return Gene(made._replace(source=PROGRAM, warnings=warnings), event)


def _beside(reports: list[_Report], understood: list[_Report]) -> list[str]:
    """A report by a code that elsewhere was understood, and here was not."""
    usual = {one.code for one in understood} | {f"LOINC {number}" for number in CODES}
    left = sorted({one.code for one in reports if one.call is None and one.code in usual})
    return [f"Another report is not understood here: {', '.join(left)}."] if left else []


def _event(row: Row) -> EventRef:
    return EventRef(
        code=row.code,
        display="Reported gene result",
        time=row.time and utc(row.time),
        source_file=row.source_file,
        source_row=row.source_row,
        site=row.site,
    )


# stored and reported ------------------------------------------------------------------------------


def _both(gene: str, stored: Gene, reported: Gene) -> Gene:
    mine, theirs = stored.result, reported.result
    if contradict(mine, theirs) or contradict(theirs, mine):
        return Gene(mixed_up(gene), stored.event)
    if theirs.outcome is not Outcome.CALLED:
        return stored
    if mine.outcome is not Outcome.CALLED:
        return reported
    if gene in HLA_ASKED:
        return Gene(mine._replace(phenotypes=_statuses(gene, mine, theirs)), stored.event)
    fewer = {one.phenotype for one in theirs.phenotypes} < {
        one.phenotype for one in mine.phenotypes
    }
    return reported if fewer else stored


def _statuses(gene: str, mine: GeneResult, theirs: GeneResult) -> tuple[Phenotype, ...]:
    """For each HLA allele the statuses of the result that leaves less open."""
    made: list[Phenotype] = []
    for asked in HLA_ASKED[gene]:
        of = f"{asked} "
        held = [one for one in mine.phenotypes if one.phenotype.startswith(of)]
        told = [one for one in theirs.phenotypes if one.phenotype.startswith(of)]
        made += told if told and (not held or len(told) < len(held)) else held
    return tuple(made)
