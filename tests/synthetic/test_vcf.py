import gzip
import struct
from pathlib import Path

import numpy as np

from nof1.synthetic.genes import VARIANTS, polygenic_score
from nof1.synthetic.vcf import (
    END_OF_FILE,
    NO_COPY,
    Line,
    write_bgzf,
    write_scoring_file,
    write_vcf,
)


def test_bgzf_is_gzip_in_blocks_that_know_their_size(tmp_path: Path) -> None:
    content = np.random.default_rng(1).integers(0, 256, 200_000, np.uint8).tobytes()
    path = tmp_path / "x.gz"
    write_bgzf(path, [content[:7], content[7:150_000], content[150_000:]])
    data = path.read_bytes()
    assert gzip.decompress(data) == content
    assert data.endswith(END_OF_FILE)
    position = blocks = 0
    while position < len(data):
        assert data[position : position + 4] == b"\x1f\x8b\x08\x04"
        assert data[position + 12 : position + 16] == b"BC\x02\x00"
        size = struct.unpack("<H", data[position + 16 : position + 18])[0] + 1
        (length,) = struct.unpack("<I", data[position + size - 4 : position + size])
        assert length <= 65_536
        position += size
        blocks += 1
    assert (position, blocks) == (len(data), 5)


def lines_of(haplotypes: np.ndarray) -> list[Line]:
    return [
        Line(*variant[:4], (variant.alt,), haplotypes[:, index])
        for index, variant in enumerate(VARIANTS)
    ]


def test_a_vcf_reads_back(tmp_path: Path) -> None:
    haplotypes = np.random.default_rng(2).integers(0, 2, (3, len(VARIANTS), 2)).astype(np.int8)
    write_vcf(tmp_path / "c.vcf.gz", ["p 1", "p2", "p3"], lines_of(haplotypes)[::-1])
    lines = gzip.decompress((tmp_path / "c.vcf.gz").read_bytes()).decode().splitlines()
    assert lines[0] == "##fileformat=VCFv4.3"
    assert "synthetic" in lines[1]
    header = next(line for line in lines if line.startswith("#CHROM"))
    assert header.split("\t")[9:] == ["p 1", "p2", "p3"]
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    assert [row[2] for row in rows] == [variant.name for variant in VARIANTS]
    for i, row in enumerate(rows):
        calls = [[int(side) for side in call.split("|")] for call in row[9:]]
        assert calls == haplotypes[:, i].tolist()


def test_without_phase_the_lower_allele_comes_first(tmp_path: Path) -> None:
    copies = np.array([[0, 2], [2, 0], [2, 1], [1, NO_COPY]], np.int8)
    line = Line("chrX", 5, ".", "CA", ("C", "CAA"), copies)
    first = Line("chr10", 7, ".", "A", ("G",), np.minimum(copies, 1))
    write_vcf(tmp_path / "c.vcf.gz", list("abcd"), [line, first], phased=False)
    text = gzip.decompress((tmp_path / "c.vcf.gz").read_bytes()).decode().splitlines()
    rows = [row.split("\t") for row in text if not row.startswith("#")]
    assert [row[0] for row in rows] == ["chr10", "chrX"]
    assert rows[1][3:5] == ["CA", "C,CAA"]
    assert rows[1][9:] == ["0/2", "0/2", "1/2", "1"]
    assert rows[0][9:] == ["0/1", "0/1", "1/1", "1"]


def test_the_scoring_file_holds_every_weight(tmp_path: Path) -> None:
    score = polygenic_score()
    write_scoring_file(tmp_path / "s.txt", score)
    lines = (tmp_path / "s.txt").read_text().splitlines()
    assert "#genome_build=GRCh38" in lines
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    assert rows[0][:2] == ["rsID", "chr_name"]
    assert [float(row[-1]) for row in rows[1:]] == score.weights.tolist()
