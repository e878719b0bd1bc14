"""Advice about medicines as plain rows: what each source asks, why, how sure, what would settle it.

A row holds the most cautious advice whose gene result is not excluded, and beside it what holds for
the likeliest result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nof1.genome.phenoconversion import UNCHANGED, Conversion
from nof1.genome.prescribing import DrugAdvice, Possibility, Recommendation, severity
from nof1.genome.results import GeneResult
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.drugs import drugs
from nof1.knowledge.prescribing import Rule, by_drug

Data = dict[str, Any]


def medicine_rows(
    advice: Iterable[DrugAdvice],
    results: Mapping[str, GeneResult],
    base: Base = SHIPPED,
    *,
    under_medicines: bool = False,
) -> list[Data]:
    """Advice as rows, most cautious first; sources that disagree about a medicine are flagged.

    Parameters
    ----------
    under_medicines : the results are those under the other medicines (phenoconversion).
    """
    rows = [_advice_row(one, results, base, under_medicines) for one in advice]
    asked: dict[str, dict[str, set[str]]] = {}
    for row in rows:
        if row["action"] not in SILENT:
            said = asked.setdefault(row["drug"], {}).setdefault(row["source"], set())
            said.add(KINDS.get(str(row["action"]), str(row["action"])))
    return [
        {**row, "disagree": _disagree(list(asked.get(row["drug"], {}).values()))} for row in rows
    ]


SILENT = ("no_advice", "unread")
KINDS = {"avoid": "another medicine", "alternative": "another medicine"}


def _disagree(said: list[set[str]]) -> bool:
    """Whether two sources ask for nothing in common (groups of patients may differ inside one)."""
    return any(not one & other for one in said for other in said)


def _advice_row(
    one: DrugAdvice, results: Mapping[str, GeneResult], base: Base, under_medicines: bool
) -> Data:
    rule, known = one.worst.rule, drugs(base).get(one.drug)
    likely = one.likely
    return {
        "drug": one.drug,
        "rxnorm": known.rxnorm or None if known else None,
        "atc": list(known.atc) if known else [],
        "source": one.source,
        "population": one.population,
        "under_medicines": under_medicines,
        **_asked(rule),
        "because": _because(one.worst.because, results),
        "prior": one.worst.prior,
        "likely": None if likely is None else _likely(likely, results),
        "at_least": _mildest(one, results, base),
        "certain": one.certain,
        "unknown_genes": list(one.unknown),
        "uncovered": one.uncovered,
        "settled_by": _settlers(one, results),
        "pmids": list(rule.pmids),
        "url": rule.url,
    }


def _asked(rule: Rule) -> Data:
    return {
        "action": rule.action,
        "degree": rule.degree,
        "strength": rule.strength,
        "dose_change_pct": _dose(rule),
        "dose_limit": rule.dose_limit or None,
        "alternatives": list(rule.alternatives),
        "monitor": rule.monitor or None,
        "if_used": rule.if_used or None,
        "text": rule.text,
    }


def _dose(rule: Rule) -> list[float] | None:
    """Signed change of the usual dose in percent, the smaller change first."""
    found = [value for value in (rule.dose_low_pct, rule.dose_high_pct) if value is not None]
    return found or None


def _likely(one: Recommendation, results: Mapping[str, GeneResult]) -> Data:
    return {**_asked(one.rule), "because": _because(one.because, results), "prior": one.prior}


def _because(
    because: Sequence[Possibility], results: Mapping[str, GeneResult]
) -> list[dict[str, Any]]:
    return [
        {
            "gene": one.gene,
            "diplotype": one.diplotype or _diplotype(one, results.get(one.gene)),
            "result": one.text,
            "prior": one.prior,
        }
        for one in because
    ]


def _diplotype(one: Possibility, result: GeneResult | None) -> str | None:
    """The likeliest diplotype with this phenotype and score."""
    for pair in result.diplotypes if result is not None else ():
        if (pair.phenotype, pair.lookup) == (one.phenotype, one.lookup):
            return pair.name
    return None


def _settlers(one: DrugAdvice, results: Mapping[str, GeneResult]) -> list[Data]:
    """What would settle the advice: tests of unknown genes, and unseen positions of open ones.

    A gene is open here when the most cautious advice does not rest on its likeliest result.
    """
    made: list[Data] = [{"gene": gene, "position": None, "settles": True} for gene in one.unknown]
    for each in one.worst.because:
        result = results.get(each.gene)
        if result is None or result.settling is None or _likeliest(each, result):
            continue
        found = result.settling
        made.append(
            {"gene": each.gene, "position": found.position.label, "settles": found.after == 0}
        )
    return made


def _likeliest(one: Possibility, result: GeneResult) -> bool:
    top = result.phenotypes[0]
    return (one.phenotype, one.lookup) == (top.phenotype, top.lookup)


def _mildest(one: DrugAdvice, results: Mapping[str, GeneResult], base: Base) -> str | None:
    """What is asked at the least, whatever the unknown genes are; None when all genes are known.

    The known genes count with their likeliest result.
    """
    if not one.unknown:
        return None
    rules = [
        rule
        for rule in by_drug(base)[one.drug]
        if (rule.source, rule.population) == (one.source, one.population)
        and all(
            _holds(results[gene], texts) for gene, texts in rule.when if gene not in one.unknown
        )
    ]
    mild = max(rules, key=severity, default=one.worst.rule)
    return mild.action


def _holds(result: GeneResult, texts: Sequence[str]) -> bool:
    """Whether a likeliest result is among these (of HLA several statuses are, side by side)."""
    most = max((one.prior or 0.0 for one in result.phenotypes), default=0.0)
    likely = [one for one in result.phenotypes if (one.prior or 0.0) == most]
    return any(one.lookup in texts or one.phenotype in texts for one in likely)


def conversion_row(change: Conversion, medicine: str) -> Data:
    """What the other medicines make of one phenotype, for the medicine that is asked about."""
    return {
        "medicine": medicine,
        "gene": change.gene,
        "phenotype": change.phenotype,
        "activity_score": change.activity_score,
        "effective": change.effective,
        "effective_score": change.effective_score,
        "changed": change.status != UNCHANGED,
        "status": change.status,
        "because": sorted({one.drug for one in change.because}),
        "not_known": list(change.not_known),
        "citations": list(change.citations),
    }
