"""The synthetic hospital: genes, interactions and kidneys as its generator knows them.

The files of the hospital go through the importers into a record and are ranked; the expectation
comes from the generator itself and from a second, slow reading of the fact tables
(``slow_reading``). At least 99 of 100 rows must agree.
"""

from __future__ import annotations

import csv
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import polars as pl
import pytest

from medicines.ranking import slow_reading as slow
from nof1.medicines.ranking.columns import Column, Level, Status
from nof1.medicines.ranking.rank import rank
from nof1.medicines.ranking.rows import Row
from nof1.record.store import Record
from nof1.synthetic.codes import MEDICINES
from nof1.synthetic.hospital import Hospital

DISEASES = {
    "SNOMED//22298006": "myocardial infarction",
    "ICD10CM//I48.91": "atrial fibrillation",
    "ICD10CM//E11.9": "type 2 diabetes mellitus",
}
EVERY = 20  # of the patients
LEAST = 0.99
# Groups of patients that the ranking may not exclude, for the medicines whose genes are compared.
GROUPS = {
    "clopidogrel": (
        *("general", "acute coronary syndrome or PCI", "coronary intervention, stroke or TIA"),
        "other indications",
    ),
    "atorvastatin": (
        *("general", "more risk factors for statin myopathy"),
        "no other risk factor for statin myopathy",
    ),
    "simvastatin": ("general",),
    "warfarin": ("general", "non-African ancestry"),
}
GENES = {
    "clopidogrel": ["CYP2C19"],
    "atorvastatin": ["SLCO1B1"],
    "simvastatin": ["SLCO1B1"],
    "warfarin": ["CYP2C9", "VKORC1", "CYP4F2"],
}


class Case(NamedTuple):
    """One patient at one moment: what was ranked, and what the generator knows."""

    disease: str
    rows: dict[str, Row]
    genes: dict[str, dict[str, str]]
    taken: set[str]
    creatinine: float | None
    age: float
    male: bool


@pytest.fixture(scope="module")
def cases(small_hospital: Any) -> list[Case]:
    truth = Hospital(seed=3, patients=1500).generate()
    genes = genes_of(small_hospital.written.truth / "genes.csv")
    record = Record(small_hospital.workspace.record)
    made = []
    for patient in truth.patients.iter_rows(named=True):
        if patient["patient"] % EVERY:
            continue
        number = record.subject(patient["patient_id"], patient["site"])
        events = record.patient_events(number)
        labs = creatinines(truth.chart.observations, patient["patient"])
        at = moment(labs, patient["patient"])
        last = [value for time, value in labs if at - timedelta(days=90) <= time <= at]
        born = datetime.combine(patient["birth"], datetime.min.time())
        for code, disease in DISEASES.items():
            found = rank(events, at, code)
            made.append(
                Case(
                    disease,
                    {row.medicine.name: row for row in found.rows},
                    genes.get((patient["site"], patient["patient_id"]), {}),
                    slow.taken(courses(truth.chart.medications, patient["patient"]), at),
                    last[-1] if last else None,
                    (at - born).total_seconds() / 86_400 / 365.25,
                    patient["male"],
                )
            )
    return made


def moment(labs: list[tuple[datetime, float]], patient: int) -> datetime:
    """Half of the patients a few days after a creatinine, the others on one day for all."""
    fixed = datetime(2023, 3, 1)
    if not labs or patient % (2 * EVERY):
        return fixed
    return labs[len(labs) // 2][0] + timedelta(days=3, hours=1)


def genes_of(path: Any) -> dict[tuple[str, str], dict[str, dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["site"], row["patient"]): _genes(row) for row in csv.DictReader(file)}


def _genes(row: dict[str, str]) -> dict[str, dict[str, str]]:
    made = {}
    for gene in ("CYP2C19", "CYP2C9", "VKORC1", "SLCO1B1", "CYP4F2"):
        score = f"{float(row[f'{gene}_activity_score']):.1f}" if gene == "CYP2C9" else ""
        word = row.get(f"{gene}_phenotype", "")
        made[gene] = {"pair": row[gene], "word": word, "score": score}
    return made


def creatinines(table: pl.DataFrame, patient: int) -> list[tuple[datetime, float]]:
    """Time and mg/dL of what was reported, in the order of time."""
    rows = table.filter(
        pl.col("patient") == patient, pl.col("test") == "creatinine", pl.col("status") == "final"
    ).sort("time")
    return [
        (row["time"], slow.milligrams(row["value"], row["unit"]))
        for row in rows.iter_rows(named=True)
    ]


def courses(table: pl.DataFrame, patient: int) -> list[tuple[str, datetime, datetime | None]]:
    rows = table.filter(pl.col("patient") == patient)
    return [
        (MEDICINES[row["medicine"]][1], row["start"], row["stop"])
        for row in rows.iter_rows(named=True)
    ]


def agreement(
    pairs: list[tuple[Any, Any]], clear: Any, least: int, *, telling_least: float = LEAST
) -> None:
    """At least 99 of 100 agree, of all and of those that are not clear; what differs is shown."""
    telling = [pair for pair in pairs if pair[1] != clear]
    assert len(telling) >= least
    for some, share in ((pairs, LEAST), (telling, telling_least)):
        wrong = Counter(pair for pair in some if pair[0] != pair[1])
        assert 1 - sum(wrong.values()) / len(some) >= share, (len(some), wrong.most_common(5))


def level(column: Column, but: str = "nothing is left out") -> int:
    """The level of a column's reasons, without those of one group of patients."""
    levels = [one.level for one in column.reasons if but not in one.text]
    return int(min(levels, default=Level.NONE))


def test_genes(cases: list[Case]) -> None:
    pairs = []
    for case in cases:
        for drug in GENES.keys() & case.rows.keys():
            column = case.rows[drug].columns["pharmacogenomics"]
            if not case.genes:
                pairs.append((column.status, Status.NOT_KNOWN))
                continue
            genes = {gene: case.genes[gene] for gene in GENES[drug]}
            expected = slow.guideline_level(drug, GROUPS[drug], genes)
            pairs.append((level(column, but="for: African ancestry"), expected))
    # Of two questions of one source (warfarin: CYP2C9 with VKORC1, and CYP4F2) the genome room
    # answers the more cautious one: CYP4F2's optional higher dose is missed beside a usual one.
    agreement(pairs, 4, 140, telling_least=0.98)
    assert len({expected for _, expected in pairs}) >= 4


def test_interactions(cases: list[Case]) -> None:
    pairs = []
    for case in cases:
        for drug, row in case.rows.items():
            stay = {
                other
                for other in case.taken - {drug}
                if drug in case.taken or not slow.same_kind(drug, other)
            }
            expected = slow.interacting(drug, stay)
            column = row.columns["interactions"]
            said = {(one.short.split(":")[0][5:], int(one.level)) for one in column.reasons}
            pairs.append((frozenset(said), frozenset(expected)))
    agreement(pairs, frozenset(), 100)


def test_kidneys(cases: list[Case]) -> None:
    pairs = []
    for case in cases:
        for drug, row in case.rows.items():
            column = row.columns["renal"]
            expected = slow.renal_level(drug, case.disease, case.creatinine, case.age, case.male)
            pairs.append(((level(column), bool(column.opens)), expected))
    agreement(pairs, (4, False), 100)
    agreement([pair for pair in pairs if not pair[1][1]], (4, False), 30)
    assert {1, 2, 4} <= {expected[0] for _, expected in pairs}
    assert {True, False} == {expected[1] for _, expected in pairs}


def test_what_is_taken(cases: list[Case]) -> None:
    pairs = [
        (row.current is not None, drug in case.taken)
        for case in cases
        for drug, row in case.rows.items()
    ]
    agreement(pairs, False, 50)
