"""``nof1 genome`` as people and programs meet it; the example is run as its README says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import polars as pl
import pytest

from cli.test_cli import run
from genome.vcf_samples import header, line
from nof1.core.workspace import create
from nof1.knowledge.base import DATA

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "genome"
FILE = str(EXAMPLE / "people.vcf")
OUTSIDE = ("--outside", str(EXAMPLE / "outside.tsv"))
GENES = ("--genes", "CYP2C19,CYP2D6,VKORC1")
CANARY = "canary-7731"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No workspace above the current folder."""
    monkeypatch.chdir(tmp_path)


def told(capsys, *arguments):
    code, out, err = run(capsys, "genome", "call", *arguments)
    assert err == ""
    return code, out


def rounded(value):
    """The same data with numbers of six digits, and without what changes from day to day."""
    if isinstance(value, dict):
        daily = ("as_of", "expired", "content_hash")
        return {key: rounded(part) for key, part in value.items() if key not in daily}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return round(value, 6) if isinstance(value, float) else value


def test_the_example_gives_what_it_says(capsys, monkeypatch):
    monkeypatch.chdir(EXAMPLE)
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = [
        shlex.split(text) for text in re.findall(r"^    nof1 genome (call .*)$", readme, re.M)
    ]
    assert len(commands) == 2
    code, out = told(capsys, *commands[1][1:])
    assert code == 1  # anna's HLA-B was not called
    expected = json.loads((EXAMPLE / "expected.json").read_text(encoding="utf-8"))
    assert rounded(json.loads(out)) == rounded(expected)
    code, out = told(capsys, *commands[0][1:])
    assert "SYNTHETIC DATA" in out.splitlines()[0]
    assert "*4/*4" in out


def test_the_report_fits_a_terminal_and_begins_with_what_to_do(capsys):
    code, out = told(capsys, FILE, *OUTSIDE, "--sample", "anna")
    lines = out.splitlines()
    assert code == 1
    assert max(map(len, lines)) <= 80
    order = [
        out.index(text) for text in ("X Avoid", "WHAT TO DO", "GENES", "NOT CHECKED", "SOURCES")
    ]
    assert order == sorted(order)
    assert lines[-1] == "Research and education use; not a medical device."


def test_what_is_not_excluded_is_said_with_the_position_that_settles_it(capsys):
    _, out = told(capsys, FILE, *GENES, "--sample", "ben", "--medicine", "clopidogrel")
    text = " ".join(out.split())
    assert "not excluded (3 of 100)" in text
    assert "rs4986893 (chr10:94780653) would settle it" in text


def test_old_sources_say_so(capsys):
    _, out = told(capsys, FILE, "--sample", "anna", "--medicine", "clopidogrel")
    assert "EXPIRED" in out


def test_current_medicines_show_both_phenotypes(capsys):
    chosen = ("--medicine", "codeine", "--medicine", "paroxetine")
    _, out = told(capsys, FILE, *GENES, "--sample", "ben", *chosen)
    text = " ".join(out.split())
    assert "CYP2D6, for codeine: not known by the genes; with paroxetine it acts as Poor" in text
    assert "With the other medicines: Do not give codeine" in text
    assert "clopidogrel" not in out  # only what is taken is spelled out


def test_exit_code_0_when_every_gene_was_called(capsys):
    code, _ = told(capsys, FILE, "--genes", "CYP2C19,VKORC1", "--json")
    assert code == 0


def test_many_samples_get_a_summary_and_the_way_to_the_rest(capsys, tmp_path):
    samples = [f"{CANARY}-{number}" for number in range(5)]
    path = tmp_path / "many.vcf"
    calls = ("0/0", "0/0", "0/1", "1/1", "./.")
    path.write_text(header(samples) + line("chr16:31096368", "C", "T", *calls), encoding="utf-8")
    code, out = told(capsys, str(path), "--genes", "VKORC1")
    assert code == 1
    assert "5 samples of many.vcf" in out
    assert "-1639 GG: 2" in out
    assert "not called: 1" in out
    assert "--table" in out
    assert CANARY not in out  # a summary holds counts only


def test_above_a_hundred_samples_advice_is_left_out_openly(capsys, tmp_path):
    samples = [f"s{number}" for number in range(101)]
    path = tmp_path / "many.vcf"
    text = header(samples) + line("chr16:31096368", "C", "T", *["0/1"] * 101)
    path.write_text(text, encoding="utf-8")
    _, out = told(capsys, str(path), "--genes", "VKORC1", "--json")
    made = json.loads(out)
    assert len(made["samples"]) == 101
    assert made["medicines"] == {}
    assert any("--medicine" in note for note in made["notes"])
    _, out = told(capsys, str(path), "--genes", "VKORC1", "--json", "--medicine", "warfarin")
    assert len(json.loads(out)["medicines"]) == 101


def test_a_table_of_all_samples(capsys, tmp_path):
    code, out = told(capsys, FILE, *OUTSIDE, *GENES, "--table", "t.parquet", "--json")
    made = json.loads(out)
    table = pl.read_parquet(tmp_path / "t.parquet")
    assert (code, made["schema"], made["rows"]) == (0, "nof1/genome-table/1", table.height)
    assert table.filter(pl.col("gene") == "CYP2C19")["diplotype"].to_list() == ["*2/*2", "*1/*17"]
    _, out = told(capsys, FILE, *GENES, "--table", "t.tsv")
    assert "All samples are in t.tsv." in out


def test_a_page_with_its_twin(capsys, tmp_path):
    told(capsys, FILE, "--sample", "ben", "--page", "out/ben.html")
    page = (tmp_path / "out" / "ben.html").read_text(encoding="utf-8")
    assert "Genes and medicines: ben" in page
    twin = json.loads((tmp_path / "out" / "ben.json").read_text(encoding="utf-8"))
    assert twin["schema"] == "nof1/genome-report/1"


def test_fhir_is_a_bundle(capsys):
    _, out = told(capsys, FILE, *GENES, "--sample", "anna", "--fhir")
    made = json.loads(out)
    assert (made["resourceType"], made["type"]) == ("Bundle", "collection")


def test_sex_decides_on_x_linked_genes(capsys, tmp_path):
    path = tmp_path / "x.vcf"
    text = header(("a b", "c")) + line("chrX:154535277", "T", "C", "1/1", "1/1")
    path.write_text(text, encoding="utf-8")
    (tmp_path / "sexes.tsv").write_text("c\tM\n", encoding="utf-8")
    chosen = ("--genes", "G6PD", "--json", "--sex", "a b=F", "--sexes", "sexes.tsv")
    _, out = told(capsys, str(path), *chosen)
    made = json.loads(out)["samples"]
    assert "/" in made["a b"]["G6PD"]["diplotypes"][0]["name"]
    first = made["c"]["G6PD"]["diplotypes"][0]["name"]
    assert first != made["a b"]["G6PD"]["diplotypes"][0]["name"]


def test_a_workspace_gives_its_own_facts_and_its_mark(capsys, tmp_path):
    create(tmp_path / "ws", synthetic=True)
    shipped = DATA / "prescribing.tsv"
    rows = shipped.read_text(encoding="utf-8").splitlines()
    own = tmp_path / "ws" / "knowledge"
    own.mkdir(exist_ok=True)
    (own / "prescribing.tsv").write_text(rows[0] + "\n", encoding="utf-8")
    path = tmp_path / "a.vcf"
    path.write_text(header(("s1",)) + line("chr16:31096368", "C", "T", "0/1"), encoding="utf-8")
    chosen = (str(path), "--genes", "VKORC1", "--json")
    _, out = told(capsys, *chosen, "--workspace", str(tmp_path / "ws"))
    made = json.loads(out)
    assert (made["medicines"], made["synthetic"]) == ({}, True)
    _, out = told(capsys, *chosen)
    assert json.loads(out)["synthetic"] is False


def test_a_hostile_sample_name_cannot_steer_the_terminal(capsys, tmp_path):
    path = tmp_path / "a.vcf"
    name = "s1\x1b[2J\x07<script>"
    path.write_text(header((name,)) + line("chr16:31096368", "C", "T", "0/1"), encoding="utf-8")
    _, out = told(capsys, str(path), "--genes", "VKORC1")
    assert "\x1b" not in out
    assert "Sample s1?[2J?<script>" in out
    _, out = told(capsys, str(path), "--genes", "VKORC1", "--json")
    assert list(json.loads(out)["samples"]) == [name]


BAD = {
    "no file": ("none.vcf",),
    "a folder": (".",),
    "an unknown gene": (FILE, "--genes", "CYP2C91"),
    "an unknown sample": (FILE, "--sample", "eve"),
    "a medicine with a typing error": (FILE, "--medicine", "clopidogrl"),
    "a sex that is none": (FILE, "--sex", "anna=X"),
    "two samples on a page": (FILE, "--page", "p.html"),
    "a table of no known format": (FILE, "--table", "t.csv"),
    "a table with a page": (FILE, "--table", "t.tsv", "--page", "p.html"),
    "a file twice": (FILE, FILE),
    "an unknown build": (FILE, "--build", "hg19"),
    "a wrong build": (FILE, "--build", "GRCh37"),
    "no worker": (FILE, "--engine", "local:0"),
    "outside calls that are none": (FILE, "--outside", FILE),
    "no workspace where one is named": (FILE, "--workspace", "nowhere"),
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_input_is_answered_with_what_to_do(capsys, arguments):
    code, out, err = run(capsys, "genome", "call", *arguments, "--json")
    assert (code, out) == (2, "")
    shown = json.loads(err)
    assert shown["error"]
    assert "went wrong inside" not in shown["error"]
    assert shown["allowed"] or shown["next_step"] or shown["where"]


def score_files(tmp_path):
    scores = tmp_path / "PGS1.txt"
    scores.write_text(
        "#pgs_id=PGS1\n#genome_build=GRCh38\n"
        "chr_name\tchr_position\teffect_allele\tother_allele\teffect_weight\n"
        "16\t31096368\tT\tC\t0.5\n"
        "10\t94781859\tA\tG\t0.25\n",
        encoding="utf-8",
    )
    return str(scores)


def test_scores_of_everybody(capsys, tmp_path):
    scores = score_files(tmp_path)
    code, out, err = run(capsys, "genome", "score", scores, FILE, "--json")
    assert (code, err) == (0, "")
    made = json.loads(out)
    assert made["schema"] == "nof1/genome-score/1"
    assert {name: found["PGS1"]["sum"] for name, found in made["samples"].items()} == {
        "anna": 1.0,  # one VKORC1 T (0.5), two CYP2C19 A (0.25 each)
        "ben": 0.0,
    }
    code, out, _ = run(capsys, "genome", "score", scores, FILE, "--table", "sums.tsv")
    assert "A raw sum means nothing alone" in " ".join(out.split())
    table = pl.read_csv(tmp_path / "sums.tsv", separator="\t")
    assert table["sum"].to_list() == [1.0, 0.0]
    assert max(map(len, out.splitlines())) <= 80


def test_an_unknown_sample_is_refused_before_anything_is_printed(capsys, tmp_path):
    scores = score_files(tmp_path)
    for form in ((), ("--json",)):
        name = "eve\x1b[31m"
        code, out, err = run(capsys, "genome", "score", scores, FILE, "--sample", name, *form)
        assert (code, out) == (2, "")
        assert "no sample of this name" in err
        assert "\x1b" not in err


def test_a_refused_score_is_exit_code_1_and_has_no_sum(capsys, tmp_path):
    scores = score_files(tmp_path)
    text = Path(scores).read_text(encoding="utf-8")
    more = "1\t1000\tA\tG\t0.1\n1\t2000\tA\tG\t0.1\n"
    Path(scores).write_text(text + more, encoding="utf-8")
    code, out, _ = run(capsys, "genome", "score", scores, FILE, "--sample", "anna")
    assert code == 1
    assert "REFUSED" in out
    code, out, _ = run(capsys, "genome", "score", scores, FILE, "--json")
    assert json.loads(out)["samples"]["anna"]["PGS1"]["sum"] is None


def test_a_reference_gives_z_values(capsys, tmp_path):
    (tmp_path / "reference.yaml").write_text(
        "schema: nof1/pgs-reference/1\nsource: made for this test\ndistributions:\n"
        "  - {score: PGS1, mean: 0.5, sd: 0.5, people: 1000, variants: 2}\n",
        encoding="utf-8",
    )
    chosen = (score_files(tmp_path), FILE, "--reference", "reference.yaml", "--json")
    _, out, _ = run(capsys, "genome", "score", *chosen)
    found = json.loads(out)["samples"]
    assert found["anna"]["PGS1"]["z"] == pytest.approx(1.0)
    assert found["ben"]["PGS1"]["z"] == pytest.approx(-1.0)
