"""Genotype files on their way into the record: which events, whose, and what is said about them."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from genome.vcf_samples import every_position, header, line
from nof1.core.errors import InputError
from nof1.genome import stored, stored_scores
from nof1.genome.importer import SILENT, genotype_files, recognises
from nof1.genome.results import Outcome
from nof1.knowledge.alleles import definition
from nof1.record.store import Record
from nof1.synthetic.genes import GENES
from record_samples import imported, reasons, table

STAR_2 = ("chr10:94781859", "G", "A")  # rs4244285
ANSWER = pl.col("code").str.contains(r"^GENE//[^/]+$")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "record"


def events(root: Path) -> pl.DataFrame:
    """The events with the patient's own identifier."""
    return table(root).join(Record(root).subjects().drop("site"), on="subject_id")


def codes(root: Path, patient: str) -> set[str]:
    return set(events(root).filter(patient=patient)["code"])


def folder_of(place: Path, text: str, samples: str | None = None) -> Path:
    """A folder with a VCF, and a list of samples if given."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "cohort.vcf").write_text(text)
    if samples is not None:
        (place / "samples.csv").write_text(samples)
    return place


def star_2(**calls: str) -> str:
    """A VCF with CYP2C19 rs4244285 only: one call for each sample."""
    return header(tuple(calls)) + line(*STAR_2, *calls.values())


def g6pd(**calls: str) -> str:
    """All positions of G6PD; the calls stand at rs1050828 (A- among its alleles)."""
    wanted = next(p for p in definition("G6PD").positions if p.rsid == "rs1050828")
    one_copy = {name: "/" not in call for name, call in calls.items()}

    def call(gene: str, column: int, position) -> list[str]:  # type: ignore[no-untyped-def]
        if position == wanted:
            return list(calls.values())
        return ["0" if one_copy[name] else "0/0" for name in calls]

    return every_position(call, tuple(calls), names=["G6PD"])


def genders(place: Path, **sexes: str) -> Path:
    """FHIR patients of these sexes."""
    place.mkdir()
    rows = [
        f'{{"resourceType": "Patient", "id": "{name}", "birthDate": "1950-01-01"'
        f', "gender": "{sex}"}}'
        for name, sex in sexes.items()
    ]
    (place / "patients.ndjson").write_text("\n".join(rows) + "\n")
    return place


# the synthetic hospital ---------------------------------------------------------------------------


def truth_of(small_hospital) -> pl.DataFrame:  # type: ignore[no-untyped-def]
    return pl.read_csv(small_hospital.written.truth / "genes.csv", infer_schema=False)


def test_the_synthetic_genomes_are_in_the_record(small_hospital) -> None:  # type: ignore[no-untyped-def]
    """Every sequenced patient of every site has one answer for every gene on the array."""
    found = events(small_hospital.workspace.record).filter(ANSWER)
    truth = truth_of(small_hospital)
    assert found.select("patient", "code").is_unique().all()
    for gene in GENES:
        with_answer = found.filter(code=f"GENE//{gene}")["patient"]
        assert set(with_answer) == set(truth["patient"])
        assert len(with_answer) == truth.height
    others = found.filter(~pl.col("code").is_in([f"GENE//{gene}" for gene in GENES]))
    assert set(others["site"]) == {"site-b"}  # a genome, not an array


def test_the_true_results_are_features_where_they_are_nearly_sure(small_hospital) -> None:  # type: ignore[no-untyped-def]
    rows = events(small_hospital.workspace.record)
    truth = dict(truth_of(small_hospital).select("patient", "CYP2C19_phenotype").iter_rows())
    said = rows.filter(pl.col("code").str.contains("^GENE//CYP2C19//.* Metabolizer$"))
    assert said.height > 0.95 * len(truth)
    right = sum(
        truth[patient] == code.rsplit("//")[-1]
        for patient, code in said.select("patient", "code").iter_rows()
    )
    assert right == said.height
    scores = rows.filter(code="GENE//CYP2C9//activity_score")
    assert set(scores["numeric_value"]) <= {0.0, 0.5, 1.0, 1.5, 2.0}


def test_the_score_is_in_the_record_with_its_place_among_people(small_hospital) -> None:  # type: ignore[no-untyped-def]
    rows = events(small_hospital.workspace.record)
    truth = truth_of(small_hospital)
    for code, column in (
        ("PGS//SYNTH1", "polygenic_score_SYNTH1"),
        ("PGS//SYNTH1//z", "polygenic_z"),
    ):
        both = truth.join(rows.filter(code=code), on="patient", how="left")
        assert both.height == truth.height
        assert (both["numeric_value"] - both[column].cast(pl.Float64)).abs().max() < 1e-4
    kept = stored_scores.decode(rows.filter(code="PGS//SYNTH1")["text_value"][0])
    assert kept.result.matched == 100
    assert len(kept.sha256) == 64


def test_no_genotype_enters_the_record(small_hospital) -> None:  # type: ignore[no-untyped-def]
    texts = events(small_hospital.workspace.record)["text_value"].drop_nulls()
    assert not texts.str.contains(r"[01][|/][01]").any()


# files made by hand -------------------------------------------------------------------------------


def test_the_events_of_one_gene(root: Path, tmp_path: Path) -> None:
    def call(gene: str, column: int, position) -> list[str]:  # type: ignore[no-untyped-def]
        carried = position.rsid in ("rs12769205", "rs4244285", "rs3758581")
        return ["1/1" if carried else "0/0"]

    text = every_position(call, ["ann"], names=["CYP2C19"])
    done = imported(root, folder_of(tmp_path / "in", text))
    assert done.sources == (("genome", "in"),)
    found = events(root)
    assert set(found["code"]) == {
        "GENE//CYP2C19",
        "GENE//CYP2C19//Poor Metabolizer",
        "GENE//CYP2C19//*2/*2",
    }
    assert found["patient"].unique().to_list() == ["ann"]
    assert set(found["source_file"]) == {"cohort.vcf"}
    assert set(found["source_row"]) == {1}
    assert found["time"].is_null().all()
    kept = stored.decode("CYP2C19", found.filter(code="GENE//CYP2C19")["text_value"][0])
    assert [one.name for one in kept.diplotypes] == ["*2/*2"]
    assert kept.missing == ()


def test_genes_that_were_not_called_are_noted_not_hidden(root: Path, tmp_path: Path) -> None:
    done = imported(root, folder_of(tmp_path / "in", star_2(ann="0/1", bob="./.")))
    assert codes(root, "ann") >= {"GENE//CYP2C19"}
    assert done.notes["CYP2C19: not called from these genotypes (samples)"] == 1
    assert done.notes["CYP2D6: not called from these genotypes (samples)"] == 2
    assert done.excluded == {SILENT: 1}
    assert done.patients == 1
    assert not any(code.startswith("GENE//CYP2D6") for code in codes(root, "ann"))


def test_what_is_not_nearly_sure_is_no_feature(root: Path, tmp_path: Path) -> None:
    """One position of many: the answer is stored with all that fits, and no plain event says it."""
    imported(root, folder_of(tmp_path / "in", star_2(ann="0/0")))
    found = codes(root, "ann")
    assert "GENE//CYP2C19" in found
    assert not any("Metabolizer" in code for code in found)
    text = events(root).filter(code="GENE//CYP2C19")["text_value"][0]
    kept = stored.decode("CYP2C19", text)
    assert len(kept.phenotypes) > 2
    assert kept.settling is not None


def test_samples_are_mapped_to_patients(root: Path, tmp_path: Path) -> None:
    listed = "sample,patient,reported\nL1,ann,2021-03-04\nL2,bob,\nL9,eve,\n"
    done = imported(root, folder_of(tmp_path / "in", star_2(L1="1/1", L2="0/1"), listed))
    found = events(root).filter(ANSWER)
    assert dict(found.select("patient", "recorded").iter_rows()) == {
        "ann": datetime(2021, 3, 4),
        "bob": None,
    }
    assert done.quarantined_rows == 0


def test_a_zone_of_a_reporting_time_counts(root: Path, tmp_path: Path) -> None:
    listed = "sample,patient,reported\ns,ann,2021-03-04T01:00:00+02:00\n"
    imported(root, folder_of(tmp_path / "in", star_2(s="1/1"), listed))
    assert set(events(root)["recorded"]) == {datetime(2021, 3, 3, 23)}


def test_the_same_file_again_replaces_its_results(root: Path, tmp_path: Path) -> None:
    place = folder_of(tmp_path / "in", star_2(ann="1/1", bob="0/1"))
    first = imported(root, place)
    before = events(root)
    again = imported(root, place)
    assert (again.added, again.removed, again.events) == (0, 0, first.events)
    folder_of(place, star_2(ann="0/0"))
    done = imported(root, place)
    after = events(root)
    assert set(after["patient"]) == {"ann"}
    assert done.events == done.added + done.replaced == after.height
    text = pl.col("code") == "GENE//CYP2C19"
    old, new = (rows.filter(text, patient="ann")["text_value"][0] for rows in (before, after))
    assert old != new


def test_sites_keep_their_own_samples(root: Path, tmp_path: Path) -> None:
    place = folder_of(tmp_path / "in", star_2(ann="1/1"))
    imported(root, place, site="a")
    imported(root, place, site="b")
    assert set(events(root)["site"]) == {"a", "b"}


@pytest.mark.parametrize("first", ["patients", "genome"])
def test_g6pd_follows_the_sex(root: Path, tmp_path: Path, first: str) -> None:
    """Men have one copy, women two; whatever the order in which the inputs are named."""
    people = genders(tmp_path / "patients", tom="male", eve="female", sam="unknown")
    place = folder_of(tmp_path / "genome", g6pd(tom="1", eve="1/1", sam="1/1"))
    paths = [people, place] if first == "patients" else [place, people]
    imported(root, *paths)
    found = {
        patient: stored.decode("G6PD", text)
        for patient, text in events(root)
        .filter(code="GENE//G6PD")
        .select("patient", "text_value")
        .iter_rows()
    }
    assert all("/" not in one.name for one in found["tom"].diplotypes)
    assert all("/" in one.name for one in found["eve"].diplotypes)
    assert {"/" in one.name for one in found["sam"].diplotypes} == {True, False}
    assert any("sex is not known" in text for text in found["sam"].warnings)


def test_the_sex_may_be_in_the_record_already(root: Path, tmp_path: Path) -> None:
    imported(root, genders(tmp_path / "patients", tom="male"))
    imported(root, folder_of(tmp_path / "genome", g6pd(tom="0/1")))
    kept = stored.decode("G6PD", events(root).filter(code="GENE//G6PD")["text_value"][0])
    assert kept.warnings[0].startswith("Two different bases")


def test_without_any_sex_the_other_genes_are_called(root: Path, tmp_path: Path) -> None:
    done = imported(root, folder_of(tmp_path / "in", star_2(ann="1/1")))
    assert "GENE//CYP2C19" in codes(root, "ann")
    assert not any("no patient of the record" in note for note in done.notes)


def test_an_unknown_sample_is_kept_and_counted(root: Path, tmp_path: Path) -> None:
    people = genders(tmp_path / "patients", ann="female")
    done = imported(root, people, folder_of(tmp_path / "in", star_2(ann="1/1", who="0/1")))
    assert (
        done.notes["samples that are no patient of the record so far (kept under their own name)"]
        == 1
    )
    assert "GENE//CYP2C19" in codes(root, "who")


def test_chromosomes_in_several_files(root: Path, tmp_path: Path) -> None:
    place = folder_of(tmp_path / "in", star_2(ann="1/1"))
    (place / "chr16.vcf").write_text(header(("ann",)) + line("chr16:31096368", "C", "T", "0/1"))
    imported(root, place)
    assert codes(root, "ann") >= {"GENE//CYP2C19", "GENE//VKORC1//-1639 AG"}
    assert events(root).filter(ANSWER).select("code").is_unique().all()


def test_scores_without_enough_variants_are_refused_openly(root: Path, tmp_path: Path) -> None:
    place = folder_of(tmp_path / "in", star_2(ann="1/1"))
    (place / "PGS1.txt").write_text(
        "#pgs_id=PGS1\n#genome_build=GRCh38\n"
        "chr_name\tchr_position\teffect_allele\tother_allele\teffect_weight\n"
        "10\t94781859\tA\tG\t0.5\n1\t1000\tA\tG\t0.1\n"
    )
    done = imported(root, place)
    assert done.notes["scores that were refused (their event says why)"] == 1
    row = events(root).filter(code="PGS//PGS1").row(0, named=True)
    assert row["numeric_value"] is None
    assert "1 of 2 rows" in stored_scores.decode(row["text_value"]).result.refused


# bad and hostile input ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "columns"),
        ("name;patient\na;b\n", "columns"),
        ("sample,patient\n" + "x" * 200_000 + ",y\n", "comma-separated"),
        ("sample,patient,reported\na,b,c\n".encode("utf-16"), "UTF-8"),
        (b"sample,patient\n\xff\xfe,b\n", "UTF-8"),
    ],
)
def test_a_list_of_samples_that_is_none_stops_the_import(
    root: Path, tmp_path: Path, text: str | bytes, problem: str
) -> None:
    place = folder_of(tmp_path / "in", star_2(a="1/1"))
    (place / "samples.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=problem):
        imported(root, place)
    assert not root.exists() or not list(root.glob("*/data"))


def test_rows_of_the_list_that_cannot_be_used_are_in_quarantine(root: Path, tmp_path: Path) -> None:
    listed = (
        "\ufeffsample,patient,reported,origin\n"
        "a,ann,soon,x\n"
        "b,,2020-01-01\n"
        "c,carl\n"
        "d,dora,9999-99-99\n"
        'c,carla\n"e","e, ""the\nlast""",2020-01-01\n'
        "f,fred,2090-01-01\n"
        "g,=cmd|' /C calc'!A0,\n"
    )
    names = dict.fromkeys("abcdefg", "1/1")
    done = imported(root, folder_of(tmp_path / "in", star_2(**names), listed))
    assert reasons(root) == [
        ("cohort.vcf", 6, "the recording time is in the future"),
        ("samples.csv", 2, "column reported: no date that can be read"),
        ("samples.csv", 3, "no sample or no patient"),
        ("samples.csv", 4, "this sample is listed more than once"),
        ("samples.csv", 5, "column reported: no date that can be read"),
        ("samples.csv", 6, "this sample is listed more than once"),
    ]
    assert done.quarantined_rows >= 6
    # without a usable row a sample keeps its own name; nobody gets another one's genes
    assert set(events(root)["patient"]) == {
        "a", "b", "c", "d", 'e, "the\nlast"', "=cmd|' /C calc'!A0",
    }  # fmt: skip


def test_two_patients_are_never_joined_by_a_doubled_row(root: Path, tmp_path: Path) -> None:
    listed = "sample,patient\na,ann\na,bob\n"
    imported(root, folder_of(tmp_path / "in", star_2(a="1/1"), listed))
    assert set(events(root)["patient"]) == {"a"}


def test_links_out_of_the_folder_are_not_followed(root: Path, tmp_path: Path) -> None:
    outside = folder_of(tmp_path / "outside", star_2(ann="1/1"), "sample,patient\nann,eve\n")
    place = tmp_path / "in"
    place.mkdir()
    (place / "cohort.vcf").symlink_to(outside / "cohort.vcf")
    assert not recognises(place)
    assert genotype_files(place) == []
    (place / "own.vcf").write_text(star_2(tom="1/1"))
    (place / "samples.csv").symlink_to(outside / "samples.csv")
    with pytest.raises(InputError, match="leads out"):
        imported(root, place)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (header((), "GRCh38"), "no samples"),
        (header(("a",), None) + line(*STAR_2, "0/1"), "build"),
        (star_2(a="1/1") + "chr10\t94781860\tbroken\n", "chr10|column|line"),
        (star_2(a="1/1", b="0/1").replace("\t0/1\n", "\n"), "column"),
    ],
)
def test_a_file_that_cannot_be_read_stops_the_import_whole(
    root: Path, tmp_path: Path, text: str, words: str
) -> None:
    people = genders(tmp_path / "patients", a="female")
    imported(root, people)
    before = events(root)
    with pytest.raises(InputError, match=words) as caught:
        imported(root, folder_of(tmp_path / "in", text))
    assert "0/1" not in str(caught.value)
    assert "1/1" not in str(caught.value)
    assert events(root).equals(before)


OUTSIDE = "#sample\tgene\tdiplotype\tphenotype\tactivity_score\n"
ROWS = ("a\tCYP2D6\t*4/*4\t\t", "a\tHLA-B\t*57:01/*07:02\t\t", "a\tNOGENE\t*1/*1\t\t")


def test_calls_of_other_programs_lie_beside(root: Path, tmp_path: Path) -> None:
    """CYP2D6 from elsewhere replaces our "nothing excluded"; rows without sense are set aside."""
    place = folder_of(tmp_path / "in", star_2(a="0/1", b="0/0"))
    (place / "outside.tsv").write_text(OUTSIDE + "\n".join(ROWS) + "\n")
    done = imported(root, place)
    assert {"GENE//CYP2D6//Poor Metabolizer", "GENE//HLA-B"} <= codes(root, "a")
    assert not any(code.startswith("GENE//CYP2D6") for code in codes(root, "b"))
    text = events(root).filter(patient="a", code="GENE//CYP2D6")["text_value"].item()
    assert "outside.tsv, row 2" in stored.decode("CYP2D6", text).source
    assert done.quarantined_rows == 1
    again = imported(root, place)
    assert (again.added, again.removed) == (0, 0)


def test_calls_without_a_sample_are_those_of_the_only_one(root: Path, tmp_path: Path) -> None:
    place = folder_of(tmp_path / "in", star_2(a="0/1"))
    (place / "outside.tsv").write_text("CYP2D6\t*1/*4\n")
    imported(root, place)
    assert "GENE//CYP2D6//*1/*4" in codes(root, "a")
    several = folder_of(tmp_path / "several", star_2(a="0/1", b="0/0"))
    (several / "outside.tsv").write_text("CYP2D6\t*1/*4\n")
    with pytest.raises(InputError, match="whose calls"):
        imported(tmp_path / "other", several)


def test_what_is_recognised(tmp_path: Path) -> None:
    place = folder_of(tmp_path / "in", star_2(ann="1/1"))
    assert recognises(place)
    assert recognises(place / "cohort.vcf")
    (place / ".hidden.vcf").write_text(star_2(ann="1/1"))
    (place / "notes.txt").write_text("fileformat=VCF")
    assert genotype_files(place) == [place / "cohort.vcf"]
    assert not recognises(tmp_path)
    assert not recognises(place / "notes.txt")


def test_samples_with_strange_names(root: Path, tmp_path: Path) -> None:
    names = ("a b", "ünï", "GENE//X", "0001", "NA")
    text = header(names) + line(*STAR_2, *["1/1"] * len(names))
    imported(root, folder_of(tmp_path / "in", text))
    found = events(root).filter(ANSWER)
    assert Counter(found["patient"].to_list()) == Counter(names)
    kept = stored.decode("CYP2C19", found["text_value"][0])
    assert kept.outcome is Outcome.CALLED
