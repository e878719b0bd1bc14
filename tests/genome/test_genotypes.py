"""From files to calls: unusual and bad input by name, and every position of every gene."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome.vcf_samples import (
    SEVENTEEN,
    THREE,
    TPMT,
    TWO,
    Read,
    all_positions,
    every_position,
    header,
    line,
    read,
    write,
)
from nof1.core.errors import InputError, Nof1Error, UsageError
from nof1.genome import genotypes
from nof1.genome.builds import other_bases
from nof1.genome.genotypes import ABSENT, MISSING, OTHER, Flag, read_calls
from nof1.knowledge.alleles import definition, genes
from nof1.synthetic.vcf import Line, write_vcf


@pytest.mark.parametrize("build", ["GRCh38", "GRCh37"])
@pytest.mark.parametrize("packed", ["plain", "bgzip"])
def test_every_position_of_every_gene_is_read(tmp_path, build, packed):
    """Random genotypes at all 1,202 positions, written with the alleles of each build."""
    draw = np.random.default_rng(5)
    truth, words = {}, {}
    for gene, column, position in all_positions():
        drawn = draw.integers(0, len(position.alleles), (4, 2))
        truth[gene, column] = drawn
        order = list(range(len(position.alleles)))
        letter = other_bases().get((position.chromosome, position.position))
        if build == "GRCh37" and letter:
            first = position.alleles.index(letter)
            order = [first, *(n for n in order if n != first)]
        numbers = np.argsort(order)[drawn]
        words[gene, column] = [f"{a}|{b}" for a, b in numbers]
    samples = tuple("abcd")
    text = every_position(lambda gene, column, _: words[gene, column], samples, build)
    found = Read(write(tmp_path, text, packed))
    assert found.calls.build == build
    assert set(found.genes) == set(genes())
    for (gene, column), drawn in truth.items():
        own = found.genes[gene]
        assert own.alleles.dtype == np.int8
        assert own.phase.dtype == np.int16
        assert own.flags.dtype == np.uint16
        assert own.alleles[:, column].tolist() == drawn.tolist(), (gene, column)
        assert (own.phase[:, column] == 1).all()
        assert not own.flags[:, column].any()
    assert not found.notes


def test_a_file_that_says_nothing_leaves_everything_missing(tmp_path):
    found = Read(write(tmp_path, header()))
    assert set(found.genes) == set(genes())
    for gene, own in found.genes.items():
        assert own.alleles.shape == (1, len(definition(gene).all_positions), 2)
        assert (own.alleles == MISSING).all()
        assert not own.flags.any()
    assert found.notes["TPMT: the file has no record of chr6 (all missing)"] == 1


def test_a_position_in_a_longer_reference_is_known(tmp_path):
    body = line("chr10:94781858", "CGG", "C", "0/0", "0/1")
    found = read(tmp_path, body, ("a", "b"))
    assert found.at(TWO, 0) == ([0, 0], 0, Flag(0))
    assert found.at(TWO, 1) == ([0, OTHER], 0, Flag.OTHER_ALLELE)


def test_blocks_of_a_gvcf_are_the_reference(tmp_path):
    body = line("chr10:94761800", "A", "<NON_REF>", "0/0:20", form="GT:GQ", info="END=94780000")
    body += line("chr10:94780001", "A", "<*>", "./.:0", form="GT:GQ", info="END=94781000")
    body += line(TWO, "G", "A,<NON_REF>", "0/1:20", form="GT:GQ")
    body += line("chr10:94781860", "A", ".", "0/0", info="DP=9;END=94800000")
    found = read(tmp_path, body)
    assert found.at(SEVENTEEN) == ([0, 0], 0, Flag.BLOCK)
    assert found.at(THREE) == ([MISSING, MISSING], 0, Flag.BLOCK)
    assert found.at(TWO) == ([0, 1], 0, Flag(0))
    own = found.genes["CYP2C19"]
    places = [p.position for p in definition("CYP2C19").all_positions]
    for column, place in enumerate(places):
        covered = 94761800 <= place <= 94780000 or 94781860 <= place <= 94800000
        assert (own.alleles[0, column] == 0).all() == covered or f"chr10:{place}" == TWO


def test_blocks_cover_known_insertions_and_deletions(tmp_path):
    body = line("chr10:94942000", "A", "<NON_REF>", "0/0", info="END=94949300")
    found = read(tmp_path, body, genes=["CYP2C9"])
    for place in ("chr10:94942205", "chr10:94949161", "chr10:94949281"):
        assert found.at(place) == ([0, 0], 0, Flag.BLOCK)


def test_a_record_of_the_base_before_a_deletion_excludes_it(tmp_path):
    """PharmCAT issues 63 and 128: REF "A" where the definition has "AT"."""
    found = read(tmp_path, line("chr10:94949161", "A", ".", "0/0"), genes=["CYP2C9"])
    assert found.at("chr10:94949161") == ([0, 0], 0, Flag(0))


def test_a_substitution_and_a_deletion_in_one_record(tmp_path):
    """PharmCAT issue 135: AGGAGTC to CGGAGTC and A."""
    body = line("chr13:48037782", "AGGAGTC", "CGGAGTC,A", "0/1", "0/2", "1/2")
    found = read(tmp_path, body, ("a", "b", "c"), genes=["NUDT15"])
    place = "chr13:48037782"
    assert [found.at(place, n)[0] for n in range(3)] == [[0, 0], [0, 1], [0, 1]]


def test_assumed_references_do_not_look_phased(tmp_path):
    """PharmCAT issues 102 and 120: assuming the reference leaves unphased data unphased."""
    found = read(tmp_path, line(TWO, "G", "A", "0/1"), assume_reference=True)
    assert found.at(TWO) == ([0, 1], 0, Flag(0))
    own = found.genes["CYP2C19"]
    assert (own.alleles >= 0).all()
    assert (own.phase == 0).all()
    assert found.notes[genotypes.ASSUMED] == 1


SILENT = "##fileformat=VCFv4.2\n##reference=GRCh38\n" + header(build=None).split("\n", 1)[1]


@pytest.mark.parametrize("gives_build", [SILENT, SILENT.replace("##reference=GRCh38\n", "")])
def test_silence_is_no_reference_where_nothing_shows_the_build(tmp_path, gives_build):
    """*2 twice at its place in GRCh37, in a file that somebody calls GRCh38: nobody is normal."""
    path = write(tmp_path, gives_build + line("chr10:96541616", "G", "A", "1/1"))
    with pytest.raises(InputError, match="Nothing shows that this file is GRCh38"):
        read_calls(path, ["CYP2C19"], build="GRCh38", assume_reference=True)


def test_the_bases_or_the_lengths_of_the_contigs_show_the_build(tmp_path):
    far = line("chr10:5", "G", "A", "1/1")
    for text in (SILENT + line(TWO, "G", "A", "1/1"), header() + far):
        found = Read(write(tmp_path, text), genes=["CYP2C19"], assume_reference=True)
        assert (found.genes["CYP2C19"].alleles >= 0).all()


def test_silence_is_no_reference_where_the_end_of_the_file_is_missing(tmp_path):
    path = write(tmp_path, header() + line(TWO, "G", "A", "0/1"), "bgzip")
    assert read_calls(path, assume_reference=True).samples == ("s1",)
    path.write_bytes(path.read_bytes()[:-28])
    with pytest.raises(InputError, match="the BGZF end mark is missing"):
        read_calls(path, assume_reference=True)


def test_reference_is_not_assumed_without_being_asked(tmp_path):
    own = read(tmp_path, line(TWO, "G", "A", "0/1")).genes["CYP2C19"]
    assert (own.alleles >= 0).sum() == 2


def test_reference_is_not_assumed_where_something_is_known_to_be_missing(tmp_path):
    body = line(TWO, "G", "A", "./.") + line(THREE, "G", "A", "0/0", filters="bad")
    found = read(tmp_path, body, genes=["CYP2C19", "TPMT"], assume_reference=True)
    assert found.at(TWO)[0] == [MISSING, MISSING]
    assert found.at(THREE)[0] == [MISSING, MISSING]
    assert found.at(SEVENTEEN)[0] == [0, 0]
    assert (found.genes["TPMT"].alleles == MISSING).all()  # no record of its chromosome at all


def test_records_of_a_chromosome_must_stand_together(tmp_path):
    body = (
        line(TWO, "G", "A", "0/1") + line(TPMT, "T", "C", "0/1") + line(SEVENTEEN, "C", "T", "0/1")
    )
    with pytest.raises(InputError, match="do not stand together"):
        read(tmp_path, body, genes=["CYP2C19", "TPMT"])


def test_the_order_within_a_chromosome_does_not_matter(tmp_path):
    found = read(tmp_path, line(TWO, "G", "A", "0/1") + line(SEVENTEEN, "C", "T", "1/1"))
    assert found.at(TWO)[0] == [0, 1]
    assert found.at(SEVENTEEN)[0] == [1, 1]


def test_names_of_chromosomes_may_differ(tmp_path):
    for name in ("10", "chr10", "CHR10", "NC_000010.11"):
        found = read(tmp_path, line(TWO.replace("chr10", name), "G", "A", "0/1"))
        assert found.at(TWO)[0] == [0, 1]


@pytest.mark.parametrize("alt", ["", ".", "A,", ",A", ",", "A,,A", "?", "<", "N[chr2:5["])
def test_strange_alternatives_are_never_the_reference(tmp_path, alt):
    found = read(tmp_path, line(TWO, "G", alt, "0/1", "1/1", "0/0"), ("a", "b", "c"))
    for sample in (0, 1):
        own = found.at(TWO, sample)[0]
        assert own[1] == (1 if alt in ("A,", "A,,A") else MISSING)


def test_lower_case_bases_are_bases(tmp_path):
    assert read(tmp_path, line(TWO, "g", "a", "0/1")).at(TWO)[0] == [0, 1]


def test_samples_and_genes_can_be_chosen(tmp_path):
    body = line(TWO, "G", "A", "0/1", "1/1")
    found = read(tmp_path, body, ("a", "b"), samples=["b"])
    assert found.calls.samples == ("b",)
    assert list(found.genes) == ["CYP2C19"]
    assert found.at(TWO)[0] == [1, 1]
    with pytest.raises(UsageError, match="No alleles are defined for 'CYP9'"):
        read(tmp_path, body, ("a", "b"), genes=["CYP9"])


def test_a_file_without_people_is_refused(tmp_path):
    for samples in ((), None):
        text = header(()) if samples == () else header(()).replace("INFO", "INFO\tFORMAT")
        with pytest.raises(InputError, match="no samples"):
            read_calls(write(tmp_path, text))


def test_calls_can_be_read_again(tmp_path):
    calls = read_calls(write(tmp_path, header() + line(TWO, "G", "A", "0/1")), ["CYP2C19"])
    first, second = list(calls), list(calls)
    assert np.array_equal(first[0].alleles, second[0].alleles)


def test_the_synthetic_writer_is_read_back(tmp_path):
    positions = all_positions()
    draw = np.random.default_rng(8)
    lines = []
    for _, _, p in positions:
        calls = draw.integers(0, len(p.alleles), (50, 2)).astype(np.int8)
        lines.append(
            Line(p.chromosome, p.position, p.rsid or ".", p.alleles[0], p.alleles[1:], calls)
        )
    write_vcf(tmp_path / "v.vcf.gz", [f"p{n}" for n in range(50)], lines)
    found = Read(tmp_path / "v.vcf.gz")
    for (gene, column, _), made in zip(positions, lines, strict=True):
        assert np.array_equal(found.genes[gene].alleles[:, column], made.calls)


PARTS = st.sampled_from(
    [
        "0/1",
        "1|0",
        ".",
        "./1",
        "2/2",
        "G",
        "A",
        "GA",
        "<DEL>",
        "*",
        "",
        "\t",
        "\n",
        "PASS",
        "94781859",
    ]
)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_changed_files_are_refused_or_read(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    body = line(SEVENTEEN, "C", "T", "0|1:1", form="GT:PS") + line(TWO, "G", "A,<DEL>", "0/1")
    body += line("chr10:94781900", "G", "<NON_REF>", "0/0", info="END=94790000")
    text = body
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(PARTS) + text[at + data.draw(st.integers(0, 4)) :]
    message = ""
    try:
        found = read(folder, text, assume_reference=data.draw(st.booleans()))
    except Nof1Error as error:
        message = str(error)
    else:
        own = found.genes["CYP2C19"]
        counts = [len(p.alleles) for p in definition("CYP2C19").all_positions]
        assert (own.alleles < np.array(counts)[:, None]).all()
        assert own.alleles.min() >= ABSENT
        assert own.phase.min() >= 0
    assert "0/1" not in message
