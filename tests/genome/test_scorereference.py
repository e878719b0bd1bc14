"""Reference distributions and allele frequencies that a user supplies."""

from pathlib import Path

import pytest

from nof1.core.errors import InputError
from nof1.genome.scoreheader import ScoreHeader
from nof1.genome.scorereference import Distribution, read_frequencies, read_reference

YAML = """schema: nof1/pgs-reference/1
source: a panel of 2024
distributions:
  - {score: PGS1, mean: -0.5, sd: 2, people: 500, variants: 77}
  - {score: PGS1, group: EUR, mean: 1, sd: 1.5}
"""
TABLE = """# schema=nof1/pgs-reference/1
# source=a panel of 2024
score\tgroup\tmean\tsd\tpeople\tvariants
PGS1\t\t-0.5\t2\t500\t77
PGS1\tEUR\t1\t1.5\t\t
"""


def write(tmp_path, text, name):
    (tmp_path / name).write_text(text)
    return tmp_path / name


@pytest.mark.parametrize(("text", "name"), [(YAML, "r.yaml"), (TABLE, "r.tsv")])
def test_both_spellings_are_the_same(tmp_path, text, name):
    read = read_reference(write(tmp_path, text, name))
    assert read.source == "a panel of 2024"
    assert read.distributions == {
        ("PGS1", None): Distribution("PGS1", -0.5, 2.0, None, 500, 77),
        ("PGS1", "EUR"): Distribution("PGS1", 1.0, 1.5, "EUR"),
    }
    header = ScoreHeader(id="PGS1:b", file="b.txt", fields={"pgs_id": "PGS1"})
    assert read.of(header, "EUR").mean == 1
    assert read.of(header, "AFR") is None
    assert read.groups(header) == ("EUR",)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("reference/1", "reference/2", "not known|does not say"),
        ("2, people", "0, people", "no distribution"),
        ("\t2\t500", "\t0\t500", "no distribution"),
        ("\t2\t500", "\tx\t500", "cannot be read"),
        ("500", "49", "too few"),
        (", group: EUR", "", "stand twice"),
        ("\tEUR", "\t", "stand twice"),
        ("sd: 2", "sd: wide", "number belongs"),
        ("\tsd\t", "\tspread\t", "no column 'sd'"),
        ("score: PGS1, mean", "mean", "'score' is missing"),
    ],
)
def test_what_is_no_reference_is_refused(tmp_path, old, new, words):
    texts = [(text, name) for text, name in ((YAML, "r.yaml"), (TABLE, "r.tsv")) if old in text]
    assert texts
    for text, name in texts:
        with pytest.raises(InputError, match=words) as caught:
            read_reference(write(tmp_path, text.replace(old, new), name))
        assert "line" in caught.value.where or name in caught.value.where


def test_bytes_that_are_no_table_are_refused_by_name(tmp_path):
    path = tmp_path / "r.tsv"
    path.write_bytes(
        b'# schema=nof1/pgs-reference/1\nscore\tmean\tsd\nPGS1\t\xff\xfe\x00"a\t\x80\n'
    )
    with pytest.raises(InputError) as caught:
        read_reference(path)
    assert caught.value.where.startswith("r.tsv")


def test_frequencies(tmp_path):
    head = "chromosome\tposition\tref\talt\talt_frequency\n"
    read = read_frequencies(write(tmp_path, head + "1\t5\ta\tg\t0.25\n1\t5\tA\tG\t0.3\n", "f.tsv"))
    assert read.rows() == [("chr1", 5, "A", "G", 0.25)]
    for row in ("1\t5\tA\tG\t1.5\n", "1\tx\tA\tG\t0.5\n", "1\t5\tA\t\t0.5\n"):
        with pytest.raises(InputError, match="cannot be read") as caught:
            read_frequencies(write(tmp_path, head + row, "f.tsv"))
        assert caught.value.where == "f.tsv, line 2"
    with pytest.raises(InputError, match="empty"):
        read_frequencies(write(tmp_path, "", "f.tsv"))


def test_the_page_for_users_shows_a_file_that_can_be_read(tmp_path):
    page = Path(__file__).resolve().parents[2] / "docs" / "polygenic-scores.md"
    shown = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    read = read_reference(write(tmp_path, shown, "r.yaml"))
    assert set(read.distributions) == {("PGS000018", None), ("PGS000018", "EUR")}
