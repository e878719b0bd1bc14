"""The audit of a data set: every gate answers, planted faults are named, no id is told."""

import json

import numpy as np
import pytest

from nof1.core.errors import InputError
from nof1.imaging.gates.audit import audit, audit_collection
from nof1.imaging.gates.collection import Collection, open_collection
from nof1.imaging.gates.leakage import pixel_hash
from nof1.synthetic.films import Shortcut, film_set

GATES = (
    "leakage",
    "frame only",
    "exposure only",
    "metadata only",
    "within view",
    "site",
    "quality",
    "population",
)


def collection(films, **columns):
    truth = films.truth
    names = {"label": "opacity", "patient": "patient", "site": "site", "view": "view", "sex": "sex"}
    found = {ours: truth[theirs].cast(str).to_numpy().astype(str) for ours, theirs in names.items()}
    found["age_years"] = truth["age_years"].cast(str).to_numpy().astype(str)
    return Collection(
        images=tuple(image.astype(np.float32) for image in films.images),
        hashes=tuple(pixel_hash(image) for image in films.images),
        columns={**found, **columns},
    )


@pytest.fixture(scope="module")
def trapped():
    films = film_set(160, size=64, seed=1, shortcut=Shortcut(share=0.9, share_elsewhere=0.1))
    split = np.where(np.arange(160) < 120, "train", "test")
    found = collection(films, split=split)
    images, hashes = list(found.images), list(found.hashes)
    images[150], hashes[150] = images[3], hashes[3]  # a copy crosses the split
    found = Collection(images=tuple(images), hashes=tuple(hashes), columns=found.columns)
    return audit_collection(found, name="trapped")


def test_every_gate_answers_in_its_order(trapped):
    assert tuple(one.gate for one in trapped.gates) == GATES


def test_the_planted_faults_are_named(trapped):
    assert {"leakage", "frame only", "site"} <= set(trapped.failed)
    assert trapped.judgement == "failed"
    assert trapped.gates[0].figures["exact_copies_across_parts"] == 1
    assert not {"within view", "metadata only"} & set(trapped.failed)
    population = trapped.gates[-1].figures
    assert population["sexes"] == ["F", "M"]
    assert 18 <= population["age_years"][0] < population["age_years"][1] <= 90


def test_the_answer_is_plain_json_without_patients(trapped):
    text = json.dumps(trapped.to_dict(), allow_nan=False)
    assert '"schema": "nof1/imaging-audit/1"' in text
    assert "SYN-1" not in text


def test_what_is_not_said_is_not_checkable(tmp_path):
    np.savez(tmp_path / "bare.npz", images=film_set(40, size=48).images)
    found = audit(tmp_path / "bare.npz")
    assert found.judgement == "not checkable"
    assert set(found.not_checkable) == set(GATES) - {"quality"}
    assert all(one.because for one in found.gates if one.judgement == "not checkable")


def test_blank_pictures_fail_the_quality(tmp_path):
    images = film_set(40, size=48).images.copy()
    images[5] = 0
    np.savez(tmp_path / "some.npz", images=images)
    found = audit(tmp_path / "some.npz")
    assert found.counts["set_aside"] == 1
    assert "quality" in found.failed


def test_a_finding_must_be_named_among_many(tmp_path):
    np.savez(tmp_path / "n.npz", images=film_set(60, size=48).images, label=np.arange(60) % 3)
    found = audit(tmp_path / "n.npz")
    assert "3 labels" in found.gates[1].because
    named = audit(tmp_path / "n.npz", finding="2")
    assert named.gates[1].judgement == "passed"
    with pytest.raises(InputError):
        audit(tmp_path / "n.npz", finding="9")
    with pytest.raises(InputError):
        audit(tmp_path / "n.npz", finding="2", scores=[0.5])


def test_the_refusals_of_a_models_gates_are_counted(tmp_path):
    from nof1.imaging.gates.domain import Domain, statistics
    from nof1.imaging.gates.door import Door
    from nof1.imaging.gates.population import Population
    from nof1.imaging.gates.quality import Quality

    films = film_set(210, size=48, seed=3).images
    table = np.stack([statistics(one) for one in films[:200]])
    domains = {"statistics": Domain.fit(table[:90], table[90:])}
    door = Door(Quality.fit(list(films)), None, domains, Population(age_years=(18, 90)))
    noise = np.random.default_rng(0).integers(0, 255, (10, 48, 48))
    np.savez(tmp_path / "s.npz", images=np.concatenate([films[200:], noise]))
    report = audit_collection(open_collection(tmp_path / "s.npz", door=door)).gates[-1]
    assert report.gate == "door"
    assert report.judgement == "failed"
    assert report.figures["reasons"]["passed"] >= 8
