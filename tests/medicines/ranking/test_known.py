"""What is known of a patient is the same from rows and from a frame."""

from genome.gene_events import frame
from medicines.ranking.people import AT, event
from nof1.knowledge.base import SHIPPED
from nof1.medicines.ranking.known import known
from nof1.record.rows import rows_of

NAMES = {"RxNorm//1": "clopidogrel 75 MG Oral Tablet", "RxNorm//2": "nobody knows"}


def events():
    return frame(
        [
            event("MEDS_BIRTH", time=AT.replace(year=1950)),
            event("GENDER//F", time=None),
            event("RxNorm//1"),
            event("RxNorm//2"),
            event("ALLERGY//RxNorm//723", text_value="high"),
            event("LOINC//2160-0", numeric_value=1.5, unit="mg/dL"),
            event("SNOMED//38341003"),
            event("SNOMED//195967001", time=AT.replace(year=2020)),
            event("END//SNOMED//195967001", time=AT.replace(year=2021)),
            event("LOINC//79714-2//LA9657-3", text_value="Poor metabolizer"),
            event("LOINC//2823-3", numeric_value=9.0, time=AT.replace(year=2025)),
        ]
    )


def test_rows_and_frame_tell_the_same():
    one, other = known(events(), AT, NAMES), known(rows_of(events()), AT, NAMES)
    assert one == other
    assert one.age_years is not None
    assert one.female is True
    assert [taken.name for taken in one.medicines] == ["clopidogrel"]
    assert [stranger.code for stranger in one.strangers] == ["RxNorm//2"]
    assert list(one.diagnoses) == ["SNOMED//38341003"]
    assert list(one.allergies) == ["RxNorm//723"]
    assert set(one.genes) == {"CYP2C19"}
    assert "LOINC//2823-3" not in one.last  # later than the moment


def test_other_medicines_change_nothing_else():
    one = known(events(), AT, NAMES, SHIPPED)
    none = one.taking(())
    assert not none.medicines
    assert none.taking(one.medicines) == one
    assert (none.diagnoses, none.allergies, none.results) == (
        one.diagnoses,
        one.allergies,
        one.results,
    )
