"""The table of a cohort: the same answers as the JSON, written gene by gene."""

from __future__ import annotations

import polars as pl
import pytest

from genome.test_callset import GENES, ifnl3, vcf
from nof1.core.engine import LocalEngine
from nof1.core.errors import InputError, UsageError
from nof1.genome import callstable
from nof1.genome.callset import Request, call_file
from nof1.genome.callstable import COLUMNS, Writer, joined_counts, write_files


def read(path):
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    schema = {name: kind for name, kind in COLUMNS.items()}
    return pl.read_csv(path, separator="\t", schema=schema)


@pytest.mark.parametrize("name", ["t.tsv", "t.parquet"])
def test_a_table_has_a_row_for_each_sample_and_gene(tmp_path, name, monkeypatch):
    monkeypatch.setattr(callstable, "ROWS", 1)  # several slices of one gene
    monkeypatch.setattr("nof1.genome.calling.SAMPLES_AT_ONCE", 2)
    request = Request(vcf(tmp_path, "a.vcf", ("s1", "s2", "s3"), "0/0", "0/1", "./."), genes=GENES)
    (part,) = write_files([request], tmp_path / name, LocalEngine())
    table = read(tmp_path / name)
    assert table.columns == list(COLUMNS)
    assert part.rows == table.height == 6
    rows = {(row["sample"], row["gene"]): row for row in table.iter_rows(named=True)}
    made = call_file(request)
    for (sample, gene), row in rows.items():
        result = made.of(sample)[gene]
        assert row["outcome"] == str(result.outcome)
        assert row["diplotype"] == (result.likeliest.name if result.likeliest else None)
        assert row["missing_positions"] == len(result.missing)
    assert rows["s2", "VKORC1"]["phenotype"] == "-1639 AG"
    assert rows["s3", "VKORC1"]["reason"] == "None of the gene's positions is in the file."
    assert part.counts["VKORC1"] == {"-1639 GG": 1, "-1639 AG": 1, "not called": 1}


@pytest.mark.parametrize("workers", [1, 2])
def test_files_of_the_same_people_are_put_together_gene_by_gene(tmp_path, workers):
    requests = [
        Request(vcf(tmp_path, "a.vcf", ("s1", "s2"), "0/0", "0/1"), genes=GENES),
        Request(ifnl3(tmp_path, "b.vcf", ("s1", "s2"), "1/1", "./."), genes=GENES),
    ]
    parts = write_files(requests, tmp_path / "t.parquet", LocalEngine(workers))
    table = read(tmp_path / "t.parquet")
    assert table.height == 4
    assert dict(table.select("gene", "file").unique().iter_rows()) == {
        "VKORC1": "a.vcf",
        "IFNL3": "b.vcf",
    }
    assert joined_counts(parts)["VKORC1"] == {"-1639 GG": 1, "-1639 AG": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.vcf", "b.vcf", "t.parquet"]


def test_files_of_other_people_keep_all_their_rows(tmp_path):
    requests = [
        Request(vcf(tmp_path, "a.vcf", ("s1",), "0/0"), genes=GENES),
        Request(vcf(tmp_path, "b.vcf", ("s2",), "1/1"), genes=GENES),
    ]
    parts = write_files(requests, tmp_path / "t.tsv", LocalEngine())
    table = read(tmp_path / "t.tsv")
    assert table.height == 4
    assert joined_counts(parts)["IFNL3"] == {"not called": 2}


def test_a_table_that_failed_leaves_nothing_behind(tmp_path):
    broken = vcf(tmp_path, "a.vcf", ("s1",), "0/0")
    broken.write_text(broken.read_text(encoding="utf-8") + "chr16\tx\n", encoding="utf-8")
    with pytest.raises(InputError):
        write_files([Request(broken, genes=GENES)], tmp_path / "t.tsv", LocalEngine())
    assert not (tmp_path / "t.tsv").exists()


def test_the_name_says_the_format(tmp_path):
    with pytest.raises(UsageError, match="format"):
        write_files([], tmp_path / "t.csv", LocalEngine())
    (tmp_path / "no").touch()
    with pytest.raises(UsageError, match="cannot be written"), Writer(tmp_path / "no" / "t.tsv"):
        pass


def test_nobody_is_an_empty_table_with_columns(tmp_path):
    with Writer(tmp_path / "t.parquet"):
        pass
    assert read(tmp_path / "t.parquet").columns == list(COLUMNS)
