"""Sample columns: all at once against one by one."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1.genome import genotype_text


def spelled(text: str, alts: int) -> tuple[int, int, bool]:
    """The slow oracle of one genotype."""
    field = text.split(":")[0]
    marks = field.replace("/", "|").split("|")
    if len(marks) > 2 or not all(mark == "." or mark.isdigit() for mark in marks):
        return -1, -1, False
    numbers = [-1 if mark == "." else int(mark) for mark in marks]
    if max(numbers) > alts or max(numbers) > genotype_text.LARGEST:
        return -1, -1, False
    if len(numbers) == 1:
        return numbers[0], -1 if numbers[0] == -1 else -2, False
    return numbers[0], numbers[1], "|" in field


CALL = st.one_of(
    st.sampled_from(["0|0", "0/1", "1|1", "./.", ".|1", "1", ".", "0|10", "12/3", "130/1"]),
    st.sampled_from(["0/1/1", "x", "", "0", "9/9", "0/1:3:.", "1|0:7:PASS", "1:", "0|1::q10"]),
    st.sampled_from(["0|1:12:PASS", "0|1:x:q10;q20", "1/0:4294967296", "-1/0", "0\\1"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(CALL, min_size=1, max_size=9), st.integers(0, 140), st.randoms())
def test_sample_columns_agree_with_the_slow_way(calls, alts, chance: random.Random):
    keep = sorted(chance.sample(range(len(calls)), chance.randint(1, len(calls))))
    fields = [b"GT"] if all(":" not in call for call in calls) else [b"GT", b"PS", b"FT"]
    tail = "\t".join(calls).encode()
    made = genotype_text.parse(tail, fields, len(calls), np.array(keep), alts)
    for row, index in enumerate(keep):
        first, second, phased = spelled(calls[index], alts)
        assert made.alleles[row].tolist() == [first, second]
        parts = calls[index].split(":")
        given_set = parts[1] if len(parts) > 1 else ""
        strange = given_set not in ("", ".") and not (
            given_set.isdigit() and int(given_set) < 2**31
        )
        if (first, second) != (-1, -1):
            assert made.phased[row] == (phased and not strange)
        if len(fields) > 1:
            assert made.phase_set is not None
            known = given_set.isdigit() and int(given_set) < 2**31
            assert made.phase_set[row] == (int(given_set) if known else -1)
            assert made.failed is not None
            assert made.failed[row] == (len(parts) > 2 and parts[2] not in ("PASS", ".", ""))


def test_a_genotype_without_reads_is_missing():
    """GATK 4.2.3 to 4.5 wrote 0/0 with DP 0 where nothing was read; so do blocks of some gVCF."""
    fields = [b"GT", b"DP", b"GQ", b"MIN_DP"]
    calls = ["0/0:0:0:0", "0/0:30:99:20", "0/0:30:0:20", "0|1:10:9", "1:0", "./.:0", "0/0:00:.:.",
             "0/0", "0/0:5:9:0"]  # fmt: skip
    made = genotype_text.parse("\t".join(calls).encode(), fields, len(calls), None, 1)
    lost = [0, 2, 4, 5, 8]
    for row, own in enumerate(made.alleles.tolist()):
        assert (own == [-1, -1]) == (row in lost), row
    assert made.phased.tolist() == [row == 3 for row in range(len(calls))]
    assert made.notes[genotype_text.UNREAD] == 4
