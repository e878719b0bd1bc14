"""The JSON of called genes: the contract that programs rely on, whole and in pieces."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from genome import reporting
from nof1.genome.medicinerows import medicine_rows
from nof1.genome.prescribing import advise
from nof1.genome.report import Origin, document, gene_row, marked_synthetic, pieces
from nof1.genome.results import Phenotype

ORIGIN = Origin("people.vcf", "GRCh38", {"strange": 2}, synthetic=True)
GENE_KEYS = {
    "diplotypes",
    "unlisted",
    "phenotypes",
    "phenotype_priors",
    "activity_score",
    "missing_positions",
    "positions",
    "settled_by",
    "variants",
    "warnings",
    "outcome",
    "reason",
    "called_by",
    "basis",
}


@pytest.fixture
def people(tmp_path):
    base = reporting.base(tmp_path / "facts")
    samples = {
        "anna": {"CYP2C19": reporting.poor(), "CYP2D6": reporting.open_cyp2d6()},
        'ben "b"': {"CYP2C19": reporting.unsure(), "VKORC1": reporting.absent()},
    }
    rows = {name: medicine_rows(advise(g, base=base), g, base) for name, g in samples.items()}
    return base, samples, rows


def test_the_document_is_the_contract(people):
    base, samples, rows = people
    made = document(ORIGIN, samples, rows, base=base, today=reporting.TODAY)
    assert made["schema"] == "nof1/genome-call/1"
    assert (made["build"], made["file"], made["synthetic"]) == ("GRCh38", "people.vcf", True)
    assert made["notes"] == {"strange": 2}
    assert "not a medical device" in made["notice"]
    assert list(made["samples"]) == list(samples)
    for genes in made["samples"].values():
        assert all(set(row) == GENE_KEYS for row in genes.values())
    assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_a_gene_gives_all_diplotypes_phenotypes_and_what_would_settle_it():
    row = gene_row(reporting.unsure(0.25))
    assert row["diplotypes"] == [{"name": "*1/*1", "prior": 0.75}, {"name": "*4/*4", "prior": 0.25}]
    assert row["phenotypes"] == [reporting.NORMAL, reporting.POOR]
    assert row["phenotype_priors"] == {reporting.NORMAL: 0.75, reporting.POOR: 0.25}
    (missing,) = row["missing_positions"]
    assert missing == {"position": 94762706, "rsid": "rs28399504", "chromosome": "chr10"}
    assert row["settled_by"]["position"] == "rs28399504 (chr10:94762706)"
    assert (row["settled_by"]["before"], row["settled_by"]["after"]) == (0.25, 0.0)
    assert row["basis"]["source"] == "pharmcat-2025-11"
    assert len(row["basis"]["content_hash"]) == 64


def test_the_score_is_that_of_the_likeliest_and_absent_when_nothing_is_excluded():
    scored = reporting.called("CYP2C9", "*1/*3", reporting.INTERMEDIATE)
    scored = scored._replace(
        phenotypes=(
            Phenotype(reporting.INTERMEDIATE, "1.5", 1.5, 0.6),
            Phenotype(reporting.INTERMEDIATE, "1.0", 1.0, 0.4),
        )
    )
    row = gene_row(scored)
    assert row["activity_score"] == 1.5
    assert row["phenotype_priors"] == {reporting.INTERMEDIATE: 1.0}
    row = gene_row(reporting.open_cyp2d6())
    assert row["activity_score"] is None
    assert set(row["phenotype_priors"].values()) == {None}


def test_sources_used_are_named_with_dates_and_whether_they_are_old(people):
    base, samples, rows = people
    made = document(ORIGIN, samples, rows, base=base, today=reporting.TODAY)
    found = {one["id"]: one for one in made["knowledge"]}
    assert {"pharmcat-2025-11", "cpic-2023-08", "dpwg-2023-08"} <= set(found)
    assert found["cpic-2023-08"]["expired"] is True
    assert found["pharmcat-2025-11"]["expired"] is False


def test_the_pieces_are_the_document(people):
    base, samples, rows = people
    changes = {name: [] for name in samples}
    whole = document(ORIGIN, samples, rows, conversions=changes, base=base, today=reporting.TODAY)
    found = ((name, samples[name], rows[name], []) for name in samples)
    text = "".join(pieces(ORIGIN, found, conversions=True, base=base, today=reporting.TODAY))
    assert json.loads(text) == whole


def test_the_pieces_of_nobody_are_still_json(people):
    base, _, _ = people
    made = json.loads("".join(pieces(ORIGIN, iter(()), base=base, today=reporting.TODAY)))
    assert (made["samples"], made["medicines"], made["knowledge"]) == ({}, {}, [])


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("line", "marked"),
    [
        (b"##source=nof1-synthetic-hospital", True),
        (b"##note=Synthetic genotypes. No real person.", True),
        (b"##source=a caller", False),
        (b"##INFO=<ID=SYN,Description=synthetic>", False),
    ],
)
def test_a_header_says_that_genotypes_are_invented(tmp_path: Path, line, marked, packed):
    path = tmp_path / "x.vcf"
    data = b"##fileformat=VCFv4.3\n" + line + b"\n#CHROM\n"
    path.write_bytes(gzip.compress(data) if packed else data)
    assert marked_synthetic(path) is marked


def test_a_damaged_or_absent_file_is_not_called_synthetic(tmp_path: Path):
    (tmp_path / "x").write_bytes(b"\x1f\x8b\x08 no gzip")
    assert not marked_synthetic(tmp_path / "x")
    assert not marked_synthetic(tmp_path / "none")
