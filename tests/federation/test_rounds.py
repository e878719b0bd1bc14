from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nof1.core.errors import ModelError, UsageError
from nof1.federation.ring import from_bytes, to_bytes
from nof1.federation.rounds import Rounds

SITES = ("a", "b", "c")


def words(*values):
    return to_bytes(np.array(values, dtype=np.uint64))


def lay(rounds, number, payloads):
    """All sites at once; results or errors by site."""
    with ThreadPoolExecutor(len(payloads)) as pool:
        jobs = {site: pool.submit(rounds.lay, site, number, p) for site, p in payloads.items()}
    return {site: job.exception() or job.result() for site, job in jobs.items()}


def test_everybody_gets_the_sum_of_each_round():
    rounds = Rounds(SITES, patience=60)
    for number in range(3):
        got = lay(rounds, number, {site: words(k, 2**64 - 1) for k, site in enumerate(SITES)})
        assert {from_bytes(one).tolist() == [3, 2**64 - 3] for one in got.values()} == {True}


@pytest.mark.parametrize(
    ("site", "number", "payload", "match"),
    [
        ("x", 0, words(1), "takes no part"),
        ("a", 1, words(1), "round 1"),
        ("a", -1, words(1), "round -1"),
        ("a", 0, bytes(64 * 2**20 + 8), "too long"),
    ],
)
def test_a_wrong_call_fails_alone(site, number, payload, match):
    rounds = Rounds(SITES, patience=60)
    with pytest.raises(UsageError, match=match):
        rounds.lay(site, number, payload)
    got = lay(rounds, 0, {one: words(1) for one in SITES})
    assert {from_bytes(one).tolist()[0] for one in got.values()} == {3}


def test_a_second_vector_in_one_round_is_refused_and_does_not_count():
    rounds = Rounds(SITES, patience=60)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(rounds.lay, "a", 0, words(1))
        while "a" not in rounds._laid:
            pass
        with pytest.raises(UsageError, match="second vector"):
            rounds.lay("a", 0, words(100))
        lay(rounds, 0, {"b": words(1), "c": words(1)})
        assert from_bytes(first.result()).tolist() == [3]


def test_a_late_copy_of_an_old_round_is_refused():
    rounds = Rounds(SITES, patience=60)
    lay(rounds, 0, {one: words(1) for one in SITES})
    with pytest.raises(UsageError, match="round 0 came in round 1"):
        rounds.lay("a", 0, words(1))


def test_a_missing_site_ends_the_session_for_all():
    rounds = Rounds(SITES, patience=0.05)
    got = lay(rounds, 0, {"a": words(1), "b": words(1)})
    assert all(isinstance(one, ModelError) and "from c" in one.message for one in got.values())
    with pytest.raises(ModelError, match="from c"):
        rounds.lay("c", 0, words(1))


def test_vectors_of_different_lengths_end_the_session():
    rounds = Rounds(SITES, patience=60)
    got = lay(rounds, 0, {"a": words(1), "b": words(1, 2), "c": words(1)})
    assert all(isinstance(one, ModelError) for one in got.values())
