import numpy as np
import pytest

from nof1.core import artefacts
from nof1.core.errors import ModelError
from nof1.federation import columns, judged, local
from nof1.federation.job import train
from nof1.federation.policy import Policy
from nof1.federation.refusal import Refused
from nof1.federation.training import Agreement, fit, prepare
from nof1.learn.sums import local_sum
from nof1.predict.cohort import compile_cohort
from nof1.predict.score import Scorer
from nof1.predict.task import Task
from nof1.record.store import Record

OPEN = Policy({}, {}, frozenset(), least_patients=20, least_events=5)


def job(hospitals, policy=OPEN, text=None):
    def site(workspace):
        return lambda link: train(link, workspace, text or hospitals.task, policy)

    made = {name: site(workspace) for name, workspace in hospitals.sites.items()}
    return local.run(made, patience=300)


def test_every_site_stores_the_same_model(trained, hospitals):
    assert len({one.artefact.content_hash for one in trained.values()}) == 1
    for name, one in trained.items():
        kept = artefacts.load(hospitals.sites[name].models, one.artefact.name)
        assert kept.content_hash == one.artefact.content_hash


def test_the_model_is_that_of_all_patients_in_one_place(trained, hospitals):
    one = next(iter(trained.values()))
    task, record = Task.parse(hospitals.task), Record(hospitals.together.record)
    cohort = compile_cohort(task, record)
    agreement = Agreement(task, one.model.spec, one.model.columns)
    site = prepare(record, cohort, agreement)
    pooled = fit(site, agreement, local_sum)
    X = site.data.X
    days = agreement.horizons[-1]
    ours = one.federated.trained
    np.testing.assert_allclose(ours.decision(X, days), pooled.trained.decision(X, days), atol=1e-6)
    theirs = {term.name: term for term in pooled.trained.learner.shapes.terms}
    for term in ours.learner.shapes.terms:
        if len(term.features) == 1:  # of two equal columns a pair may take either
            np.testing.assert_allclose(term.scores, theirs[term.name].scores, atol=1e-6)
    assert (one.federated.patients, one.federated.events) == (pooled.patients, pooled.events)


def test_the_figures_are_those_of_all_patients_together(trained):
    one = next(iter(trained.values()))
    figures = one.card.evaluation.figures
    assert one.card.evaluation.rows == one.federated.rows
    assert 0.5 < figures["auroc"].value < 1
    assert one.card.data["sites"] == 3
    assert any("no row" in one.card.population for one in trained.values())


def test_the_stored_model_speaks_like_any_other(trained):
    one = next(iter(trained.values()))
    scorer = Scorer.load(one.artefact)
    assert scorer.model.name == one.model.name
    assert one.card.to_dict()["status"] in ("speaks", "withheld")


def test_a_site_with_too_few_patients_takes_no_part_and_says_why(hospitals):
    strict = Policy({}, {}, frozenset(), least_patients=100_000)
    with pytest.raises(Refused, match="Fewer than 100000 patients"):
        job(hospitals, strict)


def test_a_task_that_no_site_can_answer_is_refused(hospitals):
    with pytest.raises(ModelError):
        job(hospitals, text=hospitals.task.replace("min_patients: 200", "min_patients: 100000"))


def test_features_of_different_tasks_do_not_unite(trained):
    spec = next(iter(trained.values())).model.spec
    other = type(spec).from_dict({**spec.to_dict(), "age": not spec.age})
    with pytest.raises(ModelError, match="different tasks"):
        columns.united([spec, other])


def test_each_site_knows_what_it_gained_and_the_others_do_not(trained, hospitals):
    words = set()
    for name, one in trained.items():
        kept = artefacts.load(hospitals.sites[name].models, one.artefact.name)
        own = kept.json("own-site.json")
        assert own == one.gain.to_dict()
        assert set(own["gained"]) == {"auroc", "brier", "log_loss"}
        assert kept.json("card.json")["own_patients"] == one.gain.words()
        assert "stay here" in " ".join(kept.files["card.md"].decode().split())
        words.add(one.gain.words())
    assert len(words) == 3
    assert len({str(one.losing) for one in trained.values()}) == 1


def test_the_rows_of_a_site_are_kept_for_itself(trained, hospitals):
    for name, one in trained.items():
        (found,) = judged.load(hospitals.sites[name], one.artefact.content_hash)
        assert len(found.y) == one.gain.rows
        assert np.isfinite(found.risk).all()
