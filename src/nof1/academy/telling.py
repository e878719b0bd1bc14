"""The words of a case: the question before the card, and the feedback after the last answer."""

from __future__ import annotations

from nof1.academy.cases import Truth, Vignette, per_hundred
from nof1.academy.chart import day_words
from nof1.academy.faults import Fault
from nof1.academy.situation import Situation
from nof1.core.finding import Finding

OLD_AGE = 75
HIGH_LDL, HIGH_SYSTOLIC = 160, 160
# Classic reasons: a card looks odd that acts on so few, or does not act on so many.
FEW, MANY = 1, 3


def question(behind: Situation, threshold: float) -> str:
    """What is asked, with the threshold in words."""
    return (
        f"Will this patient have a heart attack within a year of {day_words(behind.person.at)}? "
        f"The clinic acts (an intensive programme of prevention, with its own burden) when the "
        f"risk is {threshold * 100:.0f} of 100 or more. Would you act?"
    )


def classic(chart: Vignette) -> list[str]:
    """The classic reasons for a high risk that a reader sees in the chart."""
    problems, labs = " ".join(chart.problems), {lab.name: lab.value for lab in chart.labs}
    found = {
        f"{OLD_AGE} years or older": chart.age >= OLD_AGE,
        "an earlier heart attack": "Myocardial infarction" in problems,
        "diabetes": "diabetes" in problems,
        "kidney disease": "kidney" in problems,
        "smoking": "Smokes." in chart.note,
        "a high LDL": labs.get("LDL cholesterol", 0) >= HIGH_LDL,
        "a high blood pressure": labs.get("Systolic blood pressure", 0) >= HIGH_SYSTOLIC,
    }
    return [name for name, there in found.items() if there]


def surprising(chart: Vignette, advised: bool) -> bool:
    """Whether a card looks odd beside the chart, right or not."""
    count = len(classic(chart))
    return count <= FEW if advised else count >= MANY


def explain_fault(
    fault: Fault,
    behind: Situation,
    before: float | None,
    card: Finding,
    truth: Truth,
    threshold: float,
) -> str:
    """What was wrong, which check shows it, and how it is judged."""
    assert card.value is not None
    return " ".join(
        (
            f"{fault.title}. {fault.explain} {behind.done}",
            f"Without the fault the card would have said {per_hundred(before)}; with it, it said "
            f"{per_hundred(card.value.amount)}."
            if before is not None
            else f"The card said {per_hundred(card.value.amount)}.",
            _truth(truth, threshold),
        )
    )


def explain_sound(chart: Vignette, card: Finding, truth: Truth, threshold: float, odd: bool) -> str:
    """Why the card was right, and where it looked odd."""
    assert card.value is not None
    parts = [f"Nothing was wrong with this card: it said {per_hundred(card.value.amount)}."]
    if odd:
        reasons = classic(chart)
        said = f"only {reasons[0]}" if reasons else "none of the classic reasons"
        many = f"many classic reasons ({', '.join(reasons)})"
        acts = card.value.amount >= threshold
        parts = [
            f"The card was right, and looked odd: the chart shows {said if acts else many}.",
            _deciding(card, acts),
        ]
    return " ".join((*parts, _truth(truth, threshold)))


def _deciding(card: Finding, acts: bool) -> str:
    """The strongest reasons in the direction of the card, one of each kind."""
    told: dict[str, str] = {}
    for one in card.evidence:
        if ((one.contribution or 0) > 0) == acts:
            told.setdefault((one.feature or "").partition("//")[2].partition("//")[0], one.text)
    reasons = list(told.values())[:2]
    if not reasons:
        return "All reasons together, large and small, do not reach the threshold."
    return f"What decided was “{'” and “'.join(reasons)}”; the source events bear that out."


def _truth(truth: Truth, threshold: float) -> str:
    verb = "at or above" if truth.right else "below"
    right = "acting" if truth.right else "not acting"
    happened = "a heart attack" if truth.outcome else "no heart attack"
    return (
        f"The true risk is {_exact(truth.risk)}, {verb} the threshold of "
        f"{threshold * 100:.0f}: {right} was right. In the end this one patient had {happened}; a "
        "decision is judged by the true risk, not by how one case happened to end."
    )


def _exact(risk: float) -> str:
    """As ``per_hundred``, with a decimal where rounding could hide the side of a threshold."""
    return per_hundred(risk) if risk >= 0.01 else f"{risk * 100:.1f} of 100"
