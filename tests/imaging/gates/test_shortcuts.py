"""A planted shortcut is caught by name; without one the audit stays quiet."""

from functools import cache

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.gates.matching import age_bands, matched_rows
from nof1.imaging.gates.plain import from_table, same_kinds
from nof1.imaging.gates.shortcuts import (
    GATES,
    Question,
    audit_folds,
    shortcut_reports,
    shortcut_scores,
)
from nof1.learn.discrimination import auroc_figure
from nof1.learn.figures import bootstrap, percentile_figure
from nof1.synthetic.films import Shortcut, film_set


def question(films):
    truth = films.truth
    return Question(
        images=list(films.images),
        y=truth["opacity"].to_numpy(),
        patients=truth["patient"].to_numpy(),
        table={name: truth[name].to_numpy() for name in ("age_years", "sex")},
        views=truth["view"].to_numpy(),
        sites=truth["site"].to_numpy(),
    )


@cache
def reports(shortcut):
    return shortcut_reports(question(film_set(220, size=64, seed=1, shortcut=shortcut)))


def judgements(shortcut):
    return {one.gate: one.judgement for one in reports(shortcut)}


@pytest.mark.parametrize(
    ("shortcut", "caught"),
    [
        (Shortcut(), {"frame only", "site"}),
        (Shortcut(marker=False, border=True), {"frame only", "exposure only", "site"}),
        (Shortcut(marker=False, exposure=0.8), {"exposure only", "site"}),
    ],
    ids=["marker", "border", "exposure"],
)
def test_each_planted_shortcut_is_caught(shortcut, caught):
    found = judgements(shortcut)
    assert caught <= {gate for gate, judgement in found.items() if judgement == "failed"}
    assert found["within view"] == "passed"  # the view is innocent


def test_films_without_a_shortcut_pass():
    assert judgements(None) == dict.fromkeys(GATES, "passed")


def test_a_good_model_beside_a_harmless_frame_passes_and_one_beside_a_marker_does_not():
    strong = Shortcut(share=0.95, share_elsewhere=0.05)
    for shortcut, expected in ((None, "passed"), (strong, "failed")):
        films = film_set(120, size=64, seed=2, shortcut=shortcut)
        rng = np.random.default_rng(0)
        asked = question(films)
        scores = asked.y + rng.normal(0, 0.7, len(asked.y))
        report = shortcut_reports(asked, full=scores)[0]
        assert report.judgement == expected
        assert report.figures["model"] == "the model"
        assert report.figures["full"]["value"] > 0.8


def test_matching_takes_the_site_away():
    report = reports(Shortcut())[0]
    matched = report.figures["matched"]
    assert report.figures["frame_only"]["value"] > 0.7
    assert matched["frame_only"]["value"] < 0.65


def test_a_patient_never_stands_in_two_folds_and_no_one_scores_himself():
    films = film_set(90, size=48, seed=3, films_each=3)
    asked = question(films)
    fold = audit_folds(asked.y, asked.patients)
    patient = films.truth["patient"].to_numpy()
    assert all(len(set(fold[patient == one])) == 1 for one in set(patient))
    scores = shortcut_scores(asked, fold=fold)
    assert len(scores.frame) == 90
    noise = np.random.default_rng(0).integers(0, 2, 90)
    answer = from_table({"unique": np.arange(90)}, noise, audit_folds(noise))
    assert 0.2 < float(np.mean((answer > 0.5) == noise)) < 0.8


def test_the_interval_agrees_with_a_patient_bootstrap():
    rng = np.random.default_rng(1)
    patient = np.repeat(np.arange(120), 2)
    y = np.repeat(rng.integers(0, 2, 120), 2)
    score = y + np.repeat(rng.normal(0, 1, 120), 2) + rng.normal(0, 0.5, 240)
    figure = auroc_figure(y, score, patients=patient)

    def weighted(weights):
        cases, controls = score[y == 1][:, None], score[y == 0][None]
        above = (cases > controls).astype(float)
        w1, w0 = weights[:, y == 1], weights[:, y == 0]
        return np.einsum("bi,ij,bj->b", w1, above, w0, optimize=True) / (w1.sum(1) * w0.sum(1))

    drawn = percentile_figure(figure.value, bootstrap(weighted, 240, patients=patient))
    assert figure.low == pytest.approx(drawn.low, abs=0.015)
    assert figure.high == pytest.approx(drawn.high, abs=0.015)


def test_too_few_and_wrong_labels():
    films = film_set(20, size=48)
    reports = shortcut_reports(question(films))
    assert {one.judgement for one in reports} == {"not checkable"}
    wrong = Question(images=list(films.images), y=np.full(20, 2))
    with pytest.raises(InputError):
        shortcut_reports(wrong)


def test_matched_rows_are_balanced_in_every_kind():
    rng = np.random.default_rng(0)
    y, sex = rng.integers(0, 2, 300), rng.choice(["M", "F"], 300)
    band = age_bands(rng.uniform(0, 90, 300))
    rows = matched_rows(y, {"sex": sex, "age": band}, ordered=np.arange(300))
    kinds = same_kinds([sex, band])
    for kind in set(kinds[rows]):
        inside = rows[kinds[rows] == kind]
        assert y[inside].sum() * 2 == len(inside)
    assert len(set(rows.tolist())) == len(rows) > 200
    with pytest.raises(InputError):
        matched_rows(y, {"sex": sex[:5]})


def test_only_the_shared_range_is_matched():
    y = np.array([0, 0, 0, 1, 1, 1])
    order = np.array([1, 2, 5, 4, 5, 9])
    assert set(matched_rows(y, {}, ordered=order).tolist()) <= {2, 3, 4}
    assert matched_rows(np.zeros(4, dtype=int), {}, ordered=order[:4]).size == 0
