"""An effect of three hospitals is the effect of all their patients in one place."""

import json
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest

from effect_samples import QUICK
from federation.conftest import OPEN
from nof1.core import artefacts
from nof1.core.errors import InputError, ModelError
from nof1.federation import effects
from nof1.federation.policy import Policy
from nof1.federation.refusal import Refused
from nof1.learn.effect.analysis import analyse
from nof1.predict.dataset import on_columns
from nof1.predict.effect.estimate import Said, rows_of, stored_effect
from nof1.predict.effect.model import StoredEffect
from nof1.predict.effect.question import EffectTask
from nof1.predict.effect.score import EffectScorer
from nof1.predict.effect.table import without_options
from nof1.predict.effect.trial import compile_trial
from nof1.predict.splits import folds_by_patient
from nof1.record.store import Record

FAST = replace(QUICK, folds=2, seed=1, resamples=30, learners=())


def task():
    """Ticagrelor or clopidogrel, with few features and folds."""
    path = files("nof1.synthetic").joinpath("descriptions", "ticagrelor_effect.yaml")
    text = path.read_text().replace("windows: [30d, 365d, full]", "windows: [full]")
    text = text.replace("min_patients: 30", "min_patients: 60").replace("folds: 5", "folds: 2")
    return text + "negative_controls: [{name: never seen, of: {codes: X//none}}]\n"


@pytest.fixture(scope="module")
def effect(hospitals, asked):
    """What each of the three hospitals made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(effects, "Recipe", lambda **given: FAST)
        return asked("effect", hospitals.sites, task())


def stored(hospitals, effect):
    return {
        name: artefacts.load(one.effects, effect[name].name)
        for name, one in hospitals.sites.items()
    }


def test_every_site_stores_the_same_effect_with_its_card(hospitals, effect):
    kept = stored(hospitals, effect)
    assert len({one.content_hash for one in kept.values()}) == 1
    cards = [one.json("card.json") for one in kept.values()]
    assert len({json.dumps(one["people"]) for one in cards}) == 1
    assert cards[0]["people"] == effect["site-a"].figures["people"]
    assert "hospitals that showed each other no row" in cards[0]["validated_in"]
    assert [one["note"] for one in cards[0]["negative_controls"]]


def test_it_is_the_effect_of_all_patients_in_one_place(hospitals, effect):
    mine = StoredEffect.read(next(iter(stored(hospitals, effect).values())))
    question, record = EffectTask.parse(task()), Record(hospitals.together.record)
    trial = compile_trial(question, record)
    asked_task = without_options(question, record, trial)
    made = on_columns(asked_task, record, trial.cohort, mine.spec, mine.columns)
    data = replace(made, task=question.task)
    arms, _ = rows_of(question, data, trial)
    analysis = analyse(arms, FAST)
    frame = trial.cohort.frame
    folds = folds_by_patient(frame, np.ones(frame.height, bool), question.task.split)
    said = Said((), trial.arms, {}, "", "", True)
    pooled = stored_effect(question, said, data, folds, arms, analysis, ())
    for one, other in zip((mine.average, *mine.means), (pooled.average, *pooled.means),
                          strict=True):  # fmt: skip
        for part in ("value", "low", "high"):
            assert getattr(one, part) == pytest.approx(getattr(other, part), abs=1e-6)
    X = data.X
    for one, other in ((mine.option, pooled.option), (mine.base, pooled.base)):
        np.testing.assert_allclose(one.mean(X), other.mean(X), atol=1e-6)
    raw = mine.effect.effect(X)
    np.testing.assert_allclose(raw, pooled.effect.effect(X), atol=1e-6)
    limits = [one.calibrated.interval(raw, one.effect.bags(X), 0.95) for one in (mine, pooled)]
    np.testing.assert_allclose(limits[0], limits[1], atol=1e-5)
    assert mine.base_shift == pytest.approx(pooled.base_shift, abs=1e-6)
    assert mine.validated == pooled.validated
    assert (mine.arms, mine.measure) == (pooled.arms, pooled.measure)


def test_the_option_and_its_end_are_no_features(hospitals, effect):
    found = StoredEffect.read(next(iter(stored(hospitals, effect).values())))
    codes = {found.spec.field(column).code or "" for column in found.columns}
    assert not [code for code in codes for arm in found.arms for one in arm if one in code]


def test_it_speaks_at_a_site_like_an_effect_of_that_site(hospitals, effect):
    scorer = EffectScorer.load(next(iter(stored(hospitals, effect).values())))
    assert scorer.question.treatment.labels == ("clopidogrel", "ticagrelor")


def test_the_coordinator_learns_totals_alone_and_the_words_say_them(effect):
    one = next(iter(effect.values()))
    assert {
        json.dumps(other.figures | {"bytes_sent_by_each_site": 0}) for other in effect.values()
    } == {json.dumps(one.figures | {"bytes_sent_by_each_site": 0})}
    said = "\n".join(effects.words(one.figures))
    assert f"{one.figures['people']['treatment']:,} people with the option" in said
    assert "average effect" in said
    assert max(map(len, said.splitlines())) <= 80


def test_a_site_with_too_few_people_takes_no_part(hospitals, asked):
    strict = Policy({}, {}, frozenset(), least_patients=100_000)
    with pytest.raises(Refused, match="Fewer than 100000"):
        asked("effect", hospitals.sites, task(), strict, "job-2")


def test_a_collider_among_the_features_stops_the_job(hospitals, asked, effect):
    found = StoredEffect.read(next(iter(stored(hospitals, effect).values())))
    code = next(field.code for column in found.columns
                if (field := found.spec.field(column)).window is not None)  # fmt: skip
    text = task() + f"colliders: {{codes: {code}}}\n"
    with pytest.raises(ModelError, match="collider"):
        asked("effect", hospitals.sites, text, OPEN, "job-3")


def test_a_task_without_a_treatment_is_refused(hospitals):
    with pytest.raises(InputError):
        effects.read(hospitals.task)
