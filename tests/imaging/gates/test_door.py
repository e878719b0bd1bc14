"""All gates together: the order, both reasons, and a model folder that keeps them."""

from types import SimpleNamespace

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.imaging.gates.domain import statistics
from nof1.imaging.gates.door import Door, fit_domains
from nof1.imaging.gates.population import Population
from nof1.imaging.gates.quality import Quality
from nof1.imaging.gates.verdict import Verdict
from nof1.imaging.image import Header, Image
from nof1.imaging.nets.folder import read_folder, write_folder
from nof1.synthetic.films import film_set

CHILD = Header(modality="DX", body_part="CHEST", age_years=3.0)
ADULT = Header(modality="DX", body_part="CHEST", age_years=60.0)
PEOPLE = Population(age_years=(1, 5), modalities=frozenset({"DX"}))


@pytest.fixture(scope="module")
def films():
    return film_set(210, size=48, seed=6).images


@pytest.fixture(scope="module")
def door(films):
    held_out = np.arange(200) >= 90
    features = np.random.default_rng(0).normal(size=(2, 200, 6))
    domains = fit_domains(
        np.stack([statistics(film) for film in films[:200]]), held_out,
        labels=np.arange(200) % 2, features=features,
    )  # fmt: skip
    return Door(Quality.fit(list(films)), None, domains, PEOPLE)


def test_a_usual_film_of_a_child_passes_all_that_can_be_checked(door, films):
    verdicts = door.check(films[205], CHILD, np.zeros((2, 6)))
    assert {one.gate for one in verdicts if one.passed} == {"quality", "domain", "population"}
    assert [(one.gate, one.status) for one in verdicts if not one.passed] == [
        ("orientation", "not checkable")
    ]


def test_a_blank_film_of_an_adult_gets_both_reasons(door):
    codes = [one.code for one in door.check(np.full((48, 48), 9.0), ADULT) if not one.passed]
    assert codes == ["blank", "age"]


def test_the_network_and_the_statistics_can_each_refuse(door, films):
    strange = door.check(films[205], CHILD, np.full((2, 6), 50.0))
    assert [one.code for one in strange if one.status == "refused"] == ["foreign_network"]
    checkers = np.indices((48, 48)).sum(axis=0) % 2 * 200.0 + films[205] / 4
    lenient = Door(Quality(8, {}), None, door.domains, PEOPLE)
    seen = lenient.check(checkers, CHILD, np.zeros((2, 6)))
    assert [one.code for one in seen if one.status == "refused"] == ["foreign_statistics"]


def test_missing_features_are_said(door, films):
    verdicts = door.check_image(Image(pixels=films[205].astype(np.float32), header=CHILD))
    assert ("domain", "not checkable") in [(one.gate, one.status) for one in verdicts]


def test_the_orientation_speaks_before_the_usual_quality(door, films):
    refusal = Verdict(gate="orientation", status="refused", code="inverted")
    stub = SimpleNamespace(check=lambda pixels, level: refusal)
    noisy = films[205] + np.random.default_rng(0).normal(0, 90, (48, 48))
    assert not door.quality.check(noisy).passed
    turned = Door(door.quality, stub, door.domains, PEOPLE)
    assert [one.code for one in turned.check(noisy, CHILD) if not one.passed] == ["inverted"]


def test_a_stored_door_answers_the_same(door, films, tmp_path):
    write_folder(tmp_path / "m", {"classes": ["x"], "size": 48}, {"head": np.zeros((1, 1, 1))}, [])
    door.save(tmp_path / "m")
    again = Door.open(read_folder(tmp_path / "m"))
    for film in films[200:]:
        first = door.check(film, ADULT, np.zeros((2, 6)))
        assert again.check(film, ADULT, np.zeros((2, 6))) == first


def test_a_model_without_gates_may_not_answer(tmp_path):
    write_folder(tmp_path / "m", {"classes": ["x"], "size": 48}, {"head": np.zeros((1, 1, 1))}, [])
    with pytest.raises(ModelError):
        Door.open(read_folder(tmp_path / "m"))
