"""Exact one-year risks, from the known hazards: with the treatment given, and with either one.

In the year after a first antiplatelet or anticoagulant the simulated hazards read the causes as
they stood on the index date, so the one-year risk of each person is a closed sum, not an estimate.
"""

from __future__ import annotations

import numpy as np

from nof1.synthetic.causes import (
    CASE_FATALITY,
    DEATH,
    EARLY_EXCESS,
    HEART_ATTACK,
    MAJOR_BLEED,
    RISK_MONTHS,
    Array,
    Causes,
    probability,
    with_interactions,
)

# Which medicines are weighed against each other, and which outcome the decision is about.
COMPARISONS = {
    "antiplatelet": (("clopidogrel", "ticagrelor"), "heart_attack"),
    "anticoagulant": (("warfarin", "apixaban"), "major_bleed"),
}


def one_year_risk(causes: Causes, outcome: str, *, recent_stent: bool) -> Array:
    """The chance of a first ``outcome`` within 365 days, death competing.

    Parameters
    ----------
    causes : name -> array of shape (n,), as they stood on the index date.
    outcome : ``"heart_attack"`` or ``"major_bleed"``.
    recent_stent : whether the early excess after a stent applies.

    Returns
    -------
    array of shape (n,), 0 = impossible, 1 = certain.
    """
    attack, bleed, death = monthly_chances(causes, recent_stent=recent_stent)
    own, other = (attack, bleed) if outcome == "heart_attack" else (bleed, attack)
    rival = "major_bleed" if outcome == "heart_attack" else "heart_attack"
    stays = (1 - own) * (1 - other * CASE_FATALITY[rival]) * (1 - death)
    at_risk = np.cumprod(np.vstack([np.ones(own.shape[1]), stays[:-1]]), axis=0)
    # A heart attack is drawn before a bleed in the same month, and may be fatal.
    first = 1 - attack * CASE_FATALITY["heart_attack"] if outcome == "major_bleed" else 1.0
    return np.asarray((at_risk * own * first).sum(axis=0))


def monthly_chances(causes: Causes, *, recent_stent: bool) -> tuple[Array, Array, Array]:
    """Chances of heart attack, major bleed and death for each risk month: (12, n) each."""
    full = with_interactions(causes)
    early = EARLY_EXCESS if recent_stent else np.ones(RISK_MONTHS)
    attack = probability(early[:, None] * HEART_ATTACK.rate(full)[None, :])
    constant = np.ones((RISK_MONTHS, 1))
    bleed = constant * probability(MAJOR_BLEED.rate(full))[None, :]
    return attack, bleed, constant * probability(DEATH.rate(full))[None, :]


def had_they_taken(causes: Causes, medicine: str, group: str) -> dict[str, Array]:
    """The same people, had all of them started ``medicine`` instead of its comparator."""
    options, _ = COMPARISONS[group]
    ones = np.ones_like(causes["age_years"])
    return {**causes, **{name: ones * (name == medicine) for name in options}}
