"""What the exercises ask for, computed: every answer of a lesson comes from one of these.

Chances and shares run from 0 to 1. Nothing here rounds; an exercise says how exact an answer
has to be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

CREATININE = 88.42  # µmol/L in one mg/dL: 10,000 over its molar mass of 113.1 g/mol


class Alerts(NamedTuple):
    """How an alert sorts people: four groups that add up to everybody."""

    found: float
    missed: float
    false_alarms: float
    quiet: float

    @property
    def share(self) -> float:
        """Of the people with an alert, the share that is ill (positive predictive value)."""
        return self.found / (self.found + self.false_alarms)


def alerts(people: float, ill: float, sensitivity: float, specificity: float) -> Alerts:
    """Split people by illness and alert; the expected numbers."""
    found, quiet = ill * sensitivity, (people - ill) * specificity
    return Alerts(found, ill - found, people - ill - quiet, quiet)


def odds(chance: float) -> float:
    """Chance of yes over chance of no."""
    return chance / (1 - chance)


def chance(of_odds: float) -> float:
    """The chance that belongs to odds."""
    return of_odds / (1 + of_odds)


def unslip(shown: float, factor: float) -> float:
    """The chance behind a shown one whose odds are ``factor`` times too high."""
    return chance(odds(shown) / factor)


def moved(shown: float, there: float, here: float) -> float:
    """A chance made where the base rate is ``there``, corrected for the base rate ``here``.

    Holds when only the base rate differs: the odds shift by the ratio of the base odds.
    Reference: Saerens, Latinne & Decaestecker, Neural Comput 14 (2002) 21.
    """
    return chance(odds(shown) * odds(here) / odds(there))


def brier(said: Sequence[float], happened: Sequence[float]) -> float:
    """Mean squared distance between what was said and what happened (0 or 1); 0 is perfect.

    Reference: Brier, Mon Weather Rev 78 (1950) 1.
    """
    return sum((p - y) ** 2 for p, y in zip(said, happened, strict=True)) / len(said)


def threshold(harm_of_missing: float) -> float:
    """From which chance acting is better, when missing one is that many times worse than acting
    once for nothing.

    Reference: Pauker & Kassirer, N Engl J Med 302 (1980) 1109.
    """
    return 1 / (1 + harm_of_missing)


def net_benefit(found: float, false_alarms: float, at: float) -> float:
    """Found people, less false alarms weighed by the odds of the threshold (same unit as found).

    Reference: Vickers & Elkin, Med Decis Making 26 (2006) 565.
    """
    return found - false_alarms * odds(at)


def conformal_set(ill: float, healthy: float, error: float) -> str:
    """Which answers stay possible, from the plausibility (p-value) of each.

    An answer stays when its plausibility is above the allowed error. When none stays, the patient
    is atypical for the model; this is never "neither".

    Reference: Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World (2005).
    """
    stays = (ill > error, healthy > error)
    return {
        (True, True): "both",
        (True, False): "ill",
        (False, True): "healthy",
        (False, False): "atypical",
    }[stays]


def after_reasons(start: float, factors: Sequence[float]) -> float:
    """A chance after reasons that each multiply its odds."""
    return chance(odds(start) * math.prod(factors))


def final_count(so_far: float, reported: float) -> float:
    """What a count becomes when ``reported`` is the share that is usually in by now."""
    return so_far / reported


def alarm_share(true_alarms: float, quiet_series: float, level: float) -> float:
    """The share of alarms that are real, when each quiet series alarms with chance ``level``."""
    return true_alarms / (true_alarms + quiet_series * level)


def rate(cases: float, people: float) -> float:
    """Cases per 100,000 people."""
    return 100_000 * cases / people


def on_both_sides(rows: int, training: float) -> float:
    """Chance that a patient with ``rows`` rows stands in training and test data, when rows (not
    patients) are drawn at random with the share ``training``."""
    return float(1 - training**rows - (1 - training) ** rows)


def at_least_one(tries: int, level: float) -> float:
    """Chance that one of several useless tries succeeds by chance, each with chance ``level``."""
    return float(1 - (1 - level) ** tries)


def seen(days: Sequence[int], look_back: int) -> int:
    """How many events a model may see: from ``look_back`` days before day 0 up to day 0 itself."""
    return sum(-look_back <= day <= 0 for day in days)


def gate(slope: float, coverage: float, aim: float) -> str:
    """Whether a model may speak by two of the checks of the gate, or what holds it back.

    The slope of the calibration lies from 0.9 to 1.1, and the coverage within 1.5 points of its
    aim: the limits of ``nof1.learn.gate`` for test sets so large that noise plays no part.
    """
    bad_slope = not 0.9 <= slope <= 1.1
    bad_coverage = round(abs(coverage - aim), 4) > 0.015
    return {
        (False, False): "passes",
        (True, False): "slope",
        (False, True): "coverage",
        (True, True): "both fail",
    }[bad_slope, bad_coverage]


def trainings(budget: float, each: float) -> int:
    """How often one may train when privacy costs simply add up."""
    return math.floor(budget / each + 1e-9)
