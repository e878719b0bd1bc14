"""Reading BCF: the same records as of the VCF it was made from (written by cyvcf2, htslib)."""

from __future__ import annotations

import contextlib
import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genome.vcf_samples import header, line, write
from nof1.core.errors import InputError, Nof1Error
from nof1.genome import genotype_text
from nof1.genome.genotypes import read_calls
from nof1.genome.places import Places
from nof1.genome.vcf import NO_END_MARK, open_variants
from nof1.synthetic.vcf import END_OF_FILE

cyvcf2 = pytest.importorskip("cyvcf2", reason="needs cyvcf2, which writes the BCF files")

EXTRA = (
    '##FILTER=<ID=q10,Description="low, very low">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="end">',
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="depth">',
    '##ALT=<ID=NON_REF,Description="any">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="depth">',
    '##FORMAT=<ID=PS,Number=1,Type=Integer,Description="phase set">',
    '##FORMAT=<ID=FT,Number=1,Type=String,Description="filter">',
)
SAMPLES = ("a", "b c", "d")
LAST = ("0/3", "139|5", "0")
BODY = (
    line("chr10:100", "A", "C", "0/1", "1|1", "./.")
    + line("chr10:150", "A", "C", "0/1", "1|1", ".")
    + line("chr10:200", "AG", "A,CG", "2/1", "1", ".|2", filters="q10")
    + line("chr10:210", "A", "<NON_REF>", "0/0:30", "./.:0", "0|0:9", form="GT:DP", info="END=300")
    + line("chr10:400", "T", "G", "0|1:7:PASS", "1/0:.:q10", "1|0:70000:.", form="GT:PS:FT")
    + line("chr10:500", "T", ".", "3", "4", "5", form="DP")
    + line("chr10:600", "T", "G", "0/1/1", "0/0", "1", info="DP=3")
    + line("chrX:50", "A", ",".join("ACGT"[n % 4] * (n + 2) for n in range(140)), *LAST)
)  # fmt: skip
PLACES = Places({"10": [100, 200, 300, 400, 500, 600], "X": [50]})


def as_bcf(path, mode="wb"):
    """The VCF as a BCF beside it."""
    made = path.with_name("variants.bcf")
    source = cyvcf2.VCF(str(path))
    writer = cyvcf2.Writer(str(made), source, mode=mode)
    for record in source:
        writer.write_record(record)
    writer.close()
    source.close()
    return made


@pytest.fixture(name="pair")
def fixture_pair(tmp_path):
    path = write(tmp_path, header(SAMPLES, extra=EXTRA) + BODY)
    return path, as_bcf(path)


def read(path, samples=None):
    with open_variants(path, PLACES, samples) as variants:
        return list(variants), variants


@pytest.mark.parametrize("samples", [None, ["d", "a"]])
def test_a_bcf_gives_the_records_of_its_vcf(pair, samples):
    (text, first), (binary, second) = (read(path, samples) for path in pair)
    assert (second.samples, second.build, second.contigs, second.seen) == (
        first.samples,
        first.build,
        first.contigs,
        first.seen,
    )
    assert second.notes == first.notes
    assert len(binary) == len(text) == 7
    for one, two in zip(text, binary, strict=True):
        for name in ("chromosome", "position", "ref", "alts", "filters", "end", "name"):
            assert getattr(one, name) == getattr(two, name), name
        assert one.alleles.tolist() == two.alleles.tolist()
        assert one.phased.tolist() == two.phased.tolist()
        for name in ("phase_set", "failed"):
            mine, other = getattr(one, name), getattr(two, name)
            assert (mine is None) == (other is None)
            assert mine is None or mine.tolist() == other.tolist()
    assert [record.line for record in binary] == [1, 3, 4, 5, 6, 7, 8]


def test_the_genotypes_are_those_that_cyvcf2_reads(pair):
    """cyvcf2's ``genotypes``: alleles of each copy, then whether phased (cyvcf2 0.35)."""
    found, variants = read(pair[1])
    for theirs in cyvcf2.VCF(str(pair[1])):
        record = next((each for each in found if each.position == theirs.POS), None)
        if record is None or record.position in (50, 500, 600):  # no genotypes; large; three copies
            continue
        for own, phased, (*copies, other_phased) in zip(
            record.alleles.tolist(), record.phased.tolist(), theirs.genotypes, strict=True
        ):
            assert [each for each in own if each != -2] == copies or copies == [-1]
            assert len(copies) == 1 or phased == other_phased
    assert variants.notes[genotype_text.POLYPLOID] == 1


@pytest.mark.parametrize("packed", ["plain", "gzip"])
def test_packing_makes_no_difference(pair, packed, tmp_path):
    content = gzip.decompress(pair[1].read_bytes())
    path = tmp_path / "other"
    path.write_bytes(content if packed == "plain" else gzip.compress(content))
    assert len(read(path)[0]) == 7


def test_the_same_calls_come_out(tmp_path):
    calls = line("chr10:94781859", "G", "A", "0/1", "1|1", "./.") + line(
        "chr10:94761900", "C", "T", "0|1", "1|1", "0/1"
    )
    path = write(tmp_path, header(SAMPLES, extra=EXTRA) + calls)
    one, two = ({gene.gene: gene for gene in read_calls(each)} for each in (path, as_bcf(path)))
    for gene, own in one.items():
        for name in ("alleles", "phase", "flags"):
            assert np.array_equal(getattr(own, name), getattr(two[gene], name))


def test_a_genotype_without_reads_is_missing(tmp_path):
    extra = [*EXTRA, '##FORMAT=<ID=MIN_DP,Number=1,Type=Integer,Description="">']
    body = line("chr10:100", "A", "C", "0/0:0", "0/0:3", "1:0", form="GT:MIN_DP")
    path = write(tmp_path, header(["a", "b", "c"], extra=extra) + body)
    for one in (path, as_bcf(path)):
        (record,), variants = read(one)
        assert record.alleles.tolist() == [[-1, -1], [0, 0], [-1, -1]]
        assert variants.notes[genotype_text.UNREAD] == 2


def test_damage_is_named(pair):
    whole = pair[1].read_bytes()
    pair[1].write_bytes(whole.removesuffix(END_OF_FILE))
    assert read(pair[1])[1].notes[NO_END_MARK] == 1
    content = gzip.decompress(whole)
    pair[1].write_bytes(content[:-20])
    with pytest.raises(InputError, match="read up to record 7"):
        read(pair[1])
    pair[1].write_bytes(b"BCF\x02\x07" + content[5:])
    with pytest.raises(InputError, match="version of BCF"):
        read(pair[1])
    size = struct.unpack("<I", content[5:9])[0]
    start = content[: 9 + size]
    pair[1].write_bytes(start + struct.pack("<II", 2**31, 9) + bytes(40))
    with pytest.raises(InputError, match="larger than"):
        read(pair[1])
    pair[1].write_bytes(start + struct.pack("<II", 24, 0) + b"\x7f" * 24)
    with pytest.raises(InputError, match="record of the BCF is damaged"):
        read(pair[1])


def test_broken_files_print_nothing(pair, capfd):
    content = gzip.decompress(pair[1].read_bytes())
    for at in range(9, len(content), 41):
        pair[1].write_bytes(content[:at] + b"\xf7" + content[at + 1 :])
        try:
            read(pair[1])
        except Nof1Error as error:
            assert error.where  # noqa: PT017 - either way nothing may be printed
    printed = capfd.readouterr()
    assert not printed.out
    assert not printed.err


@pytest.fixture(name="whole", scope="module")
def fixture_whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    contigs = ("##contig=<ID=chr10>", "##contig=<ID=chrX>")  # fewer bytes that mean little
    path = as_bcf(write(folder, header(SAMPLES, build=None, extra=(*EXTRA, *contigs)) + BODY))
    return path, gzip.decompress(path.read_bytes())


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_changed_bytes_are_refused_or_read(whole, data):
    path, content = whole[0], bytearray(whole[1])
    first = data.draw(st.sampled_from([0, content.index(b"\n\0") + 2]))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(first, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    found = []
    with contextlib.suppress(Nof1Error):
        found, _ = read(path)
    assert all(each.alleles.min() >= -2 for each in found)
