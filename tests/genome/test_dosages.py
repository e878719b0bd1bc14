"""Copies of alleles from VCF, PLINK 1 and PLINK 2."""

import shutil
import sys

import numpy as np
import pytest

from nof1.core.errors import InputError, MissingExtra
from nof1.genome import dosages, vcfdosages
from nof1.genome.dosages import Wanted, read_dosages
from nof1.genome.plinkfiles import IMPUTED
from shared_data import needs

VCF = """##fileformat=VCFv4.2
##contig=<ID=22,length=51304566>
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\ts2\ts3\ts4
22\t100\trs1\tA\tC,G\t.\t.\t.\tGT\t0/1\t1|2\t2/2\t./.
22\t150\trs9\tA\tC\t.\t.\t.\tGT\t1/1\t1/1\t1/1\t1/1
22\t200\t.\tC\tT\t.\tq10\t.\tGT\t0/0\t0/1\t1/1\t0/.
X\t3000000\trs3\tG\tA\t.\tPASS\t.\tGT\t0\t1\t0/1\t1/1
"""
WANTED = Wanted({"chr22": [100, 200, 999], "chrX": [3000000]})
# 1 and 2 copies of each alternative, then the copies of the reference of the first site
COPIES = [[1, 1, 0, -1], [0, 1, 2, -1], [0, 1, 2, -1], [0, 2, 1, 2], [1, 0, 0, -1]]
PLINK_1 = {
    # A1 is counted: rs1 A/G of 4 people 2 1 missing 0; rs2 T/C 0 0 1 2; rs3 0/C, nobody has A1
    ".bed": bytes([0x6C, 0x1B, 0x01, 0b11_01_10_00, 0b00_10_11_11, 0b11_11_11_11]),
    ".bim": "22 rs1 0 100 A G\n22 rs2 0 200 t c\n23 . 0 300 0 C\n",
    ".fam": "f1 a 0 0 1 -9\nf1 b 0 0 2 -9\nf2 c 0 0 0 -9\nf2 d 0 0 0 -9\n",
}
EVERYTHING = Wanted({"chr22": [100, 200], "chrX": [300]})


def plink_1(tmp_path, **changed):
    for suffix, content in (PLINK_1 | {f".{k}": v for k, v in changed.items()}).items():
        path = tmp_path / f"set{suffix}"
        if content is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path / "set.bed"


def plink_2(tmp_path, pvar, psam="#IID\na\nb\nc\n", alleles=None, wanted=EVERYTHING):
    """Write a PGEN with pgenlib itself: ``alleles`` is (variants, people, 2)."""
    pgenlib = pytest.importorskip("pgenlib")
    calls = np.array(alleles if alleles is not None else [[[0, 1], [1, 1], [-9, -9]]], np.int32)
    path = tmp_path / "two.pgen"
    several = int(calls.max()) + 1
    writer = pgenlib.PgenWriter(
        str(path).encode(), calls.shape[1], variant_ct=len(calls), allele_ct_limit=several
    )
    for variant in calls:
        writer.append_alleles(variant.reshape(-1), allele_ct=several)
    writer.close()
    (tmp_path / "two.pvar").write_text(pvar)
    (tmp_path / "two.psam").write_text(psam)
    return path


def test_vcf_by_hand(tmp_path):
    path = tmp_path / "a.vcf"
    path.write_text(VCF)
    read = read_dosages(path, WANTED)
    assert read.samples == ("s1", "s2", "s3", "s4")
    assert read.build == "GRCh37"
    assert read.copies.dtype == np.int8
    assert read.copies.tolist() == COPIES
    assert read.variants.rows() == [
        ("chr22", 100, "rs1", "A", "C", 4, False),
        ("chr22", 100, "rs1", "A", "G", 4, False),
        ("chr22", 200, None, "C", "T", None, False),
        ("chrX", 3000000, "rs3", "G", "A", None, False),
        ("chr22", 100, None, "A", None, None, True),
    ]
    assert read.notes[dosages.HAPLOID] == 2
    assert read.notes[dosages.MIXED] == 1
    assert read.notes[dosages.FILTERED] == 1


def test_a_site_split_over_lines_is_the_same_site(tmp_path):
    lines = VCF.splitlines()
    one = lines[4].replace("C,G", "C").replace("1|2", "1|0").replace("2/2", "0/0")
    two = lines[4].replace("C,G", "G").replace("0/1", "0/0").replace("1|2", "0|1")
    split = [*lines[:4], one, two.replace("2/2", "1/1"), *lines[5:]]
    (tmp_path / "a.vcf").write_text("\n".join(split) + "\n")
    read = read_dosages(tmp_path / "a.vcf", WANTED)
    assert read.copies.tolist() == COPIES


def test_lines_of_one_site_that_cannot_both_be_true_leave_the_reference_missing(tmp_path):
    lines = VCF.splitlines()
    rows = [f"22\t100\t.\tA\t{alt}\t.\t.\t.\tGT\t1/1\t0/1\t0/0\t0/0" for alt in "CG"]
    (tmp_path / "a.vcf").write_text("\n".join([*lines[:4], *rows]) + "\n")
    read = read_dosages(tmp_path / "a.vcf", WANTED)
    assert read.copies.tolist() == [[2, 1, 0, 0], [2, 1, 0, 0], [-1, 0, 2, 2]]


def test_a_repeated_variant_is_taken_once(tmp_path):
    lines = VCF.splitlines()
    (tmp_path / "a.vcf").write_text("\n".join([*lines[:5], lines[4], *lines[5:]]) + "\n")
    read = read_dosages(tmp_path / "a.vcf", WANTED)
    assert read.copies.tolist() == COPIES
    assert read.notes[dosages.TWICE] == 2


def test_reference_blocks_say_something_only_at_their_first_base(tmp_path):
    head = "\n".join(VCF.splitlines()[:4]).replace("##FORMAT", "##INFO=<ID=END>\n##FORMAT")
    rows = (
        "22\t100\t.\tA\t<NON_REF>\t.\t.\tEND=250\tGT\t0/0\t0/0\t./.\t0/0\n"
        "22\t300\t.\tC\tT,<NON_REF>\t.\t.\t.\tGT\t0/1\t1/1\t0/0\t0/0\n"
        "22\t400\t.\tC\t.\t.\t.\t.\tGT\t0/0\t0/0\t0/0\t./.\n"
    )
    (tmp_path / "a.g.vcf").write_text(f"{head}\n{rows}")
    read = read_dosages(tmp_path / "a.g.vcf", Wanted({"chr22": [100, 200, 300, 400]}))
    assert read.variants.select("position", "ref", "alt").rows() == [
        (100, "A", None),
        (300, "C", "T"),
        (400, "C", None),
    ]
    assert read.copies.tolist() == [[0, 0, -1, 0], [1, 2, 0, 0], [0, 0, 0, -1]]
    assert read.notes[vcfdosages.IN_BLOCK] == 1


def test_a_vcf_without_samples_is_refused(tmp_path):
    head = [*VCF.splitlines()[:3], "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    (tmp_path / "a.vcf").write_text("\n".join(head) + "\n22\t1\t.\tA\tC\t.\t.\t.\n")
    with pytest.raises(InputError, match="no samples"):
        read_dosages(tmp_path / "a.vcf", WANTED)


def test_plink_1_by_hand(tmp_path):
    pytest.importorskip("bed_reader")
    path = plink_1(tmp_path)
    read = read_dosages(path, EVERYTHING)
    assert read.samples == ("a", "b", "c", "d")
    assert read.build is None
    assert read.variants.drop("ref_row", "counts_ref").rows() == [
        ("chr22", 100, "rs1", "G", "A"),
        ("chr22", 200, "rs2", "C", "T"),
        ("chrX", 300, None, "C", None),
    ]
    assert read.copies.tolist() == [[2, 1, -1, 0], [0, 0, 1, 2], [0, 0, 0, 0]]
    for name in ("set", "set.bim", "set.fam"):
        assert read_dosages(tmp_path / name, EVERYTHING).copies.tolist() == read.copies.tolist()
    part = read_dosages(path, Wanted({}, frozenset(["rs2"])))
    assert part.copies.tolist() == [[0, 0, 1, 2]]
    assert read_dosages(path, Wanted({})).copies.shape == (0, 4)


def test_samples_of_one_name_take_their_family_name(tmp_path):
    pytest.importorskip("bed_reader")
    fam = PLINK_1[".fam"].replace("f2 c", "f2 a")
    assert read_dosages(plink_1(tmp_path, fam=fam), EVERYTHING).samples[2] == "f2_a"
    twice = fam.replace("f2 a", "f1 a")
    with pytest.raises(InputError, match="name of their own"):
        read_dosages(plink_1(tmp_path, fam=twice), EVERYTHING)


@pytest.mark.parametrize(
    ("changed", "words", "where"),
    [
        ({"bim": None}, "set.bim is missing", "set"),
        ({"fam": None}, "set.fam is missing", "set"),
        ({"bed": PLINK_1[".bed"][:-1]}, "cut off", "set.bed"),
        ({"bed": b"\x6c\x1b\x00" + PLINK_1[".bed"][3:]}, "does not hold", "set.bed"),
        (
            {"fam": "".join(f"f {name} 0 0 0 0\n" for name in "vwxyz")},
            "does not hold 3 variants of 5 samples",
            "set.bed",
        ),
        ({"bim": "22 rs1 0 100 A G\n22 rs2 0 x t c\n22 . 0 3 A C\n"}, "no position", "line 2"),
        ({"bim": "22 rs1 0 100 A G\n22 rs2 0 2 t\n22 . 0 3 A C\n"}, "no alleles", "line 2"),
        ({"bim": ""}, "empty", "set.bim"),
    ],
)
def test_a_broken_plink_1_set_is_refused(tmp_path, changed, words, where):
    pytest.importorskip("bed_reader")
    with pytest.raises(InputError, match=words) as caught:
        read_dosages(plink_1(tmp_path, **changed), EVERYTHING)
    assert where in caught.value.where
    assert str(tmp_path) not in str(caught.value)


def test_plink_2_with_several_alternatives(tmp_path):
    pvar = "##x\n#CHROM\tPOS\tID\tREF\tALT\n22\t100\trs1\tA\tC,G\n22\t200\t.\tC\tT,G\n"
    alleles = [[[0, 1], [1, 2], [-9, -9]], [[0, 0], [0, 2], [2, 2]]]
    path = plink_2(tmp_path, pvar, alleles=alleles)
    for name in (path, tmp_path / "two", tmp_path / "two.pvar", tmp_path / "two.psam"):
        read = read_dosages(name, EVERYTHING)
        assert read.samples == ("a", "b", "c")
        assert read.variants["alt"].to_list() == ["C", "G", "T", "G", None, None]
        assert read.copies.tolist() == [
            *([1, 1, -1], [0, 1, -1]),
            *([0, 0, 0], [0, 1, 2]),
            *([1, 0, -1], [2, 1, 0]),
        ]


@pytest.mark.parametrize(
    ("pvar", "psam"),
    [
        ("22\trs1\t0\t100\tC\tA\n", "#FID\tIID\tSEX\nf\ta\tNA\nf\tb\t1\nf\tc\t2\n"),
        ("22 rs1 0 100 C A\n", "a a 0 0 0 0\nb b 0 0 0 0\nc c 0 0 0 0\n"),
        ("##contig=<ID=22,length=50818468>\r\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\r\n"
         "22\t100\trs1\tA\tC\t.\r\n", "#IID\na\nb\nc\n"),
    ],
)  # fmt: skip
def test_plink_2_with_other_headers(tmp_path, pvar, psam):
    read = read_dosages(plink_2(tmp_path, pvar, psam), EVERYTHING)
    assert read.samples == ("a", "b", "c")
    assert read.variants.select("position", "id", "ref", "alt").rows() == [(100, "rs1", "A", "C")]
    assert read.copies.tolist() == [[1, 2, -1]]
    assert read.build == ("GRCh38" if "contig" in pvar else None)


def test_plink_2_variants_packed_with_zstd(tmp_path):
    import pyarrow

    pvar = "#CHROM\tPOS\tID\tREF\tALT\n22\t100\trs1\tA\tC\n"
    path = plink_2(tmp_path, pvar)
    (tmp_path / "two.pvar").unlink()
    packed = tmp_path / "two.pvar.zst"
    with pyarrow.output_stream(str(packed), compression="zstd") as stream:
        stream.write(pvar.encode())
    assert read_dosages(path, EVERYTHING).copies.tolist() == [[1, 2, -1]]
    assert read_dosages(packed, EVERYTHING).copies.tolist() == [[1, 2, -1]]
    packed.write_bytes(packed.read_bytes()[:12])
    with pytest.raises(InputError, match="damaged"):
        read_dosages(path, EVERYTHING)


def test_imputed_dosages_are_noticed(tmp_path):
    pgenlib = pytest.importorskip("pgenlib")
    path = plink_2(tmp_path, "#CHROM\tPOS\tID\tREF\tALT\n22\t100\trs1\tA\tC\n")
    writer = pgenlib.PgenWriter(str(path).encode(), 3, variant_ct=1, dosage_present=True)
    writer.append_dosages(np.array([0.1, 1.0, 1.9], np.float32))
    writer.close()
    read = read_dosages(path, EVERYTHING)
    assert read.notes == {IMPUTED: 1}
    assert read.copies.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("part", ["pgen", "pvar", "psam"])
def test_a_broken_plink_2_set_is_refused(tmp_path, part):
    path = plink_2(tmp_path, "#CHROM\tPOS\tID\tREF\tALT\n22\t100\trs1\tA\tC\n")
    broken = tmp_path / f"two.{part}"
    if part == "pgen":
        broken.write_bytes(broken.read_bytes()[:9])
    else:
        broken.write_text(broken.read_text() + broken.read_text().splitlines()[-1] + "2\n")
    with pytest.raises(InputError, match="does not hold") as caught:
        read_dosages(path, EVERYTHING)
    assert caught.value.where == "two.pgen"
    broken.unlink()
    with pytest.raises(InputError, match=r"missing|cannot be read"):
        read_dosages(path, EVERYTHING)


def test_a_list_without_a_column_is_refused(tmp_path):
    path = plink_2(tmp_path, "#CHROM\tPOS\tID\tREF\n22\t100\trs1\tA\n")
    with pytest.raises(InputError, match="no column for: alt"):
        read_dosages(path, EVERYTHING)


@pytest.mark.parametrize(("module", "suffix"), [("bed_reader", "bed"), ("pgenlib", "pgen")])
def test_a_missing_extra_names_the_command(tmp_path, monkeypatch, module, suffix):
    plink_1(tmp_path)
    for name in ("pgen", "pvar", "psam"):
        (tmp_path / f"set.{name}").write_text("#CHROM\tPOS\n")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"nof1\[genome\]"):
        read_dosages(tmp_path / f"set.{suffix}", EVERYTHING)


def test_three_formats_of_one_set_give_the_same_copies():
    folder = needs("genome/pgs-cineca")
    pytest.importorskip("bed_reader")
    pytest.importorskip("pgenlib")
    lines = (folder / "cineca_synthetic_subset.bim").read_text().splitlines()
    positions = [int(line.split()[3]) for line in lines]
    read = [
        read_dosages(folder / f"cineca_synthetic_subset.{suffix}", Wanted({"chr22": positions}))
        for suffix in ("bed", "pgen", "vcf.gz")
    ]
    assert read[0].copies.shape == (829, 2504)
    for other in read[1:]:
        assert np.array_equal(read[0].copies, other.copies)
        assert read[0].variants.equals(other.variants)
    assert int((read[0].copies < 0).sum()) == 96  # calls written ./. in the VCF
    assert read[0].samples == read[1].samples
    assert read[2].samples[0] == "HG00096_HG00096"  # PLINK 1.9 wrote FID_IID into the VCF


def test_a_cut_vcf_is_refused(tmp_path):
    folder = needs("genome/pgs-cineca")
    whole = folder / "cineca_synthetic_subset.vcf.gz"
    path = tmp_path / "cut.vcf.gz"
    shutil.copyfile(whole, path)
    with path.open("r+b") as file:
        file.truncate(whole.stat().st_size // 2)
    with pytest.raises(InputError, match="ends too early"):
        read_dosages(path, Wanted({"chr22": [17080378]}))
