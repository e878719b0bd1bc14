"""What groups of information add: on made-up tables with a known answer, and from end to end."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from nof1.cli import main
from nof1.core.errors import InputError
from nof1.pictures import pages
from nof1.predict.ablation import Group, Trial, ablate, decisions, group_of, groups_of
from nof1.predict.attrition import Attrition
from nof1.predict.cohort import Cohort
from nof1.predict.crossfit import Decisions, out_of_fold
from nof1.predict.dataset import Dataset, Outcome
from nof1.predict.fitting import train
from nof1.predict.spec import FeatureSpec
from nof1.predict.splits import Splits
from nof1.predict.task import Task

TASK = """\
name: made-up
kind: {kind}
index: {{event: first, of: RxNorm//1}}
outcome: {{of: ICD10CM//I21}}
time_at_risk: {{end_days: 365}}
"""
SPEC = FeatureSpec(
    ("LIFESTYLE//smoking//current", "LOINC//2345-7", "FAMILY//SNOMED//22298006"),
    static_codes=("GENE//CYP2C19//*1/*2", "GENDER//F", "REGION//US-KS"),
    static_values=("PGS//PGS000018",),
    windows=("30d", "full"),
    aggregates=("count",),
)
SCORE = SPEC.number("static/PGS//PGS000018/value")
LABORATORY = SPEC.number("LOINC//2345-7/full/count")


class Codes:
    """The codes of a record that has those of ``SPEC`` and one that never became a column."""

    def codes(self):
        return pl.DataFrame({"code": [*SPEC.codes, *SPEC.static_codes, "PGS//PGS000018", "X//1"]})

    def ancestors(self):
        return pl.DataFrame({"ancestor": ["SNOMED//1"], "code": ["FAMILY//SNOMED//22298006"]})


def made_up(risk_of, kind="binary", n=1200, extra="", per_patient=1):
    """A learning table of noise; ``risk_of(X)`` are the log odds (or log hazard) of the rows."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(n, SPEC.n_columns))
    patients = np.arange(n) // per_patient
    score = risk_of(X)
    days = np.full(n, 365.0)
    cause = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(np.int64)
    if kind == "survival":
        event, lost = rng.exponential(400 * np.exp(-score)), rng.uniform(100, 800, n)
        days, cause = np.minimum(event, lost), (event < lost).astype(np.int64)
    task = Task.parse(TASK.format(kind=kind) + extra)
    cohort = Cohort(pl.DataFrame(), Attrition(()), (), {})
    outcome = Outcome(kind, cause.astype(float), days, cause)
    return Dataset(task, cohort, SPEC, SPEC.columns, X, outcome, patients, {})


def trial_of(data, learner="linear", test=(), folds=3):
    """A trial of a learner on all columns."""
    fold = data.patients % folds
    fold[list(test)] = -1
    splits = Splits(fold, np.array(test, dtype=np.int64), np.zeros(0, np.int64), "")
    empty = Trial(data, splits, learner, 365.0, np.zeros(0))
    return replace(empty, decision=decisions(empty, range(SPEC.n_columns)))


def by_group(found):
    return {part.group: part for part in found.parts}


@pytest.mark.parametrize(
    ("code", "group"),
    [
        ("GENE//CYP2C19//*1/*2", "genes"),
        ("PGS//PGS000018", "genes"),
        ("LIFESTYLE//smoking//current", "lifestyle"),
        ("EXPOSURE//pm25", "surroundings"),
        ("REGION//US-KS", "surroundings"),
        ("GENDER//F", "people"),
        ("RACE//2106-3", "people"),
        ("MEDS_BIRTH", "people"),
        ("FAMILY//SNOMED//22298006", "history"),
        ("ALLERGY//RxNorm//1191", "history"),
        ("LOINC//2345-7", "history"),
        ("GENERAL//1", "history"),
    ],
)
def test_the_default_group_of_a_code(code, group):
    assert group_of(code) == group


def test_default_groups_hold_each_column_once_static_and_windowed():
    data = made_up(lambda X: X[:, SCORE], extra="ablation: true\n")
    groups = groups_of(data.task.ablation, data, Codes())
    names = {one.name: [data.columns[place] for place in one.places] for one in groups}
    assert names == {
        "genes": ["static/GENE//CYP2C19//*1/*2", "static/PGS//PGS000018/value"],
        "lifestyle": [f"LIFESTYLE//smoking//current/{w}/count" for w in ("30d", "full")],
        "surroundings": ["static/REGION//US-KS"],
        "history": [
            f"{code}/{window}/count"
            for code in ("LOINC//2345-7", "FAMILY//SNOMED//22298006")
            for window in ("30d", "full")
        ],
        "people": ["age_years", "static/GENDER//F"],
    }


def test_own_groups_are_code_sets_and_may_overlap():
    extra = """\
ablation:
  age: [MEDS_BIRTH]
  heart: {descendants_of: [SNOMED//1]}
  inherited: {prefixes: [GENE//, PGS//, FAMILY//], except: [PGS//PGS000018]}
  never a column: X//1
"""
    data = made_up(lambda X: X[:, SCORE], extra=extra)
    groups = groups_of(data.task.ablation, data, Codes())
    names = {one.name: [data.columns[place] for place in one.places] for one in groups}
    family = [f"FAMILY//SNOMED//22298006/{window}/count" for window in ("30d", "full")]
    assert names == {
        "age": ["age_years"],
        "heart": family,
        "inherited": ["static/GENE//CYP2C19//*1/*2", *family],
        "never a column": [],
    }


def test_an_own_group_that_the_record_does_not_know_is_an_error():
    data = made_up(lambda X: X[:, SCORE], extra="ablation: {scores: PGS//PGS00018}\n")
    with pytest.raises(InputError, match="scores") as error:
        groups_of(data.task.ablation, data, Codes())
    assert "PGS//PGS000018" in error.value.next_step


def test_no_plan_no_group():
    data = made_up(lambda X: X[:, SCORE])
    assert groups_of(data.task.ablation, data, Codes()) == ()


@pytest.mark.parametrize("learner", ["linear", "glassbox"])
def test_the_group_with_the_signal_is_missed_and_noise_is_not(learner):
    data = made_up(lambda X: X[:, SCORE] - 1, extra="ablation: true\n")
    trial = trial_of(data, learner)
    found = ablate(trial, groups_of(data.task.ablation, data, Codes()))
    assert found.measure == "auroc"
    assert found.parts[0].group == "genes"
    genes = by_group(found)["genes"]
    assert genes.difference.low > 0.1
    assert genes.brier_difference.high < 0
    assert abs(genes.alone.value - found.full.value) < 0.03
    assert 0.4 < genes.without.value < 0.6
    for name in ("lifestyle", "surroundings", "history", "people"):
        noise = by_group(found)[name]
        assert noise.difference.low <= 0
        assert abs(noise.difference.value) < 0.02
        assert 0.4 < noise.alone.value < 0.6


def test_two_groups_with_the_same_information_add_nothing_but_each_is_good_alone():
    data = made_up(lambda X: X[:, SCORE])
    data.X[:, LABORATORY] = data.X[:, SCORE]
    groups = [Group("scores", (SCORE,)), Group("laboratory", (LABORATORY,))]
    found = ablate(trial_of(data), groups)
    for part in found.parts:
        assert abs(part.difference.value) < 0.005
        assert part.alone.low > 0.65
    assert found.ungrouped == SPEC.n_columns - 2


def test_a_group_without_columns_and_one_with_all_are_named_with_the_reason():
    data = made_up(lambda X: X[:, SCORE])
    groups = [Group("none", ()), Group("all", tuple(range(SPEC.n_columns))), Group("pgs", (SCORE,))]
    found = ablate(trial_of(data), groups)
    assert [part.group for part in found.parts] == ["pgs", "all", "none"]
    none, everything = by_group(found)["none"], by_group(found)["all"]
    assert (none.columns, none.difference.value, none.alone.value) == (0, None, None)
    assert "no column" in none.note
    assert everything.alone == found.full
    assert everything.difference.value is None
    assert "nothing is left" in everything.note
    json.dumps(found.to_dict(), allow_nan=False)


def test_quick_leaves_out_what_a_group_does_alone():
    data = made_up(lambda X: X[:, SCORE])
    groups = [Group("scores", (SCORE,))]
    whole, quick = (
        ablate(replace(trial_of(data), alone=alone), groups).parts[0] for alone in (True, False)
    )
    assert quick.alone.value is None
    assert "quick" in quick.alone.note
    assert quick.difference == whole.difference


def test_with_all_columns_the_refit_is_the_model_itself():
    """Held against the cross-fitting that made the model: same folds, seed and keys."""
    data = made_up(lambda X: X[:, SCORE], n=400)
    trial = trial_of(data, "glassbox")

    def scorer(others):
        model = train("glassbox", data, others, data.task.split.seed)
        return lambda X: Decisions(model.decision(X, 365.0), np.zeros((len(X), 1)))

    expected = out_of_fold(scorer, data.X, trial.splits.folds).model
    np.testing.assert_array_equal(trial.decision, expected)


def test_the_difference_is_paired_by_patient():
    """Slow oracle: bootstrap over patients of the difference of two AUROCs (scikit-learn's)."""
    from sklearn.metrics import roc_auc_score

    n = 800
    data = made_up(lambda X: 0.7 * X[:, SCORE] + 0.7 * X[:, LABORATORY], n=n, per_patient=4)
    data.X[:] = np.repeat(data.X[::4], 4, axis=0)  # four equal rows each: a quarter of the facts
    data.outcome.label[:] = np.repeat(data.outcome.label[::4], 4)
    trial = trial_of(data)
    part = ablate(trial, [Group("laboratory", (LABORATORY,))]).parts[0]
    others = [place for place in range(SPEC.n_columns) if place != LABORATORY]
    full, without, y = trial.decision, decisions(trial, others), data.outcome.label
    rng, gaps = np.random.default_rng(0), []
    for _ in range(400):
        rows = (rng.integers(0, n // 4, n // 4)[:, None] * 4 + np.arange(4)).ravel()
        gaps.append(roc_auc_score(y[rows], full[rows]) - roc_auc_score(y[rows], without[rows]))
    spread = (part.difference.high - part.difference.low) / (2 * 1.96)
    assert spread == pytest.approx(np.std(gaps), rel=0.15)


def test_after_a_split_by_time_the_test_rows_are_judged():
    data = made_up(lambda X: X[:, SCORE])
    test = tuple(range(900, 1200))
    found = ablate(trial_of(data, test=test), [Group("scores", (SCORE,))])
    assert found.rows == 300
    assert found.parts[0].difference.low > 0.1
    data.X[900:, SCORE] = 0.0  # without its column among the test rows nobody can tell them apart
    blind = ablate(trial_of(data, test=test), [Group("scores", (SCORE,))])
    assert blind.parts[0].difference.low <= 0


def test_survival_is_judged_by_c_at_the_horizon():
    data = made_up(lambda X: 0.8 * X[:, SCORE], kind="survival", extra="ablation: true\n")
    found = ablate(trial_of(data), groups_of(data.task.ablation, data, Codes()))
    assert (found.measure, found.horizon_days) == ("harrell_c", 365.0)
    assert by_group(found)["genes"].difference.low > 0.1
    assert by_group(found)["genes"].brier_difference.high < 0
    assert by_group(found)["history"].difference.low <= 0


def test_a_monotone_rule_for_a_column_that_was_taken_away_is_no_error():
    extra = 'monotone: {"static/PGS//*": increasing, age_years: increasing}\n'
    data = made_up(lambda X: X[:, SCORE], extra=extra)
    found = ablate(trial_of(data), [Group("scores", (SCORE,))])
    assert found.parts[0].difference.low > 0.1


SHORT = """\
name: taken-apart
code_sets:
  antiplatelet: [RxNorm//32968, RxNorm//1116632]
  heart_attack: {codes: [SNOMED//22298006], prefixes: [ICD10CM//I21]}
index: {of: antiplatelet, event: first}
outcome: {of: heart_attack}
prior_outcome: keep
time_at_risk: {start_days: 0, end_days: 365}
censoring: {observation_end: 2024-01-01}
competing: [{name: death, death: true}]
features: {windows: [full], aggregates: [count, value_last], min_patients: 60,
           allow_outcome_history: true, exclude: {prefixes: [LIFESTYLE//]}}
learners: [glassbox]
split: {method: patient, folds: 2}
ablation: true
"""


def test_from_the_task_file_to_the_card_and_its_page(own_workspace, tmp_path, capsys):
    path, root = tmp_path / "task.yaml", str(own_workspace.root)
    path.write_text(SHORT)
    with pytest.raises(SystemExit):
        main(["train", str(path), "-w", root])
    printed = capsys.readouterr().out
    assert "AUROC added to the others" in printed
    with pytest.raises(SystemExit):
        main(["card", "taken-apart", "-w", root, "--json"])
    card = json.loads(capsys.readouterr().out)
    found = card["ablation"]
    assert found["full"] == card["evaluation"]["figures"]["auroc"]
    assert found["full_brier"] == card["evaluation"]["figures"]["brier"]
    groups = {one["group"]: one for one in found["groups"]}
    assert set(groups) == {"genes", "lifestyle", "surroundings", "history", "people"}
    assert groups["lifestyle"]["columns"] == 0  # excluded by the task: said, not dropped
    assert groups["history"]["alone"]["value"] > 0.55
    assert sum(one["columns"] for one in found["groups"]) == found["columns"]
    page = pages.render("model", card)
    assert "What each group of information adds" in page
    assert groups["lifestyle"]["note"] in page
    with pytest.raises(SystemExit):
        main(["card", "taken-apart", "-w", root])
    text = capsys.readouterr().out
    assert "association in these data, not cause" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80
