"""Small cells: hidden ones cannot be computed from the totals."""

import numpy as np
import pytest

from nof1.core.errors import InputError, UsageError
from nof1.surveillance.suppression import HIDDEN, SHOWN, bridges, suppress


def whole(counts):
    rows = np.concatenate([counts, counts.sum(1, keepdims=True)], axis=1)
    return np.concatenate([rows, rows.sum(0, keepdims=True)], axis=0)


def hidden_of(marks):
    top = np.concatenate([marks.cells, marks.row_sums[:, None]], axis=1)
    bottom = np.append(marks.column_sums, marks.total)
    return np.concatenate([top, bottom[None]], axis=0) != SHOWN


def computable(hidden):
    """Oracle: hidden numbers that the shown ones determine, by the null space of all sums."""
    at = np.argwhere(hidden)
    rows, columns = hidden.shape
    equations = np.zeros((rows + columns, len(at)))
    for number, (r, c) in enumerate(at):
        equations[r, number] += -1 if c == columns - 1 else 1
        equations[rows + c, number] += -1 if r == rows - 1 else 1
    if not len(at):
        return []
    _, sizes, directions = np.linalg.svd(equations)
    free = directions[int((sizes > 1e-9).sum()) :]
    return [tuple(one) for n, one in enumerate(at) if np.abs(free[:, n]).max(initial=0) < 1e-9]


def tables():
    chance = np.random.default_rng(5)
    for _ in range(200):
        shape = (chance.integers(1, 8), chance.integers(1, 5))
        yield chance.poisson(chance.choice([0.4, 3, 12]), shape)


def test_bridges_are_just_the_computable_numbers():
    chance = np.random.default_rng(6)
    some = 0
    for _ in range(200):
        hidden = chance.random((chance.integers(2, 7), chance.integers(2, 5))) < 0.35
        expected = computable(hidden)
        some += len(expected)
        assert sorted(bridges(hidden)) == sorted(expected)
    assert some > 100


def test_no_small_number_is_shown_or_computable():
    for counts in tables():
        values, hidden = whole(counts), hidden_of(suppress(counts))
        small = (values > 0) & (values < 5)
        assert (hidden | ~small).all()
        assert not [at for at in computable(hidden) if small[at]]


def test_hidden_cells_beside_a_shown_sum_add_up_to_k():
    for counts in tables():
        values, hidden = whole(counts), hidden_of(suppress(counts))
        for numbers, marks in ((values, hidden), (values.T, hidden.T)):
            for line, mark in zip(numbers, marks, strict=True):
                if mark.any() and not mark[-1]:
                    assert mark.sum() >= 2
                    assert line[:-1][mark[:-1]].sum() >= 5


def test_large_counts_and_zeros_are_shown():
    assert suppress(np.array([[10, 20], [0, 5]])).hidden == 0


def test_one_small_cell_takes_the_smallest_other_with_it():
    marks = suppress(np.array([[3], [10], [20]]))
    assert marks.cells[:, 0].tolist() == [HIDDEN, 2, SHOWN]
    assert marks.column_sums.tolist() == [SHOWN]


def test_k_is_kept_to():
    counts = np.array([[7], [30], [40]])
    assert suppress(counts, 5).hidden == 0
    assert suppress(counts, 10).cells[0, 0] == HIDDEN


def test_bad_input():
    with pytest.raises(UsageError, match="too small"):
        suppress(np.array([[1]]), 1)
    with pytest.raises(InputError, match="negative"):
        suppress(np.array([[-1]]))
