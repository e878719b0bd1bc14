"""GRCh37 through the position table, and telling the builds apart."""

from __future__ import annotations

import pytest

from genome.vcf_samples import all_positions, every_position, header, line, write
from nof1.core.errors import InputError, UsageError
from nof1.genome.builds import find_build, is_known, other_bases, shifts, to_grch37
from nof1.genome.genotypes import read_calls
from nof1.knowledge.alleles import definition, genes


# Places of both builds as dbSNP build 156 lists them.
@pytest.mark.parametrize(
    ("gene", "new", "old"),
    [
        ("CYP2C19", 94781859, 96541616),  # rs4244285
        ("VKORC1", 31096368, 31107689),  # rs9923231
        ("TPMT", 18130687, 18130918),  # rs1142345
        ("SLCO1B1", 21178615, 21331549),  # rs4149056
        ("DPYD", 97450058, 97915614),  # rs3918290
        ("CYP3A5", 99672916, 99270539),  # rs776746
        ("CYP4F2", 15879621, 15990431),  # rs2108622
        ("NUDT15", 48045719, 48619855),  # rs116855232
        ("UGT1A1", 233759924, 234668570),  # rs887829
        ("CYP2C9", 94645745, 96405502),  # rs12777823, far from the gene
    ],
)
def test_known_places_in_both_builds(gene, new, old):
    assert to_grch37(gene, new) == old
    assert new in {position.position for position in definition(gene).all_positions}


@pytest.mark.parametrize("gene", genes())
def test_every_gene_has_confirmed_places(gene):
    known = shifts()[gene]
    assert is_known(gene, "GRCh37")
    assert known.chromosome == definition(gene).chromosome
    assert known.anchors >= 2
    with pytest.raises(UsageError, match="not known"):
        to_grch37(gene, known.first - 1)


def test_bases_that_differ_are_alleles_of_their_position():
    known = {(p.chromosome, p.position): p for _, _, p in all_positions()}
    assert len(other_bases()) == 5
    for place, letter in other_bases().items():
        assert letter in known[place].alleles[1:]


def test_the_header_decides(tmp_path):
    for build in ("GRCh38", "GRCh37"):
        path = write(tmp_path, header(build=build))
        assert find_build(path, genes()) == build
        assert find_build(path, genes(), build) == build
        other = "GRCh37" if build == "GRCh38" else "GRCh38"
        with pytest.raises(InputError, match=f"by its header it is {build}"):
            find_build(path, genes(), other)


@pytest.mark.parametrize("build", ["GRCh38", "GRCh37"])
def test_a_silent_header_is_decided_by_the_bases(tmp_path, build):
    text = every_position(lambda *_: ["0/1"], build=build, head=header(build=None))
    path = write(tmp_path, text)
    assert find_build(path, genes()) == build
    other = "GRCh37" if build == "GRCh38" else "GRCh38"
    with pytest.raises(InputError, match=f"by its reference bases it is {build}"):
        find_build(path, genes(), other)


def test_too_little_is_refused_with_the_way_out(tmp_path):
    path = write(tmp_path, header(build=None) + line("chr10:94781859", "G", "A", "0/1"))
    with pytest.raises(InputError, match="cannot be told") as caught:
        find_build(path, genes())
    assert "--build GRCh38" in str(caught.value)
    assert find_build(path, genes(), "GRCh38") == "GRCh38"
    with pytest.raises(UsageError, match="not known"):
        find_build(path, genes(), "hg18")


def test_a_header_of_two_builds_is_refused(tmp_path):
    extra = ("##contig=<ID=1,length=249250621>", "##reference=GRCh38.fa")
    path = write(tmp_path, header(build=None, extra=extra))
    with pytest.raises(InputError, match="two builds") as caught:
        read_calls(path)
    assert "--build" in str(caught.value)
    assert read_calls(path, build="GRCh37").build == "GRCh37"


def test_a_wrong_header_is_caught_by_the_bases(tmp_path):
    """A file of GRCh37 that says GRCh38: its bases at these places are not the reference."""
    positions = all_positions(["DPYD", "CYP2C19"])
    wrong = "".join(
        line(f"{p.chromosome}:{p.position}", "ACGT"["CGTA".index(p.alleles[0][0])], "N", "0/0")
        for _, _, p in positions
        if len(p.alleles[0]) == 1
    )
    with pytest.raises(InputError, match="not those of GRCh38"):
        list(read_calls(write(tmp_path, header() + wrong)))
