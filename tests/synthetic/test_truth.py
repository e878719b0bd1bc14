"""The deep check: what was put into the model comes out of the data."""

import json

import numpy as np
import polars as pl
import pytest

from nof1.synthetic.causes import EARLY_EXCESS, HEART_ATTACK, MAJOR_BLEED, Hazard, with_interactions
from nof1.synthetic.truth import Truth


def estimated(design: np.ndarray, events: np.ndarray, exposure: np.ndarray):  # type: ignore[no-untyped-def]
    """Log hazard ratios and standard errors: Poisson regression by Newton steps."""
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(events.sum() / exposure.sum())
    for _ in range(30):
        mean = exposure * np.exp(design @ beta)
        information = design.T @ (design * mean[:, None])
        step = np.linalg.solve(information, design.T @ (events - mean))
        beta = beta + step
    assert np.abs(step).max() < 1e-8
    return beta, np.sqrt(np.diag(np.linalg.inv(information)))


def risk_year(truth: Truth, group: str, hazard: Hazard):  # type: ignore[no-untyped-def]
    """Effects as columns, whether the outcome came within the year, and the exposure until then."""
    starts = truth.course.starts.filter(group=group).join(
        truth.patients.select("patient", "patient_id"), on="patient", maintain_order="left"
    )
    followed = starts.select("patient_id").join(
        truth.index_dates.filter(group=group), on="patient_id", maintain_order="left"
    )
    numbers = [name for name in starts.columns if starts[name].dtype.is_float()]
    causes = with_interactions({name: starts[name].to_numpy() for name in numbers})
    days = (followed["outcome_time"] - followed["time"]).dt.total_seconds() / 86_400
    until = np.minimum(days.fill_null(np.inf).to_numpy(), followed["observed_days"].to_numpy())
    happened = (days <= np.minimum(followed["observed_days"], 365.25)).fill_null(False).to_numpy()
    early = EARLY_EXCESS if group == "antiplatelet" else np.ones(12)
    months = np.minimum(until, 365.25) / 30.4375
    exposure = np.array([early[: int(m)].sum() + early[min(int(m), 11)] * (m % 1) for m in months])
    effects = [e for e in hazard.effects if e.on(causes).std() > 1e-9]
    columns = [e.on(causes) / e.log_hazard_ratio for e in effects]
    design = np.column_stack([np.ones(len(days)), *columns])
    return effects, design, happened.astype(float), np.maximum(exposure, 1e-3)


@pytest.mark.parametrize(
    ("group", "hazard", "to_find"),
    [
        (
            "antiplatelet",
            HEART_ATTACK,
            ["polygenic_z", "clopidogrel_x_no_cyp2c19", "current_smoker", "ldl_mmol_l"],
        ),
        ("anticoagulant", MAJOR_BLEED, ["prior_bleed", "nsaid", "warfarin_x_cyp2c9_deficit"]),
    ],
)
def test_coefficients_come_back(
    large: Truth, group: str, hazard: Hazard, to_find: list[str]
) -> None:
    effects, design, events, exposure = risk_year(large, group, hazard)
    if group == "anticoagulant":  # everybody takes one of the two: only their difference shows
        keep = [i for i, e in enumerate(effects) if e.cause != "apixaban"]
        effects, design = [effects[i] for i in keep], design[:, [0, *[i + 1 for i in keep]]]
    beta, error = estimated(design, events, exposure)
    misses = {
        e.cause: (b - e.log_hazard_ratio) / s
        for e, b, s in zip(effects, beta[1:], error[1:], strict=True)
        if e.cause not in ("warfarin", "clopidogrel", "ticagrelor")
    }
    assert max(abs(miss) for miss in misses.values()) < 4
    assert 0.5 < np.mean(np.square(list(misses.values()))) < 2.5 or len(misses) < 8
    found = {e.cause: b / s for e, b, s in zip(effects, beta[1:], error[1:], strict=True)}
    assert all(found[cause] > 3 for cause in to_find)


def test_a_cause_that_acts_on_nothing_is_not_found(large: Truth) -> None:
    """The estimate above can fail: VKORC1 does nothing to heart attacks."""
    _, design, events, exposure = risk_year(large, "antiplatelet", HEART_ATTACK)
    starts = large.course.starts.filter(group="antiplatelet")
    beta, error = estimated(
        np.column_stack([design, starts["vkorc1_alleles"].to_numpy()]), events, exposure
    )
    assert abs(beta[-1] / error[-1]) < 4


def test_treatment_is_confounded_by_indication(large: Truth) -> None:
    """The crude difference between the arms is not the effect; the known effect is."""
    table = large.index_dates.filter(pl.col("choice"), group="antiplatelet")
    newer = pl.col("medicine") == "ticagrelor"
    crude = table.filter(newer)["risk"].mean() - table.filter(~newer)["risk"].mean()
    true = table["effect"].mean()
    assert true < -0.05
    assert abs(crude - true) > 0.005
    benefit = table["effect"].to_numpy()
    assert np.quantile(benefit, 0.1) < 4 * np.quantile(benefit, 0.9)  # some gain much, some little


def test_some_people_have_no_choice(large: Truth) -> None:
    table = large.index_dates.filter(~pl.col("choice"))
    assert table.filter(group="antiplatelet").height > 100
    assert table.filter(group="anticoagulant").height > 30
    older = table.filter(pl.col("propensity") == 0)["medicine"]
    assert set(older) == {"clopidogrel", "warfarin"}


def test_the_best_possible_discrimination_is_worth_finding(large: Truth) -> None:
    from sklearn.metrics import roc_auc_score

    table = large.index_dates.filter(
        pl.col("time") < pl.datetime(2022, 12, 31), group="antiplatelet"
    )
    days = (table["outcome_time"] - table["time"]).dt.total_days()
    happened = (days < 365).fill_null(False)
    assert 0.75 < roc_auc_score(happened, table["risk"]) < 0.83
    assert 0.08 < happened.mean() < 0.20


def test_the_model_is_plain_data(large: Truth) -> None:
    model = json.loads(json.dumps(large.model(), allow_nan=False))
    effects = model["monthly_hazards"]["heart_attack"]["effects"]
    assert {
        "cause": "polygenic_z",
        "log_hazard_ratio": 0.4,
        "reference": 0.0,
        "per": 1.0,
    } in effects
