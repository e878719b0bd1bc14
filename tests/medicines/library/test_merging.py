"""Which rows are the same molecule, and the order of the files."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nof1.medicines.library.bits import counted, folded
from nof1.medicines.library.merging import first_of_each

keys = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 2**64 - 1])), max_size=40)


@given(keys)
def test_the_first_of_each_key_is_kept(rows):
    found = first_of_each(np.array(rows, np.uint64).reshape(-1, 2))
    assert found.tolist() == [rows.index(row) for row in rows]


def test_fingerprints_are_sorted_by_size_then_by_molecule(library):
    sizes = counted(np.asarray(library.fingerprints))
    assert np.array_equal(sizes, library.counts)
    assert np.array_equal(np.lexsort((library.order, sizes)), np.arange(len(library)))
    assert np.array_equal(library.folds, folded(np.asarray(library.fingerprints)))
    assert sorted(library.order.tolist()) == list(range(len(library)))
