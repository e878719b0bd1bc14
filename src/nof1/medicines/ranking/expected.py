"""What a medicine may change for this person: the own risk from a model, times what trials found.

The risk is a stored model's answer about this patient (``PatientRisk``). The relative effect of a
medicine comes from a trial. The product assumes that the relative effect is the same for everybody;
every answer says so. A model of the treatment effect itself needs no such product; its answer is
handed in as ``PatientEffect``.

Nothing here speaks of harm: bleeding and the like stand in other columns.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

from nof1.core.finding import Finding, Interval, Status
from nof1.knowledge import duplicates as same
from nof1.knowledge import effects as trials
from nof1.knowledge.base import SHIPPED, Base
from nof1.knowledge.effects import MEASURES, PLACEBO, Effect

YEAR = 365.0
SIZES = (100, 1_000, 10_000)


@dataclass(frozen=True)
class PatientRisk:
    """A model's answer about an outcome in this patient.

    Attributes
    ----------
    outcome : names of diseases (``nof1.knowledge.indications``), or ``death`` alone.
    finding : of kind risk: found with the absolute risk, or an open refusal with its reason.
    among : medicines of which everybody in the model's data starts one when the risk begins.
    """

    outcome: frozenset[str]
    finding: Finding
    among: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PatientEffect:
    """A treatment-effect model's answer about one medicine in this patient.

    Attributes
    ----------
    against : what is compared with: another medicine, or ``placebo``.
    finding : of kind effect. Its value is the risk (0 to 1) with ``against`` minus the risk with
        the medicine: above 0 the outcome is rarer with the medicine.
    """

    medicine: str
    against: str
    outcome: frozenset[str]
    finding: Finding


@dataclass(frozen=True)
class Benefit:
    """What is expected of one medicine for this person.

    Attributes
    ----------
    about : what it is measured on: outcome, model and version, days. Only equals are compared.
    fewer : risk now minus risk with the medicine; below 0 the outcome becomes more frequent.
    before, after : the two risks; None where a model gave only their difference.
    low, high : of ``fewer``, with the uncertainty of both risk and effect; ``level`` its coverage.
    effect : the trial; None for a medicine that is taken (it is what is compared with), and where a
        treatment-effect model answers.
    """

    about: tuple[str, str, float | None]
    fewer: float
    low: float
    high: float
    level: float
    before: float | None = None
    after: float | None = None
    effect: Effect | None = None

    @property
    def counts(self) -> str:
        """``9 fewer of 1,000 people like this; range 2 fewer to 25 fewer``."""
        size = size_for(self.fewer, self.before)
        number = _number(self, size)
        least = min(number, math.floor(self.low * size + 1e-9))
        most = max(number, math.ceil(self.high * size - 1e-9))
        return (
            f"{_change(number)} of {size:,} people like this; range {_change(least)} to "
            f"{_change(most)}"
        )


@dataclass(frozen=True)
class Situation:
    """What the risks of one patient hold for.

    Attributes
    ----------
    risks : the models' answers, each outcome once, the preferred first.
    now : medicines that are taken now. then : outcome -> those taken when its risk began.
    over : outcomes that the record shows since their risk began.
    """

    risks: tuple[PatientRisk, ...] = ()
    now: frozenset[str] = frozenset()
    then: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)
    over: frozenset[frozenset[str]] = frozenset()


def preferred(risks: Sequence[PatientRisk], disease: str) -> tuple[PatientRisk, ...]:
    """One answer for each outcome: found ones first, then the time span nearest to a year."""

    def key(one: PatientRisk) -> tuple[bool, bool, float, str]:
        days = one.finding.horizon_days or 0.0
        found = one.finding.status is Status.FOUND and one.finding.value is not None
        return not found, one.outcome != {disease}, abs(days - YEAR), one.finding.basis.id

    chosen: dict[frozenset[str], PatientRisk] = {}
    for one in sorted(risks, key=key):
        chosen.setdefault(one.outcome, one)
    return tuple(chosen.values())


def benefit(
    drug: str, disease: str, risk: PatientRisk, here: Situation, base: Base = SHIPPED
) -> Benefit | str:
    """The benefit of a medicine on one outcome whose risk is found; or why it is not known."""
    finding, then = risk.finding, here.then.get(risk.outcome, here.now)
    assert finding.value is not None
    if risk.outcome in here.over:
        return "the record shows this outcome since the risk was reckoned"
    if drug in here.now:
        if drug not in then:
            return f"{drug} was started after the moment from which the risk counts"
        return _reference(risk)
    if drug in then:
        return f"{drug} was taken when the risk began and is no longer"
    found = [one for one in trials.of(disease, drug, base) if one.outcome == risk.outcome]
    problems = [_problem(one, then, here.now, risk.among, base) for one in found]
    for one, problem in sorted(
        zip(found, problems, strict=True), key=lambda pair: pair[0].against == PLACEBO
    ):
        if not problem:
            return _product(risk, one)
    return problems[0] if problems else f"no trial of {drug} on it is in our table"


def _problem(
    effect: Effect,
    then: Collection[str],
    now: Collection[str],
    among: Collection[str],
    base: Base,
) -> str:
    """Why a trial does not fit what the patient takes; empty when it does."""
    if effect.against != PLACEBO:
        if effect.against in then and effect.against in now:
            return ""
        return f"the trial compared it with {effect.against}, which this person does not take"
    others = sorted({*then, *now, *among})
    alike = sorted({one.other for one in same.of(effect.medicine, others, base)})
    if alike:
        return (
            f"the risk is that of people who take {' or '.join(alike)}, which does the same, and "
            "the trial compared it with placebo"
        )
    return ""


def _about(outcome: frozenset[str], finding: Finding) -> tuple[str, str, float | None]:
    model = f"{finding.basis.id}/{finding.basis.version}"
    return " or ".join(sorted(outcome)), model, finding.horizon_days


def _reference(risk: PatientRisk) -> Benefit:
    value = risk.finding.value
    assert value is not None
    about, level = _about(risk.outcome, risk.finding), value.interval.level
    return Benefit(about, 0.0, 0.0, 0.0, level, value.amount, value.amount)


def _product(risk: PatientRisk, effect: Effect) -> Benefit:
    value = risk.finding.value
    assert value is not None
    span = difference(value.amount, value.interval, effect)
    after = effect.applied(value.amount)
    return Benefit(
        _about(risk.outcome, risk.finding),
        value.amount - after, span.low, span.high, span.level, value.amount, after, effect,
    )  # fmt: skip


def difference(risk: float, span: Interval, effect: Effect) -> Interval:
    """The interval of ``risk - effect.applied(risk)``, at the level of the risk's interval.

    Both uncertainties are independent. Each limit is the estimate plus or minus the root of the sum
    of squares of how far either alone moves it (variance estimates recovered from limits: Zou GY,
    Donner A, Stat Med 2008;27:1693). The trial's interval is brought to the level of the risk's on
    the logarithm of the ratio.
    """
    point = risk - effect.applied(risk)
    by_risk = [one - effect.applied(one) - point for one in (span.low, span.high)]
    ends = _ends(effect, span.level)
    by_effect = [risk - effect.applied(risk, ratio) - point for ratio in ends]
    down = math.hypot(min(*by_risk, 0.0), min(*by_effect, 0.0))
    up = math.hypot(max(*by_risk, 0.0), max(*by_effect, 0.0))
    return Interval(low=max(point - down, -1.0), high=min(point + up, 1.0), level=span.level)


def _ends(effect: Effect, level: float) -> tuple[float, float]:
    """The ends of a trial's interval at another level."""
    quantile = NormalDist().inv_cdf
    scale = quantile((1 + level) / 2) / quantile((1 + effect.level) / 2)
    low, high = (effect.ratio * (end / effect.ratio) ** scale for end in (effect.low, effect.high))
    return low, high


def of_effect(one: PatientEffect) -> Benefit | None:
    """The benefit that a treatment-effect model found; None when it did not."""
    value = one.finding.value
    if one.finding.status is not Status.FOUND or value is None:
        return None
    span = value.interval
    about = _about(one.outcome, one.finding)
    return Benefit(about, value.amount, span.low, span.high, span.level)


def told(found: Benefit, drug: str) -> Iterator[str]:
    """The benefit in natural frequencies, and what it rests on, a sentence each."""
    if found.before is None or found.after is None:
        yield f"Expected of {drug}: {found.counts} ({found.level:.0%} interval)."
        return
    size = size_for(found.fewer, found.before)
    before, after = round(found.before * size), round(found.after * size)
    if found.effect is None:
        yield f"{drug} is taken: this is the risk with it, with which the others are compared."
        return
    effect = found.effect
    now = "without it" if effect.against == PLACEBO else f"with {effect.against}, as now"
    counts = found.counts.replace(f" of {size:,} people like this", "")
    yield (
        f"Of {size:,} people like this: {before:,} {now}, {after:,} with {drug} ({counts}; "
        f"{found.level:.0%} interval)."
    )
    ratio = f"{MEASURES[effect.measure]} {effect.ratio:.2f}, {effect.low:.2f} to {effect.high:.2f}"
    yield (
        f"Population effect ({ratio}, for {effect.measured}; people: {effect.people}) applied to "
        "this patient's own risk (assumes a constant relative effect). Harm is not in it."
    )


def size_for(fewer: float, risk: float | None) -> int:
    """How many people to count in, so that the difference is at least one of them."""
    least = min(abs(fewer) or 1.0, risk or 1.0)
    return next((size for size in SIZES if least * size >= 1), SIZES[-1])


def _number(found: Benefit, size: int) -> int:
    """So many fewer, as the difference of the two numbers that are shown."""
    if found.before is None or found.after is None:
        return round(found.fewer * size)
    return round(found.before * size) - round(found.after * size)


def _change(number: int) -> str:
    return f"{abs(number):,} {'fewer' if number >= 0 else 'more'}" if number else "no change"
