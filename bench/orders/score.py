"""Was the answer right? Scores by category, with Wilson 95 % intervals.

- Sensitivity: of the orders that a source speaks against, the share that got an alert strong enough
  (``interrupt``: tier 1; ``warn``: tier 1 or 2), from a family that can know, where families are
  named. ``noticed`` counts any alert of tier 1 or 2 from such a family.
- Interruptive positive predictive value: of the orders that were interrupted (a tier-1 alert), the
  share whose source asks for an interruption (strict) or speaks against them (wide).
- Harmless interrupted: of the harmless orders, the share with a tier-1 alert.
- Harmless warned: of the orders with nothing wrong (``silent``), the share with a tier-2 alert.
- Missed openly: of the harmful orders that were missed, the share where the answer names the family
  as not checked (a dose without a table of doses). Better than silence, and still a miss.
- Said so: of the orders that could not be checked, the share where the answer names the gap.

An answer that is an error counts as a miss on a harmful order and as no interruption on another;
errors are counted apart, so they cannot hide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from bench.orders.answers import UNKNOWN, Answer
from bench.orders.tables import Case
from nof1.learn.calibration import wilson

FAMILIES = {
    "interactions_high": {"interactions", "burden"},
    "interactions_label": {"interactions", "burden"},
    "interactions_low": {"interactions", "burden"},
    "allergies": {"allergies"},
    "renal": {"renal", "age"},
    "hepatic": {"hepatic", "conditions"},
    "pregnancy": {"pregnancy"},
    "age": {"age", "conditions"},
    "duplicates": {"duplicates", "interactions"},
    "genes": {"genes", "phenoconversion"},
    "dose": {"dose"},
    "conditions": {"conditions", "hepatic", "age", "interactions", "genes"},
}

# Rows whose source speaks about something else than their file: a value, another medicine.
ALSO = {
    "age/many_gaba_opioid": {"interactions"},
    "age/many_lithium": {"interactions"},
    "renal/finerenone_potassium": {"laboratory"},
    "renal/potassium_high": {"laboratory"},
    "renal/many_ras_tmp": {"interactions"},
}

# What has to be named as not checked, by row of coverage.tsv: of each group one of these words, in
# small letters.
_KIDNEY, _MEDICINE = ("renal", "kidney", "egfr", "creatinine"), ("medicine", "interactions")
UNCHECKED = {
    "unknown_drug": (_MEDICINE,),
    "unknown_order": (_MEDICINE,),
    "unknown_current": (("current medicine", "not known here"),),
    "no_kidney": (_KIDNEY,),
    "old_kidney": (_KIDNEY,),
    "no_allergy_list": (("allerg",),),
    "allergy_unnamed": (("an allergy is recorded", "allergen"),),
    "gene_unclear": (("indeterminate", "recorded result"),),
    "dose_tablets": (("unit", "strength"),),
    "many_admission": (_KIDNEY, ("current medicine", "not known here")),
    "many_clinic": (_KIDNEY, ("current medicine", "not known here")),
}


class Outcome(NamedTuple):
    """A case with its answer. ``right``: as the source asks. ``noticed``: tier 1 or 2 at least."""

    case: Case
    answer: Answer
    right: bool
    noticed: bool
    interrupted: bool
    warned: bool


class Share(NamedTuple):
    """``hits`` of ``count``; the interval is Wilson's, 95 %; both None when there is no case."""

    hits: int
    count: int
    low: float | None
    high: float | None

    @property
    def text(self) -> str:
        """For a person: "97.1 % (95.0 to 98.4; 330 of 340)"."""
        if self.low is None or self.high is None:
            return "no such case"
        value, low, high = (100 * one for one in (self.hits / self.count, self.low, self.high))
        return f"{value:.1f} % ({low:.1f} to {high:.1f}; {self.hits} of {self.count})"


def judge(case: Case, answer: Answer) -> Outcome:
    """Compare an answer with what the source asks for."""
    fitting = _fitting(case)
    about = [one.tier for one in answer.alerts if one.family in fitting or not one.family]
    interrupted = any(one.tier == 1 for one in answer.alerts)
    warned = any(one.tier == 2 for one in answer.alerts)
    noticed = any(tier <= 2 for tier in about)
    right = {
        "interrupt": 1 in about,
        "warn": noticed,
        "passive": not interrupted,
        "silent": not interrupted,
        "not_checked": _says_so(case, answer),
    }[case.expected]
    return Outcome(case, answer, right and answer.error is None, noticed, interrupted, warned)


def _says_so(case: Case, answer: Answer) -> bool:
    said = " ".join(answer.not_checked).lower()
    groups = UNCHECKED.get(case.row, ())
    return bool(groups) and all(any(word in said for word in group) for group in groups)


def _fitting(case: Case) -> set[str]:
    """Families of checks that can know what the case asks."""
    return FAMILIES.get(case.category, set()) | ALSO.get(f"{case.category}/{case.row}", set())


def _openly(outcome: Outcome) -> bool:
    """The family that should have known is named as not checked, or the medicine is unknown."""
    fitting = _fitting(outcome.case)
    named = {one.partition(":")[0] for one in outcome.answer.not_checked}
    return unknown_medicine(outcome) or bool(named & fitting)


def unknown_medicine(outcome: Outcome) -> bool:
    """The checks did not know a medicine of the order, and said so."""
    return any(one.family == UNKNOWN for one in outcome.answer.alerts)


def share(outcomes: Iterable[Outcome], hit: Callable[[Outcome], bool]) -> Share:
    """Share of the outcomes that are hits."""
    listed = list(outcomes)
    hits = sum(map(hit, listed))
    if not listed:
        return Share(0, 0, None, None)
    return Share(hits, len(listed), *wilson(hits / len(listed), len(listed)))


def scores(outcomes: list[Outcome]) -> dict[str, Share]:
    """All scores of these outcomes by name."""
    harmful = [one for one in outcomes if one.case.harmful]
    harmless = [one for one in outcomes if one.case.harmless]
    interrupted = [one for one in outcomes if one.interrupted]
    return {
        "sensitivity": share(harmful, lambda one: one.right),
        "noticed": share(harmful, lambda one: one.noticed),
        "ppv_strict": share(interrupted, lambda one: one.case.expected == "interrupt"),
        "ppv_wide": share(interrupted, lambda one: one.case.harmful),
        "harmless_interrupted": share(harmless, lambda one: one.interrupted),
        "harmless_warned": share(
            (one for one in harmless if one.case.expected == "silent"), lambda one: one.warned
        ),
        "missed_openly": share((one for one in harmful if not one.right), _openly),
        "unknown": share(outcomes, unknown_medicine),
        "said_so": share(
            (one for one in outcomes if one.case.expected == "not_checked"), lambda one: one.right
        ),
    }
