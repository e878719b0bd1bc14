"""Signals of a pair against a slow oracle that takes the pair away and counts again."""

import math

import numpy as np
import pytest

from nof1.medicines.repurposing.likeness import Likeness
from nof1.medicines.repurposing.signals import COLD, WARM, names, signals

MEDICINES, DISEASES = 9, 6


def slow(used, likeness, i, j):
    """Every signal of pair (i, j), from the table without the pair; weights are of the whole."""
    rest = used.copy()
    rest[i, j] = 0
    weight = [1 / max(row.sum(), 1) for row in used]
    near = 0.0
    for k in range(DISEASES):
        if k != j and rest[i, k]:
            both = sum(weight[m] for m in range(MEDICINES) if rest[m, j] and rest[m, k])
            near += both / math.sqrt(max(rest[:, j].sum(), 1) * max(used[:, k].sum(), 1))
    best = {"structure": 0.0, "target": 0.0}
    tables = {"structure": likeness.structures, "target": likeness.targets}
    for m in range(MEDICINES):
        if m != i and rest[m, j]:
            for name, table in tables.items():
                best[name] = max(best[name], table[i, m])
    return {
        "popularity": math.log1p(rest[i].sum()),
        "known": math.log1p(rest[:, j].sum()),
        "neighbours": near,
        "chapter": math.log1p(sum(likeness.chapters[k, j] for k in range(DISEASES) if rest[i, k])),
        **best,
    }


def likeness(rng):
    def table(n):
        values = rng.random((n, n))
        values = (values + values.T) / 2
        np.fill_diagonal(values, 0)
        return values

    medicines = [table(MEDICINES) for _ in range(3)]
    return Likeness(medicines[0], table(DISEASES).round(), medicines[1], medicines[2])


@pytest.mark.parametrize("seed", range(12))
def test_signals_are_those_of_the_table_without_the_pair(seed):
    rng = np.random.default_rng(seed)
    used = rng.random((MEDICINES, DISEASES)) < 0.35
    given = likeness(rng)
    values = signals(used, given)
    for i in range(MEDICINES):
        for j in range(DISEASES):
            expected = slow(used.astype(float), given, i, j)
            found = dict(zip(names(given), values[i, j], strict=True))
            assert found == pytest.approx(expected, abs=1e-12), (i, j)


def test_the_signals_that_there_are_depend_on_the_tables():
    rng = np.random.default_rng(1)
    given = likeness(rng)
    assert names(given) == (*WARM, "structure", "target")
    assert names(Likeness(given.stems, given.chapters)) == WARM
    assert names(given, cold=True) == COLD


def test_a_cold_disease_is_told_nothing_by_its_own_medicines():
    rng = np.random.default_rng(2)
    used = rng.random((MEDICINES, DISEASES)) < 0.4
    hidden = used.copy()
    hidden[:, 3] = False
    given = likeness(rng)
    before = signals(used, given, cold=True)[:, 3]
    assert np.allclose(before, signals(hidden, given, cold=True)[:, 3])
