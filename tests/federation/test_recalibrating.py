"""A site gets an intercept and a slope of its own only when held-out rows say so."""

import dataclasses

import numpy as np
import pytest

from nof1.core import artefacts, audit
from nof1.core.errors import InputError, ModelError
from nof1.federation import judged, recalibrating
from nof1.federation.algorithms import algorithm
from nof1.federation.egress import staying
from nof1.federation.egress.subject import load
from nof1.federation.judged import Judged
from nof1.federation.recalibrating import after, tried
from nof1.learn.recalibrate import LogisticRecalibration
from nof1.predict.model import Model


def rows(n=1500, shift=0.0, slope=1.0, seed=0):
    """Outcomes at odds that the shared risk misses by a shift and a slope."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(-1, 1, n)
    truth = 1 / (1 + np.exp(-(shift + slope * shared)))
    y = (rng.random(n) < truth).astype(float)
    risk = 1 / (1 + np.exp(-shared))
    return Judged(365.0, shared, np.stack([shared] * 3, 1), risk, y, np.ones(n),
                  np.arange(n) % 3, np.arange(n))  # fmt: skip


@pytest.mark.parametrize(("shift", "slope"), [(-1.0, 1.0), (0.8, 1.0), (0.0, 0.4)])
def test_a_site_that_the_model_misses_gets_its_own_numbers(shift, slope):
    found = tried(rows(shift=shift, slope=slope), 50)
    assert found.adopted
    assert found.intercept == pytest.approx(shift, abs=0.25)
    assert found.slope == pytest.approx(slope, abs=0.2)
    assert found.better["log_loss"].low > 0


def test_a_site_that_the_model_fits_keeps_it():
    taken = [tried(rows(seed=seed), 50).adopted for seed in range(20)]
    assert sum(taken) <= 1  # at most one in forty by chance


def test_few_outcomes_are_not_enough():
    found = tried(rows(n=60, shift=-1.0), 50)
    assert (found.adopted, found.better) == (False, {})


def test_two_maps_are_one():
    shared = LogisticRecalibration(0.3, 0.8, (0.0, 0.0, 0.0), 100)
    own = LogisticRecalibration(-0.5, 1.2, (0.04, 0.01, 0.02), 500)
    both = after(shared, own)
    decision = np.linspace(-4, 3, 30)
    np.testing.assert_allclose(both.logit(decision), own.logit(shared.logit(decision)))
    np.testing.assert_allclose(both.variance(decision), own.variance(shared.logit(decision)))


@pytest.fixture
def sites(trained, hospitals, fresh, monkeypatch):
    """Fresh workspaces with the trained model of their own; one site is missed by far."""
    monkeypatch.setattr(recalibrating, "ENOUGH", 8)
    for name, one in fresh.items():
        made = trained[name]
        one.models.unlink()
        files = made.artefact.files
        notes = {key: files[key] for key in ("card.json", "card.md", "own-site.json")}
        own = {key: text for key, text in files.items() if key not in notes}
        artefacts.save(one.models, made.artefact.name, own, notes)
        (kept,) = judged.load(hospitals.sites[name], made.artefact.content_hash)
        if name == min(fresh):
            risk = 1 / (1 + np.exp(-(np.log(kept.risk / (1 - kept.risk)) + 3)))
            kept = dataclasses.replace(kept, risk=risk)
        judged.save(one, made.artefact.content_hash, [kept])
    return fresh


def task(model):
    return f"name: again\nmodel: {model}\n"


def test_only_the_site_that_gains_stores_a_version_and_nobody_is_told_which(asked, sites, trained):
    before = next(iter(trained.values())).artefact
    done = asked("recalibrate", sites, task(before.name))
    first = min(sites)
    figures = [one.figures for one in done.values()]
    assert figures[0] == figures[1] == figures[2]
    assert figures[0]["sites_recalibrated"] == 1
    assert {one.content_hash for one in done.values()} == {""}
    for name, one in sites.items():
        versions = artefacts.versions(one.models, before.name)
        assert versions == ([1, 2] if name == first else [1])
    own = artefacts.load(sites[first].models, before.name)
    assert own.content_hash != before.content_hash
    old, new = Model.read(before), Model.read(own)
    (days,) = new.voices
    decision = np.linspace(-3, 3, 20)
    moved = new.voices[days].interval.recalibration.logit(decision)
    assert (moved < old.voices[days].interval.recalibration.logit(decision)).mean() > 0.5
    card = own.json("card.json")
    assert (card["version"], card["content_hash"]) == ("2", own.content_hash)
    assert "this site alone" in " ".join(card["limits"])
    leaving = {1: "attention", 2: "fail"}  # own figures lie beside the first; the second is its own
    for version, status in leaving.items():
        assert staying.check(load(sites[first], before.name, version)).status == status
    actions = [entry["action"] for entry in audit.entries(sites[first].audit)]
    assert "federation recalibration" in actions


def test_asked_again_the_shared_version_is_taken(asked, sites, trained):
    name = next(iter(trained.values())).artefact.name
    asked("recalibrate", sites, task(name))
    done = asked("recalibrate", sites, task(name), job="job-2")
    hashes = {one.figures["model_hash"] for one in done.values()}
    assert hashes == {next(iter(trained.values())).artefact.content_hash}


def test_a_model_that_not_all_sites_have_is_refused(asked, sites):
    with pytest.raises(ModelError, match="No version of the model"):
        asked("recalibrate", sites, task("other"))


@pytest.mark.parametrize("text", ["name: a", "name: a\nmodel: b\nsince: never", "name: a\nx: 1"])
def test_a_task_of_another_form_is_refused(text):
    with pytest.raises(InputError):
        algorithm("recalibrate").read(text)
