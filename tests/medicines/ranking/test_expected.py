"""What a medicine may change for one person: own risk times the effect of a trial."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from genome.gene_events import frame, medicine_row, result
from medicines.ranking.people import AT, creatinine, event, person, weight
from nof1.core.finding import (
    Basis,
    Coding,
    Finding,
    Frequency,
    Interval,
    Kind,
    Status,
    Subject,
    Value,
)
from nof1.knowledge.effects import of
from nof1.learn.frequency import natural_frequency
from nof1.medicines.ranking.columns import Status as State
from nof1.medicines.ranking.document import document
from nof1.medicines.ranking.expected import PatientEffect, PatientRisk, difference, preferred
from nof1.medicines.ranking.rank import rank
from nof1.medicines.ranking.rows import Row

HEART = "myocardial infarction"
START = AT - timedelta(days=20)
BASIS = {"kind": "model", "content_hash": "h", "knowledge_date": "2024", "validated_in": "nobody"}


def finding(risk: float | None = 0.12, **more: Any) -> Any:
    """A risk as a model gives it, from two thirds of it to 1.4 times; None: it is withheld."""
    made: dict[str, Any] = {
        "subject": Subject(id="p"), "as_of": AT.replace(tzinfo=UTC), "kind": Kind.RISK,
        "what": Coding(code="TASK//x", display="x"), "horizon_days": 365.0,
        "basis": Basis(**BASIS, id="m", version="1"), "counted_from": START.replace(tzinfo=UTC),
    }  # fmt: skip
    if risk is None:
        made |= {"status": Status.WITHHELD, "reason": "It failed the gate.", "resolve": "Train."}
    else:
        low, high = risk * 2 / 3, risk * 1.4
        words = natural_frequency(risk, low, high)
        made |= {
            "status": Status.FOUND,
            "value": Value(amount=risk, unit="1", interval=Interval(low=low, high=high, level=0.9)),
            "frequency": Frequency(
                events=words.count, of=words.denominator, low=words.low, high=words.high,
                text=words.text,
            ),
        }  # fmt: skip
    return Finding(**{**made, **more})


def own(risk: float | None = 0.12, *among: str, outcome: str = HEART, **more: Any) -> PatientRisk:
    return PatientRisk(frozenset({outcome}), finding(risk, **more), frozenset(among))


def rows(events: pl.DataFrame, *risks: PatientRisk, **more: Any) -> dict[str, Row]:
    return {one.medicine.name: one for one in rank(events, AT, HEART, risks=risks, **more).rows}


def taking(*names: str, start: datetime = START - timedelta(days=1)) -> pl.DataFrame:
    return pl.concat([person(), frame([medicine_row(name, start) for name in names])])


# the arithmetic ---------------------------------------------------------------------------------


def test_the_effect_of_the_trial_is_applied_to_the_own_risk() -> None:
    """HOPE: 0.80 (0.70 to 0.90). Of 12 %, 9.6 % are left."""
    made = rows(taking("aspirin"), own())["ramipril"]
    (one,) = made.benefits
    assert (one.before, one.after) == (0.12, pytest.approx(0.096))
    assert one.fewer == pytest.approx(0.024)
    assert 0 < one.low < one.fewer < one.high < 0.12
    text = made.columns["efficacy"].text
    assert "12 of 100 people like this; range 8 to 17" in text
    assert "Of 100 people like this: 12 without it, 10 with ramipril (2 fewer; range" in text
    assert "(assumes a constant relative effect)" in text
    assert "Harm is not in it" in text
    assert made.columns["efficacy"].status is State.CLEAR
    assert {one.source.id for one in made.columns["efficacy"].reasons if one.source} == {
        "m/1",
        "literature",
    }


@pytest.mark.parametrize("drug", ["ramipril", "ticagrelor", "captopril", "ezetimibe"])
@pytest.mark.parametrize("span", [(0.12, 0.08, 0.17), (0.02, 0.005, 0.08), (0.5, 0.3, 0.7)])
def test_the_interval_carries_both_uncertainties(drug: str, span: tuple[float, ...]) -> None:
    """Against 200,000 draws: risk normal on the logit, ratio on the logarithm, independent.

    Where the risk is very uncertain the interval is a little too wide, never too narrow.
    """
    effect, draw = of(HEART, drug)[0], np.random.default_rng(1)
    risk, low, high = span
    logit = lambda x: np.log(x / (1 - x))  # noqa: E731
    z90, z95 = 1.6449, 1.9600
    normal = draw.standard_normal(200_000)
    sides = np.where(normal < 0, logit(risk) - logit(low), logit(high) - logit(risk)) / z90
    risks = 1 / (1 + np.exp(-(logit(risk) + normal * sides)))
    ratios = np.exp(
        np.log(effect.ratio)
        + draw.standard_normal(200_000) * np.log(effect.high / effect.low) / 2 / z95
    )
    drawn = risks * (1 - ratios) if effect.measure == "RR" else risks - 1 + (1 - risks) ** ratios
    made = difference(risk, Interval(low=low, high=high, level=0.9), effect)
    wide = np.quantile(drawn, 0.95) - np.quantile(drawn, 0.05)
    assert made.low == pytest.approx(np.quantile(drawn, 0.05), abs=0.12 * wide)
    assert made.high == pytest.approx(np.quantile(drawn, 0.95), abs=0.12 * wide)
    inside = np.mean((drawn >= made.low) & (drawn <= made.high))
    assert 0.88 < inside < 0.95


# what it was compared with ----------------------------------------------------------------------


def test_against_what_is_taken_and_seen_from_the_other_side() -> None:
    on_clopidogrel = rows(taking("clopidogrel"), own(0.12, "clopidogrel", "ticagrelor"))
    better, same = on_clopidogrel["ticagrelor"].benefits[0], on_clopidogrel["clopidogrel"]
    assert better.fewer > 0
    assert same.benefits[0].fewer == 0
    assert "12 with clopidogrel, as now" in on_clopidogrel["ticagrelor"].columns["efficacy"].text
    on_ticagrelor = rows(taking("ticagrelor"), own(0.12, "clopidogrel", "ticagrelor"))
    assert on_ticagrelor["clopidogrel"].benefits[0].fewer < 0
    assert " more" in on_ticagrelor["clopidogrel"].columns["efficacy"].text


@pytest.mark.parametrize(
    ("events", "drug", "said"),
    [
        (taking("clopidogrel"), "aspirin", None),
        (taking("ticagrelor"), "prasugrel", "compared it with clopidogrel"),
        (taking("atorvastatin"), "simvastatin", "does the same"),
        (taking("atorvastatin"), "rosuvastatin", "no trial of rosuvastatin"),
        (taking("ramipril", start=AT), "ramipril", "started after the moment"),
        (pl.concat([taking("ramipril"), frame([event("END//RxNorm//35296", time=AT)])]), "ramipril",
         "is no longer"),
        (taking("aspirin"), "clopidogrel", "does the same"),
    ],
)  # fmt: skip
def test_a_trial_that_does_not_fit_is_not_applied(
    events: pl.DataFrame, drug: str, said: str | None
) -> None:
    made = rows(events, own(0.12, "clopidogrel", "ticagrelor"))[drug]
    if said is None:
        assert made.benefits
        return
    assert made.benefits == ()
    assert f"What {drug} changes of it is not known because" in made.columns["efficacy"].text
    assert said in made.columns["efficacy"].text
    assert made.columns["efficacy"].status is State.NOT_KNOWN


def test_an_outcome_that_has_happened_since_takes_the_risk_away() -> None:
    since = event("ICD10CM//I21.4", time=START + timedelta(days=3))
    made = rows(pl.concat([taking("aspirin"), frame([since])]), own())["ramipril"]
    assert made.benefits == ()
    assert "shows this outcome since" in made.columns["efficacy"].text
    before = event("ICD10CM//I21.4", time=START - timedelta(days=3))
    assert rows(pl.concat([taking("aspirin"), frame([before])]), own())["ramipril"].benefits


# what models say --------------------------------------------------------------------------------


def test_a_withheld_risk_says_why() -> None:
    column = rows(person(), own(None))["ramipril"].columns["efficacy"]
    assert column.status is State.NOT_KNOWN
    assert "myocardial infarction: not known because it failed the gate." in column.text
    assert column.reasons[0].short == "guideline"


def test_an_outcome_that_does_not_matter_here_is_left_out() -> None:
    made = rank(person(), AT, HEART, risks=[own(outcome="glaucoma")])
    assert made.risks == ()
    assert "no model of this workspace" in made.rows[0].columns["efficacy"].text


def test_one_answer_for_each_outcome_the_found_one_nearest_to_a_year() -> None:
    given = [own(None), own(0.3, horizon_days=1825.0), own(0.1), own(0.2, outcome="death")]
    first, second = preferred(given, HEART)
    assert (first.finding.value.amount, second.outcome) == (0.1, {"death"})


def test_a_treatment_effect_model_needs_no_trial() -> None:
    span = Interval(low=-0.01, high=0.07, level=0.9)
    value = Value(amount=0.03, unit="1", interval=span)
    said = finding(kind=Kind.EFFECT, frequency=None, value=value)
    effect = PatientEffect("atorvastatin", "placebo", frozenset({HEART}), said)
    made = rows(person(), effects=[effect])["atorvastatin"]
    assert (made.benefits[0].fewer, made.benefits[0].low) == (0.03, -0.01)
    assert (
        "3 fewer of 100 people like this; range 1 more to 7 fewer" in made.columns["efficacy"].text
    )
    refused = PatientEffect("atorvastatin", "placebo", frozenset({HEART}), finding(None))
    column = rows(person(), effects=[refused])["atorvastatin"].columns["efficacy"]
    assert "not known because it failed the gate." in column.text


# the order --------------------------------------------------------------------------------------


def places(made: Any, purpose: str) -> list[str]:
    return [one.medicine.name for one in made.rows if one.purpose == purpose]


def test_the_benefit_decides_where_all_of_one_verdict_have_it() -> None:
    """On clopidogrel, aspirin not tolerated: both others by their trials, then clopidogrel."""
    known_genes = person(creatinine(0.8), weight(70), genes=[result("CYP2C19", "*1/*1")])
    more = [event("ALLERGY//RxNorm//1191"), event("ICD10CM//Z00"),
            medicine_row("clopidogrel", START)]  # fmt: skip
    events = pl.concat([known_genes, frame(more)])
    purpose = "prevents another heart attack: platelets"
    plain = rank(events, AT, HEART)
    known = rank(events, AT, HEART, risks=[own(0.12, "clopidogrel", "ticagrelor")])
    verdicts = {one.medicine.name: one.verdict for one in known.rows if one.purpose == purpose}
    assert len({verdicts[name] for name in ("clopidogrel", "prasugrel", "ticagrelor")}) == 1
    assert places(plain, purpose)[:2] != ["prasugrel", "ticagrelor"]
    assert places(known, purpose)[:3] == ["prasugrel", "ticagrelor", "clopidogrel"]
    said = [one["next"] for one in document(known, Subject(id="p"), "x")["rows"]
            if one["purpose"] == purpose]  # fmt: skip
    assert "larger benefit expected on myocardial infarction" in said[0]
    assert "the ranges overlap" in said[0]


def test_a_benefit_that_one_lacks_has_no_part_in_the_order() -> None:
    events, risk = taking("clopidogrel"), own(0.12, "clopidogrel")
    purpose = "lowers the strain on the heart"
    plain, known = rank(events, AT, HEART), rank(events, AT, HEART, risks=[risk])
    assert any(one.benefits for one in known.rows if one.purpose == purpose)
    assert places(known, purpose) == places(plain, purpose)
