"""The whole ranking: order, explanation, data, point in time, patients of whom little is known."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from genome.gene_events import SUBJECT, frame, medicine_row, result
from medicines.ranking.people import AT, creatinine, event, person
from nof1.core.errors import UsageError
from nof1.core.finding import (
    Basis,
    Coding,
    Finding,
    Frequency,
    Interval,
    Kind,
    Status,
    Subject,
    Value,
)
from nof1.knowledge.base import Base
from nof1.medicines.ranking.columns import Column, Level, Open, Reason
from nof1.medicines.ranking.columns import Status as State
from nof1.medicines.ranking.document import document
from nof1.medicines.ranking.order import before, key, ordered, why
from nof1.medicines.ranking.rank import Ranking, rank
from nof1.medicines.ranking.rows import ORDER, Named, Row, Verdict

HEART, FLUTTER = "SNOMED//22298006", "ICD10CM//I48.91"


def row(name: str, *reasons: Level, opens: tuple[Level, ...] = (), **changes: Any) -> Row:
    """A row with these reasons and open questions."""
    said = tuple(Reason(level, f"{name} {level.name}", "text") for level in reasons)
    asked = tuple(Open("text", "resolve", f"question {n}", w) for n, w in enumerate(opens))
    columns: dict[str, Column] = dict.fromkeys(ORDER, Column("x", State.CLEAR, "clear"))
    columns |= {"renal": Column("renal", State.CLEAR, "", said, asked)}
    made = {"purpose": "", "current": None, "columns": columns, "laboratory": None, "grade": 0}
    return Row(Named(name, None, ()), **{**made, "grade_text": "guideline", **changes})


def test_the_verdict_is_the_most_cautious_thing() -> None:
    assert row("a").verdict is Verdict.STANDARD
    assert row("a", Level.WATCH).verdict is Verdict.STANDARD
    assert row("a", Level.ADJUST, Level.WATCH).verdict is Verdict.ADJUST
    assert row("a", Level.ADJUST, opens=(Level.AVOID,)).verdict is Verdict.CHECK_FIRST
    assert row("a", opens=(Level.ADJUST, Level.NONE)).verdict is Verdict.STANDARD
    assert row("a", Level.AVOID, Level.ADJUST).verdict is Verdict.AVOID
    made = row("a", Level.AVOID, Level.CONTRAINDICATED, opens=(Level.AVOID,))
    assert made.verdict is Verdict.CONTRAINDICATED


def test_the_order_is_the_rule_and_each_place_is_explained() -> None:
    taken = event("x")
    rows = [
        row("contra", Level.CONTRAINDICATED),
        row("avoid", Level.AVOID),
        row("check", opens=(Level.AVOID,)),
        row("adjust", Level.ADJUST),
        row("weaker", grade=2, grade_text="label"),
        row("asked", opens=(Level.NONE,)),
        row("b-plain"),
        row("c-taken", current=taken),
        row("a-plain"),
    ]
    made = ordered(rows)
    names = [one.medicine.name for one in made]
    assert names == [
        *("c-taken", "a-plain", "b-plain", "asked", "weaker", "adjust", "check", "avoid", "contra")
    ]
    said = [before(one, after) for one, after in pairwise(made)]
    assert said[0] == "before a-plain: it is taken already"
    assert said[1] == "before b-plain: by name only, the rule sees no difference"
    assert said[2] == "before asked: fewer open questions (0 and 1)"
    assert said[3] == "before weaker: better evidence (guideline; not only label)"
    assert said[4] == "before adjust: standard before adjust (adjust ADJUST)"
    assert said[5] == "before check: adjust before check first (question 0 not known)"
    assert sorted(made, key=key) == list(made)


def test_purposes_are_never_mixed() -> None:
    rows = [
        row("bad", Level.AVOID, purpose="one"),
        row("good", purpose="two", grade=1),
        row("none", grade=0),
    ]
    assert [one.medicine.name for one in ordered(rows)] == ["bad", "good", "none"]


def test_a_medicine_of_which_the_tables_know_nothing_is_checked_first() -> None:
    stranger = row("a", Level.WATCH, covered=False)
    assert stranger.verdict is Verdict.CHECK_FIRST
    assert why(stranger)[0] == "read the label: not in our tables"


# with the facts that come with nof1 --------------------------------------------------------------


def ranked(events: pl.DataFrame, condition: str = HEART, **changes: Any) -> Ranking:
    return rank(events, AT, condition, **changes)


def by_name(made: Ranking) -> dict[str, Row]:
    return {one.medicine.name: one for one in made.rows}


def told(made: Ranking, **changes: Any) -> dict[str, Any]:
    data = document(made, SUBJECT, HEART, **changes)
    return json.loads(json.dumps(data, allow_nan=False))  # type: ignore[no-any-return]


def test_clopidogrel_by_the_genes() -> None:
    poor = by_name(ranked(person(genes=[result("CYP2C19", "*2/*2")])))
    assert poor["clopidogrel"].verdict is Verdict.AVOID
    assert poor["ticagrelor"].columns["pharmacogenomics"].status is State.CLEAR


def test_the_shape_of_the_data() -> None:
    data = told(ranked(person(genes=[result("CYP2C19", "*2/*2")], medicines=["aspirin"])))
    assert data["schema"] == "nof1/medicines-rank/1"
    assert data["condition"] == {"code": HEART, "name": "myocardial infarction"}
    assert data["as_of"] == "2024-06-01T00:00:00Z"
    first = data["rows"][0]
    assert {*ORDER, "medicine", "verdict", "laboratory", "evidence", "not_known"} <= set(first)
    assert {one["place"] for one in data["rows"]} >= {1, 2, 3}
    stopped = next(one for one in data["rows"] if one["medicine"]["name"] == "clopidogrel")
    assert stopped["medicine"] == {"name": "clopidogrel", "rxnorm": "32968", "atc": ["B01AC04"]}
    reason = stopped["pharmacogenomics"]["reasons"][0]
    assert reason["evidence"][0]["source_file"] == "c.vcf"
    assert reason["source"]["published"] == "2023-08-01"
    assert any(one["id"] == "cpic-2023-08" and one["expired"] for one in data["knowledge"])
    assert data["synthetic"] is False
    assert told(ranked(person()), synthetic=True)["synthetic"] is True


def test_what_is_taken_is_marked_and_never_missing() -> None:
    made = by_name(ranked(person(medicines=["simvastatin"])))
    assert made["simvastatin"].current is not None
    assert made["atorvastatin"].current is None


def test_a_medicine_that_is_taken_and_is_no_treatment_is_said() -> None:
    data = told(ranked(person(medicines=["ibuprofen"]), "heart failure"))
    named = {one["name"]: one for one in data["not_indicated"]}
    assert named["ibuprofen"]["current"] is True
    assert "heart failure" in named["ibuprofen"]["why"]
    assert "ibuprofen" not in {one["medicine"]["name"] for one in data["rows"]}


def test_a_medicine_that_alone_decides_is_named() -> None:
    """Ibuprofen makes every anticoagulant one to avoid; with an allergy as well it is not alone."""
    events = person(event("ICD10CM//I10"), medicines=["ibuprofen"])
    data = told(ranked(events, FLUTTER))
    (one,) = data["deciding"]
    assert one["name"] == "ibuprofen"
    assert "apixaban" in one["medicines"]
    allergic = pl.concat([events, frame([event("ALLERGY//RxNorm//1364430")])])
    (one,) = told(ranked(allergic, FLUTTER))["deciding"]
    assert "apixaban" not in one["medicines"]


def test_a_patient_of_whom_nothing_is_known_has_no_clear_column_about_him() -> None:
    """Genes, medicines, allergies, creatinine, diagnoses, age and sex are missing."""
    nothing = frame([event("ENCOUNTER//AMB")])
    for one in ranked(nothing).rows:
        for name in ("interactions", "allergies", "renal", "hepatic", "age", "conditions"):
            assert one.columns[name].status is State.NOT_KNOWN, (one.medicine.name, name)
        assert one.verdict is not Verdict.STANDARD or one.opens
    made = by_name(ranked(nothing))
    assert made["clopidogrel"].columns["pharmacogenomics"].status is State.NOT_KNOWN


def test_codes_of_medicines_that_nobody_knows_are_counted_and_asked_about() -> None:
    strange = [event(f"RxNorm//99999{n}") for n in range(3)]
    data = told(ranked(person(*strange)))
    assert data["not_recognised"] == ["RxNorm//999990", "RxNorm//999991", "RxNorm//999992"]
    for one in data["rows"]:
        asked = [
            each for each in one["interactions"]["not_known"] if "not known here" in each["text"]
        ]
        assert len(asked) == 3
        assert one["interactions"]["status"] != "clear"


def test_an_allergy_and_none_known_at_once() -> None:
    both = person(event("ALLERGY//RxNorm//1191"), event("ALLERGY//SNOMED//716186003"))
    made = by_name(ranked(both))
    assert made["aspirin"].verdict in (Verdict.AVOID, Verdict.CONTRAINDICATED)
    assert "one of them is wrong" in made["ramipril"].columns["allergies"].text
    assert made["ramipril"].columns["allergies"].status is State.NOT_KNOWN


def test_no_event_at_all() -> None:
    data = told(ranked(frame([])))
    assert data["dated_codes"] == 0
    assert {one["renal"]["status"] for one in data["rows"]} == {"not_known"}


def test_nothing_later_than_the_moment_is_used() -> None:
    """Everything recorded after the moment changes no byte of the answer."""
    now = person(creatinine(1.2), medicines=["aspirin"])
    later = AT + timedelta(days=1)
    more = frame(
        [
            creatinine(4.0, days=-1),
            medicine_row("warfarin", later),
            event("ALLERGY//RxNorm//32968", time=later),
            event("ICD10CM//I50.9", time=AT - timedelta(days=9), recorded=later),
            event("GENE//CYP2C19", time=None, text_value="{}", recorded=later),
            event("END//RxNorm//1191", time=later),
        ]
    )
    assert told(ranked(now)) == told(ranked(pl.concat([now, more])))


def test_the_same_answer_whatever_the_order_of_the_events() -> None:
    events = person(creatinine(1.2), medicines=["aspirin", "omeprazole"], born=AT.replace(1950))
    assert told(ranked(events)) == told(ranked(events.sort("code", descending=True)))


def finding(**changes: Any) -> Finding:
    """A finding about a response."""
    made: dict[str, Any] = {
        "subject": Subject(id="p"),
        "as_of": datetime(2024, 6, 1, tzinfo=UTC),
        "kind": Kind.EFFECT,
        "what": Coding(code="x", display="Heart attack within a year"),
        "status": Status.FOUND,
        "basis": Basis(
            kind="model", id="m", version="1", content_hash="h", knowledge_date="2024",
            validated_in="nobody",
        ),
        "value": Value(amount=0.1, unit="1", interval=Interval(low=0.0, high=0.2, level=0.9)),
        "frequency": Frequency(events=10, of=100, low=0, high=20, text="10 of 100; 0 to 20"),
    }  # fmt: skip
    return Finding(**{**made, **changes})


def test_without_a_model_the_efficacy_says_that_it_is_not_known() -> None:
    column = by_name(ranked(person()))["ticagrelor"].columns["efficacy"]
    assert column.status is State.NOT_KNOWN
    assert "not known because no model of this workspace predicts" in column.text
    assert "myocardial infarction" in column.opens[0].text
    assert column.reasons[0].short == "guideline"
    assert column.opens[0] not in by_name(ranked(person()))["ticagrelor"].opens


def test_cell_lines_stand_apart_and_move_no_place() -> None:
    plain, known = ranked(person()), ranked(person(), laboratory={"aspirin": finding()})
    column = by_name(known)["aspirin"].laboratory
    assert column is not None
    assert column.text.startswith("Laboratory hypothesis, not from patients: ")
    assert [key(one) for one in known.rows] == [key(one) for one in plain.rows]
    assert by_name(plain)["aspirin"].laboratory is None


def test_an_unknown_condition_names_the_nearest() -> None:
    with pytest.raises(UsageError) as error:
        ranked(person(), "atrial fibrilation")
    assert "atrial fibrillation" in (error.value.allowed or ())


def test_a_condition_without_medicines_is_refused(tmp_path: Path) -> None:
    from nof1.knowledge.base import DATA

    head = (DATA / "indications.tsv").read_text().splitlines()[0]
    (tmp_path / "indications.tsv").write_text(head + "\n")
    with pytest.raises(UsageError, match="no medicine for myocardial infarction"):
        ranked(person(), base=Base(tmp_path))


@pytest.mark.parametrize("code", ["SNOMED//49436004", "ICD10CM//I48.91", "DOID//0060224", "af"])
def test_codes_of_all_kinds(code: str) -> None:
    assert ranked(person(), code).disease.name == "atrial fibrillation"
