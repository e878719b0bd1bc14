"""Finding the lines that touch wanted places: the quick way against the obvious one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome.vcf_samples import header, line, write
from nof1.genome import scan
from nof1.genome.places import Places, chromosome_name
from nof1.genome.vcf import open_variants

PLACES = Places({"chr10": [100, 200, 300], "X": [50]})


def test_blocks_reach_as_far_as_their_end(tmp_path):
    text = header()
    text += line("10:40", "A", "<NON_REF>", "0/0", info="DP=3;END=99")
    text += line("10:41", "A", "<NON_REF>", "0/0", info="END=100")
    text += line("10:42", "A", "<NON_REF>", "0/0", info="MEND=100;DP=4")
    text += line("10:43", "A", "<DEL>", "0/1", info="SVTYPE=DEL;SVLEN=-57;CIEND=-5,5")
    text += line("10:44", "A", "<INS>", "0/1", info="SVTYPE=INS;SVLEN=57")
    text += line("10:98", "AAA", "A", "0/1")
    text += line("10:98", "AA", "A", "0/1")
    for limit in (scan.LONG, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scan, "LONG", limit)
            with open_variants(write(tmp_path, text), PLACES) as variants:
                found = list(variants)
            assert [(each.position, each.end) for each in found] == [
                (41, 100),
                (43, 100),
                (98, 100),
            ]


def simple_heads(block: bytes, places: Places) -> list[tuple[int, str, int]]:
    """The slow oracle of scan.heads."""
    found = []
    for number, text in enumerate(block.decode().split("\n")):
        if not text.strip():
            continue
        columns = text.rstrip("\r").split("\t")
        position, name = int(columns[1]), chromosome_name(columns[0])
        end = position + len(columns[3]) - 1
        for entry in columns[7].split(";"):
            if entry.startswith("END="):
                end = max(end, int(entry[4:]))
        if any(place in places.positions(name) for place in range(position, end + 1)):
            found.append((number, name, end))
    return found


LINE = st.builds(
    lambda name, place, ref, info, tail: "\t".join(
        [name, str(place), "rs1", ref, "A,<DEL>", "50", "PASS", info, *tail]
    ),
    st.sampled_from(["chr10", "10", "chrX", "X", "chr1", "chrUn_1", "chr100"]),
    st.integers(1, 320),
    st.sampled_from(["A", "AC", "ACGTACGT"]),
    st.sampled_from([".", "DP=4", "END=120", "DP=1;END=210;X=END=3", "XEND=250", "A=1,END=5"]),
    st.sampled_from([[], ["GT"], ["GT", "0/1"], ["GT:X", "0/1:END=199"]]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINE, max_size=12), st.sampled_from(["\n", "\r\n", "\n\n"]), st.booleans())
def test_scanning_agrees_with_the_slow_way(lines, ends, last):
    block = (ends.join(lines) + (ends if last else "")).encode()
    wanted = simple_heads(block, PLACES)
    for long in (scan.LONG, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scan, "LONG", long)
            patch.setattr(scan, "MANY_NAMES", 2)
            found = list(scan.heads(block, PLACES, set()))
        assert [(each.number, each.chromosome, each.end) for each in found] == wanted
        for each in found:
            assert block[each.start : each.stop] == block.split(b"\n")[each.number]
