"""A stored effect before it leaves: its people are found again, its parts checked like models."""

import json
from dataclasses import replace

import numpy as np
import pytest

from nof1.core import artefacts
from nof1.core.errors import ModelError, UsageError
from nof1.federation.egress import membership, norows, pack, smallcells
from nof1.federation.egress.facts import facts
from nof1.federation.egress.subject import load
from nof1.record.store import Record
from predict.effect.records import TASK, estimated

NOTES = ("card.json", "card.md")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A workspace with an effect, and its name."""
    workspace, _, result = estimated(tmp_path_factory.mktemp("leaving"), TASK, gain=True)
    return workspace, result.artefact.name


@pytest.fixture(scope="module")
def subject(place):
    return load(*place)


def planted(place, **changes):
    """A further version with other files: name without dots -> function of its JSON."""
    workspace, name = place
    files = dict(artefacts.load(workspace.effects, name, 1).files)
    for key, change in changes.items():
        file = key.replace("__", ".")
        data = json.loads(files[file])
        change(data)
        files[file] = json.dumps(data).encode()
    own = {key: raw for key, raw in files.items() if key not in NOTES}
    notes = {key: raw for key, raw in files.items() if key in NOTES}
    made = artefacts.save(workspace.effects, name, own, notes)
    return load(workspace, name, made.version)


def known(place):
    return facts(Record(place[0].record))


def test_the_people_of_the_comparison_are_found_again(subject):
    people = subject.effect.people
    told = subject.card["people"]
    assert subject.table.same
    assert (people.treated == 1).sum() == told["treatment"]
    assert people.known.sum() == told["outcome_known"]
    assert people.taught("base").sum() < people.taught("option").sum() == len(people.treated)


def test_every_check_speaks_of_an_effect(place):
    made = pack.egress(*place, version=1, seed=1)
    status = {one["name"]: one["status"] for one in made["checks"]}
    assert made["model"]["shelf"] == "effects"
    assert made["model"]["learner"]
    assert status["hashes"] == status["no_row"] == "pass"
    assert status["reproduced"] == status["one_run_audit"] == "not_checked"
    assert made["verdict"] != "pass"
    member = next(one for one in made["checks"] if one["name"] == "membership")
    assert {one["attack"].partition(":")[0] for one in member["figures"]["attacks"]} >= {
        "option", "base",
    }  # fmt: skip


def test_files_are_searched_for_rows_and_names(place, subject):
    clean = norows.check(subject, known(place), 10)
    assert clean.figures["rows_compared"] == len(subject.table.data.X)
    named = next(one for one in known(place).identifiers if len(one) > 5)
    bad = planted(place, card__json=lambda data: data["limits"].append(f"Not for {named}."))
    found = norows.check(bad, known(place), 10)
    assert found.status == "fail"
    assert named not in json.dumps(found.to_dict())


def test_a_part_is_counted_by_the_people_who_taught_it(place):
    """The base has seen the comparator alone: a bin of 12 of whom 3 took it rests on three."""
    subject = load(*place)
    people = subject.effect.people
    term_of = next(
        one for one in json.loads(subject.artefact.files["base.json"])["shapes"]["terms"]
        if len(one["features"]) == 1 and one["cuts"][0]
    )  # fmt: skip
    feature, cut = term_of["features"][0], term_of["cuts"][0][-1]
    above = people.data.X[:, feature].astype(np.float32) >= np.float32(cut)
    keep = np.flatnonzero(above & (people.treated == 0))[:3]
    people.treated[np.setdiff1d(np.flatnonzero(above & (people.treated == 0)), keep)] = 1.0
    found = smallcells.check(subject, None, 10)
    assert any("base.json" in one.where and "patients here" in one.what for one in found.found)


def test_a_curve_that_follows_few_people_of_one_arm_is_caught(place):
    def bend(data):
        term = next(one for one in data["shapes"]["terms"] if len(one["features"]) == 1)
        term["counts"][-1] = 3.0

    bad = planted(place, base__json=bend)
    found = smallcells.check(bad, known(place), 10)
    assert any("base.json" in one.where and "count below 10" in one.what for one in found.found)
    assert found.status == "fail"


def test_a_small_group_on_the_card_is_caught(place):
    bad = planted(place, card__json=lambda data: data["people"].update(left_the_option=4))
    found = smallcells.check(bad, known(place), 10)
    assert any(one.where == "card.json, people" and one.status == "fail" for one in found.found)


def test_an_effect_that_knows_its_people_is_caught_by_the_attack(place, subject, monkeypatch):
    from nof1.federation.egress.effects import Part

    people = subject.effect.people
    label = dict(zip(map(bytes, people.data.X), 2 * people.treated - 1, strict=True))
    honest = Part.stored
    monkeypatch.setattr(
        Part, "stored",
        lambda part, X: honest(part, X) + 3 * np.array([label.get(bytes(x), 0.0) for x in X]),
    )  # fmt: skip
    made = membership.check(subject, lambda text: None, 1, pairs=2)
    assert made.status == "fail"
    assert any("option: stored file" in one.where for one in made.found)


def test_an_effect_of_several_sites_is_checked_as_far_as_one_can(subject):
    words = "900 people, of 3 hospitals that showed each other no row"
    stored = replace(subject.effect.stored, validated_in=words)
    joint = replace(subject, effect=replace(subject.effect, stored=stored, same=None))
    assert joint.federated
    found = smallcells.check(joint, None, 10)
    assert not any("patients here" in one.what for one in found.found)


def test_an_effect_and_a_model_of_one_name_must_be_told_apart(place):
    workspace, name = place
    files = {"model.json": b'{"schema": "nof1/response-model/1"}'}
    artefacts.save(workspace.laboratory, name, files)
    with pytest.raises(UsageError, match="several kinds"):
        load(workspace, name)
    assert load(workspace, name, kind="effects").effect is not None
    assert load(workspace, name, kind="laboratory").effect is None


@pytest.mark.parametrize("shelf", ["models", "effects", "images", "laboratory"])
def test_a_kind_that_is_not_known_is_refused_loudly(place, shelf):
    workspace, _ = place
    files = {"model.json": b'{"schema": "somebody/else/9"}', "effect_model.json": b"{}"}
    artefacts.save(getattr(workspace, shelf), f"strange-{shelf}", files)
    with pytest.raises(ModelError, match=r"not know|another version"):
        load(workspace, f"strange-{shelf}")


def test_a_folder_of_networks_is_refused_and_not_called_missing(place):
    workspace, _ = place
    (workspace.images / "models" / "chest").mkdir(parents=True)
    with pytest.raises(ModelError, match="looked at nothing"):
        load(workspace, "chest")
