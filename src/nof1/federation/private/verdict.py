"""The figures of a private model, from noised tables, with intervals that hold the noise as well.

A table with noise is judged as if its counts were people. Then the noise is drawn again many times
on top of that table: how far each figure moves is what the noise may have done to it, and each
interval is stretched by it. So a small budget shows as wide intervals, and the gate refuses what it
cannot see.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nof1.federation.judging import Groups
from nof1.federation.private.tables import CELLS, Tables, rows_of, voice_of
from nof1.learn.calibration import CalibrationBin
from nof1.learn.decision_curve import NetBenefit
from nof1.learn.evaluate import Evaluation, evaluate
from nof1.learn.figures import Figure, z_value
from nof1.learn.gate import Check, GateResult, gate
from nof1.learn.subgroups import SubgroupRow
from nof1.predict.card import Verdict
from nof1.predict.crossfit import Voice

AGAIN = 25
RESAMPLES = 200
LEAKAGE = Check(
    "leakage", True, None, None, None, "each site's audit has found none",
    "each site looks at home and tells nobody: a site that finds leakage keeps the model silent "
    "there",
)  # fmt: skip
SHARES = frozenset(
    ("prevalence", "auroc", "average_precision", "brier", "ece", "ece_debiased", "atypical_share",
     "conformal_coverage", "conformal_coverage_no", "conformal_coverage_yes")
)  # fmt: skip
NOT_TOLD = "not told in a private model"
GROUP_NOTE = "counts carry noise"


@dataclass(frozen=True)
class _Judge:
    """Half 0 as judged by half 1's voice, and the other way round."""

    voices: tuple[Voice, Voice]

    def evaluation(self, tables: Tables, seed: int, resamples: int) -> Evaluation:
        half, label, cell = rows_of(tables.cells)
        decision = tables.scale.middles[cell]
        risk, sets = np.empty(len(cell)), np.zeros((len(cell), 2), dtype=bool)
        for one in (0, 1):
            here = half == one
            voice = self.voices[1 - one]
            risk[here] = voice.interval.risk(decision[here])
            sets[here] = voice.conformal.sets(decision[here])
        return evaluate(
            label.astype(np.float64),
            risk,
            sets=sets,
            conformal=self.voices[0].conformal,
            resamples=resamples,
            seed=seed,
        )


def judged(tables: Tables, groups: Sequence[Groups], horizon_days: float, seed: int) -> Verdict:
    """Voice, figures and the gate's answer from the noised tables.

    Parameters
    ----------
    seed : of the draws that stretch the intervals, the same at all sites; it protects nothing.
    """
    rng = np.random.default_rng(seed)
    voice = voice_of(tables, (0, 1))
    judge = _Judge((voice_of(tables, (0,)), voice_of(tables, (1,))))
    found = judge.evaluation(tables, seed, RESAMPLES)
    others = [judge.evaluation(tables.again(rng), seed, 2) for _ in range(AGAIN)]
    figures = {
        name: stretched(one, [each.figures[name].value for each in others], name in SHARES)
        for name, one in found.figures.items()
    }
    rows = [row for one in groups for row in _group_rows(one, tables, voice)]
    evaluation = replace(
        found,
        figures=figures,
        calibration=_calibration(found.calibration, tables),
        net_benefit=_net_benefit(found.net_benefit, [one.net_benefit for one in others]),
        subgroups=tuple(sorted(rows, key=_worst_first)),
    )
    return Verdict(horizon_days, voice, evaluation, gate_of(evaluation))


def gate_of(evaluation: Evaluation) -> GateResult:
    """The usual gate; leakage is looked for at each site, which tells nobody what it found."""
    made = gate(evaluation, leakage_passed=True)
    checks = tuple(LEAKAGE if one.name == LEAKAGE.name else one for one in made.checks)
    return GateResult(all(one.passed for one in checks), checks, made.withheld_groups)


def stretched(figure: Figure, others: Sequence[float | None], share: bool = False) -> Figure:
    """The figure moved back by what the noise does on average, its interval widened by the rest.

    Parameters
    ----------
    others : the figure from tables with the noise once more; None where it could not be had. It
        is not estimable when it cannot be had from most tables.
    share : whether it cannot be below 0 or above 1.
    """
    had = np.array([one for one in others if one is not None and math.isfinite(one)])
    if figure.value is None or figure.low is None or figure.high is None:
        return figure
    if len(had) < max(2, len(others) // 2):
        return Figure.missing("the noise hides it", figure.level)
    inside = (0.0, 1.0) if share else (-math.inf, math.inf)
    value = float(np.clip(2 * figure.value - had.mean(), *inside))
    by_noise = z_value(figure.level) * float(had.std(ddof=1)) * math.sqrt(1 + 1 / len(had))
    low = value - math.hypot(figure.value - figure.low, by_noise)
    high = value + math.hypot(figure.high - figure.value, by_noise)
    note = f"{figure.note}; interval holds the noise".removeprefix("; ")
    return Figure(value, max(low, inside[0]), min(high, inside[1]), figure.level, note)


def _calibration(points: Sequence[CalibrationBin], tables: Tables) -> tuple[CalibrationBin, ...]:
    """The curve with limits that hold the noise of the cells behind each point."""
    cells = 2 * 2 * CELLS / max(len(points), 1)  # of two halves, with and without the outcome
    made = []
    for one in points:
        by_noise = z_value(0.95) * tables.noises.cell * math.sqrt(cells) / max(one.rows, 1)
        low = one.observed - math.hypot(one.observed - one.low, by_noise)
        high = one.observed + math.hypot(one.high - one.observed, by_noise)
        made.append(replace(one, low=max(0.0, low), high=min(1.0, high)))
    return tuple(made)


def _net_benefit(
    points: Sequence[NetBenefit], others: Sequence[Sequence[NetBenefit]]
) -> tuple[NetBenefit, ...]:
    """The decision curve with limits that hold the noise; thresholds are the same everywhere."""
    made = []
    for place, one in enumerate(points):
        by_noise = [
            z_value(one.level) * float(np.std([getattr(each[place], name) for each in others]))
            for name in ("model", "gain")
        ]
        made.append(
            replace(
                one,
                low=one.model - math.hypot(one.model - one.low, by_noise[0]),
                high=one.model + math.hypot(one.high - one.model, by_noise[0]),
                gain_low=one.gain - math.hypot(one.gain - one.gain_low, by_noise[1]),
                gain_high=one.gain + math.hypot(one.gain_high - one.gain, by_noise[1]),
            )
        )
    return tuple(made)


def _group_rows(one: Groups, tables: Tables, voice: Voice) -> list[SubgroupRow]:
    """Calibration of each group, from how many have the outcome below and above the middle."""
    all_of = tables.cells.sum(axis=(0, 1))
    upper = np.arange(CELLS) >= CELLS // 2
    risk = voice.interval.risk(tables.scale.middles)
    mean = [float(all_of[part] @ risk[part] / max(all_of[part].sum(), 1e-9))
            for part in (~upper, upper)]  # fmt: skip
    expected = np.array(mean)
    return [
        _group_row(one.attribute, label, counts, expected, tables.noises.group)
        for label, counts in zip(one.labels, tables.groups[one.attribute], strict=True)
    ]


def _group_row(
    attribute: str, label: str, counts: np.ndarray, expected: np.ndarray, noise: float
) -> SubgroupRow:
    people = np.maximum(counts.sum(axis=0), 0.0)
    cases = float(counts[1].sum())
    wanted = float(people @ expected)
    information = float(people @ (expected * (1 - expected)))
    missing = Figure.missing(NOT_TOLD)
    spread = math.hypot(math.sqrt(max(information, 0.0)), noise * math.sqrt(counts[1].size))
    spread = math.hypot(spread, noise * math.sqrt(2.0) * float(np.linalg.norm(expected)))
    if information < 2 * spread or people.sum() < 4 * noise or cases <= 0:
        note = "too few people for the noise"
        empty = Figure.missing(note)
        return SubgroupRow(
            attribute, label, None, None, missing, empty, empty, None, None, False, note
        )
    half = z_value(0.95) * spread
    large = Figure((cases - wanted) / information, (cases - wanted - half) / information,
                   (cases - wanted + half) / information, note=GROUP_NOTE)  # fmt: skip
    ratio = Figure(cases / wanted, max(0.0, (cases - half) / wanted), (cases + half) / wanted,
                   note=GROUP_NOTE)  # fmt: skip
    gap = abs(cases - wanted) / spread
    return SubgroupRow(
        attribute, label, round(float(people.sum())), round(cases), missing, ratio, large, None,
        gap, gap > z_value(0.995), GROUP_NOTE,
    )  # fmt: skip


def _worst_first(row: SubgroupRow) -> tuple[bool, float]:
    return row.gap is None, -(row.gap or 0.0)
