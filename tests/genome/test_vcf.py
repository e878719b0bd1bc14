"""Reading VCF text: packing, header, blocks, columns, damage."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome.vcf_samples import COLUMNS, header, line, write
from nof1.core.errors import InputError, Nof1Error, UsageError
from nof1.genome import blocks, genotype_text, scan
from nof1.genome.places import Places, chromosome_name
from nof1.genome.vcf import BYTE_ORDER_MARK, NO_END_MARK, NO_GENOTYPES, open_variants
from nof1.synthetic.vcf import END_OF_FILE, Line, bgzf_block, write_vcf

PLACES = Places({"chr10": [100, 200, 300], "X": [50]})
BODY = (
    line("chr10:100", "A", "C", "0/1", "1|1")
    + line("chr10:150", "A", "C", "0/1", "1|1")
    + line("chr10:200", "a", "c,<DEL>", "2/1", "./.")
    + line("chrX:50", "A", "T", "1", "0/1")
)
TEXT = header(("a", "b c")) + BODY


def records(path: Path, places: Places = PLACES, samples: list[str] | None = None):
    with open_variants(path, places, samples) as variants:
        return list(variants), variants


@pytest.mark.parametrize("packed", ["plain", "gzip", "bgzip"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "none"])
def test_packing_and_line_ends_make_no_difference(tmp_path, packed, ends):
    text = TEXT.rstrip("\n") if ends == "none" else TEXT.replace("\n", ends)
    found, variants = records(write(tmp_path, text, packed))
    assert variants.samples == ("a", "b c")  # a name with a space is a name
    assert variants.build == "GRCh38"
    assert variants.contigs["chr10"] == 133797422
    assert [(each.chromosome, each.position, each.line) for each in found] == [
        ("chr10", 100, 27),
        ("chr10", 200, 29),
        ("chrX", 50, 30),
    ]
    assert found[0].alleles.tolist() == [[0, 1], [1, 1]]
    assert found[0].phased.tolist() == [False, True]
    assert (found[1].ref, found[1].alts) == ("A", ("C", "<DEL>"))
    assert found[1].alleles.tolist() == [[2, 1], [-1, -1]]
    assert found[2].alleles.tolist() == [[1, -2], [0, 1]]
    assert variants.seen == {"chr10", "chrX"}
    assert not variants.notes


def test_a_gzip_of_several_members_is_one_file(tmp_path):
    content = TEXT.encode()
    parts = [content[:700], content[700:1500], content[1500:]]
    path = tmp_path / "parts.gz"
    path.write_bytes(b"".join(gzip.compress(part) for part in parts))
    assert len(records(path)[0]) == 3
    path.write_bytes(gzip.compress(parts[0]) + b"".join(map(bgzf_block, parts[1:])))
    assert len(records(path)[0]) == 3


def test_a_byte_order_mark_is_named(tmp_path):
    found, variants = records(write(tmp_path, b"\xef\xbb\xbf" + TEXT.encode()))
    assert len(found) == 3
    assert variants.notes[BYTE_ORDER_MARK] == 1


def test_samples_can_be_chosen(tmp_path):
    found, variants = records(write(tmp_path, TEXT), samples=["b c"])
    assert variants.samples == ("b c",)
    assert found[0].alleles.tolist() == [[1, 1]]
    assert found[2].alleles.tolist() == [[0, 1]]
    with pytest.raises(UsageError, match="'nobody'"):
        records(write(tmp_path, TEXT), samples=["a", "nobody"])


def test_a_file_without_samples_has_records_without_genotypes(tmp_path):
    text = header(()) + line("chr10:100", "A", "C")
    found, variants = records(write(tmp_path, text))
    assert variants.samples == ()
    assert found[0].alleles.shape == (0, 2)


def test_records_without_gt_are_noted(tmp_path):
    found, variants = records(write(tmp_path, header() + line("10:100", "A", "C", "3", form="DP")))
    assert found[0].alleles.tolist() == [[-1, -1]]
    assert variants.notes[NO_GENOTYPES] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no VCF"),
        ("hello\nworld\n", "no VCF"),
        ("##fileformat=VCFv4.2\nchr10\t100\n", "no VCF"),
        (header().replace("\t", " "), "columns of this VCF"),
        (header(("a", "")), "1 of 2 samples have no name"),
        (header(("a", "b", "a")), "1 samples have a name"),
        ("\xff\xfe" + header(), "UTF-16"),
        ("PK\x03\x04" + header(), "zip archive"),
        (header().replace("FORMAT", "SHAPE"), "columns of this VCF"),
    ],
)
def test_a_wrong_header_is_refused_by_name(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        records(write(tmp_path, text.encode("latin-1")))


@pytest.mark.parametrize(
    ("text", "message", "number"),
    [
        (line("chr10:1x0", "A", "C", "0/1"), "no number", 27),
        (line("chr10:99999999999", "A", "C", "0/1"), "no number", 27),
        (line("chr10:-5", "A", "C", "0/1"), "no number", 27),
        ("chr10\t100\t.\tA\n", "fewer columns", 27),
        (line("chr10:1", "A", "C", "0/1") + "chr10 100 . A\n", "fewer columns", 28),
        (line("chr10:100", "A", "C", "0/1", "0/1"), "2 sample columns, the header 1", 27),
        (line("chr10:100", "A", "C"), "0 sample columns, the header 1", 27),
        (header(), "second header", 27),
    ],
)
@pytest.mark.parametrize("long", [False, True])
def test_a_wrong_line_is_refused_with_its_number(
    tmp_path, text, message, number, long, monkeypatch
):
    if long:
        monkeypatch.setattr(scan, "LONG", 0)
    with pytest.raises(InputError, match=message) as caught:
        records(write(tmp_path, header() + text))
    assert caught.value.where == f"variants, line {number}"
    assert "0/1" not in str(caught.value)


def test_blank_lines_are_passed_over(tmp_path):
    text = header() + "\n" + line("chr10:100", "A", "C", "0/1") + "\r\n\n"
    assert [each.line for each in records(write(tmp_path, text))[0]] == [28]


@pytest.mark.parametrize("packed", ["gzip", "bgzip"])
def test_a_cut_file_says_how_far_it_was_read(tmp_path, packed):
    body = "".join(
        line(
            f"chr10:{place}",
            "ACGT"[place % 4],
            "N",
            f"{place % 2}/1:{place * 7919 % 99991}",
            form="GT:DP",
        )
        for place in range(1000, 40_000)
    )
    path = write(tmp_path, header() + body, packed)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(InputError, match=r"up to record 2\d,\d\d\d"):
        records(path)
    path.write_bytes(whole[: len(whole) // 2] + b"\0\0\0\0" + whole[len(whole) // 2 + 4 :])
    # of a plain gzip only the end tells: what comes out before may be a line that is none
    with pytest.raises(InputError, match=r"damaged or ends too early|fewer columns|no number"):
        records(path)
    path.write_bytes(whole[:40])
    with pytest.raises(InputError, match="damaged or ends too early"):
        records(path)


def test_a_missing_end_block_is_noted_or_refused(tmp_path):
    path = write(tmp_path, TEXT, "bgzip")
    path.write_bytes(path.read_bytes().removesuffix(END_OF_FILE))
    found, variants = records(path)
    assert len(found) == 3
    assert variants.notes[NO_END_MARK] == 1
    path.write_bytes(bgzf_block(TEXT.encode()[:-6]))
    with pytest.raises(InputError, match="ends too early"):
        records(path)


def test_a_line_without_end_does_not_fill_the_memory(tmp_path, monkeypatch):
    assert 500_000 * len("0/1:30,30:60:99:1000,0,1000\t") <= blocks.LONGEST_LINE
    monkeypatch.setattr(blocks, "LONGEST_LINE", 2**20)
    monkeypatch.setattr(blocks, "PIECE", 2**16)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(TEXT.encode())]
    parts += [packer.compress(b"0" * 2**20) for _ in range(64)]
    path = tmp_path / "bomb.vcf.gz"
    path.write_bytes(b"".join([*parts, packer.flush()]))
    with pytest.raises(InputError, match="longer than 1,048,576 bytes") as caught:
        records(path)
    assert caught.value.where == "bomb.vcf.gz, line 31"


@pytest.mark.parametrize(
    ("extra", "build"),
    [
        (("##reference=file:///data/hg19.fa",), "GRCh37"),
        (("##reference=human_g1k_v37.fasta",), "GRCh37"),
        (("##reference=GRCh38_full_analysis_set",), "GRCh38"),
        (("##contig=<ID=1,length=249250621>",), "GRCh37"),
        (("##contig=<ID=chr1,length=248956422>",), "GRCh38"),
        (("##contig=<ID=chr10,assembly=hg38>",), "GRCh38"),
        (('##contig=<ID=chr10,note="a,b",length=133797422>',), "GRCh38"),
        (("##contig=<ID=chr1,length=5>",), None),
        ((), None),
        (("##contig=<ID=1,length=249250621>", "##reference=GRCh38"), None),
    ],
)
def test_the_header_names_the_build(tmp_path, extra, build):
    assert records(write(tmp_path, header(build=None, extra=extra)))[1].build == build


def test_contradicting_headers_are_noted(tmp_path):
    extra = ("##contig=<ID=1,length=249250621>", "##contig=<ID=2,length=242193529>")
    _, variants = records(write(tmp_path, header(build=None, extra=extra)))
    assert variants.build is None
    assert variants.notes["the header speaks of two builds of the genome"] == 1


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("chr10", "chr10"), ("10", "chr10"), ("23", "chrX"), ("X", "chrX"), ("chrx", "chrX"),
        ("M", "chrM"), ("MT", "chrM"), ("chrMT", "chrM"), ("26", "chrM"), ("24", "chrY"),
        ("NC_000010.11", "chr10"), ("NC_000023.10", "chrX"), ("NC_012920.1", "chrM"),
        ("chr10_alt", "chr10_alt"), ("HLA-A*01", "HLA-A*01"), ("100", "100"), ("", ""),
    ],
)  # fmt: skip
def test_names_of_chromosomes(written, name):
    assert chromosome_name(written) == name


def test_fields_may_stand_in_any_order(tmp_path):
    text = header() + line("10:100", "A", "C", "5:1|0:77", form="DP:GT:PS")
    found, _ = records(write(tmp_path, text))
    assert found[0].alleles.tolist() == [[1, 0]]
    assert found[0].phase_set is not None
    assert found[0].phase_set.tolist() == [77]


def test_strange_genotypes_are_counted(tmp_path):
    calls = ("0/7", "zebra", "0/1/1", "0|1", "/0/1", "|1|0")
    text = header(tuple("abcdef")) + line("10:100", "A", "C", *calls)
    found, variants = records(write(tmp_path, text))
    assert found[0].alleles.tolist() == [[-1, -1], [-1, -1], [-1, -1], [0, 1], [0, 1], [1, 0]]
    assert found[0].phased.tolist() == [False, False, False, True, False, True]
    assert variants.notes == {genotype_text.UNREADABLE: 2, genotype_text.POLYPLOID: 1}


def test_the_synthetic_hospital_is_read_back(tmp_path):
    drawn = np.random.default_rng(3).integers(0, 2, (300, 2, 2), np.int8)
    lines = [
        Line("chr10", 94781859, "rs4244285", "G", ("A",), drawn[:, 0]),
        Line("chr1", 5, "x", "C", ("T",), drawn[:, 1]),
    ]
    path = tmp_path / "v.vcf.gz"
    for phased in (True, False):
        write_vcf(path, [f"p{n}" for n in range(300)], lines, phased=phased)
        found, file = records(path, Places({"10": [94781859], "1": [5]}))
        assert file.build == "GRCh38"
        assert not file.notes
        assert [each.name for each in found] == ["x", "rs4244285"]
        for record, made in zip(found, lines[::-1], strict=True):
            wanted = made.calls if phased else np.sort(made.calls, axis=1)
            assert (record.alleles == wanted).all()
            assert (record.phased == phased).all()


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_changed_bytes_are_refused_or_read(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    packed = data.draw(st.sampled_from(["plain", "gzip", "bgzip"]))
    content = bytearray(write(folder, TEXT, packed).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not content:
            break
    (folder / "variants").write_bytes(bytes(content))
    found, message = [], ""
    try:
        found, _ = records(folder / "variants")
    except Nof1Error as error:
        message = str(error)
    assert "0/1" not in message
    assert all(each.alleles.min(initial=0) >= -2 for each in found)


def test_the_columns_of_the_helpers_are_those_of_the_format():
    assert COLUMNS.split("\t")[:2] == ["#CHROM", "POS"]
