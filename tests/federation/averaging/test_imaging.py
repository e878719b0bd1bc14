"""``imaging-head`` from films to a model that the imaging room opens, at three sites."""

import json
from dataclasses import replace

import numpy as np
import pytest

from averaging_samples import frozen
from nof1.core.errors import InputError
from nof1.federation import local
from nof1.federation.algorithms import Asked, algorithm
from nof1.federation.averaging.heads import learn
from nof1.federation.averaging.imaging import HEAD
from nof1.federation.averaging.joint import Joint
from nof1.federation.policy import of_workspace
from nof1.federation.refusal import Refused
from nof1.imaging.answering.reader import Reader
from nof1.imaging.nets.folder import read_folder


def train(clinics, task=None, policies=None):
    def at(workspace, policy):
        asked = {"workspace": workspace, "text": task or clinics.task, "policy": policy}
        return lambda link: HEAD.run(Asked(link=link, cohort="all", privacy=None, **asked))

    rules = policies or {}
    sites = {
        name: at(one, rules.get(name, of_workspace(one.root)))
        for name, one in clinics.sites.items()
    }
    return local.run(sites)


@pytest.fixture(scope="module")
def made(clinics):
    return train(clinics)


def folders(clinics, made):
    return {
        name: read_folder(one.images / "models" / made[name].name)
        for name, one in clinics.sites.items()
    }


def test_it_stands_in_the_list():
    assert algorithm("imaging-head") is HEAD
    assert not HEAD.noisy


def test_every_site_has_the_same_model(clinics, made):
    hashes = {one.content_hash for one in made.values()}
    found = folders(clinics, made)
    assert len(hashes) == 1
    assert {one.sha256 for one in found.values()} == hashes
    first, *others = ({p.relative_to(one.path): p.read_bytes() for p in one.path.rglob("*")
                       if p.is_file()} for one in found.values())  # fmt: skip
    assert all(one == first for one in others)


def test_the_head_is_that_of_all_films_in_one_place(clinics, made, pooled):
    alone = learn(pooled.features, pooled.values, pooled.train, pooled.inner, False, Joint(True))
    stored = folders(clinics, made)["north"]
    assert stored.arrays["head"] == pytest.approx(alone.weights, rel=1e-4, abs=1e-4)
    logits = np.einsum("mnd,mkd->mnk", pooled.features, stored.arrays["head"])
    whole = logits + stored.arrays["constant"][:, None]
    assert whole == pytest.approx(alone.logits(pooled.features), abs=1e-4)
    assert stored.about["federation"]["decay"] == alone.decay


def test_the_imaging_room_opens_it_and_its_answers_are_the_heads(clinics, made, films):
    reader = Reader.open(folders(clinics, made)["west"].path)
    squares = (films[2].data.images[:20].astype(np.float32) / 255)[:, None]
    found = reader.ensemble.run(squares)
    alone = np.einsum("mnd,mkd->mnk", found.features, reader.ensemble.head)
    assert found.logits == pytest.approx(alone + reader.ensemble.constant[:, None], abs=1e-4)
    assert reader.door.quality.limits
    assert set(reader.door.domains) == {"network", "statistics"}
    assert reader.door.population.sexes == {"M", "F"}
    assert reader.calibration.conformal[0] is not None


def test_the_model_sees_the_square_and_is_withheld_for_want_of_an_orientation_check(made):
    told = made["south"].figures
    assert told["findings"]["square"]["auroc"]["value"] > 0.8
    assert told["withheld"] == [
        "orientation cannot be checked: the frozen network has no such check"
    ]
    assert told["pictures"]["train"] + told["pictures"]["test"] == 450


def test_what_goes_to_the_coordinator_is_small_and_of_all_sites(made):
    told = json.dumps(made["north"].figures)
    assert "p-0-" not in told
    assert len(told) < 2000
    assert made["north"].figures == made["west"].figures
    assert all(len(line) <= 200 for line in HEAD.words(made["north"].figures))


def test_a_second_training_stands_beside_the_first(clinics, made):
    again = train(clinics)
    assert again["north"].name == "bright-square-2"
    assert not list(clinics.sites["north"].images.glob(".federated-*"))


def test_sites_with_other_frozen_networks_are_told(clinics, tmp_path):
    other = frozen(tmp_path / "other", seed=9)
    shelf = clinics.sites["west"].images / "models"
    (shelf / "strange").symlink_to(other.path)
    for name in ("north", "south"):
        place = clinics.sites[name].images / "models"
        (place / "strange").symlink_to((place / "frozen").resolve())
    with pytest.raises(InputError, match="differ in the frozen network"):
        train(clinics, clinics.task.replace("backbone: frozen", "backbone: strange"))


def test_a_site_that_refuses_ends_it_for_all_and_tells_no_number(clinics):
    strict = replace(of_workspace(clinics.sites["south"].root), least_patients=5000)
    with pytest.raises(Refused) as told:
        train(clinics, policies={"south": strict})
    assert told.value.rule == "least_patients"
    assert "75" not in told.value.message


def test_films_that_are_no_numbers_never_leave(clinics, monkeypatch):
    from nof1.imaging.nets.ensemble import Ensemble

    plain = Ensemble.features

    def broken(self, squares, at_once=64):
        found = plain(self, squares, at_once)
        found[0, 0, 0] = np.nan
        return found

    monkeypatch.setattr(Ensemble, "features", broken)
    with pytest.raises(InputError, match="gives no numbers"):
        train(clinics)
