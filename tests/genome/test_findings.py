"""What is said about one patient's genes and medicines, and that nothing is left out silently."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from genome.gene_events import (
    AT,
    ROW,
    SUBJECT,
    frame,
    gene_rows,
    medicine_row,
    patient,
    result,
    results,
)
from nof1.core.finding import Finding, Kind, Status
from nof1.genome import stored_scores
from nof1.genome.findings import findings, known_genes
from nof1.genome.results import GeneResult, Outcome, Phenotype, contradict
from nof1.genome.scoreresult import ScoreResult
from nof1.knowledge.alleles import definition
from nof1.knowledge.base import DATA, Base
from nof1.knowledge.drugs import find
from nof1.knowledge.prescribing import by_drug

UNSURE_CYP2D6 = GeneResult(
    "CYP2D6",
    Outcome.NOT_EXCLUDED,
    phenotypes=(Phenotype("Poor Metabolizer", "Poor Metabolizer", None, None),),
    reason="Copies do not show.",
)


def told(events: pl.DataFrame, at: datetime = AT) -> list[Finding]:
    """All findings; each can be written as JSON, which checks its shape."""
    found = findings(SUBJECT, events, at)
    for one in found:
        json.dumps(one.to_dict())
    return found


def medicines(found: list[Finding]) -> dict[str, Finding]:
    """Findings about medicines by the ingredient."""
    rows = [one for one in found if one.kind is Kind.MEDICATION]
    return {find(one.what.code).name: one for one in rows}


def genes(found: list[Finding]) -> dict[str, Finding]:
    return {
        one.what.code.removeprefix("GENE//"): one
        for one in found
        if one.what.code.startswith("GENE//")
    }


# genes --------------------------------------------------------------------------------------------


def test_a_gene_and_where_it_was_read() -> None:
    (finding,) = told(patient(results(CYP2C19="*1/*2")))
    assert finding.status is Status.FOUND
    assert finding.what.display == "CYP2C19: *1/*2, Intermediate Metabolizer"
    assert "only answer that fits" in finding.reason
    event = finding.evidence[0].events[0]
    assert (event.source_file, event.source_row) == ("c.vcf", 1)
    assert finding.basis.version == definition("CYP2C19").source
    assert not finding.synthetic


def test_what_was_not_seen_is_said() -> None:
    missing = definition("CYP2C19").positions[:4]
    (finding,) = told(
        patient({"CYP2C19": result("CYP2C19", ("*1/*1", 0.8), ("*1/*4", 0.2), missing=missing)})
    )
    assert finding.what.display.endswith("Normal Metabolizer (likeliest)")
    assert "Not excluded: Intermediate Metabolizer" in finding.reason
    assert "4 of the gene's 35 positions were not seen." in finding.notes[0]


def test_a_gene_of_which_nothing_is_excluded_is_open() -> None:
    (finding,) = told(patient({"CYP2D6": UNSURE_CYP2D6}))
    assert finding.status is Status.NOT_CHECKED
    assert finding.what.display == "CYP2D6: not known"
    assert "counts copies" in finding.resolve


def test_without_genes_nothing_is_said() -> None:
    assert told(frame([medicine_row("clopidogrel")])) == []


def test_plain_events_alone_are_no_answer() -> None:
    """A diplotype that came as a bare code has no list of what else fits."""
    rows = [ROW | {"code": "GENE//CYP2C19//*1/*1"}, ROW | {"code": "PGS//X", "numeric_value": 1.0}]
    assert told(frame([*rows, medicine_row("clopidogrel")])) == []


@pytest.mark.parametrize("text", ["*2/*2 SECRET", '{"outcome": "called"}', "{", "[1]"])
def test_a_stored_result_that_cannot_be_read_is_openly_none(text: str) -> None:
    row = ROW | {"code": "GENE//CYP2C19", "text_value": text}
    found = told(frame([row, medicine_row("clopidogrel")]))
    assert [one.status for one in found] == [Status.NOT_CHECKED, Status.NOT_CHECKED]
    assert "cannot be read" in genes(found)["CYP2C19"].reason
    assert "SECRET" not in json.dumps([one.to_dict() for one in found])


# medicines ----------------------------------------------------------------------------------------


def test_clopidogrel_without_cyp2c19() -> None:
    finding = medicines(told(patient(results(CYP2C19="*2/*2"), ["clopidogrel"])))["clopidogrel"]
    assert finding.status is Status.FOUND
    assert finding.what.display == "clopidogrel and genes: avoid"
    assert finding.reason.startswith("For acute coronary syndrome or PCI: Avoid clopidogrel")
    texts = [one.text for one in finding.evidence]
    for source in ("CPIC (", "DPWG"):
        assert any(text.startswith(source) for text in texts)
    assert all("CYP2C19 Poor Metabolizer" in text for text in texts[:-1])
    assert not any("none strength" in text for text in texts)
    assert texts[-1] == "clopidogrel is taken"
    assert all(one.citation for one in finding.evidence[:-1])
    assert finding.evidence[0].events[0].source_file == "c.vcf"
    assert finding.evidence[-1].events[0].source_file == "orders.csv"
    assert finding.basis.version == "cpic-2023-08, dpwg-2023-08"


def test_the_usual_dose_is_said_too() -> None:
    finding = medicines(told(patient(results(CYP2C19="*1/*1"), ["clopidogrel"])))["clopidogrel"]
    assert finding.status is Status.FOUND
    assert finding.what.display == "clopidogrel and genes: usual dose"
    assert "No advice of DPWG" in " ".join(one.text for one in finding.evidence)


def test_a_result_that_is_not_excluded_is_advised_on_with_its_chance() -> None:
    made = {"CYP2C19": result("CYP2C19", ("*1/*1", 0.97), ("*2/*2", 0.03))}
    finding = medicines(told(patient(made, ["clopidogrel"])))["clopidogrel"]
    assert finding.what.display == "clopidogrel and genes: usual dose; not excluded: avoid"
    assert "not excluded (3 of 100)" in finding.reason
    assert "for the likeliest result: CYP2C19 gives no ground against" in finding.reason


def test_where_a_source_is_silent_about_the_likeliest_result() -> None:
    strange = Phenotype("Indeterminate", "Indeterminate", None, 0.8)
    plain = result("ABCG2", ("rs2231142 variant (T)/rs2231142 variant (T)", 0.2))
    negative = Phenotype("*58:01 negative", "*58:01 negative", None, 1.0)
    made = {
        "ABCG2": plain._replace(phenotypes=(*plain.phenotypes, strange)),
        "HLA-B": GeneResult("HLA-B", Outcome.CALLED, phenotypes=(negative,)),
    }
    finding = medicines(told(patient(made, ["allopurinol"])))["allopurinol"]
    assert "for the likeliest result: this source says nothing" in finding.reason
    assert any("says nothing about some results" in note for note in finding.notes)
    assert any("80 of 100" in note for note in finding.notes)


def test_one_source_does_not_answer_what_another_asks_of_an_unknown_gene() -> None:
    normal = results(ABCG2="rs2231142 reference (G)/rs2231142 reference (G)")
    finding = medicines(told(patient(normal, ["allopurinol"])))["allopurinol"]
    assert finding.status is Status.NOT_CHECKED
    assert finding.reason.startswith("HLA-B not known. Still possible: Do not give allopurinol")
    assert finding.evidence[0].text.endswith("Possible, since HLA-B is not known.")


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("*2/*2", "*1/*1", Status.NOT_CHECKED),
        ("*1/*1", "*2/*2", Status.NOT_CHECKED),
        ("*1/*1", "*1/*1", Status.FOUND),
    ],
)
def test_two_results_that_contradict_are_no_answer(first, second, status) -> None:
    early, late = (datetime(2024, 1, day) for day in (1, 2))
    rows = [
        *gene_rows(result("CYP2C19", first), recorded=early, source_file="a.vcf"),
        *gene_rows(result("CYP2C19", second), recorded=late, source_file="b.vcf"),
        medicine_row("clopidogrel"),
    ]
    finding = medicines(told(frame(rows)))["clopidogrel"]
    assert finding.status is status


def test_statuses_are_compared_allele_by_allele() -> None:
    def hla(*statuses: str) -> GeneResult:
        possible = tuple(Phenotype(one, one, None, 1.0) for one in statuses)
        return GeneResult("HLA-B", Outcome.CALLED, phenotypes=possible)

    both = hla("*57:01 negative", "*58:01 negative")
    assert contradict(both, hla("*57:01 positive", "*58:01 negative"))
    assert not contradict(both, hla("*57:01 negative"))
    assert not contradict(both, hla("*15:02 positive"))
    assert not contradict(both, hla("*57:01 negative", "*57:01 positive"))


def test_a_usual_dose_says_what_it_says_nothing_about() -> None:
    strange = Phenotype("Indeterminate", "n/a", None, 0.3)
    plain = result("DPYD", ("Reference/Reference", 0.7))
    made = {"DPYD": plain._replace(phenotypes=(*plain.phenotypes, strange))}
    finding = medicines(told(patient(made, ["fluorouracil"])))["fluorouracil"]
    assert "says nothing about other results that fit (30 of 100)" in finding.reason


def test_a_gene_that_is_not_known_is_an_open_finding() -> None:
    found = medicines(told(patient(results(CYP2C19="*1/*1"), ["allopurinol", "codeine"])))
    for drug, gene in (("allopurinol", "ABCG2"), ("codeine", "CYP2D6")):
        assert found[drug].status is Status.NOT_CHECKED
        assert gene in found[drug].reason
        assert gene in found[drug].resolve


def test_a_partly_known_medicine_is_open_and_names_what_is_missing() -> None:
    finding = medicines(told(patient(results(CYP2C9="*1/*1"), ["phenytoin"])))["phenytoin"]
    assert finding.status is Status.NOT_CHECKED
    assert "HLA-B" in finding.reason
    assert "HLA-B" in finding.resolve


def test_a_result_that_no_source_speaks_of_is_not_passed_over() -> None:
    """DPWG alone links aripiprazole to CYP2D6, and has no rule for an indeterminate one."""
    strange = Phenotype("Indeterminate", "n/a", None, 1.0)
    made = {"CYP2D6": GeneResult("CYP2D6", Outcome.CALLED, phenotypes=(strange,), source="Aldy")}
    finding = medicines(told(patient(made, ["aripiprazole"])))["aripiprazole"]
    assert finding.status is Status.NOT_CHECKED
    assert "say nothing about the result" in finding.reason
    assert "CYP2D6" in finding.resolve


def test_no_medicine_with_guidelines_is_ever_silent() -> None:
    """Whatever the genes are, each medicine of the guidelines that is taken has its finding."""
    drugs = sorted(drug for drug in by_drug() if (known := find(drug)) and known.rxnorm)
    for made in (
        results(CYP2C19="*1/*1", CYP2C9="*1/*1", TPMT="*1/*1"),
        {"CYP2D6": UNSURE_CYP2D6},
        {"CYP2C19": GeneResult("CYP2C19", Outcome.CALLED, phenotypes=(
            Phenotype("Indeterminate", "Indeterminate", None, 1.0),
        ))},
    ):  # fmt: skip
        found = medicines(told(patient(made, drugs)))
        assert set(found) == set(drugs)


def test_medicines_without_guidelines_are_not_made_up() -> None:
    assert "fluconazole" not in by_drug()
    found = told(patient(results(CYP2C19="*1/*1"), ["fluconazole"]))
    assert medicines(found) == {}
    assert set(genes(found)) == {"CYP2C19"}


def test_the_most_cautious_comes_first() -> None:
    taken = ["omeprazole", "clopidogrel", "allopurinol"]
    found = told(patient(results(CYP2C19="*2/*2"), taken))
    order = [find(one.what.code).name for one in found if one.kind is Kind.MEDICATION]
    assert order == ["clopidogrel", "omeprazole", "allopurinol"]


def test_sources_that_disagree_stand_side_by_side() -> None:
    """CPIC asks for another dose of clopidogrel's rival here; both are quoted, one is headed."""
    finding = medicines(told(patient(results(CYP2C19="*1/*2"), ["clopidogrel"])))["clopidogrel"]
    texts = " ".join(one.text for one in finding.evidence)
    assert "CPIC" in texts
    assert "DPWG" in texts
    assert len({one.text.split(":")[1] for one in finding.evidence[:-1]}) > 1


# phenoconversion ----------------------------------------------------------------------------------


def test_another_medicine_changes_what_the_gene_does_and_both_are_shown() -> None:
    taken = ["citalopram", "fluvoxamine"]
    finding = medicines(told(patient(results(CYP2C19="*1/*1"), taken)))["citalopram"]
    assert any(
        "fluvoxamine makes CYP2C19 act as Poor Metabolizer, from Normal Metabolizer" in note
        for note in finding.notes
    )
    texts = [one.text for one in finding.evidence]
    assert any("Because of CYP2C19 Normal Metabolizer" in text for text in texts)
    assert any(
        text.startswith("With the other medicines: ") and "CYP2C19 Poor Metabolizer" in text
        for text in texts
    )
    alone = medicines(told(patient(results(CYP2C19="*1/*1"), ["citalopram"])))["citalopram"]
    assert alone.what.display == "citalopram and genes: usual dose"
    assert finding.what.display != alone.what.display


def test_codeine_with_paroxetine() -> None:
    taken = ["codeine", "paroxetine"]
    finding = medicines(told(patient(results(CYP2D6="*1/*1"), taken)))["codeine"]
    assert finding.what.display in (
        "codeine and genes: avoid",
        "codeine and genes: consider another medicine",
    )
    assert any("act as Poor Metabolizer" in note for note in finding.notes)


def test_a_moderate_inhibitor() -> None:
    taken = ["omeprazole", "fluconazole"]
    finding = medicines(told(patient(results(CYP2C19="*1/*17"), taken)))["omeprazole"]
    assert any("fluconazole" in note for note in finding.notes)


def test_an_inducer_promises_nothing() -> None:
    taken = ["clopidogrel", "rifampin"]
    finding = medicines(told(patient(results(CYP2C19="*2/*2"), taken)))["clopidogrel"]
    assert finding.what.display == "clopidogrel and genes: avoid"
    assert any("by how much is not known" in note for note in finding.notes)


# time ---------------------------------------------------------------------------------------------


def test_a_result_is_not_known_before_it_was_reported() -> None:
    reported = AT - timedelta(days=10)
    rows = gene_rows(result("CYP2C19", "*2/*2"), recorded=reported)
    events = frame([*rows, medicine_row("clopidogrel")])
    assert told(events, reported - timedelta(seconds=1)) == []
    (avoid, gene) = told(events, reported)
    assert avoid.what.display.endswith("avoid")
    assert gene.evidence[0].events[0].time.replace(tzinfo=None) == reported


def test_of_two_results_the_later_report_counts() -> None:
    early, late = AT - timedelta(days=300), AT - timedelta(days=10)
    events = frame(
        gene_rows(result("CYP2C19", "*2/*2"), recorded=late)
        + gene_rows(result("CYP2C19", "*1/*1"), recorded=early)
    )
    assert known_genes(events, AT)["CYP2C19"].result.likeliest.name == "*2/*2"
    assert known_genes(events, early)["CYP2C19"].result.likeliest.name == "*1/*1"


def test_a_medicine_that_was_stopped_is_not_asked_about() -> None:
    stop = medicine_row("clopidogrel", AT - timedelta(days=1))
    stop["code"] = f"END//{stop['code']}"
    made = [row for one in results(CYP2C19="*2/*2").values() for row in gene_rows(one)]
    assert medicines(told(frame([*made, medicine_row("clopidogrel"), stop]))) == {}
    later = medicine_row("clopidogrel", AT + timedelta(days=1))
    assert medicines(told(frame([*made, later]))) == {}


def test_old_facts_say_so() -> None:
    """Whoever asks about 2024 today, asks today."""
    events = patient(results(CYP2C19="*2/*2"), ["clopidogrel"])
    asked_back = medicines(told(events, datetime(2024, 6, 1)))["clopidogrel"]
    assert any("valid until" in note for note in asked_back.notes)
    now = [ROW | row for one in results(CYP2C19="*2/*2").values() for row in gene_rows(one)]
    late = datetime(2026, 3, 1)
    start = medicine_row("clopidogrel", late - timedelta(days=9))
    old = medicines(told(frame([*now, start]), late))["clopidogrel"]
    assert any("cpic-2023-08 were valid until 2025-07-31" in note for note in old.notes)
    assert any("nof1 knowledge import" in note for note in old.notes)


def test_newer_facts_of_the_workspace_are_used_and_named(tmp_path: Path) -> None:
    text = (DATA / "sources.tsv").read_text(encoding="utf-8")
    (tmp_path / "sources.tsv").write_text(text.replace("2025-07-31", "2099-01-01"))
    events = patient(results(CYP2C19="*2/*2"), [])
    late = datetime(2026, 3, 1)
    rows = [medicine_row("clopidogrel", late - timedelta(days=9))]
    found = findings(SUBJECT, pl.concat([events, frame(rows)]), late, base=Base(tmp_path))
    assert not any("cpic-2023-08" in note for one in found for note in one.notes)


# scores, and everything together ------------------------------------------------------------------


def score(**changes: object) -> ScoreResult:
    fields = {name: None for name in ScoreResult.__dataclass_fields__} | {
        "sample": "s", "score_id": "PGS1", "file": "PGS1.txt", "trait": "stroke", "level": 0.9,
        "sum": 1.5, "low": 1.0, "high": 2.0, "matched": 90, "total": 100, "used": 90,
        "weight_share": 0.9, "notes": ("Scores transfer poorly.",),
    }  # fmt: skip
    return ScoreResult(**(fields | changes))  # type: ignore[arg-type]


def scored(made: ScoreResult) -> pl.DataFrame:
    return frame(
        [
            ROW | {"code": fact.code, "numeric_value": fact.value, "text_value": fact.text}
            for fact in stored_scores.facts(made, "0" * 64)
        ]
    )


def test_a_score_is_a_place_among_people_with_its_interval() -> None:
    placed = score(z=1.0, z_low=0.8, z_high=1.2, percentile=84.1, reference="R")
    (finding,) = told(scored(placed))
    assert (finding.kind, finding.status) == (Kind.GENOTYPE, Status.FOUND)
    assert finding.what.display == "PGS1: above 84 of 100 people (stroke)"
    assert finding.value.amount == 1.0
    assert (finding.value.interval.low, finding.value.interval.high) == (0.8, 1.2)
    assert finding.notes == ("Scores transfer poorly.",)
    assert finding.basis.content_hash == "0" * 64


def test_a_refused_score_is_withheld_with_the_reason() -> None:
    refused = score(sum=None, low=None, high=None, refused="Only 10 of 100 rows were found.")
    (finding,) = told(scored(refused))
    assert finding.status is Status.WITHHELD
    assert finding.reason == "Only 10 of 100 rows were found."
    assert finding.resolve
    assert finding.value is None


def test_invented_patients_are_marked() -> None:
    events = patient(results(CYP2C19="*2/*2"), ["clopidogrel", "codeine"])
    found = findings(SUBJECT, events, AT, synthetic=True)
    assert found
    assert all(one.synthetic for one in found)


def test_a_patient_of_the_synthetic_hospital(small_hospital) -> None:  # type: ignore[no-untyped-def]
    """Whoever takes clopidogrel and has no CYP2C19 is told, as the truth has it."""
    from nof1.advice.hospital import Hospital

    hospital = Hospital(small_hospital.workspace)
    truth = pl.read_csv(small_hospital.written.truth / "genes.csv", infer_schema=False)
    starts = pl.read_csv(small_hospital.written.truth / "index_dates.csv", try_parse_dates=True)
    poor = truth.filter(CYP2C19_phenotype="Poor Metabolizer").join(
        starts.filter(medicine="clopidogrel"), left_on="patient", right_on="patient_id"
    )
    assert poor.height > 5
    for row in poor.head(5).iter_rows(named=True):
        bedside = hospital.patient(row["patient"], row["site"])
        at = row["time"].replace(tzinfo=None) + timedelta(days=30)
        found = findings(SUBJECT, bedside.events, at, hospital.names)
        finding = medicines(found)["clopidogrel"]
        assert finding.what.display == "clopidogrel and genes: avoid"
        assert len(genes(found)) >= 9
