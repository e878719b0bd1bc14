"""An edit of one curve: it does what was asked, and nothing else."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.core.errors import UsageError
from nof1.learn.shapes import ShapeModel, Term
from nof1.predict import edit as edits
from nof1.predict.edit import Edit, edited
from nof1.predict.fitting import Trained


def term(names, feature, cuts, seed=0):
    rng = np.random.default_rng(seed)
    n = len(cuts) + 2
    scores, bags = rng.normal(size=n), rng.normal(size=(3, n))
    errors, counts = np.abs(rng.normal(size=n)), rng.integers(10, 90, n).astype(float)
    edges = (np.array(cuts, float),)
    return Term(names[feature], (feature,), edges, scores, errors, counts, bags)


def plane(names):
    rng = np.random.default_rng(9)
    shape = (3, 4)
    parts = [rng.normal(size=shape) for _ in range(3)]
    return Term(f"{names[0]} & {names[1]}", (0, 1), (np.array([50.0]), np.array([1.0, 2.0])),
                *parts, rng.normal(size=(3, *shape)))  # fmt: skip


NAMES = ("age", "egfr", "sodium")


@pytest.fixture
def shapes():
    terms = (term(NAMES, 0, [40, 60, 80], 1), term(NAMES, 1, [30, 45, 60, 90], 2), plane(NAMES))
    return ShapeModel(NAMES, -1.25, np.array([-1.2, -1.3, -1.25]), terms)


def bits(one):
    return json.dumps(one.to_dict())


def test_a_flat_range_has_the_value_and_every_other_bin_and_term_is_the_same(shapes):
    after = edited(shapes, Edit("egfr", "flat", low=30, high=60, value=0.4))
    assert after.terms[1].scores[2:4].tolist() == [0.4, 0.4]
    others = [0, 1, 4, 5]
    assert after.terms[1].scores[others].tolist() == shapes.terms[1].scores[others].tolist()
    assert after.terms[1].bags[:, others].tolist() == shapes.terms[1].bags[:, others].tolist()
    assert [bits(after.terms[k]) for k in (0, 2)] == [bits(shapes.terms[k]) for k in (0, 2)]
    assert after.intercept == shapes.intercept
    assert after.bag_intercepts.tolist() == shapes.bag_intercepts.tolist()


def test_the_spread_of_the_bags_stays_as_wide_as_the_data_leave_it(shapes):
    after = edited(shapes, Edit("egfr", "flat", low=30, high=60, value=0.4))
    before = shapes.terms[1].bags.std(axis=0)
    assert after.terms[1].bags.std(axis=0) == pytest.approx(before)
    assert after.terms[1].standard_errors.tolist() == shapes.terms[1].standard_errors.tolist()


def test_people_outside_the_range_keep_their_score_bit_for_bit(shapes):
    rng = np.random.default_rng(4)
    X = np.column_stack([rng.uniform(20, 99, 500), rng.uniform(5, 120, 500), np.zeros(500)])
    X[::9, 1] = np.nan
    after = edited(shapes, Edit("egfr", "flat", low=30, high=60, value=0.4))
    touched = (X[:, 1] >= 30) & (X[:, 1] < 60)
    same = after.decision(X) == shapes.decision(X)
    assert same[~touched].all()
    assert not same[touched].any()
    assert (after.bag_decisions(X) == shapes.bag_decisions(X)).all(axis=1)[~touched].all()


def test_a_cap_lowers_only_what_is_above_and_a_floor_raises_only_what_is_below(shapes):
    scores = shapes.terms[0].scores
    capped = edited(shapes, Edit("age", "cap", value=0.1)).terms[0].scores
    assert capped[1:].tolist() == np.minimum(scores[1:], 0.1).tolist()
    assert capped[0] == scores[0]
    raised = edited(shapes, Edit("age", "floor", value=0.1, missing=True)).terms[0].scores
    assert raised.tolist() == np.maximum(scores, 0.1).tolist()


@pytest.mark.parametrize(("way", "sign"), [("rising", 1), ("falling", -1)])
def test_a_monotone_curve_goes_one_way_and_keeps_its_weighted_mean(shapes, way, sign):
    before, after = shapes.terms[1], edited(shapes, Edit("egfr", way)).terms[1]
    assert (sign * np.diff(after.scores[1:]) >= 0).all()
    assert after.scores[0] == before.scores[0]
    means = [np.average(one.scores[1:], weights=before.counts[1:]) for one in (before, after)]
    assert means[0] == pytest.approx(means[1])


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=12), st.integers(0, 2**31))
def test_pooling_gives_what_scikit_learn_gives(values, seed):
    """Oracle: sklearn.isotonic.isotonic_regression(y, sample_weight=w) of scikit-learn."""
    from sklearn.isotonic import isotonic_regression

    weights = np.random.default_rng(seed).uniform(1, 50, len(values))
    own = edits._isotonic(np.array(values), weights)
    assert own == pytest.approx(isotonic_regression(np.array(values), sample_weight=weights))


def test_a_dropped_curve_is_gone_and_the_plane_with_its_feature_stays(shapes):
    after = edited(shapes, Edit("age", "drop"))
    assert [one.features for one in after.terms] == [(1,), (0, 1)]
    assert edits.planes_with(after, "age") == 1


def test_a_model_of_a_fold_with_other_cuts_is_edited_at_the_same_values(shapes):
    after = edited(shapes, Edit("egfr", "flat", low=35, high=50, value=2.0), exact=False)
    assert after.terms[1].cuts[0].tolist() == [30, 35, 45, 50, 60, 90]
    X = np.array([[50, value, 0.0] for value in (31.0, 34.9, 35.0, 49.9, 50.0, 59.0)])
    moved = after.decision(X) != shapes.decision(X)
    assert moved.tolist() == [False, False, True, True, False, False]
    assert after.contributions(X)[2:4, 1].tolist() == [2.0, 2.0]


def test_a_model_of_a_fold_without_the_curve_gets_one(shapes):
    after = edited(shapes, Edit("sodium", "flat", high=135, value=0.5), exact=False)
    X = np.array([[50, 70, 130.0], [50, 70, 140.0], [50, 70, np.nan]])
    assert (after.decision(X) - shapes.decision(X)).round(12).tolist() == [0.5, 0.0, 0.0]
    assert bits(edited(shapes, Edit("sodium", "drop"), exact=False)) == bits(shapes)


@given(st.floats(0, 120), st.floats(0, 120))
def test_more_cuts_change_no_score(first, second):
    one = term(NAMES, 1, [30, 45, 60, 90], 2)
    more = edits.split_at(one, first) if first not in one.cuts[0] else one
    more = edits.split_at(more, second) if second not in more.cuts[0] else more
    rows = np.column_stack([np.zeros(60), np.linspace(0, 121, 60), np.zeros(60)])
    scores = [ShapeModel(NAMES, 0.0, np.zeros(3), (each,)).decision(rows) for each in (one, more)]
    near = np.isin(rows[:, 1].astype(np.float32), np.float32([first, second]))
    assert (scores[0] == scores[1])[~near].all()
    assert more.counts.sum() == pytest.approx(one.counts.sum())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"way": "flat"}, "value belongs"),
        ({"way": "rising", "value": 1.0}, "value belongs"),
        ({"way": "bend"}, "no such edit"),
        ({"way": "flat", "value": float("nan")}, "not finite"),
        ({"way": "flat", "value": 11.0}, "out of range"),
        ({"way": "cap", "value": 1.0, "low": 5.0, "high": 5.0}, "range is empty"),
        ({"way": "drop", "low": 5.0}, "as a whole"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(asked, said):
    with pytest.raises(UsageError, match=said):
        Edit("age", **asked)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (Edit("pulse", "drop"), "no such feature"),
        (Edit("sodium", "drop"), "no curve"),
        (Edit("egfr", "flat", low=31, value=0.0), "at cuts"),
    ],
)
def test_an_edit_that_does_not_fit_the_model_is_refused(shapes, edit, said):
    with pytest.raises(UsageError, match=said):
        edited(shapes, edit)


def test_steps_tell_every_bin_that_changes(shapes):
    rows = edits.steps(shapes.terms[1], Edit("egfr", "flat", high=45, value=0.4))
    assert [(row["low"], row["high"]) for row in rows] == [(None, 30.0), (30.0, 45.0)]
    assert {row["after"] for row in rows} == {0.4}
    assert [row["people"] for row in rows] == shapes.terms[1].counts[1:3].astype(int).tolist()
    dropped = edits.steps(shapes.terms[1], Edit("egfr", "drop"))
    assert len(dropped) == 6
    assert {row["after"] for row in dropped} == {0.0}


def test_words_say_what_is_asked():
    assert Edit("a", "flat", low=1.0, high=2.5, value=0.0).words() == (
        "from 1 below 2.5: set to +0.00"
    )
    assert Edit("a", "drop").words() == "leave the whole curve out"
    asked = Edit("a", "floor", value=-0.5, missing=True)
    assert asked.words() == "everywhere, and where missing: not below -0.50"
    assert Edit.from_dict(json.loads(json.dumps(asked.to_dict()))) == asked


def test_a_trained_glass_box_is_edited_and_others_are_refused(trained):
    box = trained.model.pair.trained
    assert box.name == "glassbox"
    shapes = edits.curves(box)
    place = next(k for k, one in enumerate(shapes.terms) if len(one.features) == 1)
    feature = shapes.names[shapes.terms[place].features[0]]
    after = edits.curves(edits.edited_learner(box, Edit(feature, "flat", value=0.0)))
    assert not after.terms[place].scores[1:].any()
    assert all(bits(a) == bits(b) for k, (a, b) in enumerate(zip(after.terms, shapes.terms,
               strict=True)) if k != place)  # fmt: skip
    with pytest.raises(UsageError, match="no curves"):
        edits.curves(replace(box, name="linear"))


def test_in_survival_only_the_hazard_of_the_outcome_is_edited():
    from nof1.learn.survival import GlassBoxSurvival

    rng = np.random.default_rng(2)
    X = rng.normal(size=(400, 2))
    days = rng.exponential(100 * np.exp(-X[:, 0]), 400) + 1
    learner = GlassBoxSurvival().fit(X, (days, rng.integers(0, 3, 400)), ["a", "b"])
    box = Trained("glassbox", "survival", learner)
    after = edits.edited_learner(box, Edit("a", "drop"))
    assert edits.curve_of(edits.curves(after), "a") is None
    causes = after.learner.model.causes
    assert json.dumps(causes[1].to_dict()) == json.dumps(learner.model.causes[1].to_dict())
    assert causes[0].rates.tolist() == learner.model.causes[0].rates.tolist()
