"""Records of one gene put together: copies, filters, duplicates, symbolic alleles, phase."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome.vcf_samples import SEVENTEEN, THREE, TPMT, TWO, all_positions, line, read
from nof1.genome import collecting
from nof1.genome.genotypes import ABSENT, MISSING, OTHER, Flag
from nof1.knowledge.alleles import definition

MNV = "chr19:38580039"  # RYR1 TT>AA


def test_half_calls_keep_the_known_copy(tmp_path):
    found = read(tmp_path, line(TWO, "G", "A", "./1", "0|.", "./."), ("a", "b", "c"))
    assert found.at(TWO, 0) == ([MISSING, 1], 0, Flag.HALF_CALL)
    assert found.at(TWO, 1) == ([0, MISSING], 1, Flag.HALF_CALL)
    assert found.at(TWO, 2) == ([MISSING, MISSING], 0, Flag(0))


def test_haploid_calls_have_no_second_copy(tmp_path):
    known = [p for _, _, p in all_positions(["G6PD"])]
    place = f"chrX:{known[0].position}"
    ref, alt = known[0].alleles[:2]
    found = read(tmp_path, line(place, ref, alt, "1", "0"), ("a", "b"), genes=["G6PD"])
    assert found.at(place, 0) == ([1, ABSENT], 0, Flag.HAPLOID)
    assert found.at(place, 1) == ([0, ABSENT], 0, Flag.HAPLOID)
    assumed = read(
        tmp_path,
        line(place, ref, alt, "1", "0/1"),
        ("a", "b"),
        genes=["G6PD"],
        assume_reference=True,
    )
    other = f"chrX:{known[5].position}"
    assert assumed.at(other, 0)[0] == [0, ABSENT]
    assert assumed.at(other, 1)[0] == [0, 0]


@pytest.mark.parametrize("filters", ["LowQual", "q10;s50"])
def test_what_did_not_pass_is_missing(tmp_path, filters):
    found = read(tmp_path, line(TWO, "G", "A", "0/1", filters=filters))
    assert found.at(TWO) == ([MISSING, MISSING], 0, Flag.FILTERED | Flag.DOUBTED)
    assert found.notes[collecting.FILTERED_NOTE] == 1


@pytest.mark.parametrize("filters", ["PASS", ".", "RefCall"])
def test_what_passed_is_read(tmp_path, filters):
    found = read(tmp_path, line(TWO, "G", "A", "0/1", filters=filters))
    assert found.at(TWO) == ([0, 1], 0, Flag(0))


def test_the_filter_of_a_sample_counts_too(tmp_path):
    body = line(TWO, "G", "A", "0/1:PASS", "0/1:q10", "0/1:.", form="GT:FT")
    found = read(tmp_path, body, ("a", "b", "c"))
    assert [found.at(TWO, n)[0] for n in range(3)] == [[0, 1], [MISSING, MISSING], [0, 1]]
    assert found.at(TWO, 1)[2] == Flag.FILTERED | Flag.DOUBTED
    assert (
        read(tmp_path, body.replace("0/1", "0/0"), ("a", "b", "c")).at(TWO, 1)[2] == Flag.FILTERED
    )


def test_equal_duplicates_are_noted(tmp_path):
    found = read(tmp_path, line(TWO, "G", "A", "0/1") + line(TWO, "G", "A", "1|0"))
    assert sorted(found.at(TWO)[0]) == [0, 1]
    assert found.at(TWO)[1:] == (1, Flag(0))
    assert found.notes[collecting.REPEATED_NOTE] == 1


@pytest.mark.parametrize(("one", "two"), [("0/1", "1/1"), ("0/0", "0/1"), ("0|1", "1|0")])
def test_contradicting_duplicates_are_missing(tmp_path, one, two):
    found = read(tmp_path, line(TWO, "G", "A", one) + line(TWO, "G", "A", two))
    assert found.at(TWO) == ([MISSING, MISSING], 0, Flag.DUPLICATE)


def test_a_duplicate_fills_what_the_other_did_not_call(tmp_path):
    for pair in (("./.", "0/1"), ("0/1", "./.")):
        found = read(tmp_path, "".join(line(TWO, "G", "A", call) for call in pair))
        assert found.at(TWO)[0] == [0, 1]


@pytest.mark.parametrize(
    ("first", "second", "alleles", "flag"),
    [
        ("0/1", "0/0", [0, 1], 0),
        ("0/0", "0/1", [0, 2], 0),
        ("1/0", "0/1", [1, 2], 0),  # bcftools norm -m -
        ("1/.", "./1", [1, 2], 0),  # vt decompose
        ("0/1", "0/1", [1, 2], 0),
        ("1/1", "0/0", [1, 1], 0),
        ("1/1", "./.", [1, 1], 0),
        ("0/0", "0/0", [0, 0], 0),
        ("1/1", "0/1", [MISSING, MISSING], Flag.DUPLICATE),
        ("0|1", "0|1", [MISSING, MISSING], Flag.DUPLICATE),
    ],
)
def test_a_site_that_was_split_into_lines_is_put_together(tmp_path, first, second, alleles, flag):
    body = line(TPMT, "T", "C", first) + line(TPMT, "T", "G", second)
    found = read(tmp_path, body, genes=["TPMT"])
    own, _, flags = found.at(TPMT)
    assert own == alleles
    assert flags == flag


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2), st.integers(0, 2), st.booleans(), st.sampled_from("0."))
def test_splitting_loses_nothing(tmp_path_factory, one, two, phased, other):
    """Each line has its own allele, and "0" (bcftools) or "." (vt) for the other one."""
    mark = "|" if phased else "/"
    body = ""
    for index, letter in ((1, "C"), (2, "G")):
        words = ["0" if n == 0 else "1" if n == index else other for n in (one, two)]
        body += line(TPMT, "T", letter, mark.join(words))
    own, phase, flags = read(tmp_path_factory.mktemp("x"), body, genes=["TPMT"]).at(TPMT)
    assert own == [one, two]
    assert flags == 0
    assert phase == phased


def test_a_wrong_reference_base_is_missing(tmp_path):
    found = read(tmp_path, line(TWO, "A", "G", "0/1") + line(SEVENTEEN, "C", "T", "0/1"))
    assert found.at(TWO) == ([MISSING, MISSING], 0, Flag.REF_MISMATCH)
    assert found.at(SEVENTEEN)[0] == [0, 1]
    assert found.notes[collecting.MISMATCH_NOTE] == 1


def test_symbolic_alleles_are_missing_on_their_copy(tmp_path):
    found = read(tmp_path, line(TWO, "G", "A,*", "1/2", "0/2"), ("a", "b"))
    assert found.at(TWO, 0) == ([1, MISSING], 0, Flag.SYMBOLIC)
    assert found.at(TWO, 1) == ([0, MISSING], 0, Flag.SYMBOLIC)
    assert found.notes[collecting.SYMBOLIC_NOTE] == 1


def test_a_large_deletion_is_never_the_reference(tmp_path):
    deletion = line("chr10:94781000", "A", "<DEL>", "0/1", info="SVTYPE=DEL;END=94790000")
    found = read(tmp_path, deletion)
    assert found.at(TWO) == ([MISSING, MISSING], 0, Flag.SYMBOLIC)
    found = read(tmp_path, deletion, assume_reference=True)
    assert found.at(TWO) == ([0, MISSING], 0, Flag.SYMBOLIC)
    found = read(tmp_path, deletion + line(TWO, "G", "A", "0/1"))
    assert found.at(TWO) == ([MISSING, MISSING], 0, Flag.DUPLICATE | Flag.SYMBOLIC)
    found = read(tmp_path, deletion.replace("0/1", "0/0") + line(TWO, "G", "A", "0/1"))
    assert found.at(TWO) == ([0, 1], 0, Flag(0))


def test_other_alleles_are_neither_known_nor_the_reference(tmp_path):
    found = read(tmp_path, line(TWO, "G", "A,T", "1/2", "0/0"), ("a", "b"))
    assert found.at(TWO, 0) == ([1, OTHER], 0, Flag.OTHER_ALLELE)
    assert found.at(TWO, 1) == ([0, 0], 0, Flag(0))
    assert found.notes[collecting.UNKNOWN_NOTE] == 1


@pytest.mark.parametrize(
    ("lines", "alleles"),
    [
        ([("38580039", "TT", "AA", "0/1")], [0, 1]),
        ([("38580039", "T", "A", "0|1"), ("38580040", "T", "A", "0|1")], [0, 1]),
        ([("38580039", "T", "A", "0|1"), ("38580040", "T", "A", "1|0")], [OTHER, OTHER]),
        ([("38580039", "T", "A", "0/1"), ("38580040", "T", "A", "0/1")], [MISSING, MISSING]),
        ([("38580039", "T", "A", "1/1"), ("38580040", "T", "A", "0/1")], [OTHER, 1]),
        ([("38580039", "T", "A", "0/1"), ("38580040", "T", "A", "0/0")], [0, OTHER]),
        ([("38580039", "T", "A", "0/0"), ("38580040", "T", ".", "0/0")], [0, 0]),
        ([("38580039", "T", "A", "0/0")], [MISSING, MISSING]),
    ],
)
def test_substitutions_of_two_bases_may_be_written_base_by_base(tmp_path, lines, alleles):
    body = "".join(line(f"chr19:{place}", *rest) for place, *rest in lines)
    assert read(tmp_path, body, genes=["RYR1"]).at(MNV)[0] == alleles


def test_neighbours_in_one_record_are_taken_apart(tmp_path):
    places = {p.position: p for p in definition("CYP2C19").all_positions}
    pairs = [n for n in places if n + 1 in places and len(places[n].alleles[0]) == 1]
    for place in pairs:
        ref = places[place].alleles[0] + places[place + 1].alleles[0]
        alt = places[place].alleles[1] + places[place + 1].alleles[1]
        found = read(tmp_path, line(f"chr10:{place}", ref, alt, "0|1"))
        assert found.at(f"chr10:{place}")[0] == [0, 1]
        assert found.at(f"chr10:{place + 1}")[0] == [0, 1]


def test_several_phase_sets_are_numbered(tmp_path):
    """PharmCAT issue 175: several phase sets in a gene are phase sets, not "unknown"."""
    body = line(SEVENTEEN, "C", "T", "0|1:94761900", "0|1:.", "0/1:5", form="GT:PS")
    body += line(THREE, "G", "A", "1|0:94761900", "1|0:7", "0|1:9", form="GT:PS")
    body += line(TWO, "G", "A", "0|1:94781859", "0|1:7", "1|1", form="GT:PS")
    body += line("chr10:94842866", "A", "G", "0|1:94761900", "0/1:7", "0|1:9", form="GT:PS")
    found = read(tmp_path, body, ("a", "b", "c"))
    places = (SEVENTEEN, THREE, TWO, "chr10:94842866")
    assert [found.at(place, 0)[1] for place in places] == [1, 1, 2, 1]
    assert [found.at(place, 1)[1] for place in places] == [1, 2, 2, 0]
    assert [found.at(place, 2)[1] for place in places] == [0, 1, 2, 1]


def test_phased_calls_without_phase_sets_are_one_set(tmp_path):
    body = line(SEVENTEEN, "C", "T", "0|1") + line(TWO, "G", "A", "1|0")
    found = read(tmp_path, body)
    assert found.at(SEVENTEEN)[:2] == ([0, 1], 1)
    assert found.at(TWO)[:2] == ([1, 0], 1)
    body += line("chr10:94842866", "A", "G", "0|1:9", form="GT:PS")
    assert read(tmp_path, body).at("chr10:94842866")[1] == 2


def test_a_homozygous_call_without_phase_breaks_no_phase(tmp_path):
    """PharmCAT issue 219: 0/0 in a phased file."""
    body = (
        line(SEVENTEEN, "C", "T", "0|1") + line(THREE, "G", "A", "0/0") + line(TWO, "G", "A", "1|0")
    )
    found = read(tmp_path, body)
    assert found.at(SEVENTEEN) == ([0, 1], 1, Flag(0))
    assert found.at(THREE) == ([0, 0], 0, Flag(0))
    assert found.at(TWO) == ([1, 0], 1, Flag(0))


def test_an_untested_allele_is_not_excluded(tmp_path):
    """PharmCAT issue 218: C>G was asked for at DPYD rs3918290; nobody asked for T."""
    place = "chr1:97450058"
    found = read(tmp_path, line(place, "C", "G", "0/0", "0/1"), ("a", "b"), genes=["DPYD"])
    assert found.at(place, 0)[0] == [MISSING, MISSING]
    assert found.at(place, 1)[0] == [MISSING, OTHER]
    assert found.notes[collecting.UNTESTED_NOTE] == 1
    body = line(place, "C", "G", "0/0") + line(place, "C", "T", "0/1")
    assert read(tmp_path, body, genes=["DPYD"]).at(place)[0] == [0, 1]
