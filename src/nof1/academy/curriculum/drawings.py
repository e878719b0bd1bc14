"""The drawings of lessons: a kind and a few settings, made by the charts the real pages use.

What is shown is computed (a model whose odds are 1.6 times too high, towns with one true rate),
so a drawing cannot disagree with its lesson.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from nof1.academy.curriculum import answers, sketches
from nof1.core.errors import UsageError
from nof1.pictures import model_charts, patient_charts
from nof1.pictures.picture import Picture
from nof1.pictures.tree_charts import alert_tree

PREDICTED = (0.03, 0.06, 0.1, 0.15, 0.2, 0.27, 0.35, 0.45, 0.6)
GROUP = 220  # people behind each point of a calibration chart


def make(kind: str, of: Mapping[str, Any]) -> Picture:
    """The picture of a kind with its settings.

    Raises
    ------
    UsageError : there is no such kind.
    """
    if kind not in KINDS:
        raise UsageError("There is no such drawing.", where=kind, allowed=list(KINDS))
    return KINDS[kind](**of)


def tree(people: int, ill: int, sensitivity: float, specificity: float) -> Picture:
    """People, ill people, and who gets an alert; the two rates in per cent."""
    split = answers.alerts(people, ill, sensitivity / 100, specificity / 100)
    return alert_tree(people, ill, round(split.found), round(split.false_alarms))


def calibration(title: str, factor: float = 1.0, slope: float = 1.0) -> Picture:
    """A model whose numbers are off, with 220 people behind each point.

    Parameters
    ----------
    factor : its odds are this many times too high (below 1: too low).
    slope : of its calibration (log odds around 20 %); below 1 its predictions are too extreme.
    """
    rows, middle = [], answers.odds(0.2)
    for said in PREDICTED:
        turned = answers.chance(middle * (answers.odds(said) / middle) ** slope)
        observed = answers.unslip(turned, factor)
        low, high = _wilson(observed, GROUP)
        rows.append(
            {"predicted": said, "observed": observed, "low": low, "high": high, "rows": GROUP}
        )
    return model_charts.calibration(rows, title)


def decision(base_rate: float, separation: float, title: str) -> Picture:
    """Net benefit of a calibrated score; ill and healthy lie ``separation`` units apart."""
    rows = []
    for step in range(1, 46):
        at = step / 100
        cut = (math.log(answers.odds(at)) - math.log(answers.odds(base_rate))) / separation
        found = base_rate * _above(cut - separation / 2)
        false = (1 - base_rate) * _above(cut + separation / 2)
        worth = answers.net_benefit(found, false, at)
        spread = 1.96 * math.sqrt(max(found + false, 1e-6) / 2000)
        rows.append(
            {
                "threshold": at,
                "model": worth,
                "low": worth - spread * base_rate,
                "high": worth + spread * base_rate,
                "treat_all": answers.net_benefit(base_rate, 1 - base_rate, at),
            }
        )
    return model_charts.decision_curve(rows, title)


def intervals(count: int, level: float, seed: int) -> Picture:
    """Many 90 % intervals around estimates of one true value, the ones that miss it marked."""
    chance, truth, error = Random(seed), 0.2, 0.05
    half = {0.8: 1.2816, 0.9: 1.6449, 0.95: 1.96}[level] * error
    middles = [chance.gauss(truth, error) for _ in range(count)]
    return sketches.intervals([(m - half, m + half) for m in middles], truth, level)


def funnel(rate: float, towns: int, seed: int) -> Picture:
    """Rates of towns of all sizes that share one true rate (per 100,000)."""
    chance = Random(seed)
    rows = []
    for i in range(towns):
        people = int(2000 * 1.45**i)
        cases = _poisson(chance, rate * people / 100_000)
        rows.append((people, answers.rate(cases, people), cases))
    return sketches.funnel(rows, rate)


def _above(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2))


def _wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


def _poisson(chance: Random, mean: float) -> int:
    """A count, by inversion; exact enough for a drawing."""
    if mean > 60:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


KINDS: dict[str, Callable[..., Picture]] = {
    "icons": patient_charts.icon_array,
    "riskbar": patient_charts.risk_bar,
    "tree": tree,
    "calibration": calibration,
    "decision": decision,
    "intervals": intervals,
    "funnel": funnel,
    "sets": sketches.sets,
    "bars": sketches.bars,
    "window": sketches.window,
    "fan": sketches.reported,
}
