import threading

import numpy as np
import pytest

from federation_samples import NAMES, met
from nof1.core.errors import ModelError
from nof1.federation.local import run
from nof1.federation.ring import from_bytes, to_bytes
from nof1.federation.rounds import Rounds
from nof1.federation.secure import SecureSum


def sums(vectors):
    def site(link):
        total = link.open()
        return [total(vector) for vector in vectors]

    return site


def test_the_sum_is_that_of_the_plain_vectors_and_shapes_are_kept():
    rng = np.random.default_rng(0)
    parts = {name: rng.normal(size=(4, 5, 6)) for name in NAMES}
    got = run({name: sums(part) for name, part in parts.items()})
    for one in got.values():
        np.testing.assert_allclose(one, sum(parts.values()), atol=3 * 2.0**-25)


def in_session(behind):
    """Three sites before a coordinator that tampers: ``behind(site, number, total) -> total``."""
    made, rounds, errors = met(), Rounds(NAMES, patience=60), {}

    def site(name):
        def send(number, payload):
            return behind(name, number, rounds.lay(name, number, payload))

        secure = SecureSum(made[name], send)
        try:
            for _ in range(2):
                secure(np.ones(4))
        except Exception as error:
            errors[name] = error
            rounds.stop("a site stopped")

    threads = [threading.Thread(target=site, args=(name,)) for name in NAMES]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return errors


def test_an_honest_coordinator_is_believed():
    assert in_session(lambda site, number, total: total) == {}


def test_noise_in_place_of_the_total_is_found():
    errors = in_session(lambda site, number, total: bytes(len(total)))
    assert "did not cancel" in errors["north"].message


def test_a_coordinator_that_tells_two_sites_different_totals_is_found_in_the_next_round():
    def two_faced(site, number, total):
        words = from_bytes(total).copy()
        if site == "south" and number == 0:
            words[0] += np.uint64(1)
        return to_bytes(words)

    errors = in_session(two_faced)
    assert any("different totals" in one.message for one in errors.values())


def test_a_shorter_total_is_refused():
    errors = in_session(lambda site, number, total: total[:-8])
    assert "another length" in errors["west"].message


def test_sites_with_other_keys_give_noise_that_is_found():
    first, second = met(), met()  # north was restarted and met other keys
    rounds, errors = Rounds(NAMES, patience=60), []

    def site(name, masker):
        try:
            SecureSum(masker, lambda n, data: rounds.lay(name, n, data))(np.ones(3))
        except ModelError as error:
            errors.append(error.message)

    makers = {**first, "north": second["north"]}
    threads = [threading.Thread(target=site, args=one) for one in makers.items()]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(errors) == 3
    assert "did not cancel" in errors[0]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_nothing_is_sent_when_a_value_cannot_be_carried(value):
    sent = []
    secure = SecureSum(met()["north"], lambda n, data: sent.append(data) or data)
    with pytest.raises(ModelError, match="fixed point"):
        secure(np.array([value]))
    assert not sent


def test_what_is_sent_does_not_show_the_vector():
    sent = {}
    made = met()
    for name, one in made.items():

        def send(number, payload, name=name):
            sent[name] = from_bytes(payload)
            raise ModelError("caught")

        with pytest.raises(ModelError, match="caught"):
            SecureSum(one, send)(np.zeros(1000))
    both = sent["north"] + sent["south"]
    for words in (*sent.values(), both):
        assert len(set(words.tolist())) == 1003  # no entry twice: noise, not zeros
    total = sent["north"] + sent["south"] + sent["west"]
    assert not total[:1000].any()
    assert total[1000] == 3
