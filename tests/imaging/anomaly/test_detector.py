"""Learning without labels, the conformal threshold, the gate and the way to disk and back."""

import json
from dataclasses import replace

import numpy as np
import pytest

from nof1.core.errors import InputError, ModelError
from nof1.imaging.anomaly.detector import Detector, scores_of
from nof1.imaging.anomaly.planting import plant
from nof1.imaging.anomaly.trial import NOT_A_DIAGNOSIS

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")
SIZE = 32


def chest(count, seed):
    """Plain chests, no two alike: dark lungs with ribs on a bright, unevenly exposed trunk.

    On films that are all alike even random weights find a planted change, and nothing is proven.
    """
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:SIZE, :SIZE] / SIZE
    films = []
    for _ in range(count):
        film = np.full((SIZE, SIZE), 0.7)
        shift, wide, tall = rng.normal(0, 0.03), rng.normal(0.15, 0.02), rng.normal(0.32, 0.03)
        ribs = 0.08 * np.sin(2 * np.pi * (rng.uniform(6, 8) * row + rng.random()))
        for side in (0.29, 0.71):
            away = ((column - side - shift) / wide) ** 2 + ((row - 0.5) / tall) ** 2
            film += (ribs - rng.uniform(0.3, 0.4)) / (1 + np.exp(8 * np.minimum(away - 1, 9)))
        slope = rng.normal(0, 0.06, 2)
        film += slope[0] * (row - 0.5) + slope[1] * (column - 0.5)
        film += rng.normal(0, 0.015, film.shape)
        films.append(np.clip(film * rng.normal(1, 0.06), 0, 1))
    return (np.array(films) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def learned():
    from nof1.imaging.anomaly.learning import Lesson, learn
    from nof1.imaging.nets.residual import Plan

    small = Plan(widths=(8, 16, 24), stem=1, dropout=0.0)
    return learn(chest(200, 0), seeds=(1,), lesson=Lesson(passes=20), plan=small)


@pytest.fixture(scope="module")
def detector(learned):
    return Detector.build(learned.sight, chest(200, 0), chest(80, 1))


def test_it_learns_and_passes_the_trial(learned, detector):
    losses = learned.losses[0]
    assert losses[-1] < 0.8 * losses[0]
    assert detector.proof.passed, detector.proof.reason
    assert detector.proof.planted.low > 0.55
    assert detector.proof.planted_gain.low > 0.02


def test_untrained_nets_are_withheld_by_name_and_by_figure(learned):
    from nof1.imaging.anomaly.sight import of_nets
    from nof1.imaging.nets.residual import build

    torch.manual_seed(7)
    net = build(learned.plan, 1).eval()
    named = Detector.build(of_nets([net], SIZE, "untrained"), chest(150, 0), chest(80, 1))
    assert not named.proof.passed
    look = named.look(of_nets([net], SIZE, "untrained"), chest(1, 9)[0])
    assert look.answer == "withheld"
    assert look.p_value is look.score is look.places is None
    assert "untrained" in look.reason
    lie = of_nets([net], SIZE, "planted changes", plan=learned.plan)
    lying = Detector.build(lie, chest(150, 0), chest(80, 1))
    assert not lying.proof.passed
    assert "not found better than by an untrained net" in lying.proof.reason


def test_a_planted_change_is_marked_where_it_is(learned, detector):
    changed, masks = plant(chest(60, 2), ["shade"], seed=0)
    places = detector.places(learned.sight, changed)  # (60, 8, 8)
    coarse = masks.reshape(60, 8, 4, 8, 4).mean(axis=(2, 4))
    inside = np.array(
        [p[m > 0.5].mean() for p, m in zip(places, coarse, strict=True) if (m > 0.5).any()]
    )
    outside = np.array([p[m == 0].mean() for p, m in zip(places, coarse, strict=True)])
    assert inside.mean() > outside.mean() + 0.5


def test_about_one_normal_film_in_twenty_is_called_unusual(learned, detector):
    scores = scores_of(detector.places(learned.sight, chest(300, 3)))
    called = (detector.p_values(scores) <= 0.05).mean()
    assert called < 0.15
    own = scores_of(detector.places(learned.sight, chest(80, 1)))
    assert (detector.p_values(own) <= 0.05).mean() <= 0.06


def test_the_p_value_is_the_rank_among_held_out_films(learned, detector):
    own = scores_of(detector.places(learned.sight, chest(80, 1)))
    for score in (own.min(), np.median(own), own.max() + 1):
        slow = (1 + (own >= score - 1e-9).sum()) / 81
        assert detector.p_values([score])[0] == pytest.approx(slow, abs=2.1 / 81)


def test_the_answer_says_what_it_is_not(learned, detector):
    black = np.zeros((SIZE, SIZE), dtype=np.uint8)
    strange = detector.look(learned.sight, black)
    assert strange.answer == "unusual"
    assert strange.p_value == pytest.approx(1 / 81)
    assert NOT_A_DIAGNOSIS in strange.reason
    assert strange.places.shape == (8, 8)
    usual = detector.look(learned.sight, chest(1, 5)[0])
    assert usual.answer in ("unusual", "not unusual")


def test_it_is_stored_beside_its_nets_and_answers_the_same(learned, detector, tmp_path):
    from nof1.imaging.anomaly.storing import add, open_detector, write
    from nof1.imaging.nets.ensemble import Ensemble

    write(tmp_path / "model", learned, detector)
    ensemble = Ensemble.open(tmp_path / "model")
    sight, again = open_detector(ensemble)
    films = chest(6, 8)
    np.testing.assert_allclose(
        again.places(sight, films), detector.places(learned.sight, films), atol=1e-3
    )
    assert again.proof == detector.proof
    assert sight.kinds == ("moved", "foreign")
    add(tmp_path / "model", sight, replace(again, level=0.1))
    assert open_detector(Ensemble.open(tmp_path / "model"))[1].level == 0.1
    broken = {**ensemble.folder.about["anomaly"], "banks": 5}
    with pytest.raises(ModelError, match="damaged"):
        Detector.from_parts(broken, ensemble.folder.arrays)


def test_the_memory_works_on_nets_for_findings_too(learned):
    """Only the memory speaks; without the nets' plan there is no twin and no proof."""
    sight = replace(learned.sight, origin="labelled films", head=None, bias=None)
    found = Detector.build(replace(sight, plan=None), chest(200, 0), chest(80, 1))
    assert len(found.scales) == 1
    assert found.proof.planted.value > 0.55
    assert not found.proof.passed
    assert "no untrained twin" in found.proof.reason


def test_no_film_is_in_what_is_stored(detector):
    about, arrays = detector.to_parts()
    assert set(about) == {"format", "banks", "level", "proof"}
    assert arrays["anomaly-counts"].sum() == 80
    assert all(len(array) != 80 for name, array in arrays.items() if "entries" not in name)
    assert "[" not in json.dumps(about)


def test_wrong_input_is_refused(learned, detector):
    with pytest.raises(InputError):
        learned.sight.look(np.zeros((1, 16, 16)))
    with pytest.raises(InputError, match="0 to 1"):
        learned.sight.look(np.full((1, SIZE, SIZE), np.nan))
    with pytest.raises(ModelError, match="p-value"):
        Detector.build(learned.sight, chest(40, 0), chest(10, 1))
    two = replace(detector, banks=detector.banks * 2)
    with pytest.raises(ModelError, match="not those"):
        two.places(learned.sight, chest(1, 0))
    from nof1.imaging.anomaly.learning import learn

    with pytest.raises(InputError, match="normal films"):
        learn(chest(10, 0))
