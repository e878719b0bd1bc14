"""The gate: what a model must show on rows it has not seen before it may speak about a patient.

Each check asks two questions, because one is not enough. *Is the figure outside its allowed range?*
A point estimate alone would fail good models on small test sets. *Is that more than noise?* A
confidence interval alone would pass bad models on small test sets, because everything is compatible
with little data. So a range check fails when the estimate is outside the range **and** the interval
at ``GateLimits.level`` excludes the ideal value; and it fails as *too uncertain* when that interval
is so wide that a seriously wrong model could hide in it. Error rates by simulation:
docs/decisions/0003-gate.md.

What fails is withheld: the model is stored, shown and documented, but does not speak. A group of
people in which the calibration or the coverage is off is withheld alone, unless such groups hold
most people.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from nof1.learn.conformal import CONFORMAL_LEVEL
from nof1.learn.evaluate import Evaluation
from nof1.learn.figures import Figure
from nof1.learn.subgroups import SubgroupRow

MORE_DATA = "Collect more outcomes: a longer period, more sites, or a longer horizon."
RECALIBRATE = "Recalibrate on recent rows, or look for a shift between training and test rows."


@dataclass(frozen=True)
class GateLimits:
    """Allowed ranges; the defaults are for a model that advises, not for one that decides.

    Parameters
    ----------
    level : of the intervals that decide whether a figure is off by more than noise. Checks where
        the model must prove something (discrimination, use) take the level of the evaluation.
    slope, large, coverage_margin, ece : allowed calibration slope, calibration-in-the-large (logit
        units), distance of the coverage from its aim, and debiased expected calibration error.
    widest_slope, widest_large, widest_ece : largest half-width (at 0.95) that is still informative.
    min_events : outcomes, and rows without the outcome, in the test rows.
    thresholds : range of risk thresholds in which the model must be of use; default from half to
        twice the prevalence.
    min_group : groups with fewer rows are shown but not judged.
    group_large : allowed calibration-in-the-large within a group (logit units).
    """

    level: float = 0.995
    slope: tuple[float, float] = (0.9, 1.1)
    large: tuple[float, float] = (-0.1, 0.1)
    ece: float = 0.03
    coverage_margin: float = 0.015
    widest_slope: float = 0.3
    widest_large: float = 0.3
    widest_ece: float = 0.05
    min_events: int = 50
    thresholds: tuple[float, float] | None = None
    min_group: int = 200
    group_large: float = 0.3


@dataclass(frozen=True, slots=True)
class Check:
    """One question of the gate and its answer.

    ``value``, ``low``, ``high``: the figure and its interval; ``allowed``: what passes, in words.
    """

    name: str
    passed: bool
    value: float | None
    low: float | None
    high: float | None
    allowed: str
    reason: str
    next_step: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


@dataclass(frozen=True)
class GateResult:
    """The verdict; ``withheld_groups``: "attribute=group" to the reason for silence there."""

    passed: bool
    checks: tuple[Check, ...]
    withheld_groups: dict[str, str]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed."""
        return tuple(check.name for check in self.checks if not check.passed)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "passed": self.passed,
            "failed": list(self.failed),
            "checks": [check.to_dict() for check in self.checks],
            "withheld_groups": dict(self.withheld_groups),
        }


def gate(
    found: Evaluation, *, leakage_passed: bool | None, limits: GateLimits | None = None
) -> GateResult:
    """Judge a model by its evaluation.

    Parameters
    ----------
    found : figures on rows that took no part in training or calibration.
    leakage_passed : result of the leakage audit; None = not run, which does not pass.
    """
    rules = limits or GateLimits()
    silent = _withheld_groups(found, rules)
    checks = (
        _leakage(leakage_passed),
        _enough(found, rules),
        _above("discrimination", _discrimination(found), 0.5),
        _above("better than the prevalence", found.figures["brier_skill"], 0.0),
        _within(
            "calibration slope",
            found.figures["calibration_slope"],
            rules.slope,
            1.0,
            rules.widest_slope,
            rules,
        ),
        _within(
            "calibration in the large",
            found.figures["calibration_in_the_large"],
            rules.large,
            0.0,
            rules.widest_large,
            rules,
        ),
        _calibration_error(found.figures["ece_debiased"], rules),
        _coverage(found, rules),
        _groups(found, silent),
        _useful(found, rules),
    )
    return GateResult(all(check.passed for check in checks), checks, silent)


def _check(
    name: str, figure: Figure, passed: bool, allowed: str, reason: str, step: str = ""
) -> Check:
    return Check(
        name, passed, figure.value, figure.low, figure.high, allowed, reason, "" if passed else step
    )


def _leakage(passed: bool | None) -> Check:
    reason = {True: "the audit found none", False: "the audit found leakage", None: "not run"}
    return Check(
        "leakage",
        passed is True,
        None,
        None,
        None,
        "the audit has run and found none",
        reason[passed],
        "" if passed else "Run the audit; remove the features that it names.",
    )


def _enough(found: Evaluation, rules: GateLimits) -> Check:
    fewer = min(found.events, found.rows - found.events)
    passed = fewer >= rules.min_events
    return Check(
        "enough outcomes",
        passed,
        float(fewer),
        None,
        None,
        f"at least {rules.min_events} test rows with and without the outcome",
        f"{found.events} with, {found.rows - found.events} without",
        "" if passed else MORE_DATA,
    )


def _discrimination(found: Evaluation) -> Figure:
    return found.figures["harrell_c" if found.kind == "survival" else "auroc"]


def _above(name: str, figure: Figure, floor: float) -> Check:
    allowed = f"interval above {floor:g}"
    if figure.value is None:
        return _check(name, figure, False, allowed, f"not estimable: {figure.note}", MORE_DATA)
    passed = figure.lies_above(floor)
    reason = (
        "better than the naive answer" if passed else "not clearly better than the naive answer"
    )
    return _check(name, figure, passed, allowed, reason, "Add features that carry information.")


def _within(
    name: str,
    figure: Figure,
    allowed: tuple[float, float],
    ideal: float,
    widest: float,
    rules: GateLimits,
) -> Check:
    words = f"{allowed[0]:g} to {allowed[1]:g}"
    if figure.value is None or figure.low is None or figure.high is None:
        return _check(name, figure, False, words, f"not estimable: {figure.note}", MORE_DATA)
    inside = allowed[0] <= figure.value <= allowed[1]
    if not inside and not figure.at_level(rules.level).contains(ideal):
        return _check(name, figure, False, words, "outside, by more than noise", RECALIBRATE)
    if (figure.high - figure.low) / 2 > widest:
        reason = f"too uncertain: interval wider than ±{widest:g}"
        return _check(name, figure, False, words, reason, MORE_DATA)
    reason = "inside" if inside else f"outside, but noise explains it: compatible with {ideal:g}"
    return _check(name, figure, True, words, reason)


def _calibration_error(figure: Figure, rules: GateLimits) -> Check:
    words = f"not clearly above {rules.ece:g}"
    if figure.value is None or figure.low is None or figure.high is None:
        reason = f"not estimable: {figure.note}"
        return _check("calibration error", figure, False, words, reason, MORE_DATA)
    if figure.low > rules.ece:
        return _check("calibration error", figure, False, words, "clearly above", RECALIBRATE)
    if figure.high - figure.value > rules.widest_ece:
        return _check("calibration error", figure, False, words, "too uncertain", MORE_DATA)
    reason = "inside" if figure.value <= rules.ece else "above, but noise explains it"
    return _check("calibration error", figure, True, words, reason)


def _coverage(found: Evaluation, rules: GateLimits) -> Check:
    name = "conformal coverage"
    figure = found.figures.get(name.replace(" ", "_"), Figure.missing("no calibration table"))
    allowed = (CONFORMAL_LEVEL - rules.coverage_margin, CONFORMAL_LEVEL + rules.coverage_margin)
    return _within(name, figure, allowed, CONFORMAL_LEVEL, 0.05, rules)


def _withheld_groups(found: Evaluation, rules: GateLimits) -> dict[str, str]:
    """Groups of some size whose calibration or coverage is off by more than noise (Bonferroni)."""
    judged = [row for row in found.subgroups if (row.rows or 0) >= rules.min_group]
    level = 1 - (1 - rules.level) / max(1, 2 * len(judged))
    reasons = {f"{row.attribute}={row.group}": _group_fault(row, level, rules) for row in judged}
    return {name: reason for name, reason in reasons.items() if reason}


def _group_fault(row: SubgroupRow, level: float, rules: GateLimits) -> str:
    """Why the model is silent in this group, or nothing."""
    large, share = row.calibration, row.coverage
    off = large.value is not None and abs(large.value) > rules.group_large
    if off and not large.at_level(level).contains(0.0):
        return "risks too low here" if (large.value or 0) > 0 else "risks too high here"
    if share is None or share.value is None or share.high is None:
        return ""
    short = share.value < CONFORMAL_LEVEL - rules.coverage_margin
    if short and not share.at_level(level).contains(CONFORMAL_LEVEL):
        return "prediction sets hold the outcome too rarely here"
    return ""


def _groups(found: Evaluation, silent: dict[str, str]) -> Check:
    attributes: dict[str, int] = {}
    for row in found.subgroups:
        if f"{row.attribute}={row.group}" in silent:
            attributes[row.attribute] = attributes.get(row.attribute, 0) + (row.rows or 0)
    share = max(attributes.values(), default=0) / max(found.rows, 1)
    passed = share <= 0.5
    reason = f"withheld in {', '.join(sorted(silent))}" if silent else "no group is off"
    return Check(
        "groups",
        passed,
        share,
        None,
        None,
        "withheld groups hold at most half of the people",
        reason,
        "" if passed else "Recalibrate within the groups, or train one model for each.",
    )


def _useful(found: Evaluation, rules: GateLimits) -> Check:
    prevalence = found.figures["prevalence"].value or 0.0
    low, high = rules.thresholds or (0.5 * prevalence, 2 * prevalence)
    points = [one for one in found.net_benefit if low <= one.threshold <= high]
    allowed = f"better than treating all and none at a threshold of {low:.2f} to {high:.2f}"
    step = "Do not act on this model at these thresholds; add informative features."
    if not points:
        return Check("net benefit", False, None, None, None, allowed, "no such threshold", step)
    gains = {one.threshold: one.gain_figure(rules.level) for one in points}
    best = max(gains, key=lambda threshold: gains[threshold].low or 0.0)
    passed = gains[best].lies_above(0.0)
    reason = f"best at {best:.2f}" if passed else "acting on it is not clearly of use"
    return _check("net benefit", gains[best], passed, allowed, reason, step)
