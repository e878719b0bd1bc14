"""No count that is hidden can be worked out from those that are told."""

import itertools

import numpy as np
import pytest

from nof1.federation.cells import shown, with_margins

K = 10


def test_margins_stand_last():
    table = with_margins(np.array([[1, 2], [3, 4]]))
    assert table.tolist() == [[1, 2, 3], [3, 4, 7], [4, 6, 10]]


def test_nothing_is_hidden_where_nothing_is_small():
    table = with_margins(np.array([[20, 30], [0, 40]]))
    assert shown(table, K).all()


def test_a_small_cell_takes_others_with_it():
    table = with_margins(np.array([[3, 50], [60, 70]]))
    visible = shown(table, K)
    assert not visible[0, 0]
    assert not visible[0, 1] or not visible[0, 2]
    assert not visible[1, 0] or not visible[2, 0]
    assert visible[2, 2]


def test_what_is_hidden_on_a_line_is_not_few_people_together():
    table = with_margins(np.array([[2, 3, 40, 50]]))
    visible = shown(table, K)[0]
    hidden = table[0, :-1][~visible[:-1]].sum()
    assert not visible[-1] or hidden >= K


def test_a_group_in_which_everybody_or_nobody_has_the_outcome_is_hidden():
    table = with_margins(np.array([[30, 0], [40, 25]]))  # groups by outcome: no, yes
    assert shown(table, K).all()
    visible = shown(table, K, outcome=1)
    assert not visible[0, 0]
    assert not visible[0, 1]
    assert visible[2, 2]


def test_an_entry_may_be_hidden_for_another_reason():
    table = with_margins(np.array([[20, 30], [40, 50]]))
    also = np.zeros((3, 3), dtype=bool)
    also[1, 1] = True
    visible = shown(table, K, also=also)
    assert not visible[1, 1]
    assert (~visible).sum() >= 4  # else a row or a column gives it away


def possible(table, visible):
    """Every inner table of small whole numbers that agrees with what is told: brute force."""
    inner = tuple(size - 1 for size in table.shape)
    most = int(table[tuple(slice(0, -1) for _ in inner)].max()) + 5
    for values in itertools.product(range(most), repeat=int(np.prod(inner))):
        whole = with_margins(np.array(values).reshape(inner))
        if np.array_equal(whole[visible], table[visible]):
            yield whole


@pytest.mark.parametrize("seed", range(8))
def test_every_hidden_small_count_stays_open(seed):
    k = 4
    table = with_margins(np.random.default_rng(seed).integers(0, 8, (2, 2)))
    visible = shown(table, k)
    assert not (visible & (table > 0) & (table < k)).any()
    worlds = np.array(list(possible(table, visible)))
    for place in zip(*np.nonzero(~visible & (table > 0) & (table < k)), strict=True):
        seen = {int(world[place]) for world in worlds}
        assert len(seen) > 1, f"{place} of {table.tolist()}"
