"""The facts and the synthetic truth read a second time, slowly and with nothing of the ranking.

Only ``csv`` and loops over whole tables: no loader of ``nof1.knowledge``, no event table, no
matcher. What this says and what the ranking says must be the same.
"""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from nof1.knowledge.base import DATA

CAUTION = {"contraindicated": 0, "avoid": 1, "adjust": 2, "reduce": 2, "interval": 2}
CAUTION |= {"monitor": 3, "none": 4}
GUIDELINE = {"avoid": 1, "alternative": 1, "reduce": 2, "increase": 2, "monitor": 3}
GUIDELINE |= {"no_advice": 4, "standard": 4}


@functools.cache
def rows(name: str) -> list[dict[str, str]]:
    """A table of facts."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


# genes --------------------------------------------------------------------------------------------


def guideline_level(
    drug: str, groups: Iterable[str], person: Mapping[str, Mapping[str, str]]
) -> int:
    """The most cautious level that any source asks of a person whose genes are fully known.

    ``person`` : gene -> its ``pair``, ``score`` and ``word``; ``groups`` : those of the patient.
    """
    table = [row for row in rows("prescribing.tsv") if row["drug"] == drug]
    wanted = set(groups)
    found = [4]
    for source in {row["source"] for row in table}:
        for group in wanted:
            here = [r for r in table if (r["source"], r["population"]) == (source, group)]
            for genes in {_genes(row) for row in here}:
                fits = [(_fit(row, person), row) for row in here if _genes(row) == genes]
                best = max((fit for fit, _ in fits), default=0)
                found += [_level(row) for fit, row in fits if best and fit == best]
    return min(found)


def _genes(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(part.split("=")[0] for part in row["when"].split(";"))


def _level(row: Mapping[str, str]) -> int:
    if row["action"] == "alternative" and row["degree"] == "consider":
        return 2
    return GUIDELINE[row["action"]]


def _fit(row: Mapping[str, str], person: Mapping[str, Mapping[str, str]]) -> int:
    """3 for each pair of alleles that is named, 2 for a score, 1 for a phenotype; 0: no."""
    total = 0
    for part in row["when"].split(";"):
        gene, _, texts = part.partition("=")
        if gene not in person:
            return 0
        one, fit = person[gene], 0
        for text in texts.split("|"):
            name, _, word = text.rpartition(" ")
            if word in ("positive", "negative") and name:
                has = name in one["pair"].split("/")
                fit = max(fit, 3 * (has == (word == "positive")))
            elif "/" in text:
                fit = max(fit, 3 * (sorted(text.split("/")) == sorted(one["pair"].split("/"))))
            elif text == one["score"]:
                fit = max(fit, 2)
            elif text == one["word"]:
                fit = max(fit, 1)
        if not fit:
            return 0
        total += fit
    return total


# interactions -------------------------------------------------------------------------------------


@functools.cache
def classes() -> dict[str, set[str]]:
    """Class -> medicines, those by enzyme too."""
    found = {row["class"]: set(row["drugs"].split("|")) for row in rows("classes.tsv")}
    for row in rows("modulators.tsv"):
        for gene in row["gene"].split("|"):
            if row["strength"] in ("strong", "moderate") and gene != "CYP3A5":
                name = f"{row['strength']} {gene} {row['kind']}"
                found.setdefault(name, set()).add(row["drug"])
    return found


def interacting(drug: str, others: Iterable[str]) -> set[tuple[str, int]]:
    """Medicine and level of every row that holds for ``drug`` and one of the others."""
    of = classes()
    found = set()
    for row in rows("interactions.tsv"):
        one, two = (of.get(row[side], {row[side]}) for side in ("first", "second"))
        left_out = set(row["without"].split("|"))
        level = CAUTION[row["action"]]
        level = max(level, 3) if row["tier"] == "3" else level
        for other in others:
            pair = (drug, other)
            if other == drug or left_out & set(pair) or level == 4:
                continue
            if any(a in one and b in two for a, b in (pair, pair[::-1])):
                found.add((other, level))
    return found


def same_kind(drug: str, other: str) -> bool:
    """Whether a class of which one is enough holds both."""
    of = classes()
    return any({drug, other} <= of.get(row["group"], set()) for row in rows("duplicates.tsv"))


def taken(courses: Sequence[tuple[str, datetime, datetime | None]], at: datetime) -> set[str]:
    """Started in the last 365 days, and not ended since that start."""
    found = set()
    for name in {course[0] for course in courses}:
        starts = [start for each, start, _ in courses if each == name and start <= at]
        ends = [end for each, _, end in courses if each == name and end is not None and end <= at]
        recent = bool(starts) and max(starts) > at - timedelta(days=365)
        if recent and not any(end >= max(starts) for end in ends):
            found.add(name)
    return found


# kidneys ------------------------------------------------------------------------------------------


def renal_level(
    drug: str, disease: str, creatinine: float | None, age: float, male: bool
) -> tuple[int, bool]:
    """Level at this creatinine (mg/dL; None: too old or none) without a weight; what is open."""
    of = classes()
    table = rows("renal.tsv")
    here = [row for row in table if row["drug"] == drug]
    here = here or [row for row in table if drug in of.get(row["drug"], set())]
    if any(row["use"] == disease for row in here):
        here = [row for row in here if row["use"] in ("", disease)]
    values: dict[str, float] = {}
    if creatinine is not None:
        values = {"creatinine": creatinine, "egfr": _egfr(creatinine, age, male)}
    level, missing = 4, not here
    for row in here:
        if row["measure"] not in values:
            missing = True
            continue
        low, high = float(row["low"] or 0), float(row["high"] or math.inf)
        if low <= values[row["measure"]] < high:
            level = min(level, CAUTION[row["action"]])
    return level, missing


def _egfr(creatinine: float, age: float, male: bool) -> float:
    """CKD-EPI 2021, men and women written out (Inker 2021, table S11)."""
    if male and creatinine <= 0.9:
        return 142 * (creatinine / 0.9) ** -0.302 * 0.9938**age
    if male:
        return 142 * (creatinine / 0.9) ** -1.2 * 0.9938**age
    if creatinine <= 0.7:
        return 142 * (creatinine / 0.7) ** -0.241 * 0.9938**age * 1.012
    return 142 * (creatinine / 0.7) ** -1.2 * 0.9938**age * 1.012


def milligrams(value: float, unit: str) -> float:
    """Creatinine in mg/dL."""
    return value / 88.4 if unit == "umol/L" else value
