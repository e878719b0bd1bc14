"""Files of other programs: formats, faults by name, and merging. All samples are made up."""

import gzip
import json

import pytest

from nof1.core.errors import InputError, UsageError
from nof1.genome import outside
from nof1.genome.outside import OutsideCall, merge, read, result
from nof1.genome.results import Diplotype, GeneResult, Outcome, Phenotype

ALDY = (
    "#Sample\tGene\tSolutionID\tMajor\tMinor\tCopy\tAllele\tLocation\tType\tCoverage\tEffect\tdbSNP"
)
ALDY += "\tCode\tStatus\n"
COHORT = "#sample\tgene\tdiplotype\tphenotype\tactivity_score\n"
CYRIUS = "Sample\tGenotype\tFilter\n"


@pytest.fixture
def written(tmp_path):
    """Write a file and read it."""

    def of(content, sample=None):
        path = tmp_path / "calls.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, sample)

    return of


# formats ------------------------------------------------------------------------------------------


def test_pharmcat_calls(written):
    # the five ways to give a call that PharmCAT's documentation lists
    text = (
        "# a comment\nCYP2D6\t*1/*3\nCYP2C9\t\t\t2.0\nG6PD\tB (wildtype)/B (wildtype)\n"
        "HLA-B\t\t*57:01 positive\nMT-RNR1\t1555A>G\n"
    )
    got = written(text, "p 1")
    assert not got.quarantined
    assert {call.sample for call in got.calls} == {"p 1"}
    first, second, third, hla, mito = got.calls
    assert (first.gene, first.diplotypes, first.row) == ("CYP2D6", ("*1/*3",), 2)
    assert (second.diplotypes, second.score) == ((), "2.0")
    assert third.diplotypes == ("B (reference)/B (reference)",)
    assert hla.status == "*57:01 positive"
    assert mito.diplotypes == ("m.1555A>G",)
    assert first.source == "outside call file, calls.txt, row 2"


def test_pharmcat_calls_need_a_sample(written):
    with pytest.raises(InputError, match="whose calls"):
        written("CYP2D6\t*1/*3\n")


def test_calls_of_several_people(written):
    got = written(COHORT + "a\tCYP2D6\t*1/*4\nb\tCYP2C19\t*2/*2\tPM\nb\tCYP2D6\t\t\t1.0\n")
    assert [(call.sample, call.gene) for call in got.calls] == [
        ("a", "CYP2D6"),
        ("b", "CYP2C19"),
        ("b", "CYP2D6"),
    ]
    assert len(got.of("b")) == 2
    assert written(COHORT + "a\tCYP2D6\t*1/*4\nb\tCYP2D6\t*1/*1\n", "a").calls == got.of("a")


def test_the_sample_must_be_in_a_file_with_names(written):
    with pytest.raises(InputError, match="no calls of the sample"):
        written(COHORT + "a\tCYP2D6\t*1/*4\n", "c")


def test_aldy_keeps_every_solution(written):
    text = (
        ALDY
        + (
            "#Solution 1: *1.001, *4, *4.021\n"
            "n1\tCYP2D6\t1\t*1/*4+*4.021\t1.001;4;4.021\t0\t1.001\t\t\t\t\t\t\t\n"
            "n1\tCYP2D6\t1\t*1/*4+*4.021\t1.001;4;4.021\t1\t4\t42522612\tC>G\t15\tS486T\trs1135840\n"
            "#Solution 2: *4, *4, *139.001\n"
            "n1\tCYP2D6\t2\t*4 + *4 / *139\t4;139.001;4\t0\t4\n"
            + ALDY  # files put one after the other
            + "n2\tCYP2C19\t1\t*1/*1\t1;1\t0\t1\n"
            "n2\tCYP2A6\t1\t*1/*1\t1;1\t0\t1\n"
        )
    )
    got = written(text)
    assert got.program == "Aldy"
    first, second = got.calls
    assert (first.sample, first.row) == ("n1", 3)
    assert first.diplotypes == ("*1/*4x2", "*4x2/*139")
    assert [one.prior for one in result(first).diplotypes] == [0.5, 0.5]
    assert second.diplotypes == ("*1/*1",)
    assert [(q.row, q.reason.split(",")[0]) for q in got.quarantined] == [(9, "unknown gene")]


def test_an_allele_with_a_new_variant_has_unknown_function(written):
    got = written(ALDY + "n\tCYP2D6\t1\t*1-like/*4\t1;4\t0\t1\nn\tCYP2C19\t1\t*1+rs1/*2\t1;2\n")
    for call in got.calls:
        made = result(call)
        assert [one.phenotype for one in made.phenotypes] == ["Indeterminate"]
        assert "No table says what this does" in made.warnings[0]


def test_cyrius_table(written):
    rows = (
        "s 1\t*1/*4\tPASS",
        "s2\tNone\tNone",
        "s3\t*1/*46;*43/*45\tMore_than_one_possible_genotype",
        "s4\t*4+*68/*2x2\tLowQ_high_CN",
        "s5\t*1/*2\tsomething new",
    )
    got = written(CYRIUS + "\n".join(rows))
    assert not got.quarantined
    assert got.program == "Cyrius"
    sure, none, two, low, new = (result(call) for call in got.calls)
    assert [d.name for d in sure.diplotypes] == ["*1/*4"]
    assert sure.warnings == ()
    assert none.outcome is Outcome.NOT_CALLED
    assert none.reason == "Cyrius: no call was made."
    assert [(d.name, d.prior) for d in two.diplotypes] == [("*1/*46", 0.5), ("*43/*45", 0.5)]
    assert two.warnings == ("Cyrius cannot tell its solutions apart.",)
    assert low.likeliest.name == "*2x2/*4+*68"
    assert low.likeliest.score == 2.0
    assert "less sure" in low.warnings[0]
    assert "not known" in new.warnings[0]


def test_cyrius_copies_without_chromosomes(written):
    # Both examples and their readings stand in Cyrius' README, "Not_assigned_to_haplotypes".
    flag = "Not_assigned_to_haplotypes"
    got = written(f"{CYRIUS}a\t*1_*2_*68\t{flag}\nb\t*1x4\t{flag}\n")
    assert set(got.calls[0].diplotypes) == {"*1+*68/*2", "*1/*2+*68", "*1+*2/*68"}
    assert set(got.calls[1].diplotypes) == {"*1/*1x≥3", "*1x2/*1x2"}
    assert "every way to share them" in result(got.calls[0]).warnings[0]


def test_cyrius_json_says_the_same(written):
    entries = {
        "a": {"Genotype": "*1/*4", "Filter": "PASS", "Total_CN": 4},
        "b": {"Genotype": None, "Filter": None},
        "c": {"Genotype": 3, "Filter": None},
        "d": [],
    }
    got = written(json.dumps(entries))
    assert [(call.sample, call.diplotypes, call.row) for call in got.calls] == [
        ("a", ("*1/*4",), 1),
        ("b", (), 2),
    ]
    assert [(q.row, q.reason) for q in got.quarantined] == [
        (3, "genotype and filter must be text"),
        (4, "no genotype in this entry"),
    ]


def pair(one, two):
    return {"hap1": one, "hap2": two, "diplotype": f"{one}/{two}"}


def test_starphase(written):
    genes = {
        "CYP2D6": {"diplotypes": [pair("*4.001+*68", "*4.001")]},
        "CYP4F2": {"diplotypes": [pair("*5", "*4"), pair("*1", "*4")]},
        "CYP2C19": {
            "diplotypes": [pair("*2.001", "*1.002")],
            "simple_diplotypes": [pair("*2", "*1")],
        },
        "DPYD": {"diplotypes": [pair("NO_MATCH", "NO_MATCH")]},
        "HLA-A": {"diplotypes": [pair("01:01:01:01", "31:01:02:01")], "mapping_details": []},
        "HLA-DRB1": {"diplotypes": [pair("01:01", "01:01")]},
        "MT-RNR1": {"diplotypes": [pair("Reference", "Reference")]},
        "TPMT": {"diplotypes": [{"hap1": "*1"}]},
        "NUDT15": {"diplotypes": None},
        "UGT1A1": {"diplotypes": []},
    }
    got = written(json.dumps({"pbstarphase_version": "1.4.0-abc", "gene_details": genes}), "p")
    assert got.program == "pb-StarPhase 1.4.0-abc"
    assert {call.gene: call.diplotypes for call in got.calls} == {
        "CYP2D6": ("*4/*4+*68",),
        "CYP4F2": ("*4/*5", "*1/*4"),
        "CYP2C19": ("*1/*2",),
        "DPYD": (),
        "HLA-A": ("*01:01:01:01/*31:01:02:01",),
        "MT-RNR1": ("Reference",),
        "UGT1A1": (),
    }
    assert [(q.row, q.reason.split(",")[0]) for q in got.quarantined] == [
        (6, "unknown gene"),
        (8, "a diplotype that has not two haplotypes"),
        (9, "no diplotypes in this entry"),
    ]


def test_starphase_as_pharmcat_calls(written):
    # pb-StarPhase --pharmcat-tsv writes these words (its docs/user_guide.md)
    got = written("#gene\tdiplotype\nCYP2B6\tMultiple/Multiple\nDPYD\tNO_MATCH/NO_MATCH\n", "p")
    assert [result(call).outcome for call in got.calls] == [Outcome.NOT_CALLED] * 2


# faults -------------------------------------------------------------------------------------------

ROWS = {
    "FOO\t*1/*2": "unknown gene",
    "CYP2D6\t\t\t": "no call",
    "CYP2D6": "wrong column count: 2 to 4",
    "CYP2D6\ta\tb\t1\te": "wrong column count: 2 to 4",
    "CYP2D6\t*1/*2/*3": "more than two alleles",
    "CYP2D6\t*1/": "an allele is missing",
    "CYP2D6\t*1/*2+": "an allele is missing",
    "CYP2D6\t*1x0/*2": "a number of copies of 0",
    "CYP2D6\t*1/CYP2C9*2": "an allele of another gene",
    "CYP2D6\t\t\tabc": "the activity score is no number",
    "CYP2D6\t\t\t1,5": "the activity score is no number",
    "CYP2D6\t\t\t-1": "the activity score is no number",
    "CYP2D6\t\t\t1e400": "the activity score is no number",
    "CYP2D6\t\t\t0.1": "an activity score that the tables do not have",
    "CYP2C19\t\t\t1.0": "an activity score for a gene that has none",
    "CYP2C19\t\tslow": "a phenotype that the tables do not have",
    "CYP4F2\t\tPoor Metabolizer": "a phenotype that the tables do not have",
    "HLA-B\tfoo": "no HLA allele",
    "HLA-B\tA*31:01/B*57:01": "an allele of another gene",
    "HLA-B\t\t*57:01 maybe": "no HLA status",
    "HLA-B\t\t*44:02 positive": "an HLA allele that no guideline here asks about",
    "HLA-B\t\t\t1.0": "an activity score for a gene that has none",
    "CYP2D6\t*1/*2\x1b[2J": "a cell is too long, or has letters that cannot be printed",
    "CYP2D6\t" + "*1" * 600: "a cell is too long",
    "CYP2D6\t" + ";".join(f"*{n}/*1" for n in range(2, 99)): "more than 64 solutions",
}


@pytest.mark.parametrize(("row", "reason"), ROWS.items(), ids=range(len(ROWS)))
def test_a_bad_row_is_set_aside_by_name(written, row, reason):
    got = written(f"TPMT\t*1/*3A\n{row}\n", "p")
    assert [call.gene for call in got.calls] == ["TPMT"]
    (bad,) = got.quarantined
    assert (bad.file, bad.row) == ("calls.txt", 2)
    assert bad.reason.startswith(reason)


def test_bad_rows_of_the_other_formats(written):
    got = written(CYRIUS + "\t*1/*1\tPASS\na\t*1/*1\nb\t*1\tPASS\n")
    assert [(q.row, q.reason.split(":")[0]) for q in got.quarantined] == [
        (2, "the name of the sample is missing"),
        (3, "wrong column count"),
        (4, "copies without their chromosomes"),
    ]
    got = written(ALDY + "a\tCYP2D6\nb\tCYP2D6\tone\t*1/*1\t1;1\nc\tCYP2D6\t1\t\t\n")
    assert [(q.row, q.reason.split(":")[0]) for q in got.quarantined] == [
        (2, "wrong column count"),
        (3, "the number of the solution is no number"),
        (4, "no call"),
    ]
    assert [q.reason for q in written(COHORT + "\tCYP2D6\t*1/*1\n").quarantined] == [
        "the name of the sample is missing"
    ]


BAD_FILES = {
    "empty": (b"\n \n", "empty"),
    "utf16": ("CYP2D6\t*1/*2\n".encode("utf-16"), "UTF-16"),
    "latin": (b"CYP2D6\t*1/*2\n# \xe9t\xe9\n", "UTF-8"),
    "binary": (b"CYP2D6\t*1/*2\n\0\1\2", "no text file"),
    "prose": (b"Dear colleague, the patient has *1/*2.\n", "No known format"),
    "comments": (b"# nothing\n", "No known format"),
    "vcf": (b"##fileformat=VCFv4.2\n#CHROM\tPOS\nchr1\t12\n", "No known format"),
    "old_aldy": (b"# Aldy v1.0\n# Gene: CYP2D6\nCopy\tA\tB\tC\tD\tE\n", "No known format"),
    "list": (b"[1, 2]", "No known format"),
    "json": (b'{"a": 1}', "No known format"),
    "broken": (b'{"gene_details": {', "JSON cannot be read"),
    "deep": (b'{"a":' + b"[" * 100_000, "JSON cannot be read"),
    "digits": (b'{"a": ' + b"1" * 9_999 + b"}", "JSON cannot be read"),
    "twice": (b'{"a": {"Genotype": null}, "a": {"Genotype": null}}', "ambiguous"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_by_name(written, name):
    content, message = BAD_FILES[name]
    with pytest.raises(InputError, match=message) as error:
        written(content, "p")
    assert "calls.txt" in error.value.where


def test_wrong_encoding_names_the_row(written):
    with pytest.raises(InputError) as error:
        written(b"CYP2D6\t*1/*2\nTPMT\t*1/\xff\n", "p")
    assert error.value.where == "calls.txt, row 2"


def test_a_file_that_is_too_large_is_refused(written, monkeypatch):
    monkeypatch.setattr(outside, "MOST_BYTES", 100)
    with pytest.raises(InputError, match="larger than 100 bytes"):
        written("# " + "x" * 100, "p")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.tsv", "p")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_windows_files_read_the_same(written, end):
    plain = written("#x\nCYP2D6\t*1/*4\nTPMT\t*1/*1\n", "p")
    marked = b"\xef\xbb\xbf" + f'#x{end}CYP2D6\t"*1/*4"\t\t{end}TPMT\t *1/*1 {end}'.encode()
    assert written(marked, "p") == plain
    assert written(gzip.compress(marked), "p") == plain


def test_no_reason_holds_values_of_a_patient(written):
    got = written(COHORT + "secretname\tSECRETGENE\tsecret\n\tHLA-B\tsecret\nb\tHLA-B\tsecret\n")
    assert len(got.quarantined) == 3
    assert "secret" not in " ".join(q.reason for q in got.quarantined).casefold()


# merging ------------------------------------------------------------------------------------------


def own(gene, *names, phenotype="Normal Metabolizer", outcome=Outcome.CALLED):
    made = tuple(Diplotype(n, 1 / len(names), phenotype, phenotype, None) for n in names)
    return GeneResult(gene, outcome, made, phenotypes=(Phenotype(phenotype, phenotype, None, 1.0),))


def call(gene, *names, program="Aldy", sample="p", **more):
    return OutsideCall(sample, gene, names, program=program, file="f.tsv", row=2, **more)


def test_an_outside_call_replaces_ours_and_the_difference_is_said():
    ours = own("CYP2C19", "*1/*2", phenotype="Intermediate Metabolizer"), own("TPMT", "*1/*1")
    first, second = merge(ours, [call("CYP2C19", "*1/*4", "*1/*6")])
    assert second is ours[1]
    assert [d.name for d in first.diplotypes] == ["*1/*4", "*1/*6"]
    assert first.source == "Aldy, f.tsv, row 2"
    assert first.warnings[0] == (
        "This file's variants fit *1/*2; Aldy says *1/*4 or *1/*6: the phenotype is the same. "
        "The outside call is used."
    )


def test_agreement_needs_no_warning():
    (made,) = merge([own("CYP2C19", "*2/*1", "*1/*3")], [call("CYP2C19", "*1/*2")])
    assert made.warnings == ()
    (made,) = merge([own("CYP2C19", "*1/*1")], [call("CYP2C19", phenotype="Normal Metabolizer")])
    assert made.warnings == ()


def test_a_differing_phenotype_is_said():
    ours = [own("CYP2C19", "*1/*1", "*1/*5", "*1/*6", "*1/*7")]
    (made,) = merge(ours, [call("CYP2C19", phenotype="Poor Metabolizer")])
    assert made.warnings[0].startswith(
        "This file's variants fit *1/*1 or *1/*5 or *1/*6 or 1 others; Aldy says Poor Metabolizer: "
        "the phenotypes differ too."
    )


def test_contradicting_phenotypes_both_stay_possible():
    """Our variants make a poor metabolizer, the laboratory says normal: neither is dropped."""
    ours = [own("CYP2C19", "*2/*2", phenotype="Poor Metabolizer")]
    (made,) = merge(ours, [call("CYP2C19", "*1/*1")])
    assert {one.phenotype: one.prior for one in made.phenotypes} == {
        "Normal Metabolizer": 0.5,
        "Poor Metabolizer": 0.5,
    }
    assert {one.name for one in made.diplotypes} == {"*1/*1", "*2/*2"}
    assert made.warnings[0].endswith("the phenotypes differ too. Both stay possible.")
    assert not made.certain


def test_what_a_vcf_cannot_exclude_is_no_disagreement():
    ours = [own("CYP2D6", "*1/*1", outcome=Outcome.NOT_EXCLUDED)]
    (made,) = merge(ours, [call("CYP2D6", "*4/*4")])
    assert made.warnings == ()
    assert made.outcome is Outcome.CALLED


def test_no_call_replaces_nothing():
    (made,) = merge([own("CYP2C19", "*1/*1")], [call("CYP2C19", program="Cyrius")])
    assert made.likeliest.name == "*1/*1"
    assert made.source == "vcf"
    assert made.warnings == ("Cyrius: no call was made. (Cyrius, f.tsv, row 2)",)


def test_genes_that_only_others_called_come_last():
    made = merge([own("TPMT", "*1/*1")], [call("HLA-A", "*01:01/*31:01"), call("CYP2D6")])
    assert [one.gene for one in made] == ["TPMT", "HLA-A", "CYP2D6"]
    assert made[2].outcome is Outcome.NOT_CALLED


def test_several_outside_calls_are_all_possible():
    calls = [
        call("CYP2D6", "*1/*4"),
        call("CYP2D6", "*1/*1", "*1/*4", program="Cyrius"),
        call("CYP2D6", "*5/*5", program="other"),
        call("CYP2D6", program="silent"),
    ]
    (made,) = merge([], calls)
    shares = {d.name: d.prior for d in made.diplotypes}
    assert shares == pytest.approx({"*1/*4": 1 / 2, "*1/*1": 1 / 6, "*5/*5": 1 / 3})
    assert {p.phenotype: p.prior for p in made.phenotypes} == pytest.approx(
        {
            "Intermediate Metabolizer": 1 / 2,
            "Normal Metabolizer": 1 / 6,
            "Poor Metabolizer": 1 / 3,
        }
    )
    assert made.warnings[0].startswith("The outside calls differ, and all are shown: *1/*4 (Aldy")
    assert made.warnings[-1].startswith("silent: no call was made.")
    assert made.source.count("; ") == 2


def test_calls_of_two_people_are_never_merged():
    with pytest.raises(UsageError, match="several people"):
        merge([], [call("TPMT", "*1/*1"), call("TPMT", "*1/*1", sample="q")])
