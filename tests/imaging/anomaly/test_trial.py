"""The gate: what must be withheld is withheld, with the reason."""

import numpy as np
import pytest

from nof1.imaging.anomaly.trial import NO_DISEASE, Proof, prove


@pytest.fixture(scope="module")
def held_out():
    return np.random.default_rng(0).integers(90, 130, (60, 32, 32)).astype(np.uint8)


def oracle(films):
    """Sees any change: these films have one level and one grain."""
    soft = films.reshape(len(films), 8, 4, 8, 4).astype(float)
    level, grain = soft.mean(axis=(2, 4)), soft.std(axis=(2, 4))
    return np.abs(level - 110).max(axis=(1, 2)) / 3 + np.abs(grain - 11.5).max(axis=(1, 2))


def blind(films):
    return films.reshape(len(films), -1).astype(np.int64).sum(axis=1) % 97.0


def test_a_detector_that_sees_unseen_kinds_may_speak_with_a_note(held_out):
    found = prove(oracle, blind, "planted changes", ("moved", "foreign"), held_out)
    assert found.passed
    assert found.planted.low > 0.55
    assert set(found.kinds) == {"shade", "hole", "wiped"}
    assert found.labelled is None
    assert found.reason == NO_DISEASE


def test_a_blind_one_is_withheld_with_its_figure(held_out):
    found = prove(blind, blind, "planted changes", ("moved", "foreign"), held_out)
    assert not found.passed
    assert "unseen kinds" in found.reason
    assert f"{found.planted.value:.3f}" in found.reason
    assert found.next_step


def test_an_untrained_net_is_refused_even_if_it_sees_well(held_out):
    found = prove(oracle, blind, "untrained", (), held_out)
    assert not found.passed
    assert "untrained" in found.reason


def test_kinds_that_were_trained_on_do_not_count(held_out):
    found = prove(oracle, blind, "planted changes", ("shade", "hole", "wiped"), held_out)
    assert not found.passed
    assert "every kind" in found.reason
    assert set(prove(oracle, blind, "planted changes", ("shade",), held_out).kinds) == {
        "hole",
        "wiped",
    }


def test_labelled_films_can_only_add_a_doubt(held_out):
    same = np.random.default_rng(1).integers(90, 130, (40, 32, 32)).astype(np.uint8)
    found = prove(oracle, blind, "planted changes", (), held_out, abnormal=same)
    assert not found.passed
    assert "called abnormal" in found.reason
    darker = (same // 2).astype(np.uint8)
    shortcut = prove(blind, blind, "labelled films", (), held_out, abnormal=darker)
    assert not shortcut.passed  # whatever the labels give, planted changes are not seen
    good = prove(oracle, blind, "planted changes", (), held_out, abnormal=darker)
    assert good.passed
    assert good.labelled.low > 0.6
    assert good.reason == ""


def test_few_films_are_not_enough(held_out):
    assert (
        "held-out normal films" in prove(oracle, blind, "planted changes", (), held_out[:30]).reason
    )
    few = prove(oracle, blind, "planted changes", (), held_out, abnormal=held_out[:5] // 2)
    assert few.labelled is None
    assert few.reason == NO_DISEASE


def test_a_proof_is_written_and_read(held_out):
    found = prove(oracle, blind, "planted changes", (), held_out, abnormal=held_out // 2)
    assert Proof.from_dict(found.to_dict()) == found


def test_nothing_is_proven_without_or_against_an_untrained_twin(held_out):
    alone = prove(oracle, None, "planted changes", (), held_out)
    assert not alone.passed
    assert "no untrained twin" in alone.reason
    equal = prove(oracle, oracle, "planted changes", (), held_out)
    assert equal.planted.low > 0.55
    assert not equal.passed
    assert "not found better than by an untrained net" in equal.reason


def test_labels_that_an_untrained_net_tells_apart_as_well_prove_nothing(held_out):
    def dark(films):
        return -films.reshape(len(films), -1).mean(axis=1)

    def both(films):
        return oracle(films) + dark(films)

    darker = (held_out // 2).astype(np.uint8)
    found = prove(both, dark, "planted changes", (), held_out, abnormal=darker)
    assert found.labelled.value == 1.0
    assert not found.passed
    assert "Films called abnormal are not found better" in found.reason


def test_the_order_of_the_films_shows_the_direction(held_out):
    found = prove(lambda films: -oracle(films), blind, "planted changes", (), held_out)
    assert found.planted.high < 0.5
    assert not found.passed
