"""Files called: outside calls, sexes, several files of the same and of other people."""

from __future__ import annotations

import pytest

from genome.vcf_samples import header, line
from nof1.core.errors import InputError, UsageError
from nof1.genome import callset
from nof1.genome.callset import Request, call_file, results
from nof1.genome.results import Outcome

VKORC1 = ("chr16:31096368", "C", "T")
GENES = ("IFNL3", "VKORC1")


def vcf(tmp_path, name, samples, *calls):
    """A file with one VKORC1 call for each sample (None: no line)."""
    text = header(samples) + (line(*VKORC1, *calls) if calls else "")
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def ifnl3(tmp_path, name, samples, *calls):
    path = tmp_path / name
    path.write_text(header(samples) + line("chr19:39248147", "C", "T", *calls), encoding="utf-8")
    return path


def outside(tmp_path, *rows):
    path = tmp_path / "outside.tsv"
    head = "#sample\tgene\tdiplotype\tphenotype\tactivity_score"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def names(found):
    return {gene: one.likeliest and one.likeliest.name for gene, one in found.items()}


def test_a_file_gives_tables_origin_and_results(tmp_path):
    made = call_file(Request(vcf(tmp_path, "a.vcf", ("s1", "s2"), "0/0", "0/1"), genes=GENES))
    assert made.samples == ("s1", "s2")
    assert (made.origin.file, made.origin.build) == ("a.vcf", "GRCh38")
    assert names(made.of("s1"))["VKORC1"] == "rs9923231 reference (C)/rs9923231 reference (C)"
    assert names(made.of("s2"))["VKORC1"] == "rs9923231 reference (C)/rs9923231 variant (T)"
    assert made.of("s1")["IFNL3"].outcome is Outcome.NOT_CALLED
    assert callset.refused([made])


def test_outside_calls_replace_ours_for_their_sample_only(tmp_path):
    path = vcf(tmp_path, "a.vcf", ("s1", "s2"), "0/0", "0/0")
    rows = ("s2\tCYP2D6\t*4/*4\t\t", "s2\tHLA-B\t*57:01/*08:01\t\t", "stranger\tCYP2D6\t*1/*1\t\t")
    calls, notes = callset.read_outside([outside(tmp_path, *rows)], None)
    assert notes == {}
    assert set(calls) == {"s2", "stranger"}
    made = call_file(Request(path, genes=("VKORC1", "CYP2D6", "HLA-B"), calls=calls))
    assert made.of("s2")["CYP2D6"].likeliest.name == "*4/*4"
    assert made.of("s2")["CYP2D6"].source.endswith("outside.tsv, row 2")
    assert made.of("s1")["CYP2D6"].outcome is Outcome.NOT_CALLED
    assert made.of("s2")["HLA-B"].outcome is Outcome.CALLED
    assert made.of("s1")["HLA-B"].reason == callset.NOT_OUTSIDE


def test_rows_of_outside_calls_that_were_set_aside_are_counted(tmp_path):
    path = outside(tmp_path, "s1\tCYP2D6\t*4/*4\t\t", "s1\tNOGENE\t*1/*1\t\t")
    _, notes = callset.read_outside([path], None)
    ((text, count),) = notes.items()
    assert "outside.tsv set aside" in text
    assert count == 1


def test_two_files_of_other_people(tmp_path):
    one = call_file(Request(vcf(tmp_path, "a.vcf", ("s1",), "0/0"), genes=GENES))
    two = call_file(Request(vcf(tmp_path, "b.vcf", ("s2",), "1/1"), genes=GENES))
    assert callset.samples_of([one, two]) == ("s1", "s2")
    assert names(results([one, two], "s2"))["VKORC1"].startswith("rs9923231 variant")
    counts = callset.phenotype_counts([one, two])
    assert counts["VKORC1"] == {"-1639 GG": 1, "-1639 AA": 1}
    assert callset.origin_of([one, two], {}, synthetic=False).file == "a.vcf, b.vcf"


def test_two_files_with_other_chromosomes_of_the_same_people(tmp_path):
    one = call_file(Request(vcf(tmp_path, "a.vcf", ("s1",), "0/0"), genes=GENES))
    two = call_file(Request(ifnl3(tmp_path, "b.vcf", ("s1",), "1/1"), genes=GENES))
    found = results([one, two], "s1")
    assert {gene: str(found[gene].outcome) for gene in GENES} == dict.fromkeys(GENES, "called")
    assert not callset.refused([one, two])


def test_two_files_that_contradict_each_other_are_no_answer(tmp_path):
    one = call_file(Request(vcf(tmp_path, "a.vcf", ("s1",), "0/0"), genes=GENES))
    two = call_file(Request(vcf(tmp_path, "b.vcf", ("s1",), "1/1"), genes=GENES))
    assert results([one, two], "s1")["VKORC1"].reason == callset.TWO_FILES
    assert results([one, one], "s1")["VKORC1"].outcome is Outcome.CALLED


@pytest.mark.parametrize(
    "text", ["s 1\tF\ns2\t1\n", "sample,sex\r\ns 1,female\r\ns2,M\r\ns3,?\r\n"]
)
def test_sexes_from_a_file(tmp_path, text):
    path = tmp_path / "sexes"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert callset.read_sexes(path) == {"s 1": "F", "s2": "M"}


@pytest.mark.parametrize("text", ["s1 F\n", "s1\tF\tx\n", "\tF\n", "s1\tF\ns1\tM\n"])
def test_a_file_of_sexes_that_cannot_be_read(tmp_path, text):
    path = tmp_path / "sexes"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        callset.read_sexes(path)


def test_sexes_from_the_command_line():
    assert callset.given_sexes(["a=b=F", "c=m"]) == {"a=b": "F", "c": "M"}
    for wrong in ("a", "a=x", "F"):
        with pytest.raises(UsageError):
            callset.given_sexes([wrong])


def test_genes_that_only_other_programs_call_may_be_asked_for(tmp_path):
    path = vcf(tmp_path, "a.vcf", ("s1",), "0/0")
    calls, _ = callset.read_outside([outside(tmp_path, "s1\tHLA-B\t*57:01/*08:01\t\t")], None)
    asked = call_file(Request(path, genes=("VKORC1", "HLA-B"), calls=calls)).of("s1")
    assert list(asked) == ["VKORC1", "HLA-B"]
    assert list(call_file(Request(path, genes=("VKORC1",), calls=calls)).of("s1")) == ["VKORC1"]
    silent = call_file(Request(path, genes=("VKORC1", "HLA-B"))).of("s1")
    assert silent["HLA-B"].reason == callset.NOT_OUTSIDE


def test_a_large_file_comes_in_slices_and_every_sample_finds_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr("nof1.genome.calling.SAMPLES_AT_ONCE", 2)
    samples = tuple(f"s{number}" for number in range(5))
    path = vcf(tmp_path, "a.vcf", samples, "0/0", "0/1", "1/1", "./.", "1/1")
    calls, _ = callset.read_outside([outside(tmp_path, "s3\tVKORC1\t\t-1639 AG\t")], None)
    made = call_file(Request(path, genes=("VKORC1",), calls=calls))
    assert len(made.tables) == 3
    found = [made.of(sample)["VKORC1"].phenotypes[0].phenotype for sample in samples]
    assert found == ["-1639 GG", "-1639 AG", "-1639 AA", "-1639 AG", "-1639 AA"]
    assert callset.phenotype_counts([made])["VKORC1"] == {
        "-1639 GG": 1,
        "-1639 AG": 2,
        "-1639 AA": 2,
    }
