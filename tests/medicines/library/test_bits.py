"""The compiled loops against obvious twins, on fingerprints of any kind."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import DataStructs

from nof1.medicines.library import bits

few_bits = st.lists(st.integers(0, bits.BITS - 1), min_size=1, max_size=60)
# Few different bits: fingerprints that are alike, so that bounds are met exactly.
alike = st.lists(st.integers(0, 24), min_size=1, max_size=20)
some = st.lists(st.one_of(few_bits, alike), min_size=1, max_size=30)


def fingerprints(rows):
    dense = np.zeros((len(rows), bits.BITS), np.uint8)
    for at, row in enumerate(rows):
        dense[at, row] = 1
    return bits.packed(np.packbits(dense, axis=1, bitorder="little"))


def tanimoto(one, other):
    return len(set(one) & set(other)) / len(set(one) | set(other))


def rdkit_fingerprint(row):
    made = DataStructs.ExplicitBitVect(bits.BITS)
    made.SetBitsFromList(sorted(set(row)))
    return made


def similar(rows, query, least):
    made = fingerprints(rows)
    asked = fingerprints([query])
    place, value = np.empty(len(rows), np.int64), np.empty(len(rows))
    found = bits.similar(
        made,
        bits.folded(made),
        bits.counted(made).astype(np.uint16),
        asked[0],
        bits.folded(asked)[0],
        int(bits.counted(asked)[0]),
        least,
        place,
        value,
    )
    return dict(zip(place[:found].tolist(), value[:found].tolist(), strict=True))


@settings(deadline=None, max_examples=200)
@given(some, st.one_of(few_bits, alike), st.sampled_from([1e-9, 0.1, 1 / 3, 0.5, 0.7, 0.8, 1.0]))
def test_similar_finds_what_rdkit_finds(rows, query, least):
    values = DataStructs.BulkTanimotoSimilarity(
        rdkit_fingerprint(query), [rdkit_fingerprint(row) for row in rows]
    )
    expected = {at: value for at, value in enumerate(values) if value >= least}
    assert similar(rows, query, least) == expected


@settings(deadline=None, max_examples=100)
@given(some, st.one_of(few_bits, alike))
def test_a_threshold_that_is_just_met_is_met(rows, query):
    for at, row in enumerate(rows):
        value = tanimoto(row, query)
        if value > 0:
            assert similar(rows, query, value)[at] == value


@settings(deadline=None, max_examples=100)
@given(few_bits, few_bits)
def test_folds_are_never_further_apart_than_fingerprints(one, other):
    made = fingerprints([one, other])
    folds = bits.folded(made)
    assert np.bitwise_count(folds[0] ^ folds[1]).sum() <= np.bitwise_count(made[0] ^ made[1]).sum()


@settings(deadline=None, max_examples=100)
@given(some, st.lists(st.one_of(few_bits, alike), max_size=10), st.sampled_from([-1.0, 0.3, 0.9]))
def test_nearest_is_the_first_of_the_most_similar(rows, known, least):
    made, among = fingerprints(rows), fingerprints(known)
    values, which = np.empty(len(rows)), np.empty(len(rows), np.int64)
    bits.nearest(
        made,
        bits.folded(made),
        bits.counted(made).astype(np.uint16),
        among,
        bits.folded(among),
        bits.counted(among),
        least,
        values,
        which,
    )
    for row, value, place in zip(rows, values, which, strict=True):
        every = [tanimoto(row, one) for one in known]
        best = max(every, default=-1.0)
        if best > least:
            assert (value, place) == (best, every.index(best))
        else:
            assert (value, place) == (-1.0, -1)


@settings(deadline=None, max_examples=50)
@given(some, alike)
def test_holding_finds_rows_with_every_bit(rows, query):
    made, place = fingerprints(rows), np.empty(len(rows), np.int64)
    found = bits.holding(made, fingerprints([query])[0], place)
    assert place[:found].tolist() == [i for i, row in enumerate(rows) if set(query) <= set(row)]


def test_counted_is_the_number_of_different_bits():
    assert bits.counted(fingerprints([[1, 1, 2], [2047]])).tolist() == [2, 1]


@pytest.mark.parametrize("rows", [[[0]], [[0], [5, 6]]])
def test_folded_has_an_eighth_of_the_words(rows):
    assert bits.folded(fingerprints(rows)).shape == (len(rows), bits.FOLD_WORDS)
