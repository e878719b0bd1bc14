"""What a site keeps of its answers, and what it refuses because of them."""

import stat

import numpy as np
import polars as pl
import pytest

from nof1.core.errors import InputError, WorkspaceError
from nof1.federation.answered import Answered, close
from nof1.federation.refusal import Refused
from nof1.learn.sums import federate

K = 10


@pytest.fixture
def kept(tmp_path):
    return Answered.of_workspace(tmp_path)


def group(kept, numbers):
    return np.sort(kept.hashes(pl.Series([*numbers])))


def test_the_same_cohort_may_be_asked_about_again(kept):
    kept.keep("a1", "job-1", group(kept, range(100)))
    kept.cohort(group(kept, range(100)), K)


@pytest.mark.parametrize("other", [range(99), range(91), range(1, 101), range(109)])
def test_a_cohort_that_differs_by_a_few_is_refused(kept, other):
    kept.keep("a1", "job-1", group(kept, range(100)))
    with pytest.raises(Refused, match="differs by fewer than 10") as found:
        kept.cohort(group(kept, other), K)
    assert "job-1" in found.value.message
    assert not any(word in found.value.message for word in ("99", "91", "109"))


@pytest.mark.parametrize("other", [range(90), range(110), range(200, 300)])
def test_one_that_differs_more_may_be_asked_about(kept, other):
    kept.keep("a1", "job-1", group(kept, range(100)))
    kept.cohort(group(kept, other), K)


def test_a_group_that_is_nearly_a_told_one_is_not_told(kept):
    kept.keep("a1", "job-1", group(kept, range(100)), [group(kept, range(40))])
    asked = [range(40), range(41), range(30), range(60, 70), range(100)]
    found = kept.near([group(kept, one) for one in asked], group(kept, range(200)), K)
    assert found.tolist() == [0, 1, 0, 0, 0]


def test_a_group_is_not_compared_with_its_own_cohort(kept):
    kept.keep("a1", "job-1", group(kept, range(100)))
    nearly = [group(kept, range(95))]
    assert kept.near(nearly, group(kept, range(100)), K).tolist() == [0]
    assert kept.near(nearly, group(kept, range(200)), K).tolist() == [1]


def test_small_groups_that_share_nobody_are_not_compared(kept):
    kept.keep("a1", "job-1", group(kept, range(100)), [group(kept, range(3))])
    assert kept.near(
        [group(kept, range(50, 53)), group(kept, ())], group(kept, ()), K
    ).tolist() == [0, 0]


def test_steps_of_other_rules_that_left_nearly_as_many_are_not_told(kept):
    kept.keep("a1", "job-1", group(kept, range(100)), steps=[("a", 300), ("b", 100)])
    assert kept.near_steps([("a", 300), ("c", 104), ("d", 90)], K) == [False, True, False]


def test_files_are_private_and_name_nobody(kept, tmp_path):
    kept.keep("a1", "job-1", group(kept, [123456789]), [group(kept, [123456789])])
    files = [*(tmp_path / "federation" / "answered").iterdir()]
    assert len(files) == 2
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"123456789" not in path.read_bytes()


def test_a_hash_needs_the_key_of_the_site(tmp_path):
    one, two = (Answered.of_workspace(tmp_path / name) for name in "ab")
    assert group(one, [7]) != group(two, [7])


def test_without_the_key_nothing_is_answered(kept, tmp_path):
    kept.keep("a1", "job-1", group(kept, range(100)))
    (tmp_path / "federation" / "answered" / "key").unlink()
    with pytest.raises(WorkspaceError, match="key"):
        group(kept, range(3))


def test_damaged_or_open_files_are_refused(kept, tmp_path):
    kept.keep("a1", "job-1", group(kept, range(100)))
    (path,) = (tmp_path / "federation" / "answered").glob("*.answer")
    path.write_bytes(b"\xc1")
    with pytest.raises(WorkspaceError, match="damaged"):
        kept.cohort(group(kept, range(3)), K)
    path.chmod(0o644)
    with pytest.raises(InputError, match="read by others"):
        kept.cohort(group(kept, range(3)), K)


def closeness(tmp_path, told, asked):
    """``close`` at three sites; each has told and is asked about its own groups."""

    def site(number):
        def run(total):
            kept = Answered.of_workspace(tmp_path / str(number))
            kept.keep(
                "old", "job-0", group(kept, range(1000)), [group(kept, one) for one in told[number]]
            )
            groups = [group(kept, one) for one in asked[number]]
            return close(
                kept, groups, group(kept, range(1000)), kept.answers(), K, total, "new"
            ).tolist()

        return run

    found = federate([site(number) for number in range(3)])
    assert found[0] == found[1] == found[2]
    return found[0]


def test_a_few_at_one_site_and_nobody_elsewhere_is_close(tmp_path):
    told = [[range(40)], [range(50)], [range(60)]]
    asked = [[range(41)], [range(50)], [range(60)]]
    assert closeness(tmp_path, told, asked) == [True]


def test_a_few_at_each_site_are_many_together(tmp_path):
    told = [[range(40)], [range(50)], [range(60)]]
    asked = [[range(44)], [range(54)], [range(64)]]
    assert closeness(tmp_path, told, asked) == [False]


def test_asked_again_no_more_is_told_than_before(tmp_path):
    told = [[range(40), range(100)]] * 3
    asked = [[range(40), range(100), range(200)]] * 3
    assert closeness(tmp_path, told, asked) == [False, False, True]


def test_two_jobs_that_begin_at_once_hash_with_one_key(kept, monkeypatch):
    """The second key once replaced the first: what was kept under that one fitted nothing."""
    from nof1.federation import answered

    people, other = pl.Series([1, 2]), []

    def urandom(size):
        if not other:  # another job comes between the look and the writing
            other.append(None)
            other[0] = Answered(kept.root).hashes(people)
            return b"1" * size
        return b"2" * size

    monkeypatch.setattr(answered.os, "urandom", urandom)
    mine = kept.hashes(people)
    np.testing.assert_array_equal(mine, other[0])
    np.testing.assert_array_equal(mine, Answered(kept.root).hashes(people))
